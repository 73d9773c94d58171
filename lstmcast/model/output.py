"""The output of a model: a number with bands within limits, or a probability of each class."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import ModelFileError, UsageError
from lstmcast.core.panel import Integers, Panel
from lstmcast.data.scaling import Scaling
from lstmcast.data.windows import Windows
from lstmcast.evaluation.backtest import Answer, Answering, ClassScorer, NumberScorer, Scorer
from lstmcast.evaluation.category_metrics import log_loss
from lstmcast.forecasters.base import Forecaster, Mask, Part, Views, point
from lstmcast.forecasters.category_naive import FrequencyTable
from lstmcast.forecasters.ensemble import Ensemble, linear_of, part_named
from lstmcast.forecasters.intervals import LEVELS, Intervals
from lstmcast.forecasters.naive import naives_of
from lstmcast.model.means import Means
from lstmcast.model.recursion import join, remember

Numbers = NDArray[np.float64]
Bands = tuple[Numbers, Numbers]
DEFAULT_LEVELS = (80,)
JUDGED_LEVELS = (80, 90)
_LARGEST = 1e300  # what a very wide band ends at, so that its width is a number


class Output(Protocol):
    """The side of a trained model that depends on its kind of target."""

    def levels(self, levels: Sequence[int] | None, quantiles: Sequence[float]) -> tuple[int, ...]:
        """The bands that are given out where these are asked for; raises UsageError where there can be none."""

    def answer(self, ensemble: Ensemble, views: Views, origins: Integers, levels: Sequence[float]) -> Answer:
        """Return an ensemble's answer to B windows, scaled."""

    def restored(self, answer: Answer, series: Integers) -> Answer:
        """A scaled answer in the units of the CSV; series: (B,) which of the model's each is."""

    def joined(self, blocks: Sequence[Answer]) -> Answer:
        """One answer of blocks (K, Q, S) that follow each other."""

    def remember(self, panel: Panel, views: Views, block: Answer, origins: Integers) -> bool:
        """Write a block where the next one looks back at it; True where the windows have to be made anew for that."""

    def needed(self, levels: Sequence[float]) -> list[float]:
        """The levels of all bands that an answer is made with where these are asked for."""

    def finished(
        self, answer: Answer, windows: Windows, origins: Integers, is_own: Mask | None = None
    ) -> Answer:
        """An answer in the units of the CSV with what is asked for in place of medians.

        is_own: (B,) windows that the model answers itself, None for all.
        """

    def shown(
        self, answer: Answer, steps: int, levels: Sequence[int], quantiles: Sequence[float]
    ) -> dict[str, Any]:
        """The fields of a Forecast that hold the first so many steps of each of B windows, one after the other."""

    def baselines(self, ensemble: Ensemble, seasons: tuple[int, ...]) -> list[Forecaster]:
        """The forecasters that a model is compared with."""

    def stand_in(self, ensemble: Ensemble) -> Part:
        """The part of an ensemble that is the first to stand in for it."""

    def losses(self, answer: Answer, truth: Numbers, series: Integers) -> Numbers:
        """(K, B) how wrong an answer is in the one measure of this kind; series: (B,) of the model's."""

    def judged(self, forecaster: Forecaster) -> Answering:
        """A forecaster, or the whole ensemble, as it is evaluated: in the units of the CSV."""

    def scorer(self, panel: Panel) -> Scorer:
        """Return the scorer that evaluates answers on the rows of a panel."""


@dataclass(frozen=True, eq=False)
class NumberOutput:
    """A number, its bands, and limits that nothing goes beyond.

    limits: lowest and highest value a forecast may have, NaN for none; mase_scale: (S,) MASE's denominators; means:
    which series' forecasts are means, None for none.
    """

    scaling: Scaling
    intervals: Intervals
    limits: tuple[float, float]
    mase_scale: Numbers
    means: Means | None = None

    def levels(self, levels: Sequence[int] | None, quantiles: Sequence[float]) -> tuple[int, ...]:
        """The bands asked for, or the usual one."""
        return DEFAULT_LEVELS if levels is None else tuple(levels)

    def answer(self, ensemble: Ensemble, views: Views, origins: Integers, levels: Sequence[float]) -> Answer:
        """The point (K, 1, B) and the bands of these levels in percent, scaled."""
        found, quantiles = ensemble.point_and_quantiles(views, origins)
        if not levels:
            return Answer(found[:, None])
        volatility = views[0].volatility(origins)
        return Answer(found[:, None], self.intervals.bands(found, quantiles, levels, volatility))

    def restored(self, answer: Answer, series: Integers) -> Answer:
        """The answer in the units of the CSV, within the limits."""

        def undo(values: Numbers) -> Numbers:
            return _within(self.scaling.undo(values, series), self.limits)

        def edge(values: Numbers) -> Numbers:
            with np.errstate(over="ignore"):  # the logarithm of a very wide band
                return np.clip(undo(values), -_LARGEST, _LARGEST)

        values = undo(answer.values)
        refuse_overflow(np.isinf(values))
        return Answer(values, self._never_certain(answer, series, edge))

    def _never_certain(
        self, answer: Answer, series: Integers, edge: Callable[[Numbers], Numbers]
    ) -> dict[float, Bands]:
        """The bands of a scaled answer in the units of the CSV; one that lies beyond a limit as a whole is as wide as
        elsewhere from that limit on: cut to nothing, it would say that what comes is certain.

        edge: puts a scaled edge into units and limits. Bands never cross: a higher level is at least as wide.
        """
        bands: dict[float, Bands] = {}
        lowest, highest = np.full(answer.point.shape, np.inf), np.full(answer.point.shape, -np.inf)
        for level in sorted(answer.bands):
            low, high = answer.bands[level]
            beyond = self._beyond(answer.point, low, high, series)
            lowest = np.minimum(lowest, edge(low + beyond))
            highest = np.maximum(highest, edge(high + beyond))
            bands[level] = lowest, highest
        return {level: bands[level] for level in answer.bands}

    def _beyond(self, point: Numbers, low: Numbers, high: Numbers, series: Integers) -> Numbers:
        """(K, B) by how much bands that lie beyond a limit as a whole are moved, so that their point lies on it; of
        others zero."""
        moves = np.zeros_like(point)
        for limit, edge, side in ((self.limits[0], high, 1.0), (self.limits[1], low, -1.0)):
            if np.isnan(limit):
                continue
            least = self.scaling.apply(np.full(len(series), limit), series)
            moves = np.where(side * (edge - least) <= 0, least - point, moves)
        return moves

    def limited(self, values: Numbers) -> Numbers:
        """Values within the limits."""
        return _within(values, self.limits)

    def within(self, answer: Answer) -> Answer:
        """An answer in the units of the CSV, its edges too, within the limits."""
        bands = {k: (self.limited(low), self.limited(high)) for k, (low, high) in answer.bands.items()}
        median = None if answer.median is None else self.limited(answer.median)
        return Answer(self.limited(answer.values), bands, median)

    def joined(self, blocks: Sequence[Answer]) -> Answer:
        """The blocks one after the other, each with the width that the one before it ended with."""
        joined = join([block.point for block in blocks], [block.bands for block in blocks])
        bands = {
            level: (_within(low, self.limits), _within(high, self.limits))
            for level, (low, high) in joined.items()
        }
        return Answer(np.concatenate([block.values for block in blocks]), bands)

    def needed(self, levels: Sequence[float]) -> list[float]:
        """These and, where means are made of bands, all others."""
        more = LEVELS if self.means is not None and self.means.needs_all_levels else ()
        return [*levels, *(level for level in more if level not in levels)]

    def finished(
        self, answer: Answer, windows: Windows, origins: Integers, is_own: Mask | None = None
    ) -> Answer:
        """The answer with means where they are asked for, within the limits."""
        if self.means is None:
            return answer
        found = self.means.applied(answer, windows, origins, is_own)
        bands = {level: (self.limited(low), self.limited(high)) for level, (low, high) in found.bands.items()}
        return dataclasses.replace(found, values=self.limited(found.values), bands=bands)

    def remember(self, panel: Panel, views: Views, block: Answer, origins: Integers) -> bool:
        """The next block takes the point for history."""
        remember(panel, block.point, origins)
        return True

    def shown(
        self, answer: Answer, steps: int, levels: Sequence[int], quantiles: Sequence[float]
    ) -> dict[str, Any]:
        """Points, bands and quantiles."""

        def flat(rows: Numbers) -> Numbers:
            return rows[:steps].T.reshape(-1)

        bands, middle = answer.bands, answer.point if answer.median is None else answer.median
        edges = {q: bands[level_of(q)][q > 0.5] if q != 0.5 else middle for q in quantiles}
        return {
            "point": flat(answer.point),
            "median": None if answer.median is None else flat(answer.median),
            "bands": {level: (flat(bands[level][0]), flat(bands[level][1])) for level in levels},
            "quantiles": {quantile: flat(edge) for quantile, edge in edges.items()},
        }

    def baselines(self, ensemble: Ensemble, seasons: tuple[int, ...]) -> list[Forecaster]:
        """The naive forecasters, and the linear one if there is one."""
        linear = linear_of(ensemble)
        return [*naives_of(seasons), *([linear] if linear.name == "linear" else [])]

    def stand_in(self, ensemble: Ensemble) -> Part:
        """The linear forecaster."""
        return linear_of(ensemble)

    def losses(self, answer: Answer, truth: Numbers, series: Integers) -> Numbers:
        """Absolute errors over the units of their series."""
        return np.asarray(np.abs(answer.point - truth) / self.units(series))

    def units(self, series: Integers) -> Numbers:
        """(B,) MASE's denominators of these series; where one has none, what a scaled unit of it is."""
        scale, one = self.mase_scale[series], np.ones(len(series))
        unit = self.scaling.undo(one, series) - self.scaling.undo(0 * one, series)
        return np.where(scale > 0, scale, unit)

    def judged(self, forecaster: Forecaster) -> Answering:
        """The whole with its bands, a baseline as it is."""
        if isinstance(forecaster, Ensemble):
            return _Banded(self, forecaster)
        return Restored(forecaster, self.scaling)

    def scorer(self, panel: Panel) -> Scorer:
        """By errors, over MASE's denominators."""
        is_of_totals = self.means is not None and self.means.is_judged
        return NumberScorer(panel.target, self.mase_scale, is_of_totals)


@dataclass(frozen=True)
class ClassOutput:
    """A probability of each class, in their order."""

    classes: tuple[str, ...]

    def levels(self, levels: Sequence[int] | None, quantiles: Sequence[float]) -> tuple[int, ...]:
        """None; raises UsageError where some are asked for."""
        if levels or quantiles:
            raise UsageError(
                "a forecast of classes has probabilities, no bands; leave --level and --quantiles out"
            )
        return ()

    def answer(self, ensemble: Ensemble, views: Views, origins: Integers, levels: Sequence[float]) -> Answer:
        """Probabilities (K, C, B)."""
        return Answer(ensemble.predict(views, origins))

    def restored(self, answer: Answer, series: Integers) -> Answer:
        """Probabilities are in no units."""
        return answer

    def joined(self, blocks: Sequence[Answer]) -> Answer:
        """The blocks one after the other."""
        return Answer(np.concatenate([block.values for block in blocks]))

    def needed(self, levels: Sequence[float]) -> list[float]:
        """None."""
        return list(levels)

    def finished(
        self, answer: Answer, windows: Windows, origins: Integers, is_own: Mask | None = None
    ) -> Answer:
        """Probabilities are what is asked for."""
        return answer

    def remember(self, panel: Panel, views: Views, block: Answer, origins: Integers) -> bool:
        """The next block takes the probabilities for history: they stand where the past has ones and zeros."""
        rows = origins[None] + np.arange(len(block.values))[:, None]
        for windows in views:
            windows.table.past[rows, : len(self.classes)] = block.values.transpose(0, 2, 1)
        return False

    def shown(
        self, answer: Answer, steps: int, levels: Sequence[int], quantiles: Sequence[float]
    ) -> dict[str, Any]:
        """The place of the likeliest class, and the probability of each."""
        flat = answer.values[:steps].transpose(2, 0, 1).reshape(-1, len(self.classes))
        return {
            "point": flat.argmax(axis=1).astype(np.float64),
            "bands": {},
            "probabilities": dict(zip(self.classes, flat.T, strict=True)),
        }

    def baselines(self, ensemble: Ensemble, seasons: tuple[int, ...]) -> list[Forecaster]:
        """Persistence, the frequency table and the logistic regression."""
        return [part_named(ensemble, "persistence"), FrequencyTable(), part_named(ensemble, "logistic")]

    def stand_in(self, ensemble: Ensemble) -> Part:
        """Persistence."""
        return part_named(ensemble, "persistence")

    def losses(self, answer: Answer, truth: Numbers, series: Integers) -> Numbers:
        """Log losses; the truth is the code of each class."""
        return log_loss(answer.values, truth)

    def judged(self, forecaster: Forecaster) -> Answering:
        """All by their probabilities."""
        return _Probable(forecaster)

    def scorer(self, panel: Panel) -> Scorer:
        """By log loss."""
        return ClassScorer()


@dataclass(frozen=True, eq=False)
class Restored:
    """A forecaster whose points are put back into the units of the CSV."""

    forecaster: Forecaster
    scaling: Scaling

    def answer(self, views: Views, origins: Integers) -> Answer:
        """The points (K, 1, B) of B windows, without bands."""
        series = views[0].table.series[origins - 1]
        return Answer(self.scaling.undo(point(self.forecaster.predict(views, origins)), series)[:, None])


@dataclass(frozen=True, eq=False)
class _Banded:
    """An ensemble of numbers with the bands by which it is evaluated."""

    output: NumberOutput
    ensemble: Ensemble

    def answer(self, views: Views, origins: Integers) -> Answer:
        """The points (K, 1, B) of B windows and their bands of JUDGED_LEVELS."""
        scaled = self.output.answer(self.ensemble, views, origins, self.output.needed(JUDGED_LEVELS))
        whole = self.output.restored(scaled, views[0].table.series[origins - 1])
        found = self.output.finished(whole, views[0], origins)
        return dataclasses.replace(found, bands={level: found.bands[level] for level in JUDGED_LEVELS})


@dataclass(frozen=True, eq=False)
class _Probable:
    """A forecaster of classes."""

    forecaster: Forecaster

    def answer(self, views: Views, origins: Integers) -> Answer:
        """Probabilities (K, C, B)."""
        return Answer(self.forecaster.predict(views, origins))


def refuse_overflow(is_beyond: NDArray[np.bool_]) -> None:
    """Raise ModelFileError where some of a model's numbers are beyond all numbers."""
    if is_beyond.any():
        raise ModelFileError(
            "what the model says is no finite number; train it again, or restore it from a copy"
        )


def of_numbers(output: Output) -> NumberOutput:
    """The output, known to be of numbers."""
    assert isinstance(output, NumberOutput)
    return output


def level_of(quantile: float) -> float:
    """The level in percent of the band that has this quantile for an edge."""
    if not 0 < quantile < 1:
        raise UsageError(f"a quantile lies between 0 and 1; got {quantile:g}")
    return round(abs(200 * quantile - 100), 6) or 1.0


def _within(values: Numbers, limits: tuple[float, float]) -> Numbers:
    """Values cut to the limits; a limit that is NaN does not cut."""
    return np.fmax(np.fmin(values, limits[1]), limits[0])
