"""A model of classes as an ONNX graph: what ONNX Runtime computes of it is what `predict` says."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest

from lstmcast.core.errors import UsageError
from lstmcast.core.panel import Panel
from lstmcast.model.model import Model
from lstmcast.persistence.exchange.onnx import export_onnx, onnx_inputs
from tests.class_panels import class_fit, class_panel, class_trained, daily, weather_codes
from tests.panels import stacked

NETWORK = {"safeguard": "network", "final": False}


def assert_same(model: Model, panel: Panel) -> None:
    """The graph's probabilities are those of `predict`."""
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    session = runtime.InferenceSession(export_onnx(model).data, providers=["CPUExecutionProvider"])
    outputs = session.run(None, onnx_inputs(model, panel))
    found = dict(zip([output.name for output in session.get_outputs()], outputs, strict=True))
    forecast = model.predict(panel)
    assert set(forecast.source) == {model.source}
    given = np.stack(list(forecast.probabilities.values()), axis=1)
    np.testing.assert_allclose(found["probabilities"].reshape(given.shape), given, atol=2e-5)
    assert (found["forecast"].ravel() == forecast.point).mean() > 0.99
    notes = session.get_modelmeta().custom_metadata_map
    assert tuple(json.loads(notes["classes"])) == model.contract.classes


@pytest.mark.parametrize(
    "changes",
    [
        NETWORK,
        NETWORK | {"highway": False, "members": 2},
        NETWORK | {"cell": "gru", "layers": 2, "decoder": "direct"},
        NETWORK | {"cell": "lstm-peephole", "calendar": "calendar"},
        {"safeguard": "mean"},
        {"safeguard": "linear"},
    ],
)
def test_the_graph_says_what_predict_says(changes: dict[str, Any]) -> None:
    assert_same(class_trained(**changes), daily())


def test_every_part_of_a_mixture_is_in_the_graph() -> None:
    model = class_trained(**NETWORK)
    parts = [part for _, part in model.ensemble.parts]
    shares = (0.4, 0.3, 0.2, 0.1)
    mixed = dataclasses.replace(model.ensemble, parts=tuple(zip(shares, parts, strict=True)))
    assert_same(dataclasses.replace(model, ensemble=mixed), daily())


def test_panels_and_other_columns_go_in_as_arrays() -> None:
    wave = np.sin(np.arange(300) / 5)
    one = class_panel(weather_codes(300), known=wave, past=wave)
    two = class_panel(weather_codes(300, 1), known=wave, past=-wave)
    panel = stacked(one, two)
    model = class_fit(panel, known=("known",), past=("past",), id="meter", **NETWORK)
    values = panel.values.copy()
    ends = [slice(290, 300), slice(590, 600)]
    for rows in ends:
        values[rows, 0] = np.nan
    assert_same(model, dataclasses.replace(panel, values=values))


def test_classes_have_no_bands() -> None:
    with pytest.raises(UsageError, match="no bands"):
        export_onnx(class_trained(**NETWORK), (80,))
