"""Turns a panel into the rows a model sees, with what was learned from training rows only."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import KNOWN, Column, Integers, Panel
from lstmcast.data.calendar_features import calendar_vector, has_years
from lstmcast.data.calendar_regression import (
    RARE,
    CalendarRegression,
    Design,
    describe_covariates,
    fit_calendar_regression,
    rows_in_a_day,
    usual_value,
)
from lstmcast.data.day_effects import DayEffects, fit_day_effects
from lstmcast.data.imputation import fill_from_past, hold_from_past
from lstmcast.data.scaling import Scaling, fit_scaling, seasonal_scale
from lstmcast.data.split import first_rows
from lstmcast.data.view import View
from lstmcast.data.windows import Windows, WindowTable

if TYPE_CHECKING:
    from lstmcast.data.split import Split

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Preparation:
    """The scaling and the facts of training rows that a table is made with.

    scaling: of the target, series by series; covariates: of the other columns, over all series.
    with_year: whether training rows can teach features of the year; masked: whether they have gaps to learn from.
    change: (S,) mean absolute seasonal difference of each series in scaled units.
    days: what days off are apart from usual ones, which everything else is learned without.
    """

    scaling: Scaling
    covariates: Scaling
    with_year: bool
    masked: bool
    change: Numbers
    days: DayEffects | None = None

    def table(
        self,
        panel: Panel,
        series: Integers,
        regression: CalendarRegression | None = None,
        cross_fitted: Numbers | None = None,
        calendar: NDArray[np.float32] | None = None,
    ) -> WindowTable:
        """The rows of a panel; series: (S',) which of the model's series each of the panel's is.

        regression: on the calendar, if there is one: what it says of each row is one more column known ahead.
        cross_fitted: (N,) its level of each row where that is not to be what it says of it.
        calendar: (N, F) what `calendar` gives, where it is there already.
        """
        rows = np.repeat(series, panel.lengths)
        observed = np.isfinite(panel.target)
        scaled = fill_from_past(self.scaling.apply(panel.target, rows), panel.offsets, panel.clock.season)
        others = self.others(panel)
        known, level = others[:, known_columns(panel)], self.apart(panel, rows)
        given = known.shape[1]
        extra = [others]
        if regression is not None:
            said = cross_fitted
            said = regression.level(panel.times, known, panel.offsets, series) if said is None else said
            level = level + said
            known, extra = np.column_stack([known, level]), [others, level[:, None]]
        if self.masked:
            extra.insert(0, ~observed[:, None])
        return WindowTable(
            scaled=scaled,
            observed=observed,
            level=level,
            past=np.column_stack([scaled - level, *extra]).astype(np.float32),
            known=known.astype(np.float32),
            calendar=self.calendar(panel) if calendar is None else calendar,
            series=rows,
            offsets=panel.offsets,
            change=self.change,
            ahead=panel.clock.ahead(panel.times),
            day=rows_in_a_day(panel.clock),
            times=panel.times,
            clock=panel.clock,
            scaling=self.scaling,
            target=panel.target,
            given=given,
        )

    def said(
        self,
        panel: Panel,
        series: Integers,
        regression: CalendarRegression,
        rows: Integers | slice = slice(None),
    ) -> Numbers:
        """(N,) what a calendar regression says of each row of a panel, or of the rows (n,) that are asked for."""
        known = self.others(panel)[:, known_columns(panel)]
        return regression.level(panel.times, known, panel.offsets, series, rows)

    def apart(self, panel: Panel, rows: Integers) -> Numbers:
        """(N,) what days off, and those beside them, are apart from usual days; rows: (N,) the series of each."""
        if self.days is None or panel.holidays is None:
            return np.zeros(len(rows))
        return self.days.level(panel.clock, panel.holidays, panel.times, rows)

    def with_days_of(self, panel: Panel, blocks: Split, block: str) -> Preparation:
        """This preparation with the effects of days off that the rows of a block show; without where they show none."""
        if panel.holidays is None or panel.classes:
            return self
        scaled = self.scaling.apply(panel.target, panel.series_of_rows())
        rows = blocks.slices(block)
        days = fit_day_effects(panel.clock, panel.holidays, panel.times, scaled, panel.offsets, rows)
        return dataclasses.replace(self, days=days)

    def relearned(self, panel: Panel, series: Integers, rows: list[slice], share: float) -> Preparation:
        """Itself: scaling stays as it is when newer rows teach."""
        return self

    @property
    def rows(self) -> Preparation:
        """Itself: what is learned of the rows, as a preparation of classes has it too."""
        return self

    def windows(
        self,
        panel: Panel,
        series: Integers,
        view: View,
        sizes: tuple[int, int, int],
        cross_fitted: Numbers | None = None,
        calendar: NDArray[np.float32] | None = None,
    ) -> Windows:
        """The windows of a panel under a view; sizes: lookback, horizon and segment; the rest as `table` has it."""
        table = self.table(panel, series, view.regression, cross_fitted, calendar)
        return Windows(table, *sizes, panel.clock.season, view.subtracts_last, view.is_normalised)

    def names(
        self, columns: Sequence[Column], *, has_regression: bool
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of a table's features of a past row, and of those known ahead, in their order."""
        others = [column.name for column in columns[1:]]
        known = [column.name for column in columns[1:] if column.role == KNOWN]
        stage = ["the calendar stage's level"] if has_regression else []
        masked = ["whether it is missing"] if self.masked else []
        return ("the target", *masked, *others, *stage), (*known, *stage)

    def calendar(self, panel: Panel) -> NDArray[np.float32]:
        """(N, F) calendar features of each row; they depend on nothing but `with_year`."""
        return calendar_vector(panel.clock, panel.times, with_year=self.with_year)

    def others(self, panel: Panel) -> Numbers:
        """(N, C-1) the other columns, scaled, each gap filled with the last known value."""
        columns = np.arange(panel.values.shape[1] - 1)
        scaled = self.covariates.apply(panel.values[:, 1:], columns)
        filled = [hold_from_past(scaled[:, column], panel.offsets, panel.clock.season) for column in columns]
        return np.stack(filled, axis=1) if filled else np.zeros((len(scaled), 0))


def known_columns(panel: Panel) -> NDArray[np.bool_]:
    """(C-1,) which of the columns after the target are known ahead."""
    return np.array([column.role == KNOWN for column in panel.columns[1:]], dtype=bool)


def fit_preparation(panel: Panel, blocks: Split, scaler: str, transform: str) -> Preparation:
    """Learn from the training block alone; no calendar stage yet."""
    training = blocks.slices("training")
    young = young_rows(panel, blocks)
    scaling = fit_scaling(
        [panel.target[rows] for rows in training], scaler, transform, [panel.target[rows] for rows in young]
    )
    scaled = scaling.apply(panel.target, panel.series_of_rows())
    found = Preparation(
        scaling=scaling,
        covariates=_fit_covariates(panel, training),
        with_year=_teaches_years(panel, training),
        masked=any(np.isnan(panel.target[rows]).any() for rows in training),
        change=_changes(scaled, training, young, panel.clock.season),
    )
    return found.with_days_of(panel, blocks, "training")


def _changes(scaled: Numbers, training: Sequence[slice], young: Sequence[slice], season: int) -> Numbers:
    """(S,) mean absolute seasonal difference of each series in scaled units, one where it never changes.

    Of a series without training rows it is that of its first ones; where these hold no season, the others' median.
    """
    change = np.array([seasonal_scale(scaled[rows], season) for rows in training])
    is_young = np.array([not np.isfinite(scaled[rows]).any() for rows in training], dtype=bool)
    if is_young.any():
        others = change[~is_young & (change > 0)]
        usual = float(np.median(others)) if len(others) else 1.0
        own = np.array([seasonal_scale(scaled[rows], season) for rows in young])
        change = np.where(is_young, np.where(own > 0, own, usual), change)
    return np.where(change > 0, change, 1.0)


def young_rows(panel: Panel, blocks: Split) -> list[slice]:
    """The rows that tell the size of each series where it begins after its training rows."""
    return [_of_young(panel, before) for before in blocks.slices("before_test")]


def _of_young(panel: Panel, before: slice) -> slice:
    """The rows that tell the size of a series that begins after training: those before its test, or its first ones.

    Where it begins with its test rows, its first ones are history alone in every window that is judged, as the split
    has it (`Split.unjudged`).
    """
    if np.isfinite(panel.target[before]).any():
        return before
    return slice(before.start, before.start + first_rows(panel))


def fit_stage(
    preparation: Preparation, panel: Panel, blocks: Split, kind: str
) -> tuple[CalendarRegression, Numbers] | None:
    """The calendar regression from the training block, and (N,) its level of each row, cross-fitted in training.

    kind: `calendar`, or `covariates` for both. None where it would have no column.
    """
    training = blocks.slices("training")
    known = preparation.others(panel)[:, known_columns(panel)]
    rows = np.concatenate([known[rows] for rows in training])
    covariates = describe_covariates(rows, panel.clock) if kind == "covariates" else ()
    design = Design(panel.clock, preparation.with_year, covariates, panel.times[0])
    observed = np.asarray(np.isfinite(panel.values[:, [0, *panel.roles(KNOWN)]]).all(axis=1))
    scaled = preparation.scaling.apply(panel.target, panel.series_of_rows())
    scaled = scaled - preparation.apart(panel, panel.series_of_rows())
    return fit_calendar_regression(design, panel.times, known, scaled, panel.offsets, training, observed)


def refit_stage(
    preparation: Preparation,
    stage: CalendarRegression,
    panel: Panel,
    series: Integers,
    blocks: Split,
    share: float,
) -> tuple[CalendarRegression, Numbers]:
    """A model's calendar regression estimated again, with the same columns; and (N,) its level, cross-fitted.

    series: (S',) which of the model's each is; share: how much the rows at hand count for, the old estimate the rest.
    """
    known = preparation.others(panel)[:, known_columns(panel)]
    observed = np.asarray(np.isfinite(panel.values[:, [0, *panel.roles(KNOWN)]]).all(axis=1))
    which = np.repeat(series, panel.lengths)
    scaled = preparation.scaling.apply(panel.target, which) - preparation.apart(panel, which)
    training = blocks.slices("training")
    fitted = fit_calendar_regression(
        stage.design, panel.times, known, scaled, panel.offsets, training, observed
    )
    old = stage.level(panel.times, known, panel.offsets, series)
    if fitted is None:
        return stage, old
    return stage.towards(fitted[0], series, share), old + share * (fitted[1] - old)


def _fit_covariates(panel: Panel, training: Sequence[slice]) -> Scaling:
    rows = np.concatenate([panel.values[rows, 1:] for rows in training])
    if not rows.shape[1]:
        empty = np.zeros(0)
        return Scaling("none", empty, empty, empty)
    scaling = fit_scaling(list(rows.T), "standard", "none")
    # A class stays zero or one: by its own deviation the one of a rare class would be enormous.
    is_class = np.array([column.level is not None for column in panel.columns[1:]])
    scaling.center[is_class], scaling.scale[is_class] = 0.0, 1.0
    for place in np.flatnonzero(~is_class):
        _as_a_class(scaling, int(place), rows[:, place])
    return scaling


def _as_a_class(scaling: Scaling, place: int, values: Numbers) -> None:
    """Scale a column that hardly ever differs from its usual value from zero, the usual value, to one, its furthest.

    By its own deviation rain in 12 of 15,000 rows would be 35 and more, and a network would follow it anywhere.
    """
    usual = usual_value(values)
    away = np.abs(values[np.isfinite(values)] - usual)
    if len(away) and 0 < (away > 0).mean() < RARE:
        scaling.center[place], scaling.scale[place] = usual, float(away.max())


def _teaches_years(panel: Panel, training: Sequence[slice]) -> bool:
    spans = [panel.times[rows] for rows in training if rows.stop > rows.start]
    return not panel.clock.is_counter and any(has_years(span[0], span[-1]) for span in spans)
