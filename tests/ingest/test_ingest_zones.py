"""Stamps of a local clock across its changes, offsets that change, and clocks that nobody named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lstmcast.core.errors import DataError
from lstmcast.ingest import ReadingRules, Roles, read

YEAR = {
    "Europe/Helsinki": "2024",
    "America/New_York": "2023",
    "Australia/Lord_Howe": "2024",
    "Europe/London": "2025",
}


def local_year(zone: str, freq: str = "h") -> pd.DatetimeIndex:
    """Every step of a year as the clocks of a zone show it."""
    return pd.date_range(f"{YEAR[zone]}-01-01", f"{YEAR[zone]}-12-31 23:00", freq=freq, tz=zone)


def write(path: Path, stamps: list[str]) -> Path:
    path.write_text("time,y\n" + "".join(f"{stamp},{i}\n" for i, stamp in enumerate(stamps)))
    return path


def naive(index: pd.DatetimeIndex) -> list[str]:
    return index.strftime("%Y-%m-%d %H:%M").tolist()


def utc(index: pd.DatetimeIndex) -> np.ndarray:
    return index.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]")


@pytest.mark.parametrize("freq", ["h", "15min"])
@pytest.mark.parametrize("zone", YEAR)
@pytest.mark.parametrize("is_reversed", [False, True])
def test_a_year_of_local_stamps_is_a_year_of_instants(
    zone: str, freq: str, is_reversed: bool, tmp_path: Path
) -> None:
    index = local_year(zone, "30min" if "Howe" in zone and freq == "h" else freq)
    stamps = naive(index)
    reading = read(
        write(tmp_path / "data.csv", stamps[::-1] if is_reversed else stamps), Roles("y"), zone=zone
    )
    assert (reading.panel.times == utc(index)).all()
    assert not np.isnan(reading.panel.target).any()
    assert reading.panel.clock.write(reading.panel.times) == stamps
    assert [finding.code for finding in reading.findings] == ["newest_first"] * is_reversed


@pytest.mark.parametrize("zone", ["Europe/Helsinki", "America/New_York"])
def test_days_of_23_and_25_hours_are_whole(zone: str, tmp_path: Path) -> None:
    panel = read(write(tmp_path / "data.csv", naive(local_year(zone))), Roles("y"), zone=zone).panel
    days = panel.clock.wall(panel.times).astype("datetime64[D]")
    hours = np.unique(days, return_counts=True)[1]
    assert sorted(set(hours.tolist())) == [23, 24, 25]
    assert (hours == 24).sum() == hours.size - 2


@pytest.mark.parametrize("zone", ["Europe/Helsinki", "America/New_York"])
def test_days_keep_to_the_wall_clock(zone: str, tmp_path: Path) -> None:
    index = pd.date_range("2024-01-01", "2024-12-31", freq="D", tz=zone)
    panel = read(
        write(tmp_path / "data.csv", index.strftime("%Y-%m-%d").tolist()), Roles("y"), zone=zone
    ).panel
    assert panel.clock.freq == "D"
    assert (panel.times == utc(index)).all()


@pytest.mark.parametrize(
    ("zone", "chosen"),
    [
        ("Europe/Paris", "Europe/Berlin"),
        ("America/New_York", "America/New_York"),
        ("America/St_Johns", "America/St_Johns"),
        ("Australia/Melbourne", "Australia/Sydney"),
        ("Australia/Lord_Howe", "Australia/Lord_Howe"),
        ("Africa/Casablanca", "Africa/Casablanca"),
    ],
)
def test_offsets_that_change_show_their_zone(zone: str, chosen: str, tmp_path: Path) -> None:
    index = pd.date_range("2024-01-01", "2024-12-31", freq="h", tz=zone)
    reading = read(write(tmp_path / "data.csv", [stamp.isoformat() for stamp in index]), Roles("y"))
    assert reading.panel.clock.zone == chosen
    assert (reading.panel.times == utc(index)).all()
    assert reading.panel.clock.write(reading.panel.times[[0, -1]]) == [
        index[0].isoformat(),
        index[-1].isoformat(),
    ]
    assert [finding.code for finding in reading.findings] == ["zone"]


def test_daily_stamps_with_offsets_that_change_are_days(tmp_path: Path) -> None:
    index = pd.date_range("2024-01-01", "2024-12-31", freq="D", tz="Europe/Berlin")
    reading = read(write(tmp_path / "data.csv", [stamp.isoformat() for stamp in index]), Roles("y"))
    assert (reading.panel.clock.freq, reading.evidence) == ("D", "1 day in 365 of 365 steps")


@pytest.mark.parametrize("zone", ["Europe/Helsinki", "America/New_York", "Europe/London"])
def test_a_clock_that_nobody_named_is_recognised_and_refused(zone: str, tmp_path: Path) -> None:
    path = write(tmp_path / "data.csv", naive(local_year(zone)))
    with pytest.raises(
        DataError, match=rf"stands twice .*as on the clocks of .*{zone}.*say so with --tz"
    ) as caught:
        read(path, Roles("y"))
    option = str(caught.value).split("--tz ")[1].split(" ")[0]
    panel = read(path, Roles("y"), zone=option).panel
    assert panel.target.size == len(local_year(zone))
    assert not np.isnan(panel.target).any()


def test_a_year_without_changes_is_not_suspected(tmp_path: Path) -> None:
    index = pd.date_range("2024-01-01", "2024-12-31", freq="h")
    stamps = naive(index)
    stamps.insert(5000, stamps[4999])
    assert read(write(tmp_path / "data.csv", stamps), Roles("y")).panel.clock.zone is None


@pytest.mark.parametrize(("how", "hour"), [("first", "2024-10-27T00:00"), ("second", "2024-10-27T01:00")])
def test_a_shuffled_file_takes_the_option_for_the_doubled_hour(how: str, hour: str, tmp_path: Path) -> None:
    stamps = [
        "2024-10-27 03:00",
        "2024-10-27 02:00",
        "2024-10-27 05:00",
        "2024-10-27 04:00",
        "2024-10-27 06:00",
    ]
    rules = ReadingRules(ambiguous=how)
    panel = read(write(tmp_path / "data.csv", stamps), Roles("y"), zone="Europe/Helsinki", rules=rules).panel
    assert panel.times[panel.target == 0] == np.datetime64(hour)


def test_each_series_settles_its_own_doubled_hour(tmp_path: Path) -> None:
    hours = ["02:00", "03:00", "03:00", "04:00"]
    path = tmp_path / "data.csv"
    rows = [f"2024-10-27 {hour},{name},{i}" for i, hour in enumerate(hours) for name in "ab"]
    path.write_text("time,store,y\n" + "\n".join(rows) + "\n")
    panel = read(path, Roles("y", id="store"), zone="Europe/Helsinki").panel
    assert panel.target.tolist() == [0, 1, 2, 3] * 2
    assert (np.diff(panel.times[:4]) == np.timedelta64(1, "h")).all()


def test_an_hour_missing_in_spring_alone_is_said_with_the_zone_it_may_be(tmp_path: Path) -> None:
    index = pd.date_range("2024-03-20", "2024-04-10", freq="h", tz="America/Chicago")
    index = index.append(pd.date_range("2024-04-10 01:00", "2024-04-12", freq="h", tz="America/Chicago"))
    path = write(tmp_path / "spring.csv", naive(index))
    assert [finding.code for finding in read(path, Roles("y")).findings] == []
    index = pd.date_range("2024-03-01", "2024-04-10", freq="h", tz="America/Chicago")
    (gap,) = read(write(path, naive(index)), Roles("y")).findings
    assert (gap.code, gap.remedy) == ("gaps", "--tz America/New_York if the clock is put forward there")
