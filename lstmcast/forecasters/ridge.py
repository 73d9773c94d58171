"""The window's ridge map to the horizon: both a forecaster and what the network starts from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Integers
from lstmcast.data.windows import Windows

if TYPE_CHECKING:
    from lstmcast.evaluation.validation import Validation

Numbers = NDArray[np.float64]
PENALTIES = tuple(10.0**power for power in range(-6, 0))
MOST_WINDOWS = 30_000
_CHUNK = 2048


@dataclass(frozen=True, eq=False)
class Highway:
    """y[t+k] - y[t] as a linear map of the window less its last value (NLinear, Zeng et al. 2022).

    The map goes by rows, also where the wall clock is changed within a window: what follows the wall clock is the
    calendar stage's part, which is taken out before and put back after by each row's own hour.

    weight: (K, L); bias: (K,); penalty: the chosen ridge, as a share of the mean diagonal of the Gram matrix.
    """

    weight: Numbers
    bias: Numbers
    penalty: float

    def point(self, windows: Windows, origins: Integers) -> Numbers:
        """(K, B) in the table's scaled units."""
        seen = windows.for_linear
        return seen.restore(self.weight @ seen.past(origins) + self.bias[:, None], origins)


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


def fit_highway(
    windows: Windows,
    training: Integers,
    validation: Validation,
    rng: np.random.Generator,
    penalty: float | None = None,
) -> tuple[Highway, dict[float, float]]:
    """The ridge map whose penalty has the lowest validation error (or the given one), and each penalty's error."""
    return best_ridge(moments_of(windows, training, rng), penalty, Judge(windows, validation))


def best_ridge(moments: Moments, penalty: float | None, judge: Judge) -> tuple[Highway, dict[float, float]]:
    """The map of these moments that the judge likes best, of all PENALTIES or the one given, and every error."""
    penalties = PENALTIES if penalty is None else (penalty,)
    candidates = list(ridges(moments, penalties))
    errors = [judge(candidate) for candidate in candidates]
    return candidates[int(np.argmin(errors))], dict(zip(penalties, errors, strict=True))


class Judge:
    """The validation error (MASE) of maps; their windows are gathered once for all of them."""

    def __init__(self, windows: Windows, validation: Validation) -> None:
        self._windows, self._validation = windows, validation
        self._past = windows.past(validation.origins)

    def __call__(self, highway: Highway) -> float:
        """Of a map of the whole window, or of its last rows."""
        seen = self._past[-highway.weight.shape[1] :]
        forecast = highway.weight @ seen + highway.bias[:, None]
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


def moments_of(windows: Windows, training: Integers, rng: np.random.Generator) -> Moments:
    """Of all training windows, or of MOST_WINDOWS drawn at random."""
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


def ridges(moments: Moments, penalties: tuple[float, ...]) -> Iterator[Highway]:
    """One map for each penalty, all from a single eigendecomposition of the Gram matrix."""
    values, vectors = np.linalg.eigh(moments.gram)
    size = float(values.mean()) or 1.0
    rotated = vectors.T @ moments.cross
    for penalty in penalties:
        weight = (vectors @ (rotated / (np.maximum(values, 0.0) + penalty * size)[:, None])).T
        yield Highway(weight, moments.mean_ahead - weight @ moments.mean_past, penalty)
