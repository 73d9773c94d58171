"""The views of what ships: the network's, and the linear part's, which is one forecaster or the mean of two."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstmcast.data.view import ViewConfig
from lstmcast.data.windows import Windows
from lstmcast.evaluation.report import SecondView
from lstmcast.forecasters.base import Part
from lstmcast.forecasters.ensemble import mean_of
from lstmcast.forecasters.network import NetworkForecaster
from lstmcast.pipeline.search import Candidate

GAIN = 0.02


@dataclass(frozen=True, eq=False)
class LinearViews:
    """The chosen linear forecaster, and the one that is averaged with it, if there is one; error: theirs (MASE)."""

    first: Candidate
    second: Candidate | None
    error: float

    def report(self) -> SecondView | None:
        """The second view as the report has it, with the error of the two; None where there is none."""
        if self.second is None:
            return None
        setting = self.second.setting
        return SecondView(
            stage=setting.stage,
            is_anchored=setting.is_anchored,
            lookbacks=self.second.ridge.lookbacks,
            validation_mase=self.error,
        )


@dataclass(frozen=True, eq=False)
class Seen:
    """The views of an ensemble, with the choices that they come from, in the order of the model's views.

    The network's comes first, then the linear forecaster's where it is another, then the second view if there is one.
    """

    choices: tuple[Candidate, ...]
    linear: LinearViews

    @property
    def views(self) -> tuple[Windows, ...]:
        """The windows of each view."""
        return tuple(choice.windows for choice in self.choices)

    @property
    def last(self) -> int:
        """The place of the second view, where there is one."""
        return len(self.choices) - 1

    @property
    def linear_part(self) -> Part:
        """The linear forecaster, or the mean of the two."""
        first, second = self.linear.first, self.linear.second
        own = [dataclasses.replace(first.ridge, view=0 if self.choices[0] is first else 1)]
        own += [] if second is None else [dataclasses.replace(second.ridge, view=self.last)]
        return mean_of(own, "linear_pair")

    def network_part(self, networks: Sequence[NetworkForecaster]) -> Part:
        """The network, or the mean of those of the first and of the second view."""
        places = (0, self.last)[: len(networks)]
        own = [dataclasses.replace(one, view=place) for one, place in zip(networks, places, strict=True)]
        return mean_of(own, "network")


def seen_by(choice: Candidate, linear: LinearViews, second: Candidate | None = None) -> Seen:
    """The views of a choice's network and of the linear part.

    second: that of a second network; where there is a second linear forecaster, it is the same.
    """
    others = (None if choice is linear.first else linear.first, second or linear.second)
    return Seen((choice, *(other for other in others if other is not None)), linear)


def choose_views(choices: list[Candidate], wanted: str) -> LinearViews:
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
        return LinearViews(first, None, first.errors[0])
    return LinearViews(first, others[int(np.argmin(errors))], min(errors))


def _rows(setting: ViewConfig) -> ViewConfig:
    """Return what two settings have in common whose windows show the same rows."""
    return dataclasses.replace(setting, stage="none", is_anchored=True)


def _error_of_mean(one: Candidate, other: Candidate) -> float:
    """The validation error of the mean of two linear forecasters."""
    origins = one.validation.origins
    points = [choice.ridge.point(choice.windows, origins) for choice in (one, other)]
    return one.validation.error((points[0] + points[1]) / 2)
