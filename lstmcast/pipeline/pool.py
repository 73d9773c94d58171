"""The place where tasks run: this process, several of this machine, or a cluster, with the same bits."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic

from lstmcast.core.errors import TrainingError, UsageError
from lstmcast.pipeline.cluster import EXTRA, on_cluster
from lstmcast.pipeline.jobs import Job, Numbered, Result, quietly
from lstmcast.training.workers import serve

LOCAL = "local:"
_TRIES = 3  # of a pool whose workers are killed before any of them has done anything


@dataclass(frozen=True)
class WorkerPool:
    """The place where tasks run.

    jobs: processes of this machine, with 1 all runs in this one; cluster: the address of a scheduler, or `local:N`;
    may_differ: whether workers of a cluster may have another environment than this process.
    """

    jobs: int = 1
    cluster: str | None = None
    may_differ: bool = False

    def check(self) -> None:
        """Raise UsageError for a cluster that is none, or without the extra."""
        if self.cluster is None:
            return
        _ = self.local
        if not self.cluster.startswith((LOCAL, "tcp://", "tls://", "ucx://", "ws://", "wss://")):
            message = f"--cluster takes the address of a scheduler, tcp://host:8786, or local:8; got {self.cluster!r}"
            raise UsageError(message, option="--cluster")
        try:
            import distributed  # noqa: F401
        except ImportError:
            raise UsageError(f"--cluster: {EXTRA}", option="--cluster") from None

    @property
    def local(self) -> int | None:
        """The workers of a cluster of this machine, None for another; raises UsageError for no number of them."""
        if self.cluster is None or not self.cluster.startswith(LOCAL):
            return None
        number = self.cluster.removeprefix(LOCAL)
        if not number.isdecimal() or not 1 <= int(number) <= 256:
            message = f"--cluster local:N takes 1 to 256 workers; got {self.cluster!r}"
            raise UsageError(message, option="--cluster")
        return int(number)

    def run(self, jobs: Iterator[Job[Result]]) -> Iterator[Result]:
        """Run jobs, each of which is asked for when a worker is nearly free, and yield results as they come.

        Raises TrainingError where workers die again and again, UsageError for workers of another environment.
        """
        if self.cluster is not None:
            return on_cluster(self.cluster, self.local, jobs, may_differ=self.may_differ)
        return _Processes(self.jobs, jobs).run() if self.jobs > 1 else map(quietly, jobs)


class _Processes(Generic[Result]):
    """Processes of this machine; where one is killed, its job and those under way are done again."""

    def __init__(self, workers: int, jobs: Iterator[Job[Result]]) -> None:
        self._workers, self._fresh = workers, enumerate(jobs)
        self._under_way: dict[int, Job[Result]] = {}
        self._failures = 0

    def run(self) -> Iterator[Result]:
        """Yield results as they come; raises TrainingError where workers are killed again and again."""
        from joblib.externals.loky.process_executor import BrokenProcessPool

        while True:
            try:
                yield from self._until_broken()
                return
            except BrokenProcessPool:
                self._failures += 1
                if self._failures >= _TRIES:
                    message = (
                        "workers are killed again and again, perhaps for want of memory; give fewer --jobs"
                    )
                    raise TrainingError(message, option="--jobs") from None

    def _until_broken(self) -> Iterator[Result]:
        import warnings

        from joblib import Parallel, parallel_config

        setup = {"initializer": serve, "initargs": (os.getpid(),)}
        with (
            parallel_config(backend="loky", inner_max_num_threads=1, **setup),
            warnings.catch_warnings(action="ignore"),  # of how a worker was killed
        ):
            kind = {"return_as": "generator_unordered", "pre_dispatch": self._workers, "batch_size": 1}
            results = Parallel(n_jobs=self._workers, **kind)(self._dispatched(sorted(self._under_way)))
            try:
                for number, result in results:
                    del self._under_way[number]
                    self._failures = 0
                    yield result
            finally:
                with _silenced():
                    results.close()

    def _dispatched(self, again: Sequence[int]) -> Iterator[Any]:
        from joblib import delayed

        for number in again:
            yield delayed(Numbered(number, self._under_way[number]))()
        for number, job in self._fresh:
            self._under_way[number] = job
            yield delayed(Numbered(number, job))()


@contextmanager
def _silenced() -> Iterator[None]:
    """Swallow what a pool says while it is given up."""
    try:
        yield
    except Exception:
        return
