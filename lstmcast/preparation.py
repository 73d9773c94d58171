"""Turns a panel into the rows a model sees, with what was learned from training rows only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.blocks import Blocks
from lstmcast.features import calendar_vector, has_years
from lstmcast.gaps import fill_from_past
from lstmcast.panel import KNOWN, Integers, Panel
from lstmcast.scaling import Scaling, fit_scaling
from lstmcast.windows import Table

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Preparation:
    """What a table is made with.

    scaling: of the target, series by series; covariates: of the other columns, over all series.
    with_year: whether training rows can teach features of the year; masked: whether they have gaps to learn from.
    """

    scaling: Scaling
    covariates: Scaling
    with_year: bool
    masked: bool

    def table(self, panel: Panel, series: Integers) -> Table:
        """The rows of a panel; series: (S,) which of the model's series each of the panel's is."""
        rows = np.repeat(series, panel.lengths)
        observed = np.isfinite(panel.target)
        scaled = fill_from_past(self.scaling.apply(panel.target, rows), panel.offsets, panel.clock.season)
        others = self._others(panel)
        is_known = np.array([column.role == KNOWN for column in panel.columns[1:]], dtype=bool)
        past = [scaled[:, None], others]
        if self.masked:
            past.insert(1, (~observed)[:, None])
        return Table(
            scaled=scaled,
            observed=observed,
            level=np.zeros(len(scaled)),
            past=np.concatenate(past, axis=1).astype(np.float32),
            known=others[:, is_known].astype(np.float32),
            calendar=calendar_vector(panel.clock, panel.times, with_year=self.with_year),
            series=rows,
            offsets=panel.offsets,
        )

    def _others(self, panel: Panel) -> Numbers:
        """(N, C-1) the other columns, scaled, each gap filled with the last known value."""
        columns = np.arange(panel.values.shape[1] - 1)
        scaled = self.covariates.apply(panel.values[:, 1:], columns)
        longest = int(panel.lengths.max(initial=0))
        filled = [fill_from_past(scaled[:, column], panel.offsets, longest) for column in columns]
        return np.stack(filled, axis=1) if filled else np.zeros((len(scaled), 0))


def fit_preparation(panel: Panel, blocks: Blocks, scaler: str, transform: str) -> Preparation:
    """Learn from the training block alone."""
    training = blocks.slices("training")
    scaling = fit_scaling([panel.target[rows] for rows in training], scaler, transform)
    masked = any(np.isnan(panel.target[rows]).any() for rows in training)
    return Preparation(scaling, _fit_covariates(panel, training), _teaches_years(panel, training), masked)


def _fit_covariates(panel: Panel, training: Sequence[slice]) -> Scaling:
    rows = np.concatenate([panel.values[rows, 1:] for rows in training])
    return fit_scaling(list(rows.T), "standard", "none") if rows.shape[1] else _no_scaling()


def _no_scaling() -> Scaling:
    empty = np.zeros(0)
    return Scaling("none", empty, empty, empty)


def _teaches_years(panel: Panel, training: Sequence[slice]) -> bool:
    spans = [panel.times[rows] for rows in training if rows.stop > rows.start]
    return not panel.clock.is_counter and any(has_years(span[0], span[-1]) for span in spans)
