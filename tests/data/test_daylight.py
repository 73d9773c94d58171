"""Days of 23 and 25 hours: stamps, features, the seasonal naive and forecasts keep to the clock on the wall."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pandas as pd
import pytest

from lstmcast.core.panel import TARGET, Clock, Column, Panel
from lstmcast.data.calendar_features import calendar_vector
from lstmcast.forecasters.naive import SeasonalNaive
from lstmcast.model.model import Model
from lstmcast.pipeline.fit import fit
from tests.panels import Numbers, rooms, small

CHANGES = {
    "Europe/Helsinki": ("2024-03-31", "2024-10-27"),
    "America/New_York": ("2024-03-10", "2024-11-03"),
}
BOTH = [(zone, day) for zone, days in CHANGES.items() for day in days]


def profile(wall: pd.DatetimeIndex) -> Numbers:
    """What every day looks like on the clock on the wall: a steep morning and a steeper evening."""
    hours = np.asarray(wall.hour + wall.minute / 60, dtype=float)
    return 100 + 30 * np.exp(-(((hours - 8) / 2) ** 2)) + 40 * np.exp(-(((hours - 18) / 1.5) ** 2))


@cache
def panel(zone: str, first: str, last: str, freq: str = "h") -> Panel:
    """Rows of the profile and a little noise from one local day to another, which is left out."""
    index = pd.date_range(first, last, freq=freq, tz=zone, inclusive="left")
    times = index.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]")
    noise = np.random.default_rng(0).normal(0, 0.5, len(index))
    values = (profile(index.tz_localize(None)) + noise)[:, None]
    day = round(pd.Timedelta(days=1) / pd.Timedelta(pd.tseries.frequencies.to_offset(freq)))
    clock = Clock(freq, zone, (day, 7 * day), "%Y-%m-%dT%H:%M:%S%z")
    return Panel(("",), np.array([0, len(index)]), times, values, (Column("y", TARGET),), clock)


@cache
def model(zone: str) -> Model:
    """Trained on a year that ends before both changes of the next."""
    options = small(horizon=24, lookback=48, segment=24, calendar="calendar", safeguard="linear", steps=1)
    return fit(panel(zone, "2023-02-01", "2024-02-01"), options)


def rows_taken(whole: Panel, origins: np.ndarray, season: int, horizon: int = 30) -> np.ndarray:
    """(K, B) the row whose value the seasonal naive gives for each target."""
    windows = rooms(whole, horizon=horizon)[2]
    marked = dataclasses.replace(windows.table, scaled=np.arange(float(len(whole.times))))
    windows = dataclasses.replace(windows, table=marked)
    return SeasonalNaive(season).predict((windows,), origins)[:, 0].astype(np.int64)


@pytest.mark.parametrize("days", [1, 7])
@pytest.mark.parametrize(("zone", "day"), BOTH)
def test_the_seasonal_naive_takes_the_same_time_of_the_wall_clock(zone: str, day: str, days: int) -> None:
    change = np.datetime64(day, "D")
    whole = panel(zone, str(change - 28), str(change + 10))
    origins = int(np.searchsorted(whole.times, change)) + np.arange(-60, 200)
    rows, wall = rows_taken(whole, origins, 24 * days), whole.clock.wall(whole.times)
    season, targets = np.timedelta64(days, "D"), origins + np.arange(30)[:, None]
    back, rest = np.divmod(wall[targets] - wall[rows], season)
    skipped = wall[targets] - np.arange(1, 4)[:, None, None] * season
    is_there = np.isin(skipped, wall).all(axis=0)
    assert not rest[is_there].astype(np.int64).any()
    assert (rows < origins).all()
    assert (back[is_there] >= 1).all()
    # no later row that shows this time is before the origin
    nearer = np.searchsorted(whole.times, whole.clock.utc((wall[targets] - (back - 1) * season).ravel()))
    assert (nearer.reshape(rows.shape) >= origins - 1)[is_there & (back > 1)].all()
    # the hour that the clock skipped is stood for by a neighbour
    assert (np.abs(rest[~is_there] - season / 2) >= season / 2 - np.timedelta64(1, "h")).all()
    assert is_there.all() == ("-03-" not in day)


@pytest.mark.parametrize(
    ("zone", "season"), [(None, 24), ("UTC", 24), ("+02:00", 24), ("Europe/Helsinki", 25)]
)
def test_without_changes_or_whole_days_a_season_goes_by_rows(zone: str | None, season: int) -> None:
    whole = panel("Europe/Helsinki", "2024-03-20", "2024-04-20")
    whole = dataclasses.replace(whole, clock=dataclasses.replace(whole.clock, zone=zone))
    origins = np.arange(100, len(whole.times) - 30)
    ahead = np.arange(30)[:, None]
    assert np.array_equal(
        rows_taken(whole, origins, season), origins + ahead - season * (1 + ahead // season)
    )


def test_rows_of_three_hours_are_not_moved_by_a_change_of_one() -> None:
    whole = panel("Europe/Helsinki", "2024-03-01", "2024-04-20", "3h")
    origins = np.arange(60, len(whole.times) - 6)
    rows = rows_taken(whole, origins, 8, horizon=6)
    assert np.array_equal(rows, origins + np.arange(6)[:, None] - 8)


@pytest.mark.parametrize(("zone", "day"), BOTH)
def test_features_repeat_by_the_wall_clock_on_days_of_23_and_25_hours(zone: str, day: str) -> None:
    middle = pd.Timestamp(day)
    usual = panel(zone, f"{middle - pd.Timedelta(days=7):%F}", f"{middle - pd.Timedelta(days=6):%F}")
    odd = panel(zone, day, f"{middle + pd.Timedelta(days=1):%F}")
    assert len(odd.times) == (23 if "-03-" in day else 25)
    features = calendar_vector(usual.clock, usual.times, with_year=False)
    hours = pd.DatetimeIndex(odd.clock.wall(odd.times)).hour
    assert np.array_equal(calendar_vector(odd.clock, odd.times, with_year=False), features[hours])


@pytest.mark.parametrize("lead", [0, 5, 12, 23])
@pytest.mark.parametrize(("zone", "day"), BOTH)
def test_a_forecast_across_a_change_has_its_stamps_and_its_profile(zone: str, day: str, lead: int) -> None:
    middle = pd.Timestamp(day)
    whole = panel(zone, f"{middle - pd.Timedelta(days=20):%F}", f"{middle + pd.Timedelta(days=3):%F}")
    index = pd.DatetimeIndex(whole.times).tz_localize("UTC").tz_convert(zone)
    origin = int(np.searchsorted(index, pd.Timestamp(day, tz=zone))) - lead
    forecast = model(zone).predict(whole.take(np.array([0]), np.array([origin])), 48)
    expected = index[origin : origin + 48]
    assert forecast.clock.write(forecast.times) == [stamp.isoformat() for stamp in expected]
    error = np.abs(forecast.point - profile(expected.tz_localize(None)))
    assert error.max() < 3  # an hour off would be 20 and more in the evening
    assert error.mean() < 1
