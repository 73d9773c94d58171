"""The names by which reports know forecasters, and what a person calls each: one table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstmcast.core.panel import Clock


@dataclass(frozen=True)
class Words:
    """The names of a forecaster beside others, within a sentence, and as a part of what ships."""

    alone: str
    within: str = ""
    part: str = ""


NAMES = {
    "model": Words("lstmcast", part="what ships"),
    "naive": Words("last value"),
    "linear": Words("linear forecaster", "the linear forecaster", "linear"),
    "linear_pair": Words("both linear forecasters", "both linear forecasters", "both linear"),
    "smoothing": Words("exponential smoothing", part="smoothing"),
    "network": Words("network", "the network"),
    "bank": Words("bank of exponential smoothing", "the bank of exponential smoothing", "bank"),
    "theta": Words("Theta"),
    "ridge": Words("ridge map of each series", "the ridge map of each series", "own ridge map"),
    "panel_ridge": Words("ridge map of the panel", "the ridge map of the panel", "panel's ridge map"),
    "airline": Words("airline model", "the airline model"),
    "half_growth": Words("last season and half its growth", "last season and half its growth", "half growth"),
    "blend": Words("mixture", "the mixture"),
    "persistence": Words("persistence"),
    "frequency": Words("frequency table", "the frequency table"),
    "logistic": Words("logistic regression", "the logistic regression"),
}


def naive_name(season: int) -> str:
    """The name of the forecaster that takes the value of a season before; the last value is that of season 1."""
    return "naive" if season == 1 else f"seasonal_naive_{season}"


def describe(name: str, clock: Clock) -> str:
    """A forecaster as a person calls it beside others: `same time last week`; clock: with the model's seasons."""
    return _words(name, clock).alone


def within(name: str, clock: Clock) -> str:
    """Return the name in the middle of a sentence: `the linear forecaster`."""
    words = _words(name, clock)
    return words.within or words.alone


def part(name: str, clock: Clock) -> str:
    """Return the name as a part of what ships, or of what was tried: `linear`."""
    words = _words(name, clock)
    return words.part or words.alone


def _words(name: str, clock: Clock) -> Words:
    """The words of a name; of one that no table has, the name itself with spaces."""
    seasonal = {naive_name(season): _season(season, clock) for season in clock.seasons}
    return NAMES.get(name) or Words(seasonal.get(name) or name.replace("_", " "))


def _season(season: int, clock: Clock) -> str:
    """Return the name of a season of so many rows before."""
    return _calendar_words(season, clock) or f"{season} rows earlier"


def _calendar_words(season: int, clock: Clock) -> str | None:
    if clock.is_counter:
        return None
    if clock.step is not None:
        days = season * clock.step / np.timedelta64(1, "D")
        return {1.0: "same time yesterday", 7.0: "same time last week"}.get(float(days))
    letter = clock.freq.removeprefix("1").split("-")[0]
    if letter in ("D", "B"):
        return {("D", 7): "same weekday last week", ("B", 5): "same weekday last week"}.get((letter, season))
    return {52: "same week last year", 12: "same month last year", 4: "same quarter last year"}.get(season)
