"""Days off that a series seems to keep: the country whose days fall out of the usual week, by zone or by the data.

A day deviates by how far its mean, or its likeness to a Sunday, is from the median of the same weekday in the two weeks
before and after it, over the usual size of that. A country is believed where the deviations of its days off on weekdays
agree far beyond chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Panel, Times
from lstmcast.data.calendar_features import weekday
from lstmcast.data.calendar_regression import rows_in_a_day
from lstmcast.data.day_profiles import Days, day_of, mean_profiles, usual_around
from lstmcast.data.holidays import countries_of, days_of, part_of_zone

Numbers = NDArray[np.float64]
MOST_SERIES = 50
LONGEST = 3 * 366  # days that are looked at, the newest ones
FEWEST_DAYS = 42  # of a panel, so that weekdays have weeks around them
FEWEST = 3  # days off on weekdays that make a country
ODD = 4.0  # deviation of a day for which a reason is sought
AGREE, CLEAR = 2.5, 0.6  # the share of its days off that deviate by so much, in one direction
MOST_BELIEVED = 8.0
MOST_BINS, FEWEST_BINS = 24, 6  # of a day, for its shape
ALIKE = 0.95  # a country that explains as much of the best is as likely
MOST_ALIKE = 3  # that are named
# log-likelihood gained, twice: of the zone's country, and of the best of all
_SURE, _SURE_OF_MANY = 25.0, 60.0
_WEEKDAYS, _SUNDAY, _FEWEST_SUNDAYS = 5, 6, 4


@dataclass(frozen=True, eq=False)
class DaysOff:
    """A country whose days off a panel seems to keep.

    name: as `--holidays` takes it; days: those on weekdays among the panel's; ratio: how much further they are from the
    usual week than other weekdays are; alike: other parts of the country with the same days here.
    """

    name: str
    days: Days
    ratio: float
    alike: tuple[str, ...] = ()

    @property
    def whose(self) -> str:
        """The country in words, and who has the same days."""
        others = f" ({', '.join(self.alike)} has the same here)" if len(self.alike) == 1 else ""
        many = f" ({', '.join(self.alike)} have the same here)" if len(self.alike) > 1 else ""
        return f"{self.name}{others}{many}"

    def on(self, wall: Times) -> NDArray[np.bool_]:
        """(N,) whether these wall times lie in one of the days."""
        return np.isin(day_of(wall), self.days)


def find_days_off(panel: Panel) -> DaysOff | None:
    """The country with the most likely days off; None where none is likely, or the panel knows them already.

    Without the package `holidays` there is none.
    """
    clock = panel.clock
    is_daily = clock.is_daily or clock.freq == "B" or clock.step is not None
    if panel.holidays is not None or panel.classes or clock.is_counter or not is_daily:
        return None
    if not len(panel.times) or (panel.times.max() - panel.times.min()) < FEWEST_DAYS * np.timedelta64(1, "D"):
        return None
    found = [best for known in _deviations(panel) if (best := _best(clock.zone, *_odd(*known))) is not None]
    best = max(found, key=lambda each: each[0], default=None)
    return None if best is None or _is_told(panel, best[1]) else best[1]


def _odd(days: Days, deviation: Numbers) -> tuple[Days, Numbers]:
    """The weekdays among these days; none where too few are odd for it to be worth while to look for a reason."""
    kind = weekday(days.astype("datetime64[D]").astype("datetime64[us]"))
    kept = (kind < _WEEKDAYS) & np.isfinite(deviation)
    kept &= (np.abs(deviation[kept]) > ODD).sum() >= FEWEST
    return days[kept], deviation[kept]


def _deviations(panel: Panel) -> Iterator[tuple[Days, Numbers]]:
    """(D,) days and how far each is from its usual self, in usual deviations, NaN where that is unknown: by its mean
    and, where rows are shorter than a day, by how much its shape is that of a Sunday, which weather moves little."""
    stamps = panel.clock.wall(panel.times)
    last = int(day_of(stamps).max())
    days = np.arange(max(int(day_of(stamps).min()), last - LONGEST), last + 1)
    chosen = np.unique(np.linspace(0, len(panel.ids) - 1, min(len(panel.ids), MOST_SERIES)).astype(int))
    bins = min(rows_in_a_day(panel.clock), MOST_BINS)
    profiles = [_profiles(stamps[rows], panel.target[rows], days, bins) for rows in map(panel.rows, chosen)]
    for measure in (_by_mean, _by_shape) if bins >= FEWEST_BINS else (_by_mean,):
        each = [measure(own, days) for own in profiles]
        known = np.isfinite(each).sum(axis=0)
        summed = np.nansum(each, axis=0) / np.sqrt(np.maximum(known, 1))
        yield days, np.where(known > 0, _over_usual(summed), np.nan)


def _profiles(stamps: Times, target: Numbers, days: Days, bins: int) -> Numbers:
    """(D, bins) means of each part of each day, of logarithms where all values are above zero; NaN where unknown."""
    known = np.isfinite(target) & (day_of(stamps) >= days[0])
    values = target[known]
    if known.any() and values.min() > 0:
        values = np.log(values)
    return mean_profiles(stamps[known], values, days, bins)


def _by_mean(profiles: Numbers, days: Days) -> Numbers:
    means = profiles.mean(axis=1)
    return _over_usual(means - usual_around(means[:, None])[:, 0])


def _by_shape(profiles: Numbers, days: Days) -> Numbers:
    """(D,) the linear discriminant of Sundays among the shapes of days, for what days are besides their usual shape."""
    shapes = profiles - profiles.mean(axis=1, keepdims=True)
    besides = shapes - usual_around(shapes)
    kind = weekday(days.astype("datetime64[D]").astype("datetime64[us]"))
    known = np.isfinite(besides).all(axis=1)
    usual, sundays = known & (kind < _WEEKDAYS), np.isfinite(shapes).all(axis=1) & (kind == _SUNDAY)
    if usual.sum() < 2 * profiles.shape[1] or sundays.sum() < _FEWEST_SUNDAYS:
        return np.full(len(days), np.nan)
    apart = shapes[sundays].mean(axis=0) - shapes[usual].mean(axis=0)
    spread = np.cov(besides[usual].T)
    spread += 0.1 * np.trace(spread) / len(spread) * np.eye(len(spread)) + 1e-12 * np.eye(len(spread))
    return _over_usual(besides @ np.linalg.solve(spread, apart))


def _over_usual(deviation: Numbers) -> Numbers:
    known = deviation[np.isfinite(deviation)]
    usual = 1.4826 * float(np.median(np.abs(known))) if len(known) else 0.0
    return deviation / usual if usual > 0 else np.zeros(len(deviation))


def _best(zone: str | None, days: Days, deviation: Numbers) -> tuple[float, DaysOff] | None:
    """The country, or the part of one, that explains most, and how much; of like ones that with the most parts."""
    of_zone = countries_of(zone) if zone is not None else []
    least = _SURE if of_zone else _SURE_OF_MANY
    whole = list(_scored(of_zone or countries_of(None), days, deviation)) if len(days) else []
    most = max((each.gain for each in whole), default=0.0)
    if not whole:
        return None
    country = max(whole, key=lambda each: (each.gain >= ALIKE * most, len(each.parts), each.gain))
    parts = list(_scored([f"{country.name}-{part}" for part in country.parts], days, deviation))
    best = max(parts, key=lambda each: (each.gain, part_of_zone(zone) == each.name), default=country)
    best = best if ALIKE * best.gain > country.gain else country
    alike = [each.name for each in parts if each is not best and np.array_equal(each.off, best.off)]
    said, others = deviation[best.off], np.abs(deviation[~best.off]).mean()
    if best.gain < least or (said * np.sign(said.sum()) > AGREE).mean() < CLEAR:
        return None
    ratio = float(np.abs(said).mean() / others) if others > 0 else np.inf
    return best.gain, DaysOff(best.name, days[best.off], ratio, tuple(alike[:MOST_ALIKE]))


@dataclass(frozen=True, eq=False)
class _Explained:
    """A country's days off among some days (D,), and twice the gain in log-likelihood by a common deviation of them."""

    name: str
    parts: tuple[str, ...]
    off: NDArray[np.bool_]
    gain: float


def _scored(names: list[str], days: Days, deviation: Numbers) -> Iterator[_Explained]:
    """Countries and parts of which some days are off."""
    believed = np.clip(deviation, -MOST_BELIEVED, MOST_BELIEVED)
    for name in names:
        known = days_of(name, days)
        off = np.isin(days, known.days)
        if off.sum() >= FEWEST:
            yield _Explained(name, known.parts, off, float(believed[off].sum() ** 2 / off.sum()))


def _is_told(panel: Panel, found: DaysOff) -> bool:
    """True where a column known ahead marks these days already."""
    wall = panel.clock.wall(panel.times)
    off = found.on(wall)
    is_week = (weekday(wall) < _WEEKDAYS) & ~off
    for column in panel.roles("known"):
        values = panel.values[:, column]
        if len(np.unique(values[np.isfinite(values)])) == 2 and off.any():
            apart = abs(np.nanmean(values[off]) - np.nanmean(values[is_week]))
            if apart > 0.6 * (np.nanmax(values) - np.nanmin(values)):
                return True
    return False
