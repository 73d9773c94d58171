"""Dense layers, activations, dropout and the order of quantiles, each against finite differences or the plain thing."""

from __future__ import annotations

import numpy as np
import pytest

from lstmcast.nn import dense
from lstmcast.nn.activations import ACTIVATIONS
from lstmcast.nn.dropout import Dropout
from lstmcast.nn.ordering import Ordering
from lstmcast.nn.parameters import Parameters


def check(value, arrays, exact, rng):
    """Each exact gradient against a central difference along one random direction."""
    for number, gradient in enumerate(exact):
        direction, size, values = rng.normal(size=arrays[number].shape), 1e-6, []
        for sign in (1, -1):
            moved = list(arrays)
            moved[number] = arrays[number] + sign * size * direction
            values.append(value(*moved))
        numeric = (values[0] - values[1]) / (2 * size)
        assert np.sum(gradient * direction) == pytest.approx(numeric, abs=1e-6 * max(1, abs(numeric)))


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (3, 1, 4, 2), (2, 5, 1, 3), (4, 3, 2, 7)])
def test_the_gradients_of_a_dense_layer_are_finite_differences(shape):
    steps, outputs, inputs, batch = shape
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=size) for size in ((outputs, inputs), (outputs,), (steps, inputs, batch))]
    mixing = rng.normal(size=(steps, outputs, batch))

    def value(weight, bias, x):
        return np.sum(mixing * dense.forward(weight, bias, x, np.zeros_like(mixing)))

    d_weight, d_bias, d_x = (np.zeros_like(array) for array in arrays)
    dense.backward(mixing, arrays[2], d_weight, d_bias, np.zeros_like(d_weight))
    dense.backward_input(arrays[0], mixing, d_x)
    check(value, arrays, [d_weight, d_bias, d_x], rng)


def test_a_dense_layer_reads_a_transposed_operand():
    rng = np.random.default_rng(0)
    weight, bias, rows = rng.normal(size=(3, 4)), rng.normal(size=3), rng.normal(size=(5, 2, 4))
    out = dense.forward(weight, bias, rows.transpose(1, 2, 0), np.zeros((2, 3, 5)))
    np.testing.assert_allclose(out, np.einsum("mn,btn->tmb", weight, rows) + bias[:, None], atol=1e-13)


PLAIN = {
    "relu": lambda x: np.where(x > 0, x, 0.0),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "identity": lambda x: x,
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_its_formula_and_its_derivative_the_finite_difference(name):
    rng = np.random.default_rng(0)
    x, mixing = rng.normal(size=(2, 3, 5)), rng.normal(size=(2, 3, 5))
    y, d = x.copy(), mixing.copy()
    ACTIVATIONS[name].apply(y)
    np.testing.assert_allclose(y, PLAIN[name](x), atol=1e-14)
    ACTIVATIONS[name].chain(y, d, np.empty_like(d))
    check(lambda x: np.sum(mixing * PLAIN[name](x)), [x], [d], rng)


def test_the_sigmoid_does_not_overflow():
    x = np.array([-1e4, 0.0, 1e4], np.float32)
    with np.errstate(all="raise"):
        ACTIVATIONS["sigmoid"].apply(x)
    np.testing.assert_array_equal(x, [0, 0.5, 1])


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.5, 0.95])
def test_a_dropout_mask_drops_its_share_and_keeps_the_mean(rate):
    mask = Dropout((50, 40, 101), rate, np.dtype(np.float64)).draw(np.random.default_rng(0))
    assert (mask == 0).mean() == pytest.approx(rate, abs=0.005)
    assert set(np.unique(mask)) == {0.0, mask.max()}
    assert mask.max() == pytest.approx(1 / (1 - rate), rel=1e-3)


def test_dropout_masks_follow_the_generator():
    dropout = Dropout((3, 4, 5), 0.5, np.dtype(np.float32))
    first = dropout.draw(np.random.default_rng(1)).copy()
    np.testing.assert_array_equal(first, dropout.draw(np.random.default_rng(1)))
    assert (first != dropout.draw(np.random.default_rng(2))).any()


def test_dropout_masks_of_neighbours_are_independent():
    mask = Dropout((1, 300, 400), 0.5, np.dtype(np.float64)).draw(np.random.default_rng(0))[0] - 1
    for shift in ((0, 1), (1, 0), (0, 4), (1, 1)):
        assert abs(np.mean(mask * np.roll(mask, shift, axis=(0, 1)))) < 0.02


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 2, 3), (3, 11, 5), (1, 10, 1), (4, 3, 2)])
def test_quantiles_are_sorted_and_the_way_back_is_the_inverse_permutation(shape):
    rng = np.random.default_rng(0)
    for values in (rng.normal(size=shape), -np.sort(-rng.normal(size=shape), axis=1), np.ones(shape)):
        ordering, ordered = Ordering(shape, np.float64), values.copy()
        ordering.sort(ordered)
        np.testing.assert_array_equal(ordered, np.sort(values, axis=1))
        ordering.unsort(ordered)
        np.testing.assert_array_equal(ordered, values)


def test_one_still_round_is_not_the_end():
    values = np.array([1.0, 3.0, 2.0, 4.0]).reshape(1, 4, 1)
    Ordering((1, 4, 1), np.float64).sort(values)
    np.testing.assert_array_equal(values.ravel(), [1, 2, 3, 4])


def test_the_ordering_forgets_the_sort_before():
    ordering, rising = Ordering((1, 5, 2), np.float64), np.arange(10.0).reshape(1, 5, 2)
    ordering.sort(-rising)
    ordering.sort(rising.copy())
    d = rising.copy()
    ordering.unsort(d)
    np.testing.assert_array_equal(d, rising)


def test_parameters_are_views_of_one_vector():
    parameters = Parameters({"a": (2, 3), "b": (4,)}, np.float32)
    parameters["a"][...] = 1
    parameters.flat[parameters.slices["b"]] = 2
    np.testing.assert_array_equal(parameters.flat, [1] * 6 + [2] * 4)
    np.testing.assert_array_equal(parameters["b"], [2] * 4)
    assert parameters.flat.ctypes.data % 64 == 0
    empty = parameters.like()
    assert list(empty) == ["a", "b"]
    assert not empty.flat.any()
