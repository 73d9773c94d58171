"""Losses: weighted means over steps, quantiles (or classes) and windows, with their derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from lstmcast.nn.buffers import Array, aligned, small_buffer


class LossWorkspace:
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


def _compared(
    prediction: Array, target: Array, weight: Array, workspace: LossWorkspace | None
) -> LossWorkspace:
    workspace = workspace or LossWorkspace(prediction.shape, prediction.dtype)
    workspace.compare(prediction, target, weight)
    return workspace


@small_buffer()
def mse(
    prediction: Array, target: Array, weight: Array, workspace: LossWorkspace | None = None
) -> tuple[float, Array]:
    """Mean squared error. All losses take the same arrays and give the same two things.

    prediction (K, Q, B); target and weight (K, B), weight 0 for a missing target, which may then be NaN.
    Returns the loss and its derivative at prediction (K, Q, B), borrowed from `workspace` if one is given.
    """
    workspace = _compared(prediction, target, weight, workspace)
    np.multiply(workspace.error, 2, out=workspace.slope)
    np.multiply(workspace.slope, workspace.share[:, None], out=workspace.slope)
    return 0.5 * float(np.vdot(workspace.error, workspace.slope)), workspace.slope


@small_buffer()
def mae(
    prediction: Array, target: Array, weight: Array, workspace: LossWorkspace | None = None
) -> tuple[float, Array]:
    """Mean absolute error; its derivative at an error of zero is zero. Arrays as in `mse`."""
    workspace = _compared(prediction, target, weight, workspace)
    np.sign(workspace.error, out=workspace.slope)
    np.multiply(workspace.slope, workspace.share[:, None], out=workspace.slope)
    return float(np.vdot(workspace.error, workspace.slope)), workspace.slope


@small_buffer()
def huber(
    prediction: Array, target: Array, weight: Array, workspace: LossWorkspace | None = None
) -> tuple[float, Array]:
    """Huber's loss (1964) with its bend at 1: e²/2 up to there, |e| - 1/2 beyond. Arrays as in `mse`.

    With s = e clipped to [-1, 1] it is s (e - s/2), and s is its derivative.
    """
    workspace = _compared(prediction, target, weight, workspace)
    np.clip(workspace.error, -1, 1, out=workspace.slope)
    np.multiply(workspace.slope, -0.5, out=workspace.scratch)
    np.add(workspace.error, workspace.scratch, out=workspace.error)
    np.multiply(workspace.slope, workspace.share[:, None], out=workspace.slope)
    return float(np.vdot(workspace.error, workspace.slope)), workspace.slope


@small_buffer()
def pinball(
    prediction: Array, target: Array, weight: Array, quantiles: Array, workspace: LossWorkspace | None = None
) -> tuple[float, Array]:
    """Pinball loss (Koenker and Bassett 1978), mean over quantiles (Q,); other arrays as in `mse`.

    Of e = prediction - target it is (1 - q) e above the target and -q e below: ([e > 0] - q) e.
    """
    workspace = _compared(prediction, target, weight, workspace)
    np.greater(workspace.error, 0, out=workspace.slope)
    np.subtract(workspace.slope, quantiles[:, None].astype(workspace.slope.dtype), out=workspace.slope)
    np.multiply(workspace.slope, workspace.share[:, None], out=workspace.slope)
    return float(np.vdot(workspace.error, workspace.slope)), workspace.slope


@small_buffer()
def cross_entropy(
    prediction: Array, target: Array, weight: Array, workspace: LossWorkspace | None = None
) -> tuple[float, Array]:
    """Categorical cross-entropy of softmax(logits): -log of the probability of the class that came.

    prediction (K, C, B): logits of C classes; target (K, B): the class as a whole number, of any float type. Other
    arrays as in `mse`; its derivative is the probabilities less the one-hot class (Bishop 2006, 4.108).
    """
    workspace = workspace or LossWorkspace(prediction.shape, prediction.dtype)
    workspace.share_out(weight)
    np.subtract(prediction, prediction.max(axis=1, keepdims=True), out=workspace.error)
    np.exp(workspace.error, out=workspace.slope)
    total = np.add.reduce(workspace.slope, axis=1)
    classes = np.where(workspace.is_missing, 0, target).astype(np.intp)[:, None]
    logits = np.take_along_axis(workspace.error, classes, axis=1)[:, 0]
    loss = float(np.vdot(workspace.share, np.log(total) - logits))
    np.multiply(workspace.slope, (workspace.share / total)[:, None], out=workspace.slope)
    of_class = np.take_along_axis(workspace.slope, classes, axis=1) - workspace.share[:, None]
    np.put_along_axis(workspace.slope, classes, of_class, axis=1)
    return loss, workspace.slope


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
