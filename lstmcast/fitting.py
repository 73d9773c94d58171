"""Training from beginning to end: from a panel and options to a Model, reporting on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstmcast.blocks import Blocks, split
from lstmcast.contract import contract_of
from lstmcast.evaluation import backtest
from lstmcast.gaps import history_needed
from lstmcast.hybrid import Hybrid, architecture_of, schedule_of
from lstmcast.intervals import calibrate
from lstmcast.members import Member, seconds_each, train_members
from lstmcast.model import Model, summary
from lstmcast.nn.network import Architecture, Network
from lstmcast.nn.parameters import Parameters
from lstmcast.options import Options, seconds
from lstmcast.panel import Panel
from lstmcast.selection import Choice, choose, default_horizon
from lstmcast.training import Step
from lstmcast.validation import scales

MOST_TEST_ORIGINS = 20_000


@dataclass(frozen=True)
class Plan:
    """What training understood and chose before it starts; stamps are written as in the file.

    blocks: name -> first and last stamp of the first series; choices: what validation rows decided, by which figures.
    """

    rows: int
    series: int
    missing: int
    freq: str
    zone: str | None
    seasons: tuple[int, ...]
    lookback: int
    horizon: int
    segment: int
    steps: int
    members: int
    training_windows: int
    blocks: dict[str, tuple[str, str]]
    choices: dict[str, Any]


def fit(panel: Panel, options: Options | None = None, time: str | None = None) -> Model:
    """Train on a panel; time: the name of the time column that the model will look for in fresh files."""
    *_, model = fitting(panel, options or Options(), time)
    assert isinstance(model, Model)
    return model


def fitting(panel: Panel, options: Options, time: str | None = None) -> Iterator[Plan | Step | Model]:
    """The Plan first, then Steps while training, the finished Model last.

    Raises UsageError for options that make no sense, TrainingError where there is too little history or it diverges.
    """
    from threadpoolctl import threadpool_limits

    options.check()
    with threadpool_limits(limits=1, user_api="blas"):
        horizon = options.horizon or default_horizon(panel.clock)
        blocks = split(panel, horizon, options.val, options.test)
        seeds = np.random.SeedSequence(options.seed).spawn(options.members + 1)
        choices = choose(panel, blocks, horizon, options, np.random.default_rng(seeds[0]))
        yield _plan(panel, blocks, choices, options)
        architecture = architecture_of(choices[0].windows, len(panel.ids), options)
        members = _members(choices[0], architecture, options, seeds[1:])
        weights = yield from train_members(members, options.threads)
        yield _finish(panel, blocks, choices, architecture, weights, options, time)


def _members(
    choice: Choice, architecture: Architecture, options: Options, seeds: list[np.random.SeedSequence]
) -> list[Member]:
    budget = None if options.budget is None else seconds(options.budget)
    each = seconds_each(budget, options.members, options.threads)
    return [Member(choice, architecture, options, seed, each) for seed in seeds]


def _plan(panel: Panel, blocks: Blocks, choices: list[Choice], options: Options) -> Plan:
    chosen, clock = choices[0], panel.clock
    return Plan(
        rows=len(panel.times),
        series=len(panel.ids),
        missing=int(np.isnan(panel.target).sum()),
        freq=clock.freq,
        zone=clock.zone,
        seasons=clock.seasons,
        lookback=chosen.windows.lookback,
        horizon=chosen.windows.horizon,
        segment=chosen.windows.segment,
        steps=schedule_of(chosen.training, options).steps,
        members=options.members,
        training_windows=len(chosen.training),
        blocks={name: _ends(panel, blocks, name) for name in ("training", "validation", "test")},
        choices=_describe(choices),
    )


def _ends(panel: Panel, blocks: Blocks, name: str) -> tuple[str, str]:
    """First and last stamp of a block of the first series."""
    rows = blocks.slices(name)[0]
    first, last = panel.clock.write(panel.times[[rows.start, max(rows.stop - 1, rows.start)]])
    return first, last


def _describe(choices: list[Choice]) -> dict[str, Any]:
    """What was chosen first, and every alternative with the validation error (MASE of the linear forecaster)."""
    tried = [
        {
            "transform": choice.preparation.scaling.transform,
            "lookback": choice.windows.lookback,
            "penalty": choice.highway.penalty,
            "validation_error": choice.error,
        }
        for choice in choices
    ]
    return {"chosen": tried[0], "others": tried[1:]}


def _finish(
    panel: Panel,
    blocks: Blocks,
    choices: list[Choice],
    architecture: Architecture,
    weights: tuple[Parameters, ...],
    options: Options,
    time: str | None,
) -> Model:
    """Decide what ships, calibrate its band on validation rows, and judge it once on the test rows."""
    choice, windows = choices[0], choices[0].windows
    hybrid = Hybrid(Network(architecture), weights)
    errors = {
        "linear": choice.error,
        "network": choice.validation.error(hybrid.point(windows, choice.validation.origins)),
    }
    ships = hybrid if errors["network"] < errors["linear"] else None
    validation = choice.validation.origins
    point = (ships or choice.highway).point(windows, validation)
    residual = np.abs(point - windows.ahead(windows.table.scaled, validation).T)
    history = history_needed(windows.lookback, panel.clock.season)
    model = Model(
        contract=contract_of(panel, time, windows.lookback, windows.horizon, windows.segment, history),
        options=options,
        preparation=choice.preparation,
        highway=choice.highway,
        hybrid=ships,
        intervals=calibrate(residual, windows.ahead(windows.table.observed, validation).T),
        mase_scale=scales(panel, blocks, "before_test"),
        seen_until=panel.times[np.maximum(blocks.test - 1, blocks.start)],
        report={},
    )
    model.report.update(_judge(model, panel, blocks))
    model.report.update(choices=_describe(choices), validation=errors, ships=model.source)
    return model


def _judge(model: Model, panel: Panel, blocks: Blocks) -> dict[str, Any]:
    """The verdict: the only look at the test rows."""
    windows = model.windows(panel, np.arange(len(panel.ids)))
    origins = windows.usable(blocks.origins("test", windows.lookback, windows.horizon))
    if len(origins) > MOST_TEST_ORIGINS:
        origins = origins[np.linspace(0, len(origins) - 1, MOST_TEST_ORIGINS).round().astype(np.int64)]
    report = backtest(model.forecasters(windows), windows, panel.target, origins, model.mase_scale)
    return summary(report, panel, origins)
