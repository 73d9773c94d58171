"""The model that ships once the test rows have judged it: its shares decided again with them, and taught by every row.

The rows that validate and judge are the newest third of a file, and nearest to what comes. None of them has taught the
parts of the verdict's model, so that all of them together say which shares these are to have, and how wide the bands;
then the parts learn from every row. The verdict is of the model before all that.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from lstmcast.data.split import Split
from lstmcast.evaluation.report import NumberReport, Shipped
from lstmcast.evaluation.validation import build_validation
from lstmcast.forecasters.base import FitData, NewRows
from lstmcast.forecasters.ensemble import Ensemble, choose, shares_of
from lstmcast.forecasters.parts import fit_parts
from lstmcast.model.model import Model
from lstmcast.model.output import of_numbers
from lstmcast.pipeline.assembly import (
    calibrated,
    limits_of,
    shipped,
    spoken_limits,
    told_bands,
    with_validation_errors,
)
from lstmcast.pipeline.candidates import TrainedCandidate
from lstmcast.pipeline.task import TrainingTask
from lstmcast.pipeline.usual import is_usual

_OF_PARTS, _REFIT = 1, 2  # what tells their randomness from that of the search and the networks


@dataclass(frozen=True, eq=False)
class Newest:
    """A task in which the rows that judged validate as well, and the winner as all these rows together mix its parts.

    Nothing in the parts of the entry was taught by these rows. moved: blocks as long as the verdict's validation block,
    which end where the rows do.
    """

    task: TrainingTask
    moved: Split
    entry: TrainedCandidate


def decided_again(task: TrainingTask, winner: TrainedCandidate) -> Newest:
    """The winner's parts in the shares that validation and test rows ask for together."""
    blocks, choice, seen = task.blocks, winner.choice, winner.seen
    held_back = Split(blocks.start, blocks.validation, blocks.end, blocks.end)
    validation = build_validation(choice.windows, task.panel, held_back, choice.preparation.scaling)
    network, *others = winner.parts
    ensemble, errors = choose(
        seen.linear_part, network, others, seen.views, validation, task.options.safeguard
    )
    entry = dataclasses.replace(
        winner, choice=dataclasses.replace(choice, validation=validation), ensemble=ensemble, errors=errors
    )
    first = np.maximum(blocks.end - (blocks.test - blocks.validation), blocks.start)
    moved = Split(blocks.start, first, blocks.end, blocks.end)
    return Newest(dataclasses.replace(task, blocks=held_back), moved, entry)


def taught_by_all(newest: Newest) -> Ensemble:
    """The ensemble whose linear maps have learned from every row, and whose parts that keep a state are fitted anew
    with the validation block moved to the end; networks are as they were.

    Windows that the maps miss by far more than others do not teach, unless they are more than half.
    """
    task, seen = newest.task, newest.entry.seen
    windows = newest.entry.choice.windows
    every = windows.usable(task.blocks.origins("all", windows.lookback, windows.horizon))
    teaching = every[is_usual(seen.linear_part, seen.views, every)]
    rng = np.random.default_rng([task.options.seed, _REFIT])
    taught = newest.entry.ensemble.refitted(NewRows(seen.views, teaching, 1.0, rng))
    data = _moved(newest)
    if taught.since() is None or not len(data.validation.origins):
        return taught
    anew = {part.name: part for part in fit_parts(data) if part.since() is not None}
    return taught.mapped(lambda part: anew.get(part.name, part))


def _moved(newest: Newest) -> FitData:
    """Return the data that parts are fitted on with the blocks moved to the end."""
    task, choice, blocks = newest.task, newest.entry.choice, newest.moved
    windows, panel = choice.windows, task.panel
    return FitData(
        panel=panel,
        split=blocks,
        views=newest.entry.seen.views,
        training=windows.usable(blocks.origins("training", windows.lookback, windows.horizon)),
        validation=build_validation(windows, panel, blocks, choice.preparation.scaling),
        seasons=panel.clock.seasons,
        options=task.options,
        rng=np.random.default_rng([task.options.seed, _OF_PARTS]),
    )


def with_every_row(model: Model, newest: Newest, ensemble: Ensemble) -> Model:
    """The verdict's model with an ensemble that every row has taught; its bands are from before it learned them."""
    task, report = newest.task, model.report
    assert isinstance(report, NumberReport)
    intervals, following = calibrated(task, newest.entry)
    limits = limits_of(task.panel, task.blocks, task.options, "all")
    choices = dataclasses.replace(
        report.choices,
        **told_bands(intervals, following),
        limits=spoken_limits(limits, task.options),
        shipped=Shipped(blend=shares_of(ensemble), mase=dict(newest.entry.errors)),
    )
    report = dataclasses.replace(report, choices=choices)
    before = shipped(task, newest.entry, intervals, limits, report)
    before = with_validation_errors(before, task, newest.entry)
    made = shipped(task, dataclasses.replace(newest.entry, ensemble=ensemble), intervals, limits, report)
    preparation = made.preparation.rows.with_days_of(task.panel, task.blocks, "all")
    made = dataclasses.replace(made, preparation=preparation)
    views = made.windows(task.panel, np.arange(len(task.panel.ids)))
    moved = made.ensemble.moved_on(views, task.panel.known_until())
    # MASE is the verdict's, so that later figures can be compared with it.
    output = dataclasses.replace(of_numbers(made.output), mase_scale=of_numbers(model.output).mase_scale)
    return dataclasses.replace(
        made, ensemble=moved, output=output, filling=before.filling, templates=before.templates
    )
