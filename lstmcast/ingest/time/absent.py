"""Absent rows: what a step of the clock means for which the file has no row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.rules import ReadingRules
from lstmcast.ingest.time.rows import Rows

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]
MISSING, ZERO, LAST = "missing", "zero", "last"
_GAPPY = 0.05  # share of absent rows from which on they are asked about
_FEWEST, _FEWEST_GAPS = 30, 5  # rows, and gaps, below which nothing shows
_QUANTISED = 3  # rows for each different value, from which on equal neighbours are to be expected


def meaning(rules: ReadingRules) -> str:
    """Return what an absent row means: as the user said, else zero for sums and counts, missing otherwise."""
    if rules.absent is not None:
        return rules.absent
    return ZERO if rules.aggregate in ("sum", "count") else MISSING


class Absent(NamedTuple):
    """Rows of series on a clock that the file lacks: rows (N,); how: what they mean; amounts: the places of the
    columns that are zero where nothing happened."""

    rows: Mask
    how: str
    amounts: Sequence[int]

    def filled(self, values: Numbers) -> Numbers:
        """The values (N, C) with these rows filled; the first row of a series is never absent."""
        if self.how == ZERO:
            values[np.ix_(self.rows, np.asarray(self.amounts, dtype=np.intp))] = 0.0
        if self.how == LAST:
            held: NDArray[np.intp] = np.maximum.accumulate(np.where(self.rows, 0, np.arange(len(values))))
            return np.asarray(values[held])
        return values


def known_until(rows: Rows) -> int:
    """The last instant at which some series has a target: up to it, and not beyond, rows can be absent."""
    known: Mask = np.isfinite(rows.values[:, 0])
    if not known.any():
        known = np.asarray(np.isfinite(rows.values).any(axis=1))
    return int(rows.utc[known].max()) if known.any() else int(rows.utc.min())


def say_doubt(values: Numbers, absent: Mask, is_inner: Mask, name: str, context: ReadContext) -> None:
    """Warn where rows are absent that may mean something.

    values, absent: (N,) the target, and which rows the file lacks; is_inner: (N-1,) whether two rows are of one series.
    """
    rules = context.rules
    if rules.absent is not None or meaning(rules) != MISSING or absent.mean() < _GAPPY:
        return
    known, kept = values[np.isfinite(values)], ~absent
    lacking = f"{int(absent.sum()):,} of {len(absent):,} steps have no row"
    series = np.concatenate([[0], np.cumsum(~is_inner)])[kept]
    if rules.aggregate == "last" or looks_changed(values[kept], series[1:] == series[:-1]):
        message = f"{lacking}; if {name!r} keeps its last value until the next row, say so"
        context.warn("absent_rows", message, "--absent last")
    elif looks_sold(known) and _gaps(absent) >= _FEWEST_GAPS:
        message = f"{lacking}, and no row of {name!r} is 0; if nothing happened then, absent rows mean zero"
        context.warn("absent_rows", message, "--absent zero")


def looks_sold(known: Numbers) -> bool:
    """Return whether numbers look like counts of what happened, told of only when something did.

    They are whole, above zero, and now and then small beside the usual.
    """
    if known.size < _FEWEST or known.min() <= 0 or (known != np.round(known)).any():
        return False
    return bool(known.min() <= 0.5 * np.median(known))


def looks_changed(values: Numbers, is_inner: Mask) -> bool:
    """Return whether values (n,) look as if they were told of only when they change.

    Hardly two equal ones then stand in a row, though few are different.

    is_inner: (n-1,) whether two follow each other in one series.
    """
    known = values[np.isfinite(values)]
    if known.size < _FEWEST or _QUANTISED * np.unique(known).size > known.size:
        return False
    steps: Numbers = np.abs(np.diff(values))[is_inner]
    steps = steps[np.isfinite(steps)]
    least = float(steps[steps > 0].min()) if (steps > 0).any() else 0.0
    often = float(
        (steps <= 1.5 * least).mean()
    )  # equal, or different by the least there is: a third would be equal
    return bool(steps.size) and float((steps == 0).mean()) < 0.1 * often


def _gaps(absent: Mask) -> int:
    """Return how many stretches of absent rows there are."""
    return int((np.diff(absent.astype(np.int8)) == 1).sum())
