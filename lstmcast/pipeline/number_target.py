"""The steps of a training for numbers: settings by the linear forecaster, networks, an ensemble, its verdict."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass

from lstmcast.core.findings import Finding
from lstmcast.forecasters.ensemble import networks_of, taught
from lstmcast.model.model import Model
from lstmcast.pipeline.assembly import judged, with_validation_errors
from lstmcast.pipeline.candidates import (
    NetworkCandidate,
    TrainedCandidate,
    assemble_candidates,
    build_candidates,
)
from lstmcast.pipeline.days_off import days_off_told
from lstmcast.pipeline.last_round import LastRound
from lstmcast.pipeline.newest import decided_again, taught_by_all, with_every_row
from lstmcast.pipeline.plan import TrainingPlan
from lstmcast.pipeline.sampled import chosen_settings
from lstmcast.pipeline.search import Candidate, described
from lstmcast.pipeline.task import TrainingTask
from lstmcast.pipeline.views import LinearViews, choose_views
from lstmcast.training.checkpoint import Trained
from lstmcast.training.trainable import Trainable


@dataclass(frozen=True, eq=False)
class JudgedNumbers:
    """The model of the verdict, and the entry that won."""

    task: TrainingTask
    model: Model
    winner: TrainedCandidate

    def advice(self) -> Finding | None:
        """Return the country whose days off the data keep, where they are missed."""
        return days_off_told(self.task, self.winner)

    def without_more(self) -> Model:
        """The model as it was judged, with what its validation errors say."""
        return with_validation_errors(self.model, self.task, self.winner)

    def last_round(self, until: float) -> LastRound:
        """The verdict's model, decided again with the test rows; where there is time, all rows teach its maps."""
        newest = decided_again(self.task, self.winner)
        ensemble = newest.entry.ensemble if time.monotonic() >= until else taught_by_all(newest)

        def finished(trained: tuple[Trained, ...]) -> Model:
            weights = [result.weights for result in trained]
            return with_every_row(self.model, newest, taught(ensemble, weights) if weights else ensemble)

        return LastRound(self._again() if networks_of(ensemble) else [], finished)

    def _again(self) -> list[Trainable]:
        pairs = zip(self.winner.members, self.winner.trained, strict=True)
        return [member.over_all_rows(done, self.task.blocks) for member, done in pairs]


@dataclass(frozen=True, eq=False)
class ChosenNumbers:
    """Every setting that was tried, the chosen first; the best linear forecasters; the settings worth a network.

    sampled: on what was chosen, empty where that is all rows.
    """

    task: TrainingTask
    choices: list[Candidate]
    linear: LinearViews
    candidates: list[NetworkCandidate]
    sampled: str = ""

    @property
    def members(self) -> list[Trainable]:
        """The networks of all candidates, one after the other."""
        return [member for candidate in self.candidates for member in candidate.members]

    def plan(self) -> TrainingPlan:
        """Return all that was understood and chosen before training."""
        plan = self.task.plan(self.choices[0], described(self.choices))
        return dataclasses.replace(plan, sampled=self.sampled)

    def judged(self, trained: tuple[Trained, ...]) -> JudgedNumbers:
        """The winner among what would ship, judged once on the test rows."""
        task = self.task
        about = self.linear, task.panel, task.blocks, task.options
        entries = assemble_candidates(self.candidates, trained, *about)
        return JudgedNumbers(task, judged(task, self.choices, self.linear, entries), entries[0])


def choose_for_numbers(task: TrainingTask, until: float) -> ChosenNumbers:
    """Choose a setting with the linear forecaster, and the settings worth a network."""
    panel, options, seeds = task.panel, task.options, task.seeds
    chosen = chosen_settings(task, until)
    linear = choose_views(chosen.choices, options.linear_pair)
    candidates = build_candidates(chosen.choices, linear, len(panel.ids), options, seeds[1:], task.begin)
    return ChosenNumbers(task, chosen.tried, linear, candidates, chosen.words)
