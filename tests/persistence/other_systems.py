"""Stands in for systems that lack what Linux has: run before the package is imported, in a process of its own."""

from __future__ import annotations

import errno
import os
import sys
import types
from pathlib import Path
from typing import Any

ABSENT = (
    "O_DIRECTORY",
    "O_NOFOLLOW",
    "O_NONBLOCK",
    "O_NOCTTY",
    "fchmod",
    "fchown",
    "pread",
    "getuid",
    "geteuid",
)


def without_unix() -> None:
    """Take away what only Unix has."""
    sys.modules["fcntl"] = None  # type: ignore[assignment]
    for name in ABSENT:
        delattr(os, name)


def as_windows(locks: Path) -> None:
    """The same, with the locks of Windows, and open files that can be neither renamed nor removed."""
    import fcntl
    import subprocess  # noqa: F401  (it asks whether there is msvcrt when it is loaded)

    without_unix()
    opened: dict[int, str] = {}
    held: dict[int, int] = {}

    def lock(descriptor: int, mode: int, count: int) -> None:
        assert count == 1
        assert os.lseek(descriptor, 0, os.SEEK_CUR) > 1 << 30, (
            "a lock over bytes of the file keeps others out"
        )
        status = os.fstat(descriptor)
        beside = os.open(locks / f"{status.st_dev}-{status.st_ino}", os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(beside, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            close(beside)
            raise PermissionError(errno.EACCES, "Permission denied") from None
        held[descriptor] = beside

    open_, close, replace, unlink = os.open, os.close, os.replace, os.unlink

    def opening(path: Any, *rest: Any, **named: Any) -> int:
        descriptor = open_(path, *rest, **named)
        opened[descriptor] = os.path.realpath(path)
        return descriptor

    def closing(descriptor: int) -> None:
        opened.pop(descriptor, None)
        if descriptor in held:
            close(held.pop(descriptor))
        close(descriptor)

    def refuse(*paths: Any) -> None:
        if {os.path.realpath(path) for path in paths} & set(opened.values()):
            raise PermissionError(errno.EACCES, "another process uses the file")

    def replacing(source: Any, target: Any) -> None:
        refuse(source, target)
        replace(source, target)

    def unlinking(path: Any) -> None:
        refuse(path)
        unlink(path)

    os.open, os.close, os.replace, os.unlink = opening, closing, replacing, unlinking  # type: ignore[assignment]
    module = types.ModuleType("msvcrt")
    module.locking, module.LK_NBLCK = lock, 2  # type: ignore[attr-defined]
    sys.modules["msvcrt"] = module
