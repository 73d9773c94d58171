"""The errors of a forecast in the order of time: their memory, their spread, their worst days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Clock, Integers, Panel, Times

Numbers = NDArray[np.float64]

_BARS = 30
_INNER = 0.005  # share of the errors beyond the first and the last bar of a histogram, which hold them too


def autocorrelation(errors: Numbers, most: int) -> list[float]:
    """Correlation of errors (n,) with those 1, 2, … rows later, over pairs that are known; empty where all are equal.

    errors: in the order of time, NaN where unknown. The usual estimate, which divides by all squares (Box and Jenkins).
    """
    known = np.isfinite(errors)
    centred = np.where(known, errors - errors[known].mean(), 0.0) if known.any() else np.zeros(len(errors))
    squares = float((centred**2).sum())
    if not squares > 0:
        return []
    count = int(known.sum())
    found = []
    for lag in range(1, min(most, len(errors) - 1) + 1):
        pairs = int((known[lag:] & known[:-lag]).sum())
        covariance = float((centred[lag:] * centred[:-lag]).sum()) / max(pairs, 1)
        found.append(covariance / (squares / count) if pairs else 0.0)
    return found


@dataclass(frozen=True)
class Histogram:
    """Bars of equal width: edges (bars + 1) and the share of the errors in each; the outer ones hold all beyond."""

    edges: list[float]
    shares: list[float]


def histogram(errors: Numbers) -> Histogram | None:
    """The spread of the known errors (n,); None where there are none or all are equal."""
    known = errors[np.isfinite(errors)]
    if known.size < 2 or float(np.ptp(known)) == 0.0:
        return None
    low, high = np.quantile(known, [_INNER, 1 - _INNER])
    if low == high:
        low, high = known.min(), known.max()
    edges = np.linspace(low, high, min(_BARS, max(5, int(known.size**0.5))) + 1)
    counts, _ = np.histogram(np.clip(known, low, high), edges)
    return Histogram(edges.tolist(), (counts / known.size).tolist())


@dataclass(frozen=True)
class Day:
    """Rows first to last (included) of a panel's flat arrays, of one series, and the mean loss on them."""

    series: int
    first: int
    last: int
    loss: float


def worst_days(panel: Panel, losses: Numbers, most: int = 10) -> list[Day]:
    """The days of the wall clock with the largest mean loss, the worst first; rows that are no part of a day are one.

    losses: (N,) of each row, NaN where unknown; a day counts where half of its rows are known, and more than three
    quarters of them are there.
    """
    days = _days(panel.clock, panel.times)
    starts = np.flatnonzero(
        np.append(True, (days[1:] != days[:-1]) | np.diff(panel.series_of_rows()).astype(bool))
    )
    stops = np.append(starts[1:], len(days))
    known = np.isfinite(losses)
    rows = np.add.reduceat(known.astype(np.int64), starts)
    sums = np.add.reduceat(np.where(known, losses, 0.0), starts)
    usual = np.median(stops - starts)
    whole = (2 * rows >= stops - starts) & (4 * (stops - starts) >= 3 * usual)
    mean = np.where(whole, sums / np.maximum(rows, 1), -np.inf)
    found = [place for place in np.argsort(-mean, kind="stable")[:most].tolist() if np.isfinite(mean[place])]
    series = panel.series_of_rows()
    return [Day(int(series[starts[i]]), int(starts[i]), int(stops[i]) - 1, float(mean[i])) for i in found]


def _days(clock: Clock, times: Times) -> Integers:
    """(N,) a number for each row that changes with its day, or with each row where there are no days."""
    if clock.step is None or clock.is_counter:
        return np.arange(len(times))
    return np.asarray(clock.wall(times).astype("datetime64[D]").astype(np.int64))


def nights(panel: Panel, origins: Integers, horizon: int) -> Integers:
    """Of possible origins those from which forecasts follow one another: one at the beginning of each day of the wall
    clock where the horizon covers it, else one a horizon; in the order of rows."""
    if not len(origins):
        return origins
    clock = panel.clock
    if clock.step is not None and not clock.is_counter:
        days = clock.wall(panel.times).astype("datetime64[D]")
        first: Integers = origins[days[origins] != days[origins - 1]]
        per_day = np.timedelta64(1, "D") / clock.step
        if len(first) and horizon >= per_day:
            return first
    series = np.searchsorted(panel.offsets, origins, side="right") - 1
    kept = (origins - panel.offsets[series]) % horizon == (
        panel.offsets[series + 1] - panel.offsets[series]
    ) % horizon
    return np.asarray(origins[kept])
