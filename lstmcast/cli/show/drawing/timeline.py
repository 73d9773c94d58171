"""An axis of time: the full hours, days, months or years that are written along it, by the clock of a zone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from lstmcast.cli.show.drawing.scales import Tick

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_SECOND = 1_000_000  # microseconds
_DAY = 86_400 * _SECOND
_EPOCH = datetime(1970, 1, 1)
_SINCE, _UNTIL = (
    -62_135_596_800 * _SECOND,
    253_402_300_799 * _SECOND,
)  # the years 1 to 9999, which a date can have


@dataclass(frozen=True)
class _Unit:
    """A step along the axis; letters: of its labels; days, months: 0 unless it is one of them."""

    length: int
    letters: int
    label: Callable[[datetime], str]
    context: Callable[[datetime], str]
    days: int = 0
    months: int = 0


def _date(moment: datetime) -> str:
    return f"{moment.day} {MONTHS[moment.month - 1]}"


def _weekday_and_date(moment: datetime) -> str:
    return f"{DAYS[moment.weekday()]} {_date(moment)}"


def full_date(moment: datetime) -> str:
    """`Fri 25 May 2012`."""
    return f"{_weekday_and_date(moment)} {moment.year}"


def _year(moment: datetime) -> str:
    return str(moment.year)


def _nothing(moment: datetime) -> str:
    return ""


def _units() -> Iterator[_Unit]:
    """Every step that is round on a clock or in a calendar, the shortest first."""
    for seconds in (1, 2, 5, 10, 15, 30):
        yield _Unit(seconds * _SECOND, 8, lambda moment: f"{moment:%H:%M:%S}", full_date)
    for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720):
        yield _Unit(60 * minutes * _SECOND, 5, lambda moment: f"{moment:%H:%M}", full_date)
    yield _Unit(_DAY, 10, _weekday_and_date, _year, days=1)
    for days in (1, 2, 7, 14):
        yield _Unit(days * _DAY, 6, _date, _year, days=days)
    for months in (1, 2, 3, 6):
        yield _Unit(30 * months * _DAY, 3, lambda moment: MONTHS[moment.month - 1], _year, months=months)
    for years in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000):
        yield _Unit(365 * years * _DAY, 4, _year, _nothing, months=12 * years)


UNITS = tuple(_units())


def zone_of(name: str | None) -> tzinfo:
    """The zone of an IANA name or of a fixed offset (`+02:00`); UTC where stamps carry none."""
    if name is None:
        return UTC
    if name[:1] in "+-":
        hours, minutes = name[1:].split(":")
        size = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(-size if name[0] == "-" else size)
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


def wall(place: float, zone: tzinfo) -> datetime:
    """Return what a clock on the wall shows at an instant."""
    bounded = min(max(int(place), _SINCE + _DAY), _UNTIL - _DAY)
    return (
        (_EPOCH + timedelta(microseconds=bounded)).replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
    )


def ticks(
    first: float, last: float, spacing: float, name: str | None, width: float, letter: float
) -> list[Tick]:
    """Full hours, days, … from one instant to another, as many as can be read, with the date where it begins.

    spacing: between two rows, below which nothing is marked; name: of the zone; width: of the axis, letter: of one
    letter in the same measure. An hour that the clock repeats in autumn has a tick of its own; one that it skips none.
    """
    zone = zone_of(name)
    unit = next((unit for unit in UNITS if _fits(unit, last - first, spacing, width, letter)), UNITS[-1])
    found = []
    context = ""
    for place, moment in _moments(unit, first, last, zone):
        now = unit.context(moment)
        found.append(Tick(place, unit.label(moment), now if now != context else ""))
        context = now
    if not found:  # a row or two at odd minutes
        moment = wall(first, zone)
        found = [Tick(first, f"{moment:%H:%M:%S}" if spacing < _DAY else _date(moment), full_date(moment))]
    return found


def _fits(unit: _Unit, span: float, spacing: float, width: float, letter: float) -> bool:
    """Return True where the labels of a unit stand apart, and no tick falls between two rows."""
    return unit.length >= 0.9 * spacing and span / unit.length * (unit.letters + 2) * letter <= width


def _moments(unit: _Unit, first: float, last: float, zone: tzinfo) -> Iterator[tuple[float, datetime]]:
    """The instants at which the clock shows a full unit, with what it shows."""
    for moment in _full(unit, wall(first, zone) - timedelta(days=1), wall(last, zone) + timedelta(days=1)):
        shown = []
        for fold in (0, 1):
            instant = moment.replace(tzinfo=zone, fold=fold).astimezone(UTC)
            is_there = instant.astimezone(zone).replace(tzinfo=None) == moment
            if is_there or (unit.length >= _DAY and not fold):  # a day whose midnight the clock skips
                shown.append((instant.replace(tzinfo=None) - _EPOCH) // timedelta(microseconds=1))
        for place in sorted(set(shown))[: 1 if unit.length >= _DAY else 2]:
            if first <= place <= last:
                yield place, moment


def _full(unit: _Unit, first: datetime, last: datetime) -> Iterator[datetime]:
    """The full hours, days, months or years on the wall from one time to another, rising."""
    if unit.months:
        yield from _full_months(unit.months, first, last)
        return
    midnight = datetime(first.year, first.month, first.day)
    if unit.days:
        midnight -= timedelta(days=(midnight.toordinal() - 1) % unit.days)  # weeks begin on Mondays
    step = timedelta(microseconds=unit.length)
    moment = midnight
    while moment <= last:
        if moment >= first:
            yield moment
        moment += step


def _full_months(step: int, first: datetime, last: datetime) -> Iterator[datetime]:
    """The first days of months or years whose number is a multiple of a step."""
    number = max((12 * first.year + first.month - 1) // step, -(-12 // step)) * step
    while number < 12 * 9999 and (moment := datetime(number // 12, number % 12 + 1, 1)) <= last:
        if moment >= first:
            yield moment
        number += step
