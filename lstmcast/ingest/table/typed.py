"""Rows of typed cells, as workbooks and databases hold them, as lines of text: so they go through the same rooms."""

from __future__ import annotations

import csv
import datetime
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

_LOOKED_AT = 200  # rows whose widths are compared
_LINES = 2000  # of a block
_DELIMITER = "\t"
_NEARLY = datetime.timedelta(milliseconds=1)  # what times of a workbook miss a second by
_DECIMALS = 3  # after a point that may stand between thousands


class TypedRows(io.RawIOBase):
    """A stream of the lines that typed rows make, with tabs between cells."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        self._blocks = _blocks(rows)
        self._held = memoryview(b"")

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Some bytes into the buffer; how many, none at the end."""
        while not self._held:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._held = memoryview(block)
        size = min(len(buffer), len(self._held))
        buffer[:size] = self._held[:size]
        self._held = self._held[size:]
        return size


def _blocks(rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """All rows as blocks of lines, as wide as the widest of the first but for titles above them."""
    every = iter(rows)
    first = [_cells(row) for row in itertools.islice(every, _LOOKED_AT)]
    width, is_begun = max(map(len, first), default=0), False
    whole = itertools.chain(first, map(_cells, every))
    while lines := list(itertools.islice(whole, _LINES)):
        text = io.StringIO()
        writer = csv.writer(text, delimiter=_DELIMITER, lineterminator="\n")
        for cells in lines:
            is_begun = is_begun or len(cells) > 1
            if any(cells):
                writer.writerow([*cells, *[""] * (width - len(cells))] if is_begun else cells)
            else:
                text.write("\n")
        yield text.getvalue().encode()


def _cells(row: Sequence[Any]) -> list[str]:
    """The cells of a row as text, without empty ones at its end."""
    cells = [written(value) for value in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def written(value: Any) -> str:
    """A value as text that can be read in one way only; None is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _decimal(value)
    if isinstance(value, datetime.datetime):
        return _stamp(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return " ".join(str(value).split())


def _decimal(value: float) -> str:
    """A number, never with three digits behind the point, which might be thousands."""
    if value != value:
        return ""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    text = repr(value)
    return text + "0" if "e" not in text and len(text.partition(".")[2]) == _DECIMALS else text


def _stamp(value: datetime.datetime) -> str:
    """A time to the second, where it is nearly one."""
    nearest = (value + datetime.timedelta(microseconds=500_000)).replace(microsecond=0)
    value = nearest if abs(nearest - value) <= _NEARLY else value
    return value.isoformat(sep=" ")
