"""`lstmcast demo`: a first forecast without a file of one's own, by commands that can be typed again."""

from __future__ import annotations

import gzip
import os
import shlex
from collections.abc import Sequence
from importlib import resources

import typer

from lstmcast.cli.shell.console import Console
from lstmcast.cli.shell.flags import Quiet, where_settings_stand
from lstmcast.cli.shell.streams import PROGRAM
from lstmcast.core.errors import UsageError

SAMPLES = ("load.csv", "load_new.csv")
MODEL, FORECAST = "model.pkl", "forecast.csv"
COMMANDS = (
    ("train", SAMPLES[0], "--target", "load"),
    ("predict", MODEL, SAMPLES[1], "--output", FORECAST),
)
_NEXT = (
    "Now with your own file:",
    "  lstmcast check data.csv",
    "  lstmcast train data.csv --target COLUMN",
    "  lstmcast predict model.pkl fresh.csv",
    "Read on: lstmcast guide start",
)


def demo(context: typer.Context, quiet: Quiet = False) -> None:
    """Try it: train and forecast on a sample file.

    It writes load.csv and load_new.csv (hourly electricity demand of Victoria, Australia) into the
    folder where you are, trains model.pkl, and writes forecast.csv. Every command is shown before it runs.
    """
    console = Console(quiet=quiet)
    _refuse_foreign_files()
    for name in SAMPLES:
        _write(name)
    console.note(f"Wrote {SAMPLES[0]} (five months of hours) and {SAMPLES[1]} (the last three weeks).")
    for words in COMMANDS:
        _run([*words, *where_settings_stand(context)], console)
    _show_forecast(console)
    console.say(*_NEXT)


def _refuse_foreign_files() -> None:
    """Raise UsageError where a file of ours would take the place of another one."""
    ours = all(os.path.exists(name) and _is_sample(name) for name in SAMPLES)
    for name in (*SAMPLES, MODEL, FORECAST):
        if os.path.lexists(name) and not (ours or (name in SAMPLES and _is_sample(name))):
            raise UsageError(f"{name} is here already; run {PROGRAM} demo in an empty folder")


def _sample(name: str) -> bytes:
    return gzip.decompress(
        resources.files("lstmcast").joinpath("guide", "samples", f"{name}.gz").read_bytes()
    )


def _is_sample(name: str) -> bool:
    try:
        with open(name, "rb") as file:
            return file.read() == _sample(name)
    except OSError:
        return False


def _write(name: str) -> None:
    from lstmcast.persistence.files import replace_file

    if not _is_sample(name):
        replace_file(name, _sample(name))


def _run(words: Sequence[str], console: Console) -> None:
    """Show a command and run it, as if it had been typed."""
    from lstmcast.cli.shell.app import parse

    console.say("", f"Running: {PROGRAM} {shlex.join(words)}", "")
    parse([*words, *(["--quiet"] if console.quiet else [])])


def _show_forecast(console: Console) -> None:
    """The first rows of the forecast."""
    with open(FORECAST, encoding="utf-8") as file:
        lines = file.read().splitlines()
    console.say(*lines[:4], f"… {len(lines) - 4} more rows in {FORECAST}", "")
