"""Exponential smoothing's recursion, run for many parameter sets and many columns at a time.

The model in its error-correction form with an additive error (Hyndman, Koehler, Ord and Snyder 2008): a row is
l + phi b + s + e, of level, slope, season and error; then l becomes l + phi b + alpha e, b becomes phi b + beta e and
s becomes s + gamma e. A missing row has no error: the states go on as they are. The season is a ring of m states or,
where m is larger than MOST_STATES, HARMONICS pairs that turn by one row each step and share gamma.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
MOST_STATES, HARMONICS = 24, 3


@dataclass(frozen=True, eq=False)
class ParameterSets:
    """G sets of one form of season.

    alpha, beta, phi, gamma: (G,), beta zero and phi one without a slope; has_slope, is_damped: (G,);
    season: m rows, 0 for none.
    """

    alpha: Numbers
    beta: Numbers
    phi: Numbers
    gamma: Numbers
    has_slope: NDArray[np.bool_]
    is_damped: NDArray[np.bool_]
    season: int

    def __len__(self) -> int:
        """G."""
        return len(self.alpha)


class States:
    """Level and slope (G, P), and the season's states (m or 2 HARMONICS, G, P), of P columns."""

    def __init__(self, sets: ParameterSets, columns: int) -> None:
        """All states are zero."""
        self.level, self.slope = np.zeros((2, len(sets), columns))
        self.season = np.zeros((season_states(sets.season), len(sets), columns))
        angle = 2 * np.pi * np.arange(1, HARMONICS + 1) / max(sets.season, 1)
        self._cos, self._sin = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
        self._is_ring = 0 < sets.season <= MOST_STATES
        self._row = 0
        self._sets = [each[:, None] for each in (sets.alpha, sets.beta, sets.phi, sets.gamma)]

    def step(self) -> Numbers:
        """Go on by one row without an error; (G, P) what the states say of it."""
        self.slope = self._sets[2] * self.slope
        self.level = self.level + self.slope
        self._row += 1
        if self._is_ring:
            return np.asarray(self.level + self.season[(self._row - 1) % len(self.season)])
        if not len(self.season):
            return self.level
        even, odd = self.season[:HARMONICS], self.season[HARMONICS:]
        self.season = np.concatenate([self._cos * even + self._sin * odd, self._cos * odd - self._sin * even])
        return np.asarray(self.level + self.season[:HARMONICS].sum(axis=0))

    def learn(self, error: Numbers) -> None:
        """Correct the states by the errors (G, P) of the row that `step` came to."""
        alpha, beta, _, gamma = self._sets
        self.level += alpha * error
        self.slope += beta * error
        if self._is_ring:
            self.season[(self._row - 1) % len(self.season)] += gamma * error
        elif len(self.season):
            self.season += gamma / HARMONICS * error


def season_states(season: int) -> int:
    """Return how many states a season of m rows has; 0 for none."""
    return season if season <= MOST_STATES else 2 * HARMONICS


def run(
    sets: ParameterSets, states: States, rows: Numbers, observed: NDArray[np.bool_], horizon: int
) -> tuple[Numbers, Numbers]:
    """Errors (G, T, P) over rows (T, P), zero where not observed (T,), and forecasts (G, K, P) of what follows."""
    errors = np.zeros((len(sets), len(rows), states.level.shape[1]))
    for row, (values, is_observed) in enumerate(zip(rows, observed, strict=True)):
        expected = states.step()
        if is_observed:
            error = values - expected
            states.learn(error)
            errors[:, row] = error
    return errors, np.stack([states.step() for _ in range(horizon)], axis=1)


def unit_starts(sets: ParameterSets) -> States:
    """One column for each start value that is to be found: level, slope, and what of a season does not move the level.

    A ring's starts are kept to sum zero by an orthonormal basis of m - 1 columns.
    """
    season = season_states(sets.season)
    is_ring = 0 < sets.season <= MOST_STATES
    starts = _sums_of_zero(season) if is_ring else np.eye(season)
    states = States(sets, 2 + starts.shape[1])
    states.level[:, 0] = 1.0
    states.slope[:, 1] = sets.has_slope
    states.season[:, :, 2:] = starts[:, None, :]
    return states


def _sums_of_zero(count: int) -> Numbers:
    """(m, m - 1) orthonormal columns, each of which sums to zero."""
    ones_first = np.column_stack([np.ones(count), np.eye(count)[:, 1:]])
    return np.asarray(np.linalg.qr(ones_first)[0][:, 1:])


def responses(sets: ParameterSets, horizon: int) -> Numbers:
    """(G, K) by how much an error of one moves each row after it: c[j] = w' F^(j-1) g."""
    states = States(sets, 1)
    states.step()
    states.learn(np.ones((len(sets), 1)))
    return np.stack([states.step()[:, 0] for _ in range(horizon)], axis=1)
