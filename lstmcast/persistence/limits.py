"""Sizes and shares that no model has, found before anything is made of them."""

from __future__ import annotations

import dataclasses
import math

from lstmcast.core.options import Options
from lstmcast.forecasters.ensemble import Blend
from lstmcast.forecasters.intervals import Intervals
from lstmcast.model.schema import Contract
from lstmcast.nn.network import Architecture

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


def check_blend(blend: Blend, *, has_network: bool) -> None:
    """Raises ValueError for shares that are none, or of what is not there."""
    shares = (blend.network, blend.linear, blend.naive)
    if not all(0 <= share <= 1 for share in shares) or not math.isclose(sum(shares), 1, abs_tol=1e-6):
        raise ValueError("the shares of the forecasters do not add up to one")
    if bool(blend.network) != has_network or not 0 <= blend.season <= _LONGEST:
        raise ValueError("a forecaster has a share and is not there, or is there and has none")


def check_intervals(intervals: Intervals, *, has_network: bool) -> None:
    """Raises ValueError for bands of no known kind, of what is not there, or that follow volatility as none do."""
    if intervals.kind not in (("quantiles", "split") if has_network else ("split",)):
        raise ValueError(f"the bands are {intervals.kind!r}, which this model cannot make")
    if not 0 <= intervals.power <= 1 or not 0 < intervals.reference < math.inf:
        raise ValueError("the bands follow volatility by no power and reference that training gives")


def check_architecture(architecture: Architecture, weights: int) -> None:
    """Raises UsageError or ValueError for sizes that no options give, or that so many weights do not fit."""
    shared = {field.name for field in dataclasses.fields(Options)} & set(vars(architecture))
    dataclasses.replace(Options(), **{name: getattr(architecture, name) for name in shared}).check()
    if min(architecture.past_size, architecture.future_size, architecture.series) < 0:
        raise ValueError("a size is negative")
    wanted = sum(math.prod(shape) for shape in architecture.shapes().values())
    if wanted != weights:
        raise ValueError(f"a member has {weights} weights where its network has {wanted}")
