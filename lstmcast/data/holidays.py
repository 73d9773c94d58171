"""Holidays: the days off of a country, and which of a panel's rows can know them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources, util
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import UsageError
from lstmcast.core.panel import Holidays, Panel

YEARS_AHEAD = 20
_COUNTRY = re.compile(r"([A-Za-z]{2})(?:-(\w+(?: \w+)*))?")


def is_country(name: str) -> bool:
    """True for the spelling of a country with or without its part, such as FI or DE-BY; anything else is a file."""
    return _COUNTRY.fullmatch(name) is not None


def of_country(name: str, panel: Panel) -> Holidays:
    """The public holidays of a country, or of a part of it, over the years of a panel and YEARS_AHEAD more.

    Raises UsageError without the package, for a country or part that it does not know, and where rows are no days.
    """
    require_days(panel)
    match = _COUNTRY.fullmatch(name)
    if match is None:
        message = f"holidays are those of a country such as FI or DE-BY; got {name!r}"
        raise UsageError(message, option="--holidays")
    calendars = _package()
    wall = panel.clock.wall(panel.times[[panel.times.argmin(), panel.times.argmax()]])
    first, last = (int(str(year)) for year in wall.astype("datetime64[Y]"))
    years = range(first, last + YEARS_AHEAD + 1)
    try:
        days = calendars.country_holidays(match[1].upper(), subdiv=_part(match[2]), years=years)
    except NotImplementedError as error:
        message = f"--holidays {name}: {error}; the package holidays lists what it knows"
        raise UsageError(message, option="--holidays") from None
    named = sorted((str(day), str(called)) for day, called in days.items())
    return Holidays(
        name,
        tuple(day for day, _ in named),
        f"{years[0]}-01-01",
        f"{years[-1]}-12-31",
        tuple(called for _, called in named),
        _half_days(calendars, days, match, years),
    )


def _half_days(calendars: Any, days: Any, match: re.Match[str], years: range) -> tuple[str, ...]:
    """The days that are off in part, where the package knows some of the country."""
    if "half_day" not in getattr(days, "supported_categories", ()):
        return ()
    where = {"subdiv": _part(match[2]), "years": years, "categories": ("half_day",)}
    return tuple(
        sorted({*map(str, calendars.country_holidays(match[1].upper(), **where))} - {*map(str, days)})
    )


def require_days(panel: Panel) -> None:
    """Raise UsageError for a panel whose rows are no days or parts of one."""
    clock = panel.clock
    if clock.is_counter:
        raise UsageError("--holidays marks days, and a counter has none", option="--holidays")
    if clock.step is None and not clock.is_daily and clock.freq != "B":
        raise UsageError(
            f"--holidays marks days, and the rows are of {clock.freq}; count the days off of each row, and name that "
            "column with --known",
            option="--holidays",
        )


def taught(panel: Panel, rows: list[slice]) -> int:
    """Return how many days off these rows can teach: days that hold one of them."""
    if panel.holidays is None:
        return 0
    wall = np.concatenate([panel.clock.wall(panel.times[own]) for own in rows])
    return len(np.unique(wall[panel.holidays.on(wall)].astype("datetime64[D]")))


@dataclass(frozen=True, eq=False)
class PublicDays:
    """The public holidays of a country or a part of it: days since 1970-01-01, and the parts the country has."""

    days: NDArray[np.int64]
    parts: tuple[str, ...]


def countries_of(zone: str | None) -> list[str]:
    """The countries of a time zone, None for all; none without the package, or where the zone is of no country."""
    if util.find_spec("holidays") is None:
        return []
    known = [name for name in _package().list_supported_countries() if len(name) == 2]
    if zone is None:
        return known
    return [country for country in _zones().get(zone, ((), ""))[0] if country in known]


def part_of_zone(zone: str | None) -> str | None:
    """The part of a country, such as AU-VIC, that the tables of the time-zone data name beside a zone, if they do."""
    for country in countries_of(zone) if zone is not None else ():
        told = _zones()[str(zone)][1]
        for name, part in getattr(_package().country_holidays(country), "subdivisions_aliases", {}).items():
            if name in told:
                return f"{country}-{part}"
    return None


@cache
def _zones() -> dict[str, tuple[tuple[str, ...], str]]:
    """Zone -> countries and what is said of it, from the tables of the time-zone data."""
    try:
        folder = resources.files("tzdata.zoneinfo")
        text = "".join(
            folder.joinpath(name).read_text(encoding="utf-8") for name in ("zone1970.tab", "zone.tab")
        )
    except (ImportError, OSError):
        return {}
    found: dict[str, tuple[tuple[str, ...], str]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            countries, _, zone, *told = line.split("\t")
            found.setdefault(zone, (tuple(countries.split(",")), " ".join(told)))
    return found


def days_of(name: str, days: NDArray[np.int64]) -> PublicDays:
    """The public holidays of a country, or of a part (`AU-VIC`), over the years of these days since 1970-01-01."""
    first, last = days[[0, -1]].astype("datetime64[D]").astype("datetime64[Y]").astype(int) + 1970
    return _days_in(name, range(int(first), int(last) + 1))


@cache
def _days_in(name: str, years: range) -> PublicDays:
    """The public holidays of some years: each measure of a series, and each series, asks for all countries again."""
    country, _, part = name.partition("-")
    calendar = _package().country_holidays(country, subdiv=part or None, years=years)
    found = np.array(sorted(map(str, calendar)), dtype="datetime64[D]").astype(np.int64)
    found.setflags(write=False)
    return PublicDays(found, tuple(part for part in calendar.subdivisions if is_country(f"{country}-{part}")))


def _part(text: str | None) -> str | None:
    """Codes of parts are capitals; names (Augsburg) are as they are."""
    return text.upper() if text is not None and len(text) <= 3 else text


def _package() -> Any:
    try:
        import holidays
    except ImportError:
        raise UsageError(
            "--holidays with a country needs the extra holidays (pip install 'lstmcast[holidays]'); or give a CSV "
            "file of dates",
            option="--holidays",
        ) from None
    return holidays
