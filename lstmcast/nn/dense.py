"""A dense layer over arrays of (steps, features, batch)."""

from __future__ import annotations

import numpy as np

from lstmcast.nn.buffers import Array


def forward(weight: Array, bias: Array, x: Array, out: Array) -> Array:
    """out = weight x + bias, the same for every step.

    weight (M, N), bias (M,), x (T, N, B) in any strides (BLAS takes a transposed operand), out (T, M, B).
    """
    np.matmul(weight, x, out=out)
    np.add(out, bias[:, None], out=out)
    return out


def backward(d: Array, x: Array, d_weight: Array, d_bias: Array, scratch: Array) -> None:
    """Gradients of the weights, summed over steps and batch, into d_weight (M, N) and d_bias (M,).

    d (T, M, B) is the loss's derivative at the output, x (T, N, B) what forward read, scratch (M, N).
    """
    outer_sum(d, x, d_weight, scratch)
    np.add.reduce(d, axis=(0, 2), out=d_bias)


def backward_input(weight: Array, d: Array, d_x: Array) -> Array:
    """The loss's derivative at the input: d (T, M, B) -> d_x (T, N, B)."""
    return np.matmul(weight.T, d, out=d_x)


def outer_sum(left: Array, right: Array, out: Array, scratch: Array) -> None:
    """out = sum over steps of left[t] right[t]' for left (T, M, B), right (T, N, B), out and scratch (M, N)."""
    np.matmul(left[0], right[0].T, out=out)
    for a, b in zip(left[1:], right[1:], strict=True):
        np.matmul(a, b.T, out=scratch)
        np.add(out, scratch, out=out)
