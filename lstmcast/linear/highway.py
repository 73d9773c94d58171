"""The window's ridge map to the horizon: both a forecaster and what the network starts from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.panel import Integers
from lstmcast.validation import Validation
from lstmcast.windows import Windows

Numbers = NDArray[np.float64]
PENALTIES = tuple(10.0**power for power in range(-6, 0))
MOST_WINDOWS = 30_000
_CHUNK = 2048


@dataclass(frozen=True)
class Highway:
    """y[t+k] - y[t] as a linear map of the window less its last value (NLinear, Zeng et al. 2022).

    weight: (K, L); bias: (K,); penalty: the chosen ridge, as a share of the mean diagonal of the Gram matrix.
    """

    weight: Numbers
    bias: Numbers
    penalty: float

    def point(self, windows: Windows, origins: Integers) -> Numbers:
        """(K, B) in the table's scaled units."""
        seen = windows.for_linear
        return seen.restore(self.weight @ seen.past(origins) + self.bias[:, None], origins)


@dataclass(frozen=True)
class _Moments:
    """Centred second moments of all training windows: Gram (L, L), cross (L, K) and the two means."""

    gram: Numbers
    cross: Numbers
    mean_past: Numbers
    mean_ahead: Numbers


def fit_highway(
    windows: Windows,
    training: Integers,
    validation: Validation,
    rng: np.random.Generator,
    penalty: float | None = None,
) -> tuple[Highway, dict[float, float]]:
    """The ridge map whose penalty has the lowest validation error (or the given one), and each penalty's error."""
    penalties = PENALTIES if penalty is None else (penalty,)
    candidates = list(_ridges(_moments(windows, _subset(training, rng)), penalties))
    errors = [validation.error(candidate.point(windows, validation.origins)) for candidate in candidates]
    best = int(np.argmin(errors))
    return candidates[best], dict(zip(penalties, errors, strict=True))


def _subset(origins: Integers, rng: np.random.Generator) -> Integers:
    """At most MOST_WINDOWS origins, drawn at random: every k-th would see only some hours of the day."""
    if len(origins) <= MOST_WINDOWS:
        return origins
    return np.sort(rng.choice(origins, MOST_WINDOWS, replace=False))


def _known_throughout(windows: Windows, origins: Integers) -> Integers:
    """Origins whose targets were all observed, if enough of them are; else all."""
    complete = origins[windows.ahead(windows.table.observed, origins).all(axis=0)]
    return complete if len(complete) >= min(len(origins), max(30, windows.lookback)) else origins


def _moments(windows: Windows, origins: Integers) -> _Moments:
    lookback, horizon = windows.lookback, windows.horizon
    gram, cross = np.zeros((lookback, lookback)), np.zeros((lookback, horizon))
    sum_past, sum_ahead = np.zeros(lookback), np.zeros(horizon)
    origins = _known_throughout(windows, origins)
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
    return _Moments(gram, cross, mean_past, mean_ahead)


def _ridges(moments: _Moments, penalties: tuple[float, ...]) -> Iterator[Highway]:
    """One map for each penalty, all from a single eigendecomposition of the Gram matrix."""
    values, vectors = np.linalg.eigh(moments.gram)
    size = float(values.mean()) or 1.0
    rotated = vectors.T @ moments.cross
    for penalty in penalties:
        weight = (vectors @ (rotated / (np.maximum(values, 0.0) + penalty * size)[:, None])).T
        yield Highway(weight, moments.mean_ahead - weight @ moments.mean_past, penalty)
