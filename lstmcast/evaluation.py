"""Rolling-origin backtest: every forecaster on the same windows, and one sentence of judgement."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast import baselines
from lstmcast.metrics import Metrics, Tally
from lstmcast.panel import Clock, Integers
from lstmcast.windows import Windows

Numbers = NDArray[np.float64]
CHUNK = 512


@dataclass(frozen=True)
class Answer:
    """What a forecaster says of B windows, in the units of the CSV: point (K, B), bands level -> two (K, B)."""

    point: Numbers
    bands: dict[int, tuple[Numbers, Numbers]]


Forecaster = Callable[[Integers], Answer]


@dataclass(frozen=True)
class Report:
    """Metrics of each forecaster over all steps, at each of K steps ahead, and over how many windows."""

    overall: dict[str, Metrics]
    by_horizon: list[dict[str, Metrics]]
    windows: int


def chunks(origins: Integers) -> Iterator[Integers]:
    """The origins, a bounded number at a time, so that memory does not grow with them."""
    for start in range(0, len(origins), CHUNK):
        yield origins[start : start + CHUNK]


def backtest(
    forecasters: Mapping[str, Forecaster],
    windows: Windows,
    actual: Numbers,
    origins: Integers,
    scale: Numbers,
) -> Report:
    """Judge every forecaster at every origin.

    actual: (N,) targets in the units of the CSV, NaN where missing; scale: (S,) MASE's denominators.
    """
    tallies = {name: Tally(windows.horizon) for name in forecasters}
    for chunk in chunks(origins):
        truth = windows.ahead(actual, chunk)
        denominator = scale[windows.table.series[chunk]]
        for name, forecaster in forecasters.items():
            answer = forecaster(chunk)
            tallies[name].add(truth, answer.point, denominator, answer.bands)
    steps = range(windows.horizon if len(origins) else 0)
    return Report(
        {name: tally.metrics() for name, tally in tallies.items()},
        [{name: tally.metrics(step) for name, tally in tallies.items()} for step in steps],
        len(origins),
    )


def seasonal_name(season: int) -> str:
    """The key of a seasonal naive forecaster in a report."""
    return f"seasonal_naive_{season}"


def baseline_forecasters(
    windows: Windows, seasons: tuple[int, ...], undo: Callable[[Numbers, Integers], Numbers]
) -> dict[str, Forecaster]:
    """The naive and each seasonal naive forecaster; `undo` maps scaled (K, B) of origins (B,) to CSV units."""

    def seasonal(season: int) -> Forecaster:
        return lambda origins: Answer(undo(baselines.seasonal_naive(windows, origins, season), origins), {})

    named: dict[str, Forecaster] = {
        "naive": lambda origins: Answer(undo(baselines.naive(windows, origins), origins), {})
    }
    return named | {seasonal_name(season): seasonal(season) for season in seasons}


def describe(name: str, clock: Clock) -> str:
    """A forecaster's name as a person would say it: `same hour last week`."""
    plain = {"model": "lstmcast", "naive": "last value", "linear": "linear forecaster"}
    if name in plain:
        return plain[name]
    season = int(name.rsplit("_", 1)[1])
    return _calendar_words(season, clock) or f"{season} rows earlier"


def _calendar_words(season: int, clock: Clock) -> str | None:
    if clock.is_counter:
        return None
    if clock.step is not None:
        days = season * clock.step.total_seconds() / 86_400
        return {1.0: "same time yesterday", 7.0: "same time last week"}.get(days)
    known = {("D", 7): "same weekday last week", ("B", 5): "same weekday last week"}
    letter = clock.freq.removeprefix("1").split("-")[0]
    if letter in ("D", "B"):
        return known.get((letter, season))
    return {52: "same week last year", 12: "same month last year", 4: "same quarter last year"}.get(season)


def _span(clock: Clock, rows: int) -> str:
    """How long a test block is, in the clock's own words: `22 test days`."""
    if clock.is_counter:
        return f"{rows} test rows"
    if clock.step is not None:
        return f"{rows * clock.step / np.timedelta64(1, 'D'):.0f} test days"
    letter = clock.freq.removeprefix("1").removeprefix("B")[:1]
    unit = {"D": "days", "": "business days", "W": "weeks", "M": "months", "Q": "quarters", "Y": "years"}
    return f"{rows} test {unit.get(letter, 'rows')}"


def error_measure(metrics: Mapping[str, Metrics]) -> str | None:
    """What forecasters are compared by: MASE, or MAE where MASE is not defined."""
    for measure in ("mase", "mae"):
        if metrics.get("model", {}).get(measure) is not None:
            return measure
    return None


def gain(metrics: Mapping[str, Metrics], name: str) -> float | None:
    """By which share the model's error is below another's; negative when it is above, None when not defined."""
    measure = error_measure(metrics)
    if measure is None:
        return None
    mine, other = metrics["model"][measure], metrics[name].get(measure)
    return None if mine is None or not other else 1.0 - mine / other


def best_baseline(metrics: Mapping[str, Metrics]) -> str:
    """The naive or seasonal naive forecaster with the lowest error."""
    measure = error_measure(metrics) or "mae"
    names = [name for name in metrics if "naive" in name]
    return min(names, key=lambda name: _or_infinity(metrics[name].get(measure)))


def _or_infinity(value: float | None) -> float:
    return np.inf if value is None else value


def verdict(metrics: Mapping[str, Metrics], clock: Clock, rows: int) -> str:
    """One sentence: by how much the model beats the best baseline and the linear forecaster, or that it does not."""
    span = _span(clock, rows)
    rival = best_baseline(metrics)
    against = gain(metrics, rival)
    if against is None:
        return (
            f"no verdict: over {span} the best baseline makes no error, so there is nothing to compare with"
        )
    name = describe(rival, clock)
    sentence = f"{_compare(against, name)} over {span}"
    linear = gain(metrics, "linear")
    if linear is None or abs(linear) < 1e-9:
        return f"{sentence}; it is the linear forecaster"
    return f"{sentence}; {_compare(linear, 'the linear forecaster', verb=(linear > 0) != (against > 0))}"


def _compare(share: float, name: str, *, verb: bool = True) -> str:
    percent = f"{abs(share):.0%}".replace("%", " %")
    if share > 0:
        return f"beats {name} by {percent}" if verb else f"{name} by {percent}"
    words = f"worse than {name}" if verb else name
    return f"does NOT beat {name}: {percent} worse" if verb else f"{words} by {percent}"
