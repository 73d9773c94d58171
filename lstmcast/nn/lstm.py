"""The LSTM: forward, backward and one step at a time.

Equations (Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000), for columns x (D,), h (H,), c (H,):

    [zo; zi; zf; zg] = W [x; h; 1]     W (4H, D+H+1): rows o, i, f, g; the last column is the bias
    o, i, f = sigmoid(zo, zi, zf)      g = tanh(zg)
    c' = f c + i g                     h' = o tanh(c')

The loops below compute exactly this, scheduled for NumPy, whose price is the number of calls and of passes:

*Layout.* Arrays are (T, features, B): a gate is a contiguous block, and a step is the column-vector equation for B
columns at once. x, h and 1 stand below each other in one array `xh`, so a step is one matrix product; h is written
where the next step reads it, and `xh` has T + 1 rows, so no `if t > 0` is needed.

*Scaled gates.* sigmoid(z) = (1 + tanh(z / 2)) / 2. Doubled gates i2 = 2i, o2 = 2o, f2 = 2f need only tanh and + 1,
for all four gates in one call; the halves go into W once a pass. h is kept doubled too, h2 = o2 tanh(c); who reads
it takes half.

*Merged slots.* Z holds o2, i2, f2, g, c-before for each step, in an order in which every operation takes one slice:
(i2, f2) times (g, c-before) is one call. tanh(c) is not kept: computing it again is cheaper than its way to memory.

*Prebuilt views.* A view costs as much as a small operation. All of them are made once, with the workspace.

*Blocks in the backward pass.* Most of a step's derivative does not depend on the gradient that arrives. Those
factors are computed for a block of steps, in eight calls, small enough to stay in the cache; five calls a step
remain. With d = dLoss/dh and the carry dLoss/dc kept doubled, the block's rows o, i, f, g come out as 4, 8, 8, 4
times dLoss/dz: (2 - o2) o2 tanh(c) = 4 (1 - o) o tanh(c), and so on. `factors` takes that back, in W for the
gradient that goes on and once at the end for the gradient of W.

*Denormals.* In a long window whose loss is at the end, the gradient decays into denormal numbers, on which a
processor is many times slower. Every few steps what is below 1e-20 becomes zero; once all of it is zero nothing can
arrive any more, so the pass ends there and the rest is exactly zero.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from lstmcast.nn.buffers import Array, aligned, small_buffer
from lstmcast.nn.recurrence import FLUSH_BELOW, FLUSH_EVERY, Gradient, RecurrentWorkspace, flush, sigmoid
from lstmcast.nn.start import recurrent_start

_GATES, _FORGET = 4, 2


class _Forward(NamedTuple):
    """The views of one step forward."""

    xh: Array
    gates: Array
    sigmoids: Array
    input_forget: Array
    candidate_cell: Array
    output: Array
    next_cell: Array
    next_h2: Array
    drop: tuple[Array, ...]


class _Factors(NamedTuple):
    """The views of one step of a block backward."""

    output_cell: Array
    cell: Array
    rest: Array
    d_gates: Array
    carry: Array


class LSTMWorkspace(RecurrentWorkspace):
    """Every buffer of T steps and B columns.

    Cells whose cell state is carried in the same way (peephole.py, coupled.py) inherit all of it but the forward
    views, the rows' scales (`halved` in the forward pass, `factors` in the backward one) and the block's factors.
    """

    unit: ClassVar[float] = 0.5
    halved: ClassVar[tuple[float, ...]] = (1 / 2, 1 / 2, 1 / 2, 1)
    factors: ClassVar[tuple[float, ...]] = (4, 8, 8, 4)

    def __init__(
        self, steps: int, batch: int, inputs: int, hidden: int, dtype: DTypeLike, **choices: Any
    ) -> None:
        super().__init__(steps, batch, inputs, hidden, dtype, **choices)
        gates = len(self.factors)
        self.z = aligned((steps + 1 if self.keep else 1, gates + 1, hidden, batch), dtype)
        self.weight = aligned((gates * hidden, inputs + hidden + 1), dtype)
        self.weight_scale = np.repeat(self.halved, hidden)[:, None] * np.ones(inputs + hidden + 1)
        self.weight_scale[:, inputs:-1] /= 2
        self.weight_scale = self.weight_scale.astype(dtype)
        self.products = aligned((2, hidden, batch), dtype)
        self.tanh_cell = aligned((hidden, batch), dtype)
        self.c0 = aligned((hidden, batch), dtype)
        self.state = self.h0, self.c0
        self.forward_views = [self._forward_views(t) for t in range(steps)]

    def _forward_views(self, t: int) -> tuple[Any, ...]:
        _, batch, _, hidden = self.sizes
        now, after = (t, t + 1) if self.keep else (0, 0)
        z = self.z[now]
        return _Forward(
            xh=self.xh[t],
            gates=z[:4].reshape(4 * hidden, batch),
            sigmoids=z[:3],
            input_forget=z[1:3],
            candidate_cell=z[3:5],
            output=z[0],
            next_cell=self.z[after, 4],
            next_h2=self.outputs[t],
            drop=self.drops[t + 1],
        )

    def load(self, weight: Array) -> None:
        """Take in the weights, in their scale, and the state before the first step."""
        np.multiply(weight, self.weight_scale, out=self.weight)
        self.enter()
        self.z[0, -1] = self.c0

    def block_factors(self, start: int, stop: int) -> None:
        """Fill the factors that do not depend on the arriving gradient.

        The slots are cell, o, i, f, g, forget (to the next carry).
        """
        factors = self.backward.factors[: stop - start]
        z, h2 = self.z[start:stop], self.outputs[start:stop, None]
        np.tanh(self.z[start + 1 : stop + 1, 4], out=factors[:, 0])
        np.subtract(self.two, z[:, :3], out=factors[:, 1:4])
        np.multiply(factors[:, :2], h2, out=factors[:, :2])
        np.multiply(z[:, 1:3], z[:, 3:5], out=factors[:, 4:])
        np.multiply(factors[:, 2:4], factors[:, 4:], out=factors[:, 2:4])
        np.multiply(factors[:, 4], z[:, 3], out=factors[:, 4])
        np.subtract(z[:, :2], factors[:, ::4], out=factors[:, ::4])
        np.multiply(z[:, 2], self.half, out=factors[:, 5])

    def add_gradient(self, first: int, start: int, stop: int) -> None:
        """Add the gradient of the weights of steps first to stop, in a block that begins at start."""
        space = self.backward
        d_gates, xh = space.d_gates[first - start : stop - start], space.xh_transposed[first:stop]
        for d, x in zip(d_gates, xh, strict=True):
            np.matmul(d, x, out=space.outer)
            np.add(space.d_weight, space.outer, out=space.d_weight)

    @cached_property
    def backward(self) -> _Backward:
        """The buffers of the backward pass, made when first needed."""
        return _Backward(self)


class _Backward:
    """The buffers of the backward pass."""

    def __init__(self, forward: LSTMWorkspace) -> None:
        steps, batch, inputs, hidden = forward.sizes
        dtype, block, skipped = forward.xh.dtype, forward.block, forward.skipped
        gates = len(forward.factors)
        scale = 1 / np.repeat(forward.factors, hidden)[:, None] * np.ones(inputs + hidden + 1)
        self.weight = aligned((inputs - skipped + hidden, gates * hidden), dtype)
        self.weight_scale = scale[:, skipped:-1].astype(dtype).T.copy()
        scale[:, inputs:-1] /= 2  # the columns of h meet 2h
        self.gradient_scale = scale.astype(dtype)
        self.d_weight = aligned(scale.shape, dtype)
        self.d_x = aligned((steps, inputs - skipped, batch), dtype)
        self.d_xh = aligned((inputs - skipped + hidden, batch), dtype)
        self.d_x_now, self.d_h = self.d_xh[: inputs - skipped], self.d_xh[inputs - skipped :]
        self.factors = aligned((block, gates + 2, hidden, batch), dtype)
        self.carry = aligned((hidden, batch), dtype)
        self.d_cell = aligned((hidden, batch), dtype)
        self.outer = aligned(forward.weight.shape, dtype)
        self.small, self.large = aligned((hidden, batch), dtype), np.zeros((hidden, batch), dtype=bool)
        self.d_gates = self.factors[:, 1:-1].reshape(block, gates * hidden, batch)
        self.views = [
            _Factors(g[:2], g[0], g[2:], d, g[-1]) for g, d in zip(self.factors, self.d_gates, strict=True)
        ]
        self.d_x_views = list(self.d_x) if self.d_x.size else []
        self.xh_transposed = forward.xh.transpose(0, 2, 1)


def shape(inputs: int, hidden: int) -> tuple[int, int]:
    """Shape of the weights: (4H, D+H+1), the last column being the bias."""
    return _GATES * hidden, inputs + hidden + 1


def start(rng: np.random.Generator, how: str, inputs: int, hidden: int) -> Array:
    """Weights to start from; `how` names a row of start.STARTS."""
    return recurrent_start(rng, how, inputs, hidden, gates=_GATES, open_gate=_FORGET)


@small_buffer()
def forward(weight: Array, workspace: LSTMWorkspace) -> tuple[Array, LSTMWorkspace]:
    """Run over `workspace.x` (T, D, B) from `workspace.h0` and `c0`.

    Returns 2h, the doubled outputs (T, H, B), and the cache that `backward` takes; both are borrowed from the
    workspace until its next forward.
    """
    workspace.load(weight)
    one, half = workspace.one, workspace.half
    w, products, tanh_cell = workspace.weight, workspace.products, workspace.tanh_cell
    taken_in, kept = products
    matmul, tanh, multiply, add = np.matmul, np.tanh, np.multiply, np.add
    for v in workspace.forward_views:
        xh, gates, sigmoids, input_forget, candidate_cell, output, next_cell, next_h2, drop = v
        matmul(w, xh, gates)
        tanh(gates, gates)
        add(sigmoids, one, sigmoids)
        multiply(input_forget, candidate_cell, products)
        add(taken_in, kept, next_cell)
        multiply(next_cell, half, next_cell)
        tanh(next_cell, tanh_cell)
        multiply(output, tanh_cell, next_h2)
        if drop:
            multiply(*drop)
    return workspace.outputs, workspace


@small_buffer()
def backward(
    weight: Array, cache: LSTMWorkspace, d_h: Array, d_weight: Array, *, flush_below: float = FLUSH_BELOW
) -> Gradient:
    """Back through time, from the loss's derivative at the last n outputs.

    d_h (n, H, B): dLoss/dh of the last n <= T steps (of h, not of 2h), 1 <= n. The gradient of the weights is written
    into d_weight (4H, D+H+1). flush_below=0 leaves tiny gradients alone.
    """
    if not cache.keep:
        raise ValueError("this workspace keeps no gates; make it with keep=True to go backward")
    steps, _, _, _ = cache.sizes
    space = cache.backward
    np.multiply(weight[:, cache.skipped : -1].T, space.weight_scale, out=space.weight)
    space.carry.fill(0)
    space.d_weight.fill(0)
    space.d_h.fill(0)
    entering = list(d_h)
    first = 0
    for stop in range(steps, 0, -cache.block):
        start = max(0, stop - cache.block)
        cache.block_factors(start, stop)
        first, is_alive = _through_block(cache, start, stop, entering, flush_below)
        cache.add_gradient(first, start, stop)
        if not is_alive:
            break
    return _finish(cache, first, d_weight)


def _through_block(
    cache: LSTMWorkspace, start: int, stop: int, entering: list[Array], flush_below: float
) -> tuple[int, bool]:
    """Carry the gradient from the block's last step to its first; returns the step it came to, and if it lives."""
    space, steps = cache.backward, cache.sizes[0]
    views, d_x_views, d_x, d_h = space.views, space.d_x_views, space.d_x_now, space.d_h
    w, d_xh, carry, d_cell = space.weight, space.d_xh, space.carry, space.d_cell
    matmul, multiply, add, copy = np.matmul, np.multiply, np.add, np.copyto
    silent, mask = steps - len(entering), cache.mask
    for t in range(stop - 1, start - 1, -1):
        output_cell, cell, rest, d_gates, next_carry = views[t - start]
        if t >= silent:
            add(d_h, entering[t - silent], d_h)
        multiply(output_cell, d_h, output_cell)
        add(cell, carry, d_cell)
        multiply(rest, d_cell, rest)
        matmul(w, d_gates, d_xh)
        if mask is not None:
            multiply(d_h, mask, d_h)
        if d_x_views:
            copy(d_x_views[t], d_x)
        carry = next_carry
        if t > silent or t % FLUSH_EVERY:
            continue
        if flush((carry, d_h), space.small, space.large, flush_below):
            copy(space.carry, carry)
            return t, False
    copy(space.carry, carry)
    return start, True


def _finish(cache: LSTMWorkspace, first: int, d_weight: Array) -> Gradient:
    """Take the factors out of the gradient, and zero what was not reached."""
    space = cache.backward
    space.d_x[:first].fill(0)
    np.multiply(space.d_weight, space.gradient_scale, out=d_weight)
    np.multiply(space.carry, cache.half, out=space.d_cell)
    return Gradient(space.d_x, (space.d_h, space.d_cell), first)


def step(weight: Array, x: Array, h: Array, c: Array) -> tuple[Array, Array]:
    """One step of the equations above: x (D, B), h and c (H, B) -> the next h and c, new arrays."""
    column = np.concatenate([x, h, np.ones_like(x[:1])])
    zo, zi, zf, zg = np.split(weight @ column, 4)
    o, i, f = map(sigmoid, (zo, zi, zf))
    cell = f * c + i * np.tanh(zg)
    return o * np.tanh(cell), cell
