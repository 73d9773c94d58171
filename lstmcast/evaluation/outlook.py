"""The outlook: what a forecast of one series comes down to, beside the same time before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Clock, Forecast, Panel, Times

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]

_DAY = np.timedelta64(1, "D")
_WEEK = 7  # days


@dataclass(frozen=True)
class DayOutlook:
    """A day that is forecast whole, or else all rows of a forecast.

    rows: how many; day: its date on the wall clock, None for all rows; mean, highest: of the point forecast; at: place
    of the highest row in the forecast; before: mean of the same day a week earlier, or of as many rows before the
    forecast, None where some of them is unknown; hours: length of a row, None where it is not fixed.
    """

    rows: int
    day: date | None
    mean: float
    highest: float
    at: int
    before: float | None
    hours: float | None


def outlook(panel: Panel, forecast: Forecast, series: int) -> DayOutlook:
    """The outlook on a series; panel: the history that the forecast was made from."""
    places = np.flatnonzero(forecast.series == series)
    times, point = forecast.times[places], forecast.point[places]
    clock = forecast.clock
    start, stop = int(panel.offsets[series]), int(panel.known_until()[series])
    history, values = panel.times[start:stop], panel.target[start:stop]
    day = _first_whole_day(clock, times)
    if day is None:
        kept, before = (
            np.ones(len(times), bool),
            values[-len(times) :] if len(values) >= len(times) else values[:0],
        )
    else:
        kept = _on(clock, times, day)
        before = values[_on(clock, history, day - _WEEK * _DAY)]
    chosen = np.flatnonzero(kept)
    top = int(chosen[point[chosen].argmax()])
    return DayOutlook(
        rows=len(chosen),
        day=None if day is None else day.astype(date),
        mean=float(point[chosen].mean()),
        highest=float(point[top]),
        at=int(places[top]),
        before=float(before.mean()) if len(before) and np.isfinite(before).all() else None,
        hours=None if clock.step is None or clock.is_counter else clock.step_seconds / 3600,
    )


def _on(clock: Clock, times: Times, day: np.datetime64) -> Mask:
    """(n,) whether these instants lie in a day of the wall clock."""
    return np.asarray(clock.wall(times).astype("datetime64[D]") == day)


def _first_whole_day(clock: Clock, times: Times) -> np.datetime64 | None:
    """The first day of the wall clock all of whose rows are there; None without one, and of rows as long as a day."""
    if clock.step is None or clock.is_counter:
        return None
    around = np.concatenate([times[:1] - clock.step, times, clock.after(times[-1], 1)])
    days = clock.wall(around).astype("datetime64[D]")
    inside = np.unique(days[1:-1])
    whole = inside[(inside != days[0]) & (inside != days[-1])]
    return whole[0] if len(whole) else None
