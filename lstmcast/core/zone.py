"""A zone: its changes of the clock as arrays, by which instants become times on the wall and back."""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import cast

import numpy as np
from numpy.typing import NDArray

Micros = NDArray[np.int64]
Mask = NDArray[np.bool_]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY, _SECOND = 86_400, 1_000_000
_FEW = 100  # instants that are asked for one by one: the changes of a year cost as much as 365
_SECONDS = (-62_000_000_000, 253_000_000_000)  # since 1970, that datetimes have on every clock
_YEARS = (2, 9998)  # that datetimes have on every clock
_FIXED = re.compile(r"(?P<sign>[+-])(?P<hours>\d\d):(?P<minutes>\d\d)")


@dataclass(frozen=True, eq=False)
class _Changes:
    """The changes of a clock: at (n,) µs since 1970 UTC; offsets (n + 1,) µs ahead of UTC before, between and after."""

    at: Micros
    offsets: Micros

    def offset(self, utc: Micros) -> Micros:
        """(N,) µs by which the clock is ahead at these instants."""
        return self.offsets[np.searchsorted(self.at, utc, side="right")]


@dataclass(frozen=True, eq=False)
class ZonedTimes:
    """The instants (N,), in µs, at which a clock on the wall shows given times.

    first, second: of a time that it shows twice, else both the same; of one that it skips, that of the change.
    is_double, is_skipped: (N,) which times these are.
    """

    first: Micros
    second: Micros
    is_double: Mask
    is_skipped: Mask


def offset(utc: Micros, zone: str) -> Micros:
    """(N,) µs by which the clock of a zone is ahead of UTC at these instants (µs since 1970).

    zone: an IANA name or a fixed offset (`+02:00`). Raises LookupError or ValueError for any other.
    """
    if len(utc) > _FEW:
        return _changes_around(utc, zone).offset(utc)
    clock = _clock(zone)
    seconds = np.clip(utc // _SECOND, *_SECONDS).tolist()
    return np.array([_micros(clock, second) for second in seconds], dtype=np.int64)


def instants(wall: Micros, zone: str) -> ZonedTimes:
    """The instants at which the clock of a zone shows these times (N,), in µs since 1970."""
    changes = _changes_around(wall, zone)
    tries = [wall - changes.offset(wall + side) for side in (-_DAY * _SECOND, _DAY * _SECOND)]
    fits = [one + changes.offset(one) == wall for one in tries]
    first, second = np.minimum(*tries), np.maximum(*tries)
    is_double, is_skipped = fits[0] & fits[1] & (first != second), ~fits[0] & ~fits[1]
    single = np.where(fits[0], tries[0], tries[1])
    if is_skipped.any():  # the first change after the earlier of the two
        place = np.minimum(np.searchsorted(changes.at, first, side="right"), len(changes.at) - 1)
        single = np.where(is_skipped, changes.at[place], single)
    first, second = np.where(is_double, first, single), np.where(is_double, second, single)
    return ZonedTimes(first, second, is_double, is_skipped)


def is_known(zone: str) -> bool:
    """Return whether a text is the name of a zone or a fixed offset."""
    try:
        _clock(zone)
    except (LookupError, ValueError, TypeError, OSError):
        return False
    return True


def _changes_around(times: Micros, zone: str) -> _Changes:
    """The changes of a zone's clock in the years of these times (N,), and a little before and after."""
    if not len(times):
        return _changes(zone, 1970, 1970)
    days = np.array([times.min() - _DAY * _SECOND, times.max() + _DAY * _SECOND]) // (_DAY * _SECOND)
    years = 1970 + days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
    first, last = np.clip(years, *_YEARS).tolist()
    return _changes(zone, first, last)


@lru_cache(maxsize=256)
def _changes(zone: str, first: int, last: int) -> _Changes:
    """The changes between a few days before a year and a few after another: days are compared, and cut in halves."""
    clock = _clock(zone)
    if isinstance(clock, timezone):
        return _Changes(np.zeros(0, np.int64), np.array([_micros(clock, 0)]))
    days = (np.array([f"{first:04d}-01-01", f"{last + 1:04d}-01-01"], "datetime64[D]")).astype(np.int64)
    seconds = range((int(days[0]) - 3) * _DAY, (int(days[1]) + 3) * _DAY, _DAY)
    offsets = [_micros(clock, second) for second in seconds]
    at = [
        change
        for place in np.flatnonzero(np.diff(offsets)).tolist()
        for change in _between(clock, seconds[place], seconds[place + 1])
    ]
    found = [offsets[0], *(_micros(clock, second) for second in at)]
    return _Changes(np.array(at, np.int64) * _SECOND, np.array(found, np.int64))


def _between(clock: tzinfo, low: int, high: int) -> list[int]:
    """The seconds since 1970 at which a clock's offset changes, after one and up to another."""
    if _micros(clock, low) == _micros(clock, high):
        return []
    if high - low == 1:
        return [high]
    middle = (low + high) // 2
    return _between(clock, low, middle) + _between(clock, middle, high)


def _micros(clock: tzinfo, second: int) -> int:
    """Return how many µs a clock is ahead of UTC at a second since 1970."""
    ahead = (_EPOCH + timedelta(seconds=second)).astimezone(clock).utcoffset()
    return (ahead or timedelta()) // timedelta(microseconds=1)


@lru_cache(maxsize=256)
def _clock(zone: str) -> tzinfo:
    """The clock of a zone; of names that only pandas knows, its."""
    if zone == "UTC":
        return UTC
    if match := _FIXED.fullmatch(zone):
        ahead = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"]))
        return timezone(-ahead if match["sign"] == "-" else ahead)
    try:
        return zoneinfo.ZoneInfo(zone)
    except (LookupError, ValueError, OSError):
        import pandas as pd

        return cast(tzinfo, pd.Timestamp(0, tz=zone).tzinfo)
