"""The axis of a clock's rows, and how its stamps and its spans are written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lstmcast.cli.show.drawing.shapes import Axis, NumberAxis, PictureTimeAxis
from lstmcast.core.findings import count

if TYPE_CHECKING:
    from lstmcast.core.panel import Clock, Times

_UNITS = {"D": "day", "W": "week", "M": "month", "Q": "quarter", "Y": "year"}
_LONG = (
    (7 * 24 * 60, 2, "week"),
    (24 * 60, 2, "day"),
    (60, 1, "hour"),
    (1, 1, "minute"),
)  # minutes, fewest, name


def axis_of(clock: Clock, first: Times) -> Axis:
    """The axis below rows of a clock; first: (1,) the stamp of one of them."""
    if clock.is_counter:
        return NumberAxis(is_whole=True)
    from lstmcast.data.outline import places

    start, stop = places(clock.grid(first[0], 2))
    return PictureTimeAxis(clock.zone, stop - start)


def stamps(clock: Clock, times: Times) -> list[str]:
    """Stamps that tell apart the hours of the night on which the clock is put back."""
    from lstmcast.evaluation.ledger import unmistakable

    return (clock if clock.ahead(times) is None else unmistakable(clock)).write(times)


def span(clock: Clock, rows: int) -> str:
    """Return how long a stretch of rows is, as a person says it: `2 weeks`, `24 hours`, `12 months`."""
    if clock.step is not None and not clock.is_counter:
        minutes = rows * clock.step_seconds / 60
        for length, fewest, unit in _LONG:
            if minutes >= fewest * length and minutes % length == 0:
                return count(int(minutes // length), unit)
    parts = re.match(r"(\d*)B?([DWMQY])", clock.freq)
    if parts is None or clock.freq.startswith(("min", "ms")):
        return count(rows, "row")
    return count(rows * int(parts[1] or 1), _UNITS[parts[2]])
