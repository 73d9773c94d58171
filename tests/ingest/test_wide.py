"""Wide files: columns that stand side by side, be they hours, days, months, dates or series, are read as rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from lstmcast.core.errors import DataError
from lstmcast.ingest import ParsedFile, ReadingRules, Roles, read, read_future, survey
from tests.command_line import lstmcast

WIDE = ReadingRules(wide=True)
DAYS = [date(2024, 3, 1) + timedelta(days=day) for day in range(40)]


def wide(path: Path, first: str, keys: Sequence[str], columns: Sequence[str], start: float = 0.0) -> Path:
    """A file of rows with these keys whose cells count on from one column, and one row, to the next."""
    rows = [
        ",".join([key, *(f"{start + row * len(columns) + place:g}" for place in range(len(columns)))])
        for row, key in enumerate(keys)
    ]
    path.write_text("\n".join([",".join([first, *columns]), *rows]) + "\n")
    return path


def written(path: Path, **rules: object) -> ParsedFile:
    return read(path, Roles(""), rules=ReadingRules(wide=True, **rules))  # type: ignore[arg-type]


def clock(minutes: int, first: int = 0, sign: str = ":", pad: bool = True) -> list[str]:
    times = range(first, 1440 + first, minutes)
    return [f"{time // 60:0{2 if pad else 1}d}{sign}{time % 60:02d}" for time in times]


HOURS: dict[str, tuple[list[str], str, str]] = {
    "H1 to H24 end": ([f"H{hour}" for hour in range(1, 25)], "h", "01:00"),
    "HE01 to HE24 end": ([f"HE{hour:02d}" for hour in range(1, 25)], "h", "01:00"),
    "1 to 24 end": ([str(hour) for hour in range(1, 25)], "h", "01:00"),
    "h0 to h23 start": ([f"h{hour}" for hour in range(24)], "h", "00:00"),
    "0 to 23": ([str(hour) for hour in range(24)], "h", "00:00"),
    "Hour 1": ([f"Hour {hour}" for hour in range(1, 25)], "h", "01:00"),
    "hour ending 1": ([f"Hour Ending {hour}" for hour in range(1, 25)], "h", "01:00"),
    "of a quantity": ([f"load_h{hour}" for hour in range(1, 25)], "h", "01:00"),
    "German": ([f"{hour} Uhr" for hour in range(24)], "h", "00:00"),
    "13h": ([f"{hour}h" for hour in range(24)], "h", "00:00"),
    "00:00": (clock(60), "h", "00:00"),
    "0:00": (clock(60, pad=False), "h", "00:00"),
    "01:00 to 24:00": (clock(60, first=60), "h", "01:00"),
    "00.30": (clock(30, sign="."), "30min", "00:00"),
    "quarters": (clock(15), "15min", "00:00"),
    "ten minutes": (clock(10), "10min", "00:00"),
    "kWh 00:30": ([f"kWh {time}" for time in clock(30)], "30min", "00:00"),
    "0030": (clock(30, sign=""), "30min", "00:00"),
    "half hours numbered": ([str(part) for part in range(1, 49)], "30min", "00:00"),
    "quarters numbered": ([f"Q{part}" for part in range(1, 97)], "15min", "00:00"),
    "intervals": ([f"{hour:02d}:00-{hour + 1:02d}:00" for hour in range(24)], "h", "00:00"),
    "twelve hours": (
        [datetime(2024, 1, 1, hour).strftime("%I:%M %p").lstrip("0") for hour in range(24)],
        "h",
        "00:00",
    ),
}


@pytest.mark.parametrize(("columns", "freq", "first"), HOURS.values(), ids=HOURS.keys())
def test_a_column_an_hour_becomes_hours(columns: list[str], freq: str, first: str, tmp_path: Path) -> None:
    path = wide(tmp_path / "a.csv", "date", [str(day) for day in DAYS], columns)
    panel = written(path).panel
    assert panel.clock.freq == freq
    assert panel.clock.write(panel.times[:1])[0][:16].replace("T", " ") == f"2024-03-01 {first}"
    assert panel.target.tolist() == list(range(len(DAYS) * len(columns)))
    with pytest.raises(
        DataError, match=r"the table is wide: one row a day and a column an hour .*; read it with --wide"
    ):
        survey(path, Roles(""))


def test_a_day_has_the_hours_that_the_clock_gives_it(tmp_path: Path) -> None:
    """The 31st of March has no 24th hour, the 27th of October a 25th; on all other days that one is empty."""
    days = [date(2024, 3, 25) + timedelta(days=day) for day in range(240)]
    rows, number = [], 0
    for day in days:
        hours = {date(2024, 3, 31): 23, date(2024, 10, 27): 25}.get(day, 24)
        rows.append(
            ",".join([str(day), *(str(number + hour) for hour in range(hours)), *[""] * (25 - hours)])
        )
        number += hours
    path = tmp_path / "a.csv"
    path.write_text("\n".join([",".join(["Date", *(f"H{hour}" for hour in range(1, 26))]), *rows]) + "\n")
    panel = read(path, Roles(""), zone="Europe/Berlin", rules=WIDE).panel
    assert panel.target.tolist() == list(range(number))


MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
DATES = [f"{2015 + month // 12}-{month % 12 + 1:02d}" for month in range(60)]
SHAPES: dict[str, tuple[Callable[[Path], Path], str, int, tuple[str, ...]]] = {
    "a column a month": (
        lambda path: wide(path, "Year", [str(year) for year in range(2000, 2020)], MONTHS), "MS", 240, ("",),
    ),
    "a column a quarter": (
        lambda path: wide(path, "Year", [str(year) for year in range(2000, 2020)], ["Q1", "Q2", "Q3", "Q4"]),
        "QS-JAN", 80, ("",),
    ),
    "a column a German quarter": (
        lambda path: wide(path, "Jahr", [str(year) for year in range(2000, 2020)],
                          [f"{number}. Quartal" for number in range(1, 5)]),
        "QS-JAN", 80, ("",),
    ),
    "dates, and a row a series": (
        lambda path: wide(path, "region", ["n", "s", "e"], DATES), "MS", 180, ("n", "s", "e"),
    ),
    "stores": (
        lambda path: wide(path, "day", [str(day) for day in DAYS], ["a", "b", "c"]), "D", 120, ("a", "b", "c"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "freq", "rows", "ids"), SHAPES.values(), ids=SHAPES.keys())
def test_other_columns_side_by_side(
    make: Callable[[Path], Path], freq: str, rows: int, ids: tuple[str, ...], tmp_path: Path
) -> None:
    panel = written(make(tmp_path / "a.csv")).panel
    assert panel.clock.freq == freq
    assert panel.ids == ids
    assert len(panel.times) == rows
    assert sorted(panel.target.tolist()) == list(range(rows))


def test_four_quarters_among_other_columns_may_be_switches(tmp_path: Path) -> None:
    path = wide(tmp_path / "a.csv", "day", [str(day) for day in DAYS], ["Q1", "Q2", "Q3", "Q4", "load"])
    assert read(path, Roles("load")).panel.columns[0].name == "load"
    assert survey(path, Roles(""))


@pytest.mark.parametrize("form", ["year,month", "month"])
def test_a_column_a_day_of_the_month_leaves_out_the_days_that_there_are_not(
    form: str, tmp_path: Path
) -> None:
    lines, number = [form + "," + ",".join(str(day) for day in range(1, 32))], 0
    for month in range(1, 13):
        days = (datetime(2023 + month // 12, month % 12 + 1, 1) - datetime(2023, month, 1)).days
        key = f"2023,{month}" if "," in form else f"2023-{month:02d}"
        lines.append(",".join([key, *(str(number + day) for day in range(days)), *[""] * (31 - days)]))
        number += days
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    panel = written(tmp_path / "a.csv").panel
    assert (panel.clock.freq, panel.target.tolist()) == ("D", list(range(365)))


def stores(path: Path, columns: str = "time,a,b,temp", rows: int = 50) -> Path:
    times = [datetime(2024, 1, 1) + timedelta(hours=hour) for hour in range(rows)]
    cells = {"a": "1.5", "b": "2.5", "c": "3.5", "temp": "20"}
    lines = [columns]
    for place, time in enumerate(times):
        row = [f"{time}" if c == "time" else f"{float(cells[c]) + place % 7:g}" for c in columns.split(",")]
        lines.append(",".join(row))
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_column_that_has_a_role_is_no_series(tmp_path: Path) -> None:
    parsed = read(stores(tmp_path / "a.csv"), Roles("", known=("temp",)), rules=WIDE)
    assert parsed.panel.ids == ("a", "b")
    assert [column.name for column in parsed.panel.columns] == ["value", "temp"]
    assert parsed.panel.values[0].tolist() == [1.5, 20.0]
    assert parsed.shown["target"] == "a,b"


def test_named_columns_alone_are_series(tmp_path: Path) -> None:
    path = stores(tmp_path / "a.csv", "time,a,b,c,temp")
    assert read(path, Roles("c,a"), rules=WIDE).panel.ids == ("c", "a")
    with pytest.raises(DataError, match="there is no column 'x'"):
        read(path, Roles("a,x"), rules=WIDE)
    with pytest.raises(DataError, match="columns of numbers that are series, and there is only 'a'"):
        read(path, Roles("a"), rules=WIDE)


def test_a_fresh_file_may_lack_a_series_and_have_another(tmp_path: Path) -> None:
    path = stores(tmp_path / "a.csv", "time,a,c,temp")
    parsed = read(path, Roles("a,b", known=("temp",), id="series"), lone="h", rules=WIDE)
    assert parsed.panel.ids == ("a",)
    assert "series_left_out" in [finding.code for finding in parsed.findings]


def test_rows_to_come_need_no_series(tmp_path: Path) -> None:
    history = read(stores(tmp_path / "a.csv"), Roles("", known=("temp",)), rules=WIDE)
    path = stores(tmp_path / "b.csv", "time,temp")
    future = read_future(path, Roles("a,b", known=("temp",), id="series"), history.panel.clock, WIDE).panel
    assert future.ids == ("a", "b")
    assert np.isnan(future.target).all()


def test_many_like_columns_are_said_to_look_wide(tmp_path: Path) -> None:
    path = wide(
        tmp_path / "a.csv", "day", [str(day) for day in DAYS], [f"T{place}" for place in range(1, 12)]
    )
    found = {finding.code: finding for finding in survey(path, Roles("")).findings}
    assert "looks wide: 11 like columns (T1, T2, …)" in found["looks_wide"].message
    assert "--wide" in found["looks_wide"].remedy


def test_columns_that_are_plain_numbers_can_be_named(tmp_path: Path) -> None:
    path = wide(tmp_path / "a.csv", "day", [str(day) for day in DAYS], [str(place) for place in range(1, 25)])
    assert read(path, Roles("3")).panel.columns[0].name == "3"


def test_a_cell_that_is_no_number_is_named_with_its_own_column(tmp_path: Path) -> None:
    path = stores(tmp_path / "a.csv", "time,a,b,c")
    lines = path.read_text().split("\n")
    lines[20] = lines[20].rsplit(",", 1)[0] + ",oops"
    path.write_text("\n".join(lines))
    with pytest.raises(DataError, match=r"line 21, column 'c'.*'oops'") as caught:
        read(path, Roles(""), rules=WIDE)
    assert (caught.value.line, caught.value.column) == (21, "c")


def test_a_wide_file_of_what_came_is_told_how_to_be_read(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.csv"
    ledger.write_text(
        "issued,model,time,forecast,lo_80,hi_80,source\n"
        + "".join(f"2024-03-09 23:00:00,m,2024-03-10 {hour:02}:00:00,5,4,6,model\n" for hour in range(24))
    )
    hours = [f"H{hour}" for hour in range(1, 25)]
    came = wide(tmp_path / "came.csv", "Date", [str(day) for day in DAYS], hours)
    refused = lstmcast("score", ledger, came)
    assert refused.code == 2
    assert refused.err.endswith("; if what came stands side by side, read it with --wide\n")
    assert lstmcast("score", ledger, came, "--wide").code == 0


def test_wide_files_of_a_model_are_read_by_every_command(tmp_path: Path) -> None:
    keys = [f"2024-03-{1 + hour // 24:02} {hour % 24:02}:00" for hour in range(24 * 12)]
    old, new = (
        wide(tmp_path / name, "time", keys[:stop], ["north", "south"])
        for name, stop in (("old.csv", 24 * 10), ("new.csv", None))
    )
    model, ledger = tmp_path / "m.pkl", tmp_path / "l.csv"
    short = [
        "--wide",
        "--horizon",
        "12",
        "--lookback",
        "24",
        "--hidden",
        "2",
        "--steps",
        "1",
        "--safeguard",
        "linear",
        "--no-final",
    ]
    assert lstmcast("train", old, *short, "-o", model).code == 0
    assert lstmcast("predict", model, old, "--log", ledger, "-o", tmp_path / "f.csv").code == 0
    for command in (
        ("evaluate", model, new),
        ("watch", model, new),
        ("plot", model, old, "-o", tmp_path / "p.svg"),
        ("report", model, new, "-o", tmp_path / "r.html"),
        ("fill", new, "--model", model, "-o", tmp_path / "filled.csv"),
        ("score", ledger, new, "--wide"),
        ("plot", old, "--wide", "-o", tmp_path / "h.svg"),
        ("refresh", model, new),
    ):
        said = lstmcast(*command)
        assert said.code in (0, 11), (command[0], said.err)
