"""Opening: a source is told by its content, text or parquet."""

from __future__ import annotations

from pathlib import Path

from lstmcast.ingest.table import parquet
from lstmcast.ingest.table.reader import Table, TextTable
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.source import opened


def open_table(source: str | Path, context: ReadContext) -> Table:
    """The table that a file or standard input holds; raises DataError when there is none."""
    stream = opened(source)
    try:
        if stream.peek(len(parquet.MAGIC)).startswith(parquet.MAGIC):
            return parquet.ParquetTable(stream, context)
        return TextTable(stream, context)
    except BaseException:
        stream.close()
        raise
