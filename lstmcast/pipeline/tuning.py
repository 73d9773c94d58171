"""Tuning: a random search over options with successive halving, on rows before those of the test."""

from __future__ import annotations

import dataclasses
import math
import re
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from statistics import fmean
from typing import NamedTuple

from lstmcast.core.errors import TrainingError, UsageError
from lstmcast.core.findings import percent
from lstmcast.core.options import Options, seconds
from lstmcast.core.panel import Panel
from lstmcast.data.defaults import horizon_of
from lstmcast.data.split import split
from lstmcast.evaluation.verdict import LEVEL, error_measure
from lstmcast.model.model import Model
from lstmcast.pipeline.cross_validation import EXPANDING, Fold, build_folds
from lstmcast.pipeline.fit import fitting
from lstmcast.pipeline.pace import MOST_TRIALS, Pace, survivors
from lstmcast.pipeline.pool import WorkerPool
from lstmcast.pipeline.settings import Changes, draw_settings
from lstmcast.training.loop import Step
from lstmcast.training.setup import default_steps

# Each round judges a third of the settings of the one before, with more folds and a larger share of the steps.
ROUNDS = ((1, 0.2), (2, 0.4), (3, 1.0))  # folds, share of the steps
DEFAULT_TRIALS = 27
_SEARCHING = 0.7  # of a budget; the rest is for the default and the best setting
_DATE = r"\d{4}-\d\d"
FIRST = "0.0.0"  # the key of the first training, of the default setting, whose time is measured


@dataclass(frozen=True, eq=False)
class Trial:
    """A setting: the options that differ from the default one, and its mean error in each round that it reached.

    errors: MASE, of classes the log loss, on rolling folds before the test rows; infinite where it cannot be trained.
    """

    changes: Changes
    errors: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class Tuning:
    """The tuned model, all trials (the default setting first), and the test errors of both settings.

    default, tuned: None where they are not defined; they are equal where the default setting won.
    """

    model: Model
    trials: tuple[Trial, ...]
    chosen: Changes
    default: float | None
    tuned: float | None

    def __repr__(self) -> str:
        """The setting and its worth in a line."""
        return f"Tuning(chosen={self.chosen!r}, trials={len(self.trials)}, verdict={self.verdict!r})"

    @property
    def gain(self) -> float | None:
        """The share by which tuning made the error on test rows smaller; negative where it is larger."""
        return None if not self.default or self.tuned is None else 1 - self.tuned / self.default

    @property
    def verdict(self) -> str:
        """One sentence: the worth of tuning on test rows."""
        if not self.chosen:
            return "tuning found nothing better than the default setting"
        if self.gain is None:
            return "the worth of tuning is not defined on these test rows"
        size = percent(abs(self.gain))
        if abs(self.gain) < LEVEL:
            return "tuning was worth nothing on test rows: level with the default setting"
        if self.gain < 0:
            return f"tuning was worth nothing on test rows: {size} worse than the default setting"
        return f"tuning was worth {size} on test rows"


@dataclass(frozen=True)
class Standing:
    """The rounds that are complete, all trials by then, and the numbers of those that race in the next round.

    The racing ones stand with the default setting first, and the best of the round before next.
    """

    rounds: int
    trials: tuple[Trial, ...]
    racing: tuple[int, ...]

    @property
    def best(self) -> Trial:
        """The best of the last round in which others were judged beside the default setting, where it is better than
        that by more than LEVEL; else the default setting."""
        default = self.trials[0]
        for number in reversed(range(len(default.errors))):
            judged = [trial for trial in self.trials if len(trial.errors) > number]
            if len(judged) > 1:
                best = min(judged, key=lambda trial: trial.errors[number])
                return best if best.errors[number] < (1 - LEVEL) * default.errors[number] else default
        return default


class JudgedTrial(NamedTuple):
    """A training done: its error, infinite where it cannot be trained, and its pace; no error where time was up."""

    key: str
    error: float | None
    pace: Pace


@dataclass(eq=False)
class Search:
    """A search under way: its settings, and the error of each training so far by `trial.round.fold`.

    rows: those that may choose; is_fitted: settings are left out where the first training shows that the budget is too
    short for all; until: when the search ends, end: when all ends, in seconds of `time.time`; pace: of the default
    setting by its first training.
    """

    panel: Panel
    rows: Panel
    options: Options
    time: str | None
    drawn: tuple[Changes, ...]
    is_fitted: bool = False
    until: float = math.inf
    end: float = math.inf
    pace: Pace | None = None
    errors: dict[str, float] = field(default_factory=dict)

    @property
    def settings(self) -> tuple[Changes, ...]:
        """The settings of the search: those drawn, or the first of them where the machine is too slow for all.

        Their number is halved until it suits, so that a pace that is measured a little otherwise says the same; the
        number of workers says nothing.
        """
        if not self.is_fitted or self.pace is None or self.options.budget is None:
            return self.drawn
        count = len(self.drawn)
        most = self.pace.trials_within(_SEARCHING * seconds(self.options.budget, "--budget"), ROUNDS)
        while count > max(most, 2):
            count = max(count // 2, 2)
        return self.drawn[:count]

    @property
    def progress(self) -> tuple[float, float]:
        """The work that is done and all work, in trainings with all steps."""
        racing, total = len(self.settings), 0.0
        for folds, share in ROUNDS:
            total += racing * folds * share
            racing = survivors(racing)
        return sum(ROUNDS[int(key.split(".")[1])][1] for key in self.errors), total

    def running(self, jobs: int = 1) -> Iterator[str]:
        """Do what is left of the search until its time is over, and yield the key of each training as it is done."""
        while (standing := self.standing()).rounds < len(ROUNDS):
            work = [one for one in self._work(standing) if one[0] not in self.errors]
            if work[0][0] == FIRST:  # alone: it says how many settings there are
                work = work[:1]
            tasks = (partial(_judged, *one, self.time, self.until) for one in work)
            for key, error, pace in WorkerPool(min(jobs, len(work))).run(tasks):
                if error is None:
                    return
                self.errors[key] = error
                if key == FIRST:
                    self.pace = pace
                yield key

    def standing(self) -> Standing:
        """The rounds that are complete, and those that race.

        Raises TrainingError where the default setting cannot be trained.
        """
        trials = [Trial(changes) for changes in self.settings]
        racing = list(range(len(trials)))
        for number, (folds, _) in enumerate(ROUNDS):
            is_complete = True
            for trial in racing:
                errors = [self.errors.get(f"{trial}.{number}.{fold}") for fold in range(folds)]
                known = [error for error in errors if error is not None]
                if len(known) == folds:
                    trials[trial] = Trial(trials[trial].changes, (*trials[trial].errors, fmean(known)))
                is_complete &= len(known) == folds
            if not is_complete:
                return Standing(number, tuple(trials), tuple(racing))
            racing = _fastest(trials, racing)
        return Standing(len(ROUNDS), tuple(trials), tuple(racing))

    def finished(self, watch: Callable[[Step], None] = lambda _: None) -> Tuning:
        """Train the best setting so far as `fit` does; the default one is trained too, to say what tuning was worth.

        watch: what is told of every step.
        """
        standing = self.standing()
        chosen = standing.best.changes
        if not chosen:
            model = self._trained(self._within(self.options, 1), watch)
            return Tuning(model, standing.trials, chosen, _error(model), _error(model))
        default = self._trained(dataclasses.replace(self._within(self.options, 2), final=False), watch)
        model = self._trained(dataclasses.replace(self._within(self.options, 1), **chosen), watch)
        return Tuning(model, standing.trials, chosen, _error(default), _error(model))

    def _trained(self, options: Options, watch: Callable[[Step], None]) -> Model:
        for event in fitting(self.panel, options, self.time):
            if isinstance(event, Step):
                watch(event)
            elif isinstance(event, Model):
                return event
        raise AssertionError("the training ended without a model")

    def _within(self, options: Options, trainings: int) -> Options:
        """The options with the time that is left, shared by so many trainings."""
        if math.isinf(self.end):
            return options
        share = max(self.end - time.time(), 1.0) / trainings
        return dataclasses.replace(options, budget=f"{share:.3f}s")

    def _work(self, standing: Standing) -> Iterator[tuple[str, Fold, Options, float]]:
        """The trainings of the next round, each with its share of the steps."""
        count, share = ROUNDS[standing.rounds]
        asked = dataclasses.replace(self.options, test=None, threads=1, budget=None)
        if re.match(_DATE, asked.val or ""):  # a date lies in the rows of one fold alone
            asked = dataclasses.replace(asked, val=None)
        folds = _folds(self.rows, asked, count)
        for trial in standing.racing:
            for number, fold in enumerate(folds):
                options = _shortened(fold, self.settings[trial], share)
                yield f"{trial}.{standing.rounds}.{number}", fold, options, share


def tune(
    panel: Panel,
    options: Options | None = None,
    time: str | None = None,
    *,
    trials: int | None = None,
    jobs: int = 1,
) -> Tuning:
    """Search the options that are left at their defaults, and train the best setting as `fit` does.

    trials: settings, the default one among them, which wins ties; without it as many as suit the budget, else 27.
    jobs: processes side by side, which change nothing of the result. Test rows choose nothing: they judge the tuned
    and the default model. A KeyboardInterrupt ends the search, and the best setting so far is trained. Raises
    UsageError and TrainingError.
    """
    search = begin_search(panel, options or Options(), time, trials=trials)
    try:
        for _ in search.running(jobs):
            pass
    except KeyboardInterrupt:
        warnings.warn("the search is stopped, and the best setting so far is trained", stacklevel=2)
    return search.finished()


def begin_search(
    panel: Panel,
    options: Options,
    time_column: str | None = None,
    *,
    trials: int | None = None,
    began: float | None = None,
) -> Search:
    """A search of which nothing is done yet; began: when the budget began to run, of `time.time`, else now."""
    options.check()
    options = dataclasses.replace(options, horizon=horizon_of(panel, options))
    rows = _before_test(panel, options)
    if trials is not None and not 2 <= trials <= MOST_TRIALS:
        raise UsageError(f"--trials goes from 2 to {MOST_TRIALS:,}; got {trials:,}", option="--trials")
    is_fitted = trials is None and options.budget is not None
    count = trials_within(options, len(rows.times)) if trials is None else trials
    search = Search(panel, rows, options, time_column, tuple(draw_settings(rows, options, count)), is_fitted)
    if options.budget is None:
        return search
    start, budget = time.time() if began is None else began, seconds(options.budget, "--budget")
    return dataclasses.replace(search, until=start + _SEARCHING * budget, end=start + budget)


def trials_within(options: Options, rows: int) -> int:
    """The number of settings that suit the budget and so many rows, by the work that they make; without one 27."""
    if options.budget is None:
        return DEFAULT_TRIALS
    time_for_it = _SEARCHING * seconds(options.budget, "--budget")
    return Pace.reckoned(options, rows).trials_within(time_for_it, ROUNDS)


def _before_test(panel: Panel, options: Options) -> Panel:
    """The rows that may choose."""
    blocks = split(panel, horizon_of(panel, options), options.val, options.test)
    return panel.take(blocks.start, blocks.test)


def _folds(panel: Panel, options: Options, count: int) -> list[Fold]:
    """The folds; raises TrainingError with a remedy of this command."""
    try:
        return build_folds(panel, options, count, EXPANDING)
    except TrainingError:
        message = "too little history to tune on; train without tuning, or ask for a shorter --horizon"
        raise TrainingError(message) from None


def _fastest(trials: list[Trial], racing: list[int]) -> list[int]:
    """The default setting, then the best third of the others, the best first; the earlier one of equals."""
    if math.isinf(trials[0].errors[-1]):
        raise TrainingError(
            "too little history to tune on; train without tuning, or ask for a shorter --horizon"
        )
    others = sorted(racing[1:], key=lambda number: (trials[number].errors[-1], number))
    return [0, *others[: survivors(len(racing)) - 1]]


def _shortened(fold: Fold, changes: Changes, share: float) -> Options:
    """The options of a trial on a fold, with a share of the steps."""
    options = dataclasses.replace(fold.options, **changes)
    if options.epochs is not None:
        return dataclasses.replace(options, epochs=share * options.epochs)
    if share == 1.0:
        return options
    steps = default_steps(len(fold.panel.times)) if options.steps is None else options.steps
    return dataclasses.replace(options, steps=math.ceil(share * steps))


def _judged(
    key: str, fold: Fold, options: Options, share: float, time_column: str | None, until: float
) -> JudgedTrial:
    """The error of a setting on the rows that judge a fold; a training that is not done by then says nothing."""
    if time.time() >= until:
        return JudgedTrial(key, None, Pace(0.0, 0.0))
    began = first = last = time.process_time()
    is_stepping = False
    error: float | None = math.inf
    try:
        for event in fitting(fold.panel, options, time_column):
            if isinstance(event, Step):
                last = time.process_time()
                first, is_stepping = first if is_stepping else last, True
            if isinstance(event, Model):
                found = _error(event)
                error = math.inf if found is None else found
            elif time.time() >= until:
                error = None
                break
    except (TrainingError, UsageError):
        error = math.inf
    stepped = last - first if is_stepping else 0.0
    return JudgedTrial(key, error, Pace(time.process_time() - began - stepped, stepped / share))


def _error(model: Model) -> float | None:
    """The error of a model on the rows that judged it."""
    test = model.report.test
    measure = error_measure(test)
    return None if measure is None else test["model"][measure]
