"""Text on its way out: whole on stdout or a clear failure, on stderr lines that cannot harm a terminal."""

# typing, contextlib and json are not loaded up here: --version goes this way, and is done before they are.

from __future__ import annotations

import os
import sys

from lstmcast.core.errors import OutputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO, TextIO

PROGRAM = "lstmcast"
_PAUSE = 0.02  # seconds


def emit(text: str) -> None:
    """Write text to stdout, all of it; raises OutputError when stdout is closed, full or gone."""
    stream = _stdout()
    buffer = getattr(stream, "buffer", None)
    try:
        if buffer is None:
            stream.write(text)
            stream.flush()
        else:  # not through the stream: without a buffer, as PYTHONUNBUFFERED has it, that forgets what is left over
            stream.flush()
            _write_all(buffer, text.encode(stream.encoding, stream.errors or "strict"))
    except (OSError, ValueError) as error:
        raise _broken(stream, error) from error


def emit_bytes(data: bytes) -> None:
    """Write the bytes of a file to stdout, all of them; raises OutputError as `emit` does, and for a terminal."""
    stream = _stdout()
    if stream.isatty():
        raise OutputError("standard output is a terminal, which shows no such file; name one with --output")
    try:
        stream.flush()
        _write_all(stream.buffer, data)
    except (OSError, ValueError) as error:
        raise _broken(stream, error) from error


def _stdout() -> TextIO:
    if sys.stdout is None:
        raise OutputError("standard output is closed")
    return sys.stdout


def _write_all(buffer: BinaryIO, data: bytes) -> None:
    """All of the bytes: one call may take only a part, and none while a pipe that does not block is full."""
    rest = memoryview(data)
    while rest:
        try:
            taken = buffer.write(rest)
        except BlockingIOError as error:
            taken = error.characters_written
        if not taken:
            import time

            time.sleep(_PAUSE)
        rest = rest[taken or 0 :]
    buffer.flush()


def _broken(stream: TextIO, error: Exception) -> OutputError:
    """Return the error by which a broken stdout is told; from then on nothing is written there."""
    _abandon(stream)
    return OutputError(f"standard output cannot be written: {_reason(error)}")


def show(text: str) -> None:
    """Text to stderr as it is, if that can be written."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return


def json_text(document: dict[str, Any], indent: int | None = 2) -> str:
    """One JSON document as text; a NaN in it is a bug, since every reader would refuse it.

    What a terminal would act on, and JSON allows (a C1 control character, say), is written as an escape.
    """
    import json

    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=indent)
    lines = (line if line.isprintable() else "".join(map(_escaped, line)) for line in text.split("\n"))
    return "\n".join(lines) + "\n"


def _escaped(letter: str) -> str:
    """A letter within a text of JSON; outside of texts all are printable."""
    if letter.isprintable():
        return letter
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def clean(text: str) -> str:
    """Text from a file, fit for a terminal: what would move the cursor or ring the bell is spelled out."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def use_utf8() -> None:
    """Both streams speak UTF-8 whatever the locale, so that the same run writes the same bytes everywhere."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _abandon(stream: TextIO) -> None:
    """Point a broken stream at nothing, else Python's last flush fails again and replaces our exit code."""
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
    except (OSError, ValueError):
        return
