"""Distinct cells: a column looked at once for each different text, however often it stands there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.ingest.text.cells import Cells, as_text, factorized, shown


@dataclass(frozen=True, eq=False)
class Distinct:
    """The U different texts of n cells in order of appearance: codes (n,) which one a cell is, firsts (U,) the row
    of the first of each, counts (U,) how many."""

    texts: list[str]
    codes: NDArray[np.intp]
    firsts: NDArray[np.intp]
    counts: NDArray[np.intp]


def distinct(cells: Cells) -> Distinct:
    """The different texts of some cells, blanks around them taken away."""
    codes, texts = factorized(as_text(cells))
    firsts = np.full(len(texts), len(codes), dtype=np.intp)
    np.minimum.at(firsts, codes, np.arange(len(codes)))
    counts = np.bincount(codes, minlength=len(texts))
    return Distinct([shown(text).strip() for text in texts], codes, firsts, counts)
