"""Weights of the recurrent layers in the layout of torch.nn.LSTM, GRU and RNN, and back; torch itself is not needed.

torch keeps for layer l `weight_ih_l` (gates x H, D), `weight_hh_l` (gates x H, H) and the biases `bias_ih_l` and
`bias_hh_l` (gates x H,), an LSTM's gates in the order i, f, g, o, a GRU's r, z, n. Of an LSTM and an RNN only the sum
of the two biases counts; it stands in `bias_ih_l`, and `bias_hh_l` is zero.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import UsageError
from lstmcast.forecasters.ensemble import networks_of, taught
from lstmcast.model.model import Model
from lstmcast.nn.network import Architecture
from lstmcast.nn.parameters import Parameters

Array = NDArray[Any]
# Which of our gates each of torch's is: ours are o, i, f, g of an LSTM.
_GATES = {"lstm": (1, 2, 3, 0), "gru": (0, 1, 2), "rnn": (0,)}
_KINDS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def export_torch(model: Model, member: int = 0) -> dict[str, Array]:
    """The weights of a model's recurrent layers by the names of torch's state dict, as arrays of their own.

    `torch.nn.LSTM(D, H, num_layers)` takes them with `load_state_dict({n: torch.from_numpy(a) for n, a in …})`.
    Raises UsageError where the model has no network, or layers that torch's module has not.
    """
    architecture, parameters = _network(model, member)
    named: dict[str, Array] = {}
    for layer in range(architecture.layers):
        size = architecture.input_size(layer)
        arrays = _to_torch(
            architecture.cell, parameters[f"recurrent.{layer}.weight"], size, architecture.hidden
        )
        named |= {f"{kind}_l{layer}": array for kind, array in zip(_KINDS, arrays, strict=True)}
    return named


def import_torch(model: Model, weights: Mapping[str, Any], member: int = 0) -> Model:
    """The model with these weights, by the names of torch's state dict, in its recurrent layers.

    weights: arrays or tensors of the shapes that `export_torch` gives. All else stays as it is, its verdict and the
    width of its band included: they are those of the old weights. Raises UsageError where a name or shape is wrong.
    """
    architecture, parameters = _network(model, member)
    wanted = {name: array.shape for name, array in export_torch(model, member).items()}
    found = {name: np.asarray(array) for name, array in weights.items()}
    for name in [*wanted, *found]:
        if wanted.get(name) != (found[name].shape if name in found else None):
            got = found[name].shape if name in found else "nothing"
            raise UsageError(
                f"{name}: the model has {wanted.get(name, 'nothing')} there, the weights have {got}"
            )
    changed = Parameters.of(parameters.shapes, parameters.flat)
    for layer in range(architecture.layers):
        arrays = [found[f"{kind}_l{layer}"] for kind in _KINDS]
        changed[f"recurrent.{layer}.weight"][...] = _from_torch(architecture.cell, *arrays)
    return _with_member(model, changed, member)


def _network(model: Model, member: int) -> tuple[Architecture, Parameters]:
    networks = networks_of(model.ensemble)
    found = [(network.architecture, own) for network in networks for own in network.members]
    if not found:
        raise UsageError("the model holds no network, because another forecaster was better")
    if not 0 <= member < len(found):
        raise UsageError(f"the model has members 0 to {len(found) - 1}; got {member}")
    architecture, parameters = found[member]
    if architecture.cell not in _GATES:
        raise UsageError(f"torch has no cell like {architecture.cell}; it has those of {', '.join(_GATES)}")
    if architecture.between and architecture.layers > 1:
        raise UsageError("the model has dense layers between its recurrent ones, torch's modules have none")
    return architecture, parameters


def _with_member(model: Model, parameters: Parameters, member: int) -> Model:
    weights = [flat for network in networks_of(model.ensemble) for flat in network.weights]
    weights[member] = parameters.flat
    return dataclasses.replace(model, ensemble=taught(model.ensemble, weights))


def _to_torch(cell: str, weight: Array, inputs: int, hidden: int) -> tuple[Array, Array, Array, Array]:
    """Weights and biases of x and of h, of our one array."""
    ordered = weight.reshape(-1, hidden, weight.shape[1])[list(_GATES[cell])].reshape(weight.shape)
    if cell == "gru":
        x, bias_x, bias_h, h = np.split(ordered, [inputs, inputs + 1, inputs + 2], axis=1)
    else:
        x, h, bias_x = np.split(ordered, [inputs, inputs + hidden], axis=1)
        bias_h = np.zeros_like(bias_x)
    return x.copy(), h.copy(), bias_x[:, 0].copy(), bias_h[:, 0].copy()


def _from_torch(cell: str, x: Array, h: Array, bias_x: Array, bias_h: Array) -> Array:
    """Our one array, of torch's four."""
    if cell == "gru":
        ordered = np.concatenate([x, bias_x[:, None], bias_h[:, None], h], axis=1)
    else:
        ordered = np.concatenate([x, h, (bias_x + bias_h)[:, None]], axis=1)
    weight = np.empty_like(ordered)
    gates = weight.reshape(len(_GATES[cell]), -1, ordered.shape[1])
    gates[list(_GATES[cell])] = ordered.reshape(gates.shape)
    return weight
