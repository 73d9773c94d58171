"""Sizes and shares that no model has, found before anything is made of them."""

from __future__ import annotations

import dataclasses
import math

from lstmcast.core.options import Options
from lstmcast.forecasters.intervals import Intervals
from lstmcast.model.schema import Contract

_LONGEST = 1_000_000_000  # rows of a season or a history; nothing is allocated for them


def check_contract(contract: Contract) -> None:
    """Raises UsageError or ValueError for sizes, seasons or names that no training gives."""
    sizes = {name: getattr(contract, name) for name in ("horizon", "lookback", "segment")}
    dataclasses.replace(Options(), **sizes).check()
    if not contract.lookback <= contract.history <= _LONGEST:
        raise ValueError(
            f"a history of {contract.history} rows is not one for a lookback of {contract.lookback}"
        )
    if not all(0 < season <= _LONGEST for season in contract.clock.seasons):
        raise ValueError("a season is shorter than a row, or longer than any")
    columns = (contract.time, contract.id, contract.target, *contract.known, *contract.past)
    names = tuple(name for name in columns if name is not None)
    for kind, listed in {"column": names, "series": contract.ids, **_classes(contract)}.items():
        if len(set(listed)) != len(listed):
            raise ValueError(f"a {kind} stands twice")
    if not all(all(levels) for levels in contract.levels.values()):
        raise ValueError("a class is empty")


def _classes(contract: Contract) -> dict[str, tuple[str, ...]]:
    return {f"class of {name!r}": levels for name, levels in contract.levels.items()}


def check_intervals(intervals: Intervals, *, has_network: bool, has_spread: bool = False) -> None:
    """Raises ValueError for bands of no known kind, of what is not there, or that follow volatility as none do."""
    kinds = ("split", *(("quantiles",) if has_network else ()), *(("spread",) if has_spread else ()))
    if intervals.kind not in kinds:
        raise ValueError(f"the bands are {intervals.kind!r}, which this model cannot make")
    if not 0 <= intervals.power <= 1 or not 0 < intervals.reference < math.inf:
        raise ValueError("the bands follow volatility by no power and reference that training gives")
