"""The recurrent cells by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from lstmcast.nn import coupled, gru, lstm, peephole, rnn
from lstmcast.nn.buffers import Array
from lstmcast.nn.recurrence import Gradient, RecurrentWorkspace


class Cell(NamedTuple):
    """The functions that every cell gives; lstm.py says what each takes.

    shape(D, H) and start(rng, how, D, H) of its weights, one array; workspace(T, B, D, H, dtype, …);
    forward(weight, workspace) -> outputs, cache; backward(weight, cache, d_h, d_weight) -> Gradient;
    step(weight, x, *state) -> the next state.
    """

    shape: Callable[[int, int], tuple[int, ...]]
    start: Callable[[np.random.Generator, str, int, int], Array]
    workspace: Callable[..., RecurrentWorkspace]
    forward: Callable[[Array, Any], tuple[Array, Any]]
    backward: Callable[..., Gradient]
    step: Callable[..., tuple[Array, ...]]


CELLS: dict[str, Cell] = {
    "lstm": Cell(lstm.shape, lstm.start, lstm.LSTMWorkspace, lstm.forward, lstm.backward, lstm.step),
    "lstm-peephole": Cell(
        peephole.shape,
        peephole.start,
        peephole.PeepholeWorkspace,
        peephole.forward,
        peephole.backward,
        peephole.step,
    ),
    "lstm-coupled": Cell(
        coupled.shape,
        coupled.start,
        coupled.CoupledWorkspace,
        coupled.forward,
        coupled.backward,
        coupled.step,
    ),
    "gru": Cell(gru.shape, gru.start, gru.GRUWorkspace, gru.forward, gru.backward, gru.step),
    "rnn": Cell(rnn.shape, rnn.start, rnn.RNNWorkspace, rnn.forward, rnn.backward, rnn.step),
}
