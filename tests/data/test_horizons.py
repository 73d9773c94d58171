"""How many looks a block gives: series that go together count for one, others for as many as they are."""

from __future__ import annotations

import numpy as np
import pytest

from lstmcast.core.panel import Panel
from lstmcast.data.horizons import horizons_to_choose_by, independent_series
from lstmcast.data.split import split
from tests.panels import hourly, panel_of, stacked

ROWS = 400


def series_of(correlation: float, count: int) -> Panel:
    """Series whose noise has this correlation."""
    rng = np.random.default_rng(0)
    common = rng.normal(size=ROWS)
    own = rng.normal(size=(count, ROWS))
    mixed = np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own
    return stacked(*(panel_of(50 + 10 * noise) for noise in mixed))


def taught(panel: Panel) -> list[slice]:
    return [panel.rows(number) for number in range(len(panel.ids))]


@pytest.mark.parametrize("correlation", [0.0, 0.3, 1.0])
def test_series_count_as_many_as_their_correlation_leaves(correlation: float) -> None:
    panel = series_of(correlation, 8)
    expected = 8 / (1 + 7 * correlation)
    assert independent_series(panel, taught(panel)) == pytest.approx(expected, rel=0.15)


def test_series_that_do_not_share_an_instant_are_independent_whatever_they_say() -> None:
    one = hourly(ROWS)
    apart = [panel_of(one.target, first=one.times[0] + np.timedelta64(1000 * n, "h")) for n in range(3)]
    panel = stacked(*apart)
    assert independent_series(panel, taught(panel)) == pytest.approx(3.0)


def test_constant_and_empty_series_break_nothing() -> None:
    panel = stacked(panel_of(np.full(ROWS, 3.0)), panel_of(np.full(ROWS, np.nan)))
    assert independent_series(panel, taught(panel)) == 1.0


def test_a_panel_has_at_least_the_horizons_of_its_longest_series_and_more_where_they_differ() -> None:
    single = hourly(ROWS)
    alone = horizons_to_choose_by(single, split(single, 6), 6)
    assert alone == int((split(single, 6).test - split(single, 6).validation)[0]) // 6
    for correlation, times in ((1.0, 1.0), (0.0, 8.0)):
        panel = series_of(correlation, 8)
        found = horizons_to_choose_by(panel, split(panel, 6), 6)
        assert found == pytest.approx(times * alone, rel=0.15)
