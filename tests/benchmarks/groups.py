"""Many models: the same bits on one core, on two and on a cluster; time beside a shell loop of single trainings.

Run: python -m tests.benchmarks.groups [GROUPS [ROWS]], by itself 200 groups of 2,000 rows.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

COMMON = ("--target", "qty", "-q")


def write(path: Path, groups: int, rows: int) -> list[Path]:
    """Write hourly rows of all groups into one file, and those of each into a file of its own; return these."""
    rng, hours = np.random.default_rng(0), np.arange(rows)
    stamps = np.datetime_as_string(np.datetime64("2024-01-01T00") + hours * np.timedelta64(1, "h"), unit="s")
    singles = []
    with path.open("w", encoding="utf-8") as file:
        file.write("time,shop,qty\n")
        for group in range(groups):
            values = 50 + 10 * np.sin(hours * np.pi / 12 + group) + rng.normal(0, 2, rows)
            single = path.parent / f"{group}.csv"
            lines = [(stamp, f"{value:.2f}") for stamp, value in zip(stamps, values, strict=True)]
            single.write_text("time,qty\n" + "".join(f"{a},{b}\n" for a, b in lines), encoding="utf-8")
            file.writelines(f"{a},s{group},{b}\n" for a, b in lines)
            singles.append(single)
    return singles


def program(*arguments: object) -> None:
    """Run the program in a process of its own; raises where it fails."""
    subprocess.run(
        [sys.executable, "-m", "lstmcast", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL
    )


def timed(name: str, work: Callable[[], object]) -> float:
    """Print and return the seconds of some work."""
    began = time.monotonic()
    work()
    took = time.monotonic() - began
    print(f"{name:<40} {took:8.1f} s", flush=True)
    return took


def hashes(folder: Path) -> str:
    """One hash over the SHA-256 of every model of a folder."""
    found = json.loads((folder / "index.json").read_text(encoding="utf-8"))["groups"]
    return hashlib.sha256("".join(each["sha256"] for each in found).encode()).hexdigest()[:16]


def beside_statsforecast(singles: list[Path]) -> None:
    """AutoETS over the same groups, where statsforecast is installed."""
    try:
        import pandas as pd
        from statsforecast import StatsForecast
        from statsforecast.models import AutoETS
    except ImportError:
        print("statsforecast is not installed; skipped")
        return
    frames = [
        pd.read_csv(path, parse_dates=["time"]).set_axis(["ds", "y"], axis=1).assign(unique_id=path.stem)
        for path in singles
    ]
    model = StatsForecast([AutoETS(season_length=24)], freq="h", n_jobs=2)
    timed("statsforecast AutoETS", lambda: model.forecast(df=pd.concat(frames), h=24))


def beside_mlforecast(singles: list[Path]) -> None:
    """LightGBM over the same groups, where mlforecast and lightgbm are installed."""
    try:
        import lightgbm
        import pandas as pd
        from mlforecast import MLForecast
    except ImportError:
        print("mlforecast or lightgbm is not installed; skipped")
        return
    frames = [
        pd.read_csv(path, parse_dates=["time"]).set_axis(["ds", "y"], axis=1).assign(unique_id=path.stem)
        for path in singles
    ]
    model = MLForecast([lightgbm.LGBMRegressor(verbose=-1)], freq="h", lags=[1, 24, 168])
    timed("mlforecast LightGBM", lambda: model.fit(pd.concat(frames)).predict(24))


def main(groups: int = 200, rows: int = 2000) -> int:
    """Print times and whether all bits are the same; returns 1 where they are not."""
    print(f"{groups:,} groups of {rows:,} rows, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        data = place / "sales.csv"
        singles = write(data, groups, rows)
        ways: dict[str, tuple[object, ...]] = {"serial": ("--jobs", 1), "two": ("--jobs", 2)}
        try:
            import distributed  # noqa: F401

            ways["cluster"] = ("--cluster", "local:2")
        except ImportError:
            print("the extra cluster is not installed; skipped")
        found = {}
        for name, flags in ways.items():
            models = place / name
            timed(
                f"train --by shop {' '.join(map(str, flags))}",
                lambda flags=flags, models=models: program(
                    "train", data, "--by", "shop", *flags, "-o", models, *COMMON
                ),
            )
            found[name] = hashes(models)
            print(f"{'':<40} models {found[name]}")
        timed(
            "a loop of single trainings",
            lambda: [program("train", each, "-o", each.with_suffix(".pkl"), *COMMON) for each in singles],
        )
        one = timed(
            "predict one model", lambda: program("predict", singles[0].with_suffix(".pkl"), singles[0], "-q")
        )
        all_of_them = timed("predict the folder", lambda: program("predict", place / "serial", data, "-q"))
        print(f"the folder takes {all_of_them / one:.1f} times the time of one model")
        beside_statsforecast(singles)
        beside_mlforecast(singles)
    return int(len(set(found.values())) > 1)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
