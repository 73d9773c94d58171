"""Names of time columns: what the name of a column says of the times, the counts or the parts of a date in it."""

from __future__ import annotations

import re

from lstmcast.ingest.table.roles import plain, unitless


def as_words(text: str) -> frozenset[str]:
    """The words of a text with blanks between."""
    return frozenset(text.split())


_TIMES = as_words(
    "time date datetime timestamp ds stamp period day month week year quarter "
    "zeit datum zeitstempel fecha data heure horodatage aika pvm tid dato hora "
    "yearmonth yearweek yyyymm yyyymmdd yyyyww yyyyddd ts epoch unixtime dt"
)
_COUNTERS = as_words("t n no i index step row number nr instant rownames id obs counter") | {"column 1"}
_WEEKS = as_words("week yearweek weekyear wk kw yyyyww isoweek calweek woche semaine semana uke vecka viikko")
_HOURS = {
    "he",
    "hourending",
    "hour ending",
    "hour end",
    "hourend",
    "hour number",
    "hour no",
    "delivery hour",
    "trading hour",
}
_HOUR_WORDS = as_words("hour hours he hr hrs stunde stunden heure hora hodina godzina uur time interval")
_PERIODS = as_words(
    "period periods sp settlementperiod halfhour interval settlement block slot quarterhour pte position"
)
_THINGS = as_words(
    "id user userid uid customer client session visitor order ticket invoice transaction device account member sku "
    "zip plz postcode phone code uuid ip number nr no kunde kundennummer"
)
PARTS: tuple[tuple[str, frozenset[str]], ...] = (
    ("year", frozenset(["year", "yr", "yyyy", "jahr", "annee", "ano", "anno", "vuosi"])),
    ("month", frozenset(["month", "mnth", "mon", "mm", "mo", "monat", "mois", "mes", "kuukausi"])),
    ("day", frozenset(["day", "dd", "dy", "tag", "jour", "dia", "paiva"])),
    ("hour", frozenset(["hour", "hr", "hh", "h", "hours", "stunde", "heure", "hora", "tunti"])),
    ("minute", frozenset(["minute", "min", "minutes"])),
    ("second", frozenset(["second", "sec", "seconds"])),
)
QUARTERS, WEEKS = as_words("quarter qtr quartal trimestre"), as_words("week wk isoweek woche semaine")
DAYS_OF_YEAR = as_words("doy dayofyear julian jday yday jd") | {
    "day of year",
    "julian day",
    "day of the year",
}
CLOCKS = as_words("klo uhrzeit tijd")


def words(name: str) -> frozenset[str]:
    """The words in a name, `HourEnding` and `hour_ending` alike, and the name itself."""
    humps = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return frozenset([unitless(name), *plain(humps).split(), *re.findall(r"[^\W\d_]+", plain(humps))])


def rank(name: str) -> int:
    """0: the name says time, 1: a word of it does, 2: none."""
    if unitless(name) in _TIMES:
        return 0
    return 1 if words(name) & _TIMES else 2


def says_time(name: str) -> bool:
    """True for a name with a word for time in it."""
    return rank(name) < 2


def counts(name: str) -> bool:
    """True for a name that a column has which counts rows."""
    return unitless(name) in _COUNTERS


def says_week(name: str) -> bool:
    """True for a name with a word for weeks in it."""
    return bool(words(name) & _WEEKS)


def is_hour(name: str) -> bool:
    """True for a name that means hours and nothing else."""
    humps = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return unitless(name) in _HOURS or unitless(humps) in _HOURS


def says_hour(name: str) -> bool:
    """True for a name with a word for hours in it."""
    return bool(words(name) & _HOUR_WORDS)


def says_period(name: str) -> bool:
    """True for a name that a column of numbered parts of a day has."""
    return bool(words(name) & _PERIODS)


def names_things(name: str) -> bool:
    """True for a name that a column has which numbers people, orders or places."""
    return bool(words(name) & _THINGS)


def is_part(name: str) -> bool:
    """True for the name of a part of a date: year, quarter, month, week, day, hour, …"""
    called = unitless(name)
    return called in QUARTERS | WEEKS | DAYS_OF_YEAR or any(called in part for _, part in PARTS)


def part_of(name: str) -> str | None:
    """Return the one of PARTS that a column is named after; None for another name."""
    return next((part for part, called in PARTS if unitless(name) in called), None)
