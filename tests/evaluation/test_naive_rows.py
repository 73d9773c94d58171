"""The row that a naive forecast repeats, counted out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from lstmcast.evaluation.naive_rows import naive_rows


@pytest.mark.parametrize(
    ("season", "expected"), [(1, [98, 99, 99, 99, 99]), (3, [98, 99, 97, 99, 97]), (4, [98, 99, 96, 98, 99])]
)
def test_the_last_known_row_or_the_same_time_as_few_seasons_before(season: int, expected: list[int]) -> None:
    rows = np.array([98, 99, 100, 102, 103])
    assert naive_rows(rows, 99, season).tolist() == expected
    assert naive_rows(rows, np.full(5, 99), season).tolist() == expected


def test_a_row_before_the_first_is_negative() -> None:
    assert naive_rows(np.array([3]), 1, 24).tolist() == [-21]
