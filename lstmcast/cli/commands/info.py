"""`lstmcast info`: what is in a model file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lstmcast.cli.sessions.reading import tell_if_open
from lstmcast.cli.shell.console import Console
from lstmcast.cli.shell.flags import Json, ModelFile, Quiet, Verbose
from lstmcast.cli.show import about, chosen, verdict

if TYPE_CHECKING:
    from lstmcast.model.model import Model


def info(model: ModelFile, as_json: Json = False, quiet: Quiet = False, verbose: Verbose = False) -> None:
    """Show what a model file holds.

    What it needs of a file, what was chosen for it, and how well it did on rows it had not seen.
    """
    console = Console(quiet=quiet, verbose=verbose, as_json=as_json)
    if os.path.isdir(model):
        from lstmcast.cli.commands.folders.verdicts import info_folder

        info_folder(model, console)
        return
    with console.at_once():
        show_model(model, console)


def show_model(model_file: str, console: Console) -> None:
    """Load and show."""
    from lstmcast import persistence
    from lstmcast.persistence.parts import contract_document, options_document

    model = persistence.load(model_file)
    size = os.stat(model_file).st_size
    _show(model, [("File", f"{model_file}, {size:,} bytes")], console)
    tell_if_open(model_file, console)
    console.document(
        {
            "file": model_file,
            "bytes": size,
            "contract": contract_document(model.contract),
            "options": options_document(model.options),
            "report": model.report.as_document(),
        }
    )


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
