"""Days off that a training did not know of, and what they cost it."""

from __future__ import annotations

import numpy as np

from lstmcast.core.findings import NOTE, Finding, count
from lstmcast.data.days_off import find_days_off
from lstmcast.data.split import Split
from lstmcast.evaluation.validation import build_validation
from lstmcast.pipeline.candidates import TrainedCandidate
from lstmcast.pipeline.task import TrainingTask

FEWEST_DAYS = 2
CLEARLY = 1.5  # so many times the error of other days


def days_off_told(task: TrainingTask, winner: TrainedCandidate) -> Finding | None:
    """A finding where the winner's errors on the days off of a country are clearly above those of other days.

    Judged are validation and test rows, of which none has taught the winner.
    """
    panel, blocks, choice = task.panel, task.blocks, winner.choice
    if task.options.holidays is not None or (found := find_days_off(panel)) is None:
        return None
    held_back = Split(blocks.start, blocks.validation, blocks.end, blocks.end)
    validation = build_validation(choice.windows, panel, held_back, choice.preparation.scaling)
    said, _ = winner.ensemble.point_and_quantiles(winner.seen.views, validation.origins)
    rows = validation.origins[None] + np.arange(len(said))[:, None]
    wall, errors = panel.clock.wall(panel.times[rows.reshape(-1)]), validation.errors(said).reshape(-1)
    off = found.on(wall) & np.isfinite(errors)
    days = len(np.unique(wall[off].astype("datetime64[D]")))
    ratio = float(errors[off].mean() / np.nanmean(errors[~off])) if off.any() else 0.0
    if days < FEWEST_DAYS or not ratio >= CLEARLY:
        return None
    message = (
        f"on {count(days, 'day')} off of {found.whose} among validation and test rows the error is {ratio:.1f} times "
        "that of other days"
    )
    return Finding(NOTE, "days_off", message, f"--holidays {found.name} would teach them")
