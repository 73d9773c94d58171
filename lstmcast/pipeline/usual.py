"""The windows that may teach a linear map: not those that it misses by far more than others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Integers
from lstmcast.forecasters.base import Part, Views, point

UNUSUAL = 6.0
_MAD = 1.4826


def is_usual(linear: Part, views: Views, origins: Integers) -> NDArray[np.bool_]:
    """(n,) windows whose mean error is no more than UNUSUAL robust spreads from the median of all, or all of them."""
    windows = views[linear.view]
    missed = (point(linear.predict(views, origins)) - windows.ahead(windows.table.scaled, origins)).mean(
        axis=0
    )
    away = np.abs(missed - np.median(missed))
    usual = away <= UNUSUAL * _MAD * np.median(away)
    return usual if usual.mean() >= 0.5 else np.ones(len(origins), dtype=bool)
