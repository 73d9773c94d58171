"""A panel, cut into blocks, and all that says how it is to be learned, whatever the kind of its target."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lstmcast.core.options import Options
from lstmcast.core.panel import Panel
from lstmcast.data.defaults import horizon_of
from lstmcast.data.holidays import taught
from lstmcast.data.horizons import horizons_to_choose_by
from lstmcast.data.split import Split, split
from lstmcast.evaluation.report import ClassSearch, Search, Start
from lstmcast.forecasters.network import build_architecture
from lstmcast.model.model import Model
from lstmcast.pipeline.attempt import Attempt
from lstmcast.pipeline.plan import TrainingPlan, build_plan
from lstmcast.pipeline.transfer import Transfer, begin, names_shown, transfer
from lstmcast.training.trainable import Trainable


@dataclass(frozen=True, eq=False)
class TrainingTask:
    """A panel, cut into blocks, and all that says how it is to be learned.

    source: a model to start from; holidays: as in the Plan.
    """

    panel: Panel
    blocks: Split
    horizon: int
    options: Options
    source: Model | None
    time_column: str | None
    holidays: tuple[str, int, str] | None

    @cached_property
    def horizons(self) -> int:
        """The number of disjoint horizons that the validation block holds."""
        return horizons_to_choose_by(self.panel, self.blocks, self.horizon)

    @cached_property
    def seeds(self) -> list[np.random.SeedSequence]:
        """The randomness of the search, and after it that of each member."""
        return np.random.SeedSequence(self.options.seed).spawn(self.options.members + 1)

    def transfer(self, attempt: Attempt) -> Transfer | None:
        """Match the other model's weights to a network of this setting; None without another model."""
        if self.source is None:
            return None
        windows, panel = attempt.windows, self.panel
        about = panel.columns, panel.ids, panel.clock, windows.segment, panel.classes
        view = names_shown(attempt.rows, attempt.view, *about)
        architecture = build_architecture(windows, len(panel.ids), self.options)
        return transfer(self.source, attempt.setting, architecture, view, self.options.freeze)

    def begin(self, attempt: Attempt, members: list[Trainable]) -> list[Trainable]:
        """The members with the weights to start from."""
        begun = self.transfer(attempt)
        return members if begun is None else begin(members, begun)

    def start(self, attempt: Attempt) -> Start | None:
        """Describe the weights that a network of this setting starts from, if they are another model's."""
        begun = self.transfer(attempt)
        return None if begun is None else begun.told()

    def plan(self, chosen: Attempt, choices: Search | ClassSearch) -> TrainingPlan:
        """Return all that was understood and chosen before training."""
        plan = build_plan(self.panel, self.blocks, chosen.windows, chosen.training, self.options, choices)
        return dataclasses.replace(plan, holidays=self.holidays, start=self.start(chosen))


def build_task(panel: Panel, options: Options, source: Model | None, time_column: str | None) -> TrainingTask:
    """The task; days off that no training row teaches are left out of it."""
    horizon = horizon_of(panel, options)
    blocks = split(panel, horizon, options.val, options.test)
    holidays, days = panel.holidays, taught(panel, blocks.slices("training"))
    known = None if holidays is None else (holidays.name, days, holidays.last)
    panel = panel if days else panel.with_holidays(None)
    return TrainingTask(panel, blocks, horizon, options, source, time_column, known)
