"""The progress of a training, as plain data: what a later run goes on from."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from lstmcast import __version__
from lstmcast.core.options import Options
from lstmcast.core.panel import Floats, Panel
from lstmcast.nn.network import Architecture
from lstmcast.nn.parameters import Parameters
from lstmcast.training.loop import LoopState, Step

Value = TypeVar("Value")


@dataclass(frozen=True, eq=False)
class Trained:
    """A finished network: its best weights (P,) and the step at which they stood."""

    weights: Floats
    best_step: int

    def parameters(self, architecture: Architecture) -> Parameters:
        """The weights by name."""
        return Parameters.of(architecture.shapes(), self.weights)


@dataclass(frozen=True, eq=False)
class Progress:
    """The progress of several networks, by their number: some are finished, some under way."""

    finished: Mapping[int, Trained] = field(default_factory=dict)
    underway: Mapping[int, LoopState] = field(default_factory=dict)

    def after(self, number: int, result: Trained | LoopState) -> Progress:
        """Return the progress once this network has come so far."""
        others = {other: state for other, state in self.underway.items() if other != number}
        if isinstance(result, LoopState):
            return Progress(self.finished, {**others, number: result})
        return Progress({**self.finished, number: result}, others)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The progress of a whole training: the networks of the contest, and the winner's last round.

    fingerprint: of the data and options it belongs to. What is not in it, is computed again.
    """

    fingerprint: str = ""
    networks: Progress = Progress()
    final: Progress = Progress()


def kept(
    events: Generator[Step | Progress, None, Value], checkpoint: Checkpoint, part: str
) -> Generator[Step | Checkpoint, None, tuple[Value, Checkpoint]]:
    """Pass events on, each progress of this part as a checkpoint of the whole; the outcome, and the last checkpoint."""
    while True:
        try:
            event = next(events)
        except StopIteration as end:
            return end.value, checkpoint
        if isinstance(event, Progress):
            changed: dict[str, Any] = {part: event}
            checkpoint = dataclasses.replace(checkpoint, **changed)
            yield checkpoint
        else:
            yield event


def fingerprint(panel: Panel, options: Options, start: Sequence[Floats] = ()) -> str:
    """Hex SHA-256 over all that decides the bits of a model: versions, options, data, and the weights it starts from.

    A later run may have more workers or more time: these are left out.
    """
    lasting = dataclasses.replace(options, threads=None, budget=None)
    told = {
        "versions": (__version__, np.__version__),
        "options": dataclasses.asdict(lasting),
        "ids": panel.ids,
        "columns": [dataclasses.astuple(column) for column in panel.columns],
        "clock": dataclasses.asdict(panel.clock),
        "classes": panel.classes,
        "holidays": None if panel.holidays is None else dataclasses.astuple(panel.holidays),
    }
    digest = hashlib.sha256(json.dumps(told).encode())
    for array in (panel.offsets, panel.times, panel.values, *start):
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).view(np.uint8).data)
    return digest.hexdigest()
