"""The bank: exponential smoothing with every parameter set of a grid, each weighted by its AICc, without an optimiser.

For given parameters the errors are linear in the rows and in the start values, so the best start values are a least
squares solution: nothing is searched for. The forecast is the mean of all sets (weights exp(-(AICc - best) / 2),
Burnham and Anderson 2002) on three scales: y, log1p(y / c) and log(y / c), c the median size of a value. What is
multiplicative on y is additive on a log scale, and the Jacobian of each makes their AICc comparable.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from lstmcast.forecasters.state_space import ParameterSets, States, responses, run, unit_starts

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]

FEWEST_SEASONS = 2
RIDGE = 0.3  # on a season's starts; none on level and slope
POSITIVE_FROM = 0.02  # of the median: only what stays above it is seen on the scale of its logarithm
_LARGEST_LOG = 50.0
_ERRORS_AT_ONCE = 2_000_000
_SMALLEST = 1e-18  # an error smaller than this share of the rows is what rounding leaves of none


@dataclass(frozen=True, eq=False)
class Expected:
    """Point and variance (K, B) of what comes, in the units of the rows."""

    point: Numbers
    variance: Numbers


def rows_used(season: int, *, is_daily: bool = False) -> int:
    """How many of the last rows the bank looks at: more say less of what comes, and cost time."""
    if is_daily:
        return 280
    return max(12 * season, 60) if season <= 24 else max(5 * season, 60)


def bank(values: Numbers, season: int, horizon: int) -> Expected:
    """The forecast of the K rows after these.

    values: (T, B) rows of B series, NaN where missing; season: m, 1 for none.
    A season is looked for where there are FEWEST_SEASONS of them.
    """
    point, variance = np.empty((2, horizon, values.shape[1]))
    for places, observed in _alike(np.isfinite(values)):
        size = max(_ERRORS_AT_ONCE // (200 * len(values)), 1)
        for start in range(0, len(places), size):
            chunk = places[start : start + size]
            found = _mean(values[:, chunk], observed, season, horizon)
            point[:, chunk], variance[:, chunk] = found.point, found.variance
    return Expected(point, variance)


def _alike(observed: Mask) -> Iterator[tuple[NDArray[np.int64], Mask]]:
    """The columns (n,) that have the same rows, and which rows (T,) these are."""
    patterns, which = np.unique(observed, axis=1, return_inverse=True)
    for number in range(patterns.shape[1]):
        yield np.flatnonzero(which.reshape(-1) == number), patterns[:, number]


@dataclass(frozen=True, eq=False)
class _Fits:
    """What G sets say of B series on one scale: AICc (G, B), and points and variances (G, K, B) in units of c."""

    aicc: Numbers
    points: Numbers
    variances: Numbers


def _mean(values: Numbers, observed: Mask, season: int, horizon: int) -> Expected:
    """The mean of all sets on all scales, with the variance within and between them."""
    size = _median_size(values[observed])
    known = np.where(observed[:, None], values, 0.0) / size
    fits = [
        _fits(sets, scale, known, observed, horizon)
        for scale in (_PLAIN, _LOG1P, _LOG)
        for sets in _forms(season, len(values))
    ]
    aicc = np.concatenate([fit.aicc for fit in fits])
    weight = np.exp(-(aicc - aicc.min(axis=0)) / 2)
    weight /= weight.sum(axis=0)
    points, variances = (
        np.concatenate([getattr(fit, name) for fit in fits]) for name in ("points", "variances")
    )
    counts = (weight > 0)[:, None, :]  # a set that has no weight may have said anything
    points, variances = np.where(counts, points, 0.0), np.where(counts, variances, 0.0)
    point = np.einsum("gb,gkb->kb", weight, points)
    within = np.einsum("gb,gkb->kb", weight, variances)
    between = np.einsum("gb,gkb->kb", weight, np.where(counts, points - point, 0.0) ** 2)
    return Expected(point * size, (within + between) * size**2)


def _median_size(known: Numbers) -> Numbers:
    """(B,) median size of a row that is known (n, B); where that is zero, the mean; where all are zero, one."""
    sizes = np.abs(known)
    median, mean = np.median(sizes, axis=0), sizes.mean(axis=0)
    return np.where(median > 0, median, np.where(mean > 0, mean, 1.0))


@dataclass(frozen=True)
class _Scale:
    """A scale on which errors are additive: z = y, log(y + 1) or log(y), y in units of the median size."""

    name: str
    least: float
    is_open: bool

    def fits(self, known: Numbers) -> Mask:
        """(B,) the series whose rows (n, B) can be seen on it."""
        lowest = known.min(axis=0)
        return np.asarray(lowest > self.least if self.is_open else lowest >= self.least)

    def apply(self, values: Numbers) -> Numbers:
        """Onto the scale."""
        if self.name == "log":
            return np.log(np.maximum(values, POSITIVE_FROM / 2))
        return np.log1p(np.maximum(values, 0.0)) if self.name == "log1p" else values

    def undo(self, scaled: Numbers) -> tuple[Numbers | float, Numbers]:
        """How steep the way back is, and the values."""
        if self.name == "y":
            return 1.0, scaled
        slope = np.exp(np.minimum(scaled, _LARGEST_LOG))
        return slope, slope - 1.0 if self.name == "log1p" else slope

    def jacobian(self, scaled: Numbers) -> Numbers | float:
        """(B,) what the scale adds to -2 log likelihood of rows (n, B)."""
        return 0.0 if self.name == "y" else np.asarray(2 * scaled.sum(axis=0))


_PLAIN = _Scale("y", -np.inf, is_open=False)
_LOG1P = _Scale("log1p", 0.0, is_open=False)
_LOG = _Scale("log", POSITIVE_FROM, is_open=True)


def _fits(sets: ParameterSets, scale: _Scale, known: Numbers, observed: Mask, horizon: int) -> _Fits:
    """Every set on one scale; known: (T, B) in units of the median size, anything where not observed."""
    starts = _starts(sets, observed.tobytes(), horizon)
    scaled, count = scale.apply(known), int(observed.sum())
    squares, points = _solved(sets, starts, scaled, observed)
    floor = _SMALLEST * (scaled[observed] ** 2).sum(axis=0) + np.finfo(float).tiny
    squares, k = np.maximum(squares, floor), starts.parameters[:, None]
    left = np.maximum(count - k - 1, 1e-6)
    aicc = count * np.log(squares / count) + 2 * k + 2 * k * (k + 1) / left
    aicc = aicc + scale.jacobian(scaled[observed])
    believed = (count - k - 1 > 0) & scale.fits(known[observed])
    slope, points = scale.undo(points)
    sigma = squares / np.maximum(count - k, 1.0)
    return _Fits(
        np.where(believed, aicc, np.inf),
        points,
        (sigma[:, None, :] * starts.growth[:, :, None]) * slope**2,
    )


@dataclass(frozen=True, eq=False)
class _Starts:
    """What G sets need of the start values, for rows that are observed alike.

    effect: (G, p, T) of each start on each row; ahead: (G, K, p) on what follows; gram: (G, p, p) of the effects,
    inverse: of it and the ridge; parameters: (G,) how many each set has; growth: (G, K) variance of a step over that
    of the first.
    """

    effect: Numbers
    ahead: Numbers
    gram: Numbers
    inverse: Numbers
    parameters: Numbers
    growth: Numbers


@lru_cache(maxsize=8)
def _starts(sets: ParameterSets, pattern: bytes, horizon: int) -> _Starts:
    """pattern: which rows are observed, as the bytes of a mask."""
    observed = np.frombuffer(pattern, dtype=bool)
    states = unit_starts(sets)
    zeros = np.zeros((len(observed), states.level.shape[1]))
    errors, ahead = run(sets, states, zeros, observed, horizon)
    effect = np.ascontiguousarray(-errors.transpose(0, 2, 1))
    gram = effect @ effect.transpose(0, 2, 1)
    penalty = np.zeros(gram.shape[:2])
    penalty[:, 2:] = RIDGE if sets.season else 0.0
    penalty[~sets.has_slope, 1] = 1.0  # its column is zero
    inverse = np.asarray(
        np.linalg.pinv(gram + penalty[:, :, None] * np.eye(gram.shape[1]), hermitian=True), dtype=np.float64
    )
    starts = np.einsum("gpq,gqp->g", inverse, gram)
    smoothing = 1.0 + sets.has_slope + sets.is_damped + (1.0 if sets.season else 0.0)
    moved = responses(sets, horizon)[:, : horizon - 1]
    growth = 1 + np.concatenate([np.zeros((len(sets), 1)), np.cumsum(moved**2, axis=1)], axis=1)
    return _Starts(effect, ahead, gram, inverse, smoothing + starts + 1.0, growth)


def _solved(sets: ParameterSets, starts: _Starts, rows: Numbers, observed: Mask) -> tuple[Numbers, Numbers]:
    """Sums of squared errors (G, B) and forecasts (G, K, B) of rows (T, B), with the best start values."""
    level = rows[observed].mean(axis=0)
    horizon = starts.ahead.shape[1]
    errors, points = run(sets, States(sets, rows.shape[1]), rows - level, observed, horizon)
    cross = starts.effect @ errors
    start = starts.inverse @ cross
    squares = np.einsum("gtb,gtb->gb", errors, errors)
    squares -= np.einsum("gpb,gpb->gb", start, 2 * cross - starts.gram @ start)
    return squares, points + starts.ahead @ start + level


@lru_cache(maxsize=8)
def _forms(season: int, rows: int) -> tuple[ParameterSets, ...]:
    """Without a season, and with one where the rows hold it twice."""
    plain = _sets(
        (0.01, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 0.99),
        (0.0, 0.03, 0.1, 0.25, 0.5),
        (0.8, 0.9, 0.95, 0.98),
        (0.0,),
        0,
    )
    if season <= 1 or rows < FEWEST_SEASONS * season:
        return (plain,)
    return plain, _sets(
        (0.02, 0.1, 0.25, 0.45, 0.7, 0.95), (0.0, 0.05, 0.2), (0.87, 0.95), (0.0, 0.08, 0.25), season
    )


def _sets(
    alphas: tuple[float, ...],
    betas: tuple[float, ...],
    phis: tuple[float, ...],
    gammas: tuple[float, ...],
    season: int,
) -> ParameterSets:
    """Every level alone, with a slope, and with each damped one; betas: over alpha; gammas: over 1 - alpha."""
    level = [(a, 0.0, 1.0, g, False, False) for a, g in product(alphas, gammas)]
    slope = [(a, b * a, 1.0, g, True, False) for a, b, g in product(alphas, betas, gammas)]
    damped = [(a, b * a, p, g, True, True) for a, b, p, g in product(alphas, betas, phis, gammas)]
    alpha, beta, phi, gamma, has_slope, is_damped = map(np.array, zip(*level, *slope, *damped, strict=True))
    return ParameterSets(alpha, beta, phi, gamma * (1 - alpha), has_slope, is_damped, season)
