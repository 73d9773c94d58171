"""Signs: whether `1.068` and `1,068` are a thousand or a decimal number, decided over the whole of a column."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lstmcast.ingest.text.cells import Cells, shown

Mask = NDArray[np.bool_]
Numbers = NDArray[np.float64]
_THREE = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}")
_LOOK = 64  # cells with a point that are looked at before all of them are
_ENOUGH = 20  # numbers of three decimals and no fewer, among others without any, that make chance unlikely
_ALIKE = 5.0  # times by which numbers with and without a point may differ and still be of one kind
_DIFFERENT = 2  # different numbers without a point: a single one may be a sign for missing
_FEW = 0.02
_UNGROUPED = 1000  # a whole number from here on, written without a sign, says that thousands have none


@dataclass(eq=False)
class OpenCells:
    """Cells of a column that a decimal point and a decimal comma read differently, and nothing yet tells.

    comma, point: (line, text) of the first that holds the sign; pieces: for each chunk so far the rows that hold
    either, None where there is none. Until something tells, `1,068` is a thousand and `1.068` a decimal number.
    """

    comma: tuple[int, str] | None = None
    point: tuple[int, str] | None = None
    pieces: list[tuple[Mask, Mask] | None] = field(default_factory=list)

    def note(self, with_comma: Mask, with_point: Mask, cells: Cells, lines: NDArray[np.int64]) -> None:
        """Keep the open cells (n,) of a chunk."""
        has = with_comma.any(), with_point.any()
        self.pieces.append((with_comma, with_point) if any(has) else None)
        if has[0] and self.comma is None:
            row = int(np.argmax(with_comma))
            self.comma = int(lines[row]), shown(cells[row]).strip()
        if has[1] and self.point is None:
            row = int(np.argmax(with_point))
            self.point = int(lines[row]), shown(cells[row]).strip()

    def follow(self, chunks: int) -> None:
        """Count a chunk without such cells, where it was not noted."""
        self.pieces += [None] * (chunks - len(self.pieces))

    @property
    def is_any(self) -> bool:
        """True where some cell is open."""
        return self.comma is not None or self.point is not None

    def as_commas(self, pieces: list[Numbers]) -> list[Numbers]:
        """The numbers of all chunks with a decimal comma instead: `1,068` is 1.068, and `1.068` a thousand."""
        return [_swapped(*pair) for pair in zip(pieces, self.pieces, strict=False)] + pieces[
            len(self.pieces) :
        ]

    def looks_grouped(self, sign: str, pieces: list[Numbers]) -> bool:
        """Return whether this sign, a point or a comma, may well stand between thousands.

        Different numbers are without it, none of those is a thousand, and they are of another size or too
        many to have three decimals by chance.
        """
        signed, rest = self._apart(sign, pieces)
        if not signed.size or np.unique(rest).size < _DIFFERENT or rest.max() >= _UNGROUPED:
            return False
        ratio = float(np.median(rest)) / float(np.median(signed))
        return signed.size >= _ENOUGH or not 1 / _ALIKE <= ratio <= _ALIKE

    def mostly_pointed(self, pieces: list[Numbers]) -> bool:
        """Return whether nearly every number has a point and three digits behind it."""
        pointed, rest = self._apart(".", pieces)
        return rest.size <= _FEW * pointed.size

    def _apart(self, sign: str, pieces: list[Numbers]) -> tuple[Numbers, Numbers]:
        """(sizes of the open numbers with a sign, were it a decimal sign; sizes of the rest but zero)."""
        which = ",.".index(sign)
        marks = [
            np.zeros(len(n), bool) if m is None else m[which]
            for n, m in zip(pieces, self.pieces, strict=True)
        ]
        numbers, is_signed = np.abs(np.concatenate(pieces)), np.concatenate(marks)
        rest = numbers[~is_signed]
        signed = numbers[is_signed] / (1000 if sign == "," else 1)
        return signed, rest[np.isfinite(rest) & (rest != 0)]


def _swapped(numbers: Numbers, masks: tuple[Mask, Mask] | None) -> Numbers:
    if masks is None:
        return numbers
    with_comma, with_point = masks
    numbers = np.where(with_comma, numbers / 1000, numbers)
    return np.where(with_point, np.round(numbers * 1000), numbers)


def open_points(cells: Cells) -> Mask | None:
    """(n,) True for cells such as 1.068, when all with a point are like that; None when one of them is not."""
    if cells.dtype.kind != "S":
        pointed = np.array(["." in cell for cell in cells], dtype=bool)
        return pointed if all(_THREE.fullmatch(cell.strip()) for cell in cells[pointed]) else None
    if not len(cells):
        return np.zeros(0, dtype=bool)
    characters = np.ascontiguousarray(cells).view(np.uint8).reshape(len(cells), -1)
    dots = characters == ord(".")
    pointed = dots.any(axis=1)
    rows = np.flatnonzero(pointed)
    if not all(_THREE.fullmatch(shown(cells[row])) for row in rows[:_LOOK]):
        return None
    return pointed if all(_THREE.fullmatch(shown(cell)) for cell in np.unique(cells[pointed])) else None
