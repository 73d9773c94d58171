"""What days off are worth on load: python -m tests.benchmarks.holidays [SET …]

The target alone is trained without and with `--holidays`, each as the model of the verdict, and its mean absolute error
is told on days off, on the days after them, and on all others, of the validation and of the test block. Validation rows
have chosen; test rows are looked at by this command alone.
"""

from __future__ import annotations

import dataclasses
import sys

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import Options
from lstmcast.core.panel import Holidays, Panel
from lstmcast.data.holidays import of_country
from lstmcast.data.split import split
from lstmcast.model.model import Model
from lstmcast.pipeline.fit import fit
from tests.benchmarks.accuracy_sets import ALL_SETS

COUNTRIES = {"victoria": "AU-VIC", "elecdemand": "AU-VIC"}
MOST_ORIGINS = 800
Mask = NDArray[np.bool_]


def main(names: list[str]) -> None:
    """Print a table, row by row as it is known."""
    print(
        "| set | days off | block | on days off | on the day after | on other days |",
        "|---|---|---|---|---|---|",
        sep="\n",
    )
    for name in names:
        panel, horizon = target_alone(ALL_SETS[name].panel()), ALL_SETS[name].horizon
        holidays = of_country(COUNTRIES[name], panel)
        for country in (None, COUNTRIES[name]):
            model = fit(panel, Options(horizon=horizon, final=False, holidays=country))
            for block in ("validation", "test"):
                cells = " | ".join(f"{error:,.4g}" for error in errors(model, panel, holidays, block))
                print(f"| {name} | {country or 'unknown'} | {block} | {cells} |", flush=True)


def target_alone(panel: Panel) -> Panel:
    """The panel without other columns."""
    return dataclasses.replace(panel, values=panel.values[:, :1].copy(), columns=panel.columns[:1])


def errors(model: Model, panel: Panel, holidays: Holidays, block: str) -> list[float]:
    """The mean absolute error on days off, on days after them, and on others; NaN where there is none of a kind."""
    known = model.contract.holidays
    views = model.windows(panel if known is None else panel.with_holidays(known), np.arange(len(panel.ids)))
    windows = views[0]
    blocks = split(panel, windows.horizon)
    every = windows.usable(blocks.origins(block, windows.lookback, windows.horizon))
    origins = every[:: max(len(every) // MOST_ORIGINS, 1)]
    found = np.abs(model.answer(views, origins, ()).point - windows.ahead(panel.target, origins))
    times = panel.times[origins + np.arange(windows.horizon)[:, None]]
    off = _on(holidays, times)
    after = _on(holidays, times - np.timedelta64(1, "D")) & ~off
    return [float(np.nanmean(found[days])) if days.any() else np.nan for days in (off, after, ~off & ~after)]


def _on(holidays: Holidays, times: NDArray[np.datetime64]) -> Mask:
    return np.asarray(holidays.on(times.reshape(-1)), dtype=bool).reshape(times.shape)


if __name__ == "__main__":
    main(sys.argv[1:] or list(COUNTRIES))
