"""Ways to prepare the rows and to look back at them, each tried with the linear forecaster it gives."""

from __future__ import annotations

import dataclasses
import math
import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import Options
from lstmcast.core.panel import Integers, Panel
from lstmcast.data.calendar_regression import CalendarRegression
from lstmcast.data.defaults import segment_and_lookbacks
from lstmcast.data.preprocessing import Preparation, fit_preparation, fit_stage
from lstmcast.data.split import Split
from lstmcast.data.view import View, ViewConfig
from lstmcast.data.windows import Windows, WindowTable
from lstmcast.evaluation.report import Search, Tried
from lstmcast.evaluation.validation import Validation, build_validation
from lstmcast.forecasters.averaged_ridge import fit_averaged_ridge
from lstmcast.forecasters.ridge import RidgeForecaster, ValidationScorer
from lstmcast.training.heads import NumberHead

MOST_FOLDS = 3
LEAST_TRAINING = 0.4
HOPELESS = 1e6  # so many times the chosen error, as of a map whose forecast a logarithm makes explode


@dataclass(frozen=True, eq=False)
class Candidate:
    """A setting, the windows it makes, and the linear forecaster they give.

    errors: its error (MASE) on the validation block and, where that was asked, on blocks before it.
    aged: on the validation block when trained a block earlier, as old as it will be in the test block; or NaN.
    penalties: ridge penalty -> the error on the validation block that the map of the whole lookback has with it.
    """

    setting: ViewConfig
    preparation: Preparation
    view: View
    windows: Windows
    training: Integers
    validation: Validation
    ridge: RidgeForecaster
    errors: tuple[float, ...]
    penalties: dict[float, float]
    aged: float = math.nan

    @property
    def rows(self) -> Preparation:
        """The way in which columns are prepared."""
        return self.preparation

    @property
    def head(self) -> NumberHead:
        """The linear map that a network starts from."""
        return NumberHead(self.ridge)

    @property
    def error(self) -> float:
        """The mean over the blocks and ages it was judged at."""
        return float(np.nanmean([*self.errors, self.aged]))


_Prepared = tuple[Preparation, CalendarRegression | None, WindowTable]


@dataclass(eq=False)
class _Fold:
    """The rows before a validation block, and that block.

    calendars: calendar features with and without the year, shared by all folds.
    """

    panel: Panel
    blocks: Split
    horizon: int
    options: Options
    rng: np.random.Generator
    calendars: dict[bool, NDArray[np.float32]]
    _plain: dict[str, Preparation] = field(default_factory=dict)
    _tables: dict[tuple[str, str], _Prepared | None] = field(default_factory=dict)

    def attempt(self, setting: ViewConfig, fewest: int) -> Candidate | None:
        """Fit the linear forecaster of a setting; None where it leaves fewer windows, or its stage no column."""
        prepared = self._prepared(setting.transform, setting.stage)
        if prepared is None:
            return None
        preparation, regression, table = prepared
        view = View(regression, setting.is_anchored, setting.is_sized)
        segment, _ = segment_and_lookbacks(self.panel.clock, self.horizon, self.options)
        sizes = setting.lookback, self.horizon, segment, self.panel.clock.season
        windows = Windows(table, *sizes, view.subtracts_last, view.is_normalised)
        training = windows.usable(self.blocks.origins("training", setting.lookback, self.horizon))
        if len(training) < fewest:
            return None
        validation = build_validation(windows, self.panel, self.blocks, preparation.scaling)
        if not len(validation.origins):
            return None
        made = fit_averaged_ridge(
            windows, training, validation, self.rng, self.options.penalty, self.options.linear_lookbacks or ()
        )
        return Candidate(
            setting=setting,
            preparation=preparation,
            view=view,
            windows=windows,
            training=training,
            validation=validation,
            ridge=made.ridge,
            errors=(made.error,),
            penalties=made.penalties,
        )

    def error_later(self, choice: Candidate, blocks: Split) -> float:
        """The error of a choice of this fold on a later validation block."""
        validation = build_validation(choice.windows, self.panel, blocks, choice.preparation.scaling)
        return (
            ValidationScorer(choice.windows, validation)(choice.ridge)
            if len(validation.origins)
            else math.nan
        )

    def _prepared(self, transform: str, stage: str) -> _Prepared | None:
        """Preparation, regression and table, made once for all look-backs; None where the stage has no column."""
        if (transform, stage) not in self._tables:
            self._tables[transform, stage] = self._prepare(self._plain_of(transform), stage)
        return self._tables[transform, stage]

    def _prepare(self, plain: Preparation, stage: str) -> _Prepared | None:
        regression, cross_fitted = None, None
        if stage != "none":
            fitted = fit_stage(plain, self.panel, self.blocks, stage)
            if fitted is None:
                return None
            regression, cross_fitted = fitted
        if plain.with_year not in self.calendars:
            self.calendars[plain.with_year] = plain.calendar(self.panel)
        calendar = self.calendars[plain.with_year]
        series = np.arange(len(self.panel.ids))
        return plain, regression, plain.table(self.panel, series, regression, cross_fitted, calendar)

    def _plain_of(self, transform: str) -> Preparation:
        if transform not in self._plain:
            self._plain[transform] = fit_preparation(self.panel, self.blocks, self.options.scaler, transform)
        return self._plain[transform]


class CandidateSearch:
    """Tries settings on the validation block and, where asked, as if earlier on blocks of its length before it.

    One block is one season's weather: a calendar stage that happens to fit it is found out by the blocks before, and
    one that is good while it is fresh by what it says a block later. A lookback is not judged there: with less to
    train on, shorter ones look better than they are.
    """

    def __init__(
        self,
        panel: Panel,
        blocks: Split,
        horizon: int,
        options: Options,
        rng: np.random.Generator,
        until: float = math.inf,
    ) -> None:
        self.panel, self.blocks, self.horizon, self.options = panel, blocks, horizon, options
        self._until = until
        calendars: dict[bool, NDArray[np.float32]] = {}
        folds = [_Fold(panel, fold, horizon, options, rng, calendars) for fold in _folds(blocks)]
        longest = segment_and_lookbacks(panel.clock, horizon, options)[1][-1]
        self._fold = folds[0]
        self._earlier = [fold for fold in folds[1:] if _has_room(fold.blocks, longest, horizon)]
        self._tried: dict[ViewConfig, Candidate] = {}

    @property
    def is_late(self) -> bool:
        """True once the time is up (`until`, of `time.monotonic`): then only what was asked for is tried."""
        return time.monotonic() >= self._until

    @property
    def tried(self) -> list[Candidate]:
        """Everything that was tried, in that order."""
        return list(self._tried.values())

    def attempt(self, setting: ViewConfig, fewest: int = 1) -> Candidate | None:
        """Try a setting; None where it leaves fewer training windows, or its stage has no column."""
        choice = self._fold.attempt(setting, fewest)
        if choice is not None:
            self._tried[setting] = choice
        return choice

    def also_earlier(self, choices: list[Candidate]) -> list[Candidate]:
        """Return the choices with errors on the earlier blocks too, as far as all of them can be tried there.

        `aged` is the error on the validation block itself of what the first of these blocks gives.
        """
        choices = [dataclasses.replace(c, errors=c.errors[:1], aged=math.nan) for c in choices]
        for fold in self._earlier:
            if self.is_late:
                break
            earlier = [fold.attempt(choice.setting, 1) for choice in choices]
            past = [choice for choice in earlier if choice is not None]
            if len(past) == len(choices):
                choices = [self._judged(fold, *pair) for pair in zip(choices, past, strict=True)]
        self._tried |= {choice.setting: choice for choice in choices}
        return choices

    def _judged(self, fold: _Fold, choice: Candidate, past: Candidate) -> Candidate:
        """A choice with the errors of what the same setting gave on a fold."""
        aged = choice.aged if len(choice.errors) > 1 else fold.error_later(past, self.blocks)
        return dataclasses.replace(choice, errors=(*choice.errors, past.errors[0]), aged=aged)


def _folds(blocks: Split) -> list[Split]:
    """The blocks, then the same moved back by a validation block at a time while enough is left to train on."""
    step = blocks.test - blocks.validation
    folds = []
    for number in range(MOST_FOLDS):
        first, stop = blocks.validation - number * step, blocks.test - number * step
        if (
            number
            and (first - blocks.start).sum() < LEAST_TRAINING * (blocks.validation - blocks.start).sum()
        ):
            break
        first, stop = np.maximum(first, blocks.start), np.maximum(stop, blocks.start)
        folds.append(Split(blocks.start, first, stop, stop))
    return folds


def _has_room(blocks: Split, lookback: int, horizon: int) -> bool:
    return len(blocks.origins("training", lookback, horizon)) >= max(30, lookback)


def described(choices: list[Candidate]) -> Search:
    """Describe the choice, and every alternative with its validation error (MASE of the linear forecaster).

    penalties: the error of the chosen setting with every ridge penalty. An error that is HOPELESS times the chosen one
    says no more than that; it is left out as one that is not defined.
    """
    most = HOPELESS * choices[0].errors[0]
    tried = [
        Tried(
            **dataclasses.asdict(choice.setting),
            penalty=choice.ridge.penalty,
            lookbacks=choice.ridge.lookbacks,
            validation_mase=tuple(_or_none(error, most) for error in choice.errors),
            aged_mase=_or_none(choice.aged, most),
        )
        for choice in choices
    ]
    penalties = {f"{penalty:g}": _or_none(error, most) for penalty, error in choices[0].penalties.items()}
    return Search(chosen=tried[0], others=tuple(tried[1:]), penalties=penalties)


def _or_none(error: float, most: float) -> float | None:
    """An error as JSON can hold it: None where a block could not be judged, or a map exploded on it."""
    return error if np.isfinite(error) and not error > most else None
