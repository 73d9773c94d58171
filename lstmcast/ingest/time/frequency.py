"""A frequency: the step that most stamps keep, as a pandas offset alias, with the evidence for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lstmcast.core import steps as aliases
from lstmcast.core.errors import UsageError
from lstmcast.core.panel import COUNTER
from lstmcast.ingest.text.decoding import Micros

if TYPE_CHECKING:
    import pandas as pd

DAY = 86_400_000_000
_UNITS = (("h", 3_600_000_000), ("min", 60_000_000), ("s", 1_000_000), ("ms", 1000), ("us", 1))
_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MOST_UNITS = 1000  # of a step that is taken without asking pandas whether any calendar is so long
_WORDS = {"D": "day", "B": "business day", "W": "week", "M": "month", "Q": "quarter", "Y": "year"}


def modal(steps: NDArray[np.int64]) -> tuple[int, int]:
    """(the commonest step, how often); on a tie the shorter."""
    if steps.size and steps[0] == steps.min() == steps.max():
        return int(steps[0]), steps.size
    values, counts = np.unique(steps, return_counts=True)
    best = int(np.argmax(counts))
    return int(values[best]), int(counts[best])


def tick(step: int) -> str:
    """The alias of a step below a day given in microseconds: `h`, `30min`."""
    unit, size = next((unit, size) for unit, size in _UNITS if step % size == 0)
    return unit if step == size else f"{step // size}{unit}"


def of_days(wall: Micros, steps: NDArray[np.int64]) -> str:
    """The alias for stamps a day or more apart; wall: sorted times on the wall, steps: between them, in µs."""
    days = np.unique(wall // DAY)
    step = max(1, round(modal(steps)[0] / DAY))
    if step >= 28 and (alias := _of_months(days)):
        return alias
    if step % 7 == 0:
        weekday = _WEEKDAYS[(int(days[0]) + 3) % 7]
        return f"{_times(step // 7)}W-{weekday}"
    return "B" if step == 1 and _skips_weekends(days) else f"{_times(step)}D"


def _of_months(days: NDArray[np.int64]) -> str | None:
    """Months, quarters or years, when every stamp is on the same day of its month or on its last."""
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    day = days - months.astype("datetime64[D]").astype(np.int64)
    at_end = bool(((months + 1).astype("datetime64[D]").astype(np.int64) - 1 == days).all())
    if not at_end and not (day == day[0]).all():
        return None
    numbers = np.unique(months.astype(np.int64))
    step = modal(np.diff(numbers))[0] if numbers.size > 1 else 1
    kind, month = "E" if at_end else "S", int(numbers[0]) % 12
    if step % 12 == 0:
        return f"{_times(step // 12)}Y{kind}-{_MONTHS[month]}"
    if step % 3 == 0:
        anchor = month % 3 if kind == "S" else 9 + month % 3
        return f"{_times(step // 3)}Q{kind}-{_MONTHS[anchor]}"
    return f"{_times(step)}M{kind}"


def _skips_weekends(days: NDArray[np.int64]) -> bool:
    """True when stamps cross a weekend, and none ever falls on one."""
    weekday = (days + 3) % 7
    crossed = int((days[-1] + 3) // 7 - (days[0] + 3) // 7)
    return crossed > 0 and bool((weekday < 5).all())


def _times(number: int) -> str:
    return "" if number == 1 else str(number)


def chosen(freq: str, found: str) -> str:
    """The user's `--freq` as an alias; without an anchor (`W`, `M`, `Q`, `Y`) the one that the stamps have.

    Raises UsageError when it is no frequency.
    """
    text = freq.strip()
    if text == COUNTER:
        return COUNTER
    number, unit = _split(text)
    family = {"A": "Y", "H": "h", "T": "min", "S": "s", "MIN": "min"}.get(unit, unit)
    if family in ("W", "M", "Q", "Y", "d", "w", "y", "D"):
        family = family.upper()
        if _split(found)[0] == number and _family(found) == family:
            return found
        family = {"M": "MS", "Q": "QS-JAN", "Y": "YS-JAN", "W": "W-SUN"}.get(family, family)
    alias = f"{_times(number)}{family}"
    known = _usual(alias) or _of_pandas(alias)
    if known is None:
        message = f"--freq takes a step such as 15min, 1h, 1D, W-SUN or MS; got {freq!r}"
        raise UsageError(message, option="--freq")
    return known


def _usual(alias: str) -> str | None:
    """A usual alias as it is spelled here, `h` for `60min`; None for any other, and for a very long step."""
    found = aliases.usual(alias)
    if found is None or found.number > _MOST_UNITS:
        return None
    size = aliases.tick(alias)
    if size is None:
        return alias if found.unit != "D" else f"{_times(found.number)}D"
    return _of_micros(int(size / np.timedelta64(1, "us")))


def _of_pandas(alias: str) -> str | None:
    """An alias that pandas knows; None where it is none."""
    import pandas as pd

    offset = _offset(alias)
    if isinstance(offset, pd.offsets.Tick):
        return _of_micros(pd.Timedelta(offset) // pd.Timedelta(1, "us"))
    return None if offset is None else str(offset.freqstr)


def _of_micros(step: int) -> str:
    return tick(step) if step % DAY else f"{_times(step // DAY)}D"


def _offset(alias: str) -> pd.offsets.BaseOffset | None:
    """The step of an alias; None where it is none, goes nowhere or backward, or is longer than any calendar."""
    import pandas as pd

    start = pd.Timestamp("2000-01-01")
    try:
        offset = aliases.to_offset(alias)
        is_step = offset.n > 0 and start + 2 * offset > start + offset >= start + pd.Timedelta(1, "us")
    except (ValueError, OverflowError):
        return None
    return offset if is_step else None


def _split(alias: str) -> tuple[int, str]:
    digits = len(alias) - len(alias.lstrip("0123456789"))
    return int(alias[:digits] or 1), alias[digits:]


def _family(alias: str) -> str:
    unit = _split(alias)[1]
    return unit[0] if unit[0] in "WMQY" and unit not in ("min", "ms") else unit


def words(alias: str) -> str:
    """A step as people say it: `1 h`, `30 min`, `1 week`."""
    if alias == COUNTER:
        return "1"
    number, unit = _split(alias)
    word = _WORDS.get(_family(alias))
    if word is None:
        return f"{number} {unit}"
    return f"{number} {word}{'' if number == 1 else 's'}"


def shortest_days(alias: str) -> float:
    """No step of the alias is shorter than this many days."""
    number, _ = _split(alias)
    return number * {"D": 1.0, "B": 1.0, "W": 7.0, "M": 28.0, "Q": 90.0, "Y": 365.0}.get(_family(alias), 1.0)


def names_its_end(alias: str) -> bool:
    """True when a period is called by its last day: weeks, month ends, quarter ends, year ends."""
    unit = _split(alias)[1]
    return unit.startswith("W") or unit[:2] in ("ME", "QE", "YE")


def unit(alias: str) -> str:
    """The alias without its number: `MS` of `6MS`."""
    return _split(alias)[1]


ROWS_A_STEP = 3  # rows that a step to put events on holds on average
_LADDER = (
    ("1min", 60),
    ("5min", 300),
    ("10min", 600),
    ("15min", 900),
    ("30min", 1800),
    ("1h", 3600),
    ("2h", 7200),
    ("6h", 21_600),
    ("1D", 86_400),
    ("1W", 7 * 86_400),
)


def coarse(steps: NDArray[np.int64]) -> str:
    """A round step that holds about one stamp of a file with such steps, or more."""
    return round_step(float(np.median(steps)))


def round_step(typical: float) -> str:
    """The shortest round step that is at least so long, in µs, or nearly."""
    return next((name for name, seconds in _LADDER if seconds >= 0.95 * typical / 1e6), "MS")


def fine(steps: NDArray[np.int64]) -> str:
    """A round step of which most of the steps of a file hold one or more."""
    typical = float(np.median(steps)) / 1e6
    return next((name for name, seconds in reversed(_LADDER) if seconds <= 1.05 * typical), _LADDER[0][0])
