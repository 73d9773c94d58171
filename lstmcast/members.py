"""The members of a forecast: networks that differ in their seed alone, trained one by one or side by side."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np

from lstmcast.hybrid import lesson_of, schedule_of
from lstmcast.nn.network import Architecture
from lstmcast.nn.parameters import Parameters
from lstmcast.options import Options
from lstmcast.selection import Choice
from lstmcast.training import Lesson, Step, train


@dataclass(frozen=True)
class Member:
    """One network to train: plain data, so that a worker can be handed it."""

    choice: Choice
    architecture: Architecture
    options: Options
    seed: np.random.SeedSequence
    seconds: float | None

    def lesson(self) -> Lesson:
        """What it trains with; the same seed gives the same lesson."""
        choice, rng = self.choice, np.random.Generator(np.random.SFC64(self.seed))
        return lesson_of(
            self.architecture,
            choice.windows,
            choice.training,
            choice.validation,
            choice.highway,
            self.options,
            rng,
        )

    def steps(self, lesson: Lesson) -> Iterator[Step]:
        """Train; the lesson's parameters are the best ones at the end."""
        return train(lesson, schedule_of(self.choice.training, self.options, self.seconds))


def train_members(members: list[Member], threads: int | None) -> Generator[Step, None, tuple[Parameters, ...]]:
    """Report every step, or each member's last when they train side by side; the weights do not depend on which."""
    workers = min(threads or os.cpu_count() or 1, len(members))
    trained = _side_by_side(members, workers) if workers > 1 else _one_by_one(members)
    return (yield from trained)


def seconds_each(budget: float | None, members: int, threads: int | None) -> float | None:
    """The share of a budget that one member may take when `threads` of them train at a time."""
    if budget is None:
        return None
    workers = min(threads or os.cpu_count() or 1, members)
    return budget / math.ceil(members / workers)


def _one_by_one(members: list[Member]) -> Generator[Step, None, tuple[Parameters, ...]]:
    trained = []
    for number, member in enumerate(members):
        lesson = member.lesson()
        for step in member.steps(lesson):
            yield dataclasses.replace(step, member=number, members=len(members))
        trained.append(lesson.parameters)
    return tuple(trained)


def _side_by_side(members: list[Member], workers: int) -> Generator[Step, None, tuple[Parameters, ...]]:
    """One BLAS thread in each worker: the cores go to the members."""
    from joblib import Parallel, delayed, parallel_config

    trained = []
    with parallel_config(backend="loky", inner_max_num_threads=1):
        results = Parallel(n_jobs=workers, return_as="generator")(delayed(_train)(member) for member in members)
        for number, (parameters, step) in enumerate(results):
            yield dataclasses.replace(step, member=number, members=len(members))
            trained.append(parameters)
    return tuple(trained)


def _train(member: Member) -> tuple[Parameters, Step]:
    lesson = member.lesson()
    *_, last = member.steps(lesson)
    return lesson.parameters, last
