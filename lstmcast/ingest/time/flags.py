"""Flags: a column that tells apart the hours that happen twice, as ERCOT's DSTFlag does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lstmcast.ingest.table.roles import plain
from lstmcast.ingest.text.cells import Cells, as_text, factorized

_NAME = re.compile(
    r"(?:is ?)?(?:dst|repeated ?hour|daylight saving(?:s)?|summer ?time)(?: ?time)?(?: ?(?:flag|ind|indicator))?"
)
_YES = frozenset(["y", "yes", "true", "t", "1", "1.0", "dst"])
_NO = frozenset(["n", "no", "false", "f", "0", "0.0", "std", ""])
_RARE = 0.05  # share of rows up to which a flag marks hours that come again; above it, summer time


def flag_column(names: Sequence[str]) -> str | None:
    """The column whose name says that it flags summer time or hours that come again."""
    return next((name for name in names if _NAME.fullmatch(plain(name).replace("-", " "))), None)


def is_flag(cells: Cells) -> bool:
    """True for cells that are yes or no."""
    return {str(cell).strip().lower() for cell in as_text(cells)} <= _YES | _NO


@dataclass(eq=False)
class FlagColumn:
    """Collects the chunks of a flag."""

    _pieces: list[NDArray[np.bool_]] = field(default_factory=list)

    def add(self, cells: Cells) -> None:
        """Take a chunk; what is neither yes nor no counts as no."""
        local, found = factorized(as_text(cells))
        is_yes = np.array([str(text).strip().lower() in _YES for text in found], dtype=bool)
        self._pieces.append(is_yes[local])

    def finish(self) -> NDArray[np.int8] | None:
        """(n,) 0 for the first and 1 for the second of two equal hours; None where the flag is the same everywhere."""
        flags = np.concatenate(self._pieces)
        if flags.all() or not flags.any():
            return None
        return (flags if flags.mean() <= _RARE else ~flags).astype(np.int8)
