"""Coded values: numbers that are no numbers as they stand, such as NOAA's +0277,1 for 27.7 degrees."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

_FEWEST = 2  # different cells that show a code
_FEW_MARKS, _ENOUGH = 2, 20  # so few different marks behind so many cells are no decimals


@dataclass(frozen=True)
class Code:
    """A code of tenths with a mark of quality behind a comma, in the Integrated Surface Database of NOAA.

    Cells are a sign and four digits, or five digits; all nines are missing, and so are values marked 3 or 7, which
    the database calls erroneous (its format document, section on mandatory data).
    """

    pattern: re.Pattern[str]

    def value(self, cell: str) -> float | None:
        """The number, NaN where it is missing or erroneous; None for a cell that is not written so."""
        match = self.pattern.fullmatch(cell.strip())
        if match is None:
            return None
        digits, mark = match[2], match[3]
        if set(digits) == {"9"} or mark in "37":
            return math.nan
        return int(f"{match[1]}{digits}") / 10


_TENTHS = Code(re.compile(r"([+-])(\d{4}),(\d)"))
_LONG_TENTHS = Code(re.compile(r"()(\d{5}),(\d)"))


def find_code(cells: Sequence[str]) -> Code | None:
    """The code that all of these different cells are written in; None where they are ordinary numbers."""
    if len(cells) < _FEWEST:
        return None
    for code, fewest in ((_TENTHS, _FEWEST), (_LONG_TENTHS, _ENOUGH)):
        found = [match for cell in cells if (match := code.pattern.fullmatch(cell.strip()))]
        if len(found) == len(cells) >= fewest:
            is_padded = any(match[2].startswith("0") for match in found)
            return code if is_padded or _has_marks([match[3] for match in found]) else None
    return None


def _has_marks(last: Sequence[str]) -> bool:
    """Return whether the digits behind the comma are marks: nearly always the same, as no decimal is."""
    often = max(map(last.count, set(last)))
    return len(set(last)) <= _FEW_MARKS or often >= 0.8 * len(last)
