"""The forecaster for few horizons: which members a history can teach, and how what they say is mixed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from lstmcast.core.options import Options
from lstmcast.core.panel import KNOWN, TARGET, Clock, Column, Panel
from lstmcast.data.preprocessing import fit_preparation
from lstmcast.data.split import Split
from lstmcast.data.windows import Windows
from lstmcast.forecasters.airline import airline
from lstmcast.forecasters.bank import bank
from lstmcast.forecasters.half_growth import half_growth
from lstmcast.forecasters.intervals import LEVELS
from lstmcast.forecasters.local import ANSWERING, Local, MemberWeights, Sizes, ask, histories, sizes_of
from lstmcast.forecasters.logarithms import logs_of
from lstmcast.forecasters.panel_ridge import fit_panel_map
from lstmcast.forecasters.spread_bands import SpreadBands
from lstmcast.forecasters.theta import theta
from lstmcast.pipeline.fit import fit

Numbers = NDArray[np.float64]
MONTHS = Clock("MS", seasons=(12,))
SIZES = sizes_of(MONTHS)
THIRDS = MemberWeights(1 / 3, 1 / 3, 1 / 3)


def months(rows: int, seed: int = 0) -> Numbers:
    """(N,) a monthly series that grows, with a season."""
    rng = np.random.default_rng(seed)
    season = 1 + 0.2 * np.sin(2 * np.pi * np.arange(rows) / 12)
    return np.asarray((100 + np.arange(rows)) * season * np.exp(0.03 * rng.normal(size=rows)))


def windows_of(
    *series: Numbers, horizon: int = 6, transform: str = "none", known: Numbers | None = None
) -> Windows:
    """The windows of monthly series, which all of their rows prepare."""
    ends = np.cumsum([0, *map(len, series)])
    times = np.concatenate([MONTHS.grid(np.datetime64("2001-01-01", "us"), len(rows)) for rows in series])
    columns = (
        Column("y", TARGET),
        *(Column(f"x{i}", KNOWN) for i in range(0 if known is None else known.shape[1])),
    )
    values = np.column_stack([np.concatenate(series), *([] if known is None else known.T)])
    ids = tuple(map(str, range(len(series))))
    panel = Panel(ids, ends, times, values, columns, MONTHS, "id" if len(series) > 1 else None)
    blocks = Split(ends[:-1], ends[1:], ends[1:], ends[1:])
    preparation = fit_preparation(panel, blocks, "standard", transform)
    return Windows(preparation.table(panel, np.arange(len(series)), None), 8, horizon, 1, 12)


def test_more_rows_teach_more_members() -> None:
    assert Sizes(12, 144, 12, 24) == SIZES
    assert SIZES.members(8, 12) == ("bank",)
    assert SIZES.members(13, 12) == ("bank", "seasonal_naive")
    assert SIZES.members(14, 12) == SIZES.members(26, 12) == ("half_growth",)
    assert SIZES.members(27, 12) == ("bank", "seasonal_naive", "half_growth")
    assert SIZES.members(36, 12) == ("bank", "theta", "seasonal_naive", "half_growth")
    assert SIZES.members(53, 12) == ("bank", "theta", "ridge", "seasonal_naive", "airline")
    yearly = sizes_of(Clock("YS"))
    assert yearly.members(8, 3) == ("bank", "theta", "seasonal_naive")
    assert yearly.members(46, 3) == ("bank", "theta", "ridge", "seasonal_naive")


def test_weights_of_what_is_not_there_go_to_the_others_and_half_growth_counts_as_the_bank() -> None:
    weights = MemberWeights(0.4, 0.4, 0.2)
    assert weights.among(("bank", "theta")) == pytest.approx({"bank": 0.5, "theta": 0.5})
    assert weights.among(("bank", "seasonal_naive", "half_growth")) == pytest.approx(
        {"bank": 0.5, "half_growth": 0.5}
    )
    three = weights.among(("bank", "theta", "half_growth"))
    assert three == pytest.approx({"bank": 0.4, "theta": 0.4, "half_growth": 0.2})
    assert MemberWeights(0.0, 1.0).among(("half_growth",)) == {"half_growth": 1.0}


def test_histories_begin_where_a_series_was_first_observed_and_go_no_further_back_than_asked() -> None:
    rows = months(30)
    rows[:4] = np.nan
    windows = windows_of(rows, months(20, 1))
    found = list(histories(windows, np.array([12, 24, 42]), 10))
    assert [len(history.values) for history in found] == [8, 10]
    first, second = found
    assert first.values[:, 0] == pytest.approx(rows[4:12])
    assert second.places.tolist() == [1, 2]
    assert second.values == pytest.approx(np.column_stack([rows[14:24], months(20, 1)[2:12]]))


def test_what_the_members_say_is_what_each_says_of_the_rows() -> None:
    rows = months(80)
    answers = ask(windows_of(rows, horizon=6), np.array([60, 70]), SIZES)
    for place, stop in enumerate((60, 70)):
        own = rows[:stop, None]
        said = dict(zip(ANSWERING, answers.points[:, :, place], strict=True))
        assert said["bank"] == pytest.approx(bank(own, 12, 6).point[:, 0])
        assert said["theta"] == pytest.approx(theta(own, 12, 6)[:, 0])
        assert said["seasonal_naive"] == pytest.approx(rows[stop - 12 : stop - 6])
        logs, undo = logs_of(own)
        assert said["airline"] == pytest.approx(undo(airline(logs, 12, 6))[:, 0])
        assert np.isnan(said["panel_ridge"]).all()
        assert answers.variance[:, place] == pytest.approx(bank(own, 12, 6).variance[:, 0])
    mixed = answers.mixed(THIRDS)
    third = answers.points[:3].mean(axis=0)
    assert mixed.point == pytest.approx(third)
    assert mixed.variance == pytest.approx(answers.variance + answers.points[:3].var(axis=0))


def test_a_young_season_has_the_surer_variance_and_the_one_before_it_its_own_rows() -> None:
    rows = months(60)
    answers = ask(windows_of(rows, horizon=12), np.array([20, 30]), SIZES)
    growth = half_growth(rows[:30, None], 12, 12)
    sure = np.minimum(growth.variance, bank(rows[:30, None], 12, 12).variance)[:, 0]
    assert answers.variance[:, 1] == pytest.approx(sure)
    assert answers.rows.tolist() == [2 * (20 - 12), 30]


@pytest.mark.parametrize("transform", ["none", "log1p"])
def test_edges_are_deviations_around_the_point_in_the_units_of_the_file(transform: str) -> None:
    rows = months(80)
    windows = windows_of(rows, horizon=6, transform=transform)
    local, origins = Local(THIRDS, SIZES), np.array([70])
    answer = local.predict((windows,), origins)
    assert windows.table.scaling is not None
    undone = windows.table.scaling.undo(answer, np.zeros(1, dtype=np.int64))
    mixed = ask(windows, origins, SIZES).mixed(THIRDS)
    assert undone[:, len(LEVELS)] == pytest.approx(mixed.point)
    width = SpreadBands().half_widths([80], np.array([70.0]))[80] * np.sqrt(mixed.variance)
    place = LEVELS.index(80)
    assert undone[:, len(LEVELS) + 1 + place] == pytest.approx(mixed.point + width)
    assert undone[:, len(LEVELS) - 1 - place] == pytest.approx(np.maximum(mixed.point - width, 0.0))


def test_columns_known_ahead_are_taken_out_for_every_member_and_put_back() -> None:
    rng = np.random.default_rng(3)
    promoted = (rng.random(90) < 0.3).astype(float)
    rows = months(90) * (1 + 0.5 * promoted)
    windows = windows_of(rows, horizon=6, known=promoted[:, None])
    without = windows_of(rows, horizon=6)
    origins = np.arange(66, 84, 3)
    actual = windows.ahead(rows, origins)
    errors = [
        np.abs(ask(own, origins, SIZES).points[:3] - actual).mean(axis=(1, 2)) for own in (windows, without)
    ]
    assert (errors[0] < 0.6 * errors[1]).all()


def test_a_map_of_the_panel_is_a_ridge_regression_on_logarithms() -> None:
    series = [months(40 + 5 * seed, seed) * 10**seed for seed in range(3)]
    made = fit_panel_map(series, 6, 4)
    assert made is not None
    past, ahead = [], []
    for rows in series:
        logs = np.log1p(rows / np.median(rows))
        for stop in range(6, len(rows) - 3):
            past.append(logs[stop - 6 : stop] - logs[stop - 1])
            ahead.append(logs[stop : stop + 4] - logs[stop - 1])
    X, Y = np.array(past), np.array(ahead)
    left = X - X.mean(axis=0)
    penalty = 0.01 * (left**2).sum() / 6
    weight = np.linalg.solve(left.T @ left + penalty * np.eye(6), left.T @ (Y - Y.mean(axis=0)))
    assert made.weight == pytest.approx(weight.T, rel=1e-8)
    logs, undo = logs_of(series[1][:, None])
    said = weight.T @ (logs[-6:] - logs[-1]) + made.bias[:, None] + logs[-1]
    assert made.predict(series[1][:, None]) == pytest.approx(undo(said))
    assert fit_panel_map([rows[:9] for rows in series], 6, 4) is None


def test_it_answers_from_eight_rows_of_which_half_are_known() -> None:
    rows = months(30)
    rows[10:16] = np.nan
    views, local = (windows_of(rows),), Local(THIRDS, SIZES)
    assert local.answers(views, np.array([7, 8, 16])).tolist() == [False, True, True]
    rows[:] = np.nan
    rows[-2:] = 1.0
    assert local.answers((windows_of(rows),), np.array([30])).tolist() == [False]


def test_what_no_training_gives_is_refused() -> None:
    views, options = (windows_of(months(40)),), Options()
    local = Local(THIRDS, SIZES)
    local.check(views, options)
    for wrong in (
        dataclasses.replace(local, sizes=dataclasses.replace(SIZES, season=0)),
        dataclasses.replace(local, sizes=dataclasses.replace(SIZES, rows=3)),
        dataclasses.replace(local, weights=MemberWeights(-1.0, 2.0)),
        dataclasses.replace(local, weights=MemberWeights(0.0)),
        dataclasses.replace(local, bands=SpreadBands(9)),
        dataclasses.replace(local, bands=SpreadBands(2, 0.0, (1.0,))),
        dataclasses.replace(local, pooled=fit_panel_map([months(60)], 24, 5)),
    ):
        with pytest.raises(ValueError, match=r"season|weights|bands|map"):
            wrong.check(views, options)


def test_a_window_is_answered_once_and_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    windows = windows_of(months(70))
    origins = np.array([60, 55, 64])
    whole = ask(windows, origins, SIZES)
    monkeypatch.setattr("lstmcast.forecasters.local.bank", None)  # nothing is fitted again
    again = ask(windows, origins[::-1], SIZES)
    for name in ("points", "variance", "rows"):
        assert np.array_equal(getattr(again, name), getattr(whole, name)[..., ::-1], equal_nan=True)
    assert ask(windows, origins[:0], SIZES).points.shape == (len(ANSWERING), 6, 0)


def test_the_bank_stands_for_election_where_rows_are_months() -> None:
    rows = months(110)
    ends = np.array([0, 110])
    times = MONTHS.grid(np.datetime64("2001-01-01", "us"), 110)
    panel = Panel(("",), ends, times, rows[:, None], (Column("y", TARGET),), MONTHS)
    model = fit(panel, Options(horizon=1, steps=1))
    assert model.report.choices.few is None
    assert "bank" in model.report.choices.validation_mase
    found = [part for _, part in model.ensemble.parts if isinstance(part, Local)]
    assert all(part.sizes == SIZES for part in found)
    assert np.isfinite(model.predict(panel).point).all()
