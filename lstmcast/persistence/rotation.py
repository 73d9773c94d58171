"""A file and the ones it replaced: `model.pkl`, and `model.pkl.1` the one before it, `model.pkl.2` the one before that.

The file itself is at no moment missing or torn, wherever a run is killed: it is only ever replaced by a rename. All of
this is done by who holds the file's lock.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress

from lstmcast.core.errors import OutputError
from lstmcast.persistence import system
from lstmcast.persistence.files import replace_file, shown, telling
from lstmcast.persistence.system import Path


def keep_old(path: Path) -> None:
    """Makes the file `path` also its own predecessor, and moves the others on; call it before the file is replaced.

    Where a run was killed in between, the predecessor is like the file itself already: then nothing moves.
    """
    with telling(path):
        real = os.path.realpath(path)
        if _is_same(real, _old(real, 1)):
            return
        numbers = _predecessors(real)
        free = next(number for number in range(1, len(numbers) + 2) if number not in numbers)
        for number in range(free, 1, -1):
            os.replace(_old(real, number - 1), _old(real, number))
        _copy(real, _old(real, 1))
        _flush(real)


def forget_old(path: Path, count: int) -> None:
    """Removes all predecessors of the file `path` but the newest `count`; call it once the file is replaced."""
    with telling(path):
        real = os.path.realpath(path)
        for number in _predecessors(real):
            if number > count:
                os.unlink(_old(real, number))


def newest_old(path: Path) -> str:
    """The newest predecessor of the file `path` that differs from it; raises OutputError when there is none."""
    with telling(path):
        real = os.path.realpath(path)
        for number in _predecessors(real):
            if not _is_same(real, _old(real, number)):
                return _old(real, number)
    message = f"no older file is kept beside {shown(path)}; there is nothing to go back to"
    raise OutputError(message, file=os.fsdecode(path))


def roll_back(path: Path) -> str:
    """Puts the newest predecessor in the place of the file `path`, which is gone then; the others move up.

    Returns the name that it had. Raises OutputError when there is none.
    """
    old = newest_old(path)
    with telling(path):
        real, undone = os.path.realpath(path), int(old.rsplit(".", 1)[1])
        os.replace(old, real)
        for number in _predecessors(real):
            if number < undone:  # like the file that was undone: a killed run left it
                os.unlink(_old(real, number))
        for target, number in enumerate(_predecessors(real), 1):
            os.replace(_old(real, number), _old(real, target))
        _flush(real)
    return old


def _old(real: str, number: int) -> str:
    return f"{real}.{number}"


def _predecessors(real: str) -> list[int]:
    """The numbers of the predecessors that are there, rising; a run that was killed may have left a gap."""
    names = os.listdir(os.path.dirname(real))
    pattern = re.compile(re.escape(os.path.basename(real)) + r"\.([1-9]\d{0,2})")
    return sorted(int(match[1]) for match in map(pattern.fullmatch, names) if match)


def _is_same(real: str, other: str) -> bool:
    """Return whether both files hold the same bytes."""
    try:
        with open(real, "rb") as one, open(other, "rb") as two:
            return one.read() == two.read()
    except FileNotFoundError:
        return False


def _copy(real: str, other: str) -> None:
    """Put the bytes under another name: a second link to them, or a copy where the disk has no links."""
    try:
        os.link(real, other)
    except OSError:
        with open(real, "rb") as file:
            replace_file(other, file.read())
        os.chmod(other, os.stat(real).st_mode & 0o777)


def _flush(real: str) -> None:
    """Makes renames in the file's folder outlast a power failure, where the file system can."""
    with suppress(OSError), system.open_folder(os.path.dirname(real)) as folder:
        system.flush_folder(folder)
