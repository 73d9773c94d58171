"""Rolling-origin backtest: every forecaster on the same windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Forecast, Integers, Times
from lstmcast.data.category_windows import of_classes
from lstmcast.data.windows import Windows
from lstmcast.evaluation.category_metrics import ClassTally, hits, scores
from lstmcast.evaluation.metrics import Metrics, MetricSums, NumberTally, Terms, terms

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Answer:
    """An answer to B windows: values (K, Q, B), the point alone or a probability of each class; and bands.

    bands: level in percent -> lower and upper end (K, B); median: (K, B) where some of the points are means.
    """

    values: Numbers
    bands: dict[float, tuple[Numbers, Numbers]] = field(default_factory=dict)
    median: Numbers | None = None

    @property
    def point(self) -> Numbers:
        """(K, B) of numbers."""
        return self.values[:, 0]

    def since(self, step: int) -> Answer:
        """The answer without its first steps."""
        bands = {level: (low[step:], high[step:]) for level, (low, high) in self.bands.items()}
        return Answer(self.values[step:], bands, None if self.median is None else self.median[step:])

    def followed(self, later: Answer) -> Answer:
        """The answer of numbers with that to the steps after it."""
        bands = {
            level: (
                np.concatenate([low, later.bands[level][0]]),
                np.concatenate([high, later.bands[level][1]]),
            )
            for level, (low, high) in self.bands.items()
        }
        return Answer(np.concatenate([self.values, later.values]), bands)

    def widened(self, factors: Numbers | None) -> Answer:
        """Return the answer with bands so many times (K, B) as wide; None leaves them."""
        if factors is None or not self.bands:
            return self
        middle = self.point if self.median is None else self.median
        bands = {
            level: (middle - factors * (middle - low), middle + factors * (high - middle))
            for level, (low, high) in self.bands.items()
        }
        return replace(self, bands=bands)


class Answering(Protocol):
    """Whatever is evaluated."""

    def answer(self, views: Sequence[Windows], origins: Integers) -> Answer:
        """Answer B windows in the units of the CSV, reading the view that it needs."""


class Scorer(Protocol):
    """The comparison of answers of one target kind with what came."""

    @property
    def tally(self) -> type[MetricSums]:
        """The kind of tally that counts the terms."""

    def terms(self, answer: Answer, windows: Windows, origins: Integers) -> tuple[Terms, Terms]:
        """Return the terms that each metric is the mean of, (K, B) each: by step ahead, and within groups."""


@dataclass(frozen=True, eq=False)
class NumberScorer:
    """Errors of numbers; actual: (N,) in the units of the CSV, NaN where missing; scale: (S,) MASE's denominators;
    totals: whether totals are judged too, as of means."""

    actual: Numbers
    scale: Numbers
    totals: bool = False
    tally = NumberTally

    def terms(self, answer: Answer, windows: Windows, origins: Integers) -> tuple[Terms, Terms]:
        """Errors, ratios, and how bands hold them; of several series, metrics are means over series."""
        truth, denominator = windows.ahead(self.actual, origins), self.scale[windows.table.series[origins]]
        found = terms(truth, answer.point, denominator, answer.bands, totals=self.totals)
        return found, found


@dataclass(frozen=True)
class ClassScorer:
    """Scores of probabilities; metrics are over the rows of all series together."""

    tally = ClassTally

    def terms(self, answer: Answer, windows: Windows, origins: Integers) -> tuple[Terms, Terms]:
        """Log loss, accuracy and Brier score; by step also which classes were hit."""
        codes = of_classes(windows).codes(origins)
        found = scores(answer.values, codes)
        return found | hits(answer.values, codes), found


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
class HistoricalForecast:
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
    judged: Mapping[str, Answering],
    views: Sequence[Windows],
    origins: Integers,
    scorer: Scorer,
    groupings: Groupings | None = None,
) -> Backtest:
    """Evaluate every forecaster at every origin."""
    windows, groupings = views[0], groupings or {}
    tallies = {name: scorer.tally(windows.horizon) for name in judged}
    groups = {g: {name: scorer.tally(len(labels)) for name in judged} for g, (labels, _) in groupings.items()}
    is_panel = len(np.unique(windows.table.series[origins])) > 1
    for chunk in windows.chunks(origins):
        series = windows.table.series[chunk] if is_panel else None
        codes = {grouping: windows.ahead(rows, chunk) for grouping, (_, rows) in groupings.items()}
        for name, one in judged.items():
            by_step, by_group = scorer.terms(one.answer(views, chunk), windows, chunk)
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


def _by_label(labels: list[str], tallies: Mapping[str, MetricSums]) -> dict[str, dict[str, Metrics]]:
    """The metrics of each forecaster in each group that has a known target."""
    first = next(iter(tallies.values()))
    return {
        label: {name: tally.metrics(number) for name, tally in tallies.items()}
        for number, label in enumerate(labels)
        if first.count(number)
    }
