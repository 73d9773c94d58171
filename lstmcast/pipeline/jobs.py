"""Jobs: what a worker is given to do, and the environment that decides the bits of its result."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from lstmcast import __version__
from lstmcast.core.errors import UsageError

Result = TypeVar("Result")
Job = Callable[[], Result]


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


def quietly(job: Job[Result]) -> Result:
    """Run a job with one BLAS thread: cores go to the jobs."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        return job()


@dataclass(frozen=True)
class Numbered(Generic[Result]):
    """A job that says with its result which it was."""

    number: int
    job: Job[Result]
    wanted: Environment | None = None

    def __call__(self) -> tuple[int, Result]:
        if self.wanted is not None:
            refuse_other(self.wanted, environment(), f"worker process {os.getpid()}")
        return self.number, quietly(self.job)


def refuse_other(wanted: Environment, found: Environment, who: str) -> None:
    """Raise UsageError for a worker whose last bits may differ."""
    if found != wanted:
        message = (
            f"{who} has {found}, and here there is {wanted}: the last bits of models may differ; give all the same, "
            "or accept it with --allow-mixed"
        )
        raise UsageError(message, option="--allow-mixed")
