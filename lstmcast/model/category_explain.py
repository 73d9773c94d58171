"""Parts of the log-odds of a class against the other classes, which sum to them exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import KNOWN, Column, Forecast, Integers, Panel
from lstmcast.data.category_windows import ClassWindows, of_classes
from lstmcast.evaluation.backtest import Answer
from lstmcast.forecasters.ensemble import logistic_of
from lstmcast.forecasters.logistic import Logistic
from lstmcast.model.explain import (
    CALENDAR,
    COLUMN,
    FORECASTER,
    FREQUENCY,
    PHASE,
    RECENT,
    ROWS,
    SEASON,
    USUAL,
    Contribution,
    Explanation,
    Parts,
)
from lstmcast.model.model import Model
from lstmcast.model.recursion import at_origin
from lstmcast.model.shapley import Changes, change, coalitions, group_inputs, one_series

Numbers = NDArray[np.float64]

MIXTURE = "mixture"  # what all other forecasters change together
_LEAST = 1e-300  # of a probability whose logarithm is taken


def log_odds(logits: Numbers, codes: Integers) -> Numbers:
    """(K, …) of logits (K, C, …), or logs of probabilities, that of one class each (K,) less the mean of the others."""
    count = logits.shape[1]
    own = np.take_along_axis(logits, codes.reshape(-1, *[1] * (logits.ndim - 1)), axis=1)[:, 0]
    return np.asarray(own - (logits.sum(axis=1) - own) / max(count - 1, 1))


def explain_classes(model: Model, panel: Panel, series: int = 0, horizon: int | None = None) -> Explanation:
    """The parts of the log-odds of the likeliest class in each row of the forecast of a series.

    horizon: steps, None as trained. Raises what `predict` does.
    """
    forecast = model.predict(panel, horizon)
    mine = np.flatnonzero(forecast.series == series)
    codes, odds = forecast.point[mine].astype(np.int64), _told(forecast, mine)
    blocks: list[Parts] = []
    start = model.start(panel, len(mine))
    windows = of_classes(start.views[0])
    source = forecast.source[int(mine[0])]
    for done in range(0, len(mine), model.contract.horizon):
        rows = slice(done, done + model.contract.horizon)
        origin = start.origins[[series]] + done
        blocks.append(_block(model, panel.columns, windows, origin, codes[rows], odds[rows], source))
        if done + model.contract.horizon < len(mine):
            said = Answer(_probabilities(forecast, mine[rows]))
            model.output.remember(start.panel, start.views, said, origin)
    names = dict.fromkeys(part for block in blocks for part in block)
    parts = {part: np.concatenate([block.get(part, np.zeros(0)) for block in blocks]) for part in names}
    shown = {part: values for part, values in parts.items() if part.kind == USUAL or values.any()}
    labels = tuple(model.contract.classes[code] for code in codes)
    return Explanation(series, forecast.times[mine], odds, shown, None, source, labels)


def _probabilities(forecast: Forecast, rows: Integers) -> Numbers:
    """(n, C, 1) those of some rows of a forecast."""
    return np.stack([values[rows] for values in forecast.probabilities.values()], axis=1)[:, :, None]


def _told(forecast: Forecast, rows: Integers) -> Numbers:
    """(n,) the log-odds of the likeliest class in some rows of a forecast."""
    logs = np.log(np.maximum(_probabilities(forecast, rows), _LEAST))
    return log_odds(logs, forecast.point[rows].astype(np.int64))[:, 0]


def _block(
    model: Model,
    columns: tuple[Column, ...],
    windows: ClassWindows,
    origin: Integers,
    codes: Integers,
    odds: Numbers,
    source: str,
) -> Parts:
    """(n,) the parts of up to K rows from an origin (1,) on: of the logistic regression, and what others change."""
    if source != model.source:
        return {Contribution(USUAL): np.zeros(len(codes)), Contribution(FORECASTER, source): odds}
    logistic = logistic_of(model.ensemble)
    parts = {
        part: log_odds(logits[: len(codes)], codes)
        for part, logits in _logits(model, columns, windows, origin).items()
    }
    own = log_odds(logistic.logits(windows, origin)[: len(codes)], codes)[:, 0]
    return parts | {Contribution(FORECASTER, MIXTURE): odds - own}


def _logits(
    model: Model, columns: tuple[Column, ...], windows: ClassWindows, origin: Integers
) -> dict[Contribution, Numbers]:
    """(K, C) what each group of features adds to the logits of the logistic regression."""
    logistic = logistic_of(model.ensemble)
    shared, own = logistic.common(windows, origin)[:, 0], logistic.steps(windows, origin)[:, :, 0]
    names = [*_common(logistic, model, columns, windows), *_steps(logistic, columns, windows)]
    values = np.concatenate([np.broadcast_to(shared, (len(own), len(shared))), own], axis=1)
    assert values.shape[1] == len(names)
    found: dict[Contribution, Numbers] = {
        Contribution(USUAL): np.broadcast_to(np.log(logistic.overall), (len(own), len(logistic.overall)))
    }
    for place, part in enumerate(names):
        found[part] = found.get(part, 0.0) + logistic.weight[:, :, place] * values[:, place, None]
    return found


def _common(
    logistic: Logistic, model: Model, columns: tuple[Column, ...], windows: ClassWindows
) -> list[Contribution]:
    """The part that each feature common to all steps belongs to, in their order."""
    spans = sorted({1, min(max(windows.season, 2), windows.lookback), windows.lookback})
    kinds = {1: Contribution(RECENT), windows.lookback: Contribution(ROWS)}
    masked = [Contribution(ROWS)] if model.preparation.rows.masked else []
    others = [Contribution(COLUMN, column.source) for column in columns[1:]]
    found = [Contribution(USUAL)]
    for span in spans:
        found += [kinds.get(span, Contribution(SEASON, str(span)))] * windows.classes + masked + others
    calendar = windows.table.calendar.shape[1] if logistic.with_calendar else 0
    return found + [Contribution(CALENDAR)] * calendar


def _steps(logistic: Logistic, columns: tuple[Column, ...], windows: ClassWindows) -> list[Contribution]:
    """The part that each feature of a step's own belongs to, in their order."""
    known = [Contribution(COLUMN, column.source) for column in columns[1:] if column.role == KNOWN]
    has_phases = windows.season > 1 and windows.lookback // windows.season >= 2
    phases = [Contribution(PHASE)] * (windows.classes if has_phases else 0)
    return [
        *known,
        *phases,
        *([Contribution(FREQUENCY)] * (windows.classes if logistic.with_calendar else 0)),
    ]


def class_changes(model: Model, panel: Panel, series: int = 0) -> Changes | None:
    """Return what each group of inputs changes in the log-odds of the class that is likeliest now. Each group is set
    beside the inputs one longest season before. None where the history is too short for that."""
    season, lookback = max(model.contract.clock.seasons, default=0), model.contract.lookback
    panel = model.contract.marked(panel)
    number = model.contract.check(panel)[series]
    panel, origins = at_origin(panel, model.contract, model.contract.horizon)
    first, origin = int(panel.offsets[series]), int(origins[series])
    if season < 2 or origin - first < lookback + season:
        return None
    single = one_series(panel, series, first, origin + model.contract.horizon)
    stacked, starts = coalitions(single, origin - first, season, min(model.contract.clock.season, lookback))
    views = model.windows(stacked, np.full(len(starts), number))
    found = model.ensemble.predict(views, starts)
    odds = log_odds(np.log(np.maximum(found, _LEAST)), found[:, :, -1].argmax(axis=1))
    return Changes(change(odds.T, group_inputs(stacked)), None, season)
