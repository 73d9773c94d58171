"""`lstmcast train`: from a CSV to a model file, with a verdict."""

from __future__ import annotations

import dataclasses
import shlex
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.sessions.checkpoint_writer import CheckpointWriter
from lstmcast.cli.sessions.delivery import console_beside, deliver, probe
from lstmcast.cli.sessions.fleet import DEFAULT_FOLDER, Fleet, train_fleet
from lstmcast.cli.sessions.grouping import AllowMixed, By, Cluster, Jobs, MaxFailures
from lstmcast.cli.sessions.reading import (
    line_of,
    read_for_training,
    tell_days_off,
    tell_findings,
    tell_if_open,
)
from lstmcast.cli.sessions.training_monitor import TrainingMonitor
from lstmcast.cli.shell import log, run
from lstmcast.cli.shell.console import Console
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
from lstmcast.cli.shell.streams import PROGRAM
from lstmcast.cli.show import choices, chosen, fleet, verdict
from lstmcast.cli.show.spans import with_span
from lstmcast.core.errors import QualityError, UsageError
from lstmcast.core.findings import count
from lstmcast.core.options import parse_names, refuse_ignored

if TYPE_CHECKING:
    from lstmcast.core.options import Options
    from lstmcast.core.panel import Panel
    from lstmcast.ingest import ParsedFile
    from lstmcast.model.model import Model
    from lstmcast.pipeline.plan import TrainingPlan

ModelOutput = Annotated[
    str, typer.Option("-o", "--output", metavar="FILE", help="model file to write", rich_help_panel=OUTPUT)
]

Resume = Annotated[
    bool, typer.Option("--resume", help="continue a run that was stopped", rich_help_panel=OUTPUT)
]


@takes_options
def train(
    data: DataFile,
    output: ModelOutput = "model.pkl",
    resume: Resume = False,
    wait: Wait = None,
    require_skill: RequireSkill = None,
    by: By = None,
    jobs: Jobs = None,
    cluster: Cluster = None,
    allow_mixed: AllowMixed = False,
    max_failures: MaxFailures = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    **flags: Any,  # one for each field of Options, spelled out by takes_options
) -> None:
    """Train a model on a CSV and judge it.

    It is judged on rows that it has not seen. [auto] is found in the data.
    """
    console = console_beside(output, quiet=quiet, verbose=verbose, as_json=as_json)
    if output == STDOUT and wait is not None:
        message = "--wait waits for another run that writes the same file, which standard output is not; leave it out"
        raise UsageError(message, option="--wait")
    if output == STDOUT and resume:
        message = "--resume continues a run that was stopped, which left nothing beside standard output; name a file"
        raise UsageError(message, option="--resume")
    least_skill = real_number("require_skill", require_skill, -1.0, 1.0)
    if by is not None:
        if resume:
            message = "--by keeps groups that are finished, whatever is said; leave --resume out"
            raise UsageError(message, option="--resume")
        asked = _fleet(by, options_from(flags), jobs, cluster, max_failures, allow_mixed=allow_mixed)
        asked = dataclasses.replace(asked, skill=least_skill, wait=patience(wait))
        _train_groups(data, options_from(flags), output, asked, console)
        return
    _refuse_without_groups(jobs=jobs, cluster=cluster, allow_mixed=allow_mixed, max_failures=max_failures)
    train_model(data, options_from(flags), output, least_skill, console, resume=resume, wait=patience(wait))


def _train_groups(data: str, options: Options, output: str, asked: Fleet, console: Console) -> None:
    """Train a model for each group, into a folder."""
    is_given = any(given.key == "output" for given in run.current().given())
    if output == STDOUT:
        raise UsageError("--by writes a folder, which standard output is not; name one", option="--output")
    _check(options)
    folder = output if is_given else DEFAULT_FOLDER
    done = train_fleet(data, options, folder, asked, console)
    with console.at_once():
        fleet.show(folder, done.index.entries, done.failures, done.counts, console)
    if done.error is not None:
        raise done.error


def _fleet(
    by: str,
    options: Options,
    jobs: str | None,
    cluster: str | None,
    max_failures: str | None,
    *,
    allow_mixed: bool,
) -> Fleet:
    """Return what is asked of a training of groups; raises UsageError for what makes no sense."""
    from lstmcast.pipeline.pool import WorkerPool
    from lstmcast.training.workers import cores

    columns = parse_names(by)
    if not columns or len(set(columns)) < len(columns):
        raise UsageError(f"--by takes columns, each once; got {by!r}", option="--by")
    if cluster is not None and jobs is not None:
        raise UsageError("--cluster has workers of its own; leave --jobs out", option="--jobs")
    if cluster is None and allow_mixed:
        message = "--allow-mixed is about the workers of --cluster; give it too, or leave it out"
        raise UsageError(message, option="--allow-mixed")
    limit = options.threads or cores()
    wanted = whole_number("jobs", jobs, 1, 256) or limit
    place = WorkerPool(min(wanted, options.threads or wanted), cluster, allow_mixed)
    return Fleet(columns, place, most_failures=whole_number("max_failures", max_failures, 0, 10_000_000))


def _refuse_without_groups(**given: object) -> None:
    """Raise UsageError for the first option of groups where there are none."""
    for name, value in given.items():
        if value not in (None, False):
            option = "--" + name.replace("_", "-")
            message = f"{option} is for many groups; name their columns with --by, or leave it out"
            raise UsageError(message, option=option)


def train_model(
    source: str,
    options: Options,
    output: str,
    least_skill: float | None,
    console: Console,
    *,
    resume: bool = False,
    wait: float = 0.0,
) -> None:
    """Read, train, save, show; before any work, options are checked and the output is tried and locked.

    resume: go on from what a stopped run has left; wait: seconds to wait for another run to be done.
    Raises QualityError, having shown the verdict and saved nothing, where it falls short of `least_skill`.
    """
    _check(options)
    from lstmcast import ingest, persistence

    options = dataclasses.replace(options, exclude=ingest.expanded(options.exclude))

    pretrained = None if options.from_ is None else persistence.load(options.from_)
    probe(output, _rough_size(options))
    with (
        console.patient() as done,
        _alone(output, wait),
        CheckpointWriter(output, console) as keeper,
        console.stages(),
    ):
        following = TrainingMonitor(keeper, console)
        reading = read_for_training(source, options, console)
        found = dataclasses.replace(options, **reading.shown)  # kept: a short file may not tell
        model = following.train(reading, found, pretrained, resume, partial(_show_plan, reading, console))
        failed = _gate(model, least_skill, output)
        if failed is None:
            _give_out(model, output, console)
            done.append(f"{output} is written")
    reading = dataclasses.replace(reading, findings=(*reading.findings, *following.advice))
    with console.at_once():
        _show(reading, model, output, failed, console, following.budget(options.budget))
    if failed is not None:
        raise failed


def _give_out(model: Model, output: str, console: Console) -> None:
    """The model into its file, or to stdout."""
    from lstmcast import persistence

    if output == STDOUT:
        deliver(output, (persistence.to_bytes(model),))
        return
    persistence.save(model, output)
    log.milestone("wrote", f"wrote {output}", file=output)
    tell_if_open(output, console)


def _alone(output: str, wait: float) -> AbstractContextManager[None]:
    """The lock of the model file; standard output has none."""
    from lstmcast import persistence

    return nullcontext() if output == STDOUT else persistence.lock(output, wait)


def _rough_size(options: Options) -> int:
    """Bytes that a model of these options takes, roughly: two networks a member, and a ridge map besides."""
    weights = 12 * options.hidden**2 * options.layers * options.members
    return 2 * 4 * weights + 100_000


def _gate(model: Model, least_skill: float | None, output: str) -> QualityError | None:
    clock = model.contract.clock
    return verdict.skill_gate(model.report["test"], clock, least_skill, f"{output} is as it was")


def _check(options: Options) -> None:
    options.check()
    refuse_ignored(options)


def _tell_holidays(panel: Panel, plan: TrainingPlan, console: Console) -> None:
    """Warn where the days off that were asked for are not those of these rows."""
    tell_days_off(panel.holidays, panel.clock, panel.times, console)
    if plan.holidays is not None and not plan.holidays[1]:
        name = plan.holidays[0]
        console.warn(f"no day off of {name} is among the training rows; --holidays left out", "no_holidays")


def _show_plan(reading: ParsedFile, console: Console, plan: TrainingPlan) -> None:
    """Show what was understood and, for the curious, what was tried before training."""
    tell_findings(reading, console)
    _tell_holidays(reading.panel, plan, console)
    console.notes(_understood(reading, plan))
    if console.verbose and not console.quiet:
        console.note("")
        chosen.show_tried(plan.choices, console)
    log.milestone("training", f"training starts: {plan.steps:,} steps", file=reading.source)


def _understood(reading: ParsedFile, plan: TrainingPlan) -> list[tuple[str, str]]:
    """Return what training understood of the file and of the task, line by line."""
    series = f" in {plan.series:,} series" if reading.roles.id else ""
    missing = f"{plan.missing:,} missing" if plan.missing else "none missing"
    seasons = " and ".join(f"{season:,}" for season in plan.seasons)
    classes = [
        ("Classes", f"{name}: {', '.join(levels)}") for name, levels in (reading.roles.levels or {}).items()
    ]
    ahead, behind = (with_span(rows, plan.freq) for rows in (plan.horizon, plan.lookback))
    task = f"{ahead} ahead, from the last {behind}"
    whose = f" (series {reading.panel.ids[0]})" if reading.roles.id else ""
    blocks = [(name.capitalize(), f"{first} to {last}{whose}") for name, (first, last) in plan.blocks.items()]
    return [
        ("Data", f"{reading.source}: {plan.rows:,} rows of {reading.roles.target}{series}, {missing}"),
        ("Time", f"{reading.roles.time or 'rows'}: {reading.evidence}; {plan.zone or 'no'} time zone"),
        ("Seasons", f"{seasons} rows" if seasons else "none"),
        *classes,
        *_named(reading, "target"),
        *_named(reading, "excluded"),
        *_holidays(plan),
        ("Forecast", task),
        *blocks,
        *([("Chosen on", plan.sampled)] if plan.sampled else []),
        *choices.start(plan.start),
    ]


def _made(model: Model, output: str | None, console: Console) -> list[tuple[str, str]]:
    """Return what the model is made of, and for the curious why; else where that stands, if it is written."""
    if console.verbose:
        why = [("Chosen", chosen.in_short(model)), *chosen.judged(model), *chosen.details(model)]
        return [("Made of", chosen.made_of(model)), *chosen.limits(model), *why]
    is_there = output not in (None, STDOUT)
    more = f". Details: {PROGRAM} info {shlex.quote(str(output))}" if is_there else ""
    return [("Made of", f"{chosen.made_of(model)}{more}"), *chosen.judged(model), *chosen.limits(model)]


def _named(reading: ParsedFile, code: str) -> list[tuple[str, str]]:
    """A line about what was found, such as rows that count as missing because their user said so."""
    return [(code.capitalize(), f.message) for f in reading.findings if f.code == code]


def _holidays(plan: TrainingPlan) -> list[tuple[str, str]]:
    if plan.holidays is None or not plan.holidays[1]:
        return []
    name, days, last = plan.holidays
    return [("Holidays", f"{name}: {count(days, 'day')} among the training rows, known until {last}")]


def _show(
    reading: ParsedFile,
    model: Model,
    output: str,
    failed: QualityError | None,
    console: Console,
    more: dict[str, Any],
) -> None:
    """The verdict and where the model went, if it did, for a person or for a program."""
    clock = model.contract.clock
    console.notes([*_made(model, None if failed else output, console), ("", "")])
    verdict.show_with_steps(model.report, clock, console)
    console.notes([("Days off", line_of(f)) for f in reading.findings if f.code == "days_off"])
    if console.verbose:
        verdict.show_bands(model.report["test"], console)
    findings = [finding.record() for finding in reading.findings]
    settings = [given.record() for given in run.current().given()]
    document = {
        "model": output,
        "settings": settings,
        "report": model.report.as_document(),
        "findings": findings,
    }
    document |= more
    if failed is None:
        if output != STDOUT:
            console.note(f"Wrote {output}")
        console.document(document)
    else:
        console.document(document | {"model": None} | log.as_document(failed))
