"""Watch: faults are seen, chance is not, at the rate that is declared."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest

from lstmcast.core.errors import UsageError
from lstmcast.core.panel import Panel
from lstmcast.evaluation.ledger import Ledger
from lstmcast.evaluation.watch import BELOW, BOTH, fit_gauge, rarity, stuck, thresholds
from lstmcast.model.model import Model
from lstmcast.model.watching import Rate, Watched, watch
from tests.panels import cut, hourly, single_threaded, small, with_target

MONTHLY = Rate(1, months=1.0)


@cache
def model() -> Model:
    """One that forecasts a day."""
    return single_threaded(hourly(900), small(horizon=24, lookback=48))


def watched(panel: Panel, **how: str) -> Watched:
    return watch(model(), panel, 24, MONTHLY, **how)[0]  # type: ignore[arg-type]


def faulty(change: float, first: int = 888, last: int = 894) -> Panel:
    """A day whose rows from `first` to `last` are changed by a share."""
    target = hourly(900).target.copy()
    target[first:last] *= 1 + change
    return with_target(hourly(900), target)


def test_a_usual_day_raises_no_alarm_and_a_fault_does_with_its_sentence() -> None:
    assert watched(hourly(900)).alarms == ()
    found = watched(faulty(0.4))
    (alarm,) = found.alarms
    assert alarm.kind == "above"
    assert alarm.since <= hourly(900).times[888]
    assert 0.05 < alarm.share <= 0.45
    assert alarm.months > 1
    assert (found.score[12:18] > 1).any()
    assert np.isfinite(found.score).all()
    assert found.least[0] < found.least[1]
    (below,) = watched(faulty(-0.4)).alarms
    assert below.kind == "below"
    assert watched(faulty(0.4), direction=BELOW).alarms == ()


def test_the_forecast_stands_before_its_rows_so_a_fault_cannot_change_it() -> None:
    assert (watched(faulty(5.0)).point == watched(hourly(900)).point).all()


def test_equal_values_for_longer_than_ever_are_stuck() -> None:
    target = hourly(900).target.copy()
    target[890:] = target[889]
    found = watched(with_target(hourly(900), target))
    assert "stuck" in found.alarm
    assert any(alarm.kind == "stuck" for alarm in found.alarms)
    values = np.array([1, 2, 2, 2, 2, 3, 4, 4, 4, 4, 4.0])
    assert stuck(values, 5, 0).tolist() == [False] * 4 + [True]
    assert not stuck(values, 5, 9).any()


def test_missing_rows_are_left_out() -> None:
    target = hourly(900).target.copy()
    target[880:886] = np.nan
    found = watched(with_target(hourly(900), target))
    assert found.alarms == ()
    assert np.isnan(found.score).sum() == 6


def test_a_ledger_is_judged_by_what_it_said() -> None:
    panel, trained = hourly(900), model()
    blocks = []
    for end in (828, 852, 876):
        said = trained.predict(cut(panel, end))
        blocks.append((said, panel.times[end - 1]))
    count = 24 * len(blocks)
    ledger = Ledger(
        issued=np.concatenate([np.full(24, issued) for _, issued in blocks]),
        time=np.concatenate([said.times for said, _ in blocks]),
        point=np.concatenate([said.point for said, _ in blocks]),
        lower=np.concatenate([said.bands[80][0] for said, _ in blocks]),
        upper=np.concatenate([said.bands[80][1] for said, _ in blocks]),
        series=np.zeros(count, dtype=np.int64),
        ids=("",),
        model=np.zeros(count, dtype=np.int64),
        models=("m",),
        source=np.zeros(count, dtype=np.int64),
        sources=("model",),
    )
    (found,) = watch(trained, panel, 24, MONTHLY, BOTH, ledger)
    np.testing.assert_allclose(found.point, blocks[-1][0].point)
    assert found.alarms == ()
    wrong = dataclasses.replace(
        ledger, point=ledger.point + 40, lower=ledger.lower + 40, upper=ledger.upper + 40
    )
    (found,) = watch(trained, panel, 24, MONTHLY, BOTH, wrong)
    assert found.alarms


def test_an_old_model_says_what_to_do() -> None:
    with pytest.raises(UsageError, match="refresh it, or train it anew"):
        watch(dataclasses.replace(model(), templates=None), hourly(900), 24, MONTHLY)


def test_the_rate_of_false_alarms_is_what_is_declared_where_errors_remember() -> None:
    rng = np.random.default_rng(0)

    def nights(count: int) -> np.ndarray:
        noise = rng.normal(size=(count, 24))
        for step in range(1, 24):
            noise[:, step] = 0.8 * noise[:, step - 1] + 0.6 * noise[:, step]
        return noise / 1.2816

    share, alarms = 0.05, 0
    gauge = fit_gauge(nights(300), 60, share)
    fresh = [float(gauge.rows(night).max()) for night in nights(400)]
    limits = thresholds(gauge, fresh, share)
    alarms = sum(score > limit for score, limit in zip(fresh, limits, strict=True))
    assert 0.025 < alarms / 400 < 0.075
    assert rarity(gauge, 100.0, 1.0, 1 / 30, 30) > rarity(gauge, 1.0, 1.0, 1 / 30, 30) == 1.0
    shift = nights(1)[0] + 2.0
    assert gauge.rows(shift).max() > 1
    gap = shift.copy()
    gap[5:9] = np.nan
    assert np.isfinite(gauge.rows(gap)).all()


def test_a_night_with_an_alarm_counts_as_little_more_than_the_threshold() -> None:
    gauge = fit_gauge(np.random.default_rng(0).normal(size=(100, 6)), 10, 0.05)
    limits = thresholds(gauge, [50.0] * 10, 0.05)
    assert limits[-1] < 3 * limits[0]


def test_flat_errors_have_a_spread() -> None:
    gauge = fit_gauge(np.zeros((50, 6)), 10, 0.05)
    assert np.isfinite(gauge.rows(np.ones(6))).all()
    assert gauge.rows(np.ones(6)).max() > 1
