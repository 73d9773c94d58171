"""Simulated series of known kinds, a family each: what a forecaster must not fail at."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import TARGET, Clock, Column, Panel, default_seasons

Numbers = NDArray[np.float64]
Random = np.random.Generator


@dataclass(frozen=True)
class Family:
    """A kind of series: its clock, rows before the first origin, horizon, and how rows are drawn."""

    name: str
    freq: str
    rows: int
    horizon: int
    draw: Callable[[Random, int], Numbers]

    @property
    def season(self) -> int:
        """m, 1 without one: the shortest of the clock."""
        seasons = default_seasons(self.freq)
        return seasons[0] if seasons else 1

    def series(self, seed: int, rows: int) -> Numbers:
        """(rows,) the series of a seed; its name is part of the seed."""
        return self.draw(np.random.default_rng([zlib.crc32(self.name.encode()), seed]), rows)

    def panel(self, values: Numbers) -> Panel:
        """The rows as a panel of one series."""
        clock = Clock(self.freq, None, default_seasons(self.freq))
        times = clock.grid(np.datetime64("2015-01-01", "us"), len(values))
        ends = np.array([0, len(values)])
        return Panel(("",), ends, times, values[:, None], (Column("y", TARGET),), clock)


def _season(rows: int, length: float, size: float, harmonics: int = 2, phase: float = 0.0) -> Numbers:
    """A smooth season of so many rows."""
    turns = 2 * np.pi * np.arange(rows) / length
    return size * np.sum([np.sin(k * turns + phase * k) / k for k in range(1, harmonics + 1)], axis=0)


def _week(rows: int, size: float) -> Numbers:
    return size * np.tile([0.0, 0.1, 0.0, 0.2, 0.6, -0.4, -0.9], rows // 7 + 1)[:rows]


def _autoregressive(rng: Random, rows: int, share: float, size: float) -> Numbers:
    noise, values = size * rng.normal(size=rows), np.zeros(rows)
    for row in range(1, rows):
        values[row] = share * values[row - 1] + noise[row]
    return values


def _local_trend(rng: Random, rows: int) -> Numbers:
    slope = 0.3 + np.cumsum(0.06 * rng.normal(size=rows))
    return 200 + np.cumsum(slope + 0.5 * rng.normal(size=rows)) + rng.normal(size=rows)


def _damped(rng: Random, rows: int) -> Numbers:
    way = 60 * (1 - 0.985 ** np.arange(rows))
    return 100 + way + _week(rows, 4) + 1.5 * rng.normal(size=rows)


def _shift(at: float) -> Callable[[Random, int], Numbers]:
    def draw(rng: Random, rows: int) -> Numbers:
        values = 100 + _week(rows, 5) + 2 * rng.normal(size=rows)
        values[int(at * rows) :] += 30 * rng.choice([-1, 1])
        return values

    return draw


def _season_change(rng: Random, rows: int) -> Numbers:
    half = rows // 2
    first, second = _week(rows, 8), np.roll(_week(rows, 8), 3)
    return 100 + np.where(np.arange(rows) < half, first, second) + 2 * rng.normal(size=rows)


def _intermittent(chance: float, mean: float) -> Callable[[Random, int], Numbers]:
    def draw(rng: Random, rows: int) -> Numbers:
        return np.where(rng.random(rows) < chance, 1.0 + rng.poisson(mean, rows), 0.0)

    return draw


def _dying(rng: Random, rows: int) -> Numbers:
    chance = np.linspace(0.2, 0.02, rows)
    return np.where(rng.random(rows) < chance, 1.0 + rng.poisson(3, rows), 0.0)


def _weekday_counts(rng: Random, rows: int) -> Numbers:
    chance = 0.35 * np.tile([1.0, 1.0, 1.0, 1.2, 1.5, 0.8, 0.5], rows // 7 + 1)[:rows]
    return np.where(rng.random(rows) < chance, 1.0 + rng.poisson(1, rows), 0.0)


def _regimes(rng: Random, rows: int) -> Numbers:
    level, values = 0, np.zeros(rows)
    for row in range(rows):
        level = 1 - level if rng.random() < 0.01 else level
        values[row] = (100, 140)[level] + 4 * rng.normal()
    return values


def _outliers(rng: Random, rows: int) -> Numbers:
    values = 100 + _week(rows, 6) + 2 * rng.normal(size=rows)
    hit = rng.random(rows) < 0.02
    return values + hit * rng.choice([-1, 1], rows) * rng.uniform(30, 80, rows)


def _monthly(rng: Random, rows: int) -> Numbers:
    trend = np.exp(0.006 * np.arange(rows) + np.cumsum(0.015 * rng.normal(size=rows)))
    return 500 * trend * np.exp(_season(rows, 12, 0.15, 3, rng.uniform(0, 6)) + 0.03 * rng.normal(size=rows))


def _quarterly(rng: Random, rows: int) -> Numbers:
    season = np.tile(rng.normal(0, 8, 4), rows // 4 + 1)[:rows]
    return 200 + np.cumsum(0.8 + 2.5 * rng.normal(size=rows)) + season + 3 * rng.normal(size=rows)


def _yearly(rng: Random, rows: int) -> Numbers:
    return np.exp(6 + np.cumsum(0.03 + 0.05 * rng.normal(size=rows)))


def _weekly(rng: Random, rows: int) -> Numbers:
    year = _season(rows, 365.25 / 7, 25, 3, rng.uniform(0, 6))
    return 300 + year + np.cumsum(1.5 * rng.normal(size=rows)) + 8 * rng.normal(size=rows)


def _daily_with_a_year(rng: Random, rows: int) -> Numbers:
    year = _season(rows, 365.25, 20, 2, rng.uniform(0, 6))
    return 200 + year + _week(rows, 10) + _autoregressive(rng, rows, 0.6, 4)


def _five_minutes(rng: Random, rows: int) -> Numbers:
    return 50 + _season(rows, 288, 20, 3) + _autoregressive(rng, rows, 0.95, 1.0)


def _walk(drift: float) -> Callable[[Random, int], Numbers]:
    return lambda rng, rows: 500 + np.cumsum(drift + 2 * rng.normal(size=rows))


def _daily(name: str, draw: Callable[[Random, int], Numbers], rows: int = 365, horizon: int = 14) -> Family:
    return Family(name, "D", rows, horizon, draw)


FAMILIES = {
    family.name: family
    for family in (
        _daily("trend", lambda rng, n: 50 + 0.2 * np.arange(n) + _week(n, 5) + 3 * rng.normal(size=n)),
        _daily("local_trend", _local_trend),
        _daily("damped_trend", _damped),
        _daily("exponential", lambda rng, n: 20 * np.exp(0.006 * np.arange(n) + 0.04 * rng.normal(size=n))),
        _daily("shift_early", _shift(0.3)),
        _daily("shift_late", _shift(0.9)),
        _daily("season_change", _season_change),
        _daily("walk", _walk(0.0)),
        _daily("walk_drift", _walk(0.4)),
        _daily("ar1", lambda rng, n: 100 + _autoregressive(rng, n, 0.8, 3)),
        _daily("white_noise", lambda rng, n: 100 + 5 * rng.normal(size=n)),
        _daily("counts_rare", _intermittent(0.1, 4), 730, 28),
        _daily("counts_weekday", _weekday_counts, 730, 28),
        _daily("counts_dying", _dying, 730, 28),
        _daily("regimes", _regimes, 730),
        _daily("outliers", _outliers),
        _daily("daily_year", _daily_with_a_year, 1_095, 28),
        Family("monthly_120", "MS", 120, 12, _monthly),
        Family("monthly_48", "MS", 48, 12, _monthly),
        Family("monthly_30", "MS", 30, 12, _monthly),
        Family("quarterly_60", "QS", 60, 8, _quarterly),
        Family("quarterly_20", "QS", 20, 8, _quarterly),
        Family("yearly_30", "YS", 30, 4, _yearly),
        Family("yearly_12", "YS", 12, 4, _yearly),
        Family("weekly", "W-SUN", 208, 13, _weekly),
        Family("five_minutes", "5min", 2_016, 288, _five_minutes),
    )
}
COUNTS = ("counts_rare", "counts_weekday", "counts_dying")
