"""Many models: the same bits on one core, on two, on a cluster and where a worker is killed; time and memory.

Run: python -m tests.benchmarks.groups [--groups 200] [--rows 2000] [--train "--steps 20"] [--only serial,killed,...]

Every way trains a model for each group of one file, and each must give the same SHA-256 for every group as the first
way did; `killed` is a cluster of two workers, of which one is killed once a quarter of the models is there. Beside
them stand a shell loop of single trainings, predictions of one model and of the folder, and statsforecast's AutoETS
and mlforecast's LightGBM (--peers: a Python that has them). Seconds are wall and CPU of all processes, MB the peak of
the largest one; of `killed` without its workers, which the benchmark starts. `--train` gives options to every
training, so that fewer minutes are enough. Exit code 1: some bits differ.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.beside_torch import ONE_THREAD

REPOSITORY = Path(__file__).resolve().parents[2]
COMMON = ("--target", "qty", "-q")
KILLED = 0.25  # share of the models that are there when a worker is killed
WAYS: dict[str, tuple[str, ...]] = {
    "serial": ("--jobs", "1"),
    "two": ("--jobs", "2"),
    "cluster": ("--cluster", "local:2"),
    "killed": (),
}
BESIDE = ("loop", "predict", "statsforecast", "mlforecast")
HORIZON, SEASON = 24, 24


@dataclass(frozen=True)
class Run:
    """Seconds of a process and all that it started, and the peak of the largest of them in MB."""

    wall: float
    cpu: float
    peak: float

    def __add__(self, other: Run) -> Run:
        """One after the other."""
        return Run(self.wall + other.wall, self.cpu + other.cpu, max(self.peak, other.peak))


def program(*words: object, python: str = sys.executable, module: str = "lstmcast") -> Run:
    """Run a module in a process of its own; ends the benchmark where it fails."""
    command = [python, "-m", module, *map(str, words)]
    environment = os.environ | ONE_THREAD | {"PYTHONPATH": str(REPOSITORY)}
    began = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"groups: {shlex.join(command)} ended with {process.returncode}")
    return Run(time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def write(path: Path, groups: int, rows: int) -> None:
    """Hourly rows of all groups, one group after the other."""
    rng, hours = np.random.default_rng(0), np.arange(rows)
    stamps = np.datetime_as_string(np.datetime64("2024-01-01T00") + hours * np.timedelta64(1, "h"), unit="s")
    text = stamps.tolist()
    with path.open("w", encoding="utf-8") as file:
        file.write("time,shop,qty\n")
        for group in range(groups):
            values = (50 + 10 * np.sin(hours * np.pi / 12 + group) + rng.normal(0, 2, rows)).round(2).tolist()
            file.writelines(f"{stamp},s{group},{value}\n" for stamp, value in zip(text, values, strict=True))


def split(data: Path) -> list[Path]:
    """The rows of each group in a file of its own."""
    files: dict[str, list[str]] = {}
    for line in data.read_text(encoding="utf-8").splitlines()[1:]:
        stamp, group, value = line.split(",")
        files.setdefault(group, ["time,qty"]).append(f"{stamp},{value}")
    for group, lines in files.items():
        (data.parent / f"{group}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [data.parent / f"{group}.csv" for group in files]


def hashes(folder: Path) -> dict[str, str]:
    """The SHA-256 of the model of each group."""
    found = json.loads((folder / "index.json").read_text(encoding="utf-8"))["groups"]
    return {each["name"]: each["sha256"] for each in found}


@contextmanager
def mortal_cluster(models: Path, groups: int) -> Iterator[str]:
    """The address of a cluster of two workers, of which one is killed once a quarter of the models is there."""
    import distributed

    untyped: Any = distributed
    with untyped.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        ended, killed = threading.Event(), threading.Event()

        def kill() -> None:
            while not ended.wait(0.05):
                if len(list(models.glob("*.pkl"))) >= KILLED * groups:
                    os.kill(cluster.workers[0].pid, signal.SIGKILL)
                    killed.set()
                    return

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            yield cluster.scheduler_address
        finally:
            ended.set()
            killer.join()
        if not killed.is_set():
            sys.exit("groups: the run was over before a worker was killed; give more groups")


def train(way: str, data: Path, models: Path, groups: int, options: Sequence[str]) -> Run:
    """Train all groups in one of WAYS."""
    words = ["train", data, "--by", "shop", "-o", models, *COMMON, *options]
    if way != "killed":
        return program(*words, *WAYS[way])
    with mortal_cluster(models, groups) as address:
        return program(*words, "--cluster", address)


def peer(name: str, data: str) -> None:
    """Fit and forecast all groups by another program, in this process."""
    import pandas as pd

    frame = pd.read_csv(data, parse_dates=["time"]).rename(
        columns={"time": "ds", "shop": "unique_id", "qty": "y"}
    )
    if name == "statsforecast":
        from statsforecast import StatsForecast
        from statsforecast.models import AutoETS

        StatsForecast([AutoETS(season_length=SEASON)], freq="h", n_jobs=2).forecast(df=frame, h=HORIZON)
        return
    import lightgbm
    from mlforecast import MLForecast

    model = MLForecast([lightgbm.LGBMRegressor(verbose=-1)], freq="h", lags=[1, 24, 168])
    model.fit(frame).predict(HORIZON)


def line(name: str, run: Run, more: str = "") -> None:
    """Print a row of the table."""
    print(f"{name:<34} {run.wall:8.1f} {run.cpu:8.1f} {run.peak:8.0f}  {more}", flush=True)


def beside(given: argparse.Namespace, wanted: Sequence[str], data: Path, models: Path | None) -> None:
    """The rows of what the ways are held against."""
    options = shlex.split(given.train)
    singles = split(data)
    alone = program("train", singles[0], "-o", singles[0].with_suffix(".pkl"), *COMMON, *options)
    if "loop" in wanted:
        for single in singles[1:]:
            alone += program("train", single, "-o", single.with_suffix(".pkl"), *COMMON, *options)
        line("a loop of single trainings", alone)
    if "predict" in wanted and models is not None:
        one = program("predict", singles[0].with_suffix(".pkl"), singles[0], "-q")
        line("predict: one model", one)
        every = program("predict", models, data, "-q")
        ratio = f"{every.wall / one.wall:.1f} times the time of one, {every.cpu / one.cpu:.1f} times its CPU"
        line("predict: the folder", every, ratio)
    for name in ("statsforecast", "mlforecast"):
        if name in wanted and given.peers is not None:
            found = program("--peer", name, data, python=given.peers, module="tests.benchmarks.groups")
            line(name, found)


def parsed() -> argparse.Namespace:
    """The words of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--groups", type=int, default=200)
    parser.add_argument("--rows", type=int, default=2000, help="of each group")
    parser.add_argument("--train", default="", help="more options of every training")
    parser.add_argument("--only", default=",".join((*WAYS, *BESIDE)), help="rows of the table, by commas")
    parser.add_argument("--peers", help="a Python that has statsforecast, mlforecast and lightgbm")
    parser.add_argument("--peer", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    """Print the table and whether all bits are the same; returns 1 where they are not."""
    given = parsed()
    if given.peer:
        peer(*given.peer)
        return 0
    wanted = given.only.split(",")
    options = shlex.split(given.train)
    print(f"{given.groups:,} groups of {given.rows:,} rows, {os.cpu_count()} cores, train {given.train}")
    print(f"{'':<34} {'wall s':>8} {'CPU s':>8} {'MB':>8}")
    found: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "sales.csv"
        write(data, given.groups, given.rows)
        for way in [way for way in WAYS if way in wanted]:
            run = train(way, data, Path(folder) / way, given.groups, options)
            found[way] = hashes(Path(folder) / way)
            first = next(iter(found.values()))
            same = sum(found[way].get(name) == digest for name, digest in first.items())
            name = (
                shlex.join(["train --by shop", *WAYS[way]]).replace("'", "")
                if WAYS[way]
                else "a worker killed"
            )
            line(name, run, f"{same:,} of {len(first):,} models have the bits of the first way")
        if set(wanted) & set(BESIDE):
            beside(given, wanted, data, Path(folder) / next(iter(found)) if found else None)
    complete = all(len(each) == given.groups for each in found.values())
    return int(not complete or any(each != next(iter(found.values())) for each in found.values()))


if __name__ == "__main__":
    sys.exit(main())
