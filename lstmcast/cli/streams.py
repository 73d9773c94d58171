"""Text on its way out: whole on stdout or a clear failure, on stderr lines that cannot harm a terminal."""

# typing, contextlib and json are not loaded up here: --version goes this way, and is done before they are.

from __future__ import annotations

import os
import sys

from lstmcast.errors import LstmcastError, OutputError, QualityError

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


def tell(line: str) -> None:
    """One line to stderr; where there is none to read it, nobody is told."""
    show(f"{PROGRAM}: {clean(line)}\n")


def show(text: str) -> None:
    """Text to stderr as it is, if that can be written."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return


def tell_error(error: LstmcastError, *, as_json: bool) -> None:
    """An error in one line on stderr, and as one JSON document on stdout for those who asked for JSON."""
    message = clean(" ".join(str(error).split()))
    tell(f"{error.name}: {message}")
    if as_json and not isinstance(error, OutputError | QualityError):
        emit(json_text(as_document(error)))


def as_document(error: LstmcastError) -> dict[str, Any]:
    """An error as the part `error` of a JSON document; of a failed gate it stands beside the figures."""
    message = clean(" ".join(str(error).split()))
    return {"error": {"name": error.name, "exit_code": error.exit_code, "message": message}}


def json_text(document: dict[str, Any]) -> str:
    """One JSON document as text; a NaN in it is a bug, since every reader would refuse it."""
    import json

    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2) + "\n"


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
