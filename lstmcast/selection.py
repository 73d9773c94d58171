"""What is chosen on validation rows by the linear forecaster: the lookback, the transform."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstmcast.blocks import Blocks
from lstmcast.errors import TrainingError, UsageError
from lstmcast.linear.highway import Highway, fit_highway
from lstmcast.options import Options
from lstmcast.panel import Clock, Integers, Panel
from lstmcast.preparation import Preparation, fit_preparation
from lstmcast.validation import Validation, validation_of
from lstmcast.windows import Windows

LONGEST_LOOKBACK = 1_008
LONGEST_SEGMENT = 96
LOOKBACK_TOLERANCE = 0.01
TRANSFORM_GAIN = 0.02
FEWEST_WINDOWS = 8


@dataclass(frozen=True)
class Choice:
    """A way to prepare the rows and look back at them, with the linear forecaster it gives and its error."""

    preparation: Preparation
    windows: Windows
    training: Integers
    validation: Validation
    highway: Highway
    error: float


def default_horizon(clock: Clock) -> int:
    """Steps ahead when nobody says: a day below daily data (at most 96 steps), 30 days, 26 weeks, 12 months, 4 quarters."""
    if clock.is_counter or clock.step is not None:
        return min(clock.season, 96) if clock.seasons else 12
    letter = clock.freq.removeprefix("1").removeprefix("B")[:1]
    return {"D": 30, "": 20, "W": 26, "M": 12, "Q": 4, "Y": 3}.get(letter, 12)


def default_segment(clock: Clock, horizon: int) -> int:
    """Rows a recurrent step takes: the main season, or a divisor of it that is at most LONGEST_SEGMENT."""
    season = clock.season
    if clock.is_daily and season == 7 and horizon >= 28:
        return 10
    if season == 1 or season // 2 <= horizon < season:
        return min(horizon, LONGEST_SEGMENT)
    return _largest_divisor(season, LONGEST_SEGMENT)


def _largest_divisor(number: int, limit: int) -> int:
    return max(divisor for divisor in range(1, min(number, limit) + 1) if number % divisor == 0)


def segment_and_lookbacks(clock: Clock, horizon: int, options: Options) -> tuple[int, list[int]]:
    """The segment w and the lookbacks to try, rising, each a multiple of w."""
    segment = options.segment or default_segment(clock, horizon)
    if options.lookback is None:
        longest = max(LONGEST_LOOKBACK // segment, 1) * segment
        wanted = _wanted_lookbacks(clock, horizon)
        return segment, sorted({min(-(-rows // segment) * segment, longest) for rows in wanted})
    if options.lookback % segment and options.segment is not None:
        raise UsageError(f"--lookback {options.lookback} is not a multiple of --segment {segment}")
    return _common_divisor(options.lookback, segment), [options.lookback]


def _common_divisor(lookback: int, segment: int) -> int:
    """The largest segment up to the wanted one that divides the lookback."""
    return _largest_divisor(lookback, segment)


def _wanted_lookbacks(clock: Clock, horizon: int) -> list[int]:
    if not clock.seasons:
        return [horizon, 2 * horizon, 3 * horizon]
    if clock.is_daily:
        return [30, 60, 120]
    longest = clock.seasons[-1]
    if longest > LONGEST_LOOKBACK // 3 and len(clock.seasons) > 1:
        return [days * clock.season for days in (2, 4, 7)]
    return [longest, 2 * longest, 3 * longest]


def choose(panel: Panel, blocks: Blocks, horizon: int, options: Options, rng: np.random.Generator) -> list[Choice]:
    """Every combination that was tried, the chosen one first.

    Raises TrainingError when no lookback leaves enough windows, naming the rows that would.
    """
    can_log = _log_is_possible(panel, blocks)
    if options.transform == "log1p" and not can_log:
        raise UsageError("--transform log1p needs training values that are never negative and not all zero")
    plain = _choose_lookback(panel, blocks, horizon, options, _first_transform(options), rng)
    if options.transform != "auto" or not can_log:
        return plain
    logged = _choose_lookback(panel, blocks, horizon, options, "log1p", rng)
    better = logged[0].error < (1 - TRANSFORM_GAIN) * plain[0].error
    return logged + plain if better else plain + logged


def _first_transform(options: Options) -> str:
    return "none" if options.transform == "auto" else options.transform


def _log_is_possible(panel: Panel, blocks: Blocks) -> bool:
    """log1p needs values that are never negative, and not all the same."""
    values = np.concatenate([panel.target[rows] for rows in blocks.slices("training")])
    return bool(np.nanmin(values, initial=np.inf) >= 0 and np.nanmax(values, initial=0) > 0)


def _choose_lookback(
    panel: Panel, blocks: Blocks, horizon: int, options: Options, transform: str, rng: np.random.Generator
) -> list[Choice]:
    """The shortest lookback within LOOKBACK_TOLERANCE of the best error first, then the others."""
    preparation = fit_preparation(panel, blocks, options.scaler, transform)
    table = preparation.table(panel, np.arange(len(panel.ids)))
    segment, lookbacks = segment_and_lookbacks(panel.clock, horizon, options)
    tried: list[Choice] = []
    for windows in [Windows(table, lookback, horizon, segment) for lookback in lookbacks]:
        training = windows.usable(blocks.origins("training", windows.lookback, horizon))
        validation = validation_of(windows, panel, blocks, preparation.scaling)
        fewest = max(30, windows.lookback) if tried else FEWEST_WINDOWS
        if len(training) >= fewest and len(validation.origins):
            highway, error = fit_highway(windows, training, validation, rng)
            tried.append(Choice(preparation, windows, training, validation, highway, error))
    if not tried:
        raise TrainingError(_too_little(panel, blocks, horizon, lookbacks[0]))
    best = min(choice.error for choice in tried)
    near = next(choice for choice in tried if choice.error <= (1 + LOOKBACK_TOLERANCE) * best)
    return [near] + [choice for choice in tried if choice is not near]


def _too_little(panel: Panel, blocks: Blocks, horizon: int, lookback: int) -> str:
    held_back = int((blocks.end - blocks.validation).max())
    needed = lookback + horizon + FEWEST_WINDOWS - 1 + held_back
    return (
        f"too little history: {int(panel.lengths.max())} rows, of which {held_back} are held back for validation and "
        f"test; lookback {lookback} and horizon {horizon} need at least {needed} rows with few gaps; "
        f"lower --lookback or --horizon, or hold back less with --val and --test"
    )
