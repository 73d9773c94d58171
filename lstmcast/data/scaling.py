"""Brings each series to a common scale, fitted on training rows only and kept as plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Integers

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scaling:
    """z = (t(y) - center) / scale for each series, where t is the identity or log1p(y / unit).

    center, scale, unit: (S,) float64; scale and unit are positive.
    """

    transform: str
    center: Numbers
    scale: Numbers
    unit: Numbers

    def apply(self, values: Numbers, series: Integers) -> Numbers:
        """z of values (..., N), whose last axis belongs to series (N,)."""
        if self.transform == "log1p":
            values = np.log1p(np.maximum(values, 0.0) / self.unit[series])
        return (values - self.center[series]) / self.scale[series]

    def undo(self, scaled: Numbers, series: Integers) -> Numbers:
        """Values in the units of the CSV of z (..., N), whose last axis belongs to series (N,)."""
        values = np.asarray(scaled, dtype=np.float64) * self.scale[series] + self.center[series]
        if self.transform == "log1p":
            values = np.expm1(values) * self.unit[series]
        return values


def fit_scaling(
    training: Sequence[Numbers], kind: str, transform: str, instead: Sequence[Numbers] = ()
) -> Scaling:
    """The scaling of each series from its training values (NaN ignored).

    kind: standard (mean, standard deviation), robust (median, quartiles), minmax (0 to 1) or none; instead: values of
    each series that count where it has no training value, as one that begins later.
    A constant series has scale 1, so it stays what it is.
    """
    is_young = _is_unknown(training)
    if instead and is_young.any():
        training = [
            spare if is_late else own for own, spare, is_late in zip(training, instead, is_young, strict=True)
        ]
    units = np.array([_unit(values) for values in training])
    if transform == "log1p":
        training = [np.log1p(np.maximum(y, 0.0) / unit) for y, unit in zip(training, units, strict=True)]
    fitted = np.array([_center_and_scale(values, kind) for values in training])
    if instead and is_young.any() and kind != "none":
        fitted = _as_the_others(fitted, is_young, training)
    return Scaling(transform, fitted[:, 0].copy(), fitted[:, 1].copy(), units)


def _is_unknown(training: Sequence[Numbers]) -> NDArray[np.bool_]:
    """(S,) which series have no training value."""
    return np.array([not np.isfinite(values).any() for values in training], dtype=bool)


def _as_the_others(fitted: Numbers, is_young: NDArray[np.bool_], values: Sequence[Numbers]) -> Numbers:
    """(S, 2) centers and scales; a young series varies, beside its size, no less than the median of the others.

    A few rows tell a level and hardly a spread, and none tells neither: then both are the median of the others.
    """
    others, fitted = fitted[~is_young], fitted.copy()
    if not len(others):
        return fitted
    sizes = np.maximum(np.abs(others[:, 0]), others[:, 1])
    share = float(np.median(others[:, 1] / sizes))
    for place in map(int, np.flatnonzero(is_young)):
        known = values[place][np.isfinite(values[place])]
        if not len(known):
            fitted[place] = np.median(others, axis=0)
        else:
            spread = float(known.std()) if known.std() > 0 else 0.0
            fitted[place, 1] = max(spread, share * abs(fitted[place, 0])) or 1.0
    return fitted


def _unit(values: Numbers) -> float:
    """Median size of a value: what log1p takes as one."""
    size = np.abs(values[np.isfinite(values)])
    median = float(np.median(size)) if len(size) else 0.0
    mean = float(size.mean()) if len(size) else 0.0
    return median or mean or 1.0


def _center_and_scale(values: Numbers, kind: str) -> tuple[float, float]:
    """Return center and scale as scikit-learn's scalers have them.

    One of their objects a series would take longer than training on short ones.
    """
    known = values[np.isfinite(values)]
    if kind == "none" or not len(known):
        return 0.0, 1.0
    if kind == "robust":
        low, center, high = np.percentile(known, (25.0, 50.0, 75.0))
        return float(center), _positive(high - low, known)
    if kind == "minmax":
        return float(known.min()), _positive(known.max() - known.min(), known)
    return float(known.mean()), _positive(known.std(), known)


def _positive(scale: float, values: Numbers) -> float:
    """The scale, or one where it is no more than what rounding makes of a constant series."""
    least = 10 * np.finfo(np.float64).eps * float(np.abs(values).max())
    return float(scale) if scale > least else 1.0


def seasonal_scale(values: Numbers, season: int) -> float:
    """MASE's denominator: mean absolute difference at lag `season` over known pairs; NaN when there is none.

    Hyndman and Koehler 2006. values: (n,) in-sample, NaN where missing. The lag is in rows, as it is published: the
    two days a year on which the wall clock is changed hardly move a mean over months.
    """
    change = np.abs(values[season:] - values[:-season])
    known = np.isfinite(change)
    return float(change[known].mean()) if known.any() else float("nan")
