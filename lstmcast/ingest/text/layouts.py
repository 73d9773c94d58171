"""A layout: where year, month, day, … stand in a stamp, told from its shape (`0000-00-00t00:00`) alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

YMD, DMY, MDY = "year-month-day", "day/month/year", "month/day/year"
NAMED, DIGITS, EPOCH, WEEK, QUARTER, COUNTER = (
    "dates with the name of the month",
    "dates in digits (YYYYMMDD)",
    "seconds or milliseconds since 1970 (UTC)",
    "ISO weeks",
    "quarters",
    "counter",
)
ORDERS = (YMD, DMY, MDY, NAMED, DIGITS, EPOCH, WEEK, QUARTER, COUNTER)
PARTS = ("year", "quarter", "month", "week", "day", "hour", "minute", "second", "fraction")


@dataclass(frozen=True)
class Layout:
    """One way to read a shape.

    order: which of ORDERS it is; spans: part -> (start, stop) in the stamp; month, sign, half: what letters
    say (the month's number, the offset's sign, 12 for pm, 0 for am, -1 for neither); zoned: an offset or Z is
    there; interval: a second stamp follows; style: strftime pattern when it is ISO 8601, else empty.
    """

    order: str
    spans: dict[str, tuple[int, int]]
    month: int = 0
    sign: int = 1
    half: int = -1
    zoned: bool = False
    interval: bool = False
    style: str = ""

    @property
    def depth(self) -> int:
        """How fine the layout is: 0 year, 1 quarter, 2 month, 3 week, 4 day, 5 hour, 6 minute, 7 second."""
        finest = max((PARTS.index(part) for part in self.spans if part in PARTS), default=0)
        return max(finest, 2 if self.month else 0)


_MONTHS_OF_LANGUAGES = (
    "january february march april may june july august september october november december",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "- - - - - - - - sept - - -",
    "januar februar marz april mai juni juli august september oktober november dezember",
    "janner - maerz - - - - - - - - -",
    "jan feb mrz apr mai jun jul aug sep okt nov dez",
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    "janv fevr mars avr mai juin juil aout sept oct nov dec",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "ene feb mar abr may jun jul ago sep oct nov dic",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "gen feb mar apr mag giu lug ago set ott nov dic",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "jan feb mrt apr mei jun jul aug sep okt nov dec",
    "januari februari mars april maj juni juli augusti september oktober november december",
    "januar februar mars april mai juni juli august september oktober november desember",
    "januar februar marts april maj juni juli august september oktober november december",
    "janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro",
    "tammikuu helmikuu maaliskuu huhtikuu toukokuu kesakuu heinakuu elokuu syyskuu lokakuu marraskuu joulukuu",
    "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesakuuta heinakuuta elokuuta syyskuuta lokakuuta "
    "marraskuuta joulukuuta",
    "tammi helmi maalis huhti touko kesa heina elo syys loka marras joulu",
    "- - - - - - - - - - - des",
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia wrzesnia pazdziernika listopada grudnia",
    "styczen luty marzec kwiecien maj czerwiec lipiec sierpien wrzesien pazdziernik listopad grudzien",
)
MONTHS: dict[str, int] = {
    name: number
    for names in _MONTHS_OF_LANGUAGES
    for number, name in enumerate(names.split(), 1)
    if name != "-"
}

_S = r"(?P<s>[-/. ])"
_NAME = r"(?P<name>[a-z]+)\.?"
_YEAR, _SHORT_YEAR = r"(?P<year>0000)", r"(?P<year>00)"
_MONTH, _DAY = r"(?P<month>00?)", r"(?P<day>00?)"
_DATES: tuple[tuple[str, str], ...] = (
    (YMD, rf"{_YEAR}{_S}{_MONTH}(?P=s){_DAY}\.?"),
    (YMD, rf"{_YEAR}[-/]{_MONTH}"),
    (YMD, rf"{_YEAR}m{_MONTH}"),
    (YMD, rf"{_SHORT_YEAR}{_S}(?P<month>00)(?P=s)(?P<day>00)"),
    (DMY, rf"{_DAY}{_S}{_MONTH}(?P=s){_YEAR}"),
    (DMY, rf"{_DAY}{_S}{_MONTH}(?P=s){_SHORT_YEAR}"),
    (MDY, rf"{_MONTH}{_S}{_DAY}(?P=s){_YEAR}"),
    (MDY, rf"{_MONTH}{_S}{_DAY}(?P=s){_SHORT_YEAR}"),
    (MDY, rf"{_MONTH}[-/.]{_YEAR}"),
    (DMY, rf"{_MONTH}[-/.]{_YEAR}"),
    (NAMED, rf"{_DAY}\.?[-/ .]*{_NAME}[-/ .,]*{_YEAR}"),
    (NAMED, rf"{_DAY} de {_NAME}(?: de)? {_YEAR}"),
    (NAMED, rf"{_NAME} de {_YEAR}"),
    (NAMED, rf"{_DAY}\.?[-/ .]+{_NAME}[-/ .]+{_SHORT_YEAR}"),
    (NAMED, rf"{_NAME}[-/ .]*{_DAY},?[-/ ]+{_YEAR}"),
    (NAMED, rf"{_NAME}[-/ .,]*{_YEAR}"),
    (NAMED, rf"{_NAME}[-/ .']*{_SHORT_YEAR}"),
    (NAMED, rf"{_YEAR}[-/ .]*{_NAME}(?:[-/ .]*{_DAY})?"),
    (QUARTER, rf"{_YEAR}[-/ ]?[qk](?P<quarter>0)"),
    (QUARTER, rf"[qk](?P<quarter>0)[-/ ]?{_YEAR}"),
    (WEEK, rf"{_YEAR}-?w(?P<week>00)-?(?P<weekday>0)"),
    (WEEK, rf"{_YEAR}[-/ ]?(?:w|kw|wk)[ -]?(?P<week>00?)"),
    (WEEK, rf"(?:w|kw|wk)[ -]?(?P<week>00?)[-/ ]{_YEAR}"),
)
_DIGITS: dict[int, str] = {
    4: _YEAR,
    6: rf"{_YEAR}(?P<month>00)",
    8: rf"{_YEAR}(?P<month>00)(?P<day>00)",
    10: rf"{_YEAR}(?P<month>00)(?P<day>00)(?P<hour>00)",
    12: rf"{_YEAR}(?P<month>00)(?P<day>00)(?P<hour>00)(?P<minute>00)",
    14: rf"{_YEAR}(?P<month>00)(?P<day>00)(?P<hour>00)(?P<minute>00)(?P<second>00)",
}
_WEEKDAY = r"(?:[a-z]{2,10}[.,]* )?"
_CLOCK = (
    r"(?P<hour>00?)(?:[:.h](?P<minute>00)(?:[:.](?P<second>00)(?:[.,:](?P<fraction>0+))?)?|h)?"
    r"(?:\s*(?P<half>[ap])\.?m\.?)?"
)
_OFFSET = (
    r"\s*(?P<zone>z|utc|gmt|(?:utc|gmt)?(?P<sign>[+-])(?P<offset_hours>00)(?::?(?P<offset_minutes>00))?)?"
)
_END = r"(?P<end>(?:\s+(?:-|to|bis)\s+(?=[0a-z])|/(?=0000-))[0a-z:./ -]+?(?:\s*\([a-z/]+\))?)?"
_TIME = rf"(?:(?P<gap>t|,? +|,|-|:|_){_CLOCK}{_OFFSET})?"


def _patterns() -> Iterator[tuple[str, str, str]]:
    for order, date in _DATES:
        yield order, rf"\s*{_WEEKDAY}(?:{date})", rf"{_TIME}{_END}\s*"
    for date in _DIGITS.values():
        yield DIGITS, rf"\s*{date}", r"\s*"
    compact = r"(?P<hour>00)(?P<minute>00)(?P<second>00)?"
    yield YMD, rf"\s*{_DIGITS[8]}(?P<gap>t|_| )", rf"{compact}{_OFFSET}\s*"
    yield YMD, rf"\s*{_DIGITS[8]}(?P<gap>t|_| )", rf"{_CLOCK}{_OFFSET}\s*"
    for digits in ("0{9,10}", "0{12,13}", "0{15,16}", "0{18,19}"):
        yield EPOCH, rf"\s*(?P<epoch>{digits})", r"(?:\.(?P<fraction>0{1,9}))?\s*"
    yield COUNTER, r"\s*(?P<counter>-?0{1,15})", r"(?:\.(?P<zeros>0))?\s*"


# Order, head and tail: a head stands in few shapes, and a tail takes ten times as long to compile.
_PATTERNS = tuple(_patterns())


@lru_cache(maxsize=4096)
def layouts_of(shape: str) -> tuple[Layout, ...]:
    """Every way to read a shape: a stamp in lower case, each digit a 0; empty when it is no stamp."""
    found = {}
    for order, head, tail in _PATTERNS:
        match = _may_be(order, shape) and re.match(head, shape) and re.fullmatch(head + tail, shape)
        layout = match and _layout(order, match)
        if layout and order not in found:
            found[order] = layout
    return tuple(found.values())


def _may_be(order: str, shape: str) -> bool:
    """False where a shape lacks what every stamp of an order has: most patterns then need not be compiled."""
    letters = {NAMED: 3, WEEK: 1, QUARTER: 1}.get(order, 0)  # the shortest name of a month has three
    return "0" in shape and sum(map(str.isalpha, shape)) >= letters


def _layout(order: str, match: re.Match[str]) -> Layout | None:
    groups = match.groupdict()
    spans = {
        name: match.span(name)
        for name, text in groups.items()
        if text is not None and "0" in text and name not in ("zone", "end")
    }
    month = MONTHS.get(groups.get("name") or "", 0)
    if groups.get("name") and not month:
        return None
    half = groups.get("half")
    return Layout(
        order=order,
        spans=spans,
        month=month,
        sign=-1 if groups.get("sign") == "-" else 1,
        half=-1 if half is None else 12 * (half == "p"),
        zoned=bool(groups.get("zone")),
        interval=bool(groups.get("end")),
        style=_style(groups, spans) if order == YMD else "",
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
    return f"%Y-%m-%d{gap}{clock}" + ("%z" if groups.get("zone") else "")
