"""Starting from another model's weights: what fits is taken, what does not is said, what is frozen does not move."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcast import persistence
from lstmcast.core.errors import ModelFileError, UsageError
from lstmcast.core.options import Options
from lstmcast.core.panel import Clock, Panel
from lstmcast.data.calendar_features import calendar_names, calendar_vector
from lstmcast.model.model import Model
from lstmcast.nn.optimizers import OPTIMIZERS
from lstmcast.nn.parameters import Parameters
from lstmcast.pipeline.fit import TrainingPlan, fit, fitting
from tests.command_line import lstmcast
from tests.hostile_models import packed, record
from tests.panels import FIRST, hourly, panel_of, small, stacked, trained, weather
from tests.panels import load as series

LEARNED: dict[str, Any] = {"safeguard": "network", "highway": False, "lr": 0.05, "steps": 12}


def started(source: Model, panel: Panel, **changes: Any) -> tuple[dict[str, Any], Parameters]:
    """What is said of the start, and the weights after training of `changes`, by default none."""
    given = {"safeguard": "network", "final": False, "steps": 0} | changes
    options = small(threads=1, **given)
    plan, *_, model = fitting(panel, options, pretrained=source)
    assert isinstance(plan, TrainingPlan)
    assert isinstance(model, Model)
    assert plan.start is not None
    assert model.report["choices"]["start"] == plan.start.as_document()
    return plan.start.as_document(), first(model)


def first(model: Model) -> Parameters:
    """The weights of its first member."""
    return model.networks[0].members[0]


@pytest.mark.parametrize("cell", ["lstm", "lstm-peephole", "gru"])
def test_a_network_of_the_same_shapes_starts_from_all_weights(cell: str) -> None:
    source = trained(safeguard="network", cell=cell, layers=2, dense=(5,))
    said, weights = started(source, hourly(seed=3), cell=cell, layers=2, dense=(5,))
    np.testing.assert_array_equal(weights.flat, first(source).flat)
    assert said["taken"] == [
        *("past", "future.position", "future", "recurrent.0", "recurrent.1", "dense.0", "output", "highway")
    ]
    assert not any(said[kind] for kind in ("partly", "new", "frozen", "differs"))


def test_training_goes_on_from_there_with_a_new_scaling_and_contract() -> None:
    source = trained(**LEARNED)
    panel = panel_of(1000 * series(420, seed=3))
    model = fit(panel, small(threads=1, **LEARNED), pretrained=source)
    cold = fit(panel, small(threads=1, **LEARNED))
    assert not np.array_equal(first(model).flat, first(cold).flat)
    assert not np.array_equal(first(model).flat, first(source).flat)
    assert model.preparation.scaling.scale[0] == cold.preparation.scaling.scale[0]
    assert model.contract == cold.contract


def test_a_longer_horizon_keeps_the_steps_that_both_have() -> None:
    source = trained(safeguard="network")
    said, weights = started(source, hourly(seed=3), horizon=12)
    old = first(source)
    np.testing.assert_array_equal(weights["highway.weight"][:6], old["highway.weight"])
    np.testing.assert_array_equal(weights["future.position"][:, :1], old["future.position"])
    np.testing.assert_array_equal(weights["output.weight"], old["output.weight"])
    assert np.isfinite(weights.flat).all()
    assert said["partly"] == ["future.position (50%)", "highway (50%)"]
    direct = {"decoder": "direct", "dense": (5,)}
    said, weights = started(trained(safeguard="network", **direct), hourly(seed=3), horizon=12, **direct)
    old = first(trained(safeguard="network", **direct))
    np.testing.assert_array_equal(weights["output.weight"][:66], old["output.weight"])
    np.testing.assert_array_equal(weights["dense.0.weight"][:, :6], old["dense.0.weight"][:, :6])
    assert "output (50%)" in said["partly"]


def test_another_lookback_or_another_view_of_the_rows_makes_a_new_highway() -> None:
    source = trained(safeguard="network")
    said, weights = started(source, hourly(seed=3), lookback=36)
    assert said["new"] == ["highway"]
    np.testing.assert_array_equal(weights["recurrent.0.weight"], first(source)["recurrent.0.weight"])
    said, _ = started(source, hourly(seed=3), anchor="no", transform="log1p")
    assert (said["new"], said["differs"]) == (["highway"], ["the transform", "the anchor"])


def test_columns_are_matched_by_their_names() -> None:
    both, _ = weather(420)
    source = fit(both, small(threads=1, safeguard="network"))
    said, weights = started(source, hourly(seed=3))
    old = first(source)
    np.testing.assert_array_equal(weights["past.weight"][:, :6], old["past.weight"][:, 0:12:2])
    np.testing.assert_array_equal(weights["past.weight"][:, 6:], old["past.weight"][:, 12:])
    assert not said["new"]
    other = dataclasses.replace(
        both, columns=(both.columns[0], dataclasses.replace(both.columns[1], name="x"))
    )
    said, weights = started(source, other)
    np.testing.assert_array_equal(weights["past.weight"][:, 0:12:2], old["past.weight"][:, 0:12:2])
    assert not np.isin(weights["past.weight"][:, 1:12:2], old["past.weight"]).any()
    assert [name.split()[0] for name in said["partly"]] == ["past", "future"]


def test_series_are_matched_by_their_names_and_one_alone_is_as_all_on_average() -> None:
    two, three = (stacked(*(hourly(seed=seed) for seed in range(count))) for count in (2, 3))
    source = fit(two, small(threads=1, safeguard="network"))
    said, weights = started(source, three)
    np.testing.assert_array_equal(weights["future.series"][:, :2], first(source)["future.series"])
    assert said["partly"] == ["future.series (67%)"]
    _, weights = started(source, hourly(seed=3))
    expected = first(source)["future.position"] + first(source)["future.series"].mean(axis=1, keepdims=True)
    np.testing.assert_allclose(weights["future.position"], expected)


def test_another_segment_keeps_the_recurrence_alone() -> None:
    said, _ = started(trained(safeguard="network"), hourly(seed=3), segment=3)
    assert said["taken"] == ["recurrent.0", "highway"]


@pytest.mark.parametrize("changes", [{"cell": "gru"}, {"hidden": 7}])
def test_other_cells_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"--{next(iter(changes))}"):
        started(trained(safeguard="network"), hourly(), **changes)


def test_a_model_without_a_network_is_refused() -> None:
    with pytest.raises(ModelFileError, match="holds no network"):
        started(trained(safeguard="linear"), hourly())


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_frozen_weights_do_not_move_and_the_rest_does(optimizer: str) -> None:
    options = small(
        threads=1, **LEARNED | {"optimizer": optimizer, "freeze": "recurrent", "lr": 0.01, "layers": 2}
    )
    source = trained(**LEARNED | {"layers": 2})
    model = fit(hourly(seed=3), options, pretrained=source)
    old, new = first(source), first(model)
    still = {name for name in new if np.array_equal(new[name], old[name])}
    assert still == {name for name in new if name.startswith(("past", "future", "recurrent"))}
    assert model.report["choices"]["start"]["frozen"] == [
        *("past", "future.position", "future", "recurrent.0", "recurrent.1")
    ]


def test_what_is_new_is_trained_though_the_rest_is_frozen() -> None:
    source = trained(**LEARNED)
    panel, _ = weather(420)
    said, new = started(source, panel, freeze="recurrent", **LEARNED)
    assert said["frozen"] == ["future.position", "recurrent.0"]
    assert not np.array_equal(new["past.bias"], first(source)["past.bias"])


def test_members_start_from_the_other_models_members_in_turns() -> None:
    source = fit(hourly(), small(threads=1, members=2, safeguard="network"))
    options = small(threads=1, members=3, steps=0, final=False, safeguard="network")
    model = fit(hourly(seed=3), options, pretrained=source)
    old, new = source.networks[0].members, model.networks[0].members
    for number in range(3):
        np.testing.assert_array_equal(new[number].flat, old[number % 2].flat)


def test_a_file_can_be_named_in_the_options(tmp_path: Path) -> None:
    persistence.save(trained(safeguard="network"), tmp_path / "other.pkl")
    options = small(threads=1, steps=0, final=False, safeguard="network", from_=str(tmp_path / "other.pkl"))
    np.testing.assert_array_equal(
        first(fit(hourly(seed=3), options)).flat, first(trained(safeguard="network")).flat
    )


def test_freezing_needs_a_model_to_start_from() -> None:
    with pytest.raises(UsageError, match="--from"):
        fit(hourly(), dataclasses.replace(Options(), freeze="recurrent"))


@pytest.fixture(scope="module")
def csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "load.csv"
    panel = hourly(seed=3)
    rows = [f"{time},{value}" for time, value in zip(panel.times, panel.target, strict=True)]
    path.write_text("\n".join(["time,load", *rows]))
    return path


def training(csv: Path, tmp_path: Path, *more: object) -> Any:
    sizes = "--horizon 6 --lookback 24 --segment 6 --hidden 6 --batch 16 --steps 8 --transform none --calendar none"
    words = [*sizes.split(), "--safeguard", "network", "--season", "24"]
    return lstmcast("train", csv, "--target", "load", *words, "-o", tmp_path / "model.pkl", *more)


def test_train_says_what_it_starts_from_and_info_says_it_again(csv: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pkl"
    persistence.save(trained(safeguard="network"), other)
    said = training(csv, tmp_path, "--from", other, "--freeze", "recurrent")
    told = "past, future.position, future, recurrent.0, output, highway of the other model"
    frozen = "past, future.position, future, recurrent.0; the rest is trained"
    assert said.code == 0
    for text in (said.out, lstmcast("info", tmp_path / "model.pkl").out):
        words = " ".join(text.split())
        assert f"Start {told}" in words
        assert f"Frozen {frozen}" in words
    assert f"--from {other} --freeze recurrent" in lstmcast("info", tmp_path / "model.pkl").out


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"no model", ""), (packed(record("{}", b"", number=99)), "newer")],
)
def test_a_file_that_is_no_model_or_too_new_ends_with_code_4(
    csv: Path, tmp_path: Path, data: bytes, said: str
) -> None:
    other = tmp_path / "other.pkl"
    other.write_bytes(data)
    ended = training(csv, tmp_path, "--from", other)
    assert ended.code == 4
    assert ended.err.startswith("lstmcast: E_")
    assert ended.err.count("\n") == 1
    assert said in ended.err
    assert not (tmp_path / "model.pkl").exists()


@pytest.mark.parametrize("clock", [Clock("h"), Clock("D"), Clock("MS"), Clock("count")])
@pytest.mark.parametrize("with_year", [False, True])
def test_every_calendar_feature_has_a_name_of_its_own(clock: Clock, with_year: bool) -> None:
    names = calendar_names(clock, with_year=with_year)
    found = calendar_vector(clock, clock.grid(FIRST, 3), with_year=with_year)
    assert len(set(names)) == len(names) == (0 if clock.is_counter else found.shape[1])


def test_every_feature_of_a_row_has_a_name_of_its_own() -> None:
    panel, _ = weather(420)
    holes = panel.values.copy()
    holes[100:103, 0] = np.nan
    model = fit(dataclasses.replace(panel, values=holes), small(threads=1, steps=1, calendar="covariates"))
    table = model.windows(panel, np.arange(1))[0].table
    past, known = model.preparation.names(panel.columns, has_regression=model.views[0].regression is not None)
    assert len(set(past)) == len(past) == table.past.shape[1]
    assert len(set(known)) == len(known) == table.known.shape[1]
