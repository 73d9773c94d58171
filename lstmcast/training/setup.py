"""What one network is taught with: how long, by which rule and loss, from where; started at the linear forecaster."""

from __future__ import annotations

import dataclasses
import math
from functools import partial
from itertools import groupby

import numpy as np

from lstmcast.core.options import Options
from lstmcast.core.panel import Floats, Integers
from lstmcast.data.windows import Windows
from lstmcast.evaluation.validation import Validation
from lstmcast.forecasters.base import point
from lstmcast.forecasters.intervals import QUANTILES
from lstmcast.forecasters.network import DTYPE, LOSS, NetworkForecaster, inputs_of
from lstmcast.forecasters.ridge import RidgeForecaster
from lstmcast.nn.losses import LOSSES, LossWorkspace, pinball
from lstmcast.nn.network import Architecture, Inputs, Network
from lstmcast.nn.optimizers import OPTIMIZERS, Group, Optimizer
from lstmcast.nn.parameters import Parameters
from lstmcast.training.loop import Lesson, Loss, Schedule

HIGHWAY_RATE = 0.05
RATES = {"adamw": 4e-3, "adam": 4e-3, "rmsprop": 4e-3, "nesterov": 1.0, "momentum": 1.0, "sgd": 5.0}
WEIGHT_DECAY = 0.01
FINAL_STEPS = 0.3
FINAL_RATE = 0.3
SPREAD_WINDOWS = 2_000


def schedule_of(training: Integers, options: Options) -> Schedule:
    """How long to train on this many windows."""
    steps = options.steps
    if steps is None:
        steps = default_steps(len(training))
        if options.epochs is not None:
            steps = round(options.epochs * len(training) / options.batch)
    rate = options.lr or RATES[options.optimizer]
    kind, value = options.schedule, options.clip_value
    return Schedule(steps, rate, options.clip, options.patience, kind=kind, clip_value=value)


def final_schedule(schedule: Schedule, best_step: int) -> Schedule:
    """How to go on gently over all rows with weights that stood at their best at this step; nobody judges."""
    kind = "cosine" if schedule.kind == "plateau" else schedule.kind  # nobody is left to see a plateau
    steps, rate = round(FINAL_STEPS * best_step), FINAL_RATE * schedule.rate
    return dataclasses.replace(schedule, steps=steps, rate=rate, patience=None, kind=kind)


def default_steps(windows: int) -> int:
    """Training steps: 200 below 1,000 training windows, then more, 700 at 100,000 and 1,000 beyond."""
    if windows < 2_000:
        return 200 if windows < 1_000 else 300
    if windows > 100_000:
        return 1_000
    return round(400 + 300 * math.log(windows / 2_000) / math.log(50))


def lesson_of(
    architecture: Architecture,
    windows: Windows,
    training: Integers,
    validation: Validation | None,
    ridge: RidgeForecaster,
    options: Options,
    rng: np.random.Generator,
    frozen: tuple[str, ...] = (),
) -> Lesson:
    """Everything one member trains with, started at the linear forecaster; frozen: names of what nothing changes."""
    network = Network(architecture)
    parameters = network.start(rng, DTYPE, start=start_of(architecture))
    start_at_linear(network, parameters, windows, training, ridge)
    judge = None
    if validation is not None:
        judge = partial(_validation_error, network, windows, validation)
    return Lesson(
        network=network,
        parameters=parameters,
        workspace=network.workspace(options.batch, DTYPE),
        optimizer=optimizer_of(parameters, options, frozen),
        loss=_loss(options, architecture),
        sample=partial(_sample, windows, training, options.batch),
        validate=judge,
        rng=rng,
        frozen=tuple(parameters.slices[name] for name in frozen),
    )


def start_of(architecture: Architecture) -> str:
    """How weights start: a few long segments learn best from small uniform weights and no bias; many single rows
    remember from the first step on with orthogonal recurrent weights and a forget gate's bias of one."""
    return "uniform" if architecture.segment > 1 else "orthogonal"


def _validation_error(
    network: Network, windows: Windows, validation: Validation, weights: Parameters
) -> float:
    forecaster = NetworkForecaster(network.architecture, (weights.flat,))
    return validation.error(point(forecaster.predict((windows,), validation.origins)))


def _sample(
    windows: Windows, training: Integers, size: int, rng: np.random.Generator
) -> tuple[Inputs, Floats, Floats]:
    """A batch drawn with replacement: its cost does not depend on the number of rows."""
    batch = windows.batch(training[rng.integers(len(training), size=size)])
    return inputs_of(batch), batch.target, batch.weight


def _loss(options: Options, architecture: Architecture) -> Loss:
    """The loss, with its buffers made once."""
    workspace = LossWorkspace((architecture.horizon, architecture.quantiles, options.batch), DTYPE)
    loss = options.loss or LOSS
    if loss == "pinball":
        return partial(pinball, quantiles=np.array(QUANTILES, dtype=DTYPE), workspace=workspace)
    return partial(LOSSES[loss], workspace=workspace)


def optimizer_of(parameters: Parameters, options: Options, frozen: tuple[str, ...] = ()) -> Optimizer:
    """The update rule; the highway starts at its solution already: it moves slowly, and nothing pulls it to zero."""
    decay = WEIGHT_DECAY if options.optimizer == "adamw" else 0.0

    def kind(name: str) -> tuple[float, float]:
        is_highway = name.startswith("highway")
        return HIGHWAY_RATE if is_highway else 1.0, 0.0 if is_highway or name in frozen else decay

    groups = []
    for (factor, decay_of), names in groupby(parameters, kind):
        first, *_ = several = [parameters.slices[name] for name in names]
        groups.append(Group(slice(first.start, several[-1].stop), factor, decay_of))
    return OPTIMIZERS[options.optimizer](parameters.flat, groups)


def start_at_linear(
    network: Network,
    parameters: Parameters,
    windows: Windows,
    training: Integers,
    ridge: RidgeForecaster,
) -> None:
    """Set the highway to its closed-form solution and the output's bias to the spread it leaves,
    so that before the first step the forecast is nearly the linear one, with sensible quantiles around it."""
    architecture = network.architecture
    if not architecture.highway:
        return
    parameters["highway.weight"][...] = ridge.weight
    parameters["highway.bias"][...] = ridge.bias
    if architecture.quantiles == 1:
        return
    spaced = training[np.linspace(0, len(training) - 1, min(len(training), SPREAD_WINDOWS)).astype(np.int64)]
    past = windows.past(spaced)
    error = windows.targets(spaced) - (ridge.weight @ past + ridge.bias[:, None])
    rows = architecture.output_rows
    bias = parameters["output.bias"].reshape(rows, architecture.quantiles)
    for step in range(min(rows, windows.horizon)):
        spread = np.quantile(error[step::rows], QUANTILES)
        bias[step] = spread - spread[len(QUANTILES) // 2]
