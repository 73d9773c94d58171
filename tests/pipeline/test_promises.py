"""What is promised end to end: no leak, one code path, the same file for the same seed, the same in every unit."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcast.core.panel import KNOWN, Panel
from lstmcast.data.imputation import history_needed
from lstmcast.data.split import split
from lstmcast.evaluation.backtest import Answer
from lstmcast.model.model import Model
from lstmcast.persistence.models import to_record
from lstmcast.persistence.record import encode
from lstmcast.pipeline.fit import fit
from tests.panels import (
    cut,
    hourly,
    load,
    panel_of,
    single_threaded,
    small,
    stacked,
    trained,
    weather,
    with_target,
    without_target,
)


def file_of(model: Model) -> bytes:
    """The bytes of its file."""
    return encode(*to_record(model))


def answers(model: Model, panel: Panel, origins: np.ndarray | list[int]) -> Answer:
    """What `evaluate` scores at these origins."""
    windows = model.windows(panel, model.contract.check(panel))
    return model.answer(windows, np.asarray(origins), (80, 95))


def gappy(panel: Panel, share: float, keep: list[int]) -> Panel:
    """The panel with a share of its targets missing, but known just before these origins."""
    target = panel.target.copy()
    target[np.random.default_rng(9).random(len(target)) < share] = np.nan
    last = np.array(keep) - 1
    target[last] = panel.target[last]
    return with_target(panel, target)


# --- no leak ---------------------------------------------------------------------------------------------------------


def test_test_rows_change_nothing_that_was_chosen_or_fitted() -> None:
    panel, _ = weather(600)
    first = int(split(panel, 6).test[0])
    values = panel.values.copy()
    values[first:] = np.random.default_rng(0).normal(-50, 90, size=values.shape)[first:]
    options = small(calendar="auto", transform="auto", lookback=None, final=False, safeguard="network")
    one, two = (single_threaded(p, options) for p in (panel, dataclasses.replace(panel, values=values)))
    (document, arrays), (other, others) = (to_record(model) for model in (one, two))
    assert list(arrays) == list(others)
    for name, array in arrays.items():
        assert array.tobytes() == others[name].tobytes(), name
    assert document["report"]["choices"] == other["report"]["choices"]
    assert document["report"]["test"] != other["report"]["test"]
    for name in set(document) - {"report"}:
        assert document[name] == other[name], name


def test_the_last_step_does_use_test_rows_and_changes_neither_scaling_nor_verdict() -> None:
    panel = hourly()
    changed = with_target(panel, panel.target + 5.0 * (np.arange(420) > 400))
    options = small(safeguard="network", steps=20, lr=0.05)
    one, two = (single_threaded(p, options) for p in (panel, changed))
    before, after = (to_record(model)[1] for model in (one, two))
    different = {name for name in before if before[name].tobytes() != after[name].tobytes()}
    assert {"member.0", "intervals"} <= different
    assert not {name for name in different if name.startswith(("scaling", "covariates", "mase_scale"))}
    held_back = single_threaded(panel, dataclasses.replace(options, final=False))
    assert held_back.report["test"] == one.report["test"]
    without = to_record(held_back)[1]
    assert "seen_until" in {n for n in before if before[n].tobytes() != without[n].tobytes()}


def test_validation_rows_change_neither_scaling_nor_stage() -> None:
    panel, _ = weather(600)
    blocks = split(panel, 6)
    values = panel.values.copy()
    first, stop = int(blocks.validation[0]), int(blocks.test[0])
    values[first:stop] += np.random.default_rng(0).normal(0, 9, size=values.shape)[first:stop]
    options = small(calendar="covariates", linear_pair="no", penalty=1e-3, final=False)
    before, after = (
        to_record(single_threaded(p, options))[1] for p in (panel, dataclasses.replace(panel, values=values))
    )
    fixed = [name for name in before if name.startswith(("scaling", "covariates", "stage", "change"))]
    assert len(fixed) >= 9
    for name in fixed:
        assert before[name].tobytes() == after[name].tobytes(), name


@pytest.mark.parametrize("kind", ["none", "covariates"])
def test_rows_after_an_origin_change_no_forecast_at_it(kind: str) -> None:
    panel, _ = weather(600)
    model = single_threaded(panel, small(calendar=kind, safeguard="network"))
    origins = np.arange(400, 560, 7)
    values = panel.values.copy()
    values[500:, 0] = 1e4 * np.random.default_rng(0).normal(size=100)
    values[506:, 1] = 77.0  # temperature is known for the horizon of origin 500, not beyond
    changed = dataclasses.replace(panel, values=values)
    one, two = (answers(model, p, origins) for p in (panel, changed))
    seen = origins <= 500
    assert one.point[:, seen].tobytes() == two.point[:, seen].tobytes()
    for level in (80, 95):
        for side in (0, 1):
            assert one.bands[level][side][:, seen].tobytes() == two.bands[level][side][:, seen].tobytes()
    assert not np.array_equal(one.point[:, ~seen], two.point[:, ~seen])


# --- one code path ---------------------------------------------------------------------------------------------------


def variants() -> dict[str, tuple[Panel, dict[str, Any]]]:
    """Panels and options whose forecasts take every road there is."""
    wet, _ = weather(1100)
    past = panel_of(load(600), past=np.sin(np.arange(600))[:, None] + load(600, seed=2)[:, None])
    origins = [420, 450, 500, 590]
    odd = np.where(np.arange(1100) >= 24, gappy(hourly(1100), 0.15, [950, 1000, 1094]).target, load(1100))
    odd[30:1094:24] = np.nan  # a gap at the same hour every day, with a first day that was whole
    ends = [949, 999, 1093]
    odd[ends] = load(1100)[ends]  # known, and nothing odd about them
    return {
        "plain": (hourly(600), {}),
        "gaps": (gappy(hourly(600), 0.12, origins), {}),
        "a gap a day": (panel_of(odd), {}),
        "horizon no multiple": (hourly(600), {"horizon": 8}),
        "smoothed covariates": (wet, {"calendar": "covariates", "horizon": 8}),
        "past column": (past, {}),
        "direct": (hourly(600), {"decoder": "direct"}),
        "textbook": (hourly(600), {"decoder": "direct", "segment": 1, "highway": False}),
        "one output": (hourly(600), {"loss": "mse"}),
        "log1p": (hourly(600), {"transform": "log1p"}),
        "sized": (hourly(600), {"window_size": "yes"}),
        "members": (hourly(600), {"members": 3}),
        "mean": (hourly(600), {"safeguard": "mean"}),
        "linear": (hourly(600), {"safeguard": "linear"}),
    }


@pytest.mark.parametrize("name", variants())
def test_predict_at_the_end_of_a_file_gives_what_evaluate_scored_there(name: str) -> None:
    panel, changes = variants()[name]
    model = single_threaded(panel, small(**({"safeguard": "network"} | changes)))
    origins = np.array([950, 1000, 1092] if len(panel.times) > 600 else [420, 450, 500, 590])
    origins = origins[np.isfinite(panel.target[origins - 1])]
    assert len(origins) >= 2
    scored = answers(model, panel, origins)
    tolerance = 1e-5 * model.preparation.scaling.scale[0]
    if model.preparation.scaling.transform == "log1p":
        tolerance = 1e-5 * np.std(panel.target[:390])
    for column, origin in enumerate(origins):
        fresh = without_target(panel, int(origin))
        if not panel.roles(KNOWN):
            fresh = cut(panel, int(origin))
        forecast = model.predict(fresh, levels=(80, 95))
        assert forecast.times[0] == panel.times[0] + origin * np.timedelta64(1, "h")
        assert forecast.point == pytest.approx(scored.point[:, column], abs=tolerance)
        for level in (80, 95):
            for side in (0, 1):
                expected = scored.bands[level][side][:, column]
                assert forecast.bands[level][side] == pytest.approx(expected, abs=tolerance)


def test_predict_and_evaluate_agree_on_a_panel() -> None:
    panel = stacked(hourly(420), with_target(hourly(420), 1000 * load(420, seed=4)), hourly(300, seed=5))
    model = single_threaded(panel, small(safeguard="network"))
    starts = panel.offsets[:-1]
    for stop in (260, 300):
        scored = answers(model, panel, starts + stop - 20)
        forecast = model.predict(cut(panel, stop - 20))
        points = forecast.point.reshape(3, 6).T
        assert points == pytest.approx(
            scored.point, rel=1e-5, abs=1e-5 * model.preparation.scaling.scale.max()
        )
        for series, scale in enumerate(model.preparation.scaling.scale):
            assert points[:, series] == pytest.approx(scored.point[:, series], abs=1e-5 * scale)


@pytest.mark.parametrize("kind", ["plain", "gaps", "covariates"])
def test_a_longer_file_gives_the_same_forecast_bit_for_bit(kind: str) -> None:
    rows = 3200
    panel, _ = weather(rows)
    if kind == "gaps":
        panel = gappy(panel, 0.15, [rows - 20])
    model = single_threaded(
        cut(panel, 600), small(calendar="covariates" if kind == "covariates" else "none", safeguard="network")
    )
    fresh = without_target(panel, rows - 20)
    whole = model.predict(fresh)
    tail = 14 * 24 if kind == "covariates" else 0
    assert model.contract.history == history_needed(24, 24) + tail < rows - 20
    for start in (1, rows - 20 - model.contract.history):
        short = model.predict(fresh.take(np.array([start]), np.array([rows])))
        assert short.point.tobytes() == whole.point.tobytes()
        assert short.bands[80][0].tobytes() == whole.bands[80][0].tobytes()


def test_a_shorter_horizon_is_a_prefix() -> None:
    model, panel = trained(safeguard="network"), hourly()
    whole, short = model.predict(panel), model.predict(panel, 4)
    assert short.point.tobytes() == whole.point[:4].tobytes()
    assert short.bands[80][1].tobytes() == whole.bands[80][1][:4].tobytes()
    assert short.times.tolist() == whole.times[:4].tolist()


def test_a_longer_horizon_goes_on_from_its_own_forecast() -> None:
    model, panel = trained(safeguard="network"), hourly()
    whole = model.predict(panel, 15)
    assert len(whole.point) == 15
    assert whole.point[:6].tobytes() == model.predict(panel).point.tobytes()
    extended = panel.extended(6)
    extended.values[-6:, 0] = whole.point[:6]
    following = model.predict(extended)
    assert whole.point[6:12] == pytest.approx(following.point, abs=1e-9)
    assert whole.times[6:12].tolist() == following.times.tolist()
    widths = whole.bands[80][1] - whole.bands[80][0]
    assert (widths[6:12] >= following.bands[80][1] - following.bands[80][0] - 1e-9).all()
    assert not np.isnan(panel.target).any()
    assert len(panel.times) == 420


# --- the same file ---------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_file_whatever_the_threads_and_another_seed_another() -> None:
    panel = hourly()
    files = {
        name: file_of(fit(panel, small(members=2, safeguard="network", threads=threads, seed=seed)))
        for name, threads, seed in (("one", 1, 0), ("again", 1, 0), ("two", 2, 0), ("seed", 1, 1))
    }
    assert files["one"] == files["again"]
    assert files["one"] == files["two"]
    assert files["one"] != files["seed"]


def test_members_differ_from_one_another() -> None:
    members = trained(members=2, safeguard="network").networks[0].members
    assert not np.array_equal(members[0].flat, members[1].flat)


# --- numbers ---------------------------------------------------------------------------------------------------------


def test_the_unit_and_the_level_of_a_series_do_not_change_its_mase() -> None:
    options = small(steps=40, horizon=12, lookback=48, segment=12)
    plain = single_threaded(hourly(900), options).report["test"]["model"]["mase"]
    for change in (lambda y: y * 1e-9, lambda y: y * 1e12, lambda y: y + 1e9):
        other = single_threaded(panel_of(change(load(900))), options).report["test"]["model"]["mase"]
        assert other == pytest.approx(plain, rel=0.01)


@pytest.mark.parametrize("factor", [1e-9, 1e12])
def test_with_every_choice_open_the_unit_does_not_matter_either(factor: float) -> None:
    options = small(transform="auto", calendar="auto", lookback=None, steps=20)
    plain = single_threaded(hourly(600), options).report
    other = single_threaded(panel_of(factor * load(600)), options).report
    assert other["choices"]["chosen"]["stage"] == plain["choices"]["chosen"]["stage"]
    assert other["choices"]["chosen"]["transform"] == plain["choices"]["chosen"]["transform"]
    assert other["test"]["model"]["mase"] == pytest.approx(plain["test"]["model"]["mase"], rel=0.01)


@pytest.mark.parametrize("value", [5.5, 0.0, -3.25, 1e9, 1e-9])
def test_a_constant_is_forecast_as_that_constant_and_what_is_undefined_is_none(value: float) -> None:
    model = single_threaded(panel_of(np.full(420, value)), small(transform="auto", calendar="auto"))
    forecast = model.predict(panel_of(np.full(100, value)))
    assert forecast.point == pytest.approx(np.full(6, value), rel=1e-12, abs=0)
    test = model.report["test"]
    assert {metrics["mase"] for metrics in test.values()} == {None}
    assert test["model"]["mae"] == pytest.approx(0, abs=1e-9 * abs(value))
    if value == 0:
        assert (test["naive"]["smape"], test["naive"]["mape"]) == (0.0, None)
    assert "no verdict" in model.report["verdict"]
    assert file_of(model)


# --- what a file holds -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [{}, {"safeguard": "linear"}, {"calendar": "covariates", "members": 2}])
def test_a_model_read_back_forecasts_the_same_bits(tmp_path: Path, changes: dict[str, Any]) -> None:
    from lstmcast import persistence

    panel, _ = weather(600)
    model = single_threaded(panel, small(**({"safeguard": "network"} | changes)))
    persistence.save(model, tmp_path / "model.pkl")
    again = persistence.load(tmp_path / "model.pkl")
    fresh = without_target(panel, 580)
    one, two = model.predict(fresh, levels=(80, 95)), again.predict(fresh, levels=(80, 95))
    assert one.point.tobytes() == two.point.tobytes()
    assert one.bands[95][0].tobytes() == two.bands[95][0].tobytes()
    assert model.evaluate(panel) == again.evaluate(panel)
    assert again.report == model.report
    assert file_of(again) == file_of(model)
