"""The verdict in words: who is compared with whom, and one sentence of judgement."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lstmcast.core.findings import percent
from lstmcast.core.panel import Clock
from lstmcast.evaluation.metrics import Metrics
from lstmcast.evaluation.names import naive_name, within

LEVEL = 0.005
STARTS = ("linear", "logistic")
ENOUGH_HORIZONS = 4
TOO_SHORT = (
    "too short to judge: no horizon can be held back, and the bands rest on what such series usually do"
)


def _span(clock: Clock, rows: int) -> str:
    """Return how long a stretch of rows is, in the clock's own words: `22 test days`."""
    if clock.is_counter:
        return f"{rows:,} test rows"
    if clock.step is not None:
        return f"{rows * clock.step / np.timedelta64(1, 'D'):,.0f} test days"
    letter = clock.freq.removeprefix("1").removeprefix("B")[:1]
    unit = {"D": "days", "": "business days", "W": "weeks", "M": "months", "Q": "quarters", "Y": "years"}
    return f"{rows:,} test {unit.get(letter, 'rows')}"


def error_measure(metrics: Mapping[str, Metrics]) -> str | None:
    """Return the measure that forecasters are compared by. It is MASE, or MAE where MASE is not defined; of means RMSE;
    of classes log loss."""
    squares: tuple[str, ...] = ("rmse",) if "total" in metrics.get("model", {}) else ()
    for measure in (*squares, "log_loss", "mase", "mae"):
        if metrics.get("model", {}).get(measure) is not None:
            return measure
    return None


def gain(metrics: Mapping[str, Metrics], name: str) -> float | None:
    """By which share the model's error is below another's; negative when above, None when not defined."""
    measure = error_measure(metrics)
    if measure is None:
        return None
    mine, other = metrics["model"][measure], metrics[name].get(measure)
    return None if mine is None or not other else 1.0 - mine / other


def skill(metrics: Mapping[str, Metrics]) -> tuple[float | None, str]:
    """By which share the model's error is below that of the best baseline (None: not defined), and its name."""
    rival = best_baseline(metrics)
    return gain(metrics, rival), rival


def seasonal_skill(metrics: Mapping[str, Metrics], clock: Clock) -> float | None:
    """Return the share by which the error is below the seasonal naive's; None where that is not defined.

    Of classes, which have no seasonal naive, the best baseline stands in for it.
    """
    seasonal = naive_name(clock.season)
    return gain(metrics, seasonal if seasonal in metrics else best_baseline(metrics))


def best_baseline(metrics: Mapping[str, Metrics]) -> str:
    """The one with the lowest error of those that everybody has for nothing."""
    measure = error_measure(metrics) or "mae"

    def error(name: str) -> float:
        value = metrics[name].get(measure)
        return np.inf if value is None else value

    return min((name for name in metrics if name not in ("model", *STARTS)), key=error)


def verdict(
    metrics: Mapping[str, Metrics],
    clock: Clock,
    rows: int,
    *,
    in_sample: bool = False,
    horizons: int | None = None,
) -> str:
    """One sentence: by how much the model beats the best baseline and what it starts from, or that it does not.

    rows: how many were judged; in_sample: whether the model was trained on them, which the sentence then says;
    horizons: how many disjoint ones, where they are few: with less than ENOUGH_HORIZONS, errors and no judgement.
    """
    rival = best_baseline(metrics)
    span = _span(clock, rows).replace("test", "in-sample") if in_sample else _span(clock, rows)
    against = gain(metrics, rival)
    if against is None:
        return (
            f"no verdict: over {span} the best baseline makes no error, so there is nothing to compare with"
        )
    if horizons is not None and horizons < ENOUGH_HORIZONS:
        return f"{_beside(metrics, rival, clock)} over {span}; {_too_few(horizons)}"
    of_classes = " in log loss" if "log_loss" in metrics["model"] else ""
    sentence = f"{_compared(against, within(rival, clock))}{of_classes} over {span}"
    start = next((name for name in STARTS if name in metrics), None)
    linear = None if start is None else gain(metrics, start)
    if start is not None and linear is not None:
        sentence = f"{sentence}; {_compared(linear, within(start, clock))}"
    return sentence if horizons is None else f"{sentence}, judged on {horizons} horizons"


def _beside(metrics: Mapping[str, Metrics], rival: str, clock: Clock) -> str:
    """The model's error and that of the best baseline: `MASE 0.82 beside 1.10 (last value)`."""
    measure = error_measure(metrics) or "mae"
    mine, other = metrics["model"][measure], metrics[rival][measure]
    return f"{measure.upper()} {mine:.3g} beside {other:.3g} ({within(rival, clock)})"


def _too_few(horizons: int) -> str:
    number = "1 horizon" if horizons == 1 else f"{horizons} horizons"
    return f"{number}: too few to tell differences under about 30 %"


def _compared(share: float, name: str) -> str:
    by = percent(abs(share), 0)
    if abs(share) < LEVEL:
        return f"level with {name}"
    return f"beats {name} by {by}" if share > 0 else f"does NOT beat {name}: {by} worse"
