"""Models of classes from end to end: what they forecast, refuse, judge and keep."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lstmcast import persistence
from lstmcast.core.errors import DataError, ModelFileError, TrainingError, UsageError
from lstmcast.core.panel import KNOWN, PAST, Holidays, Panel
from lstmcast.forecasters.ensemble import logistic_of, part_named
from lstmcast.interface.estimator import LSTMForecaster
from lstmcast.model.model import Model
from lstmcast.nn.cells import CELLS
from lstmcast.persistence.models import from_record, to_record
from lstmcast.pipeline.fit import fit, fitting
from lstmcast.pipeline.plan import TrainingPlan
from lstmcast.training.budget import Expectation
from lstmcast.training.checkpoint import Checkpoint
from lstmcast.training.loop import Step
from tests.class_panels import CLASSES, class_fit, class_panel, class_trained, daily, small, weather_codes
from tests.panels import cut, hourly, stacked, with_target
from tests.panels import small as small_numbers

NETWORK = {"safeguard": "network"}


def shapes(model: Model) -> dict[str, tuple[int, ...]]:
    """The shapes of the network's weights."""
    return dict(model.networks[0].members[0].shapes)


def weights(**changes: Any) -> np.ndarray:
    """The weights of a network trained with these options."""
    model = class_trained(**(NETWORK | {"highway": False} | changes))
    return np.asarray(model.networks[0].weights[0])


def test_a_forecast_has_a_column_for_each_class_that_sum_to_one_and_names_the_likeliest() -> None:
    forecast = class_trained(**NETWORK).predict(daily())
    table = forecast.table()
    assert list(table) == ["time", "forecast", "p_dry", "p_rain", "p_snow", "source"]
    p = np.array([table[f"p_{name}"] for name in CLASSES])
    np.testing.assert_allclose(p.sum(axis=0), 1, atol=1e-9)
    assert table["forecast"] == [CLASSES[i] for i in p.argmax(axis=0)]
    assert set(forecast.source) == {"model"}
    assert len(forecast.times) == 6


def test_it_learns_what_only_the_network_can_see() -> None:
    """The class is mostly the exclusive or of two earlier ones: no linear map of them tells."""
    rng = np.random.default_rng(0)
    codes = list(rng.integers(2, size=4))
    for _ in range(596):
        codes.append((codes[-1] != codes[-4]) ^ (rng.uniform() < 0.1))
    clock = dataclasses.replace(daily().clock, seasons=())
    panel = class_panel(np.array(codes, dtype=np.float64), clock=clock, classes=("a", "b"))
    options = {"lookback": 6, "horizon": 1, "hidden": 32, "steps": 200, "dropout": 0.0, "batch": 64}
    test = class_fit(panel, **options, final=False).report["test"]
    assert test["model"]["log_loss"] < 0.8 * test["logistic"]["log_loss"]


@pytest.mark.parametrize("cell", list(CELLS))
def test_every_cell_learns_classes(cell: str) -> None:
    model = class_trained(**NETWORK, cell=cell)
    assert shapes(model)["recurrent.0.weight"] == CELLS[cell].shape(6, 6)
    restored = from_record(*to_record(model))
    for name, p in model.predict(daily()).probabilities.items():
        np.testing.assert_array_equal(restored.predict(daily()).probabilities[name], p)


def test_the_options_of_the_network_apply() -> None:
    assert shapes(class_trained(**NETWORK))["output.bias"] == (6 * 3,)
    textbook = class_trained(**NETWORK, decoder="direct", segment=1, highway=False)
    assert shapes(textbook)["output.bias"] == (6 * 3,)
    assert "past.weight" not in shapes(textbook)
    deep = shapes(class_trained(**NETWORK, layers=2, dense=(5,), between=(4,)))
    assert {"recurrent.1.weight", "dense.0.weight", "between.1.0.weight"} <= set(deep)
    base = weights()
    for change in (
        {"seed": 3},
        {"optimizer": "sgd"},
        {"dropout": 0.0},
        {"lr": 0.05},
        {"class_weights": "balanced"},
    ):
        assert not np.array_equal(weights(**change), base), change


def test_the_plan_comes_first_and_steps_say_the_log_loss() -> None:
    plan, *events, model = fitting(daily(), small(final=False))
    assert isinstance(plan, TrainingPlan)
    assert isinstance(model, Model)
    assert (plan.lookback, plan.horizon, plan.steps) == (24, 6, 8)
    steps = [event for event in events if isinstance(event, Step)]
    assert len(steps) == 9
    assert steps[0].validation_loss == pytest.approx(
        model.report["choices"]["validation_log_loss"]["logistic"], abs=0.1
    )


def test_lookback_calendar_and_penalty_are_chosen_on_validation_rows() -> None:
    model = class_fit(daily(500), lookback=None, calendar="auto", penalty=None, steps=2)
    choices = model.report["choices"]
    errors = {(c["lookback"], c["calendar"]): c["validation_log_loss"] for c in choices["others"]}
    assert {lookback for lookback, _ in errors} | {choices["chosen"]["lookback"]} == {30, 60, 120}
    assert choices["chosen"]["penalty"] == float(min(choices["penalties"], key=choices["penalties"].get))
    assert logistic_of(class_trained(calendar="calendar").ensemble).with_calendar
    assert not logistic_of(class_trained().ensemble).with_calendar


def test_nothing_of_the_test_block_teaches_or_chooses() -> None:
    panel, changed = daily(), daily()
    first = len(panel.times) - 45
    changed.values[first:, 0] = (changed.values[first:, 0] + 1) % 3
    models = [class_fit(p, final=False, **NETWORK) for p in (panel, changed)]
    documents = [to_record(model) for model in models]
    for name, array in documents[0][1].items():
        np.testing.assert_array_equal(array, documents[1][1][name], err_msg=name)
    assert models[0].report["choices"] == models[1].report["choices"]
    assert models[0].report["test"] != models[1].report["test"]


def test_the_last_round_teaches_on_all_rows_unless_it_is_left_out() -> None:
    done, held = class_trained(**NETWORK, highway=False), class_trained(**NETWORK, highway=False, final=False)
    assert done.report["test"] == held.report["test"]
    assert done.seen_until[0] == daily().times[-1]
    assert held.seen_until[0] < daily().times[-1]
    assert done.predict(daily()).probabilities["dry"][0] != held.predict(daily()).probabilities["dry"][0]


def test_a_training_goes_on_from_a_checkpoint_to_the_same_bits_and_keeps_to_a_budget() -> None:
    options = small(members=2, **NETWORK)
    *events, whole = fitting(daily(), options)
    checkpoints = [event for event in events if isinstance(event, Checkpoint)]
    *_, again = fitting(daily(), options, start=checkpoints[0])
    assert isinstance(whole, Model)
    assert isinstance(again, Model)
    assert whole.report == again.report
    for name, array in to_record(whole)[1].items():
        np.testing.assert_array_equal(to_record(again)[1][name], array)
    spent = [e for e in fitting(daily(), small(steps=500, budget="0s")) if isinstance(e, Step | Expectation)]
    assert sum(isinstance(event, Step) for event in spent) < 20
    assert isinstance(spent[0], Expectation)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Any) -> None:
    for name, threads in (("a", 1), ("b", 2)):
        model = class_fit(daily(), members=2, threads=threads, **NETWORK)
        persistence.save(model, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_saved_model_forecasts_and_judges_the_same(tmp_path: Any) -> None:
    model, panel = class_trained(), daily()
    persistence.save(model, tmp_path / "m.pkl")
    loaded = persistence.load(tmp_path / "m.pkl")
    assert isinstance(loaded, Model)
    assert loaded.contract.classes == CLASSES
    assert loaded.report == model.report
    assert loaded.options == model.options
    assert loaded.evaluate(panel) == model.evaluate(panel)
    np.testing.assert_array_equal(loaded.predict(panel).point, model.predict(panel).point)


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("arrays", "frequencies"), ("arrays", "overall"), ("arrays", "logistic"), ("arrays", "persistence"),
        ("arrays", "seen_until"), ("arrays", "member.0"), ("document", "levels"), ("document", "mixture"),
        ("document", "frequencies"), ("document", "hidden"),
    ],
)  # fmt: skip
def test_a_file_whose_parts_do_not_fit_is_refused(part: str, name: str) -> None:
    document, arrays = to_record(class_trained(**NETWORK))
    document, arrays = dict(document), dict(arrays)
    if part == "arrays":
        arrays[name] = arrays[name][:-1] if arrays[name].ndim == 1 else arrays[name][..., :-1]
    elif name == "levels":
        document["contract"] = document["contract"] | {"levels": {"sky": ["dry"]}}
    elif name == "hidden":
        document["options"] = document["options"] | {"hidden": 7}
    else:
        document[name] = {"network": 0.0, "logistic": 1.0, "frequency": 0.0} if name == "mixture" else "month"
    with pytest.raises(ModelFileError, match="do not fit together"):
        from_record(document, arrays)


def test_a_forecast_does_not_depend_on_rows_before_its_history_or_on_other_series() -> None:
    panels = class_panel(weather_codes(300, 1)), class_panel(weather_codes(300, 2))
    both = stacked(*panels)
    model = class_fit(both, **NETWORK)
    assert list(model.predict(both).table())[:2] == ["meter", "time"]
    p = np.array(list(model.predict(both).probabilities.values()))
    alone = model.predict(cut(both, 300).take(both.offsets[:-1] + 250, both.offsets[1:]))
    np.testing.assert_allclose(np.array(list(alone.probabilities.values())), p, atol=1e-6)
    one = dataclasses.replace(panels[1], ids=("b",), id_name="meter")
    np.testing.assert_allclose(np.array(list(model.predict(one).probabilities.values())), p[:, 6:], atol=1e-6)


def test_known_and_past_columns_are_learned_from() -> None:
    rng = np.random.default_rng(0)
    codes = weather_codes(300)
    hint = (codes == 1) + 0.1 * rng.normal(size=300)
    told = class_fit(class_panel(codes, known=hint, past=rng.normal(size=300)), final=False)
    plain = class_fit(class_panel(codes), final=False)
    assert told.report["test"]["model"]["log_loss"] < 0.8 * plain.report["test"]["model"]["log_loss"]
    assert [column.role for column in told.contract.columns[1:]] == [KNOWN, PAST]
    panel = class_panel(codes, known=hint, past=hint)
    with pytest.raises(DataError, match="'known' is known ahead for this model, but missing"):
        told.predict(panel)


def test_days_off_are_known_ahead() -> None:
    days = [str(day)[:10] for day in daily().times[::5]]
    panel = daily().with_holidays(Holidays("ours", tuple(days), days[0], days[-1]))
    codes = (np.arange(300) % 5 == 0).astype(float)
    model = class_fit(with_target(panel, codes), final=False)
    assert model.contract.holidays == panel.holidays
    assert model.report["test"]["logistic"]["accuracy"] > 0.95
    forecast = model.predict(with_target(daily(), codes))
    assert [finding.code for finding in forecast.findings] == ["beyond_holidays"]
    assert from_record(*to_record(model)).contract == model.contract


def test_missing_classes_are_masked_and_too_many_are_refused() -> None:
    codes = weather_codes(300)
    codes[::9] = np.nan
    panel = class_panel(codes)
    model = class_fit(panel)
    assert np.isfinite(model.report["test"]["model"]["log_loss"])
    assert len(model.predict(panel).point) == 6
    gone = codes.copy()
    gone[280:299] = np.nan
    gappy = with_target(panel, np.append(gone[:-1], 0.0))
    with pytest.raises(
        DataError, match="of the last 24 rows of 'sky' are missing, more than 25 %; fill them"
    ):
        model.predict(gappy, fallback=False)


def test_where_the_model_cannot_forecast_persistence_stands_in_and_says_so() -> None:
    both = stacked(class_panel(weather_codes(300, 1)), class_panel(weather_codes(300, 2)))
    model = class_fit(both)
    short = both.take(np.array([200, 590]), both.offsets[1:])
    forecast, usual = model.predict(short, 8), model.predict(both, 8)
    assert [(f.series, f.source, f.code) for f in forecast.fallbacks] == [(1, "persistence", "too_short")]
    assert forecast.source == (model.source,) * 8 + ("persistence",) * 8
    last = int(both.target[-1])
    for code, name in enumerate(CLASSES):
        np.testing.assert_allclose(forecast.probabilities[name][:8], usual.probabilities[name][:8], atol=1e-6)
        steps = np.minimum(np.arange(8), 5)
        np.testing.assert_allclose(
            forecast.probabilities[name][8:],
            part_named(model.ensemble, "persistence").shares[steps, last, code],
        )


def test_a_class_that_training_never_saw_has_a_small_probability() -> None:
    codes = weather_codes(300)
    codes[codes == 2] = 0
    codes[-1] = 2
    model = class_fit(class_panel(codes), final=False)
    assert model.report["choices"]["class_weights"]["snow"] == 1
    p = model.predict(class_panel(codes)).probabilities["snow"]
    assert ((p > 0) & (p < 0.2)).all()
    balanced = class_fit(class_panel(codes), class_weights="balanced").report["choices"]["class_weights"]
    assert balanced["snow"] == 1
    assert balanced["rain"] > balanced["dry"]
    assert np.isfinite(
        class_fit(class_panel(codes), class_weights="balanced").predict(class_panel(codes)).point
    ).all()


def test_balanced_weights_make_rare_classes_count_as_much_as_common_ones() -> None:
    panel = daily()
    model, plain = class_trained(class_weights="balanced"), class_trained()
    codes = panel.target[: int(0.65 * 300)]
    rows = np.bincount(codes.astype(int), minlength=3)
    found = list(model.report["choices"]["class_weights"].values())
    np.testing.assert_allclose(np.array(found) * rows, rows.sum() / 3)
    assert model.report["test"]["model"]["log_loss"] > plain.report["test"]["model"]["log_loss"]
    assert (
        model.predict(panel).probabilities["snow"].mean()
        > 1.5 * plain.predict(panel).probabilities["snow"].mean()
    )


def test_a_single_class_is_refused() -> None:
    with pytest.raises(DataError, match="column 'sky' is 'dry' in every row; there is nothing to forecast"):
        fit(class_panel(np.zeros(300), classes=("dry",)), small())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"loss": "mse"}, "--loss mse"), ({"min": 0.0}, "--min 0.0"), ({"max": 1.0}, "--max 1.0"),
        ({"transform": "log1p"}, "--transform log1p"), ({"scaler": "robust"}, "--scaler robust"),
        ({"anchor": "no"}, "--anchor no"), ({"window_size": "yes"}, "--window-size yes"),
        ({"bands": "split"}, "--bands split"), ({"calendar": "covariates"}, "--calendar covariates"),
        ({"band_factor": 2.0}, "--band-factor 2.0"), ({"band_volatility": 0.5}, "--band-volatility 0.5"),
        ({"linear_lookbacks": (7,)}, "--linear-lookbacks"),
    ],
)  # fmt: skip
def test_an_option_of_numbers_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=f"^{said}.* is for numbers, and the target is classes"):
        fit(daily(), small(**change))


@pytest.mark.parametrize("change", [{"loss": "cross-entropy"}, {"class_weights": "balanced"}])
def test_an_option_of_classes_is_refused_for_numbers(change: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="is for classes, and the target is numbers"):
        fit(hourly(), small_numbers(**change))


def test_cross_entropy_may_be_said() -> None:
    said = class_trained(loss="cross-entropy", **NETWORK)
    assert said.report["test"] == class_trained(**NETWORK).report["test"]


def test_bands_are_refused_and_data_of_another_kind() -> None:
    model = class_trained()
    for wanted in ({"levels": (80,)}, {"quantiles": (0.1,)}):
        with pytest.raises(UsageError, match="a forecast of classes has probabilities, no bands"):
            model.predict(daily(), **wanted)
    numbers = dataclasses.replace(daily(), classes=())
    others = dataclasses.replace(daily(), classes=("dry", "snow", "rain"))
    for panel in (numbers, others):
        with pytest.raises(DataError, match="the model's target is one of dry, rain, snow"):
            model.predict(panel)


def test_too_little_history_says_how_much_is_needed() -> None:
    with pytest.raises(TrainingError, match="lookback 24 and horizon 6 need at least"):
        fit(daily(50), small())


def test_beyond_the_trained_horizon_probabilities_stand_in_for_history() -> None:
    model = class_trained(**NETWORK)
    short, long = model.predict(daily()), model.predict(daily(), 14)
    for name in CLASSES:
        np.testing.assert_allclose(long.probabilities[name][:6], short.probabilities[name])
    p = np.array(list(long.probabilities.values()))
    assert p.shape == (3, 14)
    np.testing.assert_allclose(p.sum(axis=0), 1, atol=1e-9)


def test_evaluate_sets_rows_apart_that_the_model_has_seen_and_counts_by_group() -> None:
    longer = daily(360)
    model = class_trained(**NETWORK)
    report = model.evaluate(longer, stride=2)
    assert not report["in_sample"]
    assert report["seen"]["in_sample"]
    assert report["windows"] == -(-(360 - 300 - 6 + 1) // 2)
    assert len(report["by_horizon"]) == 6
    assert set(report["by_weekday"]) == {
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    }
    assert set(report["test"]) == {"model", "persistence", "frequency", "logistic"}
    steps = [step["model"]["log_loss"] for step in report["by_horizon"]]
    assert np.mean(steps) == pytest.approx(report["test"]["model"]["log_loss"])


def test_single_forecasts_are_those_that_are_judged() -> None:
    model, panel = class_trained(), daily(330)
    found = list(model.backcasts(panel, stride=5))
    fresh = [backcast for backcast in found if not backcast.in_sample]
    p = np.concatenate([np.array(list(b.forecast.probabilities.values())) for b in fresh], axis=1)
    actual = np.concatenate([b.actual for b in fresh]).astype(int)
    loss = -np.log(p[actual, np.arange(len(actual))]).mean()
    assert loss == pytest.approx(model.evaluate(panel, stride=5)["test"]["model"]["log_loss"])


def test_the_verdict_compares_log_losses() -> None:
    report = class_trained().report
    test = report["test"]
    rival = min(("persistence", "frequency"), key=lambda name: test[name]["log_loss"])
    share = 1 - test["model"]["log_loss"] / test[rival]["log_loss"]
    first, second = report["verdict"].split("; ")
    assert f"{abs(share):.0%}".replace("%", " %") in first
    assert "in log loss over 45 test days" in first
    assert "the logistic regression" in second


def test_the_estimator_takes_text_and_categories() -> None:
    index = pd.date_range("2024-01-01", periods=300, freq="D")
    text = pd.Series([CLASSES[int(code)] for code in weather_codes(300)], index, name="sky")
    options = {
        name: value
        for name, value in dataclasses.asdict(small()).items()
        if name in LSTMForecaster().get_params()
    }
    forecaster = LSTMForecaster(**options).fit(text)
    table = forecaster.predict(text)
    assert list(table.columns) == ["forecast", "p_dry", "p_rain", "p_snow", "source"]
    assert set(table["forecast"]) <= set(CLASSES)
    strange = text.copy()
    strange.iloc[-3] = "hail"
    assert forecaster.predict(strange).shape == table.shape
    ordered = text.astype(pd.CategoricalDtype(["snow", "rain", "dry"]))
    assert LSTMForecaster(**options).fit(ordered).model_.contract.classes == ("snow", "rain", "dry")


def test_hours_counters_and_months_are_forecast_too() -> None:
    rng = np.random.default_rng(0)
    for freq, seasons in (("h", (24,)), ("count", (6,)), ("MS", (12,)), ("count", ())):
        clock = dataclasses.replace(daily().clock, freq=freq, seasons=seasons)
        codes = (np.arange(400) % (seasons[0] if seasons else 5) < 3).astype(float)
        codes[rng.uniform(size=400) < 0.1] = 2
        panel: Panel = class_panel(codes, clock=clock)
        model = class_fit(panel, steps=2, calendar="auto")
        assert len(model.predict(panel).point) == 6
        assert from_record(*to_record(model)).report == model.report
