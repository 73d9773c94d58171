"""The safeguard: how much is the network's, the logistic regression's and the frequency table's."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from lstmcast.classes.logistic import Logistic
from lstmcast.classes.network import ClassNetwork
from lstmcast.classes.validation import ClassValidation
from lstmcast.classes.windows import ClassWindows
from lstmcast.panel import Integers

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


@dataclass(frozen=True)
class Mixed:
    """The forecaster that ships: what the mixture gives a share, and nothing else is computed."""

    mixture: Mixture
    logistic: Logistic
    network: ClassNetwork | None

    @property
    def source(self) -> str:
        """What makes the rows of a forecast: `model`; without the network `logistic`, `frequency` or `blend`."""
        if self.network is not None:
            return "model"
        return {0.0: "logistic", 1.0: "frequency"}.get(self.mixture.frequency, "blend")

    def probabilities(self, windows: ClassWindows, origins: Integers) -> Numbers:
        """(K, C, B)."""
        mixture, found = self.mixture, np.zeros((windows.horizon, windows.classes, len(origins)))
        if self.network is not None:
            found += mixture.network * self.network.probabilities(windows, origins)
        if mixture.logistic:
            found += mixture.logistic * self.logistic.probabilities(windows, origins)
        if mixture.frequency:
            found += mixture.frequency * windows.frequencies(origins)
        return found


def choose_mixture(
    windows: ClassWindows,
    validation: ClassValidation,
    network: ClassNetwork,
    logistic: Logistic,
    horizons: int,
    wanted: str,
) -> tuple[Mixed, dict[str, float]]:
    """What ships, and the validation errors (log loss) that decided it.

    horizons: disjoint ones in the validation block: where they are few, only single forecasters and halves are
    compared; wanted: `auto`, or what ships (`linear` is the logistic regression). By itself the mixture with the
    lowest error, in which the network has a share only where that gains GAIN.
    """
    origins = validation.origins
    parts = [
        network.probabilities(windows, origins),
        logistic.probabilities(windows, origins),
        windows.frequencies(origins),
    ]
    errors = {
        name: validation.error(part)
        for name, part in zip(("network", "logistic", "frequency"), parts, strict=True)
    }
    mixture = _BY_NAME.get(wanted) or _best(validation, parts, _TENTHS if horizons >= FEWEST_HORIZONS else 2)
    return Mixed(mixture, logistic, network if mixture.network else None), errors


_BY_NAME = {"network": Mixture(1.0, 0.0), "linear": Mixture(0.0, 1.0), "mean": Mixture(0.5, 0.5)}


def _best(validation: ClassValidation, parts: list[Numbers], fractions: int) -> Mixture:
    """The mixture with the lowest error; of those without the network, unless it gains enough."""
    steps = range(fractions + 1)
    counts = [(a, b, fractions - a - b) for a, b in product(steps, steps) if a + b <= fractions]
    mixtures = [Mixture(*(count / fractions for count in triple)) for triple in counts]
    errors = np.array([validation.error(_mixed(mixture, parts)) for mixture in mixtures])
    without = np.where([mixture.network == 0 for mixture in mixtures], errors, np.inf)
    best = int(np.argmin(errors))
    return mixtures[best if errors[best] < (1 - GAIN) * without.min() else int(np.argmin(without))]


def _mixed(mixture: Mixture, parts: list[Numbers]) -> Numbers:
    shares = (mixture.network, mixture.logistic, mixture.frequency)
    return np.asarray(sum(share * part for share, part in zip(shares, parts, strict=True) if share))
