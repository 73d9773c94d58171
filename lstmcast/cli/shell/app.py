"""The program `lstmcast`: its commands joined, and its usage errors turned into ours."""

from __future__ import annotations

from typing import Annotated, cast

import typer
from typer.main import get_command

from lstmcast.cli.shell import mistakes
from lstmcast.cli.shell.catalogue import COMMANDS, NAMES_OF_HELP, Group
from lstmcast.cli.shell.streams import PROGRAM
from lstmcast.core.errors import UsageError

# The base of every usage error, which typer does not export.
UnderstoodNothing = cast("type[Exception]", typer.BadParameter.__mro__[1])

app = typer.Typer(
    cls=Group,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=NAMES_OF_HELP,
    epilog="\n".join(COMMANDS[name].example for name in ("train", "predict")),
)


@app.callback()
def main(
    version: Annotated[bool, typer.Option("-V", "--version", help="show the version and stop")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="show a bug's traceback; may stand anywhere")
    ] = False,
) -> None:
    """Turn a CSV into forecasts that can be trusted: train once, predict every night."""
    # Both are acted on by the boundary, which must know them even when the rest cannot be parsed.


def parse(arguments: list[str]) -> int:
    """Run the command these arguments name; raises UsageError when they cannot be understood."""
    try:
        code = get_command(app).main(_as_options(arguments), prog_name=PROGRAM, standalone_mode=False)
    except UnderstoodNothing as error:
        raise UsageError(mistakes.usage_line(error)) from None
    return code if isinstance(code, int) else 0


def _as_options(arguments: list[str]) -> list[str]:
    """`lstmcast` alone, `lstmcast help [COMMAND]` and `--help-all` as the help that each of them asks for."""
    words = ["--help" if word == "--help-all" else word for word in arguments]
    if not words or words[0] == "help":
        return [*words[1:], "--help"]
    return words
