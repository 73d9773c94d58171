"""The watch over errors: runs and jumps beyond what is usual, at a declared rate of false alarms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]

ABOVE, BELOW, BOTH = DIRECTIONS = ("above", "below", "both")
RUNS = (1, 2, 3, 6, 12, 24, 48)
DAYS_OF_MONTH = 30.44
NORMAL = 1.2816  # half-width of an 80 % band in standard deviations
_MAD = 1.4826
_CLIP = 4.0
_SHRINK = 0.9  # what of the errors' correlation is believed
_LEAST_SPREAD = 0.1  # of the usual step
_FEWEST, _MOST = 8.0, 60.0  # nights that validation counts for
_HALF_LIFE = 60.0  # nights
_BROKEN = 1.1  # an alarmed night counts as so many thresholds: more, and a lasting fault would hide itself
_TAIL, _MOST_MONTHS = 0.8, 1200.0
_LEAST = 1e-9  # a score that flat errors have
_LONGEST = 3  # equal values in a row that say nothing


@dataclass(frozen=True, eq=False)
class Gauge:
    """The usual errors of a series, in half-widths of their 80 % band, from n validation windows.

    middle, spread: (K,) of each step; correlation: (K, K); run, jump: scores that all but a share of windows stay
    below; scores: (n,) of the windows, over these; weight: nights that all of them count for; direction: of DIRECTIONS.
    """

    middle: Numbers
    spread: Numbers
    correlation: Numbers
    run: float
    jump: float
    scores: Numbers
    weight: float
    direction: str

    def standard(self, errors: Numbers) -> Numbers:
        """(..., K) errors over what is usual at each step."""
        return np.asarray((errors * NORMAL - self.middle) / self.spread)

    def rows(self, errors: Numbers) -> Numbers:
        """(K,) the score of each row of a night (K,), NaN where it is missing; above one is unusual."""
        found = self.standard(errors)
        runs, _ = _runs(found[None], self.correlation, self.direction)
        jumps = _jumps(found, self.correlation, self.direction)
        return np.asarray(np.maximum(runs[0] / self.run, jumps / self.jump))

    def length(self, errors: Numbers, row: int) -> int:
        """Return how many rows long the run is that ends at a row."""
        _, lengths = _runs(self.standard(errors)[None], self.correlation, self.direction)
        return int(lengths[0, row])

    def least(self, rows: int, threshold: float) -> float:
        """Return by how many half-widths each of so many rows has to be off, to be seen."""
        rows = min(rows, len(self.middle))
        spread = float(np.sqrt(self.correlation[:rows, :rows].sum())) * self.run * threshold / rows
        return float(self.spread[:rows].mean()) * spread / NORMAL


def fit_gauge(errors: Numbers, horizons: int, share: float, direction: str = BOTH) -> Gauge:
    """The gauge of a series from the errors (n, K) of its validation windows.

    share: of nights that may raise a false alarm; horizons: disjoint ones that the windows span.
    """
    scaled = errors * NORMAL
    middle = np.median(scaled, axis=0)
    spread = _MAD * np.median(np.abs(scaled - middle), axis=0)
    usual = float(np.median(spread)) or 1.0
    spread = np.maximum(spread, _LEAST_SPREAD * usual)
    standard = (scaled - middle) / spread
    correlation = _correlation(standard)
    runs, _ = _runs(standard, correlation, direction)
    jumps = np.stack([_jumps(row, correlation, direction) for row in standard])
    run, jump = (_order(found.max(axis=1), 1 - share / 2) for found in (runs, jumps))
    scores = np.maximum(runs.max(axis=1) / run, jumps.max(axis=1) / jump)
    weight = float(np.clip(horizons, _FEWEST, _MOST))
    return Gauge(middle, spread, correlation, run, jump, scores, weight, direction)


def _correlation(standard: Numbers) -> Numbers:
    """(K, K) of clipped errors (n, K), drawn towards none."""
    clipped = np.clip(standard, -_CLIP, _CLIP)
    spread = clipped.std(axis=0)
    away = (clipped - clipped.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    found = away.T @ away / len(away)
    np.fill_diagonal(found, 1.0)
    return np.asarray(_SHRINK * found + (1 - _SHRINK) * np.eye(len(found)))


def _signed(values: Numbers, direction: str) -> Numbers:
    """Scores of the side that is watched."""
    if direction == BOTH:
        return np.abs(values)
    return np.maximum(values if direction == ABOVE else -values, 0.0)


def _runs(standard: Numbers, correlation: Numbers, direction: str) -> tuple[Numbers, NDArray[np.int64]]:
    """(n, K) the highest |sum of the last m errors| over its own spread, and that m; what is missing is left out."""
    known = np.isfinite(standard)
    sums = np.cumsum(np.where(known, standard, 0.0), axis=1)
    steps = standard.shape[1]
    best, length = np.zeros(standard.shape), np.ones(standard.shape, dtype=np.int64)
    whole = bool(known.all())
    for run in (m for m in RUNS if m <= steps):
        total = sums[:, run - 1 :].copy()
        total[:, 1:] -= sums[:, : steps - run]
        if whole:
            spread = np.array([correlation[k : k + run, k : k + run].sum() for k in range(steps - run + 1)])
        else:
            spread = np.stack([_spreads(correlation, row, run) for row in known])
        score = _signed(total, direction) / np.sqrt(np.where(spread > 0, spread, np.inf))
        score = np.where(known[:, run - 1 :], score, 0.0)
        better = score > best[:, run - 1 :]
        best[:, run - 1 :] = np.where(better, score, best[:, run - 1 :])
        length[:, run - 1 :] = np.where(better, run, length[:, run - 1 :])
    return best, length


def _spreads(correlation: Numbers, known: Mask, run: int) -> Numbers:
    """(K - m + 1,) the variance of the sum of the known ones of m errors."""
    own = correlation * known[:, None] * known[None]
    return np.array([own[k : k + run, k : k + run].sum() for k in range(len(known) - run + 1)])


def _jumps(standard: Numbers, correlation: Numbers, direction: str) -> Numbers:
    """(K,) what the rows before a row did not announce of it, in standard deviations; zero where it is missing, and
    where the row itself is not off on that side: the end of a fault is no news."""
    known = np.flatnonzero(np.isfinite(standard))
    found = np.zeros(len(standard))
    if len(known):
        lower = np.linalg.cholesky(correlation[np.ix_(known, known)])
        own = standard[known]
        jump = np.linalg.solve(lower, own)
        found[known] = np.where(own * np.sign(jump) > 1, _signed(jump, direction), 0.0)
    return found


def _order(values: Numbers, share: float) -> float:
    """The order statistic of n values that covers a share of new ones; the largest where n is too small."""
    rank = min(int(np.ceil((len(values) + 1) * share)), len(values))
    return max(float(np.sort(values)[rank - 1]), _LEAST)


def thresholds(gauge: Gauge, nights: Sequence[float], share: float) -> list[float]:
    """Return what the score of each night, the oldest first, has to exceed, from validation and the nights before it.

    The weighted 1 - share quantile with the night itself at infinity, as conformal prediction has it; older nights
    count for less (half-life 60).
    """
    counted: list[float] = []
    found = []
    for score in nights:
        age = np.arange(len(counted), 0, -1)
        weights = np.concatenate(
            [np.full(len(gauge.scores), gauge.weight / len(gauge.scores)), 0.5 ** (age / _HALF_LIFE)]
        )
        threshold = max(_quantile(np.concatenate([gauge.scores, counted]), weights, share), _LEAST)
        found.append(threshold)
        counted.append(_BROKEN * threshold if score > threshold else score)
    return found


def _quantile(values: Numbers, weights: Numbers, share: float) -> float:
    """The least value with at most this share of all weight above it, one more weight lying at infinity."""
    order = np.argsort(values)
    above = weights.sum() + 1.0 - np.cumsum(weights[order])
    places = np.flatnonzero(above <= share * (weights.sum() + 1.0))
    return float(values[order][places[0]]) if len(places) else float(values.max())


def rarity(gauge: Gauge, score: float, limit: float, share: float, nights_a_month: float) -> float:
    """Return how many months pass by chance between nights of such a score. At the limit that is as declared. Beyond it
    the tail of validation scores is taken for exponential; a hundred years at most."""
    high = gauge.scores[gauge.scores >= np.quantile(gauge.scores, _TAIL)]
    scale = max(float((high - high.min()).mean()), 1e-3)
    rarer = float(np.exp(min(max(score - limit, 0.0) / scale, 50.0)))
    return min(rarer / (share * nights_a_month), _MOST_MONTHS)


def stuck(values: Numbers, watched: int, longest: int) -> Mask:
    """(watched,) rows at the end of a series (n,) that end a run of equal values longer than any before.

    longest: the longest run of training; one of no more than three rows says nothing.
    """
    lengths = _equal(values)
    before = int(lengths[:-watched].max(initial=0))
    return np.asarray(lengths[-watched:] > max(before, longest, _LONGEST))


def _equal(values: Numbers) -> NDArray[np.int64]:
    """(n,) how many rows up to each have its value."""
    changes = np.ones(len(values), dtype=bool)
    changes[1:] = values[1:] != values[:-1]
    starts = np.maximum.accumulate(np.where(changes, np.arange(len(values)), 0))
    return np.where(np.isfinite(values), np.arange(len(values)) - starts + 1, 0)
