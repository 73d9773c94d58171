"""The time that a search takes: reckoned from the work of its trainings, and measured on the first of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lstmcast.core.options import Options
from lstmcast.training.setup import default_steps

Rounds = Sequence[tuple[int, float]]  # folds, share of the steps
KEPT = 3  # one of so many settings goes on to the next round
MOST_TRIALS = 10_000
_MEAN_EFFORT = 1.6  # of the steps of a random setting, beside those of the default one
# Of an ordinary machine: seconds of what is no step, for a training and for each row of it, and of a step at 64
# hidden units with a batch of 128. Two cores are reckoned with, however many workers there are.
_FIXED, _A_ROW, _A_STEP = 0.6, 6e-4, 0.02
_CORES = 2
_LINEAR = 0.8  # of a step, the share that grows with the hidden units and not with their square
_WHATEVER_BATCH = 1 / 3  # of a step, the share that does not grow with the batch


@dataclass(frozen=True)
class Pace:
    """Seconds of one core for the default setting: its steps, all of them, and all else (fixed)."""

    fixed: float
    steps: float

    @staticmethod
    def reckoned(options: Options, rows: int) -> Pace:
        """The pace by the work that there is: the same on every machine, whatever else runs there."""
        steps = default_steps(rows) if options.steps is None else options.steps
        if options.epochs is not None:
            steps = math.ceil(options.epochs * rows / options.batch)
        width = options.hidden / 64
        effort = options.members * options.layers * (_LINEAR * width + (1 - _LINEAR) * width**2)
        size = _WHATEVER_BATCH + (1 - _WHATEVER_BATCH) * options.batch / 128
        return Pace(_FIXED + _A_ROW * rows, _A_STEP * steps * effort * size)

    def search(self, trials: int, rounds: Rounds) -> float:
        """Seconds of a search over so many settings, one training at a time."""
        taken, racing = 0.0, trials
        for folds, share in rounds:
            taken += racing * folds * self.training(share)
            racing = survivors(racing)
        return taken

    def training(self, share: float) -> float:
        """Seconds of a training with a share of the steps, in the mean over settings."""
        return self.fixed + share * _MEAN_EFFORT * self.steps

    def trials_within(self, seconds: float, rounds: Rounds) -> int:
        """The most settings, and two at least, whose search takes no longer on two cores."""
        few, many = 2, MOST_TRIALS
        while few < many:
            middle = (few + many + 1) // 2
            fits = self.search(middle, rounds) <= _CORES * seconds
            few, many = (middle, many) if fits else (few, middle - 1)
        return few


def survivors(racing: int) -> int:
    """The number of these settings in the next round: the default one, and a third of them."""
    return min(1 + max(racing // KEPT, 1), racing)
