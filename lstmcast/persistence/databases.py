"""Tables in SQLite: a ledger with one row for each forecast of a row, and a forecast that replaces the one before."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager

from lstmcast.core.errors import BusyError, OutputError
from lstmcast.persistence.files import shown
from lstmcast.persistence.ledgers import PATIENCE
from lstmcast.persistence.system import Path

ENDINGS = (".db", ".sqlite", ".sqlite3")
LEDGER_TABLE = "forecasts"
_SPLIT = "::"
_PAUSE = 0.05  # seconds between two attempts

Columns = Mapping[str, Sequence[str | float]]


def is_database(path: Path) -> bool:
    """Return whether a name is that of a database, by its ending."""
    return os.fsdecode(path).lower().endswith(ENDINGS)


def parse_table(path: str) -> tuple[str, str] | None:
    """File and table of `home.db::forecasts`; None for another name. Raises OutputError for what is no table's name."""
    file, split, table = path.rpartition(_SPLIT)
    if not split or not is_database(file):
        return None
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", table):
        raise OutputError(f"{table!r} is no name of a table; take letters, digits and underscores", file=file)
    return file, table


def upsert(path: Path, columns: Columns, keys: Sequence[str]) -> None:
    """Add rows to the ledger in a database; a row with the same keys is replaced. Safe with several writers.

    Raises OutputError where the file is no database or its ledger has other columns, BusyError where it stays locked.
    """
    with _opened(path) as connection:
        there = _names(connection, LEDGER_TABLE)
        if there and there != list(columns):
            raise OutputError(
                f"cannot add to {shown(path)}: its table {LEDGER_TABLE} has the columns {', '.join(there)}, so it is "
                "no ledger of such forecasts; name another file with --log",
                file=os.fsdecode(path),
            )
        if not there:
            key = f", PRIMARY KEY ({', '.join(map(_quoted, keys))})"
            connection.execute(f"CREATE TABLE {LEDGER_TABLE} ({_declared(columns)}{key})")
        _insert(connection, LEDGER_TABLE, columns)


def replace_table(path: Path, table: str, columns: Columns) -> None:
    """Put a forecast in the place of a table, whole or not at all.

    Raises OutputError where the table is there and holds something else, BusyError where the file stays locked.
    """
    with _opened(path) as connection:
        there = _names(connection, table)
        if there and there[-1] != "source" and "value" not in there and "path_1" not in there:
            raise OutputError(
                f"{shown(path)} has a table {table} that is no forecast; name another", file=os.fsdecode(path)
            )
        connection.execute(f"DROP TABLE IF EXISTS {_quoted(table)}")
        connection.execute(f"CREATE TABLE {_quoted(table)} ({_declared(columns)})")
        _insert(connection, table, columns)


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A database within one transaction, which ends whole or not at all."""
    name = os.fsdecode(path)
    try:
        with closing(sqlite3.connect(name, timeout=PATIENCE, isolation_level=None)) as connection:
            _begin_log(connection)
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise BusyError(f"another run is writing {shown(path)}; try again later", file=name) from error
        raise OutputError(f"cannot write {shown(path)} ({error}); see to its folder", file=name) from error
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise OutputError(f"cannot write {shown(path)} ({error}); name another file", file=name) from error


def _begin_log(connection: sqlite3.Connection) -> None:
    """Let readers and a writer work side by side; of several that begin this at once SQLite lets none wait."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(_PAUSE)


def _names(connection: sqlite3.Connection, table: str) -> list[str]:
    """The columns of a table; none where it is not there."""
    return [row[1] for row in connection.execute(f"PRAGMA table_info({_quoted(table)})")]


def _declared(columns: Columns) -> str:
    """The columns with their types: text or numbers."""
    kinds = {
        name: "TEXT" if any(isinstance(v, str) for v in values[:1]) else "REAL"
        for name, values in columns.items()
    }
    return ", ".join(f"{_quoted(name)} {kind}" for name, kind in kinds.items())


def _insert(connection: sqlite3.Connection, table: str, columns: Columns) -> None:
    marks = ", ".join("?" for _ in columns)
    names = ", ".join(map(_quoted, columns))
    rows = zip(*columns.values(), strict=True)
    connection.executemany(f"INSERT OR REPLACE INTO {_quoted(table)} ({names}) VALUES ({marks})", rows)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
