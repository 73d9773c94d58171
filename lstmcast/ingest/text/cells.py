"""Cells: columns of text, cut as bytes from plain lines all at once, or as str where that is not enough.

A source that knows its numbers has them as float64 or int64, NaN where they are missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Cells = NDArray[Any]  # (n,) of dtype S (ASCII) or object (str), or numbers
_MANY = 10_000  # cells for which the hash table of pandas is worth its import
_WIDEST = 64  # characters of a cell that is still cut as bytes


def sliced(block: bytes, delimiter: bytes, width: int, places: Sequence[int]) -> list[Cells] | None:
    """Columns (n,) of a block of lines with `width` cells each; None where a parser must look closer.

    That is: at quotes, at letters beyond ASCII, at blanks around cells, at lines with more or fewer cells.
    """
    if width < 2 or b'"' in block or not block.isascii():
        return None
    block = block if block.endswith(b"\n") else block + b"\n"
    characters = np.frombuffer(block + bytes(_WIDEST), np.uint8)
    ends = np.flatnonzero(characters == ord(b"\n"))
    cuts = np.flatnonzero(characters == ord(delimiter))
    if cuts.size != ends.size * (width - 1):
        return None
    around = [characters[edges + side] == ord(b" ") for edges in (ends, cuts) for side in (-1, 1)]
    if any(blanks.any() for blanks in around) or block.startswith(b" "):
        return None
    inner = cuts.reshape(ends.size, width - 1)
    if (inner[:, -1] > ends).any() or (inner[1:, 0] < ends[:-1]).any():
        return None
    starts = np.concatenate([[-1], ends[:-1]])
    edges = [starts, *inner.T, ends]
    columns = [_between(characters, edges[place] + 1, edges[place + 1]) for place in places]
    return None if any(column is None for column in columns) else [c for c in columns if c is not None]


def _between(
    characters: NDArray[np.uint8], starts: NDArray[np.intp], stops: NDArray[np.intp]
) -> Cells | None:
    """(n,) the bytes from each start to its stop, padded with NUL; None when one is too long for that."""
    lengths = stops - starts
    longest = max(1, int(lengths.max()))
    if longest > _WIDEST:
        return None
    cells = np.lib.stride_tricks.sliding_window_view(characters, longest)[starts]
    if int(lengths.min()) < longest:
        cells *= np.arange(longest) < lengths[:, None]
    return cells.view(f"S{longest}").ravel()


def factorized(cells: Cells) -> tuple[NDArray[np.intp], Cells]:
    """((n,) the number of each cell among the different ones, these in order of first appearance)."""
    if len(cells) > _MANY:
        import pandas as pd

        codes, texts = pd.factorize(cells)
        return codes, np.asarray(texts)
    numbers: dict[Any, int] = {}
    codes = np.array([numbers.setdefault(cell, len(numbers)) for cell in cells.tolist()], dtype=np.intp)
    texts = np.empty(len(numbers), dtype=cells.dtype)
    texts[:] = list(numbers)
    return codes, texts


def is_equal(cells: Cells, text: str) -> NDArray[np.bool_]:
    """(n,) True where a cell is this text; an empty one is a number that is missing."""
    if is_numeric(cells):
        return np.isnan(cells) if text == "" else np.zeros(len(cells), dtype=bool)
    if cells.dtype.kind == "S":
        if not text.isascii():
            return np.zeros(len(cells), dtype=bool)
        equal: NDArray[np.bool_] = cells == text.encode()
        return equal
    return np.asarray(cells == text, dtype=bool)


def first_with(cells: Cells, character: str) -> int | None:
    """The first row whose cell holds this character; None when there is none."""
    if cells.dtype.kind == "S":
        characters = np.ascontiguousarray(cells).view(np.uint8)
        place = int(np.argmax(characters == ord(character)))
        return place // cells.dtype.itemsize if characters[place] == ord(character) else None
    return next((row for row, cell in enumerate(cells) if character in cell), None)


def is_numeric(cells: Cells) -> bool:
    """True for cells that are numbers already."""
    return cells.dtype.kind in "if"


def as_text(cells: Cells) -> Cells:
    """The cells as str."""
    if is_numeric(cells):
        texts = ["" if number != number else str(number) for number in cells.tolist()]
        return np.array(texts, dtype=object)
    return cells.astype("U").astype(object) if cells.dtype.kind == "S" else cells


def shown(cell: Any) -> str:
    """A cell as messages show it."""
    return cell.decode() if isinstance(cell, bytes) else str(cell)
