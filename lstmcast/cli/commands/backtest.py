"""`lstmcast backtest`: cross-validation, one training a fold, each judged on the rows that follow."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.sessions.delivery import console_beside, deliver, probe
from lstmcast.cli.sessions.reading import read_for_training, tell_findings
from lstmcast.cli.shell import run
from lstmcast.cli.shell.flags import (
    OUTPUT,
    DataFile,
    Json,
    Quiet,
    RequireSkill,
    Verbose,
    options_from,
    real_number,
    takes_options,
    whole_number,
)
from lstmcast.cli.shell.outputs import STDOUT
from lstmcast.cli.show import table, verdict
from lstmcast.core.errors import QualityError
from lstmcast.core.findings import percent
from lstmcast.core.options import refuse_ignored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lstmcast.cli.shell.console import Console
    from lstmcast.core.options import Options
    from lstmcast.core.panel import Clock
    from lstmcast.ingest import ParsedFile
    from lstmcast.pipeline.cross_validation import CrossValidation, JudgedFold

PANEL = "Backtest"
Folds = Annotated[
    str,
    typer.Option("--folds", metavar="N", help="trainings, each judged on later rows", rich_help_panel=PANEL),
]
Window = Annotated[
    str,
    typer.Option(
        "--window",
        help="rows a fold trains on: all before (expanding), or as many as the first (sliding)",
        rich_help_panel=PANEL,
    ),
]
SinglesOutput = Annotated[
    str | None,
    typer.Option(
        "-o", "--output", metavar="FILE", help="file for the single forecasts (CSV)", rich_help_panel=OUTPUT
    ),
]


@takes_options
def backtest(
    data: DataFile,
    folds: Folds = "5",
    window: Window = "expanding",
    output: SinglesOutput = None,
    require_skill: RequireSkill = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    **flags: Any,  # one for each field of Options, spelled out by takes_options
) -> None:
    """Train on several stretches of history and judge each.

    A fold trains on rows up to a date and is judged on those that follow (--test), as train would have
    been then. No model file is written.
    """
    console = console_beside(output, quiet=quiet, verbose=verbose, as_json=as_json)
    least = real_number("require_skill", require_skill, -1.0, 1.0)
    count = whole_number("folds", folds, 1, 1_000) or 1
    backtest_file(data, options_from(flags), count, window, output, least, console)


def backtest_file(
    source: str,
    options: Options,
    folds: int,
    window: str,
    output: str | None,
    least_skill: float | None,
    console: Console,
) -> None:
    """Read, train and judge fold by fold, show, and write the single forecasts when there is a file for them.

    Raises QualityError, having shown all, where the mean gain over the best baseline is below `least_skill`.
    """
    options.check()
    refuse_ignored(options)
    from lstmcast import ingest, persistence
    from lstmcast.pipeline.cross_validation import CrossValidation

    options = dataclasses.replace(options, exclude=ingest.expanded(options.exclude))
    if output is not None:
        probe(output, persistence.A_BLOCK)
    reading = read_for_training(source, options, console)
    found = CrossValidation(tuple(_judged(reading, options, folds, window, console)))
    tell_findings(reading, console)
    if output is not None:
        deliver(output, (text.encode() for text in _singles(found)))
    failed = _gate(found, least_skill)
    with console.at_once():
        _show(found, reading, window, console)
        if output not in (None, STDOUT):
            console.note(f"Wrote {output}")
        console.document(_document(found, reading, window))
    if failed is not None:
        raise failed


def _judged(
    reading: ParsedFile, options: Options, folds: int, window: str, console: Console
) -> Iterator[JudgedFold]:
    """The folds, each told to whoever is watching once it is judged."""
    from lstmcast.pipeline.cross_validation import backtesting

    found = dataclasses.replace(options, **reading.shown)
    for fold in backtesting(reading.panel, found, reading.roles.time, folds=folds, window=window):
        console.hint(f"fold {fold.number} of {folds}: {fold.report.verdict}", "fold")
        yield fold


def _gate(found: CrossValidation, least: float | None) -> QualityError | None:
    """The error that says that the best baselines were not beaten by this share in the mean of the folds."""
    gain = mean_skill(found)
    if least is None or (gain is not None and gain >= least):
        return None
    reached = "is not defined" if gain is None else f"is {percent(gain)}"
    message = f"the mean gain over the best baseline {reached}, less than --require-skill {least:g} asks for"
    return QualityError(message, option="--require-skill")


def mean_skill(found: CrossValidation) -> float | None:
    """The mean over the folds of the gain over the best baseline; None where one is not defined."""
    gains = [fold.skill for fold in found.folds]
    known = [gain for gain in gains if gain is not None]
    return sum(known) / len(known) if len(known) == len(gains) else None


def _singles(found: CrossValidation) -> Iterator[str]:
    """The single forecasts of the judged rows as CSV, as `evaluate` writes them; the origin tells the fold."""
    for fold in found.folds:
        unseen = (one for one in fold.model.backcasts(fold.fold.panel) if not one.in_sample)
        for number, text in enumerate(table.singles(unseen)):
            yield text if fold.number == 1 or number else text.split("\n", 1)[1]


def _show(found: CrossValidation, reading: ParsedFile, window: str, console: Console) -> None:
    """The folds one a row, the means of all figures, and one sentence."""
    clock = reading.panel.clock
    many = len(found.folds)
    console.note(f"{many} folds, {window} window" if many > 1 else "1 fold")
    console.note("")
    _show_folds(found, clock, console)
    console.result("")
    console.note("Means over the folds:")
    console.note("")
    from lstmcast.evaluation.names import describe

    verdict.table("", {describe(name, clock): each for name, each in found.means.items()}, console)
    console.result("")
    console.result(sentence(found))


def _show_folds(found: CrossValidation, clock: Clock, console: Console) -> None:
    """The error of the model and of the best baseline of each fold."""
    from lstmcast.evaluation.names import describe
    from lstmcast.evaluation.verdict import best_baseline, error_measure

    measure = error_measure(found.means) or "mae"
    rows = []
    for fold in found.folds:
        test = fold.report.test
        rival = best_baseline(test)
        gain = "not defined" if fold.skill is None else percent(fold.skill)
        figures = [verdict.cell(measure, test[name].get(measure)) for name in ("model", rival)]
        own = [f"{fold.number}", fold.report.first, fold.report.last, f"{fold.rows:,}"]
        rows.append([*own, figures[0], figures[1], describe(rival, clock), gain])
    title = verdict.COLUMNS[measure]
    header = ["fold", "judged from", "to", "rows before", title, "baseline", "best baseline", "gain"]
    console.table(header, rows, left=(1, 2, 6))


def sentence(found: CrossValidation) -> str:
    """Return a sentence on how many folds the model wins, and by how much in the mean."""
    gains = [fold.skill for fold in found.folds if fold.skill is not None]
    won = sum(gain > 0 for gain in gains)
    mean, many = mean_skill(found), len(found.folds)
    by = "" if mean is None else f", by {percent(mean)} in the mean"
    return f"Beats the best baseline in {won} of {many} {'fold' if many == 1 else 'folds'}{by}."


def _document(found: CrossValidation, reading: ParsedFile, window: str) -> dict[str, Any]:
    """Everything for a program."""
    folds = [
        {
            "fold": fold.number,
            "rows": fold.rows,
            "until": reading.panel.clock.write(fold.model.seen_until.max(keepdims=True))[0],
            "skill": fold.skill,
            "report": fold.report.as_document(),
        }
        for fold in found.folds
    ]
    return {
        "window": window,
        "folds": folds,
        "means": found.means,
        "skill": mean_skill(found),
        "settings": [given.record() for given in run.current().given()],
        "findings": [finding.record() for finding in reading.findings],
    }
