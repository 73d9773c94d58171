"""The ridge map, against scikit-learn and least squares on all windows."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from lstmcast.forecasters import ridge as room
from lstmcast.forecasters.base import NewRows
from lstmcast.forecasters.ridge import (
    LOOKS_FOR_STRONGER,
    PENALTIES,
    STRONGER,
    RidgeForecaster,
    fit_ridge,
    gather_moments,
    mean_map,
    ridges,
)
from tests.panels import hourly, load, panel_of, rooms, stacked

RNG = np.random.default_rng(0)


def parts(panel, **kinds):  # type: ignore[no-untyped-def]
    """Windows, training origins and validation of a panel."""
    blocks, _, windows, validation = rooms(panel, **kinds)
    return windows, windows.usable(blocks.origins("training", windows.lookback, windows.horizon)), validation


def ridge(windows, origins, penalty: float) -> Ridge:  # type: ignore[no-untyped-def]
    """scikit-learn's map of the same windows."""
    past, ahead = windows.past(origins).T, windows.targets(origins).T
    gram = (past - past.mean(axis=0)).T @ (past - past.mean(axis=0))
    return Ridge(alpha=penalty * np.trace(gram) / len(gram)).fit(past, ahead)


@pytest.mark.parametrize("penalty", [1e-6, 1e-3, 0.1, 10.0])
@pytest.mark.parametrize("is_anchored", [True, False])
def test_the_map_is_scikit_learns_ridge_on_all_windows(penalty: float, is_anchored: bool) -> None:
    windows, training, validation = parts(hourly(), is_anchored=is_anchored)
    found, _ = fit_ridge(windows, training, validation, RNG, penalty)
    theirs = ridge(windows, training, penalty)
    assert found.weight == pytest.approx(theirs.coef_, abs=1e-6)
    assert found.bias == pytest.approx(theirs.intercept_, abs=1e-6)


def test_without_a_penalty_it_is_least_squares() -> None:
    windows, training, validation = parts(hourly(), is_anchored=False)
    found, _ = fit_ridge(windows, training, validation, RNG, 0.0)
    past = np.column_stack([windows.past(training).T, np.ones(len(training))])
    solution = np.linalg.lstsq(past, windows.targets(training).T, rcond=None)[0]
    assert found.weight == pytest.approx(solution[:-1].T, abs=1e-7)
    assert found.bias == pytest.approx(solution[-1], abs=1e-7)


def test_a_panel_pools_the_windows_of_all_its_series() -> None:
    windows, training, validation = parts(stacked(hourly(300), hourly(420, seed=1)))
    assert len(np.unique(windows.table.series[training])) == 2
    found, _ = fit_ridge(windows, training, validation, RNG, 1e-3)
    assert found.weight == pytest.approx(ridge(windows, training, 1e-3).coef_, abs=1e-6)


def test_the_penalty_is_the_one_with_the_lowest_validation_error() -> None:
    windows, training, validation = parts(hourly(200))
    best, tried = fit_ridge(windows, training, validation, RNG)
    alone = {p: fit_ridge(windows, training, validation, RNG, p)[1][p] for p in PENALTIES}
    assert {p: tried[p] for p in PENALTIES} == alone
    assert alone[best.penalty] == min(alone.values())
    assert len(set(alone.values())) == len(PENALTIES)


def test_validation_rows_choose_among_the_maps_but_do_not_make_them() -> None:
    panel = hourly(300)
    windows, training, validation = parts(panel)
    mirrored = dataclasses.replace(validation, actual=-validation.actual)
    for penalty in PENALTIES:
        one = fit_ridge(windows, training, validation, RNG, penalty)[0]
        other = fit_ridge(windows, training, mirrored, RNG, penalty)[0]
        assert one.weight.tobytes() == other.weight.tobytes()


def test_windows_with_missing_targets_do_not_teach_where_there_are_enough_others() -> None:
    target = load(420)
    target[[70, 71, 150]] = np.nan
    windows, training, validation = parts(panel_of(target))
    complete = training[windows.ahead(windows.table.observed, training).all(axis=0)]
    assert 30 < len(complete) < len(training)
    found, _ = fit_ridge(windows, training, validation, RNG, 1e-3)
    assert found.weight == pytest.approx(ridge(windows, complete, 1e-3).coef_, abs=1e-6)


def test_many_windows_are_sampled_at_random_and_not_at_a_stride(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_WINDOWS", 60)
    seen: list[np.ndarray] = []
    monkeypatch.setattr(
        room, "_known_throughout", lambda windows, origins: (seen.append(origins), origins)[1]
    )
    windows, training, validation = parts(hourly())
    fit_ridge(windows, training, validation, np.random.default_rng(1), 1e-3)
    fit_ridge(windows, training, validation, np.random.default_rng(1), 1e-3)
    fit_ridge(windows, training, validation, np.random.default_rng(2), 1e-3)
    assert [len(np.unique(origins)) for origins in seen] == [60, 60, 60]
    assert seen[0].tolist() == seen[1].tolist() != seen[2].tolist()
    assert len(np.unique(np.diff(seen[0]))) > 3
    assert len(np.unique(seen[0] % 24)) > 15
    assert set(seen[0]) <= set(training)


def test_thirty_thousand_windows_are_enough() -> None:
    assert room.MOST_WINDOWS == 30_000


def test_moments_in_chunks_are_those_of_all_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    windows, training, validation = parts(hourly())
    whole = fit_ridge(windows, training, validation, RNG, 1e-3)[0]
    monkeypatch.setattr(room, "_CHUNK", 37)
    assert fit_ridge(windows, training, validation, RNG, 1e-3)[0].weight == pytest.approx(
        whole.weight, abs=1e-9
    )


def test_a_forecast_is_the_map_of_the_normalised_window_put_back() -> None:
    windows, _, _ = parts(hourly())
    made = RidgeForecaster(np.zeros((6, 24)), np.arange(6.0), 0.0)
    last = windows.table.scaled[[99, 299]]
    assert made.point(windows, np.array([100, 300])) == pytest.approx(last + np.arange(6.0)[:, None])


def test_a_constant_series_has_a_map_that_says_the_constant() -> None:
    windows, training, validation = parts(panel_of(np.full(300, 5.0)))
    found, errors = fit_ridge(windows, training, validation, RNG)
    assert set(errors.values()) == {0}
    assert (found.point(windows, training) == windows.table.scaled[0]).all()


def test_a_stronger_ridge_is_tried_where_the_strongest_is_best_and_there_are_horizons_to_tell() -> None:
    noise = np.random.default_rng(0).normal(size=700)  # nothing to learn: the stronger the better
    windows, training, validation = parts(panel_of(noise))
    assert validation.apart >= LOOKS_FOR_STRONGER
    best, tried = fit_ridge(windows, training, validation, RNG)
    assert tuple(tried) == (*PENALTIES, *STRONGER)[: len(tried)]
    assert best.penalty in STRONGER
    few = dataclasses.replace(
        validation,
        origins=validation.origins[-6:],
        series=validation.series[-6:],
        actual=validation.actual[:, -6:],
        scale=validation.scale[-6:],
    )
    assert tuple(fit_ridge(windows, training, few, RNG)[1]) == PENALTIES


def test_each_map_of_a_mean_keeps_its_own_ridge_when_it_is_taught_again() -> None:
    windows, training, _ = parts(hourly(300))
    moments = gather_moments(windows, training, RNG)
    maps = [next(ridges(moments.recent(rows), (own,))) for rows, own in ((6, 1e-5), (windows.lookback, 0.1))]
    mean = mean_map(maps, windows.lookback)
    again = mean.refitted(NewRows((windows,), training, 1.0, RNG))
    assert mean.penalties == (1e-5, 0.1)
    assert again.weight == pytest.approx(mean.weight, abs=1e-12)
    assert mean_map(maps[:1] * 2, windows.lookback).penalties == ()
