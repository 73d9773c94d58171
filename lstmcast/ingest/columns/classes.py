"""Classes: a column of text as one column of zeros and ones for each class that it holds."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.findings import count
from lstmcast.core.letters import spelled_out
from lstmcast.ingest.columns.numbers import numbers_among
from lstmcast.ingest.columns.words import OF_CLASSES
from lstmcast.ingest.table.reader import Lines
from lstmcast.ingest.text.cells import Cells, as_text, factorized, shown
from lstmcast.ingest.text.context import ReadContext

MOST_CLASSES = 50
_MOSTLY = 0.5  # share of empty cells above which empty probably means something
_MISSING, _UNKNOWN = -1, -2


@dataclass(eq=False)
class ClassColumn:
    """Collects the chunks of a column of text.

    levels: the classes in the order of their columns, where a model has them; else None until `finish`, and then
    those of the file, sorted; is_target: whether they are what is forecast.
    """

    name: str
    context: ReadContext
    levels: tuple[str, ...] | None = None
    is_target: bool = False
    _codes: dict[str, int] = field(default_factory=dict)
    _pieces: list[NDArray[np.int64]] = field(default_factory=list)
    _first_missing: int = 0  # line
    _first_unknown: tuple[int, str] | None = None
    _sentinels: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        self._codes = dict.fromkeys(OF_CLASSES, _MISSING)
        self._codes |= {spelled_out(level): code for code, level in enumerate(self.levels or ())}
        self._codes |= dict.fromkeys(self.context.rules.missing, _MISSING)
        self._sentinels = numbers_among(self.context.rules.missing)

    def add(self, cells: Cells, lines: Lines) -> None:
        """Take a chunk; raises DataError where the file has more classes than a column may have."""
        local, found = factorized(as_text(cells))
        texts = [spelled_out(shown(text).strip()) for text in found]
        known = np.array([self._code(text) for text in texts], dtype=np.int64)
        codes = known[local]
        self._refuse_many(codes, lines, texts, local)
        if not self._first_missing and (codes == _MISSING).any():
            self._first_missing = int(lines[np.argmax(codes == _MISSING)])
        if self._first_unknown is None and (codes == _UNKNOWN).any():
            row = np.argmax(codes == _UNKNOWN)
            self._first_unknown = (int(lines[row]), texts[local[row]])
        self._pieces.append(codes)

    def finish(self) -> NDArray[np.float64]:
        """(n, levels) ones in the column of each cell's class; NaN where the cell is missing, zeros where the model
        has no such class."""
        codes, self._pieces = np.concatenate(self._pieces), []
        if self.levels is None:
            codes = self._in_order(codes)
        self._say_odd_cells(codes)
        assert self.levels is not None
        columns = np.asarray(codes[:, None] == np.arange(len(self.levels)), dtype=np.float64)
        columns[codes == _MISSING] = np.nan
        return columns

    @property
    def width(self) -> int:
        """The number of classes up to now."""
        return sum(code >= 0 for code in self._codes.values())

    def _code(self, text: str) -> int:
        """The code of a text: a new one, unless the classes are those of a model."""
        if self._sentinels and set(numbers_among([text])) & set(self._sentinels):
            return _MISSING
        if self.levels is not None:
            return self._codes.get(text, _UNKNOWN)
        return self._codes.setdefault(text, self.width)

    def _refuse_many(
        self, codes: NDArray[np.int64], lines: Lines, texts: list[str], local: NDArray[np.intp]
    ) -> None:
        if self.levels is not None or not (codes >= MOST_CLASSES).any():
            return
        row = np.argmax(codes >= MOST_CLASSES)
        line = int(lines[row])
        if self.is_target:
            message = (
                f"expected a number, or one of {MOST_CLASSES} classes at most, found {texts[local[row]]!r}; write "
                "numbers, or put the classes into groups"
            )
            raise self.context.cell_refusal(line, self.name, message)
        raise self.context.refusal(
            f"column {self.name!r} is text with more than {MOST_CLASSES} classes by line {line}; put them into "
            "groups, write a number instead, or leave the column out",
            line=line,
            column=self.name,
        )

    def _in_order(self, codes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Name the levels, sorted, and give the codes that they have in this order."""
        found = [text for text, code in self._codes.items() if code >= 0]
        self.levels = _sorted(found)
        rank = np.array([self.levels.index(text) for text in found] + [_MISSING], dtype=np.int64)
        listed = ", ".join(self.levels)
        place = self.context.place(column=self.name)
        message = f"column {self.name!r} is text with {_classes(found)}: {listed}"
        self.context.info("classes", message, place=place)
        if len(found) == 1:
            self.context.warn("constant", f"column {self.name!r} is {found[0]!r} in every row", place=place)
        return rank[codes]  # missing is -1, which is the last

    def _say_odd_cells(self, codes: NDArray[np.int64]) -> None:
        missing, unknown = int((codes == _MISSING).sum()), int((codes == _UNKNOWN).sum())
        if missing:
            self._say_missing(missing, codes.size)
        if self._first_unknown is not None:
            line, text = self._first_unknown
            where = f"column {self.name!r}: {text!r} in line {line}"
            taken = "; it counts as missing" if self.is_target else ""
            more = f" (and {count(unknown - 1, 'more cell')})" if unknown > 1 else ""
            message = f"{where}{more} is none of the classes the model was trained on{taken}"
            place = self.context.place(line=line, column=self.name)
            self.context.warn("unknown_class", message, place=place)

    def _say_missing(self, missing: int, cells: int) -> None:
        share = f"{count(missing, 'cell')} of {cells:,} in column {self.name!r}"
        message = f"{share} missing, the first in line {self._first_missing}"
        place = self.context.place(line=self._first_missing, column=self.name)
        if missing > _MOSTLY * cells:
            message += "; where empty means a class of its own, write 'none' there"
            self.context.warn("missing", message, place=place)
        else:
            self.context.info("missing", message, place=place)


def codes_of(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) the class of each row as a number, of (n, levels) ones; NaN where it is missing, or none of the classes.

    Where rows were put together, the class that most of them had, and of several the first.
    """
    shares = np.nan_to_num(columns)
    return np.where(shares.max(axis=1) > 0, shares.argmax(axis=1), np.nan)


def _sorted(texts: list[str]) -> tuple[str, ...]:
    """Return these texts in order: by size where all are numbers, else as text."""
    try:
        return tuple(sorted(texts, key=float))
    except ValueError:
        return tuple(sorted(texts))


def _classes(found: list[str]) -> str:
    return f"{len(found)} class{'' if len(found) == 1 else 'es'}"
