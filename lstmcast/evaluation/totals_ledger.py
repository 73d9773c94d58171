"""The ledger of totals: every total and peak that was given out, as it was written down, period by period."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Clock, Integers, Times
from lstmcast.evaluation.ledger import BAND, unmistakable

Numbers = NDArray[np.float64]
FIRST = ("issued", "model", "period")
STAMPS = ("first", "last")
NUMBERS = ("total", f"lo_{BAND}", f"hi_{BAND}", "peak", f"peak_lo_{BAND}", f"peak_hi_{BAND}")
LAST = (*STAMPS, "rows", *NUMBERS, "source")


@dataclass(frozen=True, eq=False)
class Sums:
    """R numbers that were given out, each of some rows: totals, or peaks. point, lower, upper: (R,)."""

    point: Numbers
    lower: Numbers
    upper: Numbers

    def take(self, rows: Integers) -> Sums:
        """Some of them."""
        return Sums(self.point[rows], self.lower[rows], self.upper[rows])


@dataclass(frozen=True, eq=False)
class TotalsLedger:
    """R totals and peaks of periods, in the order in which they were written.

    issued: (R,) stamp (UTC) of the last row that was known; first, last: (R,) stamps of the first and the last row that
    is summed, known ones among them; rows: (R,) how many rows of series that is; group: (R,) index into groups; model,
    source: (R,) index into models and sources; group_name: of the column of series or groups, None without one.
    """

    issued: Times
    first: Times
    last: Times
    rows: Numbers
    totals: Sums
    peaks: Sums
    period: tuple[str, ...]
    group: Integers
    groups: tuple[str, ...]
    model: Integers
    models: tuple[str, ...]
    source: Integers
    sources: tuple[str, ...]
    group_name: str | None = None

    def __len__(self) -> int:
        """R."""
        return len(self.issued)

    def take(self, rows: Integers) -> TotalsLedger:
        """Some of the rows."""
        arrays = ("issued", "first", "last", "rows", "group", "model", "source")
        taken: dict[str, Any] = {name: getattr(self, name)[rows] for name in arrays}
        taken |= {"totals": self.totals.take(rows), "peaks": self.peaks.take(rows)}
        return dataclasses.replace(self, **taken, period=tuple(self.period[row] for row in rows.tolist()))

    def latest(self) -> TotalsLedger:
        """Each total once: what the same model said last of the same rows, from the same last row known."""
        stamps = [getattr(self, name).astype(np.int64) for name in ("issued", "first", "last")]
        keys = np.column_stack([self.group, self.model, *stamps])
        _, first = np.unique(keys[::-1], axis=0, return_index=True)
        return self.take(np.sort(len(self) - 1 - first))


def header(group_name: str | None) -> list[str]:
    """The names of the ledger's columns; a column of groups has its own name unless another is called so."""
    groups = [] if group_name is None else ["id" if group_name in (*FIRST, *LAST) else group_name]
    return [*FIRST, *groups, *LAST]


@dataclass(frozen=True)
class TotalEntry:
    """A row of the ledger of totals; bands: of the total and of the peak."""

    group: str
    period: str
    issued: np.datetime64
    first: np.datetime64
    last: np.datetime64
    rows: int
    total: float
    band: tuple[float, float]
    peak: float
    peak_band: tuple[float, float]
    source: str


def entries(
    found: Sequence[TotalEntry], group_name: str | None, clock: Clock, model: str
) -> dict[str, list[str | float]]:
    """The columns of one block, made by the model of this identity; equal runs give equal rows."""
    clock = unmistakable(clock)

    def stamps(name: str) -> list[str]:
        times = np.array([getattr(each, name) for each in found], dtype="datetime64[us]")
        return clock.write(times) if len(times) else []

    columns: list[Sequence[str | float]] = [
        stamps("issued"),
        [model] * len(found),
        [each.period for each in found],
        *([] if group_name is None else [[each.group for each in found]]),
        stamps("first"),
        stamps("last"),
        [each.rows for each in found],
        [each.total for each in found],
        *([each.band[side] for each in found] for side in (0, 1)),
        [each.peak for each in found],
        *([each.peak_band[side] for each in found] for side in (0, 1)),
        [each.source for each in found],
    ]
    return {name: list(column) for name, column in zip(header(group_name), columns, strict=True)}
