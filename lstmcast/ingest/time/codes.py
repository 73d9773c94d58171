"""Codes: which date a column of bare numbers means, of the readings that all of it allows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lstmcast.ingest.text.decoding import Micros
from lstmcast.ingest.text.layouts import COUNTER, DECIMAL, DIGITS, ORDINAL, SERIAL, SHORT, YEARWEEK
from lstmcast.ingest.time.names import counts, says_time, says_week

# Readings of bare numbers that could count as well.
CODES = (YEARWEEK, ORDINAL, SHORT, SERIAL, DECIMAL)
MOSTLY = 0.8  # share of cells that a code must explain for the others to be thought damaged
_MONTHS_OF_WEEKS = 13  # months go up to 12, and to 13 where that is the year's total
_DAY = 86_400_000_000


def meant(name: str, walls: Mapping[str, Micros], *, is_counted: bool) -> str:
    """The order in which a column is read; walls: its times (n,) in every order that it allows.

    is_counted: whether its rows are known to be numbered.
    """
    if COUNTER in walls and is_counted:
        return COUNTER
    return next(order for order in walls if _is_plausible(order, name, walls))


def _is_plausible(order: str, name: str, walls: Mapping[str, Micros]) -> bool:
    """False for a code that something else explains better."""
    if order == DIGITS:
        return not (YEARWEEK in walls and says_week(name))
    if order not in CODES or COUNTER not in walls:
        return True
    if counts(name):
        return False
    if order == YEARWEEK:
        return says_week(name) or _weeks(walls[order]) > _MONTHS_OF_WEEKS
    if order == SHORT:
        return says_time(name) or bool((np.diff(walls[COUNTER]) > 1).any())
    return True


def _weeks(wall: Micros) -> int:
    """The highest week of the year among Mondays."""
    fourth = wall // _DAY + 3  # the Thursday, in whose year the week lies
    years = fourth.astype("datetime64[D]").astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    return int(((fourth - years) // 7 + 1).max())


def is_code(order: str, depth: int) -> bool:
    """True for an order that tells dates by bare digits: a cell that it cannot read is a damaged date."""
    return order in (YEARWEEK, ORDINAL, SHORT, SERIAL) or (order == DIGITS and depth >= 2)
