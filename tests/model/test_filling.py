"""Gaps are filled from both sides, nearer to what came than the forecast alone, and never beyond what is asked."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from lstmcast.model.filling import fill
from lstmcast.model.model import Model
from tests.command_line import lstmcast
from tests.conftest import hourly_rows, write_csv
from tests.panels import hourly, single_threaded, small, stacked, with_target


@cache
def model() -> Model:
    """One that forecasts a day."""
    return single_threaded(hourly(900), small(horizon=24, lookback=48))


def test_a_gap_is_filled_nearer_than_by_the_forecast_alone_and_its_band_narrows_to_both_ends() -> None:
    panel = hourly(900)
    target = panel.target.copy()
    starts = np.arange(700, 880, 20)
    for start in starts:
        target[start : start + 6] = np.nan
    found = fill(model(), with_target(panel, target), 12)
    assert found.left == 0
    rows = found.is_filled
    assert rows.sum() == 6 * len(starts)
    assert (found.panel.target[~rows] == panel.target[~rows]).all()
    views = model().windows(panel, np.array([0]))
    alone = model().answer(views, starts, ()).point[:6].T.reshape(-1)
    truth = panel.target[rows]
    assert np.abs(found.panel.target[rows] - truth).mean() < 0.95 * np.abs(alone - truth).mean()
    inside = (truth >= found.lower[rows]) & (truth <= found.upper[rows])
    assert 0.6 < inside.mean() <= 1.0
    width = (found.upper - found.lower)[rows].reshape(-1, 6).mean(axis=0)
    assert width[0] < width.max()
    assert width[5] < 1.05 * width[2]  # without the forecast from behind it would go on growing


def test_long_gaps_and_ends_stay_and_series_do_not_mix() -> None:
    panel = hourly(500)
    target = panel.target.copy()
    target[300:340] = np.nan
    target[400:402] = np.nan
    target[-3:] = np.nan
    pair = stacked(with_target(panel, target), panel)
    trained = single_threaded(stacked(panel, panel), small(horizon=24, lookback=48))
    found = fill(trained, pair, 24)
    assert np.flatnonzero(found.is_filled).tolist() == [400, 401]
    assert found.left == 40
    assert fill(trained, pair, 1).left == 42
    assert fill(trained, stacked(panel, panel), 24).is_filled.sum() == 0


def test_the_command_writes_a_file_with_a_mark(tmp_path: Path) -> None:
    rows = hourly_rows(30 * 24)
    data = write_csv(tmp_path / "load.csv", rows)
    options = ("--horizon", "24", "--lookback", "48", "--hidden", "6", "--steps", "5", "--calendar", "none")
    assert lstmcast("train", data, "--target", "load", *options, "-o", tmp_path / "model.pkl").code == 0
    gone = write_csv(tmp_path / "gap.csv", rows[:600] + rows[604:])
    said = lstmcast("fill", gone, "-m", tmp_path / "model.pkl", "-o", tmp_path / "filled.csv")
    assert said.code == 0, said.err
    lines = (tmp_path / "filled.csv").read_text().splitlines()
    assert lines[0] == "time,load,lo_80,hi_80,filled"
    assert len(lines) == len(rows) + 1
    assert sum(line.endswith(",1") for line in lines) == 4
    assert lstmcast("fill", gone).code == 2
    assert lstmcast("fill", gone, "-m", tmp_path / "model.pkl").out.startswith("time,load")
