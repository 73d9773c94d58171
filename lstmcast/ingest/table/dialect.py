"""A dialect: what separates the cells of a text file, and where its header stands."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lstmcast.core.findings import count
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.layouts import layouts_of
from lstmcast.ingest.text.splitting import split

DELIMITERS = "\t;|,"  # on a tie the earlier one wins: a comma is also a decimal sign
_LOOK = 200  # lines looked at
_MOST_HEADERS = 5  # lines of a header
_DATA = re.compile(r"[+-]?[.,]?\d[\d\s.,:/TZ+-]*(?:[eE][+-]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """delimiter: one character; names: of columns, empty for one that holds nothing; first: line of data."""

    delimiter: str
    names: tuple[str, ...]
    first: int

    @property
    def width(self) -> int:
        """The number of cells in a row."""
        return len(self.names)


@dataclass(frozen=True)
class _Row:
    line: int
    cells: list[str]


def sniff(text: str, context: ReadContext) -> Dialect:
    """The dialect of a file from its first lines; raises DataError without a header, or rows below it."""
    lines = text.split("\n")[:_LOOK]
    told = re.fullmatch(r'"?sep=(.)"?\s*', lines[0])
    kept = [(n, line) for n, line in enumerate(lines, 1) if line.strip() and not (n == 1 and told)]
    comments = [(n, line) for n, line in kept if line.startswith("#")]
    kept = [(n, line) for n, line in kept if not line.startswith("#")] or kept
    if not kept:
        raise context.refusal(f"has only blank lines up to line {len(lines)}; it must begin with a header")
    delimiter = told[1] if told else _delimiter([line for _, line in kept])
    rows = _split(kept, delimiter)
    header, first = _header(rows, context)
    if comments and _is_data(header.cells):
        header, first = _commented_header(comments, rows, delimiter, header), header.line
    if _is_data(header.cells):
        cells = ", ".join(repr(cell) for cell in header.cells[:2])
        raise context.refusal(
            f"line {header.line} holds data ({cells}), not column names; add a header line such as time,load",
            line=header.line,
        )
    return Dialect(delimiter, _names(header, first, rows, context), first)


def _delimiter(lines: Sequence[str]) -> str:
    """The character that cuts most lines into equally many cells, and into the most."""
    best, chosen = (0.0, 1), ","
    for delimiter in DELIMITERS:
        if not any(delimiter in line for line in lines[:_LOOK]):
            continue
        widths = Counter(len(cells) for cells in split(lines[:_LOOK], delimiter))
        width, votes = max(widths.items(), key=lambda item: (item[1], item[0]))
        score = (votes / sum(widths.values()), width)
        if width > 1 and score > best:
            best, chosen = score, delimiter
    return chosen


def _split(lines: Sequence[tuple[int, str]], delimiter: str) -> list[_Row]:
    cells = split([line for _, line in lines], delimiter, skips_blanks=True)
    numbers = [number for number, _ in lines]
    return [_Row(number, [cell.strip() for cell in row]) for number, row in zip(numbers, cells, strict=False)]


def _header(rows: Sequence[_Row], context: ReadContext) -> tuple[_Row, int]:
    """The header row, and the line where data starts."""
    widths = Counter(len(row.cells) for row in rows)
    width = max(widths.items(), key=lambda item: (item[1], item[0]))[0]
    at = next(i for i, row in enumerate(rows) if len(row.cells) == width)
    if at and len(rows[at - 1].cells) > 1 and _has_data(rows[at].cells) and not _has_data(rows[at - 1].cells):
        at -= 1  # a header with a cell more or less than the rows below it
    if at == 0 and len(rows) > 1 and len(rows[0].cells) == 1 < len(rows[1].cells):
        at = 1  # a title above a table of a single row
    if at + 1 == len(rows):
        message = f"has a header (line {rows[at].line}) but no rows of data below it"
        raise context.refusal(message, line=rows[at].line)
    if at:
        skipped = f"{count(at, 'line')} before the header in line {rows[at].line} skipped"
        message = f"{skipped}; the first is {' '.join(rows[0].cells)[:60]!r}"
        context.warn("preamble", message, place=context.place(line=rows[at].line))
    data = next((i for i, row in enumerate(rows[at + 1 :], at + 1) if _begins(row.cells)), at + 1)
    more = [row for row in rows[at + 1 : data] if any(row.cells)]
    if not 0 < len(more) < _MOST_HEADERS or len(rows) == data:
        return rows[at], rows[at].line + 1
    return _several_headers(rows[at], more, context), rows[data - 1].line + 1


def _several_headers(header: _Row, more: Sequence[_Row], context: ReadContext) -> _Row:
    """One header of several lines, as pandas writes columns of several levels: the last may name the index alone."""
    index = more[-1] if more[-1].cells[0] and not any(more[-1].cells[1:]) else None
    levels = [header, *(more if index is None else more[:-1])]
    names = list(header.cells)
    if len({*names}) < len(names):
        telling = [row for row in levels if len(row.cells) == len(names) and len({*row.cells[1:]}) > 1]
        names[1:] = [
            " ".join(parts).strip() for parts in zip(*(row.cells[1:] for row in telling), strict=True)
        ]
    if index is not None:
        names[0] = index.cells[0]
    if len(more) == 1 and index is None and names == header.cells:
        unread = " ".join(more[0].cells)[:60]
        message = f"line {more[0].line} below the header holds no data; skipped: {unread!r}"
        context.info("units", message, place=context.place(line=more[0].line))
    else:
        message = (
            f"lines {header.line} to {more[-1].line} are the header, the columns are {', '.join(names)[:80]}"
        )
        code = "units" if names == list(header.cells) else "headers"
        context.info(code, message, place=context.place(line=header.line))
    return _Row(header.line, names)


def _commented_header(
    comments: Sequence[tuple[int, str]], rows: Sequence[_Row], delimiter: str, header: _Row
) -> _Row:
    """The last comment line, when it has a name for every column of the rows below."""
    number, line = comments[-1]
    row = _split([(number, line.lstrip("# \t"))], delimiter)[0]
    return row if len(row.cells) == len(rows[-1].cells) and not _is_data(row.cells) else header


def _is_data(cells: Sequence[str]) -> bool:
    """True when no cell could be the name of a column."""
    return all(not cell or _DATA.fullmatch(cell) for cell in cells)


def _has_data(cells: Sequence[str]) -> bool:
    """True when some cell is a number or a time."""
    return any(_DATA.fullmatch(cell) for cell in cells)


def _begins(cells: Sequence[str]) -> bool:
    """True when a line below the header is data, be it a time with the name of a month."""
    return _has_data(cells) or any(layouts_of(re.sub(r"\d", "0", cell.lower())) for cell in cells[:2])


def _names(header: _Row, first: int, rows: Sequence[_Row], context: ReadContext) -> tuple[str, ...]:
    """Names of the columns: one without a name is called by its place, or nothing when it is empty.

    first: the line where data starts.
    """
    names = list(header.cells)
    below = [row.cells for row in rows if row.line >= first]
    if {len(cells) for cells in below[:-1] or below} == {len(names) + 1}:
        if any(cells[-1] for cells in below):
            names.insert(0, "")
            message = f"line {header.line} has no name for the first column"
            context.info("row_names", message, place=context.place(line=header.line))
        else:
            names.append("")
    used = [any(cells[place : place + 1] != [""] for cells in below) for place in range(len(names))]
    return tuple(name or (f"column {place + 1}" if used[place] else "") for place, name in enumerate(names))
