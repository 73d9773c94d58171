"""The linear forecaster as the mean of maps that look back differently far."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from lstmcast.core.errors import UsageError
from lstmcast.data.defaults import segment_and_lookbacks
from lstmcast.forecasters import averaged_ridge as average
from lstmcast.forecasters.averaged_ridge import AveragedRidge, fit_averaged_ridge
from lstmcast.forecasters.ridge import RidgeForecaster, ValidationScorer, best_ridge, gather_moments
from tests.panels import HOURLY, hourly, rooms, small

RNG = np.random.default_rng(0)


def parts(panel):  # type: ignore[no-untyped-def]
    """Windows, training origins and validation of a panel."""
    blocks, _, windows, validation = rooms(panel)
    return windows, windows.usable(blocks.origins("training", windows.lookback, windows.horizon)), validation


def fitted(**kinds) -> AveragedRidge:  # type: ignore[no-untyped-def]
    return fit_averaged_ridge(*parts(hourly()), RNG, **kinds)


def test_a_shorter_lookback_is_a_map_of_the_window_with_zeros_before() -> None:
    windows, training, validation = parts(hourly())
    short = fit_averaged_ridge(windows, training, validation, RNG, 1e-3, [6])
    narrow = dataclasses.replace(windows, lookback=6)
    own, _ = best_ridge(gather_moments(narrow, training, RNG), 1e-3, ValidationScorer(narrow, validation))
    assert not short.ridge.weight[:, :-6].any()
    assert short.ridge.weight[:, -6:] == pytest.approx(own.weight, abs=1e-9)
    assert short.ridge.point(windows, training) == pytest.approx(own.point(narrow, training))


def test_the_linear_forecaster_says_the_mean_of_what_its_maps_say() -> None:
    windows, training, validation = parts(hourly())
    alone = [
        fit_averaged_ridge(windows, training, validation, RNG, 1e-3, [rows]).ridge.point(windows, training)
        for rows in (12, 24)
    ]
    both = fit_averaged_ridge(windows, training, validation, RNG, 1e-3, [12, 24])
    assert both.ridge.lookbacks == (12, 24)
    assert both.ridge.point(windows, training) == pytest.approx((alone[0] + alone[1]) / 2)
    assert both.error == pytest.approx(validation.error(both.ridge.point(windows, validation.origins)))


def test_only_lookbacks_that_are_nearly_best_are_averaged(monkeypatch: pytest.MonkeyPatch) -> None:
    windows, training, validation = parts(hourly())
    errors = {
        rows: fit_averaged_ridge(windows, training, validation, RNG, None, [rows]).error
        for rows in (6, 12, 18, 24)
    }
    assert len(set(errors.values())) == 4
    for share in (0.0, 0.05, 10.0):
        monkeypatch.setattr(average, "NEARLY_BEST", share)
        monkeypatch.setattr(average, "SLACK", np.inf)
        limit = (1 + share) * min(errors.values())
        assert set(fitted().ridge.lookbacks) == {rows for rows, error in errors.items() if error <= limit}


def test_where_nothing_can_be_judged_there_is_a_linear_forecaster_all_the_same() -> None:
    windows, training, validation = parts(hourly())
    blind = dataclasses.replace(validation, actual=np.full_like(validation.actual, np.nan))
    with np.errstate(all="ignore"), pytest.warns(RuntimeWarning, match="empty slice"):
        made = fit_averaged_ridge(windows, training, blind, RNG)
    assert made.ridge.lookbacks == (6, 12, 18, 24)
    assert np.isfinite(made.ridge.weight).all()


def test_a_mean_that_is_clearly_worse_than_the_whole_lookback_is_not_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(average, "NEARLY_BEST", 10.0)
    monkeypatch.setattr(average, "SLACK", -np.inf)
    alone = fitted()
    assert alone.ridge.lookbacks == (24,)
    assert alone.error == min(alone.penalties.values())


def test_the_parts_of_a_lookback_are_whole_segments_up_to_all_of_it() -> None:
    windows, _, _ = parts(hourly())
    for lookback, segment, expected in ((24, 6, [6, 12, 18, 24]), (24, 24, [24]), (1008, 48, 6), (7, 1, 6)):
        found = sorted(set(average._parts(dataclasses.replace(windows, lookback=lookback, segment=segment))))
        assert found[-1] == lookback
        assert not any(rows % segment for rows in found)
        assert found == expected or len(found) == expected


def test_a_judge_gives_the_validation_error_of_a_map() -> None:
    windows, _, validation = parts(hourly())
    made = RidgeForecaster(RNG.normal(size=(6, 24)), RNG.normal(size=6), 0.0)
    expected = validation.error(made.point(windows, validation.origins))
    assert ValidationScorer(windows, validation)(made) == pytest.approx(expected)


def test_a_lookback_for_the_linear_forecaster_can_be_given_but_not_beyond_the_networks() -> None:
    assert segment_and_lookbacks(HOURLY, 6, small(lookback=None, linear_lookbacks=(12, 48)))[1] == [48, 72]
    with pytest.raises(UsageError, match="--linear-lookbacks goes back 48 rows, but the network at most 24"):
        segment_and_lookbacks(HOURLY, 6, small(linear_lookbacks=(12, 48)))
