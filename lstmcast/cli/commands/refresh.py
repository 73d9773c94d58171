"""`lstmcast refresh`: a model trained on with new rows, and kept only if it forecasts them better."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.sessions.folders import refuse_of_one_model
from lstmcast.cli.sessions.health import MetricsFile, PingUrl, watched
from lstmcast.cli.sessions.reading import (
    read_for_model,
    tell_findings,
    with_closed_said,
    with_spans_excluded,
)
from lstmcast.cli.shell import log
from lstmcast.cli.shell.console import Console
from lstmcast.cli.shell.flags import (
    INPUT,
    OUTPUT,
    Json,
    ModelFile,
    Quiet,
    RequireSkill,
    Verbose,
    Wait,
    patience,
    real_number,
    whole_number,
)
from lstmcast.cli.shell.log import as_document
from lstmcast.cli.show import verdict
from lstmcast.core.errors import QualityError, TooFewNewError, UsageError
from lstmcast.core.findings import percent
from lstmcast.core.options import parse_names, seconds

if TYPE_CHECKING:
    from lstmcast.ingest import ParsedFile
    from lstmcast.model.model import Model
    from lstmcast.pipeline.refresh import Outcome, RefreshPlan

NewData = Annotated[
    str | None,
    typer.Argument(metavar="DATA", help="CSV file with the new rows, and history", rich_help_panel=INPUT),
]
Budget = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="longest time for training: 90s, 10m [none]", rich_help_panel="Refresh"
    ),
]
Always = Annotated[
    bool,
    typer.Option(
        "--always", help="replace the model even if the new one is worse", rich_help_panel="Refresh"
    ),
]
Exclude = Annotated[
    str | None,
    typer.Option(
        metavar="A,B",
        help="further bad periods, kept with those of the model: 2012-03-01..2012-03-04 [none]",
        rich_help_panel="Refresh",
    ),
]
Keep = Annotated[
    str,
    typer.Option(metavar="N", help="older models to keep, as MODEL.1, MODEL.2, …", rich_help_panel=OUTPUT),
]
Rollback = Annotated[
    bool,
    typer.Option("--rollback", help="undo: put MODEL.1 back in the place of MODEL", rich_help_panel=OUTPUT),
]
DEFAULT_KEEP = "3"
NAMES = {"champion": "as it was", "model": "trained on"}


def refresh(
    model: ModelFile,
    data: NewData = None,
    budget: Budget = None,
    exclude: Exclude = None,
    always: Always = False,
    require_skill: RequireSkill = None,
    keep: Keep = DEFAULT_KEEP,
    wait: Wait = None,
    rollback: Rollback = False,
    metrics: MetricsFile = None,
    ping: PingUrl = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Continue training a model with new rows; keep it if it is better.

    Both are judged on the newest half of the rows that neither has seen. What replaces the model has then
    learned from all of them. The best DATA is the whole history with the new rows at its end.
    """
    console = Console(quiet=quiet, verbose=verbose, as_json=as_json)
    count = whole_number("keep", keep, 0, 100) or 0
    if rollback:
        skill = {"require-skill": require_skill}
        _refuse_beside_rollback(
            budget=budget, exclude=exclude, always=always, keep=keep != DEFAULT_KEEP, **skill
        )
        if os.path.isdir(model):
            from lstmcast.cli.commands.folders.renewals import roll_folder_back

            refuse_of_one_model(model, data=data)
            roll_folder_back(model, patience(wait), console)
            return
        _roll_back(model, data, patience(wait), console)
        return
    if data is None:
        raise UsageError("DATA is missing: the CSV file with the new rows; or undo with --rollback")
    limit, excluded = None if budget is None else seconds(budget), parse_names(exclude)
    least = real_number("require_skill", require_skill, -1.0, 1.0)
    with watched("refresh", metrics, ping, console):
        if os.path.isdir(model):
            from lstmcast import ingest
            from lstmcast.cli.commands.folders.renewals import RefreshGroup, refresh_folder

            asked = RefreshGroup(ingest.expanded(excluded), always, least, limit)
            refresh_folder(model, data, asked, count, patience(wait), console)
            return
        refresh_model(
            model, data, limit, excluded, count, console, always=always, wait=patience(wait), least=least
        )


def _refuse_beside_rollback(**given: object) -> None:
    """Raise UsageError for the first option that says how to train, where nothing is trained."""
    for name, value in given.items():
        if value:
            message = f"--{name} says how to train on, and --rollback puts the older model back; leave one of them out"
            raise UsageError(message, option=f"--{name}")


def refresh_model(
    model_file: str,
    source: str,
    budget: float | None,
    excluded: tuple[str, ...],
    count: int,
    console: Console,
    *,
    always: bool,
    wait: float = 0.0,
    least: float | None = None,
) -> None:
    """Load, read, train on, judge, replace, show; all with the model's lock, for which it waits so many seconds.

    least: skill over the best naive forecast below which nothing is replaced; raises QualityError then.
    """
    from lstmcast import persistence

    persistence.probe_folder(model_file, _size(model_file))
    with console.patient() as done, persistence.lock(model_file, wait):
        champion = with_spans_excluded(persistence.load(model_file), excluded)
        reading = with_closed_said(read_for_model(source, champion, console), champion.contract.horizon)
        try:
            outcome = _follow(champion, reading, budget, console, always=always)
        except TooFewNewError as error:
            if always:
                raise
            _show_nothing_to_do(error, reading, model_file, console)
            return
        failed = verdict.outcome_gate(outcome, least, f"{model_file} stays as it is; train anew")
        replaced = failed is None and (outcome.is_better or always)
        if replaced:
            persistence.save_keeping_old(outcome.model, model_file, count)
            log.milestone("wrote", f"wrote {model_file}", file=model_file)
        done.append(f"{model_file} is replaced" if replaced else f"{model_file} stays as it is")
    with console.at_once():
        _show(outcome, model_file, count, console, failed, replaced=replaced)
    if failed is not None:
        raise failed
    if (words := _said_of_naive(outcome)) is not None:
        console.warn(words, "train_anew", file=model_file)


def _show_nothing_to_do(
    error: TooFewNewError, reading: ParsedFile, model_file: str, console: Console
) -> None:
    """A file that has not grown enough: the model stays, and the next run may find more."""
    tell_findings(reading, console)
    console.result(f"Nothing to do yet, {model_file} stays as it is: {error}.")
    console.document({"model": model_file, "replaced": False, "is_better": None, "message": str(error)})


def _said_of_naive(outcome: Outcome) -> str | None:
    """That a naive forecast is better than the model, as it was and trained on, by more than noise, if that is so."""
    from lstmcast.evaluation.names import describe
    from lstmcast.evaluation.verdict import best_baseline

    test, measure, least = outcome.challenger["test"], outcome.measure, 1.0 - outcome.noise
    rival = best_baseline(test)
    ours = [report["test"]["model"][measure] for report in (outcome.champion, outcome.challenger)]
    naive = test[rival].get(measure)
    if naive is None or not all(own is not None and naive < least * own for own in ours):
        return None
    name = describe(rival, outcome.model.contract.clock)
    return (
        f"{name} is better on the judging rows than the model, as it was and trained on: the series is no longer what "
        "it learned from; train anew with lstmcast train"
    )


def _size(model_file: str) -> int:
    """Bytes of the model, about as many as its successor will have."""
    try:
        return os.path.getsize(model_file)
    except (OSError, ValueError):
        return 0  # whoever reads it says why it cannot be read


def _roll_back(model_file: str, data: str | None, wait: float, console: Console) -> None:
    """Put the newest kept model back, once it is known to be one."""
    from lstmcast import persistence

    if data is not None:
        message = "--rollback puts the older model back and reads no DATA; leave one of them out"
        raise UsageError(message, option="--rollback")
    with persistence.lock(model_file, wait):
        persistence.load(persistence.newest_old(model_file))
        old = persistence.roll_back(model_file)
    console.note(f"{model_file} is again what {old} was")
    console.document({"model": model_file, "restored": old})


def _follow(
    champion: Model, reading: ParsedFile, budget: float | None, console: Console, *, always: bool
) -> Outcome:
    """Follow the training: say what it learns from, move the bar, return who won."""
    from lstmcast.pipeline.refresh import Outcome, RefreshPlan, refreshing

    with console.progress() as show_step:
        for event in refreshing(champion, reading.panel, budget=budget, always=always):
            if isinstance(event, Outcome):
                return event
            if isinstance(event, RefreshPlan):
                tell_findings(reading, console)
                console.notes(_understood(reading, event, champion))
            else:
                show_step(event)
    raise AssertionError("the refresh ended without an outcome")


def _understood(reading: ParsedFile, plan: RefreshPlan, champion: Model) -> list[tuple[str, str]]:
    whose = f" (series {reading.panel.ids[0]})" if reading.roles.id else ""
    told = plan.learned
    seen = "how many rows it learned from, this model does not say; the file counts for half"
    if told is not None:
        seen = f"{told.rows:,} rows until {told.until}"
    lines = {"Learning": "teach", "Judging": "judge"}
    blocks = [(name, "{} to {}".format(*plan.blocks[block]) + whose) for name, block in lines.items()]
    return [
        ("Data", f"{reading.source}: {plan.new:,} new rows of {champion.contract.target}"),
        ("Seen", seen),
        *blocks,
        ("", ""),
    ]


def _show(
    outcome: Outcome,
    model_file: str,
    count: int,
    console: Console,
    failed: QualityError | None,
    *,
    replaced: bool,
) -> None:
    """Both beside the baselines on the judging rows, and what came of it."""
    from lstmcast.evaluation.names import describe

    test, clock = outcome.challenger["test"], outcome.model.contract.clock
    ours = {NAMES["champion"]: outcome.champion["test"]["model"], NAMES["model"]: test["model"]}
    others = {describe(name, clock): metrics for name, metrics in test.items() if name != "model"}
    verdict.table("", {**ours, **others}, console)
    console.result("")
    console.result(_sentence(outcome, model_file, count, replaced=replaced))
    document = _document(outcome, model_file, replaced=replaced)
    console.document(document | ({} if failed is None else as_document(failed)))


def _sentence(outcome: Outcome, model_file: str, count: int, *, replaced: bool) -> str:
    """Return a sentence on who won by how much, and what was done."""
    old, new = (report["test"]["model"][outcome.measure] for report in (outcome.champion, outcome.challenger))
    gain = 0.0 if not old else 1 - new / old
    by = percent(abs(gain))
    won = f"Trained on, it is no better ({by} worse)"
    if outcome.is_better:
        won = f"Trained on, it is better by {by}" if gain > 0 else f"Trained on, it is as good ({by} worse)"
    if not replaced:
        return f"{won}: {model_file} stays as it is."
    kept = f"; the old one is {model_file}.1 (undo with --rollback)" if count else ""
    return f"{won}: {model_file} is replaced{kept}."


def _document(outcome: Outcome, model_file: str, *, replaced: bool) -> dict[str, Any]:
    return {
        "model": model_file,
        "replaced": replaced,
        "is_better": outcome.is_better,
        "measure": outcome.measure,
        "champion": outcome.champion.as_document(),
        "challenger": outcome.challenger.as_document(),
    }
