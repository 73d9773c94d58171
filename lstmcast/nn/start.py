"""Random weights to start from."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lstmcast.nn.buffers import Array

Draw = Callable[[np.random.Generator, int, int], Array]


class LayerStart(NamedTuple):
    """The start of a recurrent layer: draw(rng, rows, columns) for x and h, and the forget gate's bias."""

    dense: Draw
    inputs: Draw
    recurrent: Draw
    forget_bias: float


def glorot(rng: np.random.Generator, rows: int, columns: int) -> Array:
    """Uniform within sqrt(6 / (rows + columns)) (Glorot and Bengio 2010): (rows, columns)."""
    limit = np.sqrt(6 / (rows + columns))
    return rng.uniform(-limit, limit, size=(rows, columns))


def orthogonal(rng: np.random.Generator, rows: int, columns: int) -> Array:
    """A random orthogonal matrix (Saxe et al. 2014): (rows, columns), rows equal columns."""
    q, r = np.linalg.qr(rng.normal(size=(rows, columns)))
    signed: Array = q * np.sign(np.diag(r))
    return signed


def _fan_in(rng: np.random.Generator, rows: int, columns: int) -> Array:
    """Uniform within 1 / sqrt(columns), as torch's Linear has it: (rows, columns)."""
    limit = 1 / np.sqrt(columns)
    return rng.uniform(-limit, limit, size=(rows, columns))


def _hidden_uniform(rng: np.random.Generator, rows: int, columns: int) -> Array:
    """Uniform within 1 / sqrt(H), as torch's LSTM has it: (H, columns)."""
    limit = 1 / np.sqrt(rows)
    return rng.uniform(-limit, limit, size=(rows, columns))


STARTS = {
    "orthogonal": LayerStart(dense=glorot, inputs=glorot, recurrent=orthogonal, forget_bias=1.0),
    "uniform": LayerStart(dense=_fan_in, inputs=_hidden_uniform, recurrent=_hidden_uniform, forget_bias=0.0),
}


def dense_start(rng: np.random.Generator, start: str, shape: tuple[int, ...]) -> Array:
    """Weights (M, N) of a dense layer."""
    rows, columns = shape
    return STARTS[start].dense(rng, rows, columns)


def recurrent_start(
    rng: np.random.Generator, start: str, inputs: int, hidden: int, gates: int = 4, open_gate: int | None = 2
) -> Array:
    """Weights (gates x H, D+H+1) of a recurrent layer, each gate drawn by itself; the biases are the last column.

    open_gate: which gate keeps the state and starts open, with the bias that `start` says; None has no such gate.
    """
    how = STARTS[start]
    weight = np.zeros((gates, hidden, inputs + hidden + 1))
    for gate in weight:
        gate[:, :inputs] = how.inputs(rng, hidden, inputs)
        gate[:, inputs:-1] = how.recurrent(rng, hidden, hidden)
    if open_gate is not None:
        weight[open_gate, :, -1] = how.forget_bias
    return weight.reshape(gates * hidden, -1)
