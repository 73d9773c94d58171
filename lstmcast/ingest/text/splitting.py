"""Splitting: lines of text cut into cells, however long a cell is."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

_LONGEST = 2**31 - 1  # what a C long holds everywhere; the module's own limit is 131,072 letters


def split(lines: Iterable[str], delimiter: str = ",", *, skips_blanks: bool = False) -> list[list[str]]:
    """The cells of each row; skips_blanks: those after a delimiter do not count."""
    with _any_length():
        return list(csv.reader(lines, delimiter=delimiter, skipinitialspace=skips_blanks))


def row_ends(lines: Iterable[str], delimiter: str) -> list[int]:
    """The number of the last line of each row, from 1 on: a quoted cell may hold line ends."""
    with _any_length():
        reader = csv.reader(lines, delimiter=delimiter)
        return [reader.line_num for _ in reader]


@contextmanager
def _any_length() -> Iterator[None]:
    """Within it no cell is too long; the limit is the process's, so it is put back."""
    before = csv.field_size_limit(_LONGEST)
    try:
        yield
    finally:
        csv.field_size_limit(before)
