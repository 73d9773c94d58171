"""The errors of whole validation horizons that a model keeps for paths and totals, and what totals ask besides."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Integers, Panel
from lstmcast.data.windows import Windows
from lstmcast.forecasters.ensemble import is_fitted_anew
from lstmcast.forecasters.paths import (
    LEVEL,
    MOST_SERIES,
    MOST_TEMPLATES,
    Templates,
    as_errors,
    band_of,
    factor,
    kept,
    laid,
    spread_times,
)
from lstmcast.model.model import Model
from lstmcast.model.output import of_numbers

Numbers = NDArray[np.float64]

FEWEST = 4  # windows, of a series and together
_MOST_WINDOWS = 6_000  # over all series
_FEWEST_TIMES = 60
_MOST_FITTED_ANEW = 100  # where each takes long; of so few rows most overlap
_MOST_JUDGED = 8  # series whose totals tell a factor
_MOST_ACROSS = 60  # times that tell that of a total over series


@dataclasses.dataclass(frozen=True, eq=False)
class _Seen:
    """Forecasts of windows, scaled, and what came: (G, n, K) each, NaN where there was none; series: (G,) of each;
    times: (n,) steps on the clock of each window."""

    actual: Numbers
    point: Numbers
    below: Numbers
    above: Numbers
    series: Integers
    times: Integers


def fit_templates(model: Model, panel: Panel, firsts: Integers, stops: Integers) -> Templates | None:
    """Templates from windows whose targets lie in rows firsts:stops (S',) of each series; None where they are too few.

    The model has not been taught by these rows, or as little as its bands have.
    """
    numbers = {name: place for place, name in enumerate(model.contract.ids)}
    series = np.array([numbers[name] for name in panel.ids], dtype=np.int64)
    views = model.windows(panel, series)
    chosen = _representatives(len(panel.ids))
    origins, times = _origins(model, views, panel, firsts, stops, chosen)
    if len(times) < FEWEST:
        return None
    seen = _seen(model, views, origins, series[chosen], times)
    errors = _filled(as_errors(seen.actual, seen.point, seen.below, seen.above))
    if errors is None:
        return None
    horizons = max(int((stops - firsts).max()) // model.contract.horizon, 1)
    templates = Templates(kept(errors), horizons)
    total, peak, across = _factors(model, templates, seen)
    return dataclasses.replace(templates, total=total, peak=peak, across=across)


def _representatives(count: int) -> Integers:
    """The series that have templates: all, or MOST_SERIES of them as `Templates.place` has it."""
    if count <= MOST_SERIES:
        return np.arange(count)
    return np.unique(-(-np.arange(MOST_SERIES) * count // MOST_SERIES))


def _origins(
    model: Model,
    views: tuple[Windows, ...],
    panel: Panel,
    firsts: Integers,
    stops: Integers,
    chosen: Integers,
) -> tuple[Integers, Integers]:
    """(G, n) rows of the windows of each series at n times, -1 where it has none with all targets known; (n,) times."""
    windows, horizon = views[0], model.contract.horizon
    unknown = np.concatenate([[0], np.cumsum(~windows.table.observed)])
    found = []
    for place in chosen:
        first = max(int(firsts[place]), int(panel.offsets[place]) + windows.lookback)
        own = np.arange(first, int(stops[place]) - horizon + 1)
        own = windows.usable(own) if len(own) else own
        own = own[unknown[own + horizon] == unknown[own]]
        if len(own):
            own = own[model.ensemble.answers(views, own)]
        found.append(own)
    stamps = np.unique(np.concatenate([panel.times[own] for own in found]))
    most = max(_MOST_WINDOWS // len(chosen), _FEWEST_TIMES)
    at_once = _MOST_FITTED_ANEW if is_fitted_anew(model.ensemble) else MOST_TEMPLATES
    stamps = stamps[spread_times(len(stamps), min(most, at_once))]
    rows = np.full((len(chosen), len(stamps)), -1, dtype=np.int64)
    for number, own in enumerate(found):
        _, here, there = np.intersect1d(panel.times[own], stamps, return_indices=True)
        rows[number, there] = own[here]
    enough = (rows >= 0).sum(axis=0) * 2 >= len(chosen)
    stamps, rows = stamps[enough], rows[:, enough]
    if not len(stamps):
        return rows, np.zeros(0, dtype=np.int64)
    step = model.contract.clock.step
    every = np.unique(panel.times)
    if step is None:
        return rows, np.searchsorted(every, stamps)
    return rows, ((stamps - stamps[0]) // step).astype(np.int64)


def _seen(
    model: Model, views: tuple[Windows, ...], origins: Integers, series: Integers, times: Integers
) -> _Seen:
    """Return the model's forecasts of these windows, and what came."""
    horizon = model.contract.horizon
    parts = {
        name: np.full((*origins.shape, horizon), np.nan) for name in ("actual", "point", "below", "above")
    }
    places = np.argwhere(origins >= 0)
    flat = origins[origins >= 0]
    done = 0
    for chunk in views[0].chunks(flat):
        said = model.output.answer(model.ensemble, views, chunk, (LEVEL,))
        lower, upper = said.bands[LEVEL]
        rows = places[done : done + len(chunk)]
        done += len(chunk)
        values = {
            "actual": views[0].ahead(views[0].table.scaled, chunk),
            "point": said.point,
            "below": said.point - lower,
            "above": upper - said.point,
        }
        for name, found in values.items():
            parts[name][rows[:, 0], rows[:, 1]] = found.T
    return _Seen(**parts, series=series, times=times)


def _filled(errors: Numbers) -> Numbers | None:
    """The errors with those of the window before where a series has none; None where no series has FEWEST.

    A series with fewer windows, as one that begins late, takes those of the series with most of them.
    """
    known = np.asarray(np.isfinite(errors).all(axis=2))
    if known.sum(axis=1).max(initial=0) < FEWEST:
        return None
    best = int(known.sum(axis=1).argmax())
    whole = errors.copy()
    for place in [best, *range(len(errors))]:
        own = np.flatnonzero(known[place])
        if len(own) < FEWEST:
            whole[place] = whole[best]
            continue
        before = own[np.maximum(np.searchsorted(own, np.arange(errors.shape[1]), side="right") - 1, 0)]
        whole[place] = errors[place][before]
    return whole


def _factors(model: Model, templates: Templates, seen: _Seen) -> tuple[float, float, float]:
    """Return the factors of totals, peaks, and totals over series. Each window's own and overlapping templates are left
    out."""
    horizon, count = model.contract.horizon, len(seen.series)
    judged = np.unique(np.linspace(0, count - 1, min(count, _MOST_JUDGED)).round().astype(np.int64))
    found = []
    for place in judged:
        for window in range(len(seen.times)):
            if np.isfinite(seen.actual[place, window]).all():
                paths = _paths(model, templates, seen, place, window, horizon)
                actual = _undone(model, seen.actual[place, window], int(seen.series[place]))
                both = np.column_stack([paths.sum(axis=1), paths.max(axis=1)])
                found.append((both, np.array([actual.sum(), actual.max()])))
    across = _across(model, templates, seen, horizon) if count > 1 else 1.0
    horizons = templates.horizons
    totals, peaks = _scores(found) if found else np.zeros((2, 0))
    return factor(totals, horizons), factor(peaks, horizons), across


def _across(model: Model, templates: Templates, seen: _Seen, horizon: int) -> float:
    """The factor of a total over all series that have templates."""
    whole = np.flatnonzero(np.isfinite(seen.actual).all(axis=(0, 2)))
    found = []
    for window in whole[spread_times(len(whole), _MOST_ACROSS)]:
        total, actual = 0.0, 0.0
        for place, series in enumerate(seen.series):
            total = total + _paths(model, templates, seen, place, window, horizon).sum(axis=1)
            actual += float(_undone(model, seen.actual[place, window], int(series)).sum())
        found.append((np.asarray(total), np.asarray(actual)))
    return factor(_scores(found) if found else np.zeros(0), templates.horizons)


def _paths(model: Model, templates: Templates, seen: _Seen, place: int, window: int, horizon: int) -> Numbers:
    """(P, K) paths of a window from the templates that share no row with it, in the units of the CSV."""
    away = np.abs(seen.times - seen.times[window])
    apart = np.flatnonzero(away >= horizon)
    if not len(apart):
        apart = np.flatnonzero(away > 0)
    own = templates.units[place][apart]
    units = np.concatenate([own, -own])
    scaled = laid(seen.point[place, window], seen.below[place, window], seen.above[place, window], units)
    return _undone(model, scaled, int(seen.series[place]))


def _undone(model: Model, scaled: Numbers, series: int) -> Numbers:
    """Scaled rows (..., K) in the units of the CSV, within the limits."""
    which = np.full(scaled.shape[-1], series)
    output = of_numbers(model.output)
    return output.limited(output.scaling.undo(scaled, which))


def _scores(found: list[tuple[Numbers, Numbers]]) -> Numbers:
    """(..., n) the score of each pair of paths' values (P, ...) and what came (...): at once where P is the same."""
    alike: dict[int, list[tuple[Numbers, Numbers]]] = {}
    for values, actual in found:
        alike.setdefault(len(values), []).append((values, actual))
    stacked = [[np.stack(each, axis=-1) for each in zip(*own, strict=True)] for own in alike.values()]
    return np.concatenate([_score(values, actual) for values, actual in stacked], axis=-1)


def _score(values: Numbers, actual: Numbers) -> Numbers:
    """Return the distance of what came (...,) from the centre of paths (P, ...), over the half-width on that side."""
    centre, low, high = band_of(values, LEVEL)
    width = np.where(actual < centre, centre - low, high - centre)
    nowhere = np.where(actual == centre, 0.0, 2.0)
    return np.where(width > 0, np.abs(actual - centre) / np.where(width > 0, width, 1.0), nowhere)
