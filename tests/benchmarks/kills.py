"""Kills trainings at random moments while others read the model: never a torn or missing file, no litter afterwards.

    python -m tests.benchmarks.kills [KILLS]

Every training writes the same model file, of seeds in turn. Two readers load it all the time. SIGKILL comes at a moment
that is drawn from the length of a run; in every third run SIGTERM comes first, so that it falls into the writing of a
checkpoint. What killed runs left behind must be gone after one that nobody disturbs, and that one must write what a run
in an empty folder writes.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lstmcast import persistence
from tests.command_line import PROJECT
from tests.conftest import QUICK, hourly_rows, write_csv

READER = """
import os, sys
from lstmcast import persistence
loads, parent = 0, os.getppid()
while os.getppid() == parent:
    persistence.load(sys.argv[1])
    loads += 1
    print(loads, flush=True)
"""


def train(history: Path, model: Path, seed: int) -> subprocess.Popen[bytes]:
    """A training that goes on from what an earlier one left, if it was of the same seed."""
    options = [*QUICK, "--seed", str(seed), "--safeguard", "network", "-q", "--resume", "-o", str(model)]
    command = [sys.executable, "-m", "lstmcast", "train", str(history), *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=PROJECT)


def readers(model: Path, log: Path) -> list[subprocess.Popen[str]]:
    """Two processes that load the model until they are stopped, or cannot."""
    command = [sys.executable, "-c", READER, str(model)]
    return [
        subprocess.Popen(command, stdout=open(log / f"{n}", "w"), text=True, cwd=PROJECT) for n in range(2)
    ]


def kill_at_random(process: subprocess.Popen[bytes], length: float, draw: random.Random, first: bool) -> int:
    """SIGKILL at a moment within the length of a run, after SIGTERM if that comes first; the exit code."""
    time.sleep(draw.uniform(0, length))
    if first and process.poll() is None:
        process.send_signal(signal.SIGTERM)
        time.sleep(draw.uniform(0, 0.2))
    process.kill()
    return process.wait()


def main(kills: int) -> None:
    """Kill so many, and say what became of the file."""
    draw, ended = random.Random(0), 0
    with tempfile.TemporaryDirectory() as name:
        folder, log, alone = Path(name, "models"), Path(name, "log"), Path(name, "alone")
        for place in (folder, log, alone):
            place.mkdir()
        history, model = write_csv(Path(name, "history.csv"), hourly_rows(28 * 24)), folder / "model.pkl"
        started = time.monotonic()
        assert train(history, model, 0).wait() == 0
        length = time.monotonic() - started
        reading = readers(model, log)
        for number in range(kills):
            process = train(history, model, number // 2 % 2)
            ended += kill_at_random(process, 1.6 * length, draw, number % 3 == 0) == 0
            persistence.load(model)  # raises when it is torn or missing
            assert all(reader.poll() is None for reader in reading), "a reader found a torn or missing file"
        left = sorted(os.listdir(folder))
        for reader in reading:
            reader.kill()
            reader.wait()
        assert train(history, model, 1).wait() == train(history, alone / "model.pkl", 1).wait() == 0
        assert os.listdir(folder) == ["model.pkl"], "litter"
        assert model.read_bytes() == (alone / "model.pkl").read_bytes()
        loads = sum(int((log / f"{n}").read_text().split()[-1]) for n in range(2))
    print(f"{kills} runs, {kills - ended} killed before their end; {loads:,} loads, none torn or missing")
    print(f"left before the last run: {', '.join(left)}; after it: model.pkl, that of a run without kills")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
