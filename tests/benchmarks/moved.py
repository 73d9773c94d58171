"""A level that moves for good: by how much the mean of each day after it is missed, and who made the forecast.

    python -m tests.benchmarks.moved [FILE TARGET]    # a file whose level is steady; else a made-up load

The model learns all rows but the last DAYS days; from there on the rows are multiplied by each of FACTORS. At every
midnight the next day is forecast. The must: from the second day on the mean is within 10 %.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import Options
from lstmcast.core.panel import Panel
from lstmcast.ingest import Roles, read
from lstmcast.model.model import Model
from lstmcast.pipeline.fit import fit
from tests.panels import cut, load, panel_of, with_target

DAYS, DAY, STEPS = 14, 24, 40
FACTORS = (0.5, 0.7, 0.85, 1.0, 1.15, 1.3, 1.5, 2.0, 3.0, 10.0)
SECOND, MOST = 2, 0.1  # the day from which the mean must be within so much


def grown(panel: Panel, factor: float) -> Panel:
    """The panel with another level in its last days."""
    target = panel.target.copy()
    target[-DAYS * DAY :] *= factor
    return with_target(panel, target)


def by_day(model: Model, panel: Panel, factor: float) -> tuple[NDArray[np.float64], list[str]]:
    """(DAYS,) the share by which the mean of each day is missed, and the maker of each forecast."""
    moved, first = grown(panel, factor), len(panel.times) - DAYS * DAY
    missed, makers = np.zeros(DAYS), []
    for day in range(DAYS):
        stop = first + DAY * day
        said = model.predict(cut(moved, stop))
        came = moved.target[stop : stop + DAY]
        missed[day] = said.point[:DAY].mean() / came.mean() - 1
        makers.append(said.source[0])
    return missed, makers


def main(words: list[str]) -> int:
    """Print the table; return 1 where a must is missed."""
    panel = read(Path(words[0]), Roles(words[1])).panel if words else panel_of(load(2160))
    target = panel.columns[0].name
    taught = cut(panel, len(panel.times) - DAYS * DAY)
    model = fit(taught, Options(target=target, steps=STEPS, horizon=DAY, threads=1))
    shown = (0, 1, *range(SECOND, DAYS, 2))
    print("| times |", " | ".join(f"day {day}" for day in shown), "| made by, from day 2 |")
    print("|---" * (len(shown) + 2) + "|")
    is_met = True
    for factor in FACTORS:
        missed, makers = by_day(model, panel, factor)
        later = dict.fromkeys(makers[SECOND:])
        print(
            f"| {factor:g} |", " | ".join(f"{missed[day]:+.1%}" for day in shown), f"| {', '.join(later)} |"
        )
        is_met &= bool((np.abs(missed[SECOND:]) <= MOST).all())
    return 0 if is_met else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
