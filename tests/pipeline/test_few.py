"""Files with few horizons: none from eight rows on is refused, nothing is chosen, the verdict says what it rests on."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lstmcast.core.errors import TrainingError
from lstmcast.core.options import Options
from lstmcast.core.panel import TARGET, Clock, Column, Panel
from lstmcast.evaluation.verdict import TOO_SHORT
from lstmcast.forecasters.intervals import LEVELS
from lstmcast.forecasters.local import Local, MemberWeights
from lstmcast.model.model import Model
from lstmcast.persistence import load, save
from lstmcast.pipeline.fit import fit
from lstmcast.pipeline.refresh import Outcome, refreshing

Numbers = NDArray[np.float64]
CLOCKS = {
    "YS": Clock("YS"),
    "QS": Clock("QS", seasons=(4,)),
    "MS": Clock("MS", seasons=(12,)),
    "W-SUN": Clock("W-SUN", seasons=(52,)),
    "D": Clock("D", seasons=(7,)),
}


def panel(*series: Numbers, freq: str = "MS") -> Panel:
    """Series of one clock, which begin together."""
    clock, ends = CLOCKS[freq], np.cumsum([0, *map(len, series)])
    times = np.concatenate([clock.grid(np.datetime64("2001-01-01", "us"), len(rows)) for rows in series])
    values, ids = np.concatenate(series)[:, None], tuple(map(str, range(len(series))))
    return Panel(ids, ends, times, values, (Column("y", TARGET),), clock, "id" if len(series) > 1 else None)


def rows(count: int, seed: int = 0, season: int = 12) -> Numbers:
    """(N,) growth, a season and noise; always positive."""
    rng = np.random.default_rng(seed)
    year = 1 + 0.2 * np.sin(2 * np.pi * np.arange(count) / season)
    return np.asarray((100 + np.arange(count)) * year * np.exp(0.05 * rng.normal(size=count)))


def trained(*series: Numbers, freq: str = "MS", **options: object) -> Model:
    model = fit(panel(*series, freq=freq), dataclasses.replace(Options(), **options))
    assert isinstance(model, Model)
    return model


def local_of(model: Model) -> Local:
    ((_, part),) = model.ensemble.parts
    assert isinstance(part, Local)
    return part


@pytest.mark.parametrize("freq", ["YS", "QS", "MS", "W-SUN", "D"])
@pytest.mark.parametrize("count", [8, 9, 15, 28, 60])
def test_from_eight_rows_on_there_is_a_forecast_with_bands_that_differ(freq: str, count: int) -> None:
    series = rows(count)
    model = trained(series, freq=freq)
    said = model.predict(panel(series, freq=freq), levels=LEVELS)
    assert np.isfinite(said.point).all()
    widths = np.array([said.bands[level][1] - said.bands[level][0] for level in LEVELS])
    assert (np.diff(widths, axis=0) > 0).all()
    assert not said.fallbacks


def test_fewer_rows_are_refused_and_the_number_in_the_refusal_is_enough() -> None:
    with pytest.raises(TrainingError, match="at least 8"):
        trained(rows(7))
    with pytest.raises(TrainingError, match="at least 20") as refused:
        trained(rows(14), test="12")
    assert "12 are held back" in str(refused.value)
    trained(rows(20), test="12")


def test_the_verdict_says_what_it_rests_on() -> None:
    short = trained(rows(30)).report
    assert (short.verdict, short.windows) == (TOO_SHORT, 0)
    one = trained(rows(60)).report.verdict
    assert "MASE" in one
    assert "1 horizon: too few to tell differences under about 30 %" in one
    assert "beats" not in one
    four = trained(rows(120), horizon=4).report.verdict
    assert "judged on 4 horizons" in four


def test_nothing_of_the_test_rows_is_in_what_is_judged() -> None:
    series, broken = rows(90), rows(90)
    model = trained(series, final=False)
    few = model.report.choices.few
    assert few is not None
    broken[-12 * few.horizons :] *= 3
    other = trained(broken, final=False)
    assert local_of(other).weights == local_of(model).weights
    assert local_of(other).bands == local_of(model).bands
    assert other.output.limits == model.output.limits
    again = trained(broken)
    assert local_of(again).bands != local_of(model).bands


def test_weights_are_the_prior_where_there_is_no_fold_and_move_little_with_some() -> None:
    assert local_of(trained(rows(45))).weights == MemberWeights(*(3 * [1 / 4]), airline=1 / 4)
    moved = local_of(trained(rows(140), horizon=6)).weights
    shares = moved.bank, moved.theta, moved.ridge, moved.airline
    assert sum(shares) == pytest.approx(1)
    assert 0.1 < min(shares) < 1 / 4 < max(shares) < 0.63


def test_a_panel_has_one_vector_of_weights_a_map_of_all_and_bands_of_all() -> None:
    series = [rows(70 + seed, seed) * 10.0 ** (seed % 3) for seed in range(8)]
    model = trained(*series)
    local = local_of(model)
    assert local.pooled is not None
    assert local.weights.panel_ridge > 0
    assert len(local.bands.ratios) == 2
    assert local.bands.folds == 2
    said = model.predict(panel(*series), levels=(80,))
    assert np.isfinite(said.point).all()
    assert len(said.point) == 8 * 12


def test_a_young_series_of_a_panel_is_forecast_as_its_rows_allow() -> None:
    series = [rows(70, seed) for seed in range(4)] + [rows(9, 9), rows(20, 8)]
    model = trained(*series)
    said = model.predict(panel(*series), levels=(80, 95))
    assert np.isfinite(said.point).all()
    assert not said.fallbacks


def test_what_is_written_is_read_again_and_says_the_same(tmp_path: Path) -> None:
    series = [rows(60 + 3 * seed, seed) for seed in range(3)]
    for own in (series[:1], series):
        model = trained(*own)
        save(model, str(tmp_path / "m.pkl"))
        again = load(str(tmp_path / "m.pkl"))
        assert isinstance(again, Model)
        fresh = panel(*[rows(66 + 3 * seed, seed) for seed in range(len(own))])
        before, after = (one.predict(fresh, levels=(80, 95)) for one in (model, again))
        assert np.array_equal(before.point, after.point)
        assert np.array_equal(before.bands[95][0], after.bands[95][0])
        assert (
            again.report.choices.few == model.report.choices.few
            or again.report["choices"] == model.report["choices"]
        )


def test_gaps_do_not_stop_it_and_a_file_that_has_become_short_is_forecast_by_the_last_value() -> None:
    series = rows(60)
    series[[5, 20, 21, 22, 40, 57, 58]] = np.nan
    model = trained(series)
    said = model.predict(panel(series))
    assert np.isfinite(said.point).all()
    assert not said.fallbacks
    short = model.predict(panel(rows(5)))
    assert [stood_in.code for stood_in in short.fallbacks] == ["too_short"]
    assert set(short.source) == {"naive"}


def test_two_trainings_give_the_same_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save(trained(rows(70), rows(60, 1)), str(tmp_path / name))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_it_is_refreshed_and_evaluated_like_any_model() -> None:
    series = rows(90)
    model = trained(series[:60])
    found = model.evaluate(panel(series))
    assert found.windows > 0
    *_, outcome = refreshing(model, panel(series), always=True)
    assert isinstance(outcome, Outcome)
    assert outcome.model.seen_until[0] == panel(series).times[-1]
    assert local_of(outcome.model).bands != local_of(model).bands


def test_beyond_the_trained_horizon_no_forecast_stands_for_history_and_bands_grow_as_the_variance_does() -> (
    None
):
    series = panel(rows(60, season=4), freq="QS")
    model = trained(rows(60, season=4), freq="QS", horizon=4)
    far, near = (model.predict(series, steps, levels=(80, 95)) for steps in (12, 4))
    assert np.array_equal(far.point[:4], near.point)
    local = local_of(model)
    (view,) = model.windows(series.extended(12), np.array([0]))
    said = local.predict((dataclasses.replace(view, horizon=12),), np.array([60]))
    expected = model.preparation.scaling.undo(said[:, said.shape[1] // 2], np.array([0]))
    assert far.point[4:] == pytest.approx(expected[4:, 0])
    widths = far.bands[80][1] - far.bands[80][0]
    assert widths[8:].mean() > widths[4:8].mean() > widths[:4].mean()


def test_a_panel_looks_beyond_its_horizon_without_the_map_that_ends_there() -> None:
    series = [rows(40 + seed, seed, 4) for seed in range(4)]
    model = trained(*series, freq="QS", horizon=4)
    assert local_of(model).pooled is not None
    said = model.predict(panel(*series, freq="QS"), 11, levels=(80,))
    assert np.isfinite(said.point).all()
    assert len(said.point) == 4 * 11
