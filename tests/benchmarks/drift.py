"""How often the drift tests alarm where nothing drifts, and how often they miss what does; the figures of the guide.

    python -m tests.benchmarks.drift [SERIES]

Daily errors of two years are made up: they remember by a correlation, weekends and a season are harder, one day in a
hundred is awful, and the naive forecast finds the same days hard. From the middle on they are so many times as large. A
drift is missed where no test alarms in the half year after it. `before`: the sum without an allowance for memory, and
no comparison with the errors at first.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from unittest.mock import patch

import numpy as np

from lstmcast.evaluation import drift
from lstmcast.evaluation.drift import find_drift, lasting

DAYS, CHANGE, WAIT = 730, 365, 182
MEMORIES, FACTORS = (0.0, 0.3, 0.6, 0.8), (1.35, 2.0, 4.0)
RESULTS = Path(__file__).parent / "results" / "drift.json"
Numbers = np.ndarray


def days_of(memory: float, factor: float, seed: int) -> tuple[Numbers, Numbers]:
    """(D,) mean errors of days and those of a naive forecast."""
    rng = np.random.default_rng(seed)
    noise = np.zeros((2, DAYS))
    for day in range(1, DAYS):
        noise[:, day] = memory * noise[:, day - 1] + np.sqrt(1 - memory**2) * rng.normal(0, 0.26, 2)
    hard = 0.2 * np.sin(2 * np.pi * np.arange(DAYS) / 365) + 0.15 * (np.arange(DAYS) % 7 >= 5)
    hard = hard + np.where(rng.random(DAYS) < 0.01, 1.0, 0.0)
    grown = np.where(np.arange(DAYS) >= CHANGE, np.log(factor), 0.0)
    return np.exp(noise[0] + hard + grown), np.exp(0.5 + 0.7 * noise[0] + 0.7 * noise[1] + hard)


def lasting_alarms(errors: Numbers, naive: Numbers, first: int, last: int) -> int:
    """How often the comparison of lately with at first goes on, when it is made every week."""
    was_on, count = False, 0
    for day in range(first, last, 7):
        found = lasting(errors[:day], naive[:day])
        is_on = found is not None and found.is_on
        count += is_on and not was_on
        was_on = is_on
    return count


def of_sums(errors: Numbers, before: bool) -> list[int]:
    """The days on which the sum raises an alarm."""
    with (
        patch.object(drift, "_inflation", lambda logs: 1.0)
        if before
        else patch.object(drift, "MOST", drift.MOST)
    ):
        return [alarm.raised for alarm in find_drift(errors).alarms]


def row(memory: float, factor: float, series: int) -> dict[str, float]:
    """Alarms a year before the change, by each test, and the share of drifts that both miss."""
    alarms = {"before": 0, "sum": 0, "lasting": 0}
    missed = {"before": 0, "sum": 0, "both": 0}
    for seed in range(series):
        errors, naive = days_of(memory, factor, seed)
        until = errors[: CHANGE + WAIT]
        found = {name: of_sums(until, name == "before") for name in ("before", "sum")}
        for name, days in found.items():
            alarms[name] += sum(day < CHANGE for day in days)
            missed[name] += not any(day >= CHANGE for day in days)
        alarms["lasting"] += lasting_alarms(errors, naive, 140, CHANGE)
        seen = lasting_alarms(errors, naive, CHANGE, CHANGE + WAIT)
        missed["both"] += not seen and not any(day >= CHANGE for day in found["sum"])
    shares = {f"missed {name}": count / series for name, count in missed.items()}
    return {f"alarms {name}": count / series for name, count in alarms.items()} | shares


def main(series: int = 16) -> None:
    """Print the table and store it."""
    table = {(m, f): row(m, f, series) for m in MEMORIES for f in FACTORS}
    print(f"{series} series a row; alarms in a year without drift, and the share of drifts that is missed\n")
    print("| memory | before | sum | lasting | drift | missed before | missed by the sum | missed by both |")
    print("|---" * 8 + "|")
    for (memory, factor), own in table.items():
        first = " | ".join(f"{own[f'alarms {name}']:.2f}" for name in ("before", "sum", "lasting"))
        rest = " | ".join(f"{own[f'missed {name}']:.0%}" for name in ("before", "sum", "both"))
        print(f"| {memory:g} | {first} | {factor:g} times | {rest} |")
    stored = [{"memory": m, "factor": f, **own} for (m, f), own in table.items()]
    RESULTS.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 16)
