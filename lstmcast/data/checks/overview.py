"""An overview of a column: how much is there, how large it is, and how strong its seasons are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstmcast.core.panel import Panel
from lstmcast.data.checks.seasons import strengths
from lstmcast.data.checks.tracks import tracks


@dataclass(frozen=True)
class Overview:
    """A column over all series: lowest, median and highest of its known values (None without any, and of classes), the
    share of rows that are missing (absent ones included), and, of numbers, the strength of each season that shows at
    least three times."""

    name: str
    role: str
    missing: float
    lowest: float | None
    median: float | None
    highest: float | None
    seasons: dict[int, float]


@np.errstate(all="ignore")
def overview(panel: Panel, column: int) -> Overview:
    """Return what there is to know of a column at a glance."""
    seen = list(tracks(panel, column))
    values = np.concatenate([track.values for track in seen]) if seen else np.empty(0)
    known = values[np.isfinite(values)]
    is_number = not (column == 0 and panel.classes)
    sizes = (
        (known.min(), 2 * np.median(known / 2), known.max())
        if known.size and is_number
        else (None, None, None)
    )
    lowest, median, highest = (None if size is None else float(size) for size in sizes)
    missing = 1.0 - known.size / values.size if values.size else 1.0
    strong = strengths([track.values for track in seen], panel.clock.seasons) if is_number else {}
    about = panel.columns[column]
    return Overview(about.name, about.role, missing, lowest, median, highest, strong)
