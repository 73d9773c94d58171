"""The rows of a table collected: numbers and series at instants, and how they were written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError
from lstmcast.ingest.columns.classes import ClassColumn
from lstmcast.ingest.columns.counted import CountColumn
from lstmcast.ingest.columns.kinds import is_text_class
from lstmcast.ingest.columns.names import NameColumn
from lstmcast.ingest.columns.numbers import NumberColumn, sign_of
from lstmcast.ingest.columns.remarks import say_numbers
from lstmcast.ingest.columns.survey import LenientColumn
from lstmcast.ingest.table import footers
from lstmcast.ingest.table.reader import Chunk, Lines, OpenTable
from lstmcast.ingest.table.roles import Roles, id_columns, joined_ids
from lstmcast.ingest.text.cells import shown
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.layouts import COUNTER, DIGITS, DMY, YMD
from lstmcast.ingest.time.axis import TimeAxis
from lstmcast.ingest.time.codes import CODES
from lstmcast.ingest.time.instants import Source, instants
from lstmcast.ingest.time.remedy import UnsettledError
from lstmcast.ingest.time.rows import Rows
from lstmcast.ingest.time.stamps import Stamps

ValueColumn = NumberColumn | ClassColumn | CountColumn


def collected(table: OpenTable, roles: Roles, axis: TimeAxis, zone: str | None) -> tuple[Rows, Stamps, Roles]:
    """All rows of the file as numbers at instants, how their stamps were written, and the roles with their classes."""
    context, width = table.context, len(axis.columns)
    time = axis.column(context)
    names = None if roles.id is None else NameColumn(roles.id, context)
    columns = [_column(name, roles, table) for name in roles.values if name in table.names]
    lines = []
    ids_at = slice(width, width + len(id_columns(roles.id, table)))
    requested = [*axis.columns, *id_columns(roles.id, table), *(column.name for column in columns)]
    for chunk in table.chunks(requested):
        with _looking_at(chunk, time.name, context):
            time.add(chunk.cells[:width], chunk.lines)
        if names is not None:
            names.add(joined_ids(chunk.cells[ids_at]), chunk.lines)
        for column, cells in zip(columns, chunk.cells[-len(columns) :], strict=True):
            column.add(cells, chunk.lines)
        lines.append(chunk.lines)
    line = np.concatenate(lines)
    lines.clear()
    if not line.size:
        raise context.refusal("has a header but no rows of data below it")
    stamps = time.finish()
    _say_stamps(time.name, stamps, context)
    ids, codes = (("",), np.zeros(line.size, np.int64)) if names is None else names.finish()
    values = _side_by_side(columns, line, _Signs(table, axis, stamps), context)
    if roles.target not in table.names:
        width = max(len(roles.classes), 1)
        values = np.column_stack([np.full((line.size, width), np.nan), values])
    when = instants(stamps, Source(codes, line, values), zone, context)
    found = {c.name: c.levels for c in columns if isinstance(c, ClassColumn) and c.levels is not None}
    levels = dict(roles.levels or {}) | found
    rows = Rows(when.utc, codes, values, line, ids, when.zone, stamps.order == COUNTER)
    rows = rows if when.dropped is None else rows.take(~when.dropped)
    return rows, stamps, replace(roles, levels=levels)


@contextmanager
def _looking_at(chunk: Chunk, time: str, context: ReadContext) -> Iterator[None]:
    """An error of a line without a time says what the line looks like, be it a total, a remark or a second header."""
    try:
        yield
    except DataError as error:
        rows = np.flatnonzero(chunk.lines == (error.line or 0))
        what = footers.looks_like([shown(cells[rows[0]]) for cells in chunk.cells]) if rows.size else ""
        if not what or isinstance(error, UnsettledError):
            raise
        message = f"{str(error).removeprefix(f'{context.source}: ')}; the line looks like {what}, and rows follow it"
        raise context.refusal(message, line=error.line, column=error.column) from None


def _column(name: str, roles: Roles, table: OpenTable) -> ValueColumn:
    """Return the collector of a column: a count, numbers, or classes that model, user or cells tell of."""
    context, is_target = table.context, name == roles.target
    if is_target and context.rules.aggregate == "count":
        return CountColumn(name, context)
    numbers = LenientColumn(name, context) if context.is_lenient else NumberColumn(name, context)
    if roles.levels is not None:
        levels = roles.levels.get(name)
        return numbers if levels is None else ClassColumn(name, context, levels, is_target)
    task = context.rules.task if is_target else "auto"
    if task == "classes" or (task == "auto" and is_text_class(table.column(name), context.rules.missing)):
        return ClassColumn(name, context, is_target=is_target)
    return numbers


@dataclass(frozen=True)
class _Signs:
    """The signs of a file that show its decimal sign beyond a single column."""

    table: OpenTable
    axis: TimeAxis
    stamps: Stamps

    @property
    def is_continental(self) -> bool:
        """Return whether semicolons part cells or days come first, as where thousands have points."""
        return self.table.has_semicolons or self.stamps.order == DMY

    def beside(self, columns: Sequence[ValueColumn]) -> str | None:
        """The decimal sign that other columns show: those that are read, else those of the first rows."""
        signs = {c.decimal for c in columns if isinstance(c, NumberColumn) and c.decimal is not None}
        if not signs:
            known = {*self.axis.names, *(c.name for c in columns if isinstance(c, NumberColumn))}  # show none
            names = [name for name in self.table.names if name not in known]
            signs = {sign for name in names if (sign := sign_of(self.table.column(name))) is not None}
        return signs.pop() if len(signs) == 1 else None


def _side_by_side(
    columns: Sequence[ValueColumn], lines: Lines, signs: _Signs, context: ReadContext
) -> NDArray[np.float64]:
    """(n, C) the columns as numbers; what they give reason to say is noted."""
    widths = [column.width if isinstance(column, ClassColumn) else 1 for column in columns]
    values = np.empty((lines.size, sum(widths)))
    is_open = any(isinstance(column, NumberColumn) and column.is_open for column in columns)
    sign = signs.beside(columns) if is_open else None
    for column, stop, width in zip(columns, np.cumsum(widths), widths, strict=True):
        if isinstance(column, ClassColumn | CountColumn):
            values[:, stop - width : stop] = column.finish()
        else:
            values[:, stop - 1] = column.finish(sign, is_continental=signs.is_continental)
            say_numbers(column.name, values[:, stop - 1], lines, context)
    return values


def _say_stamps(name: str, stamps: Stamps, context: ReadContext) -> None:
    """Note how the stamps were read, wherever it is not plain."""
    if stamps.order == DIGITS and stamps.depth == 0:
        context.info("dates", f"column {name!r} is read as years")
    elif stamps.order in CODES:
        remedy = "--freq count if it counts rows" if stamps.is_bare else ""
        context.info("dates", f"column {name!r} is read as {stamps.order}", remedy)
    elif stamps.order == COUNTER:
        context.info("counter", f"column {name!r} is a counter without a calendar", "--season")
    elif stamps.order != YMD:
        context.info("dates", f"column {name!r} is read as {stamps.order}")
    if stamps.interval:
        context.info("interval", f"column {name!r} holds intervals; each is taken by its start")
