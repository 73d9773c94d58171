"""Rolling-origin backtest of forecasters of classes, all on the same windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Integers
from lstmcast.data.category_windows import ClassWindows
from lstmcast.evaluation.backtest import Backtest
from lstmcast.evaluation.category_metrics import ClassGroups, ClassTally, scores

Numbers = NDArray[np.float64]


class ClassForecaster(Protocol):
    """Whatever is judged."""

    @property
    def name(self) -> str:
        """The name in the report."""

    def predict(self, views: Sequence[ClassWindows], origins: Integers) -> Numbers:
        """(K, C, B) probabilities."""


def class_backtest(
    forecasters: Sequence[ClassForecaster],
    views: Sequence[ClassWindows],
    origins: Integers,
    groupings: Mapping[str, tuple[list[str], Integers]] | None = None,
) -> Backtest:
    """Judge every forecaster at every origin.

    groupings: name -> (labels, (N,) index of the label of each target row).
    """
    groupings, windows = groupings or {}, views[0]
    names = [forecaster.name for forecaster in forecasters]
    tallies = {name: ClassTally(windows.horizon, windows.classes) for name in names}
    groups = {g: {name: ClassGroups(labels) for name in names} for g, (labels, _) in groupings.items()}
    for chunk in windows.chunks(origins):
        codes = windows.codes(chunk)
        places = {name: windows.ahead(rows, chunk) for name, (_, rows) in groupings.items()}
        for name, forecaster in zip(names, forecasters, strict=True):
            found = scores(forecaster.predict(views, chunk), codes)
            tallies[name].add(found, codes)
            for grouping, place in places.items():
                groups[grouping][name].add(found, place)
    return Backtest(
        {name: tally.metrics() for name, tally in tallies.items()},
        [{name: tally.metrics(step) for name, tally in tallies.items()} for step in range(windows.horizon)],
        {grouping: _turned(by_name) for grouping, by_name in groups.items()},
        len(origins),
    )


def _turned(by_name: Mapping[str, ClassGroups]) -> dict[str, dict[str, dict[str, float | None]]]:
    """label -> forecaster -> metrics, for the labels that came."""
    found = {name: group.metrics() for name, group in by_name.items()}
    labels = next(iter(found.values()), {})
    return {label: {name: metrics[label] for name, metrics in found.items()} for label in labels}
