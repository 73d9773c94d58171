"""The forecasters that stand in where the network cannot: the linear map, the seasonal naive, the last value."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError
from lstmcast.core.panel import Fallback, Integers, Panel
from lstmcast.data.windows import MOST_MISSING, Windows
from lstmcast.evaluation.backtest import Answer
from lstmcast.forecasters.base import Forecaster, Views, point
from lstmcast.forecasters.intervals import LEVELS, Evidence, Intervals, calibrate
from lstmcast.forecasters.naive import naives_of
from lstmcast.model.moved import CODE as MOVED
from lstmcast.model.moved import Moved
from lstmcast.model.reference import Comparison

if TYPE_CHECKING:
    from lstmcast.evaluation.validation import Validation

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]
MOST_MISSING_LINEAR = 0.5
_LINEAR, _LAST = 0, 1  # places in the chain
_JUDGED = LEVELS.index(80)


@dataclass(frozen=True, eq=False)
class FallbackChain:
    """The simpler forecasters, and what is known of them.

    forecasters: (F,) the linear one, the last value, then a seasonal naive for each season; of classes persistence
    alone. widths: (F, levels, K) half-widths, scaled, of each one's bands, from its errors on validation rows, without
    levels of classes; the linear one's are never narrower than the best naive's, since a window it stands in for is
    not like those it was judged on.
    """

    forecasters: tuple[Forecaster, ...]
    widths: Numbers

    @property
    def last(self) -> int:
        """The place of the one that needs nothing but the last known target."""
        return min(_LAST, len(self.forecasters) - 1)

    def link(self, views: Views, origin: int, is_unlike: Mask) -> int:
        """The place of the first forecaster that carries the window before an origin.

        The linear one needs a whole look-back of which half is known, a seasonal naive three quarters of the rows that
        it repeats; of several seasons the best on validation rows that is there, the last value needs nothing.
        is_unlike: (N,) rows that nothing can be built on: of the unit before, where it has changed.
        """
        for place in (_LINEAR, *self._by_error()) if len(self.forecasters) > 1 else ():
            forecaster = self.forecasters[place]
            windows, first = views[forecaster.view], origin - forecaster.reach()
            stop = origin if place == _LINEAR else min(first + windows.horizon, origin)
            most = MOST_MISSING_LINEAR if place == _LINEAR else MOST_MISSING
            is_there = first >= int(windows.table.firsts(np.array([origin]))[0])
            is_alike = is_there and not is_unlike[first:stop].any()
            if is_alike and 1.0 - windows.table.observed[first:stop].mean() <= most:
                return place
        return self.last

    def _by_error(self) -> list[int]:
        """The places of the seasonal naives in the order of their errors."""
        errors = self.widths[:, _JUDGED].mean(axis=1)
        return sorted(range(_LAST + 1, len(self.forecasters)), key=lambda place: errors[place])

    def place(self, name: str) -> int:
        """Return the place of the forecaster of this name."""
        return [forecaster.name for forecaster in self.forecasters].index(name)

    def answer(
        self,
        place: int,
        views: Views,
        origins: Integers,
        done: int,
        levels: Sequence[float],
        stretch: Numbers,
    ) -> Answer:
        """The forecast from `done` steps after B origins on, scaled.

        stretch: (B,) how many times as wide as on validation rows bands are.
        """
        said = self.forecasters[place].after(done).predict(views, origins + done)
        if not self.widths.shape[1]:
            return Answer(said)
        found = point(said)
        usual = Intervals("split", self.widths[place]).bands(found, None, levels, np.ones(len(origins)))
        bands = {
            level: (found - stretch * (found - low), found + stretch * (high - found))
            for level, (low, high) in usual.items()
        }
        return Answer(found[:, None], bands)

    def starting_with(self, linear: Forecaster) -> FallbackChain:
        """The chain with another linear forecaster."""
        return dataclasses.replace(self, forecasters=(linear, *self.forecasters[1:]))


@dataclass(frozen=True, eq=False)
class FallbackForecasters:
    """The forecasters that stand in for the model in some of S series, and why.

    places: series -> place in the chain; stretch: (S,) how much wider bands are.
    """

    chain: FallbackChain | None
    places: dict[int, int]
    fallbacks: tuple[Fallback, ...]
    stretch: Numbers

    def is_own(self, count: int) -> Mask:
        """(S,) series, of `count` in all, that the model forecasts itself."""
        own = np.ones(count, dtype=bool)
        own[list(self.places)] = False
        return own

    def groups(self, count: int) -> Iterator[tuple[int | None, Integers]]:
        """Each place in the chain with its series, of `count` in all; None is the model."""
        whole = np.setdiff1d(np.arange(count), list(self.places))
        if len(whole):
            yield None, whole
        for link in dict.fromkeys(self.places.values()):
            yield link, np.array([series for series, other in self.places.items() if other == link])

    def answer(
        self,
        link: int,
        views: Views,
        origins: Integers,
        done: int,
        series: Integers,
        levels: Sequence[float],
    ) -> Answer:
        """The forecast of these series by a forecaster of the chain, as the chain gives it; origins: (S,) of all."""
        assert self.chain is not None
        return self.chain.answer(link, views, origins[series], done, levels, self.stretch[series])


def stand_ins(
    chain: FallbackChain | None,
    codes: dict[int, str],
    seen: Comparison,
    stretch: Numbers,
    panel: Panel,
    views: Views,
    origins: Integers,
    moved: Moved,
) -> FallbackForecasters:
    """The first of the chain that carries each series that has a code; raises DataError where there is no chain.

    codes: place among the origins (S,) -> why the model cannot forecast there; moved: whose levels moved, with the
    forecaster that stands in then.
    """
    places, fallbacks = {}, []
    is_unlike = np.repeat(seen.is_settled, panel.lengths) & ~seen.is_out
    for series, code in sorted(codes.items()):
        origin = int(origins[series])
        is_moved = code == MOVED
        reason = moved.messages[series] if is_moved else reason_of(code, panel, views[0], origin)
        if chain is None:
            raise DataError(f"{reason}; {REMEDIES[code]}", column=panel.columns[0].name)
        if is_moved:
            places[series] = chain.place(moved.naive[series])
        else:
            places[series] = chain.last if code == "not_finite" else chain.link(views, origin, is_unlike)
        fallbacks.append(Fallback(series, chain.forecasters[places[series]].name, code, reason))
    return FallbackForecasters(chain, places, tuple(fallbacks), stretch)


def class_chain(persistence: Forecaster, horizon: int) -> FallbackChain:
    """Of classes persistence alone."""
    return FallbackChain((persistence,), np.zeros((1, 0, horizon)))


def build_chain(
    linear: Forecaster, views: Views, validation: Validation, seasons: tuple[int, ...], horizons: int
) -> FallbackChain:
    """Judge every simpler forecaster on validation rows; horizons: disjoint ones among them."""
    origins, windows = validation.origins, views[0]
    chain: list[Forecaster] = [linear, *naives_of(seasons)]
    observed = windows.ahead(windows.table.observed, origins)
    actual = np.where(observed, windows.ahead(windows.table.scaled, origins), np.nan)
    usual = np.ones(len(origins))  # nothing is known of what the volatility of such a window means
    points = (point(forecaster.predict(views, origins)) for forecaster in chain)
    first, *naives = (calibrate(Evidence(actual, own, None, usual, horizons)).widths for own in points)
    best = min(naives, key=lambda widths: float(widths[_JUDGED].mean()))
    return FallbackChain(tuple(chain), np.stack([np.maximum(first, best), *naives]))


def naive_chain(
    first: Forecaster, views: Views, origins: Integers, seasons: tuple[int, ...]
) -> FallbackChain:
    """The chain of a model without a linear forecaster, which `first` stands for.

    origins: (n,) of the windows on which bands are calibrated; without any, they are as wide as a random walk of the
    rows' own steps would make them.
    """
    naives, windows = naives_of(seasons), views[0]
    if not len(origins):
        walk = _walk(windows.table.scaled[windows.table.observed], windows.horizon)
        return FallbackChain((first, *naives), np.repeat(walk[None], len(naives) + 1, axis=0))
    observed, usual = windows.ahead(windows.table.observed, origins), np.ones(len(origins))
    actual = np.where(observed, windows.ahead(windows.table.scaled, origins), np.nan)
    points = (point(naive.predict(views, origins)) for naive in naives)
    widths = [calibrate(Evidence(actual, own, None, usual, len(origins))).widths for own in points]
    return FallbackChain((first, *naives), np.stack([np.max(widths, axis=0), *widths]))


def _walk(values: Numbers, horizon: int) -> Numbers:
    """(levels, K) half-widths of a random walk with the steps of these values (n,)."""
    steps = np.diff(values)
    spread = float(np.sqrt((steps**2).mean())) if len(steps) else 0.0
    normal = np.array([NormalDist().inv_cdf(0.5 + level / 200) for level in LEVELS])
    return np.asarray(normal[:, None] * spread * np.sqrt(np.arange(1, horizon + 1)))


def unfit(windows: Windows, origins: Integers) -> dict[int, str]:
    """Place among the origins of each window that no forecaster made for a whole one carries -> why, as a code."""
    rows = origins - windows.table.firsts(origins)
    places = np.flatnonzero(rows >= windows.lookback)
    whole = set(windows.usable(origins[places], with_targets=False).tolist())
    codes = {int(place): "gaps" for place in places if int(origins[place]) not in whole}
    return codes | {int(place): "too_short" for place in np.flatnonzero(rows < windows.lookback)}


REMEDIES = {
    MOVED: "leave --no-fallback out",
    "too_short": "send a longer file, or train with a shorter --lookback",
    "gaps": "fill them, or send a longer file",
    "out_of_range": "look at these rows, or train on data that reach as far",
    "not_finite": "look at the other columns' last rows",
}


def reason_of(code: str, panel: Panel, windows: Windows, origin: int) -> str:
    """Return the reason why the model cannot forecast a series, in words."""
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
