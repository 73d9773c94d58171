"""The bank: exponential smoothing with every parameter set of a grid, each weighted by its AICc, without an optimiser.

For given parameters the errors are linear in the rows and in the start values, so the best start values are a least
squares solution: nothing is searched for. The forecast is the mean of all sets (weights exp(-(AICc - best) / 2),
Burnham and Anderson 2002) on three scales: y, log1p(y / c) and log(y / c), c the median size of a value. What is
multiplicative on y is additive on a log scale, and the Jacobian of each makes their AICc comparable.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from lstmcast.forecasters.logarithms import highest_log, median_size
from lstmcast.forecasters.state_space import ParameterSets, States, responses, run, unit_starts

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]

FEWEST_SEASONS = 2
RIDGE = 0.3  # on a season's starts; none on level and slope
RIDGE_OF_KNOWN = 0.1  # on the slopes of columns known ahead, which are standardised
POSITIVE_FROM = 0.02  # of the median: only what stays above it is seen on the scale of its logarithm
_LARGEST_LOG = 50.0
_ERRORS_AT_ONCE = 2_000_000
_SMALLEST = 1e-18  # an error smaller than this share of the rows is what rounding leaves of none


@dataclass(frozen=True, eq=False)
class Expected:
    """Point and variance (K, B) of what comes, in the units of the rows."""

    point: Numbers
    variance: Numbers


@dataclass(frozen=True, eq=False)
class Effect:
    """The effect of columns known ahead on each row and on what comes: y is factor times what it were without, and
    shift.

    factor, shift: (T + K, B).
    """

    factor: Numbers
    shift: Numbers

    def taken_out(self, values: Numbers) -> Numbers:
        """The rows (T, B) without it."""
        rows = len(values)
        return np.asarray((values - self.shift[:rows]) / self.factor[:rows])

    def put_back(self, forecast: Numbers) -> Numbers:
        """A forecast (K, B) of rows without it."""
        first = len(self.factor) - len(forecast)
        return np.asarray(forecast * self.factor[first:] + self.shift[first:])


def rows_used(season: int, *, is_daily: bool = False) -> int:
    """Return how many of the last rows the bank looks at: more say less of what comes, and cost time."""
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
            found = _Mean(values[:, chunk], observed, season, horizon).expected()
            point[:, chunk], variance[:, chunk] = found.point, found.variance
    return Expected(point, variance)


def bank_with_known(values: Numbers, known: Numbers, season: int, horizon: int) -> tuple[Expected, Effect]:
    """Forecast one series (T, 1) with columns known ahead (T + K, q), standardised; and return what these do to it.

    Every set is tried with and without the columns: a regression whose errors are those of exponential smoothing. AICc
    says how much of it is believed.
    """
    observed = np.isfinite(values[:, 0])
    mean = _Mean(values, observed, season, horizon, known)
    return mean.expected(), mean.effect()


def _alike(observed: Mask) -> Iterator[tuple[NDArray[np.int64], Mask]]:
    """The columns (n,) that have the same rows, and which rows (T,) these are."""
    patterns, which = np.unique(observed, axis=1, return_inverse=True)
    for number in range(patterns.shape[1]):
        yield np.flatnonzero(which.reshape(-1) == number), patterns[:, number]


@dataclass(frozen=True, eq=False)
class _Fits:
    """The fits of G sets to B series on one scale, in units of c.

    aicc: (G, B); points, variances: (G, K, B); slopes: (G, q, B) of the columns known ahead, q zero without.
    """

    scale: _Scale
    aicc: Numbers
    points: Numbers
    variances: Numbers
    slopes: Numbers


class _Mean:
    """The mean of all sets on all scales, of rows (T, B) that are observed alike; known: (T + K, q), if any."""

    def __init__(
        self, values: Numbers, observed: Mask, season: int, horizon: int, known: Numbers | None = None
    ) -> None:
        self.size = median_size(values[observed])
        rows = np.where(observed[:, None], values, 0.0) / self.size
        self.known = known
        self.fits = _on_all_scales(_forms(season, len(values)), rows, observed, horizon, known)
        aicc = np.concatenate([fits.aicc for fits in self.fits])
        weight = np.exp(-(aicc - aicc.min(axis=0)) / 2)
        self.weight = weight / weight.sum(axis=0)

    def expected(self) -> Expected:
        """The forecast, with the variance within and between the sets."""
        points, variances = (
            np.concatenate([getattr(fits, name) for fits in self.fits]) for name in ("points", "variances")
        )
        counts = (self.weight > 0)[:, None, :]  # a set that has no weight may have said anything
        points, variances = np.where(counts, points, 0.0), np.where(counts, variances, 0.0)
        point = np.einsum("gb,gkb->kb", self.weight, points)
        within = np.einsum("gb,gkb->kb", self.weight, variances)
        between = np.einsum("gb,gkb->kb", self.weight, np.where(counts, points - point, 0.0) ** 2)
        return Expected(point * self.size, (within + between) * self.size**2)

    def effect(self) -> Effect:
        """Return the effect of the columns known ahead on the scale where they are believed most, shrunk by that
        belief."""
        assert self.known is not None
        ends = np.cumsum([len(fits.aicc) for fits in self.fits])[:-1]
        weights = np.split(self.weight, ends)
        believed = {_PLAIN: 0.0, _LOG1P: 0.0, _LOG: 0.0}
        slopes = {scale: np.zeros((self.known.shape[1], 1)) for scale in believed}
        for fits, weight in zip(self.fits, weights, strict=True):
            if fits.slopes.shape[1]:
                believed[fits.scale] += float(weight.sum())
                slopes[fits.scale] += np.einsum("gb,gqb->qb", weight, fits.slopes)
        scale = max(believed, key=lambda scale: believed[scale])
        share = sum(believed.values()) / max(believed[scale], np.finfo(float).tiny)
        moved = self.known @ slopes[scale] * min(share, 1e6)
        if scale is _PLAIN:
            return Effect(np.ones_like(moved), moved * self.size)
        factor = np.exp(np.clip(moved, -_LARGEST_LOG, _LARGEST_LOG))
        return Effect(factor, (factor - 1) * self.size * (scale is _LOG1P))


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

    def undo(self, scaled: Numbers, most: Numbers) -> tuple[Numbers | float, Numbers]:
        """Return how steep the way back is, and the values; most: (B,) as `highest_log` has it."""
        if self.name == "y":
            return 1.0, scaled
        slope = np.exp(np.minimum(scaled, most))
        return slope, slope - 1.0 if self.name == "log1p" else slope

    def jacobian(self, scaled: Numbers) -> Numbers | float:
        """(B,) what the scale adds to -2 log likelihood of rows (n, B)."""
        return 0.0 if self.name == "y" else np.asarray(2 * scaled.sum(axis=0))


_PLAIN = _Scale("y", -np.inf, is_open=False)
_LOG1P = _Scale("log1p", 0.0, is_open=False)
_LOG = _Scale("log", POSITIVE_FROM, is_open=True)


def _on_all_scales(
    forms: Sequence[ParameterSets], rows: Numbers, observed: Mask, horizon: int, known: Numbers | None
) -> list[_Fits]:
    """The fits of all forms on the plain scale, then on those of logarithms; rows: (T, B) in units of the median size,
    anything where not observed.

    The recursion knows no scale, so it runs over the rows on all scales at once.
    """
    scales, count = (_PLAIN, _LOG1P, _LOG), rows.shape[1]
    scaled = [scale.apply(rows) for scale in scales]
    centred = np.hstack([each - each[observed].mean(axis=0) for each in scaled])
    ran = [run(sets, States(sets, centred.shape[1]), centred, observed, horizon) for sets in forms]
    found: list[_Fits] = []
    for number, scale in enumerate(scales):
        own = slice(number * count, (number + 1) * count)
        for sets, (errors, points) in zip(forms, ran, strict=True):
            alone = np.ascontiguousarray(errors[..., own]), points[..., own]
            found += _fits(sets, scale, rows, alone, observed, known)
    return found


def _fits(
    sets: ParameterSets,
    scale: _Scale,
    rows: Numbers,
    ran: tuple[Numbers, Numbers],
    observed: Mask,
    known: Numbers | None,
) -> Iterator[_Fits]:
    """Every set on one scale, without and with the known columns; ran: errors and points of the recursion on it."""
    errors, points = ran
    scaled, starts = scale.apply(rows), _starts(sets, observed.tobytes(), points.shape[1])
    level, most = scaled[observed].mean(axis=0), highest_log(scaled[observed])
    for ready in (starts,) if known is None else (starts, _beside(starts, sets, known, observed)):
        squares, start = _least_squares(ready, errors)
        aicc, sigma = _information(squares, ready.parameters, scaled[observed])
        aicc = np.where(scale.fits(rows[observed]), aicc + scale.jacobian(scaled[observed]), np.inf)
        slope, values = scale.undo(points + ready.ahead @ start + level, most)
        variances = sigma[:, None, :] * ready.growth[:, :, None] * slope**2
        yield _Fits(scale, aicc, values, variances, start[:, starts.gram.shape[1] :])


def _information(squares: Numbers, parameters: Numbers, rows: Numbers) -> tuple[Numbers, Numbers]:
    """(G, B) AICc, infinite where there are too few rows (n, B) for the parameters (G,), and error variances."""
    count, k = len(rows), parameters[:, None]
    squares = np.maximum(squares, _SMALLEST * (rows**2).sum(axis=0) + np.finfo(float).tiny)
    left = count - k - 1
    aicc = count * np.log(squares / count) + 2 * k + 2 * k * (k + 1) / np.maximum(left, 1e-6)
    return np.where(left > 0, aicc, np.inf), squares / np.maximum(count - k, 1.0)


@dataclass(frozen=True, eq=False)
class _Starts:
    """The start values that G sets need, for rows that are observed alike.

    effect: (G, p, T) of each start on each row; ahead: (G, K, p) on what follows; penalty: (G, p) of the ridge;
    gram, inverse: as of `_normal_equations`; parameters: (G,) how many each set has; growth: (G, K) variance of a step
    over that of the first.
    """

    effect: Numbers
    ahead: Numbers
    penalty: Numbers
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
    penalty = np.zeros(effect.shape[:2])
    penalty[:, 2:] = RIDGE if sets.season else 0.0
    penalty[~sets.has_slope, 1] = 1.0  # its column is zero
    gram, inverse, starts = _normal_equations(effect, penalty)
    smoothing = 1.0 + sets.has_slope + sets.is_damped + (1.0 if sets.season else 0.0)
    moved = responses(sets, horizon)[:, : horizon - 1]
    growth = 1 + np.concatenate([np.zeros((len(sets), 1)), np.cumsum(moved**2, axis=1)], axis=1)
    return _Starts(effect, ahead, penalty, gram, inverse, smoothing + starts + 1.0, growth)


def _beside(starts: _Starts, sets: ParameterSets, known: Numbers, observed: Mask) -> _Starts:
    """The start values and, beside them, the slopes of columns known ahead (T + K, q)."""
    rows, columns = len(observed), known.shape[1]
    errors, points = run(sets, States(sets, columns), known[:rows], observed, len(known) - rows)
    effect = np.concatenate([starts.effect, errors.transpose(0, 2, 1)], axis=1)
    ahead = np.concatenate([starts.ahead, known[rows:] - points], axis=2)
    penalty = np.concatenate([starts.penalty, np.full((len(sets), columns), RIDGE_OF_KNOWN)], axis=1)
    gram, inverse, count = _normal_equations(effect, penalty)
    before = np.einsum("gpq,gqp->g", starts.inverse, starts.gram)
    parameters = starts.parameters - before + count
    return _Starts(effect, ahead, penalty, gram, inverse, parameters, starts.growth)


def _normal_equations(effect: Numbers, penalty: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Gram matrices (G, p, p) of effects (G, p, T), their inverses with the ridge, and how many values that leaves
    free (the trace of the hat matrix)."""
    gram = effect @ effect.transpose(0, 2, 1)
    ridged = gram + penalty[:, :, None] * np.eye(gram.shape[1])
    inverse = np.asarray(np.linalg.pinv(ridged, hermitian=True), dtype=np.float64)
    return gram, inverse, np.einsum("gpq,gqp->g", inverse, gram)


def _least_squares(starts: _Starts, errors: Numbers) -> tuple[Numbers, Numbers]:
    """Sums of squares (G, B) that the best start values leave of errors (G, T, B) from zero, and these (G, p, B)."""
    cross = starts.effect @ errors
    start = starts.inverse @ cross
    squares = np.einsum("gtb,gtb->gb", errors, errors)
    squares -= np.einsum("gpb,gpb->gb", start, 2 * cross - starts.gram @ start)
    return squares, start


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
