"""A model refreshed every week for a year beside the same model trained once: python -m tests.benchmarks.refresh

The half-hourly demand of Victoria in 2014 (`elecdemand`, the target alone, and with its known columns): a model is
trained on the first ten weeks and keeps to its default choices. From then on, week by week, the one trained once and
the refreshed one forecast the coming week from every row, before the refresh may see it; what is reported is the mean
over the year. Each refresh trains a challenger on the rows up to the newest half week, judges both on that half week,
and replaces the champion only where it is better. One process, one thread. Results: results/refresh.json.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from lstmcast.core.options import Options
from lstmcast.core.panel import Panel
from lstmcast.model.model import Model
from lstmcast.pipeline.fit import fit
from lstmcast.pipeline.refresh import Outcome, refreshing
from tests.benchmarks.accuracy_sets import BENCHMARKS

RESULTS = Path(__file__).parent / "results" / "refresh.json"
WEEK = 336
FIRST_WEEKS = 10


def without_columns(panel: Panel) -> Panel:
    """The target alone."""
    return dataclasses.replace(panel, values=panel.values[:, :1].copy(), columns=panel.columns[:1])


def until(panel: Panel, stop: int) -> Panel:
    """The rows before `stop`."""
    return panel.take(panel.offsets[:-1], np.array([stop]))


def week_of(model: Model, panel: Panel, stop: int) -> dict[str, Any]:
    """The figures of all forecasts of a day that lie in the week from row `stop` on."""
    origins = np.arange(stop, stop + WEEK - model.contract.horizon + 1)
    report = model.judge(until(panel, stop + WEEK), origins)["test"]
    return {name: report["model"][name] for name in ("mae", "mase", "coverage_80")} | {
        "seasonal_naive": report["seasonal_naive_336"]["mase"]
    }


def refreshed(model: Model, panel: Panel, stop: int) -> tuple[Model, dict[str, Any]]:
    """The model after one refresh with the rows before `stop`, and what its judging rows said."""
    started = time.process_time()
    *_, outcome = refreshing(model, until(panel, stop), threads=1)
    assert isinstance(outcome, Outcome)
    errors = {name: getattr(outcome, name)["test"]["model"]["mase"] for name in ("champion", "challenger")}
    shipped = min(errors.values()) if outcome.is_better else errors["champion"]
    judged = errors | {"shipped": shipped, "seconds": time.process_time() - started}
    return outcome.model if outcome.is_better else model, judged


def run(panel: Panel, options: Options) -> dict[str, Any]:
    """The year of one setting."""
    once = fit(until(panel, FIRST_WEEKS * WEEK), options)
    current, weeks, judged = once, [], []
    for stop in range(FIRST_WEEKS * WEEK, len(panel.times) - WEEK + 1, WEEK):
        if stop > FIRST_WEEKS * WEEK:
            current, said = refreshed(current, panel, stop)
            judged.append(said)
        weeks.append({"once": week_of(once, panel, stop), "refreshed": week_of(current, panel, stop)})
        print(f"week {stop // WEEK}: {line(weeks[-1], judged[-1:])}", flush=True)
    return {
        "weeks": len(weeks),
        "replaced": sum(said["shipped"] < said["champion"] for said in judged),
        "refreshes": len(judged),
        "worse_than_champion": sum(said["shipped"] > said["champion"] for said in judged),
        "seconds_of_a_refresh": float(np.median([said["seconds"] for said in judged])),
        **{name: _means(weeks, name) for name in ("once", "refreshed")},
        "weeks_better": sum(week["refreshed"]["mase"] < week["once"]["mase"] for week in weeks),
        "judged": judged,
        "by_week": weeks,
    }


def line(week: dict[str, Any], judged: list[dict[str, Any]]) -> str:
    """A week in a line."""
    words = [f"{name} {week[name]['mase']:.3f}" for name in ("once", "refreshed")]
    words += [f"judged {s['champion']:.3f} {s['challenger']:.3f}, {s['seconds']:.1f} s" for s in judged]
    return ", ".join(words)


def _means(weeks: list[dict[str, Any]], name: str) -> dict[str, float]:
    return {measure: float(np.mean([week[name][measure] for week in weeks])) for measure in weeks[0][name]}


def main() -> None:
    """Run the settings, print them, and keep them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--weeks", type=int, help="stop after this many weeks, and keep nothing")
    parser.add_argument(
        "--set", choices=("target", "known"), help="only one of the settings, and keep nothing"
    )
    arguments = parser.parse_args()
    benchmark = BENCHMARKS["elecdemand"]
    panel, results = benchmark.panel(), {}
    if arguments.weeks:
        panel = until(panel, (FIRST_WEEKS + arguments.weeks) * WEEK)
    for name, own, known in (("target", without_columns(panel), ()), ("known", panel, benchmark.known)):
        if arguments.set in (None, name):
            results[name] = run(own, Options(known=known, horizon=benchmark.horizon, threads=1))
            print(
                name, {key: value for key, value in results[name].items() if key not in ("judged", "by_week")}
            )
    if arguments.weeks is None and arguments.set is None:
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
