"""A time axis: the column, or the columns together, that say when a row was."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lstmcast.ingest.table.reader import Table
from lstmcast.ingest.table.roles import listed, match, plain, unitless
from lstmcast.ingest.text.cells import Cells, as_text, is_numeric
from lstmcast.ingest.text.layouts import COUNTER, DIGITS, EPOCH
from lstmcast.ingest.time.stamps import Stamps, guessed


@dataclass(frozen=True)
class TimeAxis:
    """The columns that make a stamp, and the text that stands after each of them."""

    names: tuple[str, ...]
    glue: tuple[str, ...] = ("",)

    def cells(self, parts: Sequence[Cells]) -> Cells:
        """The stamps as text: the parts with their glue between; empty where all parts are."""
        if len(parts) == 1:
            return as_text(parts[0]) if is_numeric(parts[0]) else parts[0]
        parts = [as_text(part) for part in parts]
        whole = parts[0] + self.glue[0]
        for part, glue in zip(parts[1:], self.glue[1:], strict=True):
            whole = whole + part + glue
        blank = np.logical_and.reduce([part == "" for part in parts])
        whole[blank] = ""
        joined: Cells = whole
        return joined


_MOSTLY = 0.8  # steps of one in a counter that has gaps, or starts again with every series


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TIME_NAMES = _words(
    "time date datetime timestamp ds stamp period day month week year quarter "
    "zeit datum zeitstempel fecha data heure horodatage aika pvm tid dato hora"
)
_COUNTER_NAMES = _words("t n no i index step row number nr instant rownames id obs counter") | {"column 1"}
_PARTS: tuple[tuple[str, frozenset[str]], ...] = (
    ("year", frozenset(["year", "yr", "yyyy", "jahr", "annee", "ano", "anno", "vuosi"])),
    ("month", frozenset(["month", "mnth", "mon", "mm", "monat", "mois", "mes", "kuukausi"])),
    ("day", frozenset(["day", "dd", "tag", "jour", "dia", "paiva"])),
    ("hour", frozenset(["hour", "hr", "hh", "h", "hours", "stunde", "heure", "hora", "tunti"])),
    ("minute", frozenset(["minute", "min", "minutes"])),
    ("second", frozenset(["second", "sec", "seconds"])),
)
_GLUE = {"year": "-", "month": "-", "day": " ", "hour": ":", "minute": ":", "second": ""}
_OF_A_YEAR = (("Q", _words("quarter qtr quartal trimestre")), ("-W", _words("week wk isoweek woche semaine")))
_CLOCK = re.compile(r"\s*\d{1,2}[:.h]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?(?:\s*[aApP]\.?[mM]\.?)?\s*")
_HOUR = re.compile(r"\s*\d{1,2}\s*")


@dataclass(frozen=True, eq=False)
class _Candidate:
    name: str
    place: int
    stamps: Stamps

    @property
    def rank(self) -> tuple[int, int]:
        """Smaller is likelier: a name that says time, then the place in the file."""
        name = unitless(self.name)
        said = 0 if name in _TIME_NAMES else 1 if set(name.split()) & _TIME_NAMES else 2
        return said, self.place

    @property
    def is_calendar(self) -> bool:
        """True when the cells alone say that they are dates."""
        order, said = self.stamps.order, self.rank[0]
        if order == COUNTER:
            return False
        if order == EPOCH:
            return said < 2 or unitless(self.name) in _COUNTER_NAMES
        return self.stamps.depth >= 2 if order == DIGITS else True

    @property
    def is_year(self) -> bool:
        """True for 1950, 1951, … under a name that says time."""
        return self.stamps.order == DIGITS and self.stamps.depth == 0 and self.rank[0] < 2

    @property
    def is_counter(self) -> bool:
        """True for whole numbers that go up by one, mostly if their name says that they count."""
        if self.stamps.order not in (COUNTER, DIGITS) or self.stamps.wall.size < 2:
            return False
        ones = float((np.diff(self.stamps.wall) == 1).mean())
        is_named = self.rank[0] == 0 or unitless(self.name) in _COUNTER_NAMES
        return ones >= (_MOSTLY if is_named else 1.0)


def tells_time(name: str, cells: Cells) -> bool:
    """True for a column that only tells the time or counts the rows: year, month, day, hour, a row's number."""
    words = unitless(name)
    if any(words in called for _, called in (*_PARTS, *_OF_A_YEAR)):
        return True
    stamps = guessed(cells)
    if stamps is None:
        return False
    candidate = _Candidate(name, 0, stamps)
    return candidate.is_counter or candidate.is_calendar


def find_axis(table: Table, taken: set[str | None]) -> TimeAxis:
    """The likeliest time axis among the columns that are not taken; raises DataError when there is none.

    Whole stamps come before dates with an hour beside them, these before year, month and day in columns of their
    own, these before dates alone, years and counters; where two are equal, the name decides, then the place.
    """
    names = [name for name in table.names if name not in taken]
    candidates = [
        _Candidate(name, place, stamps)
        for place, name in enumerate(names)
        if (stamps := guessed(table.column(name))) is not None
    ]
    candidates.sort(key=lambda candidate: candidate.rank)
    calendars = [candidate for candidate in candidates if candidate.is_calendar]
    dates = [candidate for candidate in calendars if candidate.stamps.depth < 5]
    axes = [TimeAxis((candidate.name,)) for candidate in calendars if candidate.stamps.depth >= 5]
    axes += [axis for candidate in dates if (axis := _with_companion(candidate, table, names))]
    axes += [parts] if (parts := _part_columns(table, names)) else []
    axes += [TimeAxis((candidate.name,)) for candidate in dates]
    axes += [TimeAxis((candidate.name,)) for candidate in candidates if candidate.is_year]
    sure = len(axes)
    axes += _counters(candidates) or _damaged(table, names)
    if not axes:
        raise table.context.refusal(_no_time(tuple(names)))
    _say(axes[0], axes[1:sure], table)
    return axes[0]


def _no_time(names: tuple[str, ...]) -> str:
    if not names:
        return "there is no column beside those with a role; add one with times, or with a counter 1, 2, 3, …"
    wide = "; if every series is a row, make the table long" if len(names) > 30 else ""
    return f"no column holds times (looked at {listed(names)}); name it with --time{wide}"


def _say(axis: TimeAxis, rivals: Sequence[TimeAxis], table: Table) -> None:
    """Note a choice that was not the only one."""
    others = [",".join(rival.names) for rival in rivals if not set(axis.names) & set(rival.names)]
    taken = ",".join(axis.names)
    if others:
        message = f"column {taken!r} is taken for the time; {others[0]!r} could be it too"
        table.context.info("time_column", message, f"--time {others[0]}")
    elif len(axis.names) > 1:
        table.context.info("time_column", f"columns {taken} together are taken for the time", "--time")


def _counters(candidates: Sequence[_Candidate]) -> list[TimeAxis]:
    """Columns that count rows, the likeliest first."""
    counters = [candidate for candidate in candidates if candidate.is_counter]
    counters.sort(key=lambda c: (c.rank[0] > 1 and unitless(c.name) not in _COUNTER_NAMES, c.rank))
    return [TimeAxis((candidate.name,)) for candidate in counters]


def _damaged(table: Table, names: Sequence[str]) -> list[TimeAxis]:
    """Columns that begin with a date: reading one will tell which of its cells is none."""
    axes = []
    for place, name in enumerate(names):
        first = guessed(table.column(name)[:1])
        if first is not None and _Candidate(name, place, first).is_calendar:
            axes.append(TimeAxis((name,)))
    return axes


def _with_companion(date: _Candidate, table: Table, names: Sequence[str]) -> TimeAxis | None:
    """A column of dates together with a column of hours or times of day; None when there is none."""
    for name in names:
        if name == date.name:
            continue
        cells = table.column(name)
        hours = plain(name) in _PARTS[3][1] and _all_match(_HOUR, cells)
        if hours or (_all_match(_CLOCK, cells) and any(":" in cell or "h" in cell for cell in cells[:1])):
            return _checked(TimeAxis((date.name, name), (" ", ":00" if hours else "")), table)
        if _all_match(_CLOCK, cells) and set(plain(name).split()) & (
            _TIME_NAMES | {"klo", "uhrzeit", "tijd"}
        ):
            return _checked(TimeAxis((date.name, name), (" ", "")), table)
    return None


def _part_columns(table: Table, names: Sequence[str]) -> TimeAxis | None:
    """Columns named year, month, day, hour, … as far as they go."""
    found = []
    for part, words in _PARTS:
        column = next((name for name in names if unitless(name) in words), None)
        if column is None:
            break
        found.append((part, column))
    if not found:
        return None
    joined = [_joined_parts(found)] if len(found) > 1 else []
    pairs = [(found[0][1], name) for name in names]
    axes = joined + [axis for pair in pairs for axis in _of_a_year(pair)]
    return next((axis for axis in axes if _checked(axis, table)), None)


def _of_a_year(names: tuple[str, ...]) -> Iterator[TimeAxis]:
    """A year with its quarter, or with its week."""
    for glue, words in _OF_A_YEAR:
        if len(names) == 2 and unitless(names[1]) in words:
            yield TimeAxis(names, (glue, ""))


def _joined_parts(parts: Sequence[tuple[str, str]]) -> TimeAxis:
    glue = [_GLUE[part] for part, _ in parts]
    glue[-1] = ":00" if parts[-1][0] == "hour" else ""
    return TimeAxis(tuple(name for _, name in parts), tuple(glue))


def _checked(axis: TimeAxis, table: Table) -> TimeAxis | None:
    """The axis when the sample can be read with it."""
    cells = axis.cells([table.column(name) for name in axis.names])
    return axis if guessed(cells) is not None else None


def named_axis(time: str, table: Table) -> TimeAxis:
    """The time axis that the user named: one column, or several with commas between."""
    if time in table.names or "," not in time:
        return TimeAxis((match(time, table, "--time"),))
    names = tuple(match(part.strip(), table, "--time") for part in time.split(",") if part.strip())
    for axis in _ways_to_join(names):
        if _checked(axis, table):
            return axis
    example = " ".join(str(table.column(name)[0]) for name in names)
    raise table.context.refusal(f"columns {time} make no time together (the first row has {example!r})")


def _ways_to_join(names: tuple[str, ...]) -> Iterator[TimeAxis]:
    """By what the names say, as a date with an hour or a time of day, and as year, month, day, hour in order."""
    said = [part for name in names for part, words in _PARTS if unitless(name) in words]
    order = [part for part, _ in _PARTS]
    if len(said) == len(names) and said == order[: len(said)]:
        yield _joined_parts(list(zip(said, names, strict=True)))
    yield from _of_a_year(names)
    if len(names) == 2:
        yield TimeAxis(names, (" ", ":00"))
        yield TimeAxis(names, (" ", ""))
    if len(names) <= len(order):
        yield _joined_parts(list(zip(order, names, strict=False)))


def _all_match(pattern: re.Pattern[str], cells: Cells) -> bool:
    return bool(len(cells)) and all(pattern.fullmatch(cell) for cell in cells)
