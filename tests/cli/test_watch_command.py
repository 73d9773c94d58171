"""`lstmcast watch` as it is typed: its rows, its sentence, its exit code."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.command_line import lstmcast
from tests.conftest import hourly_rows, write_csv


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A model, a file that goes on as before, and one whose last six rows are a half too high."""
    folder = tmp_path_factory.mktemp("watch")
    rows = hourly_rows(36 * 24)
    data = write_csv(folder / "load.csv", rows[: 35 * 24])
    options = ("--horizon", "24", "--lookback", "48", "--hidden", "6", "--steps", "10", "--calendar", "none")
    assert lstmcast("train", data, "--target", "load", *options, "-o", folder / "model.pkl").code == 0
    high = [f"{row.split(',')[0]},{1.5 * float(row.split(',')[1])}" for row in rows[-6:]]
    return (
        folder / "model.pkl",
        write_csv(folder / "same.csv", rows),
        write_csv(folder / "high.csv", rows[:-6] + high),
    )


def test_no_alarm_is_exit_code_zero_and_an_alarm_eleven(
    made: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    model, same, high = made
    said = lstmcast("watch", model, same, "-o", tmp_path / "rows.csv")
    assert said.code == 0, said.err
    assert "No alarm" in said.out
    rows = list(csv.DictReader((tmp_path / "rows.csv").open()))
    assert list(rows[0]) == ["time", "actual", "forecast", "lo", "hi", "score", "alarm"]
    assert len(rows) == 24
    alarmed = lstmcast("watch", model, high)
    assert alarmed.code == 11
    assert "E_ALARM: since" in alarmed.err
    assert "above the forecast" in alarmed.out
    assert "by chance" in alarmed.out
    document = json.loads(lstmcast("watch", model, high, "--json").out)
    assert document["alarms"][0]["kind"] == "above"
    assert len(document["rows"]) == 24
    assert lstmcast("watch", model, high, "--direction", "below").code == 0


def test_a_ledger_can_be_watched(made: tuple[Path, Path, Path], tmp_path: Path) -> None:
    model, same, _ = made
    early = write_csv(tmp_path / "early.csv", hourly_rows(35 * 24))
    ledger = tmp_path / "ledger.csv"
    assert lstmcast("predict", model, early, "--log", ledger).code == 0
    said = lstmcast("watch", model, same, "--ledger", ledger)
    assert said.code == 0, said.err
    assert "24 of 24 rows judged" in said.out + said.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--alarms", "often"), "--alarms takes a number per day"),
        (("--alarms", "0/month"), "--alarms takes a number per day"),
        (("--direction", "up"), "--direction takes above, below or both"),
        (("--last", "soon"), "soon"),
    ],
)
def test_what_makes_no_sense_is_refused(
    options: tuple[str, str], said: str, made: tuple[Path, Path, Path]
) -> None:
    found = lstmcast("watch", *made[:2], *options)
    assert found.code == 2
    assert said in found.err
