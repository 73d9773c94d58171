"""Remarks: what the numbers of a column give reason to say at once: missing cells, a constant, a sentinel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.findings import count
from lstmcast.ingest.table.reader import Lines
from lstmcast.ingest.text.context import ReadContext


def say_numbers(name: str, numbers: NDArray[np.float64], lines: Lines, context: ReadContext) -> None:
    """Note what a column of numbers gives reason to say: missing cells, a constant, a sentinel.

    Of a column that was given up nothing more is said.
    """
    if any(error.column == name for error in context.given_up):
        return
    absent = np.isnan(numbers)
    present = numbers[~absent]
    if absent.any():
        line = int(lines[np.argmax(absent)])
        share = f"{count(int(absent.sum()), 'cell')} of {numbers.size:,} in column {name!r}"
        place = context.place(line=line, column=name)
        context.info("missing", f"{share} missing, the first in line {line}", place=place)
    if present.size > 1 and present.min() == present.max():
        message = f"column {name!r} is {present[0]:g} in every row"
        tell = context.info if context.is_lenient else context.warn
        tell("constant", message, place=context.place(column=name))
    elif (sentinel := _sentinel(present)) is not None:
        _say_sentinel(sentinel, name, numbers, lines, context)


def _say_sentinel(
    sentinel: float, name: str, numbers: NDArray[np.float64], lines: Lines, context: ReadContext
) -> None:
    same = numbers == sentinel
    line = int(lines[np.argmax(same)])
    where = f"{count(int(same.sum()), 'time')} (first in line {line})"
    message = f"column {name!r} holds {sentinel:g} {where}, far outside the rest"
    remedy = f"--missing {_written(sentinel)} if it means missing"
    context.warn("sentinel", message, remedy, context.place(line=line, column=name))


def _sentinel(present: NDArray[np.float64]) -> float | None:
    """A repeated extreme that lies further from the rest than the rest is wide."""
    if present.size < 10:
        return None
    for extreme, sign in ((float(present.min()), 1.0), (float(present.max()), -1.0)):
        rest = present[present != extreme]
        if rest.size < 0.5 * present.size or present.size - rest.size < 3:
            continue  # a value that most rows have is no sentinel, nor one that stands once or twice
        with np.errstate(over="ignore"):  # numbers may be as large as there are
            gap, width = float((sign * (rest - extreme)).min()), float(rest.max() - rest.min())
        if gap > width > 0:
            return extreme
    return None


def _written(number: float) -> str:
    """A number in as few digits as read back as just that number."""
    short = f"{number:g}"
    return short if float(short) == number else repr(number)
