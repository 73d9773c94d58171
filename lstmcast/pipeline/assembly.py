"""The model that ships: the winner with its band and limits, judged once on the test rows, and why it was chosen."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from lstmcast.core.options import Options
from lstmcast.core.panel import Panel
from lstmcast.data.imputation import history_needed
from lstmcast.data.split import Split
from lstmcast.evaluation.backtest import backtest
from lstmcast.evaluation.report import (
    NOT_JUDGED,
    Choices,
    Judgement,
    Limits,
    NumberReport,
    TriedNetwork,
    Volatility,
    judgement,
)
from lstmcast.evaluation.validation import scales, test_origins
from lstmcast.forecasters.base import Views
from lstmcast.forecasters.ensemble import Ensemble, leaves, linear_of, says_own_edges, shares_of
from lstmcast.forecasters.intervals import (
    LEVELS,
    Evidence,
    Intervals,
    VolatilityFit,
    calibrate,
    follow,
    spread_intervals,
)
from lstmcast.model.fallback import build_chain
from lstmcast.model.means import choose_means
from lstmcast.model.model import Model
from lstmcast.model.output import NumberOutput, of_numbers
from lstmcast.model.reference import fit_column_ranges, fit_series_statistics
from lstmcast.model.schema import Contract, build_contract
from lstmcast.pipeline.candidates import TrainedCandidate
from lstmcast.pipeline.search import Candidate, described
from lstmcast.pipeline.short_futures import measure_filling
from lstmcast.pipeline.task import TrainingTask
from lstmcast.pipeline.templates import fit_templates
from lstmcast.pipeline.views import LinearViews
from lstmcast.training.setup import build_schedule


def judged(
    task: TrainingTask, choices: list[Candidate], linear: LinearViews, entries: list[TrainedCandidate]
) -> Model:
    """Return the model of the verdict, its band calibrated on validation rows, judged once on the test rows."""
    intervals, following = calibrated(task, entries[0])
    limits = limits_of(task.panel, task.blocks, task.options)
    found = _choices(task, choices, linear, entries, intervals, limits, following)
    report = NumberReport(choices=found, **NOT_JUDGED)
    model = shipped(task, entries[0], intervals, limits, report)
    views = model.windows(task.panel, np.arange(len(task.panel.ids)))
    model = dataclasses.replace(model, ensemble=model.ensemble.moved_on(views, task.blocks.test))
    verdict = judge_on_test_rows(model, views, task)
    return dataclasses.replace(model, report=report.judged(verdict))


def with_validation_errors(model: Model, task: TrainingTask, winner: TrainedCandidate) -> Model:
    """The model with what its errors on validation rows say: of whole horizons, and of what filling costs."""
    filling = measure_filling(model, task.panel, winner.choice.validation.origins)
    templates = fit_templates(model, task.panel, task.blocks.validation, task.blocks.test)
    return dataclasses.replace(model, filling=filling, templates=templates)


def shipped(
    task: TrainingTask,
    winner: TrainedCandidate,
    intervals: Intervals,
    limits: tuple[float, float],
    report: NumberReport,
) -> Model:
    """The model of the winner; nothing in it comes from test rows.

    Who stands in for it has bands that the linear forecaster asked for before it learned from any of these rows.
    """
    panel, blocks, options = task.panel, task.blocks, task.options
    choice, ensemble, views = winner.choice, winner.ensemble, winner.seen.views
    used = winner.seen.choices[: 1 + max(part.view for part in leaves(ensemble))]
    before_test = blocks.slices("before_test")
    linear = next(leaves(winner.seen.linear_part))
    chain = build_chain(linear, views, choice.validation, panel.clock.seasons, task.horizons)
    return Model(
        contract=_contract(panel, used, ensemble, task.time_column),
        options=dataclasses.replace(options, threads=None),  # the file is the same whatever their number
        preparation=choice.preparation,
        views=tuple(other.view for other in used),
        setting=choice.setting,
        ensemble=ensemble,
        output=NumberOutput(
            scaling=choice.preparation.scaling,
            intervals=intervals,
            limits=limits,
            mase_scale=scales(panel, blocks, "before_test"),
            means=choose_means(
                [panel.target[rows] for rows in before_test], panel.clock.season, options.point
            ),
        ),
        seen_until=panel.times[np.maximum(blocks.test - 1, blocks.start)],
        report=report,
        habits=fit_series_statistics(
            [panel.target[rows] for rows in before_test], panel.clock.season, views[0].lookback
        ),
        ranges=fit_column_ranges(np.concatenate([panel.values[rows, 1:] for rows in before_test])),
        chain=chain.starting_with(linear_of(ensemble)),
    )


def _choices(
    task: TrainingTask,
    choices: list[Candidate],
    linear: LinearViews,
    entries: list[TrainedCandidate],
    intervals: Intervals,
    limits: tuple[float, float],
    following: VolatilityFit,
) -> Choices:
    """Everything that was chosen, with the figures that decided it."""
    winner, found = entries[0], described(choices)
    return Choices(
        chosen=found.chosen,
        others=found.others,
        penalties=found.penalties,
        validation_mase=dict(winner.errors),
        blend=shares_of(winner.ensemble),
        steps=build_schedule(winner.choice.training, task.options).steps,
        best_steps=tuple(result.best_step for result in winner.trained),
        second=linear.report(),
        networks=tuple(_tried(entry) for entry in entries) if winner.members else None,
        **told_bands(intervals, following),
        limits=spoken_limits(limits, task.options),
        start=task.start(winner.choice),
    )


def told_bands(intervals: Intervals, following: VolatilityFit) -> dict[str, Any]:
    """Describe how bands were calibrated, as a report's choices have it."""
    return {
        "intervals": intervals.kind,
        "interval_widths": _widths(intervals),
        "band_volatility": _told(following),
    }


def _tried(entry: TrainedCandidate) -> TriedNetwork:
    """The setting of a network, the stage of the second one if its forecasts are the mean of two, and its errors."""
    return TriedNetwork(
        **dataclasses.asdict(entry.choice.setting),
        second_stage=None if entry.second is None else entry.second.setting.stage,
        validation_mase=dict(entry.errors),
    )


def _widths(intervals: Intervals) -> dict[str, float]:
    """Level in percent -> factor on the network's half-width, or (split) mean half-width of all steps, scaled."""
    widths = intervals.widths.reshape(len(LEVELS), -1).mean(axis=1)
    return {f"{level}": float(width) for level, width in zip(LEVELS, widths, strict=True)}


def _told(following: VolatilityFit) -> Volatility:
    """Describe how bands follow volatility, with power -> Winkler score of the 80 % band, scaled, which decided it."""
    scores: dict[str, float | None] = {f"{power:g}": score for power, score in following.scores.items()}
    return Volatility(power=following.power, winkler=scores)


def spoken_limits(limits: tuple[float, float], options: Options) -> Limits:
    """The limits as JSON can hold them, and whether the lower one was found in the data."""
    low, high = (None if np.isnan(limit) else limit for limit in limits)
    return Limits(min=low, max=high, is_found=low is not None and options.min is None)


def _contract(panel: Panel, choices: Sequence[Candidate], ensemble: Ensemble, time: str | None) -> Contract:
    windows = choices[0].windows
    stages = [choice.view.regression for choice in choices]
    tail = max(0 if stage is None else stage.design.tail for stage in stages)
    history = history_needed(windows.lookback, panel.clock.season) + tail
    stateful = [part.reach() for _, part in ensemble.asked if part.since() is not None]
    sizes = windows.lookback, windows.horizon, windows.segment, max([history, *stateful])
    return build_contract(panel, time, *sizes)


def calibrated(task: TrainingTask, winner: TrainedCandidate) -> tuple[Intervals, VolatilityFit]:
    """The winner's bands, and how they follow volatility, from validation rows alone."""
    options, windows, origins = task.options, winner.choice.windows, winner.choice.validation.origins
    if says_own_edges(winner.ensemble):
        return spread_intervals(), VolatilityFit(0.0, 1.0, {})
    point, quantiles = winner.ensemble.point_and_quantiles(winner.seen.views, origins)
    observed = windows.ahead(windows.table.observed, origins)
    actual = np.where(observed, windows.ahead(windows.table.scaled, origins), np.nan)
    evidence = Evidence(actual, point, quantiles, windows.volatility(origins), task.horizons)
    found = follow(evidence, options.bands, options.band_volatility)
    return calibrate(evidence, options.bands, options.band_factor, found.power, found.reference), found


def limits_of(panel: Panel, blocks: Split, options: Options, name: str = "training") -> tuple[float, float]:
    """The lowest and highest forecast; data that were never negative in these rows stay so."""
    values = np.concatenate([panel.target[rows] for rows in blocks.slices(name)])
    lowest = 0.0 if np.nanmin(values) >= 0 else np.nan
    return (
        lowest if options.min is None else options.min,
        np.nan if options.max is None else options.max,
    )


def with_limits_of_all(model: Model, task: TrainingTask) -> Model:
    """The model with limits that know every row: what was never negative in training may have become so since."""
    limits, output = limits_of(task.panel, task.blocks, task.options, "all"), of_numbers(model.output)
    report = model.report
    assert isinstance(report, NumberReport)
    if np.array_equal(limits, output.limits, equal_nan=True):
        return model
    choices = dataclasses.replace(report.choices, limits=spoken_limits(limits, task.options))
    return dataclasses.replace(
        model,
        output=dataclasses.replace(output, limits=limits),
        report=dataclasses.replace(report, choices=choices),
    )


def judge_on_test_rows(model: Model, views: Views, task: TrainingTask) -> Judgement:
    """The only look at the test rows."""
    origins = test_origins(views[0], task.blocks)
    found = backtest(model.judged(), views, origins, model.output.scorer(task.panel))
    return judgement(found, task.panel, origins, task.panel.clock.seasons)
