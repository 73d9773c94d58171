"""Lines on stderr: words for a person, or with --log-json one JSON object each for a program."""

from __future__ import annotations

from lstmcast.cli.shell import run
from lstmcast.cli.shell.streams import PROGRAM, clean, emit, json_text, show
from lstmcast.core.errors import DataError, LstmcastError, OutputError, QualityError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST = 3000  # letters of a message
ERROR, WARNING, INFO = "error", "warning", "info"


def tell(level: str, identifier: str, message: str, **where: Any) -> None:
    """A line to stderr, wrapped on a terminal; where there is none to read it, nobody is told.

    identifier: a short stable name for programs; where: `file`, `line`, `column` or `stamp`, as far as known.
    """
    message = in_short(message)
    if run.current().log_json:
        show(_object(level, identifier, message, where))
    else:
        mark = {ERROR: f"{identifier}: ", WARNING: "warning: "}.get(level, "")
        show(_fitted(f"{PROGRAM}: {mark}", clean(message)))


def milestone(identifier: str, message: str, **where: Any) -> None:
    """A step on the way, for programs only: a person sees what comes of it on stdout."""
    if run.current().log_json and not run.current().quiet:
        tell(INFO, identifier, message, **where)


def tell_error(error: LstmcastError, *, as_json: bool, **more: Any) -> None:
    """An error in one line on stderr, and as one JSON document on stdout for those who asked for JSON."""
    tell(ERROR, error.name, _line(error), exit_code=error.exit_code, **error.where, **more)
    if as_json and not isinstance(error, OutputError | QualityError):
        emit(json_text(as_document(error)))


def as_document(error: LstmcastError) -> dict[str, Any]:
    """An error as the part `error` of a JSON document; of a failed gate it stands beside the figures, of data that
    cannot be used beside what had been found in them."""
    told = {"name": error.name, "exit_code": error.exit_code, "message": clean(in_short(_line(error)))}
    found = error.findings if isinstance(error, DataError) else ()
    document: dict[str, Any] = {"error": told | error.where}
    return document | ({"findings": [finding.record() for finding in found]} if found else {})


def _line(error: LstmcastError) -> str:
    return " ".join(str(error).split())


def in_short(message: str) -> str:
    """A message that a person can read: of one that repeats a cell of many pages, the beginning and the end."""
    return message if len(message) <= LONGEST else f"{message[: LONGEST // 2]} … {message[-LONGEST // 3 :]}"


def _fitted(start: str, message: str) -> str:
    """A line for a person; on a terminal that is too narrow it goes on below where it begins."""
    import sys

    if sys.stderr is None or not sys.stderr.isatty():
        return f"{start}{message}\n"
    from lstmcast.cli.shell import help

    return "".join(f"{line}\n" for line in help.wrapped(message, start, "  ", help.line_width(sys.stderr)))


def _object(level: str, identifier: str, message: str, where: dict[str, Any]) -> str:
    """One JSON object on one line; time is that of the machine's clock, in UTC."""
    from datetime import UTC, datetime

    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    known = {"file": None, "line": None} | where
    told = {"time": now, "level": level, "id": identifier, "message": message} | known
    return json_text(told, indent=None)
