"""A ledger in SQLite as a table of text, for the rooms that read one."""

from __future__ import annotations

import csv
import io
import sqlite3
from contextlib import closing
from pathlib import Path

from lstmcast.core.errors import DataError

MAGIC = b"SQLite format 3\0"
LEDGER_TABLE = "forecasts"


def is_database(source: str | Path) -> bool:
    """Return whether a file is a SQLite database, by its first bytes."""
    try:
        with open(source, "rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except (OSError, ValueError):
        return False


def ledger_text(source: str | Path) -> io.BufferedReader:
    """The ledger's rows in the order in which they were written, as CSV; raises DataError where there is none."""
    try:
        uri = f"{Path(source).absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=10.0)) as connection:
            found = connection.execute(f"SELECT * FROM {LEDGER_TABLE} ORDER BY rowid")
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow([column[0] for column in found.description])
            writer.writerows(found)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        message = f"{source}: has no table {LEDGER_TABLE!r} that can be read ({error}); name a ledger of predict --log"
        raise DataError(message, file=str(source)) from error
    return io.BufferedReader(io.BytesIO(text.getvalue().encode()))
