"""A model file once written loads for ever, and forecasts what it forecast then."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lstmcast import persistence
from lstmcast.cli.sessions.reading import read_for_model
from lstmcast.cli.shell.console import Console

FOLDER = Path(__file__).parents[1] / "golden" / "models"


@pytest.mark.parametrize("name", ["format_1_panel", "format_1_views"])
def test_a_golden_model_forecasts_what_it_did_when_it_was_written(name: str) -> None:
    model = persistence.load(FOLDER / f"{name}.pkl")
    panel = read_for_model(str(FOLDER / "format_1_panel.csv"), model, Console()).panel
    found = pd.DataFrame(model.predict(panel, levels=(80, 95), quantiles=(0.1, 0.5)).table())
    then = pd.read_csv(FOLDER / f"{name}_forecast.csv")
    assert list(found.columns) == list(then.columns)
    numbers = [column for column in then.columns if column not in ("zone", "time", "source")]
    spread = np.nanstd(panel.target)
    assert np.abs(found[numbers].to_numpy(float) - then[numbers].to_numpy(float)).max() < 1e-5 * spread
    for column in ("zone", "time", "source"):
        assert found[column].tolist() == then[column].tolist()


def test_the_bands_of_an_older_model_do_not_follow_volatility() -> None:
    model = persistence.load(FOLDER / "format_1_panel.pkl")
    assert (model.output.intervals.power, model.output.intervals.reference) == (0.0, 1.0)  # type: ignore[union-attr]


def test_the_golden_model_of_classes_forecasts_what_it_did_when_it_was_written() -> None:
    model = persistence.load(FOLDER / "format_1_classes.pkl")
    panel = read_for_model(str(FOLDER / "format_1_classes.csv"), model, Console()).panel
    found = pd.DataFrame(model.predict(panel).table())
    then = pd.read_csv(FOLDER / "format_1_classes_forecast.csv")
    assert list(found.columns) == list(then.columns)
    for column in then.columns:
        if column.startswith("p_"):
            assert np.abs(found[column] - then[column]).max() < 1e-5
        else:
            assert found[column].tolist() == then[column].tolist()
