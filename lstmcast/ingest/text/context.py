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
    the bytes that are read, where somebody waits for them; signs: decimal signs that cells of the file told;
    is_counted: whether its rows are known to be numbered, so that bare numbers are no dates; given_up: why such columns
    turned out to be no numbers; is_fresh: whether a model reads it, with the options of its training; units: what
    stands around the numbers of a column, by its name.
    """

    source: str
    rules: ReadingRules = field(default_factory=ReadingRules)
    findings: list[Finding] = field(default_factory=list)
    is_lenient: bool = False
    watch: Watch | None = None
    signs: set[str] = field(default_factory=set)
    is_counted: bool = False
    given_up: list[DataError] = field(default_factory=list)
    is_fresh: bool = False
    units: dict[str, str] = field(default_factory=dict)

    @property
    def decimal(self) -> str | None:
        """A comma, where cells of the file told it and nothing stands with a point."""
        return "," if self.signs == {","} else None

    def place(self, *, line: int | None = None, column: str | None = None, stamp: str | None = None) -> Place:
        """A place in this file, whose text begins with the name of the file."""
        return Place(file=self.source, line=line, column=column, stamp=stamp)

    def info(self, code: str, message: str, remedy: str = "", place: Place | None = None) -> None:
        """Note what need not worry anybody; place: where the message says it is, for a program."""
        self.findings.append(Finding(NOTE, code, message, remedy, place or self.place()))

    def warn(self, code: str, message: str, remedy: str = "", place: Place | None = None) -> None:
        """Note what the user should look at; place: where the message says it is, for a program."""
        self.findings.append(Finding(WARNING, code, message, remedy, place or self.place()))

    def refusal(
        self,
        message: str,
        *,
        line: int | None = None,
        column: str | None = None,
        stamp: str | None = None,
        option: str | None = None,
    ) -> DataError:
        """The error that ends the reading; the fields are what the message names, for a program."""
        text = f"{self.source}: {message}"
        number = None if line is None else int(line)
        return DataError(text, file=self.source, line=number, column=column, stamp=stamp, option=option)

    def cell_refusal(self, line: int, column: str, message: str) -> DataError:
        """The error that ends the reading at a cell."""
        return DataError.at(self.place(line=line, column=column), message)
