"""The drift test: a sensor that changes is found within a week, and quiet months stay quiet but for a few in years."""

from __future__ import annotations

import numpy as np
import pytest

from lstmcast.evaluation.drift import FEWEST, RECENT, THRESHOLD, find_drift
from tests.panels import Numbers


def quiet(days: int, seed: int) -> Numbers:
    """Mean errors of days: they remember, weekends and a season are harder, and a few days are awful."""
    rng = np.random.default_rng(seed)
    noise = np.zeros(days)
    for day in range(1, days):
        noise[day] = 0.3 * noise[day - 1] + rng.normal(scale=0.25)
    season = 0.2 * np.sin(2 * np.pi * np.arange(days) / 365) + 0.15 * (np.arange(days) % 7 >= 5)
    holidays = np.where(rng.random(days) < 0.01, 1.0, 0.0)
    return np.exp(noise + season + holidays)


def test_quiet_months_raise_hardly_an_alarm_in_thirty_years() -> None:
    assert sum(len(find_drift(quiet(365, seed)).alarms) for seed in range(30)) <= 1


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("factor", [4.0, 1000.0])
def test_a_changed_sensor_is_found_within_a_week(seed: int, factor: float) -> None:
    errors = quiet(200, seed)
    errors[150:] *= factor
    assert not find_drift(errors[:150]).alarms
    week = find_drift(errors[:157])
    assert week.is_on is True  # and no number of NumPy, which JSON does not know
    assert week.alarms[-1].since in (149, 150, 151)
    assert week.alarms[-1].raised < 157
    assert week.factor > 1.5


def test_a_single_awful_day_is_no_drift() -> None:
    errors = quiet(100, 0)
    errors[80] *= 1e6
    assert not find_drift(errors).alarms


def test_an_alarm_ends_when_errors_fall_back() -> None:
    errors = quiet(200, 1)
    errors[100:110] *= 10
    drift = find_drift(errors)
    assert not drift.is_on
    assert len(drift.alarms) == 1
    assert 100 <= drift.alarms[0].raised <= 103
    assert 109 <= drift.alarms[0].last <= 125
    assert drift.level < THRESHOLD


def test_what_has_become_usual_is_no_drift_any_more() -> None:
    errors = quiet(300, 2)
    errors[100:] *= 10
    drift = find_drift(errors)
    assert len(drift.alarms) == 1
    assert not drift.is_on
    assert 0.5 < drift.factor < 2


def test_with_too_few_days_nothing_is_said() -> None:
    drift = find_drift(quiet(FEWEST + RECENT - 1, 0))
    assert (drift.days_judged, drift.is_on, drift.alarms) == (0, False, ())
    assert find_drift(quiet(FEWEST + RECENT, 0)).days_judged == 1
    assert np.isnan(find_drift(np.full(50, np.nan)).level)


def test_missed_nights_change_nothing_but_what_they_would_have_said() -> None:
    errors = quiet(200, 3)
    errors[150:] *= 10
    errors[[20, 60, 61, 62, 151, 153]] = np.nan
    drift = find_drift(errors[:157])
    assert drift.is_on
    assert np.isnan(drift.total[[60, 151, 153]]).all()


def test_forecasts_without_error_are_no_drift() -> None:
    assert not find_drift(np.zeros(100)).alarms
    errors = quiet(100, 4)
    errors[50:60] = 0.0
    assert not find_drift(errors).alarms


def test_the_sum_is_that_of_page() -> None:
    errors = np.exp(np.tile([-1.0, 1.0], 50))
    errors[90] = np.exp(4.0)
    drift = find_drift(errors)
    reference = np.log(errors[90 - 6 - 56 : 90 - 6])
    center = np.median(reference)
    spread = 1.4826 * np.median(np.abs(reference - center))
    before = drift.total[89]
    score = (np.log(errors[90]) - center) / spread
    assert drift.total[90] == pytest.approx(max(before + min(score, 4.0) - 1.25, 0.0))
