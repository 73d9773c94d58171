"""A ledger in SQLite, and a forecast as a table: upserted, replaced whole, read back as the CSV ones are."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from lstmcast.core.errors import OutputError
from lstmcast.persistence import databases
from lstmcast.persistence.databases import parse_table, replace_table, upsert
from tests.command_line import lstmcast
from tests.conftest import hourly_rows, write_csv

KEYS = ["issued", "time"]


def rows_of(path: Path, table: str = "forecasts") -> list[tuple[object, ...]]:
    """All rows of a table."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT * FROM {table}").fetchall()


def test_a_row_with_the_same_keys_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    upsert(path, {"issued": ["a"], "time": ["b"], "forecast": [1.0]}, KEYS)
    upsert(path, {"issued": ["a", "a"], "time": ["b", "c"], "forecast": [2.0, 3.0]}, KEYS)
    assert sorted(rows_of(path)) == [("a", "b", 2.0), ("a", "c", 3.0)]
    with pytest.raises(OutputError, match="no ledger of such forecasts"):
        upsert(path, {"issued": ["a"], "time": ["b"]}, KEYS)
    (tmp_path / "b.db").write_text("not a database, but long enough to look like one" * 40)
    with pytest.raises(OutputError, match="cannot write"):
        upsert(tmp_path / "b.db", {"issued": ["a"], "time": ["b"]}, KEYS)


@pytest.mark.parametrize("attempt", range(5))
def test_several_writers_lose_nothing(attempt: int, tmp_path: Path) -> None:
    path = tmp_path / f"{attempt}.db"

    def write(number: int) -> None:
        upsert(
            path, {"issued": [str(number)] * 50, "time": [str(i) for i in range(50)], "x": [1.0] * 50}, KEYS
        )

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rows_of(path)) == 300


class Busy:
    """A connection that is locked so many times."""

    def __init__(self, times: int, reason: str = "database is locked") -> None:
        self.left, self.reason = times, reason

    def execute(self, _: str) -> None:
        self.left -= 1
        if self.left >= 0:
            raise sqlite3.OperationalError(self.reason)


def test_the_log_is_begun_as_soon_as_nobody_else_begins_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "_PAUSE", 0.0)
    connection = Busy(3)
    databases._begin_log(connection)  # type: ignore[arg-type]
    assert connection.left == -1
    with pytest.raises(sqlite3.OperationalError, match="disk"):
        databases._begin_log(Busy(1, "disk I/O error"))  # type: ignore[arg-type]
    monkeypatch.setattr(databases, "PATIENCE", -1.0)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        databases._begin_log(Busy(1))  # type: ignore[arg-type]


def test_a_table_of_another_kind_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE prices (day TEXT, price REAL)")
        connection.commit()
    with pytest.raises(OutputError, match="no forecast"):
        replace_table(path, "prices", {"time": ["a"], "source": ["model"]})
    assert parse_table("home.db::night") == ("home.db", "night")
    assert parse_table("home.csv") is None
    with pytest.raises(OutputError, match="no name of a table"):
        parse_table("home.db::drop table")


def test_the_command_line_reads_and_writes_them(tmp_path: Path) -> None:
    rows = hourly_rows(36 * 24)
    early, late = write_csv(tmp_path / "early.csv", rows[: 35 * 24]), write_csv(tmp_path / "late.csv", rows)
    model, ledger = tmp_path / "model.pkl", tmp_path / "ledger.db"
    options = ("--horizon", "24", "--lookback", "48", "--hidden", "6", "--steps", "5", "--calendar", "none")
    assert lstmcast("train", early, "--target", "load", *options, "-o", model).code == 0
    for _ in range(2):
        said = lstmcast("predict", model, early, "--log", ledger, "-o", f"{ledger}::tomorrow")
        assert said.code == 0, said.err
    assert len(rows_of(ledger)) == len(rows_of(ledger, "tomorrow")) == 24
    assert lstmcast("predict", model, early, "--log", tmp_path / "ledger.csv").code == 0
    found, same = (
        json.loads(lstmcast("score", tmp_path / name, late, "--json").out)
        for name in ("ledger.db", "ledger.csv")
    )
    assert found == same
    assert lstmcast("watch", model, late, "--ledger", ledger).code in (0, 11)
