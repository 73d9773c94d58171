"""What once ended in exit 1: values that no option has, stamps that no clock shows, files of two rows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.command_line import Said, lstmcast
from tests.conftest import QUICK


def refused(said: Said, code: int, *words: str) -> None:
    """One line with these words, and an exit code that is not that of a bug."""
    assert (said.code, said.out, said.err.count("\n")) == (code, "", 1), said
    for word in words:
        assert word in said.err


@pytest.mark.parametrize("command", ["train", "check"])
@pytest.mark.parametrize("freq", ["0h", "-1h", "1ns", "99999999999h", "0D", "-1D", "9999999MS", "0.5us", ""])
def test_a_step_that_goes_nowhere_is_no_step(command: str, freq: str, history: Path) -> None:
    target = ["--target", "load"] if command == "train" else []
    refused(lstmcast(command, history, *target, f"--freq={freq}"), 2, "--freq takes a step such as")


@pytest.mark.parametrize("flag", ["--val", "--test"])
@pytest.mark.parametrize("value", ["1e308", "1e15", "nan", "inf", "-1", "0", "1e400"])
def test_a_block_has_a_share_or_so_many_rows(flag: str, value: str, history: Path) -> None:
    refused(lstmcast("train", history, *QUICK, flag, value), 2, f"{flag} is a share")


@pytest.mark.parametrize("flag", ["--min", "--max"])
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e200", "-1e400"])
def test_a_limit_is_a_number_of_a_file(flag: str, value: str, history: Path) -> None:
    refused(lstmcast("train", history, *QUICK, flag, value), 2, f"{flag} goes from -1e+150 to 1e+150")


@pytest.mark.parametrize("offset", ["+99:00", "-24:00", "+24:00"])
def test_no_clock_is_a_day_ahead(offset: str, tmp_path: Path) -> None:
    rows = [f"2024-01-01T{hour:02}:00:00{offset},{hour}" for hour in range(24)]
    (tmp_path / "d.csv").write_text("\n".join(["time,load", *rows]) + "\n")
    for command in (["check"], ["train", "--target", "load"]):
        refused(lstmcast(command[0], tmp_path / "d.csv", *command[1:]), 3, offset)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_few_rows_of_classes_are_too_few(count: int, tmp_path: Path) -> None:
    rows = [f"2024-01-0{day},{'ab'[day % 2]}" for day in range(1, count + 1)]
    (tmp_path / "d.csv").write_text("\n".join(["time,sky", *rows]) + "\n")
    said = lstmcast("train", tmp_path / "d.csv", "--target", "sky", "--task", "classes")
    assert said.code in (3, 7), said
    assert said.err.count("\n") == 1


def test_a_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    os.rmdir(tmp_path / "gone")
    for words in (
        ["schedule", "m.pkl", "d.csv"],
        ["train", "d.csv", "--target", "x"],
        ["refresh", "m.pkl", "d.csv"],
    ):
        refused(lstmcast(*words), 2, "the working directory is not there any more")
    for words in (
        ["predict", "m.pkl", "d.csv"],
        ["check", "d.csv"],
        ["score", "l.csv", "d.csv"],
        ["info", "m.pkl"],
    ):
        assert lstmcast(*words).code in (3, 4)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "identity"])
def test_an_activation_without_a_dense_layer_is_refused(activation: str, history: Path) -> None:
    said = lstmcast("train", history, *QUICK, "--activation", activation)
    refused(said, 2, "--activation is that of dense layers", "--dense or --between")


@pytest.mark.parametrize(
    "flags", [("--budget", "10s"), ("--exclude", "2024-01-01"), ("--always",), ("--keep", "1")]
)
def test_what_a_rollback_has_no_use_for_is_refused(flags: tuple[str, ...], model_file: Path) -> None:
    refused(lstmcast("refresh", model_file, "--rollback", *flags), 2, f"{flags[0]} says how to train on")


def test_standard_output_is_not_waited_for(history: Path) -> None:
    refused(lstmcast("train", history, *QUICK, "-o", "-", "--wait", "10s"), 2, "--wait waits for another run")
