"""What a ledger said the night before, beside what came."""

from __future__ import annotations

import dataclasses

import numpy as np

from lstmcast.core.panel import Clock
from lstmcast.evaluation.ledger import Ledger
from lstmcast.evaluation.said import beside_outcomes, night_before
from tests.panels import HOURLY, panel_of, stacked

ZERO = np.datetime64("2024-01-01T00:00:00", "us")
HOUR = np.timedelta64(3600, "s")


def ledger_of(rows: list[tuple[int, int, float]], ids: tuple[str, ...] = ("",)) -> Ledger:
    """A ledger of (hour issued, hour spoken of, forecast), all of the first series."""
    issued, time, point = (np.array(column) for column in zip(*rows, strict=True))
    zeros = np.zeros(len(rows), np.int64)
    return Ledger(
        ZERO + issued * HOUR,
        ZERO + time * HOUR,
        point.astype(float),
        point - 1.0,
        point + 1.0,
        zeros,
        ids,
        zeros,
        ("m",),
        zeros,
        ("model",),
        None if ids == ("",) else "meter",
    )


def test_the_last_forecast_before_the_day_counts() -> None:
    ledger = ledger_of([(20, 30, 1.0), (22, 30, 2.0), (26, 30, 3.0), (26, 31, 4.0), (22, 30, 5.0)])
    found = night_before(ledger, HOURLY)
    assert found.point.tolist() == [
        5.0,
        4.0,
    ]  # the second of two of the same hour; of hour 31 there is but one


def test_the_night_is_that_of_the_wall_clock() -> None:
    clock = dataclasses.replace(HOURLY, zone="Asia/Tokyo")  # nine hours ahead
    ledger = ledger_of([(14, 16, 1.0), (15, 16, 2.0)])  # midnight there is 15:00 UTC
    assert night_before(ledger, clock).point.tolist() == [1.0]


def test_of_days_the_last_forecast_counts() -> None:
    ledger = ledger_of([(0, 48, 1.0), (24, 48, 2.0)])
    assert night_before(ledger, Clock("D")).point.tolist() == [2.0]


def test_forecasts_stand_beside_outcomes_on_every_stamp_between() -> None:
    panel = panel_of(np.arange(30.0))
    (said,) = beside_outcomes(ledger_of([(20, 26, 1.0), (20, 29, 2.0), (20, 31, 3.0)]), panel)
    assert said.actual.tolist()[:4] == [26.0, 27.0, 28.0, 29.0]
    assert np.isnan(said.actual[4:]).all()
    assert np.array_equal(said.point, [1, np.nan, np.nan, 2, np.nan, 3], equal_nan=True)
    assert np.nanmean(said.error) == (-25.0 - 27.0) / 2
    assert len(said.last(2).times) == 2
    assert said.last(None) is said


def test_a_series_that_the_outcomes_lack_has_none() -> None:
    panel = stacked(panel_of(np.arange(30.0)), panel_of(np.arange(30.0) + 100))
    ledger = ledger_of([(20, 26, 1.0), (20, 27, 2.0)], ids=("b", "x"))
    ledger = dataclasses.replace(ledger, series=np.array([0, 1]))
    first, second = beside_outcomes(ledger, panel)
    assert (first.name, first.actual.tolist()) == ("b", [126.0])
    assert (second.name, np.isnan(second.actual).all()) == ("x", True)
