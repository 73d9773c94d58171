"""lstmcast beside what a user would pick instead: python -m tests.benchmarks.peers [SET …] [--peer NAME …] [--show]

Every forecaster sees the rows before the test block and then, at each sampled origin of it, all rows before that; ours
is the model that ships. Needs the extra `bench` (statsforecast, mlforecast, lightgbm; prophet is left out where it is
not installed). Each runs as processes of its own, so that CPU seconds and peak memory are those of whole processes: one
training, and one nightly forecast. Kept in results/peers.json; `--write` puts the table into the guide's accuracy page.

MASE has the seasonal naive's error on the rows before the test block for a denominator, series by series; the Winkler
score of the 80 % band has the same one. How each peer is set up stands in `peer_models`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Panel
from lstmcast.data.scaling import seasonal_scale
from lstmcast.data.split import Split, split
from lstmcast.persistence import load
from tests.benchmarks.accuracy_sets import ALL_SETS, REPOSITORY, AbsentError
from tests.benchmarks.peer_models import PEERS

Numbers = NDArray[np.float64]
RESULTS = Path(__file__).parent / "results" / "peers.json"
GUIDE = REPOSITORY / "lstmcast" / "guide" / "accuracy.md"
OURS = "lstmcast"
ORIGINS = 20
SETS = ("victoria", "taylor", "ercot", "bike", "elecdemand", "prices", "traffic", "air_passengers")
_FREQ = {"30min": "30min", "h": "h", "D": "D", "MS": "MS", "15min": "15min"}
_PACKAGES = {
    "MSTL with AutoETS": "statsforecast",
    "AutoTheta": "statsforecast",
    "LightGBM": "lightgbm",
    "LightGBM, differenced": "lightgbm",
    "HistGradientBoosting, differenced": "mlforecast",
    "Prophet": "prophet",
}
_BEGIN, _END = "| set | forecaster |", "\n## Several trainings"  # around the table in the guide


@dataclass(frozen=True, eq=False)
class Ground:
    """A set cut for judging: a folder of files, blocks, first target rows (n,) of each origin's series, and actuals."""

    name: str
    folder: Path
    panel: Panel
    blocks: Split
    horizon: int
    origins: tuple[int, ...]
    known: tuple[str, ...]

    @property
    def rows(self) -> NDArray[np.int64]:
        """(n S,) flat rows of the first targets, origin by origin."""
        return np.concatenate([self.panel.offsets[:-1] + origin for origin in self.origins]).astype(np.int64)

    def actual(self) -> Numbers:
        """(K, n S) what came."""
        return self.panel.target[self.rows[None, :] + np.arange(self.horizon)[:, None]]

    def scale(self) -> Numbers:
        """(n S,) MASE's denominators."""
        season = self.panel.clock.season
        each = [seasonal_scale(self.panel.target[rows], season) for rows in self.blocks.slices("before_test")]
        return np.tile(np.array(each), len(self.origins))


def ground(name: str, folder: Path) -> Ground:
    """The files of a set in a folder; raises AbsentError where its data are not there."""
    benchmark = ALL_SETS[name]
    panel = benchmark.panel()
    blocks = split(panel, benchmark.horizon, None, benchmark.test)
    first, last = int(blocks.test[0]), int(panel.lengths.min()) - benchmark.horizon
    origins = tuple(np.unique(np.linspace(first, last, ORIGINS).round().astype(int)).tolist())
    _write(folder / "rows.csv", panel, 0, int(panel.lengths.max()), names=("unique_id", "ds", "y"))
    _write(folder / "before.csv", panel, 0, first)
    _write(folder / "night.csv", panel, 0, origins[0], known=benchmark.horizon)
    task = {
        "horizon": benchmark.horizon,
        "validation": first - (int(blocks.test[0]) - int(blocks.validation[0])),
        "test": first,
        "origins": origins,
        "seasons": panel.clock.seasons,
        "freq": _FREQ[panel.clock.freq],
        "known": benchmark.known,
    }
    (folder / "task.json").write_text(json.dumps(task))
    return Ground(name, folder, panel, blocks, benchmark.horizon, origins, benchmark.known)


def _write(
    file: Path,
    panel: Panel,
    first: int,
    stop: int,
    known: int = 0,
    names: tuple[str, str, str] = ("id", "time", "y"),
) -> None:
    """Rows first:stop of each series as a CSV, and so many more of what is known ahead."""
    import pandas as pd

    parts = []
    for number, one in enumerate(panel.ids):
        rows = panel.rows(number)
        kept = slice(rows.start + first, min(rows.start + stop + known, rows.stop))
        frame = pd.DataFrame(
            panel.values[kept].copy(), columns=[names[2], *(c.name for c in panel.columns[1:])]
        )
        frame.loc[stop - first :, names[2]] = np.nan
        frame.insert(0, names[1], panel.times[kept])
        frame.insert(0, names[0], one or "all")
        parts.append(frame if len(panel.columns) > 1 else frame[: stop - first])
    pd.concat(parts).to_csv(file, index=False)


def measured(*words: str) -> tuple[float, float]:
    """CPU seconds of a process and its children, and its peak memory (MB); raises RuntimeError where it fails."""
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, *words], stdout=said, stderr=subprocess.STDOUT, env=environment
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise RuntimeError(said.read().decode(errors="replace")[-2_000:])
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def ours(on: Ground) -> dict[str, Any]:
    """Trained and asked once by the command line; then asked from every origin."""
    model, told = on.folder / "model.pkl", ["--target", "y", "--time", "time"]
    told += ["--id", "id"] + (["--known", ",".join(on.known)] if on.known else [])
    before, night = on.folder / "before.csv", on.folder / "night.csv"
    sizes = ["--horizon", str(on.horizon), "-o", str(model), "-q"]
    train, peak = measured("-m", "lstmcast", "train", str(before), *told, *sizes)
    nightly, _ = measured(
        "-m", "lstmcast", "predict", str(model), str(night), "-o", str(on.folder / "f.csv"), "-q"
    )
    loaded = load(model)
    views = loaded.windows(on.panel, np.arange(len(on.panel.ids)))
    answer = loaded.answer(views, on.rows, (80,))
    low, high = answer.bands[80]
    return _judged(on, answer.point, low, high) | _cost(train, nightly, peak)


def theirs(on: Ground, name: str) -> dict[str, Any]:
    """The same of a peer."""
    words, train, peak = ("-m", "tests.benchmarks.peer_models", str(on.folder), name), None, 0.0
    if PEERS[name].is_kept:
        train, peak = measured(*words, "train")
    nightly, more = measured(*words, "night")
    measured(*words, "answer")
    found = np.load(on.folder / f"{name}.npz")
    return _judged(on, found["point"], found["low"], found["high"]) | _cost(train, nightly, max(peak, more))


def _judged(on: Ground, point: Numbers, low: Numbers, high: Numbers) -> dict[str, Any]:
    actual, scale = on.actual(), on.scale()
    missed = np.maximum(low - actual, 0) + np.maximum(actual - high, 0)
    known = np.isfinite(actual)
    return {
        "mase": float(np.nanmean(np.abs(point - actual) / scale)),
        "winkler": float(np.nanmean((high - low + 10 * missed) / scale)),
        "coverage": float(((actual >= low) & (actual <= high))[known].mean()),
    }


def _cost(train: float | None, night: float, peak: float) -> dict[str, Any]:
    return {"train_cpu": train, "night_cpu": night, "peak_mb": peak}


def stored() -> dict[str, dict[str, Any]]:
    """Set -> forecaster -> figures, as kept."""
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def keep(name: str, forecaster: str, figures: dict[str, Any]) -> None:
    """Merge the figures of one forecaster on one set into the file."""
    found = stored()
    rounded = {key: None if value is None else float(f"{value:.4g}") for key, value in figures.items()}
    found.setdefault(name, {})[forecaster] = rounded
    ordered = {each: found[each] for each in ALL_SETS if each in found}
    RESULTS.write_text(json.dumps(ordered, indent=1) + "\n")


def table(found: dict[str, dict[str, Any]]) -> str:
    """A row for each set and forecaster, the lowest MASE first, then what it says in a sentence."""
    lines = [
        "| set | forecaster | MASE | Winkler | in the 80 % band | CPU s, training | CPU s, one night | peak MB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, each in found.items():
        ranked = sorted(each.items(), key=lambda item: float(item[1]["mase"]))
        lines += [_row(name if not place else "", *item) for place, item in enumerate(ranked)]
    return "\n".join([*lines, "", summary(found)])


def _row(name: str, forecaster: str, figures: dict[str, Any]) -> str:
    label = f"**{forecaster}**" if forecaster == OURS else forecaster
    train = "–" if figures["train_cpu"] is None else f"{figures['train_cpu']:.1f}"
    return (
        f"| {name} | {label} | {figures['mase']:.3f} | {figures['winkler']:.2f} | {figures['coverage']:.0%} "
        f"| {train} | {figures['night_cpu']:.1f} | {figures['peak_mb']:.0f} |"
    ).replace("%", " %")


def summary(found: dict[str, dict[str, Any]]) -> str:
    """Where ours loses, and the geometric mean of the errors ours over each other's."""
    lost, words = [], []
    for name, each in found.items():
        best = min(each, key=lambda forecaster: each[forecaster]["mase"])
        if OURS in each and best != OURS:
            ratio = each[OURS]["mase"] / each[best]["mase"]
            lost.append(f"{name} ({ratio:.2f} times the error of {best})")
    for peer in PEERS:
        ratios = [
            each[OURS]["mase"] / each[peer]["mase"] for each in found.values() if {OURS, peer} <= set(each)
        ]
        if ratios:
            mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
            words.append(f"{peer} {mean:.2f} (sets: {len(ratios)})")
    where = f"It loses on {', '.join(lost)}." if lost else "It has the lowest error on every set."
    return f"{where} Its error over that of each other, geometric mean: {', '.join(words)}."


def write_guide() -> None:
    """Put the table of what is kept into the guide."""
    text = GUIDE.read_text()
    begin, end = text.index(_BEGIN), text.index(_END)
    GUIDE.write_text(f"{text[:begin]}{table(stored())}\n{text[end:]}")


def run(name: str, peers: list[str]) -> bool:
    """Measure ours and the peers on a set; False where one failed."""
    good = True
    with tempfile.TemporaryDirectory() as folder:
        try:
            on = ground(name, Path(folder))
        except AbsentError as error:
            print(f"{name}: skipped, {error}", flush=True)
            return True
        for peer in peers:
            package = _PACKAGES.get(peer)
            if package is not None and importlib.util.find_spec(package) is None:
                print(f"{name}: {peer} skipped, {package} is not installed", flush=True)
                continue
            try:
                figures = ours(on) if peer == OURS else theirs(on, peer)
            except RuntimeError as error:
                print(f"{name}: {peer} FAILED, {error}", flush=True)
                good = False
                continue
            keep(name, peer, figures)
            print(_row(name, peer, figures), flush=True)
    return good


def main() -> int:
    """Run, show or write; 1 where a forecaster failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"default: {', '.join(SETS)}")
    parser.add_argument("--peer", action="append", choices=[OURS, *PEERS], help="default: all")
    parser.add_argument("--show", action="store_true", help="print what is kept and run nothing")
    parser.add_argument("--write", action="store_true", help="put what is kept into the guide")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.sets if name not in ALL_SETS]
    if unknown:
        parser.error(f"no set {unknown[0]!r}")
    good = True
    if not arguments.show and not arguments.write:
        good = not [
            name for name in arguments.sets or SETS if not run(name, arguments.peer or [OURS, *PEERS])
        ]
    if arguments.write:
        write_guide()
    print(table(stored()))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
