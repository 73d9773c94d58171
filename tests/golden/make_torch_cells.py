"""Makes torch_gru.npz and torch_rnn.npz, what torch.nn.GRU and RNN compute: python tests/golden/make_torch_cells.py"""

from __future__ import annotations

from pathlib import Path

import numpy as np

GATES = {"gru": 3, "rnn": 1}


def torch_cell(cell, x, h0, weight_x, weight_h, bias_x, bias_h, mixing):
    """Outputs and gradients of torch.nn.GRU or RNN in float32 for the loss sum(outputs * mixing).

    x (T, D, B), h0 (H, B), mixing (T, H, B) in this project's layout; weight_x (G, D), weight_h (G, H), bias_x (G,)
    and bias_h (G,) as torch has them. Gives outputs (T, H, B), d_weight_x, d_weight_h, d_bias_x, d_bias_h, d_x, d_h0.
    """
    import torch

    layer = {"gru": torch.nn.GRU, "rnn": torch.nn.RNN}[cell](x.shape[1], len(h0))
    parts = layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0
    with torch.no_grad():
        for part, values in zip(parts, (weight_x, weight_h, bias_x, bias_h), strict=True):
            part.copy_(torch.from_numpy(values))
    leaves = [torch.from_numpy(a.swapaxes(-1, -2).copy()).requires_grad_() for a in (x, h0[None])]
    outputs, _ = layer(*leaves)
    (outputs * torch.from_numpy(mixing.swapaxes(-1, -2).copy())).sum().backward()
    d_x, d_h0 = (leaf.grad.numpy().swapaxes(-1, -2) for leaf in leaves)
    names = ("d_weight_x", "d_weight_h", "d_bias_x", "d_bias_h")
    return {
        "outputs": outputs.detach().numpy().swapaxes(-1, -2),
        **{name: part.grad.numpy() for name, part in zip(names, parts, strict=True)},
        "d_x": d_x,
        "d_h0": d_h0[0],
    }


def arrays(cell, shape, seed=0):
    """Random float32 arguments of torch_cell for (T, B, D, H)."""
    steps, batch, inputs, hidden = shape
    rng, rows = np.random.default_rng(seed), GATES[cell] * hidden
    sizes = {
        "x": (steps, inputs, batch),
        "h0": (hidden, batch),
        "weight_x": (rows, inputs),
        "weight_h": (rows, hidden),
        "bias_x": (rows,),
        "bias_h": (rows,),
        "mixing": (steps, hidden, batch),
    }
    drawn = {name: rng.normal(size=size).astype(np.float32) for name, size in sizes.items()}
    for name in ("weight_x", "weight_h"):
        drawn[name] /= np.sqrt(hidden).astype(np.float32)
    return drawn


if __name__ == "__main__":
    for cell in GATES:
        given = arrays(cell, (6, 3, 2, 4))
        path = Path(__file__).parent / f"torch_{cell}.npz"
        np.savez(path, **given, **torch_cell(cell, **given))
