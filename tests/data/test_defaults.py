"""Default sizes: what somebody who says nothing gets, for each kind of clock."""

from __future__ import annotations

import pytest

from lstmcast.core.errors import UsageError
from lstmcast.core.options import Options
from lstmcast.core.panel import Clock, default_seasons
from lstmcast.data.defaults import default_horizon, default_segment, segment_and_lookbacks


def clock(freq: str) -> Clock:
    return Clock(freq, seasons=default_seasons(freq))


@pytest.mark.parametrize(
    ("freq", "horizon", "segment", "lookbacks"),
    [
        ("h", 24, 24, [168, 336, 504]),
        ("30min", 48, 48, [336, 672, 1008]),
        ("15min", 96, 96, [192, 384, 672]),
        ("5min", 96, 96, [576, 960]),
        ("D", 30, 10, [30, 60, 120]),
        ("W-SUN", 26, 26, [52, 104, 156]),
        ("MS", 12, 12, [12, 24, 36]),
        ("QS", 4, 4, [4, 8, 12]),
        ("YS", 3, 3, [3, 6, 9]),
    ],
)
def test_the_recipe_has_a_size_for_every_step(
    freq: str, horizon: int, segment: int, lookbacks: list[int]
) -> None:
    assert default_horizon(clock(freq)) == horizon
    assert segment_and_lookbacks(clock(freq), horizon, Options()) == (segment, lookbacks)


@pytest.mark.parametrize(
    ("freq", "rows", "horizon"),
    [
        ("min", 14_400, 1440),
        ("min", 14_399, 96),
        ("5min", 2880, 288),
        ("5min", 2879, 96),
        ("10min", 100_000, 96),
        ("s", 10_000_000, 96),
        ("15min", 100_000, 96),
        ("h", 100_000, 24),
    ],
)
def test_a_whole_day_of_minutes_is_forecast_where_ten_are_there(freq: str, rows: int, horizon: int) -> None:
    assert default_horizon(clock(freq), rows) == horizon


def test_a_counter_with_a_season_is_forecast_for_a_season() -> None:
    assert default_horizon(Clock("count", seasons=(24,))) == 24
    assert default_horizon(Clock("count")) == 12


@pytest.mark.parametrize(("horizon", "segment"), [(24, 24), (48, 24), (12, 12), (20, 20), (6, 24), (11, 24)])
def test_a_segment_is_a_season_or_a_horizon_that_is_nearly_one(horizon: int, segment: int) -> None:
    assert default_segment(clock("h"), horizon) == segment


@pytest.mark.parametrize("freq", ["h", "15min", "5min", "D", "W-SUN", "MS", "QS", "YS"])
@pytest.mark.parametrize("horizon", [1, 5, 24, 100])
def test_every_lookback_is_a_multiple_of_the_segment(freq: str, horizon: int) -> None:
    segment, lookbacks = segment_and_lookbacks(clock(freq), horizon, Options())
    assert all(lookback % segment == 0 and lookback > 0 for lookback in lookbacks)
    assert lookbacks == sorted(set(lookbacks))
    assert lookbacks[-1] <= 1008


def test_what_is_given_is_taken() -> None:
    assert segment_and_lookbacks(clock("h"), 24, Options(segment=7))[0] == 7
    assert segment_and_lookbacks(clock("h"), 24, Options(lookback=96)) == (24, [96])
    assert segment_and_lookbacks(clock("h"), 24, Options(lookback=100)) == (20, [100])
    assert segment_and_lookbacks(clock("h"), 24, Options(lookback=100, segment=5)) == (5, [100])
    with pytest.raises(UsageError, match="--lookback 100 is not a multiple of --segment 7"):
        segment_and_lookbacks(clock("h"), 24, Options(lookback=100, segment=7))


def test_a_model_that_no_file_can_hold_is_refused_before_it_is_trained() -> None:
    _, lookbacks = segment_and_lookbacks(clock("h"), 10_000, Options())
    assert lookbacks[-1] * 10_000 * (8 + 4) < 60_000_000
    with pytest.raises(UsageError, match="466 rows at most"):
        segment_and_lookbacks(clock("h"), 10_000, Options(lookback=1_008))
