"""Footers: totals, sources and remarks below the rows of a table, which are no rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from lstmcast.ingest.text.cells import Cells, shown
from lstmcast.ingest.text.layouts import layouts_of

MOST = 30  # lines of a footer
_KEY = 0.9  # share of the rows above in which a column holds numbers or times, for a word below them to stand out
_LOOKED_AT, _FIRST = 200, 5  # cells of a column that are looked at, and those that may rule out dates at once
_KEPT = 4096  # cells whose kind is remembered: files of many groups hold the same stamps
_DIGITS = 8  # digits that a remark may hold: more of them are a time that went wrong
_DATA = re.compile(r"[+-]?[.,]?\d[\d\s.,:/TZ+-]*(?:[eE][+-]?\d+)?", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d+[.,]\d+")
_TOTALS = re.compile(
    r"(?:grand |sub)?(?:total|totals|totale|totaal|totalt|sum|sums|summe|gesamt|gesamtsumme|insgesamt|somme|soma|suma|"
    r"yhteensa|yhteensä|average|avg|mean|mittelwert|durchschnitt|moyenne|media|median|min|max|minimum|maximum)\b.*",
    re.IGNORECASE,
)


@lru_cache(maxsize=_KEPT)
def is_data(cell: str) -> bool:
    """True for a number or a time."""
    text = cell.strip()
    return bool(_DATA.fullmatch(text)) or bool(layouts_of(re.sub(r"\d", "0", text.lower())))


def keys(columns: Sequence[Cells]) -> list[int]:
    """Places of the columns that tell a row by its time: those of dates, else the first that holds numbers.

    columns: (n,) cells each, of which nearly all above the last lines must be so.
    """
    numbers: list[int] = []
    dates: list[int] = []
    for place, cells in enumerate(columns):
        above = cells[: max(1, len(cells) - MOST)]
        looked_at = above[:: 1 + len(above) // _LOOKED_AT]
        if numbers and not any(_is_date(shown(cell)) for cell in looked_at[:_FIRST]):
            continue
        body = [shown(cell) for cell in looked_at]
        if sum(map(is_data, body)) >= _KEY * len(body):
            numbers.append(place)
            dates += [place] if sum(map(_is_date, body)) >= _KEY * len(body) else []
    return dates or numbers[:1]


@lru_cache(maxsize=_KEPT)
def _is_date(cell: str) -> bool:
    """True for a cell that can be read as a date or a time and is no mere number."""
    text = cell.strip()
    has_parts = re.search(r"\d\D+\d", text) and not _NUMBER.fullmatch(text)
    return bool(has_parts) and bool(layouts_of(re.sub(r"\d", "0", text.lower())))


def length(columns: Sequence[Cells]) -> int:
    """Return how many of the last rows are a footer; columns: cells (n,) that tell a row by its time.

    Such a row has a word there, or nothing. More than MOST of them are none, nor are all rows.
    """
    rows = len(columns[0]) if columns else 0
    lines = 0
    while lines < min(rows, MOST + 1) and _is_footer([shown(cells[rows - 1 - lines]) for cells in columns]):
        lines += 1
    return 0 if lines > MOST or lines == rows else lines


def _is_footer(cells: Sequence[str]) -> bool:
    """Return whether no cell holds a time or one gone wrong, which begins with a digit."""
    said = [cell.strip() for cell in cells if cell.strip()]
    return not any(
        cell[0].isdigit() or is_data(cell) or sum(map(str.isdigit, cell)) > _DIGITS for cell in said
    )


def is_remark(cells: Sequence[str]) -> bool:
    """Return whether a line of an unusual number of cells is a remark: its first cell is a word."""
    return bool(cells) and bool(cells[0].strip()) and _is_footer(cells[:1])


def looks_like(cells: Sequence[str]) -> str:
    """Return what an odd line looks like, in words; empty where nobody can tell."""
    said = [cell.strip() for cell in cells if cell.strip()]
    if any(_TOTALS.fullmatch(cell) for cell in said):
        return "a total"
    if len(said) > 1 and not any(is_data(cell) for cell in said):
        return "the header of another table"
    if len(said) == 1 and not is_data(said[0]):
        return "a remark"
    return ""
