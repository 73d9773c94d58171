"""`lstmcast score`: forecasts that were given out, beside what came."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.sessions.health import MetricsFile, PingUrl, Vitals, watched
from lstmcast.cli.sessions.reading import read_outcomes, tell_findings
from lstmcast.cli.shell.console import Console
from lstmcast.cli.shell.flags import (
    INPUT,
    Json,
    Quiet,
    RequireSkill,
    Verbose,
    options_from,
    real_number,
    takes_reading_options,
)
from lstmcast.cli.shell.log import as_document
from lstmcast.cli.show import verdict
from lstmcast.cli.show.scored_totals import counted, show_totals
from lstmcast.core.errors import QualityError, UsageError
from lstmcast.core.findings import percent

if TYPE_CHECKING:
    from lstmcast.core.findings import Finding
    from lstmcast.core.options import Options
    from lstmcast.core.panel import Clock

LedgerArgument = Annotated[
    str,
    typer.Argument(metavar="LEDGER", help="CSV file that predict --log wrote", rich_help_panel=INPUT),
]
Outcomes = Annotated[
    str, typer.Argument(metavar="DATA", help="CSV file with what came since", rich_help_panel=INPUT)
]
RequireCoverage = Annotated[
    str | None,
    typer.Option(
        metavar="X",
        help="least share of outcomes within the 80 % band: 0.7 (else exit code 5) [none]",
        rich_help_panel="Gates",
    ),
]
WEEKS_SHOWN = 13
COLUMNS = {"rows": "rows", "mae": "MAE", "mase": "MASE", "bias": "bias", "coverage_80": "in 80 % band"}
CLASS_COLUMNS = {"rows": "rows", "log_loss": "log loss", "accuracy": "accuracy", "brier": "Brier score"}

Report = Mapping[str, Any]


@functools.partial(takes_reading_options, target="its only column", without=("holidays", "known", "past"))
def score(
    forecasts: LedgerArgument,
    data: Outcomes,
    require_skill: RequireSkill = None,
    require_coverage: RequireCoverage = None,
    metrics: MetricsFile = None,
    ping: PingUrl = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    **flags: Any,  # those options that say how DATA is read, spelled out by takes_reading_options
) -> None:
    """Compare the forecasts in a ledger with what came.

    By step ahead and by week, beside the naive forecasts from the same last known rows, and whether they drift; of a
    ledger of totals, totals and peaks. Of a forecast that was given out again, the last one counts.
    """
    console = Console(quiet=quiet, verbose=verbose, as_json=as_json)
    gates = {
        "skill": real_number("require_skill", require_skill, -1.0, 1.0),
        "coverage": real_number("require_coverage", require_coverage, 0.0, 1.0),
    }
    with watched("score", metrics, ping, console) as vitals:
        if os.path.isdir(forecasts):
            _score_folder(forecasts, data, options_from(flags), gates, console)
            return
        score_file(forecasts, data, options_from(flags), gates, console, vitals)


def _score_folder(
    folder: str, source: str, options: Options, gates: Mapping[str, float | None], console: Console
) -> None:
    """Score the ledger of every group of a folder."""
    from lstmcast.cli.commands.folders.scores import score_folder

    options.check()

    def one(ledger: str, rows: str, name: str, voice: Console) -> tuple[Report, QualityError | None]:
        report, clock, _ = _scored(ledger, rows, options, gates, voice)
        return report, _gate(report, gates, clock, name)

    score_folder(folder, source, options, console, one)


def score_file(
    ledger_file: str,
    source: str,
    options: Options,
    gates: Mapping[str, float | None],
    console: Console,
    vitals: Vitals,
) -> None:
    """Read both, compare, show; raises QualityError, having shown all, where a gate is not passed.

    vitals: takes how good the last week was.
    """
    options.check()
    report, clock, findings = _scored(ledger_file, source, options, gates, console)
    _note_week(report, vitals)
    for finding in findings:
        console.detail(finding.message, finding.code, **finding.place.fields)
    failed = _gate(report, gates, clock, ledger_file)
    with console.at_once():
        _show(report, clock, console)
        console.document({"score": report} | ({} if failed is None else as_document(failed)))
    if failed is not None:
        raise failed


def _scored(
    ledger_file: str, source: str, options: Options, gates: Mapping[str, float | None], console: Console
) -> tuple[Report, Clock, tuple[Finding, ...]]:
    """Return the report of a ledger beside what came, the clock of both, and what was found on the ledger."""
    from lstmcast import ingest
    from lstmcast.evaluation import scoring

    if ingest.is_of_totals(ledger_file):
        return scored_totals(ledger_file, source, options, console)
    shape = ingest.ledger_shape(ledger_file)
    if shape.classes and gates["coverage"] is not None:
        message = (
            "--require-coverage is about the bands of numbers, and the ledger is of classes; leave it out"
        )
        raise UsageError(message, option="--require-coverage")
    options = dataclasses.replace(
        options,
        id=options.id or shape.id,
        task="classes" if shape.classes else options.task,
        exclude=ingest.expanded(options.exclude),
    )
    reading = read_outcomes(source, options, console)
    clock = reading.panel.clock
    ledger, findings = ingest.read_ledger(ledger_file, clock)
    report = scoring.score(ledger, reading.panel)
    tell_findings(reading, console)
    return report, clock, findings


def scored_totals(
    ledger_file: str, source: str, options: Options, console: Console
) -> tuple[Report, Clock, tuple[Finding, ...]]:
    """Return the report of a ledger of totals beside what came, the clock of both, and what was found on the ledger."""
    from lstmcast import ingest
    from lstmcast.evaluation.totals_scoring import score_totals

    name = ingest.group_of_totals(ledger_file)
    options = dataclasses.replace(options, id=options.id or name, exclude=ingest.expanded(options.exclude))
    reading = read_outcomes(source, options, console)
    panel = reading.panel
    ledger, findings = ingest.read_totals(ledger_file, panel.clock)
    is_grouped = name is not None and panel.id_name is not None and name != panel.id_name
    groups = ingest.read_groups(source, str(panel.id_name), str(name)) if is_grouped else None
    report = score_totals(ledger, panel, groups)
    tell_findings(reading, console)
    return report, panel.clock, findings


def _note_week(report: Report, vitals: Vitals) -> None:
    """Note last week's share of outcomes within the band, and the skill beside the best naive forecast."""
    from lstmcast.evaluation.verdict import best_baseline

    if not report.get("by_week"):  # of totals there is none
        return
    week = report["by_week"][-1]
    vitals.note("coverage_ratio", week["model"].get("coverage_80"))
    rival = best_baseline(report["test"]) if len(report["test"]) > 1 else None
    if rival is not None and week[rival].get("mae") and week["model"].get("mae") is not None:
        vitals.note("skill_ratio", 1 - week["model"]["mae"] / week[rival]["mae"])


def _gate(
    report: Report, gates: Mapping[str, float | None], clock: Clock, ledger_file: str
) -> QualityError | None:
    """The first gate that is not passed, as an error."""
    from lstmcast.evaluation.scoring import COVERAGE

    outcome = f"see what changed in {ledger_file}, or refresh the model"
    failed = verdict.skill_gate(report["test"], clock, gates["skill"], outcome)
    least, held = gates["coverage"], report["test"]["model"].get(COVERAGE)
    if failed is not None or least is None or (held is not None and held >= least):
        return failed
    share = "nothing, since there is none" if held is None else percent(held)
    wanted = f"--require-coverage asks for {percent(least)}"
    message = f"the share of outcomes in the 80 % band is {share}, {wanted}; {outcome}"
    return QualityError(message, file=ledger_file, option="--require-coverage")


def _show(report: Report, clock: Clock, console: Console) -> None:
    """Everybody over all rows, then by step and by week, then whether it drifts."""
    from lstmcast.evaluation.names import describe
    from lstmcast.evaluation.verdict import best_baseline

    if report.get("kind") == "totals":
        show_totals(report, clock, console)
        return
    console.note(counted(report, "forecasts of rows"))
    console.note("")
    names = {name: describe(name, clock) for name in report["test"]}
    _table("", [(names[name], {"rows": report["rows"], **m}) for name, m in report["test"].items()], console)
    console.result("")
    rival = best_baseline(report["test"]) if len(names) > 1 else None
    steps = [report["by_step"][place] for place in verdict.selection(len(report["by_step"]))]
    _groups("step", steps, rival, names, console)
    weeks = report["by_week"] if console.verbose else report["by_week"][-WEEKS_SHOWN:]
    more = (
        f", the last {len(weeks)} of {len(report['by_week'])}" if len(weeks) < len(report["by_week"]) else ""
    )
    _groups(f"week from{more}", weeks, rival, names, console)
    for title, group in (("model", "by_model"), ("source", "by_source")):
        if len(report[group]) > 1:
            _groups(title, report[group], rival, names, console)
    _show_calibration(report.get("calibration", ()), console)
    if (words := _stood_in(report)) is not None:
        console.warn(words, "stand_ins")
    from lstmcast.evaluation.drift import drifts

    for group in report["by_source"]:
        if "drift" in group and drifts(group["drift"]):
            console.result(f"{group['name']}: {drift_sentence(group['drift'])}")
    console.result(drift_sentence(report["drift"]))


def _show_calibration(parts: Sequence[Report], console: Console) -> None:
    """Of classes, how often they came in each tenth of the probability that they were given."""
    if not parts:
        return
    cells = [[percent(part["said"]), percent(part["came"]), f"{part['rows']:,}"] for part in parts]
    console.table(["probability", "came", "rows"], cells)
    console.result("")


def _stood_in(report: Report) -> str | None:
    """Return a line on how many rows were not the model's own, and why; None where all were."""
    reasons = report.get("stand_ins")
    if not reasons:
        return None
    total = sum(reasons.values())
    each = (
        ", ".join(reasons) if len(reasons) == 1 else ", ".join(f"{n:,} {why}" for why, n in reasons.items())
    )
    return (
        f"{total:,} of {report['rows']:,} rows were stand-ins ({each}); the model's own are judged by source"
    )


def _groups(
    title: str, groups: Sequence[Report], rival: str | None, names: Mapping[str, str], console: Console
) -> None:
    """The figures of the model in each group, and the error of the best naive forecaster beside them."""
    rows = [(str(group["name"]), {"rows": group["rows"], **group["model"]}) for group in groups]
    beside = [] if rival is None else [group[rival] for group in groups]
    _table(title, rows, console, names.get(rival or ""), beside)
    console.result("")


def _table(
    corner: str,
    rows: Sequence[tuple[str, Report]],
    console: Console,
    rival: str | None = None,
    beside: Sequence[Report] = (),
) -> None:
    is_of_classes = any("log_loss" in values for _, values in rows)
    measures, error = (CLASS_COLUMNS, "log_loss") if is_of_classes else (COLUMNS, "mae")
    cells = [
        [name, *(verdict.cell(measure, values.get(measure, "")) for measure in measures)]
        for name, values in rows
    ]
    header = [corner, *measures.values()]
    if rival is not None:
        header.append(f"{measures[error]} of {rival}")
        cells = [[*row, verdict.cell(error, other[error])] for row, other in zip(cells, beside, strict=True)]
    console.table(header, cells)


def drift_sentence(drift: Report) -> str:
    """Return a sentence on whether the errors drift, since when, and how that was decided."""
    from lstmcast.evaluation.drift import AT_FIRST, LASTING, LATELY

    of_late, growth = _of_late(drift), drift.get("lasting")
    if growth is None or not growth["is_on"]:
        return of_late
    return (
        f"{of_late} DRIFTS for good: in shares of the best naive forecast's, errors of the last {LATELY} days are "
        f"{growth['factor']:.2f} times those of the first {AT_FIRST} ({growth['score']:.1f} standard errors, alarm "
        f"above {LASTING:g}); train again."
    )


def _of_late(drift: Report) -> str:
    """Return what the CUSUM of daily errors says."""
    from lstmcast.evaluation.drift import ALLOWANCE, FEWEST, RECENT, REFERENCE, THRESHOLD

    how = (
        f"CUSUM of daily errors beside the {REFERENCE} days up to a week before, in units of their usual spread, "
        f"allowance {ALLOWANCE:g}, alarm above {THRESHOLD:g}"
    )
    if not drift["days_judged"]:
        return f"Too few days to say whether it drifts: {FEWEST + RECENT} are needed ({how})."
    naive = drift["naive_factor"]
    beside = "" if naive is None else f" (those of the best naive forecast {naive:.2f} times)"
    now = f"this week's errors are {drift['factor']:.2f} times the usual{beside}; sum {drift['level']:.1f}"
    if drift["is_on"]:
        return f"DRIFTS since {drift['alarms'][-1]['since']}: {now} ({how})."
    earlier = ", ".join(f"{alarm['since']} to {alarm['last']}" for alarm in drift["alarms"])
    past = f" There were alarms from {earlier}." if earlier else ""
    return f"No drift: {now} ({how}).{past}"
