"""Near misses: why a cell is no time, and which column of a table without times came nearest to it."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lstmcast.ingest.table.reader import OpenTable
from lstmcast.ingest.text.cells import Cells
from lstmcast.ingest.text.layouts import MONTHS, layouts_of
from lstmcast.ingest.time import names
from lstmcast.ingest.time.transcription import in_ascii

_FISCAL = re.compile(
    r"(?:fy|fiscal|gj|wj)[\s'_-]*\d{2,4}.*|[pqh]\d{1,2}[\s/_-]*(?:fy)?[\s'_-]*(?:fy\d{2,4}|\d{2,4}/\d{2,4})|"
    r"(?P<first>\d{4})[-/–](?P<second>\d{2}|\d{4})",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"\d{1,2}[:.h]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?\s*(?:[ap]\.?\s?m\.?)?", re.IGNORECASE)
_SHORT_FORM = re.compile(r"\d(?:[.,]\d+)?e\+?\d{1,2}", re.IGNORECASE)
_WEEK = re.compile(r"(?:week|w|wk|kw)[\s_-]*\d{1,2}", re.IGNORECASE)
_DAYS = {name.lower() for name in (*calendar.day_name, *calendar.day_abbr)}
_SHORTEST, _DAY = 8, 4  # characters of a date; depth of its layout
_SHOWN = 60  # characters of a cell
_COLUMNS = 200  # that are looked at in a wide table


@dataclass(frozen=True)
class _Miss:
    """weight: the larger, the nearer; column and row: where; why: what was not understood."""

    weight: float
    column: str
    row: int
    cell: str
    why: str


def why(cell: str) -> str:
    """Return why a cell is no time, as far as that can be told; else empty."""
    text = cell.strip()
    if _is_fiscal(text):
        return "a fiscal period, and nothing says when it begins; write the date of its first day"
    if _CLOCK.fullmatch(text):
        return "a time of day without a date; add the dates"
    if text.lower() in _DAYS:
        return "a day of the week without a date; add the dates"
    if text.lower().rstrip(".") in MONTHS:
        return "a month without a year; add the years"
    if _WEEK.fullmatch(text):
        return "a week without a year; add the years"
    if _SHORT_FORM.fullmatch(text):
        return "a number whose last digits a spreadsheet left out; write all of them"
    rest = unread_end(text)
    return f"its end {rest!r} is not understood" if rest else ""


def _is_fiscal(text: str) -> bool:
    """True for FY2015-P01, Q1 FY20, 2005/06 and 2005-2006."""
    match = _FISCAL.fullmatch(text)
    if match is None or match["first"] is None:
        return match is not None
    return int(match["second"][-2:]) == (int(match["first"]) + 1) % 100


def unread_end(text: str) -> str:
    """Return what stands behind the longest date that a text begins with; empty without such a date."""
    plain = in_ascii(text)
    for end in range(len(plain) - 1, _SHORTEST - 1, -1):
        shape = re.sub(r"\d", "0", plain[:end].lower())
        if not plain[end].isdigit() and any(layout.depth >= _DAY for layout in layouts_of(shape)):
            return plain[end:].strip()
    return ""


def nearest(table: OpenTable, free: Sequence[str], share: Callable[[Cells], tuple[float, int]]) -> str:
    """The column that comes nearest to one of times, as a sentence; empty where none does.

    share: (how much of a column is times, the first row that is none).
    """
    found = [miss for name in free[:_COLUMNS] if (miss := _miss(name, table.column(name), share)) is not None]
    if not found:
        return ""
    best = max(found, key=lambda miss: miss.weight)
    where = f"{best.cell[:_SHOWN]!r} in line {table.line_of(best.row)}"
    return f"column {best.column!r} comes nearest, with {where}: {best.why}"


def _miss(name: str, cells: Cells, share: Callable[[Cells], tuple[float, int]]) -> _Miss | None:
    """Return how near a column comes to a time; None for one that is far from it."""
    row = next((row for row, cell in enumerate(cells) if cell.strip()), None)
    if row is None:
        return None
    said = (2 - names.rank(name)) / 4
    part, bad = share(cells)
    if part >= 0.5:
        reason = why(cells[bad]) or ("empty" if not cells[bad].strip() else "no time as the others are")
        return _Miss(2 + part + said, name, bad, cells[bad], reason)
    if reason := why(cells[row]):
        return _Miss(1 + said, name, row, cells[row], reason)
    if names.is_part(name) and cells[row].strip().isdecimal():
        return _Miss(said, name, row, cells[row], "a part of a date alone; add the others")
    if not names.says_time(name):
        return None
    return _Miss(said, name, row, cells[row], "no time that is known; write it as 2024-01-31 13:00")
