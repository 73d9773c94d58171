"""The gated recurrent unit: forward, backward and one step at a time.

Equations (Cho et al. 2014, with the reset gate applied *after* the recurrent product, as torch and cuDNN have it;
in the paper r stands inside the product), for columns x (D,), h (H,):

    r, z = sigmoid(Wr [x; 1; 1; h], Wz [x; 1; 1; h])     W (3H, D+2+H): rows r, z, n
    n = tanh(Wn [x; 1] + r (Un [1; h]))                  [Wn, Un] its last H rows: Wn (H, D+1), Un (H, 1+H)
    h' = n + z (h - n)

There are two biases, as torch and cuDNN have them: one beside x and one beside h. Of r and z only their sum counts.

Scheduled as lstm.py is: one column in one array, gates doubled so that a sigmoid is a tanh and + 1, views made once,
and the factors of the backward pass computed for a block of steps. The derivative is linear in the gradient dLoss/dh'
that arrives: one call multiplies it into five slots, Un's, r's, z's, n's and what stays in h; the first three go back
to h and all but the first to x, each a slice. They come out as 4, 4, 4, 2 times the derivatives.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from lstmcast.nn.buffers import Array, aligned, small_buffer
from lstmcast.nn.recurrence import FLUSH_BELOW, FLUSH_EVERY, Gradient, RecurrentWorkspace, flush, sigmoid
from lstmcast.nn.start import recurrent_start

_GATES, _UPDATE = 3, 1
_FROM_H, _FROM_X = (4, 4, 4), (4, 4, 2)  # of slots Un, r, z and r, z, n


class _Forward(NamedTuple):
    """The views of one step forward."""

    xh: Array
    x1: Array
    h1: Array
    h: Array
    sigmoids: Array
    gates: Array
    reset: Array
    update: Array
    recalled: Array
    candidate: Array
    next_h: Array
    drop: tuple[Array, ...]


class GRUWorkspace(RecurrentWorkspace):
    """Every buffer of T steps and B columns."""

    ones: ClassVar[tuple[int, int]] = (2, 0)

    def __init__(
        self, steps: int, batch: int, inputs: int, hidden: int, dtype: DTypeLike, **choices: Any
    ) -> None:
        super().__init__(steps, batch, inputs, hidden, dtype, **choices)
        self.z = aligned((steps if self.keep else 1, 4, hidden, batch), dtype)
        self.gate_weight = aligned((2 * hidden, inputs + 2 + hidden), dtype)
        self.candidate_weight = aligned((hidden, inputs + 1), dtype)
        self.recall_weight = aligned((hidden, 1 + hidden), dtype)
        self.change = aligned((hidden, batch), dtype)
        self.forward_views = [self._forward_views(t) for t in range(steps)]

    def _forward_views(self, t: int) -> _Forward:
        _, batch, inputs, hidden = self.sizes
        z = self.z[t if self.keep else 0]
        return _Forward(
            xh=self.xh[t],
            x1=self.xh[t, : inputs + 1],
            h1=self.xh[t, inputs + 1 :],
            h=self.states[t],
            sigmoids=z[:2],
            gates=z[:2].reshape(2 * hidden, batch),
            reset=z[0],
            update=z[1],
            recalled=z[2],
            candidate=z[3],
            next_h=self.outputs[t],
            drop=self.drops[t + 1],
        )

    @cached_property
    def backward(self) -> _Backward:
        """The buffers of the backward pass, made when first needed."""
        return _Backward(self)


class _Backward:
    """The buffers of the backward pass."""

    def __init__(self, forward: GRUWorkspace) -> None:
        steps, batch, inputs, hidden = forward.sizes
        dtype, block = forward.xh.dtype, forward.block
        self.from_h, self.from_x = (
            np.repeat([1 / factor for factor in factors], hidden).astype(dtype)
            for factors in (_FROM_H, _FROM_X)
        )
        self.weight_h = aligned((hidden, 3 * hidden), dtype)
        self.weight_x = aligned((inputs - forward.skipped, 3 * hidden), dtype)
        self.d_weight_h, self.outer_h = (aligned((3 * hidden, 1 + hidden), dtype) for _ in range(2))
        self.d_weight_x, self.outer_x = (aligned((3 * hidden, inputs + 1), dtype) for _ in range(2))
        self.d_x = aligned((steps, inputs - forward.skipped, batch), dtype)
        self.factors = aligned((block, 5, hidden, batch), dtype)
        self.d_from_h = self.factors[:, :3].reshape(block, 3 * hidden, batch)
        self.d_from_x = self.factors[:, 1:4].reshape(block, 3 * hidden, batch)
        self.views = list(zip(self.factors, self.d_from_h, self.factors[:, 4], strict=True))
        self.d_h = aligned((hidden, batch), dtype)
        self.small, self.large = aligned((hidden, batch), dtype), np.zeros((hidden, batch), dtype=bool)
        transposed = forward.xh.transpose(0, 2, 1)
        self.x1_transposed, self.h1_transposed = np.split(transposed, [inputs + 1], axis=2)


def shape(inputs: int, hidden: int) -> tuple[int, ...]:
    """Shape of the weights: (3H, D+2+H), the columns after x's being the two biases."""
    return _GATES * hidden, inputs + 2 + hidden


def start(rng: np.random.Generator, how: str, inputs: int, hidden: int) -> Array:
    """Weights to start from; `how` names a row of start.STARTS. The bias beside x is the one that is set."""
    drawn = recurrent_start(rng, how, inputs, hidden, gates=_GATES, open_gate=_UPDATE)
    x, h, bias = np.split(drawn, [inputs, inputs + hidden], axis=1)
    return np.concatenate([x, bias, np.zeros_like(bias), h], axis=1)


@small_buffer()
def forward(weight: Array, workspace: GRUWorkspace) -> tuple[Array, GRUWorkspace]:
    """Run over `workspace.x` (T, D, B) from `workspace.h0`.

    Returns h (T, H, B) and the cache that `backward` takes; both are borrowed from the workspace until its next
    forward.
    """
    _load(weight, workspace)
    one, half, change = workspace.one, workspace.half, workspace.change
    w, wn, un = workspace.gate_weight, workspace.candidate_weight, workspace.recall_weight
    matmul, tanh, multiply, add, subtract = np.matmul, np.tanh, np.multiply, np.add, np.subtract
    for v in workspace.forward_views:
        xh, x1, h1, h, sigmoids, gates, reset, update, recalled, candidate, next_h, drop = v
        matmul(w, xh, gates)
        tanh(gates, gates)
        add(sigmoids, one, sigmoids)
        matmul(un, h1, recalled)
        matmul(wn, x1, candidate)
        multiply(reset, recalled, change)
        add(candidate, change, candidate)
        tanh(candidate, candidate)
        subtract(h, candidate, change)
        multiply(change, update, change)
        multiply(change, half, change)
        add(candidate, change, next_h)
        if drop:
            multiply(*drop)
    return workspace.outputs, workspace


def _load(weight: Array, workspace: GRUWorkspace) -> None:
    """Take in the weights, those of r, z and Un halved, and the state before the first step."""
    _, _, inputs, hidden = workspace.sizes
    np.multiply(weight[: 2 * hidden], 0.5, out=workspace.gate_weight)
    np.copyto(workspace.candidate_weight, weight[2 * hidden :, : inputs + 1])
    np.multiply(weight[2 * hidden :, inputs + 1 :], 0.5, out=workspace.recall_weight)
    workspace.enter()


@small_buffer()
def backward(
    weight: Array, cache: GRUWorkspace, d_h: Array, d_weight: Array, *, flush_below: float = FLUSH_BELOW
) -> Gradient:
    """Back through time, from the loss's derivative at the last n outputs.

    d_h (n, H, B): dLoss/dh of the last n <= T steps, 1 <= n. The gradient of the weights is written into d_weight
    (3H, D+2+H). flush_below=0 leaves tiny gradients alone.
    """
    if not cache.keep:
        raise ValueError("this workspace keeps no gates; make it with keep=True to go backward")
    space = cache.backward
    _load_backward(weight, cache)
    for array in (space.d_weight_h, space.d_weight_x, space.d_h):
        array.fill(0)
    entering = list(d_h)
    first = 0
    for stop in range(cache.sizes[0], 0, -cache.block):
        start = max(0, stop - cache.block)
        _block_factors(cache, start, stop)
        first, is_alive = _through_block(cache, start, stop, entering, flush_below)
        _add_gradient(cache, first, start, stop)
        if not is_alive:
            break
    return _finish(cache, first, d_weight)


def _load_backward(weight: Array, cache: GRUWorkspace) -> None:
    """Take in the weights from h's three slots to h and from x's three to x, in the scale of the slots."""
    _, _, inputs, hidden = cache.sizes
    space, recurrent = cache.backward, weight[:, inputs + 2 :].T
    np.copyto(space.weight_h[:, :hidden], recurrent[:, 2 * hidden :])
    np.copyto(space.weight_h[:, hidden:], recurrent[:, : 2 * hidden])
    np.multiply(space.weight_h, space.from_h, out=space.weight_h)
    np.multiply(weight[:, cache.skipped : inputs].T, space.from_x, out=space.weight_x)


def _block_factors(cache: GRUWorkspace, start: int, stop: int) -> None:
    """Fill the factors that do not depend on the arriving gradient, in slots Un, r, z, n, h."""
    factors, z = cache.backward.factors[: stop - start], cache.z[start:stop]
    recall, reset, update, candidate, kept = (factors[:, slot] for slot in range(5))
    np.subtract(cache.two, z[:, :2], out=factors[:, 1:3])
    np.multiply(z[:, 3], z[:, 3], out=candidate)
    np.subtract(cache.one, candidate, out=candidate)
    np.multiply(candidate, update, out=candidate)
    np.multiply(factors[:, 1:3], z[:, :2], out=factors[:, 1:3])
    np.subtract(cache.states[start:stop], z[:, 3], out=kept)
    np.multiply(update, kept, out=update)
    np.multiply(candidate, z[:, 0], out=recall)
    np.multiply(reset, candidate, out=reset)
    np.multiply(reset, z[:, 2], out=reset)
    np.multiply(z[:, 1], cache.half, out=kept)


def _through_block(
    cache: GRUWorkspace, start: int, stop: int, entering: list[Array], flush_below: float
) -> tuple[int, bool]:
    """Carry the gradient from the block's last step to its first; returns the step it came to, and if it lives."""
    space, silent = cache.backward, cache.sizes[0] - len(entering)
    views, w, d_h, mask = space.views, space.weight_h, space.d_h, cache.mask
    matmul, multiply, add = np.matmul, np.multiply, np.add
    for t in range(stop - 1, start - 1, -1):
        factors, d_gates, kept = views[t - start]
        if t >= silent:
            add(d_h, entering[t - silent], d_h)
        multiply(factors, d_h, factors)
        matmul(w, d_gates, d_h)
        if mask is not None:
            multiply(d_h, mask, d_h)
        add(d_h, kept, d_h)
        if t > silent or t % FLUSH_EVERY:
            continue
        if flush((d_h,), space.small, space.large, flush_below):
            return t, False
    return start, True


def _add_gradient(cache: GRUWorkspace, first: int, start: int, stop: int) -> None:
    """Write the derivative at the inputs of steps first to stop, and add the gradient of the weights."""
    space, part, steps = cache.backward, slice(first - start, stop - start), slice(first, stop)
    d_from_h, d_from_x = space.d_from_h[part], space.d_from_x[part]
    if space.d_x.size:
        np.matmul(space.weight_x, d_from_x, out=space.d_x[steps])
    for d, h1 in zip(d_from_h, space.h1_transposed[steps], strict=True):
        np.matmul(d, h1, out=space.outer_h)
        np.add(space.d_weight_h, space.outer_h, out=space.d_weight_h)
    for d, x1 in zip(d_from_x, space.x1_transposed[steps], strict=True):
        np.matmul(d, x1, out=space.outer_x)
        np.add(space.d_weight_x, space.outer_x, out=space.d_weight_x)


def _finish(cache: GRUWorkspace, first: int, d_weight: Array) -> Gradient:
    """Take the factors out of the gradient, put its rows in order, and zero what was not reached."""
    _, _, inputs, hidden = cache.sizes
    space, beside_h = cache.backward, d_weight[:, inputs + 1 :]
    space.d_x[:first].fill(0)
    np.multiply(space.d_weight_x, space.from_x[:, None], out=d_weight[:, : inputs + 1])
    np.multiply(space.d_weight_h[hidden:], space.from_h[hidden:, None], out=beside_h[: 2 * hidden])
    np.multiply(space.d_weight_h[:hidden], space.from_h[:hidden, None], out=beside_h[2 * hidden :])
    return Gradient(space.d_x, (space.d_h,), first)


def step(weight: Array, x: Array, h: Array) -> tuple[Array]:
    """One step of the equations above: x (D, B), h (H, B) -> the next h, a new array."""
    hidden, ones = len(h), np.ones_like(x[:1])
    column, split = np.concatenate([x, ones, ones, h]), len(x) + 1
    reset, update = np.split(sigmoid(weight[: 2 * hidden] @ column), 2)
    own = weight[2 * hidden :]
    candidate = np.tanh(own[:, :split] @ column[:split] + reset * (own[:, split:] @ column[split:]))
    return (candidate + update * (h - candidate),)
