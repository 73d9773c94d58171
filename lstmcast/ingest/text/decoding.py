"""Decoding: the digits of stamps that share a layout become times, all rows at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.ingest.text.layouts import (
    COUNTER,
    DECIMAL,
    EPOCH,
    HALF,
    ORDINAL,
    QUARTER,
    SERIAL,
    WEEK,
    YEARWEEK,
    Layout,
)

Micros = NDArray[np.int64]
_DAY = 86_400_000_000
_CENTURY = 69  # two-digit years up to 68 are 20xx, as POSIX has it
_YEARS = (1500, 2300)
_SERIAL_ZERO = 25_569  # days from 1899-12-30, where spreadsheets begin to count, to 1970
_SERIALS = (18_264, 58_805)  # days that serial ones may be: from 1950 to 2060
_CLOCKS = (
    3600,
    1800,
    900,
    300,
    60,
    10,
    1,
)  # seconds to which a rounded share of a day is put back, coarsest first
_SLACK = 20_000  # µs by which sums of shares of a day may be off, however many digits they have
_MINUTES_OF_A_DAY = 1440
_MONTH_SLACK = 0.06  # share of a month by which a rounded fraction of a year may be off
_MIDDLE_SLACK = 0.13  # and by which the middle of a month is, since months have 28 to 31 days


@dataclass(frozen=True, eq=False)
class Decoded:
    """Stamps of one layout: wall (n,) µs since 1970 (a counter: its number); real (n,) False for a 30 February;
    offsets (n,) minutes, 0 where the layout shows none."""

    wall: Micros
    real: NDArray[np.bool_]
    offsets: Micros


def decode(layout: Layout, characters: NDArray[np.uint8]) -> Decoded:
    """Times of stamps given as characters (n, width) that all have this layout."""
    digits = _Digits(layout, characters)
    everywhere = np.ones(len(characters), dtype=bool)
    nothing = np.zeros(len(characters), np.int64)
    if layout.order == COUNTER:
        negative = characters[:, layout.spans["counter"][0]] == ord("-")
        number = digits.part("counter", 0)
        whole = digits.part("zeros", 0) == 0
        return Decoded(np.where(negative, -number, number), whole, nothing)
    if layout.order == EPOCH:
        return Decoded(_epoch(digits), everywhere, nothing)
    if layout.order == SERIAL:
        return Decoded(*_serial(digits), nothing)
    days, is_date = _days(digits)
    time, is_time = _time_of_day(digits)
    offsets = layout.sign * (digits.part("offset_hours", 0) * 60 + digits.part("offset_minutes", 0))
    is_whole = (digits.part("zeros", 0) == 0) & (np.abs(offsets) < _MINUTES_OF_A_DAY)
    return Decoded(days * _DAY + time, is_date & is_time & is_whole, offsets)


class _Digits:
    """The parts of stamps by name."""

    def __init__(self, layout: Layout, characters: NDArray[np.uint8]) -> None:
        self.layout, self._characters = layout, characters

    def part(self, name: str, absent: int) -> Micros:
        """(n,) the number a part writes; `absent` where the layout has no such part. A sign counts as nothing."""
        number = np.full(len(self._characters), 0 if name in self.layout.spans else absent, np.int64)
        for place in range(*self.layout.spans.get(name, (0, 0))):
            digit = self._characters[:, place]
            number = number * 10 + np.where(digit == ord("-"), 0, digit - np.uint8(ord("0")))
        return number

    def share(self, name: str) -> NDArray[np.float64]:
        """(n,) the number that a part writes behind a decimal point; 0 where the layout has no such part."""
        return self.part(name, 0) / 10.0 ** self.width(name)

    def width(self, name: str) -> int:
        """Return how many characters a part has."""
        start, stop = self.layout.spans.get(name, (0, 0))
        return stop - start

    def fraction(self) -> Micros:
        """(n,) microseconds after the second; what is finer is cut off."""
        shift = self.width("fraction") - 6
        number = self.part("fraction", 0)
        micros: Micros = number // 10 ** max(shift, 0) * 10 ** max(-shift, 0)
        return micros


def _time_of_day(digits: _Digits) -> tuple[Micros, NDArray[np.bool_]]:
    """(µs after midnight, which are times at all); 24:00 is the end of the day."""
    hour, minute, second = digits.part("hour", 0), digits.part("minute", 0), digits.part("second", 0)
    real = (minute < 60) & (second < 60)
    if digits.layout.half >= 0:
        real &= (hour >= 1) & (hour <= 12)
        hour = hour % 12 + digits.layout.half
    seconds = (hour * 60 + minute) * 60 + second
    return seconds * 1_000_000 + digits.fraction(), real & (seconds <= 86_400)


def _days(digits: _Digits) -> tuple[Micros, NDArray[np.bool_]]:
    """(days since 1970, which are dates at all)."""
    year = digits.part("year", 0)
    if digits.width("year") == 2:
        year += np.where(year < _CENTURY, 2000, 1900)
    real = (year >= _YEARS[0]) & (year < _YEARS[1])
    if digits.layout.order in (WEEK, YEARWEEK):
        return _iso_week(year, digits.part("week", 1), digits.part("weekday", 1), real)
    if digits.layout.order == QUARTER:
        quarter = digits.part("quarter", (digits.layout.month + 2) // 3)
        return _civil(year, 3 * quarter - 2, 1), real & (quarter >= 1) & (quarter <= 4)
    if digits.layout.order == HALF:
        half = digits.part("semester", 1)
        return _civil(year, 6 * half - 5, 1), real & (half >= 1) & (half <= 2)
    if digits.layout.order == ORDINAL:
        day = digits.part("ordinal", 1)
        days = _civil(year, 1, day)
        return days, real & (day >= 1) & (days < _civil(year, 13, 1))
    if digits.layout.order == DECIMAL:
        return _fraction_of_year(year, digits.share("part"), real)
    month, day = digits.part("month", digits.layout.month or 1), digits.part("day", 1)
    real &= (month >= 1) & (month <= 12) & (day >= 1)
    month = np.clip(month, 1, 12)
    days = _civil(year, month, day)
    return days, real & (days < _civil(year, month + 1, 1))


def _iso_week(
    year: Micros, week: Micros, weekday: Micros, real: NDArray[np.bool_]
) -> tuple[Micros, NDArray[np.bool_]]:
    """Week 1 is the one that holds 4 January (ISO 8601); the last one holds 28 December."""
    fourth = _civil(year, 1, 4)
    monday = fourth - (fourth + 3) % 7 + 7 * (week - 1)
    real &= (week >= 1) & (monday <= _civil(year, 12, 28)) & (weekday >= 1) & (weekday <= 7)
    return monday + weekday - 1, real


def _fraction_of_year(
    year: Micros, share: NDArray[np.float64], real: NDArray[np.bool_]
) -> tuple[Micros, NDArray[np.bool_]]:
    """The first day of the month that begins, or is half over, where so large a share of the year has passed."""
    months = 12 * share
    begun, over = np.rint(months), np.floor(months)
    is_middle = np.abs(months - over - 0.5) < _MIDDLE_SLACK
    month = np.where(is_middle, over, begun).astype(np.int64)
    return _civil(year, month + 1, 1), real & (is_middle | (np.abs(months - begun) < _MONTH_SLACK))


def _serial(digits: _Digits) -> tuple[Micros, NDArray[np.bool_]]:
    """Days since 1899-12-30 and a share of a day, put back to the round time of day that its digits stand for."""
    day, share = digits.part("serial", 0), digits.share("share")
    exact = np.rint(share * _DAY).astype(np.int64)
    slack = max(_SLACK, round(0.5 * _DAY / 10 ** digits.width("share")))
    time, is_open = exact // 1000 * 1000, np.ones(exact.size, dtype=bool)
    for seconds in _CLOCKS if digits.width("share") else ():
        unit = seconds * 1_000_000
        near = (exact + unit // 2) // unit * unit
        fits = is_open & (np.abs(near - exact) <= slack)
        time, is_open = np.where(fits, near, time), is_open & ~fits
    return (day - _SERIAL_ZERO) * _DAY + time, (day >= _SERIALS[0]) & (day < _SERIALS[1])


def _civil(year: Micros, month: Micros | int, day: Micros | int) -> Micros:
    """Days since 1970 of a date; month 13 is the next January."""
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days: Micros = months.astype("datetime64[D]").astype(np.int64) + day - 1
    return days


def _epoch(digits: _Digits) -> Micros:
    """Seconds, milli-, micro- or nanoseconds since 1970: the number of digits tells which."""
    number, width = digits.part("epoch", 0), digits.width("epoch")
    if width > 16:
        return number // 1000
    scale = 1_000_000 if width < 11 else 1000 if width < 14 else 1
    return number * scale + digits.fraction() * scale // 1_000_000
