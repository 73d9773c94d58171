"""Forecasts that are means: where zeros are many, or where they are asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lstmcast.core.errors import UsageError
from lstmcast.core.options import Options
from lstmcast.core.panel import TARGET, Clock, Column, Panel
from lstmcast.forecasters.counts import mean_of_counts
from lstmcast.model.explain import explain
from lstmcast.model.model import Model
from lstmcast.model.output import of_numbers
from lstmcast.persistence import load, save
from lstmcast.persistence.exchange.onnx import export_onnx
from lstmcast.pipeline.fit import fit

DAYS = 84


def sales(count: int = 1, rows: int = DAYS) -> Panel:
    """Goods of which some are sold on one day of three, beside (of two) one that is sold every day."""
    rng = np.random.default_rng(3)
    clock = Clock("D", None, (7,))
    rare = np.where(rng.random(rows) < 0.3, 1.0 + rng.poisson(2, rows), 0.0)
    series = [rare, 50.0 + rng.normal(size=rows)][:count]
    times = clock.grid(np.datetime64("2024-01-01", "us"), rows)
    ids = ("rare", "daily")[:count] if count > 1 else ("",)
    return Panel(
        ids,
        np.arange(count + 1) * rows,
        np.tile(times, count),
        np.concatenate(series)[:, None],
        (Column("sold", TARGET),),
        clock,
        "item" if count > 1 else None,
    )


@pytest.fixture(scope="module")
def model() -> Model:
    return fit(sales(), Options(horizon=7))


def test_of_many_zeros_the_mean_is_forecast_and_the_median_stands_beside(model: Model) -> None:
    forecast = model.predict(sales(), levels=(80, 95))
    rows = sales().target
    assert forecast.point == pytest.approx(mean_of_counts(rows[:, None], 7, 7)[:, 0])
    assert forecast.point.sum() == pytest.approx(7 * rows.mean(), rel=0.5)
    assert forecast.median is not None
    assert forecast.median.sum() < 0.3 * forecast.point.sum()
    assert list(forecast.table())[:3] == ["time", "forecast", "median"]
    assert (forecast.bands[95][1] >= forecast.bands[80][1]).all()
    assert forecast.bands[80][0].min() >= 0


def test_it_is_judged_by_squares_and_by_totals(model: Model) -> None:
    figures = model.report["test"]["model"]
    assert 0.3 < figures["total"] < 3
    assert "total" not in fit(sales(), Options(horizon=7, point="median")).report["test"]["model"]


def test_a_median_is_forecast_where_it_is_asked_for() -> None:
    forecast = fit(sales(), Options(horizon=7, point="median")).predict(sales())
    assert forecast.median is None


def test_a_series_without_zeros_keeps_its_median_beside_one_with_them() -> None:
    panel = sales(2)
    found = fit(panel, Options(horizon=7)).predict(panel)
    assert found.median is not None
    daily = found.series == 1
    assert (found.point[daily] == found.median[daily]).all()
    assert (found.point[~daily] > found.median[~daily]).all()


def test_means_that_are_asked_for_are_those_of_the_bands() -> None:
    skewed = sales()
    skewed.values[:] = np.exp(np.random.default_rng(1).normal(size=(DAYS, 1)) / 2)
    medians, means = (
        fit(skewed, Options(horizon=7, point=point)).predict(skewed) for point in ("median", "mean")
    )
    assert means.median == pytest.approx(medians.point)
    low, high = medians.bands[80]
    assert ((means.point > low) & (means.point < high)).all()


def test_means_are_written_and_read_and_explained(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    save(model, path)
    again = load(path)
    assert isinstance(again, Model)
    means = of_numbers(again.output).means
    assert means is not None
    assert means.kinds.tolist() == [1]
    forecast = model.predict(sales())
    assert (again.predict(sales()).point == forecast.point).all()
    parts = explain(model, sales())
    assert np.sum(list(parts.parts.values()), axis=0) == pytest.approx(forecast.point)
    assert "mean" in {part.kind for part in parts.parts}


def test_beyond_the_horizon_too_and_within_the_limits() -> None:
    model = fit(sales(), Options(horizon=7, max=1.0))
    forecast = model.predict(sales(), 15, levels=(80,), quantiles=(0.5, 0.9))
    assert len(forecast.point) == 15
    assert forecast.point.max() <= 1
    assert forecast.bands[80][1].max() <= 1
    assert forecast.median is not None
    assert (forecast.quantiles[0.5] == forecast.median).all()


def test_an_onnx_graph_says_that_it_holds_medians(model: Model) -> None:
    pytest.importorskip("onnx")
    with pytest.raises(UsageError, match="--point median"):
        export_onnx(model)


def test_whole_numbers_hold_no_less_and_a_mean_stays_a_mean(model: Model) -> None:
    forecast = model.predict(sales(), levels=(80,), quantiles=(0.05, 0.5, 0.95))
    whole = forecast.in_integers()
    assert (whole.bands[80][0] <= forecast.bands[80][0]).all()
    assert (whole.bands[80][1] >= forecast.bands[80][1]).all()
    assert (whole.quantiles[0.95] >= forecast.quantiles[0.95]).all()
    assert (whole.point == forecast.point).all()
    table = whole.table()
    names = ("median", "lo_80", "hi_80", "q05", "q50")
    assert {type(value) for name in names for value in table[name]} == {int}
    alone = fit(sales(), Options(horizon=7, point="median")).predict(sales()).in_integers().table()
    assert all(isinstance(value, int) for value in alone["forecast"])
