"""Appending to a ledger: one write under a lock, and the file as it was where that fails."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from lstmcast.core.errors import BusyError, OutputError
from lstmcast.persistence.files import Path, shown, telling

PATIENCE = 10.0  # seconds to wait for who is writing
_PAUSE = 0.02
_CHUNK = 1 << 16


def append_block(path: Path, header: str, rows: str) -> bool:
    """Appends whole lines to the file `path` in one write, below this header line, which a new file is given.

    A last line that is torn, since a machine lost its power, is removed first; True where there was one. Raises
    OutputError when the file has another header or cannot be written, and it is then as it was; BusyError when
    another run holds it for PATIENCE seconds.
    """
    with _locked(path) as (descriptor, is_new), telling(path):
        size = os.fstat(descriptor).st_size
        whole = _whole_lines(descriptor, size)
        if whole:
            _check_header(path, descriptor, header)
        elif not header.encode().startswith(os.pread(descriptor, _CHUNK, 0)):
            raise _foreign(path, header)
        data = (rows if whole else header + rows).encode()
        try:
            os.ftruncate(descriptor, whole)
            if os.write(descriptor, data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
        except BaseException:
            _undo(path, descriptor, whole, is_new=is_new)
            raise
    return whole < size


@contextmanager
def _locked(path: Path) -> Iterator[tuple[int, bool]]:
    """A descriptor of the file under its lock, and whether there was none before."""
    deadline = time.monotonic() + PATIENCE
    name = os.fsdecode(path)
    while True:
        with telling(path):
            is_new = not os.path.exists(name)
            descriptor = _opened(path, name)
        if _holds(descriptor, name):
            break
        os.close(descriptor)
        if time.monotonic() >= deadline:
            raise BusyError(f"another run is writing {shown(path)}; try again later")
        time.sleep(_PAUSE)
    try:
        yield descriptor, is_new
    finally:
        with suppress(OSError):
            os.close(descriptor)


def _opened(path: Path, name: str) -> int:
    """A descriptor that appends, of a regular file."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY
    descriptor = os.open(name, flags, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OutputError(f"cannot write {shown(path)}: it is a pipe or a device; name a file")
    return descriptor


def _holds(descriptor: int, name: str) -> bool:
    """Whether the lock is ours now, and the file still has its name: it may have been moved away meanwhile."""
    with suppress(BlockingIOError, FileNotFoundError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(descriptor), os.stat(name))
    return False


def _whole_lines(descriptor: int, size: int) -> int:
    """How many bytes of the file are whole lines."""
    end = size
    while end > 0:
        start = max(end - _CHUNK, 0)
        place = os.pread(descriptor, end - start, start).rfind(b"\n")
        if place >= 0:
            return start + place + 1
        end = start
    return 0


def _check_header(path: Path, descriptor: int, header: str) -> None:
    first = os.pread(descriptor, _CHUNK, 0).split(b"\n", 1)[0].rstrip(b"\r")
    if first != header.rstrip("\n").encode():
        raise _foreign(path, header)


def _foreign(path: Path, header: str) -> OutputError:
    return OutputError(
        f"cannot append to {shown(path)}: its first line is not {header.rstrip()!r}, so it is no ledger of such "
        "forecasts; name another file with --log"
    )


def _undo(path: Path, descriptor: int, size: int, *, is_new: bool) -> None:
    """Take back what a failed write left: the file as long as it was, or none where there was none."""
    with suppress(OSError):
        os.ftruncate(descriptor, size)
        if is_new:
            os.unlink(os.fsdecode(path))
