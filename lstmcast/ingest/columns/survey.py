"""A survey: which columns of a file could be forecast, and which could help, as its first rows show them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError
from lstmcast.core.findings import NOTE, Finding
from lstmcast.ingest.columns.classes import MOST_CLASSES, is_text_class
from lstmcast.ingest.columns.columns import MISSING, NumberColumn, is_number
from lstmcast.ingest.table.reader import Lines, Table
from lstmcast.ingest.table.roles import Roles, listed, plain
from lstmcast.ingest.text.cells import Cells
from lstmcast.ingest.time.axis import tells_time

NUMBERS, SWITCH, CLASSES = "numbers", "yes or no", "classes"
_SWITCHES = ({"0", "1"}, {"true", "false"}, {"yes", "no"})
_NAMED = 10  # columns in an option that is to be pasted
_REPEATED = 0.5  # share of different texts above which they are names or remarks, not classes


@dataclass(frozen=True)
class Candidate:
    """A column that could be forecast or help: kind is `numbers`, `yes or no` or `classes`; classes: how many seen."""

    name: str
    kind: str
    classes: int = 0

    def __str__(self) -> str:
        said = f"{self.classes} classes" if self.kind == CLASSES else self.kind
        return f"{self.name} ({said})"


@dataclass
class LenientColumn(NumberColumn):
    """A column of numbers that nobody named: at the first cell that is none it is given up, and the file read on."""

    reason: str = ""
    _lines: int = field(default=0, init=False)

    def add(self, cells: Cells, lines: Lines) -> None:
        """Take a chunk, unless the column is given up."""
        self._lines += len(lines)
        if not self.reason:
            try:
                super().add(cells, lines)
            except DataError as error:
                self._give_up(error)

    def finish(self) -> NDArray[np.float64]:
        """(n,) all numbers; of a column given up, NaN."""
        if not self.reason:
            try:
                return super().finish()
            except DataError as error:
                self._give_up(error)
        return np.full(self._lines, np.nan)

    def _give_up(self, error: DataError) -> None:
        self.reason = str(error).removeprefix(f"{self.context.source}: ")
        self.context.warn("no_numbers", f"{self.reason}; the column is left out")


def candidates(table: Table, taken: Sequence[str]) -> list[Candidate]:
    """Columns beside those taken that could be forecast or help: numbers, and text of few classes, but nothing that
    only tells the time or counts the rows, and nothing that is the same in all the first rows."""
    found = (
        _candidate(name, table.column(name), table.context.rules.missing)
        for name in table.names
        if name not in taken and not tells_time(name, table.column(name))
    )
    return [candidate for candidate in found if candidate is not None]


def _candidate(name: str, cells: Cells, missing: tuple[str, ...]) -> Candidate | None:
    present = [cell.strip() for cell in cells]
    different = set(present) - MISSING - set(missing)
    if len(different) < 2:
        return None
    if any({cell.lower() for cell in different} == switch for switch in _SWITCHES):
        return Candidate(name, SWITCH)
    if all(is_number(cell) for cell in different):
        return Candidate(name, NUMBERS)
    few = len(different) <= min(MOST_CLASSES, _REPEATED * len(present))
    return Candidate(name, CLASSES, len(different)) if few and is_text_class(different, missing) else None


def all_numbers(roles: Roles, found: Sequence[Candidate], table: Table) -> Roles:
    """The roles with every column of numbers that has no other part as a target: the first, and the rest beside it.

    Raises DataError where there is none.
    """
    named = {plain(name) for name in (roles.id, *roles.known, *roles.past) if name is not None}
    free = [each for each in found if plain(each.name) not in named]
    numbers = [each.name for each in free if each.kind == NUMBERS]
    numbers = numbers or [each.name for each in free if each.kind == SWITCH]
    if not numbers:
        constant = [name for name in table.names if name not in (roles.time or "").split(",")]
        raise table.context.refusal(
            f"no column holds numbers that change (looked at {listed(tuple(constant)) or 'none'} beside the time); "
            "there is nothing to forecast"
        )
    return Roles(numbers[0], roles.time, roles.id, roles.known, (*roles.past, *numbers[1:]), roles.levels)


def finding(target: str, found: Sequence[Candidate], checked: Sequence[str]) -> Finding | None:
    """What to say of the columns that nobody named; target: empty where all of `checked` could be it."""
    helpful = [each for each in found if each.name not in checked]
    others = listed(tuple(str(each) for each in helpful))
    if not target and len(checked) > 1:
        message = f"columns {listed(tuple(checked))} could be forecast, and all are checked"
        message += f"; of the others {others} could help" if others else ""
        return Finding(NOTE, "columns", message, f"--target {shlex.quote(checked[0])}")
    if not helpful:
        return None
    names = shlex.quote(",".join(each.name for each in helpful[:_NAMED]))
    remedy = f"--known {names} if they are known ahead of time, --past {names} if not"
    return Finding(NOTE, "covariates", f"columns that could help, but are not used: {others}", remedy)
