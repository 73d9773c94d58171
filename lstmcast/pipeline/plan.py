"""The plan of a training: all that was understood of a panel and of the task before it starts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstmcast.core.options import Options
from lstmcast.core.panel import Integers, Panel
from lstmcast.data.split import Split
from lstmcast.data.windows import Windows
from lstmcast.evaluation.report import ClassSearch, Search, Start
from lstmcast.training.setup import build_schedule


@dataclass(frozen=True)
class TrainingPlan:
    """All that training understood and chose before it starts; stamps are written as in the file.

    blocks: name -> first and last stamp of the first series; choices: what validation rows decided, by which figures,
    before training; start: what of another model's weights is started from, as Transfer.told gives it;
    holidays: whose days off are known, how many of them training rows teach (where none, they are left out), and
    until when they are known; sampled: on what settings were chosen, empty where that is all rows.
    """

    rows: int
    series: int
    missing: int
    freq: str
    zone: str | None
    seasons: tuple[int, ...]
    lookback: int
    horizon: int
    segment: int
    steps: int
    members: int
    training_windows: int
    blocks: dict[str, tuple[str, str]]
    choices: Search | ClassSearch
    start: Start | None = None
    holidays: tuple[str, int, str] | None = None
    sampled: str = ""


def build_plan(
    panel: Panel,
    blocks: Split,
    windows: Windows,
    training: Integers,
    options: Options,
    choices: Search | ClassSearch,
) -> TrainingPlan:
    """The plan for these blocks and the windows chosen; training: (n,) origins."""
    clock = panel.clock
    return TrainingPlan(
        rows=len(panel.times),
        series=len(panel.ids),
        missing=int(np.isnan(panel.target).sum()),
        freq=clock.freq,
        zone=clock.zone,
        seasons=clock.seasons,
        lookback=windows.lookback,
        horizon=windows.horizon,
        segment=windows.segment,
        steps=build_schedule(training, options).steps,
        members=options.members,
        training_windows=len(training),
        blocks={
            name: _ends(panel, blocks, name)
            for name in ("training", "validation", "test")
            if blocks.slices(name)[0].stop > blocks.slices(name)[0].start
        },
        choices=choices,
    )


def _ends(panel: Panel, blocks: Split, name: str) -> tuple[str, str]:
    """First and last stamp of a block of the first series."""
    rows = blocks.slices(name)[0]
    first, last = panel.clock.write(panel.times[[rows.start, max(rows.stop - 1, rows.start)]])
    return first, last
