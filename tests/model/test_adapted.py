"""Adaptation between refreshes: what it learns, what it may not, and that nothing of it is hidden state."""

from __future__ import annotations

import dataclasses
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from lstmcast.core.panel import Panel
from lstmcast.evaluation.adaptation import PastNight, named_weights, replayed
from lstmcast.evaluation.ledger import Ledger
from lstmcast.model.adapted import adapted
from lstmcast.model.model import Model
from tests.command_line import lstmcast
from tests.conftest import hourly_rows, write_csv
from tests.panels import cut, hourly, single_threaded, small, with_target

FREE = (np.nan, np.nan)
RNG = np.random.default_rng(0)


def night(shipped: np.ndarray, other: np.ndarray, actual: np.ndarray) -> PastNight:
    return PastNight(np.stack([shipped, other]), shipped - 1, shipped + 1, actual, np.arange(len(shipped)))


def test_a_better_expert_gains_weight_and_a_worse_one_none() -> None:
    actuals = RNG.normal(size=(60, 6))
    better = replayed([night(a + 2 * RNG.normal(size=6), a + 0.1, a) for a in actuals], 2, 6, FREE)
    assert better.weights[1] > 0.3
    worse = replayed([night(a + 0.1 * RNG.normal(size=6), a + 3, a) for a in actuals], 2, 6, FREE)
    assert worse.weights[0] > 0.9
    assert sum(named_weights(better, ("shipped", "naive")).values()) == pytest.approx(1, abs=0.01)


def test_a_bias_is_learned_and_one_spike_is_bounded() -> None:
    actuals = RNG.normal(size=(60, 6))
    biased = replayed([night(a - 3, a - 3, a) for a in actuals], 2, 6, FREE)
    said = biased.point(np.zeros((2, 6)), np.arange(6))
    assert 1.0 < said.mean() <= 3.1
    calm = [night(a + 0.1 * RNG.normal(size=6), a, a) for a in actuals]
    spiked = [*calm[:-1], dataclasses.replace(calm[-1], actual=calm[-1].actual + 1e6)]
    base = replayed(calm, 2, 6, FREE).point(np.zeros((2, 6)), np.arange(6))
    assert np.isfinite(base).all()
    assert replayed(spiked, 2, 6, FREE).weights.sum() == pytest.approx(1)


def test_bands_move_to_what_they_promise_stay_nested_and_keep_to_limits() -> None:
    actuals = 3 * RNG.normal(size=(80, 12))
    wide = replayed([night(np.zeros(12), np.zeros(12), a) for a in actuals], 2, 12, FREE)
    assert wide.factor > 2
    narrow = replayed([night(np.zeros(12), np.zeros(12), a / 30) for a in actuals], 2, 12, FREE)
    assert narrow.factor < 0.8
    shipped = np.ones(12)
    low, high = wide.band(shipped, shipped, (np.zeros(12), shipped + 1), (0.0, np.nan))
    assert (low == 0).all()
    inner = wide.band(shipped, shipped, (shipped - 0.5, shipped + 0.5), FREE)
    outer = wide.band(shipped, shipped, (shipped - 2, shipped + 2), FREE)
    assert (outer[0] < inner[0]).all()
    assert (inner[1] < outer[1]).all()
    assert (high > inner[1]).all()


def test_nights_without_outcomes_teach_nothing() -> None:
    missing = night(np.zeros(6), np.ones(6), np.full(6, np.nan))
    assert replayed([missing] * 5, 2, 6, FREE).nights == 0


@cache
def model() -> Model:
    return single_threaded(hourly(900), small(horizon=24, lookback=48))


def ledger_of(panel: Panel, ends: list[int], shift: float = 0.0) -> Ledger:
    """What the model said at these rows, moved by so much."""
    said = [model().predict(cut(panel, end)) for end in ends]
    count = 24 * len(said)
    return Ledger(
        issued=np.concatenate([np.full(24, panel.times[end - 1]) for end in ends]),
        time=np.concatenate([each.times for each in said]),
        point=np.concatenate([each.point for each in said]) + shift,
        lower=np.concatenate([each.bands[80][0] for each in said]) + shift,
        upper=np.concatenate([each.bands[80][1] for each in said]) + shift,
        series=np.zeros(count, dtype=np.int64),
        ids=("",),
        model=np.zeros(count, dtype=np.int64),
        models=("m",),
        source=np.zeros(count, dtype=np.int64),
        sources=(model().source,),
    )


def test_only_nights_that_have_come_and_that_the_model_made_count() -> None:
    panel = hourly(900)
    forecast = model().predict(panel)
    ledger = ledger_of(panel, list(range(500, 900, 24)), shift=-5.0)
    found = adapted(model(), panel, forecast, ledger)
    (state,) = found.by.values()
    assert state.nights == 16
    assert (found.forecast.point > forecast.point).mean() > 0.9
    assert set(found.forecast.source) == {f"{model().source}:adapted"}
    stood_in = dataclasses.replace(ledger, sources=("linear:gaps",))
    assert adapted(model(), panel, forecast, stood_in).by == {}
    late = adapted(model(), cut(panel, 700), model().predict(cut(panel, 700)), ledger)
    (state,) = late.by.values()
    early = adapted(
        model(),
        cut(panel, 700),
        model().predict(cut(panel, 700)),
        ledger_of(panel, list(range(500, 690, 24)), -5.0),
    )
    assert (late.forecast.point == early.forecast.point).all()
    assert state.nights == 8


def test_what_is_corrected_later_changes_the_replay_and_a_missing_row_does_not_stop_it() -> None:
    panel = hourly(900)
    target = panel.target.copy()
    target[600:603] = np.nan
    holey = with_target(panel, target)
    found = adapted(model(), holey, model().predict(panel), ledger_of(panel, list(range(500, 870, 24))))
    assert np.isfinite(found.forecast.point).all()
    assert next(iter(found.by.values())).nights == 16


def test_the_command_says_by_how_much_and_the_ledger_keeps_what_was_shipped(tmp_path: Path) -> None:
    rows = hourly_rows(40 * 24)
    data = write_csv(tmp_path / "load.csv", rows[: 30 * 24])
    trained, ledger = tmp_path / "model.pkl", tmp_path / "ledger.csv"
    options = ("--horizon", "24", "--lookback", "48", "--hidden", "6", "--steps", "5", "--calendar", "none")
    assert lstmcast("train", data, "--target", "load", *options, "-o", trained).code == 0
    assert lstmcast("predict", trained, data, "--adapt").code == 2
    for day in range(30, 33):
        said = lstmcast(
            "predict", trained, write_csv(tmp_path / "now.csv", rows[: day * 24]), "--log", ledger, "--adapt"
        )
        assert said.code == 0, said.err
    assert ":adapted" in said.out
    assert "adapted by" not in said.err
    assert ":adapted" not in ledger.read_text()
    again = lstmcast("predict", trained, tmp_path / "now.csv", "--log", ledger, "--adapt")
    assert again.out == said.out
    told = lstmcast("predict", trained, tmp_path / "now.csv", "--log", ledger, "--adapt", "--json", "-v")
    assert "adapted by 2 nights" in told.err
    assert json.loads(told.out)["adapted"][0]["nights"] == 2
    assert lstmcast("predict", trained, data, "--log", ledger, "--adapt", "--total", "day").code == 2
