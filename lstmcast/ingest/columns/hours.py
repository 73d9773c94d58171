"""Hours as column names: what of a day each says, and the hours that most days have not got."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence

from lstmcast.ingest.time.numbered import FIRST, UNSAID, read_number

_ENOUGH = 12  # columns with times of day
_A_DAY = (
    23,
    24,
    25,
    46,
    48,
    49,
    50,
    92,
    96,
    97,
    100,
    144,
    288,
)  # parts of a day, on which the clock may change
_PER_DAY = {24: 24, 25: 24, 48: 48, 49: 48, 50: 48, 96: 96, 97: 96, 100: 96}  # usual parts of such days
_STEM = r"(?:(?P<stem>[^\d:]*[^\d:\w]|[^\d:]*_|[^\W\d_]*)?)"
_TIME = r"\d{1,2}[:.]\d\d(?:[:.]\d\d)?(?:\s*[ap]\.?m\.?)?"
_CLOCK = re.compile(_STEM + rf"(?P<clock>{_TIME})(?:\s*[-–]\s*{_TIME})?\s*(?:h|hrs|uhr)?", re.IGNORECASE)
_DIGITS = re.compile(r"(?P<stem>[^\d]*?)(?P<hour>[01]\d|2[0-4])(?P<minute>00|15|20|30|40|45)")
_ENDING = re.compile(r"(?:he|hour[\s_-]*ending|ending)\W*$", re.IGNORECASE)
_NUMBERED = re.compile(
    r"(?:.*[\s_.-])?(?P<letters>he|hour[\s_-]*ending|hour|hr|h|period|sp|qh|q|hh|pte)[\s._-]*(?P<number>\d{1,3})\s*"
    r"(?P<again>[ab*x]?)",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"(?P<number>\d{1,2})\s*(?:\.\s*)?(?:h|hr|hrs|hours?|uhr|std|heures?)\.?", re.IGNORECASE
)


def hours_in(names: Sequence[str]) -> Mapping[str, str]:
    """Column -> what of a day it is, as a column of hours would say it: `13:00`, `HE7`, `12`; none where columns are no
    hours, half hours or quarters."""
    for reading in (_clocks, _digits, _numbers):
        found = reading(names)
        if found:
            return found
    return {}


def are_bare(names: Sequence[str]) -> bool:
    """True for hours that are plain numbers, which may be the names of anything."""
    return all(name.strip().isdigit() for name in names)


def is_extra(label: str) -> bool:
    """Return whether an hour is one that only the day has on which the clock is put back."""
    number, again = read_number(label) or (0, UNSAID)
    return again not in (UNSAID, FIRST) or number in (25, 49, 50, *range(97, 101))


def last_of(labels: Sequence[str]) -> str | None:
    """The number of the last part of a usual day, which the day has not got on which the clock is put forward."""
    numbers = {read[0]: label for label in labels if (read := read_number(label)) is not None}
    usual = [number for number, label in numbers.items() if not is_extra(label)]
    return numbers[max(usual)] if usual else None


def _clocks(names: Sequence[str]) -> dict[str, str]:
    """Times of day."""
    found = {name: match for name in names if (match := _CLOCK.fullmatch(name.strip())) is not None}
    if len(found) < _ENOUGH:
        return {}
    if all(_ENDING.search(match["stem"] or "") for match in found.values()):
        return {name: f"HE{int(re.split('[:.]', match['clock'])[0])}" for name, match in found.items()}
    return {name: match["clock"].replace(".", ":", 1) for name, match in found.items()}


def _digits(names: Sequence[str]) -> dict[str, str]:
    """Times of day without a sign between hour and minute, such as 0030; of all hours of a day."""
    found = {name: match for name in names if (match := _DIGITS.fullmatch(name.strip())) is not None}
    if len(found) not in _PER_DAY or len({match["stem"] for match in found.values()}) > 1:
        return {}
    minutes = sorted(60 * int(match["hour"]) + int(match["minute"]) for match in found.values())
    steps = {later - earlier for earlier, later in itertools.pairwise(minutes)}
    if len(steps) != 1 or steps.pop() * len(minutes) != 1440:
        return {}
    return {name: f"{match['hour']}:{match['minute']}" for name, match in found.items()}


def _numbers(names: Sequence[str]) -> dict[str, str]:
    """Parts of a day numbered from 0 or 1 on and on."""
    found = {name: label for name in names if (label := _number(name)) is not None}
    numbers = sorted({(read_number(label) or (0, 0))[0] for label in found.values()})
    is_whole = bool(numbers) and numbers[0] <= 1 and numbers[-1] - numbers[0] == len(numbers) - 1
    return found if is_whole and len(numbers) in _A_DAY and len(set(found.values())) == len(found) else {}


def _number(name: str) -> str | None:
    """The number of a part of a day as a column of them would hold it."""
    if read_number(name) is not None:
        return name
    if (match := _COUNTED.fullmatch(name.strip())) is not None:
        return match["number"]
    if (match := _NUMBERED.fullmatch(name.strip())) is None:
        return None
    letters = "HE" if _ENDING.search(match["letters"]) else ""
    return f"{letters}{match['number']}{match['again']}"
