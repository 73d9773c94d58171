"""Windows of classes: codes to forecast, and a past with a column of zeros and ones for each class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from lstmcast.core.panel import Integers
from lstmcast.data.windows import Windows

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class ClassWindows(Windows):
    """Windows over rows whose target is the code of a class.

    The table's `scaled` are codes, a missing one the last that was known; its `past` begins with C columns, all zero
    where the class is missing. frequency: (N, C) the share of each class in the season of the row.
    """

    frequency: Numbers

    @property
    def classes(self) -> int:
        """C: how many classes there are."""
        return int(self.frequency.shape[1])

    def codes(self, origins: Integers) -> Numbers:
        """(K, B) the class of each row from the origins on, NaN where it is missing."""
        known = self.ahead(self.table.observed, origins)
        return np.where(known, self.ahead(self.table.scaled, origins), np.nan)

    def frequencies(self, origins: Integers) -> Numbers:
        """(K, C, B) the share of each class in the season of each row from the origins on."""
        return self.rows_ahead(self.frequency, origins)

    def rows_ahead(self, columns: NDArray[np.floating], origins: Integers) -> Numbers:
        """(K, c, B) what columns (N, c) hold from the origins on."""
        rows = sliding_window_view(columns, self.horizon, axis=0)[origins]
        return np.asarray(rows.transpose(2, 1, 0), dtype=np.float64)

    def rows_behind(self, origins: Integers) -> NDArray[np.floating]:
        """(B, c, L) the features of the rows before the origins, those of the classes first."""
        return sliding_window_view(self.table.past, self.lookback, axis=0)[origins - self.lookback]


def of_classes(windows: Windows) -> ClassWindows:
    """The windows, known to be of classes."""
    assert isinstance(windows, ClassWindows)
    return windows
