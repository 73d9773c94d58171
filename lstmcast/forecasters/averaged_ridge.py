"""The linear forecaster: the mean of ridge maps that look back differently far.

How far back it pays to look is never known well: maps of several lookbacks err differently, and their mean is
steadier than any of them (forecasts averaged over estimation windows: Pesaran and Timmermann 2007). A map of the last
rows of a window is a map of the whole window with zeros before them, so the mean is one map and costs no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstmcast.core.panel import Integers
from lstmcast.data.windows import Windows
from lstmcast.evaluation.validation import Validation
from lstmcast.forecasters.ridge import Highway, Judge, best_ridge, moments_of, ridges

PARTS = 6
NEARLY_BEST = 0.05
SLACK = 0.005


@dataclass(frozen=True, eq=False)
class Average:
    """A map, its validation error (MASE), and what decided it.

    lookbacks: of the maps it is the mean of; penalties: ridge penalty -> the error of the whole lookback's own map.
    """

    highway: Highway
    error: float
    lookbacks: tuple[int, ...]
    penalties: dict[float, float]


def fit_average(
    windows: Windows,
    training: Integers,
    validation: Validation,
    rng: np.random.Generator,
    penalty: float | None = None,
    lookbacks: Sequence[int] = (),
) -> Average:
    """The mean of the maps that are NEARLY_BEST on validation rows, unless the whole lookback's is better by SLACK.

    penalty: for all of them, where it is given, else each has its own; lookbacks: whose maps are averaged, whatever
    their errors.
    """
    judge = Judge(windows, validation)
    moments = moments_of(windows, training, rng)
    whole = windows.lookback
    tried = {
        rows: best_ridge(moments.recent(rows), penalty, judge)
        for rows in sorted({*(lookbacks or _parts(windows)), whole})
    }
    errors = {rows: min(errors.values()) for rows, (_, errors) in tried.items()}
    chosen = tuple(lookbacks) or _nearly_best(errors)
    mean = _mean([tried[rows][0] for rows in chosen], whole)
    if not lookbacks and judge(mean) > (1 + SLACK) * errors[whole]:
        chosen, mean = (whole,), tried[whole][0]
    return Average(mean, judge(mean), chosen, tried[whole][1])


def refit_average(
    highway: Highway,
    lookbacks: Sequence[int],
    windows: Windows,
    training: Integers,
    rng: np.random.Generator,
    share: float,
) -> Highway:
    """A map moved by a share towards the mean, over the same lookbacks, of the maps of these windows.

    lookbacks: of the maps whose mean it was; all of them have its penalty.
    """
    moments = moments_of(windows.for_linear, training, rng)
    maps = [next(ridges(moments.recent(rows), (highway.penalty,))) for rows in lookbacks]
    mean = _mean(maps, windows.lookback)
    weight = highway.weight + share * (mean.weight - highway.weight)
    return Highway(weight, highway.bias + share * (mean.bias - highway.bias), highway.penalty)


def _parts(windows: Windows) -> list[int]:
    """PARTS lookbacks, as evenly spaced as whole segments can be."""
    segments = windows.lookback / windows.segment
    return [max(round(segments * part / PARTS), 1) * windows.segment for part in range(1, PARTS + 1)]


def _nearly_best(errors: dict[int, float]) -> tuple[int, ...]:
    """The lookbacks whose error is within NEARLY_BEST of the lowest; all of them where none can be judged."""
    limit = (1 + NEARLY_BEST) * min(errors.values())
    return tuple(rows for rows, error in errors.items() if not error > limit)


def _mean(maps: list[Highway], lookback: int) -> Highway:
    """One map of the whole window; a shorter one pays no heed to the rows before its own."""
    weight = np.zeros((len(maps[0].weight), lookback))
    for one in maps:
        rows = one.weight.shape[1]
        weight[:, lookback - rows :] += one.weight / len(maps)
    bias = np.mean([one.bias for one in maps], axis=0)
    return Highway(weight, bias, maps[-1].penalty)
