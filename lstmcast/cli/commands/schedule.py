"""`lstmcast schedule`: the lines that make a computer forecast every night, printed and never installed."""

from __future__ import annotations

import dataclasses
import os
import re
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.shell.console import Console
from lstmcast.cli.shell.flags import INPUT, OUTPUT, Json, ModelFile, Quiet, where_settings_stand
from lstmcast.cli.shell.outputs import refuse
from lstmcast.cli.shell.streams import PROGRAM
from lstmcast.cli.show import units
from lstmcast.core.errors import EXIT_CODES, DataError, UsageError
from lstmcast.core.options import seconds

if TYPE_CHECKING:
    from lstmcast.cli.shell.settings import Given

NightlyData = Annotated[
    str,
    typer.Argument(metavar="DATA", help="CSV file that is fresh every night", rich_help_panel=INPUT),
]
PredictOptions = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="OPTION", help="options of predict, after two dashes: -- --strict", rich_help_panel=INPUT
    ),
]
At = Annotated[
    str, typer.Option(metavar="HH:MM", help="when, on the local clock", rich_help_panel="Schedule")
]
MaxAge = Annotated[
    str | None,
    typer.Option(
        metavar="AGE",
        help="exit 10 when the data are older [two steps more than the file is late now]",
        rich_help_panel="Schedule",
    ),
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
    10: "the file has not grown (--max-age); no forecast",
}
_NOT_AT_NIGHT = (
    "The hour from 02:00 to 03:00 is skipped or happens twice when clocks change; another is safer."
)
_DAY = 86_400.0
_DEAD = (
    10 * _DAY
)  # a file that is later than this is not late but dead: its delay says nothing of the nights to come


def schedule(
    context: typer.Context,
    model: ModelFile,
    data: NightlyData,
    options: PredictOptions = None,
    at: At = "04:30",
    max_age: MaxAge = None,
    output: NightlyForecast = "forecast.csv",
    log_file: NightlyLedger = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Print a crontab line and systemd units for a nightly forecast.

    The lines have absolute paths, begin in this folder, and say where its settings stand. Nothing is installed or
    changed. What predict would refuse is refused now.
    """
    console = Console(quiet=quiet, as_json=as_json)
    hour, minute = _clock(at)
    given = [_absolute(model), _absolute(data), *(options or [])]
    given += ["--output", _absolute(output), *([] if log_file is None else ["--log", _absolute(log_file)])]
    given += ["--force"] if context.params["force"] else []
    given = [*given[:2], *where_settings_stand(context), *given[2:]]
    found, settings = _resolved(context, given)
    words = [*program(), "predict", *found, *settings, *_limit(max_age, model, data, console)]
    log = None if units.mailer() else _absolute(f"{PROGRAM}.log")
    night = units.ScheduledCommand(tuple(words), hour, minute, _here(), log)
    files = _files(
        night, _weekly(_absolute(model), _absolute(data), log_file and _absolute(log_file), settings)
    )
    codes = {str(code): f"{EXIT_CODES[code]}: {_MEANT_FOR_PREDICT[code]}" for code in _WORTH_TELLING}
    _show(files, codes, hour, console)
    console.document({"command": words, **files, "exit_codes": codes})


def program() -> list[str]:
    """The words that start this program again, whatever the folder and the PATH."""
    script = os.path.abspath(sys.argv[0])
    if os.path.basename(script) == PROGRAM and os.access(script, os.X_OK) and os.path.isfile(script):
        return [script]
    return [os.path.abspath(sys.executable), "-m", PROGRAM]


def _weekly(model: str, data: str, ledger: str | None, settings: list[str]) -> dict[str, list[str]]:
    """The words of each command of a week, by its name; they look at the settings that the nightly line looks at."""
    found = {"refresh": [*program(), "refresh", model, data, *settings]}
    if ledger is not None:
        found["score"] = [*program(), "score", ledger, data, *settings]
    return found


def _files(night: units.ScheduledCommand, weekly: dict[str, list[str]]) -> dict[str, str]:
    """The crontab's lines and systemd's units by name: nightly, and weekly an hour later each."""
    failed = f"{PROGRAM}-failed@%n.service"
    lines = [night.crontab()]
    files = {
        f"{PROGRAM}.service": night.service("Forecast of the night", failed),
        f"{PROGRAM}.timer": night.timer("Forecast every night"),
    }
    for later, (name, words) in enumerate(weekly.items(), start=1):
        week = dataclasses.replace(night, words=tuple(words), hour=(night.hour + later) % 24)
        lines.append(week.crontab("0"))
        files[f"{PROGRAM}-{name}.service"] = week.service(f"{name.capitalize()} of the week", failed)
        files[f"{PROGRAM}-{name}.timer"] = week.timer(f"{name.capitalize()} every week", units.WEEKLY)
    return {"crontab": "".join(lines), **files, f"{PROGRAM}-failed@.service": units.failure(PROGRAM)}


def _resolved(context: typer.Context, words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words of predict that say the same wherever they are run, and those of its settings.

    Raises what predict itself would.

    Files get absolute names, variables of the environment become options, and a settings file is named.
    """
    from lstmcast.cli.commands.predict import request
    from lstmcast.cli.shell import run
    from lstmcast.cli.shell.catalogue import Commands

    parent: Any = context.parent
    command: Any = Commands()["predict"]
    parsed = command.make_context("predict", list(words), parent=parent)
    request(parsed.params)
    refuse("predict", parsed.params)
    if parsed.params["changes"]:
        raise UsageError("--set asks what would be; a nightly forecast says what is expected", option="--set")
    taken = {max(each.opts, key=len).removeprefix("--"): each for each in command.params}
    found = [parsed.params["model"], parsed.params["data"]]
    for given in run.current().given():
        found += _as_words(given, is_file=taken[given.key].metavar == "FILE")
    found += ["--force"] if parsed.params["force"] else []
    return found, ["--no-config"] if parsed.params["no_config"] else _config(parsed.params["config"])


def _as_words(given: Given, *, is_file: bool) -> list[str]:
    """An option that was set by flag or environment as words; what stands in a settings file is read from there."""
    from lstmcast.cli.shell.settings import InFile

    if isinstance(given.place, InFile) or given.value is False:
        return []
    if given.value is True:
        return [f"--{given.key}"]
    return [f"--{given.key}", _absolute(given.value) if is_file and given.value != "-" else given.value]


def _config(named: str | None) -> list[str]:
    """The settings file that holds in this folder, by its absolute name."""
    from lstmcast.cli.shell.environment import SETTINGS_FILE, folder_file

    file = folder_file(named)
    if file == SETTINGS_FILE and named is None and os.path.exists(file):
        _refuse_untrusted(file)
    return ["--config", _absolute(file)] if os.path.lexists(file) else []


def _refuse_untrusted(file: str) -> None:
    """Raise UsageError for a settings file by somebody else, which a nightly line would name, and so trust."""
    from lstmcast.cli.shell.settings import why_untrusted

    doubt = why_untrusted(file)
    if doubt:
        raise UsageError(
            f"{file}: the nightly line would trust it, and {doubt}; `--config {file}` trusts it, "
            "--no-config ignores it",
            file=file,
        )


def _limit(given: str | None, model_file: str, source: str, console: Console) -> list[str]:
    """The age that data may have, unless predict is told already, or rows are only numbered and have none."""
    from lstmcast.cli.shell import run

    if any(each.key in ("max-age", "max-age-all") for each in run.current().given()):
        return []
    if given is not None:
        seconds(given, "--max-age")
    age = given or _usual_age(model_file, source, console)
    return [] if age is None else ["--max-age", age]


def _usual_age(model_file: str, source: str, console: Console) -> str | None:
    """The age that data may have: the file's own delay, two steps, and a day more, since nights differ.

    A file that is already dead says nothing about its delay; its age is then two steps and a day.
    """
    from lstmcast import persistence
    from lstmcast.cli.sessions.reading import read_for_model
    from lstmcast.model.freshness import age_when_written

    model = persistence.load(model_file)
    panel = read_for_model(source, model, Console(quiet=True)).panel
    if panel.clock.is_counter:
        return None
    step, late = age_when_written(panel, _written(source))
    if late > _DEAD + 10 * step:
        console.warn(
            f"{source} ends long before it was written: {late / _DAY:,.0f} days; the nightly line will refuse it "
            "as too old until newer rows come (exit 10); --max-age sets another limit",
            "stale_file",
        )
        late = 0.0
    return f"{-(-(_DAY + 2 * step + late) // 3600):.0f}h"


def _written(source: str) -> float:
    """Seconds since 1970 at which a file was written; raises DataError where its system does not say."""
    try:
        return os.path.getmtime(source)
    except OSError as error:
        message = (
            f"{source}: cannot tell when it was written: {error.strerror}; give --max-age 26h or the like"
        )
        raise DataError(message, file=source) from None


def _here() -> str:
    """The folder in which the command was given; raises UsageError where it is gone."""
    try:
        return _absolute(os.getcwd())
    except OSError:
        raise _gone() from None


def _gone() -> UsageError:
    return UsageError("the working directory is not there any more; change to one that is")


def _absolute(path: str) -> str:
    """The path from the root on; raises UsageError for names that a line cannot hold."""
    if any(not letter.isprintable() for letter in path):
        message = f"{path!r} has a character that no line of a crontab can hold; rename the file"
        raise UsageError(message, file=path)
    if path == "-":
        raise UsageError("a nightly job has no standard input or output; name a file")
    try:
        return os.path.abspath(path)
    except OSError:
        raise _gone() from None


def _clock(at: str) -> tuple[int, int]:
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", at.strip())
    if match is None:
        raise UsageError(f"--at takes a time such as 02:30; got {at!r}", option="--at")
    return int(match[1]), int(match[2])


def _where(names: Sequence[str]) -> Iterator[str]:
    """A sentence for each file that says where it goes."""
    yield "For cron (crontab -e): every night the forecast, every Sunday the refresh and the score"
    yield f"Or for systemd: ~/.config/systemd/user/{names[1]}"
    for name in names[2:]:
        yield f"and ~/.config/systemd/user/{name}"


def _show(files: dict[str, str], codes: dict[str, str], hour: int, console: Console) -> None:
    """Each file below a heading that says where it goes, then the exit codes."""
    with console.at_once():
        for (_, text), where in zip(files.items(), _where(list(files)), strict=True):
            console.note(f"# {where}")
            for line in text.splitlines():
                console.verbatim(line)
            console.result("")
        console.say(
            f"# systemctl --user enable --now {PROGRAM}.timer {PROGRAM}-refresh.timer",
            "# loginctl enable-linger    (user units run while nobody is logged in)",
        )
        for code, meaning in codes.items():
            console.note(f"# exit code {code}: {meaning}")
        console.note(
            "# exit code 0: the forecast is written; 1 is a bug of ours, 2 a mistake in the command."
        )
        if hour == 2:
            console.note(f"# {_NOT_AT_NIGHT}")
