"""A table: the rows of a text file as columns of strings, chunk by chunk."""

from __future__ import annotations

import functools
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError
from lstmcast.core.findings import count
from lstmcast.ingest.table import footers
from lstmcast.ingest.table.dialect import Dialect, sniff
from lstmcast.ingest.table.printed import unprinted
from lstmcast.ingest.table.text import line_blocks
from lstmcast.ingest.text.cells import Cells, as_text, is_equal, shown, sliced
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.source import raw_blocks, watched
from lstmcast.ingest.text.splitting import row_ends, split

if TYPE_CHECKING:
    import pandas as pd

Lines = NDArray[np.int64]
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SHORT = 1 << 18  # bytes of a file whose cells are kept from the sample
SAMPLE = 1000  # rows looked at to find out what the columns are


@dataclass(frozen=True)
class Chunk:
    """Rows of some columns: lines (n,) in the file; cells: (n,) for each column asked for."""

    lines: Lines
    cells: tuple[Cells, ...]

    def without(self, rows: NDArray[np.bool_]) -> Chunk:
        """Return this chunk without some rows."""
        if not rows.any():
            return self
        return Chunk(self.lines[~rows], tuple(cells[~rows] for cells in self.cells))

    @property
    def empty(self) -> NDArray[np.bool_]:
        """(n,) True for rows whose cells are all empty."""
        return _all_equal(self.cells, [""] * len(self.cells))


class OpenTable(Protocol):
    """A source opened: the names of its columns, a sample of its rows, and its chunks (to be read once)."""

    context: ReadContext

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns in file order, those that hold nothing left out."""

    @property
    def layout(self) -> str:
        """The layout of the table, in words."""

    @property
    def has_semicolons(self) -> bool:
        """Return whether semicolons stand between its cells, as where commas are decimal."""

    def zone_of(self, names: Sequence[str]) -> str | None:
        """The zone that the source itself names for the stamps in these columns, if it does."""

    def column(self, name: str) -> Cells:
        """The first cells of a column, as str."""

    def line_of(self, row: int) -> int:
        """The line of one of the first rows."""

    def chunks(self, names: Sequence[str]) -> Iterator[Chunk]:
        """All rows of the named columns; rows in which they are all empty are left out."""


class TextTable:
    """A table of text: its dialect, a sample of its rows, and its chunks."""

    def __init__(
        self,
        stream: io.BufferedReader,
        context: ReadContext,
        kind: str = "",
        dialect: Dialect | None = None,
    ) -> None:
        """Read as far as the header; raises DataError when there is no table.

        kind: what was made text, if it was; dialect: of text that this program wrote itself, of other text None.
        """
        self.context, self._kind = context, kind
        self._cells: tuple[bytes, list[Cells]] | None = None
        self._forget()
        raw = watched(
            stream, raw_blocks(stream, context.source, context.rules.largest_unpacked), context.watch
        )
        self._blocks = unprinted(line_blocks(raw, context), context)
        block = self._head()
        self.dialect: Dialect = dialect or sniff(block[: 1 << 20].decode(errors="replace"), context)
        start = _line_start(block, self.dialect.first - 1)
        self._first = (self.dialect.first, block[start:])
        head = self._first[1][: _sample_end(self._first[1])]
        is_whole = len(head) == len(self._first[1])
        head = head[: self._remarks(head)[0]] if is_whole else head
        sample = self._parse(self.dialect.first, head[: self._cut_line(head)], range(self.dialect.width))
        columns = [as_text(cells) for cells in sample.cells]
        self._keys = {self.dialect.names[place] for place in footers.keys(columns)}
        rows = len(sample.lines) - (self._footer(self.dialect.names, columns) if is_whole else 0)
        self._sample, self._sample_lines = [cells[:rows] for cells in columns], sample.lines[:rows]
        self._forget()
        if not sample.lines.size:
            raise context.refusal("has a header but no rows of data below it")

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the columns in file order, those that hold nothing left out."""
        return tuple(name for name in self.dialect.names if name)

    @property
    def layout(self) -> str:
        """The layout in words: its kind or what separates its cells, and the line where its rows begin."""
        cells = f"text, {_SEPARATORS[self.dialect.delimiter]} between cells"
        return f"{self._kind or cells}, data from line {self.dialect.first}"

    @property
    def has_semicolons(self) -> bool:
        """Return whether semicolons stand between its cells, as where commas are decimal."""
        return self.dialect.delimiter == ";"

    @functools.cached_property
    def _places(self) -> dict[str, int]:
        """The place of each column by its name; the first of those of one name."""
        return {name: place for place, name in reversed(list(enumerate(self.dialect.names)))}

    def zone_of(self, names: Sequence[str]) -> str | None:
        """None: text names no zone but by the offsets in it."""
        return None

    def line_of(self, row: int) -> int:
        """The line of one of the first rows."""
        return int(self._sample_lines[row])

    def column(self, name: str) -> Cells:
        """The first cells of a column, as str."""
        return self._sample[self._places[name]]

    def chunks(self, names: Sequence[str]) -> Iterator[Chunk]:
        """All rows of the named columns; rows in which they are all empty are left out.

        Raises DataError for a row with more cells than the header; a last line cut off is dropped, and said.
        """
        places = [self._places[name] for name in names]
        held: tuple[int, bytes] | None = None
        for block in itertools.chain([self._first], self._blocks):
            if (
                held is not None and b"\n" not in block[1]
            ):  # a last line without an end goes with those before it
                held = held[0], held[1] + block[1]
                continue
            if held is not None:
                yield self._parse(*held, places)
            held = block
        assert held is not None
        yield self._without_footer(names, self._parse(held[0], self._whole(*held), places))
        self._say_odd_lines()

    def _footer(self, names: Sequence[str], columns: Sequence[Cells]) -> int:
        """Return how many of the last rows of these columns are no rows."""
        found = [cells for name, cells in zip(names, columns, strict=True) if name in self._keys]
        return footers.length(found)

    def _without_footer(self, names: Sequence[str], chunk: Chunk) -> Chunk:
        """The last chunk without totals and remarks below its rows, which are said."""
        lines = self._footer(names, chunk.cells)
        if not lines:
            return chunk
        rows = len(chunk.lines) - lines
        self._say_footer(int(chunk.lines[rows]), lines, [shown(cells[rows]) for cells in chunk.cells])
        return Chunk(chunk.lines[:rows], tuple(cells[:rows] for cells in chunk.cells))

    def _say_footer(self, line: int, lines: int, cells: Sequence[str]) -> None:
        first = ", ".join(filter(None, (cell.strip() for cell in cells)))[:60]
        message = f"{count(lines, 'line')} below the rows skipped, the first is line {line}: {first!r}"
        self.context.warn("footer", message, place=self.context.place(line=line))

    def _forget(self) -> None:
        """Begin to count odd lines anew: the sample is read twice."""
        self._short, self._headers, self._comments = _OddLines(), _OddLines(), _OddLines()

    @property
    def _delimiter(self) -> bytes:
        return self.dialect.delimiter.encode()

    def _head(self) -> bytes:
        """The first blocks, at least as far as the sample goes."""
        head = b""
        for _, block in self._blocks:
            head += block
            if head.count(b"\n") > SAMPLE:
                break
        return head

    def _whole(self, line: int, block: bytes) -> bytes:
        """The last block without remarks that are cut into other cells than a row, nor a line that was cut off: no
        line end, and fewer cells than the header."""
        end, found = self._remarks(block)
        if found:
            text = block[end:].lstrip(b"\n")
            number = line + block.count(b"\n", 0, len(block) - len(text))
            self._say_footer(number, found, self._fields(text.split(b"\n")[0].decode()))
            block = block[:end]
        start = self._cut_line(block)
        if start is None:
            return block
        number = line + block.count(b"\n")
        message = f"line {number}, the last, is cut off; it was dropped"
        self.context.warn("cut_off", message, place=self.context.place(line=number))
        return block[:start]

    def _remarks(self, block: bytes) -> tuple[int, int]:
        """(where the rows of a last block end, how many lines follow): lines of other than the usual number of cells
        that begin with a word."""
        end = whole = len(block.rstrip())
        found = 0
        while found <= footers.MOST:
            start = block.rfind(b"\n", 0, end) + 1
            fields = self._fields(block[start:end].decode())
            is_quoted = block.count(b'"', start, end) % 2 == 1
            if start == 0 or is_quoted or len(fields) == self.dialect.width or not footers.is_remark(fields):
                break
            end, found = len(block[:start].rstrip()), found + 1
        return (end + 1, found) if end < whole and found <= footers.MOST else (len(block), 0)

    def _cut_line(self, block: bytes) -> int | None:
        """Return where a last line starts that was cut off; None where none was."""
        start = block.rfind(b"\n") + 1
        last = block[start:]
        is_whole = not last.strip() or len(self._fields(last.decode())) >= self.dialect.width
        return None if is_whole else start

    def _fields(self, line: str) -> list[str]:
        return next(iter(split([line], self.dialect.delimiter)), [])

    def _parse(self, line: int, block: bytes, places: Sequence[int]) -> Chunk:
        """The columns of a block of whole lines, rows without data left out."""
        if not block.strip():
            return Chunk(np.empty(0, np.int64), tuple(np.empty(0, object) for _ in places))
        block = self._without_comments(line, block)
        cells = self._cut(block, places)
        if cells is not None:
            lines = np.arange(line, line + len(cells[0]))
        else:
            frame = self._frame(line, block)
            cells = [frame[place].to_numpy() for place in places]
            lines = self._lines(line, block, len(frame))
            self._note_short(block, lines)
        names = [self.dialect.names[place] for place in places]
        again = _all_equal(cells, names)
        self._headers.note(lines[again])
        chunk = Chunk(lines, tuple(cells))
        return chunk.without(again | chunk.empty)

    def _cut(self, block: bytes, places: Sequence[int]) -> list[Cells] | None:
        """Return columns of plain lines; those of a short file, which is its own sample, are cut once for both."""
        if self._cells is not None and block == self._cells[0]:
            return [self._cells[1][place] for place in places]
        cells = sliced(block, self._delimiter, self.dialect.width, places)
        is_sample = len(places) == self.dialect.width and len(block) <= _SHORT
        self._cells = (block, cells) if cells is not None and is_sample else None
        return cells

    def _without_comments(self, line: int, block: bytes) -> bytes:
        """The block with lines emptied that begin with # and have fewer cells than the header."""
        if b"#" not in block:
            return block
        rows = block.split(b"\n")
        width = self.dialect.width - 1
        found = [i for i, row in enumerate(rows) if row[:1] == b"#" and row.count(self._delimiter) < width]
        for i in found:
            rows[i] = b""
        self._comments.note(line + np.array(found, dtype=np.int64))
        return b"\n".join(rows)

    def _frame(self, line: int, block: bytes) -> pd.DataFrame:
        """The cells as str; a line of empty cells in front tells pandas how wide the table is."""
        import pandas as pd

        guide = self._delimiter * (self.dialect.width - 1) + b"\n"
        if self.dialect.width == 1:
            guide = b'""\n'
        try:
            frame: pd.DataFrame = pd.read_csv(
                io.BytesIO(guide + block),
                sep=self.dialect.delimiter,
                header=None,
                names=list(range(self.dialect.width)),
                dtype=object,
                na_filter=False,
                skip_blank_lines=False,
                skipinitialspace=True,
            )
        except pd.errors.ParserError as error:
            raise self._ragged(line, block, str(error)) from None
        return frame.iloc[1:]

    def _ragged(self, line: int, block: bytes, reason: str) -> DataError:
        """Return the error of a line with too many cells, or of a quote that never ends."""
        if match := re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", reason):
            number = line + int(match[2]) - 2
            return self.context.refusal(
                f"line {number} has {match[3]} cells where the header has {match[1]}; "
                "quote cells that hold the delimiter (a decimal comma needs another delimiter)",
                line=number,
            )
        if match := re.search(r"inside string starting at row (\d+)", reason):
            number = line + int(match[1]) - 1
            message = f"the quotation mark opened in line {number} is never closed"
            return self.context.refusal(message, line=number)
        message = f"lines from {line} on cannot be cut into cells ({reason.strip()})"
        return self.context.refusal(message, line=line)

    def _lines(self, line: int, block: bytes, rows: int) -> Lines:
        """The number of the line on which each row starts; quoted cells may hold line ends."""
        ends = block.count(b"\n") + (not block.endswith(b"\n"))
        if ends == rows:
            return np.arange(line, line + rows)
        starts = [0, *row_ends(io.StringIO(block.decode()), self.dialect.delimiter)]
        return line + np.array(starts[:rows], dtype=np.int64)

    def _note_short(self, block: bytes, lines: Lines) -> None:
        """Count rows with fewer cells than the header; only where nothing is quoted, so that it is sure."""
        if b'"' in block or block.count(self._delimiter) >= (self.dialect.width - 1) * len(lines):
            return
        widths = [row.count(self._delimiter) + 1 if row.strip() else 0 for row in block.split(b"\n")]
        short = [i for i, width in enumerate(widths[: len(lines)]) if 0 < width < self.dialect.width]
        self._short.note(lines[short])

    def _say_odd_lines(self) -> None:
        if self._short.number:
            message = (
                f"{self._short.told('line', 'fewer cells than the header')}; the cells after them are missing"
            )
            self.context.warn("short_rows", message, place=self.context.place(line=self._short.first))
        if self._headers.number:
            message = f"{self._headers.told('line', 'the header again')}; left out"
            self.context.info("headers", message, place=self.context.place(line=self._headers.first))
        if self._comments.number:
            message = f"{self._comments.told('line', 'a comment')}; left out"
            self.context.info("comments", message, place=self.context.place(line=self._comments.first))


def _all_equal(cells: Sequence[Cells], texts: Sequence[str]) -> NDArray[np.bool_]:
    """(n,) True for rows of just these cells; only the first column is compared where it already differs."""
    same = is_equal(cells[0], texts[0])
    if same.any():
        same &= np.logical_and.reduce([is_equal(*pair) for pair in zip(cells, texts, strict=True)])
    return same


class _OddLines:
    """The number of lines that were odd in some way, and the first of them."""

    def __init__(self) -> None:
        self.number, self.first = 0, 0

    def note(self, lines: Lines) -> None:
        """Add the numbers of some lines."""
        if len(lines):
            self.number, self.first = self.number + len(lines), self.first or int(lines[0])

    def told(self, noun: str, what: str) -> str:
        """`2 lines with …, the first is line 7`."""
        return f"{count(self.number, noun)} with {what}, the first is line {self.first}"


def _sample_end(block: bytes) -> int:
    """Return where the sample's last row ends, which a quoted cell may carry on over many lines."""
    end = _line_start(block, SAMPLE)
    while 0 < end < len(block) and block.count(b'"', 0, end) % 2:
        closing = block.find(b'"', end)
        end = block.find(b"\n", closing) + 1 if closing >= 0 else 0
    return end or len(block)


def _line_start(block: bytes, lines: int) -> int:
    """Return where the line after so many whole lines of a block starts; its end when there are fewer."""
    place = 0
    for _ in range(lines):
        place = block.find(b"\n", place) + 1
        if not place:
            return len(block)
    return place
