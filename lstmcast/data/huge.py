"""Numbers whose squares are none: refused before anything is made of them."""

from __future__ import annotations

import numpy as np

from lstmcast.core.errors import DataError
from lstmcast.core.options import LARGEST_NUMBER
from lstmcast.core.panel import Panel


def refuse_huge(panel: Panel) -> None:
    """Raise DataError for the first value that is larger than LARGEST_NUMBER."""
    huge = np.argwhere(np.abs(panel.values) > LARGEST_NUMBER)
    if len(huge):
        row, column = huge[0]
        stamp, name = panel.clock.write(panel.times[[row]])[0], panel.columns[column].name
        raise DataError(
            f"{stamp}: column {name!r}: expected a number up to {LARGEST_NUMBER:g}, found "
            f"{panel.values[row, column]:g}; give it in a larger unit",
            column=name,
            stamp=stamp,
        )
