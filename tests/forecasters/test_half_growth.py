"""Half growth by hand."""

from __future__ import annotations

import numpy as np
import pytest

from lstmcast.forecasters.half_growth import half_growth


def test_the_last_season_moves_by_half_of_what_it_grew() -> None:
    rows = np.array([10.0, 20, 30, 40, 13, 24, 35])[:, None]  # grown by 3, 4 and 5
    said = half_growth(rows, 4, 6)
    assert said.point[:, 0] == pytest.approx([42, 15, 26, 37, 44, 17])
    first = (1.0 + 16.0 / 4) * (1 + 1 / 12)
    assert said.variance[:, 0] == pytest.approx(first * np.array([1, 1, 1, 1, 2, 2]))


def test_growth_is_that_of_the_last_season_where_there_are_more() -> None:
    rows = np.array([10.0, 20, 12, 22, 17, 27])[:, None]  # two rows a season: grown by 2, then by 5
    assert half_growth(rows, 2, 3).point[:, 0] == pytest.approx([19.5, 29.5, 22.0])
