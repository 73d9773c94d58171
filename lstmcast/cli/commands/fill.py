"""`lstmcast fill`: the gaps of a file, filled from both sides, with bands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.sessions.delivery import console_beside, deliver, probe
from lstmcast.cli.sessions.nights import Zone
from lstmcast.cli.sessions.reading import of_numbers, read_for_model, tell_findings, tell_if_open
from lstmcast.cli.shell.flags import INPUT, OUTPUT, DataFile, Json, Quiet, Verbose
from lstmcast.cli.shell.outputs import STDOUT
from lstmcast.cli.show import table
from lstmcast.core.ahead import read_ahead, rows_ahead
from lstmcast.core.errors import UsageError

if TYPE_CHECKING:
    from lstmcast.cli.shell.console import Console
    from lstmcast.model.filling import Filled

FillingModel = Annotated[
    str | None,
    typer.Option("-m", "--model", metavar="MODEL", help="model file to fill with", rich_help_panel=INPUT),
]
MaxGap = Annotated[
    str,
    typer.Option(
        metavar="TIME", help="longest gap to fill: 24h, 2d, or so many rows", rich_help_panel="Filling"
    ),
]
FilledOutput = Annotated[
    str | None,
    typer.Option("-o", "--output", metavar="FILE", help="file to write [stdout]", rich_help_panel=OUTPUT),
]


def fill(
    data: DataFile,
    model: FillingModel = None,
    max_gap: MaxGap = "24h",
    tz: Zone = None,
    output: FilledOutput = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Fill the gaps of a file from both sides.

    The forecast from before each gap, bent to what came after it, with an 80 % band; the column `filled` marks these
    rows. A model is never trained on them unless you give it the file.
    """
    output = STDOUT if output is None and not as_json else output
    console = console_beside(output, quiet=quiet, verbose=verbose, as_json=as_json)
    if model is None:
        raise UsageError("--model is missing: the model file to fill with", option="--model")
    fill_file(data, model, max_gap, tz, output, console)


def fill_file(
    source: str, model_file: str, max_gap: str, tz: str | None, output: str | None, console: Console
) -> None:
    """Load, read, fill, write."""
    from lstmcast import persistence
    from lstmcast.model.filling import fill as filled

    if output is not None:
        probe(output, persistence.A_BLOCK)
    model = of_numbers(persistence.load(model_file), "fill")
    longest = rows_ahead(read_ahead(max_gap), model.contract.clock)
    reading = read_for_model(source, model, console, None, tz)
    found = filled(model, reading.panel, longest)
    tell_if_open(model_file, console)
    tell_findings(reading, console)
    if output is not None:
        deliver(output, [table.as_csv(table.headed(columns_of(found), model.contract.unit)).encode()])
    rows = int(found.is_filled.sum())
    console.note(f"{rows:,} rows filled, {found.left:,} stay missing")
    console.document({"filled": rows, "missing": found.left, "output": output})


def columns_of(found: Filled) -> dict[str, list[Any]]:
    """Every row of the file with its target, and the band of filled ones; what is not known is empty."""
    panel, columns = found.panel, {}
    if panel.id_name is not None:
        columns[panel.id_name] = [panel.ids[series] for series in panel.series_of_rows()]
    columns["time"] = panel.clock.write(panel.times)
    for name, values in (
        (panel.columns[0].name, panel.target),
        ("lo_80", found.lower),
        ("hi_80", found.upper),
    ):
        columns[name] = ["" if value != value else float(f"{value:.10g}") for value in values.tolist()]
    columns["filled"] = [int(is_filled) for is_filled in found.is_filled]
    return columns
