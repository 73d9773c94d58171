"""Files that are replaced whole or not at all: written beside, flushed, read back, moved into place."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from lstmcast.core.errors import OutputError
from lstmcast.persistence import system
from lstmcast.persistence.system import Path

_TEMPORARY = re.compile(r"\.lstmcast-[0-9a-f]{16}\.tmp")
_CHUNK = 1 << 20
A_BLOCK = 4096  # bytes; a file of a few rows takes no less of a disk

_REASONS = {
    errno.ENOENT: "its folder does not exist; create the folder, or name another",
    errno.ENOTDIR: "a part of its path is no folder; name another",
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "the disk quota is used up; free some space",
    errno.EACCES: "no permission to write there; name another folder, or see to its permissions",
    errno.EPERM: "no permission to write there; name another folder, or see to its permissions",
    errno.EROFS: "the disk is read-only; name another folder",
    errno.ENAMETOOLONG: "its name is too long; name another",
    errno.ENOLCK: "its file system knows no locks; name a folder of another disk",
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
    """Replace a file by data that come part by part, no two of which need be in memory at once.

    Whatever is raised while they are made leaves the old file as it was.
    """
    with telling(path):
        target, existing = _target(path)
        folder = os.path.dirname(target)
        sweep(folder)
        with system.open_folder(folder) as open_folder, _temporary(folder, existing) as temporary:
            size, digest = _write_parts(temporary.descriptor, parts)
            os.fsync(temporary.descriptor)
            _read_back(temporary.descriptor, size, digest)
            temporary.move_to(target)
            _flush_folder(open_folder, path)


def probe_folder(path: Path, size: int = _CHUNK) -> None:
    """Raises OutputError if a file `path` of so many bytes could not be written now; changes nothing.

    Meant for the time before a long work, so it goes the writer's way up to the last step. size: what will be written,
    as far as can be said; more would refuse a disk that has room enough.
    """
    with telling(path):
        target, existing = _target(path)
        folder = os.path.dirname(target)
        with system.open_folder(folder), _temporary(folder, existing) as temporary:
            _write_all(temporary.descriptor, os.urandom(size))  # zeros may take no room on a disk that packs
            os.fsync(temporary.descriptor)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, if it is not there; raises OutputError when it cannot."""
    with telling(path):
        os.makedirs(path, exist_ok=True)


def remove_file(path: Path) -> None:
    """Removes the file `path` if it is there; raises OutputError when it cannot."""
    with telling(path), suppress(FileNotFoundError):
        os.unlink(path)


def sweep(folder: Path) -> None:
    """Removes what killed runs left in `folder`: our temporary files whose writer is no more."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _TEMPORARY.fullmatch(entry.name):
                system.remove_if_dead(entry.path)


def permission_warning(path: Path) -> str | None:
    """One sentence if every user of the machine may change the file `path` or put another in its place."""
    real = os.path.realpath(path)
    for place in dict.fromkeys((real, os.path.dirname(real), os.path.dirname(os.path.abspath(path)))):
        try:
            is_open = system.is_open_to_all(os.stat(place))
        except OSError:
            continue
        if is_open:
            return f"{shown(place)} can be changed by every user of this machine; run: chmod o-w on it"
    return None


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Turns an error of the system into an OutputError, one line that names `path` and what to do."""
    try:
        yield
    except OSError as error:
        raise _refusal(path, _REASONS.get(error.errno or 0, error.strerror or str(error))) from error
    except ValueError as error:  # a NUL in the name
        raise _refusal(path, f"{error}; name another") from error


def _refusal(path: Path, reason: str) -> OutputError:
    return OutputError(f"cannot write {shown(path)}: {reason}", file=os.fsdecode(path))


def _target(path: Path) -> tuple[str, os.stat_result | None]:
    """Return the real place of the file (behind symlinks), and the status of what stands there now."""
    if os.fsdecode(path).endswith((os.sep, os.altsep or os.sep)):
        raise _refusal(path, "it is a folder; name a file in it")
    try:
        target = os.path.realpath(os.fsdecode(path), strict=True)
        existing = os.stat(target)
    except FileNotFoundError:
        return os.path.realpath(os.fsdecode(path)), None
    if stat.S_ISDIR(existing.st_mode):
        raise _refusal(path, "it is a folder; name a file in it")
    if not stat.S_ISREG(existing.st_mode):
        raise _refusal(path, "it is a pipe or a device; name a file")
    if not os.access(target, os.W_OK):
        raise _refusal(path, "the file is read-only; allow it with chmod u+w")
    return target, existing


class _Temporary:
    """A new file beside the one that it will replace; it stays open, and with it the file's lock, until it is moved or
    removed: a temporary file without a lock is one whose writer was killed."""

    def __init__(self, name: str, descriptor: int) -> None:
        self.name, self.descriptor = name, descriptor

    def move_to(self, target: str) -> None:
        """Put it in the place of another file."""
        if not system.may_move_open_files():
            self.close()
        os.replace(self.name, target)

    def close(self) -> None:
        """Close it, once."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            with suppress(OSError):
                os.close(descriptor)

    def discard(self) -> None:
        """Remove and close it as far as that can be done."""
        if not system.may_move_open_files():
            self.close()
        with suppress(OSError):
            os.unlink(self.name)
        self.close()


@contextmanager
def _temporary(folder: str, existing: os.stat_result | None) -> Iterator[_Temporary]:
    """A new file in `folder` with the permissions of `existing`; gone at the end."""
    temporary = _create(folder, 0o666 if existing is None else existing.st_mode & 0o666)
    try:
        if existing is not None:
            system.copy_permissions(temporary.descriptor, existing)
        yield temporary
    finally:
        temporary.discard()  # of one that was moved into place, nothing but the descriptor is left


def _create(folder: str, mode: int) -> _Temporary:
    """A new temporary file, locked; once more if another run swept it away before it was locked."""
    while True:
        name = os.path.join(folder, f".lstmcast-{secrets.token_hex(8)}.tmp")
        temporary = _Temporary(name, system.open_new(name, mode))
        try:
            system.mark_living(temporary.descriptor)
            os.stat(name)
        except FileNotFoundError:
            temporary.close()
        except BaseException:
            temporary.discard()
            raise
        else:
            return temporary


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
        found.update(system.read_at(descriptor, _CHUNK, place))
    if found.digest() != digest:
        raise OSError(errno.EIO, "the disk gives back other bytes than were written; use another disk")


def _flush_folder(folder: int | None, path: Path) -> None:
    """Makes the move into place last; by now readers see the new file, and the error says so."""
    try:
        system.flush_folder(folder)
    except OSError as error:
        raise OutputError(
            f"{shown(path)} was replaced and is whole, but may not outlast a power failure "
            f"({error.strerror}); see to the disk",
            file=os.fsdecode(path),
        ) from error
