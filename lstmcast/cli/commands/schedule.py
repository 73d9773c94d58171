"""`lstmcast schedule`: the lines that make a computer forecast every night, printed and never installed."""

from __future__ import annotations

import os
import re
import shlex
import sys
from typing import Annotated

import typer

from lstmcast.cli.shell.console import Console
from lstmcast.cli.shell.flags import INPUT, OUTPUT, Json, ModelFile, Quiet
from lstmcast.cli.shell.streams import PROGRAM
from lstmcast.core.errors import EXIT_CODES, UsageError

NightlyData = Annotated[
    str,
    typer.Argument(metavar="DATA", help="CSV file that is fresh every night", rich_help_panel=INPUT),
]
At = Annotated[
    str, typer.Option(metavar="HH:MM", help="when, on the local clock", rich_help_panel="Schedule")
]
NightlyForecast = Annotated[
    str,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="file for the forecast, replaced nightly",
        rich_help_panel=OUTPUT,
    ),
]
NightlyLedger = Annotated[
    str | None,
    typer.Option(
        "--log", metavar="FILE", help="ledger to add it to, for score [none]", rich_help_panel=OUTPUT
    ),
]
_WORTH_TELLING = (3, 4, 5, 6, 8, 9, 10)
_MEANT_FOR_PREDICT = {
    3: "the file lacks a column or rows, or --strict found them unlike the training's; no forecast",
    4: "see whether MODEL is there and whole; no forecast",
    5: "score: the ledger fell short of a gate; train: no model was replaced",
    6: "with --strict: the forecast is written, but something simpler than the model made some of it",
    8: "disk full or no permission; the old forecast is as it was, if the message does not say otherwise",
    9: "another run holds the lock; nothing to do",
    10: "with --max-age: the file has not grown; no forecast",
}
_NOT_AT_NIGHT = (
    "The hour from 02:00 to 03:00 is skipped or happens twice when clocks change; another is safer."
)


def schedule(
    model: ModelFile,
    data: NightlyData,
    at: At = "04:30",
    output: NightlyForecast = "forecast.csv",
    log_file: NightlyLedger = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Print a crontab line and systemd units for a nightly forecast.

    The line for crontab, and the unit and timer for systemd, with absolute paths. Nothing is installed or changed.
    """
    console = Console(quiet=quiet, as_json=as_json)
    hour, minute = _clock(at)
    words = [*program(), "predict", _absolute(model), _absolute(data), "--output", _absolute(output)]
    words += [] if log_file is None else ["--log", _absolute(log_file)]
    files = {
        "crontab": crontab_line(words, hour, minute),
        f"{PROGRAM}.service": service(words),
        f"{PROGRAM}.timer": timer(hour, minute),
    }
    codes = {str(code): f"{EXIT_CODES[code]}: {_MEANT_FOR_PREDICT[code]}" for code in _WORTH_TELLING}
    _show(files, codes, hour, console)
    console.document({"command": words, **files, "exit_codes": codes})


def program() -> list[str]:
    """The words that start this program again, whatever the folder and the PATH."""
    script = os.path.abspath(sys.argv[0])
    if os.path.basename(script) == PROGRAM and os.access(script, os.X_OK) and os.path.isfile(script):
        return [script]
    return [os.path.abspath(sys.executable), "-m", PROGRAM]


def crontab_line(words: list[str], hour: int, minute: int) -> str:
    """A line of crontab(5): a percent sign would end the command there, so it has a backslash before it."""
    return f"{minute} {hour} * * * {shlex.join(words)}\n".replace("%", "\\%")


def service(words: list[str]) -> str:
    """A unit of systemd.service(5) that runs once."""
    return (
        "[Unit]\nDescription=Forecast of the night\n\n"
        f"[Service]\nType=oneshot\nExecStart={' '.join(map(_systemd_word, words))}\n"
    )


def timer(hour: int, minute: int) -> str:
    """A unit of systemd.timer(5); Persistent makes up for a night on which the machine was off."""
    return (
        "[Unit]\nDescription=Forecast every night\n\n"
        f"[Timer]\nOnCalendar=*-*-* {hour:02d}:{minute:02d}:00\nPersistent=true\n\n"
        "[Install]\nWantedBy=timers.target\n"
    )


def _systemd_word(word: str) -> str:
    """A word of ExecStart: quoted as in C, percent signs and dollars doubled."""
    word = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{word}"' if re.search(r"[^\w@+=:,./%$-]", word) else word


def _absolute(path: str) -> str:
    """The path from the root on; raises UsageError for names that a line cannot hold."""
    if any(not letter.isprintable() for letter in path):
        raise UsageError(f"{path!r} has a character that no line of a crontab can hold; rename the file")
    if path == "-":
        raise UsageError("a nightly job has no standard input; name a file")
    return os.path.abspath(path)


def _clock(at: str) -> tuple[int, int]:
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", at.strip())
    if match is None:
        raise UsageError(f"--at takes a time such as 02:30; got {at!r}")
    return int(match[1]), int(match[2])


def _show(files: dict[str, str], codes: dict[str, str], hour: int, console: Console) -> None:
    """Each file below a heading that says where it goes, then the exit codes."""
    service_name, timer_name = list(files)[1:]
    where = {
        "crontab": "For cron (crontab -e); cron mails messages to you, if this machine can send mail:",
        service_name: f"Or for systemd: ~/.config/systemd/user/{service_name}",
        timer_name: f"and ~/.config/systemd/user/{timer_name}, then: systemctl --user enable --now {timer_name}",
    }
    with console.at_once():
        for name, text in files.items():
            console.note(f"# {where[name]}")
            for line in text.splitlines():
                console.result(line)
            console.result("")
        for code, meaning in codes.items():
            console.note(f"# exit code {code}: {meaning}")
        console.note(
            "# exit code 0: the forecast is written; 1 is a bug of ours, 2 a mistake in the command."
        )
        if hour == 2:
            console.note(f"# {_NOT_AT_NIGHT}")
