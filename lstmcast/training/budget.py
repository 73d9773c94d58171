"""The time that a training should take, from a few timed steps, and a budget spread over its parts."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from lstmcast.core.options import Options, seconds
from lstmcast.training.loop import VALIDATIONS
from lstmcast.training.setup import GENTLE_STEPS
from lstmcast.training.trainable import Trainable
from lstmcast.training.workers import workers_for

TIMED_STEPS = 5
LOOKS_AFTERWARDS = (
    4  # at about as many windows as validation has: for the blend (twice), the band and the verdict
)


@dataclass(frozen=True)
class Expectation:
    """Seconds that each part of a training should take, and those that are left of the budget.

    networks: how many are trained, each for so many steps of `step_seconds`; training: all of them;
    judging: what comes between; final: the last round over all rows.
    """

    networks: int
    steps: int
    step_seconds: float
    training: float
    judging: float
    final: float
    left: float

    @property
    def seconds(self) -> float:
        """All in all."""
        return self.training + self.judging + self.final

    @property
    def for_training(self) -> float:
        """Seconds for the networks: their share of what is left, once they are to be judged."""
        both = self.training + self.final
        return max(self.left - self.judging, 0.0) * (self.training / both if both else 1.0)


def deadline(options: Options, began: float | None) -> float:
    """Return when a budget that began then, else now, is spent (`time.monotonic`); infinite without one."""
    if options.budget is None:
        return math.inf
    return (time.monotonic() if began is None else began) + seconds(options.budget, "--budget")


def expected(members: Sequence[Trainable], options: Options, until: float) -> Expectation:
    """Return what training these members should take, and its last round; until: when the budget ends."""
    final = GENTLE_STEPS if options.final else 0.0
    return expect(members, options.members, options.threads, final, until - time.monotonic())


def expect(
    members: Sequence[Trainable], winners: int, threads: int | None, final: float, left: float
) -> Expectation:
    """Return the time to train these members, then the winners again for a share `final` of the steps.

    left: seconds that are left of the budget.
    """
    steps = members[0].schedule.steps
    step, look = _timed(members[0])
    rounds = _rounds(len(members), threads)
    return Expectation(
        networks=len(members),
        steps=steps,
        step_seconds=step,
        training=rounds * (steps * step + (VALIDATIONS + 1) * look),
        judging=LOOKS_AFTERWARDS * len(members) * look,
        final=_rounds(winners, threads) * final * steps * step,
        left=left,
    )


def _rounds(members: int, threads: int | None) -> int:
    return math.ceil(members / workers_for(members, threads))


def _timed(member: Trainable) -> tuple[float, float]:
    """Seconds of a step and of a look at the validation rows, of a copy that is thrown away."""
    setup = member.setup()
    started = time.monotonic()
    if setup.validate is not None:
        setup.validate(setup.parameters)
    look = time.monotonic() - started
    times = []
    for _ in range(TIMED_STEPS):
        started = time.monotonic()
        setup.learn(0.0, member.schedule)
        times.append(time.monotonic() - started)
    return statistics.median(times), look
