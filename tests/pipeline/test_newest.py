"""What ships once the test rows have judged it: shares decided again with them, parts taught by every row."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from lstmcast.data.split import split
from lstmcast.evaluation.report import Choices
from lstmcast.forecasters.base import Part
from lstmcast.forecasters.ridge import RidgeForecaster
from lstmcast.model.model import Model
from lstmcast.model.output import of_numbers
from lstmcast.persistence import load, save
from lstmcast.persistence.models import to_record
from lstmcast.pipeline.usual import is_usual
from tests.panels import hourly, rooms, single_threaded, small, stacked, trained, weather, with_target

LINEAR = {"safeguard": "linear", "linear_lookbacks": (24,), "linear_pair": "no", "window_size": "no"}


def choices_of(model: Model) -> Choices:
    """What was chosen for it."""
    assert isinstance(model.report.choices, Choices)
    return model.report.choices


def test_the_verdict_is_of_the_model_before_it_learned_the_newest_rows() -> None:
    for options in (small(), small(safeguard="linear"), small(calendar="calendar", steps=5)):
        last, before = (
            single_threaded(hourly(), dataclasses.replace(options, final=f)) for f in (True, False)
        )
        for name in ("test", "by_horizon", "windows", "first", "last", "verdict"):
            assert last.report[name] == before.report[name], name
        assert choices_of(last).blend == choices_of(before).blend
        assert choices_of(last).validation_mase == choices_of(before).validation_mase
        assert choices_of(last).shipped is not None
        assert choices_of(before).shipped is None


def test_every_row_is_seen_and_none_is_called_unseen() -> None:
    for changes in ({}, LINEAR):
        model = trained(**changes)
        assert (model.seen_until == hourly().times[[-1]]).all()
        assert model.evaluate(hourly()).in_sample
    held_back = trained(**LINEAR, final=False)
    assert not held_back.evaluate(hourly()).in_sample


def test_linear_maps_are_those_of_all_rows() -> None:
    """The slow twin: the map of centred windows of all rows but those that are missed by far, solved anew."""
    model, before = trained(**LINEAR), trained(**LINEAR, final=False)
    blocks, _, windows, _ = rooms(hourly())
    origins = windows.usable(blocks.origins("all", 24, 6))
    origins = origins[is_usual(before.linear, (windows,), origins)]
    past, ahead = windows.past(origins), windows.targets(origins)
    centred = past - past.mean(axis=1, keepdims=True)
    gram = centred @ centred.T
    ridge = model.linear.penalty * np.trace(gram) / len(gram) * np.eye(len(gram))
    weight = np.linalg.solve(gram + ridge, centred @ (ahead - ahead.mean(axis=1, keepdims=True)).T).T
    assert np.allclose(model.linear.weight, weight, atol=1e-5)


def test_shares_are_decided_with_the_test_rows() -> None:
    """Where only the newest rows repeat a day ago exactly, what ships leans on that; what was judged does not."""
    panel, _ = weather(900)
    test, rng = int(split(panel, 6).test[0]), np.random.default_rng(3)
    values = panel.target + rng.normal(0, 3.0, 900)
    for row in range(test, 900):
        values[row] = values[row - 24]
    made = choices_of(
        single_threaded(with_target(panel, values), small(safeguard="auto", steps=0, calendar="none"))
    )
    assert made.shipped is not None
    assert made.shipped.blend.naive > made.blend.naive
    assert made.shipped.mase["seasonal_naive_24"] < made.validation_mase["seasonal_naive_24"]


def test_what_no_training_row_is_like_may_ship_below_zero_once_rows_are() -> None:
    target = np.abs(hourly().target)
    panel = with_target(hourly(), np.where(np.arange(420) == 415, -3.0, target))
    before, after = (
        single_threaded(panel, small(safeguard="linear", final=final)) for final in (False, True)
    )
    assert of_numbers(before.output).limits[0] == 0
    assert np.isnan(of_numbers(after.output).limits[0])
    assert choices_of(after).limits != choices_of(before).limits


def test_a_window_that_is_missed_by_far_does_not_teach_unless_most_are() -> None:
    panel = hourly()
    model = trained(**LINEAR, final=False)

    def usual(target: np.ndarray) -> np.ndarray:
        windows = model.windows(with_target(panel, target), np.arange(1))
        origins = windows[0].usable(np.arange(30, 400))
        return origins[is_usual(model.linear, windows, origins)]

    quiet = usual(panel.target)
    spiked = panel.target.copy()
    spiked[200:203] += 60 * panel.target.std()
    left = usual(spiked)
    assert len(quiet) > 360
    assert not np.isin(np.arange(195, 203), left).any()
    assert np.isin(quiet[quiet < 190], left).all()


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, second = (to_record(single_threaded(hourly(), small()))[1] for _ in range(2))
    assert {name: array.tobytes() for name, array in first.items()} == {
        name: array.tobytes() for name, array in second.items()
    }


def test_panels_whose_series_end_at_different_rows_are_seen_to_their_own_ends() -> None:
    panel = stacked(hourly(420), hourly(400, 1))
    model = single_threaded(panel, small(safeguard="linear"))
    assert (model.seen_until == panel.times[panel.offsets[1:] - 1]).all()


@pytest.mark.parametrize("changes", [{}, {"point": "mean"}], ids=["format 1", "format 2"])
def test_the_ridge_of_each_averaged_map_is_kept_in_the_file(
    changes: dict[str, object], tmp_path: Path
) -> None:
    model = trained(**LINEAR | {"linear_lookbacks": (12, 24)}, **changes)

    def apart(part: Part) -> Part:
        is_linear = isinstance(part, RidgeForecaster)
        return dataclasses.replace(part, penalties=(1e-4, part.penalty)) if is_linear else part

    save(dataclasses.replace(model, ensemble=model.ensemble.mapped(apart)), str(tmp_path / "m.pkl"))
    again = load(str(tmp_path / "m.pkl"))
    assert again.linear.penalties == (1e-4, model.linear.penalty)
    assert np.array_equal(again.predict(hourly()).point, model.predict(hourly()).point)
