"""An overview of a column: how much is there, how large it is, how strong its seasons are, and what it looks like."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lstmcast.core.panel import Panel
from lstmcast.data.checks.seasons import strengths
from lstmcast.data.checks.tracks import tracks

Bins = list[tuple[float, float] | None]


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
    """What there is to know of a column at a glance."""
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


def outline(panel: Panel, column: int, bins: int) -> Bins:
    """Lowest and highest value of a column in equal stretches of the first series that has any; None where none is
    known."""
    track = next(iter(tracks(panel, column)), None)
    if track is None:
        return [None] * bins
    edges = (np.arange(bins + 1) * track.values.size / bins).astype(np.int64)
    parts = (track.values[start : max(stop, start + 1)] for start, stop in pairwise(edges))
    known = (part[np.isfinite(part)] for part in parts)
    return [(float(part.min()), float(part.max())) if part.size else None for part in known]
