"""Differences: a counter that only climbs becomes what was used in each step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.findings import count
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.time.rows import Rows

Numbers = NDArray[np.float64]
_CORRECTED = 0.1  # a fall by less than this share is a correction, as Home Assistant has it, and no new start
_BINARY = (2.0**16, 2.0**32)  # where counters of so many bits begin again
_NEAR = 0.1  # a counter rolls over within this share of its capacity


def of_grid(values: Numbers, is_first: NDArray[np.bool_]) -> tuple[Numbers, NDArray[np.intp]]:
    """(what was used (N,) since the row before, the rows at which the counter begins anew).

    values: (N,) a counter on its clock; is_first: (N,) rows that begin a series. NaN where this row or the one before
    is not known: nobody knows in which step of a gap it was used.
    """
    before = np.concatenate([[np.nan], values[:-1]])
    before[is_first] = np.nan
    used = values - before
    falls = np.flatnonzero(used < 0)
    used[falls] = _after_fall(before[falls], values[falls])
    return used, falls[values[falls] < (1 - _CORRECTED) * before[falls]]


def of_rows(rows: Rows, context: ReadContext) -> Rows:
    """Rows in order with the target as what was used since the last row that knows it, before they are aggregated."""
    values = rows.values.copy()
    known = np.flatnonzero(np.isfinite(values[:, 0]))
    codes = rows.codes[known]
    is_first = np.concatenate([[True], codes[1:] != codes[:-1]])[: known.size]
    values[known, 0], restarts = of_grid(values[known, 0], is_first)
    say([rows.show(known[row]) for row in restarts], context)
    return Rows(rows.utc, rows.codes, values, rows.lines, rows.ids, rows.zone, rows.is_counter)


def _after_fall(before: Numbers, after: Numbers) -> Numbers:
    """Return what was used where a counter fell: since its new start, or over the end of its dial.

    Nothing was used where it was only corrected.
    """
    used = np.where(after < (1 - _CORRECTED) * before, after, 0.0)
    restarts = used > 0
    capacity = _capacity(before[restarts], after[restarts])
    if capacity is not None:
        used[restarts] += capacity - before[restarts]
    return used


def _capacity(before: Numbers, after: Numbers) -> float | None:
    """Return where the dial ends, when every fall is one over the same end; else None."""
    if not before.size:
        return None
    powers = (10.0 ** np.ceil(np.log10(max(before.max(), 1.0))), *_BINARY)
    for end in powers:
        if (
            end >= 1000
            and (before >= (1 - _NEAR) * end).all()
            and (after <= _NEAR * end).all()
            and before.max() < end
        ):
            return float(end)
    return None


def say(restarts: list[str], context: ReadContext) -> None:
    """Note that a counter was read as what was used, and where it began anew."""
    falls = f"; it begins anew {count(len(restarts), 'time')}, first at {restarts[0]}" if restarts else ""
    message = f"a row is what was used since the row before{falls}"
    context.info("difference", message, "--no-difference")
