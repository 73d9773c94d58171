"""Cells agree with torch's: with a golden file always, and live where torch is installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from lstmcast.nn import lstm
from lstmcast.nn.cells import CELLS

GOLDEN = Path(__file__).parents[1] / "golden"
OURS_FROM_TORCHS = [3, 0, 1, 2]  # rows o, i, f, g out of i, f, g, o
GIVEN, FOUND = ("x", "h0", "c0", "gates", "mixing"), ("outputs", "d_gates", "d_x", "d_h0", "d_c0")


def reordered(gates, order):
    return gates.reshape(4, -1, gates.shape[1])[order].reshape(gates.shape)


def ours(x, h0, c0, gates, mixing):
    """The same quantities as torch_lstm gives, from lstmcast.nn."""
    steps, inputs, batch = x.shape
    workspace = lstm.LSTMWorkspace(steps, batch, inputs, len(h0), x.dtype)
    workspace.x[...], workspace.h0[...], workspace.c0[...] = x, h0, c0
    weight = reordered(gates, OURS_FROM_TORCHS)
    h2, cache = lstm.forward(weight, workspace)
    d_weight = np.zeros_like(weight)
    gradient = lstm.backward(weight, cache, mixing, d_weight)
    d_gates = reordered(d_weight, np.argsort(OURS_FROM_TORCHS))
    return dict(zip(FOUND, (h2 / 2, d_gates, gradient.d_x, gradient.d_h0, gradient.d_c0), strict=True))


def script(name):
    """A script beside the golden files, as a module."""
    spec = importlib.util.spec_from_file_location(name, GOLDEN / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def assert_agree(mine, theirs):
    for name in mine:
        scale = max(1.0, np.abs(theirs[name]).max())
        np.testing.assert_allclose(mine[name], theirs[name], rtol=0, atol=1e-5 * scale, err_msg=name)
        assert mine[name].dtype == np.float32


def test_the_lstm_gives_the_numbers_of_torch_in_the_golden_file():
    with np.load(GOLDEN / "torch_lstm.npz") as golden:
        assert_agree(ours(**{name: golden[name] for name in GIVEN}), {name: golden[name] for name in FOUND})


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (13, 5, 3, 7), (40, 100, 8, 16)])
def test_the_lstm_gives_the_numbers_of_the_installed_torch(shape):
    pytest.importorskip("torch")
    maker = script("make_torch_lstm")
    given = maker.arrays(shape)
    assert_agree(ours(**given), maker.torch_lstm(**given))


def our_cell(cell, x, h0, weight_x, weight_h, bias_x, bias_h, mixing):
    """The same quantities as torch_cell gives, from lstmcast.nn."""
    steps, inputs, batch = x.shape
    workspace = CELLS[cell].workspace(steps, batch, inputs, len(h0), x.dtype)
    workspace.x[...], workspace.h0[...] = x, h0
    columns = {
        "gru": [weight_x, bias_x[:, None], bias_h[:, None], weight_h],
        "rnn": [weight_x, weight_h, (bias_x + bias_h)[:, None]],
    }[cell]
    weight = np.concatenate(columns, axis=1)
    outputs, cache = CELLS[cell].forward(weight, workspace)
    d = np.zeros_like(weight)
    gradient = CELLS[cell].backward(weight, cache, mixing, d)
    if cell == "gru":
        d_x, d_bias_x, d_bias_h, d_h = np.split(d, [inputs, inputs + 1, inputs + 2], axis=1)
    else:
        d_x, d_h, d_bias_x = np.split(d, [inputs, d.shape[1] - 1], axis=1)
        d_bias_h = d_bias_x
    weights = {"d_weight_x": d_x, "d_weight_h": d_h, "d_bias_x": d_bias_x[:, 0], "d_bias_h": d_bias_h[:, 0]}
    return {"outputs": outputs, **weights, "d_x": gradient.d_x, "d_h0": gradient.d_h0}


CELLS_OF_TORCH = ("gru", "rnn")


@pytest.mark.parametrize("cell", CELLS_OF_TORCH)
def test_a_cell_gives_the_numbers_of_torch_in_the_golden_file(cell):
    given = ("x", "h0", "weight_x", "weight_h", "bias_x", "bias_h", "mixing")
    with np.load(GOLDEN / f"torch_{cell}.npz") as golden:
        mine = our_cell(cell, **{name: golden[name] for name in given})
        assert set(mine) == set(golden) - set(given)
        assert_agree(mine, golden)


@pytest.mark.parametrize("cell", CELLS_OF_TORCH)
@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (13, 5, 3, 7), (40, 100, 8, 16)])
def test_a_cell_gives_the_numbers_of_the_installed_torch(cell, shape):
    pytest.importorskip("torch")
    maker = script("make_torch_cells")
    given = maker.arrays(cell, shape)
    assert_agree(our_cell(cell, **given), maker.torch_cell(cell, **given))
