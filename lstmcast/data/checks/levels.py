"""Jumps: where a series changes its unit (1,000 times as much from one row to the next) or its level."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Places = NDArray[np.intp]

_STEEP = 1.5  # powers of ten between neighbours from which on a jump of unit is thought of
_NEAR = 0.15  # how far, in powers of ten, two levels may miss a round factor
_STEADY = 0.3  # powers of ten by which half the rows around a level may differ from it
_LEAST, _REACH = 3, 168  # rows looked at on either side
_RARE = 0.01  # share of steep steps above which a series is merely wild
_SIDE = 4  # blocks on either side of a jump of level
_CLEAR, _LEVEL = 10.0, 0.35  # a jump is so many usual steps high; each side stays within this share of it
_FEWEST_BLOCKS = 16


@dataclass(frozen=True)
class Jump:
    """The first row of a new level, and about how high the level was before it and is from it on."""

    row: int
    before: float
    after: float


def power_of_ten(before: float, after: float) -> int | None:
    """The power of ten, at least the second, by which a level changed (3: 1,000 times; -3: a thousandth), or None."""
    if not (before * after > 0 and math.isfinite(before) and math.isfinite(after)):
        return None
    size = math.log10(after / before)
    return round(size) if abs(size) > _STEEP and abs(size - round(size)) <= _NEAR else None


def unit_jumps(values: Numbers, season: int = 1) -> list[Jump]:
    """Return where a series (n,) grows or shrinks by a factor of 100, 1,000, … at one row, and stays so."""
    rows = np.flatnonzero(np.isfinite(values) & (values != 0))
    known = values[rows]
    size = np.log10(np.abs(known))
    steep = np.flatnonzero(np.abs(np.diff(size)) > _STEEP) + 1
    if not steep.size or steep.size > _RARE * rows.size + 2:
        return []
    reach = min(max(season, 12), _REACH)
    edges = np.concatenate([[0], steep, [rows.size]])
    jumps = []
    for before, place, after in zip(edges[:-2], edges[1:-1], edges[2:], strict=True):
        sides = slice(max(before, place - reach), place), slice(place, min(after, place + reach))
        if all(side.stop - side.start >= _LEAST and _is_steady(size[side]) for side in sides):
            low, high = (float(np.median(known[side])) for side in sides)
            if power_of_ten(low, high) is not None:
                jumps.append(Jump(int(rows[place]), low, high))
    return jumps


def _is_steady(size: Numbers) -> bool:
    return bool(np.median(np.abs(size - np.median(size))) <= _STEADY)


def level_jumps(values: Numbers, season: int = 1) -> list[Jump]:
    """Return where the level of a series (n,) changes at once and stays, by far more than it usually moves.

    season: rows whose median is a level that knows no season; 1 where there is none. Medians of blocks of that length
    are compared, four before with four after; a series of less than sixteen seasons shows no jump.
    """
    length = season if season > 1 else max(4, values.size // 64)
    medians = _block_medians(values, length)
    if medians.size < _FEWEST_BLOCKS or not np.isfinite(medians).all():
        return []
    usual = 1.4826 * float(np.median(np.abs(np.diff(medians))))
    if not usual > 0:
        return []
    windows = np.lib.stride_tricks.sliding_window_view(medians, 2 * _SIDE)
    left, right = np.median(windows[:, :_SIDE], axis=1), np.median(windows[:, _SIDE:], axis=1)
    height = np.abs(right - left)
    spread = np.maximum(
        np.abs(windows[:, :_SIDE] - left[:, None]).max(axis=1),
        np.abs(windows[:, _SIDE:] - right[:, None]).max(axis=1),
    )
    clear = np.where((height > _CLEAR * usual) & (spread < _LEVEL * height), height, 0.0)
    first = values.size - medians.size * length
    return [
        _refined(values, first + int(place) * length, 2 * _SIDE * length, left[place], right[place])
        for place in _peaks(clear)
    ]


def _block_medians(values: Numbers, length: int) -> Numbers:
    """The median of what is known in each block of rows, counted from the end; NaN where a block is empty."""
    blocks = values.size // length
    ordered = np.sort(values[values.size - blocks * length :].reshape(blocks, length), axis=1)
    known = np.isfinite(ordered).sum(axis=1)
    medians: Numbers = ordered[np.arange(blocks), np.maximum(known - 1, 0) // 2]
    return medians


def _peaks(heights: Numbers) -> list[int]:
    """Places of the highest of neighbours, in order; of several close together one remains."""
    peaks: list[int] = []
    for place in np.argsort(-heights, kind="stable"):
        if heights[place] <= 0:
            break
        if all(abs(int(place) - peak) > _SIDE for peak in peaks):
            peaks.append(int(place))
    return sorted(peaks)


def _refined(values: Numbers, start: int, length: int, before: float, after: float) -> Jump:
    """The row from which on values are nearer to the level after than to that before."""
    part = values[start : start + length]
    nearer = np.sign(np.abs(part - before) - np.abs(part - after))
    score = np.cumsum(np.where(np.isfinite(nearer), nearer, 0.0))
    return Jump(start + int(np.argmin(score)) + 1, float(before), float(after))
