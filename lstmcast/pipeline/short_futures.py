"""The loss of a model where columns known ahead end early, measured on validation windows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import FILL
from lstmcast.core.panel import HOLIDAYS, KNOWN, Integers, Panel
from lstmcast.data.preprocessing import Preparation
from lstmcast.data.windows import Windows
from lstmcast.evaluation.validation import spaced
from lstmcast.model.model import Model
from lstmcast.model.short_future import QUARTERS, covered

Numbers = NDArray[np.float64]

MOST_WINDOWS = 100
FEWEST_WINDOWS = 10
_WIDEST = 3.0
_CLIMATE = 15  # days before an origin that what stands in may look at


def measure_filling(model: Model, panel: Panel, origins: Integers) -> Numbers | None:
    """(4,) mean absolute error over that with all columns known, of rows that lack all of them, by how many quarters
    of the horizon do; at least one, never less for more.

    origins: (n,) of validation windows. None where no column is known ahead, or windows are too few.
    """
    known = [place for place in panel.roles(KNOWN) if panel.columns[place].name != HOLIDAYS]
    origins = spaced(origins, MOST_WINDOWS)
    if not known or len(origins) < FEWEST_WINDOWS:
        return None
    cut, places = _cut(model, panel, origins)
    horizon = model.contract.horizon
    rows = places + np.arange(horizon)[:, None]
    actual, whole = cut.target[rows], _point(model, panel, origins)
    windows = _Windows(model, cut)
    ratios = []
    for quarter in range(1, QUARTERS + 1):
        lacking = -(-quarter * horizon // QUARTERS)
        views = windows.of(_short(cut, places, known, horizon, lacking))
        short = model.answer(views, places, ()).point
        worse, usual = (np.nanmean(np.abs(said - actual)[-lacking:]) for said in (short, whole))
        ratios.append(worse / usual if usual > 0 else 1.0)
    found = np.clip(np.nan_to_num(ratios, nan=1.0), 1.0, _WIDEST)
    return np.asarray(np.maximum.accumulate(found))


class _Windows:
    """The windows of panels that differ in nothing before the last known target.

    Of what calendar regressions say of them only the rows after it are new; all others, many times as many, are asked
    once.
    """

    def __init__(self, model: Model, cut: Panel) -> None:
        """Ask of all rows of one of these panels."""
        if not isinstance(model.preparation, Preparation):
            raise TypeError("classes have no columns to fill")
        self._model, self._preparation = model, model.preparation
        self._series = _numbers_of(model, cut)
        cut = model.in_its_seasons(cut)
        self._calendar = self._preparation.calendar(cut)
        self._said = [
            None if view.regression is None else self._preparation.said(cut, self._series, view.regression)
            for view in model.views
        ]

    def of(self, panel: Panel) -> tuple[Windows, ...]:
        """The windows of another, one a view."""
        panel = self._model.in_its_seasons(panel)
        after = np.flatnonzero(np.arange(len(panel.times)) >= np.repeat(panel.known_until(), panel.lengths))
        found = []
        for view, said in zip(self._model.views, self._said, strict=True):
            if view.regression is not None and said is not None:
                said = said.copy()
                said[after] = self._preparation.said(panel, self._series, view.regression, after)
            sizes = self._model.sizes
            found.append(self._preparation.windows(panel, self._series, view, sizes, said, self._calendar))
        return tuple(found)


def _cut(model: Model, panel: Panel, origins: Integers) -> tuple[Panel, Integers]:
    """A panel with a series of its own for each window, and where the windows begin in it."""
    series = np.searchsorted(panel.offsets, origins, side="right") - 1
    clock, day = model.contract.clock, 0
    if clock.step is not None and not clock.is_counter:
        day = round(np.timedelta64(1, "D") / clock.step)
    before = max(model.contract.history, _CLIMATE * day)
    starts = np.maximum(origins - before, panel.offsets[series])
    one = Panel(
        tuple(panel.ids[place] for place in series),
        np.concatenate([starts, origins[-1:]]),
        panel.times,
        panel.values,
        panel.columns,
        panel.clock,
        panel.id_name,
        panel.holidays,
    )
    cut = one.take(starts, origins + model.contract.horizon)
    return cut, cut.offsets[1:] - model.contract.horizon


def _point(model: Model, panel: Panel, origins: Integers) -> Numbers:
    """(K, n) the forecasts of these windows."""
    return model.answer(model.windows(panel, _numbers_of(model, panel)), origins, ()).point


def _numbers_of(model: Model, panel: Panel) -> Integers:
    """(S,) which of the model's series each of a panel's is."""
    number = {name: place for place, name in enumerate(model.contract.ids)}
    return np.array([number[name] for name in panel.ids], dtype=np.int64)


def _short(cut: Panel, places: Integers, known: list[int], horizon: int, lacking: int) -> Panel:
    """The windows with the last rows of all columns known ahead filled, as where a file ends early."""
    values = cut.values.copy()
    rows = (places + np.arange(horizon)[:, None]).reshape(-1)
    late = (places + np.arange(horizon - lacking, horizon)[:, None]).reshape(-1)
    values[rows, 0] = np.nan
    values[late[:, None], known] = np.nan
    short = Panel(cut.ids, cut.offsets, cut.times, values, cut.columns, cut.clock, cut.id_name, cut.holidays)
    return covered(short, horizon, horizon, FILL).panel
