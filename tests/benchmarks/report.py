"""The report of a large panel: python -m tests.benchmarks.report [--series 10000] [--rows 100]

A file of so many series of so many hourly rows each, a small network trained on it for a few steps, and `report` of
both: seconds of CPU, wall and the size of the page beside what they must be. Exit code 1: one of them is more.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.groups import COMMON, program, write

MOST_SECONDS, MOST_BYTES = 20.0, 1_000_000
SMALL = ("--id", "shop", "--steps", "20", "--lookback", "12", "--horizon", "6", "--hidden", "16")


def main() -> int:
    """Print the figures; returns 1 where a limit is passed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=100, help="of each")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data, model, page = (Path(folder) / name for name in ("data.csv", "model.pkl", "report.html"))
        write(data, given.series, given.rows)
        train = program("train", data, "-o", model, *COMMON, *SMALL)
        run, size = program("report", model, data, "-o", page), page.stat().st_size
    print(f"{given.series:,} series, {given.series * given.rows:,} rows; trained in {train.cpu:.1f} s of CPU")
    print(f"report: {run.cpu:.1f} s of CPU, {run.wall:.1f} s, {run.peak:.0f} MB of memory, {size:,} bytes")
    print(f"at most {MOST_SECONDS:g} s and {MOST_BYTES:,} bytes")
    return int(run.cpu > MOST_SECONDS or size > MOST_BYTES)


if __name__ == "__main__":
    sys.exit(main())
