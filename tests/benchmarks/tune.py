"""`lstmcast tune` on three sets: validation and test before and after, and the same result again, killed or not.

    python -m tests.benchmarks.tune --budget 5m

Each set is tuned three times: with two workers, with one, and killed in the middle and resumed. The budget ends none of
them where the machine is as fast as reckoned; the model files are compared byte for byte.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lstmcast

SETS = {"load": "load", "co2": "co2", "seattle_weather": "temp_max"}
LOADERS = {"load": "load_victoria", "co2": "load_co2", "seattle_weather": "load_seattle_weather"}
KILLED_AFTER = 4  # trainings


@dataclass(frozen=True, eq=False)
class Run:
    """A search that came to its end: what it said, the bytes of its model, and the seconds it took."""

    said: dict[str, Any]
    model: bytes
    seconds: float


def command(name: str, options: list[str], folder: Path, threads: int, *more: str) -> list[str]:
    """The command line of a search."""
    words = [sys.executable, "-m", "lstmcast", "tune", str(folder / f"{name}.csv"), "--target", SETS[name]]
    return [*words, *options, "--threads", str(threads), "--json", "-o", str(folder / f"{name}.pkl"), *more]


def run(words: list[str], folder: Path, name: str) -> Run:
    """Run a search to its end."""
    began = time.monotonic()
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    model = folder / f"{name}.pkl"
    found = Run(json.loads(done.stdout), model.read_bytes(), time.monotonic() - began)
    model.unlink()
    return found


def killed(words: list[str], state: Path) -> bool:
    """Kill a search once it has kept some trainings; False where it was done before."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        if state.exists() and len(json.loads(state.read_text())["errors"]) >= KILLED_AFTER:
            process.send_signal(signal.SIGTERM)
            process.wait()
            return process.returncode == 143
        time.sleep(0.2)
    return False


def row(name: str, options: list[str], folder: Path) -> str:
    """A row of the table: one set tuned, and whether that can be repeated."""
    frame = getattr(lstmcast.datasets, LOADERS[name])()
    frame[[SETS[name]]].rename_axis("time").to_csv(folder / f"{name}.csv")
    two = run(command(name, options, folder, 2), folder, name)
    one = run(command(name, options, folder, 1), folder, name)
    was_killed = killed(command(name, options, folder, 2), folder / f"{name}.pkl.tune")
    again = run(command(name, options, folder, 2, "--resume", "--force"), folder, name)
    trials, chosen = two.said["trials"], two.said["chosen"]
    tuned = next(trial for trial in trials if trial["changes"] == chosen)
    before, after = (f"{trial['errors'][-1]:.3f}" if trial["errors"] else "-" for trial in (trials[0], tuned))
    setting = " ".join(f"--{key} {value}" for key, value in chosen.items()) or "default"
    complete = all(each.said["complete"] for each in (two, one, again))
    same = "yes" if two.model == one.model else "no"
    resumed = ("yes" if two.model == again.model else "no") if was_killed else "not killed in time"
    ended = "" if complete else " (the budget ended a search)"
    return (
        f"| {name} | {len(trials)} | {setting} | {before} | {after} | {two.said['default']:.3f} | "
        f"{two.said['tuned']:.3f} | {two.seconds:.0f} s | {same} | {resumed}{ended} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--budget", default="5m")
    parser.add_argument("--set", choices=SETS, action="append")
    given, more = parser.parse_known_args()
    options = ["--budget", given.budget, *more]
    print(
        f"lstmcast tune, {' '.join(options)}: MASE on rolling folds before the test rows, and on the test rows\n"
    )
    print(
        "| set | settings | chosen | folds: default | tuned | test: default | tuned | time | workers | killed |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name in given.set or SETS:
            print(row(name, options, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
