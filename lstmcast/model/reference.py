"""The usual range of the rows that a model learned from, and how windows of fresh files differ from it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.findings import WARNING, Finding, count
from lstmcast.core.panel import Column, Integers, Panel
from lstmcast.core.place import Place
from lstmcast.data.windows import MOST_MISSING
from lstmcast.model.schema import Contract

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]

UNIT_JUMP = 30.0  # times as high, or as low, as the level ever was: no season is, every change of unit is
UNIT_SHARE = 0.25  # of a season's rows that must be out of range: fewer are spikes
FEWEST_FLAT = 6
FEWEST_SETTLED = 6
# How far beyond the range is far: so much of its width, or of its largest value.
_OF_SPAN, _OF_SIZE = 1.0, 0.5
_MISSING, _MORE_MISSING = 2.0, 0.1  # times the usual share, and the least above it
_MORE_OF_A_CLASS = 0.25  # beyond its shares in training, of the rows of a look-back
_WIDEST = {
    "lowest": np.minimum,
    "highest": np.maximum,
    "least_level": np.minimum,
    "greatest_level": np.maximum,
    "missing": np.maximum,
    "least_shares": np.minimum,
    "greatest_shares": np.maximum,
}
_AT_ONCE = 500_000


@dataclass(frozen=True, eq=False)
class SeriesStatistics:
    """Facts of each series before its test block, (S,) each, in the units of the CSV.

    lowest, highest: of its values; least_level, greatest_level: of the mean size of a season's rows; flat: rows of its
    longest stretch of one value; missing: share of its rows. Where all are missing nothing can be compared.
    """

    lowest: Numbers
    highest: Numbers
    least_level: Numbers
    greatest_level: Numbers
    flat: Numbers
    missing: Numbers

    def take(self, series: Integers) -> Self:
        """Those of some series."""
        return type(self)(*(getattr(self, name)[series] for name in self.__dataclass_fields__))

    def like(self, values: Sequence[Numbers], season: int, lookback: int) -> SeriesStatistics:
        """Return these facts of other values (n,), a series each."""
        return fit_series_statistics(values, season, lookback)

    @property
    def is_known(self) -> Mask:
        """(S,) which series had any known row."""
        return self.missing < 1.0

    def is_outside(self, rows: Numbers) -> Mask:
        """(S, n) values (S, n) far outside the range: a record, even by a fifth of the largest value, is not far."""
        size = np.maximum(np.abs(self.lowest), np.abs(self.highest))
        slack = np.maximum(_OF_SPAN * (self.highest - self.lowest), _OF_SIZE * size)
        low, high = (self.lowest - slack)[:, None], (self.highest + slack)[:, None]
        return ((rows < low) | (rows > high)) & self.is_known[:, None]

    def is_out(self, rows: Numbers) -> Mask:
        """(S, n) the same, and values that are far too small for the unit of training."""
        return self.is_outside(rows) | (UNIT_JUMP * np.abs(rows) < self.least_level[:, None])


@dataclass(frozen=True, eq=False)
class ClassStatistics(SeriesStatistics):
    """Facts of codes of classes, none of which is out of range: stretches of one class and missing rows, and shares.

    least_shares, greatest_shares: (S, C) of each class among the known rows of any look-back.
    """

    least_shares: Numbers
    greatest_shares: Numbers

    def like(self, values: Sequence[Numbers], season: int, lookback: int) -> SeriesStatistics:
        """Return these facts of other codes (n,), a series each."""
        return fit_class_statistics(values, self.least_shares.shape[1], lookback)


@dataclass(frozen=True, eq=False)
class Comparison:
    """The differences of windows from habits.

    is_alien: (S,) which are far outside the range or of another unit; of these, is_out: (N,) the rows that are, and
    is_settled: (S,) whether the series is out there now, and not only for a row or two.
    """

    findings: tuple[Finding, ...]
    is_alien: Mask
    is_out: Mask
    is_settled: Mask

    def with_settled(self, places: Sequence[int]) -> Comparison:
        """This comparison with the series at these places settled too."""
        is_settled = self.is_settled.copy()
        is_settled[list(places)] = True
        return dataclasses.replace(self, is_settled=is_settled)


@dataclass(frozen=True, eq=False)
class ColumnRanges:
    """The lowest and the highest value (C-1,) of each column beside the target, over all series before their tests."""

    lowest: Numbers
    highest: Numbers

    def findings(self, panel: Panel, origins: Integers, contract: Contract) -> Iterator[Finding]:
        """Columns of numbers far outside their range in a look-back, or in the horizon after it."""
        is_seen = _rows_seen(panel, origins, contract)
        for place, column, slack in self._judged(panel):
            low, high = self.lowest[place], self.highest[place]
            values = panel.values[:, place + 1]
            beyond = np.where(is_seen, np.maximum(low - values, values - high), np.nan)
            if (beyond > slack).any():
                row, number = int(np.nanargmax(beyond)), int((beyond > slack).sum())
                stamp = panel.clock.write(panel.times[[row]])[0]
                message = (
                    f"{count(number, 'row')} of {column.name!r} far outside what training saw ({low:,.6g} to "
                    f"{high:,.6g}), the furthest is {values[row]:,.6g} at {stamp}; held within that"
                )
                yield Finding(WARNING, "out_of_range", message, place=Place(column=column.name, stamp=stamp))

    def held(self, panel: Panel) -> Panel:
        """The panel with values far outside their range at its edge: no weight was learned for what lies beyond."""
        values = panel.values.copy()
        for place, _, slack in self._judged(panel):
            low, high = self.lowest[place], self.highest[place]
            own = values[:, place + 1]
            values[:, place + 1] = np.where(
                (own < low - slack) | (own > high + slack), own.clip(low, high), own
            )
        return dataclasses.replace(panel, values=values)

    def _judged(self, panel: Panel) -> Iterator[tuple[int, Column, float]]:
        """Place, column and slack of each column that has a range: no class, and seen to change in training."""
        for place, column in enumerate(panel.columns[1:]):
            low, high = float(self.lowest[place]), float(self.highest[place])
            if column.level is None and low != high:
                yield place, column, max(_OF_SPAN * (high - low), _OF_SIZE * max(abs(low), abs(high)))


def _rows_seen(panel: Panel, origins: Integers, contract: Contract) -> Mask:
    """(N,) rows of the look-back before each origin and of the horizon from it on."""
    edges = np.zeros(len(panel.times) + 1, dtype=np.int64)
    series = np.searchsorted(panel.offsets, origins - 1, side="right") - 1
    edges[np.maximum(origins - contract.lookback, panel.offsets[series])] += 1
    edges[np.minimum(origins + contract.horizon, panel.offsets[series + 1])] -= 1
    return np.cumsum(edges[:-1]) > 0


def fit_column_ranges(rows: Numbers) -> ColumnRanges:
    """The ranges of rows (N, C-1), NaN where missing; of a column without any value 0 to 0."""
    known = np.isfinite(rows)
    lowest = np.where(known, rows, np.inf).min(axis=0, initial=np.inf)
    highest = np.where(known, rows, -np.inf).max(axis=0, initial=-np.inf)
    is_known = known.any(axis=0)
    return ColumnRanges(np.where(is_known, lowest, 0.0), np.where(is_known, highest, 0.0))


def widened(
    habits: SeriesStatistics, series: Integers, values: Sequence[Numbers], season: int, lookback: int
) -> SeriesStatistics:
    """The statistics of series (S,) that know newer rows (n,) of some (S',) too.

    Rows far out of range count only where they are half of the new ones or more, and so the new habit; what stood
    still for long does not become one.
    """
    seen = {name: getattr(habits, name).copy() for name in habits.__dataclass_fields__}
    for place, rows in zip(series, values, strict=True):
        odd = habits.take(np.array([place])).is_out(rows[None])[0]
        usual = rows if 2 * odd.sum() >= np.isfinite(rows).sum() else np.where(odd, np.nan, rows)
        new = habits.like([usual], season, lookback)
        if new.is_known[0]:
            for name, array in seen.items():
                now = getattr(new, name)[0]
                if not habits.is_known[place]:
                    array[place] = now
                elif name in _WIDEST:
                    array[place] = _WIDEST[name](array[place], now)
    return dataclasses.replace(habits, **seen)


def fit_series_statistics(values: Sequence[Numbers], season: int, lookback: int) -> SeriesStatistics:
    """The facts of each series' values (n,), NaN where missing."""
    facts = np.array([_facts(rows, level_rows(season, lookback)) for rows in values])
    return SeriesStatistics(*np.ascontiguousarray(facts.T))


def fit_class_statistics(values: Sequence[Numbers], classes: int, lookback: int) -> ClassStatistics:
    """The facts of each series' codes (n,), NaN where missing."""
    plain = fit_series_statistics(values, 1, lookback)
    nothing = np.zeros(len(values))
    shares = np.array([_shares(rows, classes, lookback) for rows in values]).reshape(len(values), 2, classes)
    return ClassStatistics(
        nothing,
        np.full(len(values), classes - 1.0),
        nothing,
        nothing,
        plain.flat,
        plain.missing,
        np.ascontiguousarray(shares[:, 0]),
        np.ascontiguousarray(shares[:, 1]),
    )


def _shares(codes: Numbers, classes: int, width: int) -> Numbers:
    """(2, C) the least and the greatest share of each class among the known of any `width` rows, half of them known."""
    width = max(min(width, len(codes)), 1)
    number = _moving_sums(np.isfinite(codes).astype(np.float64), width)
    enough = 2 * number >= width
    if not enough.any():
        return np.stack([np.zeros(classes), np.ones(classes)])
    own = [_moving_sums((codes == code).astype(np.float64), width)[enough] for code in range(classes)]
    shares = np.stack(own) / number[enough]
    return np.stack([shares.min(axis=1), shares.max(axis=1)])


def level_rows(season: int, lookback: int) -> int:
    """Return the number of rows that make a level: a season, or a look-back where there is none."""
    return season if season > 1 else lookback


def _facts(values: Numbers, width: int) -> tuple[float, ...]:
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, 0.0, 0.0, 0.0, 0.0, 1.0
    levels = _levels(values, width)
    return (
        float(known.min()),
        float(known.max()),
        float(levels.min()),
        float(levels.max()),
        float(_longest_flat(values[None])[0]),
        1.0 - len(known) / len(values),
    )


def _levels(values: Numbers, width: int) -> Numbers:
    """(n,) mean size of every `width` rows of which half are known; of all rows where there are none such."""
    known = np.isfinite(values)
    sizes = np.where(known, np.abs(values), 0.0)
    width = min(width, len(values))
    number, total = _moving_sums(known.astype(np.float64), width), _moving_sums(sizes, width)
    enough = 2 * number >= width
    return total[enough] / number[enough] if enough.any() else sizes.sum(keepdims=True) / known.sum()


def _moving_sums(values: Numbers, width: int) -> Numbers:
    """(n - width + 1,) the sum of every `width` values, none of which is negative; memory grows with n alone."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray(np.maximum(sums[width:] - sums[:-width], 0.0))


def _longest_flat(rows: Numbers) -> NDArray[np.int64]:
    """(B,) length of the longest stretch of one value in rows (B, n); a missing value ends a stretch."""
    return np.asarray(_stretches(rows).max(axis=1, initial=0))


def _stretches(rows: Numbers) -> NDArray[np.int64]:
    """(B, n) how many rows up to each, itself included, hold its value; 0 where it is missing."""
    places = np.arange(rows.shape[1])
    begins = np.concatenate([np.ones((len(rows), 1), bool), rows[:, 1:] != rows[:, :-1]], axis=1)
    firsts = np.maximum.accumulate(np.where(begins, places, 0), axis=1)
    return np.where(np.isfinite(rows), places - firsts + 1, 0)


def compare(
    habits: SeriesStatistics | None, panel: Panel, origins: Integers, series: Integers, contract: Contract
) -> Comparison:
    """Compare the look-back before each origin (S',) with the habits of its series, if they are known.

    series: (S',) which of the model's each is.
    """
    is_alien, is_settled = np.zeros((2, len(origins)), dtype=bool)
    is_out = np.zeros(len(panel.times), dtype=bool)
    if habits is None:
        return Comparison((), is_alien, is_out, is_settled)
    size = max(1, _AT_ONCE // contract.lookback)
    oddities: dict[str, list[_Oddity]] = {}
    for start in range(0, len(origins), size):
        part = slice(start, start + size)
        seen = _Seen(habits.take(series[part]), panel, origins[part], contract)
        is_alien[part] = seen.is_outside.any(axis=1) | seen.has_jumped
        for oddity in seen.oddities():
            oddities.setdefault(oddity.code, []).append(oddity)
    for place in np.flatnonzero(is_alien):
        rows = slice(int(panel.offsets[place]), int(origins[place]))
        is_out[rows] = habits.take(series[[place]]).is_out(panel.target[None, rows])[0]
        last = is_out[rows][np.isfinite(panel.target[rows])][-FEWEST_SETTLED:]
        is_settled[place] = last.all()
    return Comparison(tuple(_finding(found) for found in oddities.values()), is_alien, is_out, is_settled)


def without_spikes(panel: Panel, seen: Comparison) -> Panel:
    """The panel with rows that are out taken as missing, in series that are not out there now."""
    if not seen.is_out.any():
        return panel
    values = panel.values.copy()
    values[seen.is_out & ~np.repeat(seen.is_settled, panel.lengths), 0] = np.nan
    return dataclasses.replace(panel, values=values)


@dataclass(frozen=True)
class _Oddity:
    """A way to differ, how many series do, and the sentence about the one that does most."""

    code: str
    series: int
    size: float
    message: str
    place: Place


def _finding(found: list[_Oddity]) -> Finding:
    worst, others = max(found, key=lambda oddity: oddity.size), sum(oddity.series for oddity in found) - 1
    more = f" ({others:,} more series)" if others else ""
    return Finding(WARNING, worst.code, worst.message + more, place=worst.place)


class _Seen:
    """The windows of some series beside their habits."""

    def __init__(self, habits: SeriesStatistics, panel: Panel, origins: Integers, contract: Contract) -> None:
        self.habits, self.panel, self.origins, self.contract = habits, panel, origins, contract
        firsts = panel.offsets[np.searchsorted(panel.offsets, origins - 1, side="right") - 1]
        places = origins[:, None] + np.arange(-contract.lookback, 0)
        self.rows = np.where(places >= firsts[:, None], panel.target[np.maximum(places, 0)], np.nan)
        self.lengths = np.minimum(origins - firsts, contract.lookback)
        self.is_outside = habits.is_outside(self.rows)
        self.level = self._level()
        self.has_jumped = self._jumped()

    @property
    def _width(self) -> int:
        """Rows that make the level now."""
        return min(level_rows(self.contract.clock.season, self.contract.lookback), self.contract.lookback)

    def _level(self) -> Numbers:
        """(S',) mean size of the last season's rows."""
        recent = np.abs(self.rows[:, -self._width :])
        known = np.isfinite(recent)
        return np.asarray(np.where(known, recent, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1))

    def _jumped(self) -> Mask:
        """(S',) whether the level is now many times what it ever was, or that small a part of it."""
        many = self.is_outside[:, -self._width :].mean(axis=1) >= UNIT_SHARE
        high = (self.level > UNIT_JUMP * self.habits.greatest_level) & (self.habits.greatest_level > 0) & many
        low = (UNIT_JUMP * self.level < self.habits.least_level) & (self.level > 0)
        return np.asarray((high | low) & self.habits.is_known)

    def oddities(self) -> Iterator[_Oddity]:
        """One for each kind of finding that these windows give reason for."""
        yield from self._unit()
        yield from self._range()
        yield from self._flat()
        yield from self._missing()
        yield from self._more_of_a_class()

    def _unit(self) -> Iterator[_Oddity]:
        if not self.has_jumped.any():
            return
        worst = int(np.argmax(self.has_jumped))
        low, high = self.habits.least_level[worst], self.habits.greatest_level[worst]
        rows = count(min(self._width, int(self.lengths[worst])), "row")
        message = (
            f"the size of {self._name(worst)} is {self.level[worst]:,.4g} on average over its last {rows}, in training "
            f"it was {low:,.4g} to {high:,.4g}: has its unit changed?"
        )
        yield _Oddity("unit_jump", int(self.has_jumped.sum()), 1.0, message, self._place())

    def _range(self) -> Iterator[_Oddity]:
        """Values far outside the range, in series where that is not said of the unit already."""
        number = self.is_outside.sum(axis=1) * ~self.has_jumped
        if not number.any():
            return
        worst = int(np.argmax(number))
        low, high = self.habits.lowest[worst], self.habits.highest[worst]
        odd = np.where(self.is_outside[worst], np.abs(self.rows[worst] - (low + high) / 2), -1.0)
        furthest = int(np.argmax(odd))
        message = (
            f"{number[worst]:,} of the last {count(int(self.lengths[worst]), 'row')} of {self._name(worst)} lie far "
            f"outside what training saw ({low:,.6g} to {high:,.6g}), the furthest is {self.rows[worst, furthest]:,.6g} "
            f"at {self._stamp(worst, furthest)}"
        )
        place = self._place(self._stamp(worst, furthest))
        yield _Oddity("out_of_range", int((number > 0).sum()), float(number[worst]), message, place)

    def _flat(self) -> Iterator[_Oddity]:
        stretches = _stretches(self.rows)
        longest = stretches.max(axis=1)
        is_odd = (longest >= np.maximum(FEWEST_FLAT, 2 * self.habits.flat + 1)) & self.habits.is_known
        if not is_odd.any():
            return
        worst = int(np.argmax(np.where(is_odd, longest, 0)))
        last = int(np.argmax(stretches[worst]))
        first = last - int(longest[worst]) + 1
        message = (
            f"{self._name(worst)} stays at {self._value(worst, last)} for {longest[worst]:,} rows from "
            f"{self._stamp(worst, first)} on, in training for {self.habits.flat[worst]:,.0f} at most"
        )
        place = self._place(self._stamp(worst, first))
        yield _Oddity("flat", int(is_odd.sum()), float(longest[worst]), message, place)

    def _more_of_a_class(self) -> Iterator[_Oddity]:
        """Of classes, one that makes up much more or much less of a look-back than it ever did."""
        habits, known = self.habits, np.isfinite(self.rows).sum(axis=1)
        if not isinstance(habits, ClassStatistics):
            return
        came = self.rows[:, None] == np.arange(habits.least_shares.shape[1])[:, None]
        shares = came.sum(axis=2) / np.maximum(known, 1)[:, None]
        beyond = np.maximum(habits.least_shares - shares, shares - habits.greatest_shares)
        beyond[(2 * known < self.contract.lookback) | ~habits.is_known] = 0.0
        is_odd = (beyond > _MORE_OF_A_CLASS).any(axis=1)
        if not is_odd.any():
            return
        worst, code = np.unravel_index(int(np.argmax(beyond)), beyond.shape)
        series = int(worst)
        low, high = (100 * ends[worst, code] for ends in (habits.least_shares, habits.greatest_shares))
        message = (
            f"{self._name(series)} is {self.contract.classes[int(code)]!r} in {100 * shares[worst, code]:.0f} % of the "
            f"last {count(int(self.lengths[series]), 'row')}, in training it was in {low:.0f} to {high:.0f} %"
        )
        yield _Oddity("class_share", int(is_odd.sum()), float(beyond[worst, code]), message, self._place())

    def _missing(self) -> Iterator[_Oddity]:
        """More missing than usual, in windows that the network still carries: of others the fallback tells."""
        share = 1.0 - np.isfinite(self.rows).sum(axis=1) / self.contract.lookback
        usual = self.habits.missing
        is_odd = (share > np.maximum(_MISSING * usual, usual + _MORE_MISSING)) & self.habits.is_known
        is_odd &= (share <= MOST_MISSING) & (self.lengths == self.contract.lookback)
        if not is_odd.any():
            return
        worst = int(np.argmax(np.where(is_odd, share, 0.0)))
        message = (
            f"{100 * share[worst]:.0f} % of the last {self.contract.lookback:,} rows of {self._name(worst)} are "
            f"missing, in training {100 * usual[worst]:.0f} % were"
        )
        yield _Oddity("missing_share", int(is_odd.sum()), float(share[worst]), message, self._place())

    def _name(self, row: int) -> str:
        """The target, with its series in a panel."""
        panel = self.panel
        series = int(np.searchsorted(panel.offsets, self.origins[row] - 1, side="right")) - 1
        of = "" if panel.id_name is None else f" of series {panel.ids[series]!r}"
        return repr(panel.columns[0].name) + of

    def _value(self, row: int, place: int) -> str:
        """A value of the target as a person reads it: a number, or the name of a class."""
        value, classes = self.rows[row, place], self.contract.classes
        return repr(classes[int(value)]) if classes else f"{value:,.6g}"

    def _place(self, stamp: str | None = None) -> Place:
        return Place(column=self.panel.columns[0].name, stamp=stamp)

    def _stamp(self, row: int, place: int) -> str:
        at = int(self.origins[row]) - self.contract.lookback + place
        return self.panel.clock.write(self.panel.times[at : at + 1])[0]
