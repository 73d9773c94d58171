"""What training rows were like, and the fresh windows that are unlike them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from lstmcast.core.panel import Panel
from lstmcast.model.model import Model
from lstmcast.model.reference import fit_column_ranges, fit_series_statistics, widened
from tests.panels import (
    Numbers,
    hourly,
    load,
    panel_of,
    single_threaded,
    small,
    stacked,
    trained,
    weather,
    with_target,
    without_target,
)

NAN = np.nan


def codes(target: Numbers, model: Model | None = None) -> list[str]:
    """The findings of a forecast from the end of this series."""
    return [
        finding.code for finding in (model or trained(safeguard="network")).predict(panel_of(target)).findings
    ]


def changed(rows: slice, to: float | Numbers) -> Numbers:
    """The training series with other values in some of its rows."""
    target = load(420)
    target[rows] = to
    return target


def test_the_facts_of_a_series() -> None:
    values = np.array([4.0, 4.0, 4.0, NAN, 4.0, 9.0, -2.0, NAN, 1.0, 3.0])
    habits = fit_series_statistics([values, np.full(5, NAN)], 2, 4)
    assert (habits.lowest[0], habits.highest[0], habits.flat[0]) == (-2.0, 9.0, 3)
    assert habits.missing.tolist() == [pytest.approx(0.2), 1.0]
    assert (habits.least_level[0], habits.greatest_level[0]) == (1.0, 6.5)
    assert habits.is_known.tolist() == [True, False]


def test_a_file_like_training_gives_no_finding() -> None:
    assert codes(load(420)) == []
    for seed in range(5):
        assert codes(load(900, seed)[500:]) == []


@pytest.mark.parametrize("factor", [0.8, 1.2])
def test_a_record_a_fifth_beyond_the_range_is_no_finding(factor: float) -> None:
    target = load(420)
    edge = target.max() if factor > 1 else target.min()
    assert codes(changed(slice(-9, -6), factor * edge)) == []
    assert codes(changed(slice(-24, None), target[-24:] * factor)) == []


@pytest.mark.parametrize("value", [-9999.0, 0.0, 1e6, 220.0])
def test_a_value_far_outside_the_range_is_found_and_named_with_its_stamp(value: float) -> None:
    target = changed(slice(-4, -3), value)
    found = trained(safeguard="network").predict(panel_of(target)).findings
    assert [finding.code for finding in found] == ["out_of_range"]
    assert "1 of the last 24 rows of 'load' lie far outside what training saw" in found[0].message
    assert f"the furthest is {value:,.6g} at 2024-01-18T08:00:00" in found[0].message


@pytest.mark.parametrize("factor", [1000, 1 / 1000, 100, 1 / 60])
def test_another_unit_is_found_and_said_once(factor: float) -> None:
    assert codes(load(420) * factor) == ["unit_jump"]
    assert codes(changed(slice(-24, None), load(420)[-24:] * factor)) == ["unit_jump"]


def test_a_sensor_that_is_stuck_is_found_and_one_that_is_steady_for_as_long_as_ever_is_not() -> None:
    found = trained(safeguard="network").predict(panel_of(changed(slice(-9, -2), 101.5))).findings
    assert [finding.code for finding in found] == ["flat"]
    assert (
        "'load' stays at 101.5 for 7 rows from 2024-01-18T03:00:00 on, in training for 1 at most"
        in found[0].message
    )
    assert codes(changed(slice(-9, -4), 101.5)) == []
    steady = load(420)
    steady[50:58] = 100.0
    model = single_threaded(panel_of(steady), small(safeguard="network"))
    assert codes(changed(slice(-16, None), 101.5), model) == []
    assert codes(changed(slice(-17, None), 101.5), model) == ["flat"]


def test_more_missing_than_usual_is_found_while_the_model_still_carries_the_window() -> None:
    assert codes(changed(slice(-5, -2), NAN)) == ["missing_share"]
    assert codes(changed(slice(-4, -2), NAN)) == []
    gappy = load(420)
    gappy[::7] = NAN
    model = single_threaded(panel_of(gappy), small(safeguard="network"))
    assert codes(changed(slice(-6, -2), NAN), model) == []


def test_in_a_panel_each_series_has_habits_of_its_own_and_the_message_counts() -> None:
    panel = stacked(hourly(300), with_target(hourly(300), 1000 * load(300, 3)), hourly(300, 5))
    model = single_threaded(panel, small(safeguard="network"))
    assert model.predict(panel).findings == ()
    target = panel.target.copy()
    target[[295, 890, 895]] = 90_000
    (found,) = model.predict(with_target(panel, target)).findings
    assert found.code == "out_of_range"
    assert "2 of the last 24 rows of 'load' of series 'c'" in found.message
    assert found.message.endswith("(1 more series)")


def test_some_series_are_compared_with_their_own_habits() -> None:
    panel = stacked(hourly(300), with_target(hourly(300), 1000 * load(300, 3)))
    model = single_threaded(panel, small(safeguard="network"))
    only = dataclasses.replace(panel.take(np.array([300]), np.array([600])), ids=("b",))
    assert model.predict(only).findings == ()
    assert [f.code for f in model.predict(with_target(only, load(300))).findings] == ["unit_jump"]


def test_a_model_that_does_not_know_its_habits_finds_nothing() -> None:
    model = dataclasses.replace(trained(safeguard="network"), habits=None)
    assert codes(load(420) * 1000, model) == []


def test_habits_know_nothing_of_the_test_rows() -> None:
    panel: Panel = hourly()
    wild = with_target(panel, np.where(np.arange(420) > 400, 5000.0, panel.target))
    one, two = (single_threaded(p, small(safeguard="linear", final=False)).habits for p in (panel, wild))
    assert one is not None
    assert two is not None
    assert one.highest.tolist() == two.highest.tolist()


def test_habits_are_widened_by_newer_rows_but_not_by_spikes_or_what_stood_still() -> None:
    day = np.arange(48) % 24 + 10.0
    habits = fit_series_statistics([day, np.full(48, NAN)], 24, 48)
    drifting = widened(habits, np.array([0]), [day * 1.2], 24, 48)
    assert drifting.highest[0] == pytest.approx(33 * 1.2)
    assert drifting.lowest[0] == 10.0
    odd = np.concatenate([day, [-9999.0], np.full(30, 20.0)])
    spiky = widened(habits, np.array([0]), [odd], 24, 48)
    assert (spiky.lowest[0], spiky.flat[0]) == (10.0, 1)
    settled = widened(habits, np.array([0]), [np.concatenate([day[:10], day * 1000])], 24, 48)
    assert settled.highest[0] == 33_000
    begun = widened(habits, np.array([1]), [day], 24, 48)
    assert (begun.is_known.tolist(), begun.flat.tolist()) == ([True, True], [1, 1])
    assert widened(habits, np.array([0]), [np.full(9, NAN)], 24, 48).highest[0] == 33.0


def test_a_covariate_far_outside_its_range_is_found_in_look_back_and_horizon() -> None:
    panel, _ = weather(600)
    model = single_threaded(panel, small(safeguard="network"))
    fresh = without_target(panel, 590)
    assert model.predict(fresh).findings == ()
    for row, is_seen in ((595, True), (570, True), (560, False), (597, False)):
        values = fresh.values.copy()
        values[row, 1] = 95.0
        found = model.predict(dataclasses.replace(fresh, values=values)).findings
        assert [finding.code for finding in found] == ["out_of_range"] * is_seen, row
    values[550:, 1] += 200
    (found,) = model.predict(dataclasses.replace(fresh, values=values)).findings
    assert "30 rows of 'known_0' far outside what training saw" in found.message


def test_a_covariate_that_never_changed_in_training_has_no_range() -> None:
    ranges = fit_column_ranges(np.array([[0.0, 1.0, NAN], [0.0, 3.0, NAN]]))
    assert (ranges.lowest.tolist(), ranges.highest.tolist()) == ([0.0, 1.0, 0.0], [0.0, 3.0, 0.0])
    panel, model = panel_of(load(420), past=np.zeros((420, 1))), trained(safeguard="network")
    flat = dataclasses.replace(ranges, lowest=np.zeros(1), highest=np.zeros(1))
    panel.values[-1, 1] = 1.0
    assert list(flat.findings(panel, np.array([420]), model.contract)) == []


def test_a_covariate_far_outside_its_range_is_held_at_its_edge() -> None:
    panel, _ = weather(600)
    model = single_threaded(panel, small(safeguard="linear", calendar="covariates"))
    fresh, points = without_target(panel, 590), []
    for value in (95.0, 9_500.0, float(panel.values[:, 1].max())):
        values = fresh.values.copy()
        values[594, 1] = value
        points.append(model.predict(dataclasses.replace(fresh, values=values)).point)
    assert points[0].tolist() == points[1].tolist()
    assert model.ranges is not None
    values[594, 1] = model.ranges.highest[0]
    assert points[0].tolist() == model.predict(dataclasses.replace(fresh, values=values)).point.tolist()
