"""Activations in place, their derivatives written in terms of their outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lstmcast.nn.buffers import Array


class Activation(NamedTuple):
    """apply(x) replaces x by f(x); chain(y, d, scratch) multiplies d by f'(x), given y = f(x).

    x, y, d and scratch have one shape; scratch is overwritten.
    """

    apply: Callable[[Array], object]
    chain: Callable[[Array, Array, Array], object]


def _relu(x: Array) -> None:
    np.maximum(x, 0, out=x)


def _relu_chain(y: Array, d: Array, scratch: Array) -> None:
    np.greater(y, 0, out=scratch)
    np.multiply(d, scratch, out=d)


def _tanh(x: Array) -> None:
    np.tanh(x, out=x)


def _tanh_chain(y: Array, d: Array, scratch: Array) -> None:
    np.multiply(y, y, out=scratch)
    np.subtract(1, scratch, out=scratch)
    np.multiply(d, scratch, out=d)


def _sigmoid(x: Array) -> None:
    """(1 + tanh(x / 2)) / 2: never overflows, and tanh is ten times faster than exp here."""
    np.multiply(x, 0.5, out=x)
    np.tanh(x, out=x)
    np.multiply(x, 0.5, out=x)
    np.add(x, 0.5, out=x)


def _sigmoid_chain(y: Array, d: Array, scratch: Array) -> None:
    np.subtract(1, y, out=scratch)
    np.multiply(scratch, y, out=scratch)
    np.multiply(d, scratch, out=d)


def _identity(x: Array) -> None:
    pass


def _identity_chain(y: Array, d: Array, scratch: Array) -> None:
    pass


ACTIVATIONS: dict[str, Activation] = {
    "relu": Activation(_relu, _relu_chain),
    "tanh": Activation(_tanh, _tanh_chain),
    "sigmoid": Activation(_sigmoid, _sigmoid_chain),
    "identity": Activation(_identity, _identity_chain),
}
