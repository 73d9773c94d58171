"""The lines on what a model needs, has seen, and how it would be made again."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from lstmcast.cli.shell import run
from lstmcast.cli.show import choices
from lstmcast.cli.show.spans import with_span
from lstmcast.cli.show.verdict import COLUMNS
from lstmcast.core.options import flag, parse_names

if TYPE_CHECKING:
    from lstmcast.model.model import Model

_SHOWN = 10  # columns of a wide file
_MAKERS = {
    "model": "the model",
    "linear": "the linear forecaster",
    "blend": "a mixture of simple forecasters",
}


def needs(model: Model) -> list[tuple[str, str]]:
    """Return lines on what a file for `predict` must hold."""
    contract = model.contract
    ahead, behind = (with_span(rows, contract.clock.freq) for rows in (contract.horizon, contract.lookback))
    rows = f"at least {behind}; uses the last {contract.history:,}"
    unit = f" [{contract.unit}]" if contract.unit else ""
    lines = [
        ("Needs", f"columns {_columns(model)}; {rows}"),
        ("Step", f"{contract.clock.freq}, {contract.clock.zone or 'no'} time zone"),
        ("Forecast", f"{contract.target}{unit}, {ahead} ahead, by {_MAKERS.get(model.source, model.source)}"),
    ]
    if contract.holidays is not None:
        lines.append(("Holidays", f"{contract.holidays.name}, known until {contract.holidays.last}"))
    if model.options.exclude:
        lines.append(("Excluded", f"{', '.join(model.options.exclude)}: targets there count as missing"))
    return lines + ([("Series", f"{len(contract.ids):,}")] if contract.id else [])


def _columns(model: Model) -> str:
    """The columns that a file must have; of a wide one those that are stacked, the first few where they are many."""
    contract, is_wide = model.contract, model.options.wide
    stacked = parse_names(model.options.target) if is_wide else (contract.target,)
    over = len(stacked) - _SHOWN
    values = (*stacked[:_SHOWN], *([f"{over:,} more"] if over > 0 else []))
    made = {contract.id} if stacked and is_wide else set()
    names = (contract.time, contract.id, *values, *contract.known, *contract.past)
    columns = ", ".join(name for name in names if name and name not in made)
    return f"{columns}, side by side (--wide)" if is_wide else columns


def rebuilding(model: Model) -> list[tuple[str, str]]:
    """The command that would make it again; DATA stands for the file it was trained on, which it does not know."""
    settings = (run.current().settings or {}).get("train", {})
    has_settings = any(flag(field.name)[2:] in settings for field in dataclasses.fields(model.options))
    return [("Rebuild", choices.command(model.options, has_settings=has_settings))]


def seen(model: Model) -> list[tuple[str, str]]:
    """Return lines on what the model has learned from, and how the last refresh was decided."""
    from lstmcast.evaluation.verdict import error_measure

    told = model.report.learned
    until = model.contract.clock.write(model.seen_until.max(keepdims=True))[0]
    lines = [("Seen", f"{told.rows:,} rows until {until}" if told else f"rows until {until}")]
    history = model.report.refreshes
    if history:
        last = history[-1]
        measure = error_measure({"model": last.challenger}) or "mae"
        new, old = (f"{figures[measure]:.4g}" for figures in (last.challenger, last.champion))
        times = "once" if len(history) == 1 else f"{len(history):,} times"
        judged = f"{COLUMNS[measure]} {new} against {old} before it, from {last.first} to {last.last}"
        lines.append(("Refreshed", f"{times}, last by {judged}; the verdict below is about these rows"))
    return lines
