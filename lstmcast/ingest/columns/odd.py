"""Odd cells: those of a column of numbers that are none, told all at once with the option that settles them."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field

from lstmcast.core.errors import DataError
from lstmcast.core.findings import count
from lstmcast.core.options import write_names
from lstmcast.ingest.text.context import ReadContext

_MANY = 8  # different cells beyond which no option is to settle them
_WIDEST = 60  # letters of a cell in a message


@dataclass(eq=False)
class OddCells:
    """The different cells of a column that are no numbers, with the line of the first of each.

    reasons: what a cell is instead, where that is known.
    """

    name: str
    context: ReadContext
    lines: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    number: int = 0  # how many cells

    def note(self, text: str, line: int, often: int = 1, reason: str = "") -> None:
        """Take one more; raises DataError where there are so many that the column is none of numbers."""
        self.lines.setdefault(text.strip(), line)
        self.number += often
        if reason:
            self.reasons.setdefault(text.strip(), reason)
        if len(self.lines) > _MANY:
            raise self.refusal()

    def refusal(self) -> DataError:
        """The first cell, with its line and what settles it."""
        text, line = min(self.lines.items(), key=lambda item: item[1])
        reason = f" {self.reasons[text]}" if text in self.reasons else ""
        more = f" (and {count(self.number - 1, 'cell')} like it)" if self.number > 1 else ""
        message = f"expected a number, found {text[:_WIDEST]!r}{reason}{more}; {self._remedy()}"
        return self.context.cell_refusal(line, self.name, message)

    def _remedy(self) -> str:
        """The option with which the file can be read, or what to do where there is none."""
        if len(self.lines) > _MANY:
            return "write numbers only, or leave the column out"
        words = [*self.context.rules.missing, *self.lines]
        return f"mend it, or if it means missing: --missing {shlex.quote(write_names(words))}"
