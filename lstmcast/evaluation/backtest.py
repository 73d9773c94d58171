"""Rolling-origin backtest: every forecaster on the same windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Forecast, Integers, Times
from lstmcast.data.windows import Windows
from lstmcast.evaluation.metrics import Metrics, Tally, terms

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Answer:
    """What a forecaster says of B windows, in the units of the CSV: point (K, B), bands level -> two (K, B)."""

    point: Numbers
    bands: dict[float, tuple[Numbers, Numbers]]


class Answering(Protocol):
    """Whatever is judged."""

    def answer(self, views: Sequence[Windows], origins: Integers) -> Answer:
        """What it says of B windows, of which it reads the view that it needs."""


@dataclass(frozen=True)
class Backtest:
    """Metrics of each forecaster over all steps, at each of K steps ahead, within groups, over how many windows.

    groups: name of a grouping (`hour`) -> label -> forecaster -> metrics.
    """

    overall: dict[str, Metrics]
    by_horizon: list[dict[str, Metrics]]
    groups: dict[str, dict[str, dict[str, Metrics]]]
    windows: int


@dataclass(frozen=True, eq=False)
class Backcast:
    """Forecasts from B past origins, K rows of each one after the other, beside what came.

    forecast: of B K rows; cutoffs: (B,) stamps (UTC) of the last row that each knew; actual: (B K,) in the units of
    the CSV, NaN where missing; in_sample: whether the model was trained on these rows.
    """

    forecast: Forecast
    cutoffs: Times
    actual: Numbers
    in_sample: bool


def backtest(
    forecasters: Mapping[str, Answering],
    views: Sequence[Windows],
    actual: Numbers,
    origins: Integers,
    scale: Numbers,
    groupings: Mapping[str, tuple[list[str], Integers]] | None = None,
) -> Backtest:
    """Judge every forecaster at every origin.

    actual: (N,) targets in the units of the CSV, NaN where missing; scale: (S,) MASE's denominators;
    groupings: name -> (labels, (N,) index of the label of each target row).
    """
    groupings, windows = groupings or {}, views[0]
    tallies = {name: Tally(windows.horizon) for name in forecasters}
    groups = {name: {g: Tally(len(labels)) for g, (labels, _) in groupings.items()} for name in forecasters}
    for chunk in windows.chunks(origins):
        truth = windows.ahead(actual, chunk)
        denominator = scale[windows.table.series[chunk]]
        codes = {name: windows.ahead(rows, chunk) for name, (_, rows) in groupings.items()}
        for name, forecaster in forecasters.items():
            answer = forecaster.answer(views, chunk)
            found = terms(truth, answer.point, denominator, answer.bands)
            tallies[name].add(found)
            for grouping, code in codes.items():
                groups[name][grouping].add(found, code)
    steps = range(windows.horizon if len(origins) else 0)
    return Backtest(
        overall={name: tally.metrics() for name, tally in tallies.items()},
        by_horizon=[{name: tally.metrics(step) for name, tally in tallies.items()} for step in steps],
        groups={
            grouping: _by_label(labels, {name: groups[name][grouping] for name in groups})
            for grouping, (labels, _) in groupings.items()
        },
        windows=len(origins),
    )


def _by_label(labels: list[str], tallies: Mapping[str, Tally]) -> dict[str, dict[str, Metrics]]:
    """The metrics of each forecaster in each group that has a known target."""
    first = next(iter(tallies.values()))
    return {
        label: {name: tally.metrics(number) for name, tally in tallies.items()}
        for number, label in enumerate(labels)
        if first.count(number)
    }
