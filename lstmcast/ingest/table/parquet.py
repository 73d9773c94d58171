"""A parquet file as a table: its numbers as they are, stamps and all else as text."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np

from lstmcast.core.errors import DataError
from lstmcast.ingest.table.reader import SAMPLE, Chunk
from lstmcast.ingest.text.cells import Cells, as_text
from lstmcast.ingest.text.context import ReadContext

MAGIC = b"PAR1"
_FIRST_LINE = 2  # of data, as in a CSV below its header
_ROWS = 1 << 18  # of a chunk
_NUMBER = 8  # bytes


class ParquetTable:
    """A parquet file opened."""

    def __init__(self, stream: io.BufferedReader, context: ReadContext) -> None:
        """Read what the file says of itself; raises DataError without pyarrow, or when the file is damaged."""
        self.context, self._stream = context, stream
        self._arrow, parquet = arrow_of(context.source)
        with self._refusing_damage():
            self._file = parquet.ParquetFile(stream if stream.seekable() else io.BytesIO(stream.read()))
            if not self._file.metadata.num_rows:
                raise context.refusal("has columns but no rows of data")
            self._refuse_bomb()
            self._sample: Any = next(self._file.iter_batches(SAMPLE))
        context.info("parquet", f"a parquet file, its first row is called line {_FIRST_LINE}")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns in file order."""
        return tuple(self._file.schema_arrow.names)

    @property
    def layout(self) -> str:
        """That it is no text."""
        return "parquet"

    @property
    def has_semicolons(self) -> bool:
        """False: it is no text."""
        return False

    def zone_of(self, names: Sequence[str]) -> str | None:
        """The zone that the type of a single column of stamps names."""
        kind = self._file.schema_arrow.field(names[0]).type if len(names) == 1 else None
        return kind.tz if kind is not None and self._arrow.types.is_timestamp(kind) else None

    def line_of(self, row: int) -> int:
        """The line of one of the first rows."""
        return _FIRST_LINE + row

    def column(self, name: str) -> Cells:
        """The first cells of a column, as str."""
        return as_text(self._cells(self._sample.column(name), name))

    def chunks(self, names: Sequence[str]) -> Iterator[Chunk]:
        """All rows of the named columns; rows in which they are all empty are left out."""
        line = _FIRST_LINE
        with self._stream, self._refusing_damage():
            for batch in self._file.iter_batches(_ROWS, columns=list(names)):
                cells = tuple(self._cells(batch.column(name), name) for name in names)
                chunk = Chunk(np.arange(line, line + batch.num_rows), cells)
                line += batch.num_rows
                self._tell((line - _FIRST_LINE) / self._file.metadata.num_rows)
                yield chunk.without(chunk.empty)

    def _refuse_bomb(self) -> None:
        """Refuse what a few kilobytes can claim: rows for a disk full of numbers."""
        metadata, largest = self._file.metadata, self.context.rules.largest_unpacked
        if metadata.num_rows * metadata.num_columns * _NUMBER > largest:
            rows = f"its {metadata.num_rows:,} rows and {metadata.num_columns:,} columns"
            raise self.context.refusal(
                f"{rows} unpack to more than {largest / 1e6:,.0f} MB; if that is right, lift the limit with "
                "--max-unpacked none"
            )

    def _tell(self, share: float) -> None:
        """Tell whoever waits for it what share of the file's bytes was read."""
        groups = self._file.metadata
        if self.context.watch is not None:
            size = sum(groups.row_group(i).total_byte_size for i in range(groups.num_row_groups))
            self.context.watch(round(share * size), size)

    def _cells(self, column: Any, name: str) -> Cells:
        """Cells of an arrow array: numbers as they are, instants in UTC, a null as an empty cell."""
        arrow, kind = self._arrow, column.type
        if arrow.types.is_integer(kind) or arrow.types.is_floating(kind):
            return np.asarray(
                column.to_numpy(zero_copy_only=False), dtype="i8" if _is_whole(column) else "f8"
            )
        if arrow.types.is_timestamp(kind):
            column = column.cast(arrow.timestamp("us", "UTC" if kind.tz else None), safe=False)
        if arrow.types.is_nested(kind) or arrow.types.is_duration(kind):
            return np.array([str(cell) for cell in column.to_pylist()], dtype=object)
        texts = column.cast(arrow.string()).fill_null("")
        return np.asarray(texts.to_numpy(zero_copy_only=False), dtype=object)

    @contextmanager
    def _refusing_damage(self) -> Iterator[None]:
        """Raises DataError for what pyarrow cannot read."""
        try:
            yield
        except (self._arrow.ArrowException, OSError) as error:
            reason = str(error).splitlines()[0]
            raise self.context.refusal(f"is a damaged parquet file ({reason}); write it again") from None


def _is_whole(column: Any) -> bool:
    """True for integers of which none is missing."""
    return "int" in str(column.type) and str(column.type) != "uint64" and not column.null_count


def arrow_of(source: str) -> tuple[ModuleType, ModuleType]:
    """Return pyarrow and its part for parquet; raise DataError, which names a source, where it is not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise DataError(
            f"{source}: is a parquet file, which needs the extra parquet (pip install 'lstmcast[parquet]'); "
            "or write it as CSV",
            file=source,
        ) from None
    return pyarrow, pyarrow.parquet
