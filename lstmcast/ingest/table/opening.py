"""Opening: a source is told by its content, be it text, parquet, a workbook or a database."""

from __future__ import annotations

from lstmcast.core.errors import UsageError
from lstmcast.ingest.table import parquet, sqlite, workbook
from lstmcast.ingest.table.reader import OpenTable, TextTable
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.source import Buffer, DataFrameSource, Slice, Source, opened

_LONGEST = len(sqlite.MAGIC)
_OF_WORKBOOKS, _OF_DATABASES = ("sheet",), ("table", "sql")


def open_table(source: Source, context: ReadContext) -> OpenTable:
    """The table that a file or standard input holds; raises DataError when there is none, UsageError for an option
    that picks a table of another kind of file."""
    if context.rules.table is not None and context.rules.sql is not None:
        raise UsageError("--table and --sql say the same thing twice; give one of them", option="--sql")
    if isinstance(source, DataFrameSource):
        from lstmcast.ingest.table.frame import FrameTable

        _refuse((*_OF_WORKBOOKS, *_OF_DATABASES), "a DataFrame", context)
        return FrameTable(source, context)
    stream = opened(source)
    try:
        magic = stream.peek(_LONGEST)
        if magic.startswith(sqlite.MAGIC):
            _refuse(_OF_WORKBOOKS, "a SQLite database", context)
            stream.close()
            if isinstance(source, Buffer):
                message = "is an SQLite database; give the path of its file, of which bytes are not enough"
                raise context.refusal(message)
            return sqlite.open_database(source, context)
        if magic.startswith(workbook.MAGIC) and workbook.is_workbook(stream):
            _refuse(_OF_DATABASES, "a workbook", context)
            return workbook.open_workbook(stream, context)
        _refuse((*_OF_WORKBOOKS, *_OF_DATABASES), "neither a workbook nor a database", context)
        if magic.startswith(parquet.MAGIC):
            return parquet.ParquetTable(stream, context)
        dialect = getattr(source.opener, "dialect", None) if isinstance(source, Slice) else None
        return TextTable(stream, context, dialect=dialect)
    except BaseException:
        stream.close()
        raise


def _refuse(options: tuple[str, ...], what: str, context: ReadContext) -> None:
    """Raise UsageError for one of these options, of which a file of this kind has no use; a model's may have it."""
    for name in options:
        if getattr(context.rules, name) is not None and not context.is_fresh:
            message = f"{context.source}: is {what}, of which --{name} picks nothing; leave it out"
            raise UsageError(message, file=context.source, option=f"--{name}")
