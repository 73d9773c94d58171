"""Many small pieces of work side by side: processes forked from this one, which have loaded all that they need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

Result = TypeVar("Result")
FEWEST = 32  # pieces of a worker, below which starting it costs more than it gives
_AT_ONCE = 8  # pieces of a task
_work: Callable[[int], Any]  # of a worker; it came with the fork


def side_by_side(work: Callable[[int], Result], pieces: int) -> Iterator[Result]:
    """Yield what comes of the numbers 0 to `pieces`, in their order; each result travels and can be pickled.

    As many processes as there are cores share the work where there is enough of it; elsewhere this one does it. Where
    one of them is killed, this one does what is left.
    """
    workers = _workers(pieces)
    if workers < 2:
        yield from map(work, range(pieces))
        return
    import gc
    import multiprocessing
    import os
    import warnings
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    done = 0
    gc.freeze()  # objects that stay: else a worker's collector would touch, and copy, their memory
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("fork"), _begin, (work, os.getpid()))
    try:
        with warnings.catch_warnings(
            action="ignore"
        ):  # of a fork beside threads of libraries, which are idle
            results = pool.map(_done, range(pieces), chunksize=_AT_ONCE)
        for result in results:
            done += 1
            yield result
    except BrokenProcessPool:
        yield from map(work, range(done, pieces))
    finally:
        pool.shutdown(cancel_futures=True)
        gc.unfreeze()


def _workers(pieces: int) -> int:
    """Return how many processes the work is worth."""
    from lstmcast.persistence.system import forks_safely

    if pieces < 2 * FEWEST or not forks_safely():
        return 1
    from lstmcast.training.workers import cores

    return min(cores(), pieces // FEWEST)


def _begin(work: Callable[[int], Any], parent: int) -> None:
    """Prepare a worker."""
    global _work
    from lstmcast.training.workers import serve

    serve(parent)
    _work = work


def _done(number: int) -> Any:
    return _work(number)
