"""The functions read, fit, tune, backtest and load, by keywords."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, cast, overload

from lstmcast import ingest, persistence
from lstmcast.core.options import Options
from lstmcast.core.panel import Panel
from lstmcast.ingest import DataFrameSource, ParsedFile, ReadingRules, Roles
from lstmcast.interface.frames import options_from
from lstmcast.interface.model import Model
from lstmcast.interface.named import FitOptions, ReadOptions
from lstmcast.interface.reading import panel_for_training, parsed_for_training
from lstmcast.model import model as rooms
from lstmcast.pipeline import cross_validation, tuning
from lstmcast.pipeline import fit as pipeline

if TYPE_CHECKING:
    from lstmcast.ingest import Source
    from lstmcast.interface.frames import Data
    from lstmcast.pipeline.cross_validation import CrossValidation
    from lstmcast.pipeline.tuning import Tuning

__all__ = ["DataFrameSource", "backtest", "fit", "load", "read", "tune"]


@overload
def read(
    data: Source,
    roles: Roles,
    *,
    freq: str | None = None,
    zone: str | None = None,
    seasons: tuple[int, ...] | None = None,
    rules: ReadingRules = ...,
) -> ParsedFile: ...


@overload
def read(data: Data, roles: None = None, **options: Unpack[ReadOptions]) -> ParsedFile: ...


def read(data: Any, roles: Roles | None = None, **options: Any) -> ParsedFile:
    """Read a path, a buffer or a DataFrame as a Panel, with what was found in it.

    options: target, time, id, known, past and the others of reading, see `lstmcast guide options`; roles: in their
    place, with the keywords of the command line's reader. Raises DataError and UsageError.
    """
    if roles is not None:
        return ingest.read(data, roles, **options)
    if isinstance(data, Panel):
        raise TypeError("a Panel has been read already")
    return parsed_for_training(data, options_from(None, options))[0]


def fit(
    data: Data,
    options: Options | None = None,
    time: str | None = None,
    *,
    pretrained: rooms.Model | None = None,
    **named: Unpack[FitOptions],
) -> Model:
    """Train a model and judge it, as `lstmcast train` does.

    data: a path, a buffer, a DataFrame (times as index, column, level, ds), a Series, an array, or a Panel.
    time: its time column; named: any option by name: target=, id=, known=, horizon=, hidden=, …; they come before
    those of `options`. pretrained: a model whose weights to start from. Raises UsageError, DataError, TrainingError.
    """
    panel, options, time = _read(data, options, time, named)
    return Model.of(pipeline.fit(panel, options, time, pretrained=pretrained))


def tune(
    data: Data,
    options: Options | None = None,
    time: str | None = None,
    *,
    trials: int | None = None,
    jobs: int = 1,
    **named: Unpack[FitOptions],
) -> Tuning:
    """Search for better options and train with them, as `lstmcast tune` does; data and options as for `fit`.

    Options that are given stay as they are. trials: settings, the default one among them, which wins ties; without it
    as many as suit budget=, else 27. jobs: processes side by side, which change nothing of the result. A
    KeyboardInterrupt ends the search, and the best setting so far is trained. Raises UsageError, DataError,
    TrainingError.
    """
    panel, options, time = _read(data, options, time, named)
    found = tuning.tune(panel, options, time, trials=trials, jobs=jobs)
    return dataclasses.replace(found, model=Model.of(found.model))


def backtest(
    data: Data,
    options: Options | None = None,
    time: str | None = None,
    *,
    folds: int = 5,
    window: str = "expanding",
    **named: Unpack[FitOptions],
) -> CrossValidation:
    """Train on several stretches of history and judge each, as `lstmcast backtest` does; data and options as for `fit`.

    folds: how many, at least 1; window: `expanding` trains each fold on all rows before those that judge it,
    `sliding` on as many as the first fold has. Raises UsageError, DataError, TrainingError.
    """
    panel, options, time = _read(data, options, time, named)
    found = cross_validation.backtest(panel, options, time, folds=folds, window=window)
    folded = [dataclasses.replace(one, model=Model.of(one.model)) for one in found.folds]
    return dataclasses.replace(found, folds=tuple(folded))


def _read(
    data: Data, options: Options | None, time: str | None, named: FitOptions
) -> tuple[Panel, Options, str | None]:
    """The panel, the options with what it showed, and the name of its time column."""
    by_name = cast("dict[str, Any]", named)
    by_name = by_name if time is None else by_name | {"time": time}
    return panel_for_training(data, options_from(options, by_name))


def load(path: str | Path) -> Model:
    """Read a model file; raises ModelFileError for what is none."""
    return Model.of(persistence.load(path))
