"""Makes torch_lstm.npz, what torch.nn.LSTM computes for one layer: python tests/golden/make_torch_lstm.py"""

from __future__ import annotations

from pathlib import Path

import numpy as np


def torch_lstm(x, h0, c0, gates, mixing):
    """Outputs and gradients of torch.nn.LSTM in float32 for the loss sum(outputs * mixing).

    Arrays in this project's layout: x (T, D, B), h0 and c0 (H, B), mixing (T, H, B), gates (4H, D+H+1) with torch's
    rows i, f, g, o. Gives outputs (T, H, B), d_gates (4H, D+H+1), d_x, d_h0, d_c0.
    """
    import torch

    inputs, hidden = x.shape[1], len(h0)
    layer = torch.nn.LSTM(inputs, hidden)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.from_numpy(gates[:, :inputs]))
        layer.weight_hh_l0.copy_(torch.from_numpy(gates[:, inputs:-1]))
        layer.bias_ih_l0.copy_(torch.from_numpy(gates[:, -1]))
        layer.bias_hh_l0.zero_()
    leaves = [torch.from_numpy(a.swapaxes(-1, -2).copy()).requires_grad_() for a in (x, h0[None], c0[None])]
    outputs, _ = layer(leaves[0], (leaves[1], leaves[2]))
    (outputs * torch.from_numpy(mixing.swapaxes(-1, -2).copy())).sum().backward()
    d_x, d_h0, d_c0 = (leaf.grad.numpy().swapaxes(-1, -2) for leaf in leaves)
    parts = layer.weight_ih_l0.grad, layer.weight_hh_l0.grad, layer.bias_ih_l0.grad[:, None]
    return {
        "outputs": outputs.detach().numpy().swapaxes(-1, -2),
        "d_gates": np.concatenate([part.numpy() for part in parts], axis=1),
        "d_x": d_x,
        "d_h0": d_h0[0],
        "d_c0": d_c0[0],
    }


def arrays(shape, seed=0):
    """Random float32 arguments of torch_lstm for (T, B, D, H)."""
    steps, batch, inputs, hidden = shape
    rng = np.random.default_rng(seed)
    sizes = {
        "x": (steps, inputs, batch),
        "h0": (hidden, batch),
        "c0": (hidden, batch),
        "gates": (4 * hidden, inputs + hidden + 1),
        "mixing": (steps, hidden, batch),
    }
    drawn = {name: rng.normal(size=size).astype(np.float32) for name, size in sizes.items()}
    drawn["gates"] /= np.sqrt(hidden).astype(np.float32)
    return drawn


if __name__ == "__main__":
    given = arrays((6, 3, 2, 4))
    np.savez(Path(__file__).parent / "torch_lstm.npz", **given, **torch_lstm(**given))
