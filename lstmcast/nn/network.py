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

import numpy as np
from numpy.typing import DTypeLike

from lstmcast.nn import dense
from lstmcast.nn.activations import ACTIVATIONS
from lstmcast.nn.architecture import Architecture
from lstmcast.nn.buffers import Array, small_buffer
from lstmcast.nn.cells import CELLS
from lstmcast.nn.parameters import Parameters
from lstmcast.nn.start import dense_start
from lstmcast.nn.workspace import Backward, Cache, Inputs, Masks, NetworkWorkspace

__all__ = ["Architecture", "Cache", "Inputs", "Network", "NetworkWorkspace"]


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

    def workspace(self, batch: int, dtype: DTypeLike, *, inference: bool = False) -> NetworkWorkspace:
        """All buffers for B windows; the first backward adds its own, after that nothing is allocated."""
        return NetworkWorkspace(self.architecture, batch, dtype, inference)

    @small_buffer()
    def forward(
        self,
        parameters: Parameters,
        inputs: Inputs,
        workspace: NetworkWorkspace,
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

    def _mark_series(self, inputs: Inputs, workspace: NetworkWorkspace) -> None:
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

    def _recur(self, parameters: Parameters, workspace: NetworkWorkspace, masks: Masks) -> None:
        """Run the stacked layers; each reads the h of the one below."""
        for layer, space in enumerate(workspace.recurrent):
            if layer:
                self._go_between(parameters, workspace, layer, masks.get(f"between.{layer}"))
            if space.mask is not None:
                np.copyto(space.mask, masks.get(f"recurrent.{layer}", 1))
            self._cell.forward(parameters[f"recurrent.{layer}.weight"], space)

    def _go_between(
        self, parameters: Parameters, workspace: NetworkWorkspace, layer: int, mask: Array | None
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
    def _dense_backward(space: Backward, name: str, d: Array, x: Array) -> None:
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


def _seen(features: Array, part: str, workspace: NetworkWorkspace, masks: Masks) -> Array:
    """Features (B, T, F) as (T, F, B), with what is dropped of them at zero."""
    turned, mask = features.transpose(1, 2, 0), masks.get(f"inputs.{part}")
    return turned if mask is None else np.multiply(turned, mask, out=workspace.dropped[f"inputs.{part}"])


def _drop(units: Array, mask: Array | None, out: Array) -> None:
    """out = units (T, M, B) times a mask, which is (M, B) where it is the same at every step."""
    if mask is not None:
        np.multiply(units, mask, out=out)
    elif out is not units:
        np.copyto(out, units)
