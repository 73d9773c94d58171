"""Kinds: whether a column holds numbers or classes, as a sample of its cells shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite

from lstmcast.ingest.columns.numbers import is_number
from lstmcast.ingest.columns.numerals import BARE, common_affix, numeral
from lstmcast.ingest.columns.words import means_missing

_BEGINS = frozenset("0123456789+-.")


def present_in(cells: Iterable[str], missing: Sequence[str]) -> set[str]:
    """The different cells that say something; missing: words of the user's own that mean missing."""
    return {cell.strip() for cell in set(cells) if not means_missing(cell, missing)}


def is_text_class(cells: Iterable[str], missing: Sequence[str]) -> bool:
    """True when a sample of cells is text: some are there, none is a number or a truth value, and they are no numbers
    with one unit either."""
    present = present_in(cells, missing)
    return bool(present) and not any(map(is_number, present)) and not share_of_affixed(present)


def mostly_numbers(present: set[str]) -> bool:
    """Return whether most of the different cells are numbers, with or without a unit."""
    if present and _are_plain(present):
        return True
    bare = sum(map(is_number, present))
    return bool(present) and (2 * bare >= len(present) or share_of_affixed(present) >= 0.5)


def _are_plain(present: set[str]) -> bool:
    """True for numbers as Python writes them, which most are."""
    if not all(cell[:1] in _BEGINS for cell in present) or "_" in "".join(present):
        return False
    try:
        return all(isfinite(float(cell)) for cell in present)
    except ValueError:
        return False


def share_of_affixed(present: set[str]) -> float:
    """The share of the different cells that are numbers with one affix; 0 where it is less than half, or none."""
    numerals = [number for number in map(numeral, present) if number is not None]
    affixed = [number for number in numerals if number.affix != BARE]
    if 2 * len(affixed) < len(present) or common_affix(affixed) in (None, BARE):
        return 0.0
    return len(numerals) / len(present)
