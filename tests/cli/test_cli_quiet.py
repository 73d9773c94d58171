"""Quiet: nothing on either stream that a pipe, a log or a terminal could not take, and no failure taken for success."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import subprocess
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, TextIO

import pytest

import lstmcast.cli.shell.app as lstmcast_app
from lstmcast.__main__ import run
from lstmcast.cli.shell.console import Console
from lstmcast.core.letters import spelled_out
from lstmcast.persistence import load, save
from tests.command_line import PROJECT, Said, lstmcast
from tests.conftest import QUICK, hourly_rows, write_csv

ESCAPE = "\x1b[2J\x1b]0;title\x07\x9b"
TARGET, SERIES, KNOWN = f"load[/kW]{ESCAPE}", f"id{ESCAPE}", f"[red]sky{ESCAPE}"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model file and the file it was trained on; names and cells of both are full of escape codes."""
    folder = tmp_path_factory.mktemp("hostile")
    rows = [
        f'{row},"{name}",{"sun" if i % 3 else "rain"}{ESCAPE}'
        for name in (f"a{ESCAPE}", "b[/red]")
        for i, row in enumerate(hourly_rows(20 * 24))
    ]
    data = write_csv(folder / f"data{ESCAPE}.csv", rows, f"time,{TARGET},{SERIES},{KNOWN}")
    model = folder / f"model{ESCAPE}.pkl"
    columns = ("--target", TARGET, "--id", SERIES, "--past", KNOWN)
    said = lstmcast("train", data, *columns, *QUICK[2:], "-o", model, "-v")
    assert said.code == 0
    assert "[/kW]" in said.out
    check_harmless(said)
    return model, data


def check_harmless(said: Said) -> None:
    """Neither stream holds a control character but the ends of lines."""
    for text in (said.out, said.err):
        assert not [letter for letter in text if not letter.isprintable() and letter != "\n"]


@pytest.mark.parametrize(
    "arguments",
    [
        "predict",
        "predict --json",
        "predict -v --log-json",
        "evaluate -v --stride 24",
        "info -v",
        "info --json",
    ],
)
def test_no_command_passes_on_escape_codes_from_names_and_cells(
    arguments: str, hostile: tuple[Path, Path]
) -> None:
    model, data = hostile
    command, *more = arguments.split()
    said = lstmcast(command, model, *([] if command == "info" else [data]), *more)
    assert said.code == 0
    check_harmless(said)


def test_no_error_passes_on_escape_codes(hostile: tuple[Path, Path], tmp_path: Path) -> None:
    model, data = hostile
    for arguments in (
        ["predict", f"absent{ESCAPE}", data],
        ["predict", model, f"absent{ESCAPE}"],
        ["train", data, "--target", f"absent{ESCAPE}"],
        ["train", data, f"--absent{ESCAPE}"],
        [f"absent{ESCAPE}"],
        ["train", data, "--target", TARGET, "-o", tmp_path / ESCAPE / "m.pkl"],
        ["train", data, "--target", SERIES],
        ["train", data, "--config", f"absent{ESCAPE}"],
    ):
        for more in ([], ["--json"], ["--log-json"]):
            said = lstmcast(*arguments, *more)
            assert said.code > 1, arguments
            check_harmless(said)


def test_a_file_spells_out_what_would_act_in_the_names_of_its_series(
    hostile: tuple[Path, Path], tmp_path: Path
) -> None:
    model, data = hostile
    assert lstmcast("predict", model, data, "-o", tmp_path / "f.csv").code == 0
    with open(tmp_path / "f.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row[spelled_out(SERIES)] for row in rows} == {spelled_out(f"a{ESCAPE}"), "b[/red]"}


class Terminal(io.StringIO):
    """A stream that says it is a terminal, or that it is none."""

    def __init__(self, is_terminal: bool) -> None:
        super().__init__()
        self.is_terminal = is_terminal

    def isatty(self) -> bool:
        """What it was told to say."""
        return self.is_terminal


@pytest.mark.parametrize(
    ("is_terminal", "environment", "is_styled"),
    [
        (True, {}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (True, {"TERM": "dumb", "FORCE_COLOR": "1"}, False),
        (False, {}, False),
        (False, {"TTY_COMPATIBLE": "1", "COLORTERM": "truecolor", "CLICOLOR_FORCE": "1"}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
    ids=str,
)
def test_style_is_for_terminals_and_can_be_forbidden_and_forced(
    is_terminal: bool, environment: dict[str, str], is_styled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "TTY_COMPATIBLE", "COLORTERM", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with redirect_stdout(Terminal(is_terminal)) as out:
        Console().table(["name[/x]", "MASE"], [["[red]mine", "0.5"]])
    assert ("\x1b[" in out.getvalue()) is is_styled
    assert "name[/x]" in out.getvalue()
    assert "[red]mine" in out.getvalue()


def unwritable(kind: str) -> TextIO | None:
    """A stdout on a full disk, one whose reader has left, or none."""
    if kind == "full":
        return open("/dev/full", "w")
    read_end, write_end = os.pipe()
    os.close(read_end)
    return os.fdopen(write_end, "w") if kind == "left" else None


@pytest.mark.parametrize("kind", ["full", "left", "closed"])
@pytest.mark.parametrize(
    "arguments", ["predict", "predict --json", "evaluate --stride 24", "info", "info --json"]
)
def test_a_result_that_stdout_does_not_take_is_exit_8(
    arguments: str, kind: str, history: Path, model_file: Path
) -> None:
    command, *more = arguments.split()
    err = io.StringIO()
    with redirect_stdout(unwritable(kind)), redirect_stderr(err):
        code = run([command, str(model_file), *([] if command == "info" else [str(history)]), *more])
        if sys.stdout is not None:
            sys.stdout.close()
    assert code == 8
    assert err.getvalue().startswith("lstmcast: E_OUTPUT: standard output ")
    assert err.getvalue().count("\n") == 1


@pytest.mark.parametrize("ending", ["| head -0", ">&-", ">/dev/full"])
def test_a_forecast_that_nobody_got_is_exit_8_in_the_shell_too(
    ending: str, history: Path, model_file: Path
) -> None:
    words = [sys.executable, "-m", "lstmcast", "predict", str(model_file), str(history)]
    line = f"{shlex.join(words)} {ending}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, cwd=PROJECT, text=True)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (8, "", 1)


@pytest.mark.parametrize("is_quiet", [True, False])
def test_training_to_a_stdout_that_is_full_is_exit_8(is_quiet: bool, history: Path, tmp_path: Path) -> None:
    err = io.StringIO()
    arguments = ["train", str(history), *QUICK, "-o", str(tmp_path / "m.pkl"), *(["-q"] if is_quiet else [])]
    with redirect_stdout(unwritable("full")), redirect_stderr(err):
        assert run(arguments) == 8
        sys.stdout.close()
    load(tmp_path / "m.pkl")  # it is saved before anything that can fail there


def test_what_python_libraries_warn_of_is_shown_with_debug_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(arguments: list[str]) -> int:
        warnings.warn("mean of nothing", RuntimeWarning, stacklevel=1)
        return 0

    monkeypatch.setattr(lstmcast_app, "parse", parse)
    assert lstmcast("train").err == ""
    assert lstmcast("train", "--debug").err.startswith("lstmcast: RuntimeWarning: mean of nothing (")


def test_a_model_that_everybody_may_change_is_warned_of(
    history: Path, model_file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    path = folder / "model.pkl"
    trained = lstmcast("train", history, *QUICK, "-o", path)
    said = {
        "train": trained,
        "predict": lstmcast("predict", path, history),
        "evaluate": lstmcast("evaluate", path, history, "--stride", "24"),
        "info": lstmcast("info", path),
    }
    for command, one in said.items():
        assert one.code == 0, command
        assert one.err.startswith(f"lstmcast: warning: {folder} can be changed by every user"), command
    assert lstmcast("predict", path, history, "-q").err == ""
    logged: dict[str, Any] = json.loads(lstmcast("predict", path, history, "--log-json").err.splitlines()[1])
    assert (logged["level"], logged["id"], logged["file"]) == ("warning", "open_to_all", str(path))
    folder.chmod(0o755)
    save(load(model_file), path)
    assert lstmcast("predict", path, history).err == ""
    path.chmod(0o646)
    assert "model.pkl can be changed by every user" in lstmcast("predict", path, history).err
