"""Small panels to train on, and options that train fast: what the tests of the forecasting rooms share."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import Options
from lstmcast.core.panel import KNOWN, PAST, TARGET, Clock, Column, Panel
from lstmcast.data.preprocessing import Preparation, fit_preparation
from lstmcast.data.split import Split, split
from lstmcast.data.windows import Windows
from lstmcast.evaluation.validation import Validation, build_validation
from lstmcast.forecasters.ensemble import Ensemble, leaves, mean_of
from lstmcast.forecasters.naive import SeasonalNaive
from lstmcast.model.model import Model
from lstmcast.pipeline.fit import fit

Numbers = NDArray[np.float64]

HOURLY = Clock("h", seasons=(24,))
FIRST = np.datetime64("2024-01-01T00:00:00", "us")  # a Monday
# Every choice is made already, so that one fit is a fraction of a second.
SMALL: dict[str, Any] = {
    "horizon": 6,
    "lookback": 24,
    "segment": 6,
    "hidden": 6,
    "batch": 16,
    "steps": 8,
    "transform": "none",
    "calendar": "none",
    "threads": 1,
    "smoothing": "no",
}


def small(**changes: Any) -> Options:
    """Options that train in a fraction of a second."""
    return dataclasses.replace(Options(), **{**SMALL, **changes})


def load(rows: int, seed: int = 0) -> Numbers:
    """(N,) an hourly series: a day, a quieter weekend, noise that remembers, a slow drift; always positive."""
    rng = np.random.default_rng(seed)
    hours = np.arange(rows)
    noise = np.zeros(rows)
    for row, shock in enumerate(rng.normal(size=rows)):
        noise[row] = shock + (0.7 * noise[row - 1] if row else 0.0)
    day = 10 * np.sin(2 * np.pi * hours / 24) + 4 * np.sin(4 * np.pi * hours / 24 + 1)
    return 100 + day - 8 * (hours // 24 % 7 >= 5) + noise + 3 * np.sin(hours / 150)


def panel_of(
    target: Numbers,
    *,
    known: Numbers | None = None,
    past: Numbers | None = None,
    clock: Clock = HOURLY,
    first: np.datetime64 = FIRST,
) -> Panel:
    """One series; known and past: (N, c) columns beside the target."""
    columns, values = [Column("load", TARGET)], [target[:, None]]
    for role, block in ((KNOWN, known), (PAST, past)):
        if block is not None:
            columns += [Column(f"{role}_{i}", role) for i in range(block.shape[1])]
            values.append(block)
    times = clock.grid(first, len(target))
    return Panel(("",), np.array([0, len(target)]), times, np.column_stack(values), tuple(columns), clock)


def hourly(rows: int = 420, seed: int = 0) -> Panel:
    """One hourly series."""
    return panel_of(load(rows, seed))


def stacked(*panels: Panel) -> Panel:
    """Several single series as one panel with ids a, b, c, …"""
    lengths = [len(panel.times) for panel in panels]
    return dataclasses.replace(
        panels[0],
        ids=tuple("abcdefgh"[: len(panels)]),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        times=np.concatenate([panel.times for panel in panels]),
        values=np.concatenate([panel.values for panel in panels]),
        id_name="meter",
    )


def weather(rows: int, seed: int = 0) -> tuple[Panel, Numbers]:
    """An hourly series that heats below 12 degrees and cools above 22, slowly; and its temperature (N, 1), known."""
    rng = np.random.default_rng(seed)
    hours = np.arange(rows)
    days = rng.normal(size=rows // 24 + 2).cumsum()
    temperature = 17 + 6 * np.sin(2 * np.pi * (hours - 8) / 24) + 3 * np.tanh(days[hours // 24])
    slow = np.convolve(temperature, np.full(12, 1 / 12))[:rows]
    target = load(rows, seed) + 2 * np.maximum(12 - slow, 0) + 3 * np.maximum(slow - 20, 0)
    known = temperature[:, None]
    return panel_of(target, known=known), known


def with_target(panel: Panel, target: Numbers) -> Panel:
    """The same panel with another target."""
    values = panel.values.copy()
    values[:, 0] = target
    return dataclasses.replace(panel, values=values)


def cut(panel: Panel, stop: int) -> Panel:
    """The first `stop` rows of each series."""
    starts = panel.offsets[:-1]
    return panel.take(starts, np.minimum(starts + stop, panel.offsets[1:]))


def without_target(panel: Panel, origin: int) -> Panel:
    """One series whose target ends before `origin`, while the known columns go on: what a nightly export looks like."""
    values = panel.values.copy()
    values[origin:, 0] = np.nan
    values[origin:, panel.roles(PAST)] = np.nan
    return dataclasses.replace(panel, values=values)


def rooms(
    panel: Panel, lookback: int = 24, horizon: int = 6, segment: int = 6, **kinds: bool
) -> tuple[Split, Preparation, Windows, Validation]:
    """Blocks, preparation (z-score), windows and validation of a panel, as training makes them."""
    blocks = split(panel, horizon)
    preparation = fit_preparation(panel, blocks, "standard", "none")
    table = preparation.table(panel, np.arange(len(panel.ids)))
    windows = Windows(table, lookback, horizon, segment, panel.clock.season, **kinds)
    return blocks, preparation, windows, build_validation(windows, panel, blocks, preparation.scaling)


def single_threaded(panel: Panel, options: Options) -> Model:
    """Fit without workers: a pool of processes costs more than a small network."""
    return fit(panel, dataclasses.replace(options, threads=1))


def two_views(panel: Panel, **changes: Any) -> Model:
    """A model of two networks, and of two linear forecasters, that see the calendar differently."""
    told = {"calendar": "auto", "linear_pair": "yes", "safeguard": "network", "known": ("known_0",)}
    model = single_threaded(panel, small(**(told | {"steps": 12} | changes)))
    assert len(model.networks) == 2
    return model


@cache
def trained(**changes: Any) -> Model:
    """A model of `hourly()` with small options and these changes; trained once a session."""
    return single_threaded(hourly(), small(**changes))


def weighted(model: Model, network: float, linear: float, naive: float = 0.0, season: int = 24) -> Model:
    """The model whose parts have other weights."""
    networks, ridges = (
        [part for part in leaves(model.ensemble) if part.name == name] for name in ("network", "linear")
    )
    groups = (mean_of(networks, "network"), mean_of(ridges, "linear_pair"), SeasonalNaive(season))
    parts = zip((network, linear, naive), groups, strict=True)
    ensemble = Ensemble(tuple((weight, part) for weight, part in parts if weight or part is groups[1]))
    return dataclasses.replace(model, ensemble=ensemble)
