"""Data read as the command line reads a file: for a training, or for a model."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lstmcast.cli.sessions.reading import line_of, read_for_model, read_for_training, read_future_for_model
from lstmcast.core.findings import WARNING, Finding
from lstmcast.core.panel import Panel
from lstmcast.ingest import DataFrameSource, Source, expanded
from lstmcast.interface.frames import as_source

if TYPE_CHECKING:
    from lstmcast.core.options import Options
    from lstmcast.ingest import ParsedFile
    from lstmcast.interface.frames import Data
    from lstmcast.model.model import Model


class LstmcastWarning(UserWarning):
    """A finding in data that their user should look at; the command line prints it."""


class _Program:
    """A program that waits for a file and wants to hear of what is found."""

    is_mute = False

    @contextmanager
    def reading(self) -> Iterator[Callable[[int, int], None] | None]:
        """Nobody is told of the bytes."""
        yield None


def parsed_for_training(data: Data, options: Options) -> tuple[ParsedFile, Options]:
    """The data as a training reads them, and the options with what they showed; raises DataError, UsageError.

    This is the only place where the data of a caller become a panel: `fit` and whatever refits call it.
    """
    options.check()
    options = dataclasses.replace(options, exclude=expanded(options.exclude))
    source, options = as_source(data, options)
    parsed = read_for_training(source, options, _Program())
    return parsed, dataclasses.replace(options, **parsed.shown)


def panel_for_training(data: Data, options: Options) -> tuple[Panel, Options, str | None]:
    """The panel of data, the options with what they showed, and the name of the time column; a Panel stays as it is."""
    if isinstance(data, Panel):
        return data, options, options.time
    parsed, options = parsed_for_training(data, options)
    warn_of(parsed.findings)
    return parsed.panel, options, parsed.roles.time


def panel_for_model(data: Data, model: Model, *, keeps_new: bool = False) -> Panel:
    """The panel of fresh data for a model; a Panel stays as it is. Raises DataError where they do not fit.

    keeps_new: series that the model does not know stay, where they have rows enough to be forecast from.
    """
    if isinstance(data, Panel):
        return data
    source, _ = as_source(data, _told_by(model))
    parsed = read_for_model(_named_for(source, model), model, _Program(), keeps_new=keeps_new)
    warn_of(parsed.findings)
    return parsed.panel


def future_for_model(data: Data, model: Model, history: Panel) -> Panel:
    """The history with rows to come after it, of which the columns known ahead are given."""
    from lstmcast.model.future import joined, require_known

    require_known(model.contract)
    if isinstance(data, Panel):
        return joined(history, data)
    source, _ = as_source(data, _told_by(model))
    parsed = read_future_for_model(_named_for(source, model), model, history.clock)
    warn_of(parsed.findings)
    return joined(history, parsed.panel)


def _told_by(model: Model) -> Options:
    """The options of a model's training with the roles that its contract has."""
    contract = model.contract
    return dataclasses.replace(
        model.options,
        target=contract.target,
        time=contract.time,
        id=contract.id,
        known=contract.known,
        past=contract.past,
    )


def _named_for(source: Source, model: Model) -> Source:
    """The source, a frame's column of times under the name that the model looks for."""
    time = model.contract.time
    if not isinstance(source, DataFrameSource) or time is None or time in source.frame.columns:
        return source
    stamps = [name for name in source.frame.columns if source.frame[name].dtype.kind == "M"]
    return (
        DataFrameSource(source.frame.rename(columns={stamps[0]: time}), source.name)
        if len(stamps) == 1
        else source
    )


def warn_of(findings: Iterable[Finding]) -> None:
    """Warn of what a user should look at, in the sentences of the command line."""
    for finding in findings:
        if finding.severity == WARNING:
            warnings.warn(line_of(finding), LstmcastWarning, stacklevel=4)
