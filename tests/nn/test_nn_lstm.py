"""The LSTM against finite differences, against a slow twin, and against itself."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest

from lstmcast.nn import lstm
from lstmcast.nn.start import recurrent_start

SHAPES = [(1, 1, 1, 1), (1, 3, 2, 4), (7, 1, 1, 3), (5, 3, 2, 1), (11, 5, 4, 3)]
BLOCKS = [1, 3, 100, None]


def draw(shape, seed=0, dtype=np.float64):
    """Weights, inputs and initial state of a shape (T, B, D, H), all random."""
    steps, batch, inputs, hidden = shape
    rng = np.random.default_rng(seed)
    sizes = [lstm.shape(inputs, hidden), (steps, inputs, batch), (hidden, batch), (hidden, batch)]
    return [rng.normal(size=size).astype(dtype) for size in sizes]


def run(weight, x, h0, c0, **options):
    """Outputs h (T, H, B) and the cache."""
    steps, inputs, batch = x.shape
    workspace = lstm.LSTMWorkspace(steps, batch, inputs, len(h0), x.dtype, **options)
    workspace.x[...], workspace.h0[...], workspace.c0[...] = x, h0, c0
    h2, cache = lstm.forward(weight, workspace)
    return h2 / 2, cache


def slow_twin(weight, x, h0, c0):
    """The textbook's equations, one window and one unit of time after the other."""

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    steps, _, batch = x.shape
    hidden = len(h0)
    w_o, w_i, w_f, w_g = (weight[k * hidden : (k + 1) * hidden] for k in range(4))
    outputs = np.zeros((steps, hidden, batch))
    for b in range(batch):
        h, c = h0[:, b], c0[:, b]
        for t in range(steps):
            column = np.concatenate([x[t, :, b], h, [1.0]])
            i, o, f = sigmoid(w_i @ column), sigmoid(w_o @ column), sigmoid(w_f @ column)
            c = f * c + i * np.tanh(w_g @ column)
            h = o * np.tanh(c)
            outputs[t, :, b] = h
    return outputs


@pytest.mark.parametrize("shape", SHAPES)
def test_the_fast_kernel_is_the_slow_twin(shape):
    drawn = draw(shape)
    np.testing.assert_allclose(run(*drawn)[0], slow_twin(*drawn), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("shape", "block", "entering"), list(itertools.product(SHAPES, BLOCKS, ("last", "all")))
)
def test_every_gradient_is_the_finite_difference(shape, block, entering):
    steps, batch, _, hidden = shape
    drawn, rng = draw(shape), np.random.default_rng(1)
    rows = steps if entering == "all" else 1
    mixing = rng.normal(size=(rows, hidden, batch))
    _, cache = run(*drawn, block=block)
    d_weight = np.zeros_like(drawn[0])
    gradient = lstm.backward(drawn[0], cache, mixing, d_weight)
    exact = [d_weight, gradient.d_x, gradient.d_h0, gradient.d_c0]
    for number, name in enumerate(("weight", "x", "h0", "c0")):
        direction, size, values = rng.normal(size=drawn[number].shape), 1e-6, []
        for sign in (1, -1):
            moved = list(drawn)
            moved[number] = drawn[number] + sign * size * direction
            values.append(np.sum(run(*moved)[0][-rows:] * mixing))
        numeric = (values[0] - values[1]) / (2 * size)
        assert np.sum(exact[number] * direction) == pytest.approx(numeric, abs=1e-6 * max(1, abs(numeric))), (
            name
        )


@pytest.mark.parametrize("shape", SHAPES)
def test_step_repeated_equals_forward(shape):
    weight, x, h, c = draw(shape)
    outputs, _ = run(weight, x, h, c)
    for t in range(len(x)):
        h, c = lstm.step(weight, x[t], h, c)
        np.testing.assert_allclose(h, outputs[t], rtol=0, atol=1e-13)


def test_a_batch_equals_its_members():
    weight, x, h0, c0 = draw((9, 6, 3, 4))
    together, _ = run(weight, x, h0, c0)
    for b in range(6):
        alone, _ = run(weight, x[..., b : b + 1], h0[:, b : b + 1], c0[:, b : b + 1])
        np.testing.assert_allclose(together[..., b : b + 1], alone, rtol=0, atol=1e-13)


def test_outputs_ignore_inputs_that_come_later():
    weight, x, h0, c0 = draw((9, 2, 3, 4))
    before, _ = run(weight, x, h0, c0)
    x[5:] += 100
    after, _ = run(weight, x, h0, c0)
    np.testing.assert_array_equal(before[:5], after[:5])
    assert (before[5:] != after[5:]).all()


def test_a_workspace_that_keeps_nothing_gives_the_same_outputs_and_refuses_to_go_back():
    drawn = draw((9, 2, 3, 4))
    kept, _ = run(*drawn)
    light, cache = run(*drawn, keep=False)
    np.testing.assert_array_equal(kept, light)
    assert cache.z.size < kept.size * 4
    with pytest.raises(ValueError, match="keep=True"):
        lstm.backward(drawn[0], cache, np.ones((1, 4, 2)), np.zeros_like(drawn[0]))


@pytest.mark.parametrize("shape", SHAPES)
def test_inputs_that_are_data_change_nothing_but_their_own_derivative(shape):
    drawn, mixing = draw(shape), np.ones((1, shape[3], shape[1]))
    found = []
    for are_data in (False, True):
        d_weight = np.zeros_like(drawn[0])
        _, cache = run(*drawn, inputs_are_data=are_data)
        gradient = lstm.backward(drawn[0], cache, mixing, d_weight)
        found.append((d_weight, gradient.d_h0.copy(), gradient.d_c0.copy()))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-13)
    assert gradient.d_x.size == 0


def test_a_workspace_can_be_used_again():
    first, second = draw((6, 3, 2, 4), seed=1), draw((6, 3, 2, 4), seed=2)
    mixing = np.ones((6, 4, 3))
    _, cache = run(*first)
    lstm.backward(first[0], cache, mixing, np.zeros_like(first[0]))
    cache.x[...], cache.h0[...], cache.c0[...] = second[1:]
    lstm.forward(second[0], cache)
    again, fresh = np.zeros_like(first[0]), np.zeros_like(first[0])
    lstm.backward(second[0], cache, mixing, again)
    lstm.backward(second[0], run(*second)[1], mixing, fresh)
    np.testing.assert_array_equal(again, fresh)


def decaying(steps=400):
    """A long window whose gates stand near one half, so that the gradient of its end dies on the way."""
    steps, batch, inputs, hidden = steps, 3, 2, 8
    rng = np.random.default_rng(4)
    weight = recurrent_start(rng, "uniform", inputs, hidden).astype(np.float32)
    x = rng.normal(size=(steps, inputs, batch)).astype(np.float32)
    return weight, x, *np.zeros((2, hidden, batch), np.float32)


@pytest.mark.parametrize("block", [1, 7, 8, 1000])
def test_the_flushed_gradient_is_the_unflushed_one(block):
    drawn = decaying()
    _, cache = run(*drawn, block=block)
    d_h, d_weight, plain_weight = (
        np.ones((1, 8, 3), np.float32),
        np.zeros_like(drawn[0]),
        np.zeros_like(drawn[0]),
    )
    flushed = lstm.backward(drawn[0], cache, d_h, d_weight)
    d_x, first = flushed.d_x.copy(), flushed.first
    plain = lstm.backward(drawn[0], cache, d_h, plain_weight, flush_below=0)
    np.testing.assert_allclose(d_weight, plain_weight, rtol=1e-6, atol=1e-18)
    np.testing.assert_allclose(d_x, plain.d_x, rtol=1e-6, atol=1e-18)
    assert first > 200 > plain.first
    assert not d_x[:first].any()
    assert d_x[first:].any(axis=(1, 2)).all()


def test_the_flush_leaves_no_denormal_behind():
    drawn = decaying()
    _, cache = run(*drawn)
    gradient = lstm.backward(drawn[0], cache, np.ones((1, 8, 3), np.float32), np.zeros_like(drawn[0]))
    found = np.abs(gradient.d_x)
    assert not ((found > 0) & (found < np.finfo(np.float32).tiny)).any()
    assert not gradient.d_h0.any()
    assert not gradient.d_c0.any()


def test_what_the_flush_did_not_reach_is_zero_in_a_workspace_used_before():
    drawn = decaying()
    _, cache = run(*drawn)
    d_weight = np.zeros_like(drawn[0])
    assert lstm.backward(drawn[0], cache, np.ones((400, 8, 3), np.float32), d_weight).d_x.all()
    gradient = lstm.backward(drawn[0], cache, np.ones((1, 8, 3), np.float32), d_weight)
    assert not gradient.d_x[: gradient.first].any()


def test_a_gradient_that_lives_in_the_cell_alone_is_not_dead():
    weight, x, h0, c0 = decaying(100)
    gates = weight.reshape(4, 8, -1)
    gates[:, :, 2:-1] = 0  # h reaches nothing
    gates[2, :, -1] = 8  # and the cell forgets nothing
    gradient = lstm.backward(
        weight, run(weight, x, h0, c0)[1], np.ones((1, 8, 3), np.float32), np.zeros_like(weight)
    )
    assert gradient.first == 0
    assert gradient.d_x[0].all()
    assert not gradient.d_h0.any()


def test_the_flush_waits_until_no_loss_enters_any_more():
    drawn = decaying(60)
    d_h = np.zeros((60, 8, 3), np.float32)
    d_h[2] = 1
    gradient = lstm.backward(drawn[0], run(*drawn)[1], d_h, np.zeros_like(drawn[0]))
    assert gradient.d_x[2].any()


def test_nothing_larger_than_a_page_is_allocated_after_the_first_step():
    shape = (6, 128, 8, 64)
    drawn = draw(shape, dtype=np.float32)
    _, cache = run(*drawn)
    d_h, d_weight = np.ones((6, 64, 128), np.float32), np.zeros_like(drawn[0])
    lstm.backward(drawn[0], cache, d_h, d_weight)
    tracemalloc.start()
    lstm.forward(drawn[0], cache)
    lstm.backward(drawn[0], cache, d_h, d_weight)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * 4096, peak  # views, lists and ufunc buffers; the smallest array here is eight pages


def test_the_ufunc_buffer_is_left_as_it_was():
    before = np.getbufsize()
    run(*draw((3, 2, 1, 2)))
    assert np.getbufsize() == before


def test_recurrent_weights_start_orthogonal_with_an_open_forget_gate():
    weight = recurrent_start(np.random.default_rng(0), "orthogonal", 3, 5).reshape(4, 5, 9)
    for gate in weight:
        np.testing.assert_allclose(gate[:, 3:-1] @ gate[:, 3:-1].T, np.eye(5), atol=1e-12)
    np.testing.assert_array_equal(weight[:, :, -1], np.array([0, 0, 1, 0])[:, None] * np.ones(5))


def test_a_uniform_start_stays_within_the_root_of_the_hidden_size():
    weight = recurrent_start(np.random.default_rng(0), "uniform", 3, 16)
    assert 0.9 / 4 < np.abs(weight).max() <= 1 / 4
    assert not weight[:, -1].any()
