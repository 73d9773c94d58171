"""Every way a command can end: one exception base, its children, and the table of exit codes."""

from __future__ import annotations

TYPE_CHECKING = False  # typing is not loaded: --version goes this way
if TYPE_CHECKING:
    from typing import Self

    from lstmcast.core.findings import Finding
    from lstmcast.core.place import Place

EXIT_CODES: dict[int, str] = {
    0: "done",
    1: "a bug of ours",
    2: "usage or configuration",
    3: "input data unusable",
    4: "model file unusable",
    5: "quality gate failed, nothing replaced",
    6: "degraded forecast written",
    7: "training failed",
    8: "output cannot be written",
    9: "busy: another run holds the lock",
    10: "input too old",
    11: "alarm: what came is not what was to be expected",
    130: "interrupted (SIGINT)",
    143: "terminated (SIGTERM)",
}


class LstmcastError(Exception):
    """Base of every error that is told in one line; `exit_code` is a key of EXIT_CODES.

    file, line (from 1), column, stamp, option: the place that the message names, for a program; None where it names
    none. They are given by whoever raises, who knows them, and are never read out of the sentence.
    """

    exit_code = 1
    name = "E_BUG"

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        column: str | None = None,
        stamp: str | None = None,
        option: str | None = None,
    ) -> None:
        super().__init__(message)
        self.file, self.line, self.column, self.stamp, self.option = file, line, column, stamp, option

    @classmethod
    def at(cls, place: Place, message: str) -> Self:
        """The error whose message begins with a place, and whose fields are those of the place."""
        error = cls(f"{place}: {message}" if place.text else message)
        vars(error).update(place.fields)
        return error

    def plain(self) -> LstmcastError:
        """The error as one of the classes of this module, which can be pickled, whoever made it of more than words."""
        kind = next(each for each in type(self).__mro__ if each.__module__ == __name__)
        error: LstmcastError = kind(str(self), **self.where)
        if isinstance(error, DataError) and isinstance(self, DataError):
            error.findings = self.findings
        return error

    @property
    def where(self) -> dict[str, str | int]:
        """The fields that are known, by name."""
        fields = {name: getattr(self, name) for name in ("file", "line", "column", "stamp", "option")}
        return {name: value for name, value in fields.items() if value is not None}


class UsageError(LstmcastError):
    """An option or a configuration value that cannot be used."""

    exit_code = 2
    name = "E_USAGE"


class DataError(LstmcastError):
    """Input data that cannot be understood, or that do not fit the model's contract.

    findings: what had been found in the file until then.
    """

    exit_code = 3
    name = "E_DATA"
    findings: tuple[Finding, ...] = ()


class TooFewNewError(DataError):
    """Input data that have too few rows beyond those that a model has seen, with which nothing is wrong besides."""


class ModelFileError(LstmcastError):
    """A file that is not a model, is damaged, or is too new."""

    exit_code = 4
    name = "E_MODEL"


class DegradedError(LstmcastError):
    """A forecast that was written although the model made not all of it; told, never raised."""

    exit_code = 6
    name = "E_DEGRADED"


class TrainingError(LstmcastError):
    """Training that cannot start (too little history) or cannot go on (diverged)."""

    exit_code = 7
    name = "E_TRAINING"


class QualityError(LstmcastError):
    """A quality that was asked for and not reached; the figures have been shown by then."""

    exit_code = 5
    name = "E_QUALITY"


class OutputError(LstmcastError):
    """A result that could not be written."""

    exit_code = 8
    name = "E_OUTPUT"


class BusyError(LstmcastError):
    """Another run holds the lock."""

    exit_code = 9
    name = "E_BUSY"


class StaleError(LstmcastError):
    """Input data whose last known target is older than was allowed."""

    exit_code = 10
    name = "E_STALE"


class AlarmError(LstmcastError):
    """Rows that are not what was to be expected; told, never raised."""

    exit_code = 11
    name = "E_ALARM"
