"""The sets of the benchmarks of nights (totals, adapt, watch): samples, shared files and simulated series.

Shared files are looked for in $BENCHMARK_DATA, else in shared/data beside the repository; a set whose file is absent is
skipped. Each is trained once, without a last round; models are kept in the folder that $BENCHMARK_MODELS names.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lstmcast import persistence
from lstmcast.core.options import Options
from lstmcast.core.panel import Clock, Panel
from lstmcast.ingest import Roles, read
from lstmcast.model.model import Model
from lstmcast.pipeline.fit import fit
from tests.benchmarks.accuracy_sets import DATA
from tests.command_line import SAMPLES
from tests.panels import panel_of

STEPS = 40


@dataclass(frozen=True)
class NightSet:
    """A set: what reads its panel, its horizon in rows, and its columns known ahead."""

    panel: Callable[[], Panel]
    horizon: int
    known: tuple[str, ...] = ()

    def model(self, name: str, panel: Panel) -> Model:
        """The model of the set, kept where $BENCHMARK_MODELS says."""
        folder = os.environ.get("BENCHMARK_MODELS")
        path = None if folder is None else Path(folder) / f"{name}.pkl"
        if path is not None and path.exists():
            return persistence.load(str(path))
        options = Options(
            target=panel.columns[0].name,
            known=self.known,
            id=panel.id_name,
            horizon=self.horizon,
            steps=STEPS,
            final=False,
            threads=1,
        )
        model = fit(panel, options)
        if path is not None:
            persistence.save(model, str(path))
        return model


def file(path: Path, target: str, rows: int, **roles: object) -> Callable[[], Panel]:
    """The last rows of each series of a file."""
    return lambda: read(path, Roles(target, **roles)).panel.tail(rows)  # type: ignore[arg-type]


def autoregression() -> Panel:
    """Hourly rows of an autoregression of the first order around a day."""
    rng, rows = np.random.default_rng(0), 6000
    noise = np.zeros(rows)
    for row in range(1, rows):
        noise[row] = 0.9 * noise[row - 1] + rng.normal()
    day = 10 * np.sin(2 * np.pi * np.arange(rows) / 24)
    return panel_of(100 + day + noise, clock=Clock("h", seasons=(24,)))


def counts() -> Panel:
    """Hourly counts with a day in them."""
    rng, hours = np.random.default_rng(1), np.arange(6000)
    rate = np.exp(0.5 + np.sin(2 * np.pi * hours / 24))
    return panel_of(rng.poisson(rate).astype(float), clock=Clock("h", seasons=(24,)))


def restless() -> Panel:
    """Hourly rows whose noise comes in quiet and in wild weeks."""
    rng, hours = np.random.default_rng(2), np.arange(6000)
    size = np.exp(np.cumsum(rng.normal(0, 0.05, 6000)) * 0.2)
    day = 20 * np.sin(2 * np.pi * hours / 24) - 8 * (hours // 24 % 7 >= 5)
    return panel_of(200 + day + 3 * size * rng.normal(size=6000), clock=Clock("h", seasons=(24, 168)))


LOAD = DATA / "load"
BIKE = ("temp", "hum", "windspeed", "workingday")
SETS: dict[str, NightSet] = {
    "ar": NightSet(autoregression, 24),
    "counts": NightSet(counts, 24),
    "restless": NightSet(restless, 24),
    "victoria": NightSet(file(SAMPLES / "victoria_load.csv", "load", 3600), 24),
    "water_flow": NightSet(file(SAMPLES / "water_flow.csv", "Water flow [l/s]", 2000), 24),
    "seattle": NightSet(file(SAMPLES / "seattle_weather.csv", "temp_max", 1461), 7),
    "taylor": NightSet(file(LOAD / "taylor_halfhourly.csv", "demand", 4032), 48),
    "elec": NightSet(
        file(LOAD / "elecdemand_2014_halfhourly.csv", "Demand", 7000, known=("WorkDay", "Temperature")),
        48,
        ("WorkDay", "Temperature"),
    ),
    "bike": NightSet(
        file(LOAD / "bike_sharing_hour.csv", "cnt", 6000, time="dteday,hr", known=BIKE), 24, BIKE
    ),
    "traffic": NightSet(file(LOAD / "traffic_hourly.csv", "traffic_volume", 6000), 24),
    "ercot": NightSet(file(LOAD / "ercot_eight_zones_long.csv", "value", 1000, id="unique_id"), 24),
}


def chosen(names: Sequence[str]) -> Iterator[tuple[str, NightSet, Panel, Model]]:
    """Each set of these names, or of all, with its panel and its model; a set whose file is absent is said."""
    for name in names or SETS:
        try:
            panel = SETS[name].panel()
        except Exception as error:  # a benchmark goes on without the set
            print(f"| {name}: left out ({str(error)[:60]}) |", flush=True)
            continue
        yield name, SETS[name], panel, SETS[name].model(name, panel)
