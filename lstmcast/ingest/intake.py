"""An intake: what the rooms of one reading share."""

from __future__ import annotations

from dataclasses import dataclass, field

from lstmcast.errors import DataError
from lstmcast.findings import NOTE, WARNING, Finding
from lstmcast.ingest.rules import ReadingRules


@dataclass(frozen=True)
class Intake:
    """The file as messages call it, what its user said, and the findings so far.

    is_lenient: whether columns were taken that nobody named, which need not be numbers to their end.
    """

    source: str
    rules: ReadingRules = field(default_factory=ReadingRules)
    findings: list[Finding] = field(default_factory=list)
    is_lenient: bool = False

    def info(self, code: str, message: str, remedy: str = "") -> None:
        """Note what need not worry anybody."""
        self.findings.append(Finding(NOTE, code, message, remedy))

    def warn(self, code: str, message: str, remedy: str = "") -> None:
        """Note what the user should look at."""
        self.findings.append(Finding(WARNING, code, message, remedy))

    def refusal(self, message: str) -> DataError:
        """The error that ends the reading."""
        return DataError(f"{self.source}: {message}", file=self.source)

    def cell_refusal(self, line: int, column: str, message: str) -> DataError:
        """The error that ends the reading at a cell."""
        text = f"{self.source}: line {line}, column {column!r}: {message}"
        return DataError(text, file=self.source, line=int(line), column=column)
