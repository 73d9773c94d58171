"""Identities: the column, or the columns together, with which the stamps of a file become unique."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.ingest.table.reader import OpenTable
from lstmcast.ingest.text.cells import Cells, as_text, factorized
from lstmcast.ingest.time import names
from lstmcast.ingest.time.axis import TimeAxis

_MOST_ROWS = 2_000_000  # that are looked at
_MOST_COLUMNS, _MOST_TOGETHER = 14, 4
_FEWEST_ROWS = 3  # that a series has on average
_LOOKED_AT = 400  # stamps whose rows are compared
_TOLERATED = 0.05  # share of rows that stand twice all the same, as in an hour that happens twice


@dataclass(frozen=True, eq=False)
class _Codes:
    """stamps (n,) and columns (C, n) of a table as numbers."""

    stamps: NDArray[np.int64]
    columns: NDArray[np.int64]

    def distinct(self, which: Sequence[int]) -> int:
        """Return how many different values these columns have together."""
        return np.unique(_as_one(self.columns[list(which)])).size

    def of_some_stamps(self) -> _Codes:
        """All rows of the stamps that have most of them, of many some."""
        often = np.bincount(self.stamps)
        chosen = np.argsort(-often, kind="stable")[:_LOOKED_AT]
        rows = np.isin(self.stamps, chosen)
        return _Codes(self.stamps[rows], self.columns[:, rows])

    def tells_apart(self, which: Sequence[int]) -> bool:
        """True where no two rows of a stamp have the same values there."""
        whole = _as_one(np.vstack([self.stamps[None], self.columns[list(which)]]))
        return whole.size - np.unique(whole).size <= _TOLERATED * whole.size


def _as_one(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) one number for each different column of (C, n) codes."""
    whole: NDArray[np.int64] = codes[0]
    for row in codes[1:]:
        whole = np.unique(whole * (int(row.max()) + 1) + row, return_inverse=True)[1].astype(np.int64)
    return whole


def identities(
    table: OpenTable, axis: TimeAxis, ids: Sequence[str], used: Sequence[str]
) -> Iterator[tuple[str, ...]]:
    """Columns that name series, the fewest first, and of equally many those that name the fewest series.

    ids: columns that name them already, but not apart; used: columns that have another part.
    """
    free = [
        name
        for name in table.names
        if name not in {*axis.columns, *ids, *used} and _may_name(name, table.column(name))
    ]
    free = free[:_MOST_COLUMNS]
    if not free:
        return
    codes = _codes(table, axis, ids, free)
    some, rows = codes.of_some_stamps(), codes.stamps.size
    for together in range(1, min(_MOST_TOGETHER, len(free)) + 1):
        found = []
        for which in itertools.combinations(range(len(free)), together):
            if some.tells_apart(which):
                series = codes.distinct(which)
                if series > 1 and rows >= _FEWEST_ROWS * series:
                    found.append((series, which))
        for _, which in sorted(found):
            yield tuple(free[place] for place in which)
        if found:
            return


def _may_name(name: str, cells: Cells) -> bool:
    """False for measurements, for parts of a date and for what is empty."""
    present = [cell for cell in as_text(cells) if cell.strip()]
    if not present or names.is_part(name) or names.is_hour(name):
        return False
    return not any(_is_fraction(cell) for cell in present)


def _is_fraction(cell: str) -> bool:
    """True for a number with a fraction that is not zero."""
    try:
        return not float(cell.replace(",", ".")).is_integer()
    except (ValueError, OverflowError):
        return False


def _codes(table: OpenTable, axis: TimeAxis, ids: Sequence[str], free: Sequence[str]) -> _Codes:
    """The stamps, each with its series as far as it is known, and these columns as numbers, as far as many rows go."""
    width = len(axis.columns)
    known: list[dict[str, int]] = [{} for _ in range(1 + len(free))]
    pieces: list[list[NDArray[np.int64]]] = [[] for _ in known]
    rows = 0
    for chunk in table.chunks([*axis.columns, *ids, *free]):
        parts, named = chunk.cells[:width], chunk.cells[width : width + len(ids)]
        stamps = axis.cells(parts)
        for extra in (*(parts[width - axis.numbered :] if axis.numbered else ()), *named):
            stamps = as_text(stamps) + (" " + as_text(extra))
        for place, cells in enumerate([stamps, *chunk.cells[width + len(ids) :]]):
            local, texts = factorized(as_text(cells))
            numbers = [known[place].setdefault(str(text), len(known[place])) for text in texts]
            pieces[place].append(np.array(numbers, dtype=np.int64)[local])
        rows += len(chunk.lines)
        if rows >= _MOST_ROWS:
            break
    whole = [np.concatenate(piece) for piece in pieces]
    return _Codes(whole[0], np.stack(whole[1:]))
