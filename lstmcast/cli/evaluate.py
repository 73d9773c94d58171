"""`lstmcast evaluate`: a model on a file with known outcomes, against the baselines."""

from __future__ import annotations

from typing import Annotated

import typer

from lstmcast.cli import verdict
from lstmcast.cli.console import Console
from lstmcast.cli.flags import OUTPUT, DataFile, Json, ModelFile, Quiet, Verbose, whole_number
from lstmcast.cli.reading import read_for_model, tell_findings
from lstmcast.cli.streams import json_text

Stride = Annotated[
    str, typer.Option(metavar="N", help="rows between two forecasts", rich_help_panel="Evaluation")
]
ReportOutput = Annotated[
    str | None,
    typer.Option("-o", "--output", metavar="FILE", help="file for the report (JSON)", rich_help_panel=OUTPUT),
]


def evaluate(
    model: ModelFile,
    data: DataFile,
    stride: Stride = "1",
    output: ReportOutput = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Compare forecasts with what came.

    Forecasts from one row after another (a rolling origin), with the model, the baselines and the linear
    forecaster, and scores all of them on the same rows.
    """
    console = Console(quiet=quiet, verbose=verbose, as_json=as_json)
    every = whole_number("stride", stride, 1, 1_000_000) or 1
    evaluate_file(model, data, every, output, console)


def evaluate_file(model_file: str, source: str, stride: int, output: str | None, console: Console) -> None:
    """Load, read, evaluate, show, and write the report when there is a file for it."""
    from lstmcast import persistence

    if output is not None:
        persistence.probe_folder(output)
    model = persistence.load(model_file)
    reading = read_for_model(source, model)
    report = model.evaluate(reading.panel, stride)
    tell_findings(reading, console)
    if output is not None:
        persistence.write_text(output, json_text({"report": report}))
    verdict.show(report, model.contract.clock, console)
    verdict.show_by_horizon(report, model.contract.clock, console)
    console.document({"report": report})
