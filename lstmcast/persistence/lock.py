"""One run at a time: an exclusive lock beside a file, free as soon as the process that holds it dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from lstmcast.core.errors import BusyError
from lstmcast.persistence.files import Path, shown, sweep, telling

_PAUSE = 0.1  # seconds between two attempts


@contextmanager
def lock(path: Path, wait: float = 0.0) -> Iterator[None]:
    """Holds the lock of the file `path` (which need not exist) and removes what killed runs left beside it.

    Tries for `wait` seconds. Raises BusyError if another run still holds it, OutputError if no lock can be
    made there.
    """
    with telling(path):
        real = os.path.realpath(os.fsdecode(path))
    name = f"{real}.lock"
    descriptor = _acquire(name, path, wait)
    try:
        sweep(os.path.dirname(real))
        yield
    finally:
        with suppress(OSError):
            os.unlink(name)  # while it is held: who waits for this file then sees that it is gone
        with suppress(OSError):
            os.close(descriptor)


def _acquire(name: str, path: Path, wait: float) -> int:
    """The descriptor of the locked file `name`."""
    deadline = time.monotonic() + wait
    while True:
        with telling(path):
            descriptor = _attempt(name)
        if descriptor is not None:
            return descriptor
        if time.monotonic() >= deadline:
            raise BusyError(f"another run is writing {shown(path)}; try again later, or wait with --wait 600")
        time.sleep(_PAUSE)


def _attempt(name: str) -> int | None:
    """The descriptor of the lock file once it is locked and still has its name; None while it is held."""
    while True:
        descriptor = os.open(name, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), os.stat(name)):
                    return descriptor
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
