"""Bands: calibrated by the conformal order statistic, nested, and the same for a window whatever stands beside it."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from lstmcast.core.errors import UsageError
from lstmcast.evaluation.metrics import winkler
from lstmcast.forecasters import intervals as room
from lstmcast.forecasters.intervals import (
    LEVELS,
    QUANTILES,
    Evidence,
    Intervals,
    follow,
    half_widths,
    order_statistic,
)


def fan(rng: np.random.Generator, steps: int, windows: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (K, n) and quantiles (K, Q, n) around them, wider with each step, too narrow on purpose."""
    point = rng.normal(size=(steps, windows))
    spread = np.array([-1.64, -1.28, -0.84, -0.52, -0.25, 0, 0.25, 0.52, 0.84, 1.28, 1.64]) * 0.6
    width = (1 + np.arange(steps))[:, None] * rng.uniform(0.5, 2.0, size=windows)
    return point, point[:, None] + spread[:, None] * width[:, None]


def calibrate(actual: Any, point: Any, quantiles: Any, horizons: int, *more: Any) -> Intervals:
    """Calibrated on windows that are as restless as usual, every one."""
    return room.calibrate(Evidence(actual, point, quantiles, np.ones(actual.shape[1]), horizons), *more)


def bands_of(intervals: Intervals, point: Any, quantiles: Any, levels: Any) -> Any:
    """Bands of windows that are as restless as usual, every one."""
    return intervals.bands(point, quantiles, levels, np.ones(point.shape[1]))


@pytest.mark.parametrize("count", [1, 2, 7, 10, 99, 100])
@pytest.mark.parametrize("level", [20, 80, 98])
def test_the_order_statistic_is_the_one_of_a_sorted_list(count: int, level: int) -> None:
    scores = np.random.default_rng(count).normal(size=count)
    rank = -(-(count + 1) * level // 100)
    assert order_statistic(scores, level) == sorted(scores)[min(rank, count) - 1]


def test_scores_that_are_missing_do_not_count_and_none_is_nan() -> None:
    assert order_statistic(np.array([np.nan, 3.0, 1.0, np.nan]), 50) == order_statistic(
        np.array([3.0, 1.0]), 50
    )
    assert np.isnan(order_statistic(np.array([np.nan]), 50))


@pytest.mark.parametrize("kind", ["quantiles", "split"])
def test_bands_cover_what_they_promise_on_exchangeable_errors(kind: str) -> None:
    rng = np.random.default_rng(0)
    point, quantiles = fan(rng, 6, 6000)
    actual = point + 1.7 * (quantiles[:, 8] - point) * rng.normal(size=point.shape)
    given = quantiles if kind == "quantiles" else None
    intervals = calibrate(
        actual[:, :3000], point[:, :3000], None if given is None else given[:, :, :3000], 50
    )
    assert intervals.kind == kind
    fresh = bands_of(intervals, point[:, 3000:], None if given is None else given[:, :, 3000:], LEVELS)
    for level, (lower, upper) in fresh.items():
        inside = (actual[:, 3000:] >= lower) & (actual[:, 3000:] <= upper)
        assert inside.mean() == pytest.approx(level / 100, abs=0.02), level
        if kind == "split":
            assert inside.mean(axis=1) == pytest.approx(np.full(6, level / 100), abs=0.04)


@pytest.mark.parametrize("kind", ["quantiles", "split"])
def test_a_higher_level_is_never_inside_a_lower_one(kind: str) -> None:
    rng = np.random.default_rng(1)
    point, quantiles = fan(rng, 4, 60)
    quantiles = np.sort(quantiles + rng.normal(size=quantiles.shape), axis=1)
    actual = point + rng.normal(size=point.shape)
    intervals = calibrate(actual, point, quantiles if kind == "quantiles" else None, 20)
    bands = bands_of(intervals, point, quantiles, tuple(range(1, 99)))
    for inner, outer in itertools.pairwise(bands.values()):
        assert (outer[0] <= inner[0]).all()
        assert (outer[1] >= inner[1]).all()
    assert all((lower <= point).all() and (upper >= point).all() for lower, upper in bands.values())


def test_a_level_between_two_is_between_them() -> None:
    intervals = Intervals("split", np.arange(1.0, len(LEVELS) + 1)[:, None])
    point = np.zeros((1, 1))
    widths = {
        level: bands[1].item()
        for level, bands in bands_of(intervals, point, None, (10, 20, 70, 85, 98)).items()
    }
    assert widths == pytest.approx({10: 0.5, 20: 1.0, 70: 3.5, 85: 4.5, 98: len(LEVELS)})


@pytest.mark.parametrize("level", [0, -5, 99, 100, 1000])
def test_a_level_beyond_what_can_be_promised_is_refused(level: int) -> None:
    with pytest.raises(UsageError, match="1 to 98"):
        bands_of(Intervals("split", np.ones((len(LEVELS), 1))), np.zeros((1, 1)), None, (level,))


def test_few_validation_horizons_are_not_believed() -> None:
    point, quantiles = fan(np.random.default_rng(2), 4, 200)
    exact = point.copy()  # no error at all: the factors would be zero
    assert calibrate(exact, point, quantiles, 3).kind == "split"
    few = calibrate(exact, point, quantiles, 4).widths
    assert few == pytest.approx([1, 1, 1, 1, 1, 1.02, 1.02**2])  # the last ones are of the same edges
    assert (calibrate(exact, point, quantiles, 8).widths == 0).all()


def test_missing_targets_do_not_count_in_a_calibration() -> None:
    rng = np.random.default_rng(3)
    point, quantiles = fan(rng, 4, 200)
    actual = point + rng.normal(size=point.shape)
    actual[:, ::2] = np.nan
    actual[2] = np.nan  # a step that was never seen takes the one before
    for given in (quantiles, None):
        found = calibrate(actual, point, given, 20)
        assert np.isfinite(found.widths).all()
    assert (found.widths[:, 2] == found.widths[:, 1]).all()
    kept = calibrate(actual[:2, 1::2], point[:2, 1::2], None, 20)
    assert found.widths[:, :2].tolist() == kept.widths.tolist()


def test_half_widths_are_distances_from_the_median() -> None:
    point, quantiles = fan(np.random.default_rng(4), 2, 5)
    below, above = half_widths(quantiles)
    at = dict(zip(LEVELS, range(len(LEVELS)), strict=True))
    for level, low, high in ((80, 0.1, 0.9), (90, 0.05, 0.95), (20, 0.4, 0.6), (98, 0.05, 0.95)):
        expected = point - quantiles[:, QUANTILES.index(low)], quantiles[:, QUANTILES.index(high)] - point
        assert below[at[level]] == pytest.approx(expected[0])
        assert above[at[level]] == pytest.approx(expected[1])


def test_the_band_of_a_window_does_not_depend_on_the_windows_beside_it() -> None:
    point, quantiles = fan(np.random.default_rng(5), 3, 4)
    quantiles[:, :, 0] = point[:, None, 0]  # no spread: the least width decides
    quantiles[:, :, 3] = point[:, None, 3] + 1000 * (quantiles[:, :, 3] - point[:, None, 3])
    intervals = Intervals("quantiles", np.ones(len(LEVELS)))
    together = bands_of(intervals, point, quantiles, (80,))[80]
    alone = bands_of(intervals, point[:, :1], quantiles[:, :, :1], (80,))[80]
    assert alone[0].tolist() == together[0][:, :1].tolist()
    assert alone[1].tolist() == together[1][:, :1].tolist()


@pytest.mark.parametrize("kind", ["quantiles", "split"])
def test_a_factor_makes_bands_that_many_times_as_wide(kind: str) -> None:
    rng = np.random.default_rng(0)
    point, quantiles = fan(rng, 3, 400)
    actual = point + rng.normal(size=point.shape)
    plain, wide = (calibrate(actual, point, quantiles, 20, kind, factor) for factor in (1.0, 1.5))
    for level in (80, 95):
        low, high = bands_of(plain, point, quantiles, [level])[level]
        lower, higher = bands_of(wide, point, quantiles, [level])[level]
        assert higher - point == pytest.approx(1.5 * (high - point))
        assert point - lower == pytest.approx(1.5 * (point - low))


def restless(seed: int = 0, windows: int = 4000, power: float = 1.0) -> Evidence:
    """Windows (3, n) of which some are restless, with errors that go with a power of their volatility."""
    rng = np.random.default_rng(seed)
    point, quantiles = fan(rng, 3, windows)
    volatility = rng.uniform(0.5, 2.0, size=windows)
    actual = point + volatility**power * rng.normal(size=point.shape)
    return Evidence(actual, point, quantiles, volatility, 20)


@pytest.mark.parametrize("kind", ["quantiles", "split"])
def test_bands_are_wider_after_restless_windows(kind: str) -> None:
    given = restless()
    intervals = room.calibrate(given, kind, 1.0, 0.5, 2.0)
    point, quantiles = given.point[:, :1], given.quantiles[:, :, :1]  # type: ignore[index]

    def width(volatility: float) -> float:
        low, high = intervals.bands(point, quantiles, [80], np.array([volatility]))[80]
        return float((high - low).mean())

    assert width(8.0) == pytest.approx(2 * width(2.0))
    assert width(0.5) == pytest.approx(0.5 * width(2.0))
    assert width(1e9) == width(10.0) == pytest.approx(math.sqrt(5.0) * width(2.0))
    assert width(math.nan) == width(math.inf) == width(10.0)
    assert width(0.0) == width(0.4) == pytest.approx(math.sqrt(0.2) * width(2.0))


def test_bands_without_a_power_are_the_same_bits_after_any_window() -> None:
    given = restless()
    intervals = Intervals("quantiles", np.linspace(0.5, 2, len(LEVELS)))
    calm, wild = (
        intervals.bands(given.point, given.quantiles, LEVELS, volatility)
        for volatility in (np.ones(4000), np.geomspace(1e-300, 1e300, 4000))
    )
    below, above = intervals._offsets(given.point, given.quantiles)
    for level in LEVELS:
        assert calm[level][0].tobytes() == wild[level][0].tobytes()
        assert wild[level][0].tobytes() == (given.point - room._at(level, below)).tobytes()
        assert wild[level][1].tobytes() == (given.point + room._at(level, above)).tobytes()


@pytest.mark.parametrize("kind", ["quantiles", "split"])
def test_bands_that_follow_hold_after_calm_and_after_restless_windows_alike(kind: str) -> None:
    taught, fresh = restless(0, power=0.5), restless(1, power=0.5)
    if kind == "quantiles":  # a network that knows the spread but for the volatility
        spread = np.array([-1.64, -1.28, -0.84, -0.52, -0.25, 0, 0.25, 0.52, 0.84, 1.28, 1.64])
        for given in (taught, fresh):
            given.quantiles[:] = given.point[:, None] + spread[:, None]  # type: ignore[index]

    def held(power: float) -> list[Any]:
        bands = room.calibrate(taught, kind, 1.0, power).bands(
            fresh.point, fresh.quantiles, [80], fresh.volatility
        )
        inside = (bands[80][0] <= fresh.actual) & (fresh.actual <= bands[80][1])
        return [inside[:, fresh.volatility < 0.8].mean(), inside[:, fresh.volatility > 1.6].mean()]

    assert held(0.5) == pytest.approx([0.8, 0.8], abs=0.03)
    calm, wild = held(0.0)
    assert calm > 0.87
    assert wild < 0.73


@pytest.mark.parametrize("kind", ["quantiles", "split"])
@pytest.mark.parametrize("power", [-1.0, 0.0, 0.5, 1.0])
def test_the_power_is_the_highest_whose_winkler_score_is_as_good_as_the_lowest(
    kind: str, power: float
) -> None:
    given = restless(3, power=power)
    found, scores = follow(given, kind), {}
    assert found.reference == np.median(given.volatility)
    for tried in (0.0, 0.25, 0.5):
        intervals = room.calibrate(  # so many horizons that the level is not raised
            Evidence(given.actual, given.point, given.quantiles, given.volatility, 10**9),
            *(kind, 1.0, tried, found.reference),
        )
        band = intervals.bands(given.point, given.quantiles, [80], given.volatility)[80]
        scores[tried] = winkler(given.actual, band, 80).mean()
    assert found.scores == pytest.approx(scores)
    assert found.power == max(tried for tried in scores if scores[tried] <= 1.01 * min(scores.values()))
    assert found.power == {-1.0: 0.0, 0.0: 0.25, 0.5: 0.5, 1.0: 0.5}[power]


def test_a_power_that_is_given_is_taken_and_constant_windows_are_not_followed() -> None:
    given = restless(power=-1.0)
    assert follow(given, "split", 0.7).power == 0.7
    still = Evidence(given.actual, given.point, None, np.zeros(4000), 20)
    for wanted in (None, 0.5):
        found = follow(still, "auto", wanted)
        assert (found.power, found.reference) == (0.0, 1.0)


@pytest.mark.parametrize("kind", ["quantiles", "split"])
def test_bands_calibrated_on_few_horizons_are_wider(kind: str) -> None:
    given = restless(power=0.0)
    few, some, many = (
        calibrate(given.actual, given.point, given.quantiles, horizons, kind).widths
        for horizons in (10, 40, 10**9)
    )
    assert (few[:-2] > some[:-2]).all()  # the highest levels all come close to the largest error
    assert (some[:-2] > many[:-2]).all()
    assert (few >= some).all()
    below, above = half_widths(given.quantiles)  # type: ignore[arg-type]
    for place, level in enumerate(LEVELS):
        error = given.actual - given.point
        scores = np.abs(error) / np.where(error < 0, below[place], above[place])
        raised = min(level * (1 + 1 / 30), 99.5)
        expected = [order_statistic(row, raised) for row in np.abs(error)]
        expected = expected if kind == "split" else order_statistic(scores, raised)  # type: ignore[assignment]
        assert few[place] == pytest.approx(expected)


def test_no_level_is_raised_beyond_what_errors_can_tell() -> None:
    given = restless(power=0.0)
    one = calibrate(given.actual, given.point, None, 1).widths
    assert one[LEVELS.index(80)].tolist() == [
        order_statistic(row, 99.5) for row in np.abs(given.actual - given.point)
    ]
    assert one[LEVELS.index(98)] == pytest.approx(
        1.02**3 * one[LEVELS.index(80)]
    )  # levels differ all the same
    assert calibrate(given.actual, given.point, None, 0).widths.tolist() == one.tolist()


def test_levels_always_differ_and_go_beyond_the_largest_of_few_errors() -> None:
    """Of three windows the largest error holds three quarters of new ones: a band of 95 % is wider than that."""
    few = np.array([[1.0, 2.0, 3.0]])
    widths = calibrate(few, np.zeros((1, 3)), None, 3).widths[:, 0]
    assert (np.diff(widths) > 0).all()
    assert widths[LEVELS.index(95)] > 1.5 * 3
    alike = calibrate(np.ones((1, 3)), np.zeros((1, 3)), None, 3).widths[:, 0]
    assert (np.diff(alike) > 0).all()
