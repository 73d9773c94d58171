"""Everything that one network is taught with: how long, by which rule and loss, and from where."""

from __future__ import annotations

import dataclasses
import math
from functools import partial
from itertools import groupby

import numpy as np

from lstmcast.core.options import Options
from lstmcast.core.panel import Floats, Integers
from lstmcast.data.windows import Windows
from lstmcast.evaluation.validation import Validates
from lstmcast.forecasters.network import DTYPE
from lstmcast.nn.network import Architecture, Inputs, Network
from lstmcast.nn.optimizers import OPTIMIZERS, Optimizer, ParameterGroup
from lstmcast.nn.parameters import Parameters
from lstmcast.training.heads import Head
from lstmcast.training.loop import Schedule, TrainingSetup

HIGHWAY_RATE = 0.05
RATES = {"adamw": 4e-3, "adam": 4e-3, "rmsprop": 4e-3, "nesterov": 1.0, "momentum": 1.0, "sgd": 5.0}
WEIGHT_DECAY = 0.01
GENTLE_STEPS = 0.3
GENTLE_RATE = 0.3


def build_schedule(training: Integers, options: Options) -> Schedule:
    """Return the schedule for training on this many windows."""
    steps = options.steps
    if steps is None:
        steps = default_steps(len(training))
        if options.epochs is not None:
            steps = round(options.epochs * len(training) / options.batch)
    rate = options.lr or RATES[options.optimizer]
    kind, value = options.schedule, options.clip_value
    is_free = options.steps is None and options.epochs is None and options.patience is None
    adapts = is_free and kind == "cosine"
    return Schedule(
        steps, rate, options.clip, options.patience, kind=kind, clip_value=value, is_adaptive=adapts
    )


def gentle_schedule(schedule: Schedule, steps: int) -> Schedule:
    """Return a gentle schedule for weights that took so many steps: a share of them, at a share of the rate.

    Nothing is held back to judge by, so that there is neither a plateau nor an early end.
    """
    kind = "cosine" if schedule.kind == "plateau" else schedule.kind
    steps, rate = round(GENTLE_STEPS * steps), GENTLE_RATE * schedule.rate
    return dataclasses.replace(schedule, steps=steps, rate=rate, patience=None, kind=kind, is_adaptive=False)


def default_steps(windows: int) -> int:
    """Training steps: 200 below 1,000 training windows, then more, 700 at 100,000 and 1,000 beyond."""
    if windows < 2_000:
        return 200 if windows < 1_000 else 300
    if windows > 100_000:
        return 1_000
    return round(400 + 300 * math.log(windows / 2_000) / math.log(50))


def build_setup(
    architecture: Architecture,
    windows: Windows,
    training: Integers,
    validation: Validates | None,
    head: Head,
    options: Options,
    rng: np.random.Generator,
    frozen: tuple[str, ...] = (),
) -> TrainingSetup:
    """Everything one member trains with, started where its head says; frozen: names of what nothing changes."""
    network = Network(architecture)
    parameters = network.start(rng, DTYPE, start=start_of(architecture))
    head.begin(architecture, parameters, windows, training)
    return TrainingSetup(
        network=network,
        parameters=parameters,
        workspace=network.workspace(options.batch, DTYPE),
        optimizer=build_optimizer(parameters, options, frozen),
        loss=head.loss(architecture, options),
        sample=partial(_sample, head, windows, training, options.batch),
        validate=None if validation is None else partial(_error, head, architecture, windows, validation),
        rng=rng,
        frozen=tuple(parameters.slices[name] for name in frozen),
    )


def _error(
    head: Head, architecture: Architecture, windows: Windows, validation: Validates, weights: Parameters
) -> float:
    forecaster = head.forecaster(architecture, (weights.flat,))
    return validation.error_of(forecaster.predict((windows,), validation.origins))


def _sample(
    head: Head, windows: Windows, training: Integers, size: int, rng: np.random.Generator
) -> tuple[Inputs, Floats, Floats]:
    """A batch drawn with replacement: its cost does not depend on the number of rows."""
    return head.sample(windows, training[rng.integers(len(training), size=size)])


def start_of(architecture: Architecture) -> str:
    """Return the way in which weights start.

    A few long segments learn best from small uniform weights and no bias. Many single rows remember from the
    first step on with orthogonal recurrent weights and a forget gate's bias of one.
    """
    return "uniform" if architecture.segment > 1 else "orthogonal"


def build_optimizer(parameters: Parameters, options: Options, frozen: tuple[str, ...] = ()) -> Optimizer:
    """The update rule; the highway starts at its solution already: it moves slowly, and nothing pulls it to zero."""
    decay = WEIGHT_DECAY if options.optimizer == "adamw" else 0.0

    def kind(name: str) -> tuple[float, float]:
        is_highway = name.startswith("highway")
        return HIGHWAY_RATE if is_highway else 1.0, 0.0 if is_highway or name in frozen else decay

    groups = []
    for (factor, decay_of), names in groupby(parameters, kind):
        first, *_ = several = [parameters.slices[name] for name in names]
        groups.append(ParameterGroup(slice(first.start, several[-1].stop), factor, decay_of))
    return OPTIMIZERS[options.optimizer](parameters.flat, groups)
