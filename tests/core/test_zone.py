"""Zones and steps beside pandas, which knows them too but takes longer to load."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from lstmcast.core import steps, zone
from lstmcast.core.panel import Clock

ZONES = ["Europe/Berlin", "America/New_York", "Europe/Dublin", "Europe/Lisbon", "America/Sao_Paulo",
         "Asia/Kathmandu", "Australia/Lord_Howe", "+02:00", "-03:30", "UTC"]  # fmt: skip


def moments(name: str) -> NDArray[np.int64]:
    """Random instants of 1972 to 2035, and all quarter hours around each change of the clock; of other years older
    versions of pandas know less."""
    rng = np.random.default_rng(0)
    times = rng.integers(65_000_000, 2_080_000_000, 2000) * 1_000_000
    around = np.arange(-12, 13) * 900_000_000
    return np.concatenate([times, (zone._changes_around(times, name).at[:, None] + around).ravel()])


def index_of(micros: NDArray[np.int64]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(micros.astype("datetime64[us]"))


def micros_of(index: pd.DatetimeIndex) -> NDArray[np.int64]:
    return index.tz_localize(None).to_numpy().astype("datetime64[us]").astype(np.int64)


@pytest.mark.parametrize("name", ZONES)
def test_the_wall_of_a_zone_is_that_of_pandas(name: str) -> None:
    utc = moments(name)
    expected = micros_of(index_of(utc).tz_localize("UTC").tz_convert(name))
    np.testing.assert_array_equal(utc + zone.offset(utc, name), expected)
    few = np.arange(0, len(utc), len(utc) // 50)  # which are asked for one by one
    assert len(few) <= zone._FEW
    np.testing.assert_array_equal(zone.offset(utc[few], name), zone.offset(utc, name)[few])


@pytest.mark.parametrize("name", ZONES)
def test_what_the_wall_shows_twice_or_never_is_known(name: str) -> None:
    wall = moments(name)
    found = zone.instants(wall, name)
    odd = index_of(wall).tz_localize(name, ambiguous="NaT", nonexistent="NaT").isna()
    np.testing.assert_array_equal(found.is_double | found.is_skipped, odd)
    there = ~found.is_skipped
    for is_first, instants in ((True, found.first), (False, found.second)):
        expected = index_of(wall[there]).tz_localize(name, ambiguous=np.full(there.sum(), is_first))
        np.testing.assert_array_equal(instants[there], micros_of(expected.tz_convert("UTC")))


def test_a_time_that_the_clock_skips_is_the_moment_of_its_change() -> None:
    wall = np.array(["2024-03-31T02:00", "2024-03-31T02:40", "1987-04-05T00:20"], "datetime64[us]").astype(
        int
    )
    found = zone.instants(wall[:2], "Europe/Berlin")
    assert found.is_skipped.all()
    assert found.first.astype("datetime64[us]").tolist() == [pd.Timestamp("2024-03-31T01:00")] * 2
    assert zone.instants(wall[2:], "America/St_Johns").first.astype("datetime64[us]")[0] == np.datetime64(
        "1987-04-05T03:31"
    )


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("Europe/Berlin", True),
        ("+05:30", True),
        ("utc", True),
        ("Mars/Base", False),
        ("", False),
        ("+5", False),
    ],
)
def test_names_of_zones(name: str, known: bool) -> None:
    assert zone.is_known(name) == known


ALIASES = [
    "D",
    "7D",
    "W-SUN",
    "2W-MON",
    "MS",
    "ME",
    "3MS",
    "QS-JAN",
    "2QS-OCT",
    "QE-DEC",
    "YS-JAN",
    "YE-JUN",
    "B",
    "3B",
    "BMS",
    "W",
]
TICKS = ["h", "30min", "2h", "15s", "250ms", "24h", "min"]


@pytest.mark.parametrize("freq", ALIASES)
def test_long_steps_are_those_of_pandas(freq: str) -> None:
    rng = np.random.default_rng(0)
    days = np.datetime64("1999-12-01") + rng.integers(0, 12_000, 60)
    for day in [*days, *days.astype("datetime64[M]").astype("datetime64[D]")]:
        start = day.astype("datetime64[us]")
        expected = pd.date_range(pd.Timestamp(start), periods=7, freq=freq).to_numpy()
        np.testing.assert_array_equal(steps.stepped(start, 7, freq), expected.astype("datetime64[us]"))
    assert steps.tick(freq) is None


@pytest.mark.parametrize("freq", TICKS)
def test_short_steps_are_those_of_pandas(freq: str) -> None:
    expected = pd.Timedelta(pd.tseries.frequencies.to_offset(freq))
    assert steps.tick(freq) == expected.to_timedelta64()


@pytest.mark.parametrize("freq", ["0h", "W-XXX", "QS-FOO", "x", ""])
def test_what_is_no_step_is_refused(freq: str) -> None:
    assert steps.usual(freq) is None


@pytest.mark.parametrize(
    ("name", "style"),
    [
        (None, "%Y-%m-%dT%H:%M:%S"),
        ("Europe/Berlin", "%Y-%m-%d %H:%M:%S%z"),
        ("+05:30", "%Y-%m-%dT%H:%M:%S%z"),
    ],
)
def test_stamps_are_written_as_by_pandas(name: str | None, style: str) -> None:
    clock = Clock("h", name, style=style)
    times = clock.grid(np.datetime64("2024-10-26T12:00", "us"), 40)
    assert clock.write(times) == clock._written(times)
