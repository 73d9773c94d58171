"""The commands by name: a line on each for the help, an example, and its module, loaded when called for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, NamedTuple, cast

import typer
from typer.core import TyperGroup
from typer.main import get_command

from lstmcast.cli.shell.command import Command, Plain

NAMES_OF_HELP = {"help_option_names": ["-h", "--help"]}


class Entry(NamedTuple):
    """What the help of the whole program says of a command (the first line of its own), and an example."""

    summary: str
    example: str


COMMANDS = {
    "check": Entry(
        "Say what a CSV is understood as, and what is odd about it.",
        "lstmcast check sample_data/water_flow.csv",
    ),
    "train": Entry(
        "Train a model on a CSV and judge it.",
        "lstmcast train sample_data/victoria_load.csv --target load",
    ),
    "predict": Entry(
        "Forecast from the end of fresh history.",
        "lstmcast predict model.pkl sample_data/victoria_new.csv --level 80,95 --output forecast.csv",
    ),
    "template": Entry(
        "Write the rows to fill in before a forecast.",
        "lstmcast template weather.pkl sample_data/seattle_weather.csv --output coming.csv",
    ),
    "evaluate": Entry(
        "Compare forecasts with what came.",
        "lstmcast evaluate model.pkl sample_data/victoria_load.csv --output singles.csv",
    ),
    "schedule": Entry(
        "Print what makes a computer forecast every night.",
        "lstmcast schedule model.pkl sample_data/victoria_new.csv --at 04:30 --log forecasts.csv",
    ),
    "score": Entry(
        "Compare the forecasts in a ledger with what came.",
        "lstmcast score sample_data/forecasts.csv sample_data/victoria_load.csv",
    ),
    "refresh": Entry(
        "Train a model on with new rows, and replace it if that is better.",
        "lstmcast refresh load.pkl sample_data/victoria_load.csv --budget 10m",
    ),
    "info": Entry("Show what a model file holds.", "lstmcast info model.pkl"),
    "export": Entry(
        "Write a model as an ONNX graph, for programs in other languages.",
        "lstmcast export model.pkl --output model.onnx",
    ),
}


class Commands(Mapping[str, Command]):
    """The commands themselves: a night's forecast does not wait for those that it does not call."""

    def __init__(self) -> None:
        self._loaded: dict[str, Command] = {}

    def __getitem__(self, name: str) -> Command:
        """The command, made from the function of its name in the module of its name."""
        if name not in self._loaded:
            self._loaded[name] = _load(name, COMMANDS[name].example)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        """Their names, in the order of the help."""
        return iter(COMMANDS)

    def __len__(self) -> int:
        """How many there are."""
        return len(COMMANDS)


class Group(Plain, TyperGroup):
    """The program itself: its commands, and examples."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = cast(Any, Commands())

    def list_commands(self, ctx: Any) -> list[str]:
        """The names alone, for which no command is loaded."""
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """A line on each command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


def _load(name: str, example: str) -> Command:
    from lstmcast.cli.shell.flags import takes_common_options

    function = getattr(import_module(f"lstmcast.cli.commands.{name}"), name)
    alone = typer.Typer(rich_markup_mode=None, add_completion=False, context_settings=NAMES_OF_HELP)
    alone.command(cls=Command, epilog=example)(takes_common_options(function))
    return cast(Command, get_command(alone))
