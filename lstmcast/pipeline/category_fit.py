"""Training of classes from beginning to end, beside that of numbers."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError
from lstmcast.core.options import CLASSES, Options, refuse_of_other_kind
from lstmcast.core.panel import Panel
from lstmcast.data.category_frequencies import class_weights
from lstmcast.data.category_preprocessing import PLAIN, ClassPreparation, fit_class_preparation
from lstmcast.data.defaults import horizon_of
from lstmcast.data.holidays import taught
from lstmcast.data.imputation import history_needed
from lstmcast.data.split import Blocks, split
from lstmcast.data.view import Setting, class_setting
from lstmcast.evaluation.backtest import backtest
from lstmcast.evaluation.report import (
    NOT_JUDGED,
    ClassChoices,
    ClassReport,
    ClassSearch,
    Judgement,
    Start,
    judgement,
)
from lstmcast.evaluation.validation import test_origins
from lstmcast.forecasters.category_naive import FrequencyTable, Transitions, fit_transitions
from lstmcast.forecasters.ensemble import Ensemble, choose_of_classes, class_shares_of, part_named
from lstmcast.forecasters.ensemble import taught as taught_anew
from lstmcast.forecasters.network import NetworkForecaster, architecture_of
from lstmcast.model.fallback import class_chain
from lstmcast.model.model import Model
from lstmcast.model.output import ClassOutput
from lstmcast.model.reference import class_habits_of, ranges_of
from lstmcast.model.schema import Contract, contract_of
from lstmcast.pipeline.category_selection import ClassChoice, ClassTrials
from lstmcast.pipeline.plan import Plan, plan_of
from lstmcast.pipeline.transfer import Transfer, begin, transfer, view_of
from lstmcast.training.budget import Expectation, deadline, expected
from lstmcast.training.checkpoint import Checkpoint, Trained, kept
from lstmcast.training.heads import ClassHead
from lstmcast.training.loop import Step
from lstmcast.training.setup import schedule_of
from lstmcast.training.trainable import Trainable
from lstmcast.training.workers import train_members

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Trained:
    """The findings of training: the choices, the chosen first; the members and their weights; and what ships."""

    choices: list[ClassChoice]
    members: list[Trainable]
    networks: tuple[Trained, ...]
    ensemble: Ensemble
    errors: dict[str, float]
    start: Start | None = None


def fitting_classes(
    panel: Panel,
    options: Options,
    time_column: str | None,
    source: Model | None,
    start: Checkpoint | None,
    began: float | None,
) -> Iterator[Plan | Expectation | Step | Checkpoint | Model]:
    """Yield what `fitting` yields for numbers, the finished Model last.

    source: another model of classes to start from; start and began: as it has them.

    Raises UsageError for options that make no sense, DataError where there is only one class, TrainingError where there
    is too little history or it diverges.
    """
    from threadpoolctl import threadpool_limits

    refuse_of_other_kind(options, CLASSES)
    _refuse_one_class(panel)
    until, checkpoint = deadline(options, began), start or Checkpoint()
    with threadpool_limits(limits=1, user_api="blas"):
        horizon = horizon_of(panel, options)
        blocks = split(panel, horizon, options.val, options.test)
        holidays, days = panel.holidays, taught(panel, blocks.slices("training"))
        panel = panel if days else panel.with_holidays(None)
        seeds = np.random.SeedSequence(options.seed).spawn(options.members + 1)
        preparation, is_balanced = fit_class_preparation(panel, blocks), options.class_weights != "none"
        weights = class_weights(panel, blocks.slices("training"), is_balanced=is_balanced)
        rng = np.random.default_rng(seeds[0])
        choices = ClassTrials(panel, blocks, preparation, horizon, options, weights, rng).choose()
        chosen = choices[0]
        plan = plan_of(panel, blocks, chosen.windows, chosen.training, options, _describe(choices))
        known = None if holidays is None else (holidays.name, days, holidays.last)
        begun = None if source is None else _transfer(source, chosen, preparation, panel, options)
        yield dataclasses.replace(plan, holidays=known, start=None if begun is None else begun.told())
        members = [_member(chosen, len(panel.ids), weights, options, seed) for seed in seeds[1:]]
        members = members if begun is None else begin(members, begun)
        enough = math.inf
        if not math.isinf(until):
            expectation = expected(members, options, until)
            enough = time.monotonic() + expectation.for_training
            yield expectation
        training = train_members(members, options.threads, checkpoint.networks, enough)
        networks, checkpoint = yield from kept(training, checkpoint, "networks")
        persistence = fit_transitions(panel, blocks.slices("training"), horizon)
        found = _mixed(choices, members, networks, persistence, blocks, options)
        found = dataclasses.replace(found, start=None if begun is None else begun.told())
        model = _judged(panel, blocks, preparation, found, time_column)
        if options.final and model.source == "model":
            again = [one.over_all_rows(done, blocks) for one, done in zip(members, networks, strict=True)]
            last = train_members(again, options.threads, checkpoint.final, until)
            trained, _ = yield from kept(last, checkpoint, "final")
            model = _with_final(model, panel, trained)
        learned = model.learned(panel, np.arange(len(panel.ids)))
        yield dataclasses.replace(model, report=dataclasses.replace(model.report, learned=learned))


def _refuse_one_class(panel: Panel) -> None:
    if len(panel.classes) < 2:
        name = panel.columns[0].name
        message = f"column {name!r} is {panel.classes[0]!r} in every row; there is nothing to forecast"
        raise DataError(message, column=name)


def _describe(choices: list[ClassChoice]) -> ClassSearch:
    """Describe the choice, and every alternative with its validation error (log loss of the logistic regression)."""
    tried = [choice.describe() for choice in choices]
    penalties = {f"{penalty:g}": error for penalty, error in choices[0].penalties.items()}
    return ClassSearch(chosen=tried[0], others=tuple(tried[1:]), penalties=penalties)


def _transfer(
    source: Model, choice: ClassChoice, preparation: ClassPreparation, panel: Panel, options: Options
) -> Transfer:
    """Match the other model's weights to a network of this choice."""
    windows, setting = choice.windows, _setting(choice)
    view = view_of(
        preparation.rows, PLAIN, panel.columns, panel.ids, panel.clock, windows.segment, panel.classes
    )
    return transfer(source, setting, architecture_of(windows, len(panel.ids), options), view, options.freeze)


def _setting(choice: ClassChoice) -> Setting:
    return class_setting(choice.windows.lookback, with_calendar=choice.logistic.with_calendar)


def _member(
    choice: ClassChoice, series: int, weights: Numbers, options: Options, seed: np.random.SeedSequence
) -> Trainable:
    return Trainable(
        windows=choice.windows,
        training=choice.training,
        validation=choice.validation,
        head=ClassHead(choice.logistic, weights),
        architecture=architecture_of(choice.windows, series, options),
        options=options,
        schedule=schedule_of(choice.training, options),
        seed=seed,
    )


def _mixed(
    choices: list[ClassChoice],
    members: list[Trainable],
    networks: tuple[Trained, ...],
    persistence: Transitions,
    blocks: Blocks,
    options: Options,
) -> _Trained:
    """Mix the networks and what they are compared with into what ships."""
    chosen = choices[0]
    architecture = members[0].architecture
    weights = tuple(trained.weights for trained in networks)
    network = NetworkForecaster(architecture, weights, base=chosen.logistic)
    horizons = blocks.horizons(chosen.windows.horizon)
    others = chosen.logistic, FrequencyTable(), persistence
    ensemble, errors = choose_of_classes(
        network, others, (chosen.windows,), chosen.validation, horizons, options.safeguard
    )
    return _Trained(choices, members, networks, ensemble, errors)


def _judged(
    panel: Panel, blocks: Blocks, preparation: ClassPreparation, found: _Trained, time: str | None
) -> Model:
    """The model and its verdict: the only look at the test rows."""
    chosen, member = found.choices[0], found.members[0]
    report = ClassReport(choices=_choices(found, panel, preparation), **NOT_JUDGED)
    before_test = blocks.slices("before_test")
    model = Model(
        contract=_contract(panel, chosen, time),
        options=dataclasses.replace(
            member.options, threads=None
        ),  # the file is the same whatever their number
        preparation=preparation,
        views=(PLAIN,),
        setting=_setting(chosen),
        ensemble=found.ensemble,
        output=ClassOutput(panel.classes),
        seen_until=panel.times[np.maximum(blocks.test - 1, blocks.start)],
        report=report,
        habits=class_habits_of(
            [panel.target[rows] for rows in before_test], len(panel.classes), chosen.windows.lookback
        ),
        ranges=ranges_of(np.concatenate([panel.values[rows, 1:] for rows in before_test])),
        chain=class_chain(part_named(found.ensemble, "persistence"), chosen.windows.horizon),
    )
    return dataclasses.replace(model, report=report.judged(_verdict(model, panel, blocks)))


def _choices(found: _Trained, panel: Panel, preparation: ClassPreparation) -> ClassChoices:
    """Everything that was chosen, with the figures that decided it."""
    member, tried = found.members[0], _describe(found.choices)
    assert isinstance(member.head, ClassHead)
    return ClassChoices(
        chosen=tried.chosen,
        others=tried.others,
        penalties=tried.penalties,
        validation_log_loss=found.errors,
        mixture=class_shares_of(found.ensemble),
        class_weights=dict(zip(panel.classes, member.head.class_weights.tolist(), strict=True)),
        frequencies=preparation.frequencies.kind,
        steps=member.schedule.steps,
        best_steps=tuple(trained.best_step for trained in found.networks),
        start=found.start,
    )


def _contract(panel: Panel, choice: ClassChoice, time: str | None) -> Contract:
    windows = choice.windows
    history = history_needed(windows.lookback, panel.clock.season)
    return contract_of(panel, time, windows.lookback, windows.horizon, windows.segment, history)


def _verdict(model: Model, panel: Panel, blocks: Blocks) -> Judgement:
    """The only look at the test rows."""
    views = model.windows(panel, np.arange(len(panel.ids)))
    origins = test_origins(views[0], blocks)
    return judgement(
        backtest(model.judged(), views, origins, model.output.scorer(panel)),
        panel,
        origins,
        panel.clock.seasons,
    )


def _with_final(model: Model, panel: Panel, trained: tuple[Trained, ...]) -> Model:
    """The model with weights that have seen every row."""
    return dataclasses.replace(
        model,
        ensemble=taught_anew(model.ensemble, [result.weights for result in trained]),
        seen_until=panel.times[panel.known_until() - 1],
    )
