"""Clock, Panel and Forecast: time arithmetic across changes of the clock, slicing, writing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lstmcast.core.panel import COUNTER, Clock, Column, Forecast, Panel, default_seasons


def utc(*stamps: str) -> np.ndarray:
    return np.array(stamps, dtype="datetime64[us]")


def shown(clock: Clock, last: str, count: int) -> list[str]:
    return clock.write(clock.after(utc(last)[0], count))


def test_hours_go_through_the_doubled_hour_of_autumn() -> None:
    clock = Clock("h", "Europe/Helsinki", style="%Y-%m-%d %H:%M%z")
    assert shown(clock, "2024-10-26T23:00", 3) == [
        "2024-10-27 03:00+03:00",
        "2024-10-27 03:00+02:00",
        "2024-10-27 04:00+02:00",
    ]


def test_hours_skip_the_missing_hour_of_spring() -> None:
    clock = Clock("h", "America/New_York", style="%Y-%m-%dT%H:%M%z")
    assert shown(clock, "2024-03-10T06:00", 2) == ["2024-03-10T03:00-04:00", "2024-03-10T04:00-04:00"]


def test_days_keep_their_wall_clock_time_across_a_change() -> None:
    clock = Clock("D", "Europe/Helsinki", style="%Y-%m-%dT%H:%M%z")
    after = clock.after(utc("2024-10-25T21:00")[0], 3)
    assert clock.write(after) == [
        "2024-10-27T00:00+03:00",
        "2024-10-28T00:00+02:00",
        "2024-10-29T00:00+02:00",
    ]
    assert np.diff(after).astype("timedelta64[h]").astype(int).tolist() == [25, 24]


def test_a_day_whose_midnight_is_skipped_starts_an_hour_later() -> None:
    clock = Clock("D", "America/Santiago", style="%Y-%m-%d %H:%M")
    assert shown(clock, "2024-09-07T04:00", 2) == ["2024-09-08 01:00", "2024-09-09 00:00"]
    assert shown(clock, "2024-09-08T04:00", 1) == ["2024-09-09 00:00"]


@pytest.mark.parametrize(
    ("freq", "last", "following"),
    [
        ("MS", "2024-01-01", ["2024-02-01", "2024-03-01"]),
        ("ME", "2024-01-31", ["2024-02-29", "2024-03-31"]),
        ("QS-JAN", "2024-01-01", ["2024-04-01", "2024-07-01"]),
        ("YE-DEC", "2023-12-31", ["2024-12-31", "2025-12-31"]),
        ("W-SAT", "2024-02-24", ["2024-03-02", "2024-03-09"]),
        ("2W-SAT", "2024-02-24", ["2024-03-09", "2024-03-23"]),
        ("B", "2024-03-01", ["2024-03-04", "2024-03-05"]),
        ("2D", "2024-02-28", ["2024-03-01", "2024-03-03"]),
    ],
)
def test_calendar_steps_follow_the_calendar(freq: str, last: str, following: list[str]) -> None:
    assert shown(Clock(freq, style="%Y-%m-%d"), last, 2) == following


def test_a_clock_without_a_zone_knows_no_change() -> None:
    assert shown(Clock("30min"), "2024-03-31T02:30", 2) == ["2024-03-31T03:00:00", "2024-03-31T03:30:00"]


def test_a_fixed_offset_is_kept() -> None:
    clock = Clock("h", "+05:30", style="%Y-%m-%dT%H:%M:%S%z")
    assert shown(clock, "2024-10-26T23:00", 1) == ["2024-10-27T05:30:00+05:30"]


def test_a_counter_counts_and_shows_plain_numbers() -> None:
    clock = Clock(COUNTER)
    last = np.datetime64(41, "us")
    assert clock.is_counter
    assert clock.write(clock.after(last, 2)) == ["42", "43"]
    assert clock.wall(clock.after(last, 1)) == clock.after(last, 1)


def test_wall_and_utc_are_inverse_away_from_changes() -> None:
    clock = Clock("h", "Australia/Adelaide")
    times = clock.grid(utc("2024-06-01T00:30")[0], 500)
    assert (clock.utc(clock.wall(times)) == times).all()


def test_utc_takes_the_first_of_a_repeated_hour_and_moves_a_skipped_one_on() -> None:
    clock = Clock("h", "Europe/Berlin")
    assert clock.utc(utc("2024-10-27T02:30", "2024-03-31T02:30")).tolist() == (
        utc("2024-10-27T00:30", "2024-03-31T01:00").tolist()
    )


@pytest.mark.parametrize(
    ("style", "text"),
    [
        ("%Y-%m-%d", "2024-05-01"),
        ("%Y-%m", "2024-05"),
        ("%Y-%m-%d %H:%M", "2024-05-01 03:00"),
        ("%Y-%m-%dT%H:%M:%S", "2024-05-01T03:00:00"),
        ("%Y-%m-%dT%H:%M:%S%z", "2024-05-01T03:00:00+03:00"),
    ],
)
def test_stamps_are_written_in_the_style_of_the_file(style: str, text: str) -> None:
    assert Clock("h", "Europe/Helsinki", style=style).write(utc("2024-05-01T00:00")) == [text]


@pytest.mark.parametrize(
    ("freq", "step"),
    [("h", pd.Timedelta("1h")), ("15min", pd.Timedelta("15min")), ("D", None), ("2D", None), ("MS", None)],
)
def test_only_steps_below_a_day_have_a_length(freq: str, step: pd.Timedelta | None) -> None:
    assert Clock(freq).step == step


@pytest.mark.parametrize(
    ("freq", "seasons"),
    [
        ("h", (24, 168)),
        ("30min", (48, 336)),
        ("45min", (32, 224)),
        ("7h", ()),
        ("D", (7,)),
        ("B", (5,)),
        ("W-SAT", (52,)),
        ("2W-SAT", ()),
        ("MS", (12,)),
        ("ME", (12,)),
        ("QS-JAN", (4,)),
        ("YS-JAN", ()),
        (COUNTER, ()),
    ],
)
def test_the_calendar_suggests_seasons(freq: str, seasons: tuple[int, ...]) -> None:
    assert default_seasons(freq) == seasons


def two_series() -> Panel:
    """Five hours of a and three of b."""
    clock = Clock("h", "Europe/Helsinki")
    times = np.concatenate([clock.grid(utc("2024-03-30T22:00")[0], 5), clock.grid(utc("2024-01-01")[0], 3)])
    values = np.arange(16.0).reshape(8, 2)
    columns = (Column("y", "target"), Column("x", "known"))
    return Panel(("a", "b"), np.array([0, 5, 8]), times, values, columns, clock, "id")


def test_a_panel_knows_its_rows_and_roles() -> None:
    panel = two_series()
    assert panel.lengths.tolist() == [5, 3]
    assert panel.rows(1) == slice(5, 8)
    assert panel.series_of_rows().tolist() == [0] * 5 + [1] * 3
    assert (panel.roles("target"), panel.roles("known"), panel.roles("past")) == ([0], [1], [])
    assert panel.target.tolist() == [0, 2, 4, 6, 8, 10, 12, 14]


def test_the_tail_is_the_last_rows_of_each_series_or_all_of_a_shorter_one() -> None:
    tail = two_series().tail(4)
    assert tail.offsets.tolist() == [0, 4, 7]
    assert tail.target.tolist() == [2, 4, 6, 8, 10, 12, 14]
    assert tail.times[0] == two_series().times[1]


def test_extended_series_follow_the_clock_and_are_missing() -> None:
    panel = two_series()
    longer = panel.extended(2)
    assert longer.offsets.tolist() == [0, 7, 12]
    assert np.isnan(longer.values[5:7]).all()
    assert np.isnan(longer.values[10:]).all()
    assert (longer.times[5:7] == panel.clock.after(panel.times[4], 2)).all()
    assert (longer.values[7:10] == panel.values[5:]).all()


def test_a_forecast_becomes_a_table_in_the_order_of_the_file() -> None:
    clock = Clock("D", style="%Y-%m-%d")
    forecast = Forecast(
        ids=("a", "b"),
        series=np.array([0, 1]),
        times=utc("2024-01-01", "2024-01-02"),
        point=np.array([1.0, 2.0]),
        bands={80: (np.array([0.0, 1.0]), np.array([2.0, 3.0]))},
        source=("model", "linear"),
        clock=clock,
        id_name="store",
    )
    assert forecast.table() == {
        "store": ["a", "b"],
        "time": ["2024-01-01", "2024-01-02"],
        "forecast": [1.0, 2.0],
        "lo_80": [0.0, 1.0],
        "hi_80": [2.0, 3.0],
        "source": ["model", "linear"],
    }


def test_a_series_is_known_until_the_row_after_its_last_target() -> None:
    values = np.array([[1.0], [np.nan], [2.0], [np.nan], [np.nan], [np.nan], [5.0]])
    times = np.arange(7).astype("datetime64[h]").astype("datetime64[us]")
    panel = Panel(
        ("a", "b", "c"), np.array([0, 4, 6, 7]), times, values, (Column("y", "target"),), Clock("h")
    )
    assert panel.known_until().tolist() == [3, 4, 7]


def test_clocks_take_the_same_step_however_it_is_spelled() -> None:
    assert Clock("h").steps_like(Clock("60min"))
    assert not Clock("h").steps_like(Clock("30min"))
    assert not Clock("W-SUN").steps_like(Clock("W-SAT"))
    assert not Clock("count").steps_like(Clock("h"))
