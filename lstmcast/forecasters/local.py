"""The forecaster for few horizons: members fitted on each window's own history when it forecasts, and mixed.

What a series of few rows can teach is taught again at every forecast: nothing of it ages. Its weights, and a ridge map
of a whole panel's windows, are all that a model keeps of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, field, fields
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import Options
from lstmcast.core.panel import Clock, Integers
from lstmcast.data.windows import Windows, WindowTable
from lstmcast.forecasters.airline import MONTHS, airline
from lstmcast.forecasters.bank import FEWEST_SEASONS, Expected, bank, bank_with_known
from lstmcast.forecasters.base import FitData, Mask, NewRows, Stateless, Views
from lstmcast.forecasters.half_growth import FEWEST_MORE, half_growth
from lstmcast.forecasters.intervals import LEVELS
from lstmcast.forecasters.local_ridge import (
    FEWEST_WINDOWS,
    FEWEST_WINDOWS_UNSEASONAL,
    ridge_of_each,
    windows_in,
)
from lstmcast.forecasters.logarithms import logs_of
from lstmcast.forecasters.panel_ridge import PanelMap
from lstmcast.forecasters.spread_bands import SpreadBands
from lstmcast.forecasters.theta import SEASONS_NEEDED, theta

Numbers = NDArray[np.float64]

FEWEST_ROWS = 8
MORE_THAN_TWO = 3  # rows beyond two seasons from which on a season is believed to have been learned
MEMBERS = ("bank", "theta", "ridge", "panel_ridge", "seasonal_naive", "airline")  # that have weights
ANSWERING = (*MEMBERS, "half_growth")
BANK, MIXTURE = "bank", "blend"  # names of what is the bank alone, and of what is mixed


@dataclass(frozen=True)
class Sizes:
    """Rows that the members look at.

    season: m, 1 for none; rows: of the history, at most; lookback: L of a series' own ridge map; pooled: of a panel's.
    """

    season: int
    rows: int
    lookback: int
    pooled: int

    def has_own_map(self, rows: int, horizon: int) -> bool:
        """Return whether so many rows hold windows enough for a ridge map of their own."""
        fewest = FEWEST_WINDOWS if self.season > 1 else FEWEST_WINDOWS_UNSEASONAL
        return windows_in(rows, self.lookback, horizon) >= fewest

    def members(self, rows: int, horizon: int, pooled: PanelMap | None = None) -> tuple[str, ...]:
        """The members that so many rows can teach.

        Before a season is there the bank alone, without one; until it has come twice, half its growth; until a series
        holds windows enough for a map of its own, both, with Theta from three seasons on; then all but half growth, and
        the airline model of months.
        """
        m, has_map = self.season, self.has_own_map(rows, horizon)
        if m > 1 and m + FEWEST_MORE <= rows < 2 * m + MORE_THAN_TWO:
            return ("half_growth",)
        is_young = m > 1 and not has_map and rows >= 2 * m + MORE_THAN_TWO
        is_there = {
            "bank": True,
            "theta": m == 1 or has_map or rows >= SEASONS_NEEDED * m,
            "ridge": has_map,
            "panel_ridge": pooled is not None and rows >= pooled.lookback,
            "seasonal_naive": rows >= m,
            "airline": has_map and m == MONTHS,
            "half_growth": is_young,
        }
        return tuple(name for name in ANSWERING if is_there[name])


def sizes_of(clock: Clock) -> Sizes:
    """By the clock: twelve years of months or quarters, five of weeks, forty weeks of days."""
    m = clock.season
    if m == 1:
        return Sizes(1, 60, 4, 5)
    if clock.is_daily:
        return Sizes(m, 40 * m, 4 * m, 8 * m)
    if m > 24:
        return Sizes(m, 5 * m, m + 1, m + 1)
    return Sizes(m, max(12 * m, 60), m, 2 * m)


@dataclass(frozen=True)
class MemberWeights:
    """The weight of each member where it can answer; the weight of those that cannot goes to the others."""

    bank: float
    theta: float = 0.0
    ridge: float = 0.0
    panel_ridge: float = 0.0
    seasonal_naive: float = 0.0
    airline: float = 0.0

    def among(self, names: Sequence[str]) -> dict[str, float]:
        """The share of each of these, as far as they have weight; equal ones where none has."""
        weights = {name: self.of(name, "theta" in names) for name in names if self.of(name)}
        weights = weights or dict.fromkeys(names, 1.0)
        return {name: weight / sum(weights.values()) for name, weight in weights.items()}

    def of(self, name: str, beside_theta: bool = False) -> float:
        """The weight of a member; half growth counts as much as the bank, half as much where Theta is there too."""
        if name == "half_growth":
            return self.bank / 2 if beside_theta else self.bank
        return float(getattr(self, name))


@dataclass(frozen=True, eq=False)
class History:
    """The rows before B origins that have as many of them.

    places: (B,) among the origins; values: (T, B) in the units of the CSV without what the calendar says, gaps filled
    from the past; observed: (T, B); known: (T + K, q) the columns known ahead of a single one, q zero without any.
    """

    places: Integers
    values: Numbers
    observed: Mask
    known: Numbers


def histories(windows: Windows, origins: Integers, rows: int) -> Iterator[History]:
    """At most so many rows before each origin, from the first that was observed; none where there is no such row."""
    table = windows.table
    seen = np.append(np.flatnonzero(table.observed), len(table.observed))
    earliest = np.maximum(table.firsts(origins), origins - rows)
    starts = np.minimum(seen[np.searchsorted(seen, earliest)], origins)
    lengths, columns = origins - starts, table.given
    for length in np.unique(lengths[lengths > 0]):
        places = np.flatnonzero(lengths == length)
        for group in [places] if not columns else np.split(places, len(places)):
            at = starts[group] + np.arange(length)[:, None]
            ahead = starts[group[0]] + np.arange(length + windows.horizon)
            known = table.known[ahead, :columns].astype(np.float64) if columns else np.zeros((len(ahead), 0))
            yield History(group, windows.plain[at], table.observed[at], known)


@dataclass(frozen=True, eq=False)
class Answers:
    """The members' answers to n windows, in the units of the CSV without what the calendar says.

    points: (M, K, n), of ANSWERING, NaN where a member cannot answer; variance: (K, n) of the surest that has one;
    rows: (n,) of history, as bands count them.
    """

    points: Numbers
    variance: Numbers
    rows: Numbers

    def mixed(self, weights: MemberWeights) -> Expected:
        """Their weighted mean, and the variance of one with that between them; NaN where nobody answers."""
        can = np.isfinite(self.points[:, :1])
        alone, beside = (np.array([weights.of(name, theta) for name in ANSWERING]) for theta in (False, True))
        shares = np.where(can[ANSWERING.index("theta")], beside[:, None, None], alone[:, None, None]) * can
        shares = np.where(shares.sum(axis=0) > 0, shares, 1.0 * can)
        with np.errstate(invalid="ignore"):
            shares = shares / shares.sum(axis=0)
        points = np.where(can, self.points, 0.0)
        point = (shares * points).sum(axis=0)
        return Expected(point, self.variance + (shares * (points - point) ** 2).sum(axis=0))


def ask(windows: Windows, origins: Integers, sizes: Sizes, pooled: PanelMap | None = None) -> Answers:
    """Every member, of every window before one of these origins (n,), as far as its rows can teach it.

    A window of a table is answered once: what chooses, calibrates and judges asks for the same ones.
    """
    known = _asked.setdefault(windows.table, {}).setdefault((sizes, windows.horizon, pooled), {})
    new = np.array(
        [origin for origin in dict.fromkeys(origins.tolist()) if origin not in known], dtype=np.int64
    )
    if len(new):
        answers = _answers(windows, new, sizes, pooled)
        for place, origin in enumerate(new.tolist()):
            known[origin] = Answers(*(getattr(answers, name)[..., place : place + 1] for name in _OF_ANSWERS))
    if not len(origins):
        return _answers(windows, origins, sizes, pooled)
    found = [known[origin] for origin in origins.tolist()]
    return Answers(*(np.concatenate([getattr(one, name) for one in found], axis=-1) for name in _OF_ANSWERS))


_OF_ANSWERS = tuple(field.name for field in fields(Answers))
_Asked = dict[tuple[Sizes, int, PanelMap | None], dict[int, Answers]]
_asked: WeakKeyDictionary[WindowTable, _Asked] = WeakKeyDictionary()


def _answers(windows: Windows, origins: Integers, sizes: Sizes, pooled: PanelMap | None) -> Answers:
    points = np.full((len(ANSWERING), windows.horizon, len(origins)), np.nan)
    variance, rows = np.full(points.shape[1:], np.nan), np.zeros(len(origins))
    for history in histories(windows, origins, sizes.rows):
        said, sure, counted = _members(history, sizes, windows.horizon, pooled)
        for name, point in said.items():
            points[ANSWERING.index(name)][:, history.places] = point
        variance[:, history.places], rows[history.places] = sure, counted
    return Answers(points, variance, rows)


def _members(
    history: History, sizes: Sizes, horizon: int, pooled: PanelMap | None
) -> tuple[dict[str, Numbers], Numbers, int]:
    """Name -> point (K, B) of every member that so many rows can teach; a variance (K, B); rows as bands count them."""
    rows, m = len(history.values), sizes.season
    names = sizes.members(rows, horizon, pooled)
    expected, values, put_back = _bank(history, sizes, horizon)
    points, variance, counted = {"bank": expected.point}, expected.variance, rows
    if "half_growth" in names:
        growth = half_growth(values, m, horizon)
        points["half_growth"] = put_back(growth.point)
        is_alone = "bank" not in names
        variance = growth.variance if is_alone else np.minimum(variance, growth.variance)
        counted = 2 * (rows - m) if is_alone else rows
    if "theta" in names:
        points["theta"] = put_back(theta(values, m, horizon))
    logs, undo = logs_of(values)
    if "ridge" in names:
        points["ridge"] = put_back(undo(ridge_of_each(logs, sizes.lookback, horizon)))
    if "airline" in names:
        points["airline"] = put_back(undo(airline(logs, m, horizon)))
    if "panel_ridge" in names and pooled is not None:
        points["panel_ridge"] = put_back(pooled.predict(values))
    if "seasonal_naive" in names:
        points["seasonal_naive"] = put_back(values[rows - m + np.arange(horizon) % m])
    return {name: points[name] for name in names}, variance, counted


def _bank(
    history: History, sizes: Sizes, horizon: int
) -> tuple[Expected, Numbers, Callable[[Numbers], Numbers]]:
    """The bank's forecast; the histories without what columns known ahead do to them, and how to put it back."""
    values = np.where(history.observed, history.values, np.nan)
    if not history.known.shape[1]:
        return bank(values, sizes.season, horizon), history.values, lambda forecast: forecast
    said, effect = bank_with_known(values, history.known, sizes.season, horizon)
    return said, effect.taken_out(history.values), effect.put_back


@dataclass(frozen=True, eq=False)
class Local(Stateless):
    """The mixture of the members, with bands from their variance.

    name: `bank` where it is that alone, else `blend`; bands: how wide they are, None where it says a point alone;
    pooled: the ridge map of a panel.
    """

    weights: MemberWeights
    sizes: Sizes
    bands: SpreadBands | None = field(default_factory=SpreadBands)
    view: int = 0
    name: str = MIXTURE
    pooled: PanelMap | None = None

    def predict(self, views: Views, origins: Integers) -> Numbers:
        """(K, 2 levels + 1, B) scaled: the lower edges of LEVELS from the widest, the point, the upper edges; or
        (K, 1, B)."""
        windows = views[self.view]
        answers = ask(windows, origins, self.sizes, self.pooled)
        said = answers.mixed(self.weights)
        if self.bands is None:
            return windows.scaled_again(said.point[:, None], origins)
        factors, deviation = self.bands.half_widths(LEVELS, answers.rows), np.sqrt(said.variance)
        widths = [factors[level] * deviation for level in LEVELS]
        edges = [said.point - w for w in widths[::-1]] + [said.point] + [said.point + w for w in widths]
        return windows.scaled_again(np.stack(edges, axis=1), origins)

    def refitted(self, rows: NewRows) -> Local:
        """The bank looks at as many rows as it may; else unchanged."""
        clock = rows.views[self.view].table.clock
        if self.name != BANK or clock is None:
            return self
        return dataclasses.replace(self, sizes=sizes_of(clock))

    def answers(self, views: Views, origins: Integers) -> Mask:
        """(B,) where FEWEST_ROWS are there, half of them known."""
        table = views[self.view].table
        seen = np.concatenate([[0], np.cumsum(table.observed)])
        firsts = np.maximum(table.firsts(origins), origins - self.sizes.rows)
        return np.asarray(
            (origins - firsts >= FEWEST_ROWS) & (2 * (seen[origins] - seen[firsts]) >= FEWEST_ROWS)
        )

    def reach(self) -> int:
        """FEWEST_ROWS; what there is more is looked at too."""
        return FEWEST_ROWS

    def check(self, views: Views, options: Options) -> None:
        """Raise ValueError for sizes, weights or bands that no training gives."""
        if not 0 < self.sizes.season <= self.sizes.rows or min(self.sizes.lookback, self.sizes.pooled) < 1:
            raise ValueError("a season is no row or longer than the history that is looked at")
        if any(weight < 0 for weight in astuple(self.weights)) or not sum(astuple(self.weights)) > 0:
            raise ValueError("the weights of the members are no shares")
        if self.pooled is not None:
            self.pooled.check(views[self.view].horizon)
        if self.bands is not None:
            self.bands.check()


def fit_bank(data: FitData) -> list[Local]:
    """The bank, as a point alone, where rows are months or longer, so that windows are few.

    While it stands for election it looks at no more rows than come before the first validation window: windows of one
    length are solved together. Once it has been taught by all rows it looks at as many as it may.
    """
    clock, origins = data.panel.clock, data.validation.origins
    if not clock.is_months or not len(origins):
        return []
    table, sizes = data.views[0].table, sizes_of(clock)
    rows = min(sizes.rows, int((origins - table.firsts(origins)).min()))
    if rows < max(FEWEST_SEASONS * sizes.season + MORE_THAN_TWO, FEWEST_ROWS):
        return []
    return [Local(MemberWeights(1.0), dataclasses.replace(sizes, rows=rows), bands=None, name=BANK)]
