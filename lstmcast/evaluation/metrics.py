"""How wrong a forecast was: errors summed step by step, divided once at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Integers

Numbers = NDArray[np.float64]
Metrics = dict[str, float | None]
Terms = Mapping[str, Numbers]  # what each metric is the mean of

Bands = Mapping[float, tuple[Numbers, Numbers]]

ZERO_IS_NEAR = 0.01


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


def terms(actual: Numbers, point: Numbers, scale: Numbers, bands: Bands | None = None) -> dict[str, Numbers]:
    """What each metric is the mean of: (K, B) each, NaN where there is nothing to count.

    actual (NaN where missing) and point: (K, B); scale: (B,) MASE's denominator. A ratio whose denominator is zero
    is not counted; `rmse` is of squares, `size` of actual values.
    """
    error = np.abs(point - actual)
    found = {
        "mae": error,
        "rmse": error**2,
        "mase": _ratio(error, np.broadcast_to(scale, error.shape)),
        "smape": _ratio(200.0 * error, np.abs(actual) + np.abs(point)),
        "mape": _ratio(100.0 * error, np.abs(actual)),
        "size": np.abs(actual),
    }
    for level, band in (bands or {}).items():
        inside = (actual >= band[0]) & (actual <= band[1])
        found[f"coverage_{level:g}"] = np.where(np.isfinite(actual), inside, np.nan)
        found[f"winkler_{level:g}"] = winkler(actual, band, level)
    return found | ({"pinball": mean_pinball(actual, point, bands)} if bands else {})


def _ratio(above: Numbers, below: Numbers) -> Numbers:
    return above / np.where(below > 0, below, np.nan)


@dataclass(eq=False)
class Tally:
    """Sums, for each of so many groups, of what every metric is the mean of: of steps ahead, of hours, of series.

    A metric without any count is None: not defined.
    """

    groups: int
    _sums: dict[str, Numbers] = field(default_factory=dict)

    def add(self, found: Mapping[str, Numbers], codes: Integers | None = None) -> None:
        """Count the terms (K, B) of B windows; codes: (K, B) the group of each, unless step k is group k."""
        for name, values in found.items():
            total = self._sums.setdefault(name, np.zeros((2, self.groups)))
            total += _by_step(values) if codes is None else self._by_code(values, codes)

    def count(self, group: int) -> int:
        """How many known targets a group has."""
        first = next(iter(self._sums.values()), None)
        return 0 if first is None else int(first[1, group])

    def metrics(self, group: int | None = None) -> Metrics:
        """Every metric over all groups, or of one (of steps, 0 is the first)."""
        return {name: self._mean(name, group) for name in self._sums}

    def _by_code(self, values: Numbers, codes: Integers) -> Numbers:
        known = np.isfinite(values)
        groups = codes[known]
        counts = np.bincount(groups, minlength=self.groups)
        return np.stack([np.bincount(groups, values[known], self.groups), counts])

    def _mean(self, name: str, group: int | None) -> float | None:
        sums = self._sums[name] if group is None else self._sums[name][:, group : group + 1]
        total, count = sums.sum(axis=1)
        return float(total / count) if count else None


@dataclass(eq=False)
class NumberTally(Tally):
    """The tally of what `terms` says of forecasts of numbers."""

    _least_actual: float = np.inf

    def add(self, found: Mapping[str, Numbers], codes: Integers | None = None) -> None:
        """Count the terms (K, B) of B windows, as any tally does."""
        super().add(found, codes)
        self._least_actual = min(self._least_actual, float(np.nanmin(found["size"], initial=np.inf)))

    def metrics(self, group: int | None = None) -> Metrics:
        """Every metric over all groups, or of one; MAPE only where no actual value is near zero."""
        result = super().metrics(group)
        result.pop("size", None)
        if result.get("rmse") is not None:
            result["rmse"] = float(np.sqrt(result["rmse"] or 0.0))
        if "mape" in result and self._zero_is_near():
            result["mape"] = None
        return result

    def _zero_is_near(self) -> bool:
        """A percentage of almost nothing says nothing: MAPE is left out."""
        size = self._mean("size", None)
        return size is None or self._least_actual < ZERO_IS_NEAR * size


def _by_step(values: Numbers) -> Numbers:
    """(2, K) sums and counts of terms (K, B)."""
    known = np.isfinite(values)
    return np.stack([np.where(known, values, 0.0).sum(axis=1), known.sum(axis=1)])
