"""Outlines: few points that draw the same line as all rows, broken where those are missing; digits as the data have."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lstmcast.data.digits import decimals
from lstmcast.data.outline import line, places, stretches, strip

Numbers = NDArray[np.float64]
HOUR = np.timedelta64(3600, "s")


def hours(count: int) -> NDArray[np.datetime64]:
    """(n,) stamps an hour apart."""
    return np.datetime64("2024-01-01T00:00:00", "us") + np.arange(count) * HOUR


def slow_extremes(values: Numbers, size: int) -> list[tuple[float, float]]:
    """Lowest and highest known value of each stretch, row by row."""
    found = []
    for start in range(0, len(values), size):
        known = [float(value) for value in values[start : start + size] if value == value]
        if known:
            found.append((min(known), max(known)))
    return found


@pytest.mark.parametrize("count", [1, 2, 399, 400, 1_600, 1_601, 20_000])
def test_an_outline_shows_the_extremes_of_every_stretch(count: int) -> None:
    rng = np.random.default_rng(count)
    values = rng.normal(size=count).cumsum()
    values[rng.random(count) < 0.2] = np.nan
    size = max(1, -(-count // 400))
    points = [point for run in line(hours(count), values) for point in run]
    assert len(points) <= min(count, 4 * 401)
    row_of = {place: row for row, place in enumerate(places(hours(count)))}
    found: dict[int, list[float]] = {}
    for place, value in points:
        assert value == values[row_of[place]]
        found.setdefault(row_of[place] // size, []).append(value)
    assert [(min(each), max(each)) for each in found.values()] == slow_extremes(values, size)
    assert points == sorted(points, key=lambda point: point[0])


def test_a_line_breaks_at_every_missing_row_of_a_short_series() -> None:
    values = np.array([np.nan, 1.0, 2.0, np.nan, 3.0, np.nan, np.nan, 4.0])
    assert [[y for _, y in run] for run in line(hours(8), values)] == [[1.0, 2.0], [3.0], [4.0]]
    assert line(hours(3), np.full(3, np.nan)) == []
    assert line(hours(0), np.empty(0)) == []


def test_a_long_line_breaks_where_a_picture_shows_it() -> None:
    values = np.ones(40_000)
    values[10_000:10_300] = np.nan  # three stretches of a hundred rows
    values[20_000:20_010] = np.nan  # less than a picture shows
    assert len(line(hours(40_000), values)) == 2


def test_a_million_rows_are_a_few_points() -> None:
    values = np.sin(np.arange(1_000_000))
    values[::2] = np.nan
    assert sum(map(len, line(hours(1_000_000), values))) <= 1_600


def test_a_strip_covers_the_edges_of_every_stretch_and_breaks_at_gaps() -> None:
    lower, upper = np.arange(10.0), np.arange(10.0) + 5
    lower[4] = np.nan
    runs = strip(hours(10), lower, upper)
    assert [len(run) for run in runs] == [4, 5]
    assert runs[1][-1][1:] == (9.0, 14.0)
    (wide,) = strip(hours(10), np.arange(10.0), upper, columns=2)
    assert [edges[1:] for edges in wide] == [(0.0, 9.0), (5.0, 14.0)]


def test_stretches_hold_lowest_mean_and_highest() -> None:
    values = np.array([1.0, 3.0, np.nan, np.nan, 5.0])
    found = stretches(hours(5), values, 3)
    assert (found.firsts, found.lowest, found.mean, found.highest) == (
        [0, 2, 4],
        [1.0, None, 5.0],
        [2.0, None, 5.0],
        [3.0, None, 5.0],
    )


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([1.0, 20.0, 300.0], 0),
        ([1.5, 2.0], 1),
        ([0.001, 4.25], 3),
        ([1e9 + 0.25, 1e9], 2),
        ([np.nan], 0),
        ([], 0),
        (list(np.pi * np.arange(1, 50)), 1),  # computed: four digits of a spread of 154
        (list(1e-6 * np.pi * np.arange(1, 50)), 7),
        ([1e300, 2.5e300], 0),
    ],
)
def test_numbers_have_as_many_decimals_as_the_data(values: list[float], wanted: int) -> None:
    assert decimals(np.array(values)) == wanted
