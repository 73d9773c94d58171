"""A network that can be trained, as plain data that a worker can be handed."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from lstmcast.core.options import Options
from lstmcast.core.panel import Floats, Integers
from lstmcast.data.split import Split
from lstmcast.data.windows import Windows
from lstmcast.evaluation.validation import Validates
from lstmcast.nn.network import Architecture
from lstmcast.training.checkpoint import Trained
from lstmcast.training.heads import Head
from lstmcast.training.loop import LoopState, Schedule, TrainingSetup
from lstmcast.training.setup import build_setup, gentle_schedule


@dataclass(frozen=True, eq=False)
class Trainable:
    """One network to train.

    training: (n,) origins; validation: None to keep the last weights instead of the best; weights: (P,) to go on from,
    NaN (or None for all) where it starts as its head says; frozen: names of parameters that nothing changes.
    """

    windows: Windows
    training: Integers
    validation: Validates | None
    head: Head
    architecture: Architecture
    options: Options
    schedule: Schedule
    seed: np.random.SeedSequence
    weights: Floats | None = None
    frozen: tuple[str, ...] = ()

    def setup(self) -> TrainingSetup:
        """Everything to train with; the same seed gives the same."""
        rng = np.random.Generator(np.random.SFC64(self.seed))
        rows = self.windows, self.training, self.validation
        setup = build_setup(self.architecture, *rows, self.head, self.options, rng, self.frozen)
        if self.weights is not None:
            np.copyto(setup.parameters.flat, self.weights, where=~np.isnan(self.weights))
        return setup

    def within(self, seconds: float, state: LoopState | None) -> Trainable:
        """Return this network, to be trained from this state for no longer than so many seconds."""
        if math.isinf(seconds):
            return self
        limit = max(seconds, 0.0) + (0.0 if state is None else state.seconds)
        return dataclasses.replace(self, schedule=dataclasses.replace(self.schedule, seconds=limit))

    def over_all_rows(self, trained: Trained, blocks: Split) -> Trainable:
        """Return this network, to go on gently over all rows to the end; nothing is held back to stop it."""
        windows = self.windows
        return dataclasses.replace(
            self,
            training=windows.usable(blocks.origins("all", windows.lookback, windows.horizon)),
            validation=None,
            schedule=gentle_schedule(self.schedule, trained.best_step),
            seed=self.seed.spawn(1)[0],
            weights=trained.weights,
        )
