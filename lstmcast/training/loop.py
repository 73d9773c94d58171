"""The training loop: reports each step, can be left between two of them, and leaves the best weights behind."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import TrainingError
from lstmcast.core.panel import Floats
from lstmcast.evaluation.report import MOST_ROUNDS
from lstmcast.nn.network import Inputs, Network, NetworkWorkspace
from lstmcast.nn.optimizers import Optimizer, clip_norm, clip_value
from lstmcast.nn.parameters import Parameters
from lstmcast.nn.schedules import SCHEDULES

WARMUP = 50
LAST_RATE = 0.02
VALIDATIONS = 14
MOST_RESTARTS = 3
PLATEAU = 2
PLATEAU_FACTOR = 0.3
NEXT_RATE = 0.5
FEWEST_STALE, STALE_A_GAIN = 5, 2

Loss = Callable[[Floats, Floats, Floats], tuple[float, Floats]]
Sample = Callable[[np.random.Generator], tuple[Inputs, Floats, Floats]]


@dataclass(frozen=True)
class Step:
    """The outcome of one training step; validation_loss is NaN between validations.

    is_late: whether it is the last one because the time was up.
    """

    number: int
    total: int
    train_loss: float
    validation_loss: float
    is_best: bool
    seconds: float
    member: int = 0
    members: int = 1
    is_late: bool = False


@dataclass(frozen=True)
class Schedule:
    """The pace of training: steps, highest rate, gradient norm, validations without a gain before it stops.

    seconds: the longest time to go on for; None for no limit. kind: a name of SCHEDULES; a plateau, which needs a
    judge, is PLATEAU validations without a gain, and lowers the rate to PLATEAU_FACTOR of it. clip_value: largest
    size of an element of the gradient, before its norm is looked at; None for no limit. is_adaptive: whether training
    goes on for another round of so many steps where the last one was the best, up to MOST_ROUNDS, at NEXT_RATE of the
    rate; and stops early where it gained nothing for FEWEST_STALE validations and STALE_A_GAIN for each that the best
    one took.
    """

    steps: int
    rate: float
    clip: float
    patience: int | None = None
    seconds: float | None = None
    kind: str = "cosine"
    clip_value: float | None = None
    is_adaptive: bool = False

    @property
    def validate_every(self) -> int:
        """Steps between two validations."""
        return max(self.steps // VALIDATIONS, 1)

    def rate_at(self, number: int) -> float:
        """The learning rate of a step (1, 2, …): a cosine goes down to a fiftieth in each round."""
        if number > self.steps:
            place = (number - 1) % self.steps
            return NEXT_RATE * self.rate * SCHEDULES[self.kind](place, self.steps, 0, LAST_RATE)
        warmup = min(WARMUP, self.steps // 4)
        return self.rate * SCHEDULES[self.kind](number - 1, self.steps, warmup, LAST_RATE)

    def planned(self, number: int, best: int) -> int:
        """The step to which training goes that has come to one, where another was the best so far."""
        if not self.is_adaptive or number < self.steps:
            return self.steps
        rounds = math.ceil(number / self.steps)
        goes_on = number == rounds * self.steps == best and rounds < MOST_ROUNDS
        return (rounds + goes_on) * self.steps

    def is_stale(self, stale: int, best: int) -> bool:
        """True after too many validations without a gain, where the best one was at this step."""
        if self.is_adaptive:
            return stale >= FEWEST_STALE + STALE_A_GAIN * math.ceil(best / self.validate_every)
        return self.patience is not None and stale >= self.patience

    def is_plateau(self, stale: int) -> bool:
        """True where the rate falls after so many validations without a gain."""
        return self.kind == "plateau" and stale > 0 and stale % PLATEAU == 0

    def clipped(self, gradient: Floats) -> float:
        """Clip a gradient (P,) in place; its norm before that by norm."""
        if self.clip_value is not None:
            clip_value(gradient, self.clip_value)
        return clip_norm(gradient, self.clip)


@dataclass
class TrainingSetup:
    """The parts that one network trains with: a source of batches, a loss, an optimizer and a judge.

    sample(rng) -> inputs, target (K, B), weight (K, B); validate(parameters) -> error on validation rows.
    best_step: at which step the parameters stood that training leaves behind; frozen: parts of the flat vector that
    nothing changes.
    """

    network: Network
    parameters: Parameters
    workspace: NetworkWorkspace
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


@dataclass(eq=False)
class Best:
    """The weights (P,) with the lowest validation error so far, the step they stood at, and validations since."""

    weights: NDArray[np.floating]
    error: float
    step: int = 0
    stale: int = 0

    def offer(self, weights: NDArray[np.floating], error: float, step: int) -> bool:
        """Keep a copy of these weights if their error is lower."""
        if error < self.error:
            self.weights, self.error, self.step, self.stale = weights.copy(), error, step, 0
            return True
        self.stale += 1
        return False


@dataclass(frozen=True, eq=False)
class LoopState:
    """A training between two steps, as plain data: going on from it ends in the bits of one that was never left.

    step: the last one done; weights: (P,); optimizer: its arrays by name; generator: (6,) the words of `words_of`;
    slower: the factor that divergence and plateaus have put on the rate; seconds: how long it took so far.
    """

    step: int
    weights: NDArray[np.floating]
    best: Best
    optimizer: Mapping[str, NDArray[Any]]
    generator: NDArray[np.uint64]
    slower: float
    restarts: int
    seconds: float


class Training:
    """One network's training: iterate it for its steps; when it is exhausted the parameters are the best ones seen.

    Without a judge the last weights are kept. A loss that is not finite goes back to the best weights at half the
    rate; after MOST_RESTARTS of these TrainingError is raised. It starts anew, or goes on from a state.
    """

    def __init__(self, setup: TrainingSetup, schedule: Schedule, state: LoopState | None = None) -> None:
        self._setup, self._schedule = setup, schedule
        self._step, self._slower, self._restarts, self._seconds = 0, 1.0, 0, 0.0
        self._best = Best(setup.parameters.flat.copy(), math.nan)
        self._is_new = state is None
        if state is not None:
            self._restore(state)

    def __iter__(self) -> Iterator[Step]:
        started = time.monotonic() - self._seconds
        if self._is_new:
            self._best.error = _judge(self._setup)
            yield Step(0, self._schedule.steps, math.nan, self._best.error, True, 0.0)
        while not self._is_over():
            loss = self._learn()
            self._seconds = time.monotonic() - started
            yield self._look(loss)
        self._leave_best()

    def state(self) -> LoopState:
        """Return where training stands; to be asked for between two steps."""
        setup = self._setup
        return LoopState(
            step=self._step,
            weights=setup.parameters.flat.copy(),
            best=dataclasses.replace(self._best),
            optimizer=setup.optimizer.state(),
            generator=words_of(setup.rng),
            slower=self._slower,
            restarts=self._restarts,
            seconds=self._seconds,
        )

    def _restore(self, state: LoopState) -> None:
        setup = self._setup
        setup.parameters.flat[:] = state.weights
        setup.optimizer.restore(state.optimizer)
        set_words(setup.rng, state.generator)
        self._best = dataclasses.replace(state.best)
        self._step, self._slower = state.step, state.slower
        self._restarts, self._seconds = state.restarts, state.seconds

    def _is_over(self) -> bool:
        return self._step >= self._planned() or self._is_late() or self._is_stale()

    def _planned(self) -> int:
        return self._schedule.planned(self._step, self._best.step)

    def _is_stale(self) -> bool:
        return self._schedule.is_stale(self._best.stale, self._best.step)

    def _is_late(self) -> bool:
        """True once the time is up; a step is always taken."""
        seconds = self._schedule.seconds
        return seconds is not None and self._step > 0 and self._seconds >= seconds

    def _learn(self) -> float:
        """The next step; its loss, or NaN where it diverged and went back."""
        self._step += 1
        loss = self._setup.learn(self._slower * self._schedule.rate_at(self._step), self._schedule)
        if not math.isfinite(loss):
            self._slower, self._restarts = self._slower / 2, self._restarts + 1
            _restart(self._setup, self._best, self._restarts)
        return loss

    def _look(self, loss: float) -> Step:
        """Return what the step came to, judged where it is time for that."""
        schedule, number, is_late = self._schedule, self._step, self._is_late()
        error, is_best = math.nan, False
        if number % schedule.validate_every == 0 or number % schedule.steps == 0 or is_late:
            error = _judge(self._setup)
            is_best = self._best.offer(self._setup.parameters.flat, error, number)
            self._slower *= PLATEAU_FACTOR if schedule.is_plateau(self._best.stale) else 1.0
        planned = self._planned()
        is_cut = is_late and number < planned
        return Step(number, planned, loss, error, is_best, self._seconds, is_late=is_cut)

    def _leave_best(self) -> None:
        if self._setup.validate is not None:
            self._setup.parameters.flat[:] = self._best.weights
            self._setup.best_step = self._best.step


def words_of(rng: np.random.Generator) -> NDArray[np.uint64]:
    """(6,) the state of an SFC64 generator: its four words, then whether half a word is left over, and that half."""
    state = rng.bit_generator.state
    return np.array([*state["state"]["state"], state["has_uint32"], state["uinteger"]], dtype=np.uint64)


def set_words(rng: np.random.Generator, words: NDArray[np.uint64]) -> None:
    """Put an SFC64 generator into the state of `words_of`."""
    *numbers, has_half, half = (int(word) for word in words)
    inner = {"state": np.array(numbers, dtype=np.uint64)}
    rng.bit_generator.state = {
        "bit_generator": "SFC64",
        "state": inner,
        "has_uint32": has_half,
        "uinteger": half,
    }


def _judge(setup: TrainingSetup) -> float:
    return math.nan if setup.validate is None else setup.validate(setup.parameters)


def _restart(setup: TrainingSetup, best: Best, restarts: int) -> None:
    if restarts > MOST_RESTARTS:
        raise TrainingError(
            f"training diverged {restarts} times, even at 1/{2**MOST_RESTARTS} of the learning rate; "
            "try a lower --lr or --clip, or look for extreme values in the target"
        )
    setup.parameters.flat[:] = best.weights
    # What the optimizer remembers is how it got lost: it starts anew.
    state = setup.optimizer.state()
    setup.optimizer.restore({name: np.zeros_like(array) for name, array in state.items()})
