"""A forecast beside its ledger: written down in it, and adapted by the nights that stand there."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any

from lstmcast.cli.shell import log
from lstmcast.cli.show import table
from lstmcast.core.errors import BusyError, OutputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lstmcast.cli.shell.console import Console
    from lstmcast.core.panel import Forecast, Panel
    from lstmcast.model.model import Model
    from lstmcast.model.totals import Total


def adapted_by(
    ledger_file: str, model: Model, panel: Panel, forecast: Forecast, console: Console
) -> tuple[Forecast, dict[str, Any]]:
    """Return the forecast adapted by the nights of a ledger, and by how much as a part of a JSON document."""
    from lstmcast import ingest
    from lstmcast.evaluation.adaptation import named_weights
    from lstmcast.model.adapted import adapted

    if not os.path.exists(ledger_file):
        console.detail(f"{ledger_file} has no nights yet, so nothing is adapted", "adapted", file=ledger_file)
        return forecast, {"adapted": []}
    ledger, _ = ingest.read_ledger(ledger_file, panel.clock)
    found, told = adapted(model, panel, forecast, ledger), []
    for name, state in found.by.items():
        of = f"{name}: " if forecast.id_name is not None else ""
        weights = named_weights(state, found.experts)
        shares = ", ".join(f"{who} {share:.0%}" for who, share in weights.items() if share)
        width = f"bands {state.factor:.2f} times as wide"
        console.detail(f"{of}adapted by {state.nights} nights: {shares}; {width}", "adapted")
        told.append({"series": name, "nights": state.nights, "weights": dict(weights), "width": state.factor})
    if not told:
        message = f"{ledger_file} has no night whose rows have all come, so nothing is adapted"
        console.detail(message, "adapted", file=ledger_file)
    return found.forecast, {"adapted": told}


def write_down(forecast: Forecast, panel: Panel, identity: str, path: str, console: Console) -> None:
    """Append a forecast that was given out to the ledger; panel: the history that it was made from."""
    from lstmcast.evaluation import ledger

    origins, forecast = panel.times[panel.known_until() - 1], dataclasses.replace(forecast, median=None)
    rows = table.tidy(forecast, ledger.entries(forecast, origins, identity))
    _add(path, rows, len(forecast.times), "time", console)


def write_totals_down(
    totals: Sequence[Total], name: str | None, forecast: Forecast, identity: str, path: str, console: Console
) -> None:
    """Append totals that were given out to a ledger of totals. name: of the column of series or groups."""
    from lstmcast.evaluation import totals_ledger
    from lstmcast.evaluation.ledger import BAND

    kept = [
        totals_ledger.TotalEntry(
            group=each.name,
            period=each.period,
            issued=each.issued,
            first=each.first,
            last=each.last,
            rows=each.rows,
            total=each.total,
            band=each.bands[BAND],
            peak=each.peak,
            peak_band=each.peak_bands[BAND],
            source=each.source,
        )
        for each in totals
    ]
    rows = table.tidy(forecast, totals_ledger.entries(kept, name, forecast.clock, identity))
    _add(path, rows, len(kept), "period", console)


def _add(path: str, rows: table.Rows, count: int, stamp: str, console: Console) -> None:
    """Add rows to a ledger in a file of text, or in a database; stamp: the column that says of when each is."""
    from lstmcast import persistence
    from lstmcast.evaluation.ledger import FIRST

    if persistence.is_database(path):
        between = list(rows)[len(FIRST)]
        series = [] if between in ("forecast", "first") else [between]
        persistence.upsert(path, rows, ["issued", stamp, *series])
    else:
        _append(path, table.as_csv(rows), console)
    log.milestone("wrote", f"added {count} rows to {path}", file=path)


def _append(path: str, text: str, console: Console) -> None:
    """Add rows to a ledger of text, and say what was odd about it."""
    from lstmcast import persistence

    header, lines = text.split("\n", 1)
    try:
        appended = persistence.append_block(path, header + "\n", lines)
    except (OutputError, BusyError) as error:
        error.args = (f"{error} (the forecast itself has been given out)",)
        raise
    if appended.was_torn:
        console.warn(f"the last line of {path} was torn and is taken out", "torn_line", file=path)
    if appended.was_unlocked:
        message = f"the file system of {path} knows no locks; let no two runs write it at a time"
        console.warn(message, "no_locks", file=path)
