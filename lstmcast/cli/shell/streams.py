"""Text on its way out: whole on stdout or a clear failure, on stderr lines that cannot harm a terminal."""

# typing, contextlib and json are not loaded up here: --version goes this way, and is done before they are.

from __future__ import annotations

import os
import sys

from lstmcast.core.errors import OutputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

PROGRAM = "lstmcast"


def emit(text: str) -> None:
    """Write text to stdout, all of it; raises OutputError when stdout is closed, full or gone."""
    if sys.stdout is None:
        raise OutputError("standard output is closed")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OSError, ValueError) as error:
        _abandon(sys.stdout)
        raise OutputError(f"standard output cannot be written: {_reason(error)}") from error


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


def harmless(text: str) -> str:
    """A whole table, fit for a terminal: control characters in its cells are spelled out, all other text stays."""
    import re

    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", lambda found: repr(found[0])[1:-1], text)


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
