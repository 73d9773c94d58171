"""A Checkpoint as plain data, a document and named arrays, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import ModelFileError
from lstmcast.persistence.record import Arrays, Document
from lstmcast.training.checkpoint import Checkpoint, Progress, Trained
from lstmcast.training.loop import Best, LoopState

_PARTS = ("networks", "final")
_WORDS = 6
_LONGEST = 1e9  # seconds


def to_record(checkpoint: Checkpoint) -> tuple[Document, Arrays]:
    """Return what is written: a JSON-able document and the arrays by name."""
    document: dict[str, Any] = {"fingerprint": checkpoint.fingerprint}
    arrays: dict[str, NDArray[Any]] = {}
    for part in _PARTS:
        progress: Progress = getattr(checkpoint, part)
        document[part] = {
            "finished": {f"{n}": {"best_step": done.best_step} for n, done in progress.finished.items()},
            "underway": {f"{n}": _state_document(state) for n, state in progress.underway.items()},
        }
        arrays |= {f"{part}.{n}": done.weights for n, done in progress.finished.items()}
        for n, state in progress.underway.items():
            arrays |= _state_arrays(f"{part}.{n}", state)
    return document, arrays


def from_record(document: Document, arrays: Arrays) -> Checkpoint:
    """The Checkpoint of a record; raises ModelFileError where its parts do not fit together."""
    try:
        parts = {part: _progress(part, document[part], arrays) for part in _PARTS}
        return Checkpoint(_text(document["fingerprint"]), **parts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelFileError(f"its contents do not fit together ({type(error).__name__}: {error})") from None


def _state_document(state: LoopState) -> Document:
    """The numbers of a state; an error may be no number, which JSON cannot hold, so it is text."""
    numbers = {name: getattr(state, name) for name in ("step", "restarts", "slower", "seconds")}
    best = {"step": state.best.step, "stale": state.best.stale, "error": repr(float(state.best.error))}
    return {**numbers, "best": best, "optimizer": list(state.optimizer)}


def _state_arrays(prefix: str, state: LoopState) -> Arrays:
    optimizer = {f"{prefix}.optimizer.{name}": array for name, array in state.optimizer.items()}
    own = {"weights": state.weights, "best": state.best.weights, "generator": state.generator}
    return {**{f"{prefix}.{name}": array for name, array in own.items()}, **optimizer}


def _progress(part: str, fields: Document, arrays: Arrays) -> Progress:
    return Progress(
        {
            int(n): Trained(_weights(arrays[f"{part}.{n}"]), _count(done["best_step"]))
            for n, done in fields["finished"].items()
        },
        {int(n): _state(f"{part}.{n}", state, arrays) for n, state in fields["underway"].items()},
    )


def _state(prefix: str, fields: Document, arrays: Arrays) -> LoopState:
    weights, best = _weights(arrays[f"{prefix}.weights"]), fields["best"]
    state = LoopState(
        weights=weights,
        best=Best(
            _weights(arrays[f"{prefix}.best"]),
            float(best["error"]),
            _count(best["step"]),
            _count(best["stale"]),
        ),
        optimizer={name: arrays[f"{prefix}.optimizer.{name}"] for name in fields["optimizer"]},
        generator=arrays[f"{prefix}.generator"],
        step=_count(fields["step"]),
        restarts=_count(fields["restarts"]),
        slower=float(fields["slower"]),
        seconds=float(fields["seconds"]),
    )
    if not 0 < state.slower <= 1 or not 0 <= state.seconds < _LONGEST:
        raise ValueError("it trained more slowly, or for longer, than any")
    if state.generator.dtype != np.uint64 or state.generator.shape != (_WORDS,):
        raise ValueError("the state of its generator has another form")
    if any(
        array.shape not in ((1,), weights.shape) for array in (state.best.weights, *state.optimizer.values())
    ):
        raise ValueError("its arrays differ in size")
    return state


def _weights(array: NDArray[Any]) -> NDArray[np.floating]:
    if array.ndim != 1 or array.dtype.kind != "f":
        raise ValueError("weights are no vector of numbers")
    return array


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
