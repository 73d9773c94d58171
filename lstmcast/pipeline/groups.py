"""A model for each of many groups: tasks that read, train and give back the bytes of a model file."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from lstmcast.core.errors import LstmcastError
from lstmcast.core.options import Options, seconds
from lstmcast.core.panel import Panel
from lstmcast.evaluation.verdict import error_measure, skill
from lstmcast.model.model import Model

Group = tuple[str, ...]
BASE_MEMORY = 250_000_000  # bytes of a worker before it has read anything
_COPIES = 60  # of a group's numbers, as float64, that training holds at its peak


class Read(Protocol):
    """A group as its worker reads it."""

    @property
    def panel(self) -> Panel:
        """The numbers."""

    @property
    def shown(self) -> dict[str, Any]:
        """Options that the rows showed and a shorter file may not."""

    @property
    def time_column(self) -> str | None:
        """The name of the column of time."""


@dataclass(frozen=True)
class GroupTask:
    """A group to be trained, as it travels: where its rows stand, not the rows.

    read: reads them, and can be pickled; finished: the fingerprint of a model that is there already.
    """

    group: Group
    read: Callable[[], Read]
    options: Options
    finished: str | None = None

    def __call__(self) -> TrainedGroup:
        """Train; whatever goes wrong is in the result, so that other groups go on."""
        try:
            return _trained(self)
        except Exception as error:
            return TrainedGroup(self.group, failure=failure_of(error))


@dataclass(frozen=True)
class TrainedGroup:
    """The result for a group: the bytes of its model, or why there are none.

    data: None where the finished model is kept; training: a fingerprint of all that decides the bits; failure: the name
    of an error and its message.
    """

    group: Group
    data: bytes | None = None
    training: str = ""
    verdict: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    failure: tuple[str, str] | None = None
    seconds: float = 0.0


def failure_of(error: Exception) -> tuple[str, str]:
    """The name of an error's kind and its message, in one line."""
    if isinstance(error, LstmcastError):
        return error.name, str(error)
    if isinstance(error, MemoryError):
        return "E_TRAINING", f"not enough memory ({error})"
    return "E_BUG", f"a bug of ours, {type(error).__name__}: {error}"


def seed_of(seed: int, group: Sequence[str]) -> int:
    """The seed of a group, which comes from its name: so neither its place in the file nor other groups matter."""
    digest = hashlib.sha256("\0".join((str(seed), *group)).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:4], "big")


def options_of(options: Options, group: Sequence[str]) -> Options:
    """The options of one group: a seed of its own, and one thread, since cores go to groups."""
    return dataclasses.replace(options, seed=seed_of(options.seed, group), threads=1, budget=None)


def yield_tasks(
    readers: Mapping[Group, Callable[[], Read]],
    options: Options,
    finished: Mapping[Group, str],
    workers: int,
    began: float,
) -> Iterator[GroupTask]:
    """Yield the task of each group; a budget is shared, when a task is given out, among those that are left.

    began: when the budget began to run, of `time.monotonic`.
    """
    until = math.inf if options.budget is None else began + seconds(options.budget, "--budget")
    for number, (group, read) in enumerate(readers.items()):
        own = options_of(options, group)
        if not math.isinf(until):
            rounds = math.ceil((len(readers) - number) / workers)
            share = max((until - time.monotonic()) / rounds, 0.0)
            own = dataclasses.replace(own, budget=f"{share:.3f}s")
        yield GroupTask(group, read, own, finished.get(group))


def _trained(task: GroupTask) -> TrainedGroup:
    from lstmcast import persistence
    from lstmcast.pipeline.fit import fit
    from lstmcast.training.checkpoint import fingerprint

    began = time.monotonic()
    reading = task.read()
    options = dataclasses.replace(task.options, **reading.shown)
    pretrained = None if options.from_ is None else persistence.load(options.from_)
    start = pretrained.networks if pretrained is not None else []
    training = fingerprint(reading.panel, options, start[0].weights if start else ())
    if training == task.finished:
        return TrainedGroup(task.group, training=training)
    model = fit(reading.panel, options, reading.time_column, pretrained=pretrained)
    took = time.monotonic() - began
    return TrainedGroup(task.group, persistence.to_bytes(model), training, verdict_of(model), seconds=took)


def verdict_of(model: Model) -> dict[str, Any]:
    """Return how a model did on rows that it had not seen, in short.

    skill: by which share its error is below that of the best baseline; measure, error: which error, and how large.
    """
    return verdict_by(model.report["test"])


def verdict_by(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict of these figures, as `verdict_of` has it."""
    measure = error_measure(metrics)
    found, rival = skill(metrics) if measure is not None else (None, "")
    error = None if measure is None else metrics["model"][measure]
    return {"skill": _plain(found), "best_baseline": rival, "measure": measure, "error": _plain(error)}


def _plain(number: float | None) -> float | None:
    return None if number is None or not math.isfinite(number) else float(number)


def memory_of(rows: int, columns: int) -> int:
    """Bytes that a worker needs for a group of so many rows, roughly."""
    return BASE_MEMORY + _COPIES * 8 * rows * max(columns, 1)
