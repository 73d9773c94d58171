"""The places of the doctor's findings in a series: gaps, stretches that stand still, jumps, outliers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.findings import count
from lstmcast.core.panel import Panel
from lstmcast.data.checks import levels, meters, spikes, stretches
from lstmcast.data.checks.tracks import Track, is_number

Numbers = NDArray[np.float64]

MOST_PLACES = 8
_LEAST_GAP = 3  # rows


@dataclass(frozen=True)
class OddPlace:
    """Rows first to last (included) of a series about which there is something to say; value: of a single odd one."""

    first: int
    last: int
    text: str
    value: float | None = None


@np.errstate(all="ignore")
def odd_places(panel: Panel, series: int, column: int, most: int = MOST_PLACES) -> list[OddPlace]:
    """At most so many places of a column of one series, the gravest chosen, in the order of time.

    Rows count from the first of the series. The rules are those of `examine`.
    """
    if column and not is_number(panel, column):
        return []
    start = int(panel.offsets[series])
    stop = int(panel.known_until()[series]) if not column else int(panel.offsets[series + 1])
    track = Track(panel, series, column, panel.values[start:stop, column])
    if not np.isfinite(track.values).any():
        return []
    kinds = [_units, _outliers, _still, _gaps, _levels]
    if panel.classes and not column:
        kinds = [_gaps]
    elif meters.meter(track.values) is not None:
        kinds = [_gaps, _resets]
    found = [place for kind in kinds for place in kind(track)]
    return sorted(found[:most], key=lambda place: (place.first, place.last))


def _units(track: Track) -> Iterator[OddPlace]:
    for jump in levels.unit_jumps(track.values, track.panel.clock.season):
        words = f"another unit from {track.stamp(jump.row)} on: about {jump.before:.4g} before, {jump.after:.4g} after"
        yield OddPlace(jump.row, jump.row, words)


def _levels(track: Track) -> Iterator[OddPlace]:
    for jump in levels.level_jumps(track.values, track.panel.clock.season):
        words = f"the level changes at {track.stamp(jump.row)}: about {jump.before:.4g} before, {jump.after:.4g} after"
        yield OddPlace(jump.row, jump.row, words)


def _outliers(track: Track) -> Iterator[OddPlace]:
    for odd in sorted(spikes.outliers(track.values), key=lambda odd: -odd.ranges):
        yield OddPlace(
            odd.row, odd.row, f"{odd.value:.6g} at {track.stamp(odd.row)}, far from the rest", odd.value
        )


def _still(track: Track) -> Iterator[OddPlace]:
    found = stretches.flat_stretches(track.values, track.panel.clock.season)
    for stretch in sorted(found, key=lambda stretch: -stretch.length):
        words = f"{stretch.value:.6g} for {count(stretch.length, 'row')} from {track.stamp(stretch.start)}"
        yield OddPlace(stretch.start, stretch.stop - 1, words)


def _gaps(track: Track) -> Iterator[OddPlace]:
    edges = np.flatnonzero(
        np.diff(np.concatenate([[False], np.isnan(track.values), [False]]).astype(np.int8))
    )
    found = sorted(
        zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True), key=lambda gap: gap[0] - gap[1]
    )
    for first, stop in found:
        if stop - first >= _LEAST_GAP:
            words = f"{count(stop - first, 'row')} missing from {track.stamp(first)}"
            yield OddPlace(first, stop - 1, words)


def _resets(track: Track) -> Iterator[OddPlace]:
    found = meters.meter(track.values)
    for row in () if found is None else found.resets:
        yield OddPlace(row, row, f"the counter begins again at {track.stamp(row)}")
