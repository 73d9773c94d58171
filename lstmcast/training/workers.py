"""The members of a forecast: networks that differ in their seed alone, trained one by one or side by side."""

from __future__ import annotations

import dataclasses
import math
import os
import signal
import threading
import time
import warnings
from collections.abc import Generator, Iterator, Sequence

from lstmcast.training.checkpoint import Progress, Trained
from lstmcast.training.loop import LoopState, Step, Training
from lstmcast.training.trainable import Trainable

STATE_EVERY = 0.5  # seconds of training between two states: at most so much is done again
SLICE = 2.0  # the same side by side, where a state travels between processes
_GLANCE = 0.2  # seconds between two looks of a worker at who its parent is


Events = Generator[Step | Progress, None, tuple[Trained, ...]]


def train_members(
    members: Sequence[Trainable], threads: int | None, start: Progress | None = None, until: float = math.inf
) -> Events:
    """Report steps and, now and then, how far all have come; the weights depend on neither threads nor start.

    start: what is done already; until: when the time is up (of `time.monotonic`), shared among those to be trained.
    """
    progress = start or Progress()
    workers = workers_for(len(members) - len(progress.finished), threads)
    one_or_more = _side_by_side(members, workers, progress, until)
    progress = yield from one_or_more if workers > 1 else _one_by_one(members, progress, until)
    return tuple(progress.finished[number] for number in range(len(members)))


def workers_for(members: int, threads: int | None) -> int:
    """Return how many members train at a time."""
    return min(threads or cores(), members)


def cores() -> int:
    """Return how many cores this process may use: in a container, or where affinity is set, fewer than there are."""
    from joblib import cpu_count

    return int(cpu_count())


def _rest(members: Sequence[Trainable], progress: Progress) -> list[int]:
    return [number for number in range(len(members)) if number not in progress.finished]


def share(until: float, members: int, workers: int) -> float:
    """Seconds from now that one of so many members may take when so many train at a time."""
    return (until - time.monotonic()) / math.ceil(members / workers)


def _one_by_one(
    members: Sequence[Trainable], progress: Progress, until: float
) -> Generator[Step | Progress, None, Progress]:
    while rest := _rest(members, progress):
        number, state = rest[0], progress.underway.get(rest[0])
        member = members[number].within(share(until, len(rest), 1), state)
        for event in _course(member, state, STATE_EVERY):
            if isinstance(event, Step):
                yield dataclasses.replace(event, member=number, members=len(members))
            else:
                progress = progress.after(number, event)
                yield progress
    return progress


def _side_by_side(
    members: Sequence[Trainable], workers: int, progress: Progress, until: float
) -> Generator[Step | Progress, None, Progress]:
    """In rounds, each of which takes as many members as there are workers a slice further.

    One BLAS thread in each worker: the cores go to the members.
    """
    from joblib import Parallel, delayed, parallel_config

    taken: dict[int, Trainable] = {}
    setup = {"initializer": serve, "initargs": (os.getpid(),)}
    with (
        parallel_config(backend="loky", inner_max_num_threads=1, **setup),
        warnings.catch_warnings(action="ignore"),  # of how a worker was killed
        Parallel(n_jobs=workers) as run,
    ):
        while rest := _rest(members, progress):
            now = rest[:workers]
            states = [progress.underway.get(number) for number in now]
            for number, state in zip(now, states, strict=True):
                seconds = share(until, len(rest), workers)
                taken.setdefault(number, members[number].within(seconds, state))
            results = run(
                delayed(_slice)(taken[n], state, SLICE) for n, state in zip(now, states, strict=True)
            )
            for number, (steps, result) in zip(now, results, strict=True):
                progress = progress.after(number, result)
                yield from (dataclasses.replace(s, member=number, members=len(members)) for s in steps)
            yield progress
    return progress


def _course(member: Trainable, state: LoopState | None, every: float) -> Iterator[Step | LoopState | Trained]:
    """A member's steps, its state after every so many seconds, and what it is in the end."""
    setup = member.setup()
    training, kept = Training(setup, member.schedule, state), 0.0 if state is None else state.seconds
    for step in training:
        yield step
        if step.seconds - kept >= every:
            kept = step.seconds
            yield training.state()
    yield Trained(setup.parameters.flat, setup.best_step)


def _slice(
    member: Trainable, state: LoopState | None, seconds: float
) -> tuple[list[Step], LoopState | Trained]:
    """A worker's task: train for so long or to the end; the steps that were judged, the last, and the outcome."""
    judged: list[Step] = []
    last: list[Step] = []
    for event in _course(member, state, seconds):
        if not isinstance(event, Step):
            return judged + last, event
        is_judged = not math.isnan(event.validation_loss)
        judged += [event] if is_judged else []
        last = [] if is_judged else [event]
    raise AssertionError("a training has an end")


def serve(parent: int) -> None:
    """Prepare a worker: a signal to all is its parent's to answer, and it does not outlive that."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_leave_after, args=(parent,), daemon=True).start()


def _leave_after(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_GLANCE)
    os._exit(1)
