"""The weights and bands of the forecaster for few horizons, from rows up to a bound and none after it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Integers
from lstmcast.data.windows import Windows
from lstmcast.forecasters.base import Part
from lstmcast.forecasters.ensemble import Ensemble
from lstmcast.forecasters.fold_weights import MOST_FOLDS, pooled_places, weights_of_one, weights_of_panel
from lstmcast.forecasters.local import (
    ANSWERING,
    BANK,
    FEWEST_ROWS,
    MEMBERS,
    Answers,
    Local,
    MemberWeights,
    Sizes,
    ask,
)
from lstmcast.forecasters.panel_ridge import PanelMap, fit_panel_map
from lstmcast.forecasters.spread_bands import SpreadBands, bands_of_one, bands_of_panel

Numbers = NDArray[np.float64]

FOLDS_OF_PANEL = 2
PRIOR_OF_ONE = (1.0, 1.0, 1.0, 0.0, 0.0, 1.0)  # of MEMBERS
PRIOR_OF_PANEL = (2.0, 2.0, 1.0, 1.0, 0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Combination:
    """The forecaster, and the figures that decided it.

    folds: J horizons that weights and bands rest on; errors: name of a member, or `model` -> MASE on them.
    """

    local: Local
    folds: int
    errors: dict[str, float | None]


def fewest_before(season: int, horizon: int) -> int:
    """Rows that must come before a horizon for it to say anything of how good a forecaster is."""
    return max(2 * season + 1, FEWEST_ROWS, horizon)


def mix(windows: Windows, starts: Integers, stops: Integers, scale: Numbers, sizes: Sizes) -> Combination:
    """The mixture for series of rows starts:stops (S,), of whose last horizons each is forecast from before it.

    scale: (S,) what the errors of each series are divided by.
    """
    is_panel = len(starts) > 1
    folds = _folds(windows, starts, stops, sizes, FOLDS_OF_PANEL if is_panel else MOST_FOLDS)
    pooled = _pooled_map(windows, starts, stops, sizes) if is_panel else None
    made = _of_panel(folds, scale, len(starts)) if is_panel else _of_one(folds)
    bands = _bands(folds, made, is_panel=is_panel)
    return Combination(Local(made, sizes, bands, pooled=pooled), folds.count, _errors(folds, made, scale))


def remixed(
    ensemble: Ensemble, windows: Windows, starts: Integers, stops: Integers, scale: Numbers
) -> Ensemble:
    """The ensemble with its mixture made anew from rows starts:stops (S',); a panel's needs more than one series."""

    def change(part: Part) -> Part:
        if not isinstance(part, Local) or part.name == BANK or (part.pooled is not None and len(starts) == 1):
            return part
        return dataclasses.replace(mix(windows, starts, stops, scale, part.sizes).local, view=part.view)

    return ensemble.mapped(change)


@dataclass(frozen=True, eq=False)
class _Folds:
    """The members' answers to n horizons that have come. answers, actual: (K, n) as `plain` has it, NaN where missing;
    series: (n,) of each; count: J."""

    answers: Answers
    actual: Numbers
    series: Integers
    count: int


def _folds(windows: Windows, starts: Integers, stops: Integers, sizes: Sizes, most: int) -> _Folds:
    """Each horizon held back from the end, one after the other; of many series some."""
    horizon, found = windows.horizon, []
    places = pooled_places(len(starts))
    for number in range(1, most + 1):
        own = stops - number * horizon
        have = places[(own - starts)[places] >= fewest_before(sizes.season, horizon)]
        if len(have):
            pooled = _pooled_map(windows, starts, own, sizes) if len(starts) > 1 else None
            found.append((have, own[have], ask(windows, own[have], sizes, pooled)))
    if not found:
        return _Folds(_nothing(horizon), np.zeros((horizon, 0)), np.zeros(0, dtype=np.int64), 0)
    origins = np.concatenate([own for _, own, _ in found])
    answers = Answers(*(np.concatenate([getattr(a, name) for *_, a in found], axis=-1) for name in _FIELDS))
    actual = np.where(
        windows.ahead(windows.table.observed, origins), windows.ahead(windows.plain, origins), np.nan
    )
    return _Folds(answers, actual, np.concatenate([have for have, *_ in found]), len(found))


_FIELDS = ("points", "variance", "rows")


def _nothing(horizon: int) -> Answers:
    return Answers(np.zeros((len(ANSWERING), horizon, 0)), np.zeros((horizon, 0)), np.zeros(0))


def _pooled_map(windows: Windows, starts: Integers, stops: Integers, sizes: Sizes) -> PanelMap | None:
    """The ridge map of the windows of all series, of rows before stops."""
    rows = (windows.plain[a:b] for a, b in zip(starts, stops, strict=True))
    return fit_panel_map(rows, sizes.pooled, windows.horizon)


def _of_one(folds: _Folds) -> MemberWeights:
    """The weights of a single series; a member that could not answer on some fold keeps those of the prior."""
    weights = np.array(PRIOR_OF_ONE) / sum(PRIOR_OF_ONE)
    errors = np.abs(folds.answers.points[: len(MEMBERS)] - folds.actual)
    known = np.isfinite(folds.actual).any(axis=0)
    can = (weights > 0) & np.isfinite(folds.answers.points[: len(MEMBERS), 0]).all(axis=1)
    if known.any() and can.any():
        of_folds = np.nanmean(errors[can][:, :, known], axis=1).T  # (J, members)
        weights[can] = weights[can].sum() * weights_of_one(of_folds, weights[can].tolist())
    return MemberWeights(*weights.tolist())


def _of_panel(folds: _Folds, scale: Numbers, series: int) -> MemberWeights:
    """One vector of weights for all series; what a member cannot answer is answered by the prior's mixture."""
    points = folds.answers.points[: len(MEMBERS)]
    prior = MemberWeights(*(weight / sum(PRIOR_OF_PANEL) for weight in PRIOR_OF_PANEL))
    usual = folds.answers.mixed(prior).point
    sizes = scale[folds.series]
    good = np.isfinite(usual).all(axis=0) & (sizes > 0) & np.isfinite(folds.actual).any(axis=0)
    if not good.any():
        return prior
    filled = np.where(np.isfinite(points), points, usual)[:, :, good]
    found = weights_of_panel(filled, folds.actual[:, good], sizes[good], PRIOR_OF_PANEL, series)
    return MemberWeights(*found.tolist())


def _bands(folds: _Folds, weights: MemberWeights, *, is_panel: bool) -> SpreadBands:
    if not folds.count:
        return SpreadBands()
    said = folds.answers.mixed(weights)
    errors, spread = folds.actual - said.point, np.sqrt(said.variance)
    if is_panel:
        return bands_of_panel(errors, spread, folds.answers.rows, folds.count)
    return bands_of_one(errors, spread)


def _errors(folds: _Folds, weights: MemberWeights, scale: Numbers) -> dict[str, float | None]:
    """MASE of each member, and of what ships, on the horizons of the folds that it can answer."""
    sizes = np.where(scale > 0, scale, np.nan)[folds.series]
    said = dict(zip(ANSWERING, folds.answers.points, strict=True)) | {
        "model": folds.answers.mixed(weights).point
    }
    errors = {name: np.abs(point - folds.actual) / sizes for name, point in said.items()}
    found: dict[str, float | None] = {
        name: float(np.nanmean(own)) for name, own in errors.items() if np.isfinite(own).any()
    }
    return found if "model" in found else {"model": None}
