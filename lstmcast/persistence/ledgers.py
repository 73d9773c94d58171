"""Appending to a ledger: one write under a lock, and the file as it was where that fails."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from lstmcast.core.errors import BusyError, OutputError
from lstmcast.persistence import system
from lstmcast.persistence.files import A_BLOCK, probe_folder, shown, telling
from lstmcast.persistence.system import Path

PATIENCE = 10.0  # seconds to wait for who is writing
_PAUSE = 0.02
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Appended:
    """The oddities of an append: a torn last line was taken out; the file could not be locked."""

    was_torn: bool
    was_unlocked: bool


def append_block(path: Path, header: str, rows: str) -> Appended:
    """Appends whole lines to the file `path` in one write, below this header line, which a new file is given.

    A last line that is torn, since a machine lost its power, is removed first. On a file system without locks it is
    appended without one: it is a single write all the same. Raises OutputError when the file has another header or
    cannot be written, and it is then as it was; BusyError when another run holds it for PATIENCE seconds.
    """
    with telling(path), _locked(path) as ledger:
        descriptor = ledger.descriptor
        size = os.fstat(descriptor).st_size
        whole = _whole_lines(descriptor, size)
        if whole:
            _check_header(path, descriptor, header)
        elif not header.encode().startswith(system.read_at(descriptor, _CHUNK, 0)):
            raise _foreign(path, header)
        data = (rows if whole else header + rows).encode()
        try:
            if whole < size:
                os.ftruncate(descriptor, whole)
            if os.write(descriptor, data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
        except BaseException:
            _undo(path, descriptor, whole, is_new=ledger.is_new)
            raise
    return Appended(whole < size, not ledger.is_locked)


def probe_ledger(path: Path) -> None:
    """Raises OutputError if nothing could be appended to the file `path` now; changes nothing."""
    if not os.path.exists(path) or os.path.isdir(path):
        probe_folder(path, A_BLOCK)
        return
    with telling(path):
        os.close(_opened(path, os.fsdecode(path)))


@dataclass(frozen=True)
class _Open:
    """A ledger that was opened: by which descriptor, whether it is new, and whether it is locked."""

    descriptor: int
    is_new: bool
    is_locked: bool


@contextmanager
def _locked(path: Path) -> Iterator[_Open]:
    """The file under its lock, where its file system knows locks."""
    name = os.fsdecode(path)
    ledger = _acquired(path, name)
    try:
        yield ledger
    finally:
        system.unlock(ledger.descriptor, name)


def _acquired(path: Path, name: str) -> _Open:
    deadline = time.monotonic() + PATIENCE
    while True:
        is_new = not os.path.exists(name)
        descriptor = _opened(path, name)
        try:
            if system.try_lock(descriptor, name) and _has_name(descriptor, name):
                return _Open(descriptor, is_new, True)
        except OSError as error:
            if system.has_no_locks(error):
                return _Open(descriptor, is_new, False)
            _close(descriptor, name, is_new=is_new)
            raise
        system.unlock(descriptor, name)
        if time.monotonic() >= deadline:
            raise BusyError(f"another run is writing {shown(path)}; try again later", file=name)
        time.sleep(_PAUSE)


def _close(descriptor: int, name: str, *, is_new: bool) -> None:
    """Close a ledger to which nothing can be appended; one that was made for it is removed again."""
    with suppress(OSError):
        if is_new and not os.fstat(descriptor).st_size:
            os.unlink(name)
    with suppress(OSError):
        os.close(descriptor)


def _opened(path: Path, name: str) -> int:
    """A descriptor that appends, of a regular file."""
    descriptor = system.open_appending(name)
    try:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
    except OSError:
        os.close(descriptor)
        raise
    if is_file:
        return descriptor
    os.close(descriptor)
    raise OutputError(f"cannot write {shown(path)}: it is a pipe or a device; name a file", file=name)


def _has_name(descriptor: int, name: str) -> bool:
    """Return whether the file still has its name: it may have been moved away meanwhile."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), os.stat(name))
    return False


def _whole_lines(descriptor: int, size: int) -> int:
    """Return how many bytes of the file are whole lines."""
    end = size
    while end > 0:
        start = max(end - _CHUNK, 0)
        place = system.read_at(descriptor, end - start, start).rfind(b"\n")
        if place >= 0:
            return start + place + 1
        end = start
    return 0


def _check_header(path: Path, descriptor: int, header: str) -> None:
    first = system.read_at(descriptor, _CHUNK, 0).split(b"\n", 1)[0].rstrip(b"\r")
    if first != header.rstrip("\n").encode():
        raise _foreign(path, header)


def _foreign(path: Path, header: str) -> OutputError:
    return OutputError(
        f"cannot append to {shown(path)}: its first line is not {header.rstrip()!r}, so it is no ledger of such "
        "forecasts; name another file with --log",
        file=os.fsdecode(path),
    )


def _undo(path: Path, descriptor: int, size: int, *, is_new: bool) -> None:
    """Take back what a failed write left: the file as long as it was, or none where there was none."""
    with suppress(OSError):
        os.ftruncate(descriptor, size)
        if is_new:
            os.unlink(os.fsdecode(path))
