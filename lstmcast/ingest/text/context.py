"""A read context: what the rooms that read one file share."""

from __future__ import annotations

from dataclasses import dataclass, field

from lstmcast.core.errors import DataError
from lstmcast.core.findings import NOTE, WARNING, Finding
from lstmcast.core.place import Place
from lstmcast.ingest.text.rules import ReadingRules
from lstmcast.ingest.text.source import Watch


@dataclass(frozen=True)
class ReadContext:
    """The file as messages call it, what its user said, and the findings so far.

    is_lenient: whether columns were taken that nobody named, which need not be numbers to their end; watch: told of
    the bytes that are read, where somebody waits for them; signs: decimal signs that cells of the file told.
    """

    source: str
    rules: ReadingRules = field(default_factory=ReadingRules)
    findings: list[Finding] = field(default_factory=list)
    is_lenient: bool = False
    watch: Watch | None = None
    signs: set[str] = field(default_factory=set)

    @property
    def decimal(self) -> str | None:
        """A comma, where cells of the file told it and nothing stands with a point."""
        return "," if self.signs == {","} else None

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
        return DataError.at(Place(file=self.source, line=line, column=column), message)
