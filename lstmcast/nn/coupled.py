"""The LSTM whose input gate is what the forget gate leaves.

Equations (CIFG of Greff, Srivastava, Koutník, Steunebrink and Schmidhuber 2017), as in lstm.py but for i = 1 - f:

    [zo; zf; zg] = W [x; h; 1]         W (3H, D+H+1): rows o, f, g; the last column is the bias
    o, f = sigmoid(zo, zf)             g = tanh(zg)
    c' = f c + (1 - f) g               h' = o tanh(c')

Scheduled as lstm.py is, whose buffers and backward pass it inherits: Z holds o2, f2, g, c-before, and the new cell
is g + f2 (c - g) / 2. The block's rows o, f, g come out as 4, 8, 4 times dLoss/dz.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numpy as np

from lstmcast.nn import lstm
from lstmcast.nn.buffers import Array, small_buffer
from lstmcast.nn.recurrence import sigmoid
from lstmcast.nn.start import recurrent_start

_GATES, _FORGET = 3, 1

backward = lstm.backward


class _Forward(NamedTuple):
    """The views of one step forward."""

    xh: Array
    gates: Array
    sigmoids: Array
    output: Array
    forget: Array
    candidate: Array
    cell: Array
    next_cell: Array
    next_h2: Array
    drop: tuple[Array, ...]


class CoupledWorkspace(lstm.LSTMWorkspace):
    """Every buffer of T steps and B columns, as lstm.LSTMWorkspace has them."""

    halved: ClassVar[tuple[float, ...]] = (1 / 2, 1 / 2, 1)
    factors: ClassVar[tuple[float, ...]] = (4, 8, 4)

    def _forward_views(self, t: int) -> _Forward:
        _, batch, _, hidden = self.sizes
        now, after = (t, t + 1) if self.keep else (0, 0)
        z = self.z[now]
        return _Forward(
            xh=self.xh[t],
            gates=z[:3].reshape(3 * hidden, batch),
            sigmoids=z[:2],
            output=z[0],
            forget=z[1],
            candidate=z[2],
            cell=z[3],
            next_cell=self.z[after, 3],
            next_h2=self.outputs[t],
            drop=self.drops[t + 1],
        )

    def block_factors(self, start: int, stop: int) -> None:
        """Fill the factors that do not depend on the arriving gradient.

        The slots are cell, o, f, g, forget (to the next carry).
        """
        factors = self.backward.factors[: stop - start]
        z, h2 = self.z[start:stop], self.outputs[start:stop, None]
        cell, forget, candidate, spare = factors[:, 0], factors[:, 2], factors[:, 3], factors[:, 4]
        np.tanh(self.z[start + 1 : stop + 1, 3], out=cell)
        np.subtract(self.two, z[:, :2], out=factors[:, 1:3])  # of f: 2i
        np.multiply(factors[:, :2], h2, out=factors[:, :2])
        np.subtract(z[:, 0], cell, out=cell)
        np.multiply(z[:, 2], z[:, 2], out=candidate)
        np.subtract(self.one, candidate, out=candidate)
        np.multiply(candidate, forget, out=candidate)
        np.subtract(z[:, 3], z[:, 2], out=spare)
        np.multiply(spare, z[:, 1], out=spare)
        np.multiply(forget, spare, out=forget)
        np.multiply(z[:, 1], self.half, out=spare)


def shape(inputs: int, hidden: int) -> tuple[int, ...]:
    """Shape of the weights: (3H, D+H+1), the last column being the bias."""
    return _GATES * hidden, inputs + hidden + 1


def start(rng: np.random.Generator, how: str, inputs: int, hidden: int) -> Array:
    """Weights to start from; `how` names a row of start.STARTS."""
    return recurrent_start(rng, how, inputs, hidden, gates=_GATES, open_gate=_FORGET)


@small_buffer()
def forward(weight: Array, workspace: CoupledWorkspace) -> tuple[Array, CoupledWorkspace]:
    """Run over `workspace.x` (T, D, B) from `workspace.h0` and `c0`; gives what lstm.forward gives."""
    workspace.load(weight)
    one, half, w = workspace.one, workspace.half, workspace.weight
    change, tanh_cell = workspace.products[0], workspace.tanh_cell
    matmul, tanh, multiply, add, subtract = np.matmul, np.tanh, np.multiply, np.add, np.subtract
    for v in workspace.forward_views:
        xh, gates, sigmoids, output, forget, candidate, cell, next_cell, next_h2, drop = v
        matmul(w, xh, gates)
        tanh(gates, gates)
        add(sigmoids, one, sigmoids)
        subtract(cell, candidate, change)
        multiply(change, forget, change)
        multiply(change, half, change)
        add(candidate, change, next_cell)
        tanh(next_cell, tanh_cell)
        multiply(output, tanh_cell, next_h2)
        if drop:
            multiply(*drop)
    return workspace.outputs, workspace


def step(weight: Array, x: Array, h: Array, c: Array) -> tuple[Array, Array]:
    """One step of the equations above: x (D, B), h and c (H, B) -> the next h and c, new arrays."""
    column = np.concatenate([x, h, np.ones_like(x[:1])])
    zo, zf, zg = np.split(weight @ column, 3)
    forget = sigmoid(zf)
    cell = forget * c + (1 - forget) * np.tanh(zg)
    return sigmoid(zo) * np.tanh(cell), cell
