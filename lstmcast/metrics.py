"""How wrong a forecast was: errors summed step by step, divided once at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Metrics = dict[str, float | None]

Bands = Mapping[float, tuple[Numbers, Numbers]]

ZERO_IS_NEAR = 0.01


def seasonal_scale(values: Numbers, season: int) -> float:
    """MASE's denominator: mean absolute difference at lag `season` over known pairs; NaN when there is none.

    Hyndman and Koehler 2006. values: (n,) in-sample, NaN where missing.
    """
    change = np.abs(values[season:] - values[:-season])
    known = np.isfinite(change)
    return float(change[known].mean()) if known.any() else float("nan")


def winkler(actual: Numbers, band: tuple[Numbers, Numbers], level: float) -> Numbers:
    """Interval score (Winkler 1972; Gneiting and Raftery 2007): width, and 2 / alpha times what lies outside."""
    lower, upper = band
    outside = np.maximum(lower - actual, 0.0) + np.maximum(actual - upper, 0.0)
    return np.asarray(upper - lower + 2 / (1 - level / 100) * outside)


def pinball(actual: Numbers, forecast: Numbers, quantile: float) -> Numbers:
    """Pinball loss (Koenker and Bassett 1978) of a forecast quantile."""
    error = actual - forecast
    return np.maximum(quantile * error, (quantile - 1) * error)


def mean_pinball(actual: Numbers, point: Numbers, bands: Bands) -> Numbers:
    """Mean pinball loss of the median and of the edges of every band."""
    losses = [pinball(actual, point, 0.5)]
    for level, (lower, upper) in bands.items():
        tail = (1 - level / 100) / 2
        losses += [pinball(actual, lower, tail), pinball(actual, upper, 1 - tail)]
    return np.asarray(np.mean(losses, axis=0))


class Groups:
    """MAE and MASE within groups of target rows: an hour, a weekday, a series."""

    def __init__(self, labels: list[str]) -> None:
        self.labels = labels
        self._place = {label: number for number, label in enumerate(labels)}
        self._sums = {name: np.zeros((2, len(labels))) for name in ("mae", "mase")}

    def add(self, actual: Numbers, point: Numbers, scale: Numbers, codes: NDArray[np.int64]) -> None:
        """Count B windows; codes: (K, B) index of each target's label, other arrays as for Tally."""
        error = np.abs(point - actual)
        for name, below in (("mae", np.ones_like(scale)), ("mase", scale)):
            known = np.isfinite(error) & (below > 0)
            groups = codes[known]
            self._sums[name][0] += np.bincount(groups, (error / below)[known], len(self.labels))
            self._sums[name][1] += np.bincount(groups, minlength=len(self.labels))

    def has(self, label: str) -> bool:
        """Whether any known target fell into a group."""
        return bool(self._sums["mae"][1, self._place[label]])

    def metrics(self, label: str) -> Metrics:
        """The means of one group; None where nothing was counted."""
        column = self._place[label]
        sums = {name: sums[:, column] for name, sums in self._sums.items()}
        return {name: float(total / count) if count else None for name, (total, count) in sums.items()}


@dataclass
class Tally:
    """Sums over windows, one for each of K steps ahead, of what every metric is made of.

    A ratio whose denominator is zero is not counted, and a metric without any count is None: not defined.
    """

    horizon: int
    _sums: dict[str, Numbers] = field(default_factory=dict)
    _least_actual: float = np.inf

    def add(
        self,
        actual: Numbers,
        point: Numbers,
        scale: Numbers,
        bands: Bands | None = None,
    ) -> None:
        """Count B windows. actual (NaN where missing) and point: (K, B); scale: (B,) MASE's denominator."""
        known = np.isfinite(actual)
        error = np.abs(point - actual)
        self._count("mae", error, known)
        self._count("rmse", error**2, known)
        self._count_ratio("mase", error, np.broadcast_to(scale, error.shape), known)
        self._count_ratio("smape", 200.0 * error, np.abs(actual) + np.abs(point), known)
        self._count_ratio("mape", 100.0 * error, np.abs(actual), known)
        self._count("size", np.abs(actual), known)
        self._least_actual = min(self._least_actual, float(np.abs(actual[known]).min(initial=np.inf)))
        for level, band in (bands or {}).items():
            self._count(f"coverage_{level:g}", (actual >= band[0]) & (actual <= band[1]), known)
            self._count(f"winkler_{level:g}", winkler(actual, band, level), known)
        if bands:
            self._count("pinball", mean_pinball(actual, point, bands), known)

    def _count(self, name: str, values: NDArray[Any], known: NDArray[np.bool_]) -> None:
        total = self._sums.setdefault(name, np.zeros((2, self.horizon)))
        total[0] += np.where(known, values, 0.0).sum(axis=1)
        total[1] += known.sum(axis=1)

    def _count_ratio(self, name: str, above: Numbers, below: Numbers, known: NDArray[np.bool_]) -> None:
        defined = known & (below > 0)
        self._count(name, above / np.where(defined, below, 1.0), defined)

    def metrics(self, step: int | None = None) -> Metrics:
        """Every metric over all steps, or at one step ahead (0 is the first)."""
        names = [name for name in self._sums if name != "size"]
        result = {name: self._mean(name, step) for name in names}
        if result.get("rmse") is not None:
            result["rmse"] = float(np.sqrt(result["rmse"] or 0.0))
        if "mape" in result and self._zero_is_near():
            result["mape"] = None
        return result

    def _mean(self, name: str, step: int | None) -> float | None:
        sums = self._sums[name] if step is None else self._sums[name][:, step : step + 1]
        total, count = sums.sum(axis=1)
        return float(total / count) if count else None

    def _zero_is_near(self) -> bool:
        """A percentage of almost nothing says nothing: MAPE is left out."""
        size = self._mean("size", None)
        return size is None or self._least_actual < ZERO_IS_NEAR * size
