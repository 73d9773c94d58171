"""How wrong a forecast was: errors summed step by step, divided once at the end."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Metrics = dict[str, float | None]

ZERO_IS_NEAR = 0.01


def seasonal_scale(values: Numbers, season: int) -> float:
    """MASE's denominator: mean absolute difference at lag `season` over known pairs; NaN when there is none.

    Hyndman and Koehler 2006. values: (n,) in-sample, NaN where missing.
    """
    change = np.abs(values[season:] - values[:-season])
    known = np.isfinite(change)
    return float(change[known].mean()) if known.any() else float("nan")


@dataclass
class Tally:
    """Sums over windows, one for each of K steps ahead, of what every metric is made of.

    A ratio whose denominator is zero is not counted, and a metric without any count is None: not defined.
    """

    horizon: int
    bands: tuple[int, ...] = ()
    _sums: dict[str, Numbers] = field(default_factory=dict)
    _least_actual: float = np.inf

    def add(
        self,
        actual: Numbers,
        point: Numbers,
        scale: Numbers,
        bands: dict[int, tuple[Numbers, Numbers]] | None = None,
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
        for level, (lower, upper) in (bands or {}).items():
            inside = (actual >= lower) & (actual <= upper)
            self._count(f"coverage_{level}", inside.astype(float), known)

    def _count(self, name: str, values: Numbers, known: NDArray[np.bool_]) -> None:
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
        if self._zero_is_near():
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
