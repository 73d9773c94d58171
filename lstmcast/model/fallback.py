"""Who forecasts where the network cannot: the linear map, then the seasonal naive, then the last value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError
from lstmcast.core.panel import Fallback, Integers, Panel
from lstmcast.data.windows import MOST_MISSING, Windows
from lstmcast.evaluation.backtest import Answer
from lstmcast.forecasters.intervals import LEVELS, Bands, Evidence, Intervals, calibrate
from lstmcast.forecasters.naive import naive_name, seasonal_naive
from lstmcast.forecasters.ridge import Highway
from lstmcast.model.reference import Comparison

if TYPE_CHECKING:
    from lstmcast.evaluation.validation import Validation

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]
MOST_MISSING_LINEAR = 0.5
LAST_VALUE = 1  # its season: a naive forecaster of season one is the last value
_JUDGED = LEVELS.index(80)


@dataclass(frozen=True)
class Rung:
    """A forecaster of the ladder; season: of the seasonal naive, 1 for the last value, 0 for the linear map."""

    season: int

    @property
    def source(self) -> str:
        """What its rows are called: as in a report."""
        return naive_name(self.season) if self.season else "linear"


LINEAR, LAST = Rung(0), Rung(LAST_VALUE)


@dataclass(frozen=True, eq=False)
class Ladder:
    """What is known of the simpler forecasters.

    seasons: of the naive ones, the last value's first; widths: (1 + seasons, levels, K) half-widths, scaled, of the
    bands of the linear map and of each naive, from their errors on validation rows; the linear map's are never
    narrower than the best naive's, since a window it stands in for is not like those it was judged on.
    """

    seasons: tuple[int, ...]
    widths: Numbers

    def rung(self, windows: Windows, origin: int, is_unlike: Mask) -> Rung:
        """The highest rung that carries the window before an origin.

        The linear map needs a whole look-back of which half is known, a seasonal naive three quarters of the rows
        that it repeats; of several seasons the best on validation rows that is there, the last value needs nothing.
        is_unlike: (N,) rows that nothing can be built on: of the unit before, where it has changed.
        """
        known = windows.table.observed
        first = int(windows.table.firsts(np.array([origin]))[0])
        rows = known[max(first, origin - windows.lookback) : origin]
        is_whole = len(rows) == windows.lookback and not is_unlike[origin - windows.lookback : origin].any()
        if is_whole and 1.0 - rows.mean() <= MOST_MISSING_LINEAR:
            return LINEAR
        for season in self._by_error():
            repeated = slice(origin - season, min(origin - season + windows.horizon, origin))
            if origin - season < first or is_unlike[repeated].any():
                continue
            if 1.0 - known[repeated].mean() <= MOST_MISSING:
                return Rung(season)
        return LAST

    def _by_error(self) -> list[int]:
        """Seasons in the order of their naive forecasters' errors."""
        errors = dict(zip(self.seasons, self.widths[1:, _JUDGED].mean(axis=1), strict=True))
        return sorted((s for s in self.seasons if s != LAST_VALUE), key=lambda season: errors[season])

    def bands(self, rung: Rung, point: Numbers, levels: Sequence[float], stretch: Numbers) -> Bands:
        """Lower and upper (K, B) of a rung's forecast (K, B); stretch: (B,) times as wide as on validation rows."""
        place = 1 + self.seasons.index(rung.season) if rung.season else 0
        bands = Intervals("split", self.widths[place]).bands(point, None, levels, np.ones(point.shape[1]))
        return {
            level: (point - stretch * (point - low), point + stretch * (high - point))
            for level, (low, high) in bands.items()
        }


@dataclass(frozen=True, eq=False)
class StandIns:
    """Who stands in for the model, in which of S series, and why; stretch: (S,) how much wider bands are."""

    ladder: Ladder | None
    rungs: dict[int, Rung]
    fallbacks: tuple[Fallback, ...]
    stretch: Numbers

    def source(self, place: int, usual: str) -> str:
        """What made the rows of a series."""
        return self.rungs[place].source if place in self.rungs else usual

    def groups(self, count: int) -> Iterator[tuple[Rung | None, Integers]]:
        """Each forecaster with the places of its series, of `count` in all; None is the model."""
        whole = np.setdiff1d(np.arange(count), list(self.rungs))
        if len(whole):
            yield None, whole
        for rung in dict.fromkeys(self.rungs.values()):
            yield rung, np.array([place for place, other in self.rungs.items() if other == rung])

    def scaled(
        self,
        rung: Rung,
        highway: Highway,
        windows: Windows,
        origins: Integers,
        places: Integers,
        levels: Sequence[float],
    ) -> Answer:
        """A rung's forecast of the series at these places, scaled."""
        assert self.ladder is not None
        point = point_of(rung, highway, windows, origins[places])
        return Answer(point, self.ladder.bands(rung, point, levels, self.stretch[places]))


def stand_ins(
    ladder: Ladder | None,
    codes: dict[int, str],
    seen: Comparison,
    stretch: Numbers,
    panel: Panel,
    windows: Windows,
    origins: Integers,
) -> StandIns:
    """The highest rung that carries each series that has a code; raises DataError where there is no ladder to stand on.

    codes: place among the origins (S,) -> why the model cannot forecast there.
    """
    rungs, fallbacks = {}, []
    is_unlike = np.repeat(seen.is_settled, panel.lengths) & ~seen.is_out
    for place, code in sorted(codes.items()):
        origin = int(origins[place])
        reason = reason_of(code, panel, windows, origin)
        if ladder is None:
            raise DataError(f"{reason}; {REMEDIES[code]}")
        rungs[place] = LAST if code == "not_finite" else ladder.rung(windows, origin, is_unlike)
        fallbacks.append(Fallback(place, rungs[place].source, code, reason))
    return StandIns(ladder, rungs, tuple(fallbacks), stretch)


def point_of(rung: Rung, highway: Highway, windows: Windows, origins: Integers) -> Numbers:
    """(K, B) the forecast of a rung in the table's scaled units."""
    if rung == LINEAR:
        return highway.point(windows, origins)
    return seasonal_naive(windows, origins, rung.season)


def build_ladder(
    highway: Highway, windows: Windows, validation: Validation, seasons: tuple[int, ...], horizons: int
) -> Ladder:
    """Judge every rung on validation rows; horizons: disjoint ones among them."""
    origins, rungs = validation.origins, [Rung(season) for season in (LAST_VALUE, *seasons)]
    observed = windows.ahead(windows.table.observed, origins)
    actual = np.where(observed, windows.ahead(windows.table.scaled, origins), np.nan)
    points = (point_of(rung, highway, windows, origins) for rung in (LINEAR, *rungs))
    usual = np.ones(
        len(origins)
    )  # where a model does not fit, nothing is known of what its window's volatility means
    linear, *naives = (calibrate(Evidence(actual, point, None, usual, horizons)).widths for point in points)
    best = min(naives, key=lambda widths: float(widths[_JUDGED].mean()))
    widths = np.stack([np.maximum(linear, best), *naives])
    return Ladder(tuple(rung.season for rung in rungs), widths)


def unfit(windows: Windows, origins: Integers) -> dict[int, str]:
    """Place among the origins of each window that no forecaster made for a whole one carries -> why, as a code."""
    rows = origins - windows.table.firsts(origins)
    places = np.flatnonzero(rows >= windows.lookback)
    whole = set(windows.usable(origins[places], with_targets=False).tolist())
    codes = {int(place): "gaps" for place in places if int(origins[place]) not in whole}
    return codes | {int(place): "too_short" for place in np.flatnonzero(rows < windows.lookback)}


REMEDIES = {
    "too_short": "send a longer file, or train with a shorter --lookback",
    "gaps": "fill them, or send a longer file",
    "out_of_range": "look at these rows, or train on data that reach as far",
    "not_finite": "look at the other columns' last rows",
}


def reason_of(code: str, panel: Panel, windows: Windows, origin: int) -> str:
    """Why the model cannot forecast a series, in words."""
    first, lookback = int(windows.table.firsts(np.array([origin]))[0]), windows.lookback
    series = int(np.searchsorted(panel.offsets, first))
    name = f" of series {panel.ids[series]!r}" if panel.id_name is not None else ""
    target = f"{panel.columns[0].name!r}{name}"
    if code == "too_short":
        rows = f"{origin - first} rows up to the last known {target}"
        return f"too little history: {rows}, the model looks back {lookback}"
    if code == "gaps":
        missing = int((~windows.table.observed[origin - lookback : origin]).sum())
        return f"{missing} of the last {lookback} rows of {target} are missing, more than {100 * MOST_MISSING:.0f} %"
    if code == "out_of_range":
        return f"of the last {lookback} rows of {target} some are far outside what training saw"
    return f"the network's forecast of {target} is not a finite number"
