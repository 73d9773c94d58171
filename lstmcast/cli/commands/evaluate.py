"""`lstmcast evaluate`: a model on a file with known outcomes, against the baselines."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.sessions.delivery import console_beside, deliver, probe
from lstmcast.cli.sessions.folders import refuse_of_one_model
from lstmcast.cli.sessions.reading import (
    of_numbers,
    read_for_model,
    tell_days_off,
    tell_findings,
    tell_if_open,
    with_closed_said,
)
from lstmcast.cli.shell.console import Console
from lstmcast.cli.shell.flags import OUTPUT, DataFile, Json, ModelFile, Quiet, Verbose, whole_number
from lstmcast.cli.shell.outputs import STDOUT
from lstmcast.cli.show import table, verdict
from lstmcast.cli.show.scored_totals import show_totals

if TYPE_CHECKING:
    from lstmcast.core.panel import Clock, Panel
    from lstmcast.model.model import Model

Stride = Annotated[
    str, typer.Option(metavar="N", help="rows between two forecasts", rich_help_panel="Evaluation")
]
SinglesOutput = Annotated[
    str | None,
    typer.Option(
        "-o", "--output", metavar="FILE", help="file for the single forecasts (CSV)", rich_help_panel=OUTPUT
    ),
]

TotalOption = Annotated[
    str | None,
    typer.Option(
        "--total",
        metavar="PERIOD",
        help="judge totals and peaks too: day, week, month, horizon, 6h [none]",
        rich_help_panel="Evaluation",
    ),
]

IN_SAMPLE = (
    "In-sample: the model was trained on all of these rows, so expect less of it on new ones. "
    "Figures for unseen rows: `lstmcast info {model}`, or a file with newer rows."
)
PARTLY_SEEN = "In-sample, for comparison only: {windows:,} windows that the model was trained on"


def evaluate(
    model: ModelFile,
    data: DataFile,
    stride: Stride = "1",
    total: TotalOption = None,
    output: SinglesOutput = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Compare forecasts with what came.

    Forecasts from one row after another (a rolling origin), with the model, the baselines and the linear
    forecaster, and scores all of them on the same rows. Rows the model was trained on are never mixed with others.
    """
    console = console_beside(output, quiet=quiet, verbose=verbose, as_json=as_json)
    every = whole_number("stride", stride, 1, 1_000_000) or 1
    if os.path.isdir(model):
        refuse_of_one_model(model, total=total)
        _evaluate_folder(model, data, every, output, console)
        return
    evaluate_file(model, data, every, output, console, total)


def _evaluate_folder(folder: str, source: str, stride: int, output: str | None, console: Console) -> None:
    """Judge every model of a folder on its own group."""
    from lstmcast.cli.commands.folders.verdicts import evaluate_folder

    refuse_of_one_model(folder, output=output)

    def one(model: Model, rows: str, voice: Console) -> Mapping[str, Any]:
        reading = with_closed_said(read_for_model(rows, model, voice), model.contract.horizon)
        tell_findings(reading, voice)
        return model.evaluate(reading.panel, stride)

    evaluate_folder(folder, source, console, one)


def evaluate_file(
    model_file: str, source: str, stride: int, output: str | None, console: Console, total: str | None = None
) -> None:
    """Load, read, evaluate, show, and write the single forecasts when there is a file for them.

    total: the periods whose totals and peaks are judged too, in the words of the option.
    """
    from lstmcast import persistence

    if output is not None:
        probe(output, persistence.A_BLOCK)
    model = persistence.load(model_file)
    reading = with_closed_said(read_for_model(source, model, console), model.contract.horizon)
    report = model.evaluate(reading.panel, stride)
    sums = None if total is None else _judged_totals(model, reading.panel, total)
    tell_if_open(model_file, console)
    tell_findings(reading, console)
    tell_days_off(model.contract.holidays, reading.panel.clock, reading.panel.times, console)
    if output is not None:
        deliver(output, (text.encode() for text in table.singles(model.backcasts(reading.panel, stride))))
    with console.at_once():
        _show(report, model_file, model.contract.clock, console)
        if sums is not None:
            console.result("")
            show_totals(sums, model.contract.clock, console)
        if output not in (None, STDOUT):
            console.note(f"Wrote {output}")
        console.document({"report": report.as_document()} | ({} if sums is None else {"totals": sums}))


def _judged_totals(model: Model, panel: Panel, total: str) -> Mapping[str, Any]:
    """The report on totals of some periods."""
    from lstmcast.model.judged_totals import judged_totals
    from lstmcast.model.periods import parse_periods

    return judged_totals(of_numbers(model, "--total"), panel, parse_periods(total, model.contract.clock))


def _show(report: Mapping[str, Any], model_file: str, clock: Clock, console: Console) -> None:
    """Unseen rows first; seen ones after them, or alone, and then marked from the first line on."""
    if report["in_sample"]:
        console.result(IN_SAMPLE.format(model=model_file))
        console.result("")
    _show_part(report, clock, console)
    if "seen" in report:
        console.result("")
        console.result(PARTLY_SEEN.format(**report["seen"]))
        console.result("")
        verdict.show(report["seen"], clock, console)


def _show_part(report: Mapping[str, Any], clock: Clock, console: Console) -> None:
    """All there is to say of one kind of rows."""
    kind = "seen" if report["in_sample"] else "unseen"
    console.note(f"{report['windows']:,} windows of {kind} rows, {report['first']} to {report['last']}")
    console.note("")
    verdict.show(report, clock, console)
    verdict.show_by_horizon(report, clock, console)
    if console.verbose:
        verdict.show_groups(report, clock, console)
    verdict.show_bands(report["test"], console)
