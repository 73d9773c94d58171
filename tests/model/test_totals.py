"""Totals, peaks and paths: what is summed, how wide it is, and what is said of parts of a period."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest

from lstmcast.core.errors import UsageError
from lstmcast.core.panel import Clock, Panel
from lstmcast.forecasters.paths import Templates, factor, kept, spread_times
from lstmcast.model.judged_totals import judged_totals
from lstmcast.model.model import Model
from lstmcast.model.output import of_numbers
from lstmcast.model.periods import Periods, of_dates, parse_periods
from lstmcast.model.totals import Outlook, Total, outlook, path_weights, totals
from lstmcast.persistence.models import from_record, to_record
from tests.panels import HOURLY, cut, hourly, panel_of, single_threaded, small, stacked

DAY = parse_periods("day", HOURLY)


@cache
def model() -> Model:
    """One that forecasts a day."""
    return single_threaded(hourly(900), small(horizon=24, lookback=48))


def of(panel: Panel, trained: Model | None = None, horizon: int | None = None) -> Outlook:
    """The outlook from the end of a panel."""
    chosen = trained or model()
    return outlook(chosen, panel, chosen.predict(panel, horizon), "fail", fallback=True)


def summed(panel: Panel, periods: Periods = DAY, horizon: int | None = None, **how: bool) -> list[Total]:
    return list(totals(of(panel, horizon=horizon), periods, (80, 95), **how))


def test_templates_are_kept_in_the_file_and_the_model_without_them_says_what_to_do() -> None:
    found = model().templates
    assert found is not None
    assert found.errors.shape[0] == 1
    assert found.errors.shape[2] == 24
    again = from_record(*to_record(model()))
    assert isinstance(again, Model)
    assert again.templates is not None
    assert (again.templates.errors == found.errors).all()
    assert (again.templates.total, again.templates.peak) == (found.total, found.peak)
    old = dataclasses.replace(model(), templates=None)
    with pytest.raises(UsageError, match="refresh the model, or train it anew"):
        of(hourly(888), old)


def test_paths_have_the_bands_of_single_rows_and_are_the_same_each_time() -> None:
    found = of(hourly(888))
    paths = found.paths(0)
    lower, upper = found.forecast.bands[80]
    low, middle, high = np.percentile(paths, [10, 50, 90], axis=0)
    width = (upper - lower).mean()
    assert np.abs(middle - found.forecast.point).max() < 0.1 * width
    assert np.abs(low - lower).max() < 0.15 * width
    assert np.abs(high - upper).max() < 0.15 * width
    for count in (2, 50, 1000):
        weights = path_weights(found, count)
        drawn = found.paths(0, weights)
        assert drawn.shape == (count, 24)
        assert (drawn == found.paths(0, path_weights(found, count))).all()
    assert np.abs(np.percentile(drawn, 90, axis=0) - upper).mean() < 0.3 * width


def test_a_total_is_as_wide_as_errors_that_remember_make_it() -> None:
    """Errors of an autoregression keep together: neither as narrow as independent ones nor as wide as the sum."""
    (total,) = summed(cut(hourly(900), 888))
    found = of(cut(hourly(900), 888))
    lower, upper = found.forecast.bands[80]
    whole, apart = (upper - lower).sum(), np.sqrt(((upper - lower) ** 2).sum())
    assert apart < total.bands[80][1] - total.bands[80][0] < whole
    assert total.bands[95][0] < total.bands[80][0] < total.total < total.bands[80][1] < total.bands[95][1]
    assert total.rows == 24
    assert total.mean == pytest.approx(total.total / 24)
    assert total.peak >= found.forecast.point.max()
    assert total.source == model().source
    assert not total.is_partial


def test_a_first_day_is_completed_by_known_rows_and_a_last_one_is_marked() -> None:
    panel = cut(hourly(900), 890)
    first, last = summed(panel)
    assert (first.rows, last.rows) == (24, 2)
    assert first.source == f"{model().source}+known"
    assert last.source == f"{model().source}:partial"
    assert first.bands[80][1] - first.bands[80][0] > 0
    assert first.total > panel.target[888:890].sum()
    assert [total.period for total in summed(panel, is_whole=True)] == [first.period]
    values = panel.values.copy()
    values[888, 0] = np.nan
    gap = dataclasses.replace(panel, values=values)
    assert summed(gap)[0].source == f"{model().source}:partial"
    assert summed(gap)[0].rows == 22


def test_days_of_twenty_three_and_twenty_five_hours_and_other_periods() -> None:
    clock = Clock("h", "Europe/Helsinki", (24,))
    for day, hours in (("2024-03-31", 23), ("2024-10-27", 25), ("2024-05-05", 24)):
        start = clock.utc(np.array([np.datetime64(day, "us")]))[0]
        times = clock.grid(start, 25)
        codes = parse_periods("day", clock).codes(times, clock)
        assert (codes == codes[0]).sum() == hours
    wall = np.array(
        ["2024-02-28T05:00", "2024-02-28T06:00", "2024-03-03T23:00", "2024-03-04"], "datetime64[us]"
    )
    plain = Clock("h")
    assert np.diff(parse_periods("6h", plain).codes(wall, plain)).tolist()[0] == 1
    assert np.diff(parse_periods("week", plain).codes(wall, plain)).tolist() == [0, 0, 1]
    assert np.diff(parse_periods("month", plain).codes(wall, plain)).tolist() == [0, 1, 0]
    assert parse_periods("week", plain).names(parse_periods("week", plain).codes(wall[:1], plain), "") == [
        "2024-02-26"
    ]
    assert parse_periods("month", plain).names(parse_periods("month", plain).codes(wall[:1], plain), "") == [
        "2024-02"
    ]
    dates = of_dates(["2024-02-28", "2024-03-01", "2024-03-03"])
    assert dates.codes(wall, plain).tolist() == [0, 0, -1, -1]
    for word, clock in (("year", plain), ("90min", plain), ("day", Clock("MS")), ("day", Clock("count"))):
        with pytest.raises(UsageError, match="--total"):
            parse_periods(word, clock)
    with pytest.raises(UsageError, match="at least two"):
        of_dates(["2024-02-28"])


def test_beyond_the_horizon_and_within_limits() -> None:
    days = summed(cut(hourly(900), 888), horizon=48)
    assert [total.rows for total in days] == [24, 24]
    assert days[1].bands[80][1] - days[1].bands[80][0] > days[0].bands[80][1] - days[0].bands[80][0]
    output = dataclasses.replace(of_numbers(model().output), limits=(0.0, 105.0))
    limited = dataclasses.replace(model(), output=output)
    (total,) = totals(of(cut(hourly(900), 888), limited), DAY, (80,))
    assert total.peak_bands[80][1] <= 105.0
    assert total.bands[80][1] <= 24 * 105.0


def test_a_stand_in_has_totals_too() -> None:
    panel = hourly(900).take(np.array([870]), np.array([890]))
    found = of(panel)
    assert found.forecast.fallbacks
    first = next(totals(found, DAY, (80,)))
    assert found.forecast.source[0] in first.source
    assert first.bands[80][1] > first.bands[80][0]


def test_a_total_over_series_keeps_their_errors_together() -> None:
    """Two series with the same noise: their total is twice as wide, and not the root of two times."""
    one = hourly(700)
    twins = stacked(one, dataclasses.replace(one, values=one.values + 5))
    trained = single_threaded(twins, small(horizon=24, lookback=48))
    found = of(twins, trained)
    apart = list(totals(found, parse_periods("horizon", HOURLY), (80,)))
    (together,) = totals(found, parse_periods("horizon", HOURLY), (80,), {"a": "all", "b": "all"})
    widths = [total.bands[80][1] - total.bands[80][0] for total in apart]
    assert (together.name, together.rows) == ("all", 48)
    assert together.bands[80][1] - together.bands[80][0] == pytest.approx(sum(widths), rel=0.3)
    assert together.total == pytest.approx(sum(total.total for total in apart), rel=0.01)


def test_total_of_rare_counts_stays_above_zero() -> None:
    rng = np.random.default_rng(0)
    panel = panel_of(rng.poisson(0.5, 900).astype(float))
    (total,) = totals(
        of(panel, single_threaded(panel, small(horizon=24, lookback=48))),
        parse_periods("horizon", HOURLY),
        (80, 95),
    )
    assert 0 <= total.bands[95][0] <= total.bands[80][0] <= total.total


def test_factors_are_bounded_and_times_see_every_hour() -> None:
    assert factor(np.full(100, 3.0), 20) == pytest.approx(1.125)
    assert factor(np.full(100, 0.5), 20) == 1.0
    assert factor(np.array([]), 20) == 1.0
    assert len(set((spread_times(7200) % 24).tolist())) == 24
    assert (np.diff(spread_times(7200)) > 0).all()
    errors = Templates(kept(np.random.default_rng(0).normal(size=(3, 40, 6))), 10)
    assert (np.percentile(np.abs(errors.units), 80, axis=1) < 1.1).all()
    assert [errors.place(series, 9) for series in range(9)] == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_a_series_that_lags_behind_is_judged_once_from_its_last_row() -> None:
    panel = stacked(hourly(1000), hourly(1000, 1))
    before = stacked(hourly(800), hourly(800, 1))
    made = single_threaded(before, small(horizon=24, lookback=48))
    panel.values[1000 + 880 : 2000, 0] = np.nan
    report = judged_totals(made, panel, DAY)
    assert report["repeated"] == 0
    assert report["rows"] > 5
