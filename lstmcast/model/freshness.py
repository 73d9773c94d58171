"""The age of the last known target: the refusal of one that is too old, and series that ended long before others."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError, StaleError, UsageError
from lstmcast.core.findings import WARNING, Finding
from lstmcast.core.panel import KNOWN, Clock, Integers, Panel
from lstmcast.core.place import Place


def refuse_stale(
    panel: Panel, now: str | None, most: float, allowed: str, option: str = "--max-age"
) -> Finding | None:
    """Raise StaleError where the last known target of every series is more than `most` seconds older than now.

    now: ISO 8601, in the file's zone unless it names its own; None is the clock of this machine. Stamps of a file
    without a zone are taken as UTC. allowed: `most` as the user wrote it; option: `--max-age-all`, to which one series
    that is too old is enough. Returns what is to be said where some are too old and others are not.
    """
    clock = panel.clock
    if clock.is_counter:
        raise UsageError(f"{option} needs stamps, but the file's rows are only numbered", option=option)
    stops = panel.known_until()
    if (stops == panel.offsets[:-1]).any():
        name = panel.ids[int(np.argmax(stops == panel.offsets[:-1]))]
        target = panel.columns[0].name
        of = f" of series {name!r}" if name else ""
        raise DataError(f"no {target!r} is known{of}", column=target)
    lasts, moment = panel.times[stops - 1], _moment(clock, now)
    oldest, old = int(np.argmin(lasts)), (moment - lasts) / np.timedelta64(1, "s") > most
    if not old.any():
        return None
    column, stamp = panel.columns[0].name, clock.write(lasts[[oldest]])[0]
    if old.all() or option != "--max-age":
        message = _too_old(panel, oldest, lasts[oldest], moment, int(old.sum()), f"{option} {allowed}")
        raise StaleError(message, column=column, stamp=stamp, option=option)
    told = f"{int(old.sum()):,} of {len(old):,} series are older than --max-age {allowed}"
    return Finding(
        WARNING,
        "series_too_old",
        f"{told}: the last known {column!r} of {panel.ids[oldest]!r} is {_shown(clock, lasts[oldest])}",
        "--max-age-all refuses that",
        Place("", column=column, stamp=stamp),
    )


FRESH_SHARE = 0.25  # of a panel's series; where fewer go on to its end, series end at all times by nature


def without_closed(panel: Panel, rows: int, named: Collection[str] = ()) -> tuple[Panel, Finding | None]:
    """The panel without the series that have closed, and what is to be said of them.

    A series has closed where a forecast of so many rows from its end would end before the newest known target of the
    panel does, and at least FRESH_SHARE of the series go on further than that. Series without a known target stay,
    those of which somebody gives what is to come, and those that are `named`.
    """
    gone = [place for place in closed_series(panel, rows) if panel.ids[place] not in named]
    if not gone:
        return panel, None
    message = (
        f"{len(gone):,} of {len(panel.ids):,} series left out: they end so long before the others that no row of "
        f"their forecast would be to come; {_ends(panel, gone[0])}"
    )
    found = _said_of_closed(panel, gone[0], message, "give them in a file without the others")
    return panel.of_series(np.setdiff1d(np.arange(len(panel.ids)), gone).tolist()), found


def closed_but_judged(panel: Panel, rows: int) -> Finding | None:
    """A finding where series of a panel that is judged have closed: they count up to their own end."""
    gone = closed_series(panel, rows)
    if not len(gone):
        return None
    message = (
        f"{len(gone):,} of {len(panel.ids):,} series end long before the others, and count up to there; "
        f"{_ends(panel, int(gone[0]))}"
    )
    return _said_of_closed(panel, int(gone[0]), message, "")


def closed_series(panel: Panel, rows: int) -> Integers:
    """The places of the series that have closed, as `without_closed` has it."""
    stops, nobody = panel.known_until(), np.zeros(0, dtype=np.int64)
    if len(panel.ids) < 2 or not (stops > panel.offsets[:-1]).all():
        return nobody
    lasts, which = np.unique(panel.times[stops - 1], return_inverse=True)
    is_over = np.array([panel.clock.after(last, rows)[-1] <= lasts[-1] for last in lasts])[which]
    is_over &= ~_is_foretold(panel, stops)
    return np.flatnonzero(is_over) if (~is_over).mean() >= FRESH_SHARE else nobody


def _ends(panel: Panel, series: int) -> str:
    return f"{panel.ids[series]!r} ends at {_last(panel, series)}"


def _last(panel: Panel, series: int) -> str:
    """The stamp of the last known target of a series."""
    stop = int(panel.known_until()[series])
    return panel.clock.write(panel.times[stop - 1 : stop])[0]


def _said_of_closed(panel: Panel, series: int, message: str, remedy: str) -> Finding:
    place = Place("", column=panel.columns[0].name, stamp=_last(panel, series))
    return Finding(WARNING, "closed_series", message, remedy, place)


def _is_foretold(panel: Panel, stops: Integers) -> NDArray[np.bool_]:
    """(S,) True where a column known ahead has a value after the last known target of a series."""
    is_given = np.asarray(np.isfinite(panel.values[:, panel.roles(KNOWN)]).any(axis=1))
    rows = zip(stops, panel.offsets[1:], strict=True)
    return np.array([bool(is_given[first:stop].any()) for first, stop in rows])


def age_when_written(panel: Panel, written: float) -> tuple[float, float]:
    """Seconds of a step, and from the newest known target to when its file was written (seconds since 1970, UTC).

    Raises UsageError where rows are only numbered.
    """
    if panel.clock.is_counter:
        raise UsageError(
            "the file's rows are only numbered, so no age can be told; give --max-age 26h or the like"
        )
    last = panel.times[np.maximum(panel.known_until() - 1, panel.offsets[:-1])].max()
    steps = np.diff(panel.times[panel.rows(0)][:2]) / np.timedelta64(1, "s")
    moment = np.datetime64(int(written), "s")
    return float(steps.sum()), max(float((moment - last) / np.timedelta64(1, "s")), 0.0)


def _moment(clock: Clock, now: str | None) -> np.datetime64:
    """Now, as an instant in UTC."""
    if now is None:
        return np.datetime64("now", "us")
    try:
        return clock.instant(now)
    except ValueError:
        message = f"--now is a time such as 2012-06-01T00:00; got {now!r}"
        raise UsageError(message, option="--now") from None


def _too_old(
    panel: Panel, series: int, last: np.datetime64, now: np.datetime64, count: int, allowed: str
) -> str:
    clock, ids = panel.clock, panel.ids
    name = (
        "" if panel.id_name is None else f" of series {ids[series]!r} ({count:,} of {len(ids):,} are too old)"
    )
    zone = "times without a zone count as UTC; set --tz when training" if clock.zone is None else clock.zone
    return (
        f"data too old: the last known {panel.columns[0].name!r}{name} is {_shown(clock, last)}, now it is "
        f"{_shown(clock, now)} ({zone}), limit {allowed}; nothing was written"
    )


def _shown(clock: Clock, moment: np.datetime64) -> str:
    wall = clock.wall(np.array([moment]))[0]
    return str(np.datetime_as_string(wall, unit="s")).replace("T", " ")
