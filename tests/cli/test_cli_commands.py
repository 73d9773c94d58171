"""The four commands on good input: what they say, where they say it, and what they write."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
import pty
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lstmcast.__main__ import run
from lstmcast.cli.shell import console
from lstmcast.cli.shell.console import Console
from lstmcast.cli.shell.flags import options_from
from lstmcast.cli.show import choices, verdict
from lstmcast.cli.show.choices import command
from lstmcast.core.options import Options
from lstmcast.core.panel import Clock
from lstmcast.evaluation.report import TriedNetwork
from lstmcast.forecasters.intervals import LEVELS
from tests.command_line import PROJECT, in_python, lstmcast, process
from tests.conftest import QUICK, hourly_rows, write_csv

FORECASTERS = ("model", "naive", "seasonal_naive_24", "seasonal_naive_168", "linear")
METRICS = {"mase", "mae", "rmse", "smape"}


@pytest.fixture(scope="module")
def longer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The history, and a week more of it."""
    return write_csv(tmp_path_factory.mktemp("longer") / "longer.csv", hourly_rows(35 * 24))


def records(text: str) -> list[dict[str, str]]:
    """Rows of a CSV by column name."""
    return list(csv.DictReader(io.StringIO(text)))


def test_train_says_what_it_understood_and_how_well_it_does(history: Path, tmp_path: Path) -> None:
    said = lstmcast("train", history, *QUICK, "-o", tmp_path / "m.pkl")
    assert (said.code, said.err) == (0, "")
    for words in (
        "672 rows of load",
        "1 h in 671 of 671 steps",
        "24 and 168",
        "24 rows (1 day) ahead",
        "Test",
    ):
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


def in_a_terminal(command: list[str]) -> tuple[int, bytes, bytes]:
    """Exit code and stdout of a command whose stderr is a terminal, and what that showed."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, cwd=PROJECT)
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # the end of a terminal is an error on Linux
        while chunk := os.read(ours, 4096):
            shown += chunk
    os.close(ours)
    out, _ = running.communicate()
    return running.returncode, out, shown


def test_a_terminal_gets_a_bar_on_stderr_and_stdout_stays_as_it_is(history: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lstmcast", "train", str(history), *QUICK, "-o", str(tmp_path / "m.pkl")]
    code, out, bar = in_a_terminal(command)
    assert code == 0
    assert b"validation loss" in bar
    assert b"left" in bar
    assert out.decode() == lstmcast(*command[3:]).out


@pytest.mark.parametrize("flags", [[], ["-q"]])
def test_a_large_file_is_read_under_a_bar_on_a_terminal_alone(
    flags: list[str], history: Path, model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["predict", str(model_file), str(history), *flags]
    small = lstmcast(*words)
    monkeypatch.setattr(console, "LARGE_FILE", 1)
    assert lstmcast(*words) == small
    assert small.err == ""
    ours, theirs = pty.openpty()
    out = io.StringIO()
    with os.fdopen(theirs, "w") as terminal, redirect_stdout(out), redirect_stderr(terminal):
        assert run(words) == 0
        os.set_blocking(ours, False)
        with suppress(BlockingIOError):
            assert (b"reading" in os.read(ours, 65536)) == (not flags)
    os.close(ours)
    assert out.getvalue() == small.out


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


@pytest.fixture(scope="module")
def taught_by_all(tmp_path_factory: pytest.TempPathFactory, history: Path) -> Path:
    """A model whose network ships, and so was trained on over all rows of the history."""
    path = tmp_path_factory.mktemp("all") / "model.pkl"
    assert lstmcast("train", history, *QUICK, "--safeguard", "mean", "-o", path).code == 0
    return path


def test_rows_the_model_was_trained_on_are_said_to_be_so_before_anything_else(
    history: Path, taught_by_all: Path
) -> None:
    said = lstmcast("evaluate", taught_by_all, history, "--stride", "6")
    assert said.out.startswith("In-sample: the model was trained on all of these rows")
    assert f"`lstmcast info {taught_by_all}`" in said.out.splitlines()[0]


def test_unseen_rows_lead_and_seen_ones_stand_apart(longer: Path, taught_by_all: Path) -> None:
    said = lstmcast("evaluate", taught_by_all, longer, "--stride", "6")
    assert (said.code, said.err) == (0, "")
    unseen, seen = said.out.split("In-sample, for comparison only: ")
    assert re.match(r"\d+ windows of unseen rows, 2024-01-29 00:00:00 to ", unseen)
    assert "over 7 test days" in unseen
    assert "in-sample days" in seen


def test_evaluate_writes_every_single_forecast_and_what_came(
    longer: Path, taught_by_all: Path, tmp_path: Path
) -> None:
    said = lstmcast(
        "evaluate", taught_by_all, longer, "--stride", "5", "--json", "-o", tmp_path / "singles.csv"
    )
    assert (said.code, said.err) == (0, "")
    report = json.loads(said.out)["report"]
    text = (tmp_path / "singles.csv").read_text()
    assert text.splitlines()[0] == "origin,time,step,forecast,lo_80,hi_80,actual,in_sample"
    rows = records(text)
    assert len(rows) == 24 * (report["windows"] + report["seen"]["windows"])
    assert (rows[0]["origin"], rows[0]["time"], rows[0]["step"]) == (
        "2024-01-28 23:00:00",
        "2024-01-29 00:00:00",
        "1",
    )
    for part, mark in ((report, "0"), (report["seen"], "1")):
        errors = [abs(float(r["forecast"]) - float(r["actual"])) for r in rows if r["in_sample"] == mark]
        inside = [
            float(r["lo_80"]) <= float(r["actual"]) <= float(r["hi_80"])
            for r in rows
            if r["in_sample"] == mark
        ]
        metrics = part["test"]["model"]
        assert sum(errors) / len(errors) == pytest.approx(metrics["mae"], rel=1e-4)
        assert sum(inside) / len(inside) == pytest.approx(metrics["coverage_80"], abs=0.01)


def test_single_forecasts_of_a_panel_name_their_series_and_missing_outcomes_are_empty(tmp_path: Path) -> None:
    rows = [f"{row},{name}" for name in ("b", "a,1") for row in hourly_rows(20 * 24)]
    rows = [row.replace(",a,1", ',"a,1"') for row in rows]
    rows[-10] = re.sub(r",[\d.]+,", ",,", rows[-10])
    data = write_csv(tmp_path / "panel.csv", rows, "time,load,meter")
    options = (
        *QUICK,
        "--id",
        "meter",
        "--safeguard",
        "mean",
    )  # the network has a part, so its last step sees all
    assert lstmcast("train", data, *options, "-q", "-o", tmp_path / "m.pkl").code == 0
    said = lstmcast("evaluate", tmp_path / "m.pkl", data, "--stride", "24", "-o", tmp_path / "s.csv", "-v")
    assert said.code == 0
    assert "by series" in said.out
    assert "seen rows, 2024-01-03 00:00:00 to 2024-01-20 23:00:00" in said.out
    assert "over 18 in-sample days" in said.out
    found = records((tmp_path / "s.csv").read_text())
    assert list(found[0])[:4] == ["origin", "meter", "time", "step"]
    assert {row["meter"] for row in found} == {"b", "a,1"}
    assert [row for row in found if row["actual"] == ""]


def test_verbose_shows_errors_by_hour_and_weekday(history: Path, model_file: Path) -> None:
    brief = lstmcast("evaluate", model_file, history, "--stride", "6").out
    whole = lstmcast("evaluate", model_file, history, "--stride", "6", "-v").out
    assert "by hour" not in brief
    for words in ("MASE by hour", "MASE by weekday", "Sunday"):
        assert words in whole
    assert "Winkler score" in brief


def test_levels_and_quantiles_are_columns_one_within_the_other(history: Path, model_file: Path) -> None:
    said = lstmcast("predict", model_file, history, "--level", "95,80", "--quantiles", "0.95,.5,0.05,0.975")
    assert (said.code, said.err) == (0, "")
    rows = records(said.out)
    assert list(rows[0]) == [
        *("time", "forecast", "lo_80", "hi_80", "lo_95", "hi_95", "q05", "q50", "q95", "q975", "source")
    ]
    order = ("lo_95", "q05", "lo_80", "forecast", "hi_80", "q95", "hi_95")
    for row in rows:
        numbers = [float(row[name]) for name in order]
        assert numbers == sorted(numbers)
        assert (row["q50"], row["q975"]) == (row["forecast"], row["hi_95"])


def test_info_says_what_a_file_must_hold_and_how_well_the_model_did(model_file: Path) -> None:
    said = lstmcast("info", model_file)
    assert (said.code, said.err) == (0, "")
    for words in (
        "columns time, load",
        "at least 48 rows (2 days)",
        "24 rows (1 day) ahead",
        "--lookback 48",
        "MASE",
    ):
        assert words in said.out


def test_train_says_in_one_line_what_was_chosen(history: Path, tmp_path: Path) -> None:
    said = lstmcast("train", history, *QUICK, "-o", tmp_path / "m.pkl")
    made = [line for line in said.out.splitlines() if line.startswith("Made of ")]
    assert len(made) == 1
    for words in (" %", "looks back 48 rows (2 days)", f"Details: lstmcast info {tmp_path / 'm.pkl'}"):
        assert words in made[0]
    shown = lstmcast("info", tmp_path / "m.pkl").out
    chosen = [line for line in shown.splitlines() if line.startswith("Chosen ")]
    assert len(chosen) == 1
    for words in ("lookback 48", "calendar stage", "ridge", "%"):
        assert words in chosen[0]
    assert (
        "Limits      nothing below 0, since no training value is below it (forecast and band)\n" in said.out
    )
    assert "Tried" not in said.out


def test_verbose_shows_every_choice_with_the_figures_that_decided_it(history: Path, tmp_path: Path) -> None:
    said = lstmcast("train", history, *QUICK, "-v", "-o", tmp_path / "m.pkl")
    info = lstmcast("info", tmp_path / "m.pkl")
    for out in (said.out, info.out):
        for words in (
            "Tried",
            "(chosen)",
            "log1p",
            "Ridge ",
            "Network ",
            "Validation ",
            "Band ",
            "Volatility ",
            "Limits ",
        ):
            assert words in out
        assert not set("{}[]'") & set(out.replace("'s", ""))
    assert " of 20\n" in said.out
    assert "Winkler score" in said.out


def test_every_choice_stands_in_the_report_with_its_figures(model_file: Path) -> None:
    found = json.loads(lstmcast("info", model_file, "--json").out)["report"]["choices"]
    assert found["limits"] == {"min": 0.0, "max": None, "is_found": True}
    assert set(found["interval_widths"]) == {str(level) for level in LEVELS}
    assert (found["steps"], len(found["best_steps"])) == (20, 1)
    assert len(found["penalties"]) == 6
    assert min(found["penalties"].values()) == found["chosen"]["validation_mase"][0]
    assert {"linear", "network", "model", "seasonal_naive_24"} <= set(found["validation_mase"])


def test_limits_that_were_given_are_said_to_be_so(history: Path, tmp_path: Path) -> None:
    said = lstmcast("train", history, *QUICK, "--min", "-5.5", "--max", "130", "-o", tmp_path / "m.pkl")
    assert "Limits      nothing below -5.5; nothing above 130 (forecast and band)\n" in said.out
    assert "--min=-5.5 --max 130.0\n" in lstmcast("info", tmp_path / "m.pkl").out


@pytest.mark.parametrize("command", ["info", "evaluate", "predict"])
def test_a_reader_that_takes_the_first_line_only_is_no_failure(
    command: str, history: Path, model_file: Path
) -> None:
    words = [sys.executable, "-m", "lstmcast", command, str(model_file)]
    words += [] if command == "info" else [str(history)]
    line = f"set -o pipefail; {shlex.join(words)} | head -n 1"
    done = subprocess.run(["bash", "-c", line], capture_output=True, cwd=PROJECT, text=True)
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)


def test_networks_trained_in_several_settings_are_compared_in_a_line() -> None:
    rows: dict[str, Any] = {"transform": "none", "lookback": 48, "is_anchored": True, "is_sized": False}
    networks = [
        TriedNetwork(**rows, stage="calendar", validation_mase={"model": 0.4}),
        TriedNetwork(**rows, stage="none", validation_mase=0.51),  # as the oldest files have it
    ]
    said = choices._networks(networks)
    assert said.endswith("with the network on a calendar stage 0.400, on no calendar stage 0.510")
    assert choices._networks(networks[:1]) == ""
    assert choices._own_stage("none", networks) == ["the network on a calendar stage"]
    assert choices._own_stage("calendar", networks) == []
    assert choices._own_stage("calendar", ()) == []


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (2.63, "2.630"),
        (593.96, "594.0"),
        (1583.2, "1,583"),
        (1.5e-9, "1.500e-09"),
        (None, "not defined"),
    ],
)
def test_numbers_of_a_column_have_four_digits(value: float | None, shown: str) -> None:
    assert verdict.cell("mae", value) == shown


def test_of_many_series_the_worst_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    def metrics(error: float) -> dict[str, dict[str, float]]:
        return {"model": {"mase": error, "mae": error}}

    report = {"test": metrics(1.0), "by_series": {f"meter {i}": metrics(float(i)) for i in range(100)}}
    verdict.show_groups(report, Clock("h"), Console())
    lines = capsys.readouterr().out.splitlines()
    assert "the 24 worst of 100" in lines[1]
    assert [line.split()[1] for line in lines[2:]] == [str(i) for i in range(99, 75, -1)]


def test_where_the_network_has_no_part_train_says_so(history: Path, tmp_path: Path) -> None:
    arguments = [*QUICK, "--steps", "0", "-o", tmp_path / "m.pkl"]
    said = lstmcast("train", history, *arguments)
    assert re.search(
        r" % linear.* \(the network is hardly better on validation and test rows, or worse: MASE [\d.]+ against",
        said.out,
    )
    asked = lstmcast("train", history, *arguments, "--safeguard", "linear")
    assert "100 % linear; looks back" in asked.out


def test_a_network_that_is_left_out_is_told_beside_the_linear_part_that_ships() -> None:
    errors = {"network": 1.25, "linear": 1.5}

    def told(errors: dict[str, float]) -> str:
        return choices._why_left_out(SimpleNamespace(validation_mase=errors, shipped=None))  # type: ignore[arg-type]

    assert "MASE 1.250 against 1.500" in told(errors)
    assert "MASE 1.250 against 1.200" in told(errors | {"linear_pair": 1.2})


def test_the_command_that_info_gives_makes_the_same_file(
    history: Path, model_file: Path, tmp_path: Path
) -> None:
    line = next(line for line in lstmcast("info", model_file).out.splitlines() if line.startswith("Rebuild"))
    program, *words = shlex.split(line.removeprefix("Rebuild"))
    assert program == "lstmcast"
    words[words.index("DATA")] = str(history)
    assert lstmcast(*words, "-o", tmp_path / "again.pkl").code == 0
    assert (tmp_path / "again.pkl").read_bytes() == model_file.read_bytes()


def test_a_command_is_made_of_every_kind_of_option() -> None:
    options = Options(
        target="load [MW]",
        known=("a b", "c"),
        season=(24, 168),
        highway=False,
        final=False,
        dropout=0.1,
        max=-2.0,
    )
    flags = {field.name: None for field in dataclasses.fields(Options)}
    assert command(options) == (
        "lstmcast train DATA --target 'load [MW]' --known 'a b,c' --season 24,168 --no-highway --dropout 0.1 "
        "--no-final --max=-2.0"
    )
    assert options_from(flags | {"highway": True, "final": True}) == Options()


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
    plain = lstmcast("predict", model_file, history)
    other = process("predict", model_file, history, LC_ALL="C", TZ="Asia/Kolkata", NO_COLOR="1")
    assert plain == other
    assert plain.code == 0
