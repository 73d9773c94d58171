"""The safeguard: how much of a forecast is the network's, the linear forecaster's and the seasonal naive's."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lstmcast.baselines import naive_name, seasonal_naive
from lstmcast.hybrid import Hybrid
from lstmcast.linear.highway import Highway
from lstmcast.panel import Integers
from lstmcast.windows import Windows

if TYPE_CHECKING:
    from lstmcast.validation import Validation

Numbers = NDArray[np.float64]
NOTICEABLY_BETTER = 0.99
CLEARLY_BETTER = 0.95
FEWEST_HORIZONS = 4
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

    second: a linear forecaster that sees the calendar otherwise; the linear part is then the mean of the two.
    """

    blend: Blend
    highway: Highway
    hybrid: Hybrid | None
    second: Highway | None = None

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
            quantiles = self.hybrid.quantiles(windows, origins)
            point += blend.network * quantiles[:, quantiles.shape[1] // 2]
        if blend.linear:
            point += blend.linear * linear_part(windows, origins, self.highway, self.second)
        if blend.naive:
            point += blend.naive * seasonal_naive(windows, origins, blend.season)
        return point, quantiles if quantiles is not None and quantiles.shape[1] > 1 else None


def linear_part(windows: Windows, origins: Integers, highway: Highway, second: Highway | None) -> Numbers:
    """(K, B) what the linear forecaster says, or the mean of the two where there is a second view."""
    point = highway.point(windows, origins)
    if second is None or windows.second is None:
        return point
    return (point + second.point(windows.second, origins)) / 2


def choose_blend(
    windows: Windows,
    validation: Validation,
    hybrid: Hybrid,
    highway: Highway,
    seasons: tuple[int, ...],
    horizons: int,
    wanted: str,
    second: Highway | None = None,
) -> tuple[Blended, dict[str, float]]:
    """What ships, and the validation errors (MASE) that decided it.

    seasons: of the seasonal naives, beside which the last value stands as season 1; horizons: disjoint ones in the
    validation block; wanted: `auto`, or what ships; second: see Blended. By itself: the network not noticeably better
    than linear, linear, or its mean with a naive that is better still; hardly better, the mean; clearly better, the
    mixture with the best naive that has the lowest error, in tenths, or the network where horizons are too few to tell.
    """
    origins = validation.origins
    naives = {season: seasonal_naive(windows, origins, season) for season in (1, *seasons)}
    linear, network = linear_part(windows, origins, highway, second), hybrid.point(windows, origins)
    alone = highway.point(windows, origins)
    errors = {naive_name(season): validation.error(forecast) for season, forecast in naives.items()}
    errors |= {"linear": validation.error(alone), "network": validation.error(network)}
    errors |= {"linear_pair": validation.error(linear)} if second is not None else {}
    season = min(naives, key=lambda season: errors[naive_name(season)])
    if wanted == "auto":
        wanted = _verdict(errors, errors[naive_name(season)], horizons)
    if wanted == "mixture":
        blend = _best_mixture(validation, network, linear, naives[season], season)
    else:
        blend = _BLENDS[wanted] if wanted != "naive" else Blend(0.0, 0.5, 0.5, season)
    return Blended(blend, highway, hybrid if blend.network else None, second), errors


_BLENDS = {"linear": Blend(0.0, 1.0), "mean": Blend(0.5, 0.5), "network": Blend(1.0, 0.0)}


def _verdict(errors: dict[str, float], naive: float, horizons: int) -> str:
    if not errors["network"] < NOTICEABLY_BETTER * errors["linear"]:
        return "naive" if naive < errors["linear"] else "linear"
    if errors["network"] > CLEARLY_BETTER * errors["linear"]:
        return "mean"
    return "network" if horizons < FEWEST_HORIZONS else "mixture"


def _best_mixture(
    validation: Validation, network: Numbers, linear: Numbers, naive: Numbers, season: int
) -> Blend:
    """The tenths with the lowest validation error; the network always has a part."""
    tenths = range(_TENTHS + 1)
    mixtures = [(a, b, _TENTHS - a - b) for a, b in product(tenths, tenths) if a and a + b <= _TENTHS]
    errors = [validation.error((a * network + b * linear + c * naive) / _TENTHS) for a, b, c in mixtures]
    a, b, c = mixtures[int(np.argmin(errors))]
    return Blend(a / _TENTHS, b / _TENTHS, c / _TENTHS, season if c else 0)
