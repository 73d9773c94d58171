"""Zones: stamps as instants, whether they carry offsets, a zone named by the user, or neither."""

from __future__ import annotations

import difflib
import zoneinfo
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmcast.errors import DataError, UsageError
from lstmcast.ingest.findings import Finding, count, info, warning
from lstmcast.ingest.layouts import COUNTER, EPOCH
from lstmcast.ingest.reader import Lines
from lstmcast.ingest.rules import ReadingRules
from lstmcast.ingest.stamps import Micros, Stamps

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
_REMEDY = "--tz ZONE"


def check_zone(zone: str | None) -> None:
    """Raise UsageError, with the nearest names, for a zone that is neither IANA nor an offset such as +02:00."""
    if zone is None:
        return
    try:
        pd.DatetimeIndex([]).tz_localize(zone)
    except (LookupError, ValueError, TypeError, OSError):
        names = sorted(zoneinfo.available_timezones())
        near = difflib.get_close_matches(zone, names, n=2)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise UsageError(f"--tz takes a zone such as Europe/Helsinki or +02:00; got {zone!r}{hint}") from None


def instants(
    stamps: Stamps,
    codes: NDArray[np.int64],
    lines: Lines,
    zone: str | None,
    rules: ReadingRules,
    source: str,
    findings: list[Finding],
) -> tuple[Micros, str | None]:
    """(UTC (n,), zone): the instants that the stamps name, and the zone whose clock they follow; None without one."""
    if stamps.order == COUNTER:
        return stamps.wall, None
    if stamps.order == EPOCH:
        return stamps.wall, zone or "UTC"
    if stamps.offsets is not None:
        utc = stamps.wall - stamps.offsets.astype(np.int64) * _MINUTE
        return utc, zone or _zone_of(utc, stamps.offsets, source, findings)
    if zone is None:
        return stamps.wall, None
    return _localised(stamps, codes, lines, zone, rules, source, findings), zone


def offset_of(times: Micros, zone: str) -> NDArray[np.int64]:
    """Minutes that the zone is ahead of UTC at these instants."""
    utc = pd.DatetimeIndex(times.astype("datetime64[us]"))
    wall = utc.tz_localize("UTC").tz_convert(zone).tz_localize(None)
    minutes: NDArray[np.int64] = (wall - utc).to_numpy().astype("timedelta64[m]").astype(np.int64)
    return minutes


# --- stamps with offsets ---------------------------------------------------------------------------------------


def _zone_of(utc: Micros, offsets: NDArray[np.int16], source: str, findings: list[Finding]) -> str:
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
        raise DataError(
            f"{source}: no zone has all of its stamps' offsets ({shown}; the first change is after "
            f"{times[change[0]].astype('datetime64[us]').astype('datetime64[s]')}Z); name the zone with --tz"
        )
    others = f" ({count(len(fits) - 1, 'other zone')} too, {fits[1]} one of them)" if len(fits) > 1 else ""
    message = f"offsets {shown} fit {fits[0]}{others}; the forecast follows its clock"
    findings.append(info("zone", message, _REMEDY))
    return fits[0]


def _zones() -> Sequence[str]:
    """All zones, the common ones first; the links of the database (`Etc/…`, `GMT+2`, `US/…`) last."""
    names = zoneinfo.available_timezones() - set(COMMON) - {"Factory", "localtime"}
    cities = sorted(
        name for name in names if "/" in name and not name.startswith(("Etc/", "US/", "posix", "right"))
    )
    return (*COMMON, *cities)


def _written(minutes: int) -> str:
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


# --- stamps of a local clock -----------------------------------------------------------------------------------


def _localised(
    stamps: Stamps,
    codes: NDArray[np.int64],
    lines: Lines,
    zone: str,
    rules: ReadingRules,
    source: str,
    findings: list[Finding],
) -> Micros:
    """UTC of local stamps; the hour that happens twice and the one that does not are settled by the rules."""
    wall = pd.DatetimeIndex(stamps.wall.astype("datetime64[us]"))
    if stamps.depth < 5:  # whole days: a midnight that is skipped or doubled does not matter
        local = wall.tz_localize(zone, ambiguous=np.ones(len(wall), bool), nonexistent="shift_forward")
        return _micros(local)
    local = wall.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    utc = _micros(local)
    odd = np.flatnonzero(local.isna())
    if not odd.size:
        return utc
    first = wall[odd].tz_localize(zone, ambiguous=np.ones(len(odd), bool), nonexistent="NaT")
    absent = np.asarray(first.isna())
    if absent.any():
        utc[odd[absent]] = _moved(wall[odd[absent]], lines[odd[absent]], zone, rules, source, findings)
    twice = odd[~absent]
    if twice.size:
        second = wall[twice].tz_localize(zone, ambiguous=np.zeros(len(twice), bool))
        both = _micros(first[~absent]), _micros(second)
        utc[twice] = _settled(utc, twice, both, stamps.wall, codes, lines, rules, source, findings)
    return utc


def _micros(index: pd.DatetimeIndex) -> Micros:
    """UTC microseconds of a zoned index."""
    naive = index.tz_convert("UTC").tz_localize(None)
    return naive.to_numpy().astype("datetime64[us]").astype(np.int64)


def _moved(
    wall: pd.DatetimeIndex, lines: Lines, zone: str, rules: ReadingRules, source: str, findings: list[Finding]
) -> Micros:
    """Stamps that the change of the clock skips, an hour on (they were written on a clock not put forward)."""
    if rules.nonexistent == "error":
        raise DataError(
            f"{source}: line {lines[0]}: {wall[0]} does not exist in {zone} (the clock is put forward there); "
            "--nonexistent shift moves it on, --tz UTC or +01:00 if the clock is never changed"
        )
    message = (
        f"{count(len(wall), 'stamp')} skipped by the clock moved on, the first is {wall[0]} (line {lines[0]})"
    )
    findings.append(warning("nonexistent", message, "--nonexistent error"))
    before = wall - pd.Timedelta(hours=3)
    offset = _micros(
        before.tz_localize(zone, ambiguous=np.ones(len(wall), bool), nonexistent="shift_forward")
    )
    return offset + 3 * _HOUR


def _settled(
    utc: Micros,
    twice: NDArray[np.intp],
    both: tuple[Micros, Micros],
    wall: Micros,
    codes: NDArray[np.int64],
    lines: Lines,
    rules: ReadingRules,
    source: str,
    findings: list[Finding],
) -> Micros:
    """Instants of the stamps (rows `twice`) that the local clock shows twice; both: as first and as second."""
    first, second = both
    if rules.ambiguous != "order":
        return first if rules.ambiguous == "first" else second
    settled, single, filled = first.copy(), 0, utc.copy()
    change = codes[twice] * 1_000_000 + first // _DAY
    for group in np.unique(change):
        members = np.flatnonzero(change == group)
        occurrence = _occurrence(wall[twice[members]])
        if occurrence.max() == 0:
            single += 1
            continue
        for rising in (True, False):
            is_first = occurrence == 0 if rising else _occurrence(wall[twice[members]][::-1])[::-1] == 0
            settled[members] = np.where(is_first, first[members], second[members])
            filled[twice[members]] = settled[members]
            if occurrence.max() == 1 and _is_ordered(filled, twice[members], codes, rising):
                break
        else:
            stamp = pd.Timestamp(int(wall[twice[members[0]]]), unit="us")
            raise DataError(
                f"{source}: line {lines[twice[members[0]]]}: {stamp} happens twice when the clock is put back, and the "
                "order of the rows does not tell which is which; sort the file, or give --ambiguous first or second"
            )
    if single:
        stamp = pd.Timestamp(int(wall[twice[0]]), unit="us")
        message = f"an hour that happens twice stands once ({count(single, 'time')}, near {stamp}); read as the first"
        findings.append(info("ambiguous", message, "--ambiguous second"))
    return settled


def _occurrence(values: Micros) -> NDArray[np.int64]:
    """How many times each value has appeared before."""
    return pd.Series(values).groupby(values).cumcount().to_numpy()


def _is_ordered(utc: Micros, rows: NDArray[np.intp], codes: NDArray[np.int64], rising: bool) -> bool:
    """True when the series runs one way from a few rows before these rows to a few after."""
    start, stop = max(0, int(rows.min()) - 3), int(rows.max()) + 4
    near = utc[start:stop][codes[start:stop] == codes[rows[0]]]
    steps = np.diff(near)
    return bool((steps > 0).all() if rising else (steps < 0).all())


# --- a local clock that was not said to be one -----------------------------------------------------------------


def suspected_zones(doubled: Micros, missing: Micros, first: int, last: int) -> list[str]:
    """Common zones whose every change of the clock from first to last shows as hours doubled or missing.

    doubled, missing: wall times that stand twice, or not at all. Empty unless at least one hour is doubled.
    """
    if not doubled.size or last - first > 60 * 366 * _DAY:
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
    return back > 0


__all__ = ["check_zone", "instants", "offset_of", "suspected_zones"]
