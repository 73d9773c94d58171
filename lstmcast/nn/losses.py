"""Losses: weighted means over steps, quantiles (or classes) and windows, with their derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from lstmcast.nn.buffers import Array, aligned, small_buffer


class Room:
    """The buffers of a loss for predictions (K, Q, B), made once and handed in to spare their allocation."""

    def __init__(self, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        steps, _, batch = shape
        self.error, self.slope, self.scratch = (aligned(shape, dtype) for _ in range(3))
        self.share, self.truth = aligned((steps, batch), dtype), aligned((steps, batch), dtype)
        self.is_missing = np.zeros((steps, batch), dtype=bool)

    def compare(self, prediction: Array, target: Array, weight: Array) -> None:
        """error = prediction - target, and share = each target's share of the mean; 0 where weight is 0."""
        self.share_out(weight, prediction.shape[1])
        np.copyto(self.truth, target)
        np.copyto(self.truth, 0, where=self.is_missing)
        np.subtract(prediction, self.truth[:, None], out=self.error)

    def share_out(self, weight: Array, quantiles: int = 1) -> None:
        """Each target's share of the mean over targets and quantiles."""
        np.equal(weight, 0, out=self.is_missing)
        total = float(weight.sum()) * quantiles
        np.multiply(weight, 1 / total if total else 0.0, out=self.share)


def _compared(prediction: Array, target: Array, weight: Array, room: Room | None) -> Room:
    room = room or Room(prediction.shape, prediction.dtype)
    room.compare(prediction, target, weight)
    return room


@small_buffer()
def mse(prediction: Array, target: Array, weight: Array, room: Room | None = None) -> tuple[float, Array]:
    """Mean squared error. All losses take the same arrays and give the same two things.

    prediction (K, Q, B); target and weight (K, B), weight 0 for a missing target, which may then be NaN.
    Returns the loss and its derivative at prediction (K, Q, B), borrowed from `room` if one is given.
    """
    room = _compared(prediction, target, weight, room)
    np.multiply(room.error, 2, out=room.slope)
    np.multiply(room.slope, room.share[:, None], out=room.slope)
    return 0.5 * float(np.vdot(room.error, room.slope)), room.slope


@small_buffer()
def mae(prediction: Array, target: Array, weight: Array, room: Room | None = None) -> tuple[float, Array]:
    """Mean absolute error; its derivative at an error of zero is zero. Arrays as in `mse`."""
    room = _compared(prediction, target, weight, room)
    np.sign(room.error, out=room.slope)
    np.multiply(room.slope, room.share[:, None], out=room.slope)
    return float(np.vdot(room.error, room.slope)), room.slope


@small_buffer()
def huber(prediction: Array, target: Array, weight: Array, room: Room | None = None) -> tuple[float, Array]:
    """Huber's loss (1964) with its bend at 1: e²/2 up to there, |e| - 1/2 beyond. Arrays as in `mse`.

    With s = e clipped to [-1, 1] it is s (e - s/2), and s is its derivative.
    """
    room = _compared(prediction, target, weight, room)
    np.clip(room.error, -1, 1, out=room.slope)
    np.multiply(room.slope, -0.5, out=room.scratch)
    np.add(room.error, room.scratch, out=room.error)
    np.multiply(room.slope, room.share[:, None], out=room.slope)
    return float(np.vdot(room.error, room.slope)), room.slope


@small_buffer()
def pinball(
    prediction: Array, target: Array, weight: Array, quantiles: Array, room: Room | None = None
) -> tuple[float, Array]:
    """Pinball loss (Koenker and Bassett 1978), mean over quantiles (Q,); other arrays as in `mse`.

    Of e = prediction - target it is (1 - q) e above the target and -q e below: ([e > 0] - q) e.
    """
    room = _compared(prediction, target, weight, room)
    np.greater(room.error, 0, out=room.slope)
    np.subtract(room.slope, quantiles[:, None].astype(room.slope.dtype), out=room.slope)
    np.multiply(room.slope, room.share[:, None], out=room.slope)
    return float(np.vdot(room.error, room.slope)), room.slope


@small_buffer()
def cross_entropy(
    prediction: Array, target: Array, weight: Array, room: Room | None = None
) -> tuple[float, Array]:
    """Categorical cross-entropy of softmax(logits): -log of the probability of the class that came.

    prediction (K, C, B): logits of C classes; target (K, B): the class as a whole number, of any float type. Other
    arrays as in `mse`; its derivative is the probabilities less the one-hot class (Bishop 2006, 4.108).
    """
    room = room or Room(prediction.shape, prediction.dtype)
    room.share_out(weight)
    np.subtract(prediction, prediction.max(axis=1, keepdims=True), out=room.error)
    np.exp(room.error, out=room.slope)
    total = np.add.reduce(room.slope, axis=1)
    classes = np.where(room.is_missing, 0, target).astype(np.intp)[:, None]
    logits = np.take_along_axis(room.error, classes, axis=1)[:, 0]
    loss = float(np.vdot(room.share, np.log(total) - logits))
    np.multiply(room.slope, (room.share / total)[:, None], out=room.slope)
    of_class = np.take_along_axis(room.slope, classes, axis=1) - room.share[:, None]
    np.put_along_axis(room.slope, classes, of_class, axis=1)
    return loss, room.slope


def softmax(logits: Array) -> Array:
    """Probabilities (K, C, B) of logits (K, C, B)."""
    above = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(above / above.sum(axis=1, keepdims=True))


LOSSES: dict[str, Callable[..., Any]] = {
    "mse": mse,
    "mae": mae,
    "huber": huber,
    "pinball": pinball,
    "cross-entropy": cross_entropy,
}
