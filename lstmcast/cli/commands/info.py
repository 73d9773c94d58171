"""`lstmcast info`: what is in a model file."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Annotated

import typer

from lstmcast.cli.sessions.reading import read_for_model, tell_findings, tell_if_open
from lstmcast.cli.shell.console import Console
from lstmcast.cli.shell.flags import INPUT, Json, ModelFile, Quiet, Verbose
from lstmcast.cli.show import about, chosen, explained, verdict
from lstmcast.core.errors import UsageError

if TYPE_CHECKING:
    from lstmcast.core.panel import Clock
    from lstmcast.model.importance import Importance
    from lstmcast.model.model import Model


SomeData = Annotated[
    str | None,
    typer.Argument(
        metavar="DATA",
        help="CSV file, for what the model owes to each part and column (with -v) [none]",
        rich_help_panel=INPUT,
        show_default=False,
    ),
]


def info(
    model: ModelFile,
    data: SomeData = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Show what a model file holds.

    What it needs of a file, what was chosen for it, and how well it did on rows it had not seen. With -v and a file
    also by how much errors grow without each part and column.
    """
    console = Console(quiet=quiet, verbose=verbose, as_json=as_json)
    _refuse_data(model, data, console)
    if os.path.isdir(model):
        from lstmcast.cli.commands.folders.verdicts import info_folder

        info_folder(model, console)
        return
    with console.at_once():
        show_model(model, data, console)


def _refuse_data(model: str, data: str | None, console: Console) -> None:
    """Raise UsageError for a file of rows that nothing would be made of."""
    if data is None:
        return
    if os.path.isdir(model):
        raise UsageError(
            f"DATA is for one model, and {model} is a folder; leave it out, or name a model in it"
        )
    if not console.verbose and not console.as_json:
        raise UsageError("DATA is for what -v shows; add -v, or leave DATA out", option="--verbose")


def show_model(model_file: str, data: str | None, console: Console) -> None:
    """Load and show."""
    from lstmcast import persistence
    from lstmcast.persistence.parts import contract_document, options_document

    model = persistence.load(model_file)
    size = os.stat(model_file).st_size
    owed = None if data is None else _owed(model, data, console)
    _show(model, [("File", f"{model_file}, {size:,} bytes")], console)
    tell_if_open(model_file, console)
    document = {
        "file": model_file,
        "bytes": size,
        "contract": contract_document(model.contract),
        "options": options_document(model.options),
        "report": model.report.as_document(),
    }
    if owed is not None:
        console.note("")
        explained.show_importance(*owed, console)
        document["importance"] = explained.importance_document(*owed)
    console.document(document)


def _owed(model: Model, data: str, console: Console) -> tuple[Importance, Clock]:
    """The importance of parts and columns on a file, over rows that the model has not seen if there are any."""
    from lstmcast.model.importance import importance

    reading = read_for_model(data, model, console)
    tell_findings(reading, console)
    clock = dataclasses.replace(reading.panel.clock, seasons=model.contract.clock.seasons)
    return importance(model, reading.panel), clock


def _show(model: Model, first: list[tuple[str, str]], console: Console) -> None:
    """Show what the model needs, what was chosen, and how well it did."""
    lines = [
        *first,
        *about.needs(model),
        *about.seen(model),
        ("Made of", chosen.made_of(model)),
        ("Chosen", chosen.in_short(model)),
        *chosen.judged(model),
    ]
    console.notes([*lines, *chosen.limits(model), *chosen.details(model), *about.rebuilding(model), ("", "")])
    if not console.quiet:
        chosen.show_tried(model.report.choices, console)
    verdict.show_with_steps(model.report, model.contract.clock, console)
