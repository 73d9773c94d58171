"""How long a large CSV takes to read, and how much memory, beside a plain pandas.read_csv.

python tests/benchmarks/reading.py 10000000
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

# Name -> what comes before the imports, and what is timed. With pyarrow installed (the extra parquet) pandas keeps
# strings in it, which is several times faster than without; its stamps stay strings in both.
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


def main(rows: int) -> None:
    """Write a file, read it with each reader, print a line for each."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "large.csv"
        write(path, rows)
        numbers = 16 * rows / 2**20
        print(
            f"{rows:,} rows, {path.stat().st_size / 1e6:.0f} MB; time and value are {numbers:.0f} MB of numbers"
        )
        for name, (before, code) in READERS.items():
            seconds, cpu, megabytes = measure(before, code, path)
            print(f"{name:12} {seconds:6.2f} s, {cpu:6.2f} s of processor, {megabytes:6.0f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
