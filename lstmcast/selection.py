"""What the linear forecaster decides on validation rows: transform, lookback, calendar stage, window size."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import numpy as np

from lstmcast.blocks import Blocks
from lstmcast.errors import TrainingError, UsageError
from lstmcast.linear.highway import Highway, fit_highway
from lstmcast.options import Options
from lstmcast.panel import Integers, Panel
from lstmcast.preparation import Preparation, fit_preparation, fit_stage, known_columns
from lstmcast.sizes import segment_and_lookbacks
from lstmcast.validation import Validation, validation_of
from lstmcast.windows import Windows

LOOKBACK_TOLERANCE = 0.01
TRANSFORM_GAIN = 0.02
STAGE_GAIN = 0.02
FEWEST_WINDOWS = 8


@dataclass(frozen=True)
class Setting:
    """One way to prepare the rows and to look back at them."""

    transform: str
    lookback: int
    stage: str = "none"
    is_anchored: bool = True
    is_sized: bool = False


@dataclass(frozen=True)
class Choice:
    """A setting, the windows it makes, the linear forecaster they give and its validation error (MASE)."""

    setting: Setting
    preparation: Preparation
    windows: Windows
    training: Integers
    validation: Validation
    highway: Highway
    error: float


def choose(
    panel: Panel, blocks: Blocks, horizon: int, options: Options, rng: np.random.Generator
) -> list[Choice]:
    """Every setting that was tried, the chosen one first.

    Transform and lookback are chosen together, then the calendar stage, then (panels) the size of windows. Each must
    win by its gain over what is simpler. Raises TrainingError when no lookback leaves enough windows.
    """
    trials = _Trials(panel, blocks, horizon, options, rng)
    plain, *logged = [trials.best_lookback(transform) for transform in _transforms(panel, blocks, options)]
    chosen = _better(plain, logged, TRANSFORM_GAIN)
    chosen = _better(
        chosen, trials.stages(chosen.setting), STAGE_GAIN if options.calendar == "auto" else None
    )
    chosen = _better(chosen, trials.sizes(chosen.setting), 0.0 if options.window_size == "auto" else None)
    return [chosen] + [choice for choice in trials.tried if choice is not chosen]


def _better(simple: Choice, others: list[Choice], gain: float | None) -> Choice:
    """The best of the others if it beats the simple choice by a share of its error; None: whatever it does."""
    if not others:
        return simple
    best = min(others, key=lambda choice: choice.error)
    return best if gain is None or best.error < (1 - gain) * simple.error else simple


def _transforms(panel: Panel, blocks: Blocks, options: Options) -> list[str]:
    """The transforms to try, the simplest first; log1p needs values that are never negative, and not all zero."""
    values = np.concatenate([panel.target[rows] for rows in blocks.slices("training")])
    can_log = bool(np.nanmin(values, initial=np.inf) >= 0 and np.nanmax(values, initial=0.0) > 0)
    if options.transform == "log1p" and not can_log:
        raise UsageError("--transform log1p needs training values that are never negative and not all zero")
    if options.transform != "auto":
        return [options.transform]
    return ["none", "log1p"] if can_log else ["none"]


@dataclass
class _Trials:
    """Tries settings, and remembers each."""

    panel: Panel
    blocks: Blocks
    horizon: int
    options: Options
    rng: np.random.Generator
    tried: list[Choice] = field(default_factory=list)
    _plain: dict[str, Preparation] = field(default_factory=dict)

    def best_lookback(self, transform: str) -> Choice:
        """The shortest lookback within LOOKBACK_TOLERANCE of the best error."""
        _, lookbacks = segment_and_lookbacks(self.panel.clock, self.horizon, self.options)
        found: list[Choice] = []
        for lookback in lookbacks:
            fewest = max(30, lookback) if found else FEWEST_WINDOWS
            choice = self.attempt(Setting(transform, lookback), fewest)
            if choice is not None:
                found.append(choice)
        if not found:
            raise TrainingError(_too_little(self.panel, self.blocks, self.horizon, lookbacks[0]))
        best = min(choice.error for choice in found)
        return next(choice for choice in found if choice.error <= (1 + LOOKBACK_TOLERANCE) * best)

    def stages(self, setting: Setting) -> list[Choice]:
        """The calendar stages that the data allow, each with windows that are anchored and that are not."""
        kinds = ["calendar"] + (["covariates"] if known_columns(self.panel).any() else [])
        if self.options.calendar != "auto":
            kinds = [kind for kind in kinds if kind == self.options.calendar]
        settings = [
            dataclasses.replace(setting, stage=kind, is_anchored=anchored)
            for kind in kinds
            for anchored in (True, False)
        ]
        return [choice for choice in map(self.attempt, settings) if choice is not None]

    def sizes(self, setting: Setting) -> list[Choice]:
        """The same with windows divided by their size; a single series is never so by itself."""
        wanted = self.options.window_size
        if wanted == "no" or (wanted == "auto" and len(self.panel.ids) == 1):
            return []
        choice = self.attempt(dataclasses.replace(setting, is_sized=True))
        return [] if choice is None else [choice]

    def attempt(self, setting: Setting, fewest: int = 1) -> Choice | None:
        """Fit the linear forecaster of a setting; None where it leaves fewer windows, or its stage no column."""
        preparation = self._prepared(setting)
        if preparation is None:
            return None
        table = preparation.table(self.panel, np.arange(len(self.panel.ids)))
        segment, _ = segment_and_lookbacks(self.panel.clock, self.horizon, self.options)
        season = self.panel.clock.season
        sizes = setting.lookback, self.horizon, segment, season
        windows = Windows(table, *sizes, setting.is_anchored, setting.is_sized)
        training = windows.usable(self.blocks.origins("training", setting.lookback, self.horizon))
        validation = validation_of(windows, self.panel, self.blocks, preparation.scaling)
        if len(training) < fewest or not len(validation.origins):
            return None
        highway, error = fit_highway(windows, training, validation, self.rng, self.options.penalty)
        self.tried.append(Choice(setting, preparation, windows, training, validation, highway, error))
        return self.tried[-1]

    def _prepared(self, setting: Setting) -> Preparation | None:
        plain = self._plain.get(setting.transform)
        if plain is None:
            plain = fit_preparation(self.panel, self.blocks, self.options.scaler, setting.transform)
            self._plain[setting.transform] = plain
        if setting.stage == "none":
            return plain
        stage = fit_stage(plain, self.panel, self.blocks, setting.stage)
        return None if stage is None else dataclasses.replace(plain, stage=stage)


def _too_little(panel: Panel, blocks: Blocks, horizon: int, lookback: int) -> str:
    held_back = int((blocks.end - blocks.validation).max())
    needed = lookback + horizon + FEWEST_WINDOWS - 1 + held_back
    return (
        f"too little history: {int(panel.lengths.max())} rows, of which {held_back} are held back for validation and "
        f"test; lookback {lookback} and horizon {horizon} need at least {needed} rows with few gaps; "
        f"lower --lookback or --horizon, or hold back less with --val and --test"
    )
