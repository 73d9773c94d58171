"""The one error by which everything is chosen on validation rows: MASE, of classes the log loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import TrainingError
from lstmcast.core.panel import Integers, Panel
from lstmcast.data.category_windows import ClassWindows
from lstmcast.data.scaling import Scaling, seasonal_scale
from lstmcast.data.split import Split
from lstmcast.data.windows import Windows
from lstmcast.evaluation.category_metrics import LEAST, chances

Numbers = NDArray[np.float64]
MOST_ORIGINS = 600
MOST_TEST_ORIGINS = 20_000


class Validates(Protocol):
    """Validation rows of either target kind."""

    @property
    def origins(self) -> Integers:
        """(n,) the windows that are judged."""

    def error_of(self, answer: Numbers) -> float:
        """The error of an answer (K, Q, n) to these windows."""


@dataclass(frozen=True, eq=False)
class Validation:
    """Validation windows and what is needed to judge forecasts of them.

    origins: (n,); actual: (K, n) in the units of the CSV, NaN where missing; scale: (n,) what an error is divided by.
    """

    origins: Integers
    series: Integers
    actual: Numbers
    scale: Numbers
    scaling: Scaling

    def errors(self, forecast: Numbers) -> Numbers:
        """(K, n) absolute errors of a forecast (K, n) in scaled units, over each series' scale; NaN where missing."""
        return np.abs(self.scaling.undo(forecast, self.series) - self.actual) / self.scale

    @property
    def apart(self) -> int:
        """The number of windows that have no target row in common, at least one."""
        horizon, pieces = len(self.actual), np.split(self.origins, np.flatnonzero(np.diff(self.series)) + 1)
        spans = [(int(own[-1]) - int(own[0])) // horizon + 1 for own in pieces if len(own)]
        return max(min(sum(spans), len(self.origins)), 1)

    def error(self, forecast: Numbers) -> float:
        """Mean of the errors of a forecast (K, n) in scaled units: the MASE of validation rows."""
        return float(np.nanmean(self.errors(forecast)))

    def error_of(self, answer: Numbers) -> float:
        """The error of an answer (K, Q, n): of its median, or of its only number."""
        return self.error(answer[:, answer.shape[1] // 2])


@dataclass(frozen=True, eq=False)
class ClassValidation:
    """Validation windows and what came: origins (n,), codes (K, n), NaN where missing; class_weights: (C,)."""

    origins: Integers
    codes: Numbers
    class_weights: Numbers

    def error(self, probabilities: Numbers) -> float:
        """The weighted mean log loss of probabilities (K, C, n)."""
        return self.loss(self.chances(probabilities))

    error_of = error

    def chances(self, probabilities: Numbers) -> Numbers:
        """(m,) what probabilities (K, C, n) gave each known class that came."""
        return chances(probabilities, self.codes)[np.isfinite(self.codes)]

    def loss(self, found: Numbers) -> float:
        """The error of what was given (m,) to the classes that came."""
        weight = self.class_weights[self.codes[np.isfinite(self.codes)].astype(np.int64)]
        return float(-(np.log(np.maximum(found, LEAST)) * weight).sum() / weight.sum())


def build_validation(windows: Windows, panel: Panel, blocks: Split, scaling: Scaling) -> Validation:
    """At most MOST_ORIGINS evenly spaced windows of the validation block; raises nothing, may be empty."""
    origins = spaced(windows.usable(blocks.origins("validation", windows.lookback, windows.horizon)))
    series = windows.table.series[origins]
    actual = windows.ahead(panel.target, origins)
    return Validation(origins, series, actual, scales(panel, blocks, "training", scaling)[series], scaling)


def build_class_validation(windows: ClassWindows, blocks: Split, class_weights: Numbers) -> ClassValidation:
    """Evenly spaced windows of the validation block, not too many; raises nothing, may be empty."""
    usable = windows.usable(blocks.origins("validation", windows.lookback, windows.horizon))
    origins = spaced(usable)
    return ClassValidation(origins, windows.codes(origins), class_weights)


def spaced(origins: Integers, most: int = MOST_ORIGINS) -> Integers:
    """At most so many of the origins, evenly spaced."""
    if len(origins) <= most:
        return origins
    return origins[np.linspace(0, len(origins) - 1, most).round().astype(np.int64)]


def test_origins(windows: Windows, blocks: Split) -> Integers:
    """At most MOST_TEST_ORIGINS windows of the test block, evenly spaced; raises TrainingError where it has none."""
    origins = windows.usable(blocks.origins("test", windows.lookback, windows.horizon))
    if not len(origins):
        raise TrainingError(
            f"the test block has no window of {windows.lookback} rows with few gaps and a known target after them; "
            "fill gaps, hold back more with --test, or lower --lookback"
        )
    return spaced(origins, MOST_TEST_ORIGINS)


def scales(panel: Panel, blocks: Split, block: str, scaling: Scaling | None = None) -> Numbers:
    """(S,) MASE's denominator of each series from a block's rows; NaN where it is zero or unknown,
    unless a scaling is given, whose spread then stands in."""
    season = panel.clock.season
    found = np.array([seasonal_scale(panel.target[rows], season) for rows in blocks.slices(block)])
    undefined = ~(found > 0)
    return np.where(undefined, np.nan if scaling is None else _spread(scaling), found)


def _spread(scaling: Scaling) -> Numbers:
    """(S,) what one scaled unit above the centre is in the units of the CSV."""
    series = np.arange(len(scaling.scale))
    return scaling.undo(np.ones(len(series)), series) - scaling.undo(np.zeros(len(series)), series)
