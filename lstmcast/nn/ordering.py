"""Quantiles in rising order, and the gradient's way back through the exchange."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from lstmcast.nn.buffers import Array, aligned


class Ordering:
    """Sorts (K, Q, B) along Q in place by odd-even transposition, remembering who changed places.

    Neighbours are compared and exchanged, all even pairs at once and then all odd ones, until nothing moves:
    at most Q rounds and two still ones, and only those two when nothing crosses. No index array is made.
    """

    def __init__(self, shape: tuple[int, int, int], dtype: DTypeLike) -> None:
        steps, quantiles, batch = shape
        self._scratch = aligned((2, steps, quantiles // 2, batch), dtype)
        self._crossing = np.zeros((quantiles + 2, steps, quantiles // 2, batch), dtype=bool)
        self._moved: list[int] = []

    def sort(self, values: Array) -> None:
        """Bring values (K, Q, B) into rising order along Q."""
        self._moved.clear()
        still = 0
        for number in range(len(self._crossing)):
            still = 0 if self._exchange(values, number) else still + 1
            if still == 2:
                break

    def unsort(self, d: Array) -> None:
        """Bring the derivatives d (K, Q, B) at the sorted values back to the places before the last `sort`."""
        for number in reversed(self._moved):
            lower, upper, crossing, scratch = self._pairs(d, number)
            np.copyto(scratch[0], lower)
            np.copyto(scratch[1], upper)
            np.copyto(lower, scratch[1], where=crossing)
            np.copyto(upper, scratch[0], where=crossing)

    def _exchange(self, values: Array, number: int) -> bool:
        lower, upper, crossing, scratch = self._pairs(values, number)
        np.greater(lower, upper, out=crossing)
        if not crossing.any():
            return False
        np.minimum(lower, upper, out=scratch[0])
        np.maximum(lower, upper, out=upper)
        np.copyto(lower, scratch[0])
        self._moved.append(number)
        return True

    def _pairs(self, values: Array, number: int) -> tuple[Array, Array, Array, Array]:
        """Lower and upper neighbours of a round, its marks, and scratch of their shape."""
        first = number % 2
        upper = values[:, first + 1 :: 2]
        count = upper.shape[1]
        lower = values[:, first : first + 2 * count : 2]
        return lower, upper, self._crossing[number, :, :count], self._scratch[:, :, :count]
