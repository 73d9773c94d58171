"""The data doctor: what it sees in numbers that have one thing wrong with them, and that it leaves sound ones alone."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pytest

from lstmcast.cli.show.chart import draw
from lstmcast.cli.show.pictures.history import DrawnStretch, history
from lstmcast.core.findings import SEVERITIES, Finding
from lstmcast.core.panel import COUNTER, Clock, Panel
from lstmcast.data.checks import examine, levels, meters, overview, seasons, spikes, stretches
from lstmcast.data.checks.tracks import MOST_SERIES
from tests.panels import FIRST, Numbers, cut, hourly, load, panel_of, stacked, weather, with_target

NOW = np.datetime64("2026-06-01", "us")
ALWAYS = {"seasons"}


def codes(panel: Panel, now: np.datetime64 = NOW) -> list[tuple[str, str]]:
    """Severity and code of every finding but those that every panel has."""
    return [(found.severity, found.code) for found in examine(panel, now) if found.code not in ALWAYS]


def only(panel: Panel, now: np.datetime64 = NOW) -> Finding:
    """The one finding beside those that every panel has."""
    found = [each for each in examine(panel, now) if each.code not in ALWAYS]
    assert len(found) == 1, found
    return found[0]


def changed(rows: slice | int | list[int], value: float | Numbers, count: int = 600) -> Panel:
    """An hourly panel with other values in some rows."""
    target = load(count)
    target[rows] = value
    return panel_of(target)


# --- sound numbers


@pytest.mark.parametrize("seed", range(4))
def test_a_sound_series_gives_no_finding_but_its_seasons(seed: int) -> None:
    assert codes(hourly(900, seed)) == []


def test_numbers_are_only_looked_at() -> None:
    panel = hourly()
    panel.values.flags.writeable = False
    before = panel.values.copy()
    examine(panel, NOW)
    assert np.array_equal(panel.values, before)


def test_severities_are_ordered_from_grave_to_light() -> None:
    assert SEVERITIES == ("refusal", "warning", "note")


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 5, 20])
def test_very_short_series_are_no_trouble(rows: int) -> None:
    for value in (np.nan, 0.0, 5.0):
        examine(panel_of(np.full(rows, value)), NOW)
    assert not [code for _, code in codes(panel_of(load(rows))) if code != "climbs"]


def test_values_near_the_largest_there_are_are_no_trouble() -> None:
    panel = panel_of(load(600) * 1.5e306)
    panel.values[100:130] = -1.7e308
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        examine(panel, NOW)
        about = overview(panel, 0)
    assert all(np.isfinite([about.lowest, about.median, about.highest, *about.seasons.values()]))
    assert len(draw(history(DrawnStretch.of(panel, 0)), 60, 4)) == 10


# --- flat stretches


def test_a_value_that_stands_still_is_a_flat_stretch() -> None:
    found = only(changed(slice(200, 240), 97.5))
    assert (found.severity, found.code) == ("warning", "flat")
    assert found.message == "column 'load' stays at 97.5 for 40 rows from 2024-01-09T08:00:00"


def test_several_flat_stretches_are_one_finding_that_names_the_longest() -> None:
    target = load(900)
    target[100:130], target[300:350], target[500:532] = 90.0, 91.0, 92.0
    assert only(panel_of(target)).message.endswith(
        "for 50 rows from 2024-01-13T12:00:00 (2 more shorter stretches)"
    )


def test_a_series_that_stands_still_to_its_end_has_a_stale_tail() -> None:
    found = only(changed(slice(560, 600), 97.5))
    assert (found.severity, found.code) == ("warning", "stale_tail")
    assert "for its last 40 rows, since 2024-01-24T08:00:00" in found.message


def test_rows_to_come_without_a_target_do_not_hide_a_stale_tail() -> None:
    panel = changed(slice(540, 580), 97.5)
    panel.values[580:] = np.nan
    assert only(panel).code == "stale_tail"


def test_nights_without_sun_are_no_flat_stretch() -> None:
    sun = np.maximum(np.sin(2 * np.pi * np.arange(960) / 24) - 0.3, 0) * load(960)
    assert stretches.flat_stretches(sun, 24) == []
    sun[480:600] = 0.0
    assert [(each.start, each.value) for each in stretches.flat_stretches(sun, 24)] == [(467, 0.0)]


def test_dry_spells_are_no_flat_stretch() -> None:
    rng = np.random.default_rng(0)
    rain = np.where(rng.random(2000) < 0.2, rng.gamma(1.0, 3.0, 2000), 0.0)
    assert stretches.flat_stretches(rain, 7) == []


def test_a_machine_that_is_mostly_off_is_not_flat() -> None:
    power = np.zeros(3000)
    for start in (200, 260, 900, 2700):
        power[start : start + 50] = load(50)
    assert stretches.flat_stretches(power, 24) == []


def test_a_price_that_changes_once_a_month_is_not_flat() -> None:
    assert stretches.flat_stretches(np.repeat(load(30), 30), 7) == []


def test_a_gap_ends_a_stretch() -> None:
    values = load(300)
    values[100:160] = 50.0
    values[::20] = np.nan
    assert stretches.flat_stretches(values, 24) == []


def test_a_constant_has_no_usual_stretch() -> None:
    assert stretches.flat_stretches(np.full(100, 3.0), 1) == []


def test_the_tail_is_the_last_stretch_of_equal_values() -> None:
    assert stretches.tail(np.array([1.0, 2.0, 2.0, 2.0])) == stretches.Stretch(1, 4, 2.0)
    assert stretches.tail(np.array([np.nan])) is None
    assert stretches.Stretch(1, 4, 2.0).length == 3


# --- jumps


@pytest.mark.parametrize("power", [2, 3, 6, -3])
def test_a_jump_of_unit_is_found_to_the_row(power: int) -> None:
    target = load(600)
    target[301:] *= 10.0**power
    jumps = levels.unit_jumps(target, 24)
    assert [jump.row for jump in jumps] == [301]
    assert levels.power_of_ten(jumps[0].before, jumps[0].after) == power
    found = only(panel_of(target))
    assert found.code == "unit_jump"
    factor = f"{10 ** abs(power):,} times as {'large' if power > 0 else 'small'}"
    assert f"is {factor} from 2024-01-13T13:00:00 on" in found.message


def test_a_unit_that_comes_back_is_two_jumps() -> None:
    target = load(600)
    target[200:260] *= 1000
    assert [jump.row for jump in levels.unit_jumps(target, 24)] == [200, 260]
    assert "(1 more such jump)" in next(
        f.message for f in examine(panel_of(target), NOW) if f.code == "unit_jump"
    )


@pytest.mark.parametrize("factor", [1.0, 3.0, 30.0, 300.0, 0.005])
def test_a_factor_that_is_no_unit_is_no_jump_of_unit(factor: float) -> None:
    target = load(600)
    target[301:] *= factor
    assert levels.unit_jumps(target, 24) == []


def test_a_series_around_zero_has_no_unit_to_jump() -> None:
    rng = np.random.default_rng(1)
    assert levels.unit_jumps(rng.normal(size=2000) * np.repeat([1.0, 30.0], 1000)) == []
    assert levels.power_of_ten(-1.0, 1000.0) is None
    assert levels.power_of_ten(0.0, 1000.0) is None


def test_a_jump_of_level_is_found_near_its_row() -> None:
    target = load(24 * 40)
    target[500:] += 80
    found = only(panel_of(target))
    assert (found.severity, found.code) == ("note", "level_jump")
    jump = levels.level_jumps(target, 24)[0]
    assert abs(jump.row - 500) <= 2
    assert jump.after - jump.before == pytest.approx(80, abs=12)


def test_a_slow_rise_a_yearly_wave_and_noise_are_no_jump_of_level() -> None:
    rows = np.arange(2000)
    noise = np.random.default_rng(0).normal(size=2000)
    for level in (0.1 * rows, 40 * np.sin(2 * np.pi * rows / 365), np.cumsum(noise), noise):
        assert levels.level_jumps(level + 0.5 * noise, 7) == []


# --- outliers


def test_a_value_far_from_the_rest_is_an_outlier() -> None:
    found = only(changed(300, 900.0))
    assert (found.severity, found.code) == ("warning", "outliers")
    assert found.message == (
        "1 value of column 'load' far from the rest and from the values beside it, the furthest is 900 at "
        "2024-01-13T12:00:00"
    )
    assert found.remedy == "--missing 900 if it is no measurement"


def test_an_outlier_that_might_belong_is_a_note() -> None:
    assert codes(changed(300, 220.0)) == [("note", "outliers")]


def test_a_value_that_is_repeated_is_left_to_the_search_for_signs_of_missing() -> None:
    assert spikes.outliers(changed([20, 150, 300], -999.0).target) == []


def test_rare_large_values_of_a_long_tail_are_no_outliers() -> None:
    rain = np.random.default_rng(2).gamma(0.1, 30.0, 4000)
    assert spikes.outliers(rain) == []


def test_a_smooth_wave_to_a_record_is_no_outlier() -> None:
    values = load(900)
    values[400:448] += 60 * np.hanning(48)
    assert spikes.outliers(values) == []


# --- counters


def test_a_counter_that_resets_is_found() -> None:
    climbing = np.cumsum(np.abs(load(600))) % 18_000
    found = [f for f in examine(panel_of(climbing), NOW) if f.code not in ALWAYS]
    assert [(f.severity, f.code) for f in found] == [("warning", "counter_resets")]
    assert "falls back to its start 3 times, first at 2024-01-08T12:00:00" in found[0].message


def test_a_counter_that_never_resets_is_noted() -> None:
    assert codes(panel_of(np.cumsum(np.abs(load(600))))) == [("warning", "climbs")]


@pytest.mark.parametrize(
    "values",
    [load(600), np.tile([0.0, 1.0], 300), np.tile([0.0, 0.0, 5.0, 0.0], 150), np.full(100, 4.0)],
    ids=["load", "on and off", "rain", "constant"],
)
def test_what_also_falls_is_no_counter(values: Numbers) -> None:
    assert meters.meter(values) is None


# --- seasons


def test_a_season_is_as_strong_as_it_explains_what_varies() -> None:
    rng = np.random.default_rng(0)
    wave = np.sin(2 * np.pi * np.arange(2400) / 24)
    assert seasons.strength(wave, 24) == pytest.approx(1.0)
    assert seasons.strength(rng.normal(size=2400), 24) == pytest.approx(0.0, abs=0.02)
    noisy = wave + rng.normal(size=2400) * np.sqrt(0.5)  # as much noise as wave
    assert seasons.strength(noisy, 24) == pytest.approx(0.5, abs=0.05)
    assert seasons.strength(noisy + 0.1 * np.arange(2400), 24) == pytest.approx(0.5, abs=0.05)


def test_gaps_and_odd_seasons_do_not_change_a_strength_much() -> None:
    rng = np.random.default_rng(0)
    wave = np.sin(2 * np.pi * np.arange(1400) / 7)
    wave[rng.random(1400) < 0.2] = np.nan
    share = seasons.strength(wave, 7)
    assert share is not None
    assert share > 0.9


def test_a_strength_needs_three_seasons_and_something_that_varies() -> None:
    assert seasons.strength(load(60), 24) is None
    assert seasons.strength(np.full(600, 2.0), 24) is None
    assert seasons.strength(np.full(600, np.nan), 24) is None


@pytest.mark.parametrize("season", [5, 12, 24, 91])
def test_the_season_of_a_series_without_calendar_is_found(season: int) -> None:
    rows = np.arange(900)
    shape = np.random.default_rng(season).normal(size=season)
    values = shape[rows % season] + 0.01 * rows + 0.3 * np.random.default_rng(0).normal(size=900)
    assert seasons.find_season(values) == season


def test_noise_and_a_trend_have_no_season() -> None:
    rng = np.random.default_rng(0)
    for values in (
        rng.normal(size=900),
        np.cumsum(rng.normal(size=900)),
        np.arange(900.0),
        np.full(900, 1.0),
    ):
        assert seasons.find_season(values) is None


def test_a_counter_without_a_calendar_is_told_its_season() -> None:
    clock = Clock(COUNTER, style="%d")
    panel = panel_of(load(600), clock=clock, first=np.datetime64(1, "us"))
    found = only(panel)
    assert (found.severity, found.code, found.remedy) == ("warning", "season", "--season 24")
    known = dataclasses.replace(panel, clock=dataclasses.replace(clock, seasons=(24,)))
    assert codes(known) == []


# --- the rest


def test_a_fifth_of_missing_rows_is_a_warning_and_a_few_are_not() -> None:
    target = load(600)
    target[100:220] = np.nan
    found = only(panel_of(target))
    assert (found.severity, found.code) == ("warning", "missing_share")
    assert found.message == (
        "20 % of the rows of column 'load' are missing, absent ones included; the longest stretch is 120 rows from "
        "2024-01-05T04:00:00"
    )
    target = load(600)
    target[100:140] = np.nan
    assert codes(panel_of(target)) == [("note", "missing_share")]
    target = load(600)
    target[100:110] = np.nan
    assert codes(panel_of(target)) == []


def test_known_values_of_a_time_to_come_are_warned_of() -> None:
    found = only(hourly(600), FIRST + np.timedelta64(550, "h"))
    assert (found.severity, found.code) == ("warning", "future_stamps")
    assert found.message.startswith("35 rows with a known 'load' later than now by this machine's clock")
    panel = hourly(600)
    panel.values[560:] = np.nan  # rows to be forecast, of which covariates are known
    assert codes(panel, FIRST + np.timedelta64(550, "h")) == []


def test_a_zone_leaves_no_slack_for_stamps_of_the_future() -> None:
    panel = dataclasses.replace(hourly(600), clock=dataclasses.replace(hourly().clock, zone="UTC"))
    assert only(panel, panel.times[-2]).message.startswith("1 row with")
    assert codes(hourly(600), panel.times[-2]) == []


def test_zeros_and_negative_values_are_noted() -> None:
    target = load(600) - 80
    found = only(panel_of(np.where(target < -2, 0, np.round(target, 3))))
    assert (found.severity, found.code) == ("note", "non_positive")
    assert "below zero; the lowest is -1.31 at 2024-01-20T18:00:00" in found.message


def test_a_series_of_a_panel_that_never_changes_is_named() -> None:
    panel = stacked(hourly(600), panel_of(np.full(600, 3.0)))
    found = only(panel)
    assert (found.severity, found.code) == ("warning", "constant")
    assert found.message == "column 'load' never changes in 1 of 2 series, the first is 'b'"


def test_a_series_that_ends_before_the_others_is_noted() -> None:
    found = only(stacked(hourly(600), cut(hourly(600), 500)))
    assert (found.severity, found.code) == ("note", "ends_early")
    assert found.message == "1 of 2 series end before the others; 'b' ends first, with 2024-01-21T19:00:00"


def test_findings_of_a_panel_name_the_series() -> None:
    panel = stacked(hourly(600), changed(slice(200, 240), 97.5))
    assert only(panel).message.endswith("from 2024-01-09T08:00:00 of 'b'")


def test_other_columns_are_looked_at_but_never_warned_of() -> None:
    panel, _ = weather(600)
    panel.values[200:240, 1] = 12.0
    assert codes(panel) == [("note", "flat")]


def test_columns_of_zeros_and_ones_are_left_alone() -> None:
    assert examine(panel_of((np.arange(600) // 300).astype(float)), NOW) == ()


def test_of_very_many_series_some_are_looked_at_and_that_is_said() -> None:
    panel = panel_of(np.tile(load(30), MOST_SERIES + 50))
    offsets = np.arange(0, len(panel.times) + 1, 30)
    times = np.tile(panel.times[:30], MOST_SERIES + 50)
    ids = tuple(f"meter {i}" for i in range(MOST_SERIES + 50))
    many = dataclasses.replace(panel, ids=ids, offsets=offsets, times=times)
    assert codes(many) == [("note", "sampled")]


def test_a_sign_of_missing_values_does_not_count_as_a_measurement() -> None:
    found = with_target(hourly(600), np.where(np.arange(600) % 50 == 7, np.nan, load(600)))
    assert codes(found) == []
