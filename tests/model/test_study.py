"""A study of a model on a file: the figures of `evaluate`, and what was said when."""

from __future__ import annotations

import numpy as np
import pytest

from lstmcast.core.errors import DataError
from lstmcast.core.panel import Panel
from lstmcast.model.model import Model
from lstmcast.model.study import study
from tests.class_panels import class_trained, daily
from tests.panels import cut, hourly, load, panel_of, single_threaded, small, stacked, trained


@pytest.fixture(scope="module")
def longer() -> Panel:
    """Rows that the model of `trained` has seen, and six days more."""
    return panel_of(load(564))


def test_the_losses_are_those_of_evaluate(longer: Panel) -> None:
    model = trained()
    found, report = study(model, longer), model.evaluate(longer)
    overall = found.tally.overall().losses
    assert not found.in_sample
    assert (found.windows, found.first, found.last) == (report.windows, report.first, report.last)
    for name, loss in overall.items():
        assert loss == pytest.approx(report.test[name]["mae"])
    assert found.measure == "mae"
    assert found.rival in ("naive", "seasonal_naive_24")
    for step, group in enumerate(found.tally.groups("step")):
        assert group.losses["model"] == pytest.approx(report.by_horizon[step]["model"]["mae"])
    assert found.bands is not None
    assert found.bands.coverage[80] == pytest.approx(report.test["model"]["coverage_80"])


def test_what_was_said_shortly_before_is_laid_on_its_rows(longer: Panel) -> None:
    model = trained()
    found = study(model, longer)
    near = found.said[0]
    rows = np.flatnonzero(np.isfinite(near.point))
    assert near.steps is None
    assert np.array_equal(rows, np.arange(rows[0], rows[-1] + 1))  # every row once
    origin = int(rows[0])
    told = model.predict(cut(longer, origin))
    assert np.allclose(near.point[origin : origin + 6], told.point)
    assert near.lower is not None
    assert np.allclose(near.lower[origin : origin + 6], told.bands[80][0])
    assert np.allclose(found.errors[rows], near.point[rows] - longer.target[rows])
    assert np.allclose(found.losses[rows], np.abs(found.errors[rows]))


def test_what_was_said_a_week_ahead_is_rolled_on(longer: Panel) -> None:
    model = trained()
    panel = panel_of(load(420 + 24 * 12))
    far = study(model, panel).said[1]
    rows = np.flatnonzero(np.isfinite(far.point))
    assert far.steps == 168
    assert len(rows)
    assert len(rows) % 24 == 0
    origin = int(rows[0]) - 144
    told = model.predict(cut(panel, origin), 168)
    assert np.allclose(far.point[rows[:24]], told.point[144:])


def test_a_file_without_unseen_rows_is_told_in_sample() -> None:
    found = study(trained(), hourly(300))
    assert found.in_sample
    with pytest.raises(DataError, match="no window"):
        study(trained(), hourly(26))


def test_a_panel_is_judged_over_each_scale_and_shows_the_worst_and_the_median() -> None:
    panel = stacked(*(panel_of(load(420, seed) * 10.0**seed) for seed in range(3)))
    model = single_threaded(panel, small(id="meter"))
    found = study(model, panel)
    assert found.measure == "mase"
    assert len(found.shown) == 2
    ranked = sorted(found.tally.groups("series"), key=lambda group: -group.losses["model"])
    assert panel.ids[found.shown[0]] == ranked[0].label
    assert isinstance(model, Model)


def test_classes_have_log_losses_and_chances() -> None:
    model, panel = class_trained(), daily(340)
    found, report = study(model, panel), model.evaluate(panel)
    assert found.measure == "log_loss"
    assert found.tally.overall().losses["model"] == pytest.approx(report.test["model"]["log_loss"])
    assert found.bands is None
    assert found.chances is not None
    assert found.chances.parts
    assert {0.0, 1.0} >= set(np.unique(found.said[0].point[np.isfinite(found.said[0].point)])) - {2.0}
