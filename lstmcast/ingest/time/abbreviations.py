"""Abbreviations of zones (CET and CEST, EST and EDT) become offsets: those of a zone that explains them all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from lstmcast.ingest.text.calendar_words import ABBREVIATIONS, RFC_5322
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.decoding import Micros
from lstmcast.ingest.time.stamps import Stamps
from lstmcast.ingest.time.zones import COMMON, all_zones, offset_of, written

_MINUTE, _HALF_A_YEAR = 60_000_000, 182 * 86_400_000_000
_WITNESSES = 200  # stamps that every zone is asked about before all are looked at
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, eq=False)
class _Named:
    """Stamps with abbreviations: wall (n,), names (n,) places in `called`, offsets (n,) minutes of those in digits."""

    wall: Micros
    names: NDArray[np.int16]
    called: Sequence[str]
    offsets: NDArray[np.int16]

    def take(self, rows: NDArray[np.intp]) -> _Named:
        return _Named(self.wall[rows], self.names[rows], self.called, self.offsets[rows])

    def offsets_in(self, zone: str) -> NDArray[np.int64] | None:
        """(n,) minutes under which every stamp has its abbreviation in a zone; None where one has not."""
        found = self.offsets.astype(np.int64)
        for place, name in enumerate(self.called):
            rows = np.flatnonzero(self.names == place)
            if not name or not rows.size:
                continue
            is_open = np.ones(rows.size, dtype=bool)
            for minutes in ABBREVIATIONS[name]:
                utc = self.wall[rows] - minutes * _MINUTE
                fits = is_open & (offset_of(utc, zone) == minutes)
                if fits.any() and _name_of(zone, int(utc[np.argmax(fits)])) != name:
                    continue
                found[rows[fits]] = minutes
                is_open &= ~fits
            if is_open.any():
                return None
        return found


def _name_of(zone: str, utc: int) -> str:
    """Return what a zone's clock is called at an instant in µs."""
    return ((_EPOCH + timedelta(microseconds=utc)).astimezone(ZoneInfo(zone)).tzname() or "").lower()


def explained(stamps: Stamps, zone: str | None, context: ReadContext) -> tuple[NDArray[np.int64], str]:
    """((n,) offsets in minutes, zone) of stamps with abbreviations; zone: that of the user, which need not have them.

    Raises DataError where no zone has them all, or several with different clocks.
    """
    assert stamps.abbreviations is not None
    assert stamps.offsets is not None
    named = _Named(stamps.wall, stamps.abbreviations, stamps.called, stamps.offsets)
    if zone is not None and "/" in zone and (found := named.offsets_in(zone)) is not None:
        return found, zone
    fits = list(_fitting(named))
    if zone is None and fits and fits[0][0] not in COMMON and _is_common(named):
        fits = []  # CET in summer, too: not that of Algiers, but a clock that somebody never changed
    shown = " and ".join(name.upper() for name in stamps.called if name)
    if not fits:
        return _one_clock(named, shown, zone, context)
    zones, offsets = zip(*fits, strict=True)
    different = {tuple(each.tolist()) for each in offsets}
    if len(different) > 1:
        raise context.refusal(
            f"{shown} is what clocks of {zones[0]} and of {_another(fits)} show; say which with --tz {zones[0]}"
        )
    others = f" (as do {zones[1]} and others)" if len(zones) > 1 else ""
    found = named.offsets_in(zones[0])
    assert found is not None
    if zone is None:
        verb = "fit" if " and " in shown else "fits"
        message = f"{shown} {verb} {zones[0]}{others}; the forecast follows its clock"
        context.info("zone", message, "--tz ZONE")
    return found, zone or zones[0]


def _fitting(named: _Named) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Zones that explain all of the stamps, with the offsets of a few of these.

    Where RFC 5322 decides, no others; where every abbreviation has one meaning and a common zone has them, the common
    ones, since all others have the same offsets.
    """
    change = np.flatnonzero(np.diff(named.names))
    spread = np.linspace(0, named.wall.size - 1, num=min(_WITNESSES, named.wall.size)).astype(np.int64)
    witnesses = named.take(np.unique(np.concatenate([spread, change[:_WITNESSES], change[:_WITNESSES] + 1])))
    is_plain = all(len(ABBREVIATIONS[name]) == 1 or name in RFC_5322 for name in named.called if name)
    found = _explaining(COMMON, witnesses) if is_plain else []
    found = found or _explaining(all_zones(), witnesses)
    by_standard = [(zone, offsets) for zone, offsets in found if _is_standard(witnesses, offsets)]
    for zone, offsets in by_standard or found:
        if named.offsets_in(zone) is not None:
            yield zone, offsets


def _explaining(zones: Sequence[str], named: _Named) -> list[tuple[str, NDArray[np.int64]]]:
    """Those zones that have all the abbreviations at their times, with the offsets (n,) that they give."""
    found = ((zone, named.offsets_in(zone)) for zone in zones)
    return [(zone, offsets) for zone, offsets in found if offsets is not None]


def _is_standard(named: _Named, offsets: NDArray[np.int64]) -> bool:
    """True where every abbreviation is one of RFC 5322 and means what stands there."""
    for place, name in enumerate(named.called):
        own = offsets[named.names == place]
        if name and own.size and (name not in RFC_5322 or (own != RFC_5322[name]).any()):
            return False
    return True


def _is_common(named: _Named) -> bool:
    """True where a common zone has one of the abbreviations, which has one meaning, at some time of the year."""
    if any(len(ABBREVIATIONS[name]) > 1 for name in named.called if name):
        return False
    first = int(named.wall[0])
    names = {_name_of(zone, first + half * _HALF_A_YEAR) for zone in COMMON for half in (0, 1)}
    return bool(names & set(named.called))


def _another(fits: Sequence[tuple[str, NDArray[np.int64]]]) -> str:
    """The first zone whose clock differs from that of the first."""
    return next(zone for zone, offsets in fits if (offsets != fits[0][1]).any())


def _one_clock(
    named: _Named, shown: str, zone: str | None, context: ReadContext
) -> tuple[NDArray[np.int64], str]:
    """Offsets where no zone has the abbreviations at these times, as with CET in summer: of each its only one."""
    found = named.offsets.astype(np.int64)
    for place, name in enumerate(named.called):
        if not name or not (named.names == place).any():
            continue
        if len(ABBREVIATIONS[name]) > 1 and name not in RFC_5322:
            raise context.refusal(f"no zone has the clock {shown} at these times; name the zone with --tz")
        found[named.names == place] = RFC_5322.get(name, ABBREVIATIONS[name][0])
    if zone is None and np.unique(found).size > 1:
        raise context.refusal(f"no zone has the clocks {shown} at these times; name the zone with --tz")
    minutes = int(found[0])
    return found, zone or ("UTC" if not minutes else written(minutes))
