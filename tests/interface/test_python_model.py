"""A model in Python: what the command line does with files it does with frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lstmcast

SMALL = {"horizon": 6, "lookback": 24, "steps": 2, "hidden": 4, "smoothing": "no", "safeguard": "linear"}


def weather(rows: int, known: int | None = None) -> pd.DataFrame:
    """Hours whose load follows a temperature; from row `known` on the load is yet to come."""
    hours = np.arange(rows)
    temperature = 10 + 8 * np.sin(hours * hours * 0.37)
    load = 100 + 20 * np.sin(2 * np.pi * hours / 24) + 2 * temperature + np.cos(hours * 7.1)
    load[rows if known is None else known :] = np.nan
    times = pd.date_range("2024-01-01", periods=rows, freq="h", tz="Europe/Helsinki", name="time")
    return pd.DataFrame({"load": load, "temperature": temperature}, times)


@pytest.fixture(scope="module")
def model() -> lstmcast.Model:
    """A model that has rows yet to see, so that it can be refreshed."""
    return lstmcast.fit(weather(500), target="load", known="temperature", final=False, **SMALL)


def test_a_model_read_back_forecasts_the_same(model: lstmcast.Model, tmp_path: Path) -> None:
    model.save(str(tmp_path / "model.pkl"))
    data = weather(306, 300)
    again = lstmcast.load(tmp_path / "model.pkl").predict(data).to_frame()
    pd.testing.assert_frame_equal(again, model.predict(data).to_frame())


def test_rows_have_the_zone_of_the_data(model: lstmcast.Model) -> None:
    times = model.predict(weather(306, 300)).to_frame()["time"]
    assert list(times) == list(weather(306).index[300:])
    assert str(times.dt.tz) == "Europe/Helsinki"


def test_rows_to_come_may_be_a_frame_of_their_own(model: lstmcast.Model) -> None:
    whole = weather(306, 300)
    apart = model.predict(whole[:300], future=whole[300:][["temperature"]])
    assert apart.point.tolist() == model.predict(whole).point.tolist()


def test_a_horizon_may_be_a_time_and_paths_may_be_drawn(model: lstmcast.Model) -> None:
    forecast = model.predict(weather(306, 300), horizon="3h", levels=[50, 95], quantiles=[0.25], paths=4)
    assert list(forecast.to_frame().columns[2:6]) == ["lo_50", "hi_50", "lo_95", "hi_95"]
    assert len(forecast) == 3
    assert len(forecast.paths()) == 12
    with pytest.raises(lstmcast.LstmcastError, match="paths=100"):
        model.predict(weather(306, 300)).paths()


def test_it_judges_itself_on_later_rows(model: lstmcast.Model) -> None:
    later = weather(700)[400:]
    metrics = model.evaluate(later)["test"]
    assert model.score(later) == pytest.approx(
        1 - metrics["model"]["mase"] / metrics["seasonal_naive_24"]["mase"]
    )


def test_it_learns_new_rows_or_stays(model: lstmcast.Model) -> None:
    longer = weather(700)
    assert model.refresh(longer, always=True).seen_until > model.seen_until
    with pytest.raises(lstmcast.LstmcastError, match="new"):
        model.refresh(weather(380))


def test_the_parts_of_its_explanation_sum_to_the_forecast(model: lstmcast.Model) -> None:
    data = weather(306, 300)
    explained = model.explain(data)
    assert np.allclose(sum(explained.parts.values()), model.predict(data).point)
    with pytest.raises(lstmcast.LstmcastError, match="no series 'b'"):
        model.explain(data, series="b")


def test_what_the_command_line_would_warn_of_is_a_warning() -> None:
    data = weather(500).drop(weather(500).index[100:130])
    with pytest.warns(lstmcast.LstmcastWarning):
        lstmcast.fit(data, target="load", known="temperature", **SMALL)


def test_an_option_that_there_is_not_is_refused() -> None:
    with pytest.raises(lstmcast.LstmcastError, match="no option 'hiden'"):
        lstmcast.fit(weather(500), target="load", hiden=4)


def test_a_panel_is_taken_as_ever() -> None:
    panel = lstmcast.read(weather(400), target="load").panel
    named = lstmcast.fit(panel, lstmcast.Options(**SMALL), "stamp")
    assert named.contract.time == "stamp"
    assert type(named.predict(panel)) is lstmcast.Forecast
