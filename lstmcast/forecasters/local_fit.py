"""The bank of exponential smoothing as one candidate more, where there are horizons enough to choose by."""

from __future__ import annotations

from lstmcast.data.horizons import horizons_to_choose_by
from lstmcast.forecasters.base import FitData
from lstmcast.forecasters.local import BANK, Local, MemberWeights, sizes_of

FEWEST_HORIZONS = 8
LONGEST_SEASON = 24  # rows; of longer ones every window would take too long
MOST_JUDGED = 3_000  # rows of test blocks, each of which is forecast from


def fit_bank(data: FitData) -> list[Local]:
    """The bank, fitted on the last rows before each window; nothing where that takes too long, or horizons are few.

    It says a point and no edges: bands come from validation rows.
    """
    clock, blocks = data.panel.clock, data.split
    is_slow_clock = clock.step is None or clock.is_daily
    judged = int((blocks.end - blocks.test).sum())
    if not is_slow_clock or clock.season > LONGEST_SEASON or judged > MOST_JUDGED:
        return []
    if horizons_to_choose_by(data.panel, blocks, data.views[0].horizon) < FEWEST_HORIZONS:
        return []
    return [Local(MemberWeights(1.0), sizes_of(clock), None, name=BANK)]
