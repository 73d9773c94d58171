"""The network for classes: logits that it adds to those of the logistic regression."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import Options
from lstmcast.core.panel import Integers
from lstmcast.data.category_windows import ClassWindows
from lstmcast.forecasters.logistic import Logistic
from lstmcast.forecasters.network import DTYPE, architecture_of
from lstmcast.nn.losses import softmax
from lstmcast.nn.network import Architecture, Inputs, Network
from lstmcast.nn.parameters import Parameters

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClassNetwork:
    """One network and the weights of each member; the forecast is the mean of the members' probabilities."""

    network: Network
    members: tuple[Parameters, ...]
    logistic: Logistic

    def probabilities(self, windows: ClassWindows, origins: Integers) -> Numbers:
        """(K, C, B)."""
        parts = [self._probabilities(windows, chunk) for chunk in windows.chunks(origins)]
        return np.concatenate(parts, axis=2)

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
