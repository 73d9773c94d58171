"""The forecasters of classes that everybody has for nothing: what follows the last class, and what is usual."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import Options
from lstmcast.core.panel import Integers, Panel
from lstmcast.data.category_frequencies import smoothed
from lstmcast.data.category_windows import of_classes
from lstmcast.forecasters.base import Forecaster, NewRows, Stateless, Views

Numbers = NDArray[np.float64]
MOST_STEPS = 1_000


@dataclass(frozen=True)
class FrequencyTable(Stateless):
    """The share of each class in the season of each row, which the windows hold."""

    view: int = 0
    name = "frequency"

    def predict(self, views: Views, origins: Integers) -> Numbers:
        """(K, C, B) probabilities."""
        return of_classes(views[self.view]).frequencies(origins)

    def reach(self) -> int:
        """It looks at no row before."""
        return 0


@dataclass(frozen=True, eq=False)
class Transitions(Stateless):
    """Persistence, as probabilities: how often each class came so many steps after the class that is known last.

    shares: (steps, C, C) of training rows, from the last class to the one to come, smoothed by C rows in which each
    class is as frequent as overall; those of the last step stand for all beyond it.
    """

    shares: Numbers
    view: int = 0
    name = "persistence"

    def predict(self, views: Views, origins: Integers) -> Numbers:
        """(K, C, B) probabilities."""
        windows = views[self.view]
        last = windows.table.scaled[origins - 1].astype(np.int64)
        steps = np.minimum(np.arange(windows.horizon), len(self.shares) - 1)
        return self.shares[steps[:, None], last[None]].transpose(0, 2, 1)

    def reach(self) -> int:
        """The last known class."""
        return 1

    def refitted(self, rows: NewRows) -> Transitions:
        """Its shares moved towards those of newer windows, by what these count for; of a class that none of them ends
        with they stay."""
        windows = of_classes(rows.views[self.view])
        origins = rows.training[windows.table.observed[rows.training - 1]]
        last, codes = windows.table.scaled[origins - 1].astype(np.int64), windows.codes(origins)
        counts = np.zeros_like(self.shares)
        for step, came in enumerate(codes[: len(counts)]):
            known = np.isfinite(came)
            np.add.at(counts[step], (last[known], came[known].astype(np.int64)), 1)
        share = rows.share * (counts.sum(axis=2, keepdims=True) > 0)
        return dataclasses.replace(self, shares=(1 - share) * self.shares + share * _smoothed(counts))

    def check(self, views: Views, options: Options) -> None:
        """Raise ValueError where its shares are not of the size of the classes."""
        classes, steps = of_classes(views[self.view]).classes, len(self.shares)
        if not steps or self.shares.shape != (steps, classes, classes):
            raise ValueError(f"persistence has shape {self.shares.shape} where there are {classes} classes")

    def after(self, steps: int) -> Forecaster:
        """Return persistence for origins that are so many steps after the last known class."""
        shares = self.shares[min(steps, len(self.shares) - 1) :]
        return _Later(dataclasses.replace(self, shares=shares), steps)


@dataclass(frozen=True, eq=False)
class _Later(Stateless):
    """Persistence so many steps after the last known class; its shares are those of the steps that are left."""

    persistence: Transitions
    steps: int
    view: int = 0
    name = "persistence"

    def predict(self, views: Views, origins: Integers) -> Numbers:
        """(K, C, B) probabilities."""
        return self.persistence.predict(views, origins - self.steps)

    def reach(self) -> int:
        """The last known class."""
        return 1 + self.steps


def fit_transitions(panel: Panel, training: list[slice], horizon: int) -> Transitions:
    """Count the pairs of classes that lie 1 … K rows apart, of rows that both are known."""
    classes = len(panel.classes)
    counts = np.zeros((min(horizon, MOST_STEPS), classes, classes))
    for rows in training:
        codes = panel.target[rows]
        for step in range(min(len(counts), len(codes) - 1)):
            before, after = codes[: -step - 1], codes[step + 1 :]
            known = np.isfinite(before) & np.isfinite(after)
            np.add.at(counts[step], (before[known].astype(np.int64), after[known].astype(np.int64)), 1)
    return Transitions(_smoothed(counts))


def _smoothed(counts: Numbers) -> Numbers:
    """Shares of counts (steps, C, C), with C rows more in which each class is as frequent as overall."""
    classes, overall = counts.shape[-1], smoothed(counts[0].sum(axis=0))
    return np.asarray((counts + classes * overall) / (counts.sum(axis=2, keepdims=True) + classes))
