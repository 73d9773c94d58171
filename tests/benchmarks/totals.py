"""How totals and peaks of whole horizons hold, beside single rows, on rows that the model has not seen.

    python -m tests.benchmarks.totals [SET …]    # all sets, or some of SETS

Every set is trained without a last round; each disjoint horizon of its test rows is forecast once. Printed are the
coverage of rows, totals and peaks (nominal 80 %), and the width of totals over that of summed edges.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lstmcast.core.options import Options
from lstmcast.core.panel import Clock, Panel
from lstmcast.forecasters.paths import LEVEL, band_of, laid
from lstmcast.ingest import Roles, read
from lstmcast.model.model import Model
from lstmcast.model.output import of_numbers
from lstmcast.pipeline.fit import fit
from tests.command_line import SAMPLES
from tests.panels import panel_of

STEPS = 300


def from_file(path: Path, target: str) -> Panel:
    """The panel of a file."""
    return read(path, Roles(target)).panel


def autoregression() -> Panel:
    """Hourly rows of an autoregression of the first order."""
    rng, rows = np.random.default_rng(0), 6000
    noise = np.zeros(rows)
    for row in range(1, rows):
        noise[row] = 0.9 * noise[row - 1] + rng.normal()
    return panel_of(
        100 + 10 * np.sin(2 * np.pi * np.arange(rows) / 24) + noise, clock=Clock("h", seasons=(24,))
    )


def counts() -> Panel:
    """Hourly counts with a day in them."""
    rng, hours = np.random.default_rng(1), np.arange(6000)
    rate = np.exp(0.5 + np.sin(2 * np.pi * hours / 24))
    return panel_of(rng.poisson(rate).astype(float), clock=Clock("h", seasons=(24,)))


SETS: dict[str, Callable[[], Panel]] = {
    "ar": autoregression,
    "counts": counts,
    "victoria": lambda: from_file(SAMPLES / "victoria_load.csv", "load"),
    "co2": lambda: from_file(SAMPLES / "co2.csv", "co2"),
    "seattle": lambda: from_file(SAMPLES / "seattle_weather.csv", "temp_max"),
}


def judged(model: Model, panel: Panel) -> tuple[int, list[float]]:
    """Horizons, and in percent: rows, totals and peaks covered, and the width of totals over that of summed edges."""
    templates, output, horizon = model.templates, of_numbers(model.output), model.contract.horizon
    assert templates is not None
    views = model.windows(panel, np.array([0]))
    first = int(np.searchsorted(panel.times, model.seen_until[0], side="right"))
    origins = views[0].usable(
        np.arange(max(first, model.contract.lookback), len(panel.times) - horizon, horizon)
    )
    said = output.answer(model.ensemble, views, origins, (LEVEL,))
    lower, upper = said.bands[LEVEL]
    actual = views[0].ahead(panel.target, origins)
    units, which = templates.mirrored(0, horizon), np.zeros(horizon, dtype=np.int64)
    rows, totals, peaks, widths = [], [], [], []
    for place in range(len(origins)):
        point, low, high = (each[:, place] for each in (said.point, lower, upper))
        paths = output.limited(output.scaling.undo(laid(point, point - low, high - point, units), which))
        edges = [output.limited(output.scaling.undo(edge, which)) for edge in (low, high)]
        came = actual[:, place]
        if not np.isfinite(came).all():
            continue
        rows += ((came >= edges[0]) & (came <= edges[1])).tolist()
        _, below, above = band_of(paths.sum(axis=1), LEVEL, templates.total)
        totals.append(below <= came.sum() <= above)
        widths.append(float((above - below) / (edges[1] - edges[0]).sum()))
        _, below, above = band_of(paths.max(axis=1), LEVEL, templates.peak)
        peaks.append(below <= came.max() <= above)
    return len(totals), [100 * float(np.mean(found)) for found in (rows, totals, peaks, widths)]


def main(names: list[str]) -> None:
    """Print a line for each set."""
    print("set, horizons, rows in band, totals in band, peaks in band, width of totals over summed edges (%)")
    for name in names or list(SETS):
        panel = SETS[name]()
        model = fit(panel, Options(target="load", final=False, steps=STEPS, threads=1))
        horizons, figures = judged(model, panel)
        print(name, horizons, *(f"{figure:.1f}" for figure in figures), sep=", ", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
