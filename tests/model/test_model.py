"""A model: what it refuses, what evaluate leads with, and how its training goes from plan to model."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from lstmcast.core.errors import DataError, ModelFileError, TrainingError, UsageError
from lstmcast.core.panel import Clock, Column
from lstmcast.model.model import Model
from lstmcast.model.recursion import join
from lstmcast.persistence.models import from_record, to_record
from lstmcast.persistence.record import decode, encode
from lstmcast.pipeline.fit import TrainingPlan, fitting
from lstmcast.training.checkpoint import Checkpoint
from lstmcast.training.loop import Step
from tests.panels import (
    HOURLY,
    cut,
    hourly,
    load,
    panel_of,
    single_threaded,
    small,
    stacked,
    trained,
    weather,
    with_target,
    without_target,
)


def test_training_yields_a_plan_then_steps_then_the_model() -> None:
    plan, *steps, model = fitting(hourly(), small(threads=1))
    assert isinstance(plan, TrainingPlan)
    assert isinstance(model, Model)
    assert {type(step) for step in steps} == {Step, Checkpoint}
    assert (plan.rows, plan.series, plan.missing, plan.freq, plan.seasons) == (420, 1, 0, "h", (24,))
    assert plan.blocks["test"] == ("2024-01-15T21:00:00", "2024-01-18T11:00:00")
    assert plan.blocks["training"][0] == "2024-01-01T00:00:00"
    assert plan.choices["chosen"]["lookback"] == 24


def test_the_report_holds_every_forecaster_overall_and_at_each_step() -> None:
    report = trained().report
    assert set(report["test"]) == {"model", "naive", "seasonal_naive_24", "linear"}
    assert {"mase", "mae", "rmse", "smape", "coverage_80"} <= set(report["test"]["model"])
    assert len(report["by_horizon"]) == 6
    mean = np.mean([step["model"]["mae"] for step in report["by_horizon"]])
    assert report["test"]["model"]["mae"] == pytest.approx(mean)


def test_evaluate_without_the_last_step_gives_the_report_of_training() -> None:
    model = trained(final=False)
    found = model.evaluate(hourly())
    assert found["in_sample"] is False
    assert found["windows"] == model.report["windows"]
    for name, metrics in model.report["test"].items():
        assert found["test"][name] == pytest.approx(metrics), name


def test_evaluate_leads_with_rows_the_model_has_not_seen_and_marks_seen_ones() -> None:
    model = trained(safeguard="network")
    assert model.evaluate(hourly())["in_sample"] is True
    longer = model.evaluate(hourly(480))
    assert longer["in_sample"] is False
    assert longer["windows"] == 480 - 420 - 6 + 1
    assert longer["first"] == "2024-01-18T12:00:00"


def test_a_stride_takes_every_other_origin() -> None:
    model = trained(final=False)
    every = model.evaluate(hourly())["windows"]
    assert model.evaluate(hourly(), stride=5)["windows"] == -(-every // 5)


def test_a_test_block_without_a_window_is_a_training_error() -> None:
    target = load(420)
    target[-100:-1] = np.nan
    with pytest.raises(TrainingError, match="the test block has no window"):
        single_threaded(panel_of(target), small())


def test_a_model_is_kept_where_an_earlier_block_could_not_judge() -> None:
    target = load(600)
    target[:230] = np.nan
    model = single_threaded(panel_of(target), small())
    assert encode(*to_record(model))


@pytest.mark.parametrize(
    ("panel", "message"),
    [
        (panel_of(load(200), clock=Clock("30min", seasons=(48,))), "rows are 30min apart"),
        (panel_of(load(200), clock=dataclasses.replace(HOURLY, zone="Europe/Helsinki")), "a zone"),
        (panel_of(load(20)), "too little history: 20 rows"),
        (panel_of(np.full(200, np.nan)), "too little history: no 'load' is known"),
        (stacked(hourly(200), hourly(200)), "series 'a'"),
        (weather(200)[0], "columns 'load', in this order"),
    ],
)
def test_predict_refuses_what_does_not_fit_in_one_line(panel: Any, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        trained().predict(panel, fallback=False)
    assert "\n" not in str(caught.value)


def test_predict_without_fallback_refuses_a_history_full_of_gaps() -> None:
    target = load(200)
    target[180:190] = np.nan
    with pytest.raises(DataError, match="10 of the last 24 rows of 'load' are missing, more than 25 %"):
        trained().predict(panel_of(target), fallback=False)


def test_known_columns_must_be_there_and_reach_over_the_horizon() -> None:
    panel, _ = weather(600)
    model = single_threaded(panel, small(safeguard="network"))
    with pytest.raises(DataError, match="'known_0' as a known column"):
        model.predict(hourly())
    renamed = (panel.columns[0], Column("other", "known"))
    with pytest.raises(DataError, match="'known_0'"):
        model.evaluate(dataclasses.replace(panel, columns=renamed))
    with pytest.raises(DataError, match=r"missing at 2024-01-26T00:00:00 and in 6 of the 6"):
        model.predict(panel)
    assert len(model.predict(without_target(panel, 597), 3).point) == 3
    with pytest.raises(DataError, match="in 1 of the 4 rows"):
        model.predict(without_target(panel, 597), 4)


def test_known_columns_change_the_forecast() -> None:
    panel, _ = weather(600)
    model = single_threaded(panel, small(calendar="covariates"))
    cold = without_target(panel, 590)
    warm = dataclasses.replace(cold, values=cold.values.copy())
    warm.values[590:, 1] += 10
    assert not np.array_equal(model.predict(cold).point, model.predict(warm).point)


def test_predict_starts_after_the_last_known_target_of_each_series() -> None:
    panel = stacked(hourly(300), hourly(300))
    model = single_threaded(panel, small())
    target = panel.target.copy()
    target[290:300] = np.nan
    forecast = model.predict(with_target(panel, target))
    assert forecast.times[[0, 6]].tolist() == [
        panel.times[290].tolist(),
        (panel.times[-1] + 3_600_000_000).tolist(),
    ]
    assert forecast.series.tolist() == [0] * 6 + [1] * 6
    assert forecast.table()["meter"] == ["a"] * 6 + ["b"] * 6
    assert set(forecast.source) == {model.source}


def test_some_series_of_a_panel_are_forecast_as_among_all() -> None:
    panel = stacked(hourly(300), hourly(300, seed=3))
    model = single_threaded(panel, small(safeguard="network"))
    only = dataclasses.replace(panel.take(np.array([300]), np.array([600])), ids=("b",))
    assert model.predict(only).point == pytest.approx(model.predict(panel).point[6:], abs=1e-4)


def test_predicting_does_not_change_the_data_it_is_given() -> None:
    panel = hourly()
    before = panel.values.copy()
    trained(safeguard="network").predict(panel, 14)
    assert panel.values.tobytes() == before.tobytes()


def test_the_bands_of_rolled_blocks_add_up_as_independent_errors() -> None:
    points = [np.zeros((2, 1)), np.zeros((2, 1))]
    bands = [{80: (np.array([[-1.0], [-3.0]]), np.array([[1.0], [3.0]]))}] * 2
    lower, upper = join(points, bands)[80]
    assert upper[:, 0] == pytest.approx([1, 3, np.hypot(1, 3), np.hypot(3, 3)])
    assert lower == pytest.approx(-upper)


def record() -> tuple[dict[str, Any], dict[str, Any]]:
    """A record with a network, a calendar stage and a covariate, as it comes out of a file."""
    panel, _ = weather(600)
    model = single_threaded(panel, small(calendar="covariates", safeguard="network"))
    return decode(encode(*to_record(model)))


RECORD = record()


@pytest.mark.parametrize("name", sorted(RECORD[1]))
@pytest.mark.parametrize("kind", ["longer", "empty", "one", "absent"])
def test_a_record_with_an_array_of_another_shape_is_refused(name: str, kind: str) -> None:
    document, arrays = RECORD[0], dict(RECORD[1])
    array = arrays.pop(name)
    shape = {"longer": (array.shape[0] + 1, *array.shape[1:]), "empty": (0,), "one": (1, 1, 1)}
    if kind != "absent":
        arrays[name] = np.resize(array, shape[kind]) if kind != "empty" else array[:0].ravel()
    with pytest.raises(ModelFileError, match="do not fit together"):
        from_record(document, arrays)


@pytest.mark.parametrize(
    ("room", "field", "value"),
    [
        ("architecture", "lookback", 30),
        ("architecture", "horizon", 7),
        ("architecture", "past_size", 99),
        ("architecture", "future_size", 99),
        ("contract", "lookback", 30),
        ("contract", "horizon", 7),
        ("contract", "segment", 4),
        ("contract", "known", []),
        ("contract", "ids", ["a", "b"]),
    ],
)
def test_a_record_whose_sizes_contradict_each_other_is_refused(room: str, field: str, value: Any) -> None:
    document = RECORD[0] | {room: RECORD[0][room] | {field: value}}
    with pytest.raises(ModelFileError, match="do not fit together"):
        from_record(document, RECORD[1])


def test_a_series_may_end_before_another() -> None:
    panel = stacked(hourly(420), cut(hourly(420, seed=2), 300))
    forecast = single_threaded(panel, small()).predict(panel)
    assert forecast.times[6] < forecast.times[0]


def test_bands_stay_within_the_limits_beyond_the_trained_horizon_too() -> None:
    counts = panel_of(np.random.default_rng(0).poisson(0.3, size=420).astype(float))
    forecast = single_threaded(counts, small(max=1.0)).predict(counts, 30, levels=(80, 95))
    for level in (80, 95):
        assert forecast.bands[level][0].min() >= 0
        assert forecast.bands[level][1].max() <= 1


def test_an_evaluation_tells_hours_weekdays_and_series_apart() -> None:
    panel = stacked(hourly(420), hourly(420, seed=2))
    model = single_threaded(panel, small(final=False, safeguard="network"))
    found = model.evaluate(panel)
    assert set(found["by_series"]) == {"a", "b"}
    assert len(found["by_hour"]) == 24
    for groups in ("by_hour", "by_weekday", "by_series"):
        for name in ("model", "linear", "naive"):
            errors = [group[name]["mae"] for group in found[groups].values()]
            assert min(errors) < found["test"][name]["mae"] < max(errors)
    means = [found["by_series"][label]["model"]["mae"] for label in "ab"]
    assert np.mean(means) == pytest.approx(found["test"]["model"]["mae"])


def test_seen_rows_stand_apart_in_an_evaluation() -> None:
    found = trained(final=False, safeguard="network").evaluate(hourly())
    assert found["seen"]["in_sample"] is True
    assert found["windows"] + found["seen"]["windows"] == 420 - 24 - 6 + 1


def test_a_quantile_is_the_edge_of_its_band() -> None:
    forecast = trained(safeguard="network").predict(hourly(), levels=(80,), quantiles=(0.1, 0.5, 0.9, 0.975))
    assert forecast.quantiles[0.1].tolist() == forecast.bands[80][0].tolist()
    assert forecast.quantiles[0.9].tolist() == forecast.bands[80][1].tolist()
    assert forecast.quantiles[0.5].tolist() == forecast.point.tolist()
    assert (forecast.quantiles[0.975] >= forecast.quantiles[0.9]).all()
    for wrong in (0.0, 1.0, 0.999, -1.0):
        with pytest.raises(UsageError):
            trained(safeguard="network").predict(hourly(), quantiles=(wrong,))


def test_the_band_follows_the_rows_of_the_look_back_and_no_others() -> None:
    model = trained(safeguard="linear", bands="split", band_volatility=0.5)
    target = load(420)
    target[:396] = 0.5 * target[:396] + 50  # before the look-back of 24 rows
    forecasts = [model.predict(panel) for panel in (hourly(), panel_of(target))]
    forecasts.append(model.predict(hourly().take(np.array([300]), np.array([420]))))
    for one in forecasts[1:]:
        assert one.bands[80][0].tobytes() == forecasts[0].bands[80][0].tobytes()
        assert one.bands[80][1].tobytes() == forecasts[0].bands[80][1].tobytes()

    target = load(420)
    target[397:420:2] += 5
    lower, upper = model.predict(panel_of(target)).bands[80]
    usual = forecasts[0].bands[80][1] - forecasts[0].bands[80][0]
    change = np.abs(np.diff(np.array([load(420)[396:], target[396:]]))).mean(axis=1)
    limits = [
        np.clip(v / model.preparation.scaling.scale[0] / model.output.intervals.reference, 0.2, 5)
        for v in change
    ]
    assert upper - lower == pytest.approx(usual * np.sqrt(limits[1] / limits[0]))
    assert limits[1] > 1.3 * limits[0]
