"""The steps of a training for classes: settings by the logistic regression, a network, a mixture, its verdict."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from lstmcast.core.errors import DataError
from lstmcast.core.panel import Panel
from lstmcast.data.category_frequencies import class_weights
from lstmcast.data.category_preprocessing import PLAIN, fit_class_preparation
from lstmcast.data.imputation import history_needed
from lstmcast.evaluation.report import NOT_JUDGED, ClassChoices, ClassReport
from lstmcast.forecasters.category_naive import FrequencyTable, fit_transitions
from lstmcast.forecasters.ensemble import Ensemble, choose_of_classes, class_shares_of, part_named, taught
from lstmcast.forecasters.network import NetworkForecaster
from lstmcast.model.fallback import class_chain
from lstmcast.model.model import Model
from lstmcast.model.output import ClassOutput
from lstmcast.model.reference import fit_class_statistics, fit_column_ranges
from lstmcast.model.schema import Contract, build_contract
from lstmcast.pipeline.assembly import judge_on_test_rows
from lstmcast.pipeline.attempt import build_member
from lstmcast.pipeline.category_selection import ClassCandidate, ClassCandidateSearch, described_classes
from lstmcast.pipeline.last_round import LastRound
from lstmcast.pipeline.plan import TrainingPlan
from lstmcast.pipeline.task import TrainingTask
from lstmcast.training.checkpoint import Trained
from lstmcast.training.trainable import Trainable


@dataclass(frozen=True, eq=False)
class JudgedClasses:
    """The model of the verdict, and its network as it was trained."""

    task: TrainingTask
    model: Model
    members: list[Trainable]
    trained: tuple[Trained, ...]

    def advice(self) -> None:
        """Return nothing: of days off only numbers know what they cost."""

    def without_more(self) -> Model:
        """The model as it was judged."""
        return self.model

    def last_round(self, until: float) -> LastRound:
        """The network over all rows, where it ships."""
        if self.model.source != "model":
            return LastRound([], lambda trained: self.model)
        pairs = zip(self.members, self.trained, strict=True)
        again = [member.over_all_rows(done, self.task.blocks) for member, done in pairs]
        return LastRound(again, self._with_weights)

    def _with_weights(self, trained: tuple[Trained, ...]) -> Model:
        panel = self.task.panel
        return dataclasses.replace(
            self.model,
            ensemble=taught(self.model.ensemble, [result.weights for result in trained]),
            seen_until=panel.times[panel.known_until() - 1],
        )


@dataclass(frozen=True, eq=False)
class ChosenClasses:
    """Everything that was tried, the chosen first, and the members of the network."""

    task: TrainingTask
    choices: list[ClassCandidate]
    members: list[Trainable]

    def plan(self) -> TrainingPlan:
        """Return all that was understood and chosen before training."""
        return self.task.plan(self.choices[0], described_classes(self.choices))

    def judged(self, trained: tuple[Trained, ...]) -> JudgedClasses:
        """The network mixed with what it is compared with, judged once on the test rows."""
        task, (ensemble, errors) = self.task, self._mixed(trained)
        report = ClassReport(choices=self._told(trained, ensemble, errors), **NOT_JUDGED)
        model = self._shipped(ensemble, report)
        views = model.windows(task.panel, np.arange(len(task.panel.ids)))
        model = dataclasses.replace(model, report=report.judged(judge_on_test_rows(model, views, task)))
        return JudgedClasses(task, model, self.members, trained)

    def _mixed(self, trained: tuple[Trained, ...]) -> tuple[Ensemble, dict[str, float]]:
        """Return what ships, and the error of each part on validation rows."""
        task, chosen = self.task, self.choices[0]
        weights = tuple(result.weights for result in trained)
        network = NetworkForecaster(self.members[0].architecture, weights, base=chosen.logistic)
        persistence = fit_transitions(task.panel, task.blocks.slices("training"), task.horizon)
        others = chosen.logistic, FrequencyTable(), persistence
        horizons = task.blocks.horizons(task.horizon)
        rows = (chosen.windows,), chosen.validation
        return choose_of_classes(network, others, *rows, horizons, task.options.safeguard)

    def _told(
        self, trained: tuple[Trained, ...], ensemble: Ensemble, errors: dict[str, float]
    ) -> ClassChoices:
        """Everything that was chosen, with the figures that decided it."""
        chosen, tried = self.choices[0], described_classes(self.choices)
        weights = chosen.validation.class_weights
        return ClassChoices(
            chosen=tried.chosen,
            others=tried.others,
            penalties=tried.penalties,
            validation_log_loss=errors,
            mixture=class_shares_of(ensemble),
            class_weights=dict(zip(self.task.panel.classes, weights.tolist(), strict=True)),
            frequencies=chosen.preparation.frequencies.kind,
            steps=self.members[0].schedule.steps,
            best_steps=tuple(result.best_step for result in trained),
            start=self.task.start(chosen),
        )

    def _shipped(self, ensemble: Ensemble, report: ClassReport) -> Model:
        """The model; nothing in it comes from test rows."""
        panel, blocks, chosen = self.task.panel, self.task.blocks, self.choices[0]
        before_test = blocks.slices("before_test")
        seen = [panel.target[rows] for rows in before_test]
        return Model(
            contract=_contract(panel, chosen, self.task.time_column),
            options=dataclasses.replace(
                self.task.options, threads=None
            ),  # the file is the same for any number
            preparation=chosen.preparation,
            views=(PLAIN,),
            setting=chosen.setting,
            ensemble=ensemble,
            output=ClassOutput(panel.classes),
            seen_until=panel.times[np.maximum(blocks.test - 1, blocks.start)],
            report=report,
            habits=fit_class_statistics(seen, len(panel.classes), chosen.windows.lookback),
            ranges=fit_column_ranges(np.concatenate([panel.values[rows, 1:] for rows in before_test])),
            chain=class_chain(part_named(ensemble, "persistence"), chosen.windows.horizon),
        )


def choose_for_classes(task: TrainingTask) -> ChosenClasses:
    """Choose a setting with the logistic regression; raises DataError where there is only one class."""
    _refuse_one_class(task.panel)
    panel, blocks, options, seeds = task.panel, task.blocks, task.options, task.seeds
    preparation, is_balanced = fit_class_preparation(panel, blocks), options.class_weights != "none"
    weights = class_weights(panel, blocks.slices("training"), is_balanced=is_balanced)
    rng = np.random.default_rng(seeds[0])
    choices = ClassCandidateSearch(panel, blocks, preparation, task.horizon, options, weights, rng).choose()
    members = [build_member(choices[0], len(panel.ids), options, seed) for seed in seeds[1:]]
    return ChosenClasses(task, choices, task.begin(choices[0], members))


def _refuse_one_class(panel: Panel) -> None:
    if len(panel.classes) < 2:
        name = panel.columns[0].name
        message = f"column {name!r} is {panel.classes[0]!r} in every row; there is nothing to forecast"
        raise DataError(message, column=name)


def _contract(panel: Panel, choice: ClassCandidate, time: str | None) -> Contract:
    windows = choice.windows
    history = history_needed(windows.lookback, panel.clock.season)
    return build_contract(panel, time, windows.lookback, windows.horizon, windows.segment, history)
