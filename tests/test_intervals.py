"""Bands: calibrated by the conformal order statistic, nested, and the same for a window whatever stands beside it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from lstmcast.errors import UsageError
from lstmcast.intervals import LEVELS, QUANTILES, Intervals, calibrate, half_widths, order_statistic


def fan(rng: np.random.Generator, steps: int, windows: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (K, n) and quantiles (K, Q, n) around them, wider with each step, too narrow on purpose."""
    point = rng.normal(size=(steps, windows))
    spread = np.array([-1.64, -1.28, -0.84, -0.52, -0.25, 0, 0.25, 0.52, 0.84, 1.28, 1.64]) * 0.6
    width = (1 + np.arange(steps))[:, None] * rng.uniform(0.5, 2.0, size=windows)
    return point, point[:, None] + spread[:, None] * width[:, None]


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
    fresh = intervals.bands(point[:, 3000:], None if given is None else given[:, :, 3000:], LEVELS)
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
    bands = intervals.bands(point, quantiles, tuple(range(1, 99)))
    for inner, outer in itertools.pairwise(bands.values()):
        assert (outer[0] <= inner[0]).all()
        assert (outer[1] >= inner[1]).all()
    assert all((lower <= point).all() and (upper >= point).all() for lower, upper in bands.values())


def test_a_level_between_two_is_between_them() -> None:
    intervals = Intervals("split", np.arange(1.0, len(LEVELS) + 1)[:, None])
    point = np.zeros((1, 1))
    widths = {
        level: bands[1].item() for level, bands in intervals.bands(point, None, (10, 20, 70, 85, 98)).items()
    }
    assert widths == pytest.approx({10: 0.5, 20: 1.0, 70: 3.5, 85: 4.5, 98: len(LEVELS)})


@pytest.mark.parametrize("level", [0, -5, 99, 100, 1000])
def test_a_level_beyond_what_can_be_promised_is_refused(level: int) -> None:
    with pytest.raises(UsageError, match="1 to 98"):
        Intervals("split", np.ones((len(LEVELS), 1))).bands(np.zeros((1, 1)), None, (level,))


def test_few_validation_horizons_are_not_believed() -> None:
    point, quantiles = fan(np.random.default_rng(2), 4, 200)
    exact = point.copy()  # no error at all: the factors would be zero
    assert calibrate(exact, point, quantiles, 3).kind == "split"
    assert (calibrate(exact, point, quantiles, 4).widths == 1).all()
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
    together = intervals.bands(point, quantiles, (80,))[80]
    alone = intervals.bands(point[:, :1], quantiles[:, :, :1], (80,))[80]
    assert alone[0].tolist() == together[0][:, :1].tolist()
    assert alone[1].tolist() == together[1][:, :1].tolist()


@pytest.mark.parametrize("kind", ["quantiles", "split"])
def test_a_factor_makes_bands_that_many_times_as_wide(kind: str) -> None:
    rng = np.random.default_rng(0)
    point, quantiles = fan(rng, 3, 400)
    actual = point + rng.normal(size=point.shape)
    plain, wide = (calibrate(actual, point, quantiles, 20, kind, factor) for factor in (1.0, 1.5))
    for level in (80, 95):
        low, high = plain.bands(point, quantiles, [level])[level]
        lower, higher = wide.bands(point, quantiles, [level])[level]
        assert higher - point == pytest.approx(1.5 * (high - point))
        assert point - lower == pytest.approx(1.5 * (point - low))
