"""Calendar features say what the wall clock shows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lstmcast.core.panel import Clock
from lstmcast.data.calendar_features import (
    calendar_vector,
    day_phase,
    harmonics,
    has_years,
    one_hot,
    weekday,
    year_phase,
)
from tests.panels import FIRST


def test_weekday_and_phases_agree_with_pandas() -> None:
    times = FIRST + np.arange(0, 900, 7) * np.timedelta64(3601, "s")
    stamps = pd.DatetimeIndex(times)
    assert weekday(times).tolist() == stamps.day_of_week.tolist()
    seconds = stamps.hour * 3600 + stamps.minute * 60 + stamps.second
    assert day_phase(times) == pytest.approx(np.asarray(seconds / 86400))
    expected = (stamps.day_of_year - 1 + seconds / 86400) / 365.2425
    assert year_phase(times) == pytest.approx(np.asarray(expected))


def test_harmonics_are_sines_then_cosines_of_multiples() -> None:
    phase = np.array([0.0, 0.1, 0.9])
    expected = [[f(2 * np.pi * k * p) for f in (np.sin, np.cos) for k in (1, 2)] for p in phase]
    assert harmonics(phase, 2) == pytest.approx(np.array(expected))


def test_one_hot_marks_the_code() -> None:
    assert one_hot(np.array([2, 0]), 3).tolist() == [[0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    ("freq", "with_year", "size"),
    [
        ("h", False, 11),
        ("h", True, 15),
        ("D", False, 7),
        ("D", True, 11),
        ("W-SUN", True, 4),
        ("MS", False, 0),
    ],
)
def test_the_calendar_vector_has_what_the_step_allows(freq: str, with_year: bool, size: int) -> None:
    clock = Clock(freq)
    vector = calendar_vector(clock, clock.grid(FIRST, 50), with_year=with_year)
    assert vector.shape == (50, size)
    assert vector.dtype == np.float32


def test_a_counter_has_no_calendar() -> None:
    assert calendar_vector(Clock("count"), Clock("count").grid(FIRST, 9), with_year=True).shape == (9, 0)


def test_features_follow_the_wall_clock_through_a_change_of_the_clock() -> None:
    zoned = Clock("h", "Europe/Helsinki")
    times = zoned.grid(np.datetime64("2024-03-30T00:00", "us"), 72)
    plain = calendar_vector(Clock("h"), zoned.wall(times), with_year=False)
    assert calendar_vector(zoned, times, with_year=False).tobytes() == plain.tobytes()
    assert not np.array_equal(plain, calendar_vector(Clock("h"), times, with_year=False))


def test_a_year_is_taught_by_two_years_and_not_by_less() -> None:
    first = np.datetime64("2022-01-01", "us")
    assert has_years(first, np.datetime64("2023-12-31", "us"))
    assert not has_years(first, np.datetime64("2023-12-01", "us"))
