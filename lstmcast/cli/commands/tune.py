"""`lstmcast tune`: a search for better options before a training, and what it was worth on test rows."""

from __future__ import annotations

import dataclasses
import math
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.commands.train import ModelOutput
from lstmcast.cli.sessions.delivery import console_beside, probe
from lstmcast.cli.sessions.reading import read_for_training, tell_findings, tell_if_open
from lstmcast.cli.sessions.searched import Searched
from lstmcast.cli.shell import log, run
from lstmcast.cli.shell.flags import (
    OUTPUT,
    DataFile,
    Json,
    Quiet,
    RequireSkill,
    Verbose,
    Wait,
    options_from,
    patience,
    real_number,
    takes_options,
    whole_number,
)
from lstmcast.cli.shell.outputs import STDOUT
from lstmcast.cli.shell.progress import OF_A_SEARCH
from lstmcast.cli.show import verdict
from lstmcast.core.errors import UsageError
from lstmcast.core.options import refuse_ignored, seconds

if TYPE_CHECKING:
    from lstmcast.cli.shell.console import Console
    from lstmcast.core.options import Options
    from lstmcast.ingest import ParsedFile
    from lstmcast.model.model import Model
    from lstmcast.pipeline.tuning import Trial, Tuning

PANEL = "Search"
_SHOWN = 5
_A_MODEL = 200_000  # bytes, roughly
Trials = Annotated[
    str | None,
    typer.Option(
        "--trials",
        metavar="N",
        help="settings to try; auto: as suit --budget and the rows, else 27",
        rich_help_panel=PANEL,
    ),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="continue a search that was stopped", rich_help_panel=OUTPUT)
]


@takes_options
def tune(
    data: DataFile,
    trials: Trials = None,
    output: ModelOutput = "model.pkl",
    resume: Resume = False,
    wait: Wait = None,
    require_skill: RequireSkill = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    **flags: Any,  # one for each field of Options, spelled out by takes_options
) -> None:
    """Search for better options and train with them.

    Settings are judged on rows before the test rows. Options that are given stay as they are; the default setting
    takes part and wins ties.
    """
    console = console_beside(output, quiet=quiet, verbose=verbose, as_json=as_json)
    if output == STDOUT:
        message = "--output - leaves no place for the state of a search; name a file"
        raise UsageError(message, option="--output")
    least = real_number("require_skill", require_skill, -1.0, 1.0)
    count = whole_number("trials", trials, 2, 10_000)
    tune_file(data, options_from(flags), count, output, least, console, resume=resume, wait=patience(wait))


def tune_file(
    source: str,
    options: Options,
    trials: int | None,
    output: str,
    least_skill: float | None,
    console: Console,
    *,
    resume: bool,
    wait: float,
) -> None:
    """Read, search, train the best setting, save and show.

    Raises QualityError, having shown all and saved nothing, where the model falls short of `least_skill`.
    """
    began = time.time()
    options.check()
    refuse_ignored(options)
    from lstmcast import ingest, persistence
    from lstmcast.training.workers import cores

    options = dataclasses.replace(options, exclude=ingest.expanded(options.exclude))
    probe(output, _A_MODEL)
    until = math.inf if options.budget is None else time.monotonic() + seconds(options.budget, "--budget")
    stages = console.stages(OF_A_SEARCH, until)
    with console.patient() as done, persistence.lock(output, wait), stages:
        reading = read_for_training(source, options, console)
        searched = _search(reading, options, trials, output, console, began)
        found = searched.run(options.threads or cores(), resume=resume)
        clock = found.model.contract.clock
        failed = verdict.skill_gate(found.model.report["test"], clock, least_skill, f"{output} is as it was")
        if failed is None:
            _save(found.model, output, console)
            done.append(f"{output} is written")
    tell_findings(reading, console)
    with console.at_once():
        _show(found, searched, console)
        if failed is None:
            console.note(f"Wrote {output}")
        document = _document(found, searched, reading)
        more = {"model": output} if failed is None else {"model": None} | log.as_document(failed)
        console.document(document | more)
    if failed is not None:
        raise failed


def _search(
    reading: ParsedFile, options: Options, trials: int | None, output: str, console: Console, began: float
) -> Searched:
    """The search, of which nothing is done yet."""
    from lstmcast.pipeline.tuning import begin_search

    found = dataclasses.replace(options, **reading.shown)
    search = begin_search(reading.panel, found, reading.roles.time, trials=trials, began=began)
    return Searched(search, output, console)


def _save(model: Model, output: str, console: Console) -> None:
    from lstmcast import persistence

    persistence.save(model, output)
    log.milestone("wrote", f"wrote {output}", file=output)
    tell_if_open(output, console)


def _show(found: Tuning, searched: Searched, console: Console) -> None:
    """The best settings, the verdict on the model, and what tuning was worth."""
    console.note(f"{len(found.trials)} settings tried on rows before the test rows")
    console.note("")
    rows = [
        [f"{place}", f"{len(trial.errors)}", f"{trial.errors[-1]:.3f}", said(trial.changes)]
        for place, trial in enumerate(_ranked(found.trials)[:_SHOWN], 1)
    ]
    if rows:
        console.table(["place", "rounds", "error", "setting"], rows, left=(3,))
        console.note("")
    console.note(f"Chosen: {said(found.chosen)}")
    verdict.show_with_steps(found.model.report, found.model.contract.clock, console)
    console.result("")
    sentence = found.verdict
    console.result(f"{sentence[0].upper()}{sentence[1:]}.")
    if searched.is_stopped:
        console.note(f"The search was not done: {searched.stands}.")


def said(changes: dict[str, Any]) -> str:
    """A setting as flags, as `train` takes them."""
    return " ".join(f"--{name} {value}" for name, value in changes.items()) or "default"


def _ranked(trials: tuple[Trial, ...]) -> list[Trial]:
    """Those that came farthest first, and of these the best."""
    judged = [trial for trial in trials if trial.errors]
    return sorted(judged, key=lambda trial: (-len(trial.errors), trial.errors[-1]))


def _document(found: Tuning, searched: Searched, reading: ParsedFile) -> dict[str, Any]:
    """Everything for a program; an error of null is that of a setting that cannot be trained."""
    trials = [
        {"changes": trial.changes, "errors": [e if e < float("inf") else None for e in trial.errors]}
        for trial in found.trials
    ]
    return {
        "chosen": found.chosen,
        "verdict": found.verdict,
        "gain": found.gain,
        "default": found.default,
        "tuned": found.tuned,
        "complete": not searched.is_stopped,
        "trials": trials,
        "settings": [given.record() for given in run.current().given()],
        "report": found.model.report.as_document(),
        "findings": [finding.record() for finding in reading.findings],
    }
