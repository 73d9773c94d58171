"""Cross-validation: the same training on several stretches of history, each judged on the rows that follow."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from lstmcast.core.errors import TrainingError, UsageError
from lstmcast.core.options import Options, seconds
from lstmcast.core.panel import Integers, Panel
from lstmcast.data.defaults import horizon_of
from lstmcast.data.split import is_date, split
from lstmcast.evaluation.report import Figures, Report, Scores
from lstmcast.evaluation.verdict import skill
from lstmcast.model.model import Model
from lstmcast.persistence import load
from lstmcast.pipeline.fit import fit

EXPANDING, SLIDING = "expanding", "sliding"
WINDOWS = (EXPANDING, SLIDING)
MOST_FOLDS = 1_000
LEAST_TRAINING = 0.4  # of the rows that the first fold keeps before those that judge it


@dataclass(frozen=True, eq=False)
class Fold:
    """The rows of a fold, those that judge it last: judged (S,) of each series; options: of its training."""

    number: int
    panel: Panel
    judged: Integers
    options: Options


@dataclass(frozen=True, eq=False)
class JudgedFold:
    """A fold with the model of its training, whose report is the verdict on rows that follow."""

    fold: Fold
    model: Model

    @property
    def number(self) -> int:
        """Its place among the folds, from 1."""
        return self.fold.number

    @property
    def report(self) -> Report:
        """The verdict, as `train` would have given it at that time."""
        return self.model.report

    @property
    def rows(self) -> int:
        """The rows before those that judge, of all series."""
        return len(self.fold.panel.times) - int(self.fold.judged.sum())

    @property
    def skill(self) -> float | None:
        """The share by which the best baseline of this fold is beaten."""
        return skill(self.report.test)[0]


@dataclass(frozen=True, eq=False, repr=False)
class CrossValidation:
    """All folds, the earliest first."""

    folds: tuple[JudgedFold, ...]

    def __repr__(self) -> str:
        """The folds and their skill in a line."""
        skills = ", ".join("not defined" if one.skill is None else f"{one.skill:.3f}" for one in self.folds)
        return f"CrossValidation(folds={len(self.folds)}, skill=[{skills}])"

    @property
    def means(self) -> Scores:
        """The mean over the folds of each figure of each forecaster that all folds have; None where one lacks it."""
        tests = [fold.report.test for fold in self.folds]
        names = [name for name in tests[-1] if all(name in test for test in tests)]
        return {name: _means([test[name] for test in tests]) for name in names}


def _means(figures: list[Figures]) -> Figures:
    """The mean of each figure."""
    columns = {name: [figure.get(name) for figure in figures] for name in figures[-1]}
    known = {name: [value for value in column if value is not None] for name, column in columns.items()}
    return {name: fmean(values) if len(values) == len(figures) else None for name, values in known.items()}


def backtest(
    panel: Panel,
    options: Options | None = None,
    time: str | None = None,
    *,
    folds: int = 5,
    window: str = EXPANDING,
) -> CrossValidation:
    """Train on several stretches of history, and judge each model on the rows that follow its own.

    time: the name of the time column; folds: how many, at least 1; window: `expanding` trains each fold on all rows
    before those that judge it, `sliding` on as many as the first fold has. Raises UsageError and TrainingError.
    """
    return CrossValidation(tuple(backtesting(panel, options or Options(), time, folds=folds, window=window)))


def backtesting(
    panel: Panel, options: Options, time_column: str | None = None, *, folds: int = 5, window: str = EXPANDING
) -> Iterator[JudgedFold]:
    """Yield the judged folds as they are done, the earliest first; else as `backtest`."""
    until = None if options.budget is None else time.monotonic() + seconds(options.budget, "--budget")
    every = build_folds(panel, options, folds, window)
    _refuse_seen(options, every[0])
    for fold in every:
        asked = fold.options
        if until is not None:  # what is left, shared by the folds that are left
            share = max(until - time.monotonic(), 0.0) / (folds - fold.number + 1)
            asked = dataclasses.replace(asked, budget=f"{share:.3f}s")
        try:
            yield JudgedFold(fold, fit(fold.panel, asked, time_column))
        except TrainingError as error:
            message = f"fold {fold.number} of {folds}: {error} (or ask for fewer --folds)"
            raise TrainingError(message, **error.where) from None  # type: ignore[arg-type]


def build_folds(panel: Panel, options: Options, folds: int, window: str) -> list[Fold]:
    """The folds, the earliest first: together their judged rows are the last ones of each series, without overlap."""
    _check(options, folds, window)
    start, end = panel.offsets[:-1], panel.known_until()
    size = _judged_rows(panel, options, folds)
    kept = np.maximum(end - folds * size - start, 0)  # (S,) that the first fold trains on
    found = []
    for number in range(1, folds + 1):
        stop = np.maximum(end - (folds - number) * size, start)
        first = np.maximum(stop - size - kept, start) if window == SLIDING else start
        judged = np.minimum(size, stop - first)
        asked = dataclasses.replace(options, test=_written(judged, stop - first), final=False)
        found.append(Fold(number, panel.take(first, stop), judged, asked))
    return found


def _check(options: Options, folds: int, window: str) -> None:
    options.check()
    if not 1 <= folds <= MOST_FOLDS:
        raise UsageError(f"--folds goes from 1 to {MOST_FOLDS:,}; got {folds:,}", option="--folds")
    if window not in WINDOWS:
        raise UsageError(f"--window is one of {', '.join(WINDOWS)}; got {window!r}", option="--window")
    if options.val is not None and is_date(options.val):
        message = "--val of a backtest is a share or a number of rows: a date lies in one fold alone"
        raise UsageError(message, option="--val")


def _refuse_seen(options: Options, first: Fold) -> None:
    """Raise UsageError for a model to start from that has seen rows by which a fold is judged."""
    if options.from_ is None:
        return
    seen = load(options.from_).seen_until.max()
    begins = first.panel.offsets[1:] - first.judged
    begin = first.panel.times[begins[first.judged > 0]].min()
    if seen >= begin:
        last, since = first.panel.clock.write(np.array([seen, begin]))
        message = f"--from: {options.from_} has seen rows up to {last}, and the first fold is judged from {since} on"
        raise UsageError(f"{message}; name an older model, or leave --from out", option="--from")


def _judged_rows(panel: Panel, options: Options, folds: int) -> Integers:
    """(S,) rows that judge one fold: as many as --test says, a date being where those of the first fold begin; else as
    many as `train` holds back, or fewer where less than LEAST_TRAINING were left to the first fold."""
    horizon = horizon_of(panel, options)
    lengths = panel.known_until() - panel.offsets[:-1]
    blocks = split(panel, horizon, None, options.test)
    size = blocks.end - blocks.test
    if options.test is not None and is_date(options.test):
        size = size // folds
    elif options.test is None:
        most = ((1 - LEAST_TRAINING) * lengths / folds).astype(np.int64)
        size = np.maximum(np.minimum(size, most), np.minimum(horizon, lengths))
    _refuse_large(size, lengths, folds, horizon)
    return np.asarray(size)


def _refuse_large(size: Integers, lengths: Integers, folds: int, horizon: int) -> None:
    """Raise TrainingError where no series holds rows before those that judge, or no fold a horizon."""
    longest = int(lengths.argmax())
    judged, rows = int(size[longest]), int(lengths[longest])
    if judged < horizon:
        raise TrainingError(
            f"{folds} folds judge {judged} rows each, fewer than the horizon of {horizon}; "
            "ask for fewer --folds, more rows with --test, or a shorter --horizon",
            option="--folds",
        )
    if folds * judged >= rows:
        raise TrainingError(
            f"{folds} folds of {judged} judged rows leave none of {rows} rows to train on; "
            "ask for fewer --folds, or fewer rows with --test",
            option="--folds",
        )


def _written(judged: Integers, lengths: Integers) -> str:
    """The judged rows as --test takes them: a number where all series have the same, else a share."""
    if (judged == judged[0]).all():
        return str(int(judged[0]))
    return f"{judged.sum() / lengths.sum():.6f}"
