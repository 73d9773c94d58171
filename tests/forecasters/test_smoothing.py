"""Exponential smoothing as a part: fitted, chosen, kept with its state, run on over newer rows, silent where stale."""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcast.core.errors import ModelFileError, UsageError
from lstmcast.core.panel import Clock, Panel
from lstmcast.forecasters.base import point
from lstmcast.forecasters.smoothing import Smoothing
from lstmcast.model.model import Model
from lstmcast.persistence import load, save
from lstmcast.persistence.exchange.onnx import export_onnx
from lstmcast.persistence.models import from_record, to_record
from lstmcast.pipeline.fit import fit
from lstmcast.pipeline.refresh import Outcome, refreshing
from tests.panels import cut, panel_of, single_threaded, small, stacked, with_target

CLOCK = Clock("h", seasons=(6, 42))
ROWS = 900
OPTIONS: dict[str, Any] = {
    "smoothing": "auto",
    "steps": 0,
    "safeguard": "auto",
    "lookback": 42,
    "transform": "auto",
}


def drifting(rows: int, seed: int = 0, clock: Clock = CLOCK) -> Panel:
    """A series whose day of 6 and week of 42 rows change slowly, with errors that remember: what smoothing is for."""
    rng = np.random.default_rng(seed)
    day, week = rng.normal(size=(rows // 6 + 1, 6)).cumsum(axis=0) * 0.1, 2 * rng.normal(size=42)
    noise = np.zeros(rows)
    for row, shock in enumerate(rng.normal(size=rows) * 0.2):
        noise[row] = shock + (0.8 * noise[row - 1] if row else 0.0)
    where = np.arange(rows)
    level = 0.03 * rng.normal(size=rows).cumsum()
    return panel_of(100 + 5 * (level + day[where // 6, where % 6] + week[where % 42] + noise), clock=clock)


@cache
def shipped(**changes: Any) -> Model:
    """A model of the first ROWS rows, in which smoothing has a share."""
    model = single_threaded(cut(drifting(1200), ROWS), small(**(OPTIONS | changes)))
    assert part_of(model) is not None
    return model


def part_of(model: Model) -> Smoothing | None:
    """The smoothing part, where there is one."""
    return next((part for _, part in model.ensemble.parts if isinstance(part, Smoothing)), None)


def smoothing(model: Model) -> Smoothing:
    """The smoothing part."""
    part = part_of(model)
    assert part is not None
    return part


def test_it_is_chosen_where_seasons_drift_and_left_out_where_that_is_asked() -> None:
    model = shipped()
    errors = model.report.choices.validation_mase
    assert errors["smoothing"] < errors["linear"]  # type: ignore[operator]
    assert model.report.choices.blend.others == {"smoothing": pytest.approx(0.7, abs=0.3)}
    assert model.contract.history >= 4 * 42
    for changes in ({"smoothing": "no"}, {"safeguard": "linear"}):
        assert part_of(single_threaded(cut(drifting(1200), ROWS), small(**(OPTIONS | changes)))) is None


def test_a_file_keeps_it_and_a_forged_one_is_refused(tmp_path: Path) -> None:
    model, panel = shipped(), cut(drifting(1200), ROWS + 5)
    save(model, tmp_path / "m.pkl")
    again = load(tmp_path / "m.pkl")
    assert again.predict(panel).point.tobytes() == model.predict(panel).point.tobytes()
    save(again, tmp_path / "again.pkl")
    assert (tmp_path / "again.pkl").read_bytes() == (tmp_path / "m.pkl").read_bytes()
    document, arrays = to_record(model)
    own = [
        name for name in arrays if name.startswith("ensemble.parts") and ("state" in name or "rates" in name)
    ]
    assert len(own) == 6
    for name in own:
        for forged in (arrays[name][:0], arrays[name][None], -1e9 - arrays[name].astype(arrays[name].dtype)):
            if "place" in name and forged.shape == arrays[name].shape:
                forged = forged * 10**9
            if ("now" in name or "day" in name or "week" in name) and forged.shape == arrays[name].shape:
                continue  # any number may stand there
            with pytest.raises(ModelFileError, match="do not fit together"):
                from_record(document, {**arrays, name: forged})


def test_an_exchange_format_has_no_word_for_it() -> None:
    with pytest.raises(UsageError, match=r"'smoothing'.*--smoothing no"):
        export_onnx(shipped())


@pytest.mark.parametrize("final", [True, False])
def test_moving_the_state_on_is_running_over_the_whole(final: bool) -> None:
    model, panel = shipped(final=final), drifting(1200)
    views, stops = model.windows(panel, np.arange(1)), np.array([1000])
    part = smoothing(model)
    moved = part.moved_on(views, stops)
    assert moved.until[0] == panel.times[999]
    origins = np.arange(1000, 1150, 7)
    np.testing.assert_allclose(moved.predict(views, origins), part.predict(views, origins), atol=1e-5)
    later = model.windows(panel.take(np.array([960]), np.array([1200])), np.arange(1))
    np.testing.assert_allclose(moved.predict(later, origins - 960), part.predict(views, origins), atol=1e-5)
    assert moved.moved_on(views, np.array([990])).until[0] == moved.until[0]  # never back


def test_what_is_predicted_is_what_is_evaluated() -> None:
    model, panel = shipped(), drifting(1200)
    for known in (901, 930, 1100):
        night = model.predict(cut(panel, known)).point
        views = model.windows(panel, np.arange(1))
        assert night == pytest.approx(model.answer(views, np.array([known])).point[:, 0], abs=1e-6)
        short = panel.take(np.array([known - 60]), np.array([known]))
        if known == 901:  # the rows join: their number does not matter
            assert model.predict(short).point == pytest.approx(night, abs=1e-6)


def test_rows_that_do_not_join_and_are_too_few_leave_it_out_and_that_is_said() -> None:
    model, panel = shipped(), drifting(1600)
    apart = model.predict(panel.take(np.array([1300]), np.array([1400])))
    (finding,) = [finding for finding in apart.findings if finding.code == "smoothing_stale"]
    assert "168 rows" in finding.message
    assert np.isfinite(apart.point).all()
    views = model.windows(panel.take(np.array([1300]), np.array([1406])), np.arange(1))
    weights = [(weight, part) for weight, part in model.ensemble.asked if not isinstance(part, Smoothing)]
    whole = sum(weight for weight, _ in weights)
    alone = sum(weight / whole * point(part.predict(views, np.array([100]))) for weight, part in weights)
    assert model.preparation.scaling.undo(alone[:, 0], np.zeros(6, dtype=int)) == pytest.approx(apart.point)
    enough = model.predict(panel.take(np.array([1200]), np.array([1400])))
    assert "smoothing_stale" not in {finding.code for finding in enough.findings}


def test_before_its_stamp_it_starts_anew_and_knows_nothing_of_what_came_later() -> None:
    model, panel = shipped(), drifting(1200)
    early = cut(panel, 500)
    changed = with_target(panel, np.where(np.arange(1200) >= 500, 0.0, panel.target))
    views, others = (model.windows(each, np.arange(1)) for each in (panel, changed))
    part, origin = smoothing(model), np.array([500])
    np.testing.assert_array_equal(part.predict(views, origin), part.predict(others, origin))
    assert model.predict(early).point == pytest.approx(model.answer(views, origin).point[:, 0], abs=1e-6)
    np.testing.assert_array_equal(part.answers(views, np.array([60, 84, 500])), [False, True, True])


def test_a_refresh_moves_its_state_on(tmp_path: Path) -> None:
    model, panel = shipped(), drifting(1200)
    *_, outcome = refreshing(model, panel, always=True)
    assert isinstance(outcome, Outcome)
    part = smoothing(outcome.model)
    assert part.until[0] == panel.times[-1]
    whole = smoothing(model).moved_on(model.windows(panel, np.arange(1)), np.array([1200]))
    np.testing.assert_allclose(part.state.day, whole.state.day)


def test_a_test_block_changes_nothing_that_was_chosen() -> None:
    panel = cut(drifting(1200), ROWS)
    changed = with_target(panel, np.where(np.arange(ROWS) >= 780, 33.0, panel.target))
    one, two = (smoothing(single_threaded(p, small(**OPTIONS, final=False))) for p in (panel, changed))
    np.testing.assert_array_equal(one.rates.values, two.rates.values)
    np.testing.assert_array_equal(one.state.day, two.state.day)
    assert one.until == two.until


def test_each_series_of_a_panel_has_sets_of_its_own_and_a_state_of_its_own() -> None:
    series = [drifting(700, seed) for seed in range(3)]
    panel = stacked(*(cut(one, rows) for one, rows in zip(series, (700, 640, 700), strict=True)))
    model = single_threaded(panel, small(**OPTIONS))
    part = smoothing(model)
    assert part.rates.values.shape == (6, 3, 5)
    assert len(np.unique(part.rates.values[0], axis=0)) > 1
    assert part.until[1] == panel.times[1339]
    both = model.predict(panel)
    alone = model.predict(dataclasses.replace(series[2], ids=("c",), id_name="meter"))
    assert alone.point == pytest.approx(both.point[12:], abs=1e-6)


def test_a_zone_and_gaps_do_not_stop_it() -> None:
    clock = dataclasses.replace(CLOCK, zone="Europe/Helsinki", freq="4h")
    panel = drifting(ROWS, clock=clock)
    panel = with_target(panel, np.where(np.random.default_rng(1).random(ROWS) < 0.05, np.nan, panel.target))
    model = single_threaded(panel, small(**OPTIONS, calendar="none"))
    assert np.isfinite(
        smoothing(model).predict(model.windows(panel, np.arange(1)), np.array([700, 890]))
    ).all()


def test_few_horizons_do_not_choose_among_many_sets() -> None:
    model = fit(cut(drifting(300), 120), small(**OPTIONS))
    assert isinstance(model, Model)
    assert part_of(model) is None
    assert "smoothing" not in model.report.choices.validation_mase
