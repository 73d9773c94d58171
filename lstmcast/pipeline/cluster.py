"""A cluster: the workers of a dask scheduler, which run jobs to the same bits as this process would."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lstmcast import __version__
from lstmcast.core.errors import TrainingError, UsageError
from lstmcast.pipeline.jobs import Environment, Job, Numbered, Result, environment, refuse_other

EXTRA = "dask.distributed is not installed; it is the extra cluster: pip install 'lstmcast[cluster]'"
_JOIN = 60  # seconds to wait for the workers of a cluster
_LOUD = ("distributed", "distributed.worker", "distributed.nanny", "distributed.scheduler", "tornado")


def on_cluster(
    address: str, local: int | None, jobs: Iterator[Job[Result]], *, may_differ: bool
) -> Iterator[Result]:
    """Run jobs on the workers of a scheduler; the tasks of a worker that is lost are given to another.

    address: that of the scheduler, or of a cluster of so many `local` workers, which is started and ended; may_differ:
    whether workers may have another environment than this process. Raises UsageError for a cluster that does not
    answer, has no worker or one of another environment, TrainingError where workers are killed again and again.
    """
    import distributed

    wanted = None if may_differ else environment()
    with _client(address, local) as client:
        workers = _workers(client, address, local or 1, wanted)
        numbered = (Numbered(number, job, wanted) for number, job in enumerate(jobs))
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
def _client(address: str, local: int | None) -> Iterator[Any]:
    """A client of the cluster; one of this machine is started, and ended."""
    import dask
    import distributed

    untyped: Any = distributed
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with dask.config.set({"distributed.scheduler.work-stealing": True, "distributed.worker.daemon": True}):
        if local is None:
            with _connected(address) as client:
                yield client
            return
        options: dict[str, Any] = {"threads_per_worker": 1, "processes": True, "dashboard_address": None}
        with (
            untyped.LocalCluster(n_workers=local, silence_logs=logging.CRITICAL, **options) as cluster,
            untyped.Client(cluster, set_as_default=False) as client,
        ):
            yield client


def _connected(address: str) -> Any:
    """A client of a scheduler that runs already."""
    import distributed

    untyped: Any = distributed
    try:
        return untyped.Client(address, timeout=_JOIN, set_as_default=False)
    except (OSError, ValueError) as error:
        message = f"--cluster {address}: no scheduler answers ({error}); start one, or name another"
        raise UsageError(message, option="--cluster") from None


def _workers(client: Any, address: str, fewest: int, wanted: Environment | None) -> int:
    """Return how many workers there are; raise UsageError where none comes, or for another environment."""
    from distributed import TimeoutError as LateError

    try:
        client.wait_for_workers(fewest, timeout=_JOIN)
        found: dict[str, Any] = client.run(environment, on_error="return")
    except (TimeoutError, LateError):
        message = f"--cluster {address}: no worker has come within {_JOIN} s; start some"
        raise UsageError(message, option="--cluster") from None
    for worker, each in found.items():
        if isinstance(each, Exception):
            message = (
                f"--cluster: worker {worker} cannot load lstmcast {__version__} ({each}); install it there"
            )
            raise UsageError(message, option="--cluster")
        if wanted is not None:
            refuse_other(wanted, each, f"worker {worker}")
    return len(found)
