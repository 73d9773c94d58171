"""The bytes of a file that may be hostile: regular files of a bounded size only."""

from __future__ import annotations

import os
import stat

from lstmcast.core.errors import ModelFileError
from lstmcast.persistence import system

LARGEST_FILE = 64_000_000  # bytes; a model of the default size has less than one in a hundred of that


def read_bytes(path: str | os.PathLike[str], largest: int = LARGEST_FILE) -> bytes:
    """All bytes of the regular file `path`, at most so many.

    Raises ModelFileError, a sentence without the file's name, for everything else; never waits for a pipe.
    """
    try:
        descriptor = system.open_reading(path)
        try:
            return _all_bytes(descriptor, largest)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        raise ModelFileError("there is no such file; write it with `lstmcast train`") from None
    except OSError as error:
        raise ModelFileError(
            f"cannot be read ({error.strerror}); see to its permissions, or name another"
        ) from error
    except ValueError:  # a NUL in the name
        raise ModelFileError("this cannot be the name of a file; name another") from None


def _all_bytes(descriptor: int, largest: int) -> bytes:
    """The bytes of an open file, once it is known to be regular and not too large."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or a device"
        raise ModelFileError(f"is {kind}; name a file that `lstmcast train` wrote")
    if status.st_size > largest:
        raise ModelFileError(f"larger than {largest // 1_000_000} MB, so no model file; name another")
    if not status.st_size:
        raise ModelFileError("is empty; name a file that `lstmcast train` wrote")
    with open(descriptor, "rb", closefd=False) as file:
        data = file.read(status.st_size + 1) or b""
    if len(data) != status.st_size:
        raise ModelFileError("changed while it was read; try again")
    return data
