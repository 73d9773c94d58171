"""Days off that nobody named: a country is found by its days, or none is."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from lstmcast.core.panel import KNOWN, Clock, Column, Panel
from lstmcast.data.days_off import find_days_off
from tests.command_line import lstmcast
from tests.conftest import write_csv
from tests.panels import panel_of

holidays = pytest.importorskip("holidays")


def load(country: str | None, zone: str | None = None, days: int = 300, part: str | None = None) -> Panel:
    """Hours of a load with weekends, weather that wanders, and days off that are like Sundays."""
    rng = np.random.default_rng(5)
    clock = Clock("h", zone, (24, 168))
    panel = panel_of(np.zeros(24 * days), clock=clock, first=np.datetime64("2023-01-01", "us"))
    wall = clock.wall(panel.times)
    date, hour = wall.astype("datetime64[D]"), (wall - wall.astype("datetime64[D]")) / np.timedelta64(1, "h")
    is_off = (date.astype(np.int64) + 3) % 7 >= 5
    if country is not None:
        off = holidays.country_holidays(country, subdiv=part, years=range(2022, 2025))
        is_off |= np.isin(date, np.array(sorted(map(str, off)), dtype="datetime64[D]"))
    busy = 20 * np.exp(-((hour - 9) ** 2) / 18)
    weather = np.repeat(rng.normal(0, 4, days + 1).cumsum() * 0.2, 24)[: len(panel.times)]
    panel.values[:, 0] = 100 + weather + np.where(is_off, 0.2, 1.0) * busy + rng.normal(0, 1, len(hour))
    return panel


@pytest.mark.parametrize("zone", [None, "Europe/Helsinki"])
def test_the_country_is_found_with_and_without_a_zone(zone: str | None) -> None:
    found = find_days_off(load("FI", zone))
    assert found is not None
    assert found.name == "FI"
    assert found.ratio > 3
    wall = np.array(["2023-05-01T07", "2023-05-02T07"], dtype="datetime64[us]")
    assert found.on(wall).tolist() == [True, False]


def test_the_part_of_a_country_is_found_by_its_own_days() -> None:
    found = find_days_off(load("DE", "Europe/Berlin", 340, part="SN"))
    assert found is not None
    assert found.name == "DE-SN"


def test_nothing_is_said_where_no_country_fits_or_the_days_are_known() -> None:
    panel = load("FI")
    assert find_days_off(load(None)) is None
    assert find_days_off(load("DE", "Asia/Tokyo")) is None
    wall = panel.times.astype("datetime64[D]")
    off = np.array(sorted(map(str, holidays.country_holidays("FI", years=2023))), dtype="datetime64[D]")
    marked = np.column_stack([panel.values, np.isin(wall, off)])
    known = dataclasses.replace(panel, values=marked, columns=(*panel.columns, Column("off", KNOWN)))
    assert find_days_off(known) is None


def test_check_and_train_name_the_option(tmp_path: Path) -> None:
    panel = load("FI", days=140)
    rows = [f"{stamp},{value:.3f}" for stamp, value in zip(panel.times, panel.target, strict=True)]
    file = write_csv(tmp_path / "load.csv", rows)
    said = lstmcast("check", file, "--target", "load").out
    assert "--holidays FI would teach them" in said
    small = ["--steps", "1", "--hidden", "4", "--lookback", "24", "--horizon", "24", "--val", "0.4"]
    small += ["--safeguard", "linear", "--transform", "none", "--calendar", "calendar", "--no-final"]
    trained = lstmcast("train", file, "--target", "load", "-o", tmp_path / "m.pkl", *small)
    assert not trained.code, trained.err
    assert "off of FI" in trained.out
    assert "times that of other days (--holidays FI would teach them)" in " ".join(trained.out.split())
