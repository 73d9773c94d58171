"""Watch: declared against measured rate of false alarms, and how soon faults are found.

    python -m tests.benchmarks.watch [SET …]    # all sets of night_sets.py, or some

Every unseen horizon of a set is watched as `lstmcast watch --last` does at its end, at DECLARED false alarms a month.
Then each of FAULTS is put into some of these nights: printed are the share of nights in which it is found that day, and
the median of hours until it is. The must: over all sets the measured rate is within a factor of FACTOR of the declared
one, as is that of each set with months enough to tell (EXPECTED alarms or more).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Panel
from lstmcast.evaluation.watch import DAYS_OF_MONTH
from lstmcast.model.model import Model
from lstmcast.model.watching import Rate, Watched, watch
from tests.benchmarks.night_sets import chosen
from tests.panels import with_target

Numbers = NDArray[np.float64]
RESULTS = Path(__file__).parent / "results" / "watch.json"
DECLARED, FACTOR, EXPECTED = 1.0, 1.5, 8.0
MONTHLY = Rate(DECLARED, months=1.0)
NIGHTS, FAULTY = 180, 8  # nights of a set that are watched, and those that each fault is put into


def _shifted(values: Numbers, before: float) -> Numbers:
    return np.concatenate([[before], values[:-1]])


# (a day's values, rows of an hour, the value before) -> the values with a fault from a third of the day on
Fault = Callable[[Numbers, int, float], Numbers]


def _from(values: Numbers, rows: int, change: Callable[[Numbers], Numbers]) -> Numbers:
    """The values with a change of so many rows from a third of the day on."""
    found, first = values.copy(), len(values) // 3
    found[first : first + rows] = change(found[first : first + rows])
    return found


FAULTS: dict[str, Fault] = {
    "stuck for 6 h": lambda day, hour, _: _from(
        day, 6 * hour, lambda part: np.full(len(part), day[len(day) // 3 - 1])
    ),
    "zero for 3 h": lambda day, hour, _: _from(day, 3 * hour, np.zeros_like),
    "+20 % for 6 h": lambda day, hour, _: _from(day, 6 * hour, lambda part: 1.2 * part),
    "one row +50 %": lambda day, _, __: _from(day, 1, lambda part: 1.5 * part),
    "an hour off": lambda day, hour, before: _late(day, hour, before),
    "twice all day": lambda day, _, __: 2 * day,
}


def _late(day: Numbers, hour: int, before: float) -> Numbers:
    for _ in range(hour):
        day = _shifted(day, before)
    return day


def until(panel: Panel, stop: int) -> Panel:
    """One series up to a row."""
    return panel.take(np.array([0]), np.array([stop]))


def watched(model: Model, panel: Panel) -> Watched:
    """The last horizon of a panel of one series."""
    return watch(model, panel, model.contract.horizon, MONTHLY)[0]


def stops_of(model: Model, panel: Panel, series: int) -> list[int]:
    """The ends of unseen nights, the last NIGHTS."""
    horizon = model.contract.horizon
    first = int(np.searchsorted(panel.times, model.seen_until[series], side="right"))
    return list(range(first + horizon, len(panel.times) + 1, horizon))[-NIGHTS:]


def found_in(model: Model, panel: Panel, stops: list[int], fault: Fault, hour: int) -> tuple[float, float]:
    """The share of nights in which a fault is found that day, and the median of hours until it is."""
    horizon = model.contract.horizon
    places = np.unique(np.linspace(0, len(stops) - 1, FAULTY).round().astype(int))
    seen, hours = 0, []
    for stop in (stops[place] for place in places):
        target = panel.target.copy()
        first = stop - horizon
        target[first:stop] = fault(target[first:stop], hour, float(target[first - 1]))
        changed = np.flatnonzero(target[first:stop] != panel.target[first:stop])
        said = watched(model, until(with_target(panel, target), stop))
        alarmed = np.flatnonzero([word != "" for word in said.alarm])
        if len(changed) and len(alarmed):
            seen += 1
            hours.append(max(int(alarmed[0]) - int(changed[0]) + 1, 1) / hour)
    return seen / len(places), float(np.median(hours)) if hours else float("nan")


def rows_of(name: str, panel: Panel, model: Model) -> dict[str, object]:
    """The figures of a set: months, false alarms, and each fault."""
    alarms, months, faults = 0, 0.0, {}
    for series in range(len(panel.ids)):
        alone = panel.of_series([series])
        stops = stops_of(model, alone, series)
        step = float((alone.times[1] - alone.times[0]) / np.timedelta64(1, "D"))
        alarms += sum(bool(watched(model, until(alone, stop)).alarms) for stop in stops)
        months += len(stops) * model.contract.horizon * step / DAYS_OF_MONTH
        if series == 0:
            hour = max(round(1 / 24 / step), 1)
            faults = {what: found_in(model, alone, stops, fault, hour) for what, fault in FAULTS.items()}
    return {"set": name, "months": months, "alarms": alarms, "faults": faults}


def main(names: list[str]) -> int:
    """Print a row for each set, store them, and return 1 where the must is missed."""
    print("| set | months | false alarms a month |", " | ".join(FAULTS), "|")
    print("|---" * (3 + len(FAULTS)) + "|")
    found = []
    for name, _, panel, model in chosen(names):
        row = rows_of(name, panel, model)
        found.append(row)
        cells = [f"{100 * share:.0f} % ({hours:.0f} h)" for share, hours in row["faults"].values()]  # type: ignore[attr-defined]
        rate = row["alarms"] / row["months"]  # type: ignore[operator]
        print(
            f"| {name} | {row['months']:.1f} | {rate:.2f} ({row['alarms']}) |",
            " | ".join(cells),
            "|",
            flush=True,
        )
    months, alarms = (sum(row[key] for row in found) for key in ("months", "alarms"))  # type: ignore[misc]
    print(
        f"\nover all sets {alarms / months:.2f} false alarms a month in {months:.0f} months; declared {DECLARED:g}"
    )
    if not names:
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    told = [(alarms, months), *((row["alarms"], row["months"]) for row in found if row["months"] >= EXPECTED)]
    return 0 if all(months / FACTOR <= count <= FACTOR * months for count, months in told) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
