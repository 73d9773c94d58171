"""The safeguard: how much of a forecast is the network's, and how much that of each simpler forecaster."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Integers
from lstmcast.data.category_frequencies import Transitions
from lstmcast.data.category_windows import ClassWindows
from lstmcast.evaluation.category_validation import ClassValidation
from lstmcast.forecasters.category_network import ClassNetwork
from lstmcast.forecasters.logistic import Logistic

Numbers = NDArray[np.float64]
GAIN = 0.005
FEWEST_HORIZONS = 4
_TENTHS = 10


@dataclass(frozen=True)
class Mixture:
    """Shares that sum to one."""

    network: float
    logistic: float
    frequency: float = 0.0
    persistence: float = 0.0


@dataclass(frozen=True, eq=False)
class Mixed:
    """The forecaster that ships: what the mixture gives a share, and nothing else is computed."""

    mixture: Mixture
    logistic: Logistic
    persistence: Transitions
    network: ClassNetwork | None

    @property
    def source(self) -> str:
        """What makes the rows of a forecast: `model`; without the network the forecaster that is alone, or `blend`."""
        if self.network is not None:
            return "model"
        alone = [name for name, share in dataclasses.asdict(self.mixture).items() if share == 1]
        return alone[0] if alone else "blend"

    def probabilities(self, windows: ClassWindows, origins: Integers) -> Numbers:
        """(K, C, B)."""
        mixture, found = self.mixture, np.zeros((windows.horizon, windows.classes, len(origins)))
        if self.network is not None:
            found += mixture.network * self.network.probabilities(windows, origins)
        if mixture.logistic:
            found += mixture.logistic * self.logistic.probabilities(windows, origins)
        if mixture.frequency:
            found += mixture.frequency * windows.frequencies(origins)
        if mixture.persistence:
            found += mixture.persistence * self.persistence.probabilities(windows, origins)
        return found


def choose_mixture(
    windows: ClassWindows,
    validation: ClassValidation,
    network: ClassNetwork,
    logistic: Logistic,
    persistence: Transitions,
    horizons: int,
    wanted: str,
) -> tuple[Mixed, dict[str, float]]:
    """What ships, and the validation errors (log loss) that decided it.

    horizons: disjoint ones in the validation block: where they are few, only single forecasters and halves are
    compared; wanted: `auto`, or what ships (`linear` is the logistic regression). By itself the mixture with the
    lowest error, in which the network has a share only where that gains GAIN.
    """
    origins = validation.origins
    chances = {
        "network": validation.chances(network.probabilities(windows, origins)),
        "logistic": validation.chances(logistic.probabilities(windows, origins)),
        "frequency": validation.chances(windows.frequencies(origins)),
        "persistence": validation.chances(persistence.probabilities(windows, origins)),
    }
    errors = {name: validation.loss(part) for name, part in chances.items()}
    mixture = _BY_NAME.get(wanted) or _best(
        validation, list(chances.values()), _TENTHS if horizons >= FEWEST_HORIZONS else 2
    )
    mixed = Mixed(mixture, logistic, persistence, network if mixture.network else None)
    return mixed, errors | {"model": validation.loss(_mixed(mixture, list(chances.values())))}


_BY_NAME = {"network": Mixture(1.0, 0.0), "linear": Mixture(0.0, 1.0), "mean": Mixture(0.5, 0.5)}


def _best(validation: ClassValidation, chances: list[Numbers], fractions: int) -> Mixture:
    """The mixture with the lowest error; of those without the network, unless it gains enough."""
    counts = [
        parts for parts in product(range(fractions + 1), repeat=len(chances)) if sum(parts) == fractions
    ]
    mixtures = [Mixture(*(count / fractions for count in parts)) for parts in counts]
    errors = np.array([validation.loss(_mixed(mixture, chances)) for mixture in mixtures])
    without = np.where([mixture.network == 0 for mixture in mixtures], errors, np.inf)
    best = int(np.argmin(errors))
    return mixtures[best if errors[best] < (1 - GAIN) * without.min() else int(np.argmin(without))]


def _mixed(mixture: Mixture, chances: list[Numbers]) -> Numbers:
    """What the mixture gives each class that came."""
    shares = dataclasses.astuple(mixture)
    return np.asarray(sum(share * part for share, part in zip(shares, chances, strict=True) if share))
