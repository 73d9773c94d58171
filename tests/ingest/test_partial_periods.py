"""A first or last row that --aggregate made of an incomplete period is missing by rule, and said."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from lstmcast.ingest import ParsedFile, ReadingRules, Roles, read


def file(tmp_path: Path, first: datetime, count: int, step: timedelta, **more: str) -> Path:
    """A CSV of ones, a step apart; more: the rows of further series."""
    rows = [f"{first + i * step},1" for i in range(count)]
    path = tmp_path / "readings.csv"
    path.write_text("\n".join(["time,load", *rows]) + "\n")
    return path


def parsed(
    path: Path, freq: str, how: str = "sum", *, keep: bool = False, roles: Roles | None = None
) -> ParsedFile:
    """The file on a clock."""
    rules = ReadingRules(aggregate=how, keep_partial=keep)
    return read(path, roles or Roles("load", None, None, (), ()), freq=freq, rules=rules)


def notes(found: ParsedFile) -> list[str]:
    """What is said of partial periods."""
    return [finding.message for finding in found.findings if finding.code == "partial_period"]


FIVE = timedelta(minutes=5)
START = datetime(2024, 1, 1)


@pytest.mark.parametrize("how", ["sum", "mean", "count", "last", "max"])
def test_three_of_twelve_readings_are_no_hour(tmp_path: Path, how: str) -> None:
    found = parsed(file(tmp_path, START, 12 * 48 + 3, FIVE), "1h", how)
    assert np.isnan(found.panel.target).tolist() == [False] * 48 + [True]
    assert notes(found) == ["the last row, 2024-01-03, is made of an incomplete period and counts as missing"]


def test_the_first_too(tmp_path: Path) -> None:
    found = parsed(file(tmp_path, START + 4 * FIVE, 12 * 48, FIVE), "1h")
    assert np.flatnonzero(np.isnan(found.panel.target)).tolist() == [0, 48]
    assert len(notes(found)) == 2


def test_whole_periods_stay(tmp_path: Path) -> None:
    assert notes(parsed(file(tmp_path, START, 12 * 48, FIVE), "1h")) == []


def test_they_can_be_kept(tmp_path: Path) -> None:
    found = parsed(file(tmp_path, START, 12 * 48 + 3, FIVE), "1h", keep=True)
    assert found.panel.target[-1] == 3.0
    assert notes(found) == []


@pytest.mark.parametrize(
    ("freq", "days", "missing"),
    [("1D", 9.5, [9]), ("W-SUN", 38, [5]), ("MS", 45, [1]), ("ME", 45, [1]), ("W-SUN", 35, [])],
)
def test_days_weeks_and_months_alike(tmp_path: Path, freq: str, days: float, missing: list[int]) -> None:
    found = parsed(file(tmp_path, START, int(days * 24), timedelta(hours=1)), freq)
    assert np.flatnonzero(np.isnan(found.panel.target)).tolist() == missing


def test_a_shop_that_closes_in_the_evening_has_whole_days(tmp_path: Path) -> None:
    rows = [f"{START + timedelta(days=d, hours=9, minutes=10 * i)},1" for d in range(20) for i in range(60)]
    path = tmp_path / "shop.csv"
    path.write_text("\n".join(["time,load", *rows]) + "\n")
    assert notes(parsed(path, "1D")) == []
    path.write_text("\n".join(["time,load", *rows[:-20]]) + "\n")
    assert len(notes(parsed(path, "1D"))) == 1


def test_of_a_panel_each_series_has_its_own_end(tmp_path: Path) -> None:
    rows = [
        f"{START + i * FIVE},{name},1" for name, n in (("a", 12 * 30), ("b", 12 * 30 + 5)) for i in range(n)
    ]
    path = tmp_path / "panel.csv"
    path.write_text("\n".join(["time,meter,load", *rows]) + "\n")
    found = parsed(path, "1h", roles=Roles("load", None, "meter", (), ()))
    assert np.isnan(found.panel.target).tolist() == [False] * 60 + [True]
    assert "'b'" in notes(found)[0]
