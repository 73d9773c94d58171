"""Columns of numbers and of names, collected chunk by chunk from cells of text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmcast.core.errors import DataError
from lstmcast.core.findings import count
from lstmcast.ingest.table.reader import Lines
from lstmcast.ingest.text.cells import Cells, as_text, first_with, is_equal, is_numeric, shown
from lstmcast.ingest.text.context import ReadContext

MISSING = frozenset(
    (
        "",
        "NA",
        "N/A",
        "n/a",
        "na",
        "#N/A",
        "NaN",
        "nan",
        "NAN",
        "null",
        "NULL",
        "Null",
        "None",
        "?",
        "-",
        "--",
    )
)
_BOOLEANS = {"true": "1", "false": "0", "yes": "1", "no": "0"}
_POINT = re.compile(
    r"[+-]?(?=\.?\d)(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?:[ '’]\d{3})+|\d+)?(?:\.\d*)?(?:[eE][+-]?\d+)?"
)
_COMMA = re.compile(
    r"[+-]?(?=,?\d)(?:\d{1,3}(?:\.\d{3})+|\d{1,3}(?:[ '’]\d{3})+|\d+)?(?:,\d*)?(?:[eE][+-]?\d+)?"
)
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "−": "-"})


@dataclass(eq=False)
class NumberColumn:
    """Collects the chunks of a column of numbers; the first chunk that tells decides the decimal sign."""

    name: str
    context: ReadContext
    decimal: str | None = None
    _missing: frozenset[str] = MISSING
    _sentinels: tuple[float, ...] = ()
    _pieces: list[NDArray[np.float64]] = field(default_factory=list)
    _grouped: int = 0  # line of the first number with thousands separators
    _comma: int = 0  # line of the first decimal comma
    _undecided: tuple[int, str] | None = None
    _boolean: int = 0
    _pointed: tuple[int, str] | None = None  # the first number with a point that was read as Python writes it

    def __post_init__(self) -> None:
        self.decimal = self.context.rules.decimal
        self._missing = MISSING | set(self.context.rules.missing)
        self._sentinels = numbers_among(self.context.rules.missing)

    def add(self, cells: Cells, lines: Lines) -> None:
        """Take a chunk; raises DataError with the line of the first cell that is no finite number."""
        numbers = self._without_sentinels(self._numbers(cells, lines))
        infinite = np.flatnonzero(np.isinf(numbers))
        if infinite.size:
            row = infinite[0]
            found = f"expected a finite number, found {shown(cells[row])!r}"
            raise self._refusal(lines[row], f"{found}; leave the cell empty if it is unknown")
        self._pieces.append(numbers)

    def finish(self) -> NDArray[np.float64]:
        """(n,) all numbers, NaN where missing; raises DataError when `1,234` could mean two numbers."""
        if self._undecided and self.decimal is None:
            line, cell = self._undecided
            either = f"{cell!r} can be a thousand or a decimal number, and no other cell tells"
            raise self._refusal(line, f"{either}; say which with --decimal . or --decimal ,")
        if self.decimal == "," and self.context.rules.decimal is None and (self._undecided or self._pointed):
            line, cell = self._undecided or self._pointed or (0, "")
            late = f"{cell!r} was read before line {self._comma} showed a decimal comma"
            raise self._refusal(line, f"{late}; say --decimal , or --decimal .")
        column = f"column {self.name!r}"
        if self._comma:
            self.context.info("decimal_comma", f"{column} is read with a decimal comma (line {self._comma})")
        if self._grouped:
            self.context.info("thousands", f"{column} has thousands separators (line {self._grouped})")
        if self._boolean:
            self.context.info("boolean", f"{column} is read as 1 for true and 0 for false")
        if self.decimal is not None or self._pointed:
            self.context.signs.add(self.decimal or ".")
        pieces, self._pieces = self._pieces, []
        return np.concatenate(pieces)

    def _numbers(self, cells: Cells, lines: Lines) -> NDArray[np.float64]:
        if is_numeric(cells):
            return cells.astype(np.float64)
        numbers = self._plain(cells) if self.decimal != "," else None
        if numbers is None:
            numbers = self._plain(self._rewritten(cells, lines))
        elif self.decimal is None and self._pointed is None:
            row = first_with(cells, ".")
            self._pointed = None if row is None else (int(lines[row]), shown(cells[row]))
        assert numbers is not None
        return numbers

    def _plain(self, cells: Cells) -> NDArray[np.float64] | None:
        """The numbers, when all cells are numbers as Python writes them, or missing; else None."""
        try:
            numbers = cells.astype(np.float64)
        except ValueError:
            absent = self._absent(cells)
            if not absent.any():
                return None
            try:
                numbers = np.full(len(cells), np.nan)
                numbers[~absent] = cells[~absent].astype(np.float64)
            except ValueError:
                return None
        else:
            if len(self._missing) > len(MISSING) and not self._boolean:
                numbers[self._absent(cells)] = np.nan
        return None if _has_underscore(cells) else numbers

    def _without_sentinels(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Numbers that a user's sentinels say are missing as NaN, however they are written: -200,0 is -200."""
        if self._sentinels and not self._boolean:
            numbers[np.isin(numbers, self._sentinels)] = np.nan
        return numbers

    def _absent(self, cells: Cells) -> NDArray[np.bool_]:
        """(n,) True where a cell means missing."""
        absent: NDArray[np.bool_] = np.logical_or.reduce([is_equal(cells, token) for token in self._missing])
        return absent

    def _rewritten(self, cells: Cells, lines: Lines) -> Cells:
        """The cells with a decimal point and no thousands separators."""
        texts = [cell.strip().translate(_SPACES) for cell in as_text(cells)]
        absent = np.array([text in self._missing for text in texts], dtype=bool)
        if all(text.lower() in _BOOLEANS for text, gone in zip(texts, absent, strict=True) if not gone):
            self._boolean = self._boolean or int(lines[0])
            return np.array([_BOOLEANS.get(text.lower(), "") for text in texts], dtype=object)
        decimal = self.decimal or self._decide(texts, absent, lines)
        self._check(texts, absent, lines, _COMMA if decimal == "," else _POINT)
        group = r"[. '’]" if decimal == "," else r"[, '’]"
        for row, text in enumerate(texts):
            if absent[row]:
                texts[row] = ""
                continue
            plain = re.sub(group, "", text)
            if plain != text and not self._grouped:
                self._grouped = int(lines[row])
            if "," in plain:
                self._comma = self._comma or int(lines[row])
                plain = plain.replace(",", ".")
            texts[row] = plain
        return np.array(texts, dtype=object)

    def _decide(self, texts: list[str], absent: NDArray[np.bool_], lines: Lines) -> str | None:
        """The decimal sign, when some cell of the chunk can be read with one sign only."""
        undecided = None
        for row, text in enumerate(texts):
            if absent[row]:
                continue
            point, comma = bool(_POINT.fullmatch(text)), bool(_COMMA.fullmatch(text))
            if point != comma:
                self.decimal = "." if point else ","
                return self.decimal
            if point and "," in text:
                undecided = undecided or (int(lines[row]), text)
        self._undecided = self._undecided or undecided
        return None

    def _check(
        self, texts: list[str], absent: NDArray[np.bool_], lines: Lines, grammar: re.Pattern[str]
    ) -> None:
        for row, text in enumerate(texts):
            if not absent[row] and not grammar.fullmatch(text):
                raise self._refusal(lines[row], f"expected a number, found {text!r}")

    def _refusal(self, line: int, message: str) -> DataError:
        return self.context.cell_refusal(line, self.name, message)


def _has_underscore(cells: Cells) -> bool:
    """Python reads 1_000 as a number; a file that holds it means something else."""
    if cells.dtype.kind == "S":
        return bool((np.ascontiguousarray(cells).view(np.uint8) == ord("_")).any())
    return "_" in "".join(cells)


@dataclass(eq=False)
class NameColumn:
    """Collects the chunks of the column that names the series: ids by first appearance, and their codes."""

    name: str
    context: ReadContext
    _codes: dict[str, int] = field(default_factory=dict)
    _pieces: list[NDArray[np.int64]] = field(default_factory=list)

    def add(self, cells: Cells, lines: Lines) -> None:
        """Take a chunk; raises DataError with the line of the first cell without a name."""
        local, names = pd.factorize(as_text(cells))
        known = [self._codes.setdefault(shown(name).strip(), len(self._codes)) for name in names]
        if "" in self._codes:
            row = int(np.flatnonzero(np.array(known)[local] == self._codes[""])[0])
            raise self.context.cell_refusal(lines[row], self.name, "the name of the series is missing")
        self._pieces.append(np.array(known, dtype=np.int64)[local])

    def finish(self) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """(ids (S,), code (n,) of every row)."""
        return tuple(self._codes), np.concatenate(self._pieces)


def say_numbers(name: str, numbers: NDArray[np.float64], lines: Lines, context: ReadContext) -> None:
    """Note what a column of numbers gives reason to say: missing cells, a constant, a sentinel."""
    absent = np.isnan(numbers)
    present = numbers[~absent]
    if absent.any():
        share = f"{count(int(absent.sum()), 'cell')} of {numbers.size:,} in column {name!r}"
        context.info("missing", f"{share} missing, the first in line {lines[np.argmax(absent)]}")
    if present.size > 1 and present.min() == present.max():
        context.warn("constant", f"column {name!r} is {present[0]:g} in every row")
    elif (sentinel := _sentinel(present)) is not None:
        same = numbers == sentinel
        where = f"{count(int(same.sum()), 'time')} (first in line {lines[np.argmax(same)]})"
        message = f"column {name!r} holds {sentinel:g} {where}, far outside the rest"
        context.warn("sentinel", message, f"--missing {_written(sentinel)} if it means missing")


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


def numbers_among(words: Iterable[str]) -> tuple[float, ...]:
    """The finite numbers among words, with a decimal point or a decimal comma; a word that can be two is none."""
    return tuple(number for number in map(_number, words) if number is not None and math.isfinite(number))


def _number(word: str) -> float | None:
    text, found = word.strip().translate(_SPACES), set()
    if _POINT.fullmatch(text):
        found.add(float(re.sub(r"[, '’]", "", text)))
    if _COMMA.fullmatch(text):
        found.add(float(re.sub(r"[. '’]", "", text).replace(",", ".")))
    return found.pop() if len(found) == 1 else None


def is_text(cells: Cells) -> bool:
    """True when a sample of cells holds words: neither numbers nor times nor only missing."""
    present = [cell for cell in cells if cell not in MISSING]
    return bool(present) and not any(any(letter.isdigit() for letter in cell) for cell in present)


def is_number(cell: str) -> bool:
    """True for a cell that can be read as a number, in whichever way, or as a truth value."""
    text = cell.strip().translate(_SPACES)
    return text.lower() in _BOOLEANS or bool(_POINT.fullmatch(text) or _COMMA.fullmatch(text))
