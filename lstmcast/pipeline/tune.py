"""Tuning: a random search over options with successive halving, on rows before those of the test."""

from __future__ import annotations

import dataclasses
import math
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from statistics import fmean

from lstmcast.core.errors import TrainingError, UsageError
from lstmcast.core.options import Options, seconds
from lstmcast.core.panel import Panel
from lstmcast.data.defaults import horizon_of
from lstmcast.data.split import split
from lstmcast.evaluation.verdict import LEVEL, error_measure
from lstmcast.model.model import Model
from lstmcast.pipeline.cross_validation import EXPANDING, Fold, folds_of
from lstmcast.pipeline.fit import fit
from lstmcast.pipeline.pool import Place
from lstmcast.pipeline.settings import Changes, settings_of

# Each round judges a third of the settings of the one before, with more folds and a larger share of the steps.
ROUNDS = ((1, 0.25), (2, 0.5), (3, 1.0))  # folds, share of the steps
KEPT = 3
MOST_TRIALS = 10_000
DEFAULT_TRIALS = 27
_STEPS = 400  # of a training that names none
_SEARCHING = 0.7  # of a budget; the rest is for the default and the best setting
_CERTAIN = 0.75  # of the time left: a training that took more may have been cut short, and says nothing
_DATE = r"\d{4}-\d\d"
# Seconds that a setting takes over all rounds, on average: a fixed formula, so that a budget gives the same trials.
_SECONDS, _SECONDS_A_ROW = 3.0, 2e-4


@dataclass(frozen=True, eq=False)
class Trial:
    """A setting: the options that differ from the default one, and its mean error in each round that it reached.

    errors: MASE, of classes the log loss, on rolling folds before the test rows; infinite where it cannot be trained.
    """

    changes: Changes
    errors: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Tuning:
    """The tuned model, all trials (the default setting first), and the test errors of both settings.

    default, tuned: None where they are not defined; they are equal where the default setting won.
    """

    model: Model
    trials: tuple[Trial, ...]
    chosen: Changes
    default: float | None
    tuned: float | None

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
        size = f"{abs(self.gain):.1%}".replace("%", " %")
        if abs(self.gain) < LEVEL:
            return "tuning was worth nothing on test rows: level with the default setting"
        if self.gain < 0:
            return f"tuning was worth nothing on test rows: {size} worse than the default setting"
        return f"tuning was worth {size} on test rows"


@dataclass(frozen=True)
class Standing:
    """The rounds that are complete, all trials by then, and the numbers of those that race in the next round."""

    rounds: int
    trials: tuple[Trial, ...]
    racing: tuple[int, ...]

    @property
    def best(self) -> Trial:
        """The best of the last complete round, where it is better than the default setting by more than LEVEL."""
        if not self.rounds:
            return self.trials[0]
        last = [trial for trial in self.trials if len(trial.errors) == self.rounds]
        best = min(last, key=lambda trial: trial.errors[-1])
        return best if best.errors[-1] < (1 - LEVEL) * self.trials[0].errors[-1] else self.trials[0]


@dataclass(frozen=True, eq=False)
class Search:
    """A search under way: its settings, and the error of each training so far by `trial.round.fold`.

    rows: those that may choose; until: when the search ends, in seconds of `time.time`.
    """

    panel: Panel
    rows: Panel
    options: Options
    time: str | None
    settings: tuple[Changes, ...]
    until: float = math.inf
    end: float = math.inf
    errors: dict[str, float] = field(default_factory=dict)

    @property
    def trainings(self) -> int:
        """The trainings of all rounds."""
        racing, total = len(self.settings), 0
        for folds, _ in ROUNDS:
            total += racing * folds
            racing = _survivors(racing)
        return total

    def running(self, jobs: int = 1) -> Iterator[str]:
        """Do what is left of the search until its time is over, and yield the key of each training as it is done."""
        while (standing := self.standing()).rounds < len(ROUNDS):
            work = (
                partial(_judged, key, fold, options, self.time, self.until)
                for key, fold, options in self._work(standing)
                if key not in self.errors
            )
            for key, error in Place(jobs).run(work):
                if error is None:
                    return
                self.errors[key] = error
                yield key

    def standing(self) -> Standing:
        """How far the search is; raises TrainingError where the default setting cannot be trained."""
        trials, racing = [Trial(changes) for changes in self.settings], list(range(len(self.settings)))
        for number, (folds, _) in enumerate(ROUNDS):
            keys = {trial: [f"{trial}.{number}.{fold}" for fold in range(folds)] for trial in racing}
            if any(key not in self.errors for each in keys.values() for key in each):
                return Standing(number, tuple(trials), tuple(racing))
            for trial, each in keys.items():
                mean = fmean([self.errors[key] for key in each])
                trials[trial] = dataclasses.replace(trials[trial], errors=(*trials[trial].errors, mean))
            racing = _fastest(trials, racing)
        return Standing(len(ROUNDS), tuple(trials), tuple(racing))

    def finished(self) -> Tuning:
        """Train the best setting so far as `fit` does; the default one is trained too, to say what tuning was worth."""
        standing = self.standing()
        chosen = standing.best.changes
        if not chosen:
            model = fit(self.panel, self._within(self.options, 1), self.time)
            return Tuning(model, standing.trials, chosen, _error(model), _error(model))
        unfinished = dataclasses.replace(self._within(self.options, 2), final=False)
        default = fit(self.panel, unfinished, self.time)
        best = dataclasses.replace(self._within(self.options, 1), **chosen)
        model = fit(self.panel, best, self.time)
        return Tuning(model, standing.trials, chosen, _error(default), _error(model))

    def _within(self, options: Options, trainings: int) -> Options:
        """The options with the time that is left, shared by so many trainings."""
        if math.isinf(self.end):
            return options
        share = max(self.end - time.time(), 1.0) / trainings
        return dataclasses.replace(options, budget=f"{share:.3f}s")

    def _work(self, standing: Standing) -> Iterator[tuple[str, Fold, Options]]:
        """The trainings of the next round."""
        count, share = ROUNDS[standing.rounds]
        asked = dataclasses.replace(self.options, test=None, threads=1, budget=None)
        if re.match(_DATE, asked.val or ""):  # a date lies in the rows of one fold alone
            asked = dataclasses.replace(asked, val=None)
        folds = _folds(self.rows, asked, count)
        for trial in standing.racing:
            for number, fold in enumerate(folds):
                options = _shortened(fold, self.settings[trial], share)
                yield f"{trial}.{standing.rounds}.{number}", fold, options


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
    and the default model. Raises UsageError and TrainingError.
    """
    search = search_of(panel, options or Options(), time, trials=trials)
    for _ in search.running(jobs):
        pass
    return search.finished()


def search_of(
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
    count = trials_within(options.budget, len(rows.times)) if trials is None else trials
    if not 2 <= count <= MOST_TRIALS:
        raise UsageError(f"--trials goes from 2 to {MOST_TRIALS:,}; got {count:,}", option="--trials")
    settings = tuple(settings_of(rows, options, count))
    if options.budget is None:
        return Search(panel, rows, options, time_column, settings)
    start, budget = time.time() if began is None else began, seconds(options.budget, "--budget")
    until, end = start + _SEARCHING * budget, start + budget
    return Search(panel, rows, options, time_column, settings, until, end)


def trials_within(budget: str | None, rows: int) -> int:
    """The number of settings that suit a budget and so many rows, by a fixed formula; without a budget 27."""
    if budget is None:
        return DEFAULT_TRIALS
    each = _SECONDS + _SECONDS_A_ROW * rows
    return int(min(max(_SEARCHING * seconds(budget, "--budget") / each, 2), MOST_TRIALS))


def _before_test(panel: Panel, options: Options) -> Panel:
    """The rows that may choose."""
    blocks = split(panel, horizon_of(panel, options), options.val, options.test)
    return panel.take(blocks.start, blocks.test)


def _folds(panel: Panel, options: Options, count: int) -> list[Fold]:
    """The folds; raises TrainingError with a remedy of this command."""
    try:
        return folds_of(panel, options, count, EXPANDING)
    except TrainingError:
        message = "too little history to tune on; train without tuning, or ask for a shorter --horizon"
        raise TrainingError(message) from None


def _survivors(racing: int) -> int:
    """How many of these are in the next round, the default setting among them."""
    return min(1 + max(racing // KEPT, 1), racing)


def _fastest(trials: list[Trial], racing: list[int]) -> list[int]:
    """The default setting and the best third of the others; the earlier one of equals."""
    if math.isinf(trials[0].errors[-1]):
        raise TrainingError(
            "too little history to tune on; train without tuning, or ask for a shorter --horizon"
        )
    others = sorted(racing[1:], key=lambda number: trials[number].errors[-1])
    return [0, *sorted(others[: _survivors(len(racing)) - 1])]


def _shortened(fold: Fold, changes: Changes, share: float) -> Options:
    """The options of a trial on a fold, with a share of the steps."""
    options = dataclasses.replace(fold.options, **changes)
    if options.epochs is not None:
        return dataclasses.replace(options, epochs=share * options.epochs)
    if share == 1.0:
        return options
    steps = _STEPS if options.steps is None else options.steps
    return dataclasses.replace(options, steps=math.ceil(share * steps))


def _judged(
    key: str, fold: Fold, options: Options, time_column: str | None, until: float
) -> tuple[str, float | None]:
    """The error of a setting on the rows that judge a fold: infinite where it cannot be trained there, None where the
    time is over."""
    began = time.time()
    left = until - began
    if left <= 0:
        return key, None
    if not math.isinf(left):
        options = dataclasses.replace(options, budget=f"{left:.3f}s")
    try:
        error = _error(fit(fold.panel, options, time_column))
    except (TrainingError, UsageError):
        return key, math.inf
    if time.time() - began > _CERTAIN * left:
        return key, None
    return key, math.inf if error is None else error


def _error(model: Model) -> float | None:
    """The error of a model on the rows that judged it."""
    test = model.report.test
    measure = error_measure(test)
    return None if measure is None else test["model"][measure]
