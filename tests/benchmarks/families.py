"""Simulated families beside statsforecast's AutoETS and AutoTheta: python -m tests.benchmarks.families [FAMILY …]

Every forecaster is fitted anew before each origin (the first after the family's rows, the next a horizon later) of each
seed, on the same rows. Printed are the error (MAE; RMSE for counts) over AutoETS's in the geometric mean of seeds, the
coverage of the 80 and 95 % bands over all outcomes and, for 80 %, over the first and the last third of the horizon.
The peers' figures are kept in results/families.json and are not made again; without statsforecast only these are shown.
A season of more than 24 rows is beyond AutoETS: it forecasts what STL leaves then (MSTL).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import os
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import Options
from lstmcast.pipeline.fit import fit
from tests.benchmarks.family_series import COUNTS, FAMILIES, Family

Numbers = NDArray[np.float64]
Answer = tuple[Numbers, dict[int, tuple[Numbers, Numbers]]]
RESULTS = Path(__file__).parent / "results" / "families.json"
LEVELS = (80, 95)
ORIGINS = 2
PEERS = ("AutoETS", "AutoTheta")


def ours(family: Family, rows: Numbers) -> Answer:
    """The shipped forecast with default options."""
    panel = family.panel(rows)
    model = fit(panel, Options(horizon=family.horizon))
    said = model.predict(panel, levels=LEVELS)
    return said.point, said.bands


def peer(name: str, family: Family, rows: Numbers) -> Answer:
    """The forecast of one of statsforecast's."""
    from statsforecast import models

    m = family.season
    if m > 24:
        trend = models.AutoETS(model="ZZN") if name == "AutoETS" else models.AutoTheta(season_length=1)
        model = models.MSTL(season_length=m, trend_forecaster=trend)
    else:
        model = getattr(models, name)(season_length=m)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        said = model.forecast(rows, h=family.horizon, level=list(LEVELS))
    bands = {level: (said[f"lo-{level}"], said[f"hi-{level}"]) for level in LEVELS}
    return said["mean"], bands


def figures(family: Family, answer: Answer, actual: Numbers) -> dict[str, Any]:
    """Error, total over the truth's, and who was inside: by level, step by step."""
    point, bands = answer
    error = point - actual
    size = float(np.sqrt((error**2).mean()) if family.name in COUNTS else np.abs(error).mean())
    inside = {str(k): ((actual >= low) & (actual <= high)).tolist() for k, (low, high) in bands.items()}
    return {"error": size, "total": float(point.sum()), "came": float(actual.sum()), "inside": inside}


def measure(name: str, seed: int, who: str) -> list[dict[str, Any]]:
    """The figures of one forecaster at each origin of a seed."""
    family, found = FAMILIES[name], []
    for number in range(ORIGINS):
        origin = family.rows + number * family.horizon
        values = family.series(seed, family.rows + ORIGINS * family.horizon)
        rows, actual = values[:origin], values[origin : origin + family.horizon]
        started = time.process_time()
        answer = ours(family, rows) if who == "lstmcast" else peer(who, family, rows)
        found.append(figures(family, answer, actual) | {"cpu_s": time.process_time() - started})
    return found


def stored() -> dict[str, Any]:
    """Family -> forecaster -> seed -> figures at each origin."""
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def keep(found: dict[str, Any]) -> None:
    """Write the results, whole."""
    part = RESULTS.with_suffix(".part")
    part.write_text(json.dumps(_rounded(found), separators=(",", ":")) + "\n")
    os.replace(part, RESULTS)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    return (
        int(value)
        if isinstance(value, bool)
        else float(f"{value:.5g}")
        if isinstance(value, float)
        else value
    )


def summary(found: dict[str, Any], name: str) -> dict[str, float]:
    """The figures of one family, over the seeds that ours and AutoETS's have in common."""
    ours, peers = found[name]["lstmcast"], found[name].get("AutoETS", {})
    seeds = [seed for seed in ours if seed in peers]
    row = {"seeds": float(len(ours))}
    for who in ("lstmcast", "AutoTheta"):
        pairs = list(_pairs(found[name].get(who, {}), peers, seeds))
        row[f"{who} / AutoETS"] = math.exp(np.mean(np.log(pairs))) if pairs else math.nan
    for who in ("lstmcast", "AutoETS"):
        runs = [run for runs in found[name].get(who, {}).values() for run in runs]
        for level in LEVELS:
            inside = np.array([run["inside"][str(level)] for run in runs], dtype=float)
            row[f"{who} {level}"] = float(inside.mean()) if len(runs) else math.nan
            if who == "lstmcast" and level == 80:
                third = max(inside.shape[1] // 3, 1)
                row["first"], row["last"] = inside[:, :third].mean(), inside[:, -third:].mean()
    runs = [run for runs in ours.values() for run in runs]
    row["total"] = sum(run["total"] for run in runs) / (sum(run["came"] for run in runs) or math.nan)
    row["cpu_s"] = float(np.mean([run["cpu_s"] for run in runs]))
    return row


def _pairs(these: dict[str, Any], peers: dict[str, Any], seeds: list[str]) -> Iterator[float]:
    for seed in seeds:
        for own, other in zip(these.get(seed, []), peers[seed], strict=False):
            yield max(own["error"], 1e-9) / max(other["error"], 1e-9)


def show(found: dict[str, Any], names: list[str]) -> None:
    """The table."""
    print(
        "family          seeds  ours/ETS  Theta/ETS   80 % (first last third)   95 %   ETS 80   95   total   CPU s"
    )
    rows = {name: summary(found, name) for name in names if "lstmcast" in found.get(name, {})}
    for name, row in rows.items():
        print(
            f"{name:15} {row['seeds']:5.0f} {row['lstmcast / AutoETS']:9.3f} {row['AutoTheta / AutoETS']:10.3f}"
            f"{row['lstmcast 80']:8.1%} ({row['first']:.0%} {row['last']:.0%}) {row['lstmcast 95']:13.1%}"
            f"{row['AutoETS 80']:9.1%} {row['AutoETS 95']:6.1%} {row['total']:6.2f} {row['cpu_s']:7.2f}"
        )
    ratios = [row["lstmcast / AutoETS"] for row in rows.values() if not math.isnan(row["lstmcast / AutoETS"])]
    if ratios:
        print(f"geometric mean {math.exp(np.mean(np.log(ratios))):.3f}, highest {max(ratios):.3f}", end="; ")
        print(f"80 %: {np.mean([row['lstmcast 80'] for row in rows.values()]):.1%}", end=", ")
        print(f"95 %: {np.mean([row['lstmcast 95'] for row in rows.values()]):.1%}")


def main() -> None:
    """Measure what is asked for, keep it, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "families", nargs="*", metavar="FAMILY", help=f"of {', '.join(FAMILIES)}; default: all"
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--show", action="store_true", help="print what is kept and measure nothing")
    given = parser.parse_args()
    names = given.families or list(FAMILIES)
    if set(names) - set(FAMILIES):
        parser.error(f"the families are {', '.join(FAMILIES)}")
    found = stored()
    if not given.show:
        who = ["lstmcast", *(PEERS if importlib.util.find_spec("statsforecast") else ())]
        tasks = [
            (name, seed, one)
            for name in names
            for one in who
            for seed in range(given.seeds)
            if one == "lstmcast" or str(seed) not in found.get(name, {}).get(one, {})
        ]
        with ProcessPoolExecutor(given.jobs, mp_context=get_context("spawn")) as pool:
            futures = {task: pool.submit(measure, *task) for task in tasks}
            for (name, seed, one), future in futures.items():
                found.setdefault(name, {}).setdefault(one, {})[str(seed)] = future.result()
                keep(found)
    show(found, names)


if __name__ == "__main__":
    main()
