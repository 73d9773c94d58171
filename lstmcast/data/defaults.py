"""Default sizes: how far ahead, how far back, and how many rows a recurrent step takes."""

from __future__ import annotations

from datetime import timedelta

from lstmcast.core.ahead import rows_ahead
from lstmcast.core.errors import UsageError
from lstmcast.core.options import Options
from lstmcast.core.panel import Clock, Panel

_DAYS_OF_MINUTES = 10  # days of history with which a whole day of minutes is forecast
LONGEST_LOOKBACK = 1_008
LONGEST_SEGMENT = 96
LARGEST_MAPS = 56_000_000  # bytes: of a model file's 64 MB the rest is left for what else it holds


def horizon_of(panel: Panel, options: Options) -> int:
    """Rows ahead, as the options say or by default; raises UsageError for a time that the clock has no rows for."""
    if options.horizon is not None:
        return rows_ahead(options.horizon, panel.clock)
    return default_horizon(panel.clock, int((panel.known_until() - panel.offsets[:-1]).max()))


def default_horizon(clock: Clock, rows: int = 0) -> int:
    """Rows ahead when nobody says: a day of shorter rows, 30 days, 26 weeks, 12 months, 4 quarters.

    rows: how many are known; of a day of 1 to 5 minutes all are forecast where ten such days are there, else 96.
    """
    if clock.is_counter or clock.step is not None:
        day = clock.season if clock.seasons else 12
        is_minutes = clock.step is not None and timedelta(minutes=1) <= clock.step <= timedelta(minutes=5)
        return day if is_minutes and rows >= _DAYS_OF_MINUTES * day else min(day, 96)
    letter = clock.freq.removeprefix("1").removeprefix("B")[:1]
    return {"D": 30, "": 20, "W": 26, "M": 12, "Q": 4, "Y": 3}.get(letter, 12)


def default_segment(clock: Clock, horizon: int) -> int:
    """The main season, or its largest divisor that is at most LONGEST_SEGMENT; ten days for a month of days."""
    season = clock.season
    if clock.is_daily and season == 7 and horizon >= 28:
        return 10
    if season == 1 or season // 2 <= horizon < season:
        return min(horizon, LONGEST_SEGMENT)
    return _largest_divisor(season, LONGEST_SEGMENT)


def segment_and_lookbacks(clock: Clock, horizon: int, options: Options) -> tuple[int, list[int]]:
    """The segment w and the lookbacks to try, rising, each a multiple of w; raises UsageError where that cannot be."""
    segment = options.segment or default_segment(clock, horizon)
    most = _most_lookback(horizon, options)
    if max(options.lookback or 0, segment) > most:
        raise UsageError(
            f"--horizon {horizon} with --lookback {options.lookback or segment} and {options.members} members has more "
            f"weights than a model file can hold; the look-back can be {most} rows at most, or lower the others",
            option="--lookback",
        )
    if options.lookback is None:
        longest = max(min(LONGEST_LOOKBACK, most) // segment, 1) * segment
        wanted = _wanted_lookbacks(clock, horizon)
        lookbacks = sorted({min(-(-rows // segment) * segment, longest) for rows in wanted})
        return segment, _reaching(lookbacks, options.linear_lookbacks)
    if options.segment is not None and options.lookback % segment:
        message = f"--lookback {options.lookback} is not a multiple of --segment {segment}"
        raise UsageError(message, option="--lookback")
    return _largest_divisor(options.lookback, segment), _reaching(
        [options.lookback], options.linear_lookbacks
    )


def _reaching(lookbacks: list[int], linear: tuple[int, ...] | None) -> list[int]:
    """The lookbacks that hold what the linear forecaster is told to look back."""
    reach = max(linear or (0,))
    enough = [rows for rows in lookbacks if rows >= reach]
    if not enough:
        raise UsageError(
            f"--linear-lookbacks goes back {reach} rows, but the network at most {lookbacks[-1]}; "
            f"give --lookback {reach} or more, or look back less",
            option="--linear-lookbacks",
        )
    return enough


def _most_lookback(horizon: int, options: Options) -> int:
    """The longest look-back whose linear maps (K, L) fit into a model file: one of float64, and float32 a member."""
    return LARGEST_MAPS // (horizon * (8 + 4 * options.members))


def _largest_divisor(number: int, limit: int) -> int:
    return max(divisor for divisor in range(1, min(number, limit) + 1) if number % divisor == 0)


def _wanted_lookbacks(clock: Clock, horizon: int) -> list[int]:
    """One to three of the longest season; days where three weeks would be too long; more for a counter, whose
    season may stand within a longer one that nobody named."""
    if not clock.seasons:
        return [horizon, 2 * horizon, 3 * horizon]
    if clock.is_daily:
        return [30, 60, 120]
    longest = clock.seasons[-1]
    if clock.is_counter:
        return [times * longest for times in (1, 2, 3, 7, 14)]
    if longest > LONGEST_LOOKBACK // 3 and len(clock.seasons) > 1:
        return [days * clock.season for days in (2, 4, 7)]
    return [longest, 2 * longest, 3 * longest]
