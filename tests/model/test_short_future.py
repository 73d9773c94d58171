"""Columns known ahead that end early: what stands in, what is said of it, and how wide bands get."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest

from lstmcast.core.errors import DataError, UsageError
from lstmcast.core.options import FAIL, FILL, HOLD
from lstmcast.core.panel import KNOWN, Column, Panel
from lstmcast.model.model import Model
from lstmcast.model.short_future import UNMEASURED, Rhythm, covered, filled, is_code, widening
from lstmcast.persistence.models import from_record, to_record
from lstmcast.pipeline import short_futures
from lstmcast.pipeline.short_futures import measure_filling
from tests.panels import panel_of, single_threaded, small, stacked, weather, without_target

HOURLY = Rhythm(24, 168, 6.0, 14)
MEASURED = Column("warm", KNOWN)


@cache
def model() -> Model:
    """One that looks at the weather."""
    return single_threaded(weather(420)[0], small(known=("known_0",), calendar="covariates"))


def short(lacking: int, at: int = 400) -> np.ndarray:
    """The values of a panel whose target ends at a row, and whose weather ends `lacking` rows before the horizon."""
    panel = without_target(weather(420)[0], at)
    values = panel.values.copy()
    values[at + 6 - lacking :, 1] = np.nan
    return values


def test_climate_and_a_decaying_deviation_as_the_formula_has_it() -> None:
    hours = np.arange(20 * 24 + 12)
    values = 10 + np.sin(2 * np.pi * hours / 24)
    values[-18:-12] += 2.0
    values[-12:] = np.nan
    found = filled(values, len(values) - 12, HOURLY, FILL, MEASURED)
    first, last = len(values) - 12 - 14 * 24, len(values) - 13
    climate = [
        np.mean([values[r] for r in range(first, len(values) - 12) if r % 24 == h % 24]) for h in hours
    ]
    wanted = [climate[r] + (values[last] - climate[last]) * 0.5 ** ((r - last) / 6) for r in hours[-12:]]
    assert found is not None
    np.testing.assert_allclose(found, wanted)


def test_a_gap_in_the_middle_meets_both_its_ends_and_what_is_known_stays() -> None:
    values = 10 + 0.01 * np.random.default_rng(0).normal(size=24 * 20)
    values[-24:] += 3.0
    values[-20:-18] = np.nan
    found = filled(values, len(values) - 24, HOURLY, FILL, MEASURED)
    assert found is not None
    assert np.abs(found - 13).max() < 0.5
    known = np.isfinite(values[-24:])
    assert (found[known] == values[-24:][known]).all()


def test_switches_codes_and_classes_take_the_same_hour_a_week_before() -> None:
    hours = np.arange(24 * 22)
    weekday = (hours // 24 % 7).astype(float)
    for values, column in (
        (weekday, MEASURED),
        ((weekday >= 5).astype(float), MEASURED),
        ((weekday >= 5) * 0.5, Column("a=b", KNOWN, "b")),
    ):
        assert is_code(values, column)
        lacking = values.copy()
        lacking[-24:] = np.nan
        found = filled(lacking, len(values) - 24, HOURLY, FILL, column)
        assert found is not None
        assert (found == values[-24:]).all()
    assert not is_code(hours.astype(float), MEASURED)


def test_hold_takes_the_last_value_and_nothing_stands_in_for_what_history_lacks_too() -> None:
    values = np.arange(24.0 * 20)
    values[-6:] = np.nan
    held = filled(values, len(values) - 6, HOURLY, HOLD, MEASURED)
    assert held is not None
    assert (held == len(values) - 7).all()
    values[-6 - 48 :] = np.nan
    assert filled(values, len(values) - 6, HOURLY, FILL, MEASURED) is None
    values[-7] = 5.0
    assert filled(values, len(values) - 6, HOURLY, FILL, MEASURED) is not None


def test_rows_say_what_stood_in_and_their_bands_are_wider() -> None:
    panel = without_target(weather(420)[0], 400)
    panel = dataclasses.replace(panel, values=short(2))
    found = model().predict(panel, short_future=FILL)
    assert found.source[:4] == (model().source,) * 4
    assert found.source[4:] == (f"{model().source}:known_0_filled",) * 2
    (told,) = found.filled
    assert (told.column, told.rows, told.step) == ("known_0", 2, 4)
    assert told.since == panel.times[404]
    known = dataclasses.replace(panel, values=covered(panel, 6, 6, FILL).panel.values)
    as_known, factor = model().predict(known), widening(model().filling, np.array([2]), 6)[0]
    assert (as_known.point == found.point).all()
    for lower, upper in zip(found.bands[80], as_known.bands[80], strict=True):
        np.testing.assert_allclose((lower - found.point)[4:], factor * (upper - found.point)[4:])
        np.testing.assert_allclose(lower[:4], upper[:4])


def test_a_file_that_ends_with_its_target_is_filled_for_the_whole_horizon_and_never_beyond() -> None:
    panel = without_target(weather(400)[0], 400)
    assert len(model().predict(panel, short_future=FILL).filled) == 1
    with pytest.raises(DataError, match="known ahead"):
        model().predict(panel, 7, short_future=FILL)
    with pytest.raises(DataError, match="known ahead"):
        model().predict(panel, short_future=FAIL)
    with pytest.raises(UsageError, match="--short-future takes fill, hold, fail"):
        model().predict(panel, short_future="guess")


def test_what_the_last_two_days_of_history_lack_too_is_refused_as_before() -> None:
    panel = without_target(weather(420)[0], 400)
    values = short(2)
    values[400 - 48 : 400, 1] = np.nan
    values[400:, 1] = np.nan
    with pytest.raises(DataError, match="'known_0' is known ahead for this model, but missing"):
        model().predict(dataclasses.replace(panel, values=values), short_future=FILL)


def test_of_several_series_only_those_that_lack_something_are_filled() -> None:
    whole, lacking = without_target(weather(420)[0], 400), without_target(weather(420, 1)[0], 400)
    values = lacking.values.copy()
    values[403:, 1] = np.nan
    panel = stacked(whole, dataclasses.replace(lacking, values=values))
    trained = single_threaded(stacked(weather(420)[0], weather(420, 1)[0]), small(known=("known_0",)))
    found = trained.predict(panel, short_future=FILL)
    assert {each.series for each in found.filled} == {1}
    assert not any("filled" in source for source in found.source[:6])
    assert sum("filled" in source for source in found.source[6:]) == 3


def test_the_widening_is_measured_on_validation_windows_kept_in_the_file_and_never_less_for_more() -> None:
    kept = model().filling
    assert kept is not None
    assert kept.shape == (4,)
    assert (kept >= 1).all()
    assert (np.diff(kept) >= 0).all()
    again = from_record(*to_record(model()))
    assert isinstance(again, Model)
    assert (again.filling == kept).all()  # type: ignore[union-attr]
    assert (widening(None, np.array([1, 6]), 6) == UNMEASURED).all()
    assert widening(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1, 2, 4, 6]), 6).tolist() == [1, 2, 3, 4]


@cache
def shocked() -> tuple[Model, Panel]:
    """A model whose calendar stage has it all from a column known ahead, and the rows that it learned from."""
    shocks = np.random.default_rng(0).normal(size=(900, 1))
    panel = panel_of(50 + 10 * shocks[:, 0], known=shocks)
    return single_threaded(panel, small(known=("known_0",), calendar="covariates")), panel


def test_windows_that_are_asked_once_are_those_that_each_panel_has_by_itself() -> None:
    """Two rows before some of these windows have neither a target nor the column: filling begins earlier there."""
    trained, panel = shocked()
    assert trained.views[0].regression is not None
    assert trained.views[0].regression.design.tail > 0
    panel = panel.take(panel.offsets[:-1], panel.offsets[1:])
    panel.values[748:750] = np.nan
    cut, places = short_futures._cut(trained, panel, np.arange(740, 765, 5))
    shared = short_futures._Windows(trained, cut)
    for lacking in (1, 6):
        other = short_futures._short(cut, places, [1], 6, lacking)
        series = np.zeros(len(places), dtype=np.int64)
        for one, own in zip(shared.of(other), trained.windows(other, series), strict=True):
            for name in ("scaled", "level", "past", "known", "calendar"):
                assert np.array_equal(getattr(one.table, name), getattr(own.table, name), equal_nan=True), (
                    name
                )


def test_a_column_that_decides_costs_more_when_it_is_filled() -> None:
    trained, panel = shocked()
    found = measure_filling(trained, panel, np.arange(700, 800, 7))
    assert found is not None
    assert found[0] > 1.5
