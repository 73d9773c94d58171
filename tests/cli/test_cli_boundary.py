"""The boundary: every failure is one line and an exit code, on whatever streams there are."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import lstmcast.cli.shell.app as lstmcast_app
from lstmcast.cli.shell import streams
from lstmcast.core.errors import EXIT_CODES, LstmcastError
from tests.command_line import PROJECT, lstmcast

PUBLIC_ERRORS = [kind for kind in LstmcastError.__subclasses__() if not kind.__name__.startswith("_")]


def fail_with(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next command line fail in a given way."""

    def parse(arguments: list[str]) -> int:
        raise error

    monkeypatch.setattr(lstmcast_app, "parse", parse)


@pytest.mark.parametrize("kind", PUBLIC_ERRORS, ids=lambda kind: kind.name)
def test_each_error_is_one_line_and_its_exit_code(
    kind: type[LstmcastError], monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(kind("what\nis wrong"), monkeypatch)
    said = lstmcast("train")
    assert (said.code, said.out) == (kind.exit_code, "")
    assert said.err == f"lstmcast: {kind.name}: what is wrong\n"


def test_an_error_is_a_json_document_for_those_who_asked_for_json(monkeypatch: pytest.MonkeyPatch) -> None:
    said = lstmcast("train", "data.csv", "--nonsense", "--json")
    error = json.loads(said.out)["error"]
    assert said.code == error["exit_code"] == 2
    assert error["name"] == "E_USAGE"
    assert "--nonsense" in error["message"]


def test_a_bug_is_one_line_that_says_where_its_traceback_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    fail_with(ZeroDivisionError("oh"), monkeypatch)
    said = lstmcast("train")
    assert said.code == 1
    assert said.err.count("\n") == 1
    report = re.search(r"E_BUG: .*ZeroDivisionError: oh; its traceback is in (\S+),", said.err)
    assert report is not None
    assert "Traceback" in Path(report[1]).read_text()


def test_debug_shows_the_traceback_of_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(ZeroDivisionError("oh"), monkeypatch)
    said = lstmcast("train", "--debug")
    assert said.code == 1
    assert "Traceback" in said.err
    assert said.err.splitlines()[-1].startswith("lstmcast: E_BUG: ")


def test_debug_may_stand_anywhere() -> None:
    assert lstmcast("info", "--debug", "--help").code == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_run_in_one_line(number: int, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(number, signal.default_int_handler)  # a shell may have it ignored
    monkeypatch.setattr(lstmcast_app, "parse", lambda arguments: signal.raise_signal(number))
    try:
        said = lstmcast("train")
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, before)
    assert said.code == code
    assert code in EXIT_CODES
    assert re.fullmatch(r"lstmcast: E_STOPPED: stopped by SIG\w+ before it was done\n", said.err)


def test_an_ignored_signal_stays_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)

    def parse(arguments: list[str]) -> int:
        signal.raise_signal(signal.SIGINT)
        return 0

    monkeypatch.setattr(lstmcast_app, "parse", parse)
    try:
        assert lstmcast("train").code == 0
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("arguments", ["--help", "--version", "train --help"])
def test_a_full_or_closed_stdout_is_exit_8_and_never_0(arguments: str) -> None:
    program = f"{sys.executable} -m lstmcast {arguments}"
    for ending, reason in ((">/dev/full", "No space left"), (">&-", "")):
        done = subprocess.run(
            ["bash", "-c", f"{program} {ending}"], capture_output=True, cwd=PROJECT, text=True
        )
        assert done.returncode == 8
        assert re.fullmatch(rf"lstmcast: E_OUTPUT: standard output .*{reason}.*\n", done.stderr)


def test_a_reader_that_has_left_is_exit_8(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [sys.executable, "-m", "lstmcast", "--help"], stdout=write_end, stderr=subprocess.PIPE, cwd=PROJECT
    )
    os.close(write_end)
    assert done.returncode == 8
    assert done.stderr.count(b"\n") == 1


def test_a_closed_stderr_changes_no_exit_code() -> None:
    done = subprocess.run(["bash", "-c", f"{sys.executable} -m lstmcast nonsense 2>&-"], cwd=PROJECT)
    assert done.returncode == 2


def test_text_from_a_file_cannot_move_the_cursor() -> None:
    assert streams.clean("load[/kW]\x1b[2J\r\n°C") == "load[/kW]\\x1b[2J\\r\\n°C"


def test_after_a_run_signals_are_as_they_were() -> None:
    before = signal.getsignal(signal.SIGTERM)
    lstmcast("--help")
    assert signal.getsignal(signal.SIGTERM) is before
