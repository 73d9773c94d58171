"""Gaps of a file, filled from both sides: the forecast from before a gap, bent to what came after it."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import UsageError
from lstmcast.core.panel import Integers, Panel
from lstmcast.forecasters.paths import LEVEL
from lstmcast.model.model import Model
from lstmcast.model.output import NumberOutput, of_numbers

Numbers = NDArray[np.float64]
_BELIEVED = 0.9  # of the errors' covariance between steps
_CLIP = 4.0  # half-widths that an error after a gap is believed to be


@dataclass(frozen=True, eq=False)
class Filled:
    """A panel without the gaps that could be filled.

    lower, upper: (N,) the 80 % band of filled rows, NaN elsewhere; is_filled: (N,); left: rows that stay missing.
    """

    panel: Panel
    lower: Numbers
    upper: Numbers
    is_filled: NDArray[np.bool_]
    left: int


@dataclass(frozen=True)
class _Gap:
    """Missing rows first:stop between two known ones of a series."""

    series: int
    first: int
    stop: int


def fill(model: Model, panel: Panel, longest: int) -> Filled:
    """The panel with gaps of at most so many rows filled, as far as the horizon holds a row after them.

    The errors after a gap, which are known, say by the covariance of whole horizons' errors what those within it are
    likely to have been: the mean and the variance of a normal distribution, given a part of it. Raises UsageError for
    a model without errors of whole horizons.
    """
    if model.templates is None:
        raise UsageError(
            "the model file is older and keeps no errors of whole horizons; refresh it, or train it anew"
        )
    panel = model.contract.marked(panel)
    numbers = model.contract.check(panel)
    longest = min(longest, model.contract.horizon - 1)
    gaps = [gap for gap in _gaps(panel) if gap.stop - gap.first <= longest]
    values = panel.values.copy()
    lower, upper = np.full(len(panel.times), np.nan), np.full(len(panel.times), np.nan)
    for gap, point, below, above in _said(model, panel, numbers, gaps):
        number, output = int(numbers[gap.series]), of_numbers(model.output)
        units = model.templates.units[model.templates.place(number, len(model.contract.ids))]
        rows = slice(gap.first, gap.stop)
        found = _bridged(output, number, units, panel, gap, point, below, above)
        values[rows, 0], lower[rows], upper[rows] = found
    is_filled = np.isnan(panel.target) & np.isfinite(values[:, 0])
    inside = np.concatenate(
        [np.zeros(0, dtype=bool), *(_inside(panel, series) for series in range(len(panel.ids)))]
    )
    left = int((np.isnan(values[:, 0]) & inside).sum())
    return Filled(dataclasses.replace(panel, values=values), lower, upper, is_filled, left)


def _inside(panel: Panel, series: int) -> NDArray[np.bool_]:
    """(n,) rows of a series up to its last known target."""
    rows = panel.rows(series)
    return np.asarray(np.arange(rows.start, rows.stop) < panel.known_until()[series])


def _gaps(panel: Panel) -> Iterator[_Gap]:
    """Every run of missing rows between two known ones."""
    for series in range(len(panel.ids)):
        rows = panel.rows(series)
        known = np.flatnonzero(np.isfinite(panel.target[rows])) + rows.start
        for before, after in itertools.pairwise(known):
            if after - before > 1:
                yield _Gap(series, int(before) + 1, int(after))


def _said(
    model: Model, panel: Panel, numbers: Integers, gaps: list[_Gap]
) -> Iterator[tuple[_Gap, Numbers, Numbers, Numbers]]:
    """The forecast of each gap that the model can carry, (K,) scaled, and its half-widths below and above."""
    horizon = model.contract.horizon
    whole = panel.extended(horizon)
    views = model.windows(whole, numbers)
    origins = np.array([gap.first + horizon * gap.series for gap in gaps], dtype=np.int64)
    by_origin = dict(zip(origins.tolist(), gaps, strict=True))
    reach = origins - whole.offsets[[gap.series for gap in gaps]] if gaps else origins
    origins = origins[reach >= model.contract.lookback]
    if len(origins):
        origins = views[0].usable(origins, with_targets=False)
        origins = origins[model.ensemble.answers(views, origins)]
    for chunk in views[0].chunks(origins):
        said = model.output.answer(model.ensemble, views, chunk, (LEVEL,))
        lower, upper = said.bands[LEVEL]
        for place, origin in enumerate(chunk.tolist()):
            point = said.point[:, place]
            yield by_origin[origin], point, point - lower[:, place], upper[:, place] - point


def _bridged(
    output: NumberOutput,
    number: int,
    units: Numbers,
    panel: Panel,
    gap: _Gap,
    point: Numbers,
    below: Numbers,
    above: Numbers,
) -> tuple[Numbers, Numbers, Numbers]:
    """Values and band (g,) of a gap, in the units of the CSV; units: (n, K) errors of whole horizons."""
    size, horizon = gap.stop - gap.first, len(point)
    stop = min(gap.first + horizon, int(panel.offsets[gap.series + 1]))
    came = panel.target[gap.stop : stop]
    steps = np.flatnonzero(np.isfinite(came)) + size
    error = output.scaling.apply(came[steps - size], np.full(len(steps), number)) - point[steps]
    width = np.where(error < 0, below[steps], above[steps])
    errors = np.clip(np.where(width > 0, error / np.where(width > 0, width, 1.0), 0.0), -_CLIP, _CLIP)
    covariance = units.T @ units / len(units)
    covariance = _BELIEVED * covariance + (1 - _BELIEVED) * np.diag(np.diag(covariance) + 1e-9)
    own, other = np.arange(size), steps
    weights = np.linalg.solve(covariance[np.ix_(other, other)], covariance[np.ix_(other, own)])
    middle = errors @ weights
    usual = np.diag(covariance)[:size]
    variance = usual - np.einsum("ij,ij->j", covariance[np.ix_(other, own)], weights)
    narrower = np.sqrt(np.clip(variance / usual, 0.0, 1.0))
    centre = point[:size] + middle * np.where(middle < 0, below[:size], above[:size])
    which = np.full(size, number)
    low, high = centre - narrower * below[:size], centre + narrower * above[:size]
    value, lower, upper = (output.limited(output.scaling.undo(each, which)) for each in (centre, low, high))
    return value, lower, upper
