"""The whole network against finite differences."""

from __future__ import annotations

import dataclasses
import itertools
import tracemalloc

import numpy as np
import pytest

from lstmcast.nn import lstm
from lstmcast.nn.cells import CELLS
from lstmcast.nn.losses import LossWorkspace, cross_entropy, huber, mae, mse, pinball
from lstmcast.nn.network import Architecture, Inputs, Network
from lstmcast.nn.optimizers import AdamW, clip_norm
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
    "peephole": dataclasses.replace(SMALL, cell="lstm-peephole", layers=2),
    "coupled": dataclasses.replace(SMALL, cell="lstm-coupled", layers=2),
    "gru": dataclasses.replace(SMALL, cell="gru", layers=2),
    "textbook gru": Architecture(7, 4, 1, 2, 0, hidden=3, quantiles=2, decoder="direct", cell="gru"),
    "rnn": dataclasses.replace(SMALL, cell="rnn", layers=2),
    "dense between": dataclasses.replace(SMALL, layers=3, between=(4, 2), activation="tanh"),
    "wide between": dataclasses.replace(SMALL, layers=2, between=(40,), decoder="direct", cell="gru"),
    "classes": dataclasses.replace(SMALL, is_classifier=True),
    "classes without a highway": dataclasses.replace(
        SMALL, is_classifier=True, highway=False, decoder="direct", cell="gru", layers=2
    ),
    **{
        f"{cell}, all of it dropped": dataclasses.replace(
            SMALL, cell=cell, layers=2, input_dropout=0.3, recurrent_dropout=0.4, between=between, series=2
        )
        for cell, between in zip(CELLS, ((), (4,), (), (2, 3), ()), strict=True)
    },
    "textbook, all of it dropped": Architecture(
        7,
        4,
        1,
        3,
        2,
        hidden=3,
        layers=2,
        quantiles=2,
        decoder="direct",
        input_dropout=0.3,
        recurrent_dropout=0.4,
    ),
    "one row a segment": dataclasses.replace(SMALL, segment=1, lookback=9, past_size=1, quantiles=1),
}


def random_inputs(a: Architecture, batch: int, rng: np.random.Generator, dtype=np.float64) -> Inputs:
    return Inputs(
        past=rng.normal(size=(batch, a.past_steps, a.past_size)).astype(dtype),
        future=rng.normal(size=(batch, a.future_steps, a.future_size)).astype(dtype),
        window=rng.normal(size=(batch, a.horizon * a.quantiles if a.is_classifier else a.lookback)).astype(
            dtype
        ),
        series=rng.integers(max(a.series, 1), size=batch),
    )


def random_parameters(a: Architecture, rng: np.random.Generator, dtype=np.float64):
    """Start plus noise everywhere, so that no gradient is zero by chance of the start."""
    parameters = Network(a).start(rng, dtype, output_scale=1.0)
    parameters.flat += 0.3 * rng.normal(size=parameters.flat.size).astype(dtype)
    return parameters


def losses(a: Architecture):
    if a.is_classifier:
        return {
            "cross-entropy": lambda logits, target, weight: cross_entropy(
                logits, np.abs(target) // 1 % 3, weight
            )
        }
    levels = np.linspace(0.1, 0.9, a.quantiles)
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

    for name, loss in losses(a).items():

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


@pytest.mark.parametrize("between", [(), (3,)])
def test_a_gradient_that_dies_on_the_way_is_the_one_that_goes_on(between, monkeypatch):
    sizes = {
        "hidden": 4,
        "quantiles": 1,
        "layers": 2,
        "between": between,
        "decoder": "direct",
        "dropout": 0.0,
    }
    a, rng = Architecture(600, 2, 3, 3, 0, **sizes), np.random.default_rng(3)
    network, parameters, inputs = Network(a), random_parameters(a, rng), random_inputs(a, 2, rng)
    for layer in range(2):
        parameters[f"recurrent.{layer}.weight"].reshape(4, 4, -1)[2, :, -1] = -3  # forget soon
    workspace = network.workspace(2, np.float64)
    _, cache = network.forward(parameters, inputs, workspace)
    dying = network.backward(parameters, cache, np.ones((2, 1, 2))).flat.copy()
    assert not workspace.recurrent[1].backward.d_x[: a.past_steps // 4].any()
    monkeypatch.setattr(lstm, "FLUSH_EVERY", 10_000)
    whole = network.backward(parameters, cache, np.ones((2, 1, 2))).flat
    np.testing.assert_allclose(dying, whole, rtol=1e-9, atol=1e-15)


def test_a_batch_equals_its_members():
    a, rng = dataclasses.replace(SMALL, series=3, layers=2), np.random.default_rng(3)
    network, parameters, inputs = Network(a), random_parameters(a, rng), random_inputs(a, 5, rng)
    together, _ = network.forward(parameters, inputs, network.workspace(5, np.float64))
    for b in range(5):
        member = Inputs(*(getattr(inputs, f.name)[b : b + 1] for f in dataclasses.fields(inputs)))
        alone, _ = network.forward(parameters, member, network.workspace(1, np.float64))
        np.testing.assert_allclose(together[..., b : b + 1], alone, rtol=0, atol=1e-13)


def test_a_forecast_ignores_what_is_known_of_later_segments():
    rng = np.random.default_rng(3)
    network, parameters, inputs = Network(SMALL), random_parameters(SMALL, rng), random_inputs(SMALL, 2, rng)
    workspace = network.workspace(2, np.float64)
    before = network.forward(parameters, inputs, workspace)[0].copy()
    inputs.future[:, 1] += 100
    after, _ = network.forward(parameters, inputs, workspace)
    np.testing.assert_array_equal(before[: SMALL.segment], after[: SMALL.segment])
    assert (before[SMALL.segment :] != after[SMALL.segment :]).any()


@pytest.mark.parametrize("shape", SHAPES)
def test_inference_gives_the_numbers_of_training_without_dropout(shape):
    a, rng = SHAPES[shape], np.random.default_rng(3)
    network, parameters, inputs = Network(a), random_parameters(a, rng), random_inputs(a, 3, rng)
    slow, _ = network.forward(parameters, inputs, network.workspace(3, np.float64))
    fast, _ = network.forward(parameters, inputs, network.workspace(3, np.float64, inference=True))
    np.testing.assert_array_equal(slow, fast)


def test_dropout_acts_only_where_a_generator_is_given():
    rng = np.random.default_rng(3)
    network, parameters, inputs = Network(SMALL), random_parameters(SMALL, rng), random_inputs(SMALL, 3, rng)
    workspace = network.workspace(3, np.float64)
    still = network.forward(parameters, inputs, workspace)[0].copy()
    moved = network.forward(parameters, inputs, workspace, rng)[0].copy()
    assert (moved != still).all()
    assert (network.forward(parameters, inputs, workspace, rng)[0] != moved).any()
    np.testing.assert_array_equal(network.forward(parameters, inputs, workspace)[0], still)


def test_what_is_dropped_of_inputs_between_layers_and_on_the_recurrence_is_so_at_every_step():
    a = dataclasses.replace(SMALL, hidden=9, layers=2, input_dropout=0.4, recurrent_dropout=0.4, dropout=0.4)
    rng = np.random.default_rng(3)
    network, parameters, inputs = Network(a), random_parameters(a, rng), random_inputs(a, 3, rng)
    workspace = network.workspace(3, np.float64)
    _, cache = network.forward(parameters, inputs, workspace, rng)
    first, second = workspace.recurrent
    for part in ("past", "future"):
        mask, given = cache.masks[f"inputs.{part}"], getattr(inputs, part).transpose(1, 2, 0)
        np.testing.assert_array_equal(getattr(cache, part), given * mask)
        assert set(np.unique(mask)) == {0, mask.max()}
    np.testing.assert_array_equal(second.x, first.outputs * first.unit * cache.masks["between.1"])
    for layer, space in enumerate(workspace.recurrent):
        mask = cache.masks[f"recurrent.{layer}"]
        np.testing.assert_array_equal(space.recalled[1:], space.outputs * mask)
        assert (mask == 0).any()
    still, cache = network.forward(parameters, inputs, workspace)
    assert not cache.masks
    plain = Network(dataclasses.replace(a, input_dropout=0.0, recurrent_dropout=0.0))
    same, _ = plain.forward(parameters, inputs, plain.workspace(3, np.float64))
    np.testing.assert_array_equal(still, same)


@pytest.mark.parametrize("shape", [name for name, a in SHAPES.items() if not a.is_classifier])
def test_quantiles_never_cross(shape):
    a, rng = SHAPES[shape], np.random.default_rng(7)
    network, parameters, inputs = Network(a), random_parameters(a, rng), random_inputs(a, 50, rng)
    output, _ = network.forward(parameters, inputs, network.workspace(50, np.float64), rng)
    assert output.shape == (a.horizon, a.quantiles, 50)
    assert (np.diff(output, axis=1) >= 0).all()


@pytest.mark.parametrize("shape", ["segments", "direct segments"])
def test_the_output_bias_holds_the_quantiles_of_each_step(shape):
    a, rng = SHAPES[shape], np.random.default_rng(7)
    network, parameters, inputs = Network(a), random_parameters(a, rng), random_inputs(a, 2, rng)
    parameters.flat[:] = 0
    rows = a.horizon if a.is_direct else a.segment
    bias = np.sort(rng.normal(size=(rows, a.quantiles)), axis=1)
    parameters["output.bias"][...] = bias.ravel()
    parameters["highway.bias"][...] = 10 * np.arange(a.horizon)
    output, _ = network.forward(parameters, inputs, network.workspace(2, np.float64))
    expected = np.tile(bias, (2, 1))[: a.horizon] + 10 * np.arange(a.horizon)[:, None]
    np.testing.assert_allclose(output, np.repeat(expected[..., None], 2, axis=2), atol=1e-13)


def test_the_highway_of_classes_adds_the_logits_that_come_with_the_batch():
    a, rng = SHAPES["classes"], np.random.default_rng(3)
    network, parameters, inputs = Network(a), random_parameters(a, rng), random_inputs(a, 2, rng)
    workspace = network.workspace(2, np.float64)
    output = network.forward(parameters, inputs, workspace)[0].copy()
    inputs.window[1, 2 * a.quantiles + 1] += 5  # of the second window, step 2, class 1
    difference = network.forward(parameters, inputs, workspace)[0] - output
    assert difference[2, 1, 1] == pytest.approx(5)
    assert np.abs(difference).sum() == pytest.approx(5)
    assert not any(name.startswith("highway") for name in parameters)


def test_the_highway_is_a_linear_map_of_the_window():
    rng = np.random.default_rng(7)
    network, parameters, inputs = Network(SMALL), random_parameters(SMALL, rng), random_inputs(SMALL, 2, rng)
    parameters["output.weight"][...] = parameters["output.bias"][...] = 0
    output, _ = network.forward(parameters, inputs, network.workspace(2, np.float64))
    straight = parameters["highway.weight"] @ inputs.window.T + parameters["highway.bias"][:, None]
    np.testing.assert_allclose(output, np.repeat(straight[:, None], SMALL.quantiles, axis=1), atol=1e-12)


@pytest.mark.parametrize("decoder", ["segments", "direct"])
@pytest.mark.parametrize("part", ["past", "future", "window", "series"])
def test_every_part_of_the_inputs_reaches_the_output(decoder, part):
    a = dataclasses.replace(SMALL, series=2, decoder=decoder, layers=2)
    rng = np.random.default_rng(7)
    network, parameters, inputs = Network(a), random_parameters(a, rng), random_inputs(a, 1, rng)
    twice = Inputs(*(np.repeat(getattr(inputs, f.name), 2, axis=0) for f in dataclasses.fields(inputs)))
    changed = getattr(twice, part)
    changed[1] = 1 - changed[0]
    output, _ = network.forward(parameters, twice, network.workspace(2, np.float64))
    assert (output[..., 0] != output[..., 1]).any()


def test_a_workspace_remembers_nothing_of_the_batch_before():
    a, rng = dataclasses.replace(SMALL, series=3, layers=2, dense=(4,)), np.random.default_rng(3)
    network, parameters, workspace = (
        Network(a),
        random_parameters(a, rng),
        Network(a).workspace(4, np.float64),
    )
    slope = rng.normal(size=(a.horizon, a.quantiles, 4))
    batches = [random_inputs(a, 4, rng) for _ in range(2)]

    def gradient(inputs, space):
        _, cache = network.forward(parameters, inputs, space, np.random.default_rng(5))
        return network.backward(parameters, cache, slope).flat.copy()

    gradient(batches[0], workspace)
    fresh = gradient(batches[1], network.workspace(4, np.float64))
    np.testing.assert_array_equal(gradient(batches[1], workspace), fresh)


def test_nothing_larger_than_a_page_is_allocated_after_the_first_step():
    a = Architecture(96, 48, 24, 32, 8, hidden=64, layers=2, dense=(32,), quantiles=5, series=40)
    batch, rng = 128, np.random.default_rng(0)
    network, inputs = Network(a), random_inputs(a, batch, rng, np.float32)
    parameters, workspace = network.start(rng, np.float32), network.workspace(batch, np.float32)
    workspace_of_loss, optimizer = LossWorkspace((48, 5, batch), np.float32), AdamW(parameters.flat)
    target, weight = rng.normal(size=(2, 48, batch)).astype(np.float32)
    levels = np.linspace(0.1, 0.9, 5)

    def step():
        output, cache = network.forward(parameters, inputs, workspace, rng)
        _, slope = pinball(output, target, weight, levels, workspace_of_loss)
        gradient = network.backward(parameters, cache, slope)
        clip_norm(gradient.flat, 1.0)
        optimizer.step(gradient.flat, 1e-3)

    step()
    tracemalloc.start()
    step()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * 4096, (
        peak
    )  # views, random words and ufunc buffers; activations are eight pages and more


def test_a_network_learns_a_sine():
    a = Architecture(24, 6, 6, 6, 0, hidden=8, quantiles=3, dropout=0.0)
    rng, levels = np.random.default_rng(0), np.array([0.1, 0.5, 0.9])
    network, workspace = Network(a), Network(a).workspace(32, np.float32)
    parameters = network.start(rng, np.float32)
    optimizer, seen = AdamW(parameters.flat), []
    for _ in range(300):
        origins = rng.uniform(0, 12, size=(32, 1))
        rows = np.sin(2 * np.pi * (origins + np.arange(30)) / 12).astype(np.float32)
        window = np.ascontiguousarray(rows[:, :24])
        inputs = Inputs(window.reshape(32, 4, 6), np.zeros((32, 1, 0), np.float32), window, np.zeros(32, int))
        output, cache = network.forward(parameters, inputs, workspace, rng)
        loss, slope = pinball(output, rows[:, 24:].T, np.ones((6, 32), np.float32), levels)
        gradient = network.backward(parameters, cache, slope)
        clip_norm(gradient.flat, 1.0)
        optimizer.step(gradient.flat, 1e-2)
        seen.append(loss)
    assert np.mean(seen[-20:]) < 0.1 * np.mean(seen[:5])


@pytest.mark.parametrize("start", STARTS)
def test_every_weight_but_the_highways_starts_random(start):
    a = dataclasses.replace(SMALL, layers=2, between=(4,), dense=(3,), series=2)
    parameters = Network(a).start(np.random.default_rng(0), np.float32, start=start)
    still = {name for name in parameters if not parameters[name].any()}
    assert still == {name for name in parameters if name.endswith("bias")} | {"highway.weight"}


@pytest.mark.parametrize("start", STARTS)
def test_the_output_layer_starts_small_and_the_highway_at_zero(start):
    parameters = Network(SMALL).start(np.random.default_rng(0), np.float32, start=start)
    assert 0 < np.abs(parameters["output.weight"]).max() < 0.2
    assert not parameters["highway.weight"].any()
    assert not parameters["highway.bias"].any()
