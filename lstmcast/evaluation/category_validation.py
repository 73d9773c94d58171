"""The one error by which classes are chosen: the log loss of validation rows, weighted as training is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Integers
from lstmcast.data.category_windows import ClassWindows
from lstmcast.data.split import Blocks
from lstmcast.evaluation.category_metrics import LEAST, chances
from lstmcast.evaluation.validation import spaced

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClassValidation:
    """Validation windows and what came: origins (n,), codes (K, n), NaN where missing; class_weights: (C,)."""

    origins: Integers
    codes: Numbers
    class_weights: Numbers

    def error(self, probabilities: Numbers) -> float:
        """The weighted mean log loss of probabilities (K, C, n)."""
        return self.loss(self.chances(probabilities))

    error_of = error

    def chances(self, probabilities: Numbers) -> Numbers:
        """(m,) what probabilities (K, C, n) gave each known class that came."""
        return chances(probabilities, self.codes)[np.isfinite(self.codes)]

    def loss(self, found: Numbers) -> float:
        """The error of what was given (m,) to the classes that came."""
        weight = self.class_weights[self.codes[np.isfinite(self.codes)].astype(np.int64)]
        return float(-(np.log(np.maximum(found, LEAST)) * weight).sum() / weight.sum())


def class_validation_of(windows: ClassWindows, blocks: Blocks, class_weights: Numbers) -> ClassValidation:
    """Evenly spaced windows of the validation block, not too many; raises nothing, may be empty."""
    usable = windows.usable(blocks.origins("validation", windows.lookback, windows.horizon))
    origins = spaced(usable)
    return ClassValidation(origins, windows.codes(origins), class_weights)
