"""Instants: stamps on their way to UTC by their offsets, by the zone that they or the user name, or as they are."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import available_timezones

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError
from lstmcast.core.findings import count
from lstmcast.ingest.table.reader import Lines
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.decoding import Micros
from lstmcast.ingest.text.layouts import COUNTER, EPOCH
from lstmcast.ingest.time.abbreviations import explained
from lstmcast.ingest.time.local import LocalClock
from lstmcast.ingest.time.numbered import Numbers
from lstmcast.ingest.time.remedy import Remedy, unsettled
from lstmcast.ingest.time.stamps import Stamps
from lstmcast.ingest.time.zones import changes_of, zone_of_offsets, zones_of_days

_MINUTE, _DAY = 60_000_000, 86_400_000_000


@dataclass(frozen=True, eq=False)
class Source:
    """The n rows that stamps are of: series codes (n,), lines (n,), numbers (n, C) or None."""

    codes: NDArray[np.int64]
    lines: Lines
    values: NDArray[np.float64] | None = None

    def is_empty(self, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return which of these rows hold no number."""
        if self.values is None:
            return np.zeros(rows.size, dtype=bool)
        return np.asarray(np.isnan(self.values[rows]).all(axis=1))


@dataclass(frozen=True, eq=False)
class Instants:
    """utc (n,) µs since 1970; zone: None when nothing names one; dropped (n,): rows of hours that do not exist, or
    None."""

    utc: Micros
    zone: str | None
    dropped: NDArray[np.bool_] | None = None


def instants(stamps: Stamps, source: Source, zone: str | None, context: ReadContext) -> Instants:
    """The instants of stamps, in the zone that the user or the stamps name."""
    if stamps.order == COUNTER:
        return Instants(stamps.wall, None)
    if stamps.order == EPOCH:
        return Instants(stamps.wall, zone or "UTC")
    zone = zone or _region(stamps)
    if stamps.abbreviations is not None:
        offsets, zone = explained(stamps, zone, context)
        return Instants(stamps.wall - offsets * _MINUTE, zone)
    if stamps.offsets is not None:
        utc = stamps.wall - stamps.offsets.astype(np.int64) * _MINUTE
        return Instants(utc, zone or zone_of_offsets(utc, stamps.offsets, context))
    if stamps.numbers is not None:
        return _numbered(stamps, stamps.numbers, source, zone, context)
    if zone is None:
        return Instants(stamps.wall, None)
    return _local(stamps.wall, stamps, source, zone, context)


def _local(wall: Micros, stamps: Stamps, source: Source, zone: str, context: ReadContext) -> Instants:
    clock = LocalClock(wall, source.codes, source.lines, zone, context, stamps.repeats, source.values)
    utc, dropped = clock.utc(stamps.depth >= 5)
    return Instants(utc, zone, dropped)


def _region(stamps: Stamps) -> str | None:
    """The zone that every stamp names in full, as `[Europe/Berlin]`."""
    if not stamps.region:
        return None
    return next((name for name in available_timezones() if name.lower() == stamps.region), None)


# --- numbered parts of days


def _numbered(
    stamps: Stamps, numbers: Numbers, source: Source, zone: str | None, context: ReadContext
) -> Instants:
    """Numbers are counted on through days of 23 and 25 hours where the file does so, else they are a clock's."""
    short, long = _odd_days(numbers, zone)
    beyond = np.flatnonzero(numbers.places >= _parts(numbers, short, long))
    dropped = None
    if beyond.size:
        empty = source.is_empty(beyond)
        if not empty.all():
            raise _too_many(beyond[~empty], numbers, source, zone, context)
        dropped = np.zeros(numbers.places.size, dtype=bool)
        dropped[beyond] = True
    if zone is None:
        _suspect(numbers, context)
        return Instants(stamps.wall, None, dropped)
    if not numbers.counts_on(short, long):
        found = _local(stamps.wall, stamps, source, zone, context)
        return found if dropped is None else Instants(found.utc, zone, _either(dropped, found.dropped))
    midnights = LocalClock(numbers.days, source.codes, source.lines, zone, context).midnights()
    context.info("numbered", f"parts of a day are counted on when the clock of {zone} is changed")
    return Instants(midnights + numbers.elapsed, zone, dropped)


def _suspect(numbers: Numbers, context: ReadContext) -> None:
    """Warn of days of 23 hours where a zone has them."""
    days, where = np.unique(numbers.days, return_inverse=True)
    highest = np.full(days.size, -1)
    np.maximum.at(highest, where, numbers.places)
    short = days[highest + 1 == numbers.a_day - numbers.a_day // 24]
    zones = zones_of_days(short, int(days[0]), int(days[-1]) + _DAY, is_back=False)
    if zones:
        day = str(short[0].astype("datetime64[us]").astype("datetime64[D]"))
        message = f"{day} has {numbers.a_day - numbers.a_day // 24} parts of {numbers.a_day}"
        remedy = f"--tz {zones[0]} if the clock is put forward there"
        context.warn("numbered", message, remedy, context.place(stamp=day))


def _either(one: NDArray[np.bool_], other: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    return one if other is None else one | other


def _odd_days(numbers: Numbers, zone: str | None) -> tuple[Micros, Micros]:
    """Midnights of the days of 23 and of 25 hours."""
    if zone is None:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    changes = changes_of(zone, int(numbers.days.min()), int(numbers.days.max()) + _DAY)
    short = np.array([change.day for change in changes if change.by > 0], dtype=np.int64)
    return short, np.array([change.day for change in changes if change.by < 0], dtype=np.int64)


def _parts(numbers: Numbers, short: Micros, long: Micros) -> NDArray[np.int64]:
    """(n,) how many parts the day of each row has, numbered on; of a short one as many as the clock shows at least."""
    parts = np.full(numbers.places.size, numbers.a_day, np.int64)
    parts[np.isin(numbers.days, long)] += numbers.a_day // 24
    if numbers.counts_on(short, long):
        parts[np.isin(numbers.days, short)] -= numbers.a_day // 24
    return parts


def _too_many(
    rows: NDArray[np.intp], numbers: Numbers, source: Source, zone: str | None, context: ReadContext
) -> DataError:
    """The error of parts that a day has not got, with the zones that have such a day."""
    row, line = rows[0], int(source.lines[rows[0]])
    day = str(numbers.days[row].astype("datetime64[us]").astype("datetime64[D]"))
    part = {24: "hour", 48: "half hour", 96: "quarter of an hour"}.get(numbers.a_day, "part")
    has = f"a day has {count(numbers.a_day, part)}"
    long = np.unique(numbers.days[numbers.places >= numbers.a_day])
    first, last = int(numbers.days.min()), int(numbers.days.max()) + _DAY
    if zone is not None:
        why = f"and the clock of {zone} is not put back on that day"
    else:
        why = "but one on which a clock is put back"
    return unsettled(
        context,
        f"line {line}: {part} {int(numbers.places[row]) + 1} of {day}: {has}, {why}",
        [
            Remedy({"--tz": name}, "say so with {}")
            for name in zones_of_days(long, first, last, is_back=True)[:2]
        ],
        "name the zone with --tz" if zone is None else "is it the right zone?",
        line=line,
        stamp=day,
    )
