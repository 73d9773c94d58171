"""The linear part of what ships: one forecaster, or the mean of two that see the calendar differently."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from lstmcast.data.view import Setting
from lstmcast.data.windows import Windows
from lstmcast.evaluation.report import SecondView
from lstmcast.forecasters.ridge import Highway
from lstmcast.pipeline.search import Choice

GAIN = 0.02


@dataclass(frozen=True, eq=False)
class LinearPair:
    """The chosen linear forecaster, and the one that is averaged with it, if there is one; error: theirs (MASE)."""

    first: Choice
    second: Choice | None
    error: float

    @property
    def second_map(self) -> Highway | None:
        """The second forecaster's map."""
        return None if self.second is None else self.second.highway

    def seen_beside(self, choice: Choice, second: Choice | None = None) -> Windows:
        """A choice's windows and, in `linear` and `second`, as the two linear forecasters see them.

        second: what a second network sees; where there is a second linear forecaster, it is the same.
        """
        second = second or self.second
        return dataclasses.replace(
            choice.windows,
            linear=None if choice is self.first else self.first.windows,
            second=None if second is None else second.windows,
        )

    def report(self) -> SecondView | None:
        """The second view as the report has it, with the error of the two; None where there is none."""
        if self.second is None:
            return None
        setting = self.second.setting
        return SecondView(
            stage=setting.stage,
            is_anchored=setting.is_anchored,
            lookbacks=self.second.lookbacks,
            validation_mase=self.error,
        )


def pair_of(choices: list[Choice], wanted: str) -> LinearPair:
    """The first choice and, of the calendar stages that were tried beside its own, the one whose linear forecaster is
    best averaged with it on validation rows; none where that gains too little.

    What sees the calendar and what does not err differently. wanted: `auto` asks for GAIN, `yes` for nothing.
    """
    first, *others = choices
    errors = [
        _error_of_mean(first, other) if _rows(other.setting) == _rows(first.setting) else math.inf
        for other in others
    ]
    limit = math.inf if wanted == "yes" else (1 - GAIN) * first.errors[0]
    if wanted == "no" or not min(errors, default=math.inf) < limit:
        return LinearPair(first, None, first.errors[0])
    return LinearPair(first, others[int(np.argmin(errors))], min(errors))


def _rows(setting: Setting) -> Setting:
    """What two settings have in common whose windows show the same rows."""
    return dataclasses.replace(setting, stage="none", is_anchored=True)


def _error_of_mean(one: Choice, other: Choice) -> float:
    """The validation error of the mean of two linear forecasters."""
    origins = one.validation.origins
    points = [choice.highway.point(choice.windows, origins) for choice in (one, other)]
    return one.validation.error((points[0] + points[1]) / 2)
