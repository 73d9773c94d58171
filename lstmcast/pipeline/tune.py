"""Tuning: a random search over options with successive halving, on rows before those of the test."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from lstmcast.core.errors import TrainingError, UsageError
from lstmcast.core.options import CLASSES, NUMBERS, Options, kinds_of
from lstmcast.core.panel import KNOWN, Panel
from lstmcast.data.defaults import horizon_of, segment_and_lookbacks
from lstmcast.data.split import split
from lstmcast.evaluation.verdict import LEVEL, error_measure
from lstmcast.model.model import Model
from lstmcast.pipeline.cross_validation import EXPANDING, Fold, folds_of
from lstmcast.pipeline.fit import fit

# Each round judges a third of the settings of the one before, with more folds and a larger share of the steps.
ROUNDS = ((1, 0.25), (2, 0.5), (3, 1.0))  # folds, share of the steps
KEPT = 3
MOST_TRIALS = 10_000
_STEPS = 400  # of a training that names none
Changes = dict[str, Any]


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


def tune(
    panel: Panel,
    options: Options | None = None,
    time: str | None = None,
    *,
    trials: int = 27,
    jobs: int = 1,
) -> Tuning:
    """Search the options that are left at their defaults, and train the best setting as `fit` does.

    trials: settings, the default one among them, which wins ties; jobs: processes side by side, which change nothing
    of the result. Test rows choose nothing: they judge the tuned and the default model. Raises UsageError and
    TrainingError.
    """
    options = options or Options()
    options.check()
    if not 2 <= trials <= MOST_TRIALS:
        raise UsageError(f"trials go from 2 to {MOST_TRIALS:,}; got {trials:,}")
    asked, rows = (
        dataclasses.replace(options, horizon=horizon_of(panel, options)),
        _before_test(panel, options),
    )
    found = _halved(rows, asked, _settings(rows, asked, trials), time, jobs)
    chosen = _best(found).changes
    default = fit(panel, options, time)
    model = fit(panel, dataclasses.replace(options, **chosen), time) if chosen else default
    return Tuning(model, tuple(found), chosen, _error(default), _error(model))


def _before_test(panel: Panel, options: Options) -> Panel:
    """The rows that may choose."""
    blocks = split(panel, horizon_of(panel, options), options.val, options.test)
    return panel.take(blocks.start, blocks.test)


def _settings(panel: Panel, options: Options, trials: int) -> list[Changes]:
    """The default setting, then different ones at random: they depend on the seed, and not on their number."""
    from sklearn.model_selection import ParameterSampler

    space = {name: _Choices(values) for name, values in _space(panel, options).items()}
    found: list[Changes] = [{}]
    for drawn in ParameterSampler(space, 20 * trials, random_state=options.seed):
        changes = {name: value for name, value in drawn.items() if value != getattr(options, name)}
        if changes not in found and len(found) < trials:
            found.append(changes)
    return found


@dataclass(frozen=True)
class _Choices:
    """Values of an option, of which the first, its default, comes up every second time."""

    values: tuple[Any, ...]

    def rvs(self, random_state: np.random.RandomState) -> Any:
        """A value."""
        others = self.values[1:]
        if not others or random_state.rand() < 0.5:
            return self.values[0]
        return others[random_state.randint(len(others))]


def _space(panel: Panel, options: Options) -> dict[str, tuple[Any, ...]]:
    """Option -> its default and other values, of those that nobody has set and the target has a use for."""
    kind, defaults = CLASSES if panel.classes else NUMBERS, Options()
    _, lookbacks = segment_and_lookbacks(panel.clock, horizon_of(panel, options), options)
    has_known = any(column.role == KNOWN for column in panel.columns)
    can_log = not panel.classes and np.nanmin(panel.target, initial=np.inf) >= 0
    space: dict[str, tuple[Any, ...]] = {
        "lookback": (None, *lookbacks),
        "hidden": (64, 16, 32, 96, 128),
        "layers": (1, 2),
        "cell": ("lstm", "gru", "lstm-peephole", "lstm-coupled"),
        "dropout": (0.2, 0.0, 0.1, 0.3, 0.4),
        "lr": (None, 5e-4, 1e-3, 2e-3, 8e-3),
        "members": (1, 2, 3),
        "batch": (128, 32, 64, 256),
        "transform": ("auto", "none", *(("log1p",) if can_log else ())),
        "calendar": ("auto", "none", "calendar", *(("covariates",) if has_known else ())),
        "anchor": ("auto", "yes", "no"),
        "scaler": ("standard", "robust"),
    }
    fields = {field.name: field for field in dataclasses.fields(Options)}
    return {
        name: tuple(value for value in values if kind in kinds_of(fields[name], value))
        for name, values in space.items()
        if getattr(options, name) == getattr(defaults, name) and kind in fields[name].metadata["kinds"]
    }


def _halved(
    panel: Panel, options: Options, settings: Sequence[Changes], time: str | None, jobs: int
) -> list[Trial]:
    """All trials; the default one is in every round, with the best third of the others."""
    trials = [Trial(changes) for changes in settings]
    racing = list(range(len(trials)))
    for count, share in ROUNDS:
        asked = dataclasses.replace(options, test=None, threads=1, budget=None)
        folds = folds_of(panel, asked, count, EXPANDING)
        work = [(fold, _shortened(fold, trials[n].changes, share), time) for n in racing for fold in folds]
        errors = iter(_errors(work, jobs))
        for number in racing:
            mean = fmean([next(errors) for _ in folds])
            trials[number] = dataclasses.replace(trials[number], errors=(*trials[number].errors, mean))
        if math.isinf(trials[0].errors[-1]):
            raise TrainingError("too little history to tune on; train without tuning")
        others = sorted(racing[1:], key=lambda number: trials[number].errors[-1])
        racing = [0, *sorted(others[: max(len(racing) // KEPT, 1)])]
    return trials


def _shortened(fold: Fold, changes: Changes, share: float) -> Options:
    """The options of a trial on a fold, with a share of the steps."""
    options = dataclasses.replace(fold.options, **changes)
    if options.epochs is not None:
        return dataclasses.replace(options, epochs=share * options.epochs)
    if share == 1.0:
        return options
    steps = _STEPS if options.steps is None else options.steps
    return dataclasses.replace(options, steps=math.ceil(share * steps))


def _errors(work: Sequence[tuple[Fold, Options, str | None]], jobs: int) -> Iterator[float]:
    """The error of each training, so many side by side."""
    if jobs == 1:
        return (_judged(*one) for one in work)
    from joblib import Parallel, delayed

    found: list[float] = Parallel(n_jobs=jobs)(delayed(_judged)(*one) for one in work)
    return iter(found)


def _judged(fold: Fold, options: Options, time: str | None) -> float:
    """The error of a setting on the rows that judge a fold; infinite where it cannot be trained there."""
    try:
        error = _error(fit(fold.panel, options, time))
    except (TrainingError, UsageError):
        return math.inf
    return math.inf if error is None else error


def _error(model: Model) -> float | None:
    """The error of a model on the rows that judged it."""
    test = model.report.test
    measure = error_measure(test)
    return None if measure is None else test["model"][measure]


def _best(trials: Sequence[Trial]) -> Trial:
    """The best of the last round, where it is better than the default setting by more than LEVEL."""
    last = [trial for trial in trials if len(trial.errors) == len(ROUNDS)]
    best = min(last, key=lambda trial: trial.errors[-1])
    return best if best.errors[-1] < (1 - LEVEL) * trials[0].errors[-1] else trials[0]
