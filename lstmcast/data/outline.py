"""The outline of a series: the few points that a picture of it needs, in runs that break at gaps."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Times = NDArray[np.datetime64]
Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]

Run = list[tuple[int, float]]  # place in time, value
Strip = list[tuple[int, float, float]]  # place in time, lower and upper edge

COLUMNS = 400  # stretches that a picture tells apart


def places(times: Times) -> list[int]:
    """(N,) instants as microseconds since 1970, which is where they stand on a time axis."""
    found: list[int] = times.astype("datetime64[us]").astype(np.int64).tolist()
    return found


def line(times: Times, values: Numbers, columns: int = COLUMNS) -> list[Run]:
    """The runs of a series (N,): of each of so many equal stretches the first, lowest, highest and last value.

    That is what a line drawn through all rows would show (M4 aggregation, Jugel and others 2014). A run ends where
    rows are missing: one is enough in a short series, a whole stretch in a long one.
    """
    kept, size = _kept(values, columns)
    if not kept.size:
        return []
    x, y = places(times[kept]), values[kept].tolist()
    points = list(zip(x, y, strict=True))
    edges = [0, *(1 + np.flatnonzero(_breaks(np.isfinite(values), kept, size))).tolist(), len(points)]
    return [points[a:b] for a, b in pairwise(edges)]


def strip(times: Times, lower: Numbers, upper: Numbers, columns: int = COLUMNS) -> list[Strip]:
    """The runs of a band: of each of so many equal stretches the lowest lower and the highest upper edge (N,)."""
    known = np.isfinite(lower) & np.isfinite(upper)
    size = max(1, -(-len(known) // columns))
    firsts = np.arange(0, len(known), size)
    if not known.any():
        return []
    lows = np.minimum.reduceat(np.where(known, lower, np.inf), firsts)
    highs = np.maximum.reduceat(np.where(known, upper, -np.inf), firsts)
    middles = times[np.minimum(firsts + size // 2, len(times) - 1)]
    return _split(places(middles), lows, highs)


def _split(x: list[int], lows: Numbers, highs: Numbers) -> list[Strip]:
    """The edges of stretches as runs that end where a stretch knows no row."""
    runs: list[Strip] = []
    is_open = False
    for place, low, high in zip(x, lows.tolist(), highs.tolist(), strict=True):
        is_known = low <= high
        if is_known and not is_open:
            runs.append([])
        if is_known:
            runs[-1].append((place, low, high))
        is_open = is_known
    return runs


def _kept(values: Numbers, columns: int) -> tuple[Integers, int]:
    """The rows to draw, rising, and how many rows a stretch has; all known ones of a series with few rows."""
    known = np.isfinite(values)
    size = -(-len(values) // max(columns, 1))
    if size <= 4:  # a stretch has four points anyway
        return np.flatnonzero(known), 1
    blocks = np.resize(np.nan, (-(-len(values) // size), size))
    blocks.flat[: len(values)] = values
    seen = np.isfinite(blocks)
    inside = np.stack(
        [
            seen.argmax(axis=1),
            size - 1 - seen[:, ::-1].argmax(axis=1),
            np.where(seen, blocks, np.inf).argmin(axis=1),
            np.where(seen, blocks, -np.inf).argmax(axis=1),
        ]
    )
    rows = (inside + size * np.arange(len(blocks)))[:, seen.any(axis=1)]
    return np.unique(rows), size


def _breaks(known: Mask, kept: Integers, size: int) -> Mask:
    """Return whether so many rows are missing between each kept row and the next that a picture shows it."""
    missing = np.cumsum(~known)
    between: Integers = missing[kept[1:]] - missing[kept[:-1]]
    return np.asarray(between >= size)


@dataclass(frozen=True, eq=False)
class Stretches:
    """A series in at most so many equal stretches of rows: first row of each, its middle on a time axis, and of what
    is known there lowest, mean and highest value (None where nothing is)."""

    firsts: list[int]
    middles: list[int]
    lowest: list[float | None]
    mean: list[float | None]
    highest: list[float | None]


def stretches(times: Times, values: Numbers, most: int) -> Stretches:
    """The stretches of a series (N,), for a table beside its picture."""
    size = max(1, -(-len(values) // most))
    firsts = np.arange(0, len(values), size)
    known = np.isfinite(values)
    counts = np.add.reduceat(known.astype(np.int64), firsts)
    shares = np.where(known, values, 0.0) / np.repeat(np.maximum(counts, 1), size)[: len(values)]
    lows = np.minimum.reduceat(np.where(known, values, np.inf), firsts)
    highs = np.maximum.reduceat(np.where(known, values, -np.inf), firsts)

    def column(found: Numbers) -> list[float | None]:
        return [
            value if number else None for value, number in zip(found.tolist(), counts.tolist(), strict=True)
        ]

    lasts = np.minimum(firsts + size, len(values)) - 1
    middles = [(a + b) // 2 for a, b in zip(places(times[firsts]), places(times[lasts]), strict=True)]
    means = np.add.reduceat(
        shares, firsts
    )  # divided before they are added, since sums of large values overflow
    return Stretches(firsts.tolist(), middles, column(lows), column(means), column(highs))
