"""The training loop: a generator that reports each step, and leaves the best weights behind."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.errors import TrainingError
from lstmcast.nn.network import Inputs, Network, Workspace
from lstmcast.nn.optimizers import Optimizer, clip_norm, clip_value
from lstmcast.nn.parameters import Parameters
from lstmcast.nn.schedules import SCHEDULES
from lstmcast.panel import Floats

WARMUP = 50
LAST_RATE = 0.02
VALIDATIONS = 14
MOST_RESTARTS = 3
PLATEAU = 2
PLATEAU_FACTOR = 0.3

Loss = Callable[[Floats, Floats, Floats], tuple[float, Floats]]
Sample = Callable[[np.random.Generator], tuple[Inputs, Floats, Floats]]


@dataclass(frozen=True)
class Step:
    """What happened at one training step; validation_loss is NaN between validations."""

    number: int
    total: int
    train_loss: float
    validation_loss: float
    is_best: bool
    seconds: float
    member: int = 0
    members: int = 1


@dataclass(frozen=True)
class Schedule:
    """How long and how fast: steps, highest rate, gradient norm, and validations without a gain before stopping.

    seconds: the longest time to go on for; None for no limit. kind: a name of SCHEDULES; a plateau, which needs a
    judge, is PLATEAU validations without a gain, and lowers the rate to PLATEAU_FACTOR of it. clip_value: largest
    size of an element of the gradient, before its norm is looked at; None for no limit.
    """

    steps: int
    rate: float
    clip: float
    patience: int | None = None
    seconds: float | None = None
    kind: str = "cosine"
    clip_value: float | None = None

    @property
    def validate_every(self) -> int:
        """Steps between two validations."""
        return max(self.steps // VALIDATIONS, 1)

    def rate_at(self, number: int) -> float:
        """The learning rate of a step (1, 2, …): a cosine goes down to a fiftieth."""
        warmup = min(WARMUP, self.steps // 4)
        return self.rate * SCHEDULES[self.kind](number - 1, self.steps, warmup, LAST_RATE)

    def is_plateau(self, stale: int) -> bool:
        """True where the rate falls after so many validations without a gain."""
        return self.kind == "plateau" and stale > 0 and stale % PLATEAU == 0

    def clipped(self, gradient: Floats) -> float:
        """Clip a gradient (P,) in place; its norm before that by norm."""
        if self.clip_value is not None:
            clip_value(gradient, self.clip_value)
        return clip_norm(gradient, self.clip)


@dataclass
class Lesson:
    """What one network trains with: a source of batches, a loss, an optimizer and a judge.

    sample(rng) -> inputs, target (K, B), weight (K, B); validate(parameters) -> error on validation rows.
    best_step: at which step the parameters stood that training leaves behind; frozen: parts of the flat vector that
    nothing changes.
    """

    network: Network
    parameters: Parameters
    workspace: Workspace
    optimizer: Optimizer
    loss: Loss
    sample: Sample
    validate: Callable[[Parameters], float] | None
    rng: np.random.Generator
    best_step: int = 0
    frozen: tuple[slice, ...] = ()

    def learn(self, rate: float, schedule: Schedule) -> float:
        """One batch forward, backward and update; the loss, or NaN (and no update) where the gradient is not finite."""
        inputs, target, weight = self.sample(self.rng)
        output, cache = self.network.forward(self.parameters, inputs, self.workspace, self.rng)
        loss, d_output = self.loss(output, target, weight)
        gradient = self.network.backward(self.parameters, cache, d_output)
        for part in self.frozen:
            gradient.flat[part] = 0
        if not (math.isfinite(loss) and math.isfinite(schedule.clipped(gradient.flat))):
            return math.nan
        self.optimizer.step(gradient.flat, rate)
        return loss


@dataclass
class _Best:
    """The weights with the lowest validation error so far, and how long ago that was."""

    weights: NDArray[np.floating]
    error: float
    step: int = 0
    stale: int = 0

    def offer(self, weights: NDArray[np.floating], error: float, step: int) -> bool:
        if error < self.error:
            self.weights, self.error, self.step, self.stale = weights.copy(), error, step, 0
            return True
        self.stale += 1
        return False


def train(lesson: Lesson, schedule: Schedule) -> Iterator[Step]:
    """Train until the schedule ends; when the generator is exhausted the parameters are the best ones seen.

    Without a judge the last weights are kept. A loss that is not finite goes back to the best weights at half the
    rate; after MOST_RESTARTS of these TrainingError is raised.
    """
    started = time.monotonic()
    best = _Best(lesson.parameters.flat.copy(), _judge(lesson))
    yield Step(0, schedule.steps, math.nan, best.error, True, 0.0)
    slower, restarts = 1.0, 0
    for number in range(1, schedule.steps + 1):
        loss = lesson.learn(slower * schedule.rate_at(number), schedule)
        if not math.isfinite(loss):
            slower, restarts = slower / 2, restarts + 1
            _restart(lesson, best, restarts)
        seconds = time.monotonic() - started
        out_of_time = schedule.seconds is not None and seconds >= schedule.seconds
        error, is_best = math.nan, False
        if number % schedule.validate_every == 0 or number == schedule.steps or out_of_time:
            error = _judge(lesson)
            is_best = best.offer(lesson.parameters.flat, error, number)
            slower *= PLATEAU_FACTOR if schedule.is_plateau(best.stale) else 1.0
        yield Step(number, schedule.steps, loss, error, is_best, seconds)
        if out_of_time or (schedule.patience is not None and best.stale >= schedule.patience):
            break
    if lesson.validate is not None:
        lesson.parameters.flat[:] = best.weights
        lesson.best_step = best.step


def _judge(lesson: Lesson) -> float:
    return math.nan if lesson.validate is None else lesson.validate(lesson.parameters)


def _restart(lesson: Lesson, best: _Best, restarts: int) -> None:
    if restarts > MOST_RESTARTS:
        raise TrainingError(
            f"training diverged {restarts} times, even at 1/{2**MOST_RESTARTS} of the learning rate; "
            "try a lower --lr or --clip, or look for extreme values in the target"
        )
    lesson.parameters.flat[:] = best.weights
    # What the optimizer remembers is how it got lost: it starts anew.
    state = lesson.optimizer.state()
    lesson.optimizer.restore({name: np.zeros_like(array) for name, array in state.items()})
