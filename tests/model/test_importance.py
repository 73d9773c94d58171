"""Importance: how much larger errors are without a part, and with inputs of other windows."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from lstmcast.core.panel import Panel
from lstmcast.model.importance import Importance, importance, importance_at
from lstmcast.model.model import Model
from lstmcast.model.shapley import InputGroup
from tests.class_panels import class_fit, class_panel, weather_codes
from tests.panels import cut, load, panel_of, single_threaded, small, stacked, trained, weather, weighted


def noisy(rows: int = 900) -> Panel:
    """A target that follows a temperature, beside noise that it does not."""
    panel, known = weather(rows)
    noise = np.random.default_rng(0).normal(size=(rows, 1))
    return panel_of(panel.target, known=np.column_stack([known, noise]))


@pytest.fixture(scope="module")
def model() -> Model:
    """A model of the first rows of it."""
    told = {"known": ("known_0", "known_1"), "calendar": "covariates", "safeguard": "mean", "steps": 20}
    return single_threaded(cut(noisy(), 700), small(**told))


def test_a_driver_owes_more_than_noise_and_the_last_day_more_than_what_is_not_looked_at(model: Model) -> None:
    found = importance(model, noisy())
    assert not found.is_seen
    assert found.inputs[InputGroup("column", "known_0")] > 2 * found.inputs[InputGroup("column", "known_1")]
    assert found.inputs[InputGroup("recent")] > 0.1
    assert found.inputs[InputGroup("earlier")] == 0  # its look-back is one day
    assert importance(model, noisy()) == found


def test_removing_noise_moves_the_error_by_no_more_than_its_importance(model: Model) -> None:
    told = {"known": ("known_0",), "calendar": "covariates", "safeguard": "mean", "steps": 20}
    bare = dataclasses.replace(noisy(), values=noisy().values[:, :2], columns=noisy().columns[:2])
    without = importance(single_threaded(cut(bare, 700), small(**told)), bare)
    found = importance(model, noisy())
    assert abs(without.error / found.error - 1) <= abs(found.inputs[InputGroup("column", "known_1")])


def test_a_part_without_which_the_error_grows_has_its_share() -> None:
    model = weighted(trained(safeguard="network"), 0.0, 0.5, 0.5)
    panel = panel_of(load(564))
    found = importance(model, panel)
    assert set(found.parts) == {"linear", "seasonal_naive_24"}
    assert found.parts["linear"] > found.parts["seasonal_naive_24"]
    assert isinstance(found, Importance)


def test_a_model_of_one_part_owes_all_to_it() -> None:
    assert importance(trained(safeguard="linear"), panel_of(load(564))).parts == {}


def test_windows_of_a_panel_are_permuted_within_their_series() -> None:
    panel = stacked(*(panel_of(load(420, seed) * 10.0**seed) for seed in range(3)))
    model = single_threaded(panel, small(id="meter"))
    found = importance(model, panel)
    assert found.inputs[InputGroup("recent")] < 50  # another series' level would be hundreds of times off


def test_classes_are_judged_by_log_loss() -> None:
    panel = class_panel(weather_codes(400), known=np.random.default_rng(0).normal(size=400))
    found = importance(class_fit(panel, known=("known",), safeguard="mean"), panel)
    assert found.error > 0
    assert set(found.inputs) == {InputGroup("recent"), InputGroup("earlier"), InputGroup("column", "known")}


def test_few_windows_are_enough() -> None:
    assert importance_at(trained(), panel_of(load(564)), np.array([500]), is_seen=False).windows == 1
