"""Two workloads timed in turns in one process, with torch as installed and with torch made strict."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 30)}
MODES = {"installed": {}, "strict": KEEP_MEMORY}
_MARK = "LSTMCAST_BENCHMARK_MODE"


def in_both_modes(script: str, measure: Callable[[], dict[str, Any]]) -> dict[str, dict[str, Any]] | None:
    """Run `script` once a mode in a child; in the child, measure and print JSON and return None."""
    if _MARK in os.environ:
        import torch

        torch.set_num_threads(1)
        torch.set_flush_denormal(os.environ[_MARK] == "strict")
        print(json.dumps(measure()))
        return None
    found = {}
    for mode, extra in MODES.items():
        root = str(Path(__file__).parents[2])
        environment = os.environ | ONE_THREAD | extra | {_MARK: mode, "PYTHONPATH": root}
        run = subprocess.run(
            [sys.executable, script, *sys.argv[1:]], env=environment, stdout=subprocess.PIPE, check=True
        )
        found[mode] = json.loads(run.stdout)
    return found


def ratio(ours: Callable[[], object], theirs: Callable[[], object], seconds: float = 3.0) -> dict[str, float]:
    """Milliseconds a call (process CPU time, medians) and the median ratio of rounds A B A B."""
    for call in (ours, theirs):
        for _ in range(3):
            call()
    repeat = max(1, round(0.05 / max(_seconds(ours, 2), 1e-6)))
    rounds = max(5, round(seconds / max(1e-6, repeat * (_seconds(ours, 2) + _seconds(theirs, 2)))))
    pairs = [(_seconds(ours, repeat), _seconds(theirs, repeat)) for _ in range(min(rounds, 60))]
    return {
        "lstmcast_ms": 1e3 * statistics.median(a for a, _ in pairs),
        "torch_ms": 1e3 * statistics.median(b for _, b in pairs),
        "ratio": statistics.median(a / b for a, b in pairs),
    }


def _seconds(call: Callable[[], object], repeat: int) -> float:
    start = time.process_time()
    for _ in range(repeat):
        call()
    return (time.process_time() - start) / repeat


def page_faults(call: Callable[[], object], repeat: int = 9) -> float:
    """Page faults a call, after warm-up; the median, since a busy machine takes idle pages back now and then."""
    found = []
    for _ in range(repeat):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        call()
        found.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    return statistics.median(found)


def write(name: str, found: dict[str, Any]) -> None:
    """Keep a result as JSON beside the benchmarks."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
