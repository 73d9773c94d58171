"""The names that a report gives to forecasters, groups and losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lstmcast.cli.show.drawing.words import number
from lstmcast.cli.show.pictures.axis import span
from lstmcast.core import findings

if TYPE_CHECKING:
    from lstmcast.evaluation.study import PastForecast, Study

_MEASURES = {
    "mae": "mean absolute error",
    "mase": "error over that of a seasonal naive forecast (MASE)",
    "log_loss": "log loss",
}


def measure(study: Study) -> str:
    """Return what a loss is, in words."""
    return _MEASURES[study.measure]


def unit(study: Study) -> str:
    """Return what a loss is, for below a picture: with the target's name where it is in its units."""
    return f"{measure(study)} of {study.panel.columns[0].name}" if study.measure == "mae" else measure(study)


def loss(study: Study, value: float | None) -> str:
    """A loss with fitting digits."""
    if value is None or value != value:
        return ""
    if study.measure != "mae":
        return f"{value:.3f}"
    whole = len(f"{abs(value):.0f}")
    return number(value, max(4 - whole, 0) if value < 1000 else 0)


def rival(study: Study) -> str:
    """The forecaster beside the model."""
    from lstmcast.evaluation.names import describe

    return describe(study.rival, study.panel.clock)


def lead(study: Study, said: PastForecast) -> str:
    """Return how far ahead something was said: `the night before`, `a week ahead`."""
    if said.steps is None:
        return "the night before"
    told = span(study.panel.clock, said.steps)
    return {"1 day": "a day ahead", "7 days": "a week ahead", "1 week": "a week ahead"}.get(
        told, f"{told} ahead"
    )


def percent(share: float) -> str:
    """A share in whole percent."""
    return findings.percent(share, 0)
