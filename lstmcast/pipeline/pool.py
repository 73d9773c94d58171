"""The place where tasks run: this process, several of this machine, or a cluster, with the same bits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from lstmcast import __version__
from lstmcast.core.errors import TrainingError, UsageError
from lstmcast.training.workers import serve

Result = TypeVar("Result")
Job = Callable[[], Result]
LOCAL = "local:"
EXTRA = "dask.distributed is not installed; it is the extra cluster: pip install 'lstmcast[cluster]'"
_TRIES = 3  # of a pool whose workers are killed before any of them has done anything
_JOIN = 60  # seconds to wait for the workers of a cluster


@dataclass(frozen=True)
class Environment:
    """All that decides the bits of a result besides data, options and seed."""

    lstmcast: str
    numpy: str
    blas: str

    def __str__(self) -> str:
        return f"lstmcast {self.lstmcast}, numpy {self.numpy}, {self.blas}"


def environment() -> Environment:
    """The environment of this process."""
    import numpy as np
    from threadpoolctl import threadpool_info

    kinds = sorted(
        f"{found.get('internal_api')} {found.get('version')} on {found.get('architecture')}"
        for found in threadpool_info()
        if found.get("user_api") == "blas" and "numpy" in str(found.get("filepath"))
    )
    return Environment(__version__, np.__version__, ", ".join(kinds) or "a BLAS of no name")


@dataclass(frozen=True)
class Place:
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
            return _on_cluster(self, jobs)
        return _side_by_side(self.jobs, jobs) if self.jobs > 1 else map(quietly, jobs)


def quietly(job: Job[Result]) -> Result:
    """Run a job with one BLAS thread: cores go to the jobs."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        return job()


@dataclass(frozen=True)
class _Numbered(Generic[Result]):
    """A job that says with its result which it was."""

    number: int
    job: Job[Result]
    wanted: Environment | None = None

    def __call__(self) -> tuple[int, Result]:
        if self.wanted is not None:
            _refuse_other(self.wanted, environment(), f"worker process {os.getpid()}")
        return self.number, quietly(self.job)


def _refuse_other(wanted: Environment, found: Environment, who: str) -> None:
    """Raise UsageError for a worker whose last bits may differ."""
    if found != wanted:
        message = (
            f"{who} has {found}, and here there is {wanted}: the last bits of models may differ; give all the same, "
            "or accept it with --allow-mixed"
        )
        raise UsageError(message, option="--allow-mixed")


def _side_by_side(workers: int, jobs: Iterator[Job[Result]]) -> Iterator[Result]:
    """In processes of this machine; where one is killed, its job and those under way are done again."""
    import warnings

    from joblib import Parallel, delayed, parallel_config
    from joblib.externals.loky.process_executor import BrokenProcessPool

    under_way: dict[int, Job[Result]] = {}
    fresh = enumerate(jobs)
    failures = 0

    def dispatched(again: Sequence[int]) -> Iterator[Any]:
        for number in again:
            yield delayed(_Numbered(number, under_way[number]))()
        for number, job in fresh:
            under_way[number] = job
            yield delayed(_Numbered(number, job))()

    setup = {"initializer": serve, "initargs": (os.getpid(),)}
    while True:
        with (
            parallel_config(backend="loky", inner_max_num_threads=1, **setup),
            warnings.catch_warnings(action="ignore"),  # of how a worker was killed
        ):
            run = Parallel(
                n_jobs=workers, return_as="generator_unordered", pre_dispatch=workers, batch_size=1
            )
            results = run(dispatched(sorted(under_way)))
            try:
                for number, result in results:
                    del under_way[number]
                    failures = 0
                    yield result
                return
            except BrokenProcessPool:
                failures += 1
                if failures >= _TRIES:
                    message = (
                        "workers are killed again and again, perhaps for want of memory; give fewer --jobs"
                    )
                    raise TrainingError(message, option="--jobs") from None
            finally:
                with _silenced():
                    results.close()


@contextmanager
def _silenced() -> Iterator[None]:
    """Swallow what a pool says while it is given up."""
    try:
        yield
    except Exception:
        return


def _on_cluster(place: Place, jobs: Iterator[Job[Result]]) -> Iterator[Result]:
    """On the workers of a scheduler; the tasks of a worker that is lost are given to another."""
    import distributed

    wanted = None if place.may_differ else environment()
    with _client(place) as client:
        workers = _workers(client, place, wanted)
        numbered = (_Numbered(number, job, wanted) for number, job in enumerate(jobs))
        running: Any = distributed.as_completed(loop=client.loop)  # type: ignore[no-untyped-call]
        for job in _first(numbered, 2 * workers):
            running.add(client.submit(job, pure=False, retries=0))
        for done in running:
            _, result = _result(done)
            done.release()
            for job in _first(numbered, 1):
                running.add(client.submit(job, pure=False, retries=0))
            yield result


def _first(jobs: Iterator[Any], count: int) -> Iterator[Any]:
    for _ in range(count):
        job = next(jobs, None)
        if job is None:
            return
        yield job


def _result(future: Any) -> Any:
    """Return what a task gave; raise TrainingError where its workers were killed again and again."""
    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker:
        message = "a task's workers were killed again and again, perhaps for want of memory; give them more"
        raise TrainingError(message, option="--cluster") from None


@contextmanager
def _client(place: Place) -> Iterator[Any]:
    """A client of the cluster; one of this machine is started, and ended."""
    import logging

    import dask
    import distributed

    untyped: Any = distributed

    for name in (
        "distributed",
        "distributed.worker",
        "distributed.nanny",
        "distributed.scheduler",
        "tornado",
    ):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    settings = {"distributed.scheduler.work-stealing": True, "distributed.worker.daemon": True}
    with dask.config.set(settings):
        if place.local is None:
            try:
                client = untyped.Client(place.cluster, timeout=_JOIN, set_as_default=False)
            except (OSError, ValueError) as error:
                message = (
                    f"--cluster {place.cluster}: no scheduler answers ({error}); start one, or name another"
                )
                raise UsageError(message, option="--cluster") from None
            with client:
                yield client
            return
        options: dict[str, Any] = {"threads_per_worker": 1, "processes": True, "dashboard_address": None}
        with (
            untyped.LocalCluster(n_workers=place.local, silence_logs=logging.CRITICAL, **options) as cluster,
            untyped.Client(cluster, set_as_default=False) as client,
        ):
            yield client


def _workers(client: Any, place: Place, wanted: Environment | None) -> int:
    """Return how many workers there are; raise UsageError where none comes, or for another environment."""
    from distributed import TimeoutError as LateError

    try:
        client.wait_for_workers(place.local or 1, timeout=_JOIN)
        found: dict[str, Any] = client.run(environment, on_error="return")
    except (TimeoutError, LateError):
        message = f"--cluster {place.cluster}: no worker has come within {_JOIN} s; start some"
        raise UsageError(message, option="--cluster") from None
    for address, each in found.items():
        if isinstance(each, Exception):
            message = (
                f"--cluster: worker {address} cannot load lstmcast {__version__} ({each}); install it there"
            )
            raise UsageError(message, option="--cluster")
        if wanted is not None:
            _refuse_other(wanted, each, f"worker {address}")
    return len(found)
