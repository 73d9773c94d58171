"""Starting from another model's weights: which of them fit a new network, which do not, and which stay as they are."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import ModelFileError, UsageError
from lstmcast.core.panel import Clock, Column, Integers
from lstmcast.data.calendar_features import calendar_names
from lstmcast.data.preprocessing import Preparation
from lstmcast.data.view import View as SeenView
from lstmcast.data.view import ViewConfig
from lstmcast.evaluation.report import Start
from lstmcast.forecasters.ensemble import networks_of
from lstmcast.model.model import Model
from lstmcast.nn.network import Architecture
from lstmcast.nn.parameters import Parameters
from lstmcast.training.trainable import Trainable

Weights = NDArray[np.floating]
BELOW = ("past.", "future.", "between.", "recurrent.")  # what `freeze` leaves as it is
_SEEN = {
    "transform": "the transform",
    "stage": "the calendar stage",
    "is_anchored": "the anchor",
    "is_sized": "the window size",
}


@dataclass(frozen=True)
class InputNames:
    """The names of all that a network is shown: the features of a past segment and of a future one, and the series.

    classes: of the target, which are what it says as well; empty for numbers.
    """

    past: tuple[str, ...]
    future: tuple[str, ...]
    ids: tuple[str, ...]
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Transfer:
    """The part of another model's weights that a new network starts from.

    weights: (P,) of each member of the other model, NaN where the new network's own start stands; shares: name of
    each layer -> share of its weights that is taken; frozen: parameters that training leaves as they are; differs:
    what the other network was shown in another way.
    """

    weights: tuple[Weights, ...]
    shares: dict[str, float]
    frozen: tuple[str, ...]
    differs: tuple[str, ...]

    def told(self) -> Start:
        """Names of the layers that are taken, taken in part, new and frozen, and what differs."""
        return Start(
            taken=tuple(name for name, share in self.shares.items() if share == 1),
            partly=tuple(f"{name} ({share:.0%})" for name, share in self.shares.items() if 0 < share < 1),
            new=tuple(name for name, share in self.shares.items() if share == 0),
            frozen=tuple(dict.fromkeys(map(_layer, self.frozen))),
            differs=self.differs,
        )


def names_shown(
    preparation: Preparation,
    seen: SeenView,
    columns: Sequence[Column],
    ids: tuple[str, ...],
    clock: Clock,
    segment: int,
    classes: tuple[str, ...] = (),
) -> InputNames:
    """Return what the network of a model with this preparation is shown; the target's own name does not count.

    classes: of the target, each of which has a column in place of the target's.
    """
    past, known = preparation.names(columns, has_regression=seen.regression is not None)
    past = (*(f"class {name}" for name in classes), *past[1:]) if classes else past
    calendar = calendar_names(clock, with_year=preparation.with_year)
    rows = range(segment)

    def of_segment(names: tuple[str, ...]) -> tuple[str, ...]:
        return (*(f"{name} in row {row}" for row in rows for name in names), *calendar)

    return InputNames(of_segment(past), of_segment(known), ids, classes)


def transfer(
    model: Model, setting: ViewConfig, architecture: Architecture, view: InputNames, freeze: str | None
) -> Transfer:
    """Match a model's weights to a network of this architecture and view, which the setting is trained with.

    Raises ModelFileError where the model holds no network, UsageError where its cells are not those of the new one.
    """
    found = networks_of(model.ensemble)
    if not found:
        raise ModelFileError(
            "the model to start from holds no network, because another forecaster was better; "
            "train it with --safeguard network"
        )
    network, old = found[0], found[0].architecture
    _check_cells(old, architecture)
    differs = tuple(
        words for name, words in _SEEN.items() if getattr(model.setting, name) != getattr(setting, name)
    )
    contract = model.contract
    own = names_shown(
        model.preparation.rows,
        model.views[0],
        contract.columns,
        contract.ids,
        contract.clock,
        contract.segment,
        contract.classes,
    )
    match = _Match(old, architecture, own, view, is_seen_alike=not differs)
    weights = tuple(match.weights(member) for member in network.members)
    taken = Parameters(architecture.shapes(), weights[0].dtype)
    taken.flat[:] = ~np.isnan(weights[0])
    shares = _shares(taken)
    whole = tuple(name for name in taken if name.startswith(BELOW) and shares[_layer(name)] == 1)
    return Transfer(weights, shares, () if freeze is None else whole, differs)


def begin(members: list[Trainable], transfer: Transfer) -> list[Trainable]:
    """Start the members from another model's: its first, second, … and its first again."""
    weights = itertools.cycle(transfer.weights)
    return [dataclasses.replace(m, weights=next(weights), frozen=transfer.frozen) for m in members]


def _check_cells(old: Architecture, new: Architecture) -> None:
    """The recurrence is what is started from: without it little that was learned would stay."""
    for name in ("cell", "hidden"):
        if getattr(old, name) != getattr(new, name):
            raise UsageError(
                f"the model to start from has --{name} {getattr(old, name)}, this training --{name} "
                f"{getattr(new, name)}; give both the same",
                option=f"--{name}",
            )


def _shares(taken: Parameters) -> dict[str, float]:
    """Layer -> mean of its ones."""
    layers: dict[str, list[Weights]] = {}
    for name in taken:
        layers.setdefault(_layer(name), []).append(taken[name].ravel())
    return {layer: float(np.concatenate(parts).mean(dtype=float)) for layer, parts in layers.items()}


def _layer(name: str) -> str:
    """The layer that a parameter belongs to: `past.weight` and `past.bias` to `past`."""
    return name.removesuffix(".weight").removesuffix(".bias")


Axis = tuple[Integers, Integers]


@dataclass(frozen=True)
class _Match:
    """Two networks: what a number of one means in the other."""

    old: Architecture
    new: Architecture
    own: InputNames
    view: InputNames
    is_seen_alike: bool

    def weights(self, member: Parameters) -> Weights:
        """(P,) the new network's weights as far as a member of the old one has them, else NaN."""
        new, found = self.new, Parameters(self.new.shapes(), member.flat.dtype)
        found.flat.fill(np.nan)
        for name in found:
            whole = name.replace(".bias", ".weight")  # a bias means nothing without its weights
            if whole in member.shapes and self._is_alike(name) and self._fits(whole):
                _take(found[name], member[name], self._axes(name))
        if "future.series" in member.shapes and not new.series and not new.is_direct:
            # one series is as all of them are on average
            found["future.position"][...] += member["future.series"].mean(axis=1, keepdims=True)
        return found.flat

    def _is_alike(self, name: str) -> bool:
        """Return whether the numbers of a parameter mean the same in both networks, as far as they go."""
        old, new, part = self.old, self.new, name.split(".")[0]
        if part == "highway":
            return self.is_seen_alike
        if part in ("past", "future"):
            return old.segment == new.segment
        if name == "recurrent.0.weight":
            return old.is_embedded == new.is_embedded and (new.is_embedded or self.own.past == self.view.past)
        if part in ("dense", "output") and old.decoder != new.decoder:
            return False
        if part == "output":
            is_kind = (old.quantiles, old.is_classifier) == (new.quantiles, new.is_classifier)
            return (
                is_kind
                and self.own.classes == self.view.classes
                and (new.is_direct or old.segment == new.segment)
            )
        return True

    def _fits(self, name: str) -> bool:
        """Return whether a parameter has one size in both networks along all axes that are taken whole."""
        shape, other, axes = self.new.shapes()[name], self.old.shapes()[name], self._axes(name)
        return all(a == b for axis, (a, b) in enumerate(zip(shape, other, strict=True)) if axis not in axes)

    def _axes(self, name: str) -> dict[int, Axis]:
        """The axes along which a part may be taken: places in the new array, and the same in the old one."""
        old, new = self.old, self.new
        steps = min(old.horizon, new.horizon)
        named = {
            "past.weight": {1: _common(self.own.past, self.view.past)},
            "future.weight": {1: _common(self.own.future, self.view.future)},
            "future.series": {1: _common(self.own.ids, self.view.ids)},
            "future.position": {1: _first(min(old.future_steps, new.future_steps))},
            "highway.weight": {0: _first(steps)},
            "highway.bias": {0: _first(steps)},
        }
        axes = named.get(name, {})
        if new.is_direct and name.startswith("output"):
            axes = {0: _first(steps * new.quantiles)}
        if new.is_direct and name == ("dense.0.weight" if new.dense else "output.weight"):
            axes = axes | {1: _common(_head_columns(old, self.own), _head_columns(new, self.view))}
        return axes


def _head_columns(a: Architecture, view: InputNames) -> tuple[str, ...]:
    """Names of what enters the layers on top of a direct decoder."""
    h = (f"h {unit}" for unit in range(a.hidden))
    known = (f"{name} of {step}, {a.segment}" for step in range(a.future_steps) for name in view.future)
    return (*h, *known, *(view.ids if a.series else ()))


def _first(count: int) -> Axis:
    return np.arange(count), np.arange(count)


def _common(old: tuple[str, ...], new: tuple[str, ...]) -> Axis:
    """Return where the names that both have stand in the new and in the old."""
    place = {name: number for number, name in enumerate(old)}
    pairs = [(number, place[name]) for number, name in enumerate(new) if name in place]
    here, there = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return here, there


def _take(new: Weights, old: Weights, axes: dict[int, Axis]) -> None:
    """Copy old into new, along these axes in part."""
    places = [axes.get(axis) or _first(size) for axis, size in enumerate(new.shape)]
    new[np.ix_(*(here for here, _ in places))] = old[np.ix_(*(there for _, there in places))]
