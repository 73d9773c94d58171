"""The plain recurrent layer: forward, backward and one step at a time.

Equation (Elman 1990, with tanh), for columns x (D,), h (H,):

    h' = tanh(W [x; h; 1])             W (H, D+H+1); the last column is the bias

Scheduled as lstm.py is: x, h and 1 stand below each other in one array, views are made once, and in the backward
pass the factors 1 - h'² are computed for a block of steps, so that two calls a step remain.
"""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

import numpy as np

from lstmcast.nn import dense
from lstmcast.nn.buffers import Array, aligned, small_buffer
from lstmcast.nn.recurrence import FLUSH_BELOW, FLUSH_EVERY, Gradient, RecurrentWorkspace, flush
from lstmcast.nn.start import recurrent_start


class RNNWorkspace(RecurrentWorkspace):
    """Every buffer of T steps and B columns."""

    block_units: ClassVar[int] = 131072

    @cached_property
    def forward_views(self) -> list[tuple[Array, Array, tuple[Array, ...]]]:
        """x, h and 1 before each step, h after it, and the operands of its dropout."""
        return list(zip(self.xh, self.outputs, self.drops[1:], strict=False))

    @cached_property
    def backward(self) -> _Backward:
        """The buffers of the backward pass, made when first needed."""
        return _Backward(self)


class _Backward:
    """The buffers of the backward pass."""

    def __init__(self, forward: RNNWorkspace) -> None:
        steps, batch, inputs, hidden = forward.sizes
        dtype = forward.xh.dtype
        self.weight = aligned((hidden, hidden), dtype)
        self.input_weight = aligned((inputs - forward.skipped, hidden), dtype)
        self.d_x = aligned((steps, inputs - forward.skipped, batch), dtype)
        self.factors = aligned((forward.block, hidden, batch), dtype)
        self.views = list(self.factors)
        self.d_h = aligned((hidden, batch), dtype)
        self.outer, self.block_sum = (aligned(shape(inputs, hidden), dtype) for _ in range(2))
        self.small, self.large = aligned((hidden, batch), dtype), np.zeros((hidden, batch), dtype=bool)


def shape(inputs: int, hidden: int) -> tuple[int, ...]:
    """Shape of the weights: (H, D+H+1), the last column being the bias."""
    return hidden, inputs + hidden + 1


def start(rng: np.random.Generator, how: str, inputs: int, hidden: int) -> Array:
    """Weights to start from; `how` names a row of start.STARTS."""
    return recurrent_start(rng, how, inputs, hidden, gates=1, open_gate=None)


@small_buffer()
def forward(weight: Array, workspace: RNNWorkspace) -> tuple[Array, RNNWorkspace]:
    """Run over `workspace.x` (T, D, B) from `workspace.h0`.

    Returns h (T, H, B) and the cache that `backward` takes; both are borrowed from the workspace until its next
    forward.
    """
    workspace.enter()
    matmul, tanh, multiply = np.matmul, np.tanh, np.multiply
    for xh, next_h, drop in workspace.forward_views:
        matmul(weight, xh, next_h)
        tanh(next_h, next_h)
        if drop:
            multiply(*drop)
    return workspace.outputs, workspace


@small_buffer()
def backward(
    weight: Array, cache: RNNWorkspace, d_h: Array, d_weight: Array, *, flush_below: float = FLUSH_BELOW
) -> Gradient:
    """Back through time, from the loss's derivative at the last n outputs.

    d_h (n, H, B): dLoss/dh of the last n <= T steps, 1 <= n. The gradient of the weights is written into d_weight
    (H, D+H+1). flush_below=0 leaves tiny gradients alone.
    """
    if not cache.keep:
        raise ValueError("this workspace is for inference; make it with keep=True to go backward")
    steps, _, inputs, _ = cache.sizes
    space = cache.backward
    np.copyto(space.weight, weight[:, inputs:-1].T)
    np.copyto(space.input_weight, weight[:, cache.skipped : inputs].T)
    d_weight.fill(0)
    space.d_h.fill(0)
    entering = list(d_h)
    first = 0
    for stop in range(steps, 0, -cache.block):
        start = max(0, stop - cache.block)
        _block_factors(cache, start, stop)
        first, is_alive = _through_block(cache, start, stop, entering, flush_below)
        _add_gradient(cache, first, start, stop, d_weight)
        if not is_alive:
            break
    space.d_x[:first].fill(0)
    return Gradient(space.d_x, (space.d_h,), first)


def _block_factors(cache: RNNWorkspace, start: int, stop: int) -> None:
    """The derivative of tanh, by its output."""
    factors, h = cache.backward.factors[: stop - start], cache.outputs[start:stop]
    np.multiply(h, h, out=factors)
    np.subtract(1, factors, out=factors)


def _through_block(
    cache: RNNWorkspace, start: int, stop: int, entering: list[Array], flush_below: float
) -> tuple[int, bool]:
    """Carry the gradient from the block's last step to its first; returns the step it came to, and if it lives."""
    space, silent = cache.backward, cache.sizes[0] - len(entering)
    views, w, d_h, mask = space.views, space.weight, space.d_h, cache.mask
    matmul, multiply, add = np.matmul, np.multiply, np.add
    for t in range(stop - 1, start - 1, -1):
        d_z = views[t - start]
        if t >= silent:
            add(d_h, entering[t - silent], d_h)
        multiply(d_z, d_h, d_z)
        matmul(w, d_z, d_h)
        if mask is not None:
            multiply(d_h, mask, d_h)
        if t > silent or t % FLUSH_EVERY:
            continue
        if flush((d_h,), space.small, space.large, flush_below):
            return t, False
    return start, True


def _add_gradient(cache: RNNWorkspace, first: int, start: int, stop: int, d_weight: Array) -> None:
    """Write the derivative at the inputs of steps first to stop, and add the gradient of the weights."""
    space = cache.backward
    d_z = space.factors[first - start : stop - start]
    if space.d_x.size:
        np.matmul(space.input_weight, d_z, out=space.d_x[first:stop])
    dense.outer_sum(d_z, cache.xh[first:stop], space.block_sum, space.outer)
    np.add(d_weight, space.block_sum, out=d_weight)


def step(weight: Array, x: Array, h: Array) -> tuple[Array]:
    """One step of the equation above: x (D, B), h (H, B) -> the next h, a new array."""
    return (np.tanh(weight @ np.concatenate([x, h, np.ones_like(x[:1])])),)
