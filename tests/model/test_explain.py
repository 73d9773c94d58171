"""Explanations: parts sum to the forecast on models of every kind; Shapley values are what they are defined as."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

from lstmcast.core.panel import Panel
from lstmcast.model import explain as parts_of
from lstmcast.model.category_explain import class_changes, explain_classes, log_odds
from lstmcast.model.explain import Contribution, Explanation, explain
from lstmcast.model.model import Model
from lstmcast.model.shapley import InputGroup, changes, coalitions, group_inputs, shapley_values
from tests.class_panels import class_fit, class_trained, daily, weather_codes
from tests.class_panels import class_panel as panel_of_classes
from tests.panels import (
    cut,
    hourly,
    load,
    panel_of,
    single_threaded,
    small,
    stacked,
    trained,
    two_views,
    weather,
    with_target,
    without_target,
)


def gappy() -> Panel:
    """A window too full of gaps for the model."""
    panel = hourly()
    panel.values[-20:-2, 0] = np.nan
    return panel


def ending() -> Panel:
    """A series whose known column goes on."""
    return without_target(weather(500)[0], 470)


def heated(**changes: object) -> Model:
    """A model that knows the temperature ahead."""
    told = {"known": ("known_0",), "calendar": "covariates", "safeguard": "network", "steps": 8}
    return single_threaded(weather(500)[0], small(**(told | changes)))


def two_seasons() -> tuple[Model, Panel]:
    """A window that holds a day and a week."""
    panel = panel_of(load(900))
    clock = panel.clock.__class__("h", seasons=(24, 168))
    panel = panel.__class__(**{**vars(panel), "clock": clock})
    return single_threaded(panel, small(lookback=168, safeguard="mean", calendar="calendar")), panel


def many() -> tuple[Model, Panel]:
    """A panel of series of very different sizes, whose windows are divided by their size."""
    panel = stacked(*(panel_of(load(420, seed) * 10.0**seed) for seed in range(3)))
    return single_threaded(panel, small(id="meter", window_size="yes", safeguard="mean")), panel


CASES: dict[str, Callable[[], tuple[Model, Panel]]] = {
    "linear": lambda: (trained(), hourly()),
    "log": lambda: (trained(transform="log1p", safeguard="mean"), hourly()),
    "calendar": lambda: (trained(calendar="calendar", safeguard="mean"), hourly()),
    "network": lambda: (trained(safeguard="network"), hourly()),
    "covariates": lambda: (heated(), ending()),
    "covariates and log": lambda: (heated(transform="log1p"), ending()),
    "two views": lambda: (two_views(weather(500)[0]), ending()),
    "two seasons": two_seasons,
    "sized panel": many,
    "gaps": lambda: (trained(safeguard="mean"), gappy()),
    "short": lambda: (trained(safeguard="mean"), cut(hourly(), 12)),
    "limited": lambda: (trained(max=104.0), hourly()),
    "spikes": lambda: (
        trained(),
        with_target(hourly(), np.where(np.arange(420) == 410, 1e6, hourly().target)),
    ),
}


def adds_up(found: Explanation, forecast: np.ndarray) -> None:
    """The parts sum to the forecast to a millionth of it, row by row."""
    total = np.sum(list(found.parts.values()), axis=0)
    assert np.abs(total - forecast).max() <= 1e-9 * np.abs(forecast).max()
    assert np.array_equal(found.point, forecast)


@pytest.mark.parametrize("case", CASES)
def test_parts_sum_to_the_forecast(case: str) -> None:
    model, panel = CASES[case]()
    for series in range(len(panel.ids)):
        for horizon in (6, 4, 15):
            if (
                horizon == 15
                and "known_0" in {column.name for column in panel.columns}
                and case != "two views"
            ):
                continue
            found = explain(model, panel, series, horizon)
            forecast = model.predict(panel, horizon)
            adds_up(found, forecast.point[forecast.series == series])
            assert not any(part.kind == parts_of.GUARDS for part in found.parts)


def kinds(case: str) -> set[Contribution]:
    """The parts of a case."""
    return set(explain(*CASES[case]()).parts)


def test_what_a_model_has_are_its_parts() -> None:
    assert Contribution("column", "known_0") in kinds("covariates")
    assert Contribution("week") in kinds("calendar")
    assert Contribution("forecaster", "network") in kinds("network")
    assert Contribution("season", "24") in kinds("two seasons")
    assert Contribution("limit") in kinds("limited")
    assert kinds("short") == {Contribution("usual"), Contribution("forecaster", "naive")}


def test_every_row_of_a_window_belongs_to_one_group() -> None:
    model, panel = CASES["two seasons"]()
    windows = model.start(panel, 6).views[0]
    groups = parts_of.row_groups(windows, (24, 168))
    assert (np.sum(list(groups.values()), axis=0) == 1).all()
    for step in (0, 5):
        assert np.flatnonzero(groups[Contribution("season", "24")][step]).tolist() == [168 + step - 24]
        assert np.flatnonzero(groups[Contribution("season", "168")][step]).tolist() == [step]
        assert np.flatnonzero(groups[Contribution("same_phase")][step]).tolist() == [
            step + 24 * day for day in range(1, 6)
        ]
    assert groups[Contribution("recent")][0].sum() == 6
    assert list(parts_of.row_groups(windows, ())) == [Contribution("recent"), Contribution("rows")]


def test_a_logarithm_has_factors_that_multiply_to_the_forecast() -> None:
    model, panel = CASES["log"]()
    found = explain(model, panel)
    assert found.factors is not None
    scaling = model.preparation.scaling
    unit = scaling.unit[0]
    base = np.expm1(scaling.center[0]) * unit + unit
    whole = base * np.prod(list(found.factors.values()), axis=0)
    assert np.allclose(whole - unit, found.point)
    assert explain(*CASES["linear"]()).factors is None


def test_rows_of_an_explanation_are_its_own() -> None:
    found = explain(*CASES["log"]()).rows(slice(2, 3))
    assert len(found.times) == len(found.point) == 1
    adds_up(found, found.point)


# --- classes


def noisy_classes() -> tuple[Model, Panel]:
    """Classes beside a known and a past column of noise."""
    rng = np.random.default_rng(0)
    panel = panel_of_classes(weather_codes(400), known=rng.normal(size=400), past=rng.normal(size=400))
    model = class_fit(panel, known=("known",), past=("past",), safeguard="mean")
    panel.values[390:, [0, 2]] = np.nan
    return model, panel


CLASSES: dict[str, Callable[[], tuple[Model, Panel]]] = {
    "plain": lambda: (class_trained(), daily()),
    "calendar": lambda: (class_fit(daily(400), safeguard="mean", calendar="calendar"), daily(400)),
    "columns": noisy_classes,
    "gaps": lambda: (
        class_trained(),
        with_target(daily(), np.where(np.arange(300) > 270, np.nan, daily().target)),
    ),
}


@pytest.mark.parametrize("case", CLASSES)
def test_parts_sum_to_the_log_odds_of_the_likeliest_class(case: str) -> None:
    model, panel = CLASSES[case]()
    for horizon in (6, 4) if case == "columns" else (6, 4, 15):
        found, forecast = explain_classes(model, panel, 0, horizon), model.predict(panel, horizon)
        probabilities = np.stack(list(forecast.probabilities.values()), axis=1)
        codes = forecast.point.astype(np.int64)
        logs = np.log(probabilities)
        others = (logs.sum(axis=1) - logs.max(axis=1)) / (logs.shape[1] - 1)
        adds_up(found, found.point)
        assert np.allclose(found.point, logs.max(axis=1) - others)
        assert found.labels == tuple(model.contract.classes[code] for code in codes)


def test_log_odds_of_two_classes_are_the_usual_ones() -> None:
    logs = np.log(np.array([[[0.8], [0.2]]]))
    assert log_odds(logs, np.array([0]))[0, 0] == pytest.approx(math.log(4))


# --- Shapley values


def slow_shapley(worth: np.ndarray, count: int) -> np.ndarray:
    """The mean of what each adds over every order in which they can join."""
    values = np.zeros((count, worth.shape[1]))
    orders = list(itertools.permutations(range(count)))
    for order in orders:
        coalition = 0
        for group in order:
            values[group] += worth[coalition | 1 << group] - worth[coalition]
            coalition |= 1 << group
    return values / len(orders)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_shapley_values_are_means_over_all_orders(count: int) -> None:
    worth = np.random.default_rng(count).normal(size=(2**count, 4))
    values = shapley_values(worth)
    assert np.allclose(values, slow_shapley(worth, count))
    assert np.allclose(values.sum(axis=0), worth[-1] - worth[0])


def test_coalitions_take_what_they_hold_from_now_and_the_rest_from_a_season_before() -> None:
    panel = panel_of(
        np.arange(60.0), known=np.arange(60.0)[:, None] + 1000, past=np.arange(60.0)[:, None] + 2000
    )
    assert group_inputs(panel) == [
        InputGroup("recent"),
        InputGroup("earlier"),
        InputGroup("column", "known_0"),
        InputGroup("column", "past_0"),
    ]
    stacked_panel, origins = coalitions(panel, 50, 10, 5)
    assert len(origins) == 16
    copies = stacked_panel.values.reshape(16, 60, 3)
    nobody, recent, known = copies[0], copies[0b0001], copies[0b0100]
    assert nobody[10:50, 0].tolist() == list(range(40))
    assert np.isnan(copies[:, 50:, [0, 2]]).all()
    assert recent[:50, 0].tolist() == [*range(10), *range(35), *range(45, 50)]
    assert known[:, 1].tolist() == panel.values[:, 1].tolist()
    assert nobody[50:, 1].tolist() == [1040 + row for row in range(10)]
    assert np.array_equal(copies[-1][:50], panel.values[:50])
    assert origins.tolist() == [50 + 60 * place for place in range(16)]


def test_of_many_columns_the_last_stand_together() -> None:
    panel = panel_of(np.zeros(30), known=np.zeros((30, 7)))
    names = group_inputs(panel)
    assert len(names) == 6
    assert names[-1] == InputGroup("others")


@pytest.mark.parametrize("case", ["network", "covariates", "two seasons", "sized panel"])
def test_changes_sum_to_the_difference_from_a_season_before(case: str) -> None:
    model, panel = CASES[case]()
    found = changes(model, panel)
    assert found is not None
    assert found.network is not None
    forecast = model.predict(panel)
    now = forecast.point[forecast.series == 0]
    assert np.allclose(found.whole.now, now, rtol=1e-6)
    for change in (found.whole, found.network):
        total = change.before + np.sum(list(change.groups.values()), axis=0)
        assert np.abs(total - change.now).max() <= 1e-9 * np.abs(now).max()
    corrections = explain(model, panel).parts[Contribution("forecaster", "network")]
    assert np.allclose(found.network.now, corrections, atol=1e-5 * np.abs(now).max())


def test_a_history_that_is_too_short_has_nothing_to_be_compared_with() -> None:
    assert changes(trained(), cut(hourly(), 40)) is None


def test_changes_of_classes_are_told_in_log_odds() -> None:
    model, panel = CLASSES["columns"]()
    found = class_changes(model, panel)
    assert found is not None
    total = found.whole.before + np.sum(list(found.whole.groups.values()), axis=0)
    assert np.allclose(total, found.whole.now)
    assert np.allclose(found.whole.now, explain_classes(model, panel).point)
    assert class_changes(model, panel.tail(26)) is None
