"""A wide table: one with times, or with series, for column names; its shape, and what a long table would say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstmcast.core.findings import count
from lstmcast.ingest.columns import hours
from lstmcast.ingest.columns.survey import CONSTANT, NUMBERS, SWITCH, candidates
from lstmcast.ingest.table.reader import OpenTable
from lstmcast.ingest.table.roles import match, plain
from lstmcast.ingest.text.layouts import MONTHS, QUARTER_WORDS, layouts_of
from lstmcast.ingest.time.numbered import read_number
from lstmcast.ingest.time.remedy import Remedy, unsettled
from lstmcast.ingest.time.stamps import guessed

VALUE = "value"  # what the column of values is called when the table is long
SERIES, HOUR, DAY, MONTH, QUARTER, TIME = (
    "series",
    "hour",
    "day",
    "month",
    "quarter",
    "time",
)  # and that of what column names said
_FEW_DATES, _FEWEST_DAYS, _FEWEST_DIGITS = 3, 28, 2
_QUARTER = re.compile(
    r"(?P<word>[^\W\d_]+)\.? ?(?P<behind>\d)|(?P<before>\d)[^\W\d_]{0,2}\.? ?(?P<word_behind>[^\W\d_]+)"
)
_LIKE, MANY = 5, 30  # columns of one stem, or of numbers at all, from which on a table looks wide


@dataclass(frozen=True)
class WideShape:
    """The shape of a wide table: columns that stand side by side, and what each of their names says.

    label: in which column a long table would say it, one of SERIES, HOUR, DAY, MONTH, QUARTER, TIME; words: the shape
    as messages tell it.
    """

    columns: tuple[str, ...]
    labels: tuple[str, ...]
    label: str
    words: str


def find_wide_shape(names: Sequence[str]) -> WideShape | None:
    """The shape of a table with times for column names; None for any other."""
    return _of_months(names) or _of_quarters(names) or _of_hours(names) or _of_days(names) or _of_dates(names)


def _of_months(names: Sequence[str]) -> WideShape | None:
    months = [name for name in names if plain(name) in MONTHS]
    if len(months) != 12 or len({MONTHS[plain(name)] for name in months}) != 12:
        return None
    labels = tuple(str(MONTHS[plain(name)]) for name in months)
    return WideShape(tuple(months), labels, MONTH, "one row a year and a column a month")


def _of_quarters(names: Sequence[str]) -> WideShape | None:
    """A column a quarter beside one alone, since among others four such may be switches."""
    found = {name: match for name in names if (match := _QUARTER.fullmatch(plain(name)))}
    numbers = tuple(match["before"] or match["behind"] for match in found.values())
    words = {match["word"] or match["word_behind"] for match in found.values()}
    if len(names) != len(found) + 1 or sorted(numbers) != list("1234") or not words <= QUARTER_WORDS:
        return None
    return WideShape(tuple(found), numbers, QUARTER, "one row a year and a column a quarter")


def _of_hours(names: Sequence[str]) -> WideShape | None:
    """A column an hour, or another part of a day."""
    found = hours.hours_in(names)
    if not found:
        return None
    columns = tuple(found)
    words = f"one row a day and a column an hour ({columns[0]}, {columns[1]}, …)"
    return WideShape(columns, tuple(found.values()), HOUR, words)


def _of_days(names: Sequence[str]) -> WideShape | None:
    """A column for each day of a month: 1 to 31, or D1 to D31."""
    found = {
        name: int(m[1])
        for name in names
        if (m := re.fullmatch(r"(?:d|day|tag)?[\s_]*0?(\d{1,2})", plain(name)))
    }
    if sorted(found.values()) != list(range(1, len(found) + 1)) or not _FEWEST_DAYS <= len(found) <= 31:
        return None
    columns = tuple(found)
    words = f"one row a month and a column a day ({columns[0]}, {columns[1]}, …)"
    return WideShape(columns, tuple(map(str, found.values())), DAY, words)


def _of_dates(names: Sequence[str]) -> WideShape | None:
    dates = tuple(name for name in names if _is_date(name))
    if len(dates) < _FEW_DATES:
        return None
    return WideShape(dates, dates, TIME, f"times as column names ({dates[0]}, {dates[1]}, …)")


def _is_date(name: str) -> bool:
    """True for a date of letters or with separators; a plain number may be the name of anything."""
    if re.fullmatch(r"[-+\d. ]*", name) and not re.search(r"\d-\d", name):
        return False
    if read_number(name) is not None or sum(map(str.isdigit, name)) < _FEWEST_DIGITS:
        return False
    if name.isascii() and not layouts_of(re.sub(r"\d", "0", name.lower())):
        return False
    stamps = guessed(np.array([name], dtype=object))
    return stamps is not None and stamps.depth >= 1


def like_columns(
    table: OpenTable, named: Sequence[str], taken: Sequence[str], *, may_lack: bool = False
) -> WideShape:
    """The shape of a table with a series a column: those that are named, else every column of numbers.

    may_lack: columns that are named may be missing, which is said. Raises DataError where there are not two.
    """
    there = _present(table, named) if may_lack else tuple(named)
    columns = tuple(match(name, table, "--target") for name in there) or (
        () if named else _numbers(table, taken)
    )
    if len(columns) < (1 if may_lack else 2):
        only = f"only {columns[0]!r}" if columns else "none"
        raise table.context.refusal(
            f"--wide takes columns of numbers that are series, and there is {only}", option="--wide"
        )
    shown = columns if len(columns) == 1 else (*columns[:2], "…") if len(columns) > 2 else columns
    return WideShape(columns, there or columns, SERIES, f"a column a series ({', '.join(shown)})")


def _present(table: OpenTable, named: Sequence[str]) -> tuple[str, ...]:
    """Those of the columns that the table has; that others are missing is said."""
    forms = {plain(name) for name in table.names}
    there = tuple(name for name in named if plain(name) in forms)
    gone = [name for name in named if name not in there]
    if gone and there:
        message = (
            f"{count(len(gone), 'series')} of the model {'are' if gone[1:] else 'is'} no column: {gone[0]!r}"
        )
        table.context.warn("series_left_out", message + (", …" if gone[1:] else ""))
    return there


def _numbers(table: OpenTable, taken: Sequence[str]) -> tuple[str, ...]:
    found = candidates(table, taken)
    return tuple(each.name for each in found if each.kind in (NUMBERS, SWITCH, CONSTANT))


def refuse_wide(table: OpenTable, target: str = "") -> None:
    """Raise DataError, with the option that reads it, for a table with times as column names.

    target: the column that is named, which may be a plain number among others.
    """
    if table.context.rules.wide:
        return
    shape = find_wide_shape(table.names)
    if shape is None or (target and target not in shape.columns and target in table.names):
        return
    if shape.label in (HOUR, DAY) and target and hours.are_bare(shape.columns):
        return
    raise unsettled(
        table.context,
        f"the table is wide: {shape.words}",
        [Remedy({"--wide": ""}, "read it with {}")],
        "make it long, one row a stamp: time,value",
    )


def looks_wide(numbers: Sequence[str]) -> str:
    """Return what to say of very many columns of numbers, or of many with one stem; empty for none."""
    stems: dict[str, list[str]] = {}
    for name in numbers:
        stems.setdefault(re.sub(r"\d+", "#", plain(name)), []).append(name)
    like = max(stems.values(), key=len, default=[])
    like = like if len(like) >= _LIKE else []
    like = list(numbers) if not like and len(numbers) >= MANY else like
    return f"the table looks wide: {len(like):,} like columns ({like[0]}, {like[1]}, …)" if like else ""
