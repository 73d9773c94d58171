"""A level that moved for good: half as high again, another machine in the house, another unit.

The rows of the last two blocks (a season each, or a horizon if that is shorter) are set beside what the model said of
them from the row before each. The level has moved where the mean errors of both are larger than the model's own 90 %
bands have room for, which validation errors made as wide as they are, and to the same side, where most rows lie as
well. One block alone may be a fault. Then the rows since the level moved are divided by how far it did (of data below
zero: shifted), the model is asked as ever, and what it says is put on the new level again; or, where that was nearer
over these two blocks, a naive forecaster stands in. From the night on which the errors are usual again it is the model.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Fallback, Integers, Panel
from lstmcast.data.windows import Windows
from lstmcast.evaluation.backtest import Answer
from lstmcast.model.asking import Ask, asked_together

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]
Said = Callable[
    [Panel, Integers], Answer
]  # of a panel's windows, in the units of the CSV, with bands of BAND

CODE, SOURCE = "moved", "rescaled"
LEVEL, BAND = 90, 80  # 90: as few false alarms as by 98 % bands (tests/benchmarks/guards.py)
BEYOND = 1.25  # times the mean half-width of the band
SAME_SIDE = 0.75  # share of a block's rows on the side of its mean error
BLOCKS = 2
BACK = range(2, 11)  # blocks back at which the level may have moved
AROUND, OF_LEVEL = (0.8, 0.9, 1.0, 1.1, 1.25), 8
POLISH = (0.1, 0.05, 0.02, 0.01)
MUCH_BETTER = 0.7
NEARLY_BEST = 1.1
LASTING = 0.25  # share of a block that is far out of range and no spike
MOST_SERIES = 200  # of a panel that are rescaled; each takes a few seconds at the most


@dataclass(frozen=True)
class Shift:
    """The distance that a level moved from a row on: y becomes y / factor - offset."""

    row: int
    factor: float = 1.0
    offset: float = 0.0

    def undone(self, panel: Panel, origin: int) -> Panel:
        """The panel with the rows from there up to an origin on the level of before."""
        values = panel.values.copy()
        values[self.row : origin, 0] = values[self.row : origin, 0] / self.factor - self.offset
        return dataclasses.replace(panel, values=values)

    def redone(self, values: Numbers) -> Numbers:
        """A forecast on the level of now."""
        return (values + self.offset) * self.factor


@dataclass(frozen=True, eq=False)
class Moved:
    """Series whose level moved.

    shifts: place among the S series -> by how much, from which row; stretch: place -> how many times as wide as the
    model's its bands are; messages: place -> what is said; naive: place -> name of the naive forecaster that is nearer.
    """

    shifts: dict[int, Shift]
    stretch: dict[int, float]
    messages: dict[int, str]
    naive: dict[int, str]

    @property
    def places(self) -> list[int]:
        """The places of all these series."""
        return [*self.shifts, *self.naive]

    def undone(self, panel: Panel, origins: Integers) -> Panel:
        """The panel with what moved put back."""
        for place, shift in self.shifts.items():
            panel = shift.undone(panel, int(origins[place]))
        return panel

    def redone(self, answer: Answer) -> Answer:
        """A forecast (K, 1, S) in the units of the CSV on the level of now, its bands as wide as recent errors ask."""
        if not self.shifts:
            return answer
        values, median = answer.values.copy(), None if answer.median is None else answer.median.copy()
        bands = {level: (low.copy(), high.copy()) for level, (low, high) in answer.bands.items()}
        for place, shift in self.shifts.items():
            point = shift.redone(answer.point[:, place])
            values[:, 0, place] = point
            if median is not None:
                median[:, place] = shift.redone(median[:, place])
            for low, high in bands.values():
                low[:, place] = point + self.stretch[place] * (shift.redone(low[:, place]) - point)
                high[:, place] = point + self.stretch[place] * (shift.redone(high[:, place]) - point)
        return dataclasses.replace(answer, values=values, bands=bands, median=median)

    def fallbacks(self) -> tuple[Fallback, ...]:
        """One for each series whose rows the model makes of rescaled ones."""
        return tuple(Fallback(place, SOURCE, CODE, self.messages[place]) for place in self.shifts)


def nothing_moved() -> Moved:
    """No level that moved."""
    return Moved({}, {}, {}, {})


def block_rows(horizon: int, season: int) -> int:
    """Rows of a block: a season, or a horizon if that is shorter or there is no season worth the name."""
    return horizon if season < 4 else min(horizon, season)


def backs_of(horizon: int, season: int) -> tuple[int, ...]:
    """Return how many rows before the end of a series its last blocks begin, the earliest first."""
    return tuple(back * block_rows(horizon, season) for back in range(BLOCKS, 0, -1))


def lasting_places(is_out: Mask, offsets: Integers, origins: Integers, rows: int) -> list[int]:
    """The places of series (S,) whose rows far out of range are no spikes: each of the last blocks has LASTING of them.

    is_out: (N,); offsets: (S + 1,) of the panel; rows: of a block.
    """
    found = []
    for place, (first, stop) in enumerate(zip(offsets[:-1], origins, strict=True)):
        own = is_out[max(stop - BLOCKS * rows, first) : stop]
        if len(own) == BLOCKS * rows and (own.reshape(BLOCKS, rows).mean(axis=1) >= LASTING).all():
            found.append(place)
    return found


def moved_places(views: Sequence[Windows], origins: Integers, rows: int, ask: Ask) -> Integers:
    """The places among the origins (S,) before which the level has moved; rows: of a block."""
    windows, places = views[0], reaching(np.arange(len(origins)), views, origins, rows)
    if not len(places):
        return places
    starts = [origins[places] - back * rows for back in range(BLOCKS, 0, -1)]
    said = asked_together(ask, views, starts, (LEVEL,))
    sides = [_side(windows, start, rows, answer) for start, answer in zip(starts, said, strict=True)]
    return np.asarray(places[(sides[0] != 0) & (sides[0] == sides[1])])


def reaching(
    places: Sequence[int] | Integers, views: Sequence[Windows], origins: Integers, rows: int
) -> Integers:
    """Those of some places among the origins (S,) whose look-back before the last blocks is a whole one."""
    windows, chosen = views[0], np.asarray(places, dtype=np.int64)
    earliest = origins[chosen] - BLOCKS * rows
    reaches = earliest - windows.lookback >= windows.table.firsts(origins[chosen])
    chosen, earliest = chosen[reaches], earliest[reaches]
    return chosen[np.isin(earliest, windows.usable(earliest, with_targets=False))]


def _side(windows: Windows, starts: Integers, rows: int, said: Answer) -> NDArray[np.int64]:
    """(S,) the side, -1 or 1, to which the rows of a block lie beyond what was said of them; 0 within."""
    places = starts + np.arange(rows)[:, None]
    is_known = windows.table.observed[places]
    error = np.where(is_known, windows.table.scaled[places] - said.point[:rows], np.nan)
    enough = 2 * is_known.sum(axis=0) >= rows
    low, high = said.bands[LEVEL]
    with np.errstate(invalid="ignore"):
        mean = np.nansum(error, axis=0) / np.maximum(is_known.sum(axis=0), 1)
        widths = np.where(mean > 0, high[:rows] - said.point[:rows], said.point[:rows] - low[:rows])
        same = np.nansum(np.sign(error) == np.sign(mean), axis=0) / np.maximum(is_known.sum(axis=0), 1)
        beyond = enough & (np.abs(mean) > BEYOND * widths.mean(axis=0)) & (same >= SAME_SIDE)
    return np.where(beyond, np.sign(mean), 0).astype(np.int64)


@dataclass(frozen=True, eq=False)
class OneSeries:
    """One series whose level moved.

    panel: its history and the rows to come; origin: where it ends; rows: of a block; least: the first origin that can
    be asked about; level: mean size of the rows of training, 0 where it is not known; said: what the model says.
    """

    panel: Panel
    origin: int
    rows: int
    least: int
    level: float
    said: Said

    @property
    def starts(self) -> Integers:
        """(BLOCKS,) the origins of the last blocks."""
        return self.origin - self.rows * np.arange(BLOCKS, 0, -1)

    @property
    def actual(self) -> Numbers:
        """(rows, BLOCKS) what came in them."""
        return np.asarray(self.panel.target[self.starts + np.arange(self.rows)[:, None]])

    def errors(self, shift: Shift | None) -> Numbers:
        """(rows, BLOCKS) absolute errors over the last blocks of the model, of rows with a shift undone."""
        panel = self.panel if shift is None else shift.undone(self.panel, self.origin)
        point = self.said(panel, self.starts).point[: self.rows]
        return np.abs((point if shift is None else shift.redone(point)) - self.actual)

    def naive_error(self, season: int) -> float:
        """Mean absolute error over the last blocks of the same time some seasons ago, of 1 the last value."""
        steps = np.arange(self.rows)[:, None]
        back = self.starts - 1 if season == 1 else self.starts + steps - season * (steps // season + 1)
        back = np.broadcast_to(back, (self.rows, BLOCKS))
        if back.min() < 0:
            return np.inf
        return _mean(np.abs(self.panel.target[back] - self.actual))

    def shift(self) -> tuple[Shift, float] | None:
        """The shift that makes the last blocks' errors least, and their mean; of those nearly as good the earliest."""
        found = [(shift, _mean(self.errors(shift))) for shift in self._candidates()]
        found = [(shift, error) for shift, error in found if np.isfinite(error)]
        if not found:
            return None
        best = min(error for _, error in found)
        near = [each for each in found if each[1] <= NEARLY_BEST * best]
        shift, error = min(
            near, key=lambda each: each[0].row or self.origin
        )  # that all rows moved is the last resort
        return self._polished(shift, error)

    def _candidates(self) -> Iterator[Shift]:
        """By how much the rows of a block are off what is said of them, from so many blocks back on; or all rows are
        on another level than those of training."""
        is_factor = np.nanmin(self.panel.target[: self.origin]) > 0
        for back in BACK:
            row = self.origin - back * self.rows
            if row < self.least:
                continue
            said = self.said(self.panel, np.array([row])).point[: self.rows, 0]
            usual, came = float(said.mean()), _mean(self.panel.target[row : row + self.rows])
            if np.isfinite([usual, came]).all() and not (is_factor and usual <= 0):
                yield Shift(row, came / usual) if is_factor else Shift(row, 1.0, came - usual)
        now = _mean(self.panel.target[max(self.origin - OF_LEVEL * self.rows, 0) : self.origin])
        if is_factor and self.level > 0:
            yield from (Shift(0, share * now / self.level) for share in AROUND)

    def _polished(self, shift: Shift, error: float) -> tuple[Shift, float]:
        """The shift moved by some per cent as long as that helps."""
        size = abs(_mean(self.panel.target[shift.row : self.origin]))
        for share in POLISH:
            for sign in (1, -1):
                tried = dataclasses.replace(shift, factor=shift.factor * (1 + sign * share))
                if shift.offset:
                    tried = dataclasses.replace(shift, offset=shift.offset + sign * share * size)
                now = _mean(self.errors(tried))
                if now < error:
                    shift, error = tried, now
        return shift, error

    def stretch(self, shift: Shift) -> float:
        """Return by which factor a band has to be wider to hold what it promises over the last blocks."""
        said = self.said(shift.undone(self.panel, self.origin), self.starts)
        low, high = said.bands[BAND]
        width = shift.factor * float((high[: self.rows] - low[: self.rows]).mean()) / 2
        asked = float(np.nanquantile(self.errors(shift), BAND / 100))
        return max(asked / width, 1.0) if width > 0 else 1.0

    def message(self, shift: Shift | None) -> str:
        """That the level moved, since when and by how much; None: no shift says it."""
        panel = self.panel
        of = "" if panel.id_name is None else f" of series {panel.ids[0]!r}"
        name, clock = f"{panel.columns[0].name!r}{of}", panel.clock
        row = int(self.starts[0]) if shift is None else shift.row
        since = clock.write(panel.times[[row]])[0]
        if shift is None:
            return f"the level of {name} has moved, by {since} at the latest; train again"
        by = f"{shift.factor:.2f} times" if not shift.offset else f"by {shift.offset:+,.6g}"
        begun = "in the whole file" if row == 0 else f"since about {since}"
        return f"the level of {name} has moved {begun}, {by} what it was; train again"


def _mean(values: Numbers) -> float:
    """The mean of what is known, infinite where nothing is."""
    return float(np.nanmean(values)) if np.isfinite(values).any() else np.inf


def find_moved(
    panel: Panel,
    views: Sequence[Windows],
    origins: Integers,
    season: int,
    naives: Sequence[tuple[str, int]],
    levels: Numbers,
    ask: Ask,
    said: Callable[[int], Said],
    lasting: Sequence[int] = (),
) -> Moved:
    """Find the levels that moved, and decide how each is forecast.

    views: of rows of which spikes are taken out; naives: name and season of the forecasters that may stand in;
    levels: (S,) mean size of the rows of training; said: of a series, by its place; lasting: places of series whose
    rows are far out of range, which a model that follows its last rows may answer within its bands, and yet badly.
    """
    moved, windows = nothing_moved(), views[0]
    rows = block_rows(windows.horizon, season)
    for place in np.union1d(moved_places(views, origins, rows, ask), reaching(lasting, views, origins, rows))[
        :MOST_SERIES
    ]:
        first = int(panel.offsets[place])
        one = OneSeries(
            _alone(panel, int(place)),
            int(origins[place]) - first,
            rows,
            windows.lookback,
            float(levels[place]),
            said(int(place)),
        )
        _settle(moved, int(place), one, naives)
    return moved


def _settle(moved: Moved, place: int, one: OneSeries, naives: Sequence[tuple[str, int]]) -> None:
    """Choose whoever is nearest over the last blocks, if that is much nearer than the model."""
    own, found = _mean(one.errors(None)), one.shift()
    errors = {name: one.naive_error(season) for name, season in naives}
    name = min(errors, key=lambda name: errors[name], default="")
    nearest = min(errors.get(name, np.inf), np.inf if found is None else found[1])
    if not nearest < MUCH_BETTER * own:
        return
    if found is not None and found[1] <= errors.get(name, np.inf):
        moved.shifts[place] = found[0]
        moved.stretch[place] = one.stretch(found[0])
        moved.messages[place] = one.message(found[0])
    else:
        moved.naive[place] = name
        moved.messages[place] = one.message(None)


def _alone(panel: Panel, place: int) -> Panel:
    """One series of a panel."""
    rows = panel.rows(place)
    return dataclasses.replace(
        panel,
        ids=panel.ids[place : place + 1],
        offsets=np.array([0, rows.stop - rows.start]),
        times=panel.times[rows],
        values=panel.values[rows],
    )
