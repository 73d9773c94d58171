"""Metrics, against scikit-learn and their formulas; what has no denominator is not defined."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as theirs

from lstmcast.cli.show.figures import ratio
from lstmcast.data.scaling import seasonal_scale
from lstmcast.evaluation.metrics import NumberTally, mean_pinball, pinball, terms, winkler

RNG = np.random.default_rng(0)
ACTUAL = RNG.normal(50, 5, size=(4, 30))
POINT = ACTUAL + RNG.normal(size=(4, 30))
SCALE = np.linspace(1, 2, 30)


def tally_of(actual=ACTUAL, point=POINT, scale=SCALE, bands=None):  # type: ignore[no-untyped-def]
    tally = NumberTally(len(actual))
    tally.add(terms(actual, point, scale, bands))
    return tally


@pytest.mark.parametrize("step", [None, 0, 3])
def test_mae_rmse_and_mape_agree_with_scikit_learn(step: int | None) -> None:
    rows = slice(None) if step is None else slice(step, step + 1)
    y, p = ACTUAL[rows].ravel(), POINT[rows].ravel()
    found = tally_of().metrics(step)
    assert found["mae"] == pytest.approx(theirs.mean_absolute_error(y, p))
    assert found["rmse"] == pytest.approx(theirs.root_mean_squared_error(y, p))
    assert found["mape"] == pytest.approx(100 * theirs.mean_absolute_percentage_error(y, p))


def test_mase_and_smape_are_their_formulas() -> None:
    found = tally_of().metrics()
    assert found["mase"] == pytest.approx(np.mean(np.abs(POINT - ACTUAL) / SCALE))
    smape = 200 * np.abs(POINT - ACTUAL) / (np.abs(POINT) + np.abs(ACTUAL))
    assert found["smape"] == pytest.approx(smape.mean())


def test_coverage_is_the_share_inside_edges_included() -> None:
    actual = np.array([[1.0, 2.0, 3.0, np.nan]])
    bands = {80: (np.array([[1.0, 2.5, 0.0, 0.0]]), np.array([[1.0, 3.0, 9.0, 9.0]]))}
    found = tally_of(actual, actual, np.ones(4), bands).metrics()
    assert found["coverage_80"] == pytest.approx(2 / 3)


def test_adding_in_parts_is_adding_at_once() -> None:
    parts = NumberTally(4)
    for columns in (slice(0, 7), slice(7, 8), slice(8, 30)):
        parts.add(terms(ACTUAL[:, columns], POINT[:, columns], SCALE[columns]))
    assert parts.metrics() == pytest.approx(tally_of().metrics())


def test_missing_targets_do_not_count() -> None:
    holed = ACTUAL.copy()
    holed[:, ::3] = np.nan
    kept = np.ones(30, dtype=bool)
    kept[::3] = False
    expected = tally_of(ACTUAL[:, kept], POINT[:, kept], SCALE[kept]).metrics()
    assert tally_of(holed).metrics() == pytest.approx(expected)


def test_a_metric_without_a_denominator_is_not_defined() -> None:
    zeros = np.zeros((2, 3))
    found = tally_of(zeros, zeros, np.full(3, np.nan)).metrics()
    assert found["mase"] is None
    assert found["smape"] == 0
    assert found["mape"] is None
    assert (found["mae"], found["rmse"]) == (0.0, 0.0)
    assert tally_of(zeros, zeros + 1, np.zeros(3)).metrics()["mase"] is None
    some = tally_of(np.array([[0.0, 4.0]]), np.array([[0.0, 2.0]]), np.array([0.0, 2.0])).metrics()
    assert (some["mase"], some["smape"]) == pytest.approx((1.0, 200 * 2 / 6 / 2))


def test_a_window_whose_scale_is_unknown_is_left_out_of_mase_alone() -> None:
    scale = SCALE.copy()
    scale[:10] = np.nan
    found = tally_of(scale=scale).metrics()
    assert found["mase"] == pytest.approx(np.mean(np.abs(POINT - ACTUAL)[:, 10:] / SCALE[10:]))
    assert found["mae"] == tally_of().metrics()["mae"]


def test_nothing_known_makes_every_metric_undefined() -> None:
    nothing = np.full((2, 3), np.nan)
    assert set(tally_of(nothing, nothing, np.ones(3)).metrics().values()) == {None}
    assert set(NumberTally(2).metrics().values()) <= {None}


def test_a_percentage_of_almost_nothing_is_left_out() -> None:
    near = ACTUAL.copy()
    near[0, 0] = 0.001
    assert tally_of(near).metrics()["mape"] is None
    assert tally_of(near).metrics()["smape"] is not None


def test_seasonal_scale_is_the_mean_absolute_seasonal_change_over_known_pairs() -> None:
    values = np.array([1.0, 2.0, 4.0, np.nan, 8.0, 3.0])
    assert seasonal_scale(values, 2) == pytest.approx(np.mean([3.0, 4.0]))
    assert seasonal_scale(np.full(9, 3.0), 2) == 0.0
    assert np.isnan(seasonal_scale(values, 6))
    assert np.isnan(seasonal_scale(values, 60))


@pytest.mark.parametrize("quantile", [0.05, 0.5, 0.9])
def test_pinball_agrees_with_scikit_learn(quantile: float) -> None:
    expected = theirs.mean_pinball_loss(ACTUAL.ravel(), POINT.ravel(), alpha=quantile)
    assert pinball(ACTUAL, POINT, quantile).mean() == pytest.approx(expected)


def test_the_pinball_of_a_forecast_is_that_of_its_median_and_of_the_edges_of_its_bands() -> None:
    bands = {80: (POINT - 1, POINT + 2), 90: (POINT - 2, POINT + 3)}
    edges = {0.5: POINT, 0.1: POINT - 1, 0.9: POINT + 2, 0.05: POINT - 2, 0.95: POINT + 3}
    losses = [theirs.mean_pinball_loss(ACTUAL.ravel(), p.ravel(), alpha=q) for q, p in edges.items()]
    assert mean_pinball(ACTUAL, POINT, bands).mean() == pytest.approx(np.mean(losses))
    assert tally_of(bands=bands).metrics()["pinball"] == pytest.approx(np.mean(losses))


def test_winkler_is_the_width_and_a_fine_for_what_lies_outside() -> None:
    actual = np.array([[0.0, 5.0, 11.0, -2.0]])
    band = np.zeros((1, 4)), np.full((1, 4), 10.0)
    assert winkler(actual, band, 80).ravel().tolist() == pytest.approx([10, 10, 10 + 10 * 1, 10 + 10 * 2])
    assert tally_of(actual, actual, np.ones(4), {80: band}).metrics()["winkler_80"] == pytest.approx(17.5)


def test_groups_are_the_means_of_their_targets() -> None:
    actual, codes = ACTUAL.copy(), RNG.integers(3, size=ACTUAL.shape)
    actual[0, :5] = np.nan
    scale = SCALE.copy()
    scale[7] = np.nan
    codes[codes == 2] = 0
    bands = {80: (POINT - 1, POINT + 2)}
    groups = NumberTally(3)
    for columns in (slice(0, 11), slice(11, 30)):
        band = {80: (bands[80][0][:, columns], bands[80][1][:, columns])}
        found = terms(actual[:, columns], POINT[:, columns], scale[columns], band)
        groups.add(found, codes[:, columns])
    for code in (0, 1):
        own = np.where(codes == code, actual, np.nan)
        alone = tally_of(own, POINT, scale, bands).metrics()
        assert groups.metrics(code) == pytest.approx(alone)
        assert None not in alone.values()
    assert (groups.count(0) + groups.count(1), groups.count(2)) == (np.isfinite(actual).sum(), 0)
    assert set(groups.metrics(2).values()) == {None}


def test_smape_of_nothing_forecast_as_nothing_is_zero() -> None:
    actual, point = np.array([[0.0, 0.0, 2.0, np.nan]]), np.array([[0.0, 1.0, 2.0, 0.0]])
    assert tally_of(actual, point, np.ones(4)).metrics()["smape"] == pytest.approx(200 / 3)


def panel_terms(seed: int = 0):  # type: ignore[no-untyped-def]
    """What came and what was forecast (5, 60), scale and series of each window, and the group of each row."""
    rng = np.random.default_rng(seed)
    series = np.sort(rng.integers(7, size=60))
    actual, point = rng.normal(10, 3, (2, 5, 60)).round(1)
    actual[rng.random((5, 60)) < 0.2] = np.nan
    actual[:, series == 3] = np.nan  # of one series nothing came
    point[:, series == 5] = 0.0
    actual[:, series == 5] = 0.0
    return actual, point, 1.0 + series, series, rng.integers(3, size=(5, 60))


@pytest.mark.parametrize("stops", [[60], [13, 29, 30, 60], list(range(1, 61))])
def test_the_figures_of_a_panel_are_means_over_its_series(stops: list[int]) -> None:
    actual, point, scale, series, codes = panel_terms()
    by_step, by_group, start = NumberTally(5), NumberTally(3), 0
    for stop in stops:
        part = slice(start, stop)
        found = terms(actual[:, part], point[:, part], scale[part])
        by_step.add(found, series=series[part])
        by_group.add(found, codes[:, part], series[part])
        start = stop
    own, steps = np.broadcast_to(series, actual.shape), np.arange(5)[:, None]
    for tally, group, rows in (
        (by_step, None, own >= 0),
        (by_step, 2, (own >= 0) & (steps == 2)),
        (by_group, 1, codes == 1),
    ):
        each = []
        for number in range(7):
            chosen = rows & (own == number) & np.isfinite(actual)
            alone = NumberTally(1)
            if chosen.any():
                alone.add(
                    terms(actual[chosen][None], point[chosen][None], np.full(chosen.sum(), 1.0 + number))
                )
                each.append(alone.metrics())
        metrics = tally.metrics(group)
        for name in ("mae", "rmse", "mase", "smape"):
            assert metrics[name] == pytest.approx(np.mean([one[name] for one in each]))
        assert ("pooled_mae" in metrics) == (group is None)
    assert by_step.metrics()["pooled_mae"] == pytest.approx(np.nanmean(np.abs(point - actual)))


def test_the_figures_of_a_panel_are_those_of_utilsforecast() -> None:
    losses = pytest.importorskip("utilsforecast.losses")
    actual, point, _, series, _ = panel_terms()
    training = np.random.default_rng(1).normal(10, 3, size=(7, 50))
    scale = np.array([seasonal_scale(rows, 4) for rows in training])
    tally = NumberTally(5)
    tally.add(terms(actual, point, scale[series]), series=series)
    known = np.isfinite(actual.T)
    frame = pd.DataFrame(
        {
            "unique_id": np.broadcast_to(series[:, None], known.shape)[known],
            "ds": np.arange(known.sum()),
            "y": actual.T[known],
            "us": point.T[known],
        }
    )
    past = pd.DataFrame(
        {"unique_id": np.repeat(np.arange(7), 50), "ds": np.tile(np.arange(50), 7), "y": training.ravel()}
    )
    found = tally.metrics()
    for name, factor in (("mae", 1.0), ("rmse", 1.0), ("smape", 200.0)):
        assert found[name] == pytest.approx(factor * getattr(losses, name)(frame, ["us"])["us"].mean())
    assert found["mase"] == pytest.approx(losses.mase(frame, ["us"], 4, past)["us"].mean())


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.5314, "0.531"), (12.0, "12.000"), (0.0123456, "0.0123"), (4.1234e-9, "4.12e-09"), (0.0, "0.000")],
)
def test_a_ratio_keeps_three_digits(value: float, shown: str) -> None:
    assert ratio(value) == shown


def test_no_ratio_is_printed_with_fifty_digits() -> None:
    assert (ratio(4.9e49), ratio(None)) == ("over 1,000,000", "not defined")
