"""Makes the golden model of today's format: a model, the file it forecasts from, and its forecast.

Run once when the format number rises, never again for an old number: what users have on disk must go on loading.

    python -m tests.golden.make_models            # the model of numbers
    python -m tests.golden.make_models views      # of two networks and two linear forecasters
    python -m tests.golden.make_models classes
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from lstmcast import Options, Roles, fit, persistence, read

FOLDER = Path(__file__).parent / "models"
ROLES = Roles("load", "time", "zone", ("heat", "weather"), ("wind",))
LOOKBACK, HORIZON = 48, 24


def rows(count: int, future: int) -> str:
    """Two zones of hourly load with a known number, a known class and a past column; the last rows' load is empty."""
    rng = np.random.default_rng(7)
    lines = ["time,zone,load,heat,weather,wind"]
    start = np.datetime64("2024-01-01T00:00", "m")
    for zone, size in (("north", 50.0), ("south", 20.0)):
        for hour in range(count + future):
            heat = 10 + 5 * np.sin(2 * np.pi * (hour - 9) / 24) + rng.normal()
            weather = ("dry", "rain", "snow")[int(rng.integers(3))]
            load = (
                size * (1 + 0.3 * np.sin(2 * np.pi * hour / 24)) + heat + (weather == "rain") + rng.normal()
            )
            known = hour < count
            stamp = str(start + np.timedelta64(hour, "h"))
            cells = [
                f"{load:.2f}" if known else "",
                f"{heat:.2f}",
                weather,
                f"{rng.normal():.2f}" if known else "",
            ]
            lines.append(",".join([stamp, zone, *cells]))
    return "\n".join(lines) + "\n"


def class_rows(count: int, future: int) -> str:
    """Two sites of daily weather as text, some of it missing, with a known and a past column."""
    rng = np.random.default_rng(8)
    lines = ["day,site,sky,holiday,wind"]
    start = np.datetime64("2022-01-01", "D")
    for site, wet in (("north", 0.6), ("south", 0.2)):
        sky = "dry"
        for day in range(count + future):
            holiday = day % 7 == 6
            if rng.uniform() < 0.4:
                sky = (
                    "snow"
                    if rng.uniform() < 0.1
                    else "rain"
                    if rng.uniform() < wet + 0.3 * holiday
                    else "dry"
                )
            known = day < count
            shown = sky if known and day % 31 else ""
            lines.append(f"{start + day},{site},{shown},{holiday:d},{f'{rng.normal():.2f}' if known else ''}")
    return "\n".join(lines) + "\n"


def main_classes() -> None:
    """Train on classes, and write the three files."""
    source, roles = FOLDER / "format_1_classes.csv", Roles("sky", "day", "site", ("holiday",), ("wind",))
    source.write_text(class_rows(400, 10), encoding="utf-8")
    options = Options(
        target="sky", time="day", id="site", known=("holiday",), past=("wind",), horizon=10, lookback=20, hidden=8,
        steps=60, safeguard="mean", members=2, calendar="calendar", class_weights="balanced",
    )  # fmt: skip
    panel = read(source, roles).panel
    model = fit(panel, options, "day")
    persistence.save(model, FOLDER / "format_1_classes.pkl")
    table = model.predict(panel).table()
    lines = [",".join(table), *(",".join(map(str, row)) for row in zip(*table.values(), strict=True))]
    (FOLDER / "format_1_classes_forecast.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Train, and write the three files."""
    (FOLDER / "format_1_panel.csv").write_text(rows(700, HORIZON), encoding="utf-8")
    write("format_1_panel", safeguard="mean", members=2, calendar="covariates")


def main_views() -> None:
    """Train on the same file, and write the model and its forecast."""
    write(
        "format_1_views", safeguard="network", calendar="covariates", linear_pair="yes", band_volatility=0.5
    )


def write(name: str, **changes: Any) -> None:
    """Train with these options, and write the model and its forecast."""
    options = Options(
        target="load", time="time", id="zone", known=("heat", "weather"), past=("wind",), horizon=HORIZON,
        lookback=LOOKBACK, hidden=8, steps=60, **changes,
    )  # fmt: skip
    panel = read(FOLDER / "format_1_panel.csv", ROLES).panel
    model = fit(panel, options, "time")
    persistence.save(model, FOLDER / f"{name}.pkl")
    table = model.predict(panel, levels=(80, 95), quantiles=(0.1, 0.5)).table()
    lines = [",".join(table), *(",".join(map(str, row)) for row in zip(*table.values(), strict=True))]
    (FOLDER / f"{name}_forecast.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    {"classes": main_classes, "views": main_views}.get("".join(sys.argv[1:]), main)()
