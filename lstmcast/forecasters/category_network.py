"""The network for classes: logits that it adds to those of the logistic regression."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import Options
from lstmcast.core.panel import Floats, Integers
from lstmcast.data.category_windows import ClassWindows, of_classes
from lstmcast.forecasters.base import Stateless, Views
from lstmcast.forecasters.logistic import Logistic
from lstmcast.forecasters.network import DTYPE, architecture_of, check_weights
from lstmcast.nn.losses import softmax
from lstmcast.nn.network import Architecture, Inputs, Network
from lstmcast.nn.parameters import Parameters

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClassNetwork(Stateless):
    """One network and the weights (P,) of each member; the forecast is the mean of the members' probabilities."""

    architecture: Architecture
    weights: tuple[Floats, ...]
    logistic: Logistic
    view: int = 0
    name = "network"

    @cached_property
    def network(self) -> Network:
        """The network without any weights."""
        return Network(self.architecture)

    @cached_property
    def members(self) -> tuple[Parameters, ...]:
        """The weights of each member by name."""
        return tuple(Parameters.of(self.architecture.shapes(), flat) for flat in self.weights)

    def predict(self, views: Views, origins: Integers) -> Numbers:
        """(K, C, B) probabilities."""
        windows = of_classes(views[self.view])
        parts = [self._probabilities(windows, chunk) for chunk in windows.chunks(origins)]
        return np.concatenate(parts, axis=2)

    def reach(self) -> int:
        """The whole look-back."""
        return self.architecture.lookback

    def taught(self, weights: Iterable[Floats]) -> ClassNetwork:
        """The network with other weights (P,) of each member."""
        return dataclasses.replace(self, weights=tuple(weights))

    def check(self, views: Views, options: Options) -> None:
        """Raise ValueError or UsageError where it is not the network that the options ask for."""
        check_weights(self.architecture, self.weights, options)
        windows = of_classes(views[self.view])
        if self.architecture != class_architecture_of(windows, len(windows.table.change), options):
            raise ValueError("the network is not the one that its options ask for")
        self.logistic.check(views, options)

    def _probabilities(self, windows: ClassWindows, origins: Integers) -> Numbers:
        inputs = inputs_of(windows, origins, self.logistic)
        workspace = self.network.workspace(len(origins), DTYPE, inference=True)
        logits = [
            self.network.forward(member, inputs, workspace)[0].astype(np.float64) for member in self.members
        ]
        return np.asarray(np.mean([softmax(each) for each in logits], axis=0))


def class_architecture_of(windows: ClassWindows, series: int, options: Options) -> Architecture:
    """The sizes of the network for these windows and options."""
    sizes = architecture_of(windows, series, options)
    return dataclasses.replace(sizes, quantiles=windows.classes, is_classifier=True)


def inputs_of(windows: ClassWindows, origins: Integers, logistic: Logistic) -> Inputs:
    """What the network reads of B windows; its highway adds the logits of the logistic regression."""
    batch = windows.batch(origins)
    logits = logistic.logits(windows, origins).reshape(-1, len(origins)).T
    return Inputs(batch.past, batch.future, np.ascontiguousarray(logits, dtype=DTYPE), batch.series)
