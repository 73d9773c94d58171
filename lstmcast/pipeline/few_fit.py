"""Training where there are few horizons to choose by: from a panel to a Model that is fitted when it forecasts."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import TrainingError
from lstmcast.core.options import Options
from lstmcast.core.panel import Integers
from lstmcast.data.imputation import history_needed
from lstmcast.data.preprocessing import Preparation, fit_preparation, fit_stage
from lstmcast.data.split import Split, few_blocks
from lstmcast.data.view import View, ViewConfig
from lstmcast.data.windows import Windows
from lstmcast.evaluation.backtest import backtest
from lstmcast.evaluation.report import (
    NOT_JUDGED,
    Choices,
    FewHorizons,
    Judgement,
    NumberReport,
    Search,
    Shares,
    Tried,
    judgement,
    not_judged,
)
from lstmcast.evaluation.validation import scales
from lstmcast.forecasters.ensemble import Ensemble
from lstmcast.forecasters.intervals import LEVELS, spread_intervals
from lstmcast.forecasters.local import FEWEST_ROWS, sizes_of
from lstmcast.forecasters.local_ridge import PENALTY
from lstmcast.model.fallback import FallbackChain, naive_chain
from lstmcast.model.means import choose_means
from lstmcast.model.model import Model
from lstmcast.model.output import NumberOutput, of_numbers
from lstmcast.model.reference import fit_column_ranges, fit_series_statistics
from lstmcast.model.schema import build_contract
from lstmcast.pipeline.assembly import limits_of, spoken_limits
from lstmcast.pipeline.few import Combination, fewest_before, mix
from lstmcast.pipeline.plan import TrainingPlan, build_plan
from lstmcast.pipeline.task import TrainingTask
from lstmcast.pipeline.templates import fit_templates

Numbers = NDArray[np.float64]

TRUSTED = 8  # horizons in validation from which on alternatives are chosen among
TRUSTED_BELOW_A_DAY = (
    4  # the same of rows shorter than a day, or without a calendar, which teach more windows
)


def is_few(task: TrainingTask) -> bool:
    """Return whether the validation rows hold too few horizons to choose anything by."""
    clock, options = task.panel.clock, task.options
    asked = (
        options.safeguard != "auto" or task.source is not None or options.lookback or options.linear_lookbacks
    )
    trusted = TRUSTED if clock.step is None else TRUSTED_BELOW_A_DAY
    return not asked and task.blocks.horizons(task.horizon) < trusted


def fitting_few(task: TrainingTask) -> Iterator[TrainingPlan | Model]:
    """The Plan, then the Model: judged on rows that it has not seen, then made again with all of them."""
    task = dataclasses.replace(task, blocks=few_blocks(task.panel, task.horizon, *_held_back(task)))
    _refuse_short(task)
    made = _made(task, "before_test")
    yield _plan(task, made)
    model = _model(task, made)
    templates = fit_templates(model, task.panel, task.blocks.start + _fewest(task), task.blocks.test)
    verdict = _verdict(model, task)
    if task.options.final:
        model = _again(model, _made(task, "all"), task)
    learned = model.learned(task.panel, np.arange(len(task.panel.ids)))
    report = dataclasses.replace(model.report.judged(verdict), learned=learned)
    yield dataclasses.replace(model, report=report, templates=templates)


def _fewest(task: TrainingTask) -> int:
    return fewest_before(task.panel.clock.season, task.horizon)


def _held_back(task: TrainingTask) -> tuple[int, str | None, str | None]:
    return _fewest(task), task.options.val, task.options.test


def _refuse_short(task: TrainingTask) -> None:
    """Raise TrainingError where no series has FEWEST_ROWS before what is held back."""
    rows = int((task.blocks.test - task.blocks.start).max(initial=0))
    if rows >= FEWEST_ROWS:
        return
    held = int((task.blocks.end - task.blocks.test).max(initial=0))
    said = f", of which {held} are held back with --test" if held else ""
    raise TrainingError(
        f"too little history: {rows + held} rows up to the last known {task.panel.columns[0].name!r}{said}; a forecast "
        f"needs at least {FEWEST_ROWS + held}",
        column=task.panel.columns[0].name,
    )


@dataclass(frozen=True, eq=False)
class _Made:
    """The rows of a block as the forecaster sees them, and what was made of them."""

    preparation: Preparation
    setting: ViewConfig
    view: View
    windows: Windows
    mixed: Combination
    starts: Integers
    stops: Integers

    @property
    def search(self) -> Search:
        """The setting, which nothing was tried beside."""
        error = self.mixed.errors["model"]
        return Search(
            chosen=Tried(
                transform=self.setting.transform,
                lookback=FEWEST_ROWS,
                stage=self.setting.stage,
                is_anchored=True,
                is_sized=False,
                penalty=PENALTY,
                validation_mase=(error,),
            ),
            others=(),
        )


def _made(task: TrainingTask, name: str) -> _Made:
    """Make the forecaster from the rows of a block and no row after them."""
    panel, options = task.panel, task.options
    starts, stops = task.blocks.bounds(name)
    rows = Split(starts, stops, stops, stops)
    setting = _setting(np.concatenate([panel.target[own] for own in task.blocks.slices(name)]), options)
    preparation = fit_preparation(panel, rows, options.scaler, setting.transform)
    fitted = None if setting.stage == "none" else fit_stage(preparation, panel, rows, setting.stage)
    if fitted is None:
        setting = dataclasses.replace(setting, stage="none")
    table = preparation.table(panel, np.arange(len(panel.ids)), *(fitted or (None,)))
    windows = Windows(table, FEWEST_ROWS, task.horizon, 1, panel.clock.season)
    sizes = sizes_of(panel.clock)
    scale = scales(panel, rows, "training", preparation.scaling)
    view = View(None if fitted is None else fitted[0])
    return _Made(
        preparation, setting, view, windows, mix(windows, starts, stops, scale, sizes), starts, stops
    )


def _setting(values: Numbers, options: Options) -> ViewConfig:
    """Return the setting: rows as they are, unless a calendar stage, or a transform, is asked for."""
    stage = options.calendar if options.calendar in ("calendar", "covariates") else "none"
    transform = options.transform
    if transform == "auto":
        can_log = np.nanmin(values, initial=np.inf) >= 0 and np.nanmax(values, initial=0.0) > 0
        transform = "log1p" if can_log and stage != "none" else "none"
    return ViewConfig(transform, FEWEST_ROWS, stage)


def _plan(task: TrainingTask, made: _Made) -> TrainingPlan:
    """Return the plan: no network is trained, and what is fitted is fitted on the last rows of each series."""
    plan = build_plan(task.panel, task.blocks, made.windows, task.blocks.test, task.options, made.search)
    longest = int((task.blocks.end - task.blocks.start).max(initial=0))
    return dataclasses.replace(plan, lookback=min(made.mixed.local.sizes.rows, longest), steps=0)


def _model(task: TrainingTask, made: _Made) -> Model:
    """The model that nothing of the test rows is in."""
    panel, options = task.panel, task.options
    own = Split(made.starts, made.stops, made.stops, made.stops)
    limits = limits_of(panel, own, options)
    rows = [slice(a, b) for a, b in zip(made.starts, made.stops, strict=True)]
    local, season = made.mixed.local, panel.clock.season
    history = history_needed(local.sizes.rows, season) + (
        0 if made.view.regression is None else made.view.regression.design.tail
    )
    contract = build_contract(panel, task.time_column, FEWEST_ROWS, task.horizon, 1, history)
    return Model(
        contract=contract,
        options=dataclasses.replace(options, threads=None),
        preparation=made.preparation,
        views=(made.view,),
        setting=made.setting,
        ensemble=Ensemble(((1.0, local),)),
        output=NumberOutput(
            scaling=made.preparation.scaling,
            intervals=spread_intervals(),
            limits=limits,
            mase_scale=scales(panel, task.blocks, "before_test"),
            means=choose_means([panel.target[own] for own in rows], season, options.point),
        ),
        seen_until=panel.times[np.maximum(made.stops - 1, made.starts)],
        report=NumberReport(choices=_choices(task, made, limits), **NOT_JUDGED),
        habits=fit_series_statistics([panel.target[own] for own in rows], season, FEWEST_ROWS),
        ranges=fit_column_ranges(np.concatenate([panel.values[own, 1:] for own in rows])),
        chain=_chain(made, panel.clock.seasons),
    )


def _again(model: Model, made: _Made, task: TrainingTask) -> Model:
    """The model with all rows: weights, bands and maps are made anew, what it is compared with stays."""
    fresh = _model(task, made)
    scale = of_numbers(model.output).mase_scale
    return dataclasses.replace(fresh, output=dataclasses.replace(of_numbers(fresh.output), mase_scale=scale))


def _chain(made: _Made, seasons: tuple[int, ...]) -> FallbackChain:
    """Build the stand-ins for where rows are too few, with bands from the naive forecasters' errors in the whole
    file."""
    windows = made.windows
    every = [np.arange(a + 1, b - windows.horizon + 1) for a, b in zip(made.starts, made.stops, strict=True)]
    origins = np.concatenate(every).astype(np.int64)
    spaced = origins[:: max(len(origins) // 200, 1)]
    return naive_chain(made.mixed.local, (windows,), spaced, seasons)


def _choices(task: TrainingTask, made: _Made, limits: tuple[float, float]) -> Choices:
    """Everything that was mixed, with the figures that decided it."""
    local, mixed, search = made.mixed.local, made.mixed, made.search
    rows = np.array([float(min(int((made.stops - made.starts).max()), local.sizes.rows))])
    assert local.bands is not None
    deviations = {
        f"{level}": float(width[0]) for level, width in local.bands.half_widths(LEVELS, rows).items()
    }
    weights = _shares(made)
    return Choices(
        chosen=search.chosen,
        others=(),
        validation_mase=mixed.errors,
        blend=Shares(network=0.0, linear=0.0, others=weights),
        best_steps=(),
        intervals="spread",
        interval_widths=deviations,
        limits=spoken_limits(limits, task.options),
        few=FewHorizons(
            folds=mixed.folds,
            horizons=_test_horizons(task),
            weights=weights,
            deviations=deviations,
            season=local.sizes.season,
            rows=local.sizes.rows,
        ),
    )


def _shares(made: _Made) -> dict[str, float]:
    """Return the share of each member in the longest series, of those that its rows can teach."""
    local, rows = made.mixed.local, int((made.stops - made.starts).max())
    names = local.sizes.members(min(rows, local.sizes.rows), made.windows.horizon, local.pooled)
    return local.weights.among(names)


def _test_horizons(task: TrainingTask) -> int:
    """Disjoint horizons of the test block of the series that has most."""
    return int((task.blocks.end - task.blocks.test).max(initial=0)) // task.horizon


def _verdict(model: Model, task: TrainingTask) -> Judgement:
    """The only look at the test rows: at every horizon of it, none of which overlap."""
    panel, horizon = task.panel, task.horizon
    views = model.windows(panel, np.arange(len(panel.ids)))
    ends = zip(task.blocks.test, task.blocks.end, strict=True)
    origins = np.concatenate([np.arange(a, b - horizon + 1, horizon) for a, b in ends]).astype(np.int64)
    origins = origins[model.ensemble.answers(views, origins)]
    known = views[0].ahead(views[0].table.observed, origins).any(axis=0) if len(origins) else origins > 0
    origins = origins[known]
    if not len(origins):
        return not_judged(panel, list(model.judged()))
    found = backtest(model.judged(), views, origins, model.output.scorer(panel))
    return judgement(found, panel, origins, panel.clock.seasons, horizons=_test_horizons(task))
