"""A time axis: the column, or the columns together, that say when a row was."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lstmcast.core.options import parse_names, write_names
from lstmcast.ingest.table.reader import Lines, OpenTable
from lstmcast.ingest.table.roles import listed, match, plain, unitless
from lstmcast.ingest.text.cells import Cells, as_text, is_numeric
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.decoding import Micros
from lstmcast.ingest.text.layouts import COUNTER, DECIMAL, DIGITS, EPOCH, ORDINAL, SERIAL, SHORT, YEARWEEK
from lstmcast.ingest.time import flags, misses, names, numbered
from lstmcast.ingest.time.stamps import StampColumn, Stamps, guessed, share_of_times


@dataclass(frozen=True)
class TimeAxis:
    """The columns that make a stamp, and the text that stands after each of them.

    numbered: how many of the last columns number parts of the day that the first one names; flag: a column that
    tells apart the hours that happen twice, or None; day_of_year: the second column is one; is_interval: the last
    column has two times of day, of which the first counts; digits: 4 or 6 where it has times of day as bare digits
    (HHMM or HHMMSS, perhaps without the zeros in front), else 0.
    """

    names: tuple[str, ...]
    glue: tuple[str, ...] = ("",)
    numbered: int = 0
    flag: str | None = None
    day_of_year: bool = False
    is_interval: bool = False
    digits: int = 0

    @property
    def written(self) -> str:
        """The names as --time takes them."""
        return self.names[0] if len(self.names) == 1 else write_names(self.names)

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns to read."""
        return self.names if self.flag is None else (*self.names, self.flag)

    def cells(self, parts: Sequence[Cells]) -> Cells:
        """The stamps as text: the parts with their glue between; empty where all parts are."""
        parts = parts[: len(self.names) - self.numbered]
        if len(parts) == 1:
            return as_text(parts[0]) if is_numeric(parts[0]) else parts[0]
        parts = [as_text(part) for part in parts]
        widths = {1: 3} if self.day_of_year else {}
        widths |= {place + 1: 2 for place, glue in enumerate(self.glue[:-1]) if glue == ":"}
        for place, width in widths.items():
            parts[place] = np.array([_padded(cell, width) for cell in parts[place]], dtype=object)
        if self.is_interval:
            parts[-1] = np.array([_UNTIL.sub("", cell) for cell in parts[-1]], dtype=object)
        if self.digits:
            parts[-1] = np.array([_clock(cell, self.digits) for cell in parts[-1]], dtype=object)
        whole = parts[0] + self.glue[0]
        for part, glue in zip(parts[1:], self.glue[1:], strict=False):
            whole = whole + part + glue
        blank = np.logical_and.reduce([part == "" for part in parts])
        whole[blank] = ""
        joined: Cells = whole
        return joined

    def column(self, context: ReadContext) -> AxisColumn:
        """Return the collector of its columns."""
        return AxisColumn(self, context)


_UNTIL = re.compile(r"\s*[-–].*")


def _padded(cell: str, width: int) -> str:
    """A number with zeros in front; an empty cell stays empty."""
    text = cell.strip().removesuffix(".0")
    return text.zfill(width) if text else ""


def _clock(cell: str, digits: int) -> str:
    """Bare digits as a time of day: `30` of HHMM is `00:30`; an empty cell stays empty."""
    text = _padded(cell, digits)
    return ":".join(text[place : place + 2] for place in range(0, len(text), 2))


class AxisColumn:
    """Collects the chunks of a time axis."""

    def __init__(self, axis: TimeAxis, context: ReadContext) -> None:
        self.axis, self.name = axis, axis.written
        self._text = len(axis.names) - axis.numbered
        self._stamps = StampColumn(",".join(axis.names[: self._text]), context)
        self._numbers = numbered.NumberedColumn(axis.names[self._text :], context) if axis.numbered else None
        self._flags = flags.FlagColumn() if axis.flag else None

    def add(self, parts: Sequence[Cells], lines: Lines) -> None:
        """Take a chunk; raises DataError with the line of the first cell that is no time."""
        self._stamps.add(self.axis.cells(parts), lines)
        if self._numbers is not None and len(lines):
            self._numbers.add(parts[self._text : len(self.axis.names)], lines)
        if self._flags is not None and len(lines):
            self._flags.add(parts[-1])

    @property
    def is_empty(self) -> bool:
        """Return whether no cell was taken."""
        return self._stamps.is_empty

    def finish(self) -> Stamps:
        """All of it; raises DataError when day and month could be either way round."""
        stamps = self._stamps.finish()
        repeats = None if self._flags is None else self._flags.finish()
        if self._numbers is None:
            return replace(stamps, repeats=repeats)
        found = self._numbers.finish(stamps.wall)
        if repeats is None and (found.repeats != numbered.UNSAID).any():
            repeats = found.repeats
        depth = 5 if found.a_day == 24 else 6
        wall = stamps.wall + found.elapsed
        return replace(stamps, wall=wall, depth=depth, style="", numbers=found, repeats=repeats)


_MOSTLY = 0.8  # share of steps of one in a counter that has gaps, or starts again with every series
_REGULAR = 0.5  # share of equal steps in a column of codes that nothing but their steps tells for times
_GLUE = {"year": "-", "month": "-", "day": " ", "hour": ":", "minute": ":", "second": ""}
_OF_A_YEAR = (("Q", names.QUARTERS), ("-W", names.WEEKS), ("-", names.DAYS_OF_YEAR))
_CLOCK = re.compile(
    r"\s*\d{1,2}[:.h]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?(?:\s*[aApP]\.?\s?[mM]\.?)?"
    r"(?:\s*[-–]\s*\d{1,2}[:.h]\d{2}(?:[:.]\d{2})?)?\s*"
)


_BARE = re.compile(r"\s*\d{1,6}(?:\.0)?\s*")
_CODES = (EPOCH, SERIAL, SHORT, YEARWEEK, DECIMAL)
_PLAUSIBLE = (
    631_152_000_000_000,
    4_102_444_800_000_000,
)  # 1990 and 2100 in µs: seconds since 1970 of a column without a telling name


@dataclass(frozen=True, eq=False)
class _Candidate:
    name: str
    place: int
    stamps: Stamps

    @property
    def rank(self) -> tuple[int, int]:
        """Smaller is likelier: a name that says time, then the place in the file."""
        return names.rank(self.name), self.place

    @property
    def is_coded(self) -> bool:
        """True for bare numbers that might be something else."""
        return self.stamps.order in _CODES or (self.stamps.order == ORDINAL and self.stamps.is_bare)

    @property
    def is_calendar(self) -> bool:
        """True when the cells alone say that they are dates, or their name does."""
        order = self.stamps.order
        if order == COUNTER:
            return False
        if self.is_coded:
            is_epoch = order == EPOCH and names.counts(self.name)
            return names.says_time(self.name) or names.says_week(self.name) or is_epoch
        return self.stamps.depth >= 2 if order == DIGITS else True

    @property
    def is_code(self) -> bool:
        """True for bare numbers that are dates by their steps alone: they rise, and mostly by the same."""
        if not self.is_coded or names.counts(self.name):
            return False
        wall = self.stamps.wall
        steps = np.diff(np.unique(wall))
        if steps.size < 3:
            return False
        turns = min((np.diff(wall) < 0).mean(), (np.diff(wall) > 0).mean())
        if self.stamps.order == EPOCH:
            return bool(turns < 1 - _MOSTLY) and _are_recent(wall)
        typical = np.median(steps)
        return bool(turns < 1 - _MOSTLY and (np.abs(steps - typical) <= typical / 4).mean() >= _REGULAR)

    @property
    def is_year(self) -> bool:
        """True for 1950, 1951, … under a name that says time."""
        return self.stamps.order == DIGITS and self.stamps.depth == 0 and names.says_time(self.name)

    @property
    def is_counter(self) -> bool:
        """True for whole numbers that go up by one, mostly if their name says that they count."""
        if self.stamps.order not in (COUNTER, DIGITS) or self.stamps.wall.size < 2:
            return False
        ones = float((np.diff(self.stamps.wall) == 1).mean())
        is_named = self.rank[0] == 0 or names.counts(self.name)
        return ones >= (_MOSTLY if is_named else 1.0)


def _are_recent(wall: Micros) -> bool:
    return bool(wall.min() >= _PLAUSIBLE[0] and wall.max() < _PLAUSIBLE[1])


def tells_time(name: str, cells: Cells) -> bool:
    """True for a column that only tells the time or counts the rows: year, month, day, hour, a row's number."""
    if names.is_part(name) or (numbered.is_numbered(cells) and numbered.has_letters(cells)):
        return True
    stamps = guessed(cells, name)
    if stamps is None:
        return False
    candidate = _Candidate(name, 0, stamps)
    return candidate.is_counter or candidate.is_calendar


def find_axis(table: OpenTable, taken: set[str | None]) -> TimeAxis:
    """The likeliest time axis among the columns that are not taken; raises DataError when there is none.

    Whole stamps come before dates with an hour beside them, these before year, month and day in columns of their
    own, these before dates alone, years, codes and counters; where two are equal, the name decides, then the place.
    """
    free = [name for name in table.names if name not in taken]
    candidates = [
        _Candidate(name, place, stamps)
        for place, name in enumerate(free)
        if (stamps := guessed(table.column(name), name, is_counted=table.context.is_counted)) is not None
    ]
    candidates.sort(key=lambda candidate: candidate.rank)
    calendars = [candidate for candidate in candidates if candidate.is_calendar]
    dates = [candidate for candidate in calendars if candidate.stamps.depth < 5]
    axes = [TimeAxis((candidate.name,)) for candidate in calendars if candidate.stamps.depth >= 5]
    axes += [axis for candidate in dates if (axis := _with_companion(candidate, table, free))]
    axes += [parts] if (parts := _part_columns(table, free)) else []
    axes += [TimeAxis((candidate.name,)) for candidate in dates]
    axes += [TimeAxis((candidate.name,)) for candidate in candidates if candidate.is_year]
    sure = len(axes)
    codes = [candidate for candidate in candidates if not candidate.is_calendar and candidate.is_code]
    axes += [TimeAxis((candidate.name,)) for candidate in codes]
    axes = axes or _counters(candidates) or _damaged(table, free)
    if not axes:
        raise table.context.refusal(_no_time(tuple(free), misses.nearest(table, free, share_of_times)))
    if not sure and codes:
        _warn_of_code(codes[0], table)
    _say(axes[0], axes[1:sure], table)
    return _flagged(axes[0], table)


def _no_time(names: tuple[str, ...], nearest: str) -> str:
    if not names:
        return "there is no column beside those with a role; add one with times, or with a counter 1, 2, 3, …"
    if nearest:
        return f"no column holds times: {nearest}"
    wide = "; if every series is a row, make the table long" if len(names) > 30 else ""
    return f"no column holds times (looked at {listed(names)}); add one with times such as 2024-01-31 13:00{wide}"


def _warn_of_code(candidate: _Candidate, table: OpenTable) -> None:
    """Say of a column that nothing but its steps tells for dates what it was taken for."""
    first = candidate.stamps.wall[:1].astype("datetime64[us]").astype("datetime64[s]")[0]
    cell = table.column(candidate.name)[0]
    table.context.warn(
        "time_column",
        f"column {candidate.name!r} is taken for the time: {candidate.stamps.order}, {cell} is {first}",
        "--freq count if it counts rows",
    )


def _say(axis: TimeAxis, rivals: Sequence[TimeAxis], table: OpenTable) -> None:
    """Note a choice that was not the only one."""
    others = [rival.written for rival in rivals if not set(axis.names) & set(rival.names)]
    taken = ",".join(axis.names)
    if others:
        message = f"column {taken!r} is taken for the time; {others[0]!r} could be it too"
        table.context.info("time_column", message, f"--time {shlex.quote(others[0])}")
    elif len(axis.names) > 1:
        table.context.info("time_column", f"columns {taken} together are taken for the time", "--time")


def _flagged(axis: TimeAxis, table: OpenTable) -> TimeAxis:
    """The axis with the column that tells equal hours apart, where the table has one."""
    flag = flags.flag_column(table.names)
    if flag is None or flag in axis.names or not flags.is_flag(table.column(flag)):
        return axis
    return replace(axis, flag=flag)


def _counters(candidates: Sequence[_Candidate]) -> list[TimeAxis]:
    """Columns that count rows, the likeliest first."""
    counters = [candidate for candidate in candidates if candidate.is_counter]
    counters.sort(key=lambda c: (c.rank[0] > 1 and not names.counts(c.name), c.rank))
    return [TimeAxis((candidate.name,)) for candidate in counters]


def _damaged(table: OpenTable, free: Sequence[str]) -> list[TimeAxis]:
    """Columns that begin with a date: reading one will tell which of its cells is none."""
    axes = []
    for place, name in enumerate(free):
        first = guessed(table.column(name)[:1], name)
        if first is not None and _Candidate(name, place, first).is_calendar:
            axes.append(TimeAxis((name,)))
    return axes


def companions(date: str, table: OpenTable) -> Iterator[TimeAxis]:
    """A column of dates together with others that hold the time of day, the likeliest first."""
    stamps = guessed(table.column(date), date)
    if stamps is None or stamps.depth >= 5:
        return
    others = [name for name in table.names if name != date]
    for axis in _companions(_Candidate(date, 0, stamps), table, others):
        if _checked(axis, table):
            yield axis


def _with_companion(date: _Candidate, table: OpenTable, free: Sequence[str]) -> TimeAxis | None:
    """A column of dates together with columns of hours, times of day or numbers of its parts; None without one."""
    others = [name for name in free if name != date.name]
    for axis in _companions(date, table, others):
        if _checked(axis, table):
            return axis
    return None


def _companions(date: _Candidate, table: OpenTable, others: Sequence[str]) -> Iterator[TimeAxis]:
    """Yield what might go with a date, the likeliest first."""
    numbers = [
        name for name in others if _may_number(name, table) and numbered.is_numbered(table.column(name))
    ]
    hours = [name for name in numbers if _is_hour(name)]
    for hour in hours:
        minutes = next((name for name in numbers if unitless(name) in names.PARTS[4][1]), None)
        if minutes is not None:
            yield TimeAxis((date.name, hour, minutes), (" ", ":", ""))
        for name in numbers:
            if name != hour and names.says_period(name) and _cuts_hours(table.column(name)):
                yield TimeAxis((date.name, hour, name), numbered=2)
        yield TimeAxis((date.name, hour), numbered=1)
    for name in others:
        cells = table.column(name)
        is_clock = names.says_time(name) or names.says_hour(name) or _is_hour(name)
        if is_clock and (digits := _clock_digits(cells)):
            yield TimeAxis((date.name, name), (" ", ""), digits=digits)
        if not _all_match(_CLOCK, cells):
            continue
        is_named = set(plain(name).split()) & names.CLOCKS or names.says_time(name)
        if is_named or any(":" in cell or "h" in cell for cell in cells[:1]):
            yield TimeAxis(
                (date.name, name), (" ", ""), is_interval=any("-" in cell or "–" in cell for cell in cells)
            )
    for name in numbers:
        if numbered.has_letters(table.column(name)) or (
            (names.says_period(name) or names.says_hour(name)) and _fills_days(date, table.column(name))
        ):
            yield TimeAxis((date.name, name), numbered=1)


def _clock_digits(cells: Cells) -> int:
    """4 for times of day as HHMM, 6 for HHMMSS, which some must need to the full or but for one zero; else 0."""
    if not _all_match(_BARE, cells):
        return 0
    longest = max(len(str(cell).strip().removesuffix(".0")) for cell in cells)
    return {3: 4, 4: 4, 5: 6, 6: 6}.get(longest, 0)


def _may_number(name: str, table: OpenTable) -> bool:
    """True where the name or the first cell lets a column be one of hours or of other parts of a day."""
    is_named = _is_hour(name) or names.says_hour(name) or names.says_period(name)
    is_minutes = unitless(name) in names.PARTS[4][1]
    return is_named or is_minutes or numbered.has_letters(table.column(name)[:1])


def _is_hour(name: str) -> bool:
    return unitless(name) in names.PARTS[3][1] or names.is_hour(name)


def _fills_days(date: _Candidate, cells: Cells) -> bool:
    return date.stamps.wall.size == len(cells) and numbered.fill_days(date.stamps.wall, cells)


def _cuts_hours(cells: Cells) -> bool:
    """True for numbers of the parts of an hour: 1 to 2, 4, 6 or 12, or from 0."""
    found = sorted({numbered.read_number(str(cell)) or (-1, 0) for cell in cells})
    return (
        len(found) in (2, 4, 6, 12) and found[0][0] in (0, 1) and found[-1][0] == found[0][0] + len(found) - 1
    )


def _part_columns(table: OpenTable, free: Sequence[str]) -> TimeAxis | None:
    """Columns named year, month, day, hour, … as far as they go."""
    found = []
    for part, words in names.PARTS:
        column = next((name for name in free if unitless(name) in words), None)
        if column is None:
            break
        found.append((part, column))
    if not found:
        return None
    joined = [_joined_parts(found)] if len(found) > 1 else []
    year = found[0][1]
    pairs = [(year, name) for name in free]
    axes = joined + [axis for pair in pairs for axis in _of_a_year(pair)]
    hours = [name for name in free if _is_hour(name)]
    finer = [
        TimeAxis((*axis.names, hour), (*axis.glue[:-1], " ", ":00"), day_of_year=axis.day_of_year)
        for axis in axes
        if axis.day_of_year
        for hour in hours
    ]
    return next((axis for axis in finer + axes if _checked(axis, table)), None)


def _of_a_year(pair: tuple[str, ...]) -> Iterator[TimeAxis]:
    """A year with its quarter, its week or its day."""
    for glue, words in _OF_A_YEAR:
        if len(pair) == 2 and unitless(pair[1]) in words:
            yield TimeAxis(pair, (glue, ""), day_of_year=glue == "-")


def _joined_parts(parts: Sequence[tuple[str, str]]) -> TimeAxis:
    glue = [_GLUE[part] for part, _ in parts]
    glue[-1] = ":00" if parts[-1][0] == "hour" else ""
    return TimeAxis(tuple(name for _, name in parts), tuple(glue))


def _checked(axis: TimeAxis, table: OpenTable) -> TimeAxis | None:
    """The axis when the sample can be read with it."""
    parts = [table.column(name) for name in axis.names]
    text = len(parts) - axis.numbered
    stamps = guessed(axis.cells(parts), ",".join(axis.names[:text]))
    if stamps is None or (axis.numbered and stamps.depth != 4):
        return None
    return axis if all(numbered.is_numbered(cells) for cells in parts[text:]) else None


def named_axis(time: str, table: OpenTable) -> TimeAxis:
    """The time axis that the user named: one column, or several with commas between."""
    if time in table.names or "," not in time:
        return _flagged(TimeAxis((match(time, table, "--time"),)), table)
    parts = tuple(match(part, table, "--time") for part in parse_names(time))
    for axis in _ways_to_join(parts, table):
        if _checked(axis, table):
            return _flagged(axis, table)
    example = " ".join(str(table.column(name)[0]) for name in parts)
    raise table.context.refusal(f"columns {time} make no time together (the first row has {example!r})")


def _ways_to_join(parts: tuple[str, ...], table: OpenTable) -> Iterator[TimeAxis]:
    """By what the names say, as a date with an hour or a time of day, and as year, month, day, hour in order."""
    said = [part for name in parts for part, words in names.PARTS if unitless(name) in words]
    order = [part for part, _ in names.PARTS]
    if len(said) == len(parts) and said == order[: len(said)]:
        yield _joined_parts(list(zip(said, parts, strict=True)))
    yield from _of_a_year(parts)
    if len(parts) == 3:
        for axis in _of_a_year(parts[:2]):
            yield TimeAxis(parts, (axis.glue[0], " ", ":00"), day_of_year=axis.day_of_year)
        if _cuts_hours(table.column(parts[2])):
            yield TimeAxis(parts, numbered=2)
        yield TimeAxis(parts, (" ", ":", ""))
    if len(parts) == 2:
        yield TimeAxis(parts, numbered=1)
        if digits := _clock_digits(table.column(parts[1])):
            yield TimeAxis(parts, (" ", ""), digits=digits)
        yield TimeAxis(parts, (" ", ""), is_interval=_all_match(_CLOCK, table.column(parts[1])))
    if len(parts) <= len(order):
        yield _joined_parts(list(zip(order, parts, strict=False)))


def _all_match(pattern: re.Pattern[str], cells: Cells) -> bool:
    return bool(len(cells)) and all(pattern.fullmatch(cell) for cell in cells)
