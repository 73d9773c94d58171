"""Command lines with values that nobody means: every option of every command with what is no number, none or too much.

What holds of each: it ends, in an exit code that is documented, with one line of reason at most beside warnings, and
never as a bug of ours.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from typer.main import get_command

from lstmcast.cli.shell.app import app
from tests.command_line import Said, lstmcast

VALUES = ("nan", "inf", "-inf", "0", "-1", "1e400", "", "x" * 5000)
VALUES += ("1", "0.5", "1e308", "9" * 25, "a,b", "=1", "2020-13-45")
DOCUMENTED = {0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
SLOW = 20  # seconds after which a run is ended, and no more said of it


class Slow(BaseException):
    """A command that takes its time, as it was told to."""


def monthly(path: Path, count: int, ids: bool = False) -> Path:
    """Months of sales, of two shops if there are ids."""
    lines = ["month,shop,sales,price"] if ids else ["month,sales,price"]
    for month in range(count):
        for shop in ("a", "b") if ids else ("",):
            stamp = f"{2010 + month // 12}-{month % 12 + 1:02d}"
            value = 100 + 10 * (month % 12) + 7 * (month * 37 % 11)
            lines.append(",".join([stamp, *([shop] if ids else []), str(value), str(5 + month % 3)]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def bases(folder: Path) -> dict[str, tuple[object, ...]]:
    """Each command with words that it is happy with; makes the files that they name."""
    data, later = monthly(folder / "data.csv", 60), monthly(folder / "later.csv", 72)
    model, ledger = folder / "model.pkl", folder / "ledger.csv"
    assert lstmcast("train", data, "--target", "sales", "--horizon", 3, "-q", "-o", model).code == 0
    assert lstmcast("predict", model, data, "--log", ledger, "-o", folder / "said.csv", "-q").code == 0
    return {
        "check": (data,),
        "train": (data, "--target", "sales", "--horizon", 3),
        "predict": (model, data),
        "evaluate": (model, later),
        "refresh": (model, later),
        "score": (ledger, later, "--target", "sales"),
        "info": (model,),
        "export": (model,),
        "template": (model, data),
        "compare": (model, model, later),
        "explain": (model, data),
        "plot": (model, data),
        "report": (model, data),
        "fill": (data, "--model", model),
        "watch": (model, later),
        "backtest": (data, "--target", "sales", "--horizon", 3),
        "schedule": (model, data),
        "config": (),
    }


def options_of(command: str) -> list[Any]:
    """The options of a command, but for those that print help."""
    group = get_command(app)
    found = group.get_command(typer.Context(group), command)  # type: ignore[attr-defined]
    return [each for each in found.params if each.param_type_name == "option" and each.name != "help"]


def lines(words: dict[str, tuple[object, ...]], seed: int) -> Iterator[tuple[object, ...]]:
    """Command lines without end: a command, and one or two of its options with values."""
    draw = random.Random(seed)
    known = {command: options_of(command) for command in words}
    while True:
        command = draw.choice(list(words))
        line: list[object] = [command, *words[command]]
        for option in draw.sample(known[command], min(draw.choice((1, 1, 2, 3)), len(known[command]))):
            line.append(draw.choice([*option.opts, *option.secondary_opts]))
            if not option.is_flag:
                line.append(draw.choice(VALUES))
        yield tuple(line)


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """End what takes longer."""

    def end(*_: object) -> None:
        raise Slow

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def run(line: tuple[object, ...], folder: Path) -> Said | None:
    """What came of a command line in a folder; None where it took too long."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        with at_most(SLOW):
            return lstmcast(*line)
    except Slow:
        return None
    finally:
        os.chdir(before)


def wrong(said: Said | None) -> str | None:
    """What is wrong with how a command line ended, if something is."""
    if said is None:
        return None
    if said.code not in DOCUMENTED or "a bug of ours" in said.err or "Traceback" in said.err:
        return f"exit {said.code}: {said.err.strip()[-400:]}"
    told = ("lstmcast: E_", '{"time"')  # as a line, or as JSON with --log-json
    reasons = [each for each in said.err.splitlines() if each.startswith(told) and "E_" in each]
    return (
        f"{len(reasons)} reasons: {said.err[-400:]}"
        if said.code not in (0, 11) and len(reasons) != 1
        else None
    )


def restored(folder: Path, files: dict[str, bytes]) -> None:
    """Put back what a run has changed."""
    for path in folder.iterdir():
        if path.is_file() and path.name not in files:
            path.unlink()
    for name, data in files.items():
        if not (folder / name).exists() or (folder / name).read_bytes() != data:
            (folder / name).write_bytes(data)
