"""Groups of series: what a further column of a file says of each series, such as its region."""

from __future__ import annotations

from pathlib import Path

from lstmcast.core.errors import DataError
from lstmcast.ingest.columns.names import NameColumn
from lstmcast.ingest.table.opening import open_table
from lstmcast.ingest.table.roles import id_columns, joined_ids
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.source import name_of


def read_groups(source: str | Path, id_name: str, column: str) -> dict[str, str]:
    """The group of each series by its name; id_name: the column, or columns, that name the series.

    Raises DataError where the file has no such column, or a series stands in two groups.
    """
    context = ReadContext(name_of(source))
    table = open_table(source, context)
    if column not in table.names:
        message = f"has no column {column!r} to total over; it has {', '.join(table.names[:10])}"
        raise DataError(f"{context.source}: {message}", file=context.source, column=column)
    ids = id_columns(id_name, table)
    names, groups = NameColumn(id_name, context), NameColumn(column, context)
    for chunk in table.chunks([*ids, column]):
        names.add(joined_ids(chunk.cells[:-1]), chunk.lines)
        groups.add(chunk.cells[-1], chunk.lines)
    (series, of_row), (called, group) = names.finish(), groups.finish()
    found: dict[str, str] = {}
    for place, number in sorted(set(zip(of_row.tolist(), group.tolist(), strict=True))):
        name = series[place]
        if name in found:
            message = f"series {name!r} stands in {found[name]!r} and in {called[number]!r}"
            raise DataError(
                f"{context.source}: {message}; a series has one {column!r}",
                file=context.source,
                column=column,
            )
        found[name] = called[number]
    return found
