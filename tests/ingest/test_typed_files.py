"""Excel workbooks and SQLite databases go through the same rooms as text."""

from __future__ import annotations

import sqlite3
import sys
import zipfile
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from lstmcast.core.errors import DataError, UsageError
from lstmcast.ingest import ReadingRules, Roles, read
from lstmcast.ingest.table.typed import written

HOURS = [datetime(2024, 1, 1) + timedelta(hours=hour) for hour in range(60)]


def rules(**given: Any) -> ReadingRules:
    return ReadingRules(**given)


def database(path: Path, *tables: str) -> Path:
    """A database with a table of hours for each name."""
    connection = sqlite3.connect(path)
    with connection:
        for name in tables:
            connection.execute(f'CREATE TABLE "{name}" (at TEXT, load REAL, note TEXT)')
            rows = [(str(at), 1000.5 + place if place != 5 else None, "a") for place, at in enumerate(HOURS)]
            connection.executemany(f'INSERT INTO "{name}" VALUES (?, ?, ?)', rows)
    connection.close()
    return path


def test_the_only_table_of_a_database_is_read(tmp_path: Path) -> None:
    parsed = read(database(tmp_path / "a.db", "states"), Roles("load"))
    assert (len(parsed.panel.times), parsed.panel.clock.freq) == (60, "h")
    assert parsed.panel.target[:2].tolist() == [1000.5, 1001.5]
    assert "database" in [finding.code for finding in parsed.findings]


def test_of_several_tables_one_is_named(tmp_path: Path) -> None:
    path = database(tmp_path / "a.db", "states", "my events")
    with pytest.raises(UsageError, match="has 2 tables; --table takes one of 'my events', states"):
        read(path, Roles("load"))
    assert len(read(path, Roles("load"), rules=rules(table="my events")).panel.times) == 60
    with pytest.raises(UsageError, match="there is no table 'state'; --table takes one of states"):
        read(path, Roles("load"), rules=rules(table="state"))


def test_a_query_gives_rows_and_changes_nothing(tmp_path: Path) -> None:
    path = database(tmp_path / "a.db", "states")
    before = path.read_bytes()
    query = "select at, load * 2 as double from states where load is not null"
    parsed = read(path, Roles("double"), rules=rules(sql=query))
    assert parsed.panel.target[0] == 2001.0
    wrong = (
        "drop table states",
        "delete from states",
        "selct 1",
        "pragma journal_mode = wal",
        "attach 'b.db' as b",
    )
    for each in (*wrong, "select * from nothing", "select load_extension('x')", "", "select 1; select 2"):
        with pytest.raises((UsageError, DataError)):
            read(path, Roles("load"), rules=rules(sql=each))
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.db"]


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_writer_beside_is_no_trouble(mode: str, tmp_path: Path) -> None:
    path = database(tmp_path / "a.db", "states")
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute(f"PRAGMA journal_mode = {mode}")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO states VALUES ('2024-01-03 12:00:00', 1.0, '')")
    assert len(read(path, Roles("load")).panel.times) == 60
    writer.execute("COMMIT")
    writer.close()
    assert len(read(path, Roles("load")).panel.times) == 61


def test_a_damaged_database_is_refused(tmp_path: Path) -> None:
    path = database(tmp_path / "a.db", "states")
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DataError, match="cannot be read"):
        read(path, Roles("load"))


def workbook(path: Path, **sheets: list[list[Any]]) -> Path:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def hours(value: float = 1.068) -> list[list[Any]]:
    return [
        ["Time", "Load", "Open"],
        *([at, value if i % 2 else 841 + i, i % 3 == 0] for i, at in enumerate(HOURS)),
    ]


def test_the_first_sheet_is_read_else_the_one_named(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", Data=hours(), Other=hours(7.25))
    panel = read(path, Roles("Load", known=("Open",))).panel
    assert panel.clock.freq == "h"
    assert panel.values[:4].tolist() == [[841.0, 1.0], [1.068, 0.0], [843.0, 0.0], [1.068, 1.0]]
    assert read(path, Roles("Load"), rules=rules(sheet="other")).panel.target[1] == 7.25
    with pytest.raises(UsageError, match="there is no sheet 'x'; --sheet takes one of Data, Other"):
        read(path, Roles("Load"), rules=rules(sheet="x"))


def test_titles_dates_gaps_and_totals_of_a_sheet(tmp_path: Path) -> None:
    rows = [[(HOURS[0] + timedelta(days=day)).date(), day + 0.5] for day in range(40)]
    rows[3][1] = None  # type: ignore[call-overload]
    path = workbook(tmp_path / "a.xlsx", Data=[["Sales"], [], ["Day", "qty"], *rows, ["Total", 1000]])
    parsed = read(path, Roles("qty"))
    assert (parsed.panel.clock.freq, len(parsed.panel.times)) == ("D", 40)
    assert "footer" in [finding.code for finding in parsed.findings]
    cell = [row[:] for row in rows]
    cell[10][1] = "oops"  # type: ignore[call-overload]
    path = workbook(tmp_path / "b.xlsx", Data=[["Day", "qty"], *cell])
    with pytest.raises(DataError, match=r"line 12, column 'qty'.*'oops'"):
        read(path, Roles("qty"))


def test_a_workbook_that_is_none_or_too_large_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", Data=hours())
    with pytest.raises(DataError, match="unpacks to more than"):
        read(path, Roles("Load"), rules=rules(max_unpacked="1kb"))
    whole = path.read_bytes()
    for size in (len(whole) // 3, len(whole) - 30):
        (tmp_path / "cut.xlsx").write_bytes(whole[:size])
        with pytest.raises(DataError):
            read(tmp_path / "cut.xlsx", Roles("Load"))
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("a.csv", "time,load\n")
    with pytest.raises(DataError, match="is a zip archive; unpack it"):
        read(tmp_path / "other.zip", Roles("Load"))


def test_without_the_extra_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path / "a.xlsx", Data=hours())
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(DataError, match=r"needs the extra excel \(pip install 'lstmcast\[excel\]'\)"):
        read(path, Roles("Load"))


def test_options_of_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("\n".join(["at,load", *(f"{at},{i}" for i, at in enumerate(HOURS))]))
    for given in ({"sheet": "a"}, {"table": "a"}, {"sql": "select 1"}):
        with pytest.raises(UsageError, match="leave it out"):
            read(tmp_path / "a.csv", Roles("load"), rules=rules(**given))
        assert read(tmp_path / "a.csv", Roles("load"), lone="h", rules=rules(**given)).panel.clock.freq == "h"
    path = database(tmp_path / "a.db", "states")
    for given in ({"sheet": "a"}, {"table": "states", "sql": "select 1"}):
        with pytest.raises(UsageError):
            read(path, Roles("load"), rules=rules(**given))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (1.068, "1.0680"),
        (-0.278, "-0.2780"),
        (841.0, "841"),
        (0.1, "0.1"),
        (float("nan"), ""),
        (1e300, "1e+300"),
        (datetime(2024, 1, 1, 0, 59, 59, 999_800), "2024-01-01 01:00:00"),
        (time(13, 30), "13:30:00"),
        (b"\x01\xff", "01ff"),
        ("two\nlines\t", "two lines"),
    ],
)
def test_a_value_is_written_so_that_it_can_be_read_in_one_way_only(value: Any, text: str) -> None:
    assert written(value) == text
