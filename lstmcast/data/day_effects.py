"""The effects of days off, and of days beside them, apart from usual days of a weekday: each named day by itself.

A day's profile is the mean of its scaled values in parts of the day, less the median of the same weekday in the two
weeks before and after it. Profiles of a kind are averaged and shrunk towards zero, those of a named day towards its
kind, by as much as their size may be noise (James and Stein 1961): what is no different from usual days stays so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Clock, Holidays, Integers, Times
from lstmcast.data.calendar_features import weekday
from lstmcast.data.calendar_regression import rows_in_a_day
from lstmcast.data.day_profiles import Days, day_of, mean_profiles, part_of, usual_around

Numbers = NDArray[np.float64]
MOST_PARTS = 24  # of a day
FEWEST_USUAL = 14  # days, to know how far one may be from the others by chance
USUAL, WORKDAY, SATURDAY, SUNDAY, EVE, AFTER, BRIDGE, HALF = range(8)


@dataclass(frozen=True, eq=False)
class DayEffects:
    """h(t): what a row's day is apart from usual days, in scaled units; zero on usual days.

    kinds: (S, 8, parts); names: of the days that have an effect of their own, and (S, names, parts) what it is besides
    that of their kind.
    """

    kinds: Numbers
    names: tuple[str, ...]
    own: Numbers

    def check(self) -> None:
        """Raise ValueError where sizes do not fit, or a number is none."""
        series, kinds, parts = self.kinds.shape if self.kinds.ndim == 3 else (0, 0, 0)
        if (
            kinds != HALF + 1
            or not 1 <= parts <= MOST_PARTS
            or self.own.shape != (series, len(self.names), parts)
        ):
            raise ValueError("what it says of days off has another size")
        if not (np.isfinite(self.kinds).all() and np.isfinite(self.own).all()):
            raise ValueError("what it says of days off is no number")

    def level(self, clock: Clock, holidays: Holidays, times: Times, series: Integers) -> Numbers:
        """(N,) h of each row; series: (N,) which of the model's each is of."""
        wall = clock.wall(times)
        part = part_of(wall, self.kinds.shape[2])
        days, back = np.unique(day_of(wall), return_inverse=True)
        kind, name = kinds_of(days, holidays), names_of(days, holidays)
        known = {each: number for number, each in enumerate(self.names)}
        which = np.array([known.get(each, -1) for each in name], dtype=np.int64)
        said = self.kinds[series, kind[back], part]
        own = which[back]
        has = own >= 0
        said[has] += self.own[series[has], own[has], part[has]]
        return said


def kinds_of(days: Days, holidays: Holidays) -> Integers:
    """(D,) the kind of each day."""
    off = np.array(holidays.days, dtype="datetime64[D]").astype(np.int64)

    def is_off(shift: int) -> NDArray[np.bool_]:
        return np.isin(days + shift, off)

    week = weekday(days.astype("datetime64[D]").astype("datetime64[us]"))
    kind = np.full(len(days), USUAL)
    kind[is_off(-1) & (week < 5)] = AFTER
    kind[is_off(1) & (week < 5)] = EVE
    kind[(is_off(1) & (week == 0)) | (is_off(-1) & (week == 4)) | (is_off(1) & is_off(-1) & (week < 5))] = (
        BRIDGE
    )
    half = np.array(holidays.half, dtype="datetime64[D]").astype(np.int64)
    kind[np.isin(days, half) & (week < 5)] = HALF
    kind[is_off(0)] = np.where(week < 5, WORKDAY, np.where(week == 5, SATURDAY, SUNDAY))[is_off(0)]
    return kind


def names_of(days: Days, holidays: Holidays) -> list[str]:
    """The name of each day off or half off, its month and day where it has none, "" for others."""
    names = {day: day[5:] for day in (*holidays.half, *holidays.days)}
    names |= dict(zip(holidays.days, holidays.names, strict=False))
    return [names.get(str(day), "") for day in days.astype("datetime64[D]")]


def fit_day_effects(
    clock: Clock, holidays: Holidays, times: Times, scaled: Numbers, offsets: Integers, training: list[slice]
) -> DayEffects | None:
    """Learn from training rows; None where they hold no day off. scaled: (N,) NaN where missing."""
    parts = min(rows_in_a_day(clock), MOST_PARTS)
    learned = [_of_series(clock, holidays, times[rows], scaled[rows], parts) for rows in training]
    names = tuple(sorted({name for _, own in learned for name in own}))
    if not any(kinds.any() for kinds, _ in learned):
        return None
    zero = np.zeros(parts)
    own = np.array([[own.get(name, zero) for name in names] for _, own in learned])
    own = own.reshape(len(learned), len(names), parts)
    return DayEffects(np.stack([kinds for kinds, _ in learned]), names, own)


def _of_series(
    clock: Clock, holidays: Holidays, times: Times, scaled: Numbers, parts: int
) -> tuple[Numbers, dict[str, Numbers]]:
    """The effects (8, parts) of each kind of day in a series' rows, and those (parts,) of named days besides."""
    known = np.isfinite(scaled)
    if not known.any():
        return np.zeros((HALF + 1, parts)), {}
    wall = clock.wall(times[known])
    days = np.arange(day_of(wall).min(), day_of(wall).max() + 1)
    profiles = mean_profiles(wall, scaled[known], days, parts)
    kind, name = kinds_of(days, holidays), np.array(names_of(days, holidays))
    apart = profiles - usual_around(np.where((kind == USUAL)[:, None], profiles, np.nan))
    is_whole = np.isfinite(apart).all(axis=1)
    return _effects(apart[is_whole], kind[is_whole], name[is_whole])


def _effects(apart: Numbers, kind: Integers, name: NDArray[np.str_]) -> tuple[Numbers, dict[str, Numbers]]:
    """The effects that days (D, parts), apart from usual ones, show: of their kinds (D,), and of their names (D,)."""
    kinds, own = np.zeros((HALF + 1, apart.shape[1])), dict[str, Numbers]()
    usual = apart[kind == USUAL]
    if len(usual) < FEWEST_USUAL:
        return kinds, {}
    noise = float((usual**2).sum(axis=1).mean())  # of one day
    for each in np.unique(kind[kind != USUAL]):
        rows = kind == each
        kinds[each] = _shrunk(apart[rows], noise)
        for called in sorted({*name[rows].tolist()} - {""}):
            own[called] = _shrunk(apart[rows & (name == called)] - kinds[each], noise)
    return kinds, {called: effect for called, effect in own.items() if effect.any()}


def _shrunk(profiles: Numbers, noise: float) -> Numbers:
    """(parts,) the mean of profiles (n, parts), smaller by what a mean of so many of usual days is large."""
    mean = profiles.mean(axis=0)
    size = float((mean**2).sum())
    return np.asarray(mean * max(0.0, 1 - noise / len(profiles) / size)) if size > 0 else mean
