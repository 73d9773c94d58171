"""Every option does what it says: each test here fails if the option is ignored."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from lstmcast.core.errors import UsageError
from lstmcast.core.options import Options, seconds
from lstmcast.core.panel import Panel
from lstmcast.forecasters.ensemble import shares_of
from lstmcast.ingest import ReadingRules, Roles, read
from lstmcast.ingest.text import rules
from lstmcast.model.model import Model
from lstmcast.nn.cells import CELLS
from lstmcast.nn.network import Architecture
from lstmcast.nn.optimizers import OPTIMIZERS
from lstmcast.nn.schedules import SCHEDULES
from lstmcast.persistence.models import from_record, to_record
from lstmcast.pipeline.fit import TrainingPlan, fitting
from lstmcast.training.loop import Step
from lstmcast.training.setup import RATES
from lstmcast.training.workers import train_members
from tests.panels import hourly, load, panel_of, single_threaded, small, trained, weather, with_target

NETWORK = {"safeguard": "network"}


def weights(model: Model) -> np.ndarray:
    """All weights of its first member."""
    return np.asarray(model.networks[0].weights[0])


def shapes(**changes: Any) -> dict[str, tuple[int, ...]]:
    """The shapes of the network that these options give."""
    return dict(trained(**(NETWORK | changes)).networks[0].members[0].shapes)


def run(panel: Panel, **changes: Any) -> tuple[TrainingPlan, list[Step], Model]:
    """The plan, all steps of all members, and the model."""
    plan, *steps, model = fitting(panel, small(threads=1, **changes))
    assert isinstance(plan, TrainingPlan)
    assert isinstance(model, Model)
    return plan, [step for step in steps if isinstance(step, Step)], model


def test_season_sets_the_naive_baselines_and_the_scale_of_the_error(tmp_path: Any) -> None:
    path = tmp_path / "a.csv"
    rows = [f"{t},{y}" for t, y in zip(hourly(300).times, load(300), strict=True)]
    path.write_text("\n".join(["time,load", *rows]))
    reading = read(path, Roles("load"), seasons=(12, 36))
    assert reading.panel.clock.seasons == (12, 36)
    model = single_threaded(reading.panel, small())
    assert {"seasonal_naive_12", "seasonal_naive_36"} < set(model.report["test"])


def test_horizon_lookback_and_segment_are_the_sizes_of_the_windows() -> None:
    plan, _, model = run(hourly(), horizon=9, lookback=30, segment=5)
    assert (plan.horizon, plan.lookback, plan.segment) == (9, 30, 5)
    assert len(model.predict(hourly()).point) == 9
    assert model.linear.weight.shape == (9, 30)
    assert shapes(segment=12)["past.weight"][1] != shapes()["past.weight"][1]


def test_no_highway_leaves_it_out_of_the_network() -> None:
    assert "highway.weight" in shapes()
    assert "highway.weight" not in shapes(highway=False)


def test_decoder_direct_gives_all_steps_at_once() -> None:
    assert shapes()["output.bias"] == (6 * 11,)
    direct = shapes(decoder="direct", segment=3)
    assert direct["output.bias"] == (6 * 11,)
    assert "future.position" not in direct
    assert shapes(segment=3)["output.bias"] == (3 * 11,)


def test_layers_hidden_and_dense_are_the_sizes_of_the_network() -> None:
    assert "recurrent.2.weight" in shapes(layers=3)
    assert shapes(hidden=5)["recurrent.0.weight"][0] == 20
    assert shapes(dense=(7, 3))["dense.0.weight"] == (7, 6)
    assert shapes(dense=(7, 3))["dense.1.weight"] == (3, 7)


def test_between_puts_dense_layers_between_the_recurrent_ones() -> None:
    found = shapes(layers=3, between=(5, 4))
    assert [name for name in found if name.startswith(("between", "recurrent"))] == [
        "recurrent.0.weight",
        *(f"between.1.{i}.{part}" for i in (0, 1) for part in ("weight", "bias")),
        "recurrent.1.weight",
        *(f"between.2.{i}.{part}" for i in (0, 1) for part in ("weight", "bias")),
        "recurrent.2.weight",
    ]
    assert (found["between.1.0.weight"], found["between.2.1.weight"]) == ((5, 6), (4, 5))
    assert found["recurrent.1.weight"] == CELLS["lstm"].shape(4, 6)


@pytest.mark.parametrize("cell", ["lstm-peephole", "lstm-coupled", "gru", "rnn"])
def test_each_cell_has_weights_of_its_own_learns_and_is_restored(cell: str) -> None:
    assert shapes(cell=cell)["recurrent.0.weight"] == CELLS[cell].shape(6, 6) != CELLS["lstm"].shape(6, 6)
    learning = {"hidden": 12, "dropout": 0.0, "highway": False, "steps": 100, "lr": 0.02}
    _, steps, model = run(hourly(), cell=cell, final=False, safeguard="network", **learning)
    assert steps[-1].validation_loss < 0.7 * steps[0].validation_loss
    restored = from_record(*to_record(model))
    np.testing.assert_array_equal(restored.predict(hourly()).point, model.predict(hourly()).point)


def test_a_model_written_before_there_were_cells_is_an_lstm() -> None:
    model = trained(**NETWORK)
    document, arrays = to_record(model)
    older = {part: dict(document[part]) for part in ("architecture", "options")}
    for fields in older.values():
        assert fields.pop("cell") == "lstm"
    restored = from_record({**document, **older}, arrays)
    np.testing.assert_array_equal(restored.predict(hourly()).point, model.predict(hourly()).point)


def test_the_cells_of_the_option_are_those_there_are() -> None:
    field = next(field for field in dataclasses.fields(Options) if field.name == "cell")
    assert field.metadata["choices"] == tuple(CELLS)
    assert Architecture(1, 1, 1, 1, 0).cell == field.default == "lstm"


def test_the_last_round_that_nobody_judges_sees_no_plateau(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []

    def recorded(members: list[Any], *further: Any) -> Any:
        given.extend(members)
        return train_members(members, *further)

    monkeypatch.setattr("lstmcast.pipeline.fit.train_members", recorded)
    trained_once = {"highway": False, "steps": 20, **NETWORK}
    for kind, last in (("plateau", "cosine"), ("constant", "constant")):
        single_threaded(hourly(), small(schedule=kind, **trained_once))
        assert given.pop().schedule.kind == last


def test_the_update_rules_and_schedules_of_the_options_are_those_there_are() -> None:
    choices = {field.name: field.metadata["choices"] for field in dataclasses.fields(Options)}
    assert choices["optimizer"] == tuple(OPTIMIZERS) == tuple(RATES)
    assert choices["schedule"] == tuple(SCHEDULES)


def different(names: dict[str, Any], **fixed: Any) -> None:
    """Assert that training with other values of an option ends in other weights of the same shape."""
    # without the highway it starts so far off that its best step is never the first
    given = NETWORK | {"highway": False, "steps": 20} | fixed
    base = weights(trained(**given))
    for name, value in names.items():
        other = weights(trained(**(given | {name: value})))
        assert other.shape == base.shape, name
        assert not np.array_equal(other, base), name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("activation", "tanh"),
        ("activation", "identity"),
        ("activation", "sigmoid"),
        ("dropout", 0.0),
        ("dropout", 0.5),
        ("input_dropout", 0.3),
        ("recurrent_dropout", 0.3),
        ("optimizer", "adam"),
        ("optimizer", "rmsprop"),
        ("optimizer", "nesterov"),
        ("optimizer", "momentum"),
        ("optimizer", "sgd"),
        ("schedule", "constant"),
        ("schedule", "plateau"),
        ("schedule", "one-cycle"),
        ("clip_value", 1e-4),
        ("lr", 0.1),
        ("batch", 7),
        ("clip", 1e-3),
        ("seed", 5),
        ("scaler", "robust"),
        ("transform", "log1p"),
    ],
)
def test_another_value_gives_another_network(name: str, value: Any) -> None:
    different({name: value}, **({"dense": (6,)} if name == "activation" else {}))


def test_the_scaler_is_the_one_that_was_asked_for() -> None:
    panel = hourly()
    training = panel.target[: 420 - 63 - 84]
    found = {
        kind: trained(scaler=kind).preparation.scaling for kind in ("standard", "robust", "minmax", "none")
    }
    assert found["standard"].center[0] == pytest.approx(training.mean())
    assert found["robust"].center[0] == pytest.approx(np.median(training))
    assert found["minmax"].center[0] == pytest.approx(training.min())
    assert (found["none"].center[0], found["none"].scale[0]) == (0.0, 1.0)


def test_a_loss_other_than_pinball_has_one_output_and_each_differs() -> None:
    ends = [
        weights(trained(**NETWORK, highway=False, steps=20, loss=loss)) for loss in ("mae", "mse", "huber")
    ]
    assert all(len(end) == len(ends[0]) for end in ends)
    assert not any(
        np.array_equal(a, b) for a, b in ((ends[0], ends[1]), (ends[1], ends[2]), (ends[0], ends[2]))
    )
    assert shapes(loss="mse")["output.bias"] == (6,)


def test_steps_and_epochs_say_how_long() -> None:
    assert run(hourly(), steps=5, final=False)[1][-1].number == 5
    plan, steps, _ = run(hourly(), steps=None, epochs=0.5, batch=10, final=False)
    assert steps[-1].number == plan.steps == round(0.5 * plan.training_windows / 10)


def test_patience_stops_early() -> None:
    _, steps, _ = run(hourly(), steps=60, lr=1.0, patience=2, final=False)
    assert steps[-1].number < 60
    assert run(hourly(), steps=60, lr=1.0, final=False)[1][-1].number == 60


def test_a_budget_stops_early() -> None:
    _, steps, _ = run(hourly(), steps=5000, budget="0.2s", final=False)
    assert steps[-1].number < 5000


def test_members_are_as_many_networks() -> None:
    _, steps, model = run(hourly(), members=3, **NETWORK)
    assert len(model.networks[0].members) == 3
    assert {(step.member, step.members) for step in steps} == {(0, 3), (1, 3), (2, 3)}


def test_val_and_test_set_the_blocks() -> None:
    plain, _, _ = run(hourly())
    plan, _, model = run(hourly(), val="50", test="2024-01-16")
    assert plan.blocks["test"] == ("2024-01-16T00:00:00", plain.blocks["test"][1])
    assert plan.blocks["validation"][0] == "2024-01-13T22:00:00"
    assert model.report["windows"] == 420 - 15 * 24 - 6 + 1


def test_a_stage_can_be_asked_for() -> None:
    panel, _ = weather(600)
    for kind in ("none", "calendar", "covariates"):
        assert single_threaded(panel, small(calendar=kind)).setting.stage == kind


def test_window_size_can_be_asked_for() -> None:
    assert trained(window_size="yes").setting.is_sized
    assert not trained(window_size="no").setting.is_sized
    different({"window_size": "yes"})


def test_anchoring_can_be_asked_for_and_refused() -> None:
    assert not trained(anchor="no").setting.is_anchored
    assert trained(anchor="yes").setting.is_anchored
    assert not trained(anchor="no", calendar="calendar").setting.is_anchored
    assert trained(anchor="yes", calendar="calendar").setting.is_anchored
    different({"anchor": "no"})


def test_bands_are_of_the_kind_that_is_asked_for() -> None:
    kinds = [
        trained(safeguard="network", bands=kind).output.intervals.kind for kind in ("quantiles", "split")
    ]
    assert kinds == ["quantiles", "split"]


def test_how_bands_follow_volatility_is_found_out_or_can_be_asked_for() -> None:
    found, asked = (
        (model.output.intervals.power, model.report["choices"]["band_volatility"])
        for model in (trained(), trained(band_volatility=0.7))
    )
    assert found[0] == found[1]["power"]
    assert list(found[1]["winkler"]) == ["0", "0.25", "0.5"]
    assert (asked[0], asked[1]["power"], list(asked[1]["winkler"])) == (0.7, 0.7, ["0.7"])


def test_a_penalty_that_is_given_is_the_one_that_is_used() -> None:
    assert trained(penalty=0.37).linear.penalty == 0.37
    loose, tight = (trained(penalty=p).linear.weight for p in (1e-6, 100.0))
    assert np.abs(tight).sum() < 0.5 * np.abs(loose).sum()


def test_min_and_max_bound_forecast_and_band() -> None:
    panel = hourly()
    plain = trained().predict(panel)
    low, high = float(np.median(plain.point)), float(np.quantile(plain.point, 0.9))
    for forecast in (single_threaded(panel, small(min=low, max=high)).predict(panel),):
        for values in (forecast.point, *forecast.bands[80]):
            assert values.min() >= low
            assert values.max() <= high
    assert plain.point.min() < low < high < plain.point.max()


def test_what_was_never_negative_stays_so_by_itself() -> None:
    rng = np.random.default_rng(0)
    counts = rng.poisson(0.3, size=420).astype(float)
    forecast = single_threaded(panel_of(counts), small()).predict(panel_of(counts))
    assert forecast.bands[80][0].min() >= 0
    signed = with_target(panel_of(counts), counts - 0.01)
    assert np.isnan(single_threaded(signed, small()).output.limits[0])


@pytest.mark.parametrize(
    ("wanted", "expected"), [("network", (1, 0)), ("linear", (0, 1)), ("mean", (0.5, 0.5))]
)
def test_the_safeguard_can_be_overruled(wanted: str, expected: tuple[float, float]) -> None:
    shares = shares_of(trained(safeguard=wanted).ensemble)
    assert (shares.network, shares.linear) == expected


def test_no_final_keeps_the_weights_that_were_judged() -> None:
    different({"final": False}, steps=20, lr=0.05)
    # three tenths of one step are none: what goes on is what was judged, not a new start
    once = NETWORK | {"highway": False, "steps": 1}
    assert np.array_equal(weights(trained(**once)), weights(trained(**once, final=False)))
    assert trained(**once).report["choices"]["best_steps"] == [1]
    last = hourly().times[-1]
    assert trained(**NETWORK).seen_until[0] == last
    assert trained(**NETWORK, final=False).seen_until[0] < last


@pytest.mark.parametrize(
    "changes",
    [
        {"lr": 0.0},
        {"lr": float("nan")},
        {"dropout": 1.0},
        {"recurrent_dropout": 1.0},
        {"hidden": 0},
        {"schedule": "linear"},
        {"clip_value": 0.0},
        {"between": (8,)},
        {"between": (0,), "layers": 2},
        {"dense": (8, 0)},
        {"season": (1,)},
        {"decoder": "none"},
        {"steps": 5, "epochs": 1.0},
        {"known": ("a",), "past": ("a",)},
        {"budget": "soon"},
        {"min": 5.0, "max": 1.0},
        {"seed": -1},
    ],
)
def test_a_value_that_makes_no_sense_is_a_usage_error_in_one_line(changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        single_threaded(hourly(), dataclasses.replace(Options(), **changes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"), [("90s", 90), ("10m", 600), ("1.5h", 5400), ("2", 2), (" 3 MIN ", 180)]
)
def test_a_duration_is_read_in_its_unit(text: str, expected: float) -> None:
    assert seconds(text) == expected


def test_the_readers_rules_are_options_with_the_same_defaults_and_choices() -> None:
    options = {
        field.name: field for field in dataclasses.fields(Options) if field.metadata["group"] == "Reading"
    }
    assert {name: field.default for name, field in options.items()} == {
        field.name: field.default for field in dataclasses.fields(ReadingRules)
    }
    assert {
        name: f.metadata["choices"] for name, f in options.items() if f.metadata["choices"]
    } == rules._CHOICES
