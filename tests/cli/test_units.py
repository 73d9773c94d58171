"""The unit that cells have around their numbers: in the header of what is written, not in its cells."""

from __future__ import annotations

import csv
import json
import math
import sqlite3
from pathlib import Path

import pytest

from tests.command_line import Said, lstmcast

SHORT = "--horizon 6 --lookback 24 --hidden 2 --steps 1 --safeguard linear --no-final"


def written(path: Path, cell: str) -> Path:
    """A month of hours; cell: how a number is written."""
    numbers = [40 + 9 * math.sin(i / 24 * 2 * math.pi) + i * i % 7 / 10 for i in range(31 * 24)]
    rows = [
        f"2024-01-{1 + i // 24:02} {i % 24:02}:00;{cell.format(number)}" for i, number in enumerate(numbers)
    ]
    path.write_text("\n".join(["time;load", *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of numbers in kWh, its file, and the same in other units."""
    folder = tmp_path_factory.mktemp("units")
    data = written(folder / "kwh.csv", "{:.1f} kWh")
    written(folder / "mwh.csv", "{:.1f} MWh")
    written(folder / "bare.csv", "{:.1f}")
    assert lstmcast("train", data, *SHORT.split(), "-o", folder / "m.pkl").code == 0
    return folder


def predicted(folder: Path, name: str, *options: object) -> Said:
    return lstmcast("predict", folder / "m.pkl", folder / name, *options)


def test_the_header_names_it_and_cells_are_numbers(folder: Path) -> None:
    header, *rows = csv.reader(predicted(folder, "kwh.csv", "--quantiles", "0.1").out.splitlines())
    assert header == ["time", "forecast", "lo_80 [kWh]", "hi_80 [kWh]", "q10 [kWh]", "source"]
    assert all(float(cell) > 0 for row in rows for cell in row[1:-1])
    assert predicted(folder, "bare.csv").out == predicted(folder, "kwh.csv").out


def test_a_program_is_told_it_once(folder: Path) -> None:
    document = json.loads(predicted(folder, "kwh.csv", "--json").out)
    assert document["unit"] == "kWh"
    assert list(document["forecast"][0]) == ["time", "forecast", "lo_80", "hi_80", "source"]
    assert "load [kWh]" in lstmcast("info", folder / "m.pkl").out


def test_totals_have_it_too(folder: Path) -> None:
    header = predicted(folder, "kwh.csv", "--total", "day").out.splitlines()[0]
    assert "total,lo_80 [kWh],hi_80 [kWh],mean,peak,peak_lo_80 [kWh],peak_hi_80 [kWh]" in header


def test_a_table_of_a_database_and_a_ledger_keep_their_columns(folder: Path) -> None:
    place, ledger = folder / "home.db", folder / "ledger.csv"
    assert predicted(folder, "kwh.csv", "-o", f"{place}::forecasts", "--log", ledger).code == 0
    with sqlite3.connect(place) as connection:
        names = [row[1] for row in connection.execute("PRAGMA table_info(forecasts)")]
    assert names == ["time", "forecast", "lo_80", "hi_80", "source"]
    assert ledger.read_text().startswith("issued,model,time,forecast,lo_80,hi_80,source\n")
    later = written(folder / "later.csv", "{:.1f} kWh")
    later.write_text(later.read_text() + "2024-02-01 00:00;40.0 kWh\n")
    assert lstmcast("score", ledger, later).code == 0


def test_what_was_written_is_read_as_a_file(folder: Path) -> None:
    forecast = folder / "forecast.csv"
    for _ in range(2):  # the second replaces the first, as any forecast does
        assert predicted(folder, "kwh.csv", "-o", forecast).code == 0
    said = lstmcast("check", forecast, "--target", "lo_80", "--json")
    assert json.loads(said.out)["rows"] == 6


def test_filled_rows_have_it(folder: Path) -> None:
    said = lstmcast("fill", folder / "kwh.csv", "--model", folder / "m.pkl")
    assert said.out.splitlines()[0] == "time,load,lo_80 [kWh],hi_80 [kWh],filled"


def test_another_unit_in_a_fresh_file_is_said_and_with_strict_refused(folder: Path) -> None:
    said = predicted(folder, "mwh.csv")
    assert said.code == 0
    assert "'load' is in 'MWh' here, and was in 'kWh' in training" in said.err
    refused = predicted(folder, "mwh.csv", "--strict")
    assert (refused.code, refused.out) == (3, "")
    assert "convert the file, or train on it" in refused.err
    assert predicted(folder, "kwh.csv", "--strict").code == 0


@pytest.mark.parametrize(("cell", "unit"), [("{:.0f}%", "%"), ("€ {:.2f}", "€"), ("{:.1f} °C", "°C")])
def test_signs_are_units_too(tmp_path: Path, cell: str, unit: str) -> None:
    data = written(tmp_path / "in.csv", cell)
    said = lstmcast("check", data, "--json")
    assert json.loads(said.out)["columns"][0]["name"] == "load"
    assert any(f"numbers with {unit!r}" in found["message"] for found in json.loads(said.out)["findings"])
