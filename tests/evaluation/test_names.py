"""What forecasters are called: every name has words, and one that no table knows breaks nothing."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from lstmcast.cli.shell.console import Console
from lstmcast.cli.show import verdict as shown
from lstmcast.core.panel import Clock
from lstmcast.evaluation.names import NAMES, Words, describe, naive_name, part, within
from lstmcast.evaluation.verdict import verdict
from tests.class_panels import class_trained
from tests.panels import trained

HOURLY = Clock("h", seasons=(24, 168))


def test_every_forecaster_that_a_report_names_is_in_the_table() -> None:
    for report in (trained().report, class_trained().report):
        listed = [
            report["test"],
            report["choices"].get("validation_mase") or report["choices"]["validation_log_loss"],
        ]
        seasonal = {naive_name(season) for season in (24, 168)}
        for name in (name for names in listed for name in names):
            assert name in {*NAMES, *seasonal}


def test_a_season_is_called_as_the_clock_of_the_model_would_call_it() -> None:
    assert describe("seasonal_naive_24", HOURLY) == "same time yesterday"
    assert describe("seasonal_naive_168", HOURLY) == "same time last week"
    assert describe("seasonal_naive_36", dataclasses.replace(HOURLY, seasons=(36,))) == "36 rows earlier"
    assert [use("linear", HOURLY) for use in (describe, within, part)] == [
        "linear forecaster",
        "the linear forecaster",
        "linear",
    ]


@pytest.mark.parametrize("name", ["holt_winters", "croston", "seasonal_naive_", "seasonal_naive_x", "ets_2"])
def test_the_name_of_a_new_baseline_breaks_nothing(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    figures: dict[str, Any] = {"mae": 2.0, "mase": 0.9}
    test = {"model": {"mae": 1.0, "mase": 0.5}, name: figures, "linear": {"mae": 1.5, "mase": 0.7}}
    assert describe(name, HOURLY) == name.replace("_", " ")
    assert verdict(test, HOURLY, 48) == (
        f"beats {name.replace('_', ' ')} by 44 % over 2 test days; beats the linear forecaster by 29 %"
    )
    shown.show({"test": test, "verdict": "so"}, HOURLY, Console())
    assert f"\n{name.replace('_', ' ')} " in capsys.readouterr().out
    monkeypatch.setitem(NAMES, name, Words("a rival", "the rival"))
    assert verdict(test, HOURLY, 48).startswith("beats the rival by 44 %")
