"""One odd last value: found by the model's own bands, taken as missing, named, and forecast as if it were not there."""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from lstmcast.core.options import Options
from lstmcast.core.panel import TARGET, Clock, Column, Panel
from lstmcast.model.model import Model
from lstmcast.pipeline.fit import fit
from tests.command_line import lstmcast
from tests.conftest import hourly_rows, write_csv
from tests.panels import Numbers, hourly, load, panel_of, single_threaded, small, stacked


@cache
def steady() -> Model:
    """A model of a week of look-back that forecasts six hours."""
    return single_threaded(hourly(900), small(safeguard="network", steps=80, lookback=48))


def night(seed: int = 0, rows: int = 900, stop: int = 850) -> Numbers:
    """An untouched history."""
    return load(rows, seed)[:stop]


def touched(target: Numbers, rows: int, factor: float) -> Numbers:
    """The same with its last rows times a factor."""
    target = target.copy()
    target[-rows:] *= factor
    return target


@pytest.mark.parametrize(("rows", "factor"), [(1, 0.5), (1, 0.0), (1, 1.6), (2, 0.0), (3, 0.5), (3, 0.0)])
def test_an_odd_end_is_found_and_costs_little(rows: int, factor: float) -> None:
    errors = []
    for stop in range(700, 760, 7):
        target = night(stop=stop)
        clean = steady().predict(panel_of(target))
        odd = steady().predict(panel_of(touched(target, rows, factor)))
        assert [found.code for found in odd.findings] == ["odd_last"]
        assert [found.code for found in odd.fallbacks] == ["odd_last"]
        assert set(odd.source) == {"model"}
        assert (odd.times == clean.times).all()
        actual = load(900)[stop : stop + 6]
        errors.append([np.abs(found.point - actual).mean() for found in (clean, odd)])
    before, after = np.mean(errors, axis=0)
    assert after <= 1.5 * before


def test_a_year_that_is_unlike_those_before_is_a_change_and_no_fault() -> None:
    years = Clock("YS")
    rows = 1_000 + 10.0 * np.arange(30) + np.random.default_rng(0).normal(size=30)
    rows[-2:] *= 0.7
    times = years.grid(np.datetime64("1980-01-01", "us"), 30)
    panel = Panel(("",), np.array([0, 30]), times, rows[:, None], (Column("y", TARGET),), years)
    model = fit(panel, Options(horizon=3))
    assert not model.predict(panel).fallbacks


def test_untouched_rows_are_not_odd() -> None:
    found = [
        len(steady().predict(panel_of(night(seed, stop=stop))).fallbacks)
        for seed in range(4)
        for stop in range(700, 790, 9)
    ]
    assert sum(found) == 0


def test_the_forecast_does_not_hang_on_the_odd_value() -> None:
    half, none = (steady().predict(panel_of(touched(night(), 1, factor))) for factor in (0.5, 0.0))
    assert half.point == pytest.approx(none.point, rel=1e-9)


def test_bands_are_those_of_rows_that_much_later() -> None:
    clean, odd = (steady().predict(panel_of(touched(night(), 1, factor))) for factor in (1.0, 0.5))
    widths = [found.bands[80][1] - found.bands[80][0] for found in (clean, odd)]
    assert widths[1].mean() > widths[0].mean()


def test_a_change_that_stays_is_taken_as_it_is() -> None:
    assert steady().predict(panel_of(touched(night(), 5, 1.3))).fallbacks == ()


def test_of_a_panel_only_the_odd_series_is_mended() -> None:
    clean = stacked(hourly(420, 0), hourly(420, 1), hourly(420, 2))
    model = single_threaded(clean, small(safeguard="network", steps=30))
    values = clean.values.copy()
    values[int(clean.offsets[2]) - 1, 0] = 0.0
    forecast, untouched = model.predict(dataclasses.replace(clean, values=values)), model.predict(clean)
    assert [(found.series, found.code) for found in forecast.fallbacks] == [(1, "odd_last")]
    assert "series 'b'" in forecast.findings[0].message
    others = forecast.series != 1
    assert forecast.point[others] == pytest.approx(untouched.point[others], rel=1e-9)


def test_few_rows_are_not_looked_at() -> None:
    assert all(found.code != "odd_last" for found in steady().predict(panel_of(night()[-49:])).fallbacks)


def test_strict_writes_the_forecast_and_ends_with_6(tmp_path: Path) -> None:
    rows = hourly_rows(500)
    data = write_csv(tmp_path / "d.csv", rows)
    options = ("--target", "load", "--horizon", "6", "--lookback", "48", "--steps", "40")
    assert lstmcast("train", data, *options, "-o", tmp_path / "m.pkl").code == 0
    rows[-1] = rows[-1].split(",")[0] + ",0"
    data = write_csv(tmp_path / "odd.csv", rows)
    said = lstmcast("predict", tmp_path / "m.pkl", data, "--strict", "--log", tmp_path / "l.csv")
    assert said.code == 6
    assert "odd_last: the last row of 'load' is 0" in said.err
    assert len(said.out.splitlines()) == 7
    assert (tmp_path / "l.csv").read_text().count(":odd_last") == 6
    said = lstmcast("predict", tmp_path / "m.pkl", data)
    assert said.code == 0
    assert said.err.count("odd_last") == 1
