"""Rows: the numbers of a file with their stamps, put in order, one a stamp."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.findings import count
from lstmcast.core.panel import Times
from lstmcast.core.zone import offset
from lstmcast.ingest.table.reader import Lines
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.decoding import Micros
from lstmcast.ingest.time import frequency
from lstmcast.ingest.time.remedy import Remedy, UnsettledError, unsettled

MANY_DUPLICATES = 0.1  # share of repeated stamps above which a file is thought to hold several series
_SECOND, _DAY = 1_000_000, 86_400  # microseconds, seconds
_REMEDY = "--duplicates mean|first|last|error"


@dataclass(frozen=True, eq=False)
class Rows:
    """n rows: utc (n,) microseconds since 1970 (of a counter: the number), series codes (n,), values (n, C),
    lines (n,) in the file; ids (S,) name the series; zone is the clock on which messages show a stamp."""

    utc: Micros
    codes: NDArray[np.int64]
    values: NDArray[np.float64]
    lines: Lines
    ids: tuple[str, ...] = ("",)
    zone: str | None = None
    is_counter: bool = False

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Rows:
        """Some of the rows, in this order."""
        return replace(
            self,
            utc=self.utc[rows],
            codes=self.codes[rows],
            values=self.values[rows],
            lines=self.lines[rows],
        )

    @property
    def size(self) -> int:
        """The number of rows."""
        return int(self.utc.size)

    @property
    def times(self) -> Times:
        """(n,) the instants as numpy has them."""
        return self.utc.astype("datetime64[us]")

    def inner(self) -> NDArray[np.bool_]:
        """(n-1,) True between two rows of one series."""
        same: NDArray[np.bool_] = self.codes[1:] == self.codes[:-1]
        return same

    def starts(self) -> NDArray[np.intp]:
        """(S,) the first row of every series."""
        return np.flatnonzero(np.concatenate([[True], ~self.inner()]))

    def lengths(self) -> NDArray[np.int64]:
        """(S,) rows of every series."""
        return np.diff(np.append(self.starts(), self.size))

    def steps(self) -> NDArray[np.int64]:
        """Steps between neighbours of one series, in microseconds."""
        steps: NDArray[np.int64] = np.diff(self.utc)[self.inner()]
        return steps

    def again(self) -> NDArray[np.bool_]:
        """(n,) True where a row has the stamp of the row before it."""
        return np.concatenate([[False], (self.utc[1:] == self.utc[:-1]) & self.inner()])

    def show(self, row: int | np.intp, utc: int | np.int64 | None = None) -> str:
        """The stamp of a row (or another, of the same series) as messages show it, with its series in a panel."""
        time = int(self.utc[row] if utc is None else utc)
        series = f" of {self.ids[int(self.codes[row])]!r}" if len(self.ids) > 1 else ""
        if self.is_counter:
            return f"{time}{series}"
        ahead = 0 if self.zone is None else int(offset(np.array([time]), self.zone)[0])
        wall = np.datetime64((time + ahead) // _SECOND, "s")
        is_midnight = (time + ahead) // _SECOND % _DAY == 0
        return str(wall.astype("datetime64[D]") if is_midnight else wall).replace("T", " ") + series


def in_order(rows: Rows, context: ReadContext) -> Rows:
    """Series in order of first appearance, each by time; what was not so is said."""
    if (rows.codes[1:] < rows.codes[:-1]).any():
        rows = rows.take(np.argsort(rows.codes, kind="stable"))
    inner = rows.inner()
    back = np.flatnonzero((rows.utc[1:] < rows.utc[:-1]) & inner)
    if not back.size:
        return rows
    if ((rows.utc[1:] > rows.utc[:-1]) & inner).any():
        line = rows.lines[back[0] + 1]
        message = f"{count(back.size, 'row')} out of order, the first in line {line}; sorted by time"
        context.warn("unsorted", message, place=context.place(line=line))
    else:
        context.info("newest_first", "the newest row stands first; the order was turned round")
    return rows.take(np.lexsort((rows.utc, rows.codes)))


def one_a_stamp(rows: Rows, identities: tuple[str, ...], context: ReadContext) -> Rows:
    """Identical repetitions dropped, differing ones settled by the rules; both said.

    identities: columns that might name series, for the message when very many stamps are repeated.
    """
    again = rows.again()
    if not again.any():
        return rows
    before, after = rows.values[:-1], rows.values[1:]
    equal = ((before == after) | (np.isnan(before) & np.isnan(after))).all(axis=1)
    same = again & np.concatenate([[False], equal])
    if same.any():
        message = (
            f"{count(int(same.sum()), 'row')} repeated with the same values dropped, {_first(rows, same)}"
        )
        context.info("duplicates", message)
        rows = rows.take(~same)
        again = rows.again()
    return _settled(rows, again, identities, context) if again.any() else rows


def _first(rows: Rows, mask: NDArray[np.bool_]) -> str:
    row = int(np.argmax(mask))
    return f"the first is {rows.show(row)} in line {rows.lines[row]}"


def _settled(rows: Rows, again: NDArray[np.bool_], identities: tuple[str, ...], context: ReadContext) -> Rows:
    how, number = context.rules.duplicates, int(again.sum())
    stands = (
        f"{count(number, 'row')} with the stamp of an earlier row and other values, {_first(rows, again)}"
    )
    if how == "error":
        raise context.refusal(f"{stands}; --duplicates mean, first or last settles it")
    if how is None and number > max(3, MANY_DUPLICATES * rows.size):
        raise _several_series(rows, stands, identities, context)
    kept = f"the {how} is taken" if how in ("first", "last") else "their mean is taken"
    context.warn("duplicates_differ", f"{stands}; {kept}", _REMEDY)
    return grouped(rows, again, how or "mean")


def _several_series(
    rows: Rows, stands: str, identities: tuple[str, ...], context: ReadContext
) -> UnsettledError:
    """The error of many rows a stamp: several series, or events of which a step has many; never their mean."""
    step = {"--freq": frequency.coarse(np.diff(np.unique(rows.utc)).astype(np.int64))}
    series = [
        Remedy({"--id": name}, "does the file hold several series? name their column with {}")
        for name in identities
    ]
    together = [
        Remedy({**step, "--aggregate": "sum"}, "to add up the rows of a step, {}"),
        Remedy({**step, "--aggregate": "count"}, "to count them, {}"),
    ]
    otherwise = "add a column that tells the series apart, and name it with --id"
    return unsettled(context, stands, [*series, *together], otherwise, may_hold_several=True)


def grouped(rows: Rows, again: NDArray[np.bool_], how: str) -> Rows:
    """Rows of equal stamps as one: first, last, mean, sum, max or number of what is there.

    A number of rows is that of the first column, of which each cell that is there is one; of others the mean is taken.
    """
    starts = np.flatnonzero(~again)
    if how == "last":
        values = rows.values[np.append(starts[1:], rows.size) - 1]
    elif how == "first":
        values = rows.values[starts]
    elif how == "count":
        values = _summary(rows.values, starts, "mean")
        values[:, 0] = np.add.reduceat((~np.isnan(rows.values[:, 0])).astype(np.int64), starts)
    else:
        values = _summary(rows.values, starts, how)
    return replace(rows.take(starts), values=values)


def _summary(values: NDArray[np.float64], starts: NDArray[np.intp], how: str) -> NDArray[np.float64]:
    present = ~np.isnan(values)
    number = np.add.reduceat(present.astype(np.int64), starts)
    if how == "max":
        summary = np.maximum.reduceat(np.where(present, values, -np.inf), starts)
    else:
        summary = np.add.reduceat(np.where(present, values, 0.0), starts)
        summary = summary / np.maximum(number, 1) if how == "mean" else summary
    return np.where(number > 0, summary, np.nan)
