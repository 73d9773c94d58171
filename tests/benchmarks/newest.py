"""What learning the newest rows is worth: python -m tests.benchmarks.newest [SET …]

Each set is trained as a user would, default blocks and all, on the rows before the test block of `accuracy`; then both
the verdict's model (`--no-final`) and what ships forecast from origins within that block, of which neither has seen a
row. Printed are MASE, coverage and Winkler score (over MASE's denominator) of the 80 % band, and CPU seconds.
"""

from __future__ import annotations

import argparse
import dataclasses
import time

import numpy as np

from lstmcast.core.panel import Panel
from lstmcast.data.split import split
from lstmcast.evaluation.metrics import winkler
from lstmcast.evaluation.validation import scales, spaced
from lstmcast.model.model import Model
from lstmcast.pipeline.fit import fit
from tests.benchmarks.accuracy_sets import BENCHMARKS, AbsentError, Benchmark

SETS = ("victoria", "taylor", "ercot", "bike", "elecdemand", "seattle")
LEVEL = 80


def cut(benchmark: Benchmark, panel: Panel) -> Panel:
    """The panel without a target in the test block; what is known ahead stays."""
    values = panel.values.copy()
    for rows in split(panel, benchmark.horizon, None, benchmark.test).slices("test"):
        values[rows, 0] = np.nan
    return dataclasses.replace(panel, values=values)


def figures(benchmark: Benchmark, panel: Panel, model: Model) -> tuple[float, float, float]:
    """MASE, coverage and Winkler score over the test block."""
    blocks = split(panel, benchmark.horizon, None, benchmark.test)
    views = model.windows(panel, np.arange(len(panel.ids)))
    windows = views[0]
    origins = spaced(windows.usable(blocks.origins("test", windows.lookback, windows.horizon)))
    answer, actual = model.answer(views, origins, (LEVEL,)), windows.ahead(panel.target, origins)
    scale = scales(panel, blocks, "before_test")[windows.table.series[origins]]
    low, high = answer.bands[LEVEL]
    held = ((actual >= low) & (actual <= high))[np.isfinite(actual)]
    error = np.nanmean(np.abs(answer.point - actual) / scale)
    return float(error), float(held.mean()), float(np.nanmean(winkler(actual, (low, high), LEVEL) / scale))


def measure(name: str) -> None:
    """Train a set both ways, and print what each says of the rows that come after."""
    benchmark = BENCHMARKS[name]
    panel = benchmark.panel()
    known = cut(benchmark, panel)
    options = dataclasses.replace(benchmark.options(), val=None, test=None, threads=1)
    for label, final in (("verdict's", False), ("ships", True)):
        started = time.process_time()
        model = fit(known, dataclasses.replace(options, final=final))
        seconds = time.process_time() - started
        mase, held, score = figures(benchmark, panel, model)
        print(
            f"{name:12} {label:10} MASE {mase:.4f}, {held:.1%} held, Winkler {score:.3f}, {seconds:.1f} s",
            flush=True,
        )


def main() -> None:
    """Measure the sets that are named, or SETS."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"default: {', '.join(SETS)}")
    for name in parser.parse_args().sets or SETS:
        try:
            measure(name)
        except AbsentError as error:
            print(f"{name}: skipped, {error}", flush=True)


if __name__ == "__main__":
    main()
