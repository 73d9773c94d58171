"""Steps: what an offset alias of pandas (`30min`, `W-SUN`, `MS`) means, without pandas where it is a usual one."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Times = NDArray[np.datetime64]
_TICKS = {"h": 3_600_000_000, "min": 60_000_000, "s": 1_000_000, "ms": 1000, "us": 1}
_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_USUAL = re.compile(r"(\d*)(h|min|s|ms|us|D|B|W-[A-Z]{3}|M[SE]|[QY][SE]-[A-Z]{3})")
_DAY = np.timedelta64(1, "D")
_KEPT = 64  # steps that are remembered by their alias
_SEASONS = {"D": (7,), "B": (5,), "W": (52,), "M": (12,), "Q": (4,), "Y": ()}


class Usual(NamedTuple):
    """A usual alias: `30min` is 30 of unit `min`, `2QS-JAN` two of unit `QS`, which begin with anchor `JAN`."""

    number: int
    unit: str
    anchor: str


def usual(freq: str) -> Usual | None:
    """The parts of a usual alias; None for one that only pandas knows."""
    match = _USUAL.fullmatch(freq)
    if match is None or match[1] == "0":
        return None
    unit, _, anchor = match[2].partition("-")
    known = _WEEKDAYS if unit == "W" else _MONTHS
    return Usual(int(match[1] or 1), unit, anchor) if not anchor or anchor in known else None


@lru_cache(maxsize=_KEPT)
def tick(freq: str) -> np.timedelta64 | None:
    """The length of a step below a day, in µs; None of whole days and longer.

    Raises ValueError for what is no alias.
    """
    found = usual(freq)
    if found is None:
        return _tick(to_offset(freq))
    size = _TICKS.get(found.unit)
    return None if size is None else np.timedelta64(found.number * size, "us")


def _tick(step: pd.offsets.BaseOffset) -> np.timedelta64 | None:
    """The length of an offset below a day; whole days are none (pandas before 3 counts them among the ticks)."""
    import pandas as pd

    if isinstance(step, pd.offsets.Tick) and not isinstance(step, pd.offsets.Day):
        return np.timedelta64(pd.Timedelta(step) // pd.Timedelta(1, "us"), "us")
    return None


def to_offset(freq: str) -> pd.offsets.BaseOffset:
    """The offset of pandas; raises ValueError for what is no alias."""
    import pandas as pd

    found: pd.offsets.BaseOffset = pd.tseries.frequencies.to_offset(freq)
    return found


@lru_cache(maxsize=_KEPT)
def seasons(freq: str) -> tuple[int, ...]:
    """The season lengths that the calendar suggests for a step: a day and a week of hours, a week of days, …"""
    if (step := tick(freq)) is not None:
        day, rest = divmod(_DAY, step)
        return (int(day), 7 * int(day)) if not rest and day > 1 else ()
    found = usual(freq)
    if found is None:
        offset = to_offset(freq)
        found = Usual(offset.n, offset.base.freqstr.split("-")[0], "")
    if found.number != 1:
        return ()
    unit = found.unit
    return _SEASONS.get(unit if unit == "B" else unit.removeprefix("B")[0], ())


def stepped(start: np.datetime64, count: int, freq: str) -> Times:
    """(count,) times from a start (µs) on, itself the first where the step can begin there, else the next that can.

    freq: of days or longer.
    """
    found = usual(freq)
    times = None if found is None else _stepped(start, count, found)
    if times is None:
        import pandas as pd

        times = pd.date_range(pd.Timestamp(start), periods=count, freq=freq).to_numpy()
    return times.astype("datetime64[us]")


def _stepped(start: np.datetime64, count: int, step: Usual) -> Times | None:
    """The times of a usual step; None where it cannot begin at the start."""
    day = start.astype("datetime64[D]")
    numbers = step.number * np.arange(count)
    weekday = (int(day.astype(np.int64)) + 3) % 7
    if step.unit == "D" or (step.unit == "W" and _WEEKDAYS[weekday] == step.anchor):
        return np.asarray(start + numbers * (7 if step.unit == "W" else 1) * _DAY)
    if step.unit == "B" and weekday < 5:
        return np.asarray(np.busday_offset(day, numbers) + (start - day))
    return _months(start, numbers, step) if step.unit[0] in "MQY" else None


def _months(start: np.datetime64, numbers: NDArray[np.int64], step: Usual) -> Times | None:
    """The first or last days of months, quarters or years, at the start's time of day."""
    day, month = start.astype("datetime64[D]"), start.astype("datetime64[M]")
    is_end = step.unit[1] == "E"
    many = {"M": 1, "Q": 3, "Y": 12}[step.unit[0]]
    at = (month + is_end).astype("datetime64[D]") - is_end
    behind = (month.astype(np.int64) - (_MONTHS.index(step.anchor) if step.anchor else 0)) % many
    if day != at or behind:
        return None
    days = (month + numbers * many + is_end).astype("datetime64[D]") - is_end
    return np.asarray(days + (start - day))
