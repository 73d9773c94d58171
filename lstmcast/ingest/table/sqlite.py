"""An SQLite database as a table: one of its tables, or what a query gives, read only and beside a writer."""

from __future__ import annotations

import difflib
import io
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from lstmcast.core.errors import UsageError
from lstmcast.ingest.table.reader import TextTable
from lstmcast.ingest.table.typed import TypedRows
from lstmcast.ingest.text.context import ReadContext

if TYPE_CHECKING:
    import sqlite3

MAGIC = b"SQLite format 3\0"
_PATIENCE = 10.0  # seconds to wait for a writer
_SHOWN = 10  # tables in a message


def open_database(source: str | Path, context: ReadContext) -> TextTable:
    """The table of `--table`, the only one, or the rows of `--sql`; raises DataError for damage, UsageError for a
    table that is not there."""
    if not os.path.isfile(source):
        raise context.refusal("is a SQLite database, which is read from a file only; give its name")
    with _refusing_damage(context):
        connection = _connected(source)
        query, what = _query(connection, context)
    context.info("database", f"{what} of a SQLite database, its first row is called line 2")
    rows = TypedRows(_rows(connection, query, context))
    return TextTable(io.BufferedReader(rows), context, f"{what} of a SQLite database")


def _connected(source: str | Path) -> sqlite3.Connection:
    """A connection that can only read; what a database says of itself can call no function that it should not."""
    import sqlite3

    path = quote(os.path.abspath(source))
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=_PATIENCE, isolation_level=None)
    connection.text_factory = lambda data: data.decode(errors="replace")
    connection.execute("PRAGMA query_only = 1")
    connection.execute("PRAGMA trusted_schema = 0")
    reads = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}

    def may(action: int, first: str | None, second: str | None, *_: Any) -> int:
        is_loading = action == sqlite3.SQLITE_FUNCTION and second == "load_extension"
        return sqlite3.SQLITE_OK if action in reads and not is_loading else sqlite3.SQLITE_DENY

    connection.set_authorizer(may)
    return connection


def _query(connection: sqlite3.Connection, context: ReadContext) -> tuple[str, str]:
    """The query to run, and what it gives in words."""
    rules = context.rules
    if rules.sql is not None:
        return rules.sql, "a query"
    found = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name")
    names = [name for (name,) in found if isinstance(name, str) and not name.startswith("sqlite_")]
    if not names:
        raise context.refusal("is a SQLite database without a table")
    name = names[0] if rules.table is None and len(names) == 1 else rules.table
    if name not in names:
        raise _no_table(name, names, context)
    quoted = '"' + str(name).replace('"', '""') + '"'
    return f"SELECT * FROM {quoted}", f"table {name!r}"


def _no_table(name: str | None, names: list[str], context: ReadContext) -> UsageError:
    near = difflib.get_close_matches(name or "", names, n=1)
    listed = ", ".join(map(shlex.quote, [*near, *(other for other in names if other not in near)][:_SHOWN]))
    more = ", …" if len(names) > _SHOWN else ""
    fact = f"there is no table {name!r}" if name else f"the database has {len(names):,} tables"
    message = f"{context.source}: {fact}; --table takes one of {listed}{more}"
    return UsageError(message, file=context.source, option="--table")


def _rows(connection: sqlite3.Connection, query: str, context: ReadContext) -> Iterator[Any]:
    """The names of the columns, then all rows, as they stood when the first was read."""
    try:
        with _refusing_damage(context):
            cursor = connection.execute(query)
            if cursor.description is None:
                raise UsageError('--sql takes a query that gives rows, such as "select …"', option="--sql")
            yield [column[0] for column in cursor.description]
            yield from cursor
    finally:
        connection.close()


@contextmanager
def _refusing_damage(context: ReadContext) -> Iterator[None]:
    """Raises DataError for what SQLite cannot read, UsageError for a query that it does not take."""
    import sqlite3

    try:
        yield
    except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeDecodeError) as error:
        # UnicodeDecodeError: in a damaged schema a name is no UTF-8, and Python's module cannot tell of it
        reason = "a name in it is no UTF-8" if isinstance(error, UnicodeError) else str(error)
        reason = " ".join(reason.split())[:200]
        is_query = context.rules.sql is not None and "database" not in reason and "file" not in reason
        if is_query:
            raise UsageError(
                f"{context.source}: --sql: {reason}", file=context.source, option="--sql"
            ) from None
        raise context.refusal(f"the SQLite database cannot be read: {reason}") from None
