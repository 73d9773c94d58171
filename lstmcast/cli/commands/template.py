"""`lstmcast template`: the rows to fill in for `predict --future`."""

from __future__ import annotations

from typing import Annotated

import typer

from lstmcast.cli.sessions.delivery import deliver, probe
from lstmcast.cli.sessions.reading import read_for_model, tell_findings, tell_if_open
from lstmcast.cli.sessions.training_request import Horizon
from lstmcast.cli.shell.console import Console
from lstmcast.cli.shell.flags import OUTPUT, DataFile, ModelFile, Quiet, Verbose
from lstmcast.cli.shell.outputs import STDOUT
from lstmcast.cli.shell.streams import emit
from lstmcast.cli.show import table
from lstmcast.core.ahead import read_ahead, rows_ahead

TemplateOutput = Annotated[
    str | None,
    typer.Option("-o", "--output", metavar="FILE", help="file to write [stdout]", rich_help_panel=OUTPUT),
]


def template(
    model: ModelFile,
    data: DataFile,
    horizon: Horizon = None,
    output: TemplateOutput = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write the rows to fill in before a forecast.

    A CSV of the stamps to be forecast from the end of DATA, and an empty cell in each for every column that the
    model knows ahead. Filled in, it is what predict takes with --future.
    """
    console = Console(quiet=quiet, verbose=verbose, as_json=False)
    write_template(model, data, None if horizon is None else read_ahead(horizon), output, console)


def write_template(
    model_file: str, source: str, horizon: int | str | None, output: str | None, console: Console
) -> None:
    """Load, read, and write the rows to a file or to stdout."""
    from lstmcast import persistence
    from lstmcast.model import future

    if output is not None:
        probe(output, persistence.A_BLOCK)
    model = persistence.load(model_file)
    future.require_known(model.contract)
    reading = read_for_model(source, model, console)
    model.contract.check(model.contract.marked(reading.panel))
    ahead = model.contract.horizon if horizon is None else rows_ahead(horizon, model.contract.clock)
    rows = future.template(reading.panel, model.contract, ahead)
    tell_if_open(model_file, console)
    tell_findings(reading, console)
    for name in model.contract.known:
        if name in model.contract.levels:
            console.detail(f"{name} is one of {', '.join(model.contract.levels[name])}")
    if output is None or output == STDOUT:
        emit(table.as_csv(rows))
    else:
        deliver(output, (table.as_csv(rows).encode(),))
