"""A column whose cells are counted: events, whatever is written there."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lstmcast.ingest.columns.words import means_missing
from lstmcast.ingest.table.reader import Lines
from lstmcast.ingest.text.cells import Cells, as_text, factorized, is_numeric, shown
from lstmcast.ingest.text.context import ReadContext


@dataclass(eq=False)
class CountColumn:
    """Collects the chunks of a column of which only counts which of its cells are there."""

    name: str
    context: ReadContext
    _pieces: list[NDArray[np.float64]] = field(default_factory=list)

    def add(self, cells: Cells, lines: Lines) -> None:
        """Take a chunk."""
        if is_numeric(cells):
            self._pieces.append(np.where(np.isnan(cells.astype(np.float64)), np.nan, 1.0))
            return
        local, found = factorized(as_text(cells))
        more = self.context.rules.missing
        ones = np.array([np.nan if means_missing(shown(text), more) else 1.0 for text in found])
        self._pieces.append(ones[local])

    def finish(self) -> NDArray[np.float64]:
        """(n, 1) 1 where a cell is there, NaN where it is missing."""
        return np.concatenate(self._pieces)[:, None]
