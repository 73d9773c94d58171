"""The test of Diebold and Mariano beside its formulas written out, Student's t beside scipy's, and its size."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lstmcast.evaluation.significance import FEWEST, diebold_mariano, tails

stats = pytest.importorskip("scipy.stats")


@pytest.mark.parametrize("freedom", [1, 2, 7, 40, 1000, 10**5])
@pytest.mark.parametrize("size", [0.0, 0.1, 1.0, 2.5, 6.0])
def test_the_tails_are_those_of_scipy(size: float, freedom: int) -> None:
    assert tails(size, freedom) == pytest.approx(2 * stats.t.sf(size, freedom), rel=1e-6, abs=1e-12)


def slow(first: list[float], second: list[float], h: int) -> tuple[float, float]:
    """Statistic and p as Harvey, Leybourne and Newbold (1997) write them, sum by sum."""
    d = [a - b for a, b in zip(first, second, strict=True)]
    n = len(d)
    mean = sum(d) / n

    def gamma(k: int) -> float:
        return sum((d[t] - mean) * (d[t - k] - mean) for t in range(k, n)) / n

    variance = (gamma(0) + 2 * sum(gamma(k) for k in range(1, h))) / n
    found = math.sqrt((n + 1 - 2 * h + h * (h - 1) / n) / n) * mean / math.sqrt(variance)
    return found, float(2 * stats.t.sf(abs(found), n - 1))


@pytest.mark.parametrize("overlap", [1, 2, 5])
def test_it_is_what_its_authors_write(overlap: int) -> None:
    rng = np.random.default_rng(overlap)
    first, second = rng.gamma(2.0, size=(2, 80))
    found = diebold_mariano(first, second * 1.2, overlap)
    statistic, p = slow(first.tolist(), (second * 1.2).tolist(), overlap)
    assert found.difference == pytest.approx((first - 1.2 * second).mean())
    assert (found.statistic, found.p) == (pytest.approx(statistic), pytest.approx(p, rel=1e-6))


@pytest.mark.parametrize("overlap", [1, 6])
def test_chance_alone_is_called_more_than_chance_about_as_often_as_it_says(overlap: int) -> None:
    rng = np.random.default_rng(7)
    noise = rng.normal(size=(400, 300 + overlap - 1))
    losses = np.stack([np.convolve(row, np.ones(overlap), "valid") for row in noise])
    found = [diebold_mariano(row, np.zeros(len(row)), overlap).p for row in losses]
    assert 0.02 < np.mean(np.array(found) < 0.05) < 0.11


def test_a_lasting_difference_is_noticed_and_too_few_windows_say_nothing() -> None:
    rng = np.random.default_rng(3)
    losses = rng.gamma(2.0, size=200)
    assert diebold_mariano(losses, losses + 0.3 + 0.1 * rng.normal(size=200), 4).p < 1e-6
    assert math.isnan(diebold_mariano(losses[: 4 * FEWEST - 1], losses[: 4 * FEWEST - 1] + 1, 4).p)
    assert diebold_mariano(losses, losses, 4).p == 1.0
    assert math.isnan(diebold_mariano(np.empty(0), np.empty(0), 1).p)


def test_autocovariances_whose_sum_is_below_zero_are_weighted() -> None:
    apart = np.tile([1.0, -1.0], 40) + 0.01
    found = diebold_mariano(apart, np.zeros(80), 2)
    assert math.isfinite(found.statistic)
    assert 0 < found.p < 1
