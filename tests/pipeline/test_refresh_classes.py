"""Refreshing a model of classes: what moves, what stays, and that nothing of the judging rows teaches."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest

from lstmcast.core.panel import Panel
from lstmcast.data.category_frequencies import Frequencies
from lstmcast.data.category_preprocessing import ClassPreparation
from lstmcast.forecasters.base import NewRows
from lstmcast.forecasters.category_naive import Transitions
from lstmcast.forecasters.ensemble import logistic_of, part_named
from lstmcast.model.model import Model
from lstmcast.persistence.models import from_record, to_record
from lstmcast.pipeline.refresh import Outcome, refreshing
from lstmcast.training.loop import Step
from tests.class_panels import class_fit, class_panel, daily, weather_codes
from tests.panels import cut

LONGER = daily(420)


@cache
def champion(**changes: object) -> Model:
    """A model of the first rows of LONGER."""
    return class_fit(cut(LONGER, 300), safeguard="mean", **changes)


def refreshed(model: Model, panel: Panel = LONGER, *, always: bool = True) -> tuple[list[Step], Outcome]:
    """The steps and the outcome of a refresh."""
    *events, outcome = refreshing(model, panel, always=always)
    assert isinstance(outcome, Outcome)
    return [event for event in events if isinstance(event, Step)], outcome


def test_both_are_judged_by_log_loss_and_what_ships_has_seen_every_row() -> None:
    steps, outcome = refreshed(champion())
    assert steps
    assert outcome.measure == "log_loss"
    assert outcome.is_better == (
        outcome.challenger.test["model"]["log_loss"] < outcome.champion.test["model"]["log_loss"]
    )
    model = outcome.model
    assert (model.seen_until == LONGER.times[-1]).all()
    assert model.report.refreshes is not None
    assert model.report.learned is not None
    assert model.report.learned.rows == 420
    again = from_record(*to_record(model))
    for name, chances in model.predict(LONGER).probabilities.items():
        np.testing.assert_array_equal(chances, again.predict(LONGER).probabilities[name])


def test_the_network_stands_on_the_logistic_regression_as_it_is_now() -> None:
    model = refreshed(champion())[1].model
    new, old = (logistic_of(each.ensemble) for each in (model, champion()))
    assert (new.weight != old.weight).any()
    base = model.networks[0].base
    assert base is not None
    np.testing.assert_array_equal(base.weight, new.weight)
    np.testing.assert_array_equal(new.overall, old.overall)
    assert model.chain is not None
    assert model.chain.forecasters == (part_named(model.ensemble, "persistence"),)


def test_the_judging_rows_teach_nothing_until_they_have_judged() -> None:
    values = LONGER.values.copy()
    values[-50:, 0] = (values[-50:, 0] + 1) % 3
    one, other = (
        refreshed(champion(final=False), panel)[1].model
        for panel in (LONGER, dataclasses.replace(LONGER, values=values))
    )
    np.testing.assert_array_equal(logistic_of(one.ensemble).weight, logistic_of(other.ensemble).weight)
    np.testing.assert_array_equal(one.networks[0].weights[0], other.networks[0].weights[0])


def test_new_rows_alone_count_for_their_share() -> None:
    tail = dataclasses.replace(
        LONGER, offsets=np.array([0, 170]), times=LONGER.times[250:], values=LONGER.values[250:]
    )
    model = refreshed(champion(), tail)[1].model
    assert model.report.learned is not None
    assert model.report.learned.rows == 420


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_persistence_moves_by_the_share_of_new_rows(share: float) -> None:
    panel = class_panel(weather_codes(200))
    windows = champion().windows(panel, np.zeros(1, np.int64))
    origins = np.arange(40, 150)
    rows = NewRows(windows, origins, share, np.random.default_rng(0))
    old = Transitions(np.full((6, 3, 3), 1 / 3))
    found = old.refitted(rows).shares
    codes, step = panel.target, 2
    pairs = [(int(codes[o - 1]), int(codes[o + step])) for o in origins]
    came = np.bincount([int(codes[o]) for o in origins], minlength=3)
    overall = (came + 1) / (came.sum() + 3)
    for last in range(3):
        after = np.bincount([b for a, b in pairs if a == last], minlength=3)
        new = (after + 3 * overall) / (after.sum() + 3)
        np.testing.assert_allclose(found[step, last], (1 - share) / 3 + share * new)


def test_frequencies_of_a_season_without_new_rows_stay() -> None:
    preparation = champion().preparation
    assert isinstance(preparation, ClassPreparation)
    old = preparation.frequencies
    new = old.relearned(LONGER, np.array([0]), [slice(0, 5)], 0.5)
    assert isinstance(new, Frequencies)
    moved = (new.shares != old.shares).any(axis=2)[0]
    assert moved.sum() == min(5, len(moved))
