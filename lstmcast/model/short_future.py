"""Columns known ahead that end before the horizon does: what stands in for them, and how much wider bands are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import UsageError
from lstmcast.core.options import FAIL, HOLD, SHORT_FUTURES
from lstmcast.core.panel import HOLIDAYS, KNOWN, Clock, Column, FilledAhead, Integers, Panel

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]

QUARTERS = 4
UNMEASURED = 1.25  # how much wider bands are where no validation window told it, as in older files
_DAYS = 14  # whose mean at an hour is the climate
_SEASONS = 3  # the same of seasons, where rows are longer than a day
_DECAY = 4  # a deviation halves in this part of a day
_CODES = 7  # a column of so many different whole numbers at most is a code, not a measurement
_WEEKS = 4  # of which the last known one says what a switch does
_TWO_DAYS = 2


@dataclass(frozen=True, eq=False)
class Covered:
    """A panel with columns known ahead over the horizon; filled: what stands in, the file having ended early.

    missing: (S,) rows of each series' horizon that lack something; names: (S,) row of the horizon, from 0 on -> the
    columns that it lacks.
    """

    panel: Panel
    filled: tuple[FilledAhead, ...] = ()
    missing: Integers | None = None
    names: tuple[dict[int, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Rhythm:
    """Rows of the period that a column repeats in, of a week, and of the half-life of a deviation; how many periods
    make the climate."""

    period: int
    week: int
    half_life: float
    periods: int


def refuse_word(how: str) -> None:
    """Raise UsageError for what is none of SHORT_FUTURES."""
    if how not in SHORT_FUTURES:
        message = f"--short-future takes {', '.join(SHORT_FUTURES)}; got {how!r}"
        raise UsageError(message, option="--short-future")


def covered(panel: Panel, horizon: int, ahead: int, how: str) -> Covered:
    """The panel with all that stands in for columns known ahead, in at most `horizon` rows from each origin on.

    A column that no row of the last two days of history has either is left missing. horizon: as trained; ahead: rows
    to forecast; how: one of SHORT_FUTURES.
    """
    refuse_word(how)
    columns = [place for place in panel.roles(KNOWN) if panel.columns[place].name != HOLIDAYS]
    ahead, stops = min(ahead, horizon), panel.known_until()
    if how == FAIL or not columns or not _lacks(panel, stops, ahead, columns).any():
        return Covered(panel)
    short = int(max((stops + ahead - panel.offsets[1:]).max(), 0))
    whole = panel.extended(short) if short else _copied(panel)
    origins = stops + short * np.arange(len(stops))
    rhythm = choose_rhythm(panel.clock)
    found: list[FilledAhead] = []
    names = []
    for series, origin in enumerate(origins):
        of_rows: dict[int, tuple[str, ...]] = {}
        if origin > whole.offsets[series]:
            told = _cover(whole, series, int(origin), ahead, columns, rhythm, how)
            found += told[0]
            of_rows = told[1]
        names.append(of_rows)
    missing = np.array([len(of_rows) for of_rows in names], dtype=np.int64)
    return Covered(whole, tuple(found), missing, tuple(names))


def _copied(panel: Panel) -> Panel:
    """The panel with values of its own."""
    return panel.take(panel.offsets[:-1], panel.offsets[1:])


def _lacks(panel: Panel, stops: Integers, ahead: int, columns: list[int]) -> Mask:
    """(S,) which series lack a known value in the rows to forecast, or a row; those without a target are not asked."""
    ends = np.minimum(stops + ahead, panel.offsets[1:])
    gaps = np.concatenate([[0], np.cumsum(np.isnan(panel.values[:, columns]).any(axis=1))])
    lacks = (stops + ahead > panel.offsets[1:]) | (gaps[ends] > gaps[stops])
    return np.asarray(lacks & (stops > panel.offsets[:-1]))


def choose_rhythm(clock: Clock) -> Rhythm:
    """Return the rhythm in which columns repeat, by the length of a row."""
    if clock.step is not None and not clock.is_counter:
        day = max(round(np.timedelta64(1, "D") / clock.step), 1)
        return Rhythm(day, 7 * day, max(day / _DECAY, 1.0), _DAYS)
    if clock.is_daily:
        return Rhythm(1, 7, 1.0, _DAYS)
    return Rhythm(clock.season, clock.season, 1.0, _SEASONS)


def _cover(
    whole: Panel, series: int, origin: int, ahead: int, columns: list[int], rhythm: Rhythm, how: str
) -> tuple[list[FilledAhead], dict[int, tuple[str, ...]]]:
    """Fill one series in place; what was filled, and the names of the columns by row of the horizon."""
    first = int(whole.offsets[series])
    found: list[FilledAhead] = []
    of_rows: dict[int, tuple[str, ...]] = {}
    for place in columns:
        values = whole.values[first : origin + ahead, place]
        told = filled(values, origin - first, rhythm, how, whole.columns[place])
        if told is None:
            continue
        missing = np.flatnonzero(np.isnan(values[origin - first :]))
        whole.values[origin : origin + ahead, place] = told
        source = whole.columns[place].source
        if any(each.column == source for each in found):  # another class of the same column
            continue
        found.append(
            FilledAhead(series, source, whole.times[origin + missing[0]], len(missing), int(missing[0]))
        )
        for row in missing.tolist():
            of_rows[row] = (*of_rows.get(row, ()), source)
    return found, of_rows


def filled(values: Numbers, origin: int, rhythm: Rhythm, how: str, column: Column) -> Numbers | None:
    """(K,) the rows from an origin on of a column (n,) of one series, what is missing filled; None where nothing is,
    or where the last two days before the origin lack it too.

    A measurement takes its mean at that hour, over the last days, plus the deviation from it of the nearest known
    rows, which decays; a switch, a code and a class what they were a week before. how: HOLD takes the last value.
    """
    ahead = values[origin:]
    missing = np.isnan(ahead)
    days = _TWO_DAYS * (rhythm.period if rhythm.periods == _DAYS else 1)
    if not missing.any() or np.isnan(values[max(origin - days, 0) : origin]).all():
        return None
    if how == HOLD:
        return np.where(missing, _held(values)[origin:], ahead)
    stands_in = _week_before if is_code(values, column) else _usual
    return np.where(missing, stands_in(values, origin, rhythm), ahead)


def is_code(values: Numbers, column: Column) -> bool:
    """Return whether a column is a switch, a code or a class, of which a mean says nothing."""
    if column.level is not None:
        return True
    known = values[np.isfinite(values)]
    kinds = np.unique(known)
    return len(kinds) <= 2 or (len(kinds) <= _CODES and bool((kinds == np.round(kinds)).all()))


def _held(values: Numbers) -> Numbers:
    """(n,) each missing value replaced by the last known one before it."""
    rows = np.maximum.accumulate(np.where(np.isnan(values), 0, np.arange(len(values))))
    return np.asarray(values[rows])


def _week_before(values: Numbers, origin: int, rhythm: Rhythm) -> Numbers:
    """(K,) what the same hour of the last weeks said that is known, else the last value."""
    rows, held = np.arange(origin, len(values)), _held(values)
    found, back = held[origin:].copy(), math.ceil((len(values) - origin) / rhythm.week)
    for week in range(back + _WEEKS, 0, -1):  # the nearest last, so that it stands
        before = rows - week * rhythm.week
        said = np.where((before >= 0) & (before < len(values)), values[np.maximum(before, 0)], np.nan)
        found = np.where(np.isnan(said), found, said)
    return found


def _usual(values: Numbers, origin: int, rhythm: Rhythm) -> Numbers:
    """(K,) the climate and a decaying deviation: x[r] = c[r] + (x[last] - c[last]) / 2^((r - last) / half-life).

    In a gap the deviations of both its ends count, each the more the nearer it is.
    """
    climate = _climate(values, origin, rhythm)
    known = np.flatnonzero(np.isfinite(values))
    rows = np.arange(origin, len(values))
    after = np.searchsorted(known, rows)
    left = known[np.maximum(after - 1, 0)]
    right = known[np.minimum(after, len(known) - 1)]
    near = 0.5 ** (np.abs(rows - left) / rhythm.half_life)
    far = np.where(after < len(known), 0.5 ** (np.abs(right - rows) / rhythm.half_life), 0.0)
    away = near * (values[left] - climate[left]) + far * (values[right] - climate[right])
    return np.asarray(climate[rows] + away / np.maximum(near + far, 1.0))


def _climate(values: Numbers, origin: int, rhythm: Rhythm) -> Numbers:
    """(n,) the mean of each row's place in the period over the last periods before the first missing row ahead."""
    missing = np.flatnonzero(np.isnan(values[origin:]))
    last = origin + int(missing[0]) if len(missing) else len(values)
    first = max(last - rhythm.periods * rhythm.period, 0)
    phase = np.arange(len(values)) % rhythm.period
    own, of = values[first:last], phase[first:last]
    known = np.isfinite(own)
    count = np.bincount(of[known], minlength=rhythm.period)
    total = np.bincount(of[known], own[known], minlength=rhythm.period)
    overall = float(own[known].mean())
    return np.where(count > 0, total / np.maximum(count, 1), overall)[phase]


def widening(ratios: Numbers | None, missing: Integers, horizon: int) -> Numbers:
    """(S,) how many times as wide as usual the bands of rows are that lack something.

    ratios: (4,) by quarters of the horizon that lack it, of validation windows; missing: (S,) rows that do.
    """
    if ratios is None:
        return np.full(len(missing), UNMEASURED)
    quarter = np.ceil(QUARTERS * missing / horizon).astype(np.int64) - 1
    return np.asarray(ratios[np.clip(quarter, 0, QUARTERS - 1)])


def sources_with(
    sources: tuple[str, ...], ahead: int, found: Covered, deaf: frozenset[int]
) -> tuple[str, ...]:
    """Return the maker of each row, with the columns that were filled: `model:temperature_filled`.

    sources: (S ahead,); deaf: series whose forecaster reads no column.
    """
    told = list(sources)
    for series, of_rows in enumerate(found.names):
        for row, names in of_rows.items() if series not in deaf else ():
            place = series * ahead + row
            told[place] = f"{told[place]}:{'+'.join(f'{name}_filled' for name in names)}"
    return tuple(told)


def wider(found: Covered, ratios: Numbers | None, horizon: int, deaf: frozenset[int]) -> Numbers | None:
    """(K, S) how many times as wide as usual the band of each row of the horizon is; None where all are as usual."""
    if found.missing is None:
        return None
    factors, times = np.ones((horizon, len(found.names))), widening(ratios, found.missing, horizon)
    for series, of_rows in enumerate(found.names):
        if series not in deaf:
            factors[list(of_rows), series] = times[series]
    return factors
