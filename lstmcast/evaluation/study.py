"""A study: all that is known of how a model did on a file, as figures that a report shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Panel
from lstmcast.evaluation.diagnostics import Bands, Chances, LossSums

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PastForecast:
    """Forecasts laid on the rows of a panel: (N,) each, NaN where none was made.

    steps: how many ahead, None for what was said at the beginning of each day; point: of classes the place of the
    likeliest; lower, upper: of the 80 % band, None without one.
    """

    steps: int | None
    point: Numbers
    lower: Numbers | None = None
    upper: Numbers | None = None


@dataclass(frozen=True, eq=False)
class Study:
    """The record of a model on the rows of a file.

    panel: the file's; windows: how many forecasts were judged; in_sample: whether the model was trained on these rows;
    first, last: stamps of the rows that were judged; measure: what losses are (`mae`, `mase` or `log_loss`);
    rival: the best naive forecaster on the same rows; tally: losses by groups; bands: of numbers, chances: of classes;
    shown: the series that are drawn, the worst first; said: forecasts by how far ahead, the nearest first; losses: (N,)
    of that one; errors: (N,) its signed errors, in a panel over the scale of each series, or the log loss of classes.
    """

    panel: Panel
    windows: int
    in_sample: bool
    first: str
    last: str
    measure: str
    rival: str
    tally: LossSums
    bands: Bands | None
    chances: Chances | None
    shown: tuple[int, ...]
    said: tuple[PastForecast, ...]
    losses: Numbers
    errors: Numbers
