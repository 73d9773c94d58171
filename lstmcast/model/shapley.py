"""The change of a forecast since a season before, shared among groups of inputs by Shapley values.

Inputs of the same clock one season earlier stand in for those of a group, whole, so that the model never sees what it
could not have seen: 2^G runs of the plain model for G groups (Shapley 1953; Lundberg and Lee 2017 for models).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import PAST, Integers, Panel
from lstmcast.forecasters.base import Views, point
from lstmcast.forecasters.ensemble import linear_entry, weights_at
from lstmcast.model.explain import units_of
from lstmcast.model.model import Model

Numbers = NDArray[np.float64]

MOST_GROUPS = 6
RECENT, EARLIER, COLUMN, OTHERS = "recent", "earlier", "column", "others"


@dataclass(frozen=True)
class InputGroup:
    """Inputs that change together: the target's last season, its rows before, a column, or all other columns."""

    kind: str
    name: str = ""


@dataclass(frozen=True, eq=False)
class InputChange:
    """The change that each group of inputs makes: before (K,) with everything as a season before, now (K,), and their
    values (K,) each, which sum to the difference."""

    before: Numbers
    now: Numbers
    groups: dict[InputGroup, Numbers]


def shapley_values(worth: Numbers) -> Numbers:
    """(G, K) the mean of what a group adds, over all orders in which groups can join.

    worth: (2^G, K) of each coalition; group g belongs to coalition c where bit g of c is set.
    """
    count = int(math.log2(len(worth)))
    sizes = np.array([bin(coalition).count("1") for coalition in range(len(worth))])
    shares = [math.factorial(size) * math.factorial(count - size - 1) for size in range(count)]
    values = np.zeros((count, worth.shape[1]))
    for group in range(count):
        without = np.array([c for c in range(len(worth)) if not c >> group & 1])
        share = np.array([shares[size] for size in sizes[without]]) / math.factorial(count)
        values[group] = share @ (worth[without | 1 << group] - worth[without])
    return values


def group_inputs(panel: Panel) -> list[InputGroup]:
    """The groups of a panel's inputs, MOST_GROUPS at most: of many columns the last stand together."""
    names = list(dict.fromkeys(column.source for column in panel.columns[1:]))
    free = MOST_GROUPS - 2
    single = names if len(names) <= free else names[: free - 1]
    others = [InputGroup(OTHERS)] if len(names) > free else []
    return [InputGroup(RECENT), InputGroup(EARLIER), *(InputGroup(COLUMN, name) for name in single), *others]


def coalitions(panel: Panel, origin: int, season: int, recent: int) -> tuple[Panel, Integers]:
    """A copy of one series for each set of groups: those in it as they are, all others a season before.

    panel: one series, from some row before the window on to the last row to be forecast; origin: its first such row;
    season: rows; recent: rows of the target's last season, which are a group of their own. The origins (2^G,) of the
    copies in the flat arrays come with them.
    """
    groups = group_inputs(panel)
    earlier = panel.values.copy()
    earlier[season:] = panel.values[:-season]
    unknown = [0, *panel.roles(PAST)]
    rows = np.arange(len(panel.times))
    copies = []
    for coalition in range(2 ** len(groups)):
        values = earlier.copy()
        for place, group in enumerate(groups):
            if coalition >> place & 1:
                mine = np.array(columns_of_group(panel, group), np.int64)
                part = rows[origin - recent : origin] if group.kind == RECENT else rows
                part = rows[: origin - recent] if group.kind == EARLIER else part
                values[np.ix_(part, mine)] = panel.values[np.ix_(part, mine)]
        values[origin:, unknown] = np.nan
        copies.append(values)
    count, length = len(copies), len(rows)
    stacked = dataclasses.replace(
        panel,
        ids=tuple(map(str, range(count))),
        offsets=np.arange(count + 1) * length,
        times=np.tile(panel.times, count),
        values=np.concatenate(copies),
    )
    return stacked, origin + length * np.arange(count)


def columns_of_group(panel: Panel, group: InputGroup) -> list[int]:
    """Return the places of the columns of a panel that belong to a group."""
    if group.kind in (RECENT, EARLIER):
        return [0]
    wanted = range(1, len(panel.columns))
    if group.kind == COLUMN:
        return [place for place in wanted if panel.columns[place].source == group.name]
    named = {other.name for other in group_inputs(panel) if other.kind == COLUMN}
    return [place for place in wanted if panel.columns[place].source not in named]


@dataclass(frozen=True, eq=False)
class Changes:
    """The changes by groups of inputs, in the units of the CSV: in the whole forecast, and in the network's correction
    of the linear one. The latter is None without a network. rows: how long before the other inputs are."""

    whole: InputChange
    network: InputChange | None
    rows: int


def changes(model: Model, panel: Panel, series: int = 0) -> Changes | None:
    """Return what each group of inputs changes in a series' forecast, beside its inputs one longest season before.

    None where the history is too short for that, or a season is no longer than the horizon needs to be compared.
    """
    season = max(model.contract.clock.seasons, default=0)
    start = model.start(panel, model.contract.horizon)
    copies = _copies(model, start.panel, int(start.origins[series]), season)
    if copies is None:
        return None
    stacked, origins = copies
    views = model.windows(stacked, np.full(len(origins), start.series[series]))
    worth = model.answer(views, origins, ()).point.T
    names = group_inputs(stacked)
    network = _correction(model, views, origins, int(start.series[series]))
    return Changes(change(worth, names), None if network is None else change(network.T, names), season)


def _copies(model: Model, panel: Panel, origin: int, season: int) -> tuple[Panel, Integers] | None:
    """The copies of the series that has this origin, with as few rows before it as the model needs."""
    place = int(np.searchsorted(panel.offsets, origin - 1, side="right")) - 1
    first, lookback = int(panel.offsets[place]), model.contract.lookback
    has_gaps = not np.isfinite(panel.target[origin - min(lookback + season, origin - first) : origin]).all()
    if season < 2 or origin - first < lookback + season:
        return None
    if not has_gaps and model.ensemble.since() is None:
        tail = max(
            (view.regression.design.tail for view in model.views if view.regression is not None), default=0
        )
        first = max(first, origin - lookback - season - tail)
    single = one_series(panel, place, first, origin + model.contract.horizon)
    recent = min(model.contract.clock.season, lookback)
    return coalitions(single, origin - first, season, recent)


def one_series(panel: Panel, series: int, first: int, stop: int) -> Panel:
    """Rows first to stop (not included) of a panel's flat arrays as a panel of one series."""
    return dataclasses.replace(
        panel,
        ids=(panel.ids[series],),
        offsets=np.array([0, stop - first]),
        times=panel.times[first:stop],
        values=panel.values[first:stop],
    )


def _correction(model: Model, views: Views, origins: Integers, series: int) -> Numbers | None:
    """(K, B) what the network changes in the linear forecast, in the units that this has where all is as it is."""
    found = [
        (weight, part)
        for weight, part in weights_at(model.ensemble, views, origins)
        if part.name == "network"
    ]
    if not found:
        return None
    own = point(linear_entry(model.ensemble).predict(views, origins))
    scaled = sum(weight * (point(part.predict(views, origins)) - own) for weight, part in found)
    total = point(model.ensemble.predict(views, origins[-1:]))[:, 0]
    return np.asarray(scaled * units_of(model, total, series)[1][:, None])


def change(worth: Numbers, names: Sequence[InputGroup]) -> InputChange:
    """Return the change that each group makes; worth: (2^G, K) of each coalition."""
    return InputChange(worth[0], worth[-1], dict(zip(names, shapley_values(worth), strict=True)))
