"""The four commands on good input: what they say, where they say it, and what they write."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.command_line import PROJECT, in_python, lstmcast, process
from tests.conftest import QUICK, hourly_rows, write_csv

FORECASTERS = ("model", "naive", "seasonal_naive_24", "seasonal_naive_168", "linear")
METRICS = {"mase", "mae", "rmse", "smape"}


def records(text: str) -> list[dict[str, str]]:
    """Rows of a CSV by column name."""
    return list(csv.DictReader(io.StringIO(text)))


def test_train_says_what_it_understood_and_how_well_it_does(history: Path, tmp_path: Path) -> None:
    said = lstmcast("train", history, *QUICK, "-o", tmp_path / "m.pkl")
    assert (said.code, said.err) == (0, "")
    for words in ("672 rows of load", "1 h in 671 of 671 steps", "24 and 168", "24 rows ahead", "Test"):
        assert words in said.out
    for words in ("MASE", "same time last week", "same time yesterday", "last value", "linear forecaster"):
        assert words in said.out
    assert said.out.rstrip().endswith(f"Wrote {tmp_path / 'm.pkl'}")
    assert all(line == line.rstrip() for line in said.out.splitlines())


def test_quiet_leaves_the_verdict_only(history: Path, tmp_path: Path) -> None:
    said = lstmcast("train", history, *QUICK, "-o", tmp_path / "m.pkl", "-q")
    assert (said.code, said.err) == (0, "")
    assert "rows of load" not in said.out
    assert "Wrote" not in said.out
    assert "MASE" in said.out


def test_verbose_tells_of_every_validation_on_stderr(history: Path, tmp_path: Path) -> None:
    said = lstmcast("train", history, *QUICK, "-o", tmp_path / "m.pkl", "-v")
    assert said.code == 0
    assert "validation loss" in said.err


def test_a_terminal_gets_a_bar_on_stderr_and_stdout_stays_as_it_is(history: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lstmcast", "train", str(history), *QUICK, "-o", str(tmp_path / "m.pkl")]
    ours, theirs = pty.openpty()
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, cwd=PROJECT)
    os.close(theirs)
    bar = b""
    with suppress(OSError):  # the end of a terminal is an error on Linux
        while chunk := os.read(ours, 4096):
            bar += chunk
    os.close(ours)
    out, _ = running.communicate()
    assert running.returncode == 0
    assert b"validation loss" in bar
    assert b"left" in bar
    assert out.decode() == lstmcast(*command[3:]).out


def test_train_as_json_is_one_document_with_every_forecaster(history: Path, tmp_path: Path) -> None:
    said = lstmcast("train", history, *QUICK, "-o", tmp_path / "m.pkl", "--json")
    assert (said.code, said.err) == (0, "")
    report = json.loads(said.out)["report"]
    assert set(report["test"]) == set(FORECASTERS)
    assert all(set(metrics) >= METRICS for metrics in report["test"].values())
    assert 0 <= report["test"]["model"]["coverage_80"] <= 1
    assert len(report["by_horizon"]) == 24
    assert set(report["by_horizon"][0]) == set(FORECASTERS)


def test_the_same_command_writes_the_same_file(history: Path, model_file: Path, tmp_path: Path) -> None:
    said = process("train", history, *QUICK, "-o", tmp_path / "again.pkl")
    assert said.code == 0
    assert (tmp_path / "again.pkl").read_bytes() == model_file.read_bytes()


def test_predict_puts_a_forecast_and_nothing_else_on_stdout(history: Path, model_file: Path) -> None:
    said = lstmcast("predict", model_file, history)
    assert (said.code, said.err) == (0, "")
    rows = records(said.out)
    assert said.out.splitlines()[0] == "time,forecast,lo_80,hi_80,source"
    assert [row["time"] for row in rows] == [f"2024-01-29 {hour:02d}:00:00" for hour in range(24)] or [
        row["time"] for row in rows
    ] == [f"2024-01-29T{hour:02d}:00:00" for hour in range(24)]
    assert all(float(row["lo_80"]) < float(row["forecast"]) < float(row["hi_80"]) for row in rows)


def test_predict_writes_to_a_file_what_it_else_puts_on_stdout(
    history: Path, model_file: Path, tmp_path: Path
) -> None:
    said = lstmcast("predict", model_file, history, "-o", tmp_path / "forecast.csv")
    assert (said.code, said.out, said.err) == (0, "", "")
    assert (tmp_path / "forecast.csv").read_text() == lstmcast("predict", model_file, history).out


def test_predict_as_json_says_the_same_as_the_csv(history: Path, model_file: Path) -> None:
    rows = json.loads(lstmcast("predict", model_file, history, "--json").out)["forecast"]
    assert [{name: str(value) for name, value in row.items()} for row in rows] == records(
        lstmcast("predict", model_file, history).out
    )


def test_a_shorter_horizon_is_the_beginning_of_the_forecast(history: Path, model_file: Path) -> None:
    whole = lstmcast("predict", model_file, history).out.splitlines()
    said = lstmcast("predict", model_file, history, "--horizon", "5")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == whole[:6]


def test_a_longer_horizon_begins_with_the_forecast_and_warns(history: Path, model_file: Path) -> None:
    whole = lstmcast("predict", model_file, history).out.splitlines()
    said = lstmcast("predict", model_file, history, "--horizon", "60")
    assert said.code == 0
    assert said.err.startswith("lstmcast: warning: 60 steps ahead, but the model was trained for 24")
    assert len(said.out.splitlines()) == 61
    assert said.out.splitlines()[:20] == whole[:20]
    assert lstmcast("predict", model_file, history, "--horizon", "60", "-q").err == ""


def test_predict_minds_neither_extra_columns_nor_their_order(
    history: Path, model_file: Path, tmp_path: Path
) -> None:
    rows = [",".join(("x", *reversed(row.split(",")), "7")) for row in hourly_rows(28 * 24)]
    other = write_csv(tmp_path / "other.csv", rows, "note,load,time,count")
    assert lstmcast("predict", model_file, other).out == lstmcast("predict", model_file, history).out


def test_predict_uses_only_the_tail(history: Path, model_file: Path, tmp_path: Path) -> None:
    tail = write_csv(tmp_path / "tail.csv", hourly_rows(14 * 24, start=14 * 24))
    assert lstmcast("predict", model_file, tail).out == lstmcast("predict", model_file, history).out


def test_predict_loads_no_library_that_only_training_needs(history: Path, model_file: Path) -> None:
    code = (
        "import sys, io\n"
        "from lstmcast.__main__ import run\n"
        "sys.stdout, out = io.StringIO(), sys.stdout\n"
        f"assert run(['predict', {str(model_file)!r}, {str(history)!r}]) == 0\n"
        "print(*{name.split('.')[0] for name in sys.modules}, file=out)"
    )
    loaded = set(in_python(code).split())
    assert "numpy" in loaded
    assert not loaded & {"sklearn", "scipy", "joblib", "rich", "pydantic", "threadpoolctl"}


def test_evaluate_shows_every_forecaster_and_steps_ahead(history: Path, model_file: Path) -> None:
    said = lstmcast("evaluate", model_file, history, "--stride", "6")
    assert (said.code, said.err) == (0, "")
    assert "same time last week" in said.out
    assert "at step" in said.out


def test_evaluate_writes_its_report_as_json(history: Path, model_file: Path, tmp_path: Path) -> None:
    said = lstmcast("evaluate", model_file, history, "--json", "-o", tmp_path / "report.json")
    assert said.code == 0
    assert json.loads(said.out) == json.loads((tmp_path / "report.json").read_text())
    assert set(json.loads(said.out)["report"]["test"]) == set(FORECASTERS)


def test_info_says_what_a_file_must_hold_and_how_well_the_model_did(model_file: Path) -> None:
    said = lstmcast("info", model_file)
    assert (said.code, said.err) == (0, "")
    for words in ("columns time, load", "48 rows or more", "24 rows ahead", "--lookback 48", "MASE"):
        assert words in said.out


def test_info_as_json_holds_contract_options_and_report(model_file: Path) -> None:
    document = json.loads(lstmcast("info", model_file, "--json").out)
    assert document["contract"]["target"] == "load"
    assert document["options"]["hidden"] == 8
    assert set(document["report"]["test"]) == set(FORECASTERS)
    assert document["bytes"] == model_file.stat().st_size


@pytest.mark.parametrize("name", ["load[/kW]", "[bold]load", "Last\N{DEGREE SIGN} (:smile:)"])
def test_a_column_name_is_shown_as_it_is(name: str, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "data.csv", hourly_rows(20 * 24), f"time,{name}")
    arguments = ["--target", name, *QUICK[2:], "-o", tmp_path / "m.pkl"]
    said = lstmcast("train", path, *arguments)
    assert said.code == 0
    assert f"rows of {name}" in said.out


def test_a_run_says_the_same_in_any_locale_time_zone_and_folder(history: Path, model_file: Path) -> None:
    plain = process("predict", model_file, history)
    other = process("predict", model_file, history, LC_ALL="C", TZ="Asia/Kolkata", NO_COLOR="1")
    assert plain == other
    assert plain.code == 0
