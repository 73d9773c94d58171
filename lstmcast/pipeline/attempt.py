"""A setting that was tried, as the network that learns on it sees it, whatever the kind of target."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from lstmcast.core.options import Options
from lstmcast.core.panel import Integers
from lstmcast.data.preprocessing import Preparation
from lstmcast.data.view import View, ViewConfig
from lstmcast.data.windows import Windows
from lstmcast.evaluation.validation import Validates
from lstmcast.forecasters.network import build_architecture
from lstmcast.training.heads import Head
from lstmcast.training.setup import build_schedule
from lstmcast.training.trainable import Trainable


class Attempt(Protocol):
    """A setting that was tried, and the windows it makes.

    training: (n,) origins; rows: how the columns are prepared; head: what the network starts from.
    """

    @property
    def setting(self) -> ViewConfig: ...
    @property
    def view(self) -> View: ...
    @property
    def rows(self) -> Preparation: ...
    @property
    def windows(self) -> Windows: ...
    @property
    def training(self) -> Integers: ...
    @property
    def validation(self) -> Validates: ...
    @property
    def head(self) -> Head: ...


def build_member(attempt: Attempt, series: int, options: Options, seed: np.random.SeedSequence) -> Trainable:
    """The network of a setting for S series, with the randomness of one member."""
    return Trainable(
        windows=attempt.windows,
        training=attempt.training,
        validation=attempt.validation,
        head=attempt.head,
        architecture=build_architecture(attempt.windows, series, options),
        options=options,
        schedule=build_schedule(attempt.training, options),
        seed=seed,
    )
