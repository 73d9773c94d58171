"""A wide table made long on its way: one row for each row and each of the columns that stand side by side."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import parse_names, write_names
from lstmcast.ingest.columns import hours
from lstmcast.ingest.columns.wide import (
    DAY,
    HOUR,
    MONTH,
    QUARTER,
    SERIES,
    TIME,
    VALUE,
    WideShape,
    find_wide_shape,
    like_columns,
)
from lstmcast.ingest.table.reader import SAMPLE, Chunk, OpenTable
from lstmcast.ingest.table.roles import Roles, match
from lstmcast.ingest.text.cells import Cells, as_text, is_equal, is_numeric
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.time import names

_FEWEST = 30  # rows of the wide table in a sample
_ALL_MONTHS = 28  # days that every month has


class LongTable:
    """A wide table as one of few columns: those that stay, the one of what column names said, and VALUE.

    Rows stand in the order of the file, the columns of each row one after the other.
    """

    def __init__(self, table: OpenTable, shape: WideShape) -> None:
        """table: the wide one; shape: which of its columns become rows, of which it may lack some."""
        self.context: ReadContext = table.context
        self._table, self.shape = table, shape
        self._kept = tuple(name for name in table.names if name not in shape.columns)
        self.label, self.value = _free(shape.label, self._kept), _free(VALUE, self._kept)
        self._labels = np.array(shape.labels, dtype=object)
        self._is_rare = np.array(_rare(shape))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of the long table."""
        return (*self._kept, self.label, self.value)

    @property
    def layout(self) -> str:
        """The layout of the wide table, and its shape in words."""
        return f"{self._table.layout}; wide: {self.shape.words}"

    @property
    def has_semicolons(self) -> bool:
        """Return whether semicolons stand between the cells of the wide table."""
        return self._table.has_semicolons

    @property
    def series(self) -> tuple[str, ...]:
        """The columns of the wide table that are series; none where they are hours or other times."""
        return self.shape.labels if self.shape.label == SERIES else ()

    def zone_of(self, names: Sequence[str]) -> str | None:
        """The zone that the source itself names for the stamps in these columns, if it does."""
        return self._table.zone_of(names) if set(names) <= set(self._kept) else None

    def line_of(self, row: int) -> int:
        """The line of one of the first rows."""
        return int(self._head.lines[row])

    def column(self, name: str) -> Cells:
        """The first cells of a column, as str."""
        return self._head.cells[self.names.index(name)]

    @functools.cached_property
    def _head(self) -> Chunk:
        """The first rows of all columns."""
        table = self._table
        rows = min(max(_FEWEST, SAMPLE // len(self._labels)), len(table.column(table.names[0])))
        lines = np.array([table.line_of(row) for row in range(rows)], dtype=np.int64)
        first = {name: table.column(name)[:rows] for name in table.names}
        return self._long(self.names, lines, first, first)

    def chunks(self, names: Sequence[str]) -> Iterator[Chunk]:
        """All rows of the named columns, those of an hour that a day has not got left out."""
        kept = [name for name in names if name in self._kept]
        stacked = [name for name in self.shape.columns if name in self._table.names]
        for chunk in self._table.chunks([*kept, *stacked]):
            values = dict(zip(stacked, chunk.cells[len(kept) :], strict=True))
            yield self._long(names, chunk.lines, dict(zip(kept, chunk.cells, strict=False)), values)

    def _long(
        self, names: Sequence[str], lines: NDArray[np.int64], kept: dict[str, Cells], values: dict[str, Cells]
    ) -> Chunk:
        many = len(self._labels)
        stacked = _side_by_side([values.get(name) for name in self.shape.columns], len(lines))
        made = {self.label: np.tile(self._labels, len(lines)), self.value: stacked}
        cells = tuple(np.repeat(kept[name], many) if name in kept else made[name] for name in names)
        chunk = Chunk(np.repeat(lines, many), cells)
        if not self._is_rare.any():
            return chunk
        is_empty = is_equal(stacked, "")
        is_begun = ~is_empty.reshape(-1, many).all(axis=1) | (self.shape.label == DAY)
        return chunk.without(np.tile(self._is_rare, len(lines)) & is_empty & np.repeat(is_begun, many))


def _rare(shape: WideShape) -> list[bool]:
    """Return which columns are parts of a day, or days of a month, that not every day or month has."""
    if shape.label == DAY:
        return [int(label) > _ALL_MONTHS for label in shape.labels]
    last = hours.last_of(shape.labels) if shape.label == HOUR else None
    return [shape.label == HOUR and (hours.is_extra(label) or label == last) for label in shape.labels]


def _side_by_side(columns: Sequence[Cells | None], rows: int) -> Cells:
    """(rows * C,) cells of C columns row by row; empty for a column that there is not."""
    there = [cells for cells in columns if cells is not None]
    if there and all(map(is_numeric, there)):
        blank: Cells = np.full(rows, np.nan)
    elif there and all(cells.dtype.kind == "S" for cells in there):
        blank = np.zeros(rows, dtype="S1")
    else:
        columns = [None if cells is None else as_text(cells) for cells in columns]
        blank = np.full(rows, "", dtype=object)
    return np.stack([blank if cells is None else cells for cells in columns], axis=1).ravel()


def _free(name: str, taken: Sequence[str]) -> str:
    return name if name not in taken else _free(f"{name}_", taken)


def lengthened(
    table: OpenTable, roles: Roles, *, is_fresh: bool = False, is_future: bool = False
) -> tuple[OpenTable, Roles]:
    """A wide table as a long one, with the roles that its columns play there.

    The target of `roles` lists the columns that are series, or is empty: then all of numbers are. is_fresh: the table
    is one for a model, and may lack some of these; is_future: it may lack them all. Raises DataError for a table that
    is not wide.
    """
    named = parse_names(roles.target)
    shape = find_wide_shape(table.names)
    if is_future and named:
        shape = WideShape(named, named, SERIES, "a column a series")
    elif shape is None and is_future:
        return table, roles
    elif shape is None or not set(named) <= set(shape.columns):
        taken = [*parse_names(roles.time), *parse_names(roles.id), *roles.known, *roles.past]
        shape = like_columns(table, named, taken, may_lack=is_fresh)
    long = LongTable(table, shape)
    what = "hours" if shape.label == HOUR else "series of a panel" if shape.label == SERIES else "rows"
    table.context.info("wide", f"{len(shape.columns):,} columns are read as {what}: {shape.words}")
    return long, _long_roles(long, shape, roles, table)


def _long_roles(long: LongTable, shape: WideShape, roles: Roles, table: OpenTable) -> Roles:
    """The roles in the long table: the target is its value, and what column names said is a time or a series."""
    roles = replace(roles, target=long.value)
    if shape.label == SERIES:
        ids = [match(name, table, "--id") for name in parse_names(roles.id) if name != long.label]
        return replace(roles, id=write_names([*ids, long.label]) if ids else long.label)
    if shape.label == TIME:
        return replace(roles, time=long.label, id=roles.id or _unique(long, table))
    if shape.label in (MONTH, QUARTER, DAY):
        parts = [name for name in parse_names(roles.time) if name in table.names]
        return replace(roles, time=write_names([*(parts or _before(long, shape, table)), long.label]))
    date = roles.time
    return replace(roles, time=date if date is None or "," in date else write_names([date, long.label]))


def _before(long: LongTable, shape: WideShape, table: OpenTable) -> list[str]:
    """The columns of years, or of years and months; raises DataError where there are none."""
    named = {names.part_of(name): name for name in reversed(long.names) if name in table.names}
    of_years = shape.label in (MONTH, QUARTER)
    if "year" in named and (of_years or "month" in named):
        return [named["year"], *([named["month"]] if shape.label == DAY else [])]
    pattern = r"\s*\d{4}(?:\.0)?\s*" if of_years else r"\s*\d{4}[-/.]?\d{1,2}\s*"
    for name in long.names:
        if name in table.names and all(re.fullmatch(pattern, cell) for cell in table.column(name)):
            return [name]
    what = "years" if of_years else "months, such as 2024-03"
    raise table.context.refusal(
        f"the table is wide: {shape.words}, but no column holds {what}; name it with --time"
    )


def _unique(long: LongTable, table: OpenTable) -> str | None:
    """The column that names the rows, each of which is a series; None for a single row."""
    kept = [name for name in long.names if name in table.names]
    rows = len(table.column(table.names[0]))
    unique = [name for name in kept if len(set(table.column(name))) == rows]
    texts = [
        name for name in unique if not all(cell.replace(".", "").isdigit() for cell in table.column(name))
    ]
    if rows > 1 and not unique:
        raise table.context.refusal(
            "every row is a series, but no column names them all apart; name it with --id"
        )
    return None if rows == 1 else (texts or unique)[0]
