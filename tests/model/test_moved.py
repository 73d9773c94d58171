"""A level that moved: seen in two blocks, answered on the level of now, and said."""

from __future__ import annotations

import dataclasses
import re
from functools import cache

import numpy as np
import pytest

from lstmcast.core.panel import Forecast
from lstmcast.model.explain import explain
from lstmcast.model.model import Model
from lstmcast.model.moved import Shift, block_rows, lasting_places
from tests.panels import Numbers, hourly, load, panel_of, single_threaded, small, stacked

STEP = 700
SETTINGS = small(safeguard="linear", lookback=48, horizon=24, segment=24, anchor="no")


@cache
def steady() -> Model:
    """A model whose windows do not follow a level by themselves."""
    return single_threaded(hourly(650), SETTINGS)


def grown(factor: float = 1.5, rows: int = 900, offset: float = 0.0) -> Numbers:
    """The series with another level from STEP on."""
    target = load(rows)
    target[STEP:] = target[STEP:] * factor + offset
    return target


def at(target: Numbers, stop: int) -> Forecast:
    """The forecast of a night."""
    return steady().predict(panel_of(target[:stop]))


@pytest.mark.parametrize("factor", [0.5, 0.7, 1.5, 1.9])
@pytest.mark.parametrize("days", [2, 3, 6])
def test_within_two_days_the_forecast_is_on_the_new_level(factor: float, days: int) -> None:
    target, stop = grown(factor), STEP + 24 * days
    forecast = at(target, stop)
    assert forecast.point.mean() == pytest.approx(target[stop : stop + 24].mean(), rel=0.1)


def swinging(rows: int) -> Numbers:
    """A load whose nights are half of its noons, so that few rows lie far out of range where it doubles."""
    return load(rows) + 35 * np.sin(2 * np.pi * np.arange(rows) / 24)


@pytest.mark.parametrize("days", [2, 4, 7])
def test_rows_far_out_of_range_are_no_spikes_where_the_level_has_moved(days: int) -> None:
    model = single_threaded(panel_of(swinging(650)), SETTINGS)
    target, stop = swinging(900), STEP + 24 * days
    target[STEP:] *= 2
    forecast = model.predict(panel_of(target[:stop]))
    assert [found.code for found in forecast.findings] == ["out_of_range"]
    assert [found.code for found in forecast.fallbacks] == ["moved"]
    assert forecast.point.mean() == pytest.approx(target[stop : stop + 24].mean(), rel=0.1)


def test_spikes_are_left_out_and_move_no_level() -> None:
    target = load(900)
    target[[STEP + 5, STEP + 12, STEP + 29, STEP + 36]] *= 9
    forecast = at(target, STEP + 48)
    assert forecast.fallbacks == ()
    assert [found.code for found in forecast.findings] == ["out_of_range"]
    out = np.zeros(60, dtype=bool)
    out[12:24] = True
    assert lasting_places(out, np.array([0, 30, 60]), np.array([24, 54]), 12) == []
    out[:12:4] = True
    assert lasting_places(out, np.array([0, 30, 60]), np.array([24, 54]), 12) == [0]


def test_the_rows_say_who_made_them() -> None:
    forecast = at(grown(), STEP + 48)
    assert set(forecast.source) == {"rescaled"}
    (found,) = forecast.fallbacks
    assert found.code == "moved"
    assert re.search(r"1\.[45]\d times", found.reason)
    assert "train again" in found.reason


def test_one_block_alone_may_be_a_fault() -> None:
    assert all(found.code != "moved" for found in at(grown(), STEP + 20).fallbacks)


def test_an_untouched_series_has_moved_nowhere() -> None:
    for seed in range(3):
        target = load(900, seed)
        assert all(at(target, stop).fallbacks == () for stop in range(690, 880, 17))


def test_a_shift_of_rows_below_zero() -> None:
    own = load(900) - 100
    model = single_threaded(
        panel_of(own[:650]), small(safeguard="linear", lookback=48, horizon=24, segment=24, anchor="no")
    )
    moved = own.copy()
    moved[STEP:] += 60
    forecast = model.predict(panel_of(moved[: STEP + 48]))
    assert forecast.point.mean() == pytest.approx(moved[STEP + 48 : STEP + 72].mean(), abs=10)
    assert set(forecast.source) != {model.source}


def test_what_is_undone_is_redone() -> None:
    panel = panel_of(load(60))
    for shift in (Shift(20, 1.7), Shift(20, 1.0, -3.0)):
        values = shift.undone(panel, 50).target[20:50]
        assert shift.redone(values) == pytest.approx(panel.target[20:50])


def test_beyond_the_horizon_the_level_stays() -> None:
    target = grown()
    forecast = steady().predict(panel_of(target[: STEP + 48]), 48)
    assert forecast.point[24:].mean() == pytest.approx(target[STEP + 72 : STEP + 96].mean(), rel=0.1)


def test_it_can_be_explained() -> None:
    found = explain(steady(), panel_of(grown()[: STEP + 48]))
    assert np.sum(list(found.parts.values()), axis=0) == pytest.approx(found.point)


def test_blocks_are_seasons_or_horizons() -> None:
    assert [block_rows(24, 168), block_rows(168, 24), block_rows(5, 1), block_rows(48, 24)] == [24, 24, 5, 24]


def test_of_a_panel_only_what_moved_is_rescaled() -> None:
    options = small(safeguard="linear", lookback=48, horizon=24, segment=24, anchor="no")
    model = single_threaded(stacked(hourly(650, 0), hourly(650, 1)), options)
    target, stop = load(900, 1), STEP + 48
    target[STEP:] *= 1.5
    forecast = model.predict(stacked(panel_of(load(900)[:stop]), panel_of(target[:stop])))
    assert [(found.series, found.code) for found in forecast.fallbacks] == [(1, "moved")]
    assert forecast.point[24:].mean() == pytest.approx(target[stop : stop + 24].mean(), rel=0.1)


def test_a_model_that_follows_its_last_rows_is_asked_on_the_old_level_too() -> None:
    model = single_threaded(panel_of(load(1500)), dataclasses.replace(SETTINGS, anchor="yes"))
    target = load(1900)
    target[1508:] *= 2
    for days in (2, 5, 8, 11, 14):
        stop = 1508 + 24 * days
        forecast = model.predict(panel_of(target[:stop]))
        assert forecast.point.mean() == pytest.approx(target[stop : stop + 24].mean(), rel=0.1), days
        assert "gaps" not in {found.code for found in forecast.fallbacks}, days
