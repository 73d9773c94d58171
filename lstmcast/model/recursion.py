"""From a fresh file to an origin and the rows after it, and on beyond the trained horizon."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError
from lstmcast.core.panel import KNOWN, Integers, Panel, Times
from lstmcast.model.schema import Contract

Numbers = NDArray[np.float64]
Bands = dict[float, tuple[Numbers, Numbers]]


def at_origin(
    panel: Panel, contract: Contract, ahead: int, since: Times | None = None
) -> tuple[Panel, Integers]:
    """The panel with just the history a forecast depends on, then the rows to be forecast; and each origin (S,).

    The origin is the row after the last known target; rows the file has beyond it give the known columns.
    since: (S,) stamps after which every row is kept, however long ago that is. Future rows are whole blocks of the
    trained horizon. Raises DataError where a series has no known target, or lacks
    known columns ahead.
    """
    stops = panel.known_until()
    empty = np.flatnonzero(stops == panel.offsets[:-1])
    if len(empty):
        raise _empty(panel, int(empty[0]), contract)
    starts = np.maximum(panel.offsets[:-1], stops - contract.history)
    if since is not None:
        starts = np.minimum(starts, _rows_after(panel, since))
    count = -(-ahead // contract.horizon) * contract.horizon
    extended = panel.take(starts, stops).extended(count)
    origins = extended.offsets[1:] - count
    for series, origin in enumerate(origins):
        _copy_known(panel, int(stops[series]), int(panel.offsets[series + 1]), extended, int(origin), count)
        _refuse_unknown(extended, series, int(origin), ahead)
    return extended, origins


def _rows_after(panel: Panel, since: Times) -> Integers:
    """(S,) the first row of each series after a stamp."""
    places = [np.searchsorted(panel.times[panel.rows(s)], stamp, "right") for s, stamp in enumerate(since)]
    return np.asarray(panel.offsets[:-1] + np.array(places, dtype=np.int64))


def _empty(panel: Panel, series: int, contract: Contract) -> DataError:
    name = f" of series {panel.ids[series]!r}" if panel.id_name else ""
    return DataError(
        f"too little history: no {contract.target!r} is known{name}; send a file in which some are",
        column=contract.target,
    )


def _copy_known(panel: Panel, stop: int, end: int, extended: Panel, origin: int, count: int) -> None:
    """Copy the file's values of known columns beyond the origin."""
    there = min(count, end - stop)
    for column in panel.roles(KNOWN):
        extended.values[origin : origin + there, column] = panel.values[stop : stop + there, column]


def _refuse_unknown(extended: Panel, series: int, origin: int, ahead: int) -> None:
    for column in extended.roles(KNOWN):
        missing = np.flatnonzero(np.isnan(extended.values[origin : origin + ahead, column]))
        if len(missing):
            stamp = extended.clock.write(extended.times[origin + missing[:1]])[0]
            name = f" of series {extended.ids[series]!r}" if extended.id_name else ""
            raise DataError(
                f"{extended.columns[column].source!r} is known ahead for this model, but missing at {stamp}{name} and "
                f"in {len(missing)} of the {ahead} rows to forecast; add rows with it and an empty target to the file, "
                "or give them with --future",
                column=extended.columns[column].source,
                stamp=stamp,
            )


def remember(panel: Panel, point: Numbers, origins: Integers) -> None:
    """Write a forecast (K, S) into the panel's target, so that the next block has it for history."""
    rows = origins + np.arange(len(point))[:, None]
    panel.values[rows, 0] = point


def join(points: list[Numbers], bands: list[Bands]) -> Bands:
    """Bands (K, S) of one block after another, each (blocks K, S).

    A block that stands on forecasts inherits the width with which the one before it ended: as for independent
    errors, the squares of the half-widths add up.
    """
    joined: Bands = {}
    for level in bands[0]:
        below, above = np.zeros(points[0].shape[1]), np.zeros(points[0].shape[1])
        lowers, uppers = [], []
        for point, block in zip(points, bands, strict=True):
            lowers.append(point - np.hypot(point - block[level][0], below))
            uppers.append(point + np.hypot(block[level][1] - point, above))
            below, above = (point - lowers[-1])[-1], (uppers[-1] - point)[-1]
        joined[level] = np.concatenate(lowers), np.concatenate(uppers)
    return joined
