"""The number of digits that numbers are written with: as many as the data have."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

MOST = 6  # decimals beyond which data are taken for results of a computation
_SHOWN = 4  # digits of the spread of such data
_LOOKED_AT = 2_000


def decimals(values: Numbers) -> int:
    """Decimals with which the known values (n,) of a file are written, at most MOST.

    Values that need more were computed: as many as show four digits of their spread.
    """
    known = values[np.isfinite(values)][-_LOOKED_AT:]
    known = known[np.abs(known) < 1e15]
    for places in range(MOST):
        if np.allclose(known, np.round(known, places), rtol=1e-12, atol=1e-9 * 10.0**-places):
            return places
    spread = float(np.ptp(known)) or float(np.abs(known).max())
    return min(max(_SHOWN - 1 - math.floor(math.log10(spread)), 0), 15) if spread > 0 else 0
