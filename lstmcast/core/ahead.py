"""The distance ahead: rows, or a span of time such as 24h, 1d or 2w that a clock turns into rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lstmcast.core.errors import UsageError

if TYPE_CHECKING:
    from lstmcast.core.panel import Clock

FARTHEST = 10_000  # rows
_SPAN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*")
_WORDS = {
    "s": "s sec secs second seconds",
    "min": "m min mins minute minutes T",
    "h": "h hr hrs hour hours H",
    "D": "d day days D",
    "W": "w week weeks W",
    "M": "mo mon month months M MS ME",
    "Q": "q quarter quarters Q QS QE",
    "Y": "y yr year years Y YS YE",
}
_UNITS = {word: unit for unit, words in _WORDS.items() for word in words.split()}
_SECONDS = {"s": 1, "min": 60, "h": 3600, "D": 86_400, "W": 604_800}
_MONTHS = {"M": 1, "Q": 3, "Y": 12}
_DAYS = {"D": 1, "W": 7}
_BUSINESS_DAYS = {"D": 1, "W": 5}
_STEPS = {"D": _DAYS, "B": _BUSINESS_DAYS, "W": _DAYS, "M": _MONTHS, "Q": _MONTHS, "Y": _MONTHS}


def read_ahead(text: str, option: str = "--horizon") -> int | str:
    """A number of rows, or the span as it is; raises UsageError for neither."""
    word = text.strip()
    if re.fullmatch(r"[+-]?\d+", word):
        _check_rows(int(word), option)
        return int(word)
    match = _SPAN.fullmatch(word)
    if match is None or _unit(match[2]) is None:
        message = f"{option} takes a number of rows such as 24, or a time such as 24h, 1d or 2w; got {text!r}"
        raise UsageError(message, option=option)
    return word


def rows_ahead(ahead: int | str, clock: Clock, option: str = "--horizon") -> int:
    """Return how many rows of a clock that is; raise UsageError where a span is no whole number of them."""
    if isinstance(ahead, int):
        return ahead
    read = read_ahead(ahead, option)
    if isinstance(read, int):
        return read
    match = _SPAN.fullmatch(read)
    assert match is not None
    rows = float(match[1]) * _rows_of(_unit(match[2]) or "", clock, f"{option} {ahead}")
    if rows < 1 or abs(rows - round(rows)) > 1e-9:
        message = f"{option} {ahead} is no whole number of rows, which are {_step(clock)} apart"
        raise UsageError(message, option=option)
    _check_rows(round(rows), option)
    return round(rows)


def _check_rows(rows: int, option: str) -> None:
    if not 1 <= rows <= FARTHEST:
        raise UsageError(f"{option} goes from 1 to {FARTHEST:,} rows; got {rows:,}", option=option)


def _unit(word: str) -> str | None:
    """The unit of a word; a single M is months, as in frequencies, and m is minutes."""
    return _UNITS.get(word) or _UNITS.get(word.lower())


def _rows_of(unit: str, clock: Clock, given: str) -> float:
    """Rows of a clock in a unit; raises UsageError where the two have no measure in common."""
    if clock.is_counter:
        raise UsageError(
            f"{given}: rows are numbered and keep no clock; give a number of rows", option="--horizon"
        )
    if clock.step is not None:
        if unit in _SECONDS:
            return _SECONDS[unit] / clock.step_seconds
    else:
        number, family = _family(clock.freq)
        steps = _STEPS[family]
        if unit in steps:
            return steps[unit] / (steps[family] * number if family in steps else number)
        if unit in _SECONDS and steps is _DAYS:
            return _SECONDS[unit] / (86_400 * steps[family] * number)
        if unit == "Y" and family == "W":
            return 52 / number
    message = f"{given} is no number of rows, which are {_step(clock)} apart; give a number of rows"
    raise UsageError(message, option="--horizon")


def _step(clock: Clock) -> str:
    """The step with its number: `1h`, `15min`."""
    return clock.freq if clock.freq[0].isdigit() else f"1{clock.freq}"


def _family(freq: str) -> tuple[int, str]:
    """(how many, D, B, W, M, Q or Y) of an alias such as 2W-SUN, BMS or QS-JAN."""
    digits = len(freq) - len(freq.lstrip("0123456789"))
    name = freq[digits:]
    letter = "B" if name.split("-")[0] in ("B", "C") else name.removeprefix("B")[0]
    return int(freq[:digits] or 1), letter if letter in _STEPS else "D"
