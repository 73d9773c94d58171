"""Adapting between refreshes, night by night, beside the forecast as it ships, with and without a weekly refresh.

    python -m tests.benchmarks.adapt [--refresh] [SET …]    # all sets of night_sets.py, or some

Each night forecasts the next horizon and writes it down; the next one is adapted by the ledger of those before, as
`predict --log --adapt` does. Printed are the adapted error and Winkler score over those as shipped (with --refresh: of
a model that is refreshed every week), and the share of rows in the 80 % band of both. Musts: coverage is not further
from 80 % on any set, the mean of the errors is below one, and no series is worse by more than 1 %.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import TooFewNewError
from lstmcast.core.panel import Forecast, Panel
from lstmcast.evaluation.ledger import BAND, Ledger
from lstmcast.evaluation.metrics import winkler
from lstmcast.model.adapted import adapted
from lstmcast.model.model import Model
from lstmcast.pipeline.refresh import Outcome, refreshing
from tests.benchmarks.night_sets import chosen
from tests.panels import without_target

Numbers = NDArray[np.float64]
RESULTS = Path(__file__).parent / "results" / "adapt.json"
WEEK, NIGHTS, NEAR, WORST = 7, 120, 0.02, 1.01


@dataclasses.dataclass(frozen=True, eq=False)
class Nights:
    """What was said of each row of the nights of a series, (R,) each, and what came."""

    point: Numbers
    lower: Numbers
    upper: Numbers
    actual: Numbers

    @property
    def figures(self) -> tuple[float, float, float]:
        """Mean absolute error, coverage, and Winkler score."""
        known = np.isfinite(self.actual)
        actual, low, high = self.actual[known], self.lower[known], self.upper[known]
        inside = (actual >= low) & (actual <= high)
        score = winkler(actual, (low, high), BAND)
        return float(np.abs(self.point[known] - actual).mean()), float(inside.mean()), float(score.mean())


def ledger_of(parts: list[tuple[np.datetime64, Forecast]], source: str) -> Ledger:
    """A ledger of forecasts of one series that the model made, each issued at a stamp."""
    lengths = [len(said.times) for _, said in parts]
    zeros = np.zeros(sum(lengths), dtype=np.int64)
    low, high = (np.concatenate([said.bands[BAND][side] for _, said in parts]) for side in (0, 1))
    return Ledger(
        issued=np.repeat(np.array([stamp for stamp, _ in parts]), lengths),
        time=np.concatenate([said.times for _, said in parts]),
        point=np.concatenate([said.point for _, said in parts]),
        lower=low,
        upper=high,
        series=zeros,
        ids=("",),
        model=zeros,
        models=("m",),
        source=zeros,
        sources=(source,),
    )


def origins_of(model: Model, panel: Panel, series: int) -> list[int]:
    """The rows that nights of unseen rows begin with, a horizon apart, the last NIGHTS."""
    horizon = model.contract.horizon
    first = int(np.searchsorted(panel.times, model.seen_until[series], side="right"))
    return list(range(first, len(panel.times) - horizon + 1, horizon))[-NIGHTS:]


def nights(model: Model, panel: Panel, series: int, *, refreshes: bool) -> tuple[Nights, Nights]:
    """The nights of a panel of one series as they ship, and adapted by the ledger of those before.

    series: its number among those of the model.
    """
    horizon, origins = model.contract.horizon, origins_of(model, panel, series)
    parts: list[tuple[np.datetime64, Forecast]] = []
    shipped, other, actual = [], [], []
    for night, stop in enumerate(origins):
        seen = without_target(panel.take(np.array([0]), np.array([stop + horizon])), stop)
        if refreshes and night and night % WEEK == 0:
            model = refreshed(model, panel.take(np.array([0]), np.array([stop])))
        said = model.predict(seen, levels=(BAND,), short_future="fill")
        ledger = ledger_of(parts, model.source) if parts else None
        shipped.append(said)
        other.append(said if ledger is None else adapted(model, seen, said, ledger).forecast)
        actual.append(panel.target[stop : stop + horizon])
        if set(said.source) == {model.source}:
            parts.append((panel.times[stop - 1], said))
    return tuple(_joined(each, np.concatenate(actual)) for each in (shipped, other))  # type: ignore[return-value]


def refreshed(model: Model, panel: Panel) -> Model:
    """The model refreshed with what has come, or as it is where that is no better or too little."""
    try:
        *_, outcome = refreshing(model, panel, threads=1)
    except TooFewNewError:
        return model
    return outcome.model if isinstance(outcome, Outcome) and outcome.is_better else model


def _joined(said: list[Forecast], actual: Numbers) -> Nights:
    low, high = (np.concatenate([each.bands[BAND][side] for each in said]) for side in (0, 1))
    return Nights(np.concatenate([each.point for each in said]), low, high, actual)


def rows_of(name: str, panel: Panel, model: Model, *, refreshes: bool) -> list[dict[str, float | str | int]]:
    """A row for each series of a set."""
    found: list[dict[str, float | str | int]] = []
    for series, ident in enumerate(panel.ids):
        alone = panel.of_series([series])
        plain, other = (each.figures for each in nights(model, alone, series, refreshes=refreshes))
        found.append(
            {
                "set": f"{name} {ident}".strip(),
                "nights": len(origins_of(model, alone, series)),
                "error": other[0] / plain[0],
                "covered": plain[1],
                "adapted": other[1],
                "winkler": other[2] / plain[2],
            }
        )
    return found


def main() -> int:
    """Print a row for each series, store them, and return 1 where a must is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--refresh", action="store_true")
    parser.add_argument("sets", nargs="*")
    asked = parser.parse_args()
    print(
        "| set | nights | error | in the band, as shipped | adapted | Winkler |",
        "|---|---|---|---|---|---|",
        sep="\n",
    )
    found = []
    for name, _, panel, model in chosen(asked.sets):
        for row in rows_of(name, panel, model, refreshes=asked.refresh):
            found.append(row)
            held = f"{row['covered']:.1%} | {row['adapted']:.1%}"
            print(
                f"| {row['set']} | {row['nights']} | {row['error']:.3f} | {held} | {row['winkler']:.3f} |",
                flush=True,
            )
    errors = np.array([row["error"] for row in found], dtype=float)
    away = np.array([[row["covered"], row["adapted"]] for row in found], dtype=float) - BAND / 100
    print(f"\nmean of the errors {np.exp(np.log(errors).mean()):.3f}, the worst {errors.max():.3f}")
    if not asked.sets:
        kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
        kept["refreshed every week" if asked.refresh else "never refreshed"] = found
        RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    nearer = (np.abs(away[:, 1]) <= np.maximum(np.abs(away[:, 0]), NEAR)).all()
    return 0 if errors.max() <= WORST and errors.mean() < 1 and nearer else 1


if __name__ == "__main__":
    raise SystemExit(main())
