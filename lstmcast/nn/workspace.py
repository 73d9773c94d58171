"""The memory of a network: the inputs of a batch, and every buffer between them and its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import DTypeLike

from lstmcast.nn.architecture import Architecture
from lstmcast.nn.buffers import Array, aligned
from lstmcast.nn.cells import CELLS
from lstmcast.nn.dropout import Dropout
from lstmcast.nn.ordering import Ordering
from lstmcast.nn.parameters import Parameters
from lstmcast.nn.recurrence import RecurrentWorkspace


@dataclass(frozen=True, eq=False)
class Inputs:
    """A batch of B windows as the network sees it; one float dtype, C-contiguous.

    past (B, T_p, F_p); future (B, T_f, F_f); window (B, L), read by the highway only, or
    for classes (B, K C), the logits that it adds; series (B,) whole numbers.
    """

    past: Array
    future: Array
    window: Array
    series: Array


Masks = Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class Cache:
    """The part of a `forward` that `backward` needs; it borrows the workspace until the next forward.

    past (T_p, F_p, B) and future (T_f, F_f, B): what was seen of the inputs; masks: what was dropped, by its place.
    """

    inputs: Inputs
    workspace: NetworkWorkspace
    past: Array
    future: Array
    masks: Masks


class NetworkWorkspace:
    """Every buffer of a network for B windows; an inference workspace is smaller and faster but has no backward."""

    def __init__(self, architecture: Architecture, batch: int, dtype: DTypeLike, inference: bool) -> None:
        a = architecture
        past = (a.past_steps, a.hidden, batch)
        self.batch, self.inference = batch, inference
        self.recurrent: list[RecurrentWorkspace] = [
            CELLS[a.cell].workspace(
                a.recurrent_steps,
                batch,
                a.input_size(layer),
                a.hidden,
                dtype,
                keep=not inference,
                inputs_are_data=layer == 0 and not a.is_embedded,
                dropping=bool(a.recurrent_dropout) and not inference,
            )
            for layer in range(a.layers)
        ]
        self.between = [self._between(a, space, batch) for space in self.recurrent[1:]]
        self.past = aligned(past if a.is_embedded else (0,), dtype)
        sizes = [a.head_size, *a.dense, a.output_rows * a.quantiles]
        self.head = [aligned((a.head_steps, size, batch), dtype) for size in sizes]
        self.output = self.head[-1].reshape(-1, a.quantiles, batch)
        self.highway = aligned((a.horizon, batch), dtype)
        self.ordering = Ordering((a.horizon, a.quantiles, batch), dtype)
        self.one_hot = aligned((a.series, batch), dtype)
        self.series = aligned((a.hidden, batch), dtype)
        self.levels = np.arange(a.series)[:, None]
        self.is_level = np.zeros((a.series, batch), dtype=bool)
        self.dropouts = {} if inference else self._dropouts(a, batch, np.dtype(dtype))
        self.dropped = {
            name: aligned((steps, *dropout.mask.shape), dtype)
            for name, steps in (("inputs.past", a.past_steps), ("inputs.future", a.future_steps))
            if (dropout := self.dropouts.get(name))
        }
        self._architecture = a

    @staticmethod
    def _dropouts(a: Architecture, batch: int, dtype: np.dtype) -> dict[str, Dropout]:
        """Return what is dropped, by its place, in the order in which masks are drawn."""
        past = {"past": (a.past_steps, a.hidden, batch)} if a.is_embedded else {}
        between = {f"between.{layer}": (a.hidden, batch) for layer in range(1, a.layers)}
        layers = past | {"head": (a.head_steps, a.hidden, batch)} | between
        inputs = {"inputs.past": (a.past_size, batch), "inputs.future": (a.future_size, batch)}
        recurrent = {f"recurrent.{layer}": (a.hidden, batch) for layer in range(a.layers)}
        rates = ((layers, a.dropout), (inputs, a.input_dropout), (recurrent, a.recurrent_dropout))
        return {
            name: Dropout(shape, rate, dtype)
            for shapes, rate in rates
            if rate
            for name, shape in shapes.items()
        }

    @staticmethod
    def _between(a: Architecture, above: RecurrentWorkspace, batch: int) -> list[Array]:
        """h of the layer below, what each dense layer makes of it, and last the input of the layer above itself."""
        if not a.between:
            return [above.x]
        dtype, sizes = above.x.dtype, (a.hidden, *a.between[:-1])
        return [*(aligned((a.recurrent_steps, size, batch), dtype) for size in sizes), above.x]

    @cached_property
    def backward(self) -> Backward:
        """The buffers of the backward pass, made when first needed."""
        return Backward(self._architecture, self)


class Backward:
    """The buffers of the backward pass."""

    def __init__(self, architecture: Architecture, forward: NetworkWorkspace) -> None:
        a, dtype = architecture, forward.output.dtype
        self.gradient = Parameters(a.shapes(), dtype)
        self.head = [np.zeros_like(x) for x in forward.head]
        self.output = self.head[-1].reshape(-1, a.quantiles, forward.batch)
        self.highway = np.zeros_like(forward.highway)
        recurrent = (a.recurrent_steps, a.hidden, forward.batch)
        self.d_h = aligned((a.head_steps, a.hidden, forward.batch), dtype)
        self.between = [[np.zeros_like(x) for x in arrays[:-1]] for arrays in forward.between]
        widest = [x for arrays in (forward.head, *forward.between) for x in arrays]
        self.scratch = aligned((max(int(np.prod(recurrent)), *(x.size for x in widest)),), dtype)
        largest = max(int(np.prod(shape)) for shape in a.shapes().values())
        self.outer = aligned((largest,), dtype)
        self.series = aligned((a.hidden, forward.batch), dtype)
