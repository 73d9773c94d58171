"""The LSTM whose gates see the cell.

Equations (Gers and Schmidhuber 2000), as in lstm.py, with a weight p (H,) from each cell to each of its own gates;
the output gate sees the new cell:

    [zo; zi; zf; zg] = W [x; h; 1]     W (4H, D+H+1): rows o, i, f, g; the last column is the bias
    i, f = sigmoid(zi + pi c, zf + pf c)                  g = tanh(zg)
    c' = f c + i g                     o = sigmoid(zo + po c')        h' = o tanh(c')

The weights are one vector: W, row by row, then po, pi, pf. Scheduled as lstm.py is, whose buffers and backward pass
it inherits: a peephole only adds to two of the block's factors. What leaves through the output gate reaches the cell
once more, by po; what leaves through i and f reaches the cell before, by pi and pf.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

from lstmcast.nn import lstm
from lstmcast.nn.buffers import Array, aligned, small_buffer
from lstmcast.nn.recurrence import FLUSH_BELOW, Gradient, sigmoid
from lstmcast.nn.start import STARTS

_PEEPHOLES = 3


class _Forward(NamedTuple):
    """The views of one step forward."""

    xh: Array
    gates: Array
    output: Array
    input_forget: Array
    inner: Array
    candidate_cell: Array
    cell: Array
    next_cell: Array
    next_h2: Array
    drop: tuple[Array, ...]


class PeepholeWorkspace(lstm.LSTMWorkspace):
    """Every buffer of T steps and B columns, as lstm.LSTMWorkspace has them."""

    def _forward_views(self, t: int) -> _Forward:
        _, batch, _, hidden = self.sizes
        now, after = (t, t + 1) if self.keep else (0, 0)
        z = self.z[now]
        return _Forward(
            xh=self.xh[t],
            gates=z[:4].reshape(4 * hidden, batch),
            output=z[0],
            input_forget=z[1:3],
            inner=z[1:4],
            candidate_cell=z[3:5],
            cell=z[4],
            next_cell=self.z[after, 4],
            next_h2=self.outputs[t],
            drop=self.drops[t + 1],
        )

    @cached_property
    def peepholes(self) -> Array:
        """Half of o's, i's and f's peepholes (3, H, 1), as their sigmoids take half of z."""
        return aligned((_PEEPHOLES, self.sizes[3], 1), self.xh.dtype)

    @cached_property
    def d_peepholes(self) -> Array:
        """The gradient of o's, i's and f's peepholes (3, H), in the scale of the block's rows."""
        return aligned((_PEEPHOLES, self.sizes[3]), self.xh.dtype)

    @cached_property
    def _spare(self) -> Array:
        _, batch, _, hidden = self.sizes
        return aligned((self.block, 2, hidden, batch), self.xh.dtype)

    def block_factors(self, start: int, stop: int) -> None:
        """Fill lstm's factors, with the ways through the peepholes added to slots cell and forget.

        The slots are 2, 4, 8, 8, 4 and 1 times the derivatives: half of po o-slot is 2 times what goes through it;
        of i and f, which are met by 2 dLoss/dc, a quarter of p times the slot is what the doubled carry gains.
        """
        super().block_factors(start, stop)
        factors, spare = self.backward.factors[: stop - start], self._spare[: stop - start]
        np.multiply(factors[:, 1], self.peepholes[0], out=spare[:, 0])
        np.add(factors[:, 0], spare[:, 0], out=factors[:, 0])
        np.multiply(factors[:, 2:4], self.peepholes[1:], out=spare)
        np.multiply(spare, self.half, out=spare)
        np.add(factors[:, 5], spare[:, 0], out=factors[:, 5])
        np.add(factors[:, 5], spare[:, 1], out=factors[:, 5])

    def add_gradient(self, first: int, start: int, stop: int) -> None:
        """Add the gradient of W and of the peepholes of steps first to stop."""
        super().add_gradient(first, start, stop)
        factors = self.backward.factors[first - start : stop - start]
        self.d_peepholes[:1] += np.vecdot(factors[:, 1:2], self.z[first + 1 : stop + 1, 4:]).sum(axis=0)
        self.d_peepholes[1:] += np.vecdot(factors[:, 2:4], self.z[first:stop, 4:]).sum(axis=0)


def parts(weight: Array, hidden: int) -> tuple[Array, Array]:
    """W (4H, D+H+1) and the peepholes (3, H) of a vector of weights; views."""
    gates, peepholes = np.split(weight, [-_PEEPHOLES * hidden])
    return gates.reshape(4 * hidden, -1), peepholes.reshape(_PEEPHOLES, hidden)


def shape(inputs: int, hidden: int) -> tuple[int, ...]:
    """Shape of the weights, one vector: (4H (D+H+1) + 3H,)."""
    rows, columns = lstm.shape(inputs, hidden)
    return (rows * columns + _PEEPHOLES * hidden,)


def start(rng: np.random.Generator, how: str, inputs: int, hidden: int) -> Array:
    """Weights to start from; `how` names a row of start.STARTS, and peepholes are drawn as inputs are."""
    gates = lstm.start(rng, how, inputs, hidden)
    return np.concatenate([gates.ravel(), STARTS[how].inputs(rng, hidden, _PEEPHOLES).T.ravel()])


@small_buffer()
def forward(weight: Array, workspace: PeepholeWorkspace) -> tuple[Array, PeepholeWorkspace]:
    """Run over `workspace.x` (T, D, B) from `workspace.h0` and `c0`; gives what lstm.forward gives."""
    gates, peepholes = parts(weight, workspace.sizes[3])
    workspace.load(gates)
    np.multiply(peepholes[..., None], 0.5, out=workspace.peepholes)
    p_output, p_input_forget = workspace.peepholes[0], workspace.peepholes[1:]
    one, half, w = workspace.one, workspace.half, workspace.weight
    products, tanh_cell = workspace.products, workspace.tanh_cell
    taken_in, kept = products
    matmul, tanh, multiply, add = np.matmul, np.tanh, np.multiply, np.add
    for v in workspace.forward_views:
        xh, z, output, input_forget, inner, candidate_cell, cell, next_cell, next_h2, drop = v
        matmul(w, xh, z)
        multiply(p_input_forget, cell, products)
        add(input_forget, products, input_forget)
        tanh(inner, inner)
        add(input_forget, one, input_forget)
        multiply(input_forget, candidate_cell, products)
        add(taken_in, kept, next_cell)
        multiply(next_cell, half, next_cell)
        multiply(p_output, next_cell, tanh_cell)
        add(output, tanh_cell, output)
        tanh(output, output)
        add(output, one, output)
        tanh(next_cell, tanh_cell)
        multiply(output, tanh_cell, next_h2)
        if drop:
            multiply(*drop)
    return workspace.outputs, workspace


def backward(
    weight: Array, cache: PeepholeWorkspace, d_h: Array, d_weight: Array, *, flush_below: float = FLUSH_BELOW
) -> Gradient:
    """Back through time, as lstm.backward, with the gradient of W and the peepholes in d_weight."""
    (gates, _), (d_gates, d_peepholes) = (parts(array, cache.sizes[3]) for array in (weight, d_weight))
    cache.d_peepholes.fill(0)
    gradient = lstm.backward(gates, cache, d_h, d_gates, flush_below=flush_below)
    for row, d, factor in zip(d_peepholes, cache.d_peepholes, cache.factors, strict=False):
        np.multiply(d, 1 / factor, out=row)
    return gradient


def step(weight: Array, x: Array, h: Array, c: Array) -> tuple[Array, Array]:
    """One step of the equations above: x (D, B), h and c (H, B) -> the next h and c, new arrays."""
    gates, peepholes = parts(weight, len(h))
    p_output, p_input, p_forget = peepholes[..., None]
    zo, zi, zf, zg = np.split(gates @ np.concatenate([x, h, np.ones_like(x[:1])]), 4)
    cell = sigmoid(zf + p_forget * c) * c + sigmoid(zi + p_input * c) * np.tanh(zg)
    return sigmoid(zo + p_output * cell) * np.tanh(cell), cell
