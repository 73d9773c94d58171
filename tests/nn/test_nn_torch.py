"""The LSTM agrees with torch.nn.LSTM: with a golden file always, and live where torch is installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from lstmcast.nn import lstm

GOLDEN = Path(__file__).parents[1] / "golden"
OURS_FROM_TORCHS = [3, 0, 1, 2]  # rows o, i, f, g out of i, f, g, o
GIVEN, FOUND = ("x", "h0", "c0", "gates", "mixing"), ("outputs", "d_gates", "d_x", "d_h0", "d_c0")


def reordered(gates, order):
    return gates.reshape(4, -1, gates.shape[1])[order].reshape(gates.shape)


def ours(x, h0, c0, gates, mixing):
    """The same quantities as torch_lstm gives, from lstmcast.nn."""
    steps, inputs, batch = x.shape
    workspace = lstm.Workspace(steps, batch, inputs, len(h0), x.dtype)
    workspace.x[...], workspace.h0[...], workspace.c0[...] = x, h0, c0
    weight = reordered(gates, OURS_FROM_TORCHS)
    h2, cache = lstm.forward(weight, workspace)
    d_weight = np.zeros_like(weight)
    gradient = lstm.backward(weight, cache, mixing, d_weight)
    d_gates = reordered(d_weight, np.argsort(OURS_FROM_TORCHS))
    return dict(zip(FOUND, (h2 / 2, d_gates, gradient.d_x, gradient.d_h0, gradient.d_c0), strict=True))


def assert_agree(mine, theirs):
    for name in FOUND:
        scale = max(1.0, np.abs(theirs[name]).max())
        np.testing.assert_allclose(mine[name], theirs[name], rtol=0, atol=1e-5 * scale, err_msg=name)
        assert mine[name].dtype == np.float32


def test_the_lstm_gives_the_numbers_of_torch_in_the_golden_file():
    with np.load(GOLDEN / "torch_lstm.npz") as golden:
        assert_agree(ours(**{name: golden[name] for name in GIVEN}), {name: golden[name] for name in FOUND})


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (13, 5, 3, 7), (40, 100, 8, 16)])
def test_the_lstm_gives_the_numbers_of_the_installed_torch(shape):
    pytest.importorskip("torch")
    spec = importlib.util.spec_from_file_location("make_torch_lstm", GOLDEN / "make_torch_lstm.py")
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    given = maker.arrays(shape)
    assert_agree(ours(**given), maker.torch_lstm(**given))
