"""The questions that training asks of a kind of target, between steps that are the same for all kinds.

Each answer is what the next question is asked of: what was chosen, what judged it, and what learns from every row.
"""

from __future__ import annotations

from typing import Protocol

from lstmcast.core.findings import Finding
from lstmcast.model.model import Model
from lstmcast.pipeline.category_target import choose_for_classes
from lstmcast.pipeline.last_round import LastRound
from lstmcast.pipeline.number_target import choose_for_numbers
from lstmcast.pipeline.plan import TrainingPlan
from lstmcast.pipeline.task import TrainingTask
from lstmcast.training.checkpoint import Trained
from lstmcast.training.trainable import Trainable


class JudgedModel(Protocol):
    """The model of the verdict."""

    def advice(self) -> Finding | None:
        """Return what was not asked for and would help, if there is something."""

    def without_more(self) -> Model:
        """The model as it was judged."""

    def last_round(self, until: float) -> LastRound:
        """Return what learns from every row; until: when the time is up, of `time.monotonic`."""


class ChosenSettings(Protocol):
    """The settings that validation rows chose, and the networks to be trained on them."""

    @property
    def members(self) -> list[Trainable]: ...
    def plan(self) -> TrainingPlan:
        """Return all that was understood and chosen before training."""

    def judged(self, trained: tuple[Trained, ...]) -> JudgedModel:
        """The networks mixed with what stands beside them, and judged once on the test rows."""


def choose_for(task: TrainingTask, until: float) -> ChosenSettings:
    """Choose a setting by the kind of the task's target; until: when the time is up, of `time.monotonic`."""
    return choose_for_classes(task) if task.panel.classes else choose_for_numbers(task, until)
