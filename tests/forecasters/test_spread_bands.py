"""Bands from a variance: they cover what they say, by the prior, by folds and by a panel; levels always differ."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from lstmcast.forecasters.intervals import LEVELS
from lstmcast.forecasters.spread_bands import SpreadBands, bands_of_one, bands_of_panel

ROWS = np.array([8.0, 40.0, 400.0])


def test_the_prior_alone() -> None:
    widths = SpreadBands().half_widths([80, 95], ROWS)
    assert widths[80] == pytest.approx(1.2816 * (0.88 + 6 / ROWS), rel=1e-4)
    assert widths[95] == pytest.approx(1.9600 * (0.97 + 8 / ROWS), rel=1e-4)


def test_other_levels_lie_between_and_beyond() -> None:
    widths = SpreadBands().half_widths(LEVELS, ROWS)
    for lower, upper in itertools.pairwise(LEVELS):
        assert (widths[upper] > 1.01 * widths[lower]).all()


def test_a_files_own_folds_move_the_factor() -> None:
    errors, spread = np.full((6, 2), 2.0), np.ones((6, 2))
    errors[0, 0] = np.nan
    bands = bands_of_one(errors, spread)
    assert bands.folds == 2
    prior = 0.88 + 6 / ROWS
    wanted = np.sqrt((4 * prior**2 + 2 * 4) / 6)
    assert bands.half_widths([80], ROWS)[80] == pytest.approx(1.2816 * wanted, rel=1e-4)
    huge = bands_of_one(np.full((6, 9), 1e9), np.ones((6, 9)))
    assert (huge.folds, huge.squares) == (4, 4 * 16)
    assert bands_of_one(np.full((6, 3), np.nan), np.ones((6, 3))) == SpreadBands()


def test_a_panel_whose_errors_are_wide_is_believed_by_its_folds_not_its_series() -> None:
    rng = np.random.default_rng(0)
    rows = np.full(500, 50.0)
    errors = 2 * rng.normal(size=(8, 500)) * (0.97 + 8 / 50)
    bands = bands_of_panel(errors, np.ones((8, 500)), rows, folds=2)
    assert bands.ratios[1] == pytest.approx(2.0, rel=0.05)
    factor = (0.97 + 8 / 50) * bands.ratios[1] ** (2 / 6)
    assert bands.half_widths([95], rows[:1])[95] == pytest.approx(1.96 * factor, rel=1e-3)


def test_levels_differ_whatever_the_errors_say() -> None:
    wild = SpreadBands(4, 0.0, (9.0, 0.1)).half_widths(LEVELS, ROWS)
    calm = SpreadBands(4, 0.0, ()).half_widths(LEVELS, ROWS)
    for widths in (wild, calm):
        for lower, upper in itertools.pairwise(LEVELS):
            assert (widths[upper] > widths[lower]).all()
