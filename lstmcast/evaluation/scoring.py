"""The worth of past forecasts: a ledger beside what came, by step ahead and by week, and whether it drifts."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError
from lstmcast.core.panel import Clock, Integers, Panel, Times
from lstmcast.data.calendar_features import weekday
from lstmcast.data.scaling import seasonal_scale
from lstmcast.evaluation import category_scoring
from lstmcast.evaluation.drift import find_drift, lasting
from lstmcast.evaluation.ledger import BAND, Ledger, refuse_other_kind
from lstmcast.evaluation.metrics import Metrics
from lstmcast.evaluation.naive_rows import naive_rows
from lstmcast.evaluation.names import naive_name

Numbers = NDArray[np.float64]
COVERAGE = f"coverage_{BAND}"
_WEEK = np.timedelta64(7 * 24 * 3_600_000_000, "us")


@dataclass(frozen=True, eq=False)
class Scored:
    """R forecasts beside what came, in the order of the ledger.

    step: (R,) how far ahead, 1 for the row after the last known one; actual: (R,) NaN where missing; is_due: (R,)
    whether later outcomes are known, so that a missing one will not come; scale: (R,) MASE's denominator;
    naives: baseline -> (R,) what it would have said at the same origin, NaN where it could not; of classes (R, C)
    probabilities.
    """

    ledger: Ledger
    clock: Clock
    step: Integers
    actual: Numbers
    is_due: NDArray[np.bool_]
    scale: Numbers
    naives: dict[str, Numbers]

    @property
    def error(self) -> Numbers:
        """(R,) how wrong: forecast less outcome, of classes log loss."""
        return self.errors(self.said)

    @property
    def said(self) -> Numbers:
        """The model's forecasts: (R,) points, or (R, C) probabilities."""
        chances = self.ledger.probabilities
        return self.ledger.point if chances is None else chances

    def errors(self, said: Numbers) -> Numbers:
        """(R,) how wrong what somebody said was."""
        return category_scoring.losses(said, self.actual) if self.ledger.classes else said - self.actual

    @property
    def judged(self) -> NDArray[np.bool_]:
        """(R,) rows on which everybody is judged: outcome and all naive forecasts are known."""
        known: NDArray[np.bool_] = np.isfinite(self.error)
        for naive in self.naives.values():
            known = known & np.isfinite(self.errors(naive))
        return known


def score(ledger: Ledger, actuals: Panel) -> dict[str, Any]:
    """The report, plain data: figures of the model and of each baseline at the same origins, over all rows, by step
    ahead, by week, by model and by source; how many rows have no outcome yet or never; drift; of classes calibration.

    Raises DataError where no forecast has an outcome, where one of the two is of classes and the other of numbers, or
    a stamp is not one of the outcomes' clock.
    """
    refuse_other_kind(ledger, actuals)
    if ledger.classes:
        ledger, actuals = category_scoring.with_all_classes(ledger, actuals)
    scored = compared(ledger.latest(), actuals)
    rows = scored.judged
    if not rows.any():
        raise DataError(_nothing(scored))
    weeks, starts = _weeks(actuals.clock, scored.ledger.time)
    stand_ins = _stand_ins(scored, rows)
    return {
        "rows": int(rows.sum()),
        "repeated": len(ledger) - len(scored.ledger),
        "to_come": int((np.isnan(scored.actual) & ~scored.is_due).sum()),
        "missing": int((np.isnan(scored.actual) & scored.is_due).sum()),
        "without_baseline": int((np.isfinite(scored.error) & ~rows).sum()),
        "first": actuals.clock.write(scored.ledger.time[rows].min(keepdims=True))[0],
        "last": actuals.clock.write(scored.ledger.time[rows].max(keepdims=True))[0],
        "test": _figures(scored, rows),
        "by_step": _by(scored, rows, scored.step),
        "by_week": _by(scored, rows, weeks, dict(enumerate(starts))),
        "by_model": _by(scored, rows, scored.ledger.model, dict(enumerate(scored.ledger.models))),
        "by_source": _by_source(scored, rows),
        **({"stand_ins": stand_ins} if stand_ins else {}),
        "drift": _drift_report(scored),
        **_calibration(scored, rows),
    }


def _calibration(scored: Scored, rows: NDArray[np.bool_]) -> dict[str, Any]:
    """Of classes, how often they came when they were given a probability."""
    if not scored.ledger.classes:
        return {}
    return {"calibration": category_scoring.calibration(scored.said[rows], scored.actual[rows])}


def compared(ledger: Ledger, actuals: Panel) -> Scored:
    """The forecasts beside what came and what naive forecasters would have said; a series without outcomes has none."""
    count, classes = len(ledger), len(ledger.classes)
    names = category_scoring.BASELINES if classes else map(naive_name, (1, *actuals.clock.seasons))
    shape = (count, classes) if classes else (count,)
    scored = Scored(
        ledger=ledger,
        clock=actuals.clock,
        step=np.zeros(count, np.int64),
        actual=np.full(count, np.nan),
        is_due=np.zeros(count, bool),
        scale=np.full(count, np.nan),
        naives={name: np.full(shape, np.nan) for name in names},
    )
    place = {name: number for number, name in enumerate(actuals.ids)}
    for number in np.unique(ledger.series):
        rows, name = np.flatnonzero(ledger.series == number), ledger.ids[number]
        series = place.get(name, 0 if ledger.id_name is None and len(place) == 1 else None)
        _fill(scored, rows, actuals, series)
    return _with_usual_baselines(scored)


def _fill(scored: Scored, rows: Integers, actuals: Panel, series: int | None) -> None:
    """Fill in what there is to know of the rows of one series."""
    own = slice(0, 0) if series is None else actuals.rows(series)
    times, values = actuals.times[own], actuals.target[own]
    grid = _grid(actuals.clock, np.concatenate([times, scored.ledger.issued[rows], scored.ledger.time[rows]]))
    at, origin = (
        _places(scored, grid, stamps[rows]) for stamps in (scored.ledger.time, scored.ledger.issued)
    )
    outcomes = np.full(len(grid), np.nan)
    outcomes[np.searchsorted(grid, times)] = values
    step = at - origin
    if (step < 1).any():
        raise DataError(
            "the ledger has a forecast of a row that was known when it was made; it was changed by hand"
        )
    known = np.flatnonzero(np.isfinite(outcomes))
    scored.step[rows], scored.actual[rows] = step, outcomes[at]
    scored.is_due[rows] = at <= (known[-1] if len(known) else -1)
    if scored.ledger.classes:
        found = category_scoring.baselines(outcomes, origin, step, len(scored.ledger.classes))
        for name, said in found.items():
            scored.naives[name][rows] = said
        return
    scored.scale[rows] = seasonal_scale(values, actuals.clock.season) if len(values) else np.nan
    for season in (1, *actuals.clock.seasons):
        back = naive_rows(at, origin, season)
        scored.naives[naive_name(season)][rows] = np.where(back >= 0, outcomes[np.maximum(back, 0)], np.nan)


def _grid(clock: Clock, stamps: Times) -> Times:
    """Every stamp of the clock from the first of these to the last."""
    first, last, count = stamps.min(), stamps.max(), 1024
    grid = clock.grid(first, count)
    while grid[-1] < last:
        count *= 4
        grid = clock.grid(first, count)
    return grid[: int(np.searchsorted(grid, last, side="right"))]


def _places(scored: Scored, grid: Times, stamps: Times) -> Integers:
    places = np.minimum(np.searchsorted(grid, stamps), len(grid) - 1)
    off = grid[places] != stamps
    if off.any():
        stamp = scored.clock.write(stamps[off][:1])[0]
        raise DataError(
            f"the ledger speaks of {stamp}, which is no stamp of the outcomes (one every {scored.clock.freq}); "
            "give it outcomes of the series that it is about",
            stamp=stamp,
        )
    return places


def _with_usual_baselines(scored: Scored) -> Scored:
    """Only the naive forecasters that could speak for half of the outcomes or more: a short file lacks last week."""
    known = np.isfinite(scored.error)
    naives = {
        name: naive
        for name, naive in scored.naives.items()
        if (known & np.isfinite(scored.errors(naive))).sum() >= 0.5 * max(known.sum(), 1)
    }
    return dataclasses.replace(scored, naives=naives)


def _nothing(scored: Scored) -> str:
    first, last = scored.clock.write(scored.ledger.time[[0, -1]])
    return (
        f"no forecast of the ledger ({first} to {last}) has an outcome in the file; give outcomes of those rows, and "
        "of the season before them"
    )


def _figures(scored: Scored, rows: NDArray[np.bool_]) -> dict[str, Metrics]:
    """The figures of everybody over some rows, the model's first."""
    if scored.ledger.classes:
        everybody = {"model": scored.said, **scored.naives}
        return {
            name: category_scoring.figures(said[rows], scored.actual[rows])
            for name, said in everybody.items()
        }
    lower, upper, actual = scored.ledger.lower[rows], scored.ledger.upper[rows], scored.actual[rows]
    banded = np.isfinite(lower) & np.isfinite(upper)
    inside = ((actual >= lower) & (actual <= upper))[banded]
    own = _errors(scored.error[rows], scored.scale[rows])
    own[COVERAGE] = float(inside.mean()) if len(inside) else None
    others = {
        name: _errors((n - scored.actual)[rows], scored.scale[rows]) for name, n in scored.naives.items()
    }
    return {"model": own, **others}


def _errors(error: Numbers, scale: Numbers) -> Metrics:
    defined = scale > 0
    mase = np.abs(error[defined]) / scale[defined]
    return {
        "mae": float(np.abs(error).mean()),
        "mase": float(mase.mean()) if len(mase) else None,
        "bias": float(error.mean()),
    }


def _by(
    scored: Scored, rows: NDArray[np.bool_], codes: Integers, names: dict[int, str] | None = None
) -> list[dict[str, Any]]:
    """The figures of each group of the judged rows; names: of the codes, which else are their own."""
    return [
        {
            "name": names[int(code)] if names is not None else int(code),
            "rows": int((rows & (codes == code)).sum()),
            **_figures(scored, rows & (codes == code)),
        }
        for code in np.unique(codes[rows])
    ]


def _by_source(scored: Scored, rows: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """The figures of each source, and where there are several whether each drifts."""
    found = _by(scored, rows, scored.ledger.source, dict(enumerate(scored.ledger.sources)))
    if len(found) > 1:
        for group in found:
            own = scored.ledger.source == scored.ledger.sources.index(group["name"])
            group["drift"] = _drift_report(scored, own)
    return found


def _stand_ins(scored: Scored, rows: NDArray[np.bool_]) -> dict[str, int]:
    """Reason -> how many of the judged rows were not the model's own, the commonest first."""
    reasons: dict[str, int] = {}
    for code, source in enumerate(scored.ledger.sources):
        number = int((rows & (scored.ledger.source == code)).sum())
        if ":" in source and number:
            reason = source.split(":", 1)[1]
            reasons[reason] = reasons.get(reason, 0) + number
    return dict(sorted(reasons.items(), key=lambda each: -each[1]))


def _weeks(clock: Clock, times: Times) -> tuple[Integers, list[str]]:
    """(R,) the week of each row, from Monday to Sunday on the wall clock, and the date of each Monday.

    Rows longer than a week are weeks of their own; of a counter the longest season is one, or a hundred rows.
    """
    if clock.is_counter:
        length = clock.seasons[-1] if clock.seasons else 100
        firsts = times.astype(np.int64) // length * length
    elif clock.step is None and clock.after(times[0], 1)[0] - times[0] > _WEEK:
        firsts = clock.wall(times).astype("datetime64[D]")
    else:
        days = clock.wall(times).astype("datetime64[D]")
        firsts = days - weekday(clock.wall(times)).astype("timedelta64[D]")
    starts, codes = np.unique(firsts, return_inverse=True)
    return codes, [str(start) for start in starts]


def _drift_report(scored: Scored, own: NDArray[np.bool_] | None = None) -> dict[str, Any]:
    """The test on the mean error of each day that has one, and that of the best naive forecaster over the same days;
    own: (R,) the rows that count, all of them without it."""
    days, stamps = _days(scored)
    counts = np.ones(len(scored.step), dtype=bool) if own is None else own
    own_days, naive_days = (
        _daily(np.where(counts, errors, np.nan), days, len(stamps))
        for errors in (np.abs(scored.error), _best_naive(scored))
    )
    drift, naive, growth = find_drift(own_days), find_drift(naive_days), lasting(own_days, naive_days)
    return {
        "is_on": drift.is_on,
        "days_judged": drift.days_judged,
        "level": _or_none(drift.level),
        "factor": _or_none(drift.factor),
        "naive_factor": _or_none(naive.factor),
        "lasting": None
        if growth is None
        else {"is_on": growth.is_on, "factor": growth.factor, "score": growth.score},
        "alarms": [
            {
                "factor": alarm.factor,
                **{name: stamps[getattr(alarm, name)] for name in ("since", "raised", "last")},
            }
            for alarm in drift.alarms
        ],
    }


def _best_naive(scored: Scored) -> Numbers:
    """(R,) absolute errors of the naive forecaster that is best over the judged rows; NaN without one."""
    errors = [np.abs(scored.errors(naive)) for naive in scored.naives.values()]
    return min(
        errors, key=lambda error: error[scored.judged].mean(), default=np.full(len(scored.step), np.nan)
    )


def _or_none(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _days(scored: Scored) -> tuple[Integers, list[str]]:
    """(R,) the number of each row's day, from the first to the last that has a row, and the name of each.

    Where a row is a day or longer, or only counted, every row is a day.
    """
    clock, times = scored.clock, scored.ledger.time
    if clock.step is None or clock.is_counter:
        every = _grid(clock, times)
        return np.searchsorted(every, times), clock.write(every)
    days = clock.wall(times).astype("datetime64[D]")
    every_day = np.arange(days.min(), days.max() + 1)
    return (days - days.min()).astype(np.int64), [str(day) for day in every_day]


def _daily(errors: Numbers, days: Integers, count: int) -> Numbers:
    """(D,) mean of the known errors of each day."""
    known = np.isfinite(errors)
    sums = np.bincount(days[known], errors[known], count)
    rows = np.bincount(days[known], minlength=count)
    return np.where(rows > 0, sums / np.maximum(rows, 1), np.nan)
