"""Time and peak memory of the program as groups, or series of one pooled panel, grow.

Run: python -m tests.benchmarks.growth [--groups 10,100,1000] [--series 100,1000,10000,100000] [--rows 60]

Groups are short series, one model each (`train --by`, two jobs), trained and forecast; series stand in one panel that
one model is trained on (`--id`). Each training has STEPS steps and a small network, so that what grows shows. Seconds
are CPU of all processes, MB the peak of the largest. `a piece` is the CPU of training for each group or series:
where it stays, the growth is linear. Rows of one series grow in tests.benchmarks.scale.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.benchmarks.groups import COMMON, program, write

STEPS = 20
SMALL = ("--steps", str(STEPS), "--lookback", "12", "--horizon", "6", "--hidden", "16")
HEADER = f"{'':<8} {'pieces':>8} {'rows':>11}  {'train s':>8} {'a piece ms':>10} {'train MB':>9}"
OF_PREDICT = f"  {'predict s':>9} {'MB':>6}"


def measure(kind: str, pieces: int, rows: int) -> str:
    """A row of the table: so many groups, or series, of so many rows."""
    with tempfile.TemporaryDirectory() as folder:
        data, model = Path(folder) / "data.csv", Path(folder) / "model.pkl"
        write(data, pieces, rows)
        by = ("--by", "shop", "--jobs", "2") if kind == "groups" else ("--id", "shop")
        train = program("train", data, *by, "-o", model, *COMMON, *SMALL)
        predict = program("predict", model, data, "-q", "-o", Path(folder) / "forecast.csv")
    return (
        f"{kind:<8} {pieces:>8,} {pieces * rows:>11,}  {train.cpu:>8.1f} {1e3 * train.cpu / pieces:>10.2f} "
        f"{train.peak:>9.0f}  {predict.cpu:>9.1f} {predict.peak:>6.0f}"
    )


def main() -> None:
    """Print the table, row by row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--groups", default="10,100,1000", help="how many, by commas; empty: none")
    parser.add_argument("--series", default="100,1000,10000,100000", help="how many, by commas; empty: none")
    parser.add_argument("--rows", type=int, default=60, help="of each")
    given = parser.parse_args()
    print(HEADER + OF_PREDICT)
    for kind in ("groups", "series"):
        for pieces in filter(None, getattr(given, kind).split(",")):
            print(measure(kind, int(pieces), given.rows), flush=True)


if __name__ == "__main__":
    main()
