"""Files that are replaced whole or not at all: written beside, flushed, read back, moved into place."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from lstmcast.core.errors import OutputError

Path = str | os.PathLike[str]

_TEMPORARY = re.compile(r"\.lstmcast-[0-9a-f]{16}\.tmp")
_CHUNK = 1 << 20

_REASONS = {
    errno.ENOENT: "its folder does not exist; create the folder, or name another",
    errno.ENOTDIR: "a part of its path is no folder; name another",
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "the disk quota is used up; free some space",
    errno.EACCES: "no permission to write there; name another folder, or see to its permissions",
    errno.EPERM: "no permission to write there; name another folder, or see to its permissions",
    errno.EROFS: "the disk is read-only; name another folder",
    errno.ENAMETOOLONG: "its name is too long; name another",
    errno.ELOOP: "its links lead in a circle; name another",
}


def shown(path: Path) -> str:
    """The path as one line of harmless text: what is not printable (escape codes, line ends) is escaped."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in os.fsdecode(path)
    )


def replace_file(path: Path, data: bytes) -> None:
    """Makes `data` the contents of the file `path`, at once: a reader sees the old file or the new one.

    A symlink stays one, and an existing file keeps its permissions. Raises OutputError, one line, when it
    cannot; the old file is then as it was and nothing is left behind.
    """
    replace_file_by_parts(path, (data,))


def replace_file_by_parts(path: Path, parts: Iterable[bytes]) -> None:
    """The same for data that come part by part, no two of which need be in memory at once.

    Whatever is raised while they are made leaves the old file as it was.
    """
    with telling(path):
        target, existing = _target(path)
        folder = os.path.dirname(target)
        sweep(folder)
        with _open_folder(folder) as folder_descriptor, _temporary(folder, existing) as (name, descriptor):
            size, digest = _write_parts(descriptor, parts)
            os.fsync(descriptor)
            _read_back(descriptor, size, digest)
            os.replace(name, target)
            _flush_folder(folder_descriptor, path)


def probe_folder(path: Path) -> None:
    """Raises OutputError if the file `path` could not be written now; changes nothing.

    Meant for the time before a long training, so it goes the writer's way up to the last step.
    """
    with telling(path):
        target, existing = _target(path)
        folder = os.path.dirname(target)
        with _open_folder(folder), _temporary(folder, existing) as (_, descriptor):
            _write_all(descriptor, bytes(_CHUNK))
            os.fsync(descriptor)


def remove_file(path: Path) -> None:
    """Removes the file `path` if it is there; raises OutputError when it cannot."""
    with telling(path), suppress(FileNotFoundError):
        os.unlink(path)


def sweep(folder: Path) -> None:
    """Removes what killed runs left in `folder`: our temporary files whose writer is no more."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _TEMPORARY.fullmatch(entry.name):
                _remove_if_dead(entry.path)


def permission_warning(path: Path) -> str | None:
    """One sentence if every user of the machine may change the file `path` or put another in its place."""
    real = os.path.realpath(path)
    for place in dict.fromkeys((real, os.path.dirname(real), os.path.dirname(os.path.abspath(path)))):
        try:
            mode = os.stat(place).st_mode
        except OSError:
            continue
        is_sticky_folder = stat.S_ISDIR(mode) and mode & stat.S_ISVTX  # as /tmp: only owners may replace
        if mode & stat.S_IWOTH and not is_sticky_folder:
            return f"{shown(place)} can be changed by every user of this machine; run: chmod o-w on it"
    return None


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Turns an error of the system into an OutputError, one line that names `path` and what to do."""
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
        raise OutputError(f"cannot write {shown(path)}: {reason}", file=os.fsdecode(path)) from error
    except ValueError as error:  # a NUL in the name
        raise OutputError(
            f"cannot write {shown(path)}: {error}; name another", file=os.fsdecode(path)
        ) from error


def _target(path: Path) -> tuple[str, os.stat_result | None]:
    """Where the file really is (behind symlinks), and what stands there now."""
    try:
        target = os.path.realpath(os.fsdecode(path), strict=True)
        existing = os.stat(target)
    except FileNotFoundError:
        return os.path.realpath(os.fsdecode(path)), None
    if stat.S_ISDIR(existing.st_mode):
        raise OutputError(f"cannot write {shown(path)}: it is a folder; name a file in it")
    if not stat.S_ISREG(existing.st_mode):
        raise OutputError(f"cannot write {shown(path)}: it is a pipe or a device; name a file")
    if not os.access(target, os.W_OK):
        raise OutputError(f"cannot write {shown(path)}: the file is read-only; allow it with chmod u+w")
    return target, existing


@contextmanager
def _open_folder(folder: str) -> Iterator[int]:
    """A descriptor of the folder, opened before anything is written, as only its flush may come after."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        with suppress(OSError):
            os.close(descriptor)


@contextmanager
def _temporary(folder: str, existing: os.stat_result | None) -> Iterator[tuple[str, int]]:
    """Name and descriptor of a new file in `folder`, with the permissions of `existing`; gone at the end.

    The descriptor stays open, and with it the file's lock, until the file is moved or removed: a temporary
    file without a lock is one whose writer was killed.
    """
    name, descriptor = _create(folder, 0o666 if existing is None else existing.st_mode & 0o666)
    try:
        if existing is not None:
            with suppress(OSError):  # only root may give a file away
                os.fchown(descriptor, existing.st_uid, existing.st_gid)
            os.fchmod(descriptor, existing.st_mode & 0o777)
        yield name, descriptor
    finally:
        _discard(name, descriptor)  # of one that was moved into place, nothing but the descriptor is left


def _create(folder: str, mode: int) -> tuple[str, int]:
    """A new temporary file, locked; once more if another run swept it away before it was locked."""
    while True:
        name = os.path.join(folder, f".lstmcast-{secrets.token_hex(8)}.tmp")
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        try:
            with suppress(OSError):  # a file system without locks: then nobody can sweep there either
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            os.stat(name)
        except FileNotFoundError:
            os.close(descriptor)
        except BaseException:
            _discard(name, descriptor)
            raise
        else:
            return name, descriptor


def _discard(name: str, descriptor: int) -> None:
    """Removes and closes a temporary file as far as that can be done."""
    with suppress(OSError):
        os.unlink(name)
    with suppress(OSError):
        os.close(descriptor)


def _remove_if_dead(name: str) -> None:
    """Removes a temporary file if no writer holds its lock."""
    with suppress(OSError):
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(name)
        finally:
            os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    """Writes all of `data`, as one call may take only a part."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest[:_CHUNK]) :]


def _write_parts(descriptor: int, parts: Iterable[bytes]) -> tuple[int, bytes]:
    """Writes all parts; returns how many bytes the file should now hold, and their digest."""
    size, digest = 0, hashlib.sha256()
    for part in parts:
        _write_all(descriptor, part)
        size += len(part)
        digest.update(part)
    return size, digest.digest()


def _read_back(descriptor: int, size: int, digest: bytes) -> None:
    """Raises OSError unless the open file holds `size` bytes with this digest."""
    found = hashlib.sha256()
    for place in range(0, size + 1, _CHUNK):
        found.update(os.pread(descriptor, _CHUNK, place))
    if found.digest() != digest:
        raise OSError(errno.EIO, "the disk gives back other bytes than were written; use another disk")


def _flush_folder(descriptor: int, path: Path) -> None:
    """Makes the move into place last; by now readers see the new file, and the error says so."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # file systems that flush no folders
            raise OutputError(
                f"{shown(path)} was replaced and is whole, but may not outlast a power failure "
                f"({error.strerror}); see to the disk"
            ) from error
