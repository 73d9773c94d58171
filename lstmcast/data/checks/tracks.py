"""Tracks: one column of one series after the other, as the doctor looks at them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import TARGET, Panel
from lstmcast.core.place import Place

MOST_SERIES = 200


@dataclass(frozen=True, eq=False)
class Track:
    """A column of a series up to its last known target: values (n,), and the panel they stand in."""

    panel: Panel
    series: int
    column: int
    values: NDArray[np.float64]

    @property
    def name(self) -> str:
        """The column as messages call it, in quotes."""
        return repr(self.panel.columns[self.column].name)

    @property
    def is_target(self) -> bool:
        """True for a track of the column to be forecast."""
        return self.panel.columns[self.column].role == TARGET

    def stamp(self, row: int) -> str:
        """The stamp of a row of the track, with its series in a panel."""
        stamp = self._written(row)
        return f"{stamp} of {self.panel.ids[self.series]!r}" if len(self.panel.ids) > 1 else stamp

    def place(self, row: int | None = None) -> Place:
        """The column, and the stamp of a row of it, for a program."""
        stamp = None if row is None else self._written(row)
        return Place(column=self.panel.columns[self.column].name, stamp=stamp)

    def _written(self, row: int) -> str:
        start = int(self.panel.offsets[self.series]) + row
        return self.panel.clock.write(self.panel.times[start : start + 1])[0]


def tracks(panel: Panel, column: int) -> Iterator[Track]:
    """The column in each series that has known values; of very many series those of MOST_SERIES, evenly spread."""
    stops = panel.known_until() if panel.columns[column].role == TARGET else panel.offsets[1:]
    number = len(panel.ids)
    chosen = np.unique(np.linspace(0, number - 1, min(number, MOST_SERIES)).round().astype(np.int64))
    for series in chosen.tolist():
        values = panel.values[int(panel.offsets[series]) : int(stops[series]), column]
        if np.isfinite(values).any():
            yield Track(panel, series, column, values)


def is_number(panel: Panel, column: int) -> bool:
    """True for a column of numbers; False for one of classes, or of zeros and ones, as of yes and no."""
    if not column and panel.classes:
        return False
    if panel.columns[column].level is not None:
        return False
    values = panel.values[:, column]
    known = values[np.isfinite(values)]
    return bool(((known != 0) & (known != 1)).any())
