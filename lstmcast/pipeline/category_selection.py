"""The choices made with the logistic regression on validation rows: lookback, calendar, ridge penalty."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import TrainingError
from lstmcast.core.options import Options
from lstmcast.core.panel import Integers, Panel
from lstmcast.data.category_preprocessing import PLAIN, ClassPreparation
from lstmcast.data.category_windows import ClassWindows
from lstmcast.data.defaults import segment_and_lookbacks
from lstmcast.data.preprocessing import Preparation
from lstmcast.data.split import Split
from lstmcast.data.view import View, ViewConfig, class_setting
from lstmcast.evaluation.report import ClassSearch, ClassTried
from lstmcast.evaluation.validation import ClassValidation, build_class_validation
from lstmcast.forecasters.logistic import Logistic, fit_logistic
from lstmcast.pipeline.selection import FEWEST_WINDOWS, LOOKBACK_TOLERANCE, STAGE_GAIN, too_little_history
from lstmcast.training.heads import ClassHead

Numbers = NDArray[np.float64]
PENALTIES = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
FIRST_PENALTY = 1e-2


@dataclass(frozen=True, eq=False)
class ClassCandidate:
    """A way to look back, and the logistic regression it gives.

    error: its log loss on validation rows; penalties: ridge penalty -> the error it would have given.
    """

    preparation: ClassPreparation
    windows: ClassWindows
    training: Integers
    validation: ClassValidation
    logistic: Logistic
    error: float
    penalties: dict[float, float] = dataclasses.field(default_factory=dict)

    @property
    def setting(self) -> ViewConfig:
        """The way in which it looks back."""
        return class_setting(self.windows.lookback, with_calendar=self.logistic.with_calendar)

    @property
    def view(self) -> View:
        """The one way in which rows of classes are seen."""
        return PLAIN

    @property
    def rows(self) -> Preparation:
        """The way in which columns beside the target are prepared."""
        return self.preparation.rows

    @property
    def head(self) -> ClassHead:
        """The regression that a network starts from, and what each class counts."""
        return ClassHead(self.logistic, self.validation.class_weights)

    def describe(self) -> ClassTried:
        """The choice as the report has it."""
        return ClassTried(
            lookback=self.windows.lookback,
            calendar=self.logistic.with_calendar,
            penalty=self.logistic.penalty,
            validation_log_loss=self.error,
        )


@dataclass(eq=False)
class ClassCandidateSearch:
    """Fits logistic regressions to the training block, and judges them on the validation block.

    class_weights: (C,) what each class counts in both.
    """

    panel: Panel
    blocks: Split
    preparation: ClassPreparation
    horizon: int
    options: Options
    class_weights: Numbers
    rng: np.random.Generator

    def choose(self) -> list[ClassCandidate]:
        """Everything that was tried, the chosen one first: the shortest lookback within LOOKBACK_TOLERANCE of the
        best, the calendar where it gains STAGE_GAIN, then the penalty with the lowest error."""
        tried = self._lookbacks()
        least = min(choice.error for choice in tried)
        chosen = next(choice for choice in tried if choice.error <= (1 + LOOKBACK_TOLERANCE) * least)
        if self.options.calendar == "auto":
            seasonal = self._refitted(chosen, chosen.logistic.penalty, with_calendar=True)
            tried.append(seasonal)
            chosen = seasonal if seasonal.error < (1 - STAGE_GAIN) * chosen.error else chosen
        best = self._best_penalty(chosen)
        return [best] + [choice for choice in tried if choice is not chosen]

    def _lookbacks(self) -> list[ClassCandidate]:
        """One choice for each lookback that leaves enough windows; raises TrainingError where none does."""
        segment, lookbacks = segment_and_lookbacks(self.panel.clock, self.horizon, self.options)
        shortest = int((self.blocks.test - self.blocks.start).min())
        least = segment if self.options.lookback is None else lookbacks[0]
        found: list[ClassCandidate] = []
        for lookback in [rows for rows in lookbacks if rows <= shortest] or [least]:
            choice = self._attempt(lookback, segment, max(30, lookback) if found else FEWEST_WINDOWS)
            found += [] if choice is None else [choice]
        alone = None if found else self._attempt(least, segment, FEWEST_WINDOWS)
        found += [] if alone is None else [alone]
        if not found:
            told = too_little_history(self.panel, self.blocks, self.horizon, least, self.options)
            raise TrainingError(told)
        return found

    def _attempt(self, lookback: int, segment: int, fewest: int) -> ClassCandidate | None:
        if len(self.panel.target) < self.horizon:
            return None
        series = np.arange(len(self.panel.ids))
        windows = self.preparation.windows(self.panel, series, PLAIN, (lookback, self.horizon, segment))
        training = windows.usable(self.blocks.origins("training", lookback, self.horizon))
        validation = build_class_validation(windows, self.blocks, self.class_weights)
        if len(training) < fewest or not len(validation.origins):
            return None
        penalty = FIRST_PENALTY if self.options.penalty is None else self.options.penalty
        with_calendar = self.options.calendar == "calendar"
        return self._fitted(windows, training, validation, penalty, with_calendar=with_calendar)

    def _refitted(self, choice: ClassCandidate, penalty: float, *, with_calendar: bool) -> ClassCandidate:
        rows = choice.windows, choice.training, choice.validation
        return self._fitted(*rows, penalty, with_calendar=with_calendar)

    def _fitted(
        self,
        windows: ClassWindows,
        training: Integers,
        validation: ClassValidation,
        penalty: float,
        *,
        with_calendar: bool,
    ) -> ClassCandidate:
        overall, weights = self.preparation.frequencies.overall, self.class_weights
        logistic = fit_logistic(
            windows, training, overall, weights, penalty, self.rng, with_calendar=with_calendar
        )
        error = validation.error(logistic.predict((windows,), validation.origins))
        return ClassCandidate(self.preparation, windows, training, validation, logistic, error)

    def _best_penalty(self, choice: ClassCandidate) -> ClassCandidate:
        """Return the choice with the penalty of the lowest error, or the one that was asked for."""
        with_calendar = choice.logistic.with_calendar
        if self.options.penalty is not None:
            return dataclasses.replace(choice, penalties={self.options.penalty: choice.error})
        found = [self._refitted(choice, penalty, with_calendar=with_calendar) for penalty in PENALTIES]
        errors = {each.logistic.penalty: each.error for each in found}
        return dataclasses.replace(min(found, key=lambda each: each.error), penalties=errors)


def described_classes(choices: list[ClassCandidate]) -> ClassSearch:
    """Describe the choice, and every alternative with its validation error (log loss of the logistic regression)."""
    tried = [choice.describe() for choice in choices]
    penalties = {f"{penalty:g}": error for penalty, error in choices[0].penalties.items()}
    return ClassSearch(chosen=tried[0], others=tuple(tried[1:]), penalties=penalties)
