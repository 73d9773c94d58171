"""The network as nodes of an ONNX graph, by the operator set's own recurrent operators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lstmcast.nn import peephole
from lstmcast.nn.network import Architecture
from lstmcast.nn.parameters import Parameters
from lstmcast.persistence.exchange.graph import Array, Graph

_ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid"}


@dataclass(frozen=True)
class Shown:
    """Names of what the network is shown: window (B, L); past (B, T_p, …) and future (B, T_f, F_f), None where there
    is nothing; series (B,) whole numbers, None for a single one. columns: of past.weight, the window's first.

    Of classes, whose window is no single column, `window` is all that is shown of the past; logits: (B, K, C) of
    another forecaster, which the highway adds, None without."""

    window: str
    past: str | None
    future: str | None
    series: str | None
    columns: Array
    logits: str | None = None


def quantiles(graph: Graph, a: Architecture, weights: Parameters, shown: Shown) -> str:
    """The name of what the network answers: (B, K, Q) float32, rising along Q."""
    return _Writer(graph, a, weights, shown).quantiles()


@dataclass(frozen=True)
class _Writer:
    """Writes one network; arrays are (steps, B, features), as the recurrent operators want them."""

    graph: Graph
    a: Architecture
    weights: Parameters
    shown: Shown

    def quantiles(self) -> str:
        graph, a = self.graph, self.a
        x = self._past()
        if not a.is_direct:
            x = graph.add("Concat", x, self._future(), axis=0)
        for layer in range(a.layers):
            for name in a.between_shapes(layer):
                x = self._activated(self._dense(x, name))
            x = _CELLS[a.cell](graph, self._recurrent(layer), x, a.input_size(layer), a.hidden)
            x = graph.add("Squeeze", x, np.array([1]))
        outputs = self._head(graph.slice(x, 0, a.recurrent_steps - a.head_steps, a.recurrent_steps))
        if a.has_linear_highway:
            straight = graph.add("MatMul", self.shown.window, self.weights["highway.weight"].T)
            straight = graph.add("Add", straight, self.weights["highway.bias"])
            outputs = graph.add("Add", outputs, graph.add("Unsqueeze", straight, np.array([2])))
        if self.shown.logits is not None:
            outputs = graph.add("Add", outputs, self.shown.logits)
        is_sorted = a.quantiles > 1 and not a.is_classifier
        return rising(graph, outputs, a.quantiles, 2) if is_sorted else outputs

    def _past(self) -> str:
        """Past segments, through the dense layer below the cells where there is one."""
        graph, a = self.graph, self.a
        width = a.past_size if a.is_classifier else a.segment
        x = graph.add("Reshape", self.shown.window, np.array([-1, a.past_steps, width]))
        if self.shown.past is not None:
            x = graph.add("Concat", x, self.shown.past, axis=2)
        x = graph.add("Transpose", x, perm=[1, 0, 2])
        if not a.is_embedded:
            return x
        x = graph.add("MatMul", x, self.weights["past.weight"][:, self.shown.columns].T)
        return self._activated(graph.add("Add", x, self.weights["past.bias"]))

    def _future(self) -> str:
        """Future segments: position, what is known of them, and the series."""
        graph, a, weights = self.graph, self.a, self.weights
        count = graph.add("Shape", self.shown.window, start=0, end=1)
        size = graph.add("Concat", np.array([a.future_steps]), count, np.array([a.hidden]), axis=0)
        x = graph.add("Expand", weights["future.position"].T[:, None], size)
        if self.shown.future is not None:
            known = graph.add("Transpose", self.shown.future, perm=[1, 0, 2])
            x = graph.add("Add", x, graph.add("MatMul", known, weights["future.weight"].T))
        if a.series:
            x = graph.add("Add", x, graph.add("Gather", weights["future.series"].T, self._series(), axis=0))
        return self._activated(x)

    def _head(self, h: str) -> str:
        """From the last h to (B, K, Q)."""
        graph, a, beside = self.graph, self.a, [h]
        if a.is_direct and self.shown.future is not None:
            flat = np.array([1, -1, a.future_steps * a.future_size])
            beside.append(graph.add("Reshape", self.shown.future, flat))
        if a.is_direct and a.series:
            one_hot = graph.add("Gather", np.eye(a.series, dtype=np.float32), self._series(), axis=0)
            beside.append(graph.add("Unsqueeze", one_hot, np.array([0])))
        x = h if len(beside) == 1 else graph.add("Concat", *beside, axis=2)
        for layer in range(len(a.dense)):
            x = self._activated(self._dense(x, f"dense.{layer}"))
        x = graph.add("Transpose", self._dense(x, "output"), perm=[1, 0, 2])
        x = graph.add("Reshape", x, np.array([-1, a.head_steps * a.output_rows, a.quantiles]))
        return graph.slice(x, 1, 0, a.horizon)

    def _series(self) -> str:
        assert self.shown.series is not None
        return self.shown.series

    def _recurrent(self, layer: int) -> Array:
        """The weights of a layer, the columns of rows that enter the cells directly as they are shown."""
        a, weight = self.a, self.weights[f"recurrent.{layer}.weight"]
        if layer or a.is_embedded:
            return weight
        gates, rest = weight, weight[:0]
        if a.cell == "lstm-peephole":
            gates, rest = np.split(weight, [-3 * a.hidden])
        gates = gates.reshape(-1, gates.size // self._rows()).copy() if gates.ndim == 1 else gates.copy()
        gates[:, : a.past_size] = gates[:, self.shown.columns]
        return np.concatenate([gates.ravel(), rest]) if weight.ndim == 1 else gates

    def _rows(self) -> int:
        return 4 * self.a.hidden

    def _dense(self, x: str, name: str) -> str:
        x = self.graph.add("MatMul", x, self.weights[f"{name}.weight"].T)
        return self.graph.add("Add", x, self.weights[f"{name}.bias"])

    def _activated(self, x: str) -> str:
        operator = _ACTIVATIONS.get(self.a.activation)
        return x if operator is None else self.graph.add(operator, x)


def rising(graph: Graph, values: str, count: int, axis: int) -> str:
    """Values in rising order along an axis of so many."""
    return graph.add("TopK", values, np.array([count]), spare=1, axis=axis, largest=0, sorted=1)


def _gates(weight: Array, order: tuple[int, ...], inputs: int, hidden: int) -> tuple[Array, Array, Array]:
    """W (1, gates x H, D), R (1, gates x H, H) and both biases (1, 2 gates x H), h's being zero, in this order."""
    gates = weight.reshape(-1, hidden, inputs + hidden + 1)[list(order)].reshape(-1, inputs + hidden + 1)
    x, h, bias = np.split(gates, [inputs, inputs + hidden], axis=1)
    return x[None], h[None], np.concatenate([bias[:, 0], np.zeros_like(bias[:, 0])])[None]


def _lstm(graph: Graph, weight: Array, x: str, inputs: int, hidden: int) -> str:
    """Ours are o, i, f, g; the operator's i, o, f, c."""
    parts = _gates(weight, (1, 0, 2, 3), inputs, hidden)
    return graph.add("LSTM", x, *parts, hidden_size=hidden)


def _peephole(graph: Graph, weight: Array, x: str, inputs: int, hidden: int) -> str:
    """Peepholes of o, i, f are the operator's P of i, o, f."""
    gates, holes = peephole.parts(weight, hidden)
    parts = _gates(gates, (1, 0, 2, 3), inputs, hidden)
    p = holes[[1, 0, 2]].reshape(1, -1)
    return graph.add("LSTM", x, *parts, None, None, None, p, hidden_size=hidden)


def _coupled(graph: Graph, weight: Array, x: str, inputs: int, hidden: int) -> str:
    """Ours has f and i = 1 - f, the operator i and f = 1 - i: i = sigmoid(-z) where f = sigmoid(z)."""
    o, f, g = weight.reshape(3, hidden, -1)
    parts = _gates(np.concatenate([-f, o, f, g]), (0, 1, 2, 3), inputs, hidden)
    return graph.add("LSTM", x, *parts, hidden_size=hidden, input_forget=1)


def _gru(graph: Graph, weight: Array, x: str, inputs: int, hidden: int) -> str:
    """Ours are r, z, n with two biases between x and h; the operator's z, r, h."""
    gates = weight.reshape(3, hidden, -1)[[1, 0, 2]].reshape(weight.shape)
    own, bias_x, bias_h, h = np.split(gates, [inputs, inputs + 1, inputs + 2], axis=1)
    bias = np.concatenate([bias_x[:, 0], bias_h[:, 0]])[None]
    return graph.add("GRU", x, own[None], h[None], bias, hidden_size=hidden, linear_before_reset=1)


def _rnn(graph: Graph, weight: Array, x: str, inputs: int, hidden: int) -> str:
    parts = _gates(weight, (0,), inputs, hidden)
    return graph.add("RNN", x, *parts, hidden_size=hidden)


_CELLS: dict[str, Callable[[Graph, Array, str, int, int], str]] = {
    "lstm": _lstm,
    "lstm-peephole": _peephole,
    "lstm-coupled": _coupled,
    "gru": _gru,
    "rnn": _rnn,
}
