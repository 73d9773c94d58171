"""Numbered parts of a day: hours 1 to 24 (25 when the clock is put back), half hours 1 to 48, quarters 1 to 96."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lstmcast.ingest.table.reader import Lines
from lstmcast.ingest.text.cells import Cells, as_text, factorized
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.decoding import Micros

_DAY = 86_400_000_000
_A_DAY = (24, 48, 96, 144, 288)  # parts that a day is cut into
_LONGEST_DAY = 25 / 24  # of days on which the clock is put back
FIRST, SECOND, UNSAID = 0, 1, -1  # which of two equal hours a number is, where it says so
_NUMBER = re.compile(
    r"(?P<letters>he|hour|hr|h|pte|period|sp|qh|q)?[\s._-]*0*(?P<number>\d{1,3})(?:\.0+)?\s*(?P<again>[ab*x]?)"
    r"(?:\s*-\s*\d{1,2}\s*[ab*x]?)?"
)


@dataclass(frozen=True, eq=False)
class Numbers:
    """The day of each row, and the part of this day that the row is.

    days: (n,) midnights in µs on the wall; places: (n,) parts of `step` µs that lie before it; repeats: (n,) FIRST or
    SECOND of two equal hours, or UNSAID; a_day: parts of a usual day; ends: its stamp is its end, not its start.
    """

    days: Micros
    places: NDArray[np.int64]
    repeats: NDArray[np.int8]
    a_day: int
    ends: bool

    @property
    def step(self) -> int:
        """Microseconds of a part."""
        return _DAY // self.a_day

    @property
    def elapsed(self) -> Micros:
        """(n,) microseconds from the beginning of the day to the stamp."""
        return (self.places + self.ends) * self.step

    def counts_on(self, short: NDArray[np.int64], long: NDArray[np.int64]) -> bool:
        """True where parts are numbered through on days of 23 and 25 hours, False where numbers name hours of a clock.

        short, long: midnights of such days.
        """
        extra = self.a_day // 24
        if (self.places[np.isin(self.days, long)] >= self.a_day).any():
            return True
        for day in short:
            own = np.unique(self.places[self.days == day])
            if own.size == self.a_day - extra and own[-1] == own.size - 1:
                return True
        return False


@dataclass(eq=False)
class NumberedColumn:
    """Collects the chunks of the columns that number the parts of a day: one, or hours and the parts of each."""

    names: Sequence[str]
    context: ReadContext
    _numbers: list[NDArray[np.int64]] = field(default_factory=list)
    _repeats: list[NDArray[np.int8]] = field(default_factory=list)

    def add(self, parts: Sequence[Cells], lines: Lines) -> None:
        """Take a chunk; raises DataError with the line of the first cell that is no number of a part."""
        columns = [self._read(cells, name, lines) for cells, name in zip(parts, self.names, strict=True)]
        self._numbers.append(np.stack([numbers for numbers, _ in columns]))
        self._repeats.append(columns[0][1])

    def finish(self, days: Micros) -> Numbers:
        """All of them; days: (n,) the midnights of their dates."""
        numbers, repeats = np.concatenate(self._numbers, axis=1), np.concatenate(self._repeats)
        base = 1 if numbers[0].min() >= 1 else 0
        places = numbers[0] - base
        a_day = next((parts for parts in _A_DAY if places.max() < parts * _LONGEST_DAY), _A_DAY[-1])
        ends = a_day == 24 and base == 1 and len(self.names) == 1
        if len(self.names) > 1:
            inner = numbers[1] - numbers[1].min()
            each = int(inner.max()) + 1
            a_day, places = 24 * each, places * each + inner
        return Numbers(days, places, repeats, a_day, ends)

    def _read(self, cells: Cells, name: str, lines: Lines) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
        local, found = factorized(as_text(cells))
        read = [read_number(str(text)) for text in found]
        bad = next((code for code, number in enumerate(read) if number is None), None)
        if bad is not None:
            row = int(np.argmax(local == bad))
            what = f"expected the number of an hour or of another part of a day, found {found[bad]!r}"
            raise self.context.cell_refusal(lines[row], name, what)
        table = np.array([number for number in read if number is not None], dtype=np.int64).reshape(-1, 2)
        return table[local, 0], table[local, 1].astype(np.int8)


def read_number(cell: str) -> tuple[int, int] | None:
    """(the number, FIRST, SECOND or UNSAID) of `7`, `HE07`, `02*`, `3B`, `06 - 07`; None for another cell."""
    match = _NUMBER.fullmatch(cell.strip().lower())
    if match is None or int(match["number"]) > 300:
        return None
    again = {"": UNSAID, "a": FIRST}.get(match["again"], SECOND)
    return int(match["number"]), again


def is_numbered(cells: Cells) -> bool:
    """True for cells that number parts of a day."""
    found = {str(cell) for cell in as_text(cells)}
    return bool(found) and len(found) <= 300 and all(read_number(cell) is not None for cell in found)


def has_letters(cells: Cells) -> bool:
    """True for cells such as HE07, which are hours whatever their column is called."""
    return all(re.match(r"\s*(?:he|hour|hr)", str(cell), re.IGNORECASE) for cell in as_text(cells))


def fill_days(days: NDArray[np.int64], cells: Cells) -> bool:
    """True where the numbers of most dates run from the first to at least the twentieth; days: (n,) dates."""
    numbers = np.array([(read_number(str(cell)) or (0, 0))[0] for cell in as_text(cells)])
    runs = [np.unique(numbers[days == day]) for day in np.unique(days)]
    whole = [run.size >= 20 and run[-1] - run[0] == run.size - 1 and run[0] <= 1 for run in runs]
    return len(whole) > 1 and sum(whole) >= len(whole) / 2
