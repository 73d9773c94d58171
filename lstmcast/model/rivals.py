"""Models and baselines beside each other, on the same rows that none of the models has seen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError
from lstmcast.core.panel import Integers, Panel, Times
from lstmcast.evaluation.backtest import Answer
from lstmcast.evaluation.significance import Significance, diebold_mariano
from lstmcast.forecasters.base import Forecaster
from lstmcast.model.model import Model, seen_and_fresh
from lstmcast.model.output import NumberOutput

Numbers = NDArray[np.float64]
LEARNED = ("linear", "logistic")  # baselines that are a model's own, and no rival of all


@dataclass(frozen=True, eq=False)
class Rivals:
    """The losses of every rival, models first, over T common windows of K steps.

    losses: rival -> (T,) mean over a window's steps of absolute errors over MASE's denominator, or of log loss;
    figures: rival -> measure -> mean; stamps: (T,) of the last row that each window knew; overlap: how many
    consecutive windows of a series share rows.
    """

    losses: dict[str, Numbers]
    figures: dict[str, dict[str, float]]
    stamps: Times
    steps: int
    overlap: int

    def ranked(self) -> list[str]:
        """The rivals, the best first."""
        return sorted(self.losses, key=lambda name: self.losses[name].mean())

    def test(self, first: str, second: str) -> Significance:
        """Test whether two rivals differ by more than chance; windows of several series with one stamp count as one."""
        _, place = np.unique(self.stamps, return_inverse=True)
        count = np.bincount(place)
        ours, theirs = (np.bincount(place, self.losses[name]) / count for name in (first, second))
        return diebold_mariano(ours, theirs, self.overlap)


@dataclass(frozen=True, eq=False)
class _Side:
    """A model on its own reading of the file: its panel, its origins that can be judged, and the keys of these."""

    name: str
    model: Model
    panel: Panel
    origins: Integers
    keys: NDArray[np.void]

    def at(self, keys: NDArray[np.void]) -> Integers:
        """The origins that have these keys, in their order."""
        order = np.argsort(self.keys)
        return self.origins[order[np.searchsorted(self.keys[order], keys)]]


def rivals(models: Mapping[str, Model], panels: Mapping[str, Panel], stride: int = 1) -> Rivals:
    """Every model on its panel of one file, at the origins that they have in common, and the first one's baselines.

    stride: of the common origins, every how manieth. Raises DataError where models forecast different things, or where
    no window is unseen by all of them.
    """
    sides = [_side(name, model, panels[name]) for name, model in models.items()]
    _refuse_others(sides)
    keys = reduce(np.intersect1d, [side.keys for side in sides])[:: max(stride, 1)]
    if not len(keys):
        raise DataError(_nothing_common(sides))
    steps = min(side.model.contract.horizon for side in sides)
    truth, scale = _truth(sides, keys, steps), _scale(sides[0], keys)
    found = {side.name: _answer(side, side.model.ensemble, keys, steps) for side in sides}
    found |= {each.name: _answer(sides[0], each, keys, steps) for each in _baselines(sides[0].model)}
    losses = {name: _losses(sides[0], answer, truth, scale) for name, answer in found.items()}
    figures = {name: _figures(answer, truth, losses[name]) for name, answer in found.items()}
    stamps = sides[0].panel.times[sides[0].at(keys) - 1]
    return Rivals(
        {name: np.nanmean(each, axis=0) for name, each in losses.items()},
        figures,
        stamps,
        steps,
        _overlap(sides[0], keys, steps),
    )


def _side(name: str, model: Model, panel: Panel) -> _Side:
    panel = model.contract.marked(panel)
    views = model.windows(panel, model.contract.check(panel))
    _, fresh = seen_and_fresh(panel, views[0], model.seen_until)
    number = np.searchsorted(panel.offsets, fresh, side="right") - 1
    width = max(map(len, panel.ids), default=1) or 1
    keys = np.empty(len(fresh), [("id", f"U{max(width, 64)}"), ("stamp", np.int64)])
    keys["id"] = np.array(panel.ids, dtype=f"U{max(width, 64)}")[number]
    keys["stamp"] = panel.times[fresh - 1].astype(np.int64)
    return _Side(name, model, panel, fresh, keys)


def _refuse_others(sides: Sequence[_Side]) -> None:
    """Raise DataError where models forecast different things."""
    first = sides[0].model.contract
    for side in sides[1:]:
        contract = side.model.contract
        if contract.classes != first.classes:
            raise DataError(
                f"{sides[0].name} and {side.name} forecast different classes, or only one of them numbers"
            )
        if contract.clock.freq != first.clock.freq:
            message = f"{sides[0].name} forecasts rows {first.clock.freq} apart and {side.name} {contract.clock.freq}"
            raise DataError(f"{message}; compare models of the same step")


def _nothing_common(sides: Sequence[_Side]) -> str:
    """Return the reason why there is no window to compare on, with the last row that each model has seen."""
    until = {side.name: side.model.seen_until.max() for side in sides}
    words = "; ".join(f"{name} has seen rows until {_written(sides, stamp)}" for name, stamp in until.items())
    return f"no window of the file is unseen by all models ({words}); give a file with newer rows"


def _written(sides: Sequence[_Side], stamp: np.datetime64) -> str:
    return sides[0].panel.clock.write(np.array([stamp]))[0]


def _ahead(origins: Integers, steps: int) -> Integers:
    """(K, T) rows from each origin on."""
    return np.asarray(origins[None] + np.arange(steps)[:, None])


def _truth(sides: Sequence[_Side], keys: NDArray[np.void], steps: int) -> Numbers:
    """(K, T) what came; raises DataError where models call different values so."""
    found = [side.panel.target[_ahead(side.at(keys), steps)] for side in sides]
    for side, other in zip(sides[1:], found[1:], strict=True):
        if not np.allclose(found[0], other, rtol=1e-9, atol=0, equal_nan=True):
            names = [each.model.contract.target for each in (sides[0], side)]
            message = (
                f"{sides[0].name} forecasts {names[0]!r} and {side.name} {names[1]!r}, whose values differ"
            )
            raise DataError(f"{message}; compare models of the same target")
    return found[0]


def _scale(side: _Side, keys: NDArray[np.void]) -> Numbers:
    """(T,) what errors of each series are divided by, as the first model has it."""
    if not isinstance(side.model.output, NumberOutput):
        return np.ones(len(keys))
    series = side.model.contract.check(side.panel)[_series(side, keys)]
    return side.model.output.units(series)


def _series(side: _Side, keys: NDArray[np.void]) -> Integers:
    return np.searchsorted(side.panel.offsets, side.at(keys), side="right") - 1


def _baselines(model: Model) -> list[Forecaster]:
    """Those that learn nothing from a file."""
    found = model.output.baselines(model.ensemble, model.contract.clock.seasons)
    return [each for each in found if each.name not in LEARNED]


def _answer(side: _Side, forecaster: Forecaster, keys: NDArray[np.void], steps: int) -> Answer:
    """Answer the first steps of each window, in the units of the CSV."""
    model, origins = side.model, side.at(keys)
    views, judged = (
        model.windows(side.panel, model.contract.check(side.panel)),
        model.output.judged(forecaster),
    )
    chunks = [judged.answer(views, chunk).values[:steps] for chunk in views[0].chunks(origins)]
    return Answer(np.concatenate(chunks, axis=2))


def _losses(side: _Side, answer: Answer, truth: Numbers, scale: Numbers) -> Numbers:
    """(K, T) absolute errors over MASE's denominator, or log loss."""
    if side.model.contract.classes:
        return side.model.output.losses(answer, truth, np.zeros(truth.shape[1], np.int64))
    return np.asarray(np.abs(answer.point - truth) / scale)


def _figures(answer: Answer, truth: Numbers, losses: Numbers) -> dict[str, float]:
    """The means over all windows and steps."""
    if answer.values.shape[1] > 1:
        hit = np.where(np.isfinite(truth), answer.values.argmax(axis=1) == truth, np.nan)
        return {"log_loss": float(np.nanmean(losses)), "accuracy": float(np.nanmean(hit))}
    errors = answer.point - truth
    return {
        "mase": float(np.nanmean(losses)),
        "mae": float(np.nanmean(np.abs(errors))),
        "rmse": math.sqrt(float(np.nanmean(errors**2))),
    }


def _overlap(side: _Side, keys: NDArray[np.void], steps: int) -> int:
    """Count the consecutive windows of a series that share rows, as their origins usually lie."""
    origins, series = side.at(keys), _series(side, keys)
    apart = np.diff(origins)[np.diff(series) == 0]
    return max(math.ceil(steps / max(int(np.median(np.abs(apart))), 1)), 1) if len(apart) else 1
