"""The files that a forecast is made from: history, and the rows to come if they have a file of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from lstmcast.cli.sessions.reading import read_for_model, read_future_for_model

if TYPE_CHECKING:
    from lstmcast.cli.sessions.nights import Night
    from lstmcast.cli.shell.console import Console
    from lstmcast.core.panel import Panel
    from lstmcast.ingest import ParsedFile
    from lstmcast.model.model import Model

Future = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="CSV file with the known columns of the rows to forecast [the end of DATA]",
        rich_help_panel="Forecast",
    ),
]


@dataclass(frozen=True)
class Files:
    """The names of both files; future is None where history has the rows to come too."""

    history: str
    future: str | None


def read_files(
    files: Files, model: Model, night: Night, console: Console, *, keeps_new: bool = False
) -> tuple[Panel, list[ParsedFile]]:
    """Return history with the rows to come, and the readings it was made from.

    keeps_new: series that the model does not know stay, where they have rows enough to be forecast from.
    """
    from lstmcast.model.future import joined, require_known

    if files.future is None:
        cut = night.cut(keeps_known=True)
        history = read_for_model(files.history, model, console, cut, night.tz, keeps_new=keeps_new)
        return history.panel, [history]
    require_known(model.contract)
    cut = night.cut(keeps_known=False)
    history = read_for_model(files.history, model, console, cut, night.tz, keeps_new=keeps_new)
    future = read_future_for_model(files.future, model, history.panel.clock, night.tz)
    others = len(set(future.panel.ids) - set(history.panel.ids))
    if others:
        message = f"{others:,} series of {future.source} left out: {history.source} does not have them"
        console.warn(message, "series_left_out", file=future.source)
    return joined(history.panel, future.panel), [history, future]
