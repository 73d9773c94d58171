"""Makes the golden model of today's format: a model, the file it forecasts from, and its forecast.

Run once when the format number rises, never again for an old number: what users have on disk must go on loading.

    python -m tests.golden.make_models
"""

from __future__ import annotations

from pathlib import Path

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


def main() -> None:
    """Train, and write the three files."""
    source = FOLDER / "format_1_panel.csv"
    source.write_text(rows(700, HORIZON), encoding="utf-8")
    options = Options(
        target="load", time="time", id="zone", known=("heat", "weather"), past=("wind",), horizon=HORIZON,
        lookback=LOOKBACK, hidden=8, steps=60, safeguard="mean", members=2, calendar="covariates",
    )  # fmt: skip
    model = fit(read(source, ROLES).panel, options, "time")
    persistence.save(model, FOLDER / "format_1_panel.pkl")
    forecast = model.predict(read(source, ROLES).panel, levels=(80, 95), quantiles=(0.1, 0.5))
    table = forecast.table()
    lines = [",".join(table), *(",".join(map(str, row)) for row in zip(*table.values(), strict=True))]
    (FOLDER / "format_1_panel_forecast.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
