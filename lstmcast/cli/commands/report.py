"""`lstmcast report`: all there is to know of a model on a file, as one page."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.sessions.delivery import console_beside, deliver, probe
from lstmcast.cli.sessions.reading import (
    by_severity,
    read_for_model,
    tell_findings,
    tell_if_open,
    with_closed_said,
)
from lstmcast.cli.shell.console import Console
from lstmcast.cli.shell.flags import FAN_LEVELS, INPUT, OUTPUT, DataFile, Json, ModelFile, Quiet, Verbose
from lstmcast.cli.shell.outputs import STDOUT
from lstmcast.cli.show import explained
from lstmcast.core.errors import DataError

if TYPE_CHECKING:
    from lstmcast.cli.show.drawing.shapes import Picture
    from lstmcast.cli.show.report.page import Told
    from lstmcast.core.panel import Panel
    from lstmcast.evaluation.study import Study
    from lstmcast.ingest import ParsedFile
    from lstmcast.model.model import Model

LedgerOption = Annotated[
    str | None,
    typer.Option(
        "--ledger", metavar="FILE", help="forecasts that predict --log wrote [none]", rich_help_panel=INPUT
    ),
]
PageOutput = Annotated[
    str,
    typer.Option("-o", "--output", metavar="FILE", help="page to write (HTML)", rich_help_panel=OUTPUT),
]
_LEDGER_ROWS = 60 * 24  # of a ledger that are drawn, the last ones
_TABLE = 96  # rows of a table beside a forecast
_FANS = 3  # series of a panel whose forecasts are drawn, at most


def report(
    model: ModelFile,
    data: DataFile,
    ledger: LedgerOption = None,
    output: PageOutput = "report.html",
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write a page with all there is to know of a model on a file.

    The forecast, where errors are, what was said beside what came, whether the bands hold, the worst days, what was
    chosen and why, what is odd about the data. One file that needs no network; rows the model has not seen are judged
    where the file has any.
    """
    console = console_beside(output, quiet=quiet, verbose=verbose, as_json=as_json)
    report_file(model, data, ledger, output, console)


def report_file(model_file: str, source: str, ledger: str | None, output: str, console: Console) -> None:
    """Load, read, judge, forecast, write."""
    from lstmcast import persistence
    from lstmcast.cli.show.report.page import on_this_file, report_page

    probe(output, persistence.A_BLOCK)
    model = persistence.load(model_file)
    reading = with_closed_said(read_for_model(source, model, console), model.contract.horizon)
    study, unjudged = _study(model, reading.panel)
    told = _told(model, (model_file, source, ledger), reading, study, unjudged, console)
    tell_if_open(model_file, console)
    tell_findings(reading, console)
    deliver(output, (report_page(told).encode(),))
    with console.at_once():
        console.result(on_this_file(study) if study is not None else unjudged)
        if output != STDOUT:
            console.note(f"Wrote {output}")
        console.document({"output": output, "report": _document(told)})


def _study(model: Model, panel: Panel) -> tuple[Study | None, str]:
    """Return how the model did on the file, or why nothing of it can be judged."""
    from lstmcast.model.study import study

    try:
        return study(model, panel), ""
    except DataError as error:
        return None, f"{error}."


def _told(
    model: Model,
    files: tuple[str, str, str | None],
    reading: ParsedFile,
    study: Study | None,
    unjudged: str,
    console: Console,
) -> Told:
    from lstmcast.cli.show import about, chosen
    from lstmcast.cli.show.report.page import Told
    from lstmcast.model.freshness import without_closed

    model_file, _, ledger = files
    going_on, _ = without_closed(reading.panel, model.contract.horizon)
    sentences, fans, unforecast = _forecast(model, going_on)
    name = os.path.basename(model_file)
    learned = [
        *about.needs(model),
        *about.seen(model),
        ("Made of", chosen.made_of(model)),
        ("Chosen", chosen.in_short(model)),
    ]
    return Told(
        title=f"{model.contract.target}: report on {name}",
        verdict=f"{model.report.verdict}, judged in training on rows it had not seen",
        study=study,
        unjudged=unjudged,
        sentences=sentences,
        fans=fans,
        unforecast=unforecast,
        why=_why(model, going_on) if fans else [],
        owed=_owed(model, reading.panel) if study is not None else ("", []),
        beside=[] if ledger is None else _beside(ledger, reading.panel, console),
        about=[*learned, *chosen.judged(model), *chosen.limits(model), *chosen.details(model)],
        tried=chosen.tried(model.report.choices),
        findings=by_severity(reading.findings),
        commands=_commands(model, files),
    )


def _forecast(model: Model, panel: Panel) -> tuple[list[str], list[Picture], str]:
    """Sentences and pictures of what comes next, or why it cannot be said."""
    from lstmcast.cli.show.outlook import sentence
    from lstmcast.cli.show.pictures import fan

    try:
        forecast = model.predict(panel, levels=() if model.contract.classes else FAN_LEVELS)
    except DataError as error:
        return [], [], f"No forecast from the end of this file: {error}."
    ahead = len(forecast.times) // len(forecast.ids)
    before = fan.usual_history(model.contract.clock.seasons, ahead)
    series = range(min(len(forecast.ids), _FANS))
    pictures: list[Picture] = []
    for number in series:
        pictures.append(fan.fan(panel, forecast, number, before, _TABLE))
        pictures += [fan.probabilities(panel, forecast, number, _TABLE)] if forecast.probabilities else []
    left = len(forecast.ids) - len(series)
    note = f"{left:,} more series are forecast by lstmcast predict." if left > 0 else ""
    names = [f"{forecast.ids[number]}. " if forecast.id_name is not None else "" for number in series]
    told = [f"{name}{sentence(panel, forecast, number)}" for name, number in zip(names, series, strict=True)]
    return told, pictures, note


def _why(model: Model, panel: Panel) -> list[tuple[str, list[explained.Row]]]:
    """Return tables of the parts of the first series' forecast, and of its change since a season before."""
    from lstmcast.cli.show.pictures.axis import span
    from lstmcast.data.digits import decimals
    from lstmcast.model.explanations import changes_of, explain_series

    clock = dataclasses.replace(panel.clock, seasons=model.contract.clock.seasons)
    found = explain_series(model, panel)
    is_class = bool(found.labels)
    places = 3 if is_class else decimals(panel.target[panel.rows(0)])
    rows = slice(0, 1) if is_class else slice(None)
    what = "the log-odds of the first row's class" if is_class else "the forecast, on average over its rows"
    of = f" of {panel.ids[0]}" if panel.id_name is not None else ""
    parts = explained.part_rows(found.rows(rows), clock, places)
    tables = [(f"Parts of {what}{of}", [row for row in parts if row[0] != explained.USUAL])]
    changes = changes_of(model, panel)
    if changes is not None:
        caption = f"What has changed in {what}{of}, beside the inputs of {span(clock, changes.rows)} earlier"
        tables.append((caption, explained.change_rows(changes.whole, clock, places, rows)))
    return tables


def _owed(model: Model, panel: Panel) -> tuple[str, list[explained.Row]]:
    """By how much forecasts are worse without each part and each group of inputs."""
    from lstmcast.model.importance import importance

    found = importance(model, panel)
    clock = dataclasses.replace(panel.clock, seasons=model.contract.clock.seasons)
    kind = "rows the model was trained on" if found.is_seen else "rows it has not seen"
    caption = f"By how much the error grows, over {found.windows:,} forecasts of {kind}"
    return caption, explained.importance_rows(found, clock)


def _beside(ledger_file: str, panel: Panel, console: Console) -> list[Picture]:
    """Return pictures of what a ledger said the night before, beside what came."""
    from lstmcast import ingest
    from lstmcast.cli.show.pictures.said import said_and_came
    from lstmcast.evaluation.said import beside_outcomes, night_before

    ledger, findings = ingest.read_ledger(ledger_file, panel.clock)
    for finding in findings:
        console.detail(finding.message, finding.code)
    found = list(beside_outcomes(night_before(ledger, panel.clock), panel))
    return [said_and_came(panel, said.last(_LEDGER_ROWS)) for said in found[:_FANS]]


def _commands(model: Model, files: tuple[str, str, str | None]) -> list[tuple[str, str]]:
    """The command lines that make the model and this report again."""
    import shlex

    from lstmcast.cli.show import about

    model_file, source, ledger = files
    words = ["lstmcast", "report", model_file, source, *([] if ledger is None else ["--ledger", ledger])]
    return [*about.rebuilding(model), ("Report", shlex.join(words))]


def _document(told: Told) -> dict[str, Any]:
    """The figures of the page for a program."""
    study = told.study
    if study is None:
        return {"verdict": told.verdict, "windows": 0, "reason": told.unjudged}
    overall = study.tally.overall()
    return {
        "verdict": told.verdict,
        "windows": study.windows,
        "in_sample": study.in_sample,
        "first": study.first,
        "last": study.last,
        "measure": study.measure,
        "rival": study.rival,
        "losses": overall.losses,
        "by": {
            name: [dataclasses.asdict(group) for group in study.tally.groups(name)]
            for name in study.tally.names
        },
        "coverage": {} if study.bands is None else study.bands.coverage,
        "pit": [] if study.bands is None else study.bands.places,
        "calibration": [] if study.chances is None else study.chances.parts,
    }
