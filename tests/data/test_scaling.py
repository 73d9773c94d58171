"""Scaling is fitted on what it is given, undone exactly, and the same in every unit."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import preprocessing

from lstmcast.data.scaling import fit_scaling
from tests.panels import load

KINDS = ("standard", "robust", "minmax", "none")
ZEROS = np.zeros(300, dtype=np.int64)


@pytest.mark.parametrize("transform", ["none", "log1p"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("factor", [1e-9, 1.0, 1e12])
def test_undo_gives_back_what_apply_took(kind: str, transform: str, factor: float) -> None:
    values = load(300) * factor
    scaling = fit_scaling([values], kind, transform)
    assert scaling.undo(scaling.apply(values, ZEROS), ZEROS) == pytest.approx(values, rel=1e-12)


@pytest.mark.parametrize(
    ("kind", "theirs"),
    [
        ("standard", preprocessing.StandardScaler()),
        ("robust", preprocessing.RobustScaler()),
        ("minmax", preprocessing.MinMaxScaler()),
    ],
)
def test_each_kind_agrees_with_scikit_learn(kind: str, theirs) -> None:  # type: ignore[no-untyped-def]
    values = load(300)
    expected = theirs.fit_transform(values[:, None])[:, 0]
    assert fit_scaling([values], kind, "none").apply(values, ZEROS) == pytest.approx(expected)


def test_log1p_takes_the_median_size_as_one() -> None:
    values = np.exp(np.random.default_rng(0).normal(size=300)) * 1e7
    scaled = fit_scaling([values], "none", "log1p").apply(values, ZEROS)
    assert scaled == pytest.approx(np.log1p(values / np.median(values)))


@pytest.mark.parametrize("transform", ["none", "log1p"])
@pytest.mark.parametrize("kind", ["standard", "robust", "minmax"])
@pytest.mark.parametrize("factor", [1e-9, 1e12])
def test_scaled_values_do_not_depend_on_the_unit(kind: str, transform: str, factor: float) -> None:
    values = load(300)
    plain = fit_scaling([values], kind, transform).apply(values, ZEROS)
    other = fit_scaling([values * factor], kind, transform).apply(values * factor, ZEROS)
    assert other == pytest.approx(plain, rel=1e-9, abs=1e-9)


def test_a_level_of_1e9_leaves_the_scaled_values_as_they_are() -> None:
    values = load(300)
    plain = fit_scaling([values], "standard", "none").apply(values, ZEROS)
    raised = fit_scaling([values + 1e9], "standard", "none").apply(values + 1e9, ZEROS)
    assert raised == pytest.approx(plain, abs=1e-6)


def test_missing_values_do_not_count_and_stay_missing() -> None:
    values = load(300)
    holed = values.copy()
    holed[::3] = np.nan
    scaling = fit_scaling([holed], "standard", "none")
    assert scaling.center[0] == pytest.approx(np.nanmean(holed))
    assert scaling.scale[0] == pytest.approx(np.nanstd(holed))
    assert np.isnan(scaling.apply(holed, ZEROS)).tolist() == np.isnan(holed).tolist()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("values", [np.full(50, 7.0), np.zeros(50), np.full(50, np.nan), np.zeros(0)])
def test_a_constant_empty_or_unknown_series_has_a_positive_scale(kind: str, values: np.ndarray) -> None:
    for transform in ("none", "log1p"):
        scaling = fit_scaling([values], kind, transform)
        assert scaling.scale[0] > 0
        assert scaling.unit[0] > 0


def test_each_series_of_a_panel_has_its_own_scale() -> None:
    values = np.concatenate([load(100), 1000 * load(100, seed=1)])
    series = np.repeat([0, 1], 100)
    scaling = fit_scaling([values[:100], values[100:]], "standard", "none")
    scaled = scaling.apply(values, series)
    for part in (scaled[:100], scaled[100:]):
        assert (part.mean(), part.std()) == pytest.approx((0, 1), abs=1e-9)
    stacked = np.stack([scaled, scaled])
    assert scaling.undo(stacked, series)[1] == pytest.approx(values)


@pytest.mark.parametrize("kind", ["standard", "robust", "minmax"])
@pytest.mark.parametrize("rows", [0, 1, 20])
def test_a_series_that_begins_after_training_has_the_size_of_its_own_rows(kind: str, rows: int) -> None:
    late = 20_000 + 1_500 * load(200)[:rows] / load(200).std()
    usual = fit_scaling([load(200)], kind, "none")
    found = fit_scaling([load(200), np.full(5, np.nan)], kind, "none", [load(200), late])
    assert found.center[0] == usual.center[0]
    assert found.scale[0] == usual.scale[0]
    if rows:
        assert found.center[1] > 15_000
        assert found.scale[1] > 500
    else:
        assert (found.center[1], found.scale[1]) == (usual.center[0], usual.scale[0])
