"""The choice where horizons are few but windows are many: the linear forecaster, the bank, or their mean.

A mean that gains nothing is not worth its risk: the bank is fitted anew at every forecast and follows a level that has
moved, the linear forecaster is not and does not.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from lstmcast.data.split import Split
from lstmcast.evaluation.validation import Validation, build_validation
from lstmcast.forecasters.base import NewRows, Part, Views, point
from lstmcast.forecasters.ensemble import Ensemble, says_own_edges
from lstmcast.forecasters.fold_weights import MOST_FOLDS
from lstmcast.forecasters.intervals import Intervals, spread_intervals
from lstmcast.forecasters.local import BANK, Local, MemberWeights, ask, sizes_of
from lstmcast.forecasters.spread_bands import SpreadBands, bands_of_one, bands_of_panel
from lstmcast.pipeline.assembly import calibrated
from lstmcast.pipeline.candidates import TrainedCandidate
from lstmcast.pipeline.task import TrainingTask
from lstmcast.pipeline.usual import is_usual
from lstmcast.pipeline.views import LinearViews, seen_by

Numbers = NDArray[np.float64]

FEWEST_HORIZONS = 6  # in validation and test together
CLEARLY = 0.05
MEAN_GAIN = 0.01
_REFIT = 2  # what tells its randomness from that of the search, the networks and the parts


def has_enough(task: TrainingTask) -> bool:
    """Return whether both can be compared: enough horizons, and rows of a day or less or without a calendar."""
    blocks, clock = task.blocks, task.panel.clock
    rows = (blocks.test - blocks.validation) // task.horizon + (blocks.end - blocks.test) // task.horizon
    return int(rows.max(initial=0)) >= FEWEST_HORIZONS and (clock.step is not None or clock.is_daily)


def either(task: TrainingTask, linear: LinearViews) -> TrainedCandidate:
    """One of the two or their mean, as validation rows say."""
    choice, seen = linear.first, seen_by(linear.first, linear)
    bank = Local(MemberWeights(1.0), sizes_of(task.panel.clock), name=BANK)
    validation = _thinned(choice.validation)
    ensemble, errors = _chosen(seen.linear_part, bank, seen.views, validation)
    shipped = validation.error(point(ensemble.predict(seen.views, validation.origins)))
    return TrainedCandidate(choice, seen, [], (), ensemble, errors | {"model": shipped})


def with_all_rows(task: TrainingTask, entry: TrainedCandidate) -> TrainedCandidate:
    """The entry once the test rows have judged it: decided again with them, and the linear maps taught by all rows.

    Windows that the maps miss by far more than others do not teach, unless they are more than half: a level that has
    moved for good moves the maps, one that moves back does not.
    """
    seen, blocks, windows = entry.seen, task.blocks, entry.choice.windows
    bank = Local(MemberWeights(1.0), sizes_of(task.panel.clock), name=BANK)
    held_back = Split(blocks.start, blocks.validation, blocks.end, blocks.end)
    validation = _thinned(build_validation(windows, task.panel, held_back, entry.choice.preparation.scaling))
    ensemble, errors = _chosen(seen.linear_part, bank, seen.views, validation)
    every = windows.usable(blocks.origins("all", windows.lookback, windows.horizon))
    teaching = every[is_usual(seen.linear_part, seen.views, every)]
    rng = np.random.default_rng([task.options.seed, _REFIT])
    taught = ensemble.refitted(NewRows(seen.views, teaching, 1.0, rng))
    return dataclasses.replace(entry, ensemble=taught, errors=entry.errors | errors)


def calibrate_bands(task: TrainingTask, entry: TrainedCandidate, last: TrainedCandidate) -> Intervals:
    """The bands of the last entry: those of the linear forecaster are calibrated before it was taught the rows that
    they are calibrated on."""
    if says_own_edges(last.ensemble):
        return spread_intervals()
    return calibrated(task, dataclasses.replace(entry, ensemble=Ensemble(((1.0, entry.seen.linear_part),))))[
        0
    ]


def _chosen(
    linear: Part, bank: Local, views: Views, validation: Validation
) -> tuple[Ensemble, dict[str, float]]:
    """Return what ships, with its bands, and the errors (MASE) that decided it."""
    parts: list[Part] = [linear, bank]
    answers = [point(part.predict(views, validation.origins)) for part in parts]
    errors = [validation.error(answer) for answer in answers]
    weights = _weights(errors[0], errors[1], validation.error((answers[0] + answers[1]) / 2))
    bank = dataclasses.replace(
        bank, bands=_bands(bank, views, validation, weights[0] * answers[0] + weights[1] * answers[1])
    )
    named = dict(zip((linear.name, bank.name), errors, strict=True))
    return Ensemble(((weights[0], linear), (weights[1], bank))[: 2 if weights[1] else 1]), named


def _weights(linear: float, bank: float, mean: float) -> tuple[float, float]:
    """All for the linear forecaster where it is CLEARLY better; for the bank, unless the mean gains MEAN_GAIN on it."""
    if linear < (1 - CLEARLY) * bank:
        return 1.0, 0.0
    is_mean = bank > (1 - CLEARLY) * linear and mean < (1 - MEAN_GAIN) * bank
    return (0.5, 0.5) if is_mean else (0.0, 1.0)


def _thinned(validation: Validation) -> Validation:
    """Keep origins half a horizon apart, the last one among them; those of several series are apart already."""
    step = max(len(validation.actual) // 2, 1) if len(np.unique(validation.series)) == 1 else 1
    kept = np.arange(len(validation.origins) - 1, -1, -step)[::-1]
    return dataclasses.replace(
        validation,
        origins=validation.origins[kept],
        series=validation.series[kept],
        actual=validation.actual[:, kept],
        scale=validation.scale[kept],
    )


def _bands(bank: Local, views: Views, validation: Validation, said: Numbers) -> SpreadBands:
    """From the errors of what ships on horizons that do not overlap, in the bank's standard deviations."""
    windows = views[bank.view]
    places = np.arange(len(validation.origins))
    horizons = places[::-2][:MOST_FOLDS] if len(np.unique(validation.series)) == 1 else places
    origins = validation.origins[horizons]
    answers = ask(windows, origins, bank.sizes)
    spread = np.sqrt(answers.mixed(bank.weights).variance)
    errors = validation.scaling.undo(said, validation.series)[:, horizons] - validation.actual[:, horizons]
    if len(np.unique(validation.series)) == 1:
        return bands_of_one(errors, spread)
    folds = min(
        max(int(np.ptp(validation.origins[validation.series == validation.series[0]])) // len(said), 1),
        MOST_FOLDS,
    )
    return bands_of_panel(errors, spread, answers.rows, folds)
