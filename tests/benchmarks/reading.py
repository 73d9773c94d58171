"""How long a large CSV takes to read, and how much memory, beside a plain pandas.read_csv.

python -m tests.benchmarks.reading 10000000 [--record]

Prints the ratio of processor time to that of plain pandas, and compares it with the one in results/reading.json: exit
code 1 where it is more than 1.1 times as high. --record keeps it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

# Name -> what comes before the imports, and what is timed. With pyarrow installed (the extra parquet) pandas keeps
# strings in it, which is several times faster than without; its stamps stay strings in both.
RESULTS = Path(__file__).parent / "results" / "reading.json"
ALLOWED = 1.1  # times the stored ratio
READERS = {
    "pandas": ("sys.modules['pyarrow'] = None", "pandas.read_csv(path)"),
    "with pyarrow": ("", "pandas.read_csv(path)"),
    "lstmcast": ("", "from lstmcast.ingest import Roles, read; read(path, Roles('load'))"),
}


def write(path: Path, rows: int) -> None:
    """A year or more of minutes with one column of numbers, as such files are."""
    rng = np.random.default_rng(0)
    with path.open("w") as file:
        file.write("time,load\n")
        for start in range(0, rows, 1_000_000):
            minutes = np.datetime64("2000-01-01", "m") + np.arange(start, min(rows, start + 1_000_000))
            stamps = np.datetime_as_string(minutes.astype("datetime64[s]")).tolist()
            values = rng.normal(100, 10, minutes.size).round(4).tolist()
            pairs = zip(stamps, values, strict=True)
            file.write("\n".join(f"{stamp.replace('T', ' ')},{value}" for stamp, value in pairs) + "\n")


def measure(before: str, code: str, path: Path) -> tuple[float, float, float]:
    """Seconds, seconds of processor and megabytes (above those of the imports) of reading in a process of its own."""
    program = (
        f"import sys, time\n{before}\n"
        "import numpy, pandas, lstmcast.ingest\n"
        "lines = lambda: open('/proc/self/status').read().split('VmHWM:')\n"
        "peak = lambda: int(lines()[1].split()[0]) / 1024\n"
        "path, before, cpu, start = sys.argv[1], peak(), time.process_time(), time.perf_counter()\n"
        f"{code}\n"
        "print(time.perf_counter() - start, time.process_time() - cpu, peak() - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    seconds, cpu, megabytes = map(float, done.stdout.split())
    return seconds, cpu, megabytes


def main(rows: int, *, is_recorded: bool) -> int:
    """Write a file, read it with each reader, print a line for each; 1 where reading has become slower."""
    found = {}
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "large.csv"
        write(path, rows)
        numbers = 16 * rows / 2**20
        print(
            f"{rows:,} rows, {path.stat().st_size / 1e6:.0f} MB; time and value are {numbers:.0f} MB of numbers"
        )
        for name, (before, code) in READERS.items():
            found[name] = measure(before, code, path)
            seconds, cpu, megabytes = found[name]
            print(f"{name:12} {seconds:6.2f} s, {cpu:6.2f} s of processor, {megabytes:6.0f} MB", flush=True)
    ratio = found["lstmcast"][1] / found["pandas"][1]
    stored = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if is_recorded:
        RESULTS.write_text(json.dumps({**stored, str(rows): round(ratio, 3)}, indent=1) + "\n")
    known = stored.get(str(rows))
    beside = "" if known is None else f", stored {known:.2f}, allowed {ALLOWED * known:.2f}"
    print(f"{ratio:.2f} times the processor time of pandas.read_csv{beside}")
    return int(known is not None and ratio > ALLOWED * known)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args()
    raise SystemExit(main(given.rows, is_recorded=given.record))
