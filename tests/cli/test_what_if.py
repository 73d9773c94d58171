"""`predict --set`: a forecast beside the one that there would be, in the rows to come alone."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import pytest

from tests.command_line import lstmcast
from tests.conftest import hourly_rows, write_csv

HEADER = "time,load,temperature,sky"


def rows_of(count: int, known: int) -> list[str]:
    """`known` rows whose load follows temperature and sky, and rows to come that have these alone."""
    found = []
    for i, row in enumerate(hourly_rows(count)):
        stamp, load = row.split(",")
        temperature, sky = 10 + 8 * math.sin(i * i * 0.37), ("clear", "rain")[i // 7 % 2]
        value = f"{float(load) + 2 * temperature + 15 * (sky == 'rain'):.3f}" if i < known else ""
        found.append(f"{stamp},{value},{temperature:.2f},{sky}")
    return found


@pytest.fixture(scope="module")
def weather(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model that knows temperature and sky ahead, and a file with a day to come."""
    folder = tmp_path_factory.mktemp("weather")
    data = write_csv(folder / "data.csv", rows_of(1224, 1200), HEADER)
    model = folder / "model.pkl"
    small = ("--steps", 10, "--hidden", 4, "--lookback", 48, "--horizon", 24, "--smoothing", "no")
    words = ("--target", "load", "--known", "temperature,sky", *small)
    assert lstmcast("train", data, *words, "-o", model).code == 0
    return model, data


def said(*words: object) -> list[dict[str, str]]:
    found = lstmcast("predict", *words)
    assert found.code == 0, found.err
    return list(csv.DictReader(io.StringIO(found.out)))


def test_a_changed_column_moves_the_forecast_and_the_difference_says_by_how_much(
    weather: tuple[Path, Path],
) -> None:
    plain = said(*weather)
    rows = said(*weather, "--set", "temperature+=3")
    assert [row["forecast"] for row in rows] == [row["forecast"] for row in plain]
    for row in rows:
        difference = float(row["changed"]) - float(row["forecast"])
        assert float(row["difference"]) == pytest.approx(difference, abs=1e-4)
        assert float(row["changed_lo_80"]) < float(row["changed"]) < float(row["changed_hi_80"])
    assert sum(float(row["difference"]) for row in rows) / len(rows) == pytest.approx(6, rel=0.3)


def test_the_changed_forecast_is_that_of_a_file_with_these_values(
    weather: tuple[Path, Path], tmp_path: Path
) -> None:
    model, data = weather
    lines = data.read_text().splitlines()
    cells = [line.split(",") for line in lines[1201:]]
    dry = [f"{t},{load},{float(degrees) * 1.5:.3f},clear" for t, load, degrees, _ in cells]
    other = write_csv(tmp_path / "other.csv", [*lines[1:1201], *dry], HEADER)
    changed = said(model, data, "--set", "temperature*=1.5", "--set", "sky=clear")
    for ours, theirs in zip(changed, said(model, other), strict=True):
        assert float(ours["changed"]) == pytest.approx(float(theirs["forecast"]), rel=1e-6)


def test_what_is_set_outright_needs_no_rows_to_come(weather: tuple[Path, Path], tmp_path: Path) -> None:
    model, data = weather
    short = write_csv(tmp_path / "short.csv", data.read_text().splitlines()[1:1201], HEADER)
    assert lstmcast("predict", model, short, "--short-future", "fail").code == 3
    rows = said(model, short, "--set", "temperature=12", "--set", "sky=rain")
    assert len(rows) == 24
    assert all(math.isfinite(float(row["changed"])) for row in rows)


def test_a_value_beyond_training_is_warned_of(weather: tuple[Path, Path]) -> None:
    found = lstmcast("predict", *weather, "--set", "temperature+=40")
    assert found.code == 0
    assert "beyond_training: 24 rows of 'temperature' beyond what training saw (2" in found.err
    assert "out_of_range" not in found.err  # one sentence on a column is enough


def test_json_holds_the_changes(weather: tuple[Path, Path]) -> None:
    document = json.loads(lstmcast("predict", *weather, "--set", " temperature += 3", "--json").out)
    assert document["changes"] == ["temperature+=3"]
    assert {"forecast", "changed", "difference"} <= set(document["forecast"][0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("load=3", "'load' cannot be set, since it is not known ahead; these are: sky, temperature"),
        ("temprature+=3", "did you mean temperature?"),
        ("temperature", "write temperature=5, temperature+=3"),
        ("temperature+=warm", "a number is wanted after +=; got 'warm'"),
        ("temperature=nan", "a number is wanted"),
        ("temperature/=0", "a number is wanted"),
        ("sky=snow", "set it to a class that training had: sky=clear, sky=rain"),
        ("sky+=rain", "the column is text"),
        ("", "no column ''"),
    ],
)
def test_what_cannot_be_changed_is_2_and_says_what_can(
    change: str, words: str, weather: tuple[Path, Path]
) -> None:
    found = lstmcast("predict", *weather, "--set", change)
    assert (found.code, found.out) == (2, "")
    assert words in found.err


def test_a_supposed_forecast_goes_into_no_ledger_and_no_schedule(
    weather: tuple[Path, Path], tmp_path: Path
) -> None:
    change = ("--set", "temperature+=3")
    assert lstmcast("predict", *weather, *change, "--log", tmp_path / "ledger.csv").code == 2
    assert not (tmp_path / "ledger.csv").exists()
    assert lstmcast("schedule", *weather, "--", *change).code == 2


def test_a_model_that_knows_nothing_ahead_has_nothing_to_set(model_file: Path, history: Path) -> None:
    assert "the model knows no column ahead" in lstmcast("predict", model_file, history, "--set", "a=1").err


def test_all_days_to_come_can_be_off(tmp_path: Path) -> None:
    rows = hourly_rows(200 * 24)
    off = set(sorted({row[:10] for row in rows})[3:-10:9])
    pairs = (row.split(",") for row in rows)
    lower = [f"{stamp},{float(load) - 40 * (stamp[:10] in off):.3f}" for stamp, load in pairs]
    data = write_csv(tmp_path / "data.csv", lower)
    write_csv(tmp_path / "off.csv", sorted(off), "date")
    small = ("--steps", 10, "--hidden", 4, "--lookback", 48, "--horizon", 24, "--smoothing", "no")
    words = ("--target", "load", "--holidays", tmp_path / "off.csv", *small)
    model = tmp_path / "model.pkl"
    assert lstmcast("train", data, *words, "-o", model).code == 0
    found = said(model, data, "--set", "holiday=1")
    assert sum(float(row["difference"]) for row in found) / len(found) < -20
    assert lstmcast("predict", model, data, "--set", "holiday=2").code == 2
