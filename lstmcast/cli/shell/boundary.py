"""The one place where an exception becomes an exit code and one line."""

from __future__ import annotations

from lstmcast import __version__
from lstmcast.cli.shell import log, run, streams
from lstmcast.cli.shell.signals import Signals, Stopped
from lstmcast.core.errors import DataError, LstmcastError, ModelFileError, TrainingError, UsageError

TYPE_CHECKING = False  # typing itself is not loaded: --version goes this way
if TYPE_CHECKING:
    from typing import TextIO


class _StoppedError(LstmcastError):
    """The error by which a signal is told."""

    name = "E_STOPPED"

    def __init__(self, stopped: Stopped) -> None:
        super().__init__(str(stopped))
        self.exit_code = stopped.exit_code


class _BugError(LstmcastError):
    """The error by which a bug of ours is told."""


def guarded(arguments: list[str]) -> int:
    """Run one command line; returns its exit code, having told in one line whatever went wrong."""
    streams.use_utf8()
    run.begin(arguments)
    try:
        return _run(arguments)
    except LstmcastError as error:
        return _told(_exchanged(arguments, _naming_model(error)))
    except MemoryError as error:
        return _told(_without_memory(error))
    except ArithmeticError as error:
        overflow = _overflow(error)
        return _told_bug(error, arguments) if overflow is None else _told(overflow)
    except Stopped as stopped:
        return _told(_StoppedError(stopped))
    except Exception as bug:
        return _told_bug(bug, arguments)


def _run(arguments: list[str]) -> int:
    if (
        "--version" in arguments or "-V" in arguments[:1]
    ):  # before typer, which takes several times as long to load as Python itself
        streams.emit(f"{streams.PROGRAM} {__version__}\n")
        return 0
    import warnings

    with Signals(), warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.showwarning = _python_warning
        from lstmcast.cli.shell.app import parse

        return parse(arguments)


def _python_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Log a library's warning while debugging: it is for us, not for the user."""
    if run.current().debug:
        log.tell(log.INFO, "python_warning", f"{category.__name__}: {message} ({filename}:{lineno})")


def _told(error: LstmcastError, **more: str) -> int:
    """Tell an error; when even that cannot be written, stdout's failure is the one that counts."""
    try:
        log.tell_error(error, as_json=run.current().as_json, **more)
    except LstmcastError as worse:
        log.tell_error(worse, as_json=False)
        return worse.exit_code
    return error.exit_code


def _naming_model(error: LstmcastError) -> LstmcastError:
    """The error of a model with the file that it is in, which who computes with it does not know."""
    file = run.current().model
    if isinstance(error, ModelFileError) and error.file is None and file is not None:
        return ModelFileError(f"{file}: {error}", file=file)
    return error


def _exchanged(arguments: list[str], error: LstmcastError) -> LstmcastError:
    """The error, or that the model and the data stand in each other's place."""
    if not isinstance(error, UsageError | DataError | ModelFileError):
        return error
    from lstmcast.cli.shell.mistakes import exchanged

    return exchanged(arguments, error)


def _without_memory(error: MemoryError) -> LstmcastError:
    """Return an error that says what there was not enough memory for."""
    wanted, file = f" ({error})" if str(error) else "", run.current().model
    if file is not None:
        return ModelFileError(
            f"{file}: not enough memory to use it{wanted}; free some, or name a smaller file", file=file
        )
    if run.current().is_training:
        return TrainingError(
            f"not enough memory to train{wanted}; choose a smaller --hidden, --batch, --lookback or --members"
        )
    return DataError(f"not enough memory for the file{wanted}; free some, or cut the file")


def _overflow(error: ArithmeticError) -> LstmcastError | None:
    """An error in the numbers of a model that was read from a file, which no training gives; None without one."""
    file = run.current().model
    if file is None or run.current().debug:
        return None
    told = f"its numbers cannot be computed with ({type(error).__name__}: {error})"
    return ModelFileError(f"{file}: {told}; train the model again, or restore it from a copy", file=file)


def _told_bug(bug: Exception, arguments: list[str]) -> int:
    """Tell what failed, and where its traceback is: on stderr with --debug, else in a file."""
    import traceback

    text = "".join(traceback.format_exception(bug))
    if not run.current().debug:
        where = _report_file(f"{streams.PROGRAM} {__version__}\narguments: {arguments}\n\n{text}")
    elif run.current().log_json:
        return _told(_BugError(_bug_line(bug, "its traceback is beside this")), traceback=text)
    else:
        streams.show("".join(f"{streams.clean(line)}\n" for line in text.splitlines()))
        where = "its traceback is above"
    return _told(_BugError(_bug_line(bug, where)))


def _bug_line(bug: Exception, where: str) -> str:
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
