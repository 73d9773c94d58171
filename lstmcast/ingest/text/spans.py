"""Spans: bad periods named by their user, whose targets count as missing."""

from __future__ import annotations

import dataclasses
import io
import os
import re

import numpy as np

from lstmcast.core.errors import DataError, UsageError
from lstmcast.core.panel import Clock, Panel
from lstmcast.core.place import Place
from lstmcast.ingest.text.source import opened, raw_blocks
from lstmcast.ingest.text.splitting import split

_STAMP = re.compile(r"\d{4}(-\d\d(-\d\d([T ]\d\d(:\d\d(:\d\d)?)?)?)?)?|\d+")
_LARGEST_LIST = 1_000_000  # bytes


def check_span(word: str) -> None:
    """Raise UsageError for what is no span such as `2012-03-01..2012-03-04`."""
    for clock in (Clock("h"), Clock("count")):
        try:
            first, last = _bounds(word, clock)
        except ValueError:
            continue
        if first <= last:
            return
        raise UsageError(f"--exclude {word}: the period ends before it begins")
    raise UsageError(
        f"--exclude takes periods such as 2012-03-01..2012-03-04, or a CSV file of them; got {word!r}"
    )


def spans_among(words: tuple[str, ...]) -> tuple[str, ...]:
    """Those of some words that are spans."""
    return tuple(word for word in words if _is_span(word))


def _is_span(word: str) -> bool:
    try:
        check_span(word)
    except UsageError:
        return False
    return True


def expanded(words: tuple[str, ...]) -> tuple[str, ...]:
    """Spans as they are, and in place of a CSV file the spans that its rows hold: `from,to`, a header or not.

    Raises DataError for a file that cannot be read or a row that is no span, UsageError for another word.
    """
    spans: list[str] = []
    for word in words:
        spans += _listed(word) if os.path.isfile(word) else [word]
    for span in spans:
        check_span(span)
    return tuple(spans)


def without(panel: Panel, words: tuple[str, ...]) -> Panel:
    """The panel with the target missing in these spans of its wall clock, both ends included."""
    if not words:
        return panel
    wall, values = panel.clock.wall(panel.times), panel.values.copy()
    for word in words:
        try:
            first, last = _bounds(word, panel.clock)
        except ValueError:
            kind = "counts such as 100..200" if panel.clock.is_counter else "dates such as 2012-03-01"
            raise UsageError(f"--exclude {word}: the rows of this file are named by {kind}") from None
        values[(wall >= first) & (wall <= last), 0] = np.nan
    return dataclasses.replace(panel, values=values)


def _bounds(word: str, clock: Clock) -> tuple[np.datetime64, np.datetime64]:
    """First and last instant of a span, each end as long as it is written: a date is its whole day.

    Raises ValueError where it is no span on such a clock.
    """
    first, _, last = word.partition("..")
    first, last = first.strip(), (last or first).strip()
    if not (_STAMP.fullmatch(first) and _STAMP.fullmatch(last)):
        raise ValueError(word)
    if clock.is_counter:
        return np.datetime64(int(first), "us"), np.datetime64(int(last), "us")
    begin, end = np.datetime64(first), np.datetime64(last)
    # one more in the unit in which the end is written, less the least there is
    return begin.astype("datetime64[us]"), (end + 1).astype("datetime64[us]") - np.timedelta64(1, "us")


def _listed(path: str) -> list[str]:
    """The spans in the rows of a CSV file; a first row that is no span is its header."""
    data = b""
    for block in raw_blocks(opened(path), path):
        data += block
        if len(data) > _LARGEST_LIST:
            message = "larger than a list of periods can be; --exclude takes rows of `from,to`"
            raise DataError.at(Place(file=path), message)
    rows = split(io.StringIO(data.decode("utf-8-sig", errors="replace"), newline=""))
    spans: list[str] = []
    for line, cells in enumerate(rows, 1):
        cells = [cell.strip() for cell in cells if cell.strip()]
        if 1 <= len(cells) <= 2 and all(_STAMP.fullmatch(cell) for cell in cells):
            spans.append("..".join(cells))
        elif cells and line > 1:
            found = f"expected a period `from,to`, found {','.join(cells)!r}"
            raise DataError.at(Place(file=path, line=line), found)
    return spans
