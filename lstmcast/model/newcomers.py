"""Series of a panel that the model was not trained on: each is forecast from its own rows, beside the model's.

Rows of a day or longer are answered by the forecaster for few horizons with bands as such series usually need; shorter
ones by the same time a season before, of the season that repeats itself best, with bands from the errors that it would
have had in the series' own past. Nothing of the model is used but its limits.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError
from lstmcast.core.findings import Finding
from lstmcast.core.options import FAIL
from lstmcast.core.panel import TARGET, Clock, Fallback, FilledAhead, Forecast, Integers, Panel
from lstmcast.data.imputation import history_needed
from lstmcast.data.preprocessing import Preparation
from lstmcast.data.scaling import Scaling, seasonal_scale
from lstmcast.data.view import View, ViewConfig
from lstmcast.forecasters.base import Forecaster, Part, point
from lstmcast.forecasters.ensemble import Ensemble
from lstmcast.forecasters.intervals import Evidence, Intervals, calibrate, spread_intervals
from lstmcast.forecasters.local import FEWEST_ROWS, Local, MemberWeights, sizes_of
from lstmcast.forecasters.naive import LAST_VALUE, SeasonalNaive
from lstmcast.model.model import Model
from lstmcast.model.output import NumberOutput, of_numbers
from lstmcast.model.schema import Contract

Numbers = NDArray[np.float64]
_Placed = TypeVar("_Placed", Fallback, FilledAhead)

SOURCE, CODE = "own_rows", "new_series"
SEASONS_THERE = 2  # a season is compared with where it has come so many times
MOST_WINDOWS = 200
FEW_HORIZONS = (
    8  # of windows in the past of a series: with fewer no band is narrower than the mean over its steps
)
_EQUAL = MemberWeights(1.0, 1.0, 1.0)


def without_unknown(contract: Contract, panel: Panel) -> tuple[Panel, Finding | None]:
    """The panel without new series of fewer than FEWEST_ROWS known rows, and what is to be said of these.

    Of classes it is without any new series.
    """
    return contract.without_new(panel, None if contract.classes else FEWEST_ROWS)


def forecast_with_new(
    model: Model,
    panel: Panel,
    horizon: int | None = None,
    levels: Sequence[int] | None = None,
    quantiles: Sequence[float] = (),
    *,
    fallback: bool = True,
    short_future: str = FAIL,
) -> Forecast:
    """Forecast as `Model.predict` does, and new series from their own rows; raises what it raises.

    With `fallback` off a new series is refused.
    """

    def of(maker: Model, rows: Panel) -> Forecast:
        more = {"fallback": fallback, "short_future": short_future}
        return Model.predict(maker, rows, horizon, levels, quantiles, **more)  # type: ignore[arg-type]

    old, new = model.contract.apart(panel)
    if not len(new) or not len(old) or model.contract.classes:
        return of(model, panel)
    if not fallback:
        raise DataError(f"series {panel.ids[new[0]]!r} is not one the model was trained on; train with it")
    steps = model.contract.horizon if horizon is None else horizon
    found = [(old, of(model, panel.of_series(old)))]
    for places in _alike(panel, new):
        rows = _target_alone(panel.of_series(places))
        found.append((places, _labelled(of(_own_model(model, rows, steps), rows))))
    return _merged(panel, found, steps)


def _alike(panel: Panel, new: Integers) -> list[Integers]:
    """The new series in groups that one forecaster answers."""
    if not _is_below_a_day(panel.clock):
        return [new]
    seasons = np.array([_season_of(panel.target[panel.rows(place)], panel.clock.seasons) for place in new])
    return [new[seasons == season] for season in np.unique(seasons)]


def _is_below_a_day(clock: Clock) -> bool:
    return clock.step is not None and clock.season > 1


def _season_of(values: Numbers, seasons: Sequence[int]) -> int:
    """The season after which values are most alike, of those that have come twice; LAST_VALUE without any."""
    known = np.flatnonzero(np.isfinite(values))
    there = [season for season in seasons if known[-1] - known[0] + 1 >= SEASONS_THERE * season]
    errors = {season: seasonal_scale(values, season) for season in there}
    errors = {season: error for season, error in errors.items() if np.isfinite(error)}
    return min(errors, key=lambda season: errors[season]) if errors else LAST_VALUE


def _target_alone(panel: Panel) -> Panel:
    """The panel without other columns: what they do is not known of a series that nobody was taught."""
    columns = tuple(column for column in panel.columns if column.role == TARGET)
    return dataclasses.replace(panel, columns=columns, values=panel.values[:, :1], holidays=None)


def _own_model(model: Model, panel: Panel, steps: int) -> Model:
    """A model of these series that has seen their own rows alone, and answers so many steps at once."""
    count, clock = len(panel.ids), dataclasses.replace(panel.clock, seasons=model.contract.clock.seasons)
    panel = dataclasses.replace(panel, clock=clock)
    sizes, ones = sizes_of(clock), np.ones(count)
    scale = np.array([_size_of_change(panel.target[panel.rows(place)], clock) for place in range(count)])
    scaling = Scaling("none", np.zeros(count), scale, ones)
    part: Part = Local(_EQUAL, sizes)
    if _is_below_a_day(clock):
        part = SeasonalNaive(_season_of(panel.target[panel.rows(0)], clock.seasons))
    reach = history_needed(max(sizes.rows, part.reach()), clock.season)
    contract = dataclasses.replace(
        model.contract, known=(), past=(), ids=panel.ids, clock=clock, lookback=FEWEST_ROWS, horizon=steps,
        segment=1, history=reach, levels={}, holidays=None,
    )  # fmt: skip
    output = NumberOutput(scaling, spread_intervals(), of_numbers(model.output).limits, scale)
    own = dataclasses.replace(
        _plain(model),
        contract=contract,
        preparation=Preparation(scaling, Scaling("none", *np.zeros((3, 0))), False, False, ones),
        ensemble=Ensemble(((1.0, part),)),
        output=output,
        seen_until=panel.times[panel.offsets[1:] - 1],
    )
    if isinstance(part, Local):
        return own
    errors = _own_errors(own, panel, part, steps)
    return dataclasses.replace(own, output=dataclasses.replace(output, intervals=errors))


def _plain(model: Model) -> Model:
    """The model with one view, and nothing that was learned of other series."""
    return dataclasses.replace(
        model,
        views=(View(None),),
        setting=ViewConfig("none", FEWEST_ROWS),
        habits=None,
        ranges=None,
        chain=None,
        filling=None,
        templates=None,
    )


def _size_of_change(values: Numbers, clock: Clock) -> float:
    """The mean absolute change over the season that repeats itself best, one where there is none."""
    change = seasonal_scale(values, _season_of(values, clock.seasons))
    return change if np.isfinite(change) and change > 0 else 1.0


def _own_errors(own: Model, panel: Panel, naive: Forecaster, steps: int) -> Intervals:
    """Bands as wide as the errors of a naive forecaster in the past of these series, each in its own units.

    Steps further than the past reaches are as wide as the last one that it tells of.
    """
    first, stops = panel.offsets[:-1] + naive.reach(), panel.known_until()
    horizon = int(np.clip((stops - first).max(), 1, steps))
    shorter = dataclasses.replace(own, contract=dataclasses.replace(own.contract, horizon=horizon))
    views = shorter.windows(panel, np.arange(len(panel.ids)))
    every = np.concatenate([np.arange(a, b - horizon + 1) for a, b in zip(first, stops, strict=True)])
    origins = every[:: max(len(every) // MOST_WINDOWS, 1)].astype(np.int64)
    observed = views[0].ahead(views[0].table.observed, origins)
    actual = np.where(observed, views[0].ahead(views[0].table.scaled, origins), np.nan)
    said = point(naive.predict(views, origins))
    found = calibrate(Evidence(actual, said, None, np.ones(len(origins)), max(len(every) // horizon, 1)))
    widths = found.widths
    if len(every) < FEW_HORIZONS * horizon:  # one window says of each step what chance made of it
        widths = np.maximum(widths, widths.mean(axis=1, keepdims=True))
    further = np.repeat(widths[:, -1:], steps - horizon, axis=1)
    return Intervals("split", np.concatenate([widths, further], axis=1))


def _labelled(forecast: Forecast) -> Forecast:
    """The forecast with its rows under the name of who made them, and a reason for each series."""
    told = tuple(
        Fallback(place, SOURCE, CODE, f"the model was not trained on series {name!r}")
        for place, name in enumerate(forecast.ids)
    )
    return dataclasses.replace(forecast, source=(SOURCE,) * len(forecast.times), fallbacks=told)


def _merged(panel: Panel, found: Sequence[tuple[Integers, Forecast]], steps: int) -> Forecast:
    """One forecast of all series of a panel, in its order; each of the others is of the series at these places."""
    places = np.concatenate([own for own, _ in found])
    rows = (np.argsort(places)[:, None] * steps + np.arange(steps)).reshape(-1)
    forecasts, first = [forecast for _, forecast in found], found[0][1]

    def joined(columns: Sequence[NDArray[np.generic]]) -> Numbers:
        return np.asarray(np.concatenate(columns)[rows])

    has_medians = any(forecast.median is not None for forecast in forecasts)
    medians = [each.point if each.median is None else each.median for each in forecasts]
    sources = [source for forecast in forecasts for source in forecast.source]

    def placed(each: _Placed, own: Integers) -> _Placed:
        return dataclasses.replace(each, series=int(own[each.series]))

    return dataclasses.replace(
        first,
        ids=panel.ids,
        series=np.repeat(np.arange(len(panel.ids)), steps),
        times=np.concatenate([each.times for each in forecasts])[rows],
        point=joined([each.point for each in forecasts]),
        median=joined(medians) if has_medians else None,
        bands={
            level: (
                joined([each.bands[level][0] for each in forecasts]),
                joined([each.bands[level][1] for each in forecasts]),
            )
            for level in first.bands
        },
        quantiles={q: joined([each.quantiles[q] for each in forecasts]) for q in first.quantiles},
        source=tuple(sources[row] for row in rows),
        fallbacks=tuple(placed(each, own) for own, forecast in found for each in forecast.fallbacks),
        filled=tuple(placed(each, own) for own, forecast in found for each in forecast.filled),
        findings=tuple(finding for forecast in forecasts for finding in forecast.findings),
    )
