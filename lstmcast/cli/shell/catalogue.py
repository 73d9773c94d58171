"""The commands by name: a line on each for the help, an example, and its module, loaded when called for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple, cast

import typer
from typer.core import TyperGroup
from typer.main import get_command

from lstmcast.cli.shell import help
from lstmcast.cli.shell.command import Command, Plain

NAMES_OF_HELP = {"help_option_names": ["-h", "--help"]}


class Entry(NamedTuple):
    """The entry of a command in the help of the whole program: its first line, an example, and more.

    topic: of the guide, to read on; essentials: the flags that its short help shows, all if none.
    """

    summary: str
    example: str
    topic: str = "start"
    essentials: tuple[str, ...] = ()


COMMANDS = {
    "demo": Entry("Try it: train and forecast on a sample file.", "lstmcast demo"),
    "check": Entry(
        "Say how a CSV is understood, and what is odd about it.", "lstmcast check load.csv", "files"
    ),
    "train": Entry(
        "Train a model on a CSV and judge it.",
        "lstmcast train load.csv --target load",
        "start",
        ("target", "time", "id", "known", "holidays", "horizon", "budget", "output", "require-skill"),
    ),
    "predict": Entry(
        "Forecast from the end of fresh history.",
        "lstmcast predict model.pkl load_new.csv --level 80,95 --output forecast.csv",
        "nights",
    ),
    "plot": Entry(
        "Draw a file, a forecast, or what was said beside what came.",
        "lstmcast plot model.pkl load_new.csv --output forecast.svg",
        "pictures",
    ),
    "report": Entry(
        "Write a page with all there is to know of a model on a file.",
        "lstmcast report model.pkl load.csv --output report.html",
        "pictures",
    ),
    "explain": Entry(
        "Say why a forecast is what it is.",
        "lstmcast explain model.pkl load_new.csv --step 18",
        "pictures",
    ),
    "template": Entry(
        "Write the rows to fill in before a forecast.",
        "lstmcast template weather.pkl weather.csv --output coming.csv",
        "columns",
    ),
    "evaluate": Entry(
        "Compare forecasts with what came.",
        "lstmcast evaluate model.pkl load.csv --output singles.csv",
        "start",
    ),
    "tune": Entry(
        "Search for better options and train with them.",
        "lstmcast tune load.csv --target load --trials 2 --steps 5 --lookback 48",
        "accuracy",
        ("target", "time", "id", "known", "holidays", "horizon", "budget", "trials", "resume", "output"),
    ),
    "backtest": Entry(
        "Train on several stretches of history and judge each.",
        "lstmcast backtest load.csv --target load --folds 2 --steps 20",
        "accuracy",
        ("target", "time", "id", "known", "holidays", "horizon", "budget", "folds", "window", "output"),
    ),
    "compare": Entry(
        "Compare models on the same unseen rows.",
        "lstmcast compare load.pkl other.pkl load.csv",
        "accuracy",
    ),
    "schedule": Entry(
        "Print a crontab line and systemd units for a nightly forecast.",
        "lstmcast schedule model.pkl load_new.csv --at 04:30 --max-age 26h",
        "nights",
    ),
    "score": Entry(
        "Compare the forecasts in a ledger with what came.",
        "lstmcast score forecasts.csv load.csv",
        "ledger",
    ),
    "watch": Entry(
        "Say whether what came lately is what was to be expected.",
        "lstmcast watch model.pkl load_new.csv --last 24h --alarms 1/month",
        "watch",
    ),
    "fill": Entry(
        "Fill the gaps of a file from both sides.",
        "lstmcast fill load.csv --model model.pkl --output filled.csv --max-gap 12h",
        "columns",
    ),
    "refresh": Entry(
        "Continue training a model with new rows; keep it if it is better.",
        "lstmcast refresh load.pkl load.csv --budget 10m",
        "refresh",
    ),
    "info": Entry("Show what a model file holds.", "lstmcast info model.pkl", "internals"),
    "export": Entry(
        "Write a model as an ONNX graph, for programs in other languages.",
        "lstmcast export load.pkl --output load.onnx",
        "network",
    ),
    "config": Entry("Show the settings in force, and from where.", "lstmcast config train", "settings"),
    "guide": Entry("Read the manual.", "lstmcast guide start"),
}


class Commands(Mapping[str, Command]):
    """The commands themselves: a night's forecast does not wait for those that it does not call."""

    def __getitem__(self, name: str) -> Command:
        """The command, made once a process from the function of its name in the module of its name."""
        return _load(name, COMMANDS[name])

    def __iter__(self) -> Iterator[str]:
        """Their names, in the order of the help."""
        return iter(COMMANDS)

    def __len__(self) -> int:
        """Return how many commands there are."""
        return len(COMMANDS)


class Group(Plain, TyperGroup):
    """The program itself: its commands, and examples."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = cast(Any, Commands())

    def list_commands(self, ctx: Any) -> list[str]:
        """The names alone, for which no command is loaded."""
        return list(self.commands)

    def help_sections(self, ctx: Any) -> list[str]:
        """A line on each command, then the options."""
        pairs = [(name, entry.summary) for name, entry in COMMANDS.items()]
        return [*help.section("Commands", help.rows(pairs)), *self.option_sections(ctx)]

    def help_ending(self, ctx: Any) -> list[str]:
        """Return lines on where to read on."""
        return ["Help on a command: lstmcast COMMAND -h", "The manual: lstmcast guide"]


@cache
def _load(name: str, entry: Entry) -> Command:
    from lstmcast.cli.shell.flags import takes_common_options

    function = getattr(import_module(f"lstmcast.cli.commands.{name}"), name)
    alone = typer.Typer(rich_markup_mode=None, add_completion=False, context_settings=NAMES_OF_HELP)
    alone.command(cls=Command, epilog=entry.example)(takes_common_options(function))
    command = cast(Command, get_command(alone))
    command.essentials, command.topic = entry.essentials, entry.topic
    return command
