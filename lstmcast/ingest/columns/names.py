"""A column that names the series of a panel, collected chunk by chunk."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.letters import spelled_out
from lstmcast.ingest.columns.words import PLAIN
from lstmcast.ingest.table.reader import Lines
from lstmcast.ingest.text.cells import Cells, as_text, factorized, shown
from lstmcast.ingest.text.context import ReadContext


@dataclass(eq=False)
class NameColumn:
    """Collects the chunks of the column that names the series: ids by first appearance, and their codes."""

    name: str
    context: ReadContext
    _codes: dict[str, int] = field(default_factory=dict)
    _pieces: list[NDArray[np.int64]] = field(default_factory=list)

    def add(self, cells: Cells, lines: Lines) -> None:
        """Take a chunk; raises DataError with the line of the first cell without a name."""
        local, names = factorized(as_text(cells))
        known = [self._codes.setdefault(spelled_out(shown(name).strip()), len(self._codes)) for name in names]
        if "" in self._codes:
            row = int(np.flatnonzero(np.array(known)[local] == self._codes[""])[0])
            raise self.context.cell_refusal(lines[row], self.name, "the name of the series is missing")
        self._pieces.append(np.array(known, dtype=np.int64)[local])

    def finish(self) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """(ids (S,), code (n,) of every row)."""
        return tuple(self._codes), np.concatenate(self._pieces)


def is_text(cells: Cells) -> bool:
    """True when a sample of cells holds words: neither numbers nor times nor only missing."""
    present = [cell for cell in cells if cell not in PLAIN]
    return bool(present) and not any(any(letter.isdigit() for letter in cell) for cell in present)
