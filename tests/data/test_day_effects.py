"""Effects of days off: each named day has its own, shrunk to that of its kind; usual days have none."""

from __future__ import annotations

import numpy as np

from lstmcast.core.panel import Clock, Holidays
from lstmcast.data.day_effects import (
    AFTER,
    BRIDGE,
    EVE,
    SUNDAY,
    USUAL,
    WORKDAY,
    DayEffects,
    fit_day_effects,
    kinds_of,
)

CLOCK = Clock("h", None, (24, 168))
# 2023: a Thursday, whose Friday is a bridge; a Sunday; two Wednesdays of another name.
DAYS = ("2023-03-02", "2023-04-09", "2023-05-03", "2023-06-07")
HOLIDAYS = Holidays("ours", DAYS, "2023-01-01", "2025-12-31", ("fair", "feast", "rest", "rest"))


def learned(effect: dict[str, float]) -> tuple[DayEffects, np.ndarray]:
    """Effects learned from hours of a year that wander a little, with these ones on some days."""
    times = np.datetime64("2023-01-02", "us") + np.arange(200 * 24) * np.timedelta64(1, "h")
    date = times.astype("datetime64[D]")
    values = np.sin(np.arange(len(times)) * np.pi / 12) + np.random.default_rng(0).normal(0, 0.2, len(times))
    for day, size in effect.items():
        values[date == np.datetime64(day)] += size
    found = fit_day_effects(CLOCK, HOLIDAYS, times, values, np.array([0, len(times)]), [slice(0, len(times))])
    assert found is not None
    return found, times


def mean_of(found: DayEffects, day: str) -> float:
    """The mean effect of a day's hours."""
    times = np.datetime64(day, "us") + np.arange(24) * np.timedelta64(1, "h")
    return float(found.level(CLOCK, HOLIDAYS, times, np.zeros(24, dtype=np.int64)).mean())


def test_kinds_follow_from_the_days_off_and_the_weekday() -> None:
    said = {
        "2023-03-02": WORKDAY,
        "2023-03-03": BRIDGE,
        "2023-03-01": EVE,
        "2023-04-09": SUNDAY,
        "2023-04-10": AFTER,
        "2023-05-10": USUAL,
    }
    days = np.array(list(said), dtype="datetime64[D]").astype(np.int64)
    assert kinds_of(days, HOLIDAYS).tolist() == list(said.values())


def test_a_named_day_has_its_own_effect_and_usual_days_none() -> None:
    found, _ = learned({"2023-03-02": -4.0, "2023-05-03": -1.0, "2023-06-07": -1.0})
    assert abs(mean_of(found, "2023-03-02") + 4) < 0.4
    assert abs(mean_of(found, "2023-05-03") + 1) < 0.4
    assert mean_of(found, "2023-05-10") == 0.0
    assert abs(mean_of(found, "2023-04-09")) < 0.2  # a Sunday that is as others are


def test_a_day_like_its_kind_has_that_of_its_kind() -> None:
    found, _ = learned({day: -3.0 for day in DAYS if day != "2023-04-09"})
    assert abs(mean_of(found, "2023-03-02") + 3) < 0.2
    assert not found.names  # what is left of each is noise


def test_nothing_is_learned_without_a_day_off() -> None:
    times = np.datetime64("2024-01-01", "us") + np.arange(60 * 24) * np.timedelta64(1, "h")
    series = np.array([0, len(times)]), [slice(0, len(times))]
    assert fit_day_effects(CLOCK, HOLIDAYS, times, np.zeros(len(times)), *series) is None
