"""`lstmcast info`: what is in a model file."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any

from lstmcast.cli import verdict
from lstmcast.cli.console import Console
from lstmcast.cli.flags import Json, ModelFile, Quiet, Verbose
from lstmcast.options import flag

if TYPE_CHECKING:
    from lstmcast.model import Model


def info(model: ModelFile, as_json: Json = False, quiet: Quiet = False, verbose: Verbose = False) -> None:
    """Show what a model file holds.

    What it needs of a file, what was chosen for it, and how well it did on rows it had not seen.
    """
    show_model(model, Console(quiet=quiet, verbose=verbose, as_json=as_json))


def show_model(model_file: str, console: Console) -> None:
    """Load and show."""
    from lstmcast import persistence

    model = persistence.load(model_file)
    size = os.stat(model_file).st_size
    console.notes([("File", f"{model_file}, {size:,} bytes"), *_needs(model), *_chosen(model), ("", "")])
    verdict.show(model.report, model.contract.clock, console)
    console.document(
        {
            "file": model_file,
            "bytes": size,
            "contract": dataclasses.asdict(model.contract),
            "options": dataclasses.asdict(model.options),
            "report": model.report,
        }
    )


def _needs(model: Model) -> list[tuple[str, str]]:
    """What a file for `predict` must hold."""
    contract = model.contract
    names = (contract.time, contract.id, contract.target, *contract.known, *contract.past)
    columns = ", ".join(name for name in names if name)
    lines = [
        ("Needs", f"columns {columns}; {contract.lookback:,} rows or more"),
        ("Clock", f"{contract.clock.freq}, {contract.clock.zone or 'no'} time zone"),
        ("Forecast", f"{contract.target}, {contract.horizon:,} rows ahead, by the {model.source} forecaster"),
    ]
    return lines + ([("Series", f"{len(contract.ids):,}")] if contract.id else [])


def _chosen(model: Model) -> list[tuple[str, str]]:
    """The options that were given, and what was chosen for the others."""
    given = [
        f"{flag(field.name)} {_spoken(value)}"
        for field in dataclasses.fields(model.options)
        if (value := getattr(model.options, field.name)) != field.default
    ]
    choices = model.report["choices"].items()
    lines = [(name.replace("_", " ").capitalize(), _spoken(value)) for name, value in choices]
    return [("Options", " ".join(given)), *((name, text) for name, text in lines if text)]


def _spoken(value: Any) -> str:
    """A value in a line of text; what is too long for one (a list of records) is left to --json."""
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {_spoken(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return "" if value and isinstance(value[0], dict) else ",".join(map(_spoken, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
