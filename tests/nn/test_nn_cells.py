"""Every cell against finite differences, against a slow twin, and against itself."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest

from lstmcast.nn.cells import CELLS

SHAPES = [(1, 1, 1, 1), (1, 3, 2, 4), (7, 1, 1, 3), (5, 3, 2, 1), (11, 5, 4, 3)]
BLOCKS = [1, 3, 100, None]
STATES = {"lstm": 2, "lstm-peephole": 2, "lstm-coupled": 2, "gru": 1, "rnn": 1}


def draw(cell, shape, seed=0, dtype=np.float64):
    """Weights, inputs and each part of the initial state of a shape (T, B, D, H), all random."""
    steps, batch, inputs, hidden = shape
    rng = np.random.default_rng(seed)
    sizes = [CELLS[cell].shape(inputs, hidden), (steps, inputs, batch)] + STATES[cell] * [(hidden, batch)]
    return [rng.normal(size=size).astype(dtype) for size in sizes]


def run(cell, weight, x, *state, mask=None, **options):
    """Outputs h (T, H, B) and the cache; mask: of the h that goes into the next step, if any is dropped."""
    steps, inputs, batch = x.shape
    sizes = steps, batch, inputs, len(state[0]), x.dtype
    workspace = CELLS[cell].workspace(*sizes, dropping=mask is not None, **options)
    workspace.x[...] = x
    if mask is not None:
        workspace.mask[...] = mask
    for buffer, values in zip(workspace.state, state, strict=True):
        buffer[...] = values
    outputs, cache = CELLS[cell].forward(weight, workspace)
    return outputs * workspace.unit, cache


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def slow_lstm(weight, x, h, c, mask):
    w_o, w_i, w_f, w_g = weight.reshape(4, len(h), -1)
    column = np.concatenate([x, h * mask, [1.0]])
    c = sigmoid(w_f @ column) * c + sigmoid(w_i @ column) * np.tanh(w_g @ column)
    return sigmoid(w_o @ column) * np.tanh(c), c


def slow_peephole(weight, x, h, c, mask):
    hidden = len(h)
    p_o, p_i, p_f = weight[-3 * hidden :].reshape(3, hidden)
    w_o, w_i, w_f, w_g = weight[: -3 * hidden].reshape(4, hidden, -1)
    column = np.concatenate([x, h * mask, [1.0]])
    i, f = sigmoid(w_i @ column + p_i * c), sigmoid(w_f @ column + p_f * c)
    c = f * c + i * np.tanh(w_g @ column)
    return sigmoid(w_o @ column + p_o * c) * np.tanh(c), c


def slow_coupled(weight, x, h, c, mask):
    w_o, w_f, w_g = weight.reshape(3, len(h), -1)
    column = np.concatenate([x, h * mask, [1.0]])
    f = sigmoid(w_f @ column)
    c = f * c + (1 - f) * np.tanh(w_g @ column)
    return sigmoid(w_o @ column) * np.tanh(c), c


def slow_gru(weight, x, h, mask):
    size = len(x)
    w, b, u = weight[:, :size].reshape(3, len(h), -1), weight[:, size : size + 2], weight[:, size + 2 :]
    b_x, b_h, u = b[:, 0].reshape(3, -1), b[:, 1].reshape(3, -1), u.reshape(3, len(h), -1)
    r, z = (sigmoid(w[k] @ x + b_x[k] + u[k] @ (h * mask) + b_h[k]) for k in (0, 1))
    n = np.tanh(w[2] @ x + b_x[2] + r * (u[2] @ (h * mask) + b_h[2]))
    return ((1 - z) * n + z * h,)


def slow_rnn(weight, x, h, mask):
    return (np.tanh(weight @ np.concatenate([x, h * mask, [1.0]])),)


SLOW = {
    "lstm": slow_lstm,
    "lstm-peephole": slow_peephole,
    "lstm-coupled": slow_coupled,
    "gru": slow_gru,
    "rnn": slow_rnn,
}


def mask_of(shape, is_dropping):
    """A dropout mask (H, B) of about half, or None."""
    _, batch, _, hidden = shape
    return 2.0 * (np.random.default_rng(2).random((hidden, batch)) > 0.5) if is_dropping else None


@pytest.mark.parametrize(
    ("cell", "shape", "is_dropping"), list(itertools.product(CELLS, SHAPES, (False, True)))
)
def test_a_fast_cell_is_its_slow_twin(cell, shape, is_dropping):
    weight, x, *first = draw(cell, shape)
    mask = mask_of(shape, is_dropping)
    outputs, _ = run(cell, weight, x, *first, mask=mask)
    for b in range(shape[1]):
        state = [part[:, b] for part in first]
        for t in range(shape[0]):
            state = SLOW[cell](weight, x[t, :, b], *state, 1.0 if mask is None else mask[:, b])
            np.testing.assert_allclose(outputs[t, :, b], state[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("cell", "shape", "block", "entering", "is_dropping"),
    list(itertools.product(CELLS, SHAPES, BLOCKS, ("last", "all"), (False, True))),
)
def test_every_gradient_is_the_finite_difference(cell, shape, block, entering, is_dropping):
    steps, batch, _, hidden = shape
    drawn, rng = draw(cell, shape), np.random.default_rng(1)
    rows, mask = steps if entering == "all" else 1, mask_of(shape, is_dropping)
    mixing = rng.normal(size=(rows, hidden, batch))
    _, cache = run(cell, *drawn, block=block, mask=mask)
    d_weight = np.full_like(drawn[0], np.nan)
    gradient = CELLS[cell].backward(drawn[0], cache, mixing, d_weight)
    exact = [d_weight, gradient.d_x, *gradient.d_state]
    for number, name in enumerate(("weight", "x", "h0", "c0")[: len(drawn)]):
        direction, size, values = rng.normal(size=drawn[number].shape), 1e-6, []
        for sign in (1, -1):
            moved = list(drawn)
            moved[number] = drawn[number] + sign * size * direction
            values.append(np.sum(run(cell, *moved, mask=mask)[0][-rows:] * mixing))
        numeric = (values[0] - values[1]) / (2 * size)
        found = np.sum(exact[number] * direction)
        assert found == pytest.approx(numeric, abs=1e-6 * max(1, abs(numeric))), name


@pytest.mark.parametrize(("cell", "shape"), list(itertools.product(CELLS, SHAPES)))
def test_step_repeated_equals_forward(cell, shape):
    weight, x, *state = draw(cell, shape)
    outputs, _ = run(cell, weight, x, *state)
    for t in range(len(x)):
        state = CELLS[cell].step(weight, x[t], *state)
        np.testing.assert_allclose(state[0], outputs[t], rtol=0, atol=1e-13)


@pytest.mark.parametrize("cell", CELLS)
def test_a_batch_equals_its_members(cell):
    weight, x, *state = draw(cell, (9, 6, 3, 4))
    together, _ = run(cell, weight, x, *state)
    for b in range(6):
        alone, _ = run(cell, weight, x[..., b : b + 1], *(part[:, b : b + 1] for part in state))
        np.testing.assert_allclose(together[..., b : b + 1], alone, rtol=0, atol=1e-13)


@pytest.mark.parametrize("cell", CELLS)
def test_outputs_ignore_inputs_that_come_later(cell):
    weight, x, *state = draw(cell, (9, 2, 3, 4))
    before, _ = run(cell, weight, x, *state)
    x[5:] += 1
    after, _ = run(cell, weight, x, *state)
    np.testing.assert_array_equal(before[:5], after[:5])
    assert (before[5:] != after[5:]).all()


@pytest.mark.parametrize("cell", CELLS)
def test_a_workspace_that_keeps_nothing_gives_the_same_outputs_and_refuses_to_go_back(cell):
    drawn = draw(cell, (9, 2, 3, 4))
    kept, _ = run(cell, *drawn)
    light, cache = run(cell, *drawn, keep=False)
    np.testing.assert_array_equal(kept, light)
    with pytest.raises(ValueError, match="keep=True"):
        CELLS[cell].backward(drawn[0], cache, np.ones((1, 4, 2)), np.zeros_like(drawn[0]))


@pytest.mark.parametrize(("cell", "shape"), list(itertools.product(CELLS, SHAPES)))
def test_inputs_that_are_data_change_nothing_but_their_own_derivative(cell, shape):
    drawn, mixing = draw(cell, shape), np.ones((1, shape[3], shape[1]))
    found = []
    for are_data in (False, True):
        d_weight = np.zeros_like(drawn[0])
        _, cache = run(cell, *drawn, inputs_are_data=are_data)
        gradient = CELLS[cell].backward(drawn[0], cache, mixing, d_weight)
        found.append((d_weight, *(part.copy() for part in gradient.d_state)))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-13)
    assert gradient.d_x.size == 0


@pytest.mark.parametrize("cell", CELLS)
def test_a_workspace_can_be_used_again(cell):
    first, second = draw(cell, (6, 3, 2, 4), seed=1), draw(cell, (6, 3, 2, 4), seed=2)
    mixing = np.ones((6, 4, 3))
    _, cache = run(cell, *first)
    CELLS[cell].backward(first[0], cache, mixing, np.zeros_like(first[0]))
    for buffer, values in zip((cache.x, *cache.state), second[1:], strict=True):
        buffer[...] = values
    CELLS[cell].forward(second[0], cache)
    again, fresh = np.zeros_like(first[0]), np.zeros_like(first[0])
    CELLS[cell].backward(second[0], cache, mixing, again)
    CELLS[cell].backward(second[0], run(cell, *second)[1], mixing, fresh)
    np.testing.assert_array_equal(again, fresh)


@pytest.mark.parametrize(("cell", "block"), list(itertools.product(CELLS, (1, 7, 8, 1000))))
def test_the_flushed_gradient_is_the_unflushed_one(cell, block):
    rng, steps = np.random.default_rng(4), 400
    weight = CELLS[cell].start(rng, "uniform", 2, 8).astype(np.float32)
    x = rng.normal(size=(steps, 2, 3)).astype(np.float32)
    _, cache = run(cell, weight, x, *np.zeros((STATES[cell], 8, 3), np.float32), block=block)
    d_h, d_weight, plain_weight = np.ones((1, 8, 3), np.float32), np.zeros_like(weight), np.zeros_like(weight)
    CELLS[cell].backward(weight, cache, np.ones((steps, 8, 3), np.float32), d_weight)
    flushed = CELLS[cell].backward(weight, cache, d_h, d_weight)
    d_x, first = flushed.d_x.copy(), flushed.first
    assert not any(part.any() for part in flushed.d_state)
    plain = CELLS[cell].backward(weight, cache, d_h, plain_weight, flush_below=0)
    np.testing.assert_allclose(d_weight, plain_weight, rtol=2e-6, atol=1e-18)
    np.testing.assert_allclose(d_x, plain.d_x, rtol=2e-6, atol=1e-18)
    assert first > 200 > plain.first
    assert not d_x[:first].any()
    assert d_x[first:].any(axis=(1, 2)).all()
    assert not ((np.abs(d_x) > 0) & (np.abs(d_x) < np.finfo(np.float32).tiny)).any()


@pytest.mark.parametrize("cell", CELLS)
def test_nothing_larger_than_a_page_is_allocated_after_the_first_step(cell):
    drawn = draw(cell, (6, 128, 8, 64), dtype=np.float32)
    _, cache = run(cell, *drawn)
    d_h, d_weight = np.ones((6, 64, 128), np.float32), np.zeros_like(drawn[0])
    CELLS[cell].backward(drawn[0], cache, d_h, d_weight)
    tracemalloc.start()
    CELLS[cell].forward(drawn[0], cache)
    CELLS[cell].backward(drawn[0], cache, d_h, d_weight)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * 4096, peak


@pytest.mark.parametrize("cell", CELLS)
def test_a_start_opens_the_gate_that_keeps_and_no_other(cell):
    inputs, hidden = 3, 8
    weight = CELLS[cell].start(np.random.default_rng(0), "orthogonal", inputs, hidden)
    assert weight.shape == CELLS[cell].shape(inputs, hidden)
    if cell == "lstm-peephole":
        weight = weight[: -3 * hidden].reshape(4 * hidden, -1)
    columns = [inputs, inputs + 1] if cell == "gru" else [-1]
    biases = weight[:, columns].sum(axis=1).reshape(-1, hidden)
    open_gate = {"lstm": 2, "lstm-peephole": 2, "lstm-coupled": 1, "gru": 1, "rnn": None}[cell]
    for number, bias in enumerate(biases):
        np.testing.assert_array_equal(bias, number == open_gate)
