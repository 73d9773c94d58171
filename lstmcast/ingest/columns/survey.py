"""A survey: which columns of a file could be forecast, and which could help, as its first rows show them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError
from lstmcast.core.findings import NOTE, Finding
from lstmcast.ingest.columns.classes import MOST_CLASSES
from lstmcast.ingest.columns.kinds import is_text_class, mostly_numbers, present_in
from lstmcast.ingest.columns.numbers import NumberColumn
from lstmcast.ingest.table.reader import Lines, OpenTable
from lstmcast.ingest.table.roles import Roles, listed, plain
from lstmcast.ingest.text.cells import Cells
from lstmcast.ingest.time.axis import tells_time

NUMBERS, SWITCH, CLASSES, CONSTANT = "numbers", "yes or no", "classes", "constant"
_SWITCHES = ({"0", "1"}, {"true", "false"}, {"yes", "no"})
_MOST_SPELLINGS = 16  # of yes and no
_NAMED = 10  # columns in an option that is to be pasted
_REPEATED = 0.5  # share of different texts above which they are names or remarks, not classes


@dataclass(frozen=True)
class SurveyedColumn:
    """A column that could be forecast or help: kind is `numbers`, `yes or no`, `classes`, or `constant` where its first
    rows are all the same number or empty; classes: how many seen."""

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

    def finish(self, sign: str | None = None, *, is_continental: bool = False) -> NDArray[np.float64]:
        """(n,) all numbers; of a column given up, NaN."""
        if not self.reason:
            try:
                return super().finish(sign, is_continental=is_continental)
            except DataError as error:
                self._give_up(error)
        return np.full(self._lines, np.nan)

    def _give_up(self, error: DataError) -> None:
        self.reason = str(error).removeprefix(f"{self.context.source}: ")
        self.context.given_up.append(error)
        place = self.context.place(line=error.line, column=self.name)
        self.context.warn("no_numbers", f"{self.reason}; the column is left out", place=place)


def candidates(table: OpenTable, taken: Sequence[str]) -> list[SurveyedColumn]:
    """Columns beside those taken that could be forecast or help: numbers, and text of few classes, but nothing that
    only tells the time or counts the rows."""
    return first_candidates(table, taken, table.names, None)[0]


def first_candidates(
    table: OpenTable, taken: Sequence[str], names: Sequence[str], most: int | None
) -> tuple[list[SurveyedColumn], list[str]]:
    """The candidates as far as so many columns of numbers are among them (None: all), and the names not looked at.

    names: of columns, in the order in which they are looked at.
    """
    gone, found, numbers = set(taken), list[SurveyedColumn](), 0
    left = [name for name in names if name not in gone]
    for place, name in enumerate(left):
        if numbers == most:
            return found, left[place:]
        cells = table.column(name)
        each = None if tells_time(name, cells) else _candidate(name, cells, table.context.rules.missing)
        found += [] if each is None else [each]
        numbers += each is not None and each.kind == NUMBERS
    return found, []


def _candidate(name: str, cells: Cells, missing: tuple[str, ...]) -> SurveyedColumn | None:
    different = present_in(cells, missing)
    if len(different) <= _MOST_SPELLINGS and {cell.lower() for cell in different} in _SWITCHES:
        return SurveyedColumn(name, SWITCH)
    if len(different) < 2:
        return SurveyedColumn(name, CONSTANT) if not different or mostly_numbers(different) else None
    if mostly_numbers(different):
        return SurveyedColumn(name, NUMBERS)
    few = len(different) <= min(MOST_CLASSES, _REPEATED * len(cells))
    return (
        SurveyedColumn(name, CLASSES, len(different)) if few and is_text_class(different, missing) else None
    )


def all_numbers(roles: Roles, found: Sequence[SurveyedColumn], table: OpenTable) -> Roles:
    """The roles with every column of numbers that has no other part as a target: the first, and the rest beside it;
    those that are constant in the first rows come last.

    Raises DataError where there is none.
    """
    named = {plain(name) for name in (roles.id, *roles.known, *roles.past) if name is not None}
    free = [each for each in found if plain(each.name) not in named]
    by_kind = {
        kind: [each.name for each in free if each.kind == kind] for kind in (NUMBERS, SWITCH, CONSTANT)
    }
    numbers = [*(by_kind[NUMBERS] or by_kind[SWITCH]), *by_kind[CONSTANT]]
    if not numbers:
        raise table.context.refusal(no_numbers(roles, free, table))
    return Roles(numbers[0], roles.time, roles.id, roles.known, (*roles.past, *numbers[1:]), roles.levels)


def no_numbers(roles: Roles, free: Sequence[SurveyedColumn], table: OpenTable) -> str:
    """Return what to say of a table without a column of numbers: the classes it offers, or what there is."""
    classes = [each.name for each in free if each.kind == CLASSES]
    if classes:
        several = f"columns {listed(tuple(classes))} hold" if classes[1:] else f"column {classes[0]!r} holds"
        return f"no column holds numbers, but {several} classes; name one with --target {shlex.quote(classes[0])}"
    rest = tuple(name for name in table.names if name not in (roles.time or "").split(","))
    looked = f" (looked at {listed(rest)} beside the time)" if rest else " beside the time"
    shown = [f"{name!r} holds {cell!r}" for name in rest[:3] for cell in table.column(name)[:1] if cell]
    return f"no column holds numbers{looked}" + (f"; {', '.join(shown)}" if shown else "")


def finding(
    target: str, found: Sequence[SurveyedColumn], checked: Sequence[str], unseen: int = 0
) -> Finding | None:
    """Return what to say of columns that nobody named; target: empty where all of `checked` could be it.

    unseen: columns that were not looked at.
    """
    helpful = [each for each in found if each.name not in checked and each.kind != CONSTANT]
    others = listed(tuple(str(each) for each in helpful))
    if not target and len(checked) > 1:
        message = f"columns {listed(tuple(checked))} could be forecast, and all are checked"
        message += f"; of the others {others} could help" if others else ""
        return Finding(NOTE, "columns", message, f"--target {shlex.quote(checked[0])}")
    if not helpful:
        return None
    names = shlex.quote(",".join(each.name for each in helpful[:_NAMED]))
    remedy = f"--known {names} if they are known ahead of time, --past {names} if not"
    more = f"; {unseen:,} more were not looked at" if unseen else ""
    return Finding(NOTE, "covariates", f"columns that could help, but are not used: {others}{more}", remedy)
