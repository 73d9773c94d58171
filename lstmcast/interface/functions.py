"""The functions read, fit and load, by keywords."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstmcast import ingest, persistence
from lstmcast.core.options import Options
from lstmcast.core.panel import Panel
from lstmcast.ingest import Frame, ParsedFile, Roles
from lstmcast.interface.frames import options_from
from lstmcast.interface.model import Model
from lstmcast.interface.reading import panel_for_training, parsed_for_training
from lstmcast.model import model as rooms
from lstmcast.pipeline import fit as pipeline

if TYPE_CHECKING:
    from lstmcast.interface.frames import Data

__all__ = ["Frame", "fit", "load", "read"]


def read(data: Data, roles: Roles | None = None, **options: Any) -> ParsedFile:
    """Read a path, a buffer or a DataFrame as a Panel, with what was found in it.

    options: target, time, id, known, past and the others of reading, see `lstmcast guide options`; roles: in their
    place, with the keywords of the command line's reader. Raises DataError and UsageError.
    """
    if roles is not None:
        return ingest.read(data, roles, **options)  # type: ignore[arg-type]  # a path, as ever
    if isinstance(data, Panel):
        raise TypeError("a Panel has been read already")
    return parsed_for_training(data, options_from(None, options))[0]


def fit(
    data: Data,
    options: Options | None = None,
    time: str | None = None,
    *,
    pretrained: rooms.Model | None = None,
    **named: Any,
) -> Model:
    """Train a model and judge it, as `lstmcast train` does.

    data: a path, a buffer, a DataFrame (times as index, column, level, ds), a Series, an array, or a Panel.
    time: its time column; named: any option by name: target=, id=, known=, horizon=, hidden=, …; they come before
    those of `options`. pretrained: a model whose weights to start from. Raises UsageError, DataError, TrainingError.
    """
    named = named if time is None else named | {"time": time}
    panel, options, time = panel_for_training(data, options_from(options, named))
    return Model.of(pipeline.fit(panel, options, time, pretrained=pretrained))


def load(path: str | Path) -> Model:
    """Read a model file; raises ModelFileError for what is none."""
    return Model.of(persistence.load(path))
