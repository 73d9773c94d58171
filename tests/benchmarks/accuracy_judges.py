"""How each protocol counts errors: one function a protocol, from a model and its panel to metrics by forecaster."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lstmcast.core.panel import Panel
from lstmcast.data.scaling import seasonal_scale
from lstmcast.evaluation.backtest import NumberScorer, backtest
from lstmcast.model.model import Model

Metrics = dict[str, float | None]
Scores = dict[str, Metrics]
Judge = Callable[[Model, Panel], Scores]


def by_report(model: Model, panel: Panel) -> Scores:
    """The verdict's own figures: every origin of the test block."""
    return {name: dict(metrics) for name, metrics in model.report["test"].items()}


def standardised(training_rows: int) -> Judge:
    """The verdict's figures with MSE and MAE in units of the training rows' standard deviation (LTSF-Linear)."""

    def judge(model: Model, panel: Panel) -> Scores:
        spread = float(panel.target[:training_rows].std())
        scores = by_report(model, panel)
        for metrics in scores.values():
            metrics["mse"] = ((metrics["rmse"] or 0.0) / spread) ** 2
            metrics["mae"] = (metrics["mae"] or 0.0) / spread
        return scores

    return judge


def beside_naive2(smape: float, mase: float) -> Judge:
    """The verdict's figures with OWA, the mean of the ratios to M4's Naive2, whose published errors are given.

    With a test block of one horizon a series has one window, and MASE is scaled by the rows before it, as M4 does.
    """

    def judge(model: Model, panel: Panel) -> Scores:
        scores = by_report(model, panel)
        for metrics in scores.values():
            metrics["owa"] = ((metrics["smape"] or 0.0) / smape + (metrics["mase"] or 0.0) / mase) / 2
        return scores

    return judge


def at_cutoffs(count: int, every: int) -> Judge:
    """fev-bench: `count` cutoffs, the last one `every` rows before the end; MASE scaled by all rows up to each."""

    def judge(model: Model, panel: Panel) -> Scores:
        views = model.windows(panel, np.arange(len(panel.ids)))
        forecasters = model.judged()
        rounds = []
        for back in range(count * every, 0, -every):
            origins = panel.offsets[1:] - back
            scale = [
                _scale(panel, int(first), int(stop))
                for first, stop in zip(panel.offsets, origins, strict=False)
            ]
            rounds.append(
                backtest(forecasters, views, origins, NumberScorer(panel.target, np.array(scale))).overall
            )
        return {name: _mean([scores[name] for scores in rounds]) for name in forecasters}

    return judge


def _scale(panel: Panel, first: int, stop: int) -> float:
    return seasonal_scale(panel.target[first:stop], panel.clock.season)


def _mean(rounds: list[Metrics]) -> Metrics:
    """The mean over cutoffs of what is defined at all of them."""
    values = {name: [metrics[name] for metrics in rounds] for name in rounds[0]}
    return {name: None if None in found else float(np.mean(found)) for name, found in values.items()}  # type: ignore[arg-type]
