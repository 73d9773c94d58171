"""The backtest: every forecaster on the same windows, chunk by chunk; and what it comes down to in a sentence."""

from __future__ import annotations

import numpy as np
import pytest

from lstmcast.core.panel import Clock
from lstmcast.data import windows as windowing
from lstmcast.evaluation.backtest import Answer, NumberScorer, backtest
from lstmcast.evaluation.verdict import verdict
from lstmcast.forecasters.naive import naives_of
from lstmcast.model.output import Restored
from tests.panels import HOURLY, hourly, load, panel_of, rooms, stacked, with_target

ORIGINS = np.arange(100, 300)


def scene(panel=None):  # type: ignore[no-untyped-def]
    panel = hourly() if panel is None else panel
    _, preparation, windows, _ = rooms(panel)
    named = {each.name: Restored(each, preparation.scaling) for each in naives_of((24,))}
    return panel, (windows,), named


def test_naive_and_seasonal_naive_are_scored_in_the_units_of_the_csv() -> None:
    panel, views, named = scene()
    report = backtest(named, views, ORIGINS, NumberScorer(panel.target, np.array([2.0])))
    y = panel.target
    steps = np.arange(6)[:, None]
    naive = np.abs(y[ORIGINS + steps] - y[ORIGINS - 1])
    seasonal = np.abs(y[ORIGINS + steps] - y[ORIGINS + steps - 24])
    assert report.overall["naive"]["mae"] == pytest.approx(naive.mean())
    assert report.overall["seasonal_naive_24"]["mase"] == pytest.approx(seasonal.mean() / 2)
    found = [step["naive"]["mae"] for step in report.by_horizon]
    assert found == pytest.approx(naive.mean(axis=1))
    assert report.windows == 200


def test_the_result_does_not_depend_on_the_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    panel, views, named = scene()
    whole = backtest(named, views, ORIGINS, NumberScorer(panel.target, np.array([2.0])))
    monkeypatch.setattr(windowing, "MOST_AT_ONCE", 7)
    parts = backtest(named, views, ORIGINS, NumberScorer(panel.target, np.array([2.0])))
    assert parts.overall["naive"] == pytest.approx(whole.overall["naive"])
    assert np.concatenate(list(views[0].chunks(ORIGINS))).tolist() == ORIGINS.tolist()


def test_each_series_is_scored_by_its_own_scale() -> None:
    panel, views, named = scene(stacked(hourly(), with_target(hourly(), 1000 * load(420, 1))))
    scales = np.array([2.0, 3000.0])
    origins = np.array([100, 520])
    both = backtest(named, views, origins, NumberScorer(panel.target, scales)).overall["naive"]["mase"]
    errors = np.abs(panel.target[origins + np.arange(6)[:, None]] - panel.target[origins - 1])
    assert both == pytest.approx(np.mean(errors / scales))


def test_missing_targets_are_not_scored() -> None:
    target = load(420)
    target[100:103] = np.nan
    panel, views, named = scene(panel_of(target))
    report = backtest(named, views, np.array([100]), NumberScorer(panel.target, np.ones(1)))
    assert [step["naive"]["mae"] is None for step in report.by_horizon] == [True] * 3 + [False] * 3


def test_bands_are_scored_where_a_forecaster_has_them() -> None:
    panel, views, _ = scene()
    actual = views[0].ahead(panel.target, ORIGINS)
    half = np.where(np.arange(200) % 4 == 0, -1.0, 1.0)

    class Banded:
        def answer(self, views: object, origins: np.ndarray) -> Answer:
            return Answer(actual[:, None], {80: (actual - half, actual + half)})

    report = backtest({"model": Banded()}, views, ORIGINS, NumberScorer(panel.target, np.ones(1)))
    assert report.overall["model"]["coverage_80"] == pytest.approx(0.75)
    assert report.overall["model"]["mae"] == 0


def said(model: float, linear: float, seasonal: float = 1.0, clock: Clock = HOURLY) -> str:
    metrics = {
        "model": {"mase": model, "mae": model},
        "naive": {"mase": 3.0, "mae": 3.0},
        "seasonal_naive_24": {"mase": seasonal, "mae": seasonal},
        "linear": {"mase": linear, "mae": linear},
    }
    return verdict(metrics, clock, 22 * 24)


def test_the_verdict_says_by_how_much_the_best_baseline_is_beaten() -> None:
    sentence = said(0.69, 0.75)
    assert "beats same time yesterday by 31 %" in sentence
    assert "22 test days" in sentence
    assert "linear forecaster by 8 %" in sentence


def test_the_verdict_says_as_plainly_where_it_does_not() -> None:
    assert "NOT" in said(1.2, 1.3)
    assert "20 %" in said(1.2, 1.3)
    assert "linear forecaster" in said(0.8, 0.7)


def test_the_best_baseline_is_the_one_with_the_lowest_error() -> None:
    assert "last value" in said(2.0, 2.5, seasonal=9.0)
