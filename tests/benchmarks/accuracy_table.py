"""What accuracy.json says, for people: a row a set beside published figures, and the summary over all sets."""

from __future__ import annotations

import math
from typing import Any

TRUSTED_HORIZONS = 8
_LINE = "{:15} {:>5} {:>8} {:>7} {:>7} {:>8} {:>8} {:>8} {:>8} {:>6} {:>5} {:>5} {:>7}  {}"
HEADER = _LINE.format(
    *("set", "in", "lstmcast", "must", "aim", "s.naive", "linear", "one map", "ridge"),
    *("ratio", "c80", "c90", "seconds", "published"),
)


def line(row: dict[str, Any]) -> str:
    """One row of the table; a star marks an error, or seconds, above what must be."""
    digits = 4 if row["measure"] in ("mse", "owa") else 3
    published = ", ".join(f"{name} {value:g}" for name, value in row["published"].items())
    metrics = row["metrics"]
    return _LINE.format(
        row["set"],
        row["measure"],
        _number(row["error"], digits) + _star(row["error"], row["must"]),
        _number(row["must"], digits),
        _number(row["aim"], digits),
        _number(row["seasonal_naive"], digits),
        _number(row["linear"], digits),
        _number(row["one_map"], digits),
        _number(row["ridge"], digits),
        _number(ratio(row), 3),
        _number(metrics.get("coverage_80"), 2),
        _number(metrics.get("coverage_90"), 2),
        _number(row["seconds"], 0) + _star(row["seconds"], row["seconds_must"]),
        published,
    )


def ratio(row: dict[str, Any], linear: str = "one_map") -> float:
    """Error over the best of the seasonal naives and a linear forecaster with everything as chosen."""
    return float(row["error"] / min(row["seasonal_naive"], row[linear]))


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _star(value: float, limit: float | None) -> str:
    return "*" if limit is not None and value > limit else " "


def summary(rows: list[dict[str, Any]]) -> list[str]:
    """The figures over all sets, each beside what it must and should be."""
    slow = [row["set"] for row in rows if row["seconds"] > row["seconds_must"]]
    return [
        _ratios(rows, "one_map", "one map") + " (must .95 and 1.02, aim .92 and 1.00)",
        _ratios(rows, "linear", "linear"),
        *(_coverage(rows, level, bounds) for level, bounds in ((80, (0.74, 0.77)), (90, (0.85, 0.87)))),
        *_ett(rows),
        f"slower than must be: {', '.join(slow) or 'none'}",
    ]


def _ratios(rows: list[dict[str, Any]], linear: str, name: str) -> str:
    ratios = {row["set"]: ratio(row, linear) for row in rows}
    worst = max(ratios, key=lambda name: ratios[name])
    mean = math.exp(sum(map(math.log, ratios.values())) / len(ratios))
    return (
        f"error / best of (seasonal naives, {name}) over {len(rows)} sets: geometric mean {mean:.3f}, "
        f"worst {ratios[worst]:.3f} on {worst}"
    )


def _coverage(rows: list[dict[str, Any]], level: int, each: tuple[float, float]) -> str:
    key = f"coverage_{level}"
    found = {
        row["set"]: float(row["metrics"][key])
        for row in rows
        if row["validation_horizons"] >= TRUSTED_HORIZONS and row["metrics"].get(key) is not None
    }
    if not found:
        return f"coverage of {level} %: no set has {TRUSTED_HORIZONS} validation horizons"
    mean, lowest = sum(found.values()) / len(found), min(found, key=lambda name: found[name])
    return (
        f"coverage of {level} % over {len(found)} sets with at least {TRUSTED_HORIZONS} validation horizons: mean "
        f"{mean:.3f} (must within .03, aim .015), lowest {found[lowest]:.3f} on {lowest} "
        f"(must {each[0]}, aim {each[1]})"
    )


def _ett(rows: list[dict[str, Any]]) -> list[str]:
    cells = [row for row in rows if "NLinear" in row["published"]]
    if not cells:
        return []
    below = [row for row in cells if row["error"] < row["published"]["NLinear"]]
    above = [row["set"] for row in cells if row["error"] > row["must"]]
    return [
        f"ETT: below NLinear in {len(below)} of {len(cells)} cells (aim 10 of 16); "
        f"more than 3 % above it: {', '.join(above) or 'none'}"
    ]
