"""Roles: which column plays which part, as the user named them or as the file shows."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstmcast.errors import DataError
from lstmcast.ingest.findings import Finding, info, warning
from lstmcast.ingest.layouts import COUNTER, DIGITS, EPOCH, MONTHS
from lstmcast.ingest.reader import Cells, Table
from lstmcast.ingest.stamps import Stamps, looks_like_time


@dataclass(frozen=True)
class Roles:
    """Which column is which: time and id None when not named; several time columns stand with commas between."""

    target: str
    time: str | None = None
    id: str | None = None
    known: tuple[str, ...] = ()
    past: tuple[str, ...] = ()

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns of numbers in the order of a Panel: target, known, past."""
        return (self.target, *self.known, *self.past)


@dataclass(frozen=True)
class TimeAxis:
    """The columns that make a stamp, and the text that stands after each of them."""

    names: tuple[str, ...]
    glue: tuple[str, ...] = ("",)

    def cells(self, parts: Sequence[Cells]) -> Cells:
        """The stamps as text: the parts with their glue between; empty where all parts are."""
        if len(parts) == 1:
            return parts[0]
        whole = parts[0] + self.glue[0]
        for part, glue in zip(parts[1:], self.glue[1:], strict=True):
            whole = whole + part + glue
        blank = np.logical_and.reduce([part == "" for part in parts])
        whole[blank] = ""
        joined: Cells = whole
        return joined


def resolve(roles: Roles, table: Table, findings: list[Finding]) -> tuple[Roles, TimeAxis]:
    """The roles under the file's own column names, and its time axis; raises DataError for a column not there."""
    _refuse_wide(table)

    def named(name: str, option: str) -> str:
        return match(name, table, option, findings)

    target = named(roles.target, "--target")
    identity = named(roles.id, "--id") if roles.id is not None else None
    known = tuple(named(name, "--known") for name in roles.known)
    past = tuple(named(name, "--past") for name in roles.past)
    taken = {target, identity, *known, *past}
    if roles.time is None:
        axis = _found_axis(table, [name for name in table.names if name not in taken], findings)
    else:
        axis = _named_axis(roles.time, table, findings)
    resolved = Roles(target, ",".join(axis.names), identity, known, past)
    _check_once(resolved, axis)
    return resolved, axis


def match(name: str, table: Table, option: str, findings: list[Finding]) -> str:
    """The column of this name: exactly, else by case, white space and unit, with a finding."""
    if name in table.names:
        if table.dialect.names.count(name) > 1:
            raise DataError(
                f"{table.name}: {table.dialect.names.count(name)} columns are called {name!r}; rename one"
            )
        return name
    for plain in (_plain, _unitless):
        like = [column for column in table.names if plain(column) == plain(name)]
        if len(like) == 1:
            findings.append(info("name", f"there is no column {name!r}; {like[0]!r} is taken for it", option))
            return like[0]
    raise DataError(_absent(name, table, option))


def _absent(name: str, table: Table, option: str) -> str:
    shown = (
        table.names if len(table.names) <= 30 else (*table.names[:30], f"and {len(table.names) - 30} more")
    )
    near = difflib.get_close_matches(_plain(name), [_plain(column) for column in table.names], n=1)
    hint = ""
    if near:
        nearest = next(column for column in table.names if _plain(column) == near[0])
        hint = f"; did you mean {nearest!r}?"
    return f"{table.name}: there is no column {name!r} ({option}); the columns are {', '.join(shown)}{hint}"


def _plain(name: str) -> str:
    return re.sub(r"[\s_]+", " ", name.strip()).casefold()


def _unitless(name: str) -> str:
    return re.sub(r"\s*[(\[].*[)\]]\s*$", "", _plain(name))


def _check_once(roles: Roles, axis: TimeAxis) -> None:
    """Raise DataError when a column is to play two parts."""
    seen: set[str] = set()
    for name in (*axis.names, *((roles.id,) if roles.id else ()), *roles.numbers):
        if name in seen:
            raise DataError(
                f"column {name!r} is named twice; a column plays one part: time, id, target, known or past"
            )
        seen.add(name)


# --- the time axis ---------------------------------------------------------------------------------------------

_TIME_NAMES = frozenset(
    ["time", "date", "datetime", "timestamp", "ds", "date", "time", "datetime", "utc", "timestamp", "utc", "time", "stamp", "period", "day", "month", "week", "year", "quarter", "zeit", "datum", "zeitstempel", "fecha", "data", "heure", "horodatage", "date", "heure", "aika", "pvm", "tid", "dato", "hora", "valid", "time"]
) | {"date time", "utc timestamp", "valid time", "date heure", "time stamp", "time utc"}
_COUNTER_NAMES = frozenset(
    ["t", "n", "no", "i", "index", "step", "row", "number", "nr", "instant", "rownames", "id", "obs", "counter", "column", "1"]
) | {"column 1"}
_PARTS: tuple[tuple[str, frozenset[str]], ...] = (
    ("year", frozenset(["year", "yr", "yyyy", "jahr", "annee", "ano", "anno", "vuosi"])),
    ("month", frozenset(["month", "mnth", "mon", "mm", "monat", "mois", "mes", "kuukausi"])),
    ("day", frozenset(["day", "dd", "tag", "jour", "dia", "paiva"])),
    ("hour", frozenset(["hour", "hr", "hh", "h", "hours", "stunde", "heure", "hora", "tunti"])),
    ("minute", frozenset(["minute", "min", "minutes"])),
    ("second", frozenset(["second", "sec", "seconds"])),
)
_GLUE = {"year": "-", "month": "-", "day": " ", "hour": ":", "minute": ":", "second": ""}
_CLOCK = re.compile(r"\s*\d{1,2}[:.h]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?(?:\s*[aApP]\.?[mM]\.?)?\s*")
_HOUR = re.compile(r"\s*\d{1,2}\s*")


@dataclass(frozen=True)
class _Candidate:
    name: str
    place: int
    stamps: Stamps

    @property
    def rank(self) -> tuple[int, int]:
        """Smaller is likelier: a name that says time, then the place in the file."""
        plain = _unitless(self.name)
        words = set(plain.split())
        said = 0 if plain in _TIME_NAMES else 1 if words & _TIME_NAMES else 2
        return said, self.place

    @property
    def is_calendar(self) -> bool:
        """True when the cells alone say that they are dates."""
        order, said = self.stamps.order, self.rank[0]
        if order == COUNTER:
            return False
        if order == EPOCH:
            return said < 2
        return self.stamps.depth >= 2 if order == DIGITS else True

    @property
    def is_year(self) -> bool:
        """True for 1950, 1951, … under a name that says time."""
        return self.stamps.order == DIGITS and self.stamps.depth == 0 and self.rank[0] < 2

    @property
    def is_counter(self) -> bool:
        """True for whole numbers that go up by one from row to row."""
        wall = self.stamps.wall
        return self.stamps.order in (COUNTER, DIGITS) and wall.size > 1 and bool((np.diff(wall) == 1).all())


def _found_axis(table: Table, names: Sequence[str], findings: list[Finding]) -> TimeAxis:
    candidates = []
    for place, name in enumerate(names):
        stamps = looks_like_time(table.column(name))
        if stamps is not None:
            candidates.append(_Candidate(name, place, stamps))
    candidates.sort(key=lambda candidate: candidate.rank)
    calendars = [candidate for candidate in candidates if candidate.is_calendar]
    full = [candidate for candidate in calendars if candidate.stamps.depth >= 5]
    axes = [TimeAxis((candidate.name,)) for candidate in full]
    dates = [candidate for candidate in calendars if candidate.stamps.depth < 5]
    axes += [axis for candidate in dates if (axis := _with_companion(candidate, table, names))]
    parts = _part_columns(table, names)
    axes += [parts] if parts else []
    axes += [TimeAxis((candidate.name,)) for candidate in dates]
    axes += [TimeAxis((candidate.name,)) for candidate in candidates if candidate.is_year]
    axes += _counters(candidates)
    if not axes:
        raise DataError(_no_time(table, names))
    _say_rivals(axes, findings)
    return axes[0]


def _say_rivals(axes: Sequence[TimeAxis], findings: list[Finding]) -> None:
    used = set(axes[0].names)
    rivals = [",".join(axis.names) for axis in axes[1:] if not used & set(axis.names)]
    if rivals:
        message = f"column {','.join(axes[0].names)!r} is taken for the time; {rivals[0]!r} could be it too"
        findings.append(info("time_column", message, f"--time {rivals[0]}"))


def _counters(candidates: Sequence[_Candidate]) -> list[TimeAxis]:
    """Columns that count rows, the likeliest first."""
    counters = [candidate for candidate in candidates if candidate.is_counter]
    counters.sort(key=lambda c: (c.rank[0] > 1 and _unitless(c.name) not in _COUNTER_NAMES, c.rank))
    return [TimeAxis((candidate.name,)) for candidate in counters]


def _with_companion(date: _Candidate, table: Table, names: Sequence[str]) -> TimeAxis | None:
    """A column of dates together with a column of hours or times of day; None when there is none."""
    for name in names:
        if name == date.name:
            continue
        cells = table.column(name)
        hours = _plain(name) in _PARTS[3][1] and _all_match(_HOUR, cells)
        if hours or (_all_match(_CLOCK, cells) and any(":" in cell or "h" in cell for cell in cells[:1])):
            return _checked(TimeAxis((date.name, name), (" ", ":00" if hours else "")), table)
        if _all_match(_CLOCK, cells) and set(_plain(name).split()) & (
            _TIME_NAMES | {"klo", "uhrzeit", "tijd"}
        ):
            return _checked(TimeAxis((date.name, name), (" ", "")), table)
    return None


def _part_columns(table: Table, names: Sequence[str]) -> TimeAxis | None:
    """Columns named year, month, day, hour, … as far as they go."""
    found = []
    for part, words in _PARTS:
        column = next((name for name in names if _unitless(name) in words), None)
        if column is None:
            break
        found.append((part, column))
    if len(found) < 2:
        return None
    return _checked(_joined_parts(found), table)


def _joined_parts(parts: Sequence[tuple[str, str]]) -> TimeAxis:
    glue = [_GLUE[part] for part, _ in parts]
    glue[-1] = ":00" if parts[-1][0] == "hour" else ""
    return TimeAxis(tuple(name for _, name in parts), tuple(glue))


def _checked(axis: TimeAxis, table: Table) -> TimeAxis | None:
    """The axis when the sample can be read with it."""
    cells = axis.cells([table.column(name) for name in axis.names])
    return axis if looks_like_time(cells) is not None else None


def _named_axis(time: str, table: Table, findings: list[Finding]) -> TimeAxis:
    """The time axis that the user named: one column, or several with commas between."""
    if time in table.names or "," not in time:
        return TimeAxis((match(time, table, "--time", findings),))
    names = tuple(match(part.strip(), table, "--time", findings) for part in time.split(",") if part.strip())
    parts = [part for name in names for part, words in _PARTS if _unitless(name) in words]
    ordered = [part for part, _ in _PARTS]
    axes = []
    if len(parts) == len(names) and parts == ordered[: len(parts)]:
        axes.append(_joined_parts(list(zip(parts, names, strict=True))))
    if len(names) == 2:
        axes += [TimeAxis(names, (" ", ":00")), TimeAxis(names, (" ", ""))]
    axes.append(
        TimeAxis(names, (*("-" if i < 2 else " " if i == 2 else ":" for i in range(len(names) - 1)), ""))
    )
    for axis in axes:
        if _checked(axis, table):
            return axis
    example = " ".join(str(table.column(name)[0]) for name in names)
    raise DataError(
        f"{table.name}: the columns {time} do not make a time together (the first row has {example!r})"
    )


def _all_match(pattern: re.Pattern[str], cells: Cells) -> bool:
    return bool(len(cells)) and all(pattern.fullmatch(cell) for cell in cells)


def _no_time(table: Table, names: Sequence[str]) -> str:
    shown = ", ".join(names[:30]) or "none beside the target"
    wide = len(names) > 30 and "; the table looks wide: make it long, one row a stamp"
    return f"{table.name}: no column holds times (looked at {shown}); name it with --time{wide or ''}"


# --- wide tables -----------------------------------------------------------------------------------------------


def _refuse_wide(table: Table) -> None:
    """Raise DataError for a table with a row a year and a column a month, or with dates for column names."""
    months = {MONTHS[_plain(name)] for name in table.names if _plain(name) in MONTHS}
    dates = [name for name in table.names if (stamp := _stamp(name)) and stamp.depth >= 2]
    if len(months) == 12:
        shape, example = "one row a year and a column a month", "month,value"
    elif len(dates) >= 3:
        shape, example = f"times as column names ({dates[0]}, {dates[1]}, …)", "time,value"
    else:
        return
    raise DataError(f"{table.name}: the table is wide: {shape}; make it long, one row a stamp: {example}")


def _stamp(name: str) -> Stamps | None:
    """The name read as a stamp, when it is one in letters or with separators (a plain number is none)."""
    if re.fullmatch(r"[-\d. ]*", name) and not re.search(r"\d-\d", name):
        return None
    return looks_like_time(np.array([name], dtype=object))


__all__ = ["Roles", "TimeAxis", "match", "resolve", "warning"]
