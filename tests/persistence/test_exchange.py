"""Doors to other programs: what torch and ONNX Runtime compute of our weights is what we compute."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lstmcast as public
from lstmcast.core.errors import UsageError
from lstmcast.core.panel import Panel
from lstmcast.forecasters.ensemble import Ensemble
from lstmcast.model.model import Model
from lstmcast.nn.network import Network
from lstmcast.persistence.exchange.onnx import export_onnx, onnx_inputs
from lstmcast.persistence.exchange.torch import export_torch, import_torch
from lstmcast.pipeline.fit import fit
from tests.command_line import lstmcast
from tests.panels import hourly, small, stacked, trained, two_views, weather, weighted, without_target

ROWS = {"segment": 1, "decoder": "direct", "highway": False}
NETWORK = {"safeguard": "network"}


@pytest.mark.parametrize(("cell", "name"), [("lstm", "LSTM"), ("gru", "GRU"), ("rnn", "RNN")])
@pytest.mark.parametrize("layers", [1, 2])
def test_torchs_own_layers_compute_the_same_of_exported_weights(cell: str, name: str, layers: int) -> None:
    torch = pytest.importorskip("torch")
    forecaster = trained(**NETWORK, cell=cell, layers=layers).networks[0]
    network, parameters = Network(forecaster.architecture), forecaster.members[0]
    workspace = network.workspace(3, np.float32, inference=True)
    rng = np.random.default_rng(0)
    x = rng.normal(size=workspace.recurrent[0].x.shape).astype(np.float32)
    np.copyto(workspace.recurrent[0].x, x)
    network._recur(parameters, workspace, {})
    own = workspace.recurrent[-1].outputs * workspace.recurrent[-1].unit

    weights = export_torch(trained(**NETWORK, cell=cell, layers=layers))
    theirs = getattr(torch.nn, name)(6, 6, layers)
    theirs.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    found, _ = theirs(torch.from_numpy(x.transpose(0, 2, 1).copy()))
    np.testing.assert_allclose(found.detach().numpy().transpose(0, 2, 1), own, atol=1e-6)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_imported_weights_are_those_that_were_exported(cell: str) -> None:
    model, other = (trained(**NETWORK, cell=cell, seed=seed) for seed in (0, 1))
    weights = export_torch(other)
    back = import_torch(model, weights)
    for name, array in export_torch(back).items():
        np.testing.assert_array_equal(array, weights[name])
    assert not np.array_equal(back.predict(hourly()).point, model.predict(hourly()).point)
    same = import_torch(model, export_torch(model))
    np.testing.assert_array_equal(same.predict(hourly()).point, model.predict(hourly()).point)


def test_the_two_biases_of_an_lstm_are_summed() -> None:
    model = trained(**NETWORK)
    weights = export_torch(model)
    half = weights | {"bias_ih_l0": weights["bias_ih_l0"] / 2, "bias_hh_l0": weights["bias_ih_l0"] / 2}
    np.testing.assert_allclose(
        import_torch(model, half).predict(hourly()).point, model.predict(hourly()).point, rtol=1e-6
    )


def test_weights_that_do_not_fit_torchs_layout_are_refused_in_one_line() -> None:
    model = trained(**NETWORK)
    weights = export_torch(model)
    for changed in (
        {name: array for name, array in weights.items() if name != "bias_hh_l0"},
        weights | {"weight_hh_l0": np.zeros((3, 3))},
        weights | {"weight_ih_l1": np.zeros((3, 3))},
    ):
        with pytest.raises(UsageError, match="the model has"):
            import_torch(model, changed)
    for refused in (
        trained(**NETWORK, cell="lstm-peephole"),
        trained(**NETWORK, layers=2, between=(4,)),
        trained(safeguard="linear"),
    ):
        with pytest.raises(UsageError):
            export_torch(refused)
    with pytest.raises(UsageError, match="members"):
        export_torch(model, member=1)


def answered(model: Model, panel: Panel, levels: tuple[int, ...] = (80,)) -> dict[str, np.ndarray]:
    """What ONNX Runtime makes of the exported model and the panel's arrays."""
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    session = runtime.InferenceSession(export_onnx(model, levels).data, providers=["CPUExecutionProvider"])
    outputs = session.run(None, onnx_inputs(model, panel))
    return dict(zip([output.name for output in session.get_outputs()], outputs, strict=True))


def assert_same(model: Model, panel: Panel, levels: tuple[int, ...] = (80,)) -> None:
    """The graph's forecast and bands are those of `predict`, to 1e-5 of what the series moves by."""
    found = answered(model, panel, levels)
    forecast = model.predict(panel, levels=levels)
    assert set(forecast.source) == {model.source}
    scale = 1e-5 * float(np.nanstd(panel.target))
    np.testing.assert_allclose(found["forecast"].ravel(), forecast.point, atol=scale)
    for level in levels:
        for end, name in zip(forecast.bands[level], ("lo", "hi"), strict=True):
            np.testing.assert_allclose(found[f"{name}_{level}"].ravel(), end, atol=3 * scale)


@pytest.mark.parametrize(
    "changes",
    [
        NETWORK,
        NETWORK | {"cell": "lstm-peephole", "layers": 2},
        NETWORK | {"cell": "lstm-coupled", "layers": 2},
        NETWORK | {"cell": "gru", "layers": 2, "between": (5,), "activation": "tanh"},
        NETWORK | {"cell": "rnn", "dense": (5, 4), "activation": "sigmoid"},
        NETWORK | {"decoder": "direct", "segment": 3, "dense": (7,), "activation": "identity"},
        *(NETWORK | ROWS | {"cell": cell} for cell in ("lstm", "lstm-peephole", "gru")),
        NETWORK | {"transform": "log1p", "min": 95.0, "max": 108.0},
        NETWORK | {"members": 2, "loss": "mae"},
        NETWORK | {"members": 3, "scaler": "minmax", "bands": "quantiles"},
        NETWORK | {"anchor": "no", "window_size": "yes", "bands": "split"},
        NETWORK | {"horizon": 8, "calendar": "calendar"},
        {"safeguard": "mean", "window_size": "yes"},
        {"safeguard": "linear", "calendar": "calendar"},
        NETWORK | {"bands": "quantiles", "band_volatility": 0.5, "transform": "log1p"},
        {"safeguard": "linear", "lookback": 48, "band_volatility": 0.5, "calendar": "calendar"},
        NETWORK | {"lookback": 1, "segment": 1, "band_volatility": 0.5},
        {"smoothing": "no"},
    ],
    ids=str,
)
def test_the_graph_gives_the_forecast_of_predict(changes: dict[str, Any]) -> None:
    assert_same(trained(**changes), hourly(), (50, 80, 95))


def test_a_panel_with_covariates_gaps_and_a_naive_share_is_the_same_in_the_graph() -> None:
    both, _ = weather(420)
    rng, values = np.random.default_rng(0), both.values.copy()
    values[rng.integers(300, size=9), 0] = np.nan
    panel = stacked(dataclasses.replace(both, values=values), weather(420, seed=1)[0])
    panel = panel.take(panel.offsets[:-1], panel.offsets[1:])
    past = dataclasses.replace(
        panel, columns=(panel.columns[0], dataclasses.replace(panel.columns[1], role="past"))
    )
    model = fit(past, small(threads=1, **NETWORK))
    for share in (0.0, 0.25):
        assert_same(weighted(model, 1 - share, 0.0, share), past)


def test_a_linear_forecaster_with_a_view_of_its_own_has_inputs_of_its_own() -> None:
    model = trained(safeguard="mean", calendar="calendar")
    own = dataclasses.replace(model.views[0], subtracts_last=False)
    plain = trained(safeguard="mean")
    (weight, network), (share, _) = plain.ensemble.parts
    linear = dataclasses.replace(model.linear, view=1)
    other = dataclasses.replace(
        plain, views=(*plain.views, own), ensemble=Ensemble(((weight, network), (share, linear)))
    )
    assert {"linear_level", "linear_level_ahead"} <= set(onnx_inputs(other, hourly()))
    assert_same(other, hourly())


def test_two_networks_that_see_the_calendar_differently_are_both_in_the_graph() -> None:
    panel, _ = weather(700)
    fresh = without_target(panel, 690)
    model = two_views(panel)
    assert {"second_past", "second_future"} <= set(onnx_inputs(model, fresh))
    assert_same(weighted(model, 0.6, 0.3, 0.1), fresh, (50, 80, 95))


def test_the_members_of_two_networks_are_exported_one_after_the_other() -> None:
    model = two_views(weather(700)[0])
    one, other = export_torch(model, 0), export_torch(model, 1)
    assert any(one[name].shape != other[name].shape or (one[name] != other[name]).any() for name in one)
    changed = import_torch(model, {name: 2 * array for name, array in other.items()}, 1)
    assert export_torch(changed, 0)["weight_hh_l0"].tobytes() == one["weight_hh_l0"].tobytes()
    np.testing.assert_allclose(export_torch(changed, 1)["weight_hh_l0"], 2 * other["weight_hh_l0"])
    with pytest.raises(UsageError, match="members 0 to 1; got 2"):
        export_torch(model, 2)


def test_the_same_model_gives_the_same_bytes_and_many_windows_go_in_at_once() -> None:
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    model = trained(**NETWORK)
    exported = export_onnx(model)
    assert exported.data == export_onnx(model).data
    given = onnx_inputs(model, hourly())
    session = runtime.InferenceSession(exported.data, providers=["CPUExecutionProvider"])
    once = session.run(["forecast"], given)[0]
    both = session.run(["forecast"], {name: np.repeat(array, 2, axis=0) for name, array in given.items()})[0]
    np.testing.assert_allclose(both, np.repeat(once, 2, axis=0))
    assert [part["name"] for part in exported.inputs] == list(given)


def test_export_writes_a_graph_and_says_what_goes_in(tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    model, path = trained(**NETWORK), tmp_path / "model.onnx"
    public.save(model, tmp_path / "model.pkl")
    said = lstmcast("export", tmp_path / "model.pkl", "-o", path, "--level", "80,95")
    assert said.code == 0
    assert f"Wrote {path}" in said.out
    assert "target" in said.out
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    assert names == ["forecast", "lo_80", "hi_80", "lo_95", "hi_95"]


@pytest.mark.parametrize("where", ["no folder/model.onnx", "."])
def test_a_graph_that_cannot_be_written_ends_with_code_8(tmp_path: Path, where: str) -> None:
    public.save(trained(**NETWORK), tmp_path / "model.pkl")
    said = lstmcast("export", tmp_path / "model.pkl", "-o", tmp_path / where)
    assert said.code == 8
    assert said.err.count("\n") == 1


def test_without_the_package_onnx_export_says_so_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public.save(trained(**NETWORK), tmp_path / "model.pkl")
    monkeypatch.setitem(sys.modules, "onnx", None)
    said = lstmcast("export", tmp_path / "model.pkl", "-o", tmp_path / "model.onnx")
    assert said.code == 2
    assert "pip install 'lstmcast[onnx]'" in said.err
    assert said.err.count("\n") == 1
    assert not (tmp_path / "model.onnx").exists()
