"""Partial periods: a first or a last row that was put together of fewer readings than its period has."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.findings import count
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.decoding import Micros
from lstmcast.ingest.time.rows import Rows

Mask = NDArray[np.bool_]
_USUAL = 0.99  # share of periods that no gap at an edge is shorter than where it is a usual one
_FEWEST = 3  # periods, below which nothing usual shows


@dataclass(frozen=True, eq=False)
class ReadingPeriods:
    """n readings with a target, in order, and the period of each: its first and its last instant (n,), exclusive."""

    utc: Micros
    codes: NDArray[np.int64]
    begins: Micros
    ends: Micros

    def partial(self) -> tuple[Mask, Mask]:
        """(P,) which of the P periods in order is the first of its series and begins too late, or the last and ends
        too early: by more than gaps at the edges of the others are long."""
        inner = (self.codes[1:] == self.codes[:-1]) & (self.begins[1:] == self.begins[:-1])
        firsts = np.flatnonzero(np.concatenate([[True], ~inner]))
        lasts = np.append(firsts[1:], len(self.utc)) - 1
        codes = self.codes[firsts]
        is_first = np.concatenate([[True], codes[1:] != codes[:-1]])
        is_last = np.append(is_first[1:], True)
        late, early = self.utc[firsts] - self.begins[firsts], self.ends[lasts] - self.utc[lasts]
        steps = np.diff(self.utc)[self.codes[1:] == self.codes[:-1]]
        step = float(np.median(steps)) if steps.size else np.inf
        return _unusual(late, is_first, step), _unusual(early, is_last, step)


def _unusual(gaps: Micros, is_edge: Mask, step: float) -> Mask:
    """(P,) the periods at an edge whose gap is longer than those within the series usually are, or, where few are
    within, than the step (microseconds) between readings."""
    inner = gaps[~is_edge]
    usual = np.quantile(inner, _USUAL) if len(inner) >= _FEWEST else step
    return np.asarray(is_edge & (gaps > usual))


def without_partial(rows: Rows, readings: Rows, begins: Micros, ends: Micros, context: ReadContext) -> Rows:
    """Aggregated rows without the target of those at an edge that were made of an incomplete period; it is said.

    readings: of which the rows were made; begins, ends: of the period of each reading.
    """
    known = np.isfinite(readings.values[:, 0])
    if not known.any() or context.rules.keep_partial:
        return rows
    periods = ReadingPeriods(readings.utc[known], readings.codes[known], begins[known], ends[known])
    late, early = periods.partial()
    places = _places(readings.codes, begins, known)
    if len(places) != len(late) or places[-1] >= len(rows.utc):
        return rows
    partial = places[late | early]
    if not partial.size:
        return rows
    _say(rows, places, late, early, context)
    values = rows.values.copy()
    values[partial, : None if context.is_lenient else 1] = np.nan
    return replace(rows, values=values)


def _places(codes: NDArray[np.int64], begins: Micros, known: Mask) -> NDArray[np.intp]:
    """Return the rows of periods with a known reading; one of missing readings is a row too, as of a sum."""
    periods = np.unique(np.stack([codes, begins]), axis=1, return_inverse=True)[1].ravel()
    return np.unique(periods[known])


def _say(rows: Rows, places: NDArray[np.intp], late: Mask, early: Mask, context: ReadContext) -> None:
    """That the first or the last rows are partial ones."""
    for which, mask in (("first", late), ("last", early)):
        found = places[mask]
        if found.size:
            whose = f"the {which} row, {rows.show(found[-1])}, is"
            if found.size > 1:
                whose = f"the {which} rows of {count(found.size, 'series')} are"
            message = f"{whose} made of an incomplete period and counts as missing"
            context.info("partial_period", message, "--keep-partial to keep it")
