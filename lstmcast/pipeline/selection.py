"""The choices made with the linear forecaster on validation rows: transform, lookback, calendar stage, window size."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from lstmcast.core.errors import TrainingError, UsageError
from lstmcast.core.options import Options
from lstmcast.core.panel import Panel
from lstmcast.data.defaults import segment_and_lookbacks
from lstmcast.data.horizons import horizons_to_choose_by
from lstmcast.data.huge import refuse_huge
from lstmcast.data.preprocessing import known_columns
from lstmcast.data.split import Split, rows_needed
from lstmcast.data.view import ViewConfig
from lstmcast.pipeline.search import Candidate, CandidateSearch

LOOKBACK_TOLERANCE = 0.01
TRANSFORM_GAIN = 0.02
STAGE_GAIN = 0.02
FEWEST_WINDOWS = 8
FEWEST_HORIZONS = 8
FEWEST_OF_ALL = 8  # rows
_ANCHORS = {"auto": (True, False), "yes": (True,), "no": (False,)}


def choose(
    panel: Panel,
    blocks: Split,
    horizon: int,
    options: Options,
    rng: np.random.Generator,
    until: float = math.inf,
) -> list[Candidate]:
    """Every setting that was tried, the chosen one first.

    Transform and lookback are chosen together, then the calendar stage (where the block holds FEWEST_HORIZONS: what
    returns to a profile looks good until the level moves), then (panels) the size of windows. Each must win by its
    gain over what is simpler. Raises TrainingError when no lookback leaves enough windows, DataError for a value whose
    square overflows.
    until: when (of `time.monotonic`) the time is up, and nothing more is tried that was not asked for.
    """
    refuse_huge(panel)
    trials = CandidateSearch(panel, blocks, horizon, options, rng, until)
    first, *others = _transforms(panel, blocks, options)
    plain = _best_lookback(trials, first)
    logged = [_best_lookback(trials, transform) for transform in others if not trials.is_late]
    chosen = _better(plain, logged, TRANSFORM_GAIN)
    can_tell = horizons_to_choose_by(panel, blocks, horizon) >= FEWEST_HORIZONS and not trials.is_late
    if can_tell or options.calendar != "auto":
        chosen, *stages = _judged_often(trials, chosen, _stages(trials, chosen.setting))
        chosen = _better(chosen, stages, STAGE_GAIN if options.calendar == "auto" else None)
    if not trials.is_late or options.window_size != "auto":
        chosen, *sizes = _judged_often(trials, chosen, _sizes(trials, chosen.setting))
        chosen = _better(chosen, sizes, 0.0 if options.window_size == "auto" else None)
    return [chosen] + [choice for choice in trials.tried if choice is not chosen]


def _judged_often(trials: CandidateSearch, chosen: Candidate, rivals: list[Candidate]) -> list[Candidate]:
    """The choice and its rivals; if there are any, all judged on the same earlier blocks as well."""
    return trials.also_earlier([chosen, *rivals]) if rivals else [chosen]


def _better(simple: Candidate, others: list[Candidate], gain: float | None) -> Candidate:
    """The best of the others that beat the simple choice by a share of its error; None: whatever they do.

    They must beat it on the validation block itself and on average over all that were tried: on the one, because it
    is the nearest to what comes; on the other, because a single block is a single season. And they must beat it when
    as old as they will be in the test block, because a profile that fits while it is fresh need not last.
    """
    if gain is not None:
        last, mean = (1 - gain) * simple.errors[0], (1 - gain) * simple.error
        others = [choice for choice in others if choice.errors[0] < last and choice.error < mean]
        others = [choice for choice in others if not choice.aged >= simple.aged]
    return min(others, key=lambda choice: choice.error, default=simple)


def _transforms(panel: Panel, blocks: Split, options: Options) -> list[str]:
    """The transforms to try, the simplest first; log1p needs values that are never negative, and not all zero."""
    values = np.concatenate([panel.target[rows] for rows in blocks.slices("training")])
    can_log = bool(np.nanmin(values, initial=np.inf) >= 0 and np.nanmax(values, initial=0.0) > 0)
    if options.transform == "log1p" and not can_log:
        message = "--transform log1p needs training values that are never negative and not all zero"
        raise UsageError(message, option="--transform")
    if options.transform != "auto":
        return [options.transform]
    return ["none", "log1p"] if can_log else ["none"]


def _best_lookback(trials: CandidateSearch, transform: str) -> Candidate:
    """The shortest lookback within LOOKBACK_TOLERANCE of the best error; a single segment where all are too long."""
    segment, lookbacks = segment_and_lookbacks(trials.panel.clock, trials.horizon, trials.options)
    shortest = int((trials.blocks.test - trials.blocks.start).min())
    is_anchored = trials.options.anchor != "no"
    found: list[Candidate] = []
    for lookback in [rows for rows in lookbacks if rows <= shortest] or lookbacks[:1]:
        if found and trials.is_late:
            break
        fewest = max(30, lookback) if found else FEWEST_WINDOWS
        choice = trials.attempt(ViewConfig(transform, lookback, is_anchored=is_anchored), fewest)
        if choice is not None:
            found.append(choice)
    least = _shortest(segment, lookbacks, trials.options)
    if not found and least < lookbacks[0]:
        alone = trials.attempt(ViewConfig(transform, least, is_anchored=is_anchored), FEWEST_WINDOWS)
        found += [] if alone is None else [alone]
    if not found:
        raise TrainingError(
            too_little_history(trials.panel, trials.blocks, trials.horizon, least, trials.options)
        )
    best = min(choice.error for choice in found)
    return next(choice for choice in found if choice.error <= (1 + LOOKBACK_TOLERANCE) * best)


def _stages(trials: CandidateSearch, setting: ViewConfig) -> list[Candidate]:
    """The calendar stages that the data allow, each with windows that are anchored and that are not."""
    wanted = trials.options.calendar
    kinds = ["calendar"] + (["covariates"] if known_columns(trials.panel).any() else [])
    if wanted != "auto":
        kinds = [kind for kind in kinds if kind == wanted]
    settings = [
        dataclasses.replace(setting, stage=kind, is_anchored=anchored)
        for kind in kinds
        for anchored in _ANCHORS[trials.options.anchor]
    ]
    found = [choice for choice in map(trials.attempt, settings) if choice is not None]
    if not found and wanted not in ("auto", "none"):
        needs = (
            "columns given with --known, or --holidays"
            if wanted == "covariates"
            else "stamps with weekdays, or years of them"
        )
        message = f"--calendar {wanted} needs {needs}; leave it out, or say --calendar none"
        raise UsageError(message, option="--calendar")
    return found


def _sizes(trials: CandidateSearch, setting: ViewConfig) -> list[Candidate]:
    """Try windows divided by their size; a single series is never divided so unless that is asked for."""
    wanted = trials.options.window_size
    if wanted == "no" or (wanted == "auto" and len(trials.panel.ids) == 1):
        return []
    choice = trials.attempt(dataclasses.replace(setting, is_sized=True))
    return [] if choice is None else [choice]


def _shortest(segment: int, lookbacks: list[int], options: Options) -> int:
    """The look-back where all that were wanted are too long: a single segment, unless they were asked for."""
    is_free = options.lookback is None and options.linear_lookbacks is None
    return segment if is_free else lookbacks[0]


def fewest_rows(panel: Panel, horizon: int, options: Options) -> int:
    """Rows up to the last known target that a training needs in the longest series, with the shortest look-back."""
    if options.safeguard == "auto" and not (options.lookback or options.linear_lookbacks or options.test):
        return FEWEST_OF_ALL  # few horizons are forecast by a mixture that needs no windows
    segment, lookbacks = segment_and_lookbacks(panel.clock, horizon, options)
    training = _shortest(segment, lookbacks, options) + horizon + FEWEST_WINDOWS - 1
    return rows_needed(panel, horizon, training, options.val, options.test)


def too_little_history(panel: Panel, blocks: Split, horizon: int, lookback: int, options: Options) -> str:
    """Return the message for a lookback that leaves too few windows."""
    held_back = int((blocks.end - blocks.validation).max())
    training = lookback + horizon + FEWEST_WINDOWS - 1
    needed = rows_needed(panel, horizon, training, options.val, options.test)
    return (
        f"too little history: {int(panel.lengths.max())} rows, of which {held_back} are held back for validation and "
        f"test; lookback {lookback} and horizon {horizon} need at least {needed} rows with few gaps; "
        f"lower --lookback or --horizon, or hold back less with --val and --test"
    )
