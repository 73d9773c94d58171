"""Periods that rows are summed over: days, weeks, months, so many hours, the horizon, or from date to date."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstmcast.core.errors import UsageError
from lstmcast.core.options import seconds
from lstmcast.core.panel import Clock, Integers, Times

DAY, WEEK, MONTH, HORIZON = "day", "week", "month", "horizon"
NAMED = (DAY, WEEK, MONTH, HORIZON)
NOWHERE = -1
_MONDAY = np.datetime64("1970-01-05", "us")
_LENGTHS = {DAY: 86_400, WEEK: 7 * 86_400, MONTH: 28 * 86_400}


@dataclass(frozen=True, eq=False)
class Periods:
    """The periods that are summed. kind: one of NAMED, a duration such as `6h`, or `dates`, whose edges (E,) are wall
    times."""

    kind: str
    edges: Times | None = None

    def codes(self, times: Times, clock: Clock) -> Integers:
        """(N,) the number of the period that each instant lies in, rising with time; NOWHERE between no dates."""
        wall = clock.wall(times)
        if self.edges is not None:
            found = np.searchsorted(self.edges, wall, side="right") - 1
            return np.where((found < 0) | (found >= len(self.edges) - 1), NOWHERE, found)
        if self.kind == HORIZON:
            return np.zeros(len(times), dtype=np.int64)
        if self.kind == MONTH:
            return wall.astype("datetime64[M]").astype(np.int64)
        length = _LENGTHS.get(self.kind) or round(seconds(self.kind, "--total"))
        return np.asarray((wall - _MONDAY) // np.timedelta64(length, "s"), dtype=np.int64)

    def names(self, codes: Integers, first: str) -> list[str]:
        """Name each period by its beginning; first: the name of the horizon."""
        if self.kind == HORIZON:
            return [first] * len(codes)
        if self.edges is not None:
            return [_written(self.edges[code]) for code in codes]
        if self.kind == MONTH:
            return [str(month) for month in codes.astype("datetime64[M]")]
        length = _LENGTHS.get(self.kind) or round(seconds(self.kind, "--total"))
        return [_written(_MONDAY + int(code) * np.timedelta64(length, "s")) for code in codes]


def _written(wall: np.datetime64) -> str:
    """A date, with the time of day where it is not midnight or may be another."""
    text = str(wall.astype("datetime64[s]"))
    return text.removesuffix("T00:00:00")


def parse_periods(word: str, clock: Clock) -> Periods:
    """The periods that a word asks for; raises UsageError for what is none, or shorter than a row."""
    kind = word.strip().lower()
    if kind == HORIZON:
        return Periods(HORIZON)
    if kind not in NAMED and not re.fullmatch(r"\d+(\.\d+)?\s*[a-z]+", kind):
        message = f"--total takes {', '.join(NAMED)}, or a duration such as 6h; got {word!r}"
        raise UsageError(message, option="--total")
    if clock.is_counter:
        message = (
            f"--total {word}: the rows of this file are counted and have no {word}; --total horizon sums them"
        )
        raise UsageError(message, option="--total")
    length = _LENGTHS.get(kind) or seconds(kind, "--total")
    row = _row(clock)
    if length < row or (kind not in NAMED and length % row):
        message = f"--total {word}: a period holds whole rows, and one is {clock.freq} long"
        raise UsageError(message, option="--total")
    return Periods(kind)


def _row(clock: Clock) -> float:
    """Seconds of a row, of months the shortest."""
    first, second = clock.grid(clock.instant("2001-02-01"), 2).astype("int64").tolist()
    return float(second - first) / 1e6


def of_dates(days: Sequence[str]) -> Periods:
    """Periods from each of these ISO dates to the next; raises UsageError for fewer than two."""
    edges = np.unique(np.array(days, dtype="datetime64[us]"))
    if len(edges) < 2:
        message = "--total-at takes at least two dates: a period goes from one to the next"
        raise UsageError(message, option="--total-at")
    return Periods("dates", edges)
