"""The system: the only file that knows an operating system, and what does instead where a call is absent."""

from __future__ import annotations

import errno
import importlib
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

Path = str | os.PathLike[str]


def _module(name: str) -> Any:
    """A module of the standard library, None where this system has none such."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


fcntl, msvcrt = _module("fcntl"), _module("msvcrt")

_LOCKED_BYTE = (
    0x7FFFFFFE  # no file of ours is so long: a lock of Windows keeps others from the bytes themselves
)
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}
_NO_FLUSH = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}


def _flag(*names: str) -> int:
    """The flags of os.open with these names, as far as there are such."""
    value = 0
    for name in names:
        value |= getattr(os, name, 0)
    return value


# Opening.


def open_new(name: str, mode: int) -> int:
    """A descriptor of a new file to write and to read; raises FileExistsError where there is one."""
    return os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | _flag("O_NOFOLLOW", "O_BINARY"), mode)


def open_lock_file(name: str) -> int:
    """A descriptor of a file that is only ever locked, made where it is not there."""
    return os.open(name, os.O_RDWR | os.O_CREAT | _flag("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"), 0o666)


def open_appending(name: str) -> int:
    """A descriptor that appends and reads, of a file that is made where it is not there; never waits for a pipe."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | _flag("O_NONBLOCK", "O_NOCTTY", "O_BINARY")
    return os.open(name, flags, 0o666)


def open_reading(name: Path) -> int:
    """A descriptor that reads; a pipe without a writer opens at once, and is then seen to be no regular file."""
    return os.open(name, os.O_RDONLY | _flag("O_NONBLOCK", "O_NOCTTY", "O_BINARY"))


def read_at(descriptor: int, length: int, place: int) -> bytes:
    """Up to so many bytes of an open file from a place on."""
    if hasattr(os, "pread"):
        return os.pread(descriptor, length, place)
    os.lseek(descriptor, place, os.SEEK_SET)
    return os.read(descriptor, length)


# Locks.


def try_lock(descriptor: int, name: str) -> bool:
    """Lock an open file for ourselves, at once; False while another run holds it.

    The lock is free as soon as the descriptor is closed or the process dies. Raises OSError where no lock can be had;
    `has_no_locks` tells whether the file system knows none.
    """
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        elif msvcrt is not None:
            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            return _hold_by_file(name)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN) or (msvcrt and error.errno == errno.EACCES):
            return False
        raise
    return True


def unlock(descriptor: int, name: str) -> None:
    """Close a file that `try_lock` locked, and with it the lock."""
    with suppress(OSError):
        os.close(descriptor)
    if fcntl is None and msvcrt is None:
        with suppress(OSError):
            os.unlink(_holder(name))


def has_no_locks(error: OSError) -> bool:
    """Return whether an error of `try_lock` says that the file system knows no locks, as some on a network do not."""
    return error.errno in _NO_LOCKS


def _holder(name: str) -> str:
    return f"{name}.held"


def _hold_by_file(name: str) -> bool:
    """Hold the lock by a file, on a system without locks: whoever can make it holds it, until its process is no
    more."""
    try:
        descriptor = os.open(_holder(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        if not _is_abandoned(_holder(name)):
            return False
        with suppress(FileNotFoundError):
            os.unlink(_holder(name))
        return False  # the next attempt may find it free; two that see it abandoned do not both take it now
    try:
        os.write(descriptor, str(os.getpid()).encode())
    finally:
        os.close(descriptor)
    return True


def _is_abandoned(holder: str) -> bool:
    """Return whether the process that made the file is no more."""
    try:
        with open(holder, encoding="ascii") as file:
            os.kill(int(file.read()), 0)
    except (ProcessLookupError, FileNotFoundError):
        return True
    except (OSError, ValueError):
        return False
    return False


def mark_living(descriptor: int) -> None:
    """Lock a temporary file of ours as long as it is written, as far as the file system can."""
    if fcntl is not None:
        with suppress(OSError):  # a file system without locks: then nobody can sweep there either
            fcntl.flock(descriptor, fcntl.LOCK_EX)


def remove_if_dead(name: str) -> None:
    """Remove a temporary file whose writer is no more; an open file cannot be removed on Windows."""
    with suppress(OSError):
        if fcntl is None:
            if msvcrt is not None:
                os.unlink(name)
            return
        descriptor = os.open(name, os.O_RDONLY | _flag("O_NOFOLLOW", "O_NONBLOCK"))
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(name)
        finally:
            os.close(descriptor)


def may_move_open_files() -> bool:
    """Return whether a file can be renamed and removed while it is open; on Windows it cannot."""
    return msvcrt is None


def forks_safely() -> bool:
    """Return whether a process with threads can be forked; only Linux does that safely."""
    return sys.platform == "linux"


# Folders, owners and permissions.


@contextmanager
def open_folder(folder: str) -> Iterator[int | None]:
    """A descriptor of the folder by which it can be flushed; None where folders cannot be opened."""
    if not hasattr(os, "O_DIRECTORY"):
        os.stat(folder)  # FileNotFoundError here, as by opening it
        yield None
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        with suppress(OSError):
            os.close(descriptor)


def flush_folder(descriptor: int | None) -> None:
    """Make renames in an open folder outlast a power failure, where the file system can; raises OSError."""
    try:
        if descriptor is not None:
            os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FLUSH:
            raise


def copy_permissions(descriptor: int, existing: os.stat_result) -> None:
    """Give an open file owner and permissions of another; only root may give a file away."""
    if hasattr(os, "fchown"):
        with suppress(OSError):
            os.fchown(descriptor, existing.st_uid, existing.st_gid)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, existing.st_mode & 0o777)


def is_open_to_all(status: os.stat_result) -> bool:
    """Return whether every user may change what has this status; False on Windows, which does not say."""
    if not hasattr(os, "getuid"):
        return False
    is_sticky_folder = (
        stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
    )  # as /tmp: owners replace
    return bool(status.st_mode & stat.S_IWOTH) and not is_sticky_folder


def why_untrusted(status: os.stat_result) -> str | None:
    """Return why a file with this status may be by somebody else, None where it is ours (or root's) and closed to
    others."""
    if is_foreign(status):
        return "somebody else owns it"
    if os.name == "posix" and status.st_mode & stat.S_IWOTH:
        return "every user may write it"
    is_shared = os.name == "posix" and status.st_mode & stat.S_IWGRP and not _is_own_group(status.st_gid)
    return "its group may write it" if is_shared else None


def is_foreign(status: os.stat_result) -> bool:
    """Return whether somebody else than we or root owns what has this status; False on Windows, which does not say."""
    return hasattr(os, "geteuid") and status.st_uid not in (os.geteuid(), 0)


def _is_own_group(group: int) -> bool:
    """Return whether a group is that of one user alone, ours, as many systems make one; root's never counts as such."""
    users, groups = _module("pwd"), _module("grp")
    if users is None or groups is None or os.geteuid() == 0:
        return False
    try:
        ours, found = users.getpwuid(os.geteuid()), groups.getgrgid(group)
    except KeyError:
        return False
    return bool(found.gr_gid == ours.pw_gid and {found.gr_name, *found.gr_mem} == {ours.pw_name})


def free_memory() -> float | None:
    """Bytes of memory that a new process may take without pushing others out; None where the system does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file)
        return float(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, ValueError, KeyError):
        return None
