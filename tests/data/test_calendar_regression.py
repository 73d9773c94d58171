"""The calendar stage finds a profile and a hinge that are really there, and remembers a fixed stretch of rows."""

from __future__ import annotations

import numpy as np
import pytest

from lstmcast.core.panel import Clock, Panel
from lstmcast.data import calendar_regression as calendar
from lstmcast.data.calendar_features import weekday
from lstmcast.data.calendar_regression import CROSS_FITS, Design, describe_covariates, fit_calendar_regression
from tests.panels import FIRST, HOURLY, hourly, panel_of, stacked, weather


def fitted(panel: Panel, stop: int, kind: str = "calendar", *, with_year: bool = False, usable=None):  # type: ignore[no-untyped-def]
    """The stage of one series fitted on its first `stop` rows, and what it says of all."""
    known = panel.values[:, 1:]
    covariates = describe_covariates(known[:stop], panel.clock) if kind == "covariates" else ()
    design = Design(panel.clock, with_year, covariates, panel.times[0])
    usable = np.ones(len(panel.times), dtype=bool) if usable is None else usable
    found = fit_calendar_regression(
        design, panel.times, known, panel.target, panel.offsets, [slice(0, stop)], usable
    )
    assert found is not None
    stage, _ = found
    return stage, stage.level(panel.times, known, panel.offsets, np.arange(1))


def weekly(rows: int) -> np.ndarray:
    """A smooth day whose size and level differ on each weekday."""
    hours = np.arange(rows)
    days = weekday(HOURLY.grid(FIRST, rows))
    level = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0])[days]
    return level + (1 + days) * np.sin(2 * np.pi * hours / 24) + np.cos(2 * np.pi * 3 * hours / 24)


def test_a_profile_of_weekday_and_hour_is_found_and_goes_on_beyond_training() -> None:
    truth = weekly(1400)
    noise = np.random.default_rng(0).normal(size=1400)
    _, level = fitted(panel_of(truth), 1000)
    assert level == pytest.approx(truth, abs=0.05)  # the penalty shrinks a little
    _, noisy = fitted(panel_of(truth + noise), 1000)
    assert np.abs(noisy - truth).mean() < 0.4


def test_a_temperature_hinge_is_found() -> None:
    rng = np.random.default_rng(1)
    temperature = rng.uniform(-5, 30, size=3000)
    truth = 3.0 * np.maximum(temperature - 18, 0) - 2.0 * np.minimum(temperature - 8, 0)
    panel = panel_of(truth, known=temperature[:, None])
    with_it, without = fitted(panel, 2000, "covariates")[1], fitted(panel, 2000)[1]
    assert np.abs(with_it - truth)[2000:].mean() < 0.08 * truth.std()
    assert np.abs(without - truth)[2000:].mean() > 0.5 * truth.std()


def test_a_switch_has_an_effect_of_its_own_at_each_hour() -> None:
    rows = np.arange(2400)
    holiday = (rows // 24 % 5 == 3).astype(float)
    truth = holiday * (2 + np.sin(2 * np.pi * rows / 24))
    panel = panel_of(truth, known=holiday[:, None])
    (switch,) = describe_covariates(panel.values[:, 1:], panel.clock)
    assert (switch.values, switch.knots, switch.smooth) == ((0.0, 1.0), (), False)
    assert fitted(panel, 1800, "covariates")[1] == pytest.approx(truth, abs=0.02)


def test_thermal_inertia_is_seen_through_smoothed_covariates() -> None:
    rng = np.random.default_rng(2)
    temperature = rng.normal(size=3000)
    slow = slow_mean(temperature, 12.0, 336)
    panel = panel_of(10 * slow, known=temperature[:, None])
    _, level = fitted(panel, 2000, "covariates")
    assert np.corrcoef(level[2000:], slow[2000:])[0, 1] > 0.99


def test_a_covariate_that_never_changes_or_is_unknown_does_not_enter() -> None:
    known = np.column_stack([np.full(50, 2.0), np.full(50, np.nan), np.arange(50.0), np.arange(50) % 5])
    described = describe_covariates(known, HOURLY)
    assert [covariate.column for covariate in described] == [2, 3]
    assert [covariate.smooth for covariate in described] == [True, False]
    assert described[0].knots == pytest.approx(np.quantile(np.arange(50.0), np.arange(1, 6) / 6))
    assert not describe_covariates(known, Clock("D", seasons=(7,)))[0].smooth


def slow_mean(values: np.ndarray, half_life: float, tail: int) -> np.ndarray:
    """Exponentially weighted means over a fixed tail, row by row."""
    means = []
    for row in range(len(values)):
        ages = np.arange(min(row, tail) + 1)
        weights = 2.0 ** (-ages / half_life)
        means.append(float((weights * values[row - ages]).sum() / weights.sum()))
    return np.array(means)


def test_smoothed_covariates_are_what_a_slow_twin_gives() -> None:
    panel = stacked(weather(400)[0], weather(100, seed=1)[0])
    known = panel.values[:, 1:]
    design = Design(HOURLY, False, describe_covariates(known, HOURLY), FIRST)
    assert design.tail == 14 * 24
    smoothed = design.smoothed(known, panel.offsets)
    assert smoothed.shape == (500, 3)
    for column, half_life in ((1, 12.0), (2, 48.0)):
        twins = [
            slow_mean(known[rows, 0], half_life, design.tail) for rows in (slice(0, 400), slice(400, 500))
        ]
        assert smoothed[:, column] == pytest.approx(np.concatenate(twins), abs=1e-12)


def test_what_the_stage_says_of_a_row_does_not_depend_on_rows_before_its_tail() -> None:
    panel, _ = weather(1000)
    stage, level = fitted(panel, 700, "covariates")
    for start in (1, 300, 1000 - stage.design.tail - 1):
        short = panel.take(np.array([start]), np.array([1000]))
        again = stage.level(short.times, short.values[:, 1:], short.offsets, np.arange(1))
        assert again[stage.design.tail :] == pytest.approx(level[start + stage.design.tail :], abs=1e-9)
    late = panel.take(np.array([1000 - stage.design.tail]), np.array([1000]))
    last = stage.level(late.times, late.values[:, 1:], late.offsets, np.arange(1))[-1]
    assert abs(last - level[-1]) > 1e-9  # one row less is not enough


def test_moments_in_chunks_are_those_of_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    panel, _ = weather(1000)
    usable = np.random.default_rng(0).random(1000) > 0.2
    whole, level = fitted(panel, 700, "covariates", usable=usable)
    monkeypatch.setattr(calendar, "_CHUNK", 37)
    parts, again = fitted(panel, 700, "covariates", usable=usable)
    assert parts.weight == pytest.approx(whole.weight, abs=1e-7)
    assert again == pytest.approx(level, abs=1e-7)


def test_only_usable_training_rows_teach() -> None:
    panel, _ = weather(1000)
    usable = np.ones(1000, dtype=bool)
    usable[100:200] = False
    spoiled = panel.values.copy()
    spoiled[100:200, 0], spoiled[700:, 0] = 1e6, -1e6
    other = Panel(panel.ids, panel.offsets, panel.times, spoiled, panel.columns, panel.clock)
    one, two = (fitted(p, 700, "covariates", usable=usable)[0] for p in (panel, other))
    assert one.weight.tobytes() == two.weight.tobytes()
    assert one.intercept.tobytes() == two.intercept.tobytes()


def test_each_series_has_its_own_profile() -> None:
    panel = stacked(panel_of(weekly(800)), panel_of(5 - 2 * weekly(800)))
    design = Design(HOURLY, False, (), FIRST)
    usable = np.ones(1600, dtype=bool)
    known = np.zeros((1600, 0))
    slices = [slice(0, 600), slice(800, 1400)]
    found = fit_calendar_regression(design, panel.times, known, panel.target, panel.offsets, slices, usable)
    assert found is not None
    stage = found[0]
    level = stage.level(panel.times, known, panel.offsets, np.array([0, 1]))
    assert level == pytest.approx(panel.target, abs=0.1)
    swapped = stage.level(panel.times[800:], known[800:], np.array([0, 800]), np.array([1]))
    assert swapped == pytest.approx(panel.target[800:], abs=0.1)


def test_a_yearly_wave_is_found_where_training_spans_years() -> None:
    clock = Clock("D", seasons=(7,))
    rows = np.arange(1200)
    truth = 10 * np.sin(2 * np.pi * rows / 365.2425)
    panel = panel_of(truth, clock=clock)
    assert fitted(panel, 900, with_year=True)[1] == pytest.approx(truth, abs=0.3)
    assert np.abs(fitted(panel, 900)[1] - truth).mean() > 3


@pytest.mark.parametrize("clock", [Clock("W-SUN", seasons=(52,)), Clock("count", seasons=(24,))])
def test_a_clock_that_has_no_calendar_has_no_stage(clock: Clock) -> None:
    panel = panel_of(hourly().target, clock=clock)
    design = Design(clock, False, (), panel.times[0])
    usable = np.ones(420, dtype=bool)
    known = np.zeros((420, 0))
    stage = fit_calendar_regression(
        design, panel.times, known, panel.target, panel.offsets, [slice(0, 300)], usable
    )
    assert stage is None


def test_of_a_very_long_series_a_random_part_teaches_every_hour_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    truth = weekly(6000)
    panel = panel_of(truth + np.random.default_rng(0).normal(size=6000))
    everything = fitted(panel, 5000)[1]
    monkeypatch.setattr(calendar, "MOST_ROWS", 5000)
    assert fitted(panel, 5000)[1].tobytes() == everything.tobytes()
    monkeypatch.setattr(calendar, "MOST_ROWS", 2500)
    part = calendar._some(np.arange(5000))
    assert len(np.unique(part)) == 2500
    assert (np.diff(part) > 0).all()
    assert np.bincount(part % 24).min() > 70
    fewer = fitted(panel, 5000)[1]
    assert fewer.tobytes() != everything.tobytes()
    assert np.abs(fewer - truth).mean() < 0.5


def test_training_rows_are_told_what_the_regression_says_without_their_part_of_them() -> None:
    panel, known = weather(1000)
    usable = np.random.default_rng(0).random(1000) > 0.1
    design = Design(HOURLY, False, describe_covariates(known[:700], HOURLY), FIRST)
    fit = (design, panel.times, known, panel.target, panel.offsets)
    found = fit_calendar_regression(*fit, [slice(0, 700)], usable)
    assert found is not None
    stage, taught = found
    plain = stage.level(panel.times, known, panel.offsets, np.arange(1))
    assert taught[700:] == pytest.approx(plain[700:], abs=1e-9)
    assert np.abs(taught - panel.target)[:700].mean() > np.abs(plain - panel.target)[:700].mean()
    for part in range(CROSS_FITS):
        rows = slice(part * 140, part * 140 + 140)
        target = panel.target.copy()
        target[rows] = 1e3 * np.random.default_rng(part).normal(size=140)
        other = fit_calendar_regression(*fit[:3], target, panel.offsets, [slice(0, 700)], usable)
        assert other is not None
        assert other[1][rows] == pytest.approx(taught[rows], abs=1e-5)
        assert np.abs(other[1][:700] - taught[:700]).max() > 1.0


def test_the_parts_of_a_level_sum_to_it() -> None:
    panel, _ = weather(900)
    stage, known = fitted(panel, 700, "covariates")[0], panel.values[:, 1:]
    level = stage.level(panel.times, known, panel.offsets, np.array([0]))
    rows = np.array([5, 400, 899])
    parts = stage.parts(panel.times, known, panel.offsets, np.array([0]), rows)
    assert set(parts) == {"base", "week", 0}
    assert np.allclose(np.sum(list(parts.values()), axis=0), level[rows])


# --- covariates that hardly ever differ from their usual value


def showers(count: int, effect: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, target and rain of 1,200 hours, with so many showers in nights alone."""
    rng, hours = np.random.default_rng(3), np.arange(1200)
    rain = np.zeros(1200)
    for first in 24 * rng.choice(49, count, replace=False) + 1:
        rain[first : first + 2] = rng.gamma(1, 3) + 0.2
    target = 2 * np.sin(hours * np.pi / 12) + rng.normal(0, 0.2, 1200) - effect * (rain > 0)
    times = np.datetime64("2023-01-02", "us") + hours * np.timedelta64(1, "h")
    return times, target, rain / rain.max()


def effect_at_noon(count: int, effect: float) -> float:
    """The effect that the regression states of the largest rain at noon, an hour at which there never was any."""
    times, target, rain = showers(count, effect)
    design = Design(HOURLY, False, describe_covariates(rain[:, None], HOURLY), times[0])
    ends, one = np.array([0, len(times)]), np.array([0])
    usable = np.ones(len(times), dtype=bool)
    stage, _ = fit_calendar_regression(
        design, times, rain[:, None], target, ends, [slice(0, len(times))], usable
    )
    wet = rain.copy()
    wet[1164] = 1.0
    said = [stage.level(times, known[:, None], ends, one)[1164] for known in (rain, wet)]
    return float(said[1] - said[0])


@pytest.mark.parametrize("effect", [0.0, 0.5])
def test_a_handful_of_rows_does_not_speak_for_hours_at_which_nothing_was_seen(effect: float) -> None:
    assert abs(effect_at_noon(5, effect)) < 0.1  # 0.12 without the prior


def test_a_prior_counts_stretches_and_only_where_a_covariate_is_rare() -> None:
    rare, often = np.zeros(1000), np.zeros(1000)
    rare[[100, 101, 102, 500]] = 1.0
    often[::10] = 1.0
    assert calendar._doubt(rare) == calendar.PRIOR_STRETCHES / 2
    assert calendar._doubt(often) == 0.0
    assert calendar._doubt(np.random.default_rng(0).normal(size=1000)) == 0.0
    assert calendar._doubt(np.zeros(1000)) == 0.0


def test_a_slope_is_shrunk_by_the_stretches_that_speak_for_it() -> None:
    rng = np.random.default_rng(0)
    column = rng.normal(size=400)
    table = np.stack([column, 3 * column + 5, np.ones(400)], axis=1)
    moments, spread = (table.T @ table)[None], np.array([column.std()])
    for stretches in (1, 20, 400):
        doubt = np.array([calendar.PRIOR_STRETCHES / stretches])
        found = calendar._solve(moments, column[None].mean(axis=1), spread, doubt)
        weight, intercept = found.weight, found.intercept
        kept = stretches / (stretches + calendar.PRIOR_STRETCHES)
        assert weight[0, 0] / spread[0] == pytest.approx(3 * kept, rel=1e-3)
        assert intercept[0] == pytest.approx(5 + 3 * column.mean())  # of the standardised column


def test_a_series_of_few_rows_has_the_weights_of_the_others_and_a_level_of_its_own() -> None:
    ones = np.ones((1, 2))
    known, nothing = np.array([True]), np.array([False])
    old = [
        calendar.Regressions(size * ones, np.array([size]), 0 * ones, np.zeros(1), known)
        for size in (1.0, 3.0)
    ]
    young = calendar.Regressions(90 * ones, np.array([7.0]), ones, np.array([10.0]), known)
    absent = calendar.Regressions(0 * ones, np.zeros(1), ones, np.zeros(1), nothing)
    weight, intercept = calendar._with_young([500, 600, 7, 0], [*old, young, absent])
    assert weight[:, 0].tolist() == [[1, 1], [3, 3], [2, 2], [2, 2]]
    assert intercept[:, 0].tolist() == [1, 3, 10 - 4, 2]
    weight, _ = calendar._with_young([7], [young])
    assert weight[0, 0].tolist() == [90, 90]
