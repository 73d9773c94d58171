"""Small panels of classes, and options that train on them in a fraction of a second."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import Options
from lstmcast.core.panel import KNOWN, PAST, TARGET, Clock, Column, Panel
from lstmcast.model.model import Model
from lstmcast.pipeline.fit import fit

CLASSES = ("dry", "rain", "snow")
DAILY = Clock("D", seasons=(7,))
FIRST = np.datetime64("2024-01-01T00:00:00", "us")
SMALL: dict[str, Any] = {
    "horizon": 6, "lookback": 24, "segment": 6, "hidden": 6, "batch": 16, "steps": 8, "calendar": "none",
    "penalty": 0.01, "threads": 1,
}  # fmt: skip


def small(**changes: Any) -> Options:
    """Options that train in a fraction of a second."""
    return dataclasses.replace(Options(), **{**SMALL, **changes})


def weather_codes(rows: int, seed: int = 0) -> NDArray[np.float64]:
    """(N,) a chain that mostly stays where it is; the third class is rare."""
    rng = np.random.default_rng(seed)
    chain = np.array([[0.8, 0.15, 0.05], [0.3, 0.65, 0.05], [0.3, 0.3, 0.4]])
    codes = [0]
    for _ in range(rows - 1):
        codes.append(int(rng.choice(3, p=chain[codes[-1]])))
    return np.array(codes, dtype=np.float64)


def class_panel(
    codes: NDArray[np.float64],
    *,
    known: NDArray[np.float64] | None = None,
    past: NDArray[np.float64] | None = None,
    clock: Clock = DAILY,
    classes: tuple[str, ...] = CLASSES,
) -> Panel:
    """One series; known and past: (N,) a column beside the target."""
    columns, values = [Column("sky", TARGET)], [codes]
    for role, column in ((KNOWN, known), (PAST, past)):
        if column is not None:
            columns.append(Column(role, role))
            values.append(column)
    times, offsets = clock.grid(FIRST, len(codes)), np.array([0, len(codes)])
    return Panel(("",), offsets, times, np.column_stack(values), tuple(columns), clock, classes=classes)


def daily(rows: int = 300, seed: int = 0) -> Panel:
    """One daily series of three classes."""
    return class_panel(weather_codes(rows, seed))


def class_fit(panel: Panel, **changes: Any) -> Model:
    """A model of a panel with small options and these changes."""
    model = fit(panel, small(**changes))
    assert isinstance(model, Model)
    return model


@cache
def class_trained(**changes: Any) -> Model:
    """A model of `daily()` with small options and these changes; trained once a session."""
    return class_fit(daily(), **changes)
