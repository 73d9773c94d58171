"""The drift test: a sensor that changes is found within a week, and quiet months stay quiet but for a few in years."""

from __future__ import annotations

import numpy as np
import pytest

from lstmcast.evaluation.drift import FEWEST, RECENT, THRESHOLD, _inflation, _memory, find_drift, lasting
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
    score = (np.log(errors[90]) - center) / (spread * _inflation(reference))
    assert drift.total[90] == pytest.approx(max(before + min(score, 4.0) - 1.25, 0.0))


# --- days that go together, and what grows by a third for good


def remembering(memory: float, days: int, seed: int, factor: float = 1.0) -> tuple[Numbers, Numbers]:
    """Errors of days and of a naive forecast, which remember; the first ones grow in the middle."""
    rng, noise = np.random.default_rng(seed), np.zeros((2, days))
    for day in range(1, days):
        noise[:, day] = memory * noise[:, day - 1] + np.sqrt(1 - memory**2) * rng.normal(0, 0.26, 2)
    grown = np.where(np.arange(days) < days // 2, 1.0, factor)
    return grown * np.exp(noise[0]), 2.0 * np.exp(0.7 * noise[0] + 0.7 * noise[1])


def test_days_that_go_together_raise_no_alarms() -> None:
    assert sum(len(find_drift(remembering(0.8, 365, seed)[0]).alarms) for seed in range(10)) <= 1


@pytest.mark.parametrize("memory", [0.0, 0.3, 0.6])
def test_what_grows_by_a_third_for_good_is_seen_beside_when_it_began(memory: float) -> None:
    grown = [lasting(*remembering(memory, 400, seed, 1.35)) for seed in range(8)]
    calm = [lasting(*remembering(memory, 400, seed)) for seed in range(8)]
    assert sum(found is not None and found.is_on for found in grown) >= 7
    assert not any(found is not None and found.is_on for found in calm)
    assert np.median([found.factor for found in grown if found]) == pytest.approx(1.35, abs=0.12)


def test_days_that_are_hard_for_everybody_are_no_growth() -> None:
    errors, naive = remembering(0.3, 400, 1)
    winter = np.where(np.arange(400) < 200, 1.0, 3.0)
    found = lasting(errors * winter, naive * winter)
    assert found is not None
    assert not found.is_on


def test_a_short_ledger_says_nothing_of_growth() -> None:
    assert lasting(*remembering(0.3, 139, 1)) is None
    assert lasting(np.full(300, np.nan), np.ones(300)) is None
    same = lasting(np.ones(300), np.ones(300))
    assert same is not None
    assert not same.is_on


def test_memory_is_that_of_the_series_that_made_it() -> None:
    found = [_memory(np.log(remembering(0.8, 56, seed)[0])) for seed in range(60)]
    assert np.mean(found) == pytest.approx(0.77, abs=0.06)
