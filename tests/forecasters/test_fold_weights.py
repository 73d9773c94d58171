"""Weights on few horizons: the prior without any, never a choice, and for a panel what all of its series say."""

from __future__ import annotations

import numpy as np
import pytest

from lstmcast.forecasters.fold_weights import pooled_places, weights_of_one, weights_of_panel

THIRDS = (1, 1, 1)


def test_without_folds_the_prior_stands() -> None:
    assert weights_of_one(np.zeros((0, 3)), (2, 1, 1)) == pytest.approx([0.5, 0.25, 0.25])
    assert weights_of_one(np.full((2, 3), np.nan), THIRDS) == pytest.approx(np.full(3, 1 / 3))


def test_folds_say_as_much_as_there_are_of_them() -> None:
    errors = np.array([[1.0, 2.0, 2.0]])
    inverse = np.array([4, 1, 1]) / 6
    assert weights_of_one(errors, THIRDS) == pytest.approx(inverse / 5 + 4 / 15)
    four = np.repeat([[1.0, 1.5, 1.5]], 4, axis=0)
    said = np.array([1, 1 / 2.25, 1 / 2.25])
    assert weights_of_one(four, THIRDS) == pytest.approx(said / said.sum() / 2 + 1 / 6)
    assert weights_of_one(np.repeat(four, 2, axis=0), THIRDS) == pytest.approx(weights_of_one(four, THIRDS))


def test_what_is_hopeless_on_every_fold_gets_nothing_and_on_one_fold_something() -> None:
    errors = np.array([[1.0, 1.1, 9.0], [1.0, 1.1, 2.5]])
    assert weights_of_one(errors, THIRDS)[2] == 0
    assert weights_of_one(errors[:1], THIRDS)[2] > 0.2
    assert weights_of_one(np.array([[1.0, 1.1, 9.0], [1.0, 1.1, 1.5]]), THIRDS)[2] > 0


def test_no_error_at_all_is_no_error() -> None:
    weights = weights_of_one(np.zeros((2, 2)), (1, 1))
    assert weights == pytest.approx([0.5, 0.5])


def test_a_large_panel_is_believed_and_a_small_one_hardly() -> None:
    rng = np.random.default_rng(0)
    actual = rng.normal(size=(4, 200))
    points = np.stack([actual + 0.01 * rng.normal(size=(4, 200)), actual + 3, actual + 5])
    scale, prior = np.ones(200), (1, 1, 1)
    large = weights_of_panel(points, actual, scale, prior, 3_000)
    small = weights_of_panel(points, actual, scale, prior, 3)
    assert large[0] == pytest.approx(0.75 * 3000 / 3030 + 0.25 / 3, abs=0.02)
    assert small[0] == pytest.approx(0.75 * 3 / 33 + (1 - 0.75 * 3 / 33) / 3, abs=0.01)
    assert large.sum() == pytest.approx(1)


def test_two_that_err_to_either_side_are_mixed_and_missing_targets_do_not_count() -> None:
    actual = np.zeros((3, 50))
    points = np.stack([actual + 1, actual - 1])
    actual[0, :10] = np.nan
    assert weights_of_panel(points, actual, np.ones(50), (9, 1), 10**6) == pytest.approx(
        [0.75 * 0.5 + 0.25 * 0.9, 0.75 * 0.5 + 0.25 * 0.1], rel=1e-3
    )


def test_series_are_taken_evenly() -> None:
    assert pooled_places(3).tolist() == [0, 1, 2]
    assert pooled_places(1_000, 3).tolist() == [0, 500, 999]
