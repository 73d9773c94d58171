"""A table that fits: of a narrow terminal's width, by leaving columns out and wrapping words, never by breaking one."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Sequence
from dataclasses import dataclass

GAP = 2  # blanks between two columns
_NARROWEST = 12  # of a column whose words are wrapped


@dataclass(frozen=True)
class PrintedTable:
    """Cells in columns, each with its name above it; left: columns of words, which stand to the left as the first."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: frozenset[int]
    dropped: tuple[str, ...] = ()

    @property
    def widths(self) -> list[int]:
        """The number of letters in each column."""
        return [_width(column) for column in zip(self.header, *self.rows, strict=True)]

    @property
    def width(self) -> int:
        """The number of letters in a line."""
        return sum(self.widths) + GAP * (len(self.header) - 1)

    def without(self, place: int) -> PrintedTable:
        """The table without a column."""
        left = frozenset(i - (i > place) for i in self.left if i != place)
        header, *rows = (_but(cells, place) for cells in (self.header, *self.rows))
        return PrintedTable(header, tuple(rows), left, (self.header[place], *self.dropped))

    def wrapped(self, place: int, columns: int) -> PrintedTable:
        """The table with the words of a column on as many lines as it takes; header too."""
        header, *rows = (_wrapped(cells, place, columns) for cells in (self.header, *self.rows))
        return PrintedTable(header, tuple(rows), self.left, self.dropped)


def fitted(
    header: Sequence[str], rows: Sequence[Sequence[str]], left: Collection[int], width: int
) -> PrintedTable:
    """The table within a width: words are wrapped where a column has several, then columns of numbers are left out.

    The first column stays, and of the others the first ones stay longest.
    """
    table = PrintedTable(tuple(header), tuple(map(tuple, rows)), frozenset(left))
    if table.width <= width:
        return table
    for place in sorted({0, *table.left}, key=lambda place: -table.widths[place]):
        room = table.widths[place] - (table.width - width)
        table = table.wrapped(place, max(room, _NARROWEST)) if table.width > width else table
    while table.width > width and len(table.header) > 2:
        numbers = [place for place in range(1, len(table.header)) if place not in table.left]
        table = table.without(numbers[-1] if numbers else len(table.header) - 1)
    return table


def _width(cells: Sequence[str]) -> int:
    return max(max(map(len, cell.split("\n"))) for cell in cells)


def _but(cells: tuple[str, ...], place: int) -> tuple[str, ...]:
    return cells[:place] + cells[place + 1 :]


def _wrapped(cells: tuple[str, ...], place: int, columns: int) -> tuple[str, ...]:
    lines = textwrap.wrap(cells[place], columns, break_long_words=False, break_on_hyphens=False)
    return (*cells[:place], "\n".join(lines) or cells[place], *cells[place + 1 :])
