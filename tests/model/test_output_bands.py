"""Bands at the limits: what is cut to nothing would say that what comes is certain."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from lstmcast.data.scaling import Scaling
from lstmcast.evaluation.backtest import Answer
from lstmcast.forecasters.intervals import spread_intervals
from lstmcast.model.output import NumberOutput

LEVELS = (20, 80, 98)


def output(transform: str, low: float = 0.0, high: float = np.nan) -> NumberOutput:
    scaling = Scaling(transform, np.array([2.0]), np.array([0.5]), np.array([100.0]))
    return NumberOutput(scaling, spread_intervals(), (low, high), np.ones(1))


def answer(point: float) -> Answer:
    halves = {20: 0.1, 80: 0.5, 98: 1.2}
    middle = np.full((3, 1), point)
    return Answer(middle[:, None], {level: (middle - h, middle + h) for level, h in halves.items()})


@pytest.mark.parametrize("transform", ["none", "log1p"])
@pytest.mark.parametrize("point", [-1000.0, -50.0, -4.6, -4.4, -4.0, 0.0])
def test_a_band_beyond_a_limit_is_as_wide_as_on_the_limit_and_none_cross(
    transform: str, point: float
) -> None:
    made = output(transform)
    found, usual = (made.restored(answer(each), np.zeros(1, dtype=int)) for each in (point, -4.0))
    assert (found.point >= 0).all()
    widths = [found.bands[level][1] - found.bands[level][0] for level in LEVELS]
    assert all((wide > 0).all() for wide in widths)
    assert all((wide >= narrow).all() for narrow, wide in pairwise(widths))
    if point < -6:
        for level in LEVELS:
            np.testing.assert_allclose(found.bands[level][1], usual.bands[level][1])
    for level in LEVELS:
        low, high = found.bands[level]
        assert (low <= found.point).all()
        assert (found.point <= high).all()


def test_bands_within_the_limits_are_what_they_were() -> None:
    found = output("none", 0.0, 5.0).restored(answer(1.0), np.zeros(1, dtype=int))
    np.testing.assert_allclose(found.bands[80][0], 2.25)
    np.testing.assert_allclose(found.bands[80][1], 2.75)
    above = output("none", 0.0, 5.0).restored(answer(99.0), np.zeros(1, dtype=int))
    np.testing.assert_allclose(above.bands[80][0], 4.75)
    np.testing.assert_allclose(above.bands[80][1], 5.0)
