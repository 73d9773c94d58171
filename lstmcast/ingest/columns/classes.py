"""Classes: a column of text as one column of zeros and ones for each class that it holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmcast.core.findings import count
from lstmcast.ingest.columns.columns import MISSING, is_number, numbers_among
from lstmcast.ingest.table.reader import Lines
from lstmcast.ingest.text.cells import Cells, as_text, shown
from lstmcast.ingest.text.context import ReadContext

MOST_CLASSES = 50
_MOSTLY = 0.5  # share of empty cells above which empty probably means something
_MISSING, _UNKNOWN = -1, -2
# "None" in a column of holidays is a day without one, which is known.
_ABSENT = MISSING - {"None"}


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
        self._codes = {level: code for code, level in enumerate(self.levels or ())}
        self._codes |= dict.fromkeys([*_ABSENT, *self.context.rules.missing], _MISSING)
        self._sentinels = numbers_among(self.context.rules.missing)

    def add(self, cells: Cells, lines: Lines) -> None:
        """Take a chunk; raises DataError where the file has more classes than a column may have."""
        local, found = pd.factorize(as_text(cells))
        texts = [shown(text).strip() for text in found]
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
        """How many classes there are up to now."""
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
        if self.levels is None and (codes >= MOST_CLASSES).any():
            row = np.argmax(codes >= MOST_CLASSES)
            line = lines[row]
            if self.is_target:
                raise self.context.refusal(
                    f"line {line}, column {self.name!r}: expected a number, or one of {MOST_CLASSES} classes at most, "
                    f"found {texts[local[row]]!r}; write numbers, or put the classes into groups"
                )
            raise self.context.refusal(
                f"column {self.name!r} is text with more than {MOST_CLASSES} classes by line {line}; put them into "
                "groups, write a number instead, or leave the column out"
            )

    def _in_order(self, codes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Name the levels, sorted, and give the codes that they have in this order."""
        found = [text for text, code in self._codes.items() if code >= 0]
        self.levels = _sorted(found)
        rank = np.array([self.levels.index(text) for text in found] + [_MISSING], dtype=np.int64)
        listed = ", ".join(self.levels)
        self.context.info("classes", f"column {self.name!r} is text with {_classes(found)}: {listed}")
        if len(found) == 1:
            self.context.warn("constant", f"column {self.name!r} is {found[0]!r} in every row")
        return rank[codes]  # missing is -1, which is the last

    def _say_odd_cells(self, codes: NDArray[np.int64]) -> None:
        missing, unknown = int((codes == _MISSING).sum()), int((codes == _UNKNOWN).sum())
        if missing:
            share = f"{count(missing, 'cell')} of {codes.size:,} in column {self.name!r}"
            message = f"{share} missing, the first in line {self._first_missing}"
            if missing > _MOSTLY * codes.size:
                self.context.warn(
                    "missing", f"{message}; where empty means a class of its own, write 'none' there"
                )
            else:
                self.context.info("missing", message)
        if self._first_unknown is not None:
            line, text = self._first_unknown
            where = f"column {self.name!r}: {text!r} in line {line}"
            taken = "; it counts as missing" if self.is_target else ""
            more = f" (and {count(unknown - 1, 'more cell')})" if unknown > 1 else ""
            self.context.warn(
                "unknown_class", f"{where}{more} is none of the classes the model was trained on{taken}"
            )


def codes_of(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) the class of each row as a number, of (n, levels) ones; NaN where it is missing, or none of the classes.

    Where rows were put together, the class that most of them had, and of several the first.
    """
    shares = np.nan_to_num(columns)
    return np.where(shares.max(axis=1) > 0, shares.argmax(axis=1), np.nan)


def _sorted(texts: list[str]) -> tuple[str, ...]:
    """As text; numbers by their size."""
    try:
        return tuple(sorted(texts, key=float))
    except ValueError:
        return tuple(sorted(texts))


def _classes(found: list[str]) -> str:
    return f"{len(found)} class{'' if len(found) == 1 else 'es'}"


def is_text_class(cells: Iterable[str], missing: tuple[str, ...]) -> bool:
    """True when a sample of cells is text: some are there, and none is a number or a truth value."""
    present = {cell.strip() for cell in cells} - MISSING - set(missing)
    return bool(present) and not any(is_number(cell) for cell in present)
