"""Accuracy beside published results: python -m tests.benchmarks.accuracy [SET …] [--jobs N] [--show]

Default options through the public API, with the target, known columns, horizon and split of each set's protocol. Data
are looked for in $BENCHMARK_DATA, else in shared/data beside the repository; a set whose data are absent is skipped.
MASE's denominator is the seasonal naive at the main season on the rows before the test block, unless a protocol has
its own. Judged is the model of the verdict, before the last step that would train on the test rows.

First the protocols are proved: forecasters without any choice must give the published figures. They come from a fit
with the plain ridge (no transform, no calendar stage, no network), which also is the column `ridge`. `one map` is one
ridge map with transform, lookback and calendar stage as chosen, windows not divided by their size; `linear` is the
linear forecaster that is part of the model: the mean of maps of several lookbacks, windows sized where that was chosen.
Then each set is fitted, printed and merged into results/accuracy.json. `ratio` is the error over that of the better of
`one map` and the seasonal naives.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from unittest import mock

from lstmcast.core.options import Options
from lstmcast.core.panel import Panel
from lstmcast.data.split import split
from lstmcast.forecasters import averaged_ridge as average
from lstmcast.model.model import Model
from lstmcast.pipeline.fit import Event, TrainingPlan, fit, fitting
from lstmcast.training.loop import Step
from tests.benchmarks.accuracy_judges import Scores
from tests.benchmarks.accuracy_sets import BENCHMARKS, REPOSITORY, AbsentError, Benchmark
from tests.benchmarks.accuracy_table import HEADER, line, summary

RESULTS = Path(__file__).parent / "results" / "accuracy.json"
QUIET_SECONDS = 120
PROGRESS_SECONDS = 30
PLAIN: dict[str, Any] = {"transform": "none", "calendar": "none"}
Ridges = dict[str, float | None]  # `ridge`, `one_map`: their errors


@dataclass
class Fitting:
    """A fit and where its seconds went: selection until the plan, training until the last step, then the verdict."""

    name: str
    phase: str = "selection"
    ends: dict[str, float] = field(default_factory=dict)
    model: Model | None = None

    def run(self, panel: Panel, options: Options) -> Model:
        """Fit to the end, saying now and then on stderr how far it is once it takes long."""
        started, done = time.monotonic(), threading.Event()
        threading.Thread(target=self._talk, args=(started, done), daemon=True).start()
        try:
            for event in fitting(panel, options):
                self._note(event, time.monotonic() - started)
        finally:
            done.set()
        assert self.model is not None
        return self.model

    def seconds(self) -> dict[str, float]:
        """Seconds of each phase."""
        selection, training, verdict = (self.ends[name] for name in ("selection", "training", "verdict"))
        return {"selection": selection, "training": training - selection, "verdict": verdict - training}

    def _note(self, event: Event, seconds: float) -> None:
        if isinstance(event, TrainingPlan):
            self.ends |= {"selection": seconds, "training": seconds}
            self.phase = "training"
        elif isinstance(event, Step):
            self.ends["training"] = seconds
            self.phase = f"step {event.number} of {event.total}"
        elif isinstance(event, Model):
            self.ends["verdict"], self.model = seconds, event

    def _talk(self, started: float, done: threading.Event) -> None:
        pause = QUIET_SECONDS
        while not done.wait(pause):
            pause = PROGRESS_SECONDS
            print(
                f"{self.name}: {time.monotonic() - started:.0f} s, {self.phase}", file=sys.stderr, flush=True
            )


@dataclass(frozen=True)
class Task:
    """One thing to do for a set, in this process or another: `what` is prove or measure."""

    what: str
    name: str
    ridges: Ridges | None = None

    def __call__(self) -> Any:
        benchmark = BENCHMARKS[self.name]
        if self.what == "prove":
            return _linear_scores(benchmark, **PLAIN), _scores_of_one_map(benchmark)
        assert self.ridges is not None
        return _row(benchmark, self.ridges)


def _linear_scores(benchmark: Benchmark, **changes: Any) -> Scores:
    """The naive forecasters and the linear one, without a network."""
    alone: dict[str, Any] = {"safeguard": "linear", "steps": 0, "linear_pair": "no", "window_size": "no"}
    options = dataclasses.replace(benchmark.options(), **alone, **changes)
    panel = benchmark.panel()
    return benchmark.judge(fit(panel, options), panel)


def _scores_of_one_map(benchmark: Benchmark) -> Scores:
    """The same with the best lookback's map instead of the mean of several."""
    with mock.patch.object(average, "PARTS", 1):
        return _linear_scores(benchmark)


def _row(benchmark: Benchmark, ridges: Ridges) -> dict[str, Any]:
    panel, options = benchmark.panel(), benchmark.options()
    run = Fitting(benchmark.name)
    model = run.run(panel, options)
    scores = benchmark.judge(model, panel)
    errors = {name: metrics[benchmark.measure] for name, metrics in scores.items()}
    blocks = split(panel, benchmark.horizon, options.val, options.test)
    return {
        "set": benchmark.name,
        "protocol": benchmark.protocol,
        "measure": benchmark.measure,
        "error": errors["model"],
        "metrics": scores["model"],
        "seconds": sum(run.seconds().values()),
        "seconds_of": run.seconds(),
        "seconds_must": benchmark.seconds[0],
        "seasonal_naive": _best_seasonal_naive(errors),
        "naive": errors["naive"],
        "linear": errors["linear"],
        **ridges,
        "must": benchmark.must,
        "aim": benchmark.aim,
        "published": dict(benchmark.published),
        "validation_horizons": int((blocks.test - blocks.validation).max()) // benchmark.horizon,
        "choices": {name: model.report["choices"][name] for name in ("chosen", "validation_mase", "blend")},
        "best_steps": model.report["choices"]["best_steps"],
        "commit": _commit(),
    }


def _best_seasonal_naive(errors: dict[str, float | None]) -> float:
    """Where there is no season, the naive forecaster is the seasonal naive at lag 1."""
    found = [
        error for name, error in errors.items() if name.startswith("seasonal_naive") and error is not None
    ]
    return min(found, default=errors["naive"] or math.nan)


def _commit() -> str:
    """The commit the package stands at; a plus says that it was changed since."""

    def git(*words: str) -> str:
        run = subprocess.run(["git", *words], cwd=REPOSITORY, capture_output=True, text=True, check=False)
        return run.stdout.strip()

    changed = git("status", "--porcelain", "--", "lstmcast")
    return (git("rev-parse", "--short", "HEAD") or "unknown") + ("+" if changed else "")


Done = tuple[Task, Any, Exception | None]


def _done(task: Task) -> Done:
    try:
        return task, task(), None
    except Exception as error:  # a set that fails must not take the others with it
        if not isinstance(error, AbsentError):
            traceback.print_exc()
        return task, None, error


def _carry_out(tasks: Iterable[Task], jobs: int) -> Iterator[Done]:
    """The tasks with their results, each as soon as it is done."""
    if jobs == 1:
        yield from map(_done, tasks)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for future in as_completed([pool.submit(_done, task) for task in tasks]):
            yield future.result()


def prove(names: list[str], jobs: int) -> tuple[dict[str, Ridges], bool]:
    """The ridges' errors on each set whose data are there, and whether every published figure came out."""
    ridges, holds = {}, True
    for task, found, error in _carry_out([Task("prove", name) for name in names], jobs):
        if error is not None:
            absent = isinstance(error, AbsentError)
            print(f"{task.name}: {'skipped' if absent else 'FAILED'}, {error}", flush=True)
            holds &= absent
            continue
        benchmark = BENCHMARKS[task.name]
        plain, chosen = (scores["linear"][benchmark.measure] for scores in found)
        ridges[task.name] = {"ridge": plain, "one_map": chosen}
        holds &= _say_proofs(benchmark, found[0])
    return ridges, holds


def _say_proofs(benchmark: Benchmark, scores: Scores) -> bool:
    holds = True
    for proof in benchmark.proofs:
        found = scores[proof.forecaster][proof.measure] or 0.0
        good = proof.holds(found)
        name = "our ridge" if proof.forecaster == "linear" else proof.forecaster
        rule = "" if proof.within is None else f" within {proof.within:.0%} of NLinear"
        print(
            f"protocol: {benchmark.name} {name} {proof.measure} {found:.4f}, "
            f"published {proof.printed}{rule}: {'ok' if good else 'FAILED'}",
            flush=True,
        )
        holds &= good
    return holds


def measure(ridges: dict[str, Ridges], jobs: int) -> bool:
    """Fit every set, print and keep its row; False when one failed."""
    tasks = [Task("measure", name, found) for name, found in ridges.items()]
    print(HEADER, flush=True)
    good = True
    for task, row, error in _carry_out(tasks, jobs):
        if error is None:
            print(line(row), flush=True)
            _merge(row)
        else:
            print(f"{task.name}: FAILED, {error}", flush=True)
            good = False
    return good


def stored_rows() -> list[dict[str, Any]]:
    """The rows of accuracy.json, in the order of the sets."""
    if not RESULTS.exists():
        return []
    found = {row["set"]: row for row in json.loads(RESULTS.read_text())["rows"]}
    return [found[name] for name in BENCHMARKS if name in found]


def _merge(row: dict[str, Any]) -> None:
    rows = {other["set"]: other for other in stored_rows()} | {row["set"]: row}
    ordered = [_rounded(rows[name]) for name in BENCHMARKS if name in rows]
    RESULTS.parent.mkdir(exist_ok=True)
    part = RESULTS.with_suffix(".part")
    part.write_text(json.dumps({"rows": ordered}, indent=1) + "\n")
    os.replace(part, RESULTS)


def _rounded(value: Any) -> Any:
    """Six significant digits are enough for people and for diffs."""
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def main() -> int:
    """Prove, measure, sum up; 1 when a proof or a set failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"of {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument(
        "--jobs", type=int, default=1, help="sets at a time; more than one spoils the seconds"
    )
    parser.add_argument("--show", action="store_true", help="print the stored rows and run nothing")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.sets if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no set {unknown[0]!r}; the sets are {', '.join(BENCHMARKS)}")
    names = arguments.sets or list(BENCHMARKS)
    if arguments.show:
        rows = [row for row in stored_rows() if row["set"] in names]
        print("\n".join([HEADER, *map(line, rows), *(summary(rows) if rows else [])]))
        return 0
    ridges, holds = prove(names, arguments.jobs)
    good = measure(ridges, arguments.jobs)
    rows = [row for row in stored_rows() if row["set"] in ridges]
    print("\n".join(summary(rows) if rows else []))
    return 0 if holds and good else 1


if __name__ == "__main__":
    sys.exit(main())
