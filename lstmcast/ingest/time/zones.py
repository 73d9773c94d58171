"""Zones: stamps as instants, whether they carry offsets, a zone named by the user, or neither."""

from __future__ import annotations

import difflib
import zoneinfo
from collections.abc import Sequence
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmcast.core.errors import UsageError
from lstmcast.core.findings import count
from lstmcast.ingest.table.reader import Lines
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.decoding import Micros
from lstmcast.ingest.text.layouts import COUNTER, EPOCH
from lstmcast.ingest.time.stamps import Stamps

COMMON = (
    "Europe/Berlin",
    "America/New_York",
    "Europe/London",
    "Europe/Helsinki",
    "America/Chicago",
    "America/Los_Angeles",
    "America/Denver",
    "Australia/Sydney",
    "Europe/Lisbon",
    "America/Halifax",
    "America/Anchorage",
    "America/St_Johns",
    "Australia/Adelaide",
    "Pacific/Auckland",
    "America/Santiago",
    "America/Sao_Paulo",
    "Asia/Jerusalem",
    "Europe/Moscow",
)
_MINUTE, _HOUR, _DAY = 60_000_000, 3_600_000_000, 86_400_000_000


def check_zone(zone: str | None) -> None:
    """Raise UsageError, with the nearest names, for a zone that is no IANA name and no offset (`+02:00`)."""
    if zone is None:
        return
    try:
        pd.DatetimeIndex([]).tz_localize(zone)
    except (LookupError, ValueError, TypeError, OSError):
        names = sorted(zoneinfo.available_timezones())
        near = difflib.get_close_matches(zone, names, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(f"--tz takes a zone such as Europe/Helsinki or +02:00; got {zone!r}{hint}") from None


def instants(
    stamps: Stamps, codes: NDArray[np.int64], lines: Lines, zone: str | None, context: ReadContext
) -> tuple[Micros, str | None]:
    """(UTC (n,), zone) of stamps (n,) of the series `codes` (n,): the zone is None when nothing names one."""
    if stamps.order == COUNTER:
        return stamps.wall, None
    if stamps.order == EPOCH:
        return stamps.wall, zone or "UTC"
    if stamps.offsets is not None:
        utc = stamps.wall - stamps.offsets.astype(np.int64) * _MINUTE
        return utc, zone or _zone_of(utc, stamps.offsets, context)
    if zone is None:
        return stamps.wall, None
    return _LocalClock(stamps.wall, codes, lines, zone, context).utc(stamps.depth >= 5), zone


def offset_of(times: Micros, zone: str) -> NDArray[np.int64]:
    """Minutes that the zone is ahead of UTC at these instants."""
    utc = pd.DatetimeIndex(times.astype("datetime64[us]"))
    wall = utc.tz_localize("UTC").tz_convert(zone).tz_localize(None)
    minutes: NDArray[np.int64] = (wall - utc).to_numpy().astype("timedelta64[m]").astype(np.int64)
    return minutes


def _zone_of(utc: Micros, offsets: NDArray[np.int16], context: ReadContext) -> str:
    """A fixed offset, or the commonest zone that has all these offsets at these instants."""
    seen = np.unique(offsets)
    if seen.size == 1:
        return "UTC" if seen[0] == 0 else _written(int(seen[0]))
    order = np.argsort(utc, kind="stable")
    times, minutes = utc[order], offsets[order]
    change = np.flatnonzero(np.diff(minutes))
    witnesses = np.unique(np.concatenate([[0, len(times) - 1], change, change + 1]))
    fits = [
        zone
        for zone in _zones()
        if (offset_of(times[witnesses], zone) == minutes[witnesses]).all()
        and (offset_of(times, zone) == minutes).all()
    ]
    shown = " and ".join(_written(int(offset)) for offset in seen[:4])
    if not fits:
        at = times[change[0]].astype("datetime64[us]").astype("datetime64[s]")
        raise context.refusal(
            f"no zone has all the offsets of its stamps ({shown}; they change first after {at}Z); "
            "name the zone with --tz"
        )
    others = f" ({count(len(fits) - 1, 'other zone')} too, {fits[1]} one of them)" if len(fits) > 1 else ""
    context.info(
        "zone", f"offsets {shown} fit {fits[0]}{others}; the forecast follows its clock", "--tz ZONE"
    )
    return fits[0]


def _zones() -> Sequence[str]:
    """All zones under their own names (the database has old ones for many), the common ones first."""
    table = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8")
    names = {line.split("\t")[2] for line in table.splitlines() if line and not line.startswith("#")}
    return (*COMMON, *sorted(names & zoneinfo.available_timezones() - set(COMMON)))


def _written(minutes: int) -> str:
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


class _LocalClock:
    """Stamps of a local clock on their way to UTC; hours that happen twice or never are settled by the rules."""

    def __init__(
        self, wall: Micros, codes: NDArray[np.int64], lines: Lines, zone: str, context: ReadContext
    ) -> None:
        self.wall, self.codes, self.lines, self.zone, self.context = wall, codes, lines, zone, context

    def utc(self, has_hours: bool) -> Micros:
        """(n,) instants; of whole days it does not matter whether their midnight happens twice or never."""
        if not has_hours:
            return self._localised(slice(None), is_first=True, nonexistent="shift_forward")[0]
        wall = pd.DatetimeIndex(self.wall.astype("datetime64[us]"))
        utc, odd = _micros(wall.tz_localize(self.zone, ambiguous="NaT", nonexistent="NaT"))
        rows = np.flatnonzero(odd)
        if rows.size:
            _, absent = self._localised(rows, is_first=True, nonexistent="NaT")
            utc[rows[absent]] = self._moved(rows[absent])
            utc = self._told_apart(utc, rows[~absent])
        return utc

    def _localised(
        self, rows: slice | NDArray[np.intp], *, is_first: bool, nonexistent: Any
    ) -> tuple[Micros, NDArray[np.bool_]]:
        wall = pd.DatetimeIndex(self.wall[rows].astype("datetime64[us]"))
        ambiguous = np.full(len(wall), is_first)
        return _micros(wall.tz_localize(self.zone, ambiguous=ambiguous, nonexistent=nonexistent))

    def _show(self, row: np.intp) -> str:
        return str(pd.Timestamp(int(self.wall[row]), unit="us"))

    def _moved(self, rows: NDArray[np.intp]) -> Micros:
        """Stamps that the change of the clock skips, an hour on: the clock they were read from stayed behind."""
        if not rows.size:
            return np.empty(0, np.int64)
        stamp, line = self._show(rows[0]), self.lines[rows[0]]
        if self.context.rules.nonexistent == "error":
            raise self.context.refusal(
                f"line {line}: {stamp} does not exist in {self.zone} (the clock is put forward); "
                "--nonexistent shift moves it on; if the clock is never changed, say so: --tz UTC or +01:00"
            )
        moved = (
            f"{count(rows.size, 'stamp')} that the clock skips moved on, the first is {stamp} (line {line})"
        )
        self.context.warn("nonexistent", moved, "--nonexistent error")
        before = _LocalClock(self.wall[rows] - 3 * _HOUR, self.codes, self.lines, self.zone, self.context)
        return before.utc(has_hours=False) + 3 * _HOUR

    def _told_apart(self, utc: Micros, rows: NDArray[np.intp]) -> Micros:
        """The instants with those of `rows` filled in, which the local clock shows twice."""
        if not rows.size:
            return utc
        first, _ = self._localised(rows, is_first=True, nonexistent="raise")
        second, _ = self._localised(rows, is_first=False, nonexistent="raise")
        how = self.context.rules.ambiguous
        utc[rows] = second if how == "second" else first
        if how != "order":
            return utc
        changes = self.codes[rows] * 1_000_000 + first // _DAY
        single = 0
        for change in np.unique(changes):
            members = np.flatnonzero(changes == change)
            if np.unique(first[members]).size == members.size:
                single += members.size
            else:
                self._settle_by_order(utc, rows[members], first[members], second[members])
        if single:
            times = f"{count(single, 'time')} that happens twice stands once, near {self._show(rows[0])}"
            self.context.info("ambiguous", f"{times}; read as the first", "--ambiguous second")
        return utc

    def _settle_by_order(self, utc: Micros, rows: NDArray[np.intp], first: Micros, second: Micros) -> None:
        """Fill in one change of the clock in one series: what stands later is later, or the other way round."""
        for rising in (True, False):
            seen = _occurrence(first) if rising else _occurrence(first[::-1])[::-1]
            utc[rows] = np.where(seen == 0, first, second)
            if seen.max() == 1 and _is_ordered(utc, rows, self.codes, rising):
                return
        raise self.context.refusal(
            f"line {self.lines[rows[0]]}: {self._show(rows[0])} happens twice in {self.zone}, and the order of the "
            "rows does not tell which is which; sort the file, or give --ambiguous first or second"
        )


def _micros(index: pd.DatetimeIndex) -> tuple[Micros, NDArray[np.bool_]]:
    """(UTC microseconds of a zoned index, which of them are none)."""
    naive = index.tz_convert("UTC").tz_localize(None)
    return naive.to_numpy().astype("datetime64[us]").astype(np.int64), np.asarray(index.isna())


def _occurrence(values: Micros) -> NDArray[np.int64]:
    """How many times each value has appeared before."""
    seen: NDArray[np.int64] = pd.Series(values).groupby(values).cumcount().to_numpy().astype(np.int64)
    return seen


def _is_ordered(utc: Micros, rows: NDArray[np.intp], codes: NDArray[np.int64], rising: bool) -> bool:
    """True when the series runs one way from a few rows before these rows to a few after."""
    start, stop = max(0, int(rows.min()) - 3), int(rows.max()) + 4
    near = utc[start:stop][codes[start:stop] == codes[rows[0]]]
    steps = np.diff(near)
    return bool((steps > 0).all() if rising else (steps < 0).all())


def zone_of_midnights(utc: Micros) -> str | None:
    """The first common zone in which all these instants are midnights."""
    for zone in COMMON:
        if not ((utc + offset_of(utc, zone) * _MINUTE) % _DAY).any():
            return zone
    return None


def suspected_zones(doubled: Micros, missing: Micros, first: int, last: int) -> list[str]:
    """Common zones whose every change of the clock from first to last shows as hours doubled or missing.

    doubled, missing: wall times that stand twice, or not at all. A zone is suspected when it puts its clock back
    at least once, or forward if nothing is doubled.
    """
    if last - first > 60 * 366 * _DAY:
        return []
    hours = np.arange(first // _HOUR - 26, last // _HOUR + 26) * _HOUR
    twice, never = set(doubled.tolist()), set(missing.tolist())
    return [zone for zone in COMMON if _shows(zone, hours, twice, never, first, last)]


def _shows(zone: str, hours: Micros, doubled: set[int], missing: set[int], first: int, last: int) -> bool:
    offsets = offset_of(hours, zone) * _MINUTE
    back = forward = 0
    for at in np.flatnonzero(np.diff(offsets)):
        change = int(offsets[at + 1] - offsets[at])
        start = int(hours[at + 1] + min(offsets[at], offsets[at + 1]))
        if not first <= start or not start + _HOUR <= last:
            continue
        shown = doubled if change < 0 else missing
        if start not in shown:
            return False
        back, forward = back + (change < 0), forward + (change > 0)
    return back > 0 if doubled else forward > 0
