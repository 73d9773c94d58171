"""Optimizers against their plain formulas, against torch's, and over groups."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from lstmcast.nn.optimizers import (
    OPTIMIZERS,
    SGD,
    Adam,
    AdamW,
    Momentum,
    Nesterov,
    ParameterGroup,
    RMSprop,
    clip_norm,
    clip_value,
)
from lstmcast.nn.schedules import SCHEDULES, warmup_cosine

GROUPS = (ParameterGroup(slice(0, 4), 1.0, 0.1), ParameterGroup(slice(4, 10), 0.05, 0.0))


def gradients(count=7):
    return np.random.default_rng(0).normal(size=(count, 10))


def start():
    return np.random.default_rng(1).normal(size=10)


def run(optimizer, rates=None):
    for number, gradient in enumerate(gradients()):
        optimizer.step(gradient.copy(), 0.1 if rates is None else rates[number])
    return optimizer.weights


def test_sgd_is_its_formula():
    np.testing.assert_allclose(run(SGD(start())), start() - 0.1 * gradients().sum(axis=0), atol=1e-13)


def test_rmsprop_is_its_formula():
    weights, second = start(), np.zeros(10)
    for gradient in gradients():
        second = 0.9 * second + 0.1 * gradient**2
        weights = weights - 0.1 * gradient / (np.sqrt(second) + 1e-3)
    np.testing.assert_allclose(run(RMSprop(start(), memory=0.9, epsilon=1e-3)), weights, atol=1e-13)


def test_nesterov_looks_ahead_by_its_formula():
    weights, velocity = start(), np.zeros(10)
    for gradient in gradients():
        velocity = 0.8 * velocity + gradient
        weights = weights - 0.1 * (gradient + 0.8 * velocity)
    np.testing.assert_allclose(run(Nesterov(start(), momentum=0.8)), weights, atol=1e-13)


def test_momentum_is_its_formula():
    weights, velocity = start(), np.zeros(10)
    for gradient in gradients():
        velocity = 0.8 * velocity + gradient
        weights = weights - 0.1 * velocity
    np.testing.assert_allclose(run(Momentum(start(), momentum=0.8)), weights, atol=1e-13)


def test_adam_is_its_formula():
    weights, first, second = start(), np.zeros(10), np.zeros(10)
    for count, gradient in enumerate(gradients(), start=1):
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        change = (first / (1 - 0.9**count)) / (np.sqrt(second / (1 - 0.999**count)) + 1e-3)
        weights = weights - 0.1 * change
    np.testing.assert_allclose(run(Adam(start(), epsilon=1e-3)), weights, atol=1e-13)


def test_adamw_shrinks_weights_beside_the_gradient():
    optimizer = AdamW(start(), [ParameterGroup(slice(None), 1.0, 0.1)])
    optimizer.step(np.zeros(10), 0.5)
    np.testing.assert_allclose(optimizer.weights, start() * (1 - 0.05), atol=1e-15)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_agrees_with_torchs_over_groups_and_rates(name):
    torch = pytest.importorskip("torch")
    optim = torch.optim
    kinds = {"adam": optim.Adam, "adamw": optim.AdamW, "rmsprop": optim.RMSprop}
    choices = {"momentum": {"momentum": 0.9}, "nesterov": {"momentum": 0.9, "nesterov": True}}
    rates = np.linspace(0.1, 0.01, 7)
    parts = [torch.nn.Parameter(torch.from_numpy(start()[group.part])) for group in GROUPS]
    theirs = kinds.get(name, optim.SGD)(
        [{"params": [p], "weight_decay": g.decay} for p, g in zip(parts, GROUPS, strict=True)],
        lr=0.1,
        **choices.get(name, {}),
    )
    for gradient, rate in zip(gradients(), rates, strict=True):
        for part, group, options in zip(parts, GROUPS, theirs.param_groups, strict=True):
            part.grad = torch.from_numpy(gradient[group.part].copy())
            options["lr"] = rate * group.rate_factor
        theirs.step()
    expected = np.concatenate([part.detach().numpy() for part in parts])
    np.testing.assert_allclose(run(OPTIMIZERS[name](start(), GROUPS), rates), expected, atol=1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_restored_optimizer_goes_on_exactly(name):
    whole, first = OPTIMIZERS[name](start(), GROUPS), OPTIMIZERS[name](start(), GROUPS)
    for gradient in gradients():
        whole.step(gradient.copy(), 0.1)
    for gradient in gradients()[:3]:
        first.step(gradient.copy(), 0.1)
    state, second = first.state(), OPTIMIZERS[name](first.weights.copy(), GROUPS)
    first.step(gradients()[0], 0.1)  # the state is a copy: going on here does not change it
    second.restore(state)
    for gradient in gradients()[3:]:
        second.step(gradient.copy(), 0.1)
    np.testing.assert_array_equal(whole.weights, second.weights)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_leaves_the_gradient_alone(name):
    gradient = gradients()[0]
    OPTIMIZERS[name](start(), GROUPS).step(gradient, 0.1)
    np.testing.assert_array_equal(gradient, gradients()[0])


def test_clipping_scales_to_the_limit_and_returns_the_norm_before():
    gradient = np.array([3.0, 4.0])
    assert clip_norm(gradient, 1.0) == 5.0
    np.testing.assert_allclose(gradient, [0.6, 0.8])
    assert clip_norm(gradient, 2.0) == pytest.approx(1.0)
    np.testing.assert_allclose(gradient, [0.6, 0.8])


def test_clipping_reports_a_norm_that_is_not_finite():
    assert math.isnan(clip_norm(np.array([1.0, np.nan]), 1.0))
    assert math.isinf(clip_norm(np.array([1.0, np.inf]), 1.0))


def test_clipping_by_value_leaves_what_is_small_alone():
    gradient = np.array([3.0, -0.25, 0.0, -4.0, np.nan])
    clip_value(gradient, 0.5)
    np.testing.assert_array_equal(gradient, [0.5, -0.25, 0.0, -0.5, np.nan])


@pytest.mark.parametrize("total", [10, 37, 400])
def test_one_cycle_agrees_with_torchs(total):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=total)
    for step in range(total):
        assert SCHEDULES["one-cycle"](step, total, 0, 0) == pytest.approx(theirs.get_last_lr()[0], abs=1e-12)
        optimizer.step()
        if step < total - 1:
            theirs.step()


def test_one_cycle_rises_once_and_falls_once():
    factors = [SCHEDULES["one-cycle"](step, 100, 10, 0.02) for step in range(100)]
    assert factors[0] == pytest.approx(0.04)
    assert factors[29] == pytest.approx(1.0) == max(factors)
    assert factors[99] == pytest.approx(4e-6)


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("total", [1, 2, 3, 8])
def test_a_schedule_of_few_steps_has_a_rate_for_each(name, total):
    factors = [SCHEDULES[name](step, total, total // 4, 0.02) for step in range(total)]
    assert all(0 < factor <= 1 for factor in factors)


def test_a_constant_schedule_warms_up_and_stays():
    factors = [SCHEDULES["constant"](step, 100, 4, 0.02) for step in range(100)]
    assert factors == [0.25, 0.5, 0.75] + 97 * [1.0]


def test_the_schedule_warms_up_and_falls_to_its_floor():
    factors = [warmup_cosine(step, 100, 10, 0.02) for step in range(100)]
    assert factors[0] == pytest.approx(0.1)
    assert factors[9] == factors[10] == pytest.approx(1.0)
    assert factors[99] == pytest.approx(0.02)
    assert all(a >= b for a, b in itertools.pairwise(factors[10:]))
    assert warmup_cosine(150, 100, 10, 0.02) == pytest.approx(0.02)
    assert warmup_cosine(0, 1, 0, 0.02) == pytest.approx(1.0)
