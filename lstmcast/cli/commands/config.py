"""`lstmcast config`: the settings in force, and from where."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from lstmcast.cli.shell.console import Console
from lstmcast.cli.shell.environment import PREFIX, folder_file, user_file
from lstmcast.cli.shell.flags import INPUT, Json, Quiet, Verbose
from lstmcast.core.errors import UsageError

OfCommand = Annotated[
    str | None,
    typer.Argument(metavar="COMMAND", help="settings of this command alone [all]", rich_help_panel=INPUT),
]
ALL = "all"  # that have the option


@dataclass(frozen=True)
class SettingLine:
    """A setting in force: the commands that it is of, its option and value, and where it is set."""

    commands: tuple[str, ...]
    takers: tuple[str, ...]
    option: str
    value: str
    place: str

    def cells(self) -> tuple[str, str, str, str]:
        """The row of the table in words, shorter where most commands that have the option share its value."""
        others = [name for name in self.takers if name not in self.commands]
        names = ", ".join(self.commands)
        if len(others) < len(self.commands) and len(self.takers) > 1:
            names = f"{ALL} but {', '.join(others)}" if others else ALL
        return names, self.option, self.value, self.place

    def record(self) -> dict[str, Any]:
        """Return the setting for a JSON document."""
        return {"commands": self.commands, "option": self.option, "value": self.value, "from": self.place}


def config(
    ctx: typer.Context,
    command: OfCommand = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Show the settings in force, and from where.

    A flag wins over a variable, a variable over the file of the folder, and that over the file of the user.
    """
    console = Console(quiet=quiet, verbose=verbose, as_json=as_json)
    named, ignored = ctx.params.get("config"), bool(ctx.params.get("no_config"))
    lines = [] if ignored else list(in_force(named, command))
    with console.at_once():
        for path, state in places(named, ignored=ignored):
            console.note(f"{path}: {state}")
        if lines:
            console.note("")
            console.table(
                ("of", "option", "value", "set in"), [line.cells() for line in lines], left=(1, 2, 3)
            )
    console.document(
        {
            "files": [{"file": path, "state": state} for path, state in places(named, ignored=ignored)],
            "settings": [line.record() for line in lines],
        }
    )


def in_force(named: str | None, command: str | None) -> Iterator[SettingLine]:
    """Each setting once, with the commands that it is of; raises UsageError for what is no command or no setting."""
    from lstmcast.cli.shell.catalogue import COMMANDS, Commands
    from lstmcast.cli.shell.command import Takes
    from lstmcast.cli.shell.settings import nearest, read

    if command is not None and command not in COMMANDS:
        raise UsageError(f"no command {command!r}{nearest(command, COMMANDS, 'see `lstmcast --help`')}")
    kinds = Takes(Commands())
    found = read(kinds, named, os.environ)
    of: dict[tuple[str, str, str], list[str]] = {}
    for name in COMMANDS if command is None else [command]:
        for key, setting in found[name].items():
            value = setting.value if isinstance(setting.value, str) else str(setting.value).lower()
            of.setdefault((key, value, str(setting.place)), []).append(name)
    for (key, value, place), commands in of.items():
        takers = tuple(name for name in kinds if key in kinds[name])
        yield SettingLine(tuple(commands), takers, key, value, place)


def places(named: str | None, *, ignored: bool) -> Iterator[tuple[str, str]]:
    """Yield each place where settings are looked for, what wins first, and what is there."""
    variables = sum(name.startswith(PREFIX) and bool(text) for name, text in os.environ.items())
    yield f"variables {PREFIX}*", _state("none set" if not variables else f"{variables} set", ignored)
    for path in (folder_file(named), user_file()):
        yield path, _state("read" if os.path.lexists(path) else "not there", ignored)


def _state(state: str, ignored: bool) -> str:
    return f"{state}, ignored by --no-config" if ignored else state
