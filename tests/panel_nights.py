"""Nights of a street of meters in one file: one is new, one closes, one began too late to be judged in training."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from tests.command_line import Said

Run = Callable[..., Said]
BEGAN = datetime(2024, 1, 1)
TAUGHT, NIGHTS, HORIZON = 60, 24, 24  # days of training, nights after them, rows
SIZES = {"a": 100.0, "b": 40.0, "closing": 250.0, "young": 1500.0, "new": 700.0}
YOUNG = TAUGHT - 5  # the day on which the young meter began
NEW, CLOSED = 6, 12  # nights at whose midnight a new meter begins, and one has ended
TRAINING = (
    *("--target", "load", "--id", "meter", "--horizon", HORIZON, "--lookback", 48, "--hidden", 8),
    *("--steps", 60, "--threads", 1),
)


@dataclass(frozen=True)
class Expected:
    """How a night must end with --strict: exit code, the meters in its file, the makers of theirs that are no model."""

    kind: str
    code: int
    meters: tuple[str, ...]
    stand_ins: dict[str, str]


def expected(night: int) -> Expected:
    """How a night must end: a new meter of a few rows is left out, one that closed from the second day on."""
    usual = ["a", "b", "closing", "young"]
    if night > CLOSED:
        usual.remove("closing")
    if night <= NEW:
        return Expected("plain", 0, tuple(usual), {})
    stand_ins = {"new": "own_rows"}
    kind = "a new series" if night <= CLOSED else "a new and a closed series"
    return Expected(kind, 6, (*usual, "new"), stand_ins)


def values_of(meter: str) -> np.ndarray:
    """Every hour of a meter."""
    rng, hours = np.random.default_rng(sum(map(ord, meter))), np.arange(24 * (TAUGHT + NIGHTS + 2))
    day = 0.3 * np.sin(2 * np.pi * (hours - 8) / 24) - 0.08 * (hours // 24 % 7 >= 5)
    return np.asarray(SIZES[meter] * (1 + day + 0.03 * rng.normal(size=len(hours))))


def export(path: Path, day: int) -> Path:
    """What the street's file holds at the midnight of a day, counted from the first."""
    lines = ["time,meter,load"]
    for meter in SIZES:
        first = {"young": YOUNG, "new": TAUGHT + NEW}.get(meter, 0)
        stop = min(day, TAUGHT + CLOSED) if meter == "closing" else day
        values = values_of(meter)
        for hour in range(24 * first, 24 * stop):
            lines.append(f"{BEGAN + timedelta(hours=hour)},{meter},{values[hour]:.3f}")
    path.write_text("\n".join(lines) + "\n")
    return path


def check(night: int, said: Said) -> None:
    """Exit code, meters, makers and sizes of a night's file are as they must be."""
    wanted, where = expected(night), (night, said)
    assert said.code == wanted.code, where
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert tuple(dict.fromkeys(row["meter"] for row in rows)) == wanted.meters, where
    for row in rows:
        low, middle, high = (float(row[name]) for name in ("lo_80", "forecast", "hi_80"))
        size = SIZES[row["meter"]]
        assert 0.4 * size < middle < 1.7 * size, (night, row)
        most = 4 if row["source"] == "own_rows" else 2  # of a day of rows little is known
        assert 0 <= low <= middle <= high < most * size, (night, row)
        assert high - low > 0.02 * size, (night, row)
        assert (row["source"] == "own_rows") == (row["meter"] in wanted.stand_ins), (night, row)
    assert ("'closing' ends at" in said.err) == (night > CLOSED), where
    assert ("new_series" in said.err) == (night > NEW), where


def simulate(folder: Path, run: Run) -> dict[tuple[str, int], int]:
    """Train, and forecast every night; returns how many nights there were of each kind and exit code."""
    model, counts = folder / "street.pkl", dict[tuple[str, int], int]()
    trained = run("train", export(folder / "street.csv", TAUGHT), *TRAINING, "-o", model, "-q")
    assert (trained.code, trained.err) == (0, ""), trained
    for night in range(NIGHTS):
        check(night, run("predict", model, export(folder / "night.csv", TAUGHT + night), "--strict"))
        key = (expected(night).kind, expected(night).code)
        counts[key] = counts.get(key, 0) + 1
    return counts
