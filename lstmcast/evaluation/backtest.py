"""Rolling-origin backtest: every forecaster on the same windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Forecast, Integers, Times
from lstmcast.data.category_windows import ClassWindows
from lstmcast.data.windows import Windows
from lstmcast.evaluation.category_metrics import ClassTally, hits, scores
from lstmcast.evaluation.metrics import Metrics, NumberTally, Tally, Terms, terms

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Answer:
    """What a forecaster says of B windows, in the units of the CSV: point (K, B), bands level -> two (K, B)."""

    point: Numbers
    bands: dict[float, tuple[Numbers, Numbers]]


class Answering(Protocol):
    """Whatever forecasts numbers and is judged."""

    def answer(self, views: Sequence[Windows], origins: Integers) -> Answer:
        """What it says of B windows, of which it reads the view that it needs."""


class ClassForecaster(Protocol):
    """Whatever forecasts classes and is judged."""

    @property
    def name(self) -> str:
        """The name in the report."""

    def predict(self, views: Sequence[ClassWindows], origins: Integers) -> Numbers:
        """(K, C, B) probabilities."""


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


Groupings = Mapping[str, tuple[list[str], Integers]]  # name -> labels, and (N,) the label's place of each row


def backtest(
    forecasters: Mapping[str, Answering],
    views: Sequence[Windows],
    actual: Numbers,
    origins: Integers,
    scale: Numbers,
    groupings: Groupings | None = None,
) -> Backtest:
    """Judge forecasters of numbers at every origin; of several series, metrics are means over series.

    actual: (N,) targets in the units of the CSV, NaN where missing; scale: (S,) MASE's denominators.
    """
    windows = views[0]

    def judge(name: str, chunk: Integers) -> tuple[Terms, Terms]:
        answer = forecasters[name].answer(views, chunk)
        truth, denominator = windows.ahead(actual, chunk), scale[windows.table.series[chunk]]
        found = terms(truth, answer.point, denominator, answer.bands)
        return found, found

    return _tallied(NumberTally, list(forecasters), windows, judge, origins, groupings or {})


def class_backtest(
    forecasters: Sequence[ClassForecaster],
    views: Sequence[ClassWindows],
    origins: Integers,
    groupings: Groupings | None = None,
) -> Backtest:
    """Judge forecasters of classes at every origin; metrics are over the rows of all series together."""
    windows, named = views[0], {forecaster.name: forecaster for forecaster in forecasters}

    def judge(name: str, chunk: Integers) -> tuple[Terms, Terms]:
        codes, said = windows.codes(chunk), named[name].predict(views, chunk)
        found = scores(said, codes)
        return found | hits(said, codes), found

    return _tallied(ClassTally, list(named), windows, judge, origins, groupings or {})


def _tallied(
    kind: type[Tally],
    names: list[str],
    windows: Windows | ClassWindows,
    judge: Callable[[str, Integers], tuple[Terms, Terms]],
    origins: Integers,
    groupings: Groupings,
) -> Backtest:
    """The metrics of each forecaster; judge: the terms (K, B) of one for B windows, by step ahead and within groups."""
    tallies = {name: kind(windows.horizon) for name in names}
    groups = {g: {name: kind(len(labels)) for name in names} for g, (labels, _) in groupings.items()}
    is_panel = len(np.unique(windows.table.series[origins])) > 1
    for chunk in windows.chunks(origins):
        series = windows.table.series[chunk] if is_panel else None
        codes = {grouping: windows.ahead(rows, chunk) for grouping, (_, rows) in groupings.items()}
        for name in names:
            by_step, by_group = judge(name, chunk)
            tallies[name].add(by_step, series=series)
            for grouping, code in codes.items():
                groups[grouping][name].add(by_group, code, None if grouping == "series" else series)
    return Backtest(
        overall={name: tally.metrics() for name, tally in tallies.items()},
        by_horizon=[
            {name: tally.metrics(step) for name, tally in tallies.items()}
            for step in range(windows.horizon if len(origins) else 0)
        ],
        groups={g: _by_label(labels, groups[g]) for g, (labels, _) in groupings.items()},
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
