"""The members of a forecast: networks that differ in their seed alone, trained one by one or side by side."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from lstmcast.hybrid import lesson_of
from lstmcast.linear.highway import Highway
from lstmcast.nn.network import Architecture
from lstmcast.nn.parameters import Parameters
from lstmcast.options import Options
from lstmcast.panel import Floats, Integers
from lstmcast.training import Lesson, Schedule, Step, train
from lstmcast.validation import Validation
from lstmcast.windows import Windows


@dataclass(frozen=True)
class Member:
    """One network to train: plain data, so that a worker can be handed it.

    training: (n,) origins; validation: None to keep the last weights instead of the best; weights: (P,) to go on from,
    NaN (or None for all) where it starts at the linear forecaster; frozen: names of parameters that nothing changes.
    """

    windows: Windows
    training: Integers
    validation: Validation | None
    highway: Highway
    architecture: Architecture
    options: Options
    schedule: Schedule
    seed: np.random.SeedSequence
    weights: Floats | None = None
    frozen: tuple[str, ...] = ()

    def lesson(self) -> Lesson:
        """What it trains with; the same seed gives the same lesson."""
        rng = np.random.Generator(np.random.SFC64(self.seed))
        blocks = self.windows, self.training, self.validation
        lesson = lesson_of(self.architecture, *blocks, self.highway, self.options, rng, self.frozen)
        if self.weights is not None:
            np.copyto(lesson.parameters.flat, self.weights, where=~np.isnan(self.weights))
        return lesson


@dataclass(frozen=True)
class Trained:
    """A member's best weights and the step at which they stood."""

    parameters: Parameters
    best_step: int


Training = Generator[Step, None, tuple[Trained, ...]]


def train_members(members: list[Member], threads: int | None) -> Training:
    """Report every step, or each member's last when they train side by side; the weights do not depend on which."""
    workers = min(threads or os.cpu_count() or 1, len(members))
    return (yield from _side_by_side(members, workers) if workers > 1 else _one_by_one(members))


def seconds_each(budget: float | None, members: int, threads: int | None) -> float | None:
    """The share of a budget that one member may take when `threads` of them train at a time."""
    if budget is None:
        return None
    workers = min(threads or os.cpu_count() or 1, members)
    return budget / math.ceil(members / workers)


def _one_by_one(members: list[Member]) -> Training:
    trained = []
    for number, member in enumerate(members):
        lesson = member.lesson()
        for step in train(lesson, member.schedule):
            yield dataclasses.replace(step, member=number, members=len(members))
        trained.append(Trained(lesson.parameters, lesson.best_step))
    return tuple(trained)


def _side_by_side(members: list[Member], workers: int) -> Training:
    """One BLAS thread in each worker: the cores go to the members."""
    from joblib import Parallel, delayed, parallel_config

    trained = []
    with parallel_config(backend="loky", inner_max_num_threads=1):
        results = Parallel(n_jobs=workers, return_as="generator")(delayed(_to_the_end)(m) for m in members)
        for number, (result, step) in enumerate(results):
            yield dataclasses.replace(step, member=number, members=len(members))
            trained.append(result)
    return tuple(trained)


def _to_the_end(member: Member) -> tuple[Trained, Step]:
    lesson = member.lesson()
    *_, last = train(lesson, member.schedule)
    return Trained(lesson.parameters, lesson.best_step), last
