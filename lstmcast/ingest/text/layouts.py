"""A layout: where year, month, day, … stand in a stamp, told from its shape (`0000-00-00t00:00`) alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from lstmcast.ingest.text.calendar_words import ABBREVIATIONS, ALIASES, CROATIAN_NAMES, NAMES, QUARTERS

YMD, DMY, MDY = "year-month-day", "day/month/year", "month/day/year"
NAMED, CROATIAN, ORDINAL, HALF, WEEK, QUARTER = (
    "dates with the name of the month",
    "dates with the Croatian name of the month",
    "year and day of the year",
    "half years",
    "ISO weeks",
    "quarters",
)
DIGITS, YEARWEEK, SHORT, SERIAL, DECIMAL, EPOCH, COUNTER = (
    "dates in digits (YYYYMMDD)",
    "year and ISO week in digits (YYYYWW)",
    "dates in digits (YYMMDD)",
    "serial days of a spreadsheet (45292 is 2024-01-01)",
    "years with a fraction (2024.25 is April 2024)",
    "seconds or milliseconds since 1970 (UTC)",
    "counter",
)
# Where a column can be read in several of them the first one counts, unless its name tells (see time/codes.py).
ORDERS = (
    *(YMD, DMY, MDY, NAMED, CROATIAN, DIGITS, YEARWEEK, ORDINAL, SHORT, SERIAL, DECIMAL),
    *(EPOCH, HALF, WEEK, QUARTER, COUNTER),
)
# Finer from left to right, in parts of equal depth.
_DEPTHS = {
    "year": 0,
    "semester": 1,
    "quarter": 1,
    "month": 2,
    "part": 2,
    "week": 3,
    "day": 4,
    "ordinal": 4,
    "serial": 4,
    "hour": 5,
    "minute": 6,
    "second": 7,
    "fraction": 8,
}


@dataclass(frozen=True)
class Layout:
    """One way to read a shape.

    order: which of ORDERS it is; spans: part -> (start, stop) in the stamp; month, sign, half: what letters
    say (the month's number, the offset's sign, 12 for pm, 0 for am, -1 for neither); zoned: an offset, Z or the
    abbreviation of a zone is there; interval: a second stamp follows; style: strftime pattern when it is ISO 8601,
    else empty; abbreviation: that of the zone, a key of ABBREVIATIONS, or empty; region: the zone's name in lower
    case, or empty.
    """

    order: str
    spans: dict[str, tuple[int, int]]
    month: int = 0
    sign: int = 1
    half: int = -1
    zoned: bool = False
    interval: bool = False
    style: str = ""
    abbreviation: str = ""
    region: str = ""

    @property
    def depth(self) -> int:
        """The finest unit: 0 year, 1 quarter, 2 month, 3 week, 4 day, 5 hour, 6 minute, 7 second."""
        finest = max((_DEPTHS.get(part, 0) for part in self.spans), default=0)
        return max(finest, 2 if self.month else 0)


def _numbered(names: Sequence[str]) -> dict[str, int]:
    """The number of the month by each of its names."""
    return {name: number for number, words in enumerate(names, 1) for name in words.split()}


MONTHS, CROATIAN_MONTHS = _numbered(NAMES), _numbered(CROATIAN_NAMES)
QUARTER_WORDS = frozenset(QUARTERS.split())
_HALVES, _WEEKS = (
    frozenset(words.split())
    for words in (
        "h s hy hj half halfyear halbjahr sem semester semestre semestr",
        "w kw wk cw week woche s v vecka u uke uge sem semaine semana settimana tyden tydzien viikko",
    )
)
# what a numbered period of a year may be called, and which part of the stamp its number then is
_PERIODS = ((QUARTER, QUARTER_WORDS, "quarter"), (HALF, _HALVES, "semester"), (WEEK, _WEEKS, "week"))
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}

_S = r"(?P<s>[-/. ]|\. )"
_NAME = r"(?P<name>[a-z]+)\.?"
_YEAR, _SHORT_YEAR = r"(?P<year>0000)", r"(?P<year>00)"
_MONTH, _DAY = r"(?P<month>00?)", r"(?P<day>00?)"
_NTH = rf"{_DAY}(?:\.|st|nd|rd|th|er)?"
_PERIOD, _NUMBER, _APART = r"(?P<period>[a-z]+)\.?", r"(?P<number>00?|i{1,3}|iv)", r"[-/:., ]"
_TH = r"(?:\.|\.?(?:st|nd|rd|th|er|ere|eme|e|r|o|a|:a|ste|de)\.?)?"
PERIOD = "periods of a year"  # weeks, quarters or half years, as their word says
_DATES: tuple[tuple[str, str], ...] = (
    (YMD, rf"{_YEAR}{_S}{_MONTH}(?P=s){_DAY}\.?"),
    (YMD, rf"{_YEAR}[-/]{_MONTH}"),
    (YMD, rf"{_YEAR}-?m{_MONTH}"),
    (YMD, rf"{_YEAR}[:_](?P<month>00)"),
    (YMD, rf"m{_MONTH}[-/ ]{_YEAR}"),
    (YMD, rf"{_SHORT_YEAR}{_S}(?P<month>00)(?P=s)(?P<day>00)"),
    (DMY, rf"{_DAY}{_S}{_MONTH}(?P=s){_YEAR}\.?"),
    (DMY, rf"{_DAY}{_S}{_MONTH}(?P=s){_SHORT_YEAR}"),
    (MDY, rf"{_MONTH}{_S}{_DAY}(?P=s){_YEAR}"),
    (MDY, rf"{_MONTH}{_S}{_DAY}(?P=s){_SHORT_YEAR}"),
    (MDY, rf"{_MONTH}[-/.]{_YEAR}"),
    (DMY, rf"{_MONTH}[-/.]{_YEAR}"),
    (NAMED, rf"{_NTH}[-/ .]*{_NAME}[-/ .,]*{_YEAR}\.?"),
    (NAMED, rf"{_NTH} de {_NAME}(?: de)? {_YEAR}"),
    (NAMED, rf"{_NAME} de {_YEAR}"),
    (NAMED, rf"{_NTH}[-/ .]+{_NAME}[-/ .]+{_SHORT_YEAR}"),
    (NAMED, rf"{_NAME}[-/ .]*{_NTH},?[-/ ]+{_YEAR}"),
    (NAMED, rf"{_NAME}[-/ .,]*{_YEAR}"),
    (NAMED, rf"{_NAME}[-/ .']*{_SHORT_YEAR}"),
    (NAMED, rf"{_YEAR}[-/ .]*{_NAME}(?:[-/ .]*{_DAY}\.?)?"),
    (ORDINAL, rf"{_YEAR}[-/ ](?P<ordinal>000)"),
    (WEEK, rf"{_YEAR}-?w(?P<week>00)-?(?P<weekday>0)"),
    (PERIOD, rf"{_YEAR}{_APART}*{_PERIOD}[- .]*{_NUMBER}"),
    (PERIOD, rf"{_YEAR}{_APART}+{_NUMBER}{_TH}[- ]*{_PERIOD}"),
    (PERIOD, rf"{_PERIOD}[- .]*{_NUMBER}{_TH}{_APART}*(?:del? |of )?{_YEAR}"),
    (PERIOD, rf"{_PERIOD}[- .]*{_NUMBER}(?:[-/ ]'?|'){_SHORT_YEAR}"),
    (PERIOD, rf"{_NUMBER}{_TH}[- ]*{_PERIOD}{_APART}*(?:del? |of )?{_YEAR}"),
    (PERIOD, rf"{_NUMBER}{_PERIOD}[-/ ]*'?{_SHORT_YEAR}"),
)
_DIGITS: dict[int, str] = {
    4: _YEAR,
    6: rf"{_YEAR}(?P<month>00)",
    8: rf"{_YEAR}(?P<month>00)(?P<day>00)",
    10: rf"{_YEAR}(?P<month>00)(?P<day>00)(?P<hour>00)",
    12: rf"{_YEAR}(?P<month>00)(?P<day>00)(?P<hour>00)(?P<minute>00)",
    14: rf"{_YEAR}(?P<month>00)(?P<day>00)(?P<hour>00)(?P<minute>00)(?P<second>00)",
}
_CODES: tuple[tuple[str, str, str], ...] = (
    (YEARWEEK, rf"{_YEAR}(?P<week>00)", ""),
    (ORDINAL, rf"{_YEAR}(?P<ordinal>000)", r"(?:\.(?P<zeros>0+))?"),
    (SHORT, r"(?P<year>00)(?P<month>00)(?P<day>00)", ""),
    (SERIAL, r"(?P<serial>0{5})", r"(?:[.,](?P<share>0{1,15}))?"),
    (DECIMAL, _YEAR, r"(?:[.,](?P<part>0{1,9})0*)?"),
)
_WEEKDAY = r"(?:(?P<before>[a-z]{2,10})[.,]* )?"
_SINCE = (
    r"(?:(?:week|month|quarter) (?:of|ending|ended|beginning|commencing|starting) |w/[ecb] |"
    r"woche vom |semaine du |semana del? |settimana del )?"
)
_CLOCK = (
    r"(?P<hour>00?)(?:[:.h](?P<minute>00)(?:[:.](?P<second>00)(?:[.,:](?P<fraction>0+))?)?|h)?"
    r"(?:\s*(?P<half>[ap])\.?\s?m\.?|\s*(?:uhr|hrs?|hours))?"
)
_NUMERIC = r"(?:utc|gmt)?(?P<sign>[+-])(?P<offset_hours>00?)(?::?(?P<offset_minutes>00))?(?:\s+[a-z]{2,5})?"
_OFFSET = (
    rf"(?:\s*(?P<zone>z|utc|gmt|{_NUMERIC})|\s*\(?(?P<abbreviation>[a-z]{{2,5}})\)?)?(?:\s*\([a-z/ ]+\))?"
    r"(?:\s*\[(?P<region>[a-z_+/-]+)\]|\s+(?P<bare_region>[a-z]+/[a-z_/-]+))?"
)
_END = r"(?P<end>(?:\s+(?:-|to|bis)\s+(?=[0a-z])|/(?=0000-))[0a-z:./ -]+?(?:\s*\([a-z/]+\))?)?"
_AT = r",? +(?:at|um|om|kl|klo|a|alle)\.? +"
_TIME = rf"(?:(?P<gap>t|,? +|,|-|:|_|{_AT}){_CLOCK}{_OFFSET})?"


def _patterns() -> Iterator[tuple[str, str, str]]:
    for order, date in _DATES:
        yield order, rf"\s*{_SINCE}{_WEEKDAY}(?:{date})", rf"{_TIME}{_END}\s*"
    # as `date`, Java and Twitter write: the year stands last
    yield NAMED, rf"\s*{_WEEKDAY}{_NAME} +{_DAY} +(?=00?:)", rf"{_CLOCK}{_OFFSET} +{_YEAR}\s*"
    for length, date in _DIGITS.items():
        yield DIGITS, rf"\s*{date}", (_OFFSET if length > 8 else r"(?:\.(?P<zeros>0+))?") + r"\s*"
    compact = r"(?P<hour>00)(?P<minute>00)(?P<second>00)?"
    for date in (_DIGITS[8], rf"{_YEAR}(?P<s>-)(?P<month>00)-(?P<day>00)"):
        yield YMD, rf"\s*{date}(?P<gap>t|_| )", rf"{compact}{_OFFSET}\s*"
    yield YMD, rf"\s*{_DIGITS[8]}(?P<gap>t|_|-| )", rf"{_CLOCK}{_OFFSET}\s*"
    for order, head, tail in _CODES:
        yield order, rf"\s*{head}", rf"{tail}\s*"
    for digits in ("0{9,10}", "0{12,13}", "0{15,16}", "0{18,19}"):
        yield EPOCH, rf"\s*(?P<epoch>{digits})", r"(?:[.,](?P<fraction>0+))?\s*"
    yield EPOCH, r"\s*/?date\((?P<epoch>0{12,13})", r"(?:[+-]0000)?\)/?\s*"
    yield COUNTER, r"\s*(?P<counter>-?0{1,15})", r"(?:\.(?P<zeros>0+))?\s*"


# Order, head and tail: a head stands in few shapes, and a tail takes ten times as long to compile.
_PATTERNS = tuple(_patterns())


@lru_cache(maxsize=4096)
def layouts_of(shape: str) -> tuple[Layout, ...]:
    """Every way to read a shape: a stamp in lower case, each digit a 0; empty when it is no stamp."""
    found: dict[str, Layout] = {}
    for order, head, tail in _PATTERNS:
        match = _may_be(order, shape) and re.match(head, shape) and re.fullmatch(head + tail, shape)
        for layout in _layouts(order, match) if match else ():
            found.setdefault(layout.order, layout)
    return tuple(found.values())


def _may_be(order: str, shape: str) -> bool:
    """False where a shape lacks what every stamp of an order has: most patterns then need not be compiled."""
    letters = {NAMED: 3, WEEK: 1, PERIOD: 1}.get(order, 0)  # the shortest name of a month has three
    return "0" in shape and sum(map(str.isalpha, shape)) >= letters


def _layouts(order: str, match: re.Match[str]) -> Iterator[Layout]:
    """Yield the layouts that a match says: of the name of a month or of a period perhaps two."""
    groups = match.groupdict()
    if any((groups.get("before") or "") in words for _, words, _ in _PERIODS):
        return  # `week 1/2020` is no month
    if order == PERIOD:
        for period, words, part in _PERIODS:
            if groups["period"] in words:
                yield from _layout(period, match, 0, part)
        return
    name = groups.get("name")
    if name is None:
        yield from _layout(order, match, 0)
        return
    for language, months in ((NAMED, MONTHS), (CROATIAN, CROATIAN_MONTHS)):
        if name in months:
            yield from _layout(language, match, months[name])


def _layout(order: str, match: re.Match[str], month: int, number: str = "") -> Iterator[Layout]:
    """The layout of a match; none where its last letters are no abbreviation of a zone.

    number: the part of the stamp that the number of a period is; a Roman one is that of a quarter.
    """
    groups = match.groupdict()
    spans = {
        number if name == "number" else name: match.span(name)
        for name, text in groups.items()
        if text is not None and "0" in text and name not in ("zone", "end")
    }
    if (roman := _ROMAN.get(groups.get("number") or "")) is not None:
        if order != QUARTER:
            return
        month = 3 * roman - 2
    half = groups.get("half")
    abbreviation = groups.get("abbreviation") or ""
    abbreviation = ALIASES.get(abbreviation, abbreviation)
    if abbreviation and abbreviation not in ABBREVIATIONS:
        return
    yield Layout(
        order=order,
        spans=spans,
        month=month,
        sign=-1 if groups.get("sign") == "-" else 1,
        half=-1 if half is None else 12 * (half == "p"),
        zoned=bool(groups.get("zone") or abbreviation),
        interval=bool(groups.get("end")),
        style=_style(groups, spans) if order == YMD else "",
        abbreviation=abbreviation or ("gmt" if groups.get("zone") == "gmt" else ""),
        region=groups.get("region") or groups.get("bare_region") or "",
    )


def _style(groups: dict[str, str | None], spans: dict[str, tuple[int, int]]) -> str:
    """The strftime pattern of an ISO 8601 stamp; empty for any other."""
    year, month, day = (spans.get(part, (0, 0)) for part in ("year", "month", "day"))
    is_iso = year[1] - year[0] == 4 and month[1] - month[0] == 2 and (not day[1] or day[1] - day[0] == 2)
    if not is_iso or groups.get("s", "-") != "-" or month[0] == year[1] or groups.get("half"):
        return ""
    if not day[1]:
        return "%Y-%m" if month[0] == year[1] + 1 else ""
    if "hour" not in spans:
        return "%Y-%m-%d"
    gap = {"t": "T", " ": " "}.get(groups.get("gap") or "")
    if gap is None or "minute" not in spans:
        return ""
    clock = "%H:%M" + (":%S" if "second" in spans else "")
    return f"%Y-%m-%d{gap}{clock}" + ("%z" if groups.get("zone") or groups.get("abbreviation") else "")
