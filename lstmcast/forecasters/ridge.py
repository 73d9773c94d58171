"""The window's ridge map to the horizon: both a forecaster and what the network starts from.

How far back it pays to look is never known well: maps of several lookbacks err differently, and their mean is
steadier than any of them (forecasts averaged over estimation windows: Pesaran and Timmermann 2007). A map of the last
rows of a window is a map of the whole window with zeros before them, so the mean is one map and costs no more.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import Options
from lstmcast.core.panel import Integers
from lstmcast.data.windows import Windows
from lstmcast.forecasters.base import NewRows, Stateless, Views

if TYPE_CHECKING:
    from lstmcast.evaluation.validation import Validation

Numbers = NDArray[np.float64]
PENALTIES = tuple(10.0**power for power in range(-6, 0))
STRONGER = (1.0, 10.0, 100.0)  # tried one after the other while they help, where there are looks to tell
LOOKS_FOR_STRONGER = 8  # windows that have no target row in common
MOST_WINDOWS = 30_000
_CHUNK = 2048


@dataclass(frozen=True, eq=False)
class RidgeForecaster(Stateless):
    """y[t+k] - y[t] as a linear map of the window less its last value (NLinear, Zeng et al. 2022).

    The map goes by rows, also where the wall clock is changed within a window: what follows the wall clock is the
    calendar regression's part, which is taken out before and put back after by each row's own hour.

    weight: (K, L); bias: (K,); penalty: the chosen ridge, as a share of the mean diagonal of the Gram matrix;
    lookbacks: rows of the maps whose mean it is; penalties: the ridge of each of them, none where all have the same.
    """

    weight: Numbers
    bias: Numbers
    penalty: float
    lookbacks: tuple[int, ...] = ()
    view: int = 0
    penalties: tuple[float, ...] = ()
    name = "linear"

    def predict(self, views: Views, origins: Integers) -> Numbers:
        """(K, 1, B) in the table's scaled units."""
        return self.point(views[self.view], origins)[:, None]

    def point(self, windows: Windows, origins: Integers) -> Numbers:
        """(K, B) of windows as it sees them."""
        return windows.restore(self.weight @ windows.past(origins) + self.bias[:, None], origins)

    def reach(self) -> int:
        """The whole look-back."""
        return int(self.weight.shape[1])

    def refitted(self, rows: NewRows) -> RidgeForecaster:
        """The map moved by the rows' share towards the mean, over the same lookbacks, of the maps of these rows."""
        windows = rows.views[self.view]
        moments = gather_moments(windows, rows.training, rows.rng)
        lookbacks = self.lookbacks or (windows.lookback,)
        penalties = self.penalties or (self.penalty,) * len(lookbacks)
        maps = [
            next(ridges(moments.recent(own), (penalty,)))
            for own, penalty in zip(lookbacks, penalties, strict=True)
        ]
        mean = mean_map(maps, windows.lookback)
        weight = self.weight + rows.share * (mean.weight - self.weight)
        return dataclasses.replace(self, weight=weight, bias=self.bias + rows.share * (mean.bias - self.bias))

    def check(self, views: Views, options: Options) -> None:
        """Raise ValueError where its arrays are not of the window's size."""
        windows = views[self.view]
        shapes, wanted = (self.weight.shape, self.bias.shape), (windows.horizon, windows.lookback)
        if shapes != (wanted, wanted[:1]):
            raise ValueError(f"a linear map has shapes {shapes} where the contract asks for {wanted}")
        if not all(0 < rows <= windows.lookback for rows in self.lookbacks):
            raise ValueError(f"a linear map looks back {self.lookbacks} rows of {windows.lookback}")
        is_of_each = len(self.penalties) in (0, len(self.lookbacks))
        if not is_of_each or not min(self.penalties, default=0) >= 0:
            raise ValueError(f"a mean of {len(self.lookbacks)} linear maps has the ridges {self.penalties}")


@dataclass(frozen=True, eq=False)
class Moments:
    """Centred second moments of training windows: Gram (L, L), cross (L, K) and the two means."""

    gram: Numbers
    cross: Numbers
    mean_past: Numbers
    mean_ahead: Numbers

    def recent(self, rows: int) -> Moments:
        """Those of the same windows, cut to their last rows."""
        return Moments(self.gram[-rows:, -rows:], self.cross[-rows:], self.mean_past[-rows:], self.mean_ahead)


def fit_ridge(
    windows: Windows,
    training: Integers,
    validation: Validation,
    rng: np.random.Generator,
    penalty: float | None = None,
) -> tuple[RidgeForecaster, dict[float, float]]:
    """The ridge map whose penalty has the lowest validation error (or the given one), and each penalty's error."""
    return best_ridge(gather_moments(windows, training, rng), penalty, ValidationScorer(windows, validation))


def best_ridge(
    moments: Moments, penalty: float | None, scorer: ValidationScorer
) -> tuple[RidgeForecaster, dict[float, float]]:
    """The map of these moments with the lowest error, of all PENALTIES or the one given, and every error.

    Where the largest of PENALTIES is the best one and LOOKS_FOR_STRONGER are there, STRONGER ones are tried until one
    is no better than the one before.
    """
    is_told = penalty is None and scorer.looks >= LOOKS_FOR_STRONGER
    penalties = PENALTIES + STRONGER * is_told if penalty is None else (penalty,)
    candidates: list[RidgeForecaster] = []
    errors: list[float] = []
    for candidate in ridges(moments, penalties):
        if len(errors) >= len(PENALTIES) and int(np.argmin(errors)) < len(errors) - 1:
            break
        candidates.append(candidate)
        errors.append(scorer(candidate))
    tried = {one.penalty: error for one, error in zip(candidates, errors, strict=True)}
    return candidates[int(np.argmin(errors))], tried


class ValidationScorer:
    """The validation error (MASE) of maps; their windows are gathered once for all of them."""

    def __init__(self, windows: Windows, validation: Validation) -> None:
        self._windows, self._validation = windows, validation
        self._past = windows.past(validation.origins)

    @property
    def looks(self) -> int:
        """The number of windows that have no target row in common."""
        return self._validation.apart

    def __call__(self, ridge: RidgeForecaster) -> float:
        """The error of a map of the whole window, or of its last rows."""
        seen = self._past[-ridge.weight.shape[1] :]
        forecast = ridge.weight @ seen + ridge.bias[:, None]
        return self._validation.error(self._windows.restore(forecast, self._validation.origins))


def _subset(origins: Integers, rng: np.random.Generator) -> Integers:
    """At most MOST_WINDOWS origins, drawn at random: every k-th would see only some hours of the day."""
    if len(origins) <= MOST_WINDOWS:
        return origins
    return np.sort(rng.choice(origins, MOST_WINDOWS, replace=False))


def _known_throughout(windows: Windows, origins: Integers) -> Integers:
    """Origins whose targets were all observed, if enough of them are; else all."""
    complete = origins[windows.ahead(windows.table.observed, origins).all(axis=0)]
    return complete if len(complete) >= min(len(origins), max(30, windows.lookback)) else origins


def gather_moments(windows: Windows, training: Integers, rng: np.random.Generator) -> Moments:
    """The moments of all training windows, or of MOST_WINDOWS drawn at random."""
    return _moments(windows, _known_throughout(windows, _subset(training, rng)))


def _moments(windows: Windows, origins: Integers) -> Moments:
    lookback, horizon = windows.lookback, windows.horizon
    gram, cross = np.zeros((lookback, lookback)), np.zeros((lookback, horizon))
    sum_past, sum_ahead = np.zeros(lookback), np.zeros(horizon)
    for start in range(0, len(origins), _CHUNK):
        chunk = origins[start : start + _CHUNK]
        past, ahead = windows.past(chunk), windows.targets(chunk)
        gram += past @ past.T
        cross += past @ ahead.T
        sum_past += past.sum(axis=1)
        sum_ahead += ahead.sum(axis=1)
    mean_past, mean_ahead = sum_past / len(origins), sum_ahead / len(origins)
    gram -= len(origins) * np.outer(mean_past, mean_past)
    cross -= len(origins) * np.outer(mean_past, mean_ahead)
    return Moments(gram, cross, mean_past, mean_ahead)


def ridges(moments: Moments, penalties: tuple[float, ...]) -> Iterator[RidgeForecaster]:
    """One map for each penalty, all from a single eigendecomposition of the Gram matrix."""
    values, vectors = np.linalg.eigh(moments.gram)
    size = float(values.mean()) or 1.0
    rotated = vectors.T @ moments.cross
    for penalty in penalties:
        weight = (vectors @ (rotated / (np.maximum(values, 0.0) + penalty * size)[:, None])).T
        bias = moments.mean_ahead - weight @ moments.mean_past
        yield RidgeForecaster(weight, bias, penalty, (weight.shape[1],))


def mean_map(maps: Sequence[RidgeForecaster], lookback: int) -> RidgeForecaster:
    """One map of the whole window; a shorter one pays no heed to the rows before its own."""
    weight = np.zeros((len(maps[0].weight), lookback))
    for one in maps:
        rows = one.weight.shape[1]
        weight[:, lookback - rows :] += one.weight / len(maps)
    bias = np.mean([one.bias for one in maps], axis=0)
    lookbacks, penalties = tuple(one.weight.shape[1] for one in maps), tuple(one.penalty for one in maps)
    own = penalties if len(set(penalties)) > 1 else ()
    return RidgeForecaster(weight, bias, penalties[-1], lookbacks, penalties=own)
