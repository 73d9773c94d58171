"""Stamps: a column of text read as times, its order of day and month decided over the whole of it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lstmcast.errors import DataError
from lstmcast.ingest.layouts import (
    COUNTER,
    DIGITS,
    DMY,
    EPOCH,
    MDY,
    ORDERS,
    QUARTER,
    WEEK,
    YMD,
    Layout,
    layouts_of,
)
from lstmcast.ingest.reader import Cells, Lines

Micros = NDArray[np.int64]
_DAY = 86_400_000_000
_DATE_ORDERS = {"day-first": DMY, "month-first": MDY, "year-first": YMD}
_CENTURY = 69  # two-digit years up to 68 are 20xx, as POSIX has it
YEARS = (1500, 2300)


@dataclass(frozen=True)
class Stamps:
    """Times as read: wall (n,) microseconds since 1970 on the clock that the file shows; offsets (n,) minutes or None.

    order: how they were read; style: their ISO 8601 pattern or empty; depth: how fine (see Layout.depth).
    """

    wall: Micros
    offsets: NDArray[np.int16] | None
    order: str
    style: str
    depth: int
    interval: bool


@dataclass
class StampColumn:
    """Collects the chunks of a time column and keeps only the orders that every stamp so far allows."""

    name: str
    source: str
    dates: str | None = None
    _alive: dict[str, list[Micros]] = field(default_factory=dict)
    _offsets: list[NDArray[np.int16]] = field(default_factory=list)
    _zoned: bool | None = None
    _finest: Layout | None = None
    _interval: bool = False

    def add(self, cells: Cells, lines: Lines) -> None:
        """Take a chunk; raises DataError with the line of the first cell that is no time."""
        if not len(cells):
            return
        parsed = _parse(cells, tuple(self._alive) or self._wanted())
        good = {order: part for order, part in parsed.orders.items() if part.bad is None}
        if not good:
            raise self._unreadable(parsed, cells, lines)
        self._check_zoned(parsed, cells, lines)
        self._alive = {order: [*self._alive.get(order, []), part.wall] for order, part in good.items()}
        self._offsets.append(parsed.offsets)
        best = next(iter(good.values())).layout
        if self._finest is None or best.depth > self._finest.depth:
            self._finest = best
        self._interval |= best.interval

    def _wanted(self) -> tuple[str, ...]:
        if self.dates is None:
            return ORDERS
        return tuple(order for order in ORDERS if order not in (YMD, DMY, MDY)) + (_DATE_ORDERS[self.dates],)

    def finish(self) -> Stamps:
        """All of the column; raises DataError when day and month could be either way round."""
        assert self._finest is not None
        walls = {order: np.concatenate(pieces) for order, pieces in self._alive.items()}
        rivals = [order for order in (YMD, DMY, MDY) if order in walls]
        if any(not np.array_equal(walls[rivals[0]], walls[order]) for order in rivals[1:]):
            raise self._undecided(rivals, walls)
        order = next(iter(walls))
        return Stamps(
            walls[order],
            np.concatenate(self._offsets) if self._zoned else None,
            order,
            self._finest.style,
            self._finest.depth,
            self._interval,
        )

    def _undecided(self, rivals: list[str], walls: dict[str, Micros]) -> DataError:
        first = [
            str(walls[order][:1].astype("datetime64[us]").astype("datetime64[D]")[0]) for order in rivals
        ]
        options = {order: option for option, order in _DATE_ORDERS.items()}
        ways = " or ".join(f"{option} ({order})" for option, order in zip(first, rivals, strict=True))
        remedies = " or ".join(f"--dates {options[order]}" for order in rivals)
        return DataError(
            f"{self.source}: every stamp of column {self.name!r} can be read in {len(rivals)} ways: "
            f"the first is {ways}; say which with {remedies}"
        )

    def _unreadable(self, parsed: _Parsed, cells: Cells, lines: Lines) -> DataError:
        bad = {order: part.bad for order, part in parsed.orders.items() if part.bad is not None}
        order = max(bad, key=lambda name: bad[name]) if bad else None
        row = bad[order] if order else parsed.first_bad
        where = f"{self.source}: line {lines[row]}, column {self.name!r}"
        if not str(cells[row]).strip():
            return DataError(f"{where}: the time is missing; give it or delete the row")
        so_far = f" ({order}, as above it)" if order and row else ""
        return DataError(f"{where}: expected a time{so_far}, found {str(cells[row])!r}")

    def _check_zoned(self, parsed: _Parsed, cells: Cells, lines: Lines) -> None:
        zoned = parsed.zoned
        if self._zoned is None:
            self._zoned = bool(zoned[0])
        odd = np.flatnonzero(zoned != self._zoned)
        if odd.size:
            has, had = ("has no", "have one") if self._zoned else ("has an", "have none")
            raise DataError(
                f"{self.source}: line {lines[odd[0]]}, column {self.name!r}: "
                f"{cells[odd[0]]!r} {has} offset, those above it {had}; write all in the same way"
            )


@dataclass
class _Part:
    """A chunk under one order: wall (n,); bad: first row it cannot be, or None; layout: its finest."""

    wall: Micros
    layout: Layout
    bad: int | None = None


@dataclass
class _Parsed:
    orders: dict[str, _Part]
    offsets: NDArray[np.int16]
    zoned: NDArray[np.bool_]
    first_bad: int = 0


def _parse(cells: Cells, orders: tuple[str, ...]) -> _Parsed:
    """Read a chunk in every order that all its shapes allow."""
    text = _ascii(cells)
    digits = text.view(np.uint8).reshape(len(text), -1)
    parsed = _Parsed({}, np.zeros(len(text), np.int16), np.zeros(len(text), bool))
    alive: set[str] | None = None
    for shape, rows in _shapes(digits):
        found = {layout.order: layout for layout in layouts_of(shape) if layout.order in orders}
        before, alive = alive, set(found) if alive is None else alive & set(found)
        if not alive:
            first = 0 if isinstance(rows, slice) else int(rows[0])
            kept = {order: parsed.orders[order] for order in before or ()}
            for part in kept.values():
                part.bad = first if part.bad is None else min(first, part.bad)
            return _Parsed(kept, parsed.offsets, parsed.zoned, first)
        for order in orders:
            if order in alive:
                _fill(parsed, order, found[order], digits, rows)
        parsed.zoned[rows] = next(iter(found.values())).zoned
    parsed.orders = {order: parsed.orders[order] for order in orders if order in (alive or ())}
    return parsed


def _fill(
    parsed: _Parsed, order: str, layout: Layout, digits: NDArray[np.uint8], rows: slice | NDArray[np.intp]
) -> None:
    part = parsed.orders.get(order)
    if part is None:
        part = parsed.orders[order] = _Part(np.zeros(len(digits), np.int64), layout)
    if layout.depth > part.layout.depth:
        part.layout = layout
    wall, valid, offset = _times(layout, digits[rows])
    part.wall[rows] = wall
    if layout.zoned:
        parsed.offsets[rows] = offset
    if not valid.all():
        place = int(np.flatnonzero(~valid)[0])
        bad = place if isinstance(rows, slice) else int(rows[place])
        part.bad = bad if part.bad is None else min(part.bad, bad)


def _ascii(cells: Cells) -> NDArray[np.bytes_]:
    """The cells as bytes of one width, accents and odd spaces taken away."""
    try:
        return np.array(cells, dtype="S") if len(cells) else np.empty(0, "S1")
    except UnicodeEncodeError:
        plain = [unicodedata.normalize("NFKD", cell).replace("–", "-").replace("—", "-") for cell in cells]
        return np.array([cell.encode("ascii", "ignore") for cell in plain], dtype="S")


def _shapes(digits: NDArray[np.uint8]) -> Iterator[tuple[str, slice | NDArray[np.intp]]]:
    """Each shape with the rows that have it, in order of first appearance."""
    shapes = np.where(digits - np.uint8(48) < 10, np.uint8(48), digits)
    keys = shapes.view(f"S{shapes.shape[1]}").ravel()
    same = keys == keys[0]
    if same.all():
        yield keys[0].decode().lower(), slice(None)
        return
    yield keys[0].decode().lower(), np.flatnonzero(same)
    left = np.flatnonzero(~same)
    while left.size:
        same = keys[left] == keys[left[0]]
        yield keys[left[0]].decode().lower(), left[same]
        left = left[~same]


def _times(
    layout: Layout, digits: NDArray[np.uint8]
) -> tuple[Micros, NDArray[np.bool_], NDArray[np.int64] | int]:
    """Wall times, which of them are real, and offsets in minutes, of stamps with one layout."""

    def part(name: str, missing: int) -> Micros | int:
        return _number(digits, *layout.spans[name]) if name in layout.spans else missing

    if layout.order == COUNTER:
        counter = np.asarray(part("counter", 0))
        start = layout.spans["counter"][0]
        negative = digits[:, start] == ord("-")
        return np.where(negative, -counter, counter), np.ones(len(digits), bool), 0
    if layout.order == EPOCH:
        return _epoch(layout, digits)
    days, valid = _days(layout, part, len(digits))
    hour, minute, second = part("hour", 0), part("minute", 0), part("second", 0)
    if layout.half >= 0:
        valid &= (np.asarray(hour) >= 1) & (np.asarray(hour) <= 12)
        hour = hour % 12 + layout.half
    time = (np.asarray(hour) * 60 + minute) * 60 + second
    valid &= (np.asarray(minute) < 60) & (np.asarray(second) < 60) & (time <= 86_400)
    offset = layout.sign * (part("offset_hours", 0) * 60 + part("offset_minutes", 0))
    return days * _DAY + time * 1_000_000 + _fraction(layout, digits), valid, offset


def _days(layout: Layout, part, length: int) -> tuple[Micros, NDArray[np.bool_]]:  # type: ignore[no-untyped-def]
    """Days since 1970 of the date parts, and which dates exist."""
    year = np.asarray(part("year", 0)) + np.zeros(length, np.int64)
    start, stop = layout.spans["year"]
    if stop - start == 2:
        year += np.where(year < _CENTURY, 2000, 1900)
    valid = (year >= YEARS[0]) & (year < YEARS[1])
    if layout.order == WEEK:
        week, weekday = np.asarray(part("week", 1)), np.asarray(part("weekday", 1))
        fourth = _civil(year, 1, 4)
        days = fourth - (fourth + 3) % 7 + 7 * (week - 1) + weekday - 1
        last = _civil(year, 12, 28)
        return days, valid & (week >= 1) & (days - weekday + 1 <= last) & (weekday >= 1) & (weekday <= 7)
    if layout.order == QUARTER:
        quarter = np.asarray(part("quarter", 1))
        return _civil(year, 3 * quarter - 2, 1), valid & (quarter >= 1) & (quarter <= 4)
    month, day = np.asarray(part("month", layout.month or 1)), np.asarray(part("day", 1))
    valid &= (month >= 1) & (month <= 12) & (day >= 1)
    days = _civil(year, np.clip(month, 1, 12), day)
    return days, valid & (days < _civil(year, np.clip(month, 1, 12) + 1, 1))


def _civil(year: Micros, month: Micros | int, day: Micros | int) -> Micros:
    """Days since 1970 of a date; month 13 is the next January."""
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    return months.astype("datetime64[D]").astype(np.int64) + day - 1


def _epoch(layout: Layout, digits: NDArray[np.uint8]) -> tuple[Micros, NDArray[np.bool_], int]:
    start, stop = layout.spans["epoch"]
    number, length = _number(digits, start, stop), stop - start
    if length > 16:
        return number // 1000, np.ones(len(digits), bool), 0
    scale = 1_000_000 if length < 11 else 1000 if length < 14 else 1
    fraction = _fraction(layout, digits) * scale // 1_000_000
    return number * scale + fraction, np.ones(len(digits), bool), 0


def _fraction(layout: Layout, digits: NDArray[np.uint8]) -> Micros | int:
    """Microseconds after the second."""
    if "fraction" not in layout.spans:
        return 0
    start, stop = layout.spans["fraction"]
    stop = min(stop, start + 6)
    return _number(digits, start, stop) * 10 ** (6 - (stop - start))


def _number(digits: NDArray[np.uint8], start: int, stop: int) -> Micros:
    """The number that the digits in these columns write; a sign counts as nothing."""
    number = np.zeros(len(digits), np.int64)
    for place in range(start, stop):
        digit = digits[:, place]
        number = number * 10 + np.where(digit == ord("-"), 0, digit - np.uint8(48))
    return number


def looks_like_time(cells: Cells, dates: str | None = None) -> Stamps | None:
    """The cells as stamps when every one of them that is not empty is one; undecided orders take the first."""
    cells = cells[cells != ""]
    if not len(cells):
        return None
    column = StampColumn("", "", dates)
    try:
        column.add(cells, np.zeros(len(cells), np.int64))
        return column.finish()
    except DataError as error:
        undecided = "can be read in" in str(error)
        return looks_like_time(cells, "day-first") if undecided and dates is None else None


__all__ = ["COUNTER", "DIGITS", "EPOCH", "StampColumn", "Stamps", "looks_like_time"]
