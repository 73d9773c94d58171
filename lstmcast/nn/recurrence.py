"""What all recurrent cells share: what a backward pass gives, and when a gradient is dead."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lstmcast.nn.buffers import Array

FLUSH_EVERY = 8
FLUSH_BELOW = 1e-20


class Gradient(NamedTuple):
    """What `backward` gives besides the gradient of the weights; all borrowed from the workspace.

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
