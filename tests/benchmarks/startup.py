"""Start-up, whole processes beside bare imports: python -m tests.benchmarks.startup [ROUNDS]

CPU seconds (user and system) and wall of each command, interleaved, medians; ratios are medians over the rounds. Every
command has run once before, so that bytecode is there, as it is after an installation. `predict` reads 2,000 rows;
`train` is the README's main job without its steps: a thousand of them would hide what starting costs.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.beside_torch import ONE_THREAD, write

REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLE = REPOSITORY / "sample_data" / "victoria_load.csv"
ROWS = 2_000
# Our command: what it is held against, and the ratio of CPU that it must reach and aims for.
BESIDE = {
    "--version": ("pass", 2.0, 1.6),
    "--help": ("import typer", 1.5, 1.2),
    "predict": ("import pandas", 1.05, 0.6),
}


def spent(command: Sequence[str]) -> tuple[float, float]:
    """CPU and wall seconds of a whole process."""
    environment = os.environ | ONE_THREAD | {"PYTHONPATH": str(REPOSITORY)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"startup: {' '.join(command)} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime, time.perf_counter() - started


def commands(folder: Path) -> dict[str, list[str]]:
    """What is timed, by name; a model and a file of fresh rows are made first."""
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    fresh, model = folder / "fresh.csv", folder / "model.pkl"
    fresh.write_text("\n".join([lines[0], *lines[-ROWS:]]) + "\n", encoding="utf-8")
    ours = [sys.executable, "-m", "lstmcast"]
    train = [*ours, "train", str(SAMPLE), "--target", "load", "--steps", "20", "-q", "-o", str(model)]
    spent(train)
    bare = {name: [sys.executable, "-c", name] for name in ("pass", "import typer", "import pandas")}
    if not subprocess.run(
        [sys.executable, "-c", "import torch"], capture_output=True, check=False
    ).returncode:
        bare["import torch"] = [sys.executable, "-c", "import torch"]
    return bare | {
        "--version": [*ours, "--version"],
        "--help": [*ours, "--help"],
        "predict": [*ours, "predict", str(model), str(fresh), "-q"],
        "train": train,
    }


def measure(rounds: int) -> dict[str, Any]:
    """Medians of each command, and of the ratios within a round."""
    with tempfile.TemporaryDirectory() as folder:
        timed = commands(Path(folder))
        for command in timed.values():
            spent(command)
        found = [{name: spent(command) for name, command in timed.items()} for _ in range(rounds)]
    result: dict[str, Any] = {
        name: {
            "cpu_ms": 1e3 * statistics.median(one[name][0] for one in found),
            "wall_ms": 1e3 * statistics.median(one[name][1] for one in found),
        }
        for name in timed
    }
    for name, (other, must, aim) in BESIDE.items():
        ratio = statistics.median(one[name][0] / one[other][0] for one in found)
        result[name] |= {"beside": other, "ratio": ratio, "must": must, "aim": aim}
    return result


def main() -> None:
    """Print the table and write results/startup.json."""
    found = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
    print("process          CPU ms  wall ms  ratio  must   aim  beside")
    for name, row in found.items():
        print(f"{name:15} {row['cpu_ms']:7.0f} {row['wall_ms']:8.0f}", end="")
        if "ratio" in row:
            print(f" {row['ratio']:6.2f} {row['must']:5.2f} {row['aim']:5.2f}  {row['beside']}", end="")
        print()
    write("startup", found)


if __name__ == "__main__":
    main()
