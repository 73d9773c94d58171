"""Zones: stamps as instants, whether they carry offsets, a zone named by the user, or neither."""

from __future__ import annotations

import difflib
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import UsageError
from lstmcast.core.findings import count
from lstmcast.core.zone import is_known, offset
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.decoding import Micros

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
_LEAST_SHOWN = 0.5  # share of the times of a change that must show for its zone to be suspected
_LONGEST = 60 * 366 * _DAY  # a file that is longer is not searched for changes of the clock


def check_zone(zone: str | None) -> None:
    """Raise UsageError, with the nearest names, for a zone that is no IANA name and no offset (`+02:00`)."""
    if zone is None:
        return
    if not is_known(zone):
        names = sorted(zoneinfo.available_timezones())
        near = difflib.get_close_matches(zone, names, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(f"--tz takes a zone such as Europe/Helsinki or +02:00; got {zone!r}{hint}") from None


def offset_of(times: Micros, zone: str) -> NDArray[np.int64]:
    """Minutes that the zone is ahead of UTC at these instants."""
    minutes: NDArray[np.int64] = (
        offset(times, zone).astype("timedelta64[us]").astype("timedelta64[m]")
    ).astype(np.int64)
    return minutes


def zone_of_offsets(utc: Micros, offsets: NDArray[np.int16], context: ReadContext) -> str:
    """A fixed offset, or the commonest zone that has all these offsets at these instants."""
    seen = np.unique(offsets)
    if seen.size == 1:
        return "UTC" if seen[0] == 0 else written(int(seen[0]))
    order = np.argsort(utc, kind="stable")
    times, minutes = utc[order], offsets[order]
    change = np.flatnonzero(np.diff(minutes))
    witnesses = np.unique(np.concatenate([[0, len(times) - 1], change, change + 1]))
    fits = [
        zone
        for zone in all_zones()
        if (offset_of(times[witnesses], zone) == minutes[witnesses]).all()
        and (offset_of(times, zone) == minutes).all()
    ]
    shown = " and ".join(written(int(offset)) for offset in seen[:4])
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


def all_zones() -> Sequence[str]:
    """All zones under their own names (the database has old ones for many), the common ones first."""
    table = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8")
    names = {line.split("\t")[2] for line in table.splitlines() if line and not line.startswith("#")}
    return (*COMMON, *sorted(names & zoneinfo.available_timezones() - set(COMMON)))


def written(minutes: int) -> str:
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def zone_of_midnights(utc: Micros) -> str | None:
    """The first common zone in which all these instants are midnights."""
    for zone in COMMON:
        if not ((utc + offset_of(utc, zone) * _MINUTE) % _DAY).any():
            return zone
    return None


@dataclass(frozen=True)
class ClockChange:
    """A change of a clock: wall time in µs at which the doubled or skipped times begin, and how long these are.

    by: µs by which the clock is put forward; negative where it is put back.
    """

    start: int
    by: int

    @property
    def day(self) -> int:
        """The midnight before it."""
        return self.start // _DAY * _DAY


def changes_of(zone: str, first: int, last: int) -> list[ClockChange]:
    """The changes of a zone's clock between two wall times, both of which it shows with an hour to spare."""
    hours = np.arange(first // _HOUR - 26, last // _HOUR + 26) * _HOUR
    offsets = offset_of(hours, zone) * _MINUTE
    found = []
    for at in np.flatnonzero(np.diff(offsets)):
        by = int(offsets[at + 1] - offsets[at])
        start = int(hours[at + 1] + min(offsets[at], offsets[at + 1]))
        if first <= start and start + abs(by) <= last:
            found.append(ClockChange(start, by))
    return found


def suspected_zones(doubled: Micros, missing: Micros, first: int, last: int, step: int) -> list[str]:
    """Common zones whose every change of the clock from first to last shows as hours doubled or missing.

    doubled, missing: wall times that stand twice, or not at all; step: that of the file. A zone is suspected when it
    puts its clock back at least once, or forward if nothing is doubled. Those come first whose hours show best, then
    those that stamps show which name the beginnings of steps.
    """
    if last - first > _LONGEST:
        return []
    twice, never = set(doubled.tolist()), set(missing.tolist())
    found = []
    for place, zone in enumerate(COMMON):
        changes = changes_of(zone, first, last)
        for shift in (0, step):
            share = _share_shown(changes, twice, never, shift, step)
            if share > _LEAST_SHOWN:
                found.append((-share, shift, place, zone))
    return list(dict.fromkeys(zone for *_, zone in sorted(found)))


def _share_shown(
    changes: Sequence[ClockChange], doubled: set[int], missing: set[int], shift: int, step: int
) -> float:
    """The smallest share of the times of a change that the file shows, moved by a shift; 0 without a change to see."""
    if not any(change.by < 0 if doubled else change.by > 0 for change in changes):
        return 0.0
    shares = []
    for change in changes:
        times = range(change.start + shift, change.start + shift + abs(change.by), step)
        shown = doubled if change.by < 0 else missing
        shares.append(sum(time in shown for time in times) / max(len(times), 1))
    return min(shares)


def zones_of_days(days: Micros, first: int, last: int, *, is_back: bool) -> list[str]:
    """Common zones that put their clock back, or forward, on just these days, given by their midnights."""
    if last - first > _LONGEST or not days.size:
        return []
    given = set(days.tolist())
    return [
        zone
        for zone in COMMON
        if {c.day for c in changes_of(zone, first, last) if (c.by < 0) == is_back} == given
    ]
