"""The safeguard: how much of a forecast is the network's, the linear forecaster's and the seasonal naive's.

Which mixture is best is never known well: many are nearly as good on validation rows, and the mean of all these is
steadier than the best of them (in the spirit of the model confidence set of Hansen, Lunde and Nason 2011).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Floats, Integers
from lstmcast.data.windows import Windows
from lstmcast.forecasters.naive import naive_name, seasonal_naive
from lstmcast.forecasters.network import Hybrid, hybrid_of
from lstmcast.forecasters.ridge import Highway

if TYPE_CHECKING:
    from lstmcast.evaluation.validation import Validation

Numbers = NDArray[np.float64]
NEARLY_BEST, KNOWN_FROM = 0.02, 60  # up to so many windows; what more of them say is believed more closely
# A naive forecaster this many times as bad as the linear one helps by chance only: one bias against another.
FAR_WORSE = 2.0
LEAST_SHARE = 0.05
_TENTHS = 10


@dataclass(frozen=True)
class Blend:
    """Weights that sum to one; season: the lag of the seasonal naive, 0 where it has no part."""

    network: float
    linear: float
    naive: float = 0.0
    season: int = 0


@dataclass(frozen=True, eq=False)
class Blended:
    """The forecaster that ships: what the blend gives weight to, and nothing else is computed.

    second, second_hybrid: a linear forecaster and a network that see the calendar otherwise (`second` of the
    windows); the linear part, or the network's, is then the mean of the two views.
    """

    blend: Blend
    highway: Highway
    hybrid: Hybrid | None
    second: Highway | None = None
    second_hybrid: Hybrid | None = None

    @property
    def hybrids(self) -> tuple[Hybrid, ...]:
        """The networks that there are, the first view's first."""
        return tuple(hybrid for hybrid in (self.hybrid, self.second_hybrid) if hybrid is not None)

    def taught(self, weights: Iterable[Floats]) -> Blended:
        """The same with other weights (P,) of each member of its networks, one after the other."""
        left = iter(weights)
        made = [hybrid_of(old.network.architecture, islice(left, len(old.members))) for old in self.hybrids]
        first, second = (*made, None, None)[:2]
        return replace(self, hybrid=first, second_hybrid=second)

    @property
    def source(self) -> str:
        """What makes the rows of a forecast: `model`; without the network `linear`, with a naive forecaster `blend`."""
        if self.hybrid is not None:
            return "model"
        return "blend" if self.blend.naive else "linear"

    def point(self, windows: Windows, origins: Integers) -> Numbers:
        """(K, B) in the table's scaled units."""
        return self.point_and_quantiles(windows, origins)[0]

    def point_and_quantiles(self, windows: Windows, origins: Integers) -> tuple[Numbers, Numbers | None]:
        """(K, B), and the network's quantiles (K, Q, B) where it has a part and knows any."""
        blend, point = self.blend, np.zeros((windows.horizon, len(origins)))
        quantiles = None
        if self.hybrid is not None:
            quantiles = network_part(windows, origins, self.hybrid, self.second_hybrid)
            point += blend.network * quantiles[:, quantiles.shape[1] // 2]
        if blend.linear:
            point += blend.linear * linear_part(windows, origins, self.highway, self.second)
        if blend.naive:
            point += blend.naive * seasonal_naive(windows, origins, blend.season)
        return point, quantiles if quantiles is not None and quantiles.shape[1] > 1 else None


def network_part(windows: Windows, origins: Integers, hybrid: Hybrid, second: Hybrid | None) -> Numbers:
    """(K, Q, B) the network's quantiles, or the mean of both networks' where there is a second view."""
    quantiles = hybrid.quantiles(windows, origins)
    if second is None or windows.second is None:
        return quantiles
    return (quantiles + second.quantiles(windows.second, origins)) / 2


def linear_part(windows: Windows, origins: Integers, highway: Highway, second: Highway | None) -> Numbers:
    """(K, B) what the linear forecaster says, or the mean of the two where there is a second view."""
    point = highway.point(windows, origins)
    if second is None or windows.second is None:
        return point
    return (point + second.point(windows.second, origins)) / 2


def choose_blend(
    windows: Windows,
    validation: Validation,
    forecaster: Blended,
    seasons: tuple[int, ...],
    wanted: str,
) -> tuple[Blended, dict[str, float]]:
    """What ships, and the validation errors (MASE) that decided it.

    forecaster: with a network, whatever its blend; seasons: of the seasonal naives, beside which the last value stands
    as season 1; wanted: `auto`, or what ships. By itself: the mean of all mixtures, in tenths, whose errors are within
    the tolerance of the lowest: of the linear forecaster, the network if it is better by half of that, and the best
    naive unless it is FAR_WORSE.
    """
    origins, highway = validation.origins, forecaster.highway
    assert forecaster.hybrid is not None
    quantiles = network_part(windows, origins, forecaster.hybrid, forecaster.second_hybrid)
    network = quantiles[:, quantiles.shape[1] // 2]
    linear = linear_part(windows, origins, highway, forecaster.second)
    naives = {season: seasonal_naive(windows, origins, season) for season in (1, *seasons)}
    errors = {naive_name(season): validation.error(point) for season, point in naives.items()}
    errors |= {"linear": validation.error(highway.point(windows, origins))}
    errors |= {"network": validation.error(network)}
    errors |= {"linear_pair": validation.error(linear)} if forecaster.second is not None else {}
    if wanted != "auto":
        return _shipped(forecaster, _BLENDS[wanted]), errors
    season = min(naives, key=lambda season: errors[naive_name(season)])
    to_beat, parts = validation.error(linear), {"linear": linear}
    if errors["network"] < (1 - tolerance(validation) / 2) * to_beat:
        parts["network"] = network
    if errors[naive_name(season)] < FAR_WORSE * to_beat:
        parts["naive"] = naives[season]
    return _shipped(forecaster, _mixture(validation, parts, season)), errors


def tolerance(validation: Validation) -> float:
    """The share of an error by which another is as good: the noise of a mean shrinks with the root of its number."""
    return NEARLY_BEST * min(1.0, math.sqrt(KNOWN_FROM / validation.apart))


_BLENDS = {"linear": Blend(0.0, 1.0), "mean": Blend(0.5, 0.5), "network": Blend(1.0, 0.0)}


def _shipped(forecaster: Blended, blend: Blend) -> Blended:
    """The forecaster with this blend, and without networks where they have no part in it."""
    networks = (forecaster.hybrid, forecaster.second_hybrid) if blend.network else (None, None)
    return Blended(blend, forecaster.highway, networks[0], forecaster.second, networks[1])


def _mixture(validation: Validation, parts: dict[str, Numbers], season: int) -> Blend:
    """The mean of the mixtures of parts (K, n) that have nearly the lowest error, without shares below LEAST_SHARE."""
    mixtures = np.array([w for w in product(range(_TENTHS + 1), repeat=len(parts)) if sum(w) == _TENTHS])
    points = np.stack(list(parts.values()))
    errors = np.array([validation.error(np.tensordot(w / _TENTHS, points, axes=1)) for w in mixtures])
    means = mixtures[~(errors > (1 + tolerance(validation)) * errors.min())].mean(axis=0)
    means[means < LEAST_SHARE * _TENTHS] = 0.0
    shares = dict(zip(parts, (means / means.sum()).round(2).tolist(), strict=True))
    linear, naive = shares["linear"], shares.get("naive", 0.0)
    network = round(1 - linear - naive, 2) if shares.get("network") else 0.0
    return Blend(network, round(1 - network - naive, 2), naive, season if naive else 0)
