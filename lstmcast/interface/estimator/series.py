"""A single series of pandas as a Panel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lstmcast.core.errors import DataError, UsageError
from lstmcast.core.options import Options
from lstmcast.core.panel import KNOWN, PAST, TARGET, Clock, Column, Panel, default_seasons


def build_panel(
    data: pd.DataFrame | pd.Series, options: Options, classes: tuple[str, ...] | None = None
) -> Panel:
    """A single series as a Panel; raises DataError where its index is not a regular time axis.

    classes: those of a model's target, none where it is numbers; None: as the data have them.
    """
    frame = data.to_frame(data.name or "y") if isinstance(data, pd.Series) else data
    target = _target(frame, options)
    columns = [Column(target, TARGET)]
    columns += [Column(name, KNOWN) for name in options.known] + [Column(name, PAST) for name in options.past]
    absent = [column.name for column in columns if column.name not in frame.columns]
    if absent:
        message = f"no column {absent[0]!r}; there are {', '.join(map(str, frame.columns))}"
        raise DataError(message, column=absent[0])
    clock, times = infer_clock(frame.index, options)
    classes = _classes(frame[target]) if classes is None else classes
    targets = _codes(frame[target], classes) if classes else frame[target].to_numpy(dtype=np.float64)
    others = frame[[column.name for column in columns[1:]]].to_numpy(dtype=np.float64)
    values = np.column_stack([targets, others])
    return Panel(("",), np.array([0, len(frame)]), times, values, tuple(columns), clock, classes=classes)


def _classes(target: pd.Series) -> tuple[str, ...]:
    """Categories in their order, or the texts that there are, sorted; none of numbers."""
    if isinstance(target.dtype, pd.CategoricalDtype):
        return tuple(map(str, target.dtype.categories))
    if pd.api.types.is_numeric_dtype(target) or pd.api.types.is_bool_dtype(target):
        return ()
    return tuple(sorted(map(str, target.dropna().unique())))


def _codes(target: pd.Series, classes: tuple[str, ...]) -> np.ndarray:
    """(n,) the place of each class, NaN where it is missing or none of these."""
    places = {name: float(place) for place, name in enumerate(classes)}
    return np.array([np.nan if pd.isna(x) else places.get(str(x), np.nan) for x in target])


def _target(frame: pd.DataFrame, options: Options) -> str:
    if options.target is not None:
        return options.target
    if len(frame.columns) == 1:
        return str(frame.columns[0])
    raise UsageError(f"target= names one of the columns {', '.join(map(str, frame.columns))}")


def infer_clock(index: pd.Index, options: Options) -> tuple[Clock, Any]:
    """The clock of an index and its times (N,) in UTC; raises DataError where that is not a regular time axis."""
    if not isinstance(index, pd.DatetimeIndex):
        raise DataError(
            f"the index is a DatetimeIndex, sorted and regular; this one is a {type(index).__name__}"
        )
    freq = options.freq or index.freqstr or pd.infer_freq(index)
    if freq is None:
        raise DataError("the index has no regular step; give it one with .asfreq(), which shows gaps as NaN")
    zone = options.tz if index.tz is None else str(index.tz)
    seasons = default_seasons(freq) if options.season is None else options.season
    clock = Clock(freq, zone, seasons)
    naive = index if index.tz is None else index.tz_convert("UTC").tz_localize(None)
    times = naive.to_numpy().astype("datetime64[us]")
    return clock, clock.utc(times) if index.tz is None else times
