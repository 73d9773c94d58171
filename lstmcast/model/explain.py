"""The parts of a forecast, which sum to it exactly, in the units of the CSV."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import HOLIDAYS, KNOWN, Integers, Panel, Times
from lstmcast.data.calendar_regression import BASE, TREND, WEEK, YEAR, CalendarRegression
from lstmcast.data.preprocessing import known_columns
from lstmcast.data.windows import Windows
from lstmcast.forecasters.base import Forecaster, Views, point
from lstmcast.forecasters.ensemble import Ensemble, linear_entry, weights_at
from lstmcast.forecasters.ridge import RidgeForecaster
from lstmcast.model.model import Model
from lstmcast.model.moved import SOURCE as RESCALED
from lstmcast.model.output import of_numbers
from lstmcast.model.recursion import remember

Numbers = NDArray[np.float64]

USUAL, COLUMN, LEVEL = "usual", "column", "level"
SEASON, PHASE, RECENT, ROWS = "season", "same_phase", "recent", "rows"
FREQUENCY, CALENDAR = "frequency", "calendar"
FORECASTER, LIMIT, GUARDS, MEAN = "forecaster", "limit", "guards", "mean"
KINDS = (
    *(USUAL, WEEK, YEAR, TREND, CALENDAR, FREQUENCY, COLUMN, LEVEL, SEASON, PHASE, RECENT, ROWS),
    *(FORECASTER, LIMIT, GUARDS, MEAN),
)
_STEP = 1e-6  # by which the slope at zero is found
_TINY = 1e-9  # scaled forecasts nearer to zero than this have the slope there for a factor
_EXACT = (
    1e-6  # share of a forecast by which a network in single precision may differ from itself in other company
)


@dataclass(frozen=True)
class Contribution:
    """A part of a forecast.

    kind: one of KINDS; name: of a column or of a forecaster, of a season its rows.

    usual: what is forecast where nothing is known; week, year, trend, of classes calendar and frequency: the time of
    the row; column: one beside the target; level: the mean of the last week; season: the row a season before;
    same_phase: rows of other days at the same time; recent: the last rows; rows: all others of the window; forecaster:
    what another one changes in the linear forecast; limit: what the limits cut; guards: what is done about odd rows;
    mean: what a forecast of the mean adds to that of the median.
    """

    kind: str
    name: str = ""


Parts = dict[Contribution, Numbers]


@dataclass(frozen=True, eq=False)
class Explanation:
    """The parts of one series' forecast, row by row.

    times: (R,); point: (R,) the forecast, which the parts (R,) of `parts` sum to, in the units of the CSV; factors:
    where the target is seen through a logarithm, what each part multiplies (forecast + unit) by, else None; source:
    what made the rows; labels: of classes the likeliest in each row, and `point` is the log of its probability over
    the geometric mean of the others'.
    """

    series: int
    times: Times
    point: Numbers
    parts: Parts
    factors: Parts | None
    source: str
    labels: tuple[str, ...] = ()

    def rows(self, chosen: slice) -> Explanation:
        """Some of the rows."""
        factors = None if self.factors is None else {part: f[chosen] for part, f in self.factors.items()}
        return dataclasses.replace(
            self,
            times=self.times[chosen],
            point=self.point[chosen],
            parts={part: values[chosen] for part, values in self.parts.items()},
            factors=factors,
            labels=self.labels[chosen],
        )


def explain(model: Model, panel: Panel, series: int = 0, horizon: int | None = None) -> Explanation:
    """The parts of the forecast that `predict` makes of a series of the panel; horizon: steps, None as trained.

    Raises what `predict` does.
    """
    forecast = model.predict(panel, horizon)
    mine = np.flatnonzero(forecast.series == series)
    ahead = len(mine)
    start = model.start(panel, ahead)
    origin, number = int(start.origins[series]), int(start.series[series])
    source = forecast.source[int(mine[0])]
    blocks: list[Parts] = []
    views = start.views
    for done in range(0, ahead, model.contract.horizon):
        if done:
            remember(start.panel, forecast.point[mine][:done][:, None], np.array([origin]))
            views = model.windows(start.panel, start.series)
        scaled = _scaled(model, views, start.panel, origin + done, source)
        blocks.append(scaled)
    scaled = {
        part: np.concatenate([block.get(part, np.zeros(model.contract.horizon)) for block in blocks])[:ahead]
        for part in dict.fromkeys(part for block in blocks for part in block)
    }
    scaled = {part: values for part, values in scaled.items() if part.kind == USUAL or values.any()}
    parts = _in_units(model, scaled, number)
    exact = forecast.point[mine]
    missed = exact - np.sum(list(parts.values()), axis=0)
    is_noise = np.abs(missed).max() <= _EXACT * np.abs(exact).max()
    network = Contribution(FORECASTER, "network")
    other = network if is_noise and network in parts else Contribution(GUARDS)
    means = of_numbers(model.output).means
    if means is not None and means.is_of(number):
        other = Contribution(MEAN)
    if missed.any() and (not is_noise or other in parts):
        parts[other] = parts.get(other, 0.0) + missed
    return Explanation(series, forecast.times[mine], exact, parts, _factors(model, scaled, number), source)


def _scaled(model: Model, views: Views, panel: Panel, origin: int, source: str) -> Parts:
    """(K,) each part of the forecast of one window, scaled, by the model or by the forecaster that stands in for it."""
    origins = np.array([origin])
    if source not in (model.source, RESCALED):
        stand_in = next(other for other in model.chain.forecasters if other.name == source)  # type: ignore[union-attr]
        return _of(model, stand_in, views, panel, origins)
    linear = linear_entry(model.ensemble)
    parts = _of(model, linear, views, panel, origins)
    own = point(linear.predict(views, origins))[:, 0]
    for weight, part in weights_at(model.ensemble, views, origins):
        if part is not linear and weight[0]:
            change = weight[0] * (point(part.predict(views, origins))[:, 0] - own)
            parts[Contribution(FORECASTER, part.name)] = (
                parts.get(Contribution(FORECASTER, part.name), 0.0) + change
            )
    return parts


def _of(model: Model, part: Forecaster, views: Views, panel: Panel, origins: Integers) -> Parts:
    """(K,) each part of what one forecaster says; of two averaged ones the mean of both, name by name."""
    if isinstance(part, Ensemble):
        found: Parts = {}
        for weight, inner in part.asked:
            for name, values in _of(model, inner, views, panel, origins).items():
                found[name] = found.get(name, 0.0) + weight * values
        return found
    if isinstance(part, RidgeForecaster):
        windows = views[part.view]
        regression = model.views[part.view].regression
        rows = origins[0] + np.arange(windows.horizon)
        calendar = {} if regression is None else _calendar(model, regression, panel, windows, rows)
        if (apart := model.preparation.rows.apart(panel, windows.table.series)[rows]).any():
            days = Contribution(COLUMN, HOLIDAYS)
            calendar = calendar | {days: calendar.get(days, 0.0) + apart}
        return calendar | _window(part, windows, int(origins[0]), model.contract.clock.seasons)
    return {Contribution(FORECASTER, part.name): point(part.predict(views, origins))[:, 0]}


def _calendar(
    model: Model, regression: CalendarRegression, panel: Panel, windows: Windows, rows: Integers
) -> Parts:
    """(K,) what the calendar regression says of the target rows, by weekday and hour, year, trend and known column."""
    known = model.preparation.rows.others(panel)[:, known_columns(panel)]
    names = [column.source for column in panel.columns[1:] if column.role == KNOWN]
    series = windows.table.series[panel.offsets[:-1]]
    clocked = regression.parts(panel.times, known, panel.offsets, series, rows)
    found: Parts = {}
    for group, values in clocked.items():
        part = (
            Contribution(COLUMN, names[group])
            if isinstance(group, int)
            else Contribution(USUAL if group == BASE else group)
        )
        found[part] = found.get(part, 0.0) + values
    return found


def _window(ridge: RidgeForecaster, windows: Windows, origin: int, seasons: tuple[int, ...]) -> Parts:
    """(K,) what a ridge map makes of the window before an origin: of its level, and of how rows differ from it.

    Normalised, the map says W (r - last) / size + b, and last is put back: together a r + b size, where the weights a
    are W with what is left of one on the last row. Taken around the mean of the last week, the terms do not cancel.
    """
    size = windows.frame(np.array([origin]))[1]
    rows = windows.residual[origin - windows.lookback : origin]
    weight = ridge.weight.copy()
    if windows.is_anchored:
        weight[:, -1] += 1.0 - ridge.weight.sum(axis=1)
    week = min(max(seasons, default=windows.lookback), windows.lookback)
    mean = rows[-week:].mean()
    found: Parts = {Contribution(LEVEL): mean * weight.sum(axis=1) + ridge.bias * size[0]}
    said = weight * (rows - mean)
    for part, chosen in row_groups(windows, seasons).items():
        found[part] = (said * chosen).sum(axis=1)
    return found


def row_groups(windows: Windows, seasons: tuple[int, ...]) -> dict[Contribution, NDArray[np.bool_]]:
    """(K, L) which rows of the window belong to each group, by how far they lie before each target row."""
    steps, rows = np.arange(windows.horizon)[:, None], np.arange(windows.lookback)[None]
    lag = steps + windows.lookback - rows
    seasons = tuple(season for season in seasons if season > 1)
    free = np.ones(lag.shape, dtype=bool)
    groups: dict[Contribution, NDArray[np.bool_]] = {}
    for season in seasons:
        chosen = free & (lag == season * (steps // season + 1))
        groups[Contribution(SEASON, str(season))] = chosen
        free = free & ~chosen
    if seasons:
        groups[Contribution(PHASE)] = free & (lag % seasons[0] == 0)
        free = free & ~groups[Contribution(PHASE)]
    quarter = max(seasons[0] // 4, 1) if seasons else max(windows.lookback // 4, 1)
    groups[Contribution(RECENT)] = free & (rows >= windows.lookback - quarter)
    groups[Contribution(ROWS)] = free & (rows < windows.lookback - quarter)
    return groups


def _in_units(model: Model, scaled: Parts, series: int) -> Parts:
    """Parts of a scaled forecast in the units of the CSV; their sum is the forecast, within the limits.

    With y0 the value of a scaled zero, each part counts (y - y0) / z times: of a monotone transform that is the mean
    slope along the straight line to it (the integrated gradient of a sum, Sundararajan and others 2017).
    """
    total = np.sum(list(scaled.values()), axis=0)
    none, factor = units_of(model, total, series)
    parts = {part: values * factor for part, values in scaled.items()}
    parts = {Contribution(USUAL): none + parts.pop(Contribution(USUAL), 0.0)} | parts
    value = none + total * factor
    cut = of_numbers(model.output).limited(value) - value
    return parts | ({Contribution(LIMIT): cut} if cut.any() else {})


def units_of(model: Model, total: Numbers, series: int) -> tuple[Numbers, Numbers]:
    """(K,) what a scaled zero is in the units of the CSV, and by what parts of a scaled forecast (K,) count there."""

    def undo(values: Numbers) -> Numbers:
        return of_numbers(model.output).scaling.undo(values[:, None], np.array([series]))[:, 0]

    none, value = undo(np.zeros_like(total)), undo(total)
    slope = (undo(np.full_like(total, _STEP)) - undo(np.full_like(total, -_STEP))) / (2 * _STEP)
    is_tiny = np.abs(total) < _TINY
    return none, np.where(is_tiny, slope, (value - none) / np.where(is_tiny, 1.0, total))


def _factors(model: Model, scaled: Parts, series: int) -> Parts | None:
    """Return the factor of each part on the forecast plus the unit of the logarithm; None without a logarithm."""
    scaling = of_numbers(model.output).scaling
    if scaling.transform != "log1p":
        return None
    return {part: np.exp(values * scaling.scale[series]) for part, values in scaled.items()}
