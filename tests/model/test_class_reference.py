"""Fresh rows of classes beside those of training: stretches, gaps, shares, and columns out of range."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from lstmcast.core.panel import Panel
from lstmcast.model.model import Model
from lstmcast.model.reference import ClassStatistics, fit_class_statistics, widened
from lstmcast.persistence.models import from_record, to_record
from tests.class_panels import class_fit, class_panel, class_trained, daily

NAN = np.nan


def changed(panel: Panel, rows: slice, value: float) -> Panel:
    """The panel with another class in some rows."""
    values = panel.values.copy()
    values[rows, 0] = value
    return dataclasses.replace(panel, values=values)


def codes_of(model: Model, panel: Panel) -> list[str]:
    """The codes of the findings of a forecast."""
    return [finding.code for finding in model.predict(panel).findings]


@pytest.fixture(scope="module")
def model() -> Model:
    """A model of a short cycle of classes, whose look-backs are alike."""
    return class_fit(class_panel((np.arange(300) // 2 % 3).astype(float)), lookback=24)


def test_the_facts_are_those_made_by_hand() -> None:
    codes = np.array([0, 0, 1, 1, 1, 2, NAN, 0, 0, 0, 0, 2], dtype=float)
    habits = fit_class_statistics([codes], 3, 4)
    assert habits.flat.tolist() == [4.0]
    assert habits.missing == pytest.approx(1 / 12)
    shares = []
    for first in range(9):
        window = codes[first : first + 4]
        known = window[np.isfinite(window)]
        shares.append([(known == code).mean() for code in range(3)])
    np.testing.assert_allclose(habits.least_shares[0], np.min(shares, axis=0))
    np.testing.assert_allclose(habits.greatest_shares[0], np.max(shares, axis=0))
    empty = fit_class_statistics([np.full(5, NAN)], 3, 4)
    assert not empty.is_known.any()


def test_a_forecast_from_usual_rows_has_nothing_to_say(model: Model) -> None:
    panel = class_panel((np.arange(320) // 2 % 3).astype(float))
    assert codes_of(model, panel) == []
    assert codes_of(class_trained(), daily()) == []


def test_a_class_that_stays_too_long_and_one_that_is_too_frequent_are_named(model: Model) -> None:
    panel = class_panel((np.arange(320) // 2 % 3).astype(float))
    found = model.predict(changed(panel, slice(-10, None), 1.0)).findings
    assert [finding.code for finding in found] == ["flat", "class_share"]
    assert f"stays at {panel.classes[1]!r} for" in found[0].message
    assert f"is {panel.classes[1]!r} in" in found[1].message
    assert found[0].place.fields["column"] == panel.columns[0].name
    gaps = changed(panel, slice(-11, -6), NAN)
    assert "missing_share" in codes_of(model, gaps)


def test_a_column_far_out_of_range_is_named() -> None:
    wind = np.sin(np.arange(300))
    model = class_fit(
        class_panel((np.arange(300) // 2 % 3).astype(float), past=wind), past=("past",), lookback=24
    )
    odd = class_panel(
        (np.arange(300) // 2 % 3).astype(float), past=np.where(np.arange(300) == 295, 50.0, wind)
    )
    assert codes_of(model, odd) == ["out_of_range"]


def test_facts_are_kept_in_the_file_and_know_newer_rows(model: Model) -> None:
    assert isinstance(model.habits, ClassStatistics)
    again = from_record(*to_record(model))
    assert isinstance(again.habits, ClassStatistics)
    for name in again.habits.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(again.habits, name), getattr(model.habits, name))
    newer = np.where(np.arange(60) < 40, 1.0, 0.0)
    wide = widened(model.habits, np.array([0]), [newer], 1, 24)
    assert isinstance(wide, ClassStatistics)
    assert wide.greatest_shares[0].tolist() == [
        pytest.approx(20 / 24),
        1.0,
        model.habits.greatest_shares[0, 2],
    ]
    assert wide.flat.tolist() == model.habits.flat.tolist()
