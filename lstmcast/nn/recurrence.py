"""The common part of all recurrent cells: columns of steps, results of a backward pass, dead gradients."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from lstmcast.nn.buffers import Array, aligned

FLUSH_EVERY = 8
FLUSH_BELOW = 1e-20


class RecurrentWorkspace:
    """The operands of T steps' products, for B columns: x, h and ones below each other.

    They are made once and handed in.

    Write `x` (T, D, B) and each part of `state` (H, B) before `forward`; h of each step is `unit` times `outputs`
    (T, H, B). With keep=False only one step's gates are kept: less memory and faster, but no `backward` after it. With
    inputs_are_data=True nobody wants their derivative, and `backward` leaves it out. `block` is the number of steps
    that `backward` takes at once.

    With dropping=True the products take h times `mask` (H, B), the same at every step (Gal and Ghahramani 2016), which
    is to be written before `forward`; what an equation takes of h without a product is not dropped.

    ones: rows of ones before h and after it. states: (T+1, H, B) h over `unit` before each step and after the last.
    """

    unit: ClassVar[float] = 1.0
    ones: ClassVar[tuple[int, int]] = (0, 1)
    block_units: ClassVar[int] = 32768

    def __init__(
        self,
        steps: int,
        batch: int,
        inputs: int,
        hidden: int,
        dtype: DTypeLike,
        *,
        keep: bool = True,
        inputs_are_data: bool = False,
        dropping: bool = False,
        block: int | None = None,
    ) -> None:
        self.sizes = steps, batch, inputs, hidden
        self.keep = keep
        self.skipped = inputs if inputs_are_data else 0
        self.block = min(steps, block or max(1, self.block_units // (hidden * batch)))
        # 0-d arrays: a Python float costs 2 us more a call
        self.half, self.one, self.two = (np.array(number, dtype) for number in (0.5, 1, 2))
        first = inputs + self.ones[0]
        self.xh = aligned((steps + 1, first + hidden + self.ones[1], batch), dtype)
        self.xh[:, inputs:] = 1
        self.x, self.recalled = self.xh[:-1, :inputs], self.xh[:, first : first + hidden]
        self.recalled.fill(0)
        self.states = aligned((steps + 1, hidden, batch), dtype) if dropping else self.recalled
        self.outputs = self.states[1:]
        self.h0 = aligned((hidden, batch), dtype)
        self.state: tuple[Array, ...] = (self.h0,)
        self.mask = np.ones((hidden, batch), dtype) if dropping else None
        self.drops = [self._drop(t) for t in range(steps + 1)]

    def _drop(self, t: int) -> tuple[Array, ...]:
        """The operands of the product that drops h before step t; none where nothing is dropped."""
        return () if self.mask is None else (self.states[t], self.mask, self.recalled[t])

    def enter(self) -> None:
        """Take in the h before the first step."""
        np.multiply(self.h0, 1 / self.unit, out=self.states[0])
        if self.drops[0]:
            np.multiply(*self.drops[0])


class Gradient(NamedTuple):
    """The results of `backward` besides the gradient of the weights; all borrowed from the workspace.

    d_x (T, D, B), or (T, 0, B) where inputs are data; d_state: one (H, B) for each part of the state before the
    first step, h and then c where there is one; first: before this step all is zero.
    """

    d_x: Array
    d_state: tuple[Array, ...]
    first: int

    @property
    def d_h0(self) -> Array:
        """The loss's derivative at the h before the first step (H, B)."""
        return self.d_state[0]

    @property
    def d_c0(self) -> Array:
        """The loss's derivative at the c before the first step (H, B), of cells that have one."""
        return self.d_state[1]


def flush(arrays: tuple[Array, ...], small: Array, large: Array, below: float) -> bool:
    """Set what is tiny in arrays (H, B) to zero; True when nothing is left. small, large: scratch (H, B)."""
    alive = False
    for array in arrays:
        np.abs(array, out=small)
        np.greater(small, below, out=large)
        np.multiply(array, large, out=array)
        alive = bool(large.any()) or alive
    return not alive


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)) as (1 + tanh(z / 2)) / 2, which never overflows; a new array."""
    half: Array = 0.5 + 0.5 * np.tanh(0.5 * z)
    return half
