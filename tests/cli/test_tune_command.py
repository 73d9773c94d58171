"""`lstmcast tune`: its search can be stopped by a signal and taken up again, with the same result."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lstmcast.cli.sessions import searched
from lstmcast.cli.shell.signals import Stopped
from lstmcast.persistence.outputs import kind_of
from lstmcast.pipeline import tuning
from lstmcast.pipeline.pace import Pace
from lstmcast.pipeline.tuning import JudgedTrial
from tests.command_line import Said, lstmcast
from tests.conftest import hourly_rows, write_csv

COMMAND = ("tune", "load.csv", "--target", "load", "--horizon", 6, "--lookback", 24, "--hidden", 4)
QUICK = (*COMMAND, "--steps", 2, "--smoothing", "no", "--threads", 1, "--no-final", "--trials", 9)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with data, where the search is kept after each training."""
    write_csv(tmp_path / "load.csv", hourly_rows(500))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(searched, "WRITE_EVERY", 0.0)
    return tmp_path


def judge(monkeypatch: pytest.MonkeyPatch, stop_at: int = 10**9, number: int = signal.SIGTERM) -> list[str]:
    """Let errors stand in for trainings, and a signal come at one of them; the keys that were judged."""
    seen: list[str] = []

    def judged(key: str, *_: object) -> JudgedTrial:
        if len(seen) == stop_at:
            raise Stopped(number, signal.Signals(number).name)
        seen.append(key)
        trial, *rest = map(int, key.split("."))
        return JudgedTrial(key, 1.0 - 0.01 * (trial % 5) + 0.001 * sum(rest), Pace(0.1, 0.1))

    monkeypatch.setattr(tuning, "_judged", judged)
    return seen


def document(said: Said) -> dict[str, Any]:
    """The JSON of a command that went well, without what the clock says."""
    assert said.code == 0, said.err
    found: dict[str, Any] = json.loads(said.out)
    return found


def test_a_killed_search_goes_on_to_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    every = judge(monkeypatch)
    whole = document(lstmcast(*QUICK, "--json", "-o", "whole.pkl"))
    assert not Path("whole.pkl.tune").exists()
    before = judge(monkeypatch, 12)
    said = lstmcast(*QUICK, "-o", "m.pkl")
    assert said.code == 143
    assert "--resume" in said.err
    assert not Path("m.pkl").exists()
    assert kind_of("m.pkl.tune") == "a search"
    after = judge(monkeypatch)
    resumed = document(lstmcast(*QUICK, "--json", "--resume", "-o", "m.pkl"))
    assert before + after == every
    assert resumed["trials"] == whole["trials"]
    assert Path("m.pkl").read_bytes() == Path("whole.pkl").read_bytes()
    assert not Path("m.pkl.tune").exists()
    assert whole["complete"] is True


def test_the_first_interrupt_trains_the_best_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    judge(monkeypatch, 6, signal.SIGINT)
    said = lstmcast(*QUICK, "--json", "-o", "m.pkl")
    found = document(said)
    assert found["complete"] is False
    assert found["chosen"] == found["trials"][4]["changes"] != {}
    assert Path("m.pkl").exists()
    assert Path("m.pkl.tune").exists()
    after = judge(monkeypatch)
    assert document(lstmcast(*QUICK, "--json", "--resume", "--force", "-o", "m.pkl"))["complete"] is True
    assert after[0] == "6.0.0"


@pytest.mark.parametrize("spoil", [lambda text: text[:40], lambda text: text.replace("0.0.0", "no")])
def test_a_spoilt_search_is_begun_anew(monkeypatch: pytest.MonkeyPatch, spoil: Callable[[str], str]) -> None:
    every = judge(monkeypatch, 3)
    lstmcast(*QUICK, "-o", "m.pkl")
    kept = Path("m.pkl.tune")
    kept.write_text(spoil(kept.read_text()))
    every = judge(monkeypatch)
    said = lstmcast(*QUICK, "--resume", "-o", "m.pkl")
    assert said.code == 0
    assert "starts from the beginning" in said.err
    assert every[0] == "0.0.0"


def test_other_data_begin_anew_and_a_gate_leaves_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    judge(monkeypatch, 3)
    lstmcast(*QUICK, "-o", "m.pkl")
    write_csv(Path("load.csv"), hourly_rows(520))
    judge(monkeypatch)
    said = lstmcast(*QUICK, "--resume", "--require-skill", 0.99, "-o", "m.pkl")
    assert "other data" in said.err
    assert said.code == 5
    assert not Path("m.pkl").exists()
