"""The bank against a slow twin that writes the model's matrices out, and what it must say of simple series."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lstmcast.forecasters import bank as rooms
from lstmcast.forecasters.bank import RIDGE, bank, bank_with_known
from lstmcast.forecasters.state_space import (
    HARMONICS,
    MOST_STATES,
    ParameterSets,
    States,
    responses,
    run,
    season_states,
)

Numbers = NDArray[np.float64]


def matrices(sets: ParameterSets, g: int) -> tuple[Numbers, Numbers, Numbers]:
    """w (n,), F (n, n) and g (n,) of one parameter set: level, slope and the season's states."""
    alpha, beta, phi, gamma = (getattr(sets, name)[g] for name in ("alpha", "beta", "phi", "gamma"))
    count = season_states(sets.season)
    F = np.zeros((2 + count, 2 + count))
    F[0, :2], F[1, 1] = (1, phi), phi
    gain = np.array([alpha, beta, *np.zeros(count)])
    if 0 < sets.season <= MOST_STATES:
        F[2:, 2:] = np.roll(np.eye(count), 1, axis=1)  # the oldest season comes first
        w = np.array([1, phi, 1, *np.zeros(count - 1)])
        gain[-1] = gamma  # and is learned from when it has become the newest
    else:
        for j in range(count // 2):
            angle = 2 * np.pi * (j + 1) / sets.season
            even, odd = 2 + j, 2 + HARMONICS + j
            F[even, [even, odd]], F[odd, [even, odd]] = (
                (np.cos(angle), np.sin(angle)),
                (-np.sin(angle), np.cos(angle)),
            )
        w = F[0] + F[2 : 2 + count // 2].sum(axis=0)
        gain[2:] = gamma / HARMONICS
    return w, F, gain


def slow(sets: ParameterSets, g: int, rows: Numbers, horizon: int) -> tuple[float, Numbers, float, Numbers]:
    """Sum of squares, forecast (K,), number of parameters and growth (K,) of one set, row by row with matrices."""
    w, F, gain = matrices(sets, g)
    count = season_states(sets.season)
    states = [np.eye(2 + count)[0]] + ([np.eye(2 + count)[1]] if sets.has_slope[g] else [])
    if 0 < sets.season <= MOST_STATES:
        zero_sum = np.eye(count) - 1 / count
        basis = np.linalg.svd(zero_sum)[0][:, : count - 1]
        states += [np.array([0, 0, *column]) for column in basis.T]
    else:
        states += list(np.eye(2 + count)[2:])
    plain = 1 + sets.has_slope[g]
    penalty = np.array([0.0] * plain + [RIDGE] * (len(states) - plain))

    def errors_of(start: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        state, errors = start.astype(float), []
        for value in y:
            if np.isnan(value):
                state = F @ state
                continue
            errors.append(value - w @ state)
            state = F @ state + gain * errors[-1]
        return np.array(errors), state

    empty = np.where(np.isnan(rows), np.nan, 0.0)
    none = np.zeros(2 + count)
    first, _ = errors_of(none, rows)
    effect = -np.column_stack([errors_of(state, empty)[0] for state in states])
    gram = effect.T @ effect
    start = np.linalg.solve(gram + np.diag(penalty), effect.T @ first)
    errors, state = errors_of(np.column_stack(states) @ start, rows)
    ahead = np.array([w @ np.linalg.matrix_power(F, k) @ state for k in range(horizon)])
    moved = [w @ np.linalg.matrix_power(F, k) @ gain for k in range(horizon - 1)]
    effective = np.trace(np.linalg.solve(gram + np.diag(penalty), gram))
    smoothing = 1 + sets.has_slope[g] + sets.is_damped[g] + (sets.season > 0)
    growth = 1 + np.cumsum([0.0, *np.square(moved)])
    return float(errors @ errors), ahead, smoothing + effective + 1, growth


@pytest.mark.parametrize("season", [0, 4, 30])
@pytest.mark.parametrize("gaps", [False, True])
def test_each_set_is_what_its_matrices_say(season: int, gaps: bool) -> None:
    rng = np.random.default_rng(season)
    rows = 50 + 0.3 * np.arange(70) + rng.normal(size=70) + 5 * np.sin(2 * np.pi * np.arange(70) / 4)
    if gaps:
        rows[[0, 3, 17, 18, 19, 69]] = np.nan
    sets = rooms._forms(season, 70)[-1]
    observed = np.isfinite(rows)
    starts = rooms._starts(sets, observed.tobytes(), 6)
    filled = np.where(observed, rows, 0.0)[:, None]
    errors, points = run(sets, States(sets, 1), filled, observed, 6)
    squares, start = rooms._least_squares(starts, errors)
    points = points + starts.ahead @ start
    for g in range(0, len(sets), 17):
        error, ahead, count, growth = slow(sets, g, rows, 6)
        assert squares[g, 0] == pytest.approx(error, rel=1e-6)
        assert points[g, :, 0] == pytest.approx(ahead, rel=1e-6)
        assert starts.parameters[g] == pytest.approx(count, rel=1e-6)
        assert starts.growth[g] == pytest.approx(growth, rel=1e-9)


def test_the_mean_of_all_sets_is_weighted_by_aicc_and_its_variance_is_total() -> None:
    rng = np.random.default_rng(5)
    rows = np.exp(0.02 * np.arange(40) + 0.1 * rng.normal(size=40)) * 100
    c, n, found = np.median(rows), 40, []
    scales = {
        "y": (rows / c, 0.0, lambda f: f, lambda f: np.ones_like(f)),
        "log1p": (np.log1p(rows / c), 2 * np.log1p(rows / c).sum(), np.expm1, np.exp),
        "log": (np.log(rows / c), 2 * np.log(rows / c).sum(), np.exp, np.exp),
    }
    for sets in rooms._forms(4, n):
        for scaled, jacobian, back, slope in scales.values():
            for g in range(len(sets)):
                error, ahead, k, growth = slow(sets, g, scaled, 5)
                aicc = n * np.log(error / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1) + jacobian
                found.append((aicc, back(ahead), error / (n - k) * growth * slope(ahead) ** 2))
    aicc, points, variances = (np.array(part) for part in zip(*found, strict=True))
    weight = np.exp(-(aicc - aicc.min()) / 2)
    weight /= weight.sum()
    point = weight @ points
    said = bank(rows[:, None], 4, 5)
    assert said.point[:, 0] == pytest.approx(c * point, rel=1e-8)
    total = weight @ variances + weight @ (points - point) ** 2
    assert said.variance[:, 0] == pytest.approx(c**2 * total, rel=1e-6)


def test_what_stands_beside_a_series_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    rows = np.cumsum(rng.normal(size=(48, 5)), axis=0) + 30
    rows[7, 2] = rows[30:33, 4] = np.nan
    together = bank(rows, 12, 6)
    for column in range(5):
        alone = bank(rows[:, [column]], 12, 6)
        assert together.point[:, [column]] == pytest.approx(alone.point, rel=1e-9)
        assert together.variance[:, [column]] == pytest.approx(alone.variance, rel=1e-9)


def test_units_do_not_matter() -> None:
    rows = 20 + np.cumsum(np.random.default_rng(2).normal(size=(40, 1)), axis=0)
    said, larger = bank(rows, 4, 4), bank(rows * 1e9, 4, 4)
    assert larger.point == pytest.approx(said.point * 1e9, rel=1e-7)
    assert larger.variance == pytest.approx(said.variance * 1e18, rel=1e-7)


def test_a_line_goes_on_and_a_constant_stays() -> None:
    line = bank(5.0 + 2.0 * np.arange(24.0)[:, None] - 30.0, 1, 3)
    assert line.point[:, 0] == pytest.approx([23.0, 25.0, 27.0], rel=1e-3)
    constant = bank(np.full((24, 1), 7.0), 4, 3)
    assert constant.point[:, 0] == pytest.approx([7.0, 7.0, 7.0])
    nothing = bank(np.zeros((24, 1)), 4, 3)
    assert nothing.point[:, 0] == pytest.approx([0.0, 0.0, 0.0])


def test_growth_by_a_share_goes_on_so() -> None:
    rows = 100 * 1.05 ** np.arange(40.0)
    said = bank(rows[:, None] * np.exp(0.01 * np.random.default_rng(0).normal(size=(40, 1))), 1, 6)
    assert said.point[:, 0] == pytest.approx(100 * 1.05 ** np.arange(40.0, 46.0), rel=0.04)


def test_an_error_moves_what_follows_as_the_matrices_say() -> None:
    sets = rooms._forms(4, 40)[-1]
    moved = responses(sets, 6)
    w, F, gain = matrices(sets, 30)
    assert moved[30] == pytest.approx([w @ np.linalg.matrix_power(F, k) @ gain for k in range(6)])


def test_eight_rows_and_rows_of_very_different_size_are_enough() -> None:
    with np.errstate(all="raise", under="ignore"):
        for rows in (np.arange(8.0), np.array([0, 0, 0, 0, 0, 0, 0, 5.0]), 10.0 ** np.arange(-4, 12)):
            said = bank(rows[:, None], 1, 4)
            assert np.isfinite(said.point).all()
            assert (said.variance >= 0).all()


def test_columns_known_ahead_are_a_regression_with_errors_of_the_smoothing() -> None:
    rng = np.random.default_rng(4)
    known = rng.normal(size=(66, 2))
    known = (known - known.mean(axis=0)) / known.std(axis=0)
    level = 50 + np.cumsum(rng.normal(size=66))
    rows = level + 6 * known[:, 0]
    said, effect = bank_with_known(rows[:60, None], known, 1, 6)
    without = bank(rows[:60, None], 1, 6)
    assert np.abs(said.point[:, 0] - rows[60:]).mean() < 0.5 * np.abs(without.point[:, 0] - rows[60:]).mean()
    assert said.variance.mean() < 0.5 * without.variance.mean()
    plain = effect.taken_out(rows[:60, None])
    assert np.corrcoef(np.diff(plain[:, 0]), np.diff(level[:60]))[0, 1] > 0.95
    again = effect.put_back(level[60:, None])
    assert np.corrcoef(again[:, 0] - level[60:], known[60:, 0])[0, 1] > 0.95


def test_known_columns_of_one_set_are_what_lstsq_says() -> None:
    rng = np.random.default_rng(6)
    rows, known = 10 + rng.normal(size=40), rng.normal(size=(45, 2))
    sets, observed = rooms._forms(1, 40)[0], np.ones(40, dtype=bool)
    starts = rooms._starts(sets, observed.tobytes(), 5)
    both = rooms._beside(starts, sets, known, observed)
    errors, points = run(sets, States(sets, 1), rows[:, None], observed, 5)
    squares, start = rooms._least_squares(both, errors)
    for g in (0, 60, 200):
        slopes = start[g, 2:, 0]
        left, ahead, _, _ = slow(sets, g, rows - known[:40] @ slopes, 5)
        assert squares[g, 0] == pytest.approx(left, rel=1e-6)
        assert (points + both.ahead @ start)[g, :, 0] == pytest.approx(ahead + known[40:] @ slopes, rel=1e-6)
        for step in np.array([[0.01, 0.0], [-0.01, 0.0]]):
            worse, _, _, _ = slow(sets, g, rows - known[:40] @ (slopes + step), 5)
            assert worse + 0.1 * ((slopes + step) ** 2).sum() > left + 0.1 * (slopes**2).sum()


def test_a_column_that_says_nothing_is_hardly_believed() -> None:
    rng = np.random.default_rng(8)
    rows, known = 100 + rng.normal(size=(60, 1)), rng.normal(size=(66, 3))
    said, _ = bank_with_known(rows, known, 1, 6)
    assert said.point == pytest.approx(bank(rows, 1, 6).point, abs=0.4)
