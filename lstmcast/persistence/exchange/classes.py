"""A model of classes as an ONNX graph: from features of a window to the probability of each class.

In the graph are the weights: the network with all its members, the logistic regression, persistence and their mixture.
What knows of stamps, seasons and other columns comes as arrays, which `class_inputs` makes of a panel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import UsageError
from lstmcast.core.panel import Integers
from lstmcast.data.category_windows import ClassWindows, of_classes
from lstmcast.forecasters.base import Part, Views
from lstmcast.forecasters.category_naive import FrequencyTable, Transitions
from lstmcast.forecasters.ensemble import logistic_of
from lstmcast.forecasters.logistic import Logistic
from lstmcast.forecasters.network import NetworkForecaster
from lstmcast.model.model import Model
from lstmcast.persistence.exchange.graph import Graph
from lstmcast.persistence.exchange.network import Shown, quantiles

Array = NDArray[Any]
_FLOAT32, _FLOAT64 = 1, 11  # of the standard's element types
FEATURES, LAST, FREQUENCY, PAST, FUTURE, SERIES = "features", "last", "frequency", "past", "future", "series"


def class_inputs(model: Model, views: Views, origins: Integers) -> dict[str, Array]:
    """Return the graph's inputs for B windows: arrays by their names."""
    windows, logistic = of_classes(views[0]), logistic_of(model.ensemble)
    shared, own = logistic.common(windows, origins), logistic.steps(windows, origins)
    whole = np.broadcast_to(shared, (len(own), *shared.shape))
    batch = windows.batch(origins)
    given: dict[str, Array] = {
        FEATURES: np.concatenate([whole, own], axis=1).transpose(2, 0, 1),
        LAST: windows.table.scaled[origins - 1].astype(np.int64),
        FREQUENCY: windows.frequencies(origins).transpose(2, 0, 1),
        PAST: batch.past,
        FUTURE: batch.future,
        SERIES: batch.series,
    }
    return {name: np.ascontiguousarray(given[name]) for name in _described(model, windows)}


def write_classes(model: Model, windows: ClassWindows) -> Graph:
    """The graph of the mixture that ships; raises UsageError for a part that a graph cannot hold."""
    graph = Graph()
    for name, described in _described(model, windows).items():
        graph.enter(name, *described)
    writer = _Writer(graph, model, windows)
    said = [graph.add("Mul", writer.answer(part), np.array(share)) for share, part in model.ensemble.asked]
    chances = graph.add("Sum", *said)
    likeliest = graph.add("ArgMax", chances, axis=2, keepdims=0)
    shape = ("B", windows.horizon)
    graph.leave(
        "forecast", likeliest, np.int64, shape, "place of the likeliest class, by the order of `classes`"
    )
    meaning = "probability of each class, by the order of `classes` in the notes"
    graph.leave("probabilities", chances, np.float64, (*shape, windows.classes), meaning)
    return graph


def _described(model: Model, windows: ClassWindows) -> dict[str, tuple[Any, tuple[int | str, ...], str]]:
    """Name -> dtype, shape and meaning of what the parts that have weight need."""
    kinds = {type(part) for _, part in model.ensemble.asked}
    horizon, classes = windows.horizon, windows.classes
    found: dict[str, tuple[Any, tuple[int | str, ...], str]] = {}
    if kinds & {Logistic, NetworkForecaster}:
        count = logistic_of(model.ensemble).weight.shape[2]
        meaning = "what the logistic regression looks at: shares of classes, columns, calendar"
        found[FEATURES] = (np.float64, ("B", horizon, count), meaning)
    if Transitions in kinds:
        found[LAST] = (np.int64, ("B",), "place of the last known class, by the order of `classes`")
    if FrequencyTable in kinds:
        found[FREQUENCY] = (
            np.float64,
            ("B", horizon, classes),
            "share of each class in the season of each row",
        )
    for network in model.networks:
        a = network.architecture
        meaning = "features of {} segments: classes and columns row by row, then the calendar"
        found[PAST] = (np.float32, ("B", a.past_steps, a.past_size), meaning.format("past"))
        if a.future_size:
            found[FUTURE] = (np.float32, ("B", a.future_steps, a.future_size), meaning.format("future"))
        if a.series:
            found[SERIES] = (np.int64, ("B",), "number of the series, by the order of `series` in the notes")
    return found


class _Writer:
    """Writes the parts of a mixture; each answers with probabilities (B, K, C) in float64."""

    def __init__(self, graph: Graph, model: Model, windows: ClassWindows) -> None:
        self.graph, self.model, self.windows = graph, model, windows
        self._logits: str | None = None

    def answer(self, part: Part) -> str:
        """The probabilities of a part."""
        graph = self.graph
        if isinstance(part, NetworkForecaster):
            return self._network(part)
        if isinstance(part, Logistic):
            return graph.add("Softmax", self.logits(part), axis=2)
        if isinstance(part, Transitions):
            steps = np.minimum(np.arange(self.windows.horizon), len(part.shares) - 1)
            return graph.add("Gather", part.shares[steps].transpose(1, 0, 2), LAST, axis=0)
        if isinstance(part, FrequencyTable):
            return graph.add("Identity", FREQUENCY)
        raise UsageError(f"an ONNX graph cannot hold {part.name!r}, which is part of the model")

    def logits(self, logistic: Logistic) -> str:
        """(B, K, C) of the logistic regression, written once."""
        if self._logits is None:
            graph = self.graph
            rows = graph.add("Unsqueeze", FEATURES, np.array([2]))
            said = graph.add("MatMul", rows, logistic.weight.transpose(0, 2, 1))
            said = graph.add("Squeeze", said, np.array([2]))
            self._logits = graph.add("Add", said, np.log(logistic.overall))
        return self._logits

    def _network(self, network: NetworkForecaster) -> str:
        """The mean of the members' probabilities."""
        graph, a = self.graph, network.architecture
        logits = None
        if a.highway:
            logits = graph.add("Cast", self.logits(logistic_of(self.model.ensemble)), to=_FLOAT32)
        future, series = FUTURE if a.future_size else None, SERIES if a.series else None
        shown = Shown(PAST, None, future, series, np.arange(a.past_size), logits)
        answers = [
            graph.add("Softmax", graph.add("Cast", quantiles(graph, a, member, shown), to=_FLOAT64), axis=2)
            for member in network.members
        ]
        return graph.add("Mul", graph.add("Sum", *answers), np.array(1 / len(answers)))
