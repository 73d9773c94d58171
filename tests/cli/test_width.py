"""Whatever a command prints on a terminal fits it, and no word is broken: at 60, 80 and 120 columns."""

from __future__ import annotations

import os
import pty
import shlex
import threading
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path

import pytest

from lstmcast.__main__ import run
from lstmcast.cli.shell.catalogue import COMMANDS
from lstmcast.cli.shell.tables import fitted
from tests.command_line import SAMPLES, lstmcast
from tests.conftest import QUICK, hourly_rows, write_csv

SAID = {
    "check": ("check data.csv", "check data.csv --target load", "check panel.csv --id shop"),
    "train": (
        f"train data.csv {shlex.join(QUICK)} --no-final --force -o m.pkl -v",
        f"train panel.csv --id shop {shlex.join(QUICK)} --no-final --force -o panel.pkl",
    ),
    "predict": ("predict m.pkl data.csv --level 50,80,95", "predict m.pkl data.csv --set a=1"),
    "plot": ("plot data.csv --target load", "plot m.pkl data.csv"),
    "explain": (
        "explain m.pkl data.csv",
        "explain m.pkl data.csv --step 3",
        "explain m.pkl data.csv --global",
    ),
    "evaluate": ("evaluate m.pkl data.csv -v", "evaluate panel.pkl panel.csv -v --stride 24"),
    "info": ("info m.pkl -v", "info panel.pkl"),
    "tune": (
        "tune days.csv --target load --lookback 24 --hidden 4 --steps 2 --calendar none --smoothing no "
        "--members 1 --trials 2 --no-final -o tuned.pkl --force",
    ),
    "backtest": (f"backtest data.csv {shlex.join(QUICK)} --folds 2",),
    "compare": ("compare m.pkl m.pkl data.csv --stride 24",),
    "score": ("score forecasts.csv load.csv",),
    "refresh": ("refresh m.pkl more.csv --budget 2s",),
    "template": ("template m.pkl data.csv",),
    "report": ("report m.pkl data.csv -o report.html --force",),
    "watch": ("watch m.pkl more.csv",),
    "fill": ("fill gap.csv -m m.pkl -o filled.csv --force",),
    "config": ("config", "config train"),
    "guide": ("guide",),
    "export": (),  # prints nothing that is not a path
    "demo": (),  # prints what train and predict do
    "schedule": (),  # prints lines to be pasted, which are never wrapped
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files and models to show."""
    place = tmp_path_factory.mktemp("width")
    rows = hourly_rows(30 * 24)
    write_csv(place / "data.csv", rows[: 26 * 24])
    write_csv(place / "more.csv", rows)
    write_csv(place / "days.csv", rows[: 14 * 24])
    write_csv(place / "gap.csv", [*rows[:500], *rows[506:]])
    shops = [f"{shop},{row}" for shop in ("north street", "south") for row in rows]
    write_csv(place / "panel.csv", shops, "shop,time,load")
    for name, source in (("load.csv", "victoria_new.csv"), ("forecasts.csv", "forecasts.csv")):
        (place / name).write_bytes((SAMPLES / source).read_bytes())
    here = Path.cwd()
    os.chdir(place)
    try:
        for command in SAID["train"]:
            assert lstmcast(*shlex.split(command)).code == 0
    finally:
        os.chdir(here)
    return place


def on_terminal(command: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines that a command prints on a terminal of so many columns, stderr among them."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("PAGER", "cat")
    ours, theirs = pty.openpty()
    shown: list[bytes] = []

    def read() -> None:
        with suppress(OSError):
            while chunk := os.read(ours, 65536):
                shown.append(chunk)

    reader = threading.Thread(target=read)
    reader.start()
    with os.fdopen(theirs, "w") as out, redirect_stdout(out), redirect_stderr(out):
        run(shlex.split(command))
    reader.join()
    os.close(ours)
    text = b"".join(shown).decode().replace("\r\n", "\n")
    return [line.rsplit("\r", 1)[-1] for line in text.splitlines()]


def test_every_command_is_here() -> None:
    assert set(SAID) >= set(COMMANDS)


@pytest.mark.parametrize("command", [command for commands in SAID.values() for command in commands])
def test_what_a_command_prints_fits_and_breaks_no_word(
    command: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    whole = {word for line in on_terminal(command, 400, monkeypatch) for word in line.split()}
    for columns in (60, 80, 120):
        lines = [line for line in on_terminal(command, columns, monkeypatch) if "\x1b" not in line]
        assert [line for line in lines if len(line) > columns] == [], columns
        shown = {word for line in lines for word in line.split()}
        drawn = {word for word in shown if not word.isascii()}
        assert {word for word in shown - whole - drawn if word.isalpha()} <= NOTE, columns


NOTE = {"left", "out:", "a", "wider", "terminal", "shows", "all"}


def test_columns_of_words_are_wrapped_and_those_of_numbers_left_out() -> None:
    header, rows = ("name", "one", "two", "three"), [("a long name of it", "1.000", "2.000", "3.000")]
    assert fitted(header, rows, (), 80).dropped == ()
    narrow = fitted(header, rows, (), 34)
    assert (narrow.dropped, narrow.rows[0][0]) == ((), "a long name\nof it")
    narrower = fitted(header, rows, (), 20)
    assert narrower.dropped == ("two", "three")
    assert narrower.width <= 20
