"""The network for classes: logits that it adds to those of the logistic regression."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import Options
from lstmcast.core.panel import Floats, Integers
from lstmcast.data.category_windows import ClassWindows
from lstmcast.evaluation.category_validation import ClassValidation
from lstmcast.forecasters.logistic import Logistic
from lstmcast.forecasters.network import DTYPE, architecture_of
from lstmcast.nn.losses import LossWorkspace, cross_entropy, softmax
from lstmcast.nn.network import Architecture, Inputs, Network
from lstmcast.nn.parameters import Parameters
from lstmcast.training.loop import Lesson, Schedule, State
from lstmcast.training.setup import optimizer_of, start_of
from lstmcast.training.workers import limited, seeded

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


@dataclass(frozen=True, eq=False)
class ClassMember:
    """One network to train: plain data, so that a worker can be handed it.

    training: (n,) origins; validation: None to keep the last weights instead of the best; class_weights: (C,);
    weights: (P,) to go on from, None for a start at the logistic regression.
    """

    windows: ClassWindows
    training: Integers
    validation: ClassValidation | None
    logistic: Logistic
    class_weights: Numbers
    architecture: Architecture
    options: Options
    schedule: Schedule
    seed: np.random.SeedSequence
    weights: Floats | None = None

    def lesson(self) -> Lesson:
        """What it trains with; the same seed gives the same lesson."""
        rng, network = seeded(self.seed), Network(self.architecture)
        parameters = self._start(network, rng)
        workspace = LossWorkspace(
            (self.architecture.horizon, self.architecture.quantiles, self.options.batch), DTYPE
        )
        return Lesson(
            network=network,
            parameters=parameters,
            workspace=network.workspace(self.options.batch, DTYPE),
            optimizer=optimizer_of(parameters, self.options),
            loss=partial(cross_entropy, workspace=workspace),
            sample=self._sample,
            validate=None if self.validation is None else partial(self._error, network, self.validation),
            rng=rng,
        )

    def within(self, seconds: float, state: State | None) -> ClassMember:
        """The same, to be trained from this state for no longer than so many seconds."""
        schedule = limited(self.schedule, seconds, state)
        return self if schedule is self.schedule else dataclasses.replace(self, schedule=schedule)

    def _start(self, network: Network, rng: np.random.Generator) -> Parameters:
        """Near the logistic regression or, without the highway, near how often each class comes."""
        parameters = network.start(rng, DTYPE, start=start_of(self.architecture))
        if not self.architecture.highway:
            bias = parameters["output.bias"].reshape(-1, self.architecture.quantiles)
            bias[...] = np.log(self.logistic.overall)
        if self.weights is not None:
            parameters.flat[:] = self.weights
        return parameters

    def _sample(self, rng: np.random.Generator) -> tuple[Inputs, Floats, Floats]:
        """A batch drawn with replacement; a class counts what its weight says, a missing one nothing."""
        origins = self.training[rng.integers(len(self.training), size=self.options.batch)]
        codes = self.windows.codes(origins)
        weight = np.where(np.isnan(codes), 0, self.class_weights[np.nan_to_num(codes).astype(np.int64)])
        inputs = inputs_of(self.windows, origins, self.logistic)
        return inputs, np.nan_to_num(codes).astype(DTYPE), weight.astype(DTYPE)

    def _error(self, network: Network, validation: ClassValidation, weights: Parameters) -> float:
        forecaster = ClassNetwork(network, (weights,), self.logistic)
        return validation.error(forecaster.probabilities(self.windows, validation.origins))
