"""The outlook on a forecast: the first whole day beside the same day before."""

from __future__ import annotations

import dataclasses
from datetime import date

import numpy as np
import pytest

from lstmcast.cli.show.outlook import sentence
from lstmcast.core.panel import TARGET, Clock, Column, Forecast, Panel
from lstmcast.evaluation.outlook import outlook
from tests.panels import HOURLY, panel_of


def forecast_of(panel: Panel, point: list[float]) -> Forecast:
    """A forecast of these rows from the end of a single series."""
    values = np.array(point)
    return Forecast(
        ids=panel.ids,
        series=np.zeros(len(values), np.int64),
        times=panel.clock.after(panel.times[-1], len(values)),
        point=values,
        bands={},
        source=("model",) * len(values),
        clock=panel.clock,
    )


def named(panel: Panel, name: str) -> Panel:
    """The same with another name for its target."""
    return dataclasses.replace(panel, columns=(Column(name, TARGET),))


def test_the_first_whole_day_is_compared_with_the_week_before() -> None:
    panel = panel_of(np.full(10 * 24 - 6, 100.0))  # until 17:00 of Wednesday 10 January
    found = outlook(panel, forecast_of(panel, [0.0] * 6 + [110.0] * 23 + [120.0] + [0.0] * 3), 0)
    assert (found.day, found.rows, found.highest, found.before) == (date(2024, 1, 11), 24, 120.0, 100.0)
    assert found.at == 29


def test_without_a_whole_day_all_rows_count() -> None:
    panel = panel_of(np.full(10 * 24 - 6, 100.0))
    found = outlook(panel, forecast_of(panel, [50.0] * 12), 0)
    assert (found.day, found.rows, found.mean, found.before) == (None, 12, 50.0, 100.0)


def test_a_day_of_23_hours_is_whole() -> None:
    clock = Clock("h", "Europe/Helsinki", (24,))
    first = np.datetime64("2024-03-01T22:00:00", "us")  # midnight there
    panel = panel_of(np.full(29 * 24, 1.0), clock=clock, first=first)
    found = outlook(panel, forecast_of(panel, [2.0] * 23), 0)
    assert (found.day, found.rows) == (date(2024, 3, 31), 23)


def test_what_was_missing_then_is_not_compared() -> None:
    target = np.full(10 * 24, 100.0)
    target[3 * 24] = np.nan
    panel = panel_of(target)
    assert outlook(panel, forecast_of(panel, [110.0] * 24), 0).before is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("load", "Thursday 11 Jan: load averages 110, peak 110 at 00:00, 10 % above last Thursday."),
        ("load [MW]", "Thursday 11 Jan: 2,640 MWh, peak 110 MW at 00:00, 10 % above last Thursday."),
        ("use (kWh)", "Thursday 11 Jan: 2,640 kWh, peak 110 kWh at 00:00, 10 % above last Thursday."),
        (
            "flow [l/s]",
            "Thursday 11 Jan: flow [l/s] averages 110, peak 110 l/s at 00:00, 10 % above last Thursday.",
        ),
    ],
)
def test_the_sentence_says_total_or_mean_peak_and_comparison(name: str, words: str) -> None:
    panel = named(panel_of(np.full(10 * 24, 100.0)), name)
    assert sentence(panel, forecast_of(panel, [110.0] * 24), 0) == words


def test_energy_is_told_in_the_next_unit_where_the_number_is_long() -> None:
    panel = named(panel_of(np.full(10 * 24, 4000.0)), "load [kW]")
    assert "96 MWh" in sentence(panel, forecast_of(panel, [4000.0] * 24), 0)


def test_days_are_compared_with_as_many_before() -> None:
    clock = Clock("D", seasons=(7,), style="%Y-%m-%d")
    panel = panel_of(np.full(60, 10.0), clock=clock)
    told = sentence(panel, forecast_of(panel, [5.0] * 13 + [6.5]), 0)
    assert told == "Next 14 days: load averages 5.1, peak 6 at 2024-03-14, 49 % below the 14 days before."


def test_the_likeliest_class_is_told_with_its_probability() -> None:
    panel = panel_of(np.zeros(48))
    forecast = dataclasses.replace(
        forecast_of(panel, [1.0, 0.0, 1.0]),
        probabilities={"sun": np.array([0.4, 0.6, 0.1]), "rain": np.array([0.6, 0.4, 0.9])},
    )
    told = sentence(panel, forecast, 0)
    assert (
        told == "2024-01-03T00:00:00: rain with 60 %; in the next 3 hours rain is likeliest in 2 of 3 rows."
    )


def test_negative_values_are_not_compared_by_shares() -> None:
    panel = panel_of(np.full(10 * 24, -1.0))
    assert "above" not in sentence(panel, forecast_of(panel, [1.0] * 24), 0)
    assert HOURLY.step is not None
