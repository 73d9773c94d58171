"""Numbers of rows in units that a person thinks in: hours, days, weeks."""

from __future__ import annotations

import re

_MINUTES = {"min": 1, "h": 60, "D": 1_440, "d": 1_440}
_PERIODS = {"W": "week", "M": "month", "Q": "quarter", "Y": "year"}


def with_span(rows: int, freq: str) -> str:
    """`336 rows (14 days)`; the rows alone where the step is no span of time, or is the row itself."""
    counted = f"{rows:,} {'row' if rows == 1 else 'rows'}"
    span = span_of(rows, freq)
    return counted if span is None else f"{counted} ({span})"


def span_of(rows: int, freq: str) -> str | None:
    """Return how long so many rows of a frequency are, None where that cannot be told.

    freq: as the clock writes it.
    """
    found = re.fullmatch(r"(\d*)([A-Za-z]+?)(?:[SE]?(?:-[A-Z]+)?)?", freq)
    if found is None:
        return None
    each, unit = int(found[1] or 1), found[2]
    if unit in _MINUTES:
        return _of_minutes(rows * each * _MINUTES[unit])
    word = _PERIODS.get(unit)
    return None if word is None else _counted(rows * each, word)


def _of_minutes(minutes: int) -> str:
    """The largest unit of which it is a number that is easily read."""
    for unit, size in (("day", 1_440), ("hour", 60)):
        if minutes >= size and (minutes % size == 0 or minutes > 3 * size):
            return _counted(minutes / size, unit)
    return _counted(minutes, "minute")


def _counted(number: float, unit: str) -> str:
    return (
        f"{number:,.3g} {unit}" + ("" if number == 1 else "s") if number < 1_000 else f"{number:,.0f} {unit}s"
    )
