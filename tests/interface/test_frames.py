"""Data of pandas as sources: wherever the times stand, the roles are found."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

import lstmcast

VALUES = 10 + np.sin(np.arange(200) / 24 * 2 * np.pi)
TIMES = pd.date_range("2024-01-01", periods=200, freq="h", name="time")
LOAD = pd.DataFrame({"load": VALUES}, TIMES)
PROPHET = pd.DataFrame({"ds": TIMES, "y": VALUES})
NIXTLA = pd.concat([PROPHET.assign(unique_id=name) for name in "ab"])


@pytest.mark.parametrize(
    ("data", "target", "series"),
    [
        (LOAD, "load", 1),
        (LOAD["load"], "load", 1),
        (LOAD.reset_index(), "load", 1),
        (LOAD.tz_localize("Europe/Helsinki", nonexistent="shift_forward"), "load", 1),
        (PROPHET, "y", 1),
        (NIXTLA, "y", 2),
        (NIXTLA.set_index(["unique_id", "ds"]), "y", 2),
        (VALUES, "y", 1),
        (io.StringIO(LOAD.to_csv()), "load", 1),
    ],
)
def test_wherever_the_times_stand_a_panel_comes_out(data: object, target: str, series: int) -> None:
    panel = lstmcast.read(data).panel  # type: ignore[arg-type]
    assert panel.columns[0].name == target
    assert len(panel.ids) == series
    assert len(panel.times) == 200 * series
    assert np.allclose(panel.target[:200], VALUES)


def test_a_cell_that_is_no_number_is_named_with_its_column() -> None:
    frame = LOAD.astype({"load": object})
    frame.iloc[5, 0] = "broken"
    with pytest.raises(lstmcast.LstmcastError) as caught:
        lstmcast.read(frame, target="load", task="numbers")
    assert caught.value.column == "load"


def test_a_model_and_its_forecast_are_short_and_become_a_frame() -> None:
    model = lstmcast.fit(LOAD, horizon=4, steps=2, hidden=4, lookback=24, safeguard="linear")
    forecast = model.predict(LOAD)
    assert len(repr(model)) < 500
    assert list(pd.DataFrame(forecast).columns) == ["time", "forecast", "lo_80", "hi_80", "source"]
    assert forecast.to_frame()["time"][0] == TIMES[-1] + pd.Timedelta("1h")
    assert forecast.plot().svg.startswith("<svg")
    assert "<table" in forecast._repr_html_()
