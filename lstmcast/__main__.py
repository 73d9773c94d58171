"""The program: one BLAS thread a process, then one command."""

from __future__ import annotations

import gc
import os
import sys

# Two BLAS threads on a busy machine wait for each other in a spinning barrier: a step of 20 ms was seen to
# take 600. Cores go to whole members instead (--threads). It must be said before NumPy is loaded.
BLAS_THREADS = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
# The collector of garbage looks for it each time some hundred objects more live, and loading libraries makes objects
# that stay. What we throw away in bulk are arrays, which do not wait for it.
OBJECTS_BETWEEN_COLLECTIONS = 20_000


def run(arguments: list[str] | None = None) -> int:
    """Run the program with these arguments, by default those it was started with; returns the exit code."""
    for name in BLAS_THREADS:
        os.environ[name] = "1"
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    from lstmcast.cli.shell.boundary import guarded

    return guarded(sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    sys.exit(run())
