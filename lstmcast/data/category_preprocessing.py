"""Turns a panel of classes into windows, with what was learned from training rows only."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Integers, Panel
from lstmcast.data.category_frequencies import Frequencies, fit_frequencies
from lstmcast.data.category_windows import ClassWindows
from lstmcast.data.imputation import hold_from_past
from lstmcast.data.preprocessing import Preparation, fit_preparation
from lstmcast.data.split import Split
from lstmcast.data.view import View
from lstmcast.data.windows import WindowTable


@dataclass(frozen=True, eq=False)
class ClassPreparation:
    """rows: what is learned of the columns beside the target, as for numbers; frequencies: of each class by season."""

    rows: Preparation
    frequencies: Frequencies

    @property
    def classes(self) -> int:
        """C: how many classes there are."""
        return len(self.frequencies.overall)

    def table(
        self, panel: Panel, series: Integers, calendar: NDArray[np.float32] | None = None
    ) -> WindowTable:
        """The rows of a panel; series: (S',) which of the model's series each of the panel's is."""
        table = self.rows.table(panel, series, calendar=calendar)
        ones = panel.target[:, None] == np.arange(self.classes)
        return dataclasses.replace(
            table,
            scaled=hold_from_past(panel.target, panel.offsets, panel.clock.season),
            past=np.column_stack([ones.astype(table.past.dtype), table.past[:, 1:]]),
        )

    def relearned(self, panel: Panel, series: Integers, rows: list[slice], share: float) -> ClassPreparation:
        """With frequencies that know newer rows of some series too; share: what these count for."""
        return dataclasses.replace(self, frequencies=self.frequencies.relearned(panel, series, rows, share))

    def calendar(self, panel: Panel) -> NDArray[np.float32]:
        """(N, F) calendar features of each row."""
        return self.rows.calendar(panel)

    def windows(
        self,
        panel: Panel,
        series: Integers,
        view: View,
        sizes: tuple[int, int, int],
        calendar: NDArray[np.float32] | None = None,
    ) -> ClassWindows:
        """The windows of a panel, and the frequency of each class in the season of each row; sizes: lookback, horizon
        and segment."""
        frequency = self.frequencies.of_rows(panel, series)
        table, season = self.table(panel, series, calendar), panel.clock.season
        return ClassWindows(table, *sizes, season, view.subtracts_last, frequency=frequency)


PLAIN = View(subtracts_last=False)  # of codes of classes nothing is taken away


def fit_class_preparation(panel: Panel, blocks: Split) -> ClassPreparation:
    """Learn from the training block alone; codes are no amounts, so the target is neither scaled nor transformed."""
    rows = fit_preparation(panel, blocks, "none", "none")
    frequencies = fit_frequencies(panel, blocks.slices("training"), with_year=rows.with_year)
    return ClassPreparation(rows, frequencies)
