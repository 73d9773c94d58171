"""Time and peak memory as rows, series and look-back grow: python -m tests.benchmarks.scale [--largest]

Hourly rows (10^7 of them would leave the calendar: ten minutes) with seasons of 24 and 168 rows. Each shape is read
from a CSV and trained 100 steps (in one process), then read, forecast and, up to 10^5 rows, evaluated at every origin
(in another); options not named are the defaults, the network ships and the last
training is off. Seconds are CPU; MB are the peak of the process that trained above what it had before it read.
--largest adds 10^7 rows, which takes some minutes and 8 GB. Writes results/scale.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.beside_torch import ONE_THREAD, write

REPOSITORY = Path(__file__).resolve().parents[2]
HORIZON, STEPS = 24, 100
MOST_EVALUATED = 100_000
LONGEST = 1_800


@dataclass(frozen=True)
class Shape:
    """What a file and a training on it are made of."""

    rows: int
    series: int
    lookback: int


ROWS = [Shape(10**power, 1, 168) for power in range(4, 7)]
SERIES = [Shape(200 * 10**power, 10**power, 24) for power in range(5)]
LOOKBACKS = [Shape(100_000, 1, lookback) for lookback in (24, 168, 504, 1_008)]
LARGEST = Shape(10**7, 1, 168)


def write_file(shape: Shape, file: Path) -> None:
    """Rows of all series, one after the other."""
    length = shape.rows // shape.series
    step = np.timedelta64(60 if length <= 10**6 else 10, "m")
    stamps = np.datetime64("1900-01-01T00:00:00") + np.arange(length) * step
    text = np.datetime_as_string(stamps, unit="s").tolist()
    day = np.sin(2 * np.pi * np.arange(length) / 24)
    rng = np.random.default_rng(0)
    with file.open("w", encoding="utf-8") as stream:
        stream.write("id,time,y\n")
        for number in range(shape.series):
            values = (100 + 10 * day + rng.normal(size=length)).round(2).tolist()
            stream.writelines(f"s{number},{a},{b}\n" for a, b in zip(text, values, strict=True))


def child(what: str, shape: Shape, file: str, model_file: str) -> dict[str, float]:
    """One process: read, then train and save, or load, predict and evaluate."""
    from lstmcast import Options, Roles, fit, load, read, save

    roles, found = Roles("y", "time", "id", (), ()), {"before_mb": peak_mb()}
    reading = timed(found, "read", lambda: read(file, roles, seasons=(24, 168)))
    panel = reading.panel
    if what == "train":
        sizes = {"horizon": HORIZON, "lookback": shape.lookback, "steps": STEPS}
        options = Options(id="id", **sizes, safeguard="network", final=False)
        save(timed(found, "train", lambda: fit(panel, options, "time")), model_file)
        return found | {"file_mb": os.path.getsize(model_file) / 1e6}
    model = load(model_file)
    timed(found, "predict", lambda: model.predict(panel))
    if shape.rows <= MOST_EVALUATED:
        report = timed(found, "evaluate", lambda: model.evaluate(panel))
        found["origins"] = report["windows"] + report.get("seen", {}).get("windows", 0)
    return found


def timed(found: dict[str, float], name: str, work: Callable[[], Any]) -> Any:
    """Do it, and note its CPU seconds and the peak of the process up to its end."""
    started = time.process_time()
    result = work()
    found |= {f"{name}_s": time.process_time() - started, f"{name}_mb": peak_mb()}
    return result


def peak_mb() -> float:
    """The most memory that this process has had; ru_maxrss would count that of the process it was started from."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def measure(shape: Shape) -> dict[str, Any]:
    """The figures of one shape, from two processes."""
    found: dict[str, Any] = {"rows": shape.rows, "series": shape.series, "lookback": shape.lookback}
    with tempfile.TemporaryDirectory() as folder:
        file, model = Path(folder) / "data.csv", Path(folder) / "model.pkl"
        write_file(shape, file)
        for what in ("train", "predict"):
            words = [what, str(shape.rows), str(shape.series), str(shape.lookback), str(file), str(model)]
            command = [sys.executable, "-m", "tests.benchmarks.scale", "--child", *words]
            environment = os.environ | ONE_THREAD | {"PYTHONPATH": str(REPOSITORY)}
            run = subprocess.run(
                command, env=environment, stdout=subprocess.PIPE, timeout=LONGEST, check=False, cwd=REPOSITORY
            )
            if run.returncode:
                return found | {"failed": what}
            found[what] = json.loads(run.stdout)
    return found


HEADER = "    rows  series  lookback   read s  train s  predict s  evaluate s (origins)      MB  of reading  file MB"


def line(found: dict[str, Any]) -> str:
    """One row of the table."""
    start = f"{found['rows']:8d} {found['series']:7d} {found['lookback']:9d}"
    if "failed" in found:
        return f"{start}   failed: {found['failed']}"
    train, predict = found["train"], found["predict"]
    evaluated = f"{predict['evaluate_s']:.1f} ({predict['origins']:,})" if "evaluate_s" in predict else "-"
    return (
        f"{start} {train['read_s']:8.2f} {train['train_s']:8.2f} {predict['predict_s']:10.2f} {evaluated:>21} "
        f"{train['train_mb'] - train['before_mb']:7.0f} {train['read_mb'] - train['before_mb']:11.0f} "
        f"{train['file_mb']:8.2f}"
    )


def growth(name: str, rows: list[dict[str, Any]]) -> str:
    """How much each figure grew from the second to last shape to the last: 10 is proportional to ten times the rows."""
    whole = [found for found in rows if "failed" not in found]
    if len(whole) < 2:
        return ""
    (a, b), parts = whole[-2:], []
    for stage, key in (("train", "read_s"), ("train", "train_s"), ("predict", "predict_s")):
        parts.append(f"{key.removesuffix('_s')} x {b[stage][key] / a[stage][key]:.1f}")
    memory = [found["train"]["train_mb"] - found["train"]["before_mb"] for found in (a, b)]
    return f"{name} x {b[name] / a[name]:g}: {', '.join(parts)}, memory x {memory[1] / max(memory[0], 1):.1f}"


def main() -> None:
    """Print the table and write results/scale.json."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--largest", action="store_true", help="10^7 rows too")
    parser.add_argument("--child", nargs=6, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        what, rows, series, lookback, file, model = given.child
        print(json.dumps(child(what, Shape(int(rows), int(series), int(lookback)), file, model)))
        return
    found: dict[str, list[dict[str, Any]]] = {}
    print(HEADER)
    for name, shapes in (
        ("rows", [*ROWS, *([LARGEST] if given.largest else [])]),
        ("series", SERIES),
        ("lookback", LOOKBACKS),
    ):
        found[name] = []
        for shape in shapes:
            found[name].append(measure(shape))
            print(line(found[name][-1]), flush=True)
            write("scale", found)
        print(growth(name, found[name]))


if __name__ == "__main__":
    main()
