"""A pandas DataFrame as a table: its numbers as they are, stamps and all else as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lstmcast.core.errors import DataError
from lstmcast.ingest.table.reader import SAMPLE, Chunk
from lstmcast.ingest.text.cells import Cells, as_text
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.source import DataFrameSource

_FIRST_LINE = 1
_ROWS = 1 << 18  # of a chunk


class FrameTable:
    """A DataFrame opened."""

    def __init__(self, source: DataFrameSource, context: ReadContext) -> None:
        """Keep the frame; raises DataError when it has no rows, or two columns of one name."""
        self.context, self._frame = context, source.frame
        if not len(self._frame):
            raise context.refusal("has columns but no rows of data")
        twice = self._frame.columns[self._frame.columns.duplicated()]
        if len(twice):
            message = f"has two columns called {twice[0]!r}; give each a name of its own"
            raise context.refusal(message, column=str(twice[0]))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns in their order."""
        return tuple(map(str, self._frame.columns))

    @property
    def layout(self) -> str:
        """That it is no text."""
        return "DataFrame"

    @property
    def has_semicolons(self) -> bool:
        """False: it is no text."""
        return False

    def zone_of(self, names: Sequence[str]) -> str | None:
        """The zone that the type of a single column of stamps names."""
        dtype = self._frame[names[0]].dtype if len(names) == 1 else None
        return str(dtype.tz) if isinstance(dtype, pd.DatetimeTZDtype) else None

    def line_of(self, row: int) -> int:
        """The line of one of the first rows, of which the first is 1."""
        return _FIRST_LINE + row

    def column(self, name: str) -> Cells:
        """The first cells of a column, as str."""
        return as_text(self._cells(name, 0, SAMPLE))

    def chunks(self, names: Sequence[str]) -> Iterator[Chunk]:
        """All rows of the named columns; rows in which they are all empty are left out."""
        for start in range(0, len(self._frame), _ROWS):
            stop = min(start + _ROWS, len(self._frame))
            cells = tuple(self._cells(name, start, stop) for name in names)
            chunk = Chunk(np.arange(start, stop) + _FIRST_LINE, cells)
            yield chunk.without(chunk.empty)

    def _cells(self, name: str, start: int, stop: int) -> Cells:
        try:
            return cells_of(self._frame[name].iloc[start:stop])
        except (TypeError, ValueError) as error:
            message = f"column {name!r} cannot be read ({error})"
            raise DataError(
                f"{self.context.source}: {message}", file=self.context.source, column=name
            ) from None


def cells_of(values: pd.Series[Any]) -> Cells:
    """(n,) cells of a column: numbers as they are, instants with their zone as UTC, a missing value as an empty one."""
    kind = values.dtype
    if pd.api.types.is_bool_dtype(kind) and not isinstance(kind, pd.CategoricalDtype):
        values = values.astype("float64" if values.isna().any() else "int64")
    elif isinstance(kind, pd.PeriodDtype):
        values = values.dt.to_timestamp()
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return _stamps(values)
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_complex_dtype(values.dtype):
        is_whole = pd.api.types.is_integer_dtype(values.dtype) and not values.isna().any()
        return values.to_numpy(dtype="i8" if is_whole else "f8", na_value=np.nan)
    return _texts(values)


def _stamps(values: pd.Series[Any]) -> Cells:
    """(n,) instants as ISO 8601, those with a zone in UTC."""
    has_zone = isinstance(values.dtype, pd.DatetimeTZDtype)
    naive = values.dt.tz_convert("UTC").dt.tz_localize(None) if has_zone else values
    text = np.datetime_as_string(naive.to_numpy().astype("datetime64[us]")).astype(object)
    text = np.array([_short(one) for one in text], dtype=object)
    text = text + "+00:00" if has_zone else text
    text[values.isna().to_numpy()] = ""
    return np.asarray(text, dtype=object)


def _short(stamp: str) -> str:
    """The stamp without a share of a second that is none."""
    return stamp.removesuffix(".000000")


def _texts(values: pd.Series[Any]) -> Cells:
    missing = values.isna().to_numpy()
    return np.array(
        ["" if gone else str(value).strip() for value, gone in zip(values, missing, strict=True)],
        dtype=object,
    )
