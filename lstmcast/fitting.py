"""Training from beginning to end: from a panel and options to a Model, reporting on the way."""

from __future__ import annotations

import collections
import dataclasses
import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from lstmcast.blend import Blended
from lstmcast.blocks import Blocks, split
from lstmcast.budget import Expectation, deadline, expected
from lstmcast.checkpoint import Checkpoint, Trained, kept
from lstmcast.classes.fitting import fitting_classes
from lstmcast.classes.model import AnyModel, ClassModel
from lstmcast.contest import Entry, candidates_of, train_networks
from lstmcast.contract import Contract, contract_of
from lstmcast.errors import TrainingError, UsageError
from lstmcast.evaluation import backtest
from lstmcast.gaps import history_needed
from lstmcast.habits import habits_of, ranges_of
from lstmcast.holidays import is_country, of_country, taught
from lstmcast.hybrid import architecture_of
from lstmcast.intervals import LEVELS, Intervals, calibrate
from lstmcast.ladder import build_ladder
from lstmcast.lesson import final_schedule, schedule_of
from lstmcast.members import Member, train_members
from lstmcast.model import MOST_STEPS_REPORTED, MOST_TEST_ORIGINS, LinearView, Model, summary
from lstmcast.options import Options, flag
from lstmcast.pair import LinearPair, pair_of
from lstmcast.panel import Panel
from lstmcast.persistence import load
from lstmcast.plan import Plan, plan_of
from lstmcast.pretrained import Transfer, begin, transfer, view_of
from lstmcast.selection import choose
from lstmcast.sizes import default_horizon
from lstmcast.training import Step
from lstmcast.trials import Choice
from lstmcast.validation import Validation, scales, spaced
from lstmcast.windows import Windows

Event = Plan | Expectation | Step | Checkpoint | AnyModel


def fit(
    panel: Panel,
    options: Options | None = None,
    time: str | None = None,
    *,
    pretrained: AnyModel | None = None,
) -> AnyModel:
    """Train on a panel; time: the name of the time column that the model will look for in fresh files.

    pretrained: a model whose weights to start from, in place of the file that options.from_ names.
    """
    (model,) = collections.deque(fitting(panel, options or Options(), time, pretrained=pretrained), maxlen=1)
    assert isinstance(model, AnyModel)
    return model


def fitting(
    panel: Panel,
    options: Options,
    time_column: str | None = None,
    *,
    pretrained: AnyModel | None = None,
    start: Checkpoint | None = None,
    began: float | None = None,
) -> Iterator[Event]:
    """The Plan first (with a budget, an Expectation), then Steps, now and then a Checkpoint, the finished model last.

    pretrained: as in `fit`.
    start: a checkpoint of the same data and options to go on from; the model is the same to the bit.
    began: when the budget began to run (of `time.monotonic`), else now.
    Raises UsageError for options that make no sense, TrainingError where there is too little history or it diverges.
    """
    from threadpoolctl import threadpool_limits

    options.check()
    panel = _with_holidays(panel, options)
    if panel.classes:
        yield from fitting_classes(panel, options, time_column, pretrained is not None, start, began)
        return
    _refuse_of_classes(options)
    source = _of_numbers(pretrained or _named(options))
    until, checkpoint = deadline(options, began), start or Checkpoint()
    with threadpool_limits(limits=1, user_api="blas"):
        horizon = options.horizon or default_horizon(panel.clock)
        blocks = split(panel, horizon, options.val, options.test)
        holidays, days = panel.holidays, taught(panel, blocks.slices("training"))
        panel = panel if days else panel.with_holidays(None)
        seeds = np.random.SeedSequence(options.seed).spawn(options.members + 1)
        choices = choose(panel, blocks, horizon, options, np.random.default_rng(seeds[0]), until)
        matching = None if source is None else partial(_transfer, source, panel, options)
        chosen, told = choices[0], _describe(choices)
        plan = plan_of(panel, blocks, chosen.windows, chosen.training, options, told)
        known = None if holidays is None else (holidays.name, days, holidays.last)
        started = None if matching is None else matching(chosen).told()
        yield dataclasses.replace(plan, holidays=known, start=started)
        horizons = int((blocks.test - blocks.validation).max()) // horizon
        begun = None if matching is None else partial(_begun, matching)
        candidates = candidates_of(choices, len(panel.ids), options, seeds[1:], begun)
        enough = math.inf
        if not math.isinf(until):
            members = [member for candidate in candidates for member in candidate.members]
            expectation = expected(members, options, until)
            enough = time.monotonic() + expectation.for_training
            yield expectation
        linear = pair_of(choices, options.linear_pair)
        contest = train_networks(
            candidates, linear, panel.clock.seasons, horizons, options, checkpoint.networks, enough
        )
        entries, checkpoint = yield from kept(contest, checkpoint, "networks")
        model = _judged(panel, blocks, choices, linear, entries, horizons, options, time_column)
        if matching is not None:
            model.report["choices"]["start"] = matching(entries[0].choice).told()
        if options.final and model.forecaster.hybrid is not None:
            winner = entries[0]
            again = [_final(*pair, blocks) for pair in zip(winner.members, winner.trained, strict=True)]
            last = train_members(again, options.threads, checkpoint.final, until)
            trained, _ = yield from kept(last, checkpoint, "final")
            model = _with_final(model, panel, trained)
        model.report["learned"] = model.learned(panel, np.arange(len(panel.ids)))
        yield model


def _refuse_of_classes(options: Options) -> None:
    """Raise UsageError for an option that says something about classes only."""
    for name, value in (("class_weights", options.class_weights), ("loss", options.loss)):
        if value in ("balanced", "cross-entropy"):
            raise UsageError(
                f"{flag(name)} {value} is for classes, and the target is numbers; leave it out, or say --task classes"
            )


def _named(options: Options) -> AnyModel | None:
    """The model to start from, where the options name one; raises ModelFileError, and UsageError where they do not."""
    if options.from_ is not None:
        return load(options.from_)
    if options.freeze is not None:
        raise UsageError("--freeze leaves weights as another model has them; name that model with --from")
    return None


def _of_numbers(model: AnyModel | None) -> Model | None:
    """The model to start from, if there is one; raises UsageError for one of classes."""
    if isinstance(model, ClassModel):
        raise UsageError(
            "the model to start from is of classes, and the target is numbers; name another with --from"
        )
    return model


def _transfer(source: Model, panel: Panel, options: Options, choice: Choice) -> Transfer:
    """What a network of this choice starts from."""
    windows, count = choice.windows, len(panel.ids)
    view = view_of(choice.preparation, panel.columns, panel.ids, panel.clock, windows.segment)
    architecture = architecture_of(windows, count, options)
    return transfer(source, choice.setting, architecture, view, options.freeze)


def _begun(matching: Callable[[Choice], Transfer], choice: Choice, members: list[Member]) -> list[Member]:
    return begin(members, matching(choice))


def _with_holidays(panel: Panel, options: Options) -> Panel:
    """The panel with the days off of a country, where they are asked for and not there already."""
    if options.holidays is None or panel.holidays is not None:
        return panel
    if not is_country(options.holidays):
        raise UsageError(
            f"holidays={options.holidays!r} is no country; for the days of a file, train on "
            "panel.with_holidays(lstmcast.read_holidays(file))"
        )
    return panel.with_holidays(of_country(options.holidays, panel))


def _final(member: Member, trained: Trained, blocks: Blocks) -> Member:
    """The same member, going on gently over all rows to the end; nothing is held back to stop it."""
    windows = member.windows
    return dataclasses.replace(
        member,
        training=windows.usable(blocks.origins("all", windows.lookback, windows.horizon)),
        validation=None,
        schedule=final_schedule(member.schedule, trained.best_step),
        seed=member.seed.spawn(1)[0],
        weights=trained.weights,
    )


def _with_final(model: Model, panel: Panel, trained: tuple[Trained, ...]) -> Model:
    """The model with weights that have seen every row."""
    assert model.forecaster.hybrid is not None
    architecture = model.forecaster.hybrid.network.architecture
    members = tuple(result.parameters(architecture) for result in trained)
    hybrid = dataclasses.replace(model.forecaster.hybrid, members=members)
    return dataclasses.replace(
        model,
        forecaster=dataclasses.replace(model.forecaster, hybrid=hybrid),
        seen_until=panel.times[panel.known_until() - 1],
    )


def _describe(choices: list[Choice]) -> dict[str, Any]:
    """What was chosen, and every alternative with its validation error (MASE of the linear forecaster).

    penalties: the error of the chosen setting with every ridge penalty.
    """
    tried = [
        dataclasses.asdict(choice.setting)
        | {
            "penalty": choice.highway.penalty,
            "lookbacks": list(choice.lookbacks),
            "validation_mase": [_or_none(error) for error in choice.errors],
            "aged_mase": _or_none(choice.aged),
        }
        for choice in choices
    ]
    penalties = {f"{penalty:g}": _or_none(error) for penalty, error in choices[0].penalties.items()}
    return {"chosen": tried[0], "others": tried[1:], "penalties": penalties}


def _or_none(error: float) -> float | None:
    """An error as JSON can hold it: None where a block could not be judged."""
    return error if np.isfinite(error) else None


def _judged(
    panel: Panel,
    blocks: Blocks,
    choices: list[Choice],
    linear: LinearPair,
    entries: list[Entry],
    horizons: int,
    options: Options,
    time: str | None,
) -> Model:
    """What ships, its band calibrated on validation rows, judged once on the test rows."""
    winner, best_linear = entries[0], choices[0]
    choice, forecaster = winner.choice, winner.forecaster
    used = [choice, best_linear, *([] if linear.second is None else [linear.second])]
    model = Model(
        contract=_contract(panel, used, time),
        options=dataclasses.replace(options, threads=None),  # the file is the same whatever their number
        preparation=choice.preparation,
        setting=choice.setting,
        forecaster=forecaster,
        intervals=_calibrated(forecaster, winner.windows, choice.validation, horizons, options),
        limits=_limits(panel, blocks, options),
        mase_scale=scales(panel, blocks, "before_test"),
        seen_until=panel.times[np.maximum(blocks.test - 1, blocks.start)],
        report={},
        linear=None if choice is best_linear else _view(best_linear),
        second=None if linear.second is None else _view(linear.second),
        habits=habits_of(
            [panel.target[rows] for rows in blocks.slices("before_test")],
            panel.clock.season,
            winner.windows.lookback,
        ),
        ranges=ranges_of(np.concatenate([panel.values[rows, 1:] for rows in blocks.slices("before_test")])),
        ladder=build_ladder(
            forecaster.highway, winner.windows, choice.validation, panel.clock.seasons, horizons
        ),
    )
    model.report.update(_verdict(model, panel, blocks))
    model.report["choices"] = _describe(choices) | {
        "validation_mase": winner.errors,
        "blend": dataclasses.asdict(forecaster.blend),
        "steps": schedule_of(choice.training, options).steps,
        "best_steps": [result.best_step for result in winner.trained],
        "second": linear.report(),
        "networks": [dataclasses.asdict(e.choice.setting) | {"validation_mase": e.errors} for e in entries],
        "intervals": model.intervals.kind,
        "interval_widths": _widths(model.intervals),
        "limits": _spoken_limits(model.limits, options),
    }
    return model


def _widths(intervals: Intervals) -> dict[str, float]:
    """Level in percent -> factor on the network's half-width, or (split) mean half-width of all steps, scaled."""
    widths = intervals.widths.reshape(len(LEVELS), -1).mean(axis=1)
    return {f"{level}": float(width) for level, width in zip(LEVELS, widths, strict=True)}


def _spoken_limits(limits: tuple[float, float], options: Options) -> dict[str, Any]:
    """The limits as JSON can hold them, and whether the lower one was found in the data."""
    low, high = (None if np.isnan(limit) else limit for limit in limits)
    return {"min": low, "max": high, "is_found": low is not None and options.min is None}


def _view(choice: Choice) -> LinearView:
    """How the linear forecaster of a choice sees the rows."""
    return LinearView(choice.preparation.stage, choice.setting.is_anchored)


def _contract(panel: Panel, choices: list[Choice], time: str | None) -> Contract:
    windows = choices[0].windows
    stages = [choice.preparation.stage for choice in choices]
    tail = max(0 if stage is None else stage.design.tail for stage in stages)
    history = history_needed(windows.lookback, panel.clock.season) + tail
    return contract_of(panel, time, windows.lookback, windows.horizon, windows.segment, history)


def _calibrated(
    forecaster: Blended, windows: Windows, validation: Validation, horizons: int, options: Options
) -> Intervals:
    origins = validation.origins
    point, quantiles = forecaster.point_and_quantiles(windows, origins)
    observed = windows.ahead(windows.table.observed, origins)
    actual = np.where(observed, windows.ahead(windows.table.scaled, origins), np.nan)
    return calibrate(actual, point, quantiles, horizons, options.bands, options.band_factor)


def _limits(panel: Panel, blocks: Blocks, options: Options) -> tuple[float, float]:
    """The lowest and highest forecast; data that were never negative in training stay so."""
    values = np.concatenate([panel.target[rows] for rows in blocks.slices("training")])
    lowest = 0.0 if np.nanmin(values) >= 0 else np.nan
    return (
        lowest if options.min is None else options.min,
        np.nan if options.max is None else options.max,
    )


def _verdict(model: Model, panel: Panel, blocks: Blocks) -> dict[str, Any]:
    """The only look at the test rows; by steps ahead, only the first MOST_STEPS_REPORTED are kept in the file."""
    windows = model.windows(panel, np.arange(len(panel.ids)))
    origins = windows.usable(blocks.origins("test", windows.lookback, windows.horizon))
    if not len(origins):
        raise TrainingError(
            f"the test block has no window of {windows.lookback} rows with few gaps and a known target after them; "
            "fill gaps, hold back more with --test, or lower --lookback"
        )
    origins = spaced(origins, MOST_TEST_ORIGINS)
    report = backtest(model.forecasters(windows), windows, panel.target, origins, model.mase_scale)
    whole = summary(report, panel, origins)
    return whole | {"by_horizon": whole["by_horizon"][:MOST_STEPS_REPORTED]}
