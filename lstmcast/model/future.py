"""Rows to come: joined to history from a file of their own, or written out for somebody to fill in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError, UsageError
from lstmcast.core.panel import Panel
from lstmcast.model.schema import Contract


def joined(history: Panel, future: Panel) -> Panel:
    """History with the known columns of rows to come.

    future: its columns are the target and the known ones, as read_future gives them. Rows before history are left
    out, and so are series that it does not have. What history says of rows up to its last known target stands; where
    both files speak of a later row they agree. Raises DataError where they do not, where a series of history has no
    rows to come, and where those leave a gap, end before they begin, or lie off the clock.
    """
    if (future.clock.zone is None) != (history.clock.zone is None):
        raise DataError("stamps have a zone in one of history and future file, and none in the other")
    places = {name: series for series, name in enumerate(future.ids)}
    whole = history.extended(int(future.lengths.max()))
    stops = history.known_until() - history.offsets[:-1]
    for series, name in enumerate(history.ids):
        if name not in places:
            raise DataError(f"the future file has no rows of series {name!r}")
        rows = future.rows(places[name])
        ends = int(stops[series]), int(history.lengths[series])
        _join(whole, series, ends, future.times[rows], future.values[rows])
    return whole


def _join(
    whole: Panel,
    series: int,
    ends: tuple[int, int],
    stamps: NDArray[np.datetime64],
    said: NDArray[np.float64],
) -> None:
    """Fill one series; ends: its rows up to the last known target, and those of the history file."""
    stop, _ = ends
    rows = whole.rows(series)
    times, values = whole.times[rows], whole.values[rows]
    _refuse_elsewhere(whole, series, ends, stamps)
    is_there = stamps >= times[0]
    stamps, said = stamps[is_there], said[is_there]
    places = np.minimum(np.searchsorted(times, stamps), len(times) - 1)
    if (times[places] != stamps).any():
        off = stamps[times[places] != stamps][0]
        raise DataError(
            f"the future file has a row at {_at(whole, series, off)}, between two rows of history",
            stamp=_stamp(whole, off),
        )
    old = values[places, : said.shape[1]]
    is_past = places < stop
    _refuse_target(whole, series, times[stop - 1], stamps[~is_past & np.isfinite(said[:, 0])])
    differs = np.isfinite(old) & np.isfinite(said) & (old != said)
    differs[is_past & np.isnan(said[:, 0])] = False  # a forecast of what has come: history knows better
    if differs.any():
        row, column = np.argwhere(differs)[0]
        raise DataError(
            f"history and future file differ in {whole.columns[column].source!r} at "
            f"{_at(whole, series, stamps[row])}; take the row out of one of them",
            column=whole.columns[column].source,
            stamp=_stamp(whole, stamps[row]),
        )
    ahead = places[~is_past]
    values[ahead, : said.shape[1]] = np.where(np.isnan(old), said, old)[~is_past]


def _refuse_elsewhere(
    whole: Panel, series: int, ends: tuple[int, int], stamps: NDArray[np.datetime64]
) -> None:
    """Raise DataError for rows to come that leave a gap after history, or have all come."""
    stop, end = ends
    times = whole.times[whole.rows(series)]
    if not stop:
        raise DataError(f"history has no known target{_of(whole, series)}")
    if stamps[0] > times[end]:
        raise DataError(
            f"the future file begins at {_at(whole, series, stamps[0])}, but history ends at "
            f"{_at(whole, series, times[end - 1])}; add the rows between them",
            stamp=_stamp(whole, times[end - 1]),
        )
    if stamps[-1] < times[stop]:
        raise DataError(
            f"the future file ends at {_at(whole, series, stamps[-1])}, but the target is known up to "
            f"{_at(whole, series, times[stop - 1])}; add the rows to be forecast",
            stamp=_stamp(whole, stamps[-1]),
        )


def _refuse_target(whole: Panel, series: int, last: np.datetime64, stamps: NDArray[np.datetime64]) -> None:
    """Raise DataError for targets (at these stamps) of rows that are still to come."""
    if len(stamps):
        name = whole.columns[0].name
        raise DataError(
            f"the future file has a {name!r} at {_at(whole, series, stamps[0])}, but history's last is at "
            f"{_at(whole, series, last)}; put what is known into the history, or leave {name!r} empty",
            column=name,
            stamp=_stamp(whole, stamps[0]),
        )


def _at(panel: Panel, series: int, stamp: np.datetime64) -> str:
    """A stamp as the file writes it, with its series in a panel."""
    return _stamp(panel, stamp) + _of(panel, series)


def _stamp(panel: Panel, stamp: np.datetime64) -> str:
    return panel.clock.write(np.array([stamp]))[0]


def _of(panel: Panel, series: int) -> str:
    return f" of {panel.ids[series]!r}" if panel.id_name is not None else ""


def require_known(contract: Contract) -> None:
    """Raise UsageError for a model that has no use for rows to come."""
    if not contract.known:
        raise UsageError(
            "the model has no columns known ahead (--known of train), so it needs no future file"
        )


def template(history: Panel, contract: Contract, ahead: int) -> dict[str, list[str]]:
    """The rows to fill in for a forecast `ahead` steps from each series' last known target: columns by name.

    A time that stands in several columns of the history file is written as one, called `time`.
    """
    name = contract.time if contract.time is not None and "," not in contract.time else "time"
    rows: dict[str, list[str]] = {name: []}
    stops = history.known_until()
    for series, stop in enumerate(stops):
        if stop == history.offsets[series]:
            raise DataError(f"history has no known target{_of(history, series)}")
        rows[name] += history.clock.write(history.clock.after(history.times[stop - 1], ahead))
    if history.id_name is not None:
        rows[history.id_name] = [series for series in history.ids for _ in range(ahead)]
    empty = [""] * (ahead * len(history.ids))
    return rows | dict.fromkeys(contract.known, empty)
