"""Explanations of models of either kind."""

from __future__ import annotations

from lstmcast.core.panel import Panel
from lstmcast.model.category_explain import class_changes, explain_classes
from lstmcast.model.explain import Explanation, explain
from lstmcast.model.model import Model
from lstmcast.model.shapley import Changes, changes


def explain_series(model: Model, panel: Panel, series: int = 0, horizon: int | None = None) -> Explanation:
    """The parts of the forecast of a series, of classes those of log-odds; horizon: steps, None as trained."""
    if model.contract.classes:
        return explain_classes(model, panel, series, horizon)
    return explain(model, panel, series, horizon)


def changes_of(model: Model, panel: Panel, series: int = 0) -> Changes | None:
    """Return what has changed in a forecast since a season before; None where the history is too short to say."""
    return class_changes(model, panel, series) if model.contract.classes else changes(model, panel, series)
