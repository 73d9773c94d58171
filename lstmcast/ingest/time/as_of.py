"""A file as it stood at an earlier time: what was not known then is not there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import UsageError
from lstmcast.core.findings import count
from lstmcast.core.panel import COUNTER, KNOWN, Clock, Column
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.time.rows import Rows


@dataclass(frozen=True)
class AsOf:
    """The time, as `--as-of` has it, and whether later rows keep the columns that are known ahead.

    Where they do, they say what a file of rows to come would have said; where such a file is given, they do not.
    """

    text: str
    keeps_known: bool = True

    def cut(self, rows: Rows, columns: tuple[Column, ...], context: ReadContext) -> Rows:
        """The rows up to the time and what was known ahead of it; raises DataError where that is no row at all."""
        later = rows.utc > self._instant(rows)
        if later.all():
            raise context.refusal(f"has no row up to {self.text}, which --as-of names")
        context.info("as_of", f"{count(int(later.sum()), 'row')} after {self.text} taken as yet to come")
        is_known = np.array([column.role == KNOWN for column in columns])
        values = rows.values.copy()
        values[np.ix_(later, ~is_known)] = np.nan
        begun = rows.codes[~later]
        stays = self.keeps_known & np.isin(rows.codes, begun) & np.isfinite(values).any(axis=1)
        return _renumbered(replace(rows, values=values).take(~later | stays), begun)

    def _instant(self, rows: Rows) -> np.int64:
        """Microseconds since 1970, or the number of a counter."""
        clock = Clock(COUNTER if rows.is_counter else "h", rows.zone)
        try:
            return clock.instant(self.text).astype(np.int64)
        except ValueError:
            wanted = "a row's number" if rows.is_counter else "a time such as 2012-05-01T00:00"
            raise UsageError(f"--as-of is {wanted}; got {self.text!r}") from None


def _renumbered(rows: Rows, begun: NDArray[np.int64]) -> Rows:
    """With just the series that had begun, in order of first appearance; begun: (n,) codes of the rows up to then."""
    codes, firsts = np.unique(begun, return_index=True)
    codes = codes[np.argsort(firsts)]
    numbers = np.empty(len(rows.ids), np.int64)
    numbers[codes] = np.arange(len(codes))
    return replace(rows, codes=numbers[rows.codes], ids=tuple(rows.ids[code] for code in codes))
