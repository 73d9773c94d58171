"""The forecasting network: segments through recurrent cells to quantiles or logits, beside a highway.

segments decoder                                     direct decoder
past segment -> dense -> activation -> dropout       the same (segment 1: rows go straight into the cells)
  -> a cell's step, T_p times                          -> a cell's step, T_p times
future segment: activation(position + series         its last h -> dropout, beside the known future
  + dense of what is known) -> a step, T_f times       and the series (one-hot)
its h -> dropout -> dense layers -> w x Q values       -> dense layers -> K x Q values

Both then: cut to K steps, the highway's forecast added to each quantile, quantiles sorted. Of classes, Q stands for
their number: the highway adds the logits of a simple forecaster, one for each class, and nothing is sorted.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import DTypeLike

from lstmcast.nn import dense
from lstmcast.nn.activations import ACTIVATIONS
from lstmcast.nn.buffers import Array, aligned, small_buffer
from lstmcast.nn.cells import CELLS
from lstmcast.nn.dropout import Dropout
from lstmcast.nn.ordering import Ordering
from lstmcast.nn.parameters import Parameters
from lstmcast.nn.recurrence import Columns
from lstmcast.nn.start import dense_start


@dataclass(frozen=True)
class Architecture:
    """The sizes of a network; two networks of one architecture can exchange weights.

    lookback L (rows), horizon K (rows), segment w (rows a recurrent step takes; L is a multiple of it);
    past_size: features of a past segment; future_size: known features of a future segment, 0 = none;
    series: S of a panel whose series the network tells apart, 0 = it does not; cell: a name of cells.CELLS;
    between: sizes of the dense layers between two recurrent ones, each followed by the activation;
    is_classifier: whether the Q outputs of a step are the logits of so many classes.
    Shares dropped in training: dropout of the embedded past, of h between layers and of the last h; input_dropout of
    what the network sees of each row; recurrent_dropout of the h that goes into the next step's products. All but
    those of the embedded past and of the last h are the same at every step of a window (Gal and Ghahramani 2016).
    """

    lookback: int
    horizon: int
    segment: int
    past_size: int
    future_size: int
    hidden: int = 64
    layers: int = 1
    dense: tuple[int, ...] = ()
    activation: str = "relu"
    dropout: float = 0.2
    quantiles: int = 11
    series: int = 0
    decoder: str = "segments"
    highway: bool = True
    cell: str = "lstm"
    between: tuple[int, ...] = ()
    is_classifier: bool = False
    input_dropout: float = 0.0
    recurrent_dropout: float = 0.0

    @property
    def past_steps(self) -> int:
        """T_p: recurrent steps over the past."""
        return self.lookback // self.segment

    @property
    def future_steps(self) -> int:
        """T_f: segments that cover the horizon."""
        return -(-self.horizon // self.segment)

    @property
    def is_direct(self) -> bool:
        """True when the whole horizon comes from the last h of the past."""
        return self.decoder == "direct"

    @property
    def is_embedded(self) -> bool:
        """True when a dense layer stands before the cells."""
        return not (self.is_direct and self.segment == 1)

    @property
    def recurrent_steps(self) -> int:
        """T: steps of the recurrence, past and future."""
        return self.past_steps + (0 if self.is_direct else self.future_steps)

    @property
    def head_size(self) -> int:
        """Features that enter the dense layers on top."""
        beside = self.future_steps * self.future_size + self.series
        return self.hidden + (beside if self.is_direct else 0)

    @property
    def head_steps(self) -> int:
        """How often the dense layers on top are applied: once a future segment, or once."""
        return 1 if self.is_direct else self.future_steps

    @property
    def has_linear_highway(self) -> bool:
        """True when the highway is a map of the window with weights of its own, not logits that come with a batch."""
        return self.highway and not self.is_classifier

    @property
    def output_rows(self) -> int:
        """Steps of the horizon that one application of the output layer gives."""
        return self.horizon if self.is_direct else self.segment

    def input_size(self, layer: int) -> int:
        """Features that enter a recurrent layer."""
        if layer:
            return self.between[-1] if self.between else self.hidden
        return self.hidden if self.is_embedded else self.past_size

    def between_shapes(self, layer: int) -> dict[str, tuple[int, int]]:
        """Name and shape (M, N) of the weights of the dense layers before a recurrent layer, from the bottom up."""
        sizes = [self.hidden, *self.between] if layer else []
        return {
            f"between.{layer}.{i}": (size, below) for i, (below, size) in enumerate(itertools.pairwise(sizes))
        }

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every parameter."""
        shapes: dict[str, tuple[int, ...]] = {}
        if self.is_embedded:
            shapes |= {"past.weight": (self.hidden, self.past_size), "past.bias": (self.hidden,)}
        if not self.is_direct:
            shapes["future.position"] = (self.hidden, self.future_steps)
            if self.future_size:
                shapes["future.weight"] = (self.hidden, self.future_size)
            if self.series:
                shapes["future.series"] = (self.hidden, self.series)
        for layer in range(self.layers):
            for name, (size, below) in self.between_shapes(layer).items():
                shapes |= {f"{name}.weight": (size, below), f"{name}.bias": (size,)}
            shapes[f"recurrent.{layer}.weight"] = CELLS[self.cell].shape(self.input_size(layer), self.hidden)
        size = self.head_size
        for layer, units in enumerate(self.dense):
            shapes |= {f"dense.{layer}.weight": (units, size), f"dense.{layer}.bias": (units,)}
            size = units
        rows = self.output_rows * self.quantiles
        shapes |= {"output.weight": (rows, size), "output.bias": (rows,)}
        if self.has_linear_highway:
            shapes |= {"highway.weight": (self.horizon, self.lookback), "highway.bias": (self.horizon,)}
        return shapes


@dataclass(frozen=True)
class Inputs:
    """What a batch of B windows shows the network; one float dtype, C-contiguous.

    past (B, T_p, F_p); future (B, T_f, F_f); window (B, L), read by the highway only, or
    for classes (B, K C), the logits that it adds; series (B,) whole numbers.
    """

    past: Array
    future: Array
    window: Array
    series: Array


Masks = Mapping[str, Array]


@dataclass(frozen=True)
class Cache:
    """What `backward` needs of a `forward`; it borrows the workspace until the next forward.

    past (T_p, F_p, B) and future (T_f, F_f, B): what was seen of the inputs; masks: what was dropped, by its place.
    """

    inputs: Inputs
    workspace: Workspace
    past: Array
    future: Array
    masks: Masks


class Workspace:
    """Every buffer of a network for B windows; an inference workspace is smaller and faster but has no backward."""

    def __init__(self, architecture: Architecture, batch: int, dtype: DTypeLike, inference: bool) -> None:
        a = architecture
        past = (a.past_steps, a.hidden, batch)
        self.batch, self.inference = batch, inference
        self.recurrent: list[Columns] = [
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
        """What is dropped, by its place, in the order in which masks are drawn."""
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
    def _between(a: Architecture, above: Columns, batch: int) -> list[Array]:
        """h of the layer below, what each dense layer makes of it, and last the input of the layer above itself."""
        if not a.between:
            return [above.x]
        dtype, sizes = above.x.dtype, (a.hidden, *a.between[:-1])
        return [*(aligned((a.recurrent_steps, size, batch), dtype) for size in sizes), above.x]

    @cached_property
    def backward(self) -> _Backward:
        """The buffers of the backward pass, made when first needed."""
        return _Backward(self._architecture, self)


class _Backward:
    """The buffers of the backward pass."""

    def __init__(self, architecture: Architecture, forward: Workspace) -> None:
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


class Network:
    """A forecasting network of one architecture; it holds no weights and no state."""

    def __init__(self, architecture: Architecture) -> None:
        self.architecture = architecture
        self._activation = ACTIVATIONS[architecture.activation]
        self._cell = CELLS[architecture.cell]

    def start(
        self,
        rng: np.random.Generator,
        dtype: DTypeLike,
        *,
        start: str = "uniform",
        output_scale: float = 0.1,
    ) -> Parameters:
        """Random weights: `start` names a row of start.STARTS; the output layer's are times `output_scale`.

        Biases are zero (that of the gate that keeps, forget or update, as `start` says); so are the highway's
        weights. `output.bias` viewed (w, Q) — direct decoder: (K, Q) — holds the quantiles of each step of a segment.
        """
        a, parameters = self.architecture, Parameters(self.architecture.shapes(), dtype)
        for layer in range(a.layers):
            name = f"recurrent.{layer}.weight"
            parameters[name][...] = self._cell.start(rng, start, a.input_size(layer), a.hidden)
        for name in parameters:
            if name.startswith(("past.", "future.", "between.", "dense.", "output.")) and not name.endswith(
                "bias"
            ):
                parameters[name][...] = dense_start(rng, start, parameters[name].shape)
        parameters["output.weight"][...] *= output_scale
        return parameters

    def workspace(self, batch: int, dtype: DTypeLike, *, inference: bool = False) -> Workspace:
        """All buffers for B windows; the first backward adds its own, after that nothing is allocated."""
        return Workspace(self.architecture, batch, dtype, inference)

    @small_buffer()
    def forward(
        self,
        parameters: Parameters,
        inputs: Inputs,
        workspace: Workspace,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Cache]:
        """Quantiles (K, Q, B) in rising order, or logits, borrowed from the workspace, and the cache for `backward`.

        rng draws the dropout masks; None leaves every unit on.
        """
        dropouts = {} if rng is None else workspace.dropouts
        masks = {name: dropout.draw(rng) for name, dropout in dropouts.items() if rng is not None}
        past, future = (
            _seen(inputs.past, "past", workspace, masks),
            _seen(inputs.future, "future", workspace, masks),
        )
        cache = Cache(inputs, workspace, past, future, masks)
        self._mark_series(inputs, workspace)
        self._embed(parameters, cache)
        self._recur(parameters, workspace, masks)
        self._head(parameters, cache)
        output = workspace.output[: self.architecture.horizon]
        if self.architecture.has_linear_highway:
            straight = np.matmul(parameters["highway.weight"], inputs.window.T, out=workspace.highway)
            np.add(straight, parameters["highway.bias"][:, None], out=straight)
            np.add(output, straight[:, None], out=output)
        elif self.architecture.highway:
            np.add(output, inputs.window.T.reshape(output.shape), out=output)
        if not self.architecture.is_classifier:
            workspace.ordering.sort(output)
        return output, cache

    @small_buffer()
    def backward(self, parameters: Parameters, cache: Cache, d_output: Array) -> Parameters:
        """The gradient of a loss whose derivative at `forward`'s output is d_output (K, Q, B).

        Borrowed from the workspace until its next backward.
        """
        space, horizon = cache.workspace.backward, self.architecture.horizon
        np.copyto(space.output[:horizon], d_output)
        if not self.architecture.is_classifier:
            cache.workspace.ordering.unsort(space.output[:horizon])
        if self.architecture.has_linear_highway:
            straight = np.add.reduce(space.output[:horizon], axis=1, out=space.highway)
            np.matmul(straight, cache.inputs.window, out=space.gradient["highway.weight"])
            np.add.reduce(straight, axis=1, out=space.gradient["highway.bias"])
        self._head_backward(parameters, cache)
        d_x = self._recur_backward(parameters, cache)
        if self.architecture.is_embedded:
            self._embed_backward(cache, d_x)
        return space.gradient

    def _mark_series(self, inputs: Inputs, workspace: Workspace) -> None:
        if self.architecture.series:
            np.equal(workspace.levels, inputs.series, out=workspace.is_level)
            np.copyto(workspace.one_hot, workspace.is_level)

    def _embed(self, parameters: Parameters, cache: Cache) -> None:
        """Fill the cells' inputs: past segments, then future ones."""
        a, workspace, features = self.architecture, cache.workspace, cache.past
        past, future = np.split(workspace.recurrent[0].x, [a.past_steps])
        if a.is_embedded:
            dense.forward(parameters["past.weight"], parameters["past.bias"], features, workspace.past)
            self._activation.apply(workspace.past)
            features = workspace.past
        _drop(features, cache.masks.get("past"), past)
        if not a.is_direct:
            self._embed_future(parameters, cache, future)

    def _embed_future(self, parameters: Parameters, cache: Cache, future: Array) -> None:
        a, position = self.architecture, parameters["future.position"].T[:, :, None]
        workspace = cache.workspace
        if a.future_size:
            np.matmul(parameters["future.weight"], cache.future, out=future)
            np.add(future, position, out=future)
        else:
            np.copyto(future, position)
        if a.series:
            vectors = np.matmul(parameters["future.series"], workspace.one_hot, out=workspace.series)
            np.add(future, vectors, out=future)
        self._activation.apply(future)

    def _recur(self, parameters: Parameters, workspace: Workspace, masks: Masks) -> None:
        """Run the stacked layers; each reads the h of the one below."""
        for layer, space in enumerate(workspace.recurrent):
            if layer:
                self._go_between(parameters, workspace, layer, masks.get(f"between.{layer}"))
            if space.mask is not None:
                np.copyto(space.mask, masks.get(f"recurrent.{layer}", 1))
            self._cell.forward(parameters[f"recurrent.{layer}.weight"], space)

    def _go_between(
        self, parameters: Parameters, workspace: Workspace, layer: int, mask: Array | None
    ) -> None:
        """From the h below a recurrent layer to its input."""
        below, arrays = workspace.recurrent[layer - 1], workspace.between[layer - 1]
        np.multiply(below.outputs, below.unit, out=arrays[0])
        _drop(arrays[0], mask, arrays[0])
        names = self.architecture.between_shapes(layer)
        for name, x, out in zip(names, arrays[:-1], arrays[1:], strict=True):
            dense.forward(parameters[f"{name}.weight"], parameters[f"{name}.bias"], x, out)
            self._activation.apply(out)

    def _head(self, parameters: Parameters, cache: Cache) -> None:
        """From the last h to the output rows."""
        a, workspace, x = self.architecture, cache.workspace, cache.workspace.head[0]
        h = x[:, : a.hidden]
        last = workspace.recurrent[-1]
        np.multiply(last.outputs[-a.head_steps :], last.unit, out=h)
        _drop(h, cache.masks.get("head"), h)
        if a.is_direct:
            known = a.head_size - a.series
            if a.future_size:
                np.copyto(x[0, a.hidden : known].reshape(cache.future.shape), cache.future)
            np.copyto(x[0, known:], workspace.one_hot)
        for name, x, out in self._head_layers(workspace.head):
            dense.forward(parameters[f"{name}.weight"], parameters[f"{name}.bias"], x, out)
            if name != "output":
                self._activation.apply(out)

    def _head_layers(self, arrays: list[Array]) -> list[tuple[str, Array, Array]]:
        """Name of each layer on top with the arrays on its two sides, from the bottom up."""
        names = [f"dense.{layer}" for layer in range(len(self.architecture.dense))] + ["output"]
        return list(zip(names, arrays[:-1], arrays[1:], strict=True))

    def _head_backward(self, parameters: Parameters, cache: Cache) -> None:
        """Leave the derivative at the last h in `d_h`."""
        a, workspace, space = self.architecture, cache.workspace, cache.workspace.backward
        layers = zip(self._head_layers(workspace.head), self._head_layers(space.head), strict=True)
        for (name, x, y), (_, d_x, d) in reversed(list(layers)):
            if name != "output":
                self._activation.chain(y, d, space.scratch[: d.size].reshape(d.shape))
            self._dense_backward(space, name, d, x)
            dense.backward_input(parameters[f"{name}.weight"], d, d_x)
        _drop(space.head[0][:, : a.hidden], cache.masks.get("head"), space.d_h)

    def _recur_backward(self, parameters: Parameters, cache: Cache) -> Array:
        """Back through the stacked layers; returns the derivative at the first one's input (T, D, B)."""
        gradient, d = cache.workspace.backward.gradient, cache.workspace.backward.d_h
        for layer in reversed(range(self.architecture.layers)):
            name = f"recurrent.{layer}.weight"
            step = self._cell.backward(parameters[name], cache.workspace.recurrent[layer], d, gradient[name])
            d = step.d_x[min(step.first, len(step.d_x) - 1) :]
            if layer:
                d = self._go_between_backward(parameters, cache, layer, d)
        return step.d_x

    def _go_between_backward(self, parameters: Parameters, cache: Cache, layer: int, d: Array) -> Array:
        """The derivative at the h below a recurrent layer, given d (n, D, B) at the last n of its inputs."""
        space, steps = cache.workspace.backward, len(d)
        arrays, d_arrays = cache.workspace.between[layer - 1], space.between[layer - 1]
        names = self.architecture.between_shapes(layer)
        rows = zip(names, arrays[:-1], arrays[1:], d_arrays, strict=True)
        for name, x, y, d_x in reversed(list(rows)):
            self._activation.chain(y[-steps:], d, space.scratch[: d.size].reshape(d.shape))
            self._dense_backward(space, name, d, x[-steps:])
            d = dense.backward_input(parameters[f"{name}.weight"], d, d_x[-steps:])
        _drop(d, cache.masks.get(f"between.{layer}"), d)
        return d

    @staticmethod
    def _dense_backward(space: _Backward, name: str, d: Array, x: Array) -> None:
        """Write the gradient of a dense layer's weights."""
        weight, bias = space.gradient[f"{name}.weight"], space.gradient[f"{name}.bias"]
        dense.backward(d, x, weight, bias, space.outer[: weight.size].reshape(weight.shape))

    def _embed_backward(self, cache: Cache, d_x: Array) -> None:
        a, workspace, space = self.architecture, cache.workspace, cache.workspace.backward
        scratch = space.scratch[: d_x.size].reshape(d_x.shape)
        d_past, d_future = d_x[: a.past_steps], d_x[a.past_steps :]
        _drop(d_past, cache.masks.get("past"), d_past)
        self._activation.chain(workspace.past, d_past, scratch[: a.past_steps])
        self._dense_backward(space, "past", d_past, cache.past)
        if not a.is_direct:
            self._activation.chain(
                workspace.recurrent[0].x[a.past_steps :], d_future, scratch[a.past_steps :]
            )
            self._embed_future_backward(cache, d_future)

    def _embed_future_backward(self, cache: Cache, d: Array) -> None:
        a, space = self.architecture, cache.workspace.backward
        gradient = space.gradient
        np.add.reduce(d, axis=2, out=gradient["future.position"].T)
        if a.future_size:
            weight = gradient["future.weight"]
            outer = space.outer[: weight.size].reshape(weight.shape)
            dense.outer_sum(d, cache.future, weight, outer)
        if a.series:
            total = np.add.reduce(d, axis=0, out=space.series)
            np.matmul(total, cache.workspace.one_hot.T, out=gradient["future.series"])


def _seen(features: Array, part: str, workspace: Workspace, masks: Masks) -> Array:
    """Features (B, T, F) as (T, F, B), with what is dropped of them at zero."""
    turned, mask = features.transpose(1, 2, 0), masks.get(f"inputs.{part}")
    return turned if mask is None else np.multiply(turned, mask, out=workspace.dropped[f"inputs.{part}"])


def _drop(units: Array, mask: Array | None, out: Array) -> None:
    """out = units (T, M, B) times a mask, which is (M, B) where it is the same at every step."""
    if mask is not None:
        np.multiply(units, mask, out=out)
    elif out is not units:
        np.copyto(out, units)
