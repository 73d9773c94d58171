"""`lstmcast info`: what is in a model file."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING

from lstmcast.cli.sessions.reading import tell_if_open
from lstmcast.cli.shell import run
from lstmcast.cli.shell.console import Console
from lstmcast.cli.shell.flags import Json, ModelFile, Quiet, Verbose
from lstmcast.cli.show import choices, chosen, verdict
from lstmcast.cli.show.spans import with_span
from lstmcast.core.options import flag

if TYPE_CHECKING:
    from lstmcast.model.category_model import AnyModel


def info(model: ModelFile, as_json: Json = False, quiet: Quiet = False, verbose: Verbose = False) -> None:
    """Show what a model file holds.

    What it needs of a file, what was chosen for it, and how well it did on rows it had not seen.
    """
    console = Console(quiet=quiet, verbose=verbose, as_json=as_json)
    with console.at_once():
        show_model(model, console)


def show_model(model_file: str, console: Console) -> None:
    """Load and show."""
    from lstmcast import persistence
    from lstmcast.persistence.parts import options_document

    model = persistence.load(model_file)
    size = os.stat(model_file).st_size
    _show(model, [("File", f"{model_file}, {size:,} bytes")], console)
    tell_if_open(model_file, console)
    console.document(
        {
            "file": model_file,
            "bytes": size,
            "contract": dataclasses.asdict(model.contract),
            "options": options_document(model.options),
            "report": model.report.as_document(),
        }
    )


def _show(model: AnyModel, first: list[tuple[str, str]], console: Console) -> None:
    """What it needs, what was chosen, and how well it did."""
    lines = [*first, *_needs(model), *_seen(model), ("Chosen", chosen.in_short(model))]
    console.notes([*lines, *chosen.limits(model), *chosen.details(model), *_rebuilding(model), ("", "")])
    if not console.quiet:
        chosen.show_tried(model.report.choices, console)
    verdict.show_with_steps(model.report, model.contract.clock, console)


_MAKERS = {
    "model": "the model",
    "linear": "the linear forecaster",
    "blend": "a mixture of simple forecasters",
}


def _needs(model: AnyModel) -> list[tuple[str, str]]:
    """What a file for `predict` must hold."""
    contract = model.contract
    names = (contract.time, contract.id, contract.target, *contract.known, *contract.past)
    columns = ", ".join(name for name in names if name)
    ahead, behind = (with_span(rows, contract.clock.freq) for rows in (contract.horizon, contract.lookback))
    rows = f"at least {behind}; uses the last {contract.history:,}"
    lines = [
        ("Needs", f"columns {columns}; {rows}"),
        ("Step", f"{contract.clock.freq}, {contract.clock.zone or 'no'} time zone"),
        ("Forecast", f"{contract.target}, {ahead} ahead, by {_MAKERS.get(model.source, model.source)}"),
    ]
    if contract.holidays is not None:
        lines.append(("Holidays", f"{contract.holidays.name}, known until {contract.holidays.last}"))
    if model.options.exclude:
        lines.append(("Excluded", f"{', '.join(model.options.exclude)}: targets there count as missing"))
    return lines + ([("Series", f"{len(contract.ids):,}")] if contract.id else [])


def _rebuilding(model: AnyModel) -> list[tuple[str, str]]:
    """The command that would make it again; DATA stands for the file it was trained on, which it does not know."""
    settings = (run.current().settings or {}).get("train", {})
    has_settings = any(flag(field.name)[2:] in settings for field in dataclasses.fields(model.options))
    return [("Rebuild", choices.command(model.options, has_settings=has_settings))]


def _seen(model: AnyModel) -> list[tuple[str, str]]:
    """What it has learned from, and how the last refresh was decided."""
    told = model.report.learned
    until = model.contract.clock.write(model.seen_until.max(keepdims=True))[0]
    lines = [("Seen", f"{told.rows:,} rows until {until}" if told else f"rows until {until}")]
    history = model.report.refreshes
    if history:
        last = history[-1]
        measure = "mase" if last.challenger.get("mase") is not None else "mae"
        new, old = (f"{figures[measure]:.4g}" for figures in (last.challenger, last.champion))
        times = "once" if len(history) == 1 else f"{len(history):,} times"
        judged = f"{measure.upper()} {new} against {old} before it, from {last.first} to {last.last}"
        lines.append(("Refreshed", f"{times}, last by {judged}; the verdict below is about these rows"))
    return lines
