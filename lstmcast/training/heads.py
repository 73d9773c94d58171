"""The head of a network, of either target kind: its start, loss, batches and forecaster."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import Options
from lstmcast.core.panel import Floats, Integers
from lstmcast.data.category_windows import of_classes
from lstmcast.data.windows import Windows
from lstmcast.forecasters.intervals import QUANTILES
from lstmcast.forecasters.logistic import Logistic
from lstmcast.forecasters.network import DTYPE, LOSS, NetworkForecaster, inputs_of
from lstmcast.forecasters.ridge import RidgeForecaster
from lstmcast.nn.losses import LOSSES, LossWorkspace, cross_entropy, pinball
from lstmcast.nn.network import Architecture, Inputs
from lstmcast.nn.parameters import Parameters
from lstmcast.training.loop import Loss

Numbers = NDArray[np.float64]
SPREAD_WINDOWS = 2_000


class Head(Protocol):
    """The head that tells the networks of one target kind from those of the other."""

    def begin(
        self, architecture: Architecture, parameters: Parameters, windows: Windows, training: Integers
    ) -> None:
        """Move random weights to where the simple forecaster stands, as far as the network has it."""

    def loss(self, architecture: Architecture, options: Options) -> Loss:
        """The loss, with its buffers made once."""

    def sample(self, windows: Windows, origins: Integers) -> tuple[Inputs, Floats, Floats]:
        """Inputs, target (K, B) and weight (K, B) of B windows."""

    def forecaster(self, architecture: Architecture, weights: tuple[Floats, ...]) -> NetworkForecaster:
        """The forecaster of these weights (P,) of each member."""


@dataclass(frozen=True, eq=False)
class NumberHead:
    """Quantiles by pinball loss, or one number by another; the network starts at the ridge map."""

    ridge: RidgeForecaster

    def begin(
        self, architecture: Architecture, parameters: Parameters, windows: Windows, training: Integers
    ) -> None:
        """Set the highway to its closed-form solution and the output's bias to the spread it leaves,
        so that before the first step the forecast is nearly the linear one, with sensible quantiles around it."""
        if not architecture.highway:
            return
        ridge = self.ridge
        parameters["highway.weight"][...] = ridge.weight
        parameters["highway.bias"][...] = ridge.bias
        if architecture.quantiles == 1:
            return
        count = min(len(training), SPREAD_WINDOWS)
        spaced = training[np.linspace(0, len(training) - 1, count).astype(np.int64)]
        error = windows.targets(spaced) - (ridge.weight @ windows.past(spaced) + ridge.bias[:, None])
        rows = architecture.output_rows
        bias = parameters["output.bias"].reshape(rows, architecture.quantiles)
        for step in range(min(rows, windows.horizon)):
            spread = np.quantile(error[step::rows], QUANTILES)
            bias[step] = spread - spread[len(QUANTILES) // 2]

    def loss(self, architecture: Architecture, options: Options) -> Loss:
        """Pinball loss, or the one that the options name."""
        workspace = _workspace(architecture, options)
        loss = options.loss or LOSS
        if loss == "pinball":
            return partial(pinball, quantiles=np.array(QUANTILES, dtype=DTYPE), workspace=workspace)
        return partial(LOSSES[loss], workspace=workspace)

    def sample(self, windows: Windows, origins: Integers) -> tuple[Inputs, Floats, Floats]:
        """Normalised targets; a missing one counts nothing."""
        batch = windows.batch(origins)
        return inputs_of(batch), batch.target, batch.weight

    def forecaster(self, architecture: Architecture, weights: tuple[Floats, ...]) -> NetworkForecaster:
        """The median of the members."""
        return NetworkForecaster(architecture, weights)


@dataclass(frozen=True, eq=False)
class ClassHead:
    """Logits by cross-entropy, added to those of the logistic regression; class_weights: (C,) what a class counts."""

    logistic: Logistic
    class_weights: Numbers

    def begin(
        self, architecture: Architecture, parameters: Parameters, windows: Windows, training: Integers
    ) -> None:
        """With the highway it is near the logistic regression already, else near how often each class comes."""
        if not architecture.highway:
            bias = parameters["output.bias"].reshape(-1, architecture.quantiles)
            bias[...] = np.log(self.logistic.overall)

    def loss(self, architecture: Architecture, options: Options) -> Loss:
        """Cross-entropy."""
        return partial(cross_entropy, workspace=_workspace(architecture, options))

    def sample(self, windows: Windows, origins: Integers) -> tuple[Inputs, Floats, Floats]:
        """Codes of classes; a class counts what its weight says, a missing one nothing."""
        known = of_classes(windows)
        codes = known.codes(origins)
        weight = np.where(np.isnan(codes), 0, self.class_weights[np.nan_to_num(codes).astype(np.int64)])
        inputs = inputs_of(windows.batch(origins), self.logistic.logits(known, origins))
        return inputs, np.nan_to_num(codes).astype(DTYPE), weight.astype(DTYPE)

    def forecaster(self, architecture: Architecture, weights: tuple[Floats, ...]) -> NetworkForecaster:
        """The mean of the members' probabilities."""
        return NetworkForecaster(architecture, weights, base=self.logistic)


def _workspace(architecture: Architecture, options: Options) -> LossWorkspace:
    return LossWorkspace((architecture.horizon, architecture.quantiles, options.batch), DTYPE)
