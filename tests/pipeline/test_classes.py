"""What forecasts of classes are made of, each part against its formula."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from lstmcast.core.panel import Clock
from lstmcast.data.category_frequencies import (
    fit_frequencies,
    season_count,
    season_kind,
    seasons_of,
)
from lstmcast.data.category_preprocessing import PLAIN, fit_class_preparation
from lstmcast.data.category_windows import ClassWindows
from lstmcast.data.split import split
from lstmcast.evaluation.category_metrics import ClassTally, accuracy, brier, hits, log_loss, scores
from lstmcast.evaluation.report import ClassShares
from lstmcast.evaluation.validation import ClassValidation
from lstmcast.forecasters.category_naive import Transitions, fit_transitions
from lstmcast.forecasters.ensemble import Ensemble, choose_of_classes, class_shares_of, logistic_of
from lstmcast.forecasters.logistic import Logistic, fit_logistic, softmax_map
from lstmcast.nn.losses import softmax
from tests.class_panels import CLASSES, class_fit, class_panel, class_trained, daily, small, weather_codes
from tests.panels import stacked


def windows_of(panel, lookback=24, horizon=6, segment=6) -> ClassWindows:
    preparation = fit_class_preparation(panel, split(panel, horizon))
    return preparation.windows(panel, np.arange(len(panel.ids)), PLAIN, (lookback, horizon, segment))


def probabilities(shape=(4, 3, 50), seed=0):
    return softmax(np.random.default_rng(seed).normal(size=shape))


def codes_for(shape=(4, 50), seed=1):
    codes = np.random.default_rng(seed).integers(3, size=shape).astype(float)
    codes[0, :3] = np.nan
    return codes


def test_the_past_is_a_column_of_ones_for_each_class_and_zeros_where_it_is_missing() -> None:
    codes = weather_codes(200)
    codes[30] = np.nan
    windows = windows_of(class_panel(codes, past=np.arange(200.0)))
    ones = windows.table.past[:, :3]
    np.testing.assert_array_equal(ones[29], np.arange(3) == codes[29])
    assert not ones[30].any()
    assert windows.table.scaled[30] == codes[29]
    assert np.isnan(windows.codes(np.array([28]))[2, 0])
    batch = windows.batch(np.array([60]))
    np.testing.assert_array_equal(batch.past[0, 0, :3], ones[36])


def test_the_frequency_table_counts_training_rows_by_season_with_one_more_of_each() -> None:
    panel = daily(280)
    table = fit_frequencies(panel, [slice(0, 140)], with_year=False)
    mondays = panel.target[0:140:7]
    expected = [((mondays == code).sum() + 1) / (20 + 3) for code in range(3)]
    assert table.kind == "weekday"
    np.testing.assert_allclose(table.shares[0, 0], expected)
    np.testing.assert_allclose(table.of_rows(panel, np.zeros(1, int))[7], expected)
    counts = np.bincount(panel.target[:140].astype(int), minlength=3)
    np.testing.assert_allclose(table.overall, (counts + 1) / 143)


@pytest.mark.parametrize(
    ("freq", "with_year", "kind"),
    [
        ("h", True, "hour"), ("D", False, "weekday"), ("D", True, "month"), ("MS", True, "month"),
        ("MS", False, "none"), ("count", False, "phase"),
    ],
)  # fmt: skip
def test_a_season_is_what_the_clock_has(freq: str, with_year: bool, kind: str) -> None:
    clock = Clock(freq, seasons=(12,))
    assert season_kind(clock, with_year=with_year) == kind
    first = np.datetime64(14, "us") if freq == "count" else np.datetime64("2024-03-05T07:00", "us")
    found = int(seasons_of(kind, clock, np.array([first]))[0])
    assert found == {"hour": 7, "weekday": 1, "month": 2, "none": 0, "phase": 2}[kind]
    assert found < season_count(kind, clock)


def test_each_series_has_a_table_of_its_own() -> None:
    panel = stacked(class_panel(np.zeros(140)), class_panel(np.ones(140)))
    table = fit_frequencies(panel, [slice(0, 140), slice(140, 280)], with_year=False)
    assert table.shares[0, :, 0].min() > 0.9
    assert table.shares[1, :, 1].min() > 0.9


def test_persistence_is_what_followed_the_last_known_class_so_many_steps_later() -> None:
    codes = np.tile([0.0, 1.0, 2.0], 50)
    codes[40] = np.nan
    panel = class_panel(codes)
    found = fit_transitions(panel, [slice(0, 90)], 4)
    pairs = sum(a == 0 and b == 1 for a, b in itertools.pairwise(codes[:90]))
    after = np.bincount([int(b) for a, b in itertools.pairwise(codes[:90]) if a == a and b == b])
    overall = (after + 1) / (after.sum() + 3)
    assert found.shares[0, 0, 1] == pytest.approx((pairs + 3 * overall[1]) / (pairs + 3))
    np.testing.assert_allclose(found.shares.sum(axis=2), 1)
    forecast = found.predict((windows_of(panel),), np.array([100, 41]))
    assert forecast.shape == (6, 3, 2)
    np.testing.assert_array_equal(forecast[:, :, 0].argmax(axis=1), [1, 2, 0, 1, 1, 1])
    np.testing.assert_array_equal(forecast[:, :, 1], forecast[:, :, 0])  # row 40 is missing: 39 is as row 99
    np.testing.assert_array_equal(forecast[5], forecast[3])  # beyond its steps the last one stands
    assert isinstance(found, Transitions)


def regression(seed=0, steps=2, features=4, count=300):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(steps, features, count))
    logits = rng.normal(size=(steps, 3, features)) @ x
    drawn = (softmax(logits).cumsum(axis=1) < rng.uniform(size=(steps, 1, count))).sum(axis=1)
    return x, np.minimum(drawn, 2).astype(float)


def test_the_logistic_regression_is_scikit_learns() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, codes = regression()
    penalty, count = 0.05, x.shape[2]
    found = softmax_map(x, codes, np.zeros(3), np.ones(3), penalty)
    for step in range(2):
        ridge = penalty * (x[step] ** 2).sum() / count / 4
        theirs = linear_model.LogisticRegression(
            C=1 / (ridge * count), fit_intercept=False, tol=1e-10, max_iter=10_000
        )
        expected = theirs.fit(x[step].T, codes[step]).predict_proba(x[step].T).T
        np.testing.assert_allclose(softmax((found @ x)[step : step + 1])[0], expected, atol=2e-3)


def test_a_weighted_regression_is_one_of_repeated_rows_and_missing_ones_count_for_nothing() -> None:
    x, codes = regression()
    weighted = softmax_map(x, codes, np.zeros(3), np.array([1.0, 2.0, 1.0]), 0.0)
    for step in range(2):
        rows = np.repeat(np.arange(300), np.where(codes[step] == 1, 2, 1))
        repeated = softmax_map(
            x[step : step + 1, :, rows], codes[step : step + 1, rows], np.zeros(3), np.ones(3), 0.0
        )
        np.testing.assert_allclose(weighted[step], repeated[0], atol=5e-3)
    gaps = codes.copy()
    gaps[:, 250:] = np.nan
    np.testing.assert_allclose(
        softmax_map(x, gaps, np.zeros(3), np.ones(3), 0.1),
        softmax_map(x[..., :250], codes[:, :250], np.zeros(3), np.ones(3), 0.1),
        atol=1e-3,
    )


def test_a_heavy_ridge_leaves_how_often_each_class_comes() -> None:
    x, codes = regression()
    weight = softmax_map(x, codes, np.log([0.5, 0.3, 0.2]), np.ones(3), 1e6)
    assert np.abs(weight).max() < 1e-5


def regression_of(windows: ClassWindows, *, with_calendar: bool) -> Logistic:
    overall, training = np.array([0.6, 0.3, 0.1]), np.arange(windows.lookback, 150)
    rng = np.random.default_rng(0)
    return fit_logistic(windows, training, overall, np.ones(3), 0.01, rng, with_calendar=with_calendar)


def test_a_forecast_of_the_regression_depends_on_nothing_after_the_origin_but_known_columns() -> None:
    codes, wave = weather_codes(200), np.sin(np.arange(200.0))
    origin, later = np.array([160]), codes.copy()
    later[160:] = 2
    plain, changed = (windows_of(class_panel(c, known=wave, past=wave)) for c in (codes, later))
    changed = dataclasses.replace(changed, frequency=plain.frequency)
    for with_calendar in (False, True):
        logistic = regression_of(plain, with_calendar=with_calendar)
        np.testing.assert_array_equal(
            logistic.predict((plain,), origin), logistic.predict((changed,), origin)
        )
        other = windows_of(class_panel(codes, known=np.where(np.arange(200) < 160, wave, 3.0), past=wave))
        other = dataclasses.replace(other, frequency=plain.frequency)
        assert not np.allclose(logistic.logits(plain, origin), logistic.logits(other, origin))


def test_the_regression_sees_the_season_only_with_the_calendar() -> None:
    windows = windows_of(daily(200))
    others = dataclasses.replace(windows, frequency=windows.frequency[::-1])
    for with_calendar in (False, True):
        logistic = regression_of(windows, with_calendar=with_calendar)
        same = np.allclose(
            logistic.logits(windows, np.array([160])), logistic.logits(others, np.array([160]))
        )
        assert same != with_calendar


def test_log_loss_accuracy_and_brier_score_are_scikit_learns() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    p, codes = probabilities(), codes_for()
    known = np.isfinite(codes)
    rows, truth = p.transpose(0, 2, 1)[known], codes[known].astype(int)
    assert np.nanmean(log_loss(p, codes)) == pytest.approx(metrics.log_loss(truth, rows))
    assert np.nanmean(accuracy(p, codes)) == metrics.accuracy_score(truth, rows.argmax(axis=1))
    each = [metrics.brier_score_loss(truth == c, rows[:, c]) for c in range(3)]
    assert np.nanmean(brier(p, codes)) == pytest.approx(sum(each))
    tally = ClassTally(4)
    for part in (slice(0, 20), slice(20, 50)):
        tally.add(scores(p[..., part], codes[:, part]) | hits(p[..., part], codes[:, part]))
    found = tally.metrics()
    assert found["balanced_accuracy"] == pytest.approx(
        metrics.balanced_accuracy_score(truth, rows.argmax(axis=1))
    )
    assert found["log_loss"] == pytest.approx(metrics.log_loss(truth, rows))
    first = np.isfinite(codes[0])
    expected = metrics.log_loss(codes[0][first].astype(int), p[0].T[first])
    assert tally.metrics(0)["log_loss"] == pytest.approx(expected)


def test_missing_classes_are_not_scored_and_what_was_never_seen_is_not_defined() -> None:
    p, codes = probabilities(), np.full((4, 50), np.nan)
    assert all(np.isnan(values).all() for values in scores(p, codes).values())
    tally = ClassTally(4)
    tally.add(scores(p, codes) | hits(p, codes))
    assert set(tally.metrics().values()) == {None}


def test_groups_are_means_over_their_rows() -> None:
    p, codes, places = probabilities(), codes_for(), np.arange(200).reshape(4, 50) % 2
    groups = ClassTally(3)
    found = scores(p, codes)
    groups.add(found, places)
    assert [groups.count(place) for place in range(3)] == [100 - 2, 100 - 1, 0]
    assert groups.metrics(1).keys() == found.keys()
    assert groups.metrics(1)["brier"] == pytest.approx(np.nanmean(found["brier"][places == 1]))


def test_an_impossible_class_that_comes_has_a_finite_loss() -> None:
    p = np.array([1.0, 0.0, 0.0])[None, :, None]
    assert np.isfinite(log_loss(p, np.array([[1.0]]))).all()


def test_the_validation_error_counts_each_class_by_its_weight() -> None:
    p, codes = probabilities(), codes_for()
    weights = np.array([1.0, 3.0, 0.5])
    losses, known = log_loss(p, codes), np.isfinite(codes)
    expected = np.average(losses[known], weights=weights[codes[known].astype(int)])
    assert ClassValidation(np.arange(50), codes, weights).error(p) == pytest.approx(expected)


class Fixed:
    """A forecaster that says what it was given."""

    def __init__(self, name, p) -> None:
        self.name, self.p = name, p

    def predict(self, views, origins):
        return self.p


def mixture(network, logistic, frequency, codes, horizons=8, wanted="auto", persistence=None) -> ClassShares:
    validation = ClassValidation(np.arange(codes.shape[1]), codes, np.ones(3))
    last = frequency if persistence is None else persistence
    names = ("network", "logistic", "frequency", "persistence")
    parts = [Fixed(*pair) for pair in zip(names, (network, logistic, frequency, last), strict=True)]
    return class_shares_of(choose_of_classes(parts[0], parts[1:], (), validation, horizons, wanted)[0])


def shares(network, logistic, frequency, persistence=0.0) -> ClassShares:
    return ClassShares(network=network, logistic=logistic, frequency=frequency, persistence=persistence)


def test_what_ships_is_the_mixture_that_validation_rows_like_best() -> None:
    codes = np.random.default_rng(0).integers(3, size=(4, 200)).astype(float)
    truth = (codes[:, None] == np.arange(3)[:, None]).astype(float)
    even = np.full((4, 3, 200), 1 / 3)
    good = 0.5 * truth + 0.5 * even
    wrong = 0.98 * np.roll(truth, 1, axis=1) + 0.02 * even
    assert mixture(good, wrong, even, codes) == shares(1.0, 0.0, 0.0)
    assert mixture(even, good, wrong, codes) == shares(0.0, 1.0, 0.0)
    assert mixture(wrong, wrong, even, codes, persistence=wrong).frequency > 0.8
    assert mixture(wrong, even, wrong, codes, persistence=good) == shares(0.0, 0.0, 0.0, 1.0)
    half = np.where(np.arange(200) % 2, good, wrong), np.where(np.arange(200) % 2, wrong, good)
    assert mixture(half[0], half[1], wrong, codes) == shares(0.5, 0.5, 0.0)
    assert mixture(good, good, good, codes).network == 0  # it must gain something


def test_few_horizons_are_not_trusted_with_tenths_and_the_user_may_say_what_ships() -> None:
    codes, good, even = codes_for(), probabilities(), np.full((4, 3, 50), 1 / 3)
    mixed = mixture(good, even, even, codes, horizons=3)
    assert set(dict(mixed).values()) <= {0.0, 0.5, 1.0}
    for wanted, expected in (("network", (1, 0, 0, 0)), ("linear", (0, 1, 0, 0)), ("mean", (0.5, 0.5, 0, 0))):
        assert mixture(good, even, even, codes, wanted=wanted) == shares(*expected)


def test_the_source_of_a_row_says_what_made_it() -> None:
    simple = [part for _, part in class_trained().ensemble.parts if part.name != "network"]
    weights = (1, 0, 0), (0, 1, 0), (0, 0, 1), (0.7, 0.3, 0)
    sources = [Ensemble(tuple(zip(own, simple, strict=True))).source for own in weights]
    assert sources == ["logistic", "frequency", "persistence", "blend"]
    assert class_trained(safeguard="network").source == "model"


def test_where_no_network_ships_the_last_rows_stay_unseen() -> None:
    last = daily().times[-1]
    assert class_trained(safeguard="linear", final=True).seen_until < last
    assert class_trained(safeguard="network", final=True).seen_until == last


def test_training_starts_at_the_logistic_regression_or_without_the_highway_at_the_frequencies() -> None:
    model = class_fit(daily(), steps=0, safeguard="network", final=False)
    panel = daily()
    windows, origins = model.windows(panel, np.zeros(1, int)), np.arange(30, 60)
    expected = logistic_of(model.ensemble).predict(windows, origins)
    assert np.abs(model.networks[0].predict(windows, origins) - expected).max() < 0.08
    plain = class_fit(daily(), steps=0, safeguard="network", final=False, highway=False)
    found = plain.networks[0].predict(windows, origins)
    assert np.abs(found - plain.preparation.frequencies.overall[:, None]).max() < 0.08


def test_members_are_averaged_in_their_probabilities() -> None:
    model = class_fit(daily(), members=2, safeguard="network")
    both = model.networks[0]
    assert len(both.members) == 2
    windows, origins = model.windows(daily(), np.zeros(1, int)), np.arange(30, 40)
    alone = [both.taught([weights]).predict(windows, origins) for weights in both.weights]
    np.testing.assert_allclose(both.predict(windows, origins), np.mean(alone, axis=0), atol=1e-12)


def test_the_classes_of_the_tests_are_those_of_the_panel() -> None:
    assert daily().classes == CLASSES
    assert small().horizon == 6
