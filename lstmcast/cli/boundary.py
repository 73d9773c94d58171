"""The one place where an exception becomes an exit code and one line."""

from __future__ import annotations

from lstmcast import __version__
from lstmcast.cli import streams
from lstmcast.cli.signals import Signals, Stopped
from lstmcast.errors import LstmcastError


class _StoppedError(LstmcastError):
    """How a signal is told."""

    name = "E_STOPPED"

    def __init__(self, stopped: Stopped) -> None:
        super().__init__(str(stopped))
        self.exit_code = stopped.exit_code


class _BugError(LstmcastError):
    """How a bug of ours is told."""


def guarded(arguments: list[str]) -> int:
    """Run one command line; returns its exit code, having told in one line whatever went wrong."""
    streams.use_utf8()
    try:
        return _run(arguments)
    except LstmcastError as error:
        return _told(error, arguments)
    except Stopped as stopped:
        return _told(_StoppedError(stopped), arguments)
    except Exception as bug:
        return _told(_BugError(_bug_line(bug, arguments)), arguments)


def _run(arguments: list[str]) -> int:
    if "--version" in arguments:  # before typer, which takes several times as long to load as Python itself
        streams.emit(f"{streams.PROGRAM} {__version__}\n")
        return 0
    with Signals():
        from lstmcast.cli.app import parse

        return parse(arguments)


def _told(error: LstmcastError, arguments: list[str]) -> int:
    """Tell an error; when even that cannot be written, stdout's failure is the one that counts."""
    try:
        streams.tell_error(error, as_json="--json" in arguments)
    except LstmcastError as worse:
        streams.tell_error(worse, as_json=False)
        return worse.exit_code
    return error.exit_code


def _bug_line(bug: Exception, arguments: list[str]) -> str:
    """What failed, and where its traceback is: on stderr with --debug, else in a file."""
    import traceback

    text = "".join(traceback.format_exception(bug))
    if "--debug" in arguments:
        streams.show(text)
        where = "its traceback is above"
    else:
        where = _report_file(f"{streams.PROGRAM} {__version__}\narguments: {arguments}\n\n{text}")
    return f"a bug of ours, {type(bug).__name__}: {bug}; {where}"


def _report_file(text: str) -> str:
    import tempfile

    try:
        descriptor, name = tempfile.mkstemp(prefix="lstmcast-bug-", suffix=".txt")
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as report:
            report.write(text)
    except OSError:
        return "--debug shows its traceback"
    return f"its traceback is in {name}, or on stderr with --debug"
