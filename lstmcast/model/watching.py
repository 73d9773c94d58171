"""The last rows beside their forecasts, row by row, and the runs of rows that are alarms."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import UsageError
from lstmcast.core.options import FILL
from lstmcast.core.panel import PAST, Integers, Panel, Times
from lstmcast.evaluation.ledger import Ledger
from lstmcast.evaluation.watch import (
    BOTH,
    DAYS_OF_MONTH,
    Gauge,
    fit_gauge,
    rarity,
    stuck,
    thresholds,
)
from lstmcast.forecasters.paths import LEVEL
from lstmcast.model.model import Model
from lstmcast.model.output import of_numbers

Numbers = NDArray[np.float64]
STUCK, HIGH, LOW = "stuck", "above", "below"
_LEAST_WIDTH = 1e-3  # scaled: a flat series has some
_NIGHTS = 90  # of the past at most, that the threshold is told by
_MOST_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class IssuedForecast:
    """A forecast of one series that was made before its rows came.

    place: of its first row in the panel; point, lower, upper: (K',) with the 80 % band; actual: (K',) NaN where
    missing; errors: (K,) in half-widths, NaN where unknown.
    """

    place: int
    point: Numbers
    lower: Numbers
    upper: Numbers
    actual: Numbers
    errors: Numbers


@dataclass(frozen=True, eq=False)
class Watched:
    """The watched rows of a series: (R,) each. score: over what has to be exceeded, NaN where nothing came; alarm: a
    word, empty for none; least: the rise in percent of a day and of a row that would be seen, NaN where none is."""

    name: str
    times: Times
    actual: Numbers
    point: Numbers
    lower: Numbers
    upper: Numbers
    score: Numbers
    alarm: tuple[str, ...]
    alarms: tuple[Alarm, ...]
    least: tuple[float, float]


@dataclass(frozen=True)
class Alarm:
    """A run of rows that is unusual: what kind, from when on, how many rows, by what share of the forecast it is off,
    and once in how many months chance alone makes one."""

    name: str
    kind: str
    since: np.datetime64
    rows: int
    share: float
    months: float


@dataclass(frozen=True)
class Rate:
    """Alarms that chance may raise: so many in so many months (or, of counted rows, in so many rows)."""

    count: float
    months: float = 0.0
    rows: float = 0.0

    def share(self, model: Model, series: int) -> float:
        """Of the nights of one of so many series."""
        nights = self.rows / model.contract.horizon if self.rows else self.months * nights_a_month(model)
        return min(self.count / max(nights, 1e-9) / max(series, 1), _MOST_SHARE)


def nights_a_month(model: Model) -> float:
    """Return how many horizons a month has; of counted rows, as if a row were an hour."""
    clock, horizon = model.contract.clock, model.contract.horizon
    if clock.is_counter:
        return DAYS_OF_MONTH * 24 / horizon
    first, last = clock.grid(clock.instant("2001-01-01"), horizon + 1)[[0, -1]].astype("int64").tolist()
    return float(DAYS_OF_MONTH * 86_400e6 / (last - first))


def watch(
    model: Model,
    panel: Panel,
    rows: int,
    rate: Rate,
    direction: str = BOTH,
    ledger: Ledger | None = None,
) -> list[Watched]:
    """The last rows of each series, beside the forecast that was made before they came.

    ledger: says what was forecast, where there is one. Raises UsageError for a model without errors of whole horizons.
    """
    if model.templates is None:
        message = "the model file is older and keeps no errors to tell what is unusual; refresh it, or train it anew"
        raise UsageError(message)
    panel = model.contract.marked(panel)
    numbers = model.contract.check(panel)
    share = rate.share(model, len(panel.ids))
    found = []
    nights = (
        _of_model(model, panel, numbers, rows)
        if ledger is None
        else _of_ledger(model, panel, numbers, ledger)
    )
    for series, number in enumerate(numbers):
        place = model.templates.place(int(number), len(model.contract.ids))
        errors = model.templates.units[place]
        gauge = fit_gauge(errors, model.templates.horizons, share, direction)
        longest = 0 if model.habits is None else int(model.habits.flat[number])
        found.append(_watched(model, panel, series, rows, gauge, share, nights[series], longest))
    return found


def _watched(
    model: Model,
    panel: Panel,
    series: int,
    rows: int,
    gauge: Gauge,
    share: float,
    nights: Sequence[IssuedForecast],
    longest: int,
) -> Watched:
    """The last rows of a series, of whose nights the last ones are watched and the others tell the threshold."""
    own = panel.rows(series)
    end = int(panel.known_until()[series])
    first = max(end - rows, own.start)
    size = end - first
    columns = {name: np.full(size, np.nan) for name in ("point", "lower", "upper", "score")}
    peaks = [float(np.nanmax(gauge.rows(night.errors), initial=0.0)) for night in nights]
    limits = thresholds(gauge, peaks, share)
    begins = np.full(size, -1)
    for night, limit in zip(nights, limits, strict=True):
        scores = gauge.rows(night.errors) / limit
        for step in range(len(night.point)):
            row = night.place + step - first
            if 0 <= row < size:
                for name in ("point", "lower", "upper"):
                    columns[name][row] = getattr(night, name)[step]
                is_known = np.isfinite(night.actual[step])
                columns["score"][row] = scores[step] if is_known else np.nan
                begins[row] = max(row - gauge.length(night.errors, step) + 1, 0) if scores[step] > 1 else -1
    actual = panel.target[first:end]
    is_stuck = stuck(panel.target[own.start : end], size, longest) if size else np.zeros(0, dtype=bool)
    words = [_word(*each) for each in zip(columns["score"], actual, columns["point"], is_stuck, strict=True)]
    columns["score"] = np.where(is_stuck, np.fmax(columns["score"], 1.0), columns["score"])
    times = panel.times[first:end]
    limit, often = limits[-1] if limits else 1.0, nights_a_month(model) * len(panel.ids)
    alarms = _alarms(
        panel.ids[series],
        times,
        actual,
        columns,
        words,
        begins,
        gauge,
        limit,
        share,
        often,
    )
    return Watched(
        name=panel.ids[series],
        times=times,
        actual=actual,
        **columns,
        alarm=tuple(words),
        alarms=alarms,
        least=_least(gauge, limit, nights),
    )


def _word(score: float, actual: float, point: float, is_stuck: bool) -> str:
    if is_stuck:
        return STUCK
    if not score > 1:
        return ""
    return HIGH if actual >= point else LOW


def _alarms(
    name: str,
    times: Times,
    actual: Numbers,
    columns: dict[str, Numbers],
    words: Sequence[str],
    begins: Integers,
    gauge: Gauge,
    limit: float,
    share: float,
    nights: float,
) -> tuple[Alarm, ...]:
    """Runs of alarmed rows, each from where the run of its first one begins."""
    found, row = [], 0
    while row < len(words):
        if not words[row]:
            row += 1
            continue
        stop = row
        while stop + 1 < len(words) and words[stop + 1]:
            stop += 1
        first = min([row, *(int(begin) for begin in begins[row : stop + 1] if begin >= 0)])
        if words[row] == STUCK and (actual[: row + 1] == actual[row]).any():
            while first > 0 and actual[first - 1] == actual[row]:
                first -= 1
        said = columns["point"][first : stop + 1]
        came = np.where(np.isfinite(said), actual[first : stop + 1], np.nan)
        size = float(np.nansum(np.abs(said)))
        away = float(np.nansum(came - said)) / size if size > 0 else 0.0
        kind = STUCK if STUCK in words[row : stop + 1] else HIGH if away >= 0 else LOW
        worst = float(np.nanmax(columns["score"][row : stop + 1]))
        found.append(
            Alarm(
                name,
                kind,
                times[first],
                stop - first + 1,
                away,
                rarity(gauge, worst * limit, limit, share, nights),
            )
        )
        row = stop + 1
    return tuple(found)


def _least(gauge: Gauge, limit: float, nights: Sequence[IssuedForecast]) -> tuple[float, float]:
    """The rise in percent of the forecast that would be seen, of a whole night and of a single row."""
    if not nights:
        return np.nan, np.nan
    night = nights[-1]
    width, level = float((night.upper - night.point).mean()), float(np.abs(night.point).mean())
    if not level > 0:
        return np.nan, np.nan
    return tuple(100 * gauge.least(rows, limit) * width / level for rows in (len(gauge.middle), 1))  # type: ignore[return-value]


def _of_model(model: Model, panel: Panel, numbers: Integers, rows: int) -> list[list[IssuedForecast]]:
    """Return the model's forecasts of the last rows, and of as many earlier nights as it has not learned from. They
    stand by series, the oldest first."""
    horizon, ends = model.contract.horizon, panel.known_until()
    found: list[list[IssuedForecast]] = [[] for _ in panel.ids]
    _add_earlier(model, panel, numbers, ends - horizon * -(-rows // horizon), found)
    for back in range(-(-rows // horizon), 0, -1):
        origins = ends - horizon * back
        cut = stood_at(panel, origins, horizon)
        if cut is None:
            continue
        forecast = model.predict(cut, levels=(LEVEL,), short_future=FILL)
        point = forecast.point if forecast.median is None else forecast.median
        lower, upper = forecast.bands[LEVEL]
        for place, name in enumerate(forecast.ids):
            series, own = panel.ids.index(name), slice(place * horizon, (place + 1) * horizon)
            start = panel.offsets[series] + int(
                np.searchsorted(panel.times[panel.rows(series)], forecast.times[own][0])
            )
            said = point[own], lower[own], upper[own]
            found[series].append(_night(model, panel, series, int(numbers[series]), int(start), *said))
    return found


def stood_at(panel: Panel, origins: Integers, horizon: int) -> Panel | None:
    """The series that have rows before their origin, as they stood there, with what was known ahead; None: none has."""
    keep = np.flatnonzero(origins > panel.offsets[:-1])
    if not len(keep):
        return None
    starts, stops = panel.offsets[:-1][keep], np.minimum(origins[keep] + horizon, panel.offsets[1:][keep])
    chosen = dataclasses.replace(
        panel, ids=tuple(panel.ids[place] for place in keep), offsets=np.concatenate([starts, stops[-1:]])
    )
    cut = chosen.take(starts, stops)
    values = cut.values.copy()
    for series, place in enumerate(keep):
        first = int(cut.offsets[series] + origins[place] - panel.offsets[place])
        values[first : cut.offsets[series + 1], [0, *panel.roles(PAST)]] = np.nan
    cut = dataclasses.replace(cut, values=values)
    known = cut.known_until() > cut.offsets[:-1]
    return cut if known.all() else None


def _add_earlier(
    model: Model, panel: Panel, numbers: Integers, stops: Integers, found: list[list[IssuedForecast]]
) -> None:
    """Earlier nights of rows that the model has not learned from."""
    horizon = model.contract.horizon
    views = model.windows(panel, numbers)
    for series, stop in enumerate(stops):
        origins = np.arange(int(stop) - horizon * _NIGHTS, int(stop), horizon)
        origins = origins[origins - model.contract.lookback >= panel.offsets[series]]
        origins = (
            origins[panel.times[origins] > model.seen_until[numbers[series]]] if len(origins) else origins
        )
        origins = views[0].usable(origins) if len(origins) else origins
        origins = origins[model.ensemble.answers(views, origins)] if len(origins) else origins
        if not len(origins):
            continue
        said = model.answer(views, origins, (LEVEL,))
        point = said.point if said.median is None else said.median
        lower, upper = said.bands[LEVEL]
        for night, origin in enumerate(origins):
            edges = point[:, night], lower[:, night], upper[:, night]
            found[series].append(_night(model, panel, series, int(numbers[series]), int(origin), *edges))


def _of_ledger(model: Model, panel: Panel, numbers: Integers, ledger: Ledger) -> list[list[IssuedForecast]]:
    """Return the ledger's forecasts by series, one an issue time, the oldest first."""
    found: list[list[IssuedForecast]] = [[] for _ in panel.ids]
    ledger = ledger.latest()
    horizon = model.contract.horizon
    for series, name in enumerate(panel.ids):
        own = panel.rows(series)
        rows = (
            ledger.series == ledger.ids.index(name)
            if name in ledger.ids
            else np.zeros(len(ledger), dtype=bool)
        )
        if ledger.id_name is None and len(panel.ids) == 1:
            rows = np.ones(len(ledger), dtype=bool)
        said = ledger.take(rows)
        for issued in np.unique(said.issued):
            one = said.take(said.issued == issued)
            order = np.argsort(one.time)[:horizon]
            first = int(np.searchsorted(panel.times[own], one.time[order[0]]))
            if first < panel.lengths[series] and panel.times[own][first] == one.time[order[0]]:
                edges = one.point[order], one.lower[order], one.upper[order]
                found[series].append(
                    _night(model, panel, series, int(numbers[series]), own.start + first, *edges)
                )
    return found


def _night(
    model: Model,
    panel: Panel,
    series: int,
    number: int,
    place: int,
    point: Numbers,
    lower: Numbers,
    upper: Numbers,
) -> IssuedForecast:
    """A night beside what came; its errors over the band's half-width, scaled."""
    horizon, stop = model.contract.horizon, int(panel.offsets[series + 1])
    actual = np.full(len(point), np.nan)
    there = max(min(stop - place, len(point)), 0)
    actual[:there] = panel.target[place : place + there]
    scaling, which = of_numbers(model.output).scaling, np.full(len(point), number)
    middle, low, high, came = (scaling.apply(each, which) for each in (point, lower, upper, actual))
    error = came - middle
    width = np.maximum(np.where(error < 0, middle - low, high - middle), _LEAST_WIDTH)
    errors = np.full(horizon, np.nan)
    errors[: len(point)] = (error / width)[:horizon]
    return IssuedForecast(place, point, lower, upper, actual, errors)
