"""The ridge maps whose mean the linear forecaster is, chosen on validation rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstmcast.core.panel import Integers
from lstmcast.data.windows import Windows
from lstmcast.evaluation.validation import Validation
from lstmcast.forecasters.ridge import RidgeForecaster, ValidationScorer, best_ridge, gather_moments, mean_map

PARTS = 6
NEARLY_BEST = 0.05
SLACK = 0.005


@dataclass(frozen=True, eq=False)
class AveragedRidge:
    """A mean of maps, its validation error (MASE), and what decided it.

    penalties: ridge penalty -> the error of the whole lookback's own map.
    """

    ridge: RidgeForecaster
    error: float
    penalties: dict[float, float]


def fit_averaged_ridge(
    windows: Windows,
    training: Integers,
    validation: Validation,
    rng: np.random.Generator,
    penalty: float | None = None,
    lookbacks: Sequence[int] = (),
) -> AveragedRidge:
    """The mean of the maps that are NEARLY_BEST on validation rows, unless the whole lookback's is better by SLACK.

    penalty: for all of them, where it is given, else each has its own; lookbacks: whose maps are averaged, whatever
    their errors.
    """
    scorer = ValidationScorer(windows, validation)
    moments = gather_moments(windows, training, rng)
    whole = windows.lookback
    tried = {
        rows: best_ridge(moments.recent(rows), penalty, scorer)
        for rows in sorted({*(lookbacks or _parts(windows)), whole})
    }
    errors = {rows: min(errors.values()) for rows, (_, errors) in tried.items()}
    chosen = tuple(lookbacks) or _nearly_best(errors)
    mean = mean_map([tried[rows][0] for rows in chosen], whole)
    if not lookbacks and scorer(mean) > (1 + SLACK) * errors[whole]:
        mean = tried[whole][0]
    return AveragedRidge(mean, scorer(mean), tried[whole][1])


def _parts(windows: Windows) -> list[int]:
    """PARTS lookbacks, as evenly spaced as whole segments can be."""
    segments = windows.lookback / windows.segment
    return [max(round(segments * part / PARTS), 1) * windows.segment for part in range(1, PARTS + 1)]


def _nearly_best(errors: dict[int, float]) -> tuple[int, ...]:
    """The lookbacks whose error is within NEARLY_BEST of the lowest; all of them where none can be judged."""
    limit = (1 + NEARLY_BEST) * min(errors.values())
    return tuple(rows for rows, error in errors.items() if not error > limit)
