"""Turns a panel of classes into windows, with what was learned from training rows only."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from lstmcast.core.panel import Integers, Panel
from lstmcast.data.category_frequencies import Frequencies, fit_frequencies
from lstmcast.data.category_windows import ClassWindows
from lstmcast.data.imputation import hold_from_past
from lstmcast.data.preprocessing import Preparation, fit_preparation
from lstmcast.data.split import Blocks
from lstmcast.data.windows import Table


@dataclass(frozen=True, eq=False)
class ClassPreparation:
    """rows: what is learned of the columns beside the target, as for numbers; frequencies: of each class by season."""

    rows: Preparation
    frequencies: Frequencies

    @property
    def classes(self) -> int:
        """C: how many classes there are."""
        return len(self.frequencies.overall)

    def table(self, panel: Panel, series: Integers) -> Table:
        """The rows of a panel; series: (S',) which of the model's series each of the panel's is."""
        table = self.rows.table(panel, series)
        ones = panel.target[:, None] == np.arange(self.classes)
        return dataclasses.replace(
            table,
            scaled=hold_from_past(panel.target, panel.offsets, panel.clock.season),
            past=np.column_stack([ones.astype(table.past.dtype), table.past[:, 1:]]),
        )

    def windows(
        self, panel: Panel, series: Integers, lookback: int, horizon: int, segment: int
    ) -> ClassWindows:
        """The panel's windows, and the frequency of each class in the season of each row."""
        return ClassWindows(
            self.table(panel, series),
            lookback,
            horizon,
            segment,
            panel.clock.season,
            is_anchored=False,
            frequency=self.frequencies.of_rows(panel, series),
        )


def fit_class_preparation(panel: Panel, blocks: Blocks) -> ClassPreparation:
    """Learn from the training block alone; codes are no amounts, so the target is neither scaled nor transformed."""
    rows = fit_preparation(panel, blocks, "none", "none")
    frequencies = fit_frequencies(panel, blocks.slices("training"), with_year=rows.with_year)
    return ClassPreparation(rows, frequencies)
