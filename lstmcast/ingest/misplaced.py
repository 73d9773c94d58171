"""Misplaced cells: an error of a cell of a wide file names the column in which the file has it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from lstmcast.core.errors import DataError
from lstmcast.ingest.columns.long import LongTable
from lstmcast.ingest.table.opening import open_table
from lstmcast.ingest.table.reader import OpenTable
from lstmcast.ingest.text.cells import as_text
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.source import Source, is_lasting
from lstmcast.ingest.time.remedy import UnsettledError


@contextmanager
def naming_its_column(table: OpenTable, source: Source) -> Iterator[None]:
    """An error of a cell in the column of values, which a wide file has not got, names the file's own column."""
    try:
        yield
    except DataError as error:
        is_made = isinstance(table, LongTable) and error.column == table.value and error.line is not None
        if not isinstance(table, LongTable) or not is_made or not is_lasting(source):
            raise
        column = _column(table, source, error)
        if column is None:
            raise
        error.column = column
        old, new = f"column {table.value!r}", f"column {column!r}"
        error.args = (str(error).replace(old, new, 1),)
        if isinstance(error, UnsettledError):
            error.fact = error.fact.replace(old, new, 1)
        raise


def _column(table: LongTable, source: Source, error: DataError) -> str | None:
    """The column whose cell in the line of an error is the one that its message shows."""
    wide = open_table(source, ReadContext(table.context.source, table.context.rules))
    names = [name for name in table.shape.columns if name in wide.names]
    for chunk in wide.chunks(names):
        for row in np.flatnonzero(chunk.lines == error.line):
            cells = [as_text(cells[row : row + 1])[0] for cells in chunk.cells]
            return next(
                (n for n, cell in zip(names, cells, strict=True) if repr(cell.strip()) in str(error)), None
            )
    return None
