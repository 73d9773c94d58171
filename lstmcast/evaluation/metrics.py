"""The errors of forecasts, summed step by step and divided once at the end."""

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
POOLED = "pooled_"


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


def terms(
    actual: Numbers, point: Numbers, scale: Numbers, bands: Bands | None = None, *, totals: bool = False
) -> dict[str, Numbers]:
    """Return the terms that each metric is the mean of: (K, B) each, NaN where there is nothing to count.

    actual (NaN where missing) and point: (K, B); scale: (B,) MASE's denominator. A ratio whose denominator is zero
    is not counted, but sMAPE (Makridakis 1993; in percent of 200, as in the M4 competition) is zero where forecast and
    outcome both are; `rmse` is of squares, `size` of actual values; totals: with what `total` is the ratio of.
    """
    error = np.abs(point - actual)
    found = {
        "mae": error,
        "rmse": error**2,
        "mase": _ratio(error, np.broadcast_to(scale, error.shape)),
        "smape": np.where(error == 0, 0.0, _ratio(200.0 * error, np.abs(actual) + np.abs(point))),
        "mape": _ratio(100.0 * error, np.abs(actual)),
        "size": np.abs(actual),
    }
    if totals:
        found |= {"said": np.where(np.isfinite(actual), point, np.nan), "came": actual}
    for level, band in (bands or {}).items():
        inside = (actual >= band[0]) & (actual <= band[1])
        found[f"coverage_{level:g}"] = np.where(np.isfinite(actual), inside, np.nan)
        found[f"winkler_{level:g}"] = winkler(actual, band, level)
    return found | ({"pinball": mean_pinball(actual, point, bands)} if bands else {})


def _ratio(above: Numbers, below: Numbers) -> Numbers:
    return above / np.where(below > 0, below, np.nan)


@dataclass(eq=False)
class MetricSums:
    """Sums, for each of so many groups, of what every metric is the mean of: of steps ahead, of hours, of series.

    A metric without any count is None: not defined.
    """

    groups: int
    _sums: dict[str, Numbers] = field(default_factory=dict)

    def add(self, found: Terms, codes: Integers | None = None, series: Integers | None = None) -> None:
        """Count the terms (K, B) of B windows.

        codes: (K, B) the group of each, unless step k is group k; series: (B,) of each window, in rising order.
        """
        for name, values in found.items():
            total = self._sums.setdefault(name, np.zeros((2, self.groups)))
            total += _by_step(values) if codes is None else self._by_code(values, codes)

    def count(self, group: int) -> int:
        """Return how many known targets a group has."""
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
class NumberTally(MetricSums):
    """The tally of what `terms` says of forecasts of numbers; metrics are means over series where these are told."""

    _series: SeriesMeans | None = None
    _least_actual: float = np.inf

    def add(self, found: Terms, codes: Integers | None = None, series: Integers | None = None) -> None:
        """Count the terms (K, B) of B windows, as any tally does."""
        super().add(found, codes)
        self._least_actual = min(self._least_actual, float(np.nanmin(found["size"], initial=np.inf)))
        if series is not None:
            self._series = self._series or SeriesMeans(self.groups)
            self._series.add(found, codes, series)

    def metrics(self, group: int | None = None) -> Metrics:
        """Every metric over all groups, or of one; MAPE only where no actual value is near zero.

        Of a panel, over all groups those of all rows together stand beside as `pooled_mae` and so on.
        """
        pooled = super().metrics(group)
        if pooled.get("rmse") is not None:
            pooled["rmse"] = float(np.sqrt(pooled["rmse"] or 0.0))
        pooled = self._shown(pooled)
        if self._series is None:
            return pooled
        means = self._shown(self._series.metrics(group))
        beside = {f"{POOLED}{name}": value for name, value in pooled.items()} if group is None else {}
        return means | beside

    def _shown(self, found: Metrics) -> Metrics:
        """Metrics without what only decides whether MAPE is defined, and what was said of what came in all."""
        found.pop("size", None)
        said, came = found.pop("said", None), found.pop("came", None)
        if said is not None and came is not None:
            found["total"] = said / came if came > 0 else None
        return found | ({"mape": None} if "mape" in found and self._zero_is_near() else {})

    def _zero_is_near(self) -> bool:
        """A percentage of almost nothing says nothing: MAPE is left out."""
        size = self._mean("size", None)
        return size is None or self._least_actual < ZERO_IS_NEAR * size


def _by_step(values: Numbers) -> Numbers:
    """(2, K) sums and counts of terms (K, B)."""
    known = np.isfinite(values)
    return np.stack([np.where(known, values, 0.0).sum(axis=1), known.sum(axis=1)])


@dataclass(eq=False)
class SeriesMeans:
    """The mean over series of each one's own metric, within groups and over all of them.

    A series' windows come one after the other, and it is counted when the next one begins: what is kept does not grow
    with their number. The last of G + 1 columns is that of all groups.
    """

    groups: int
    _series: int | None = None
    _open: dict[str, Numbers] = field(
        default_factory=dict
    )  # (2, G + 1) sum and count of the series that goes on
    _closed: dict[str, Numbers] = field(
        default_factory=dict
    )  # (2, G + 1) sum of means, and over how many series

    def add(self, found: Terms, codes: Integers | None, series: Integers) -> None:
        """Count the terms (K, B) of B windows, of these series (B,); codes: (K, B) as a tally takes them."""
        starts = np.flatnonzero(np.diff(series, prepend=series[0] - 1))
        goes_on = self._series == series[0]
        for name, values in found.items():
            sums = _of_runs(values, codes, starts, self.groups)
            if name in self._open:
                before = self._open[name][:, None]
                sums = (
                    sums + before * (np.arange(len(starts)) == 0)[:, None]
                    if goes_on
                    else np.hstack([before, sums])
                )
            self._open[name] = sums[:, -1]
            closed = self._closed.setdefault(name, np.zeros((2, self.groups + 1)))
            closed += _means(name, sums[:, :-1])
        self._series = int(series[-1])

    def metrics(self, group: int | None = None) -> Metrics:
        """Every metric over all groups, or of one; None where no series has any count."""
        place, result = self.groups if group is None else group, Metrics()
        for name, closed in self._closed.items():
            total, count = closed[:, place] + _means(name, self._open[name][:, None])[:, place]
            result[name] = float(total / count) if count else None
        return result


def _of_runs(values: Numbers, codes: Integers | None, starts: Integers, groups: int) -> Numbers:
    """(2, R, G + 1) sums and counts of terms (K, B) in each of R runs of windows, by group and over all."""
    known = np.isfinite(values)
    if codes is None:
        parts = [
            np.add.reduceat(part, starts, axis=1).T for part in (np.where(known, values, 0.0), known * 1.0)
        ]
    else:
        run = np.repeat(np.arange(len(starts)), np.diff(starts, append=values.shape[1]))
        place, size = (run * groups + codes)[known], len(starts) * groups
        flat = np.bincount(place, values[known], size), np.bincount(place, minlength=size)
        parts = [part.reshape(len(starts), groups) for part in flat]
    by_group = np.stack(parts)
    return np.concatenate([by_group, by_group.sum(axis=2, keepdims=True)], axis=2)


def _means(name: str, sums: Numbers) -> Numbers:
    """(2, G + 1) the sum over runs of each one's metric, of sums and counts (2, R, G + 1), and how many have one."""
    total, count = sums
    means = np.where(count > 0, total / np.maximum(count, 1), 0.0)
    means = np.sqrt(means) if name == "rmse" else means
    return np.stack([means.sum(axis=0), (count > 0).sum(axis=0)])
