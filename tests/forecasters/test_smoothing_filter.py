"""The smoothing recursion beside a plain loop: gaps, clocks, series side by side, going on from a state."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lstmcast.forecasters.smoothing_filter import Axis, FilterState, Rates, Trace, axis_of, run, start

Numbers = NDArray[np.float64]
LENGTHS = {"one": [90], "equal": [90, 90], "ragged": [70, 110, 90]}


def rates_of(series: int, sets: int, seed: int = 0, *, trend: bool = True) -> Rates:
    """Random rates; with a trend a little of it."""
    values = np.random.default_rng(seed).uniform(0.05, 0.4, size=(6, series, sets))
    values[1] *= 0.1 * trend
    values[2] = 0.95 if trend else 1.0
    return Rates(values)


def series_of(lengths: list[int], seed: int = 0) -> tuple[Numbers, NDArray[np.int64]]:
    """Flat rows with a day of 4 and a week of 12 rows, an outlier, gaps in the second half, and the offsets."""
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    rows = np.arange(offsets[-1])
    values = np.sin(rows * np.pi / 2) + (rows % 12 < 4) + rng.normal(size=len(rows)) * 0.3
    values[offsets[:-1] + 60] += 20
    values[rng.random(len(rows)) < 0.1 * (rows > offsets[-1] / 2)] = np.nan
    return values, offsets


def passed(
    rates: Rates, values: Numbers, axis: Axis, state: FilterState | None = None, firsts: Numbers | None = None
) -> tuple[Trace, FilterState]:
    """A pass over all rows, or from a state on over those from `firsts` on."""
    begin = axis.offsets[:-1] if firsts is None else firsts
    state = start(values, axis, begin, axis.offsets[1:], rates.memory.shape[1]) if state is None else state
    known = np.full((5, len(values), rates.memory.shape[1]), np.nan, dtype=np.float32)
    end = run(rates, state, values, axis, begin, axis.offsets[1:], known)
    return Trace(rates, axis, known), end


def twin(
    rates: Numbers,
    values: Numbers,
    first: FilterState,
    number: int,
    day: int,
    week: int,
    place: NDArray[np.int64],
    ahead: int,
) -> Numbers:
    """(rows + 1, ahead) forecasts of one set (6,) from each row of one series on, from the equations, number by number.

    place: (rows + ahead,) of each row and of those after it.
    """
    alpha, beta, phi, delta, omega, rho = rates
    e, level, b = (float(part[number, 0]) for part in first.now)
    spread = float(first.spread[number, 0])
    days, weeks = first.day[:, number, 0].tolist(), first.week[:, number, 0].tolist()
    found = np.zeros((len(values) + 1, ahead))
    for row in range(len(values) + 1):
        for h in range(1, ahead + 1):
            where = place[row + h - 1]
            trend = sum(phi**k for k in range(1, h + 1)) * b
            found[row, h - 1] = level + trend + days[where % day] + weeks[where % week] + rho**h * e
        if row == len(values):
            break
        i, j, base = place[row] % day, place[row] % week, level + phi * b
        if np.isnan(values[row]):
            level, b, e = base, phi * b, rho * e
            continue
        u = values[row] - base - days[i] - weeks[j] - rho * e
        c = min(max(u, -4 * spread), 4 * spread)
        spread += 0.01 * (abs(c) - spread)
        e = c + rho * e
        level, b = base + alpha * e, phi * b + beta * e
        days[i] += delta * e
        weeks[j] += omega * e
    return found


@pytest.mark.parametrize("trend", [True, False])
@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
def test_every_set_of_every_series_forecasts_what_a_plain_loop_does(lengths: list[int], trend: bool) -> None:
    values, offsets = series_of(lengths)
    rates, axis = rates_of(len(lengths), 3, trend=trend), axis_of(4, 12, offsets, None)
    trace, _ = passed(rates, values, axis)
    first = start(values, axis, offsets[:-1], offsets[1:], 1)
    for number in range(len(lengths)):
        for one in range(3):
            own = slice(offsets[number], offsets[number + 1])
            place = np.arange(lengths[number] + 30)
            slow = twin(rates.values[:, number, one], values[own], first, number, 4, 12, place, 30)
            origins = np.arange(offsets[number] + 1, offsets[number + 1] - 30 + 1)
            fast = trace.forecast(origins, 30)[:, :, one]  # beyond the day, the week and twice the week
            np.testing.assert_allclose(fast.T, slow[1 : len(origins) + 1], atol=1e-4)


def test_a_day_of_23_and_one_of_25_rows_leave_a_slot_out_and_come_to_one_twice() -> None:
    values, offsets = series_of([100])
    ahead = np.zeros(100, dtype=np.float32)
    ahead[40:62] = 1.0  # the clock is put forward before row 40 and back before row 62
    rates, axis = rates_of(1, 1), axis_of(4, 12, offsets, ahead)
    trace, _ = passed(rates, values, axis)
    place = np.arange(100) + ahead.astype(np.int64)
    first = start(values, axis, offsets[:-1], offsets[1:], 1)
    for origin in (30, 38, 39, 40, 41, 60, 61, 62, 63, 80):
        want = twin(rates.values[:, 0, 0], values[:origin], first, 0, 4, 12, place, 20)[origin]
        np.testing.assert_allclose(trace.forecast(np.array([origin]), 20)[:, 0, 0], want, atol=1e-5)


def test_series_side_by_side_are_as_each_alone() -> None:
    values, offsets = series_of(LENGTHS["ragged"])
    rates = rates_of(3, 4)
    together, end = passed(rates, values, axis_of(4, 12, offsets, None))
    for number in range(3):
        own = values[offsets[number] : offsets[number + 1]]
        axis = axis_of(4, 12, np.array([0, len(own)]), None)
        alone, own_end = passed(rates.of_series(np.array([number])), own, axis)
        np.testing.assert_array_equal(together.known[:, offsets[number] : offsets[number + 1]], alone.known)
        for part, other in zip(
            vars(end.of_series(np.array([number]))).values(), vars(own_end).values(), strict=True
        ):
            np.testing.assert_array_equal(part, other)


@pytest.mark.parametrize("clock", [False, True])
def test_going_on_from_a_state_is_running_over_the_whole(clock: bool) -> None:
    values, offsets = series_of(LENGTHS["ragged"])
    ahead = np.where(np.arange(len(values)) % 100 > 49, 1.0, 0.0).astype(np.float32) if clock else None
    rates, axis = rates_of(3, 2), axis_of(4, 12, offsets, ahead)
    whole, end = passed(rates, values, axis)
    cuts = offsets[:-1] + np.array([50, 61, 80])
    known = np.full_like(whole.known, np.nan)
    first = start(values, axis, offsets[:-1], offsets[1:], 2)
    middle = run(rates, first, values, axis, offsets[:-1], cuts, known)
    last = run(rates, middle, values, axis, cuts, offsets[1:], known)
    np.testing.assert_array_equal(known, whole.known)
    for part, other in zip(vars(last).values(), vars(end).values(), strict=True):
        np.testing.assert_array_equal(part, other)


def test_missing_rows_one_by_one_or_at_once_leave_the_same_state() -> None:
    values, offsets = series_of([60, 80])
    rates = rates_of(2, 2)
    _, state = passed(rates, values, axis_of(4, 12, offsets, None))
    empty = np.full(14, np.nan)
    after, gap = np.array([0, 7, 14]), np.array([7, 7])
    _, stepped = passed(rates, empty, axis_of(4, 12, after, None), state)
    for part, other in zip(vars(stepped).values(), vars(state.later(rates, gap, gap)).values(), strict=True):
        np.testing.assert_allclose(part, other, atol=1e-12)
    np.testing.assert_allclose(
        stepped.spread, state.spread
    )  # or the filter would believe nothing after a gap


def test_an_outlier_is_believed_up_to_four_times_the_usual_error() -> None:
    values, offsets = series_of([120])
    rates, axis = rates_of(1, 1, trend=False), axis_of(4, 12, offsets, None)
    plain, _ = passed(rates, values, axis)
    values[110] = 1e6
    hit, end = passed(rates, values, axis)
    later = np.array([111])
    moved = np.abs(hit.forecast(later, 8) - plain.forecast(later, 8))
    assert 0 < moved.max() < 8 * end.spread.max()


def test_a_constant_series_is_forecast_as_it_is_and_follows_when_it_moves() -> None:
    values = np.concatenate([np.full(60, 5.0), np.full(200, 6.0)])
    offsets = np.array([0, 260])
    trace, _ = passed(rates_of(1, 1, trend=False), values, axis_of(4, 12, offsets, None))
    np.testing.assert_allclose(trace.forecast(np.array([60]), 12), 5.0, atol=1e-6)
    np.testing.assert_allclose(trace.forecast(np.array([248]), 12), 6.0, atol=0.1)


def test_without_seasons_only_the_level_moves() -> None:
    rng = np.random.default_rng(1)
    values, offsets = rng.normal(size=50).cumsum(), np.array([0, 50])
    trace, _ = passed(rates_of(1, 1), values, axis_of(1, 1, offsets, None))
    assert np.isfinite(trace.forecast(np.arange(1, 40), 5)).all()
    assert not trace.known[3:].any()
