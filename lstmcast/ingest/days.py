"""Days: a file of dates, such as days off, read by the rooms that read stamps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lstmcast.core.panel import Holidays
from lstmcast.ingest.table.opening import open_table
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.layouts import COUNTER, EPOCH, HALF, QUARTER, WEEK
from lstmcast.ingest.text.rules import ReadingRules
from lstmcast.ingest.text.source import name_of
from lstmcast.ingest.time.axis import find_axis
from lstmcast.ingest.time.stamps import Stamps

_DAY = 4  # Layout.depth of a date


def read_holidays(source: str | Path, dates: str | None = None) -> Holidays:
    """The days off that a file lists in a column of dates; other columns, such as their names, are for people.

    They count as known for the whole years of the first and the last date. dates: as ReadingRules.dates.
    Raises DataError, with line and column, where there is no column of dates.
    """
    context = ReadContext(name_of(source), ReadingRules(dates=dates))
    table = open_table(source, context)
    axis = find_axis(table, set())
    column = axis.column(context)
    for chunk in table.chunks(axis.columns):
        column.add(chunk.cells, chunk.lines)
    if column.is_empty:
        raise context.refusal(f"column {','.join(axis.names)!r} has no dates below its header")
    days = _days(column.finish(), axis.names, context)
    first, last = days[0][:4], days[-1][:4]
    return Holidays(context.source, days, f"{first}-01-01", f"{last}-12-31")


def _days(stamps: Stamps, names: Sequence[str], context: ReadContext) -> tuple[str, ...]:
    if stamps.order in (COUNTER, EPOCH, WEEK, QUARTER, HALF) or stamps.depth < _DAY:
        raise context.refusal(f"column {','.join(names)!r} holds no dates such as 2024-12-25")
    days = np.unique(stamps.wall.astype("datetime64[us]").astype("datetime64[D]"))
    return tuple(map(str, days))
