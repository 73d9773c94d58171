"""Stamps: a column of text read as times, its order of day and month decided over the whole of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError
from lstmcast.ingest.table.reader import Lines
from lstmcast.ingest.text.cells import Cells, shown
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.decoding import Micros, decode
from lstmcast.ingest.text.layouts import (
    COUNTER,
    CROATIAN,
    DMY,
    EPOCH,
    MDY,
    NAMED,
    ORDERS,
    SERIAL,
    YMD,
    Layout,
    layouts_of,
)
from lstmcast.ingest.time.codes import MOSTLY, is_code, meant
from lstmcast.ingest.time.misses import why
from lstmcast.ingest.time.names import counts
from lstmcast.ingest.time.numbered import Numbers
from lstmcast.ingest.time.remedy import Remedy, unsettled
from lstmcast.ingest.time.transcription import in_ascii

_DATE_ORDERS = {"day-first": DMY, "month-first": MDY, "year-first": YMD}
_LONGEST = 80  # characters that a stamp may have
_DAY = 86_400_000_000
_MONTHS, _DAYS, _SECONDS = 2, 4, 7  # depths of a layout


@dataclass(frozen=True, eq=False)
class Stamps:
    """Times as read.

    wall: (n,) microseconds since 1970 on the clock that the file shows; offsets: (n,) minutes, or None;
    order: how they were read; style: their ISO 8601 pattern or empty; depth: how fine (see Layout.depth);
    interval: each named a start and an end; abbreviations: (n,) which of `called` is each stamp's zone, or None where
    none is named so, the empty one is an offset in digits; region: the zone that all of them name, in lower case;
    is_bare: they could count rows as well; numbers: which part of its day each is, where parts are numbered;
    repeats: (n,) 0 or 1 for the first and the second of two equal hours, -1 or None where nothing says.
    """

    wall: Micros
    offsets: NDArray[np.int16] | None
    order: str
    style: str
    depth: int
    interval: bool
    abbreviations: NDArray[np.int16] | None = None
    called: tuple[str, ...] = ()
    region: str = ""
    is_bare: bool = False
    numbers: Numbers | None = None
    repeats: NDArray[np.int8] | None = None

    @property
    def names_zone(self) -> bool:
        """Return whether the stamps themselves say when they were; rows that are numbered need no zone."""
        return self.offsets is not None or bool(self.region) or self.order in (EPOCH, COUNTER)

    @property
    def dates(self) -> str | None:
        """The rule (ReadingRules.dates) under which such stamps are always read like these; None: it needs none."""
        return {DMY: "day-first", MDY: "month-first"}.get(self.order)


@dataclass(eq=False)
class StampColumn:
    """Collects the chunks of a time column and keeps only the orders that every stamp so far allows."""

    name: str
    context: ReadContext
    _walls: dict[str, list[Micros]] = field(default_factory=dict)
    _offsets: list[NDArray[np.int16]] = field(default_factory=list)
    _zoned: bool | None = None
    _finest: Layout | None = None
    _called: dict[str, int] = field(default_factory=lambda: {"": 0})
    _abbreviations: list[NDArray[np.int16]] = field(default_factory=list)
    _regions: set[str] = field(default_factory=set)
    _damaged: tuple[int, str, str] | None = None  # line, cell and order of a code that one cell is not

    def add(self, cells: Cells, lines: Lines) -> None:
        """Take a chunk; raises DataError with the line of the first cell that is no time."""
        if not len(cells):
            return
        told = _DATE_ORDERS.get(self.context.rules.dates or "")
        before = tuple(self._walls) or ORDERS
        parsed = _parsed(cells, before, told, self._called)
        good = {order: part for order, part in parsed.parts.items() if part.good.all()}
        if not good:
            raise self._unreadable(parsed, cells, lines)
        if COUNTER in good and len(good) < len(before):
            self._note_damage([order for order in before if order not in good], cells, lines)
        self._check_zoned(parsed, cells, lines)
        self._walls = {order: [*self._walls.get(order, []), part.wall] for order, part in good.items()}
        if self._zoned:
            self._offsets.append(parsed.offsets)
            self._abbreviations.append(parsed.abbreviations)
        self._regions |= parsed.regions
        layout = next(iter(good.values())).layout
        assert layout is not None
        if self._finest is None or layout.depth > self._finest.depth:
            self._finest = layout

    @property
    def is_empty(self) -> bool:
        """Return whether no cell was taken."""
        return self._finest is None

    def finish(self) -> Stamps:
        """All of the column, which is not empty; raises DataError when day and month could be either way round."""
        rivals = [order for order in (YMD, DMY, MDY) if order in self._walls]
        if len(rivals) > 1:
            walls = {order: np.concatenate(self._walls[order]) for order in rivals}
            if any(not np.array_equal(walls[rivals[0]], walls[order]) for order in rivals[1:]):
                raise self._undecided(walls)
        if NAMED in self._walls and CROATIAN in self._walls:
            self._note_croatian()
        stamps = self.first()
        if stamps.order == YMD and stamps.depth == _MONTHS and _are_fiscal(stamps.wall):
            raise self.context.refusal(
                f"column {self.name!r} holds years that begin in one year and end in the next (2005/06, 2006/07, …); "
                "write the date of their first day",
                column=self.name,
            )
        return stamps

    def first(self) -> Stamps:
        """All of the column in the likeliest order that it allows; its chunks are let go of."""
        assert self._finest is not None
        walls = {order: np.concatenate(chunks) for order, chunks in self._walls.items()}
        order = meant(self.name, walls, is_counted=self.context.is_counted)
        if order == COUNTER and self._damaged and not self.context.is_counted and not counts(self.name):
            raise self._damaged_code(*self._damaged)
        offsets = np.concatenate(self._offsets) if self._zoned else None
        called = tuple(self._called)
        has_names = self._zoned and bool(set(called) - {"", "gmt"})
        abbreviations = np.concatenate(self._abbreviations) if has_names else None
        self._walls, self._offsets, self._abbreviations = {}, [], []
        finest, wall = self._finest, walls[order]
        depth = finest.depth
        if order == SERIAL:
            depth = _SECONDS if (wall % _DAY).any() else _DAYS
        region = next(iter(self._regions)) if len(self._regions) == 1 else ""
        return Stamps(
            wall,
            offsets,
            order,
            finest.style,
            depth,
            finest.interval,
            abbreviations,
            called,
            region,
            is_bare=COUNTER in walls,
        )

    def _note_croatian(self) -> None:
        """Say of names that mean two months in which language they were taken, where that makes a difference."""
        wall, other = (np.concatenate(self._walls[order]) for order in (NAMED, CROATIAN))
        if not np.array_equal(wall, other):
            self.context.warn(
                "dates",
                f"column {self.name!r} names months as Czech and Polish do; in Croatian the same names are a month "
                "earlier; write dates in digits if they are Croatian",
                place=self.context.place(column=self.name),
            )

    def _note_damage(self, orders: list[str], cells: Cells, lines: Lines) -> None:
        """Remember the first cell that is no date where the others are dates in bare digits: they count no rows."""
        for order in orders:
            part = _parse(cells, (order,), None, {}, to_end=True).parts[order]
            if part.layout is None or not is_code(order, part.layout.depth):
                continue
            row = int(np.argmin(part.good))
            if part.good.mean() >= MOSTLY and not part.good[row]:
                self._damaged = self._damaged or (int(lines[row]), shown(cells[row]), order)

    def _damaged_code(self, line: int, cell: str, order: str) -> DataError:
        what = f"expected a time ({order}, as most cells are), found {cell!r}"
        remedy = "correct or delete it (is it a total?), or say --freq count if the column counts rows"
        return self.context.cell_refusal(line, self.name, f"{what}; {remedy}")

    def _undecided(self, walls: dict[str, Micros]) -> DataError:
        """The first stamp that tells the orders apart, in each of them, with the options that settle it."""
        stacked = np.stack(list(walls.values()))
        row = int(np.argmax((stacked != stacked[0]).any(axis=0)))
        dates = stacked[:, row].astype("datetime64[us]").astype("datetime64[D]")
        ways = " or ".join(f"{date} ({order})" for date, order in zip(dates, walls, strict=True))
        return unsettled(
            self.context,
            f"every stamp of column {self.name!r} can be read in {len(walls)} ways, one of them as {ways}",
            [
                Remedy({"--dates": option}, "say which: {}")
                for option, order in _DATE_ORDERS.items()
                if order in walls
            ],
            "write years first",
            column=self.name,
        )

    def _unreadable(self, parsed: _Parsed, cells: Cells, lines: Lines) -> DataError:
        """The first row that no order can read, as seen by the order that came furthest."""
        order, part = max(parsed.parts.items(), key=lambda item: int(np.argmin(item[1].good)))
        row = int(np.argmin(part.good))
        if not shown(cells[row]).strip():
            message = "the time is missing; give it or delete the row"
        else:
            so_far = f" ({order}, as above it)" if row or self._walls else ""
            reason = why(shown(cells[row])[:_LONGEST])
            message = f"expected a time{so_far}, found {shown(cells[row])[:_LONGEST]!r}"
            message += f": {reason}" if reason else ""
        return self.context.cell_refusal(lines[row], self.name, message)

    def _check_zoned(self, parsed: _Parsed, cells: Cells, lines: Lines) -> None:
        if self._zoned is None:
            self._zoned = bool(parsed.zoned[0])
        odd = parsed.zoned != self._zoned
        if odd.any():
            row = int(np.argmax(odd))
            has, had = ("has no", "have one") if self._zoned else ("has an", "have none")
            message = f"{shown(cells[row])!r} {has} offset, those above it {had}; write all in the same way"
            raise self.context.cell_refusal(lines[row], self.name, message)


def _are_fiscal(wall: Micros) -> bool:
    """True where each month has the number of the year after: 2005/06, 2006/07."""
    months = wall.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    years, number = 1970 + months // 12, months % 12 + 1
    return bool(wall.size > 2 and ((years + 1) % 100 == number).all())


_FIRST = 8  # cells


def guessed(cells: Cells, name: str = "", *, is_counted: bool = False) -> Stamps | None:
    """The cells as stamps, day and month as they may be; None when one that is not empty is no time.

    name: that of their column; is_counted: whether rows are known to be numbered.
    """
    cells = cells[cells != ""]
    if not len(cells):
        return None
    try:
        if not all(_may_be_times(cells[:few]) for few in (1, _FIRST) if few < len(cells)):
            return None  # most columns hold no times, and a few cells show it
        column = StampColumn(name, ReadContext("", is_counted=is_counted))
        column.add(cells, np.zeros(len(cells), np.int64))
        return column.first()
    except DataError:
        return None


def _may_be_times(cells: Cells) -> bool:
    """Return whether some order reads these cells: of those that know the shape of the first one."""
    shape, _ = next(_shapes(_characters(cells[:1])))
    orders = tuple(layout.order for layout in layouts_of(shape))
    return any(part.good.all() for part in _parse(cells, orders, None, {}).parts.values())


def share_of_times(cells: Cells) -> tuple[float, int]:
    """(how much of a sample can be read in the order that reads most of it, the first row that cannot)."""
    parts = _parse(cells, tuple(order for order in ORDERS if order != COUNTER), None, {}, to_end=True).parts
    best = max(parts.values(), key=lambda part: part.good.mean())
    return float(best.good.mean()), int(np.argmin(best.good))


@dataclass(eq=False)
class _Part:
    """A chunk under one order: wall (n,), good (n,) False where it cannot be read so, its finest layout."""

    wall: Micros
    good: NDArray[np.bool_]
    layout: Layout | None = None

    def fill(
        self, rows: slice | NDArray[np.intp], layout: Layout | None, text: NDArray[np.uint8]
    ) -> Micros | int:
        """Read these rows with a layout (None: they cannot be read); their offsets in minutes."""
        if layout is None:
            self.good[rows] = False
            return 0
        if self.layout is None or layout.depth > self.layout.depth:
            self.layout = layout
        decoded = decode(layout, text[rows])
        self.wall[rows], self.good[rows] = decoded.wall, decoded.real
        return decoded.offsets


_FEW, _MOST_READ = 5_000, 8  # stamps of a chunk that is remembered, and how many are


@dataclass(eq=False)
class _Parsed:
    """A chunk under every order: offsets (n,) in minutes, zoned (n,) True where there is one, abbreviations (n,) of
    zones by number; regions: the zones that are named in full."""

    parts: dict[str, _Part]
    offsets: NDArray[np.int16]
    zoned: NDArray[np.bool_]
    abbreviations: NDArray[np.int16]
    regions: set[str]


# Chunks that were read lately, by their bytes; nobody writes into what was made of them.
_READ: dict[tuple[bytes, int, tuple[str, ...], str | None], _Parsed] = {}


def _parsed(cells: Cells, orders: tuple[str, ...], told: str | None, called: dict[str, int]) -> _Parsed:
    """Read a chunk as `_parse` does; the same few stamps again, as in files of many groups, are not read again."""
    if cells.dtype.kind != "S" or len(cells) > _FEW or len(called) > 1:
        return _parse(cells, orders, told, called)
    key = (cells.tobytes(), cells.dtype.itemsize, orders, told)
    if key not in _READ:
        found = _parse(cells, orders, told, called)
        if len(called) > 1:  # abbreviations have numbers of their own in each file
            return found
        for oldest in list(_READ)[: len(_READ) + 1 - _MOST_READ]:
            _READ.pop(oldest, None)
        _READ[key] = found
        return found
    return _READ.get(key) or _parse(cells, orders, told, called)


def _parse(
    cells: Cells, orders: tuple[str, ...], told: str | None, called: dict[str, int], *, to_end: bool = False
) -> _Parsed:
    """Read a chunk in every order; shapes after the one that leaves none are not looked at.

    told: the order of day, month and year to take for shapes that allow it; called: numbers of the abbreviations of
    zones, to which new ones are added; to_end: look at all shapes in all orders.
    """
    text, size = _characters(cells), len(cells)
    parts = {order: _Part(np.zeros(size, np.int64), np.ones(size, bool)) for order in orders}
    parsed = _Parsed(parts, np.zeros(size, np.int16), np.zeros(size, bool), np.zeros(size, np.int16), set())
    alive = set(orders)
    for shape, rows in _shapes(text):
        layouts = {layout.order: layout for layout in layouts_of(shape)}
        if told in layouts:
            layouts = {told: layouts[told]}
        for order in alive:
            offsets = parts[order].fill(rows, layouts.get(order), text)
            if order in layouts:
                parsed.offsets[rows], parsed.zoned[rows] = offsets, layouts[order].zoned
                parsed.abbreviations[rows] = called.setdefault(layouts[order].abbreviation, len(called))
                parsed.regions.add(layouts[order].region)
        still = {order for order in alive if to_end or parts[order].good.all()}
        if not still:
            break
        alive = still
    parsed.parts = {order: parts[order] for order in orders if order in alive}
    return parsed


def _characters(cells: Cells) -> NDArray[np.uint8]:
    """(n, width) the cells in ASCII, accents and odd spaces taken away, padded with NUL."""
    if cells.dtype.kind == "S":
        return np.ascontiguousarray(cells).view(np.uint8).reshape(len(cells), -1)
    if max(map(len, cells)) > _LONGEST:
        cells = np.array([cell[:_LONGEST] for cell in cells], dtype=object)
    try:
        text = np.array(cells, dtype="S")
    except UnicodeEncodeError:
        text = np.array([in_ascii(cell).encode() for cell in cells], dtype="S")
    return text.view(np.uint8).reshape(len(cells), -1)


def _shapes(text: NDArray[np.uint8]) -> Iterator[tuple[str, slice | NDArray[np.intp]]]:
    """Each shape (digits as 0, in lower case) with the rows that have it, in order of first appearance."""
    shapes = np.where(text - np.uint8(ord("0")) < 10, np.uint8(ord("0")), text)
    keys = shapes.view(f"S{shapes.shape[1]}").ravel()
    same = keys == keys[0]
    if same.all():
        yield keys[0].decode().lower(), slice(None)
        return
    left = np.arange(len(keys))
    while left.size:
        same = keys[left] == keys[left[0]]
        yield keys[left[0]].decode().lower(), left[same]
        left = left[~same]
