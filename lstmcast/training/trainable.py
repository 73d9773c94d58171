"""What can be trained: one network of numbers or of classes, as plain data that a worker can be handed."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import Options
from lstmcast.core.panel import Floats, Integers
from lstmcast.data.category_windows import ClassWindows
from lstmcast.data.windows import Windows
from lstmcast.evaluation.category_validation import ClassValidation
from lstmcast.evaluation.validation import Validation
from lstmcast.forecasters.category_network import ClassNetwork, inputs_of
from lstmcast.forecasters.logistic import Logistic
from lstmcast.forecasters.network import DTYPE
from lstmcast.forecasters.ridge import RidgeForecaster
from lstmcast.nn.losses import LossWorkspace, cross_entropy
from lstmcast.nn.network import Architecture, Inputs, Network
from lstmcast.nn.parameters import Parameters
from lstmcast.training.loop import Lesson, Schedule, State
from lstmcast.training.setup import lesson_of, optimizer_of, start_of

Numbers = NDArray[np.float64]


class Trainable(Protocol):
    """What can be trained: of numbers a Member, of classes another."""

    @property
    def schedule(self) -> Schedule:
        """How long to train."""

    def lesson(self) -> Lesson:
        """What to train with; the same each time."""

    def within(self, seconds: float, state: State | None) -> Trainable:
        """The same, to be trained from this state for no longer than so many seconds."""


@dataclass(frozen=True, eq=False)
class Member:
    """One network of numbers to train.

    training: (n,) origins; validation: None to keep the last weights instead of the best; weights: (P,) to go on from,
    NaN (or None for all) where it starts at the linear forecaster; frozen: names of parameters that nothing changes.
    """

    windows: Windows
    training: Integers
    validation: Validation | None
    ridge: RidgeForecaster
    architecture: Architecture
    options: Options
    schedule: Schedule
    seed: np.random.SeedSequence
    weights: Floats | None = None
    frozen: tuple[str, ...] = ()

    def lesson(self) -> Lesson:
        """What it trains with; the same seed gives the same lesson."""
        rng = seeded(self.seed)
        blocks = self.windows, self.training, self.validation
        lesson = lesson_of(self.architecture, *blocks, self.ridge, self.options, rng, self.frozen)
        if self.weights is not None:
            np.copyto(lesson.parameters.flat, self.weights, where=~np.isnan(self.weights))
        return lesson

    def within(self, seconds: float, state: State | None) -> Member:
        """The same, to be trained from this state for no longer than so many seconds."""
        schedule = limited(self.schedule, seconds, state)
        return self if schedule is self.schedule else dataclasses.replace(self, schedule=schedule)


@dataclass(frozen=True, eq=False)
class ClassMember:
    """One network of classes to train.

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
        forecaster = ClassNetwork(network.architecture, (weights.flat,), self.logistic)
        return validation.error(forecaster.predict((self.windows,), validation.origins))


def limited(schedule: Schedule, seconds: float, state: State | None) -> Schedule:
    """A schedule to go on with from a state for no longer than so many seconds."""
    if math.isinf(seconds):
        return schedule
    limit = max(seconds, 0.0) + (0.0 if state is None else state.seconds)
    return dataclasses.replace(schedule, seconds=limit)


def seeded(seed: np.random.SeedSequence) -> np.random.Generator:
    """The generator of all of a member's randomness."""
    return np.random.Generator(np.random.SFC64(seed))
