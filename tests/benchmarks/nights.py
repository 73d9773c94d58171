"""Four hundred nights through real processes: every one with its exit code and its file, those missed caught up with.

`score` then raises one alarm in the ledger they leave, within a week of the new sensor, and none in the quiet months.

    python -m tests.benchmarks.nights

The nights are those of tests/nights.py, and those of a street of meters (tests/panel_nights.py); the suite runs a few
dozen of them, in its own process.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

from tests.command_line import Said, process
from tests.nights import COUNT, LEVEL, Meter, alarms, check_ledger, day_of, expected, simulate, train
from tests.panel_nights import simulate as simulate_street

WEEK = timedelta(days=7)
RESULTS = Path(__file__).parent / "results" / "nights.json"


class Counted:
    """Runs command lines in processes of their own, and counts them by exit code."""

    def __init__(self) -> None:
        self.codes: Counter[int] = Counter()

    def __call__(self, *arguments: object) -> Said:
        said = process(*arguments)
        self.codes[said.code] += 1
        return said


def main() -> None:
    """Run all nights, print what they were and store it."""
    began, run, meter = time.monotonic(), Counted(), Meter()
    with tempfile.TemporaryDirectory() as folder:
        job = simulate(Path(folder), meter, train(Path(folder), meter, run), range(COUNT), run)
        check_ledger(job)
        found = alarms(job, COUNT)
        street = simulate_street(Path(folder), run)
    changed = day_of(LEVEL)
    assert [changed <= date.fromisoformat(alarm["raised"]) < changed + WEEK for alarm in found] == [True], (
        found
    )
    nights = Counter((expected(night).kind, expected(night).code) for night in range(COUNT))
    print("| nights | of what kind | exit code |", "|---|---|---|", sep="\n")
    for (kind, code), count in nights.items():
        print(f"| {count} | {kind} | {code} |")
    for (kind, code), count in street.items():
        print(f"| {count} | a street of meters: {kind} | {code} |")
    seconds = round(time.monotonic() - began)
    print(
        f"\n{sum(run.codes.values())} processes in {seconds} s, by exit code: {dict(sorted(run.codes.items()))}"
    )
    print(f"new sensor on {changed}; score's only alarm was raised on {found[0]['raised']}")
    kinds = [{"kind": kind, "code": code, "nights": count} for (kind, code), count in nights.items()]
    kinds += [
        {"kind": f"a street of meters: {kind}", "code": code, "nights": count}
        for (kind, code), count in street.items()
    ]
    codes = {str(code): count for code, count in sorted(run.codes.items())}
    RESULTS.write_text(
        json.dumps({"nights": kinds, "processes": codes, "alarms": found}, indent=1) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
