"""The looks that a block gives: disjoint horizons of all series, discounted by how far these go together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Integers, Panel, Times
from lstmcast.data.split import Split

Numbers = NDArray[np.float64]


def horizons_of(
    panel: Panel, firsts: Integers, stops: Integers, horizon: int, taught: Sequence[slice]
) -> int:
    """The disjoint horizons between rows firsts:stops (S,) of each series, those of several series counted together.

    taught: the rows of each series by which it is told how many of them are worth as many independent ones. Never
    fewer than in the series that has the most.
    """
    own = np.maximum(stops - firsts, 0) // horizon
    return max(int(own.max()), int(own.mean() * independent_series(panel, taught)))


def horizons_to_choose_by(panel: Panel, blocks: Split, horizon: int) -> int:
    """The disjoint horizons of the validation block, as training rows tell the series apart."""
    return horizons_of(panel, blocks.validation, blocks.test, horizon, blocks.slices("training"))


def independent_series(panel: Panel, taught: Sequence[slice]) -> float:
    """Return as how many independent series those of a panel count, by how far their mean varies.

    Compared are seasonal differences, standardised, at the same instants: where each pair has the correlation r, S
    series are S / (1 + (S - 1) r), which is Kish's design effect (1965).
    """
    if len(taught) == 1:
        return 1.0
    parts = [_changes(panel, rows) for rows in taught]
    change = np.concatenate([part for part, _ in parts])
    _, place = np.unique(np.concatenate([times for _, times in parts]), return_inverse=True)
    square = float((np.bincount(place, change) ** 2).sum())
    count = sum(len(part) > 0 for part, _ in parts)
    return float(np.clip(count * len(change) / square, 1.0, max(count, 1))) if square > 0 else 1.0


def _changes(panel: Panel, rows: slice) -> tuple[Numbers, Times]:
    """The known seasonal differences of a series' rows, standardised, and their stamps."""
    values, season = panel.target[rows], panel.clock.season
    change = values[season:] - values[: max(len(values) - season, 0)]
    known = np.isfinite(change)
    spread = float(np.std(change[known])) if known.any() else 0.0
    if not spread > 0:
        return np.zeros(0), panel.times[:0]
    return (change[known] - change[known].mean()) / spread, panel.times[rows][season:][known]
