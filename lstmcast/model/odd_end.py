"""Odd last rows: a value or two at the end that the rows before them give no reason for, as of a half-complete hour.

A window hangs on its last rows, so one of them that is wrong spoils the whole forecast. The last 3, 2 or 1 rows are odd
where each lies outside twice the half-width of the 98 % band of a forecast made from the row before them, and that row
itself lies inside the band of its own. The longest such end counts: after two zeros a third is no surprise.
Years are not looked at: all five ends that were odd among 1,344 yearly series were changes that lasted.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.findings import WARNING, Finding, count
from lstmcast.core.panel import Fallback, Integers, Panel
from lstmcast.core.place import Place
from lstmcast.data.windows import Windows
from lstmcast.evaluation.backtest import Answer
from lstmcast.model.asking import Ask, asked_together

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]
Expect = Callable[[Panel, Integers], Answer]  # in the units of the CSV

CODE = "odd_last"
MOST = 3
LEVEL = 98
TIMES = 2.0


@dataclass(frozen=True, eq=False)
class OddEnd:
    """The odd last rows of S series.

    counts: (S,) how many there are of each; filled: (S, MOST) what the rows before them lead one to expect, in the
    units of the CSV, the first of them first; given: (S, MOST) what the file has there.
    """

    counts: Integers
    filled: Numbers
    given: Numbers

    @cached_property
    def series(self) -> Integers:
        """The series that have some."""
        return np.flatnonzero(self.counts)

    def with_counts(self, counts: Integers, panel: Panel, origins: Integers) -> OddEnd:
        """These counts (S,), and what the file has in those rows."""
        given = self.given.copy()
        for place in np.flatnonzero(counts):
            number, stop = int(counts[place]), int(origins[place])
            given[place, :number] = panel.target[stop - number : stop]
        return dataclasses.replace(self, counts=counts, given=given)

    def expecting(self, point: Numbers) -> OddEnd:
        """With a forecast (K, S') of the series that have some, made from the row before the first of them."""
        filled = self.filled.copy()
        filled[self.series, : len(point)] = point[:MOST].T
        return dataclasses.replace(self, filled=filled)

    def without(self, panel: Panel, origins: Integers) -> Panel:
        """The panel with each odd row missing."""
        return self._with(np.full_like(self.filled, np.nan), panel, origins)

    def mended(self, panel: Panel, origins: Integers) -> Panel:
        """The panel with each odd row as it is expected; the other columns stay."""
        return self._with(self.filled, panel, origins)

    def _with(self, rows: Numbers, panel: Panel, origins: Integers) -> Panel:
        values = panel.values.copy()
        for place in self.series:
            number, stop = int(self.counts[place]), int(origins[place])
            values[stop - number : stop, 0] = rows[place, :number]
        return dataclasses.replace(panel, values=values)

    def widened(self, answer: Answer) -> Answer:
        """A forecast (K, S) whose bands are as wide as so many steps later, since it begins that much earlier."""
        if not len(self.series):
            return answer
        bands = {level: self._later(answer.point, *edges) for level, edges in answer.bands.items()}
        return dataclasses.replace(answer, bands=bands)

    def _later(self, point: Numbers, low: Numbers, high: Numbers) -> tuple[Numbers, Numbers]:
        low, high = low.copy(), high.copy()
        for place in self.series:
            steps = np.minimum(np.arange(len(point)) + self.counts[place], len(point) - 1)
            below, above = point[:, place] - low[:, place], high[:, place] - point[:, place]
            low[:, place] = point[:, place] - np.maximum(below, below[steps])
            high[:, place] = point[:, place] + np.maximum(above, above[steps])
        return low, high

    def findings(self, panel: Panel, origins: Integers) -> tuple[Finding, ...]:
        """One that names the rows of the first series that has some, and says how many more have."""
        if not len(self.series):
            return ()
        first, others = int(self.series[0]), len(self.series) - 1
        more = f" ({others:,} more series)" if others else ""
        stamp = panel.clock.write(panel.times[[origins[first] - self.counts[first]]])[0]
        place = Place(column=panel.columns[0].name, stamp=stamp)
        return (Finding(WARNING, CODE, self._said(first, panel, origins) + more, place=place),)

    def fallbacks(self, panel: Panel, origins: Integers, source: str) -> tuple[Fallback, ...]:
        """One for each series that has some."""
        return tuple(
            Fallback(int(place), source, CODE, self._said(int(place), panel, origins))
            for place in self.series
        )

    def _said(self, place: int, panel: Panel, origins: Integers) -> str:
        """That the last rows of a series are odd, and what is done about it."""
        number, name = int(self.counts[place]), repr(panel.columns[0].name)
        of = "" if panel.id_name is None else f" of series {panel.ids[place]!r}"
        stamps = panel.clock.write(panel.times[origins[place] - number : origins[place]])
        rows = ", ".join(f"{value:,.6g}" for value in self.given[place, :number])
        usual = ", ".join(f"{value:,.6g}" for value in self.filled[place, :number])
        which = (
            f"the last row of {name}{of} is" if number == 1 else f"the last {number} rows of {name}{of} are"
        )
        verb = "counts" if number == 1 else "count"
        return (
            f"{which} {rows} (from {stamps[0]} on), the rows before lead one to expect {usual}; {count(number, 'row')} "
            f"{verb} as missing: cut a half-complete end off, or wait for the next row"
        )


def nothing_odd(series: int) -> OddEnd:
    """No odd row in so many series."""
    return OddEnd(np.zeros(series, np.int64), np.zeros((series, MOST)), np.zeros((series, MOST)))


def like_training(is_out: Mask, origins: Integers, lookback: int) -> Mask:
    """(S,) whose look-backs have no row that is out of what training saw before the last ones; is_out: (N,)."""
    outs = np.concatenate([[0], np.cumsum(is_out)])
    return np.asarray(outs[np.maximum(origins - MOST, 0)] == outs[np.maximum(origins - MOST - lookback, 0)])


def examine_end(
    panel: Panel, views: Sequence[Windows], origins: Integers, is_out: Mask, ask: Ask, expect: Expect
) -> OddEnd:
    """The odd last rows of a panel of numbers, and what is expected in their place; is_out: (N,) as `compare` says."""
    odd = nothing_odd(len(origins))
    if panel.classes or panel.clock.is_yearly:
        return odd
    counts = find_odd_end(views, origins, like_training(is_out, origins, views[0].lookback), ask)
    odd = odd.with_counts(counts, panel, origins)
    if not len(odd.series):
        return odd
    return odd.expecting(expect(odd.without(panel, origins), (origins - counts)[odd.series]).point)


def backs_of(horizon: int) -> range:
    """Return how many rows before the end of a series the windows begin that its last rows are judged by."""
    return range(1, min(MOST, horizon) + 2)


def find_odd_end(views: Sequence[Windows], origins: Integers, is_examined: Mask, ask: Ask) -> Integers:
    """(S,) how many of the last rows before each origin are odd; is_examined: (S,) whose windows are worth asking."""
    counts, windows = np.zeros(len(origins), np.int64), views[0]
    places = np.flatnonzero(is_examined & _is_whole(windows, origins))
    if not len(places):
        return counts
    backs = backs_of(windows.horizon)
    said = asked_together(ask, views, [origins[places] - back for back in backs], (LEVEL,))
    outside = {
        back: _outside(windows, origins[places], back, answer)
        for back, answer in zip(backs, said, strict=True)
    }
    for number in backs[-2::-1]:
        is_odd = (outside[number][:number] > TIMES).all(axis=0) & (outside[number + 1][0] <= 1.0)
        counts[places[is_odd & (counts[places] == 0)]] = number
    return counts


def _is_whole(windows: Windows, origins: Integers) -> Mask:
    """(S,) whose last rows are known, with a look-back of few gaps before all of them."""
    earliest = origins - (MOST + 1)
    reaches = earliest - windows.lookback >= windows.table.firsts(origins)
    usable = windows.usable(earliest[reaches], with_targets=False)
    rows = np.maximum(origins[:, None] - np.arange(1, MOST + 2), 0)
    return np.asarray(reaches & np.isin(earliest, usable) & windows.table.observed[rows].all(axis=1))


def _outside(windows: Windows, origins: Integers, back: int, said: Answer) -> Numbers:
    """(back, S) how many half-widths of the band the rows from so many before each origin on are off their forecast."""
    starts, steps = origins - back, min(back, windows.horizon)
    low, high = said.bands[LEVEL]
    actual = windows.table.scaled[starts + np.arange(steps)[:, None]]
    error, point = actual - said.point[:steps], said.point[:steps]
    width = np.where(error < 0, point - low[:steps], high[:steps] - point)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(error == 0, 0.0, np.abs(error) / width))
