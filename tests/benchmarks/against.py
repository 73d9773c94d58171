"""Time to accuracy beside neuralforecast's LSTM and NHITS: python -m tests.benchmarks.against [SET …] [--env FOLDER]

Each is one whole process, one after the other, free to use every core: `lstmcast train` with the horizon and the split
of the set and defaults for the rest (its last training, on the test rows too, included), and neuralforecast at its
defaults on the same rows with the same known columns. All forecast at every origin of the test block; MASE is scaled
alike. NHITS, which has no default for it, looks back as far as lstmcast chose to.

neuralforecast has an environment of its own, in FOLDER (made by pip when there is none, torch first). A run that takes
longer than 20 minutes is stopped and reported as such. Sets: victoria taylor elecdemand; results/against.json.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lstmcast.core.panel import Panel
from lstmcast.data.split import split
from tests.benchmarks.accuracy_sets import BENCHMARKS, REPOSITORY, AbsentError, Benchmark
from tests.benchmarks.beside_torch import RESULTS, write

SETS = ("victoria", "taylor", "elecdemand")
RIVALS = ("LSTM", "NHITS")
LONGEST = 20 * 60
PACKAGES = ("torch==2.13.0", "neuralforecast")  # in this order, so that pip takes the torch we name
CHILD = Path(__file__).with_name("against_neuralforecast.py")
ENVIRONMENT = Path(tempfile.gettempdir()) / "lstmcast-against"


def timed(command: Sequence[str], folder: Path) -> tuple[dict[str, Any], str]:
    """Wall and CPU seconds of a whole process, what became of it, and its stdout."""
    out = folder / "stdout"
    with out.open("w") as stdout, (folder / "stderr").open("w") as stderr:
        started = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, stdout=stdout, stderr=stderr, env=_environment())
        used, ended = _wait(process, started)
    seconds = {"wall_s": time.monotonic() - started, "cpu_s": used.ru_utime + used.ru_stime}
    if ended == "failed":
        sys.stderr.write((folder / "stderr").read_text()[-2000:])
    return seconds | {"ended": ended}, out.read_text()


def _wait(process: subprocess.Popen[bytes], started: float) -> tuple[Any, str]:
    """The resources of a process once it has ended, by itself or because it took too long."""
    ended = "done"
    while True:
        number, status, used = os.wait4(process.pid, os.WNOHANG)
        if number:
            process.returncode = os.waitstatus_to_exitcode(status)
            return used, ended if ended == "stopped" or not process.returncode else "failed"
        if time.monotonic() - started > LONGEST and ended == "done":
            ended = "stopped"
            process.kill()
        time.sleep(0.05)


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(REPOSITORY)}


def write_csv(panel: Panel, file: Path) -> None:
    """A single series as a CSV: time, y and its known columns."""
    with file.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["time", "y", *(column.name for column in panel.columns[1:])])
        for stamp, values in zip(panel.clock.write(panel.times), panel.values.tolist(), strict=True):
            rows.writerow([stamp, *values])


def ours(benchmark: Benchmark, file: Path, val: int, test: int) -> tuple[dict[str, Any], float, int]:
    """Our row; what one unit of MASE is, and the look-back that was chosen."""
    command = [sys.executable, "-m", "lstmcast", "train", str(file), "--target", "y", "--json"]
    command += ["--horizon", str(benchmark.horizon), "--val", str(val), "--test", str(test)]
    if benchmark.known:
        command += ["--known", ",".join(benchmark.known)]
    row, said = timed(command, file.parent)
    report = json.loads(said)["report"]
    scores = report["test"]["model"]
    row |= {"mase": scores["mase"], "windows": report["windows"]}
    return row, scores["mae"] / scores["mase"], report["choices"]["chosen"]["lookback"]


def theirs(
    model: str, python: Path, benchmark: Benchmark, file: Path, blocks: tuple[int, int], lookback: int
) -> dict[str, Any]:
    """A row of neuralforecast, still with its MAE."""
    val, test = blocks
    sizes = {"horizon": benchmark.horizon, "lookback": lookback, "val": val, "test": test}
    command = [str(python), str(CHILD), str(file), model, "--freq", benchmark.panel().clock.freq]
    command += [word for name, size in sizes.items() for word in (f"--{name}", str(size))]
    if benchmark.known:
        command += ["--known", ",".join(benchmark.known)]
    row, said = timed(command, file.parent)
    return row | (json.loads(said.splitlines()[-1]) if row["ended"] == "done" else {})


def measure(name: str, python: Path) -> dict[str, Any]:
    """The rows of one set, printed as they come."""
    benchmark = BENCHMARKS[name]
    panel, options = benchmark.panel(), benchmark.options()
    blocks = split(panel, benchmark.horizon, options.val, options.test)
    val, test = int((blocks.test - blocks.validation)[0]), int((blocks.end - blocks.test)[0])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "data.csv"
        write_csv(panel, file)
        row, unit, lookback = ours(benchmark, file, val, test)
        rows = {"lstmcast": row}
        show(name, "lstmcast", row, row)
        for model in RIVALS:
            rival = theirs(model, python, benchmark, file, (val, test), lookback)
            if "mae" in rival:
                rival["mase"] = rival.pop("mae") / unit
            rows[model] = rival
            show(name, model, rival, row)
    return {"rows": len(panel.times), "horizon": benchmark.horizon, "lookback": lookback, "runs": rows}


def show(name: str, model: str, row: dict[str, Any], beside: dict[str, Any]) -> None:
    """One line of the table; the last column is our wall over theirs."""
    mase = f"{row['mase']:.3f}" if "mase" in row else row["ended"]
    print(
        f"{name:11} {model:9} {row['wall_s']:8.1f} {row['cpu_s']:8.1f} {mase:>8} "
        f"{beside['wall_s'] / row['wall_s']:8.3f}",
        flush=True,
    )


def environment(folder: Path) -> Path:
    """The Python of the environment with neuralforecast, made when there is none; exits where pip cannot."""
    python = folder / "bin" / "python"
    if not python.exists():
        print(f"making an environment with neuralforecast in {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True)
    if subprocess.run([python, "-c", "import neuralforecast"], capture_output=True, check=False).returncode:
        for package in PACKAGES:
            if subprocess.run([python, "-m", "pip", "install", "-q", package], check=False).returncode:
                sys.exit(f"against: pip could not install {package}, so there is nothing to compare with")
    return python


def main() -> None:
    """Measure, print, and merge into results/against.json."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="*", metavar="SET")
    parser.add_argument(
        "--env", type=Path, default=ENVIRONMENT, help="folder of neuralforecast's environment"
    )
    given = parser.parse_args()
    names = given.sets or SETS
    if set(names) - set(SETS):
        parser.error(f"the sets are {', '.join(SETS)}")
    python = environment(given.env)
    stored = RESULTS / "against.json"
    found = json.loads(stored.read_text()) if stored.exists() else {}
    print("set         model       wall s    CPU s     MASE  ours / it")
    for name in names:
        try:
            found[name] = measure(name, python)
        except AbsentError as absent:
            print(f"{name}: skipped, {absent}")
            continue
        write("against", {name: found[name] for name in SETS if name in found})


if __name__ == "__main__":
    main()
