"""The last round of a training, in which every row teaches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lstmcast.model.model import Model
from lstmcast.training.checkpoint import Trained
from lstmcast.training.trainable import Trainable


@dataclass(frozen=True, eq=False)
class LastRound:
    """The networks that go on gently over all rows, none where none ships; finished: the model with their weights."""

    members: list[Trainable]
    finished: Callable[[tuple[Trained, ...]], Model]
