"""What another model's weights are worth: python -m tests.benchmarks.pretrained [SEEDS]

Each of the eight ERCOT zones in turn is the one with little history: 30 days of hours, and a last week on which all are
judged (MASE of a day ahead from every hour of it). `from nothing` trains on the 30 days alone. `fine-tuned` starts
from a model of the other seven zones, which has seen none of that week; `gently` does so at a quarter of the learning
rate; `frozen` trains only what is on top of the recurrent layers. All else is the same, and all choices are made.
`network` is what the network gives, `ships` what the safeguard makes of it. Medians over the seeds.
"""

from __future__ import annotations

import dataclasses
import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lstmcast.core.options import Options
from lstmcast.core.panel import Panel
from lstmcast.model.model import Model
from lstmcast.pipeline.fit import fit
from tests.benchmarks.accuracy_sets import AbsentError, _ercot

RESULTS = Path(__file__).parent / "results"
WEEK, MONTH = 168, 720
CHOSEN: dict[str, Any] = {
    "horizon": 24,
    "lookback": 168,
    "segment": 24,
    "transform": "none",
    "calendar": "none",
    "anchor": "yes",
    "window_size": "no",
    "val": "144",
    "threads": 1,
}
STARTS: dict[str, dict[str, Any]] = {
    "from nothing": {},
    "fine-tuned": {},
    "gently": {"lr": 1e-3},
    "frozen": {"freeze": "recurrent"},
}


def zones(panel: Panel, names: list[str], first: int, last: int) -> Panel:
    """Rows first to last of some series, a single one without its name."""
    numbers = [panel.ids.index(name) for name in names]
    starts, count = panel.offsets[numbers], last - first
    rows = (starts[:, None] + np.arange(first, last)).reshape(-1)
    return dataclasses.replace(
        panel,
        ids=tuple(names) if len(names) > 1 else ("",),
        id_name=panel.id_name if len(names) > 1 else None,
        offsets=count * np.arange(len(names) + 1),
        times=panel.times[rows],
        values=panel.values[rows],
    )


def measured(panel: Panel, name: str, seed: int) -> Iterator[dict[str, Any]]:
    """The errors of one zone with every start and both safeguards."""
    rows = int(panel.lengths[0])
    others = zones(panel, [zone for zone in panel.ids if zone != name], 0, rows - WEEK)
    own = zones(panel, [name], rows - WEEK - MONTH, rows)
    before = fit(others, Options(**CHOSEN, safeguard="network", seed=seed, test=str(WEEK)))
    for start, changes in STARTS.items():
        for what, safeguard in (("network", "network"), ("ships", "auto")):
            began = time.process_time()
            given = (
                CHOSEN | {"safeguard": safeguard, "seed": seed, "test": str(WEEK), "final": False} | changes
            )
            model = fit(own, Options(**given), pretrained=None if start == "from nothing" else before)
            yield {"zone": name, "seed": seed, "start": start, "what": what} | _figures(model, began)


def _figures(model: Model, began: float) -> dict[str, Any]:
    report = model.report
    return {
        "mase": report["test"]["model"]["mase"],
        "linear": report["test"]["linear"]["mase"],
        "naive": min(row["mase"] for name, row in report["test"].items() if "naive" in name),
        "best_step": report["choices"]["best_steps"][0],
        "windows": report["windows"],
        "seconds": round(time.process_time() - began, 2),
        "new": report["choices"].get("start", {}).get("new", []),
    }


def show(rows: list[dict[str, Any]]) -> None:
    """A line a zone, and the mean over zones."""
    names = [f"{start}, {what}" for what in ("network", "ships") for start in STARTS]
    print("| zone | " + " | ".join([*names, "linear", "best naive"]) + " |")
    print("|---" * (len(names) + 3) + "|")
    lines = {zone: _line(rows, zone) for zone in dict.fromkeys(row["zone"] for row in rows)}
    lines["mean"] = [float(np.mean(column)) for column in zip(*lines.values(), strict=True)]
    for zone, line in lines.items():
        print(f"| {zone} | " + " | ".join(f"{value:.3f}" for value in line) + " |")


def _line(rows: list[dict[str, Any]], zone: str) -> list[float]:
    own = [row for row in rows if row["zone"] == zone]
    cells = [
        statistics.median(row["mase"] for row in own if (row["start"], row["what"]) == (start, what))
        for what in ("network", "ships")
        for start in STARTS
    ]
    return [*cells, own[0]["linear"], own[0]["naive"]]


def main() -> None:
    """Measure, print, and write results/pretrained.json."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    try:
        panel = _ercot()
    except AbsentError as error:
        sys.exit(f"skipped: {error}")
    rows = [row for name in panel.ids for seed in range(seeds) for row in measured(panel, name, seed)]
    show(rows)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "pretrained.json").write_text(json.dumps({"seeds": seeds, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
