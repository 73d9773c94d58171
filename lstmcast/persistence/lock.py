"""One run at a time: an exclusive lock beside a file, free as soon as the process that holds it dies."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from lstmcast.core.errors import BusyError
from lstmcast.persistence import system
from lstmcast.persistence.files import shown, sweep, telling
from lstmcast.persistence.system import Path

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
        if system.may_move_open_files():
            with suppress(OSError):
                os.unlink(name)  # while it is held: who waits for this file then sees that it is gone
        system.unlock(descriptor, name)
        if not system.may_move_open_files():
            with suppress(OSError):
                os.unlink(name)  # it fails where another run has opened it, whose it is then


def _acquire(name: str, path: Path, wait: float) -> int:
    """The descriptor of the locked file `name`."""
    deadline = time.monotonic() + wait
    while True:
        with telling(path):
            descriptor = _attempt(name)
        if descriptor is not None:
            return descriptor
        if time.monotonic() >= deadline:
            message = f"another run is writing {shown(path)}; try again later, or wait with --wait 600"
            raise BusyError(message, file=os.fsdecode(path))
        time.sleep(_PAUSE)


def _attempt(name: str) -> int | None:
    """The descriptor of the lock file once it is locked and still has its name; None while it is held."""
    while True:
        descriptor = system.open_lock_file(name)
        try:
            if not system.try_lock(descriptor, name):
                os.close(descriptor)
                return None
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), os.stat(name)):
                    return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        system.unlock(descriptor, name)
