"""The whole network against finite differences."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from lstmcast.nn.losses import huber, mae, mse, pinball
from lstmcast.nn.network import Architecture, Inputs, Network
from lstmcast.nn.start import STARTS

SMALL = Architecture(
    lookback=12, horizon=5, segment=3, past_size=4, future_size=2, hidden=3, quantiles=3, dropout=0.25
)
SHAPES = {
    "segments": SMALL,
    "all ones": Architecture(1, 1, 1, 1, 1, hidden=1, quantiles=1, dropout=0.0),
    "nothing known of the future": dataclasses.replace(SMALL, future_size=0),
    "no highway": dataclasses.replace(SMALL, highway=False),
    "stacked": dataclasses.replace(SMALL, layers=3),
    "dense on top": dataclasses.replace(SMALL, dense=(4, 2), activation="tanh"),
    "sigmoid": dataclasses.replace(SMALL, dense=(3,), activation="sigmoid"),
    "identity": dataclasses.replace(SMALL, dense=(3,), activation="identity"),
    "series": dataclasses.replace(SMALL, series=3),
    "direct segments": dataclasses.replace(SMALL, decoder="direct"),
    "textbook": Architecture(
        7, 4, 1, 2, 0, hidden=3, quantiles=2, dense=(5,), decoder="direct", highway=False, activation="tanh"
    ),
    "direct with everything": dataclasses.replace(
        SMALL, segment=1, decoder="direct", series=2, layers=2, dense=(4,)
    ),
    "one row a segment": dataclasses.replace(SMALL, segment=1, lookback=9, past_size=1, quantiles=1),
}


def random_inputs(a: Architecture, batch: int, rng: np.random.Generator, dtype=np.float64) -> Inputs:
    return Inputs(
        past=rng.normal(size=(batch, a.past_steps, a.past_size)).astype(dtype),
        future=rng.normal(size=(batch, a.future_steps, a.future_size)).astype(dtype),
        window=rng.normal(size=(batch, a.lookback)).astype(dtype),
        series=rng.integers(max(a.series, 1), size=batch),
    )


def random_parameters(a: Architecture, rng: np.random.Generator, dtype=np.float64):
    """Start plus noise everywhere, so that no gradient is zero by chance of the start."""
    parameters = Network(a).start(rng, dtype, output_scale=1.0)
    parameters.flat += 0.3 * rng.normal(size=parameters.flat.size).astype(dtype)
    return parameters


def losses(quantiles: int):
    levels = np.linspace(0.1, 0.9, quantiles)
    table = {"mse": mse, "mae": mae, "huber": huber}
    table["pinball"] = lambda *arrays: pinball(*arrays, levels)
    return table


@pytest.mark.parametrize(("shape", "batch"), list(itertools.product(SHAPES, (1, 4))))
def test_the_gradient_of_every_parameter_is_the_finite_difference(shape, batch):
    a, rng = SHAPES[shape], np.random.default_rng(3)
    network, parameters, inputs = Network(a), random_parameters(a, rng), random_inputs(a, batch, rng)
    target, weight = rng.normal(size=(2, a.horizon, batch))
    weight = np.abs(weight)
    workspace = network.workspace(batch, np.float64)

    for name, loss in losses(a.quantiles).items():

        def value(loss=loss):
            output, cache = network.forward(parameters, inputs, workspace, np.random.default_rng(5))
            return loss(output, target, weight), cache

        (_, slope), cache = value()
        gradient = network.backward(parameters, cache, slope).flat.copy()
        for part in parameters:
            where = parameters.slices[part]
            direction = rng.normal(size=parameters[part].size)
            kept, size = parameters.flat[where].copy(), 1e-6
            values = []
            for sign in (1, -1):
                parameters.flat[where] = kept + sign * size * direction
                values.append(value()[0][0])
            parameters.flat[where] = kept
            numeric = (values[0] - values[1]) / (2 * size)
            exact = float(gradient[where] @ direction)
            assert exact == pytest.approx(numeric, abs=1e-6 * max(1, abs(numeric))), (name, part)


@pytest.mark.parametrize("start", STARTS)
def test_the_output_layer_starts_small_and_the_highway_at_zero(start):
    parameters = Network(SMALL).start(np.random.default_rng(0), np.float32, start=start)
    assert 0 < np.abs(parameters["output.weight"]).max() < 0.2
    assert not parameters["highway.weight"].any()
    assert not parameters["highway.bias"].any()
