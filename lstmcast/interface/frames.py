"""The one place where data of a Python user become a source that the reader knows, with the columns by their roles."""

from __future__ import annotations

import dataclasses
import io
import os
from collections.abc import Iterable, Mapping
from typing import IO, TYPE_CHECKING, Any, TypeAlias, cast

from lstmcast.core.errors import DataError, UsageError
from lstmcast.core.options import Options
from lstmcast.ingest import Buffer, DataFrameSource, Source

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from lstmcast.core.panel import Panel

    Frames: TypeAlias = pd.DataFrame | pd.Series[Any] | np.ndarray[Any, Any]
    Data: TypeAlias = str | os.PathLike[str] | IO[bytes] | IO[str] | Frames | Panel

_PROPHET = ("ds", "y")
_SERIES = "unique_id"  # of Nixtla's frames
_FIELDS = {field.name: field for field in dataclasses.fields(Options)}
_LISTS = {name for name, field in _FIELDS.items() if "tuple" in str(field.type)}


def options_from(options: Options | None, named: Mapping[str, Any]) -> Options:
    """The options with those given by name; lists and single names become tuples. Raises UsageError for others."""
    unknown = sorted(named.keys() - _FIELDS.keys())
    if unknown:
        raise UsageError(f"there is no option {unknown[0]!r}; see lstmcast guide options", option=unknown[0])
    return dataclasses.replace(
        options or Options(), **{name: _value(name, one) for name, one in named.items()}
    )


def _value(name: str, value: Any) -> Any:
    if name not in _LISTS or value is None:
        return value
    return tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else (value,)


def as_source(data: Data, options: Options) -> tuple[Source, Options]:
    """A path, buffer, Series, DataFrame or array as a source, and the options with the roles that its shape tells.

    An index of times, or the levels of a MultiIndex, become columns; so do Prophet's ds and y and Nixtla's unique_id
    have their roles without being named. Raises DataError for data of another kind.
    """
    import numpy as np
    import pandas as pd

    if isinstance(data, str | os.PathLike):
        return os.fspath(data), options
    if isinstance(data, io.IOBase) or (not hasattr(data, "columns") and hasattr(data, "read")):
        content = cast("IO[Any]", data).read()
        return Buffer(content.encode() if isinstance(content, str) else content), options
    if isinstance(data, np.ndarray):
        data = _of_array(data)
    if isinstance(data, pd.Series):
        name = options.target or ("y" if data.name is None else str(data.name))
        data = data.to_frame(name)
        options = dataclasses.replace(options, target=name)
    if not isinstance(data, pd.DataFrame):
        data = _of_other(data)
    frame, options = _with_index(data, options)
    return DataFrameSource(frame), _with_usual_roles(frame, options)


def _of_array(data: np.ndarray[Any, Any]) -> pd.DataFrame:
    """The columns of an array, the first of which is y, the others x1, x2, …"""
    import numpy as np
    import pandas as pd

    if data.ndim not in (1, 2):
        raise DataError(f"an array of data has one or two dimensions; this one has {data.ndim}")
    columns = np.column_stack([data])
    return pd.DataFrame(columns, columns=["y", *(f"x{number}" for number in range(1, columns.shape[1]))])


def _of_other(data: Any) -> pd.DataFrame:
    """The DataFrame of what speaks the dataframe interchange protocol, such as polars."""
    import pandas as pd

    if hasattr(data, "to_pandas"):
        return pd.DataFrame(data.to_pandas())
    if hasattr(data, "__dataframe__"):
        return pd.api.interchange.from_dataframe(data)
    raise DataError(
        f"data are a path, a DataFrame, a Series, an array or a Panel; this is a {type(data).__name__}"
    )


def _with_index(frame: pd.DataFrame, options: Options) -> tuple[pd.DataFrame, Options]:
    """The frame with its index among its columns, where that says something; names of columns are text."""
    import pandas as pd

    frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
    index = frame.index
    if isinstance(index, pd.MultiIndex):
        return _with_levels(frame, options)
    is_time = isinstance(index, pd.DatetimeIndex | pd.PeriodIndex)
    is_told = index.name is not None and str(index.name) in (options.time, "ds", _SERIES)
    is_counted = _is_counted(frame, options)
    if not (is_time or is_told or is_counted):
        return frame.reset_index(drop=True), options
    name = _free(frame, str(index.name) if index.name is not None else options.time or "time")
    column = pd.Series(range(1, len(frame) + 1) if is_counted and not is_told else index, name=name)
    frame = pd.concat([column, frame.reset_index(drop=True)], axis=1)
    is_id = name == _SERIES and not is_time
    if not is_id and (options.time is None or is_time):
        options = dataclasses.replace(options, time=name)
    if is_counted and options.freq is None:
        options = dataclasses.replace(options, freq="count")
    return frame, options


def _is_counted(frame: pd.DataFrame, options: Options) -> bool:
    """True for bare numbers, of which only the order says when they were: a Series or an array without times."""
    import pandas as pd

    is_bare = isinstance(frame.index, pd.RangeIndex) and options.time is None
    columns = set(frame.columns) - {options.target, *options.known, *options.past, options.id}
    made = {f"x{number}" for number in range(1, len(frame.columns))} | {"y"}
    return is_bare and (not columns or set(frame.columns) <= made)


def _with_levels(frame: pd.DataFrame, options: Options) -> tuple[pd.DataFrame, Options]:
    """The frame with the levels of its index as columns: the one of times, and the names of series."""
    import pandas as pd

    index = cast("pd.MultiIndex", frame.index)
    levels, times = list(range(index.nlevels)), []
    names = []
    for level in levels:
        values, name = index.levels[level], index.names[level]
        is_time = isinstance(values, pd.DatetimeIndex | pd.PeriodIndex)
        times += [level] if is_time else []
        names.append(_free(frame, str(name) if name is not None else "time" if is_time else f"level_{level}"))
    if not times:
        times = [levels[-1]]
    frame = frame.set_axis(index.set_names(names), axis=0).reset_index()
    others = [names[level] for level in levels if level != times[-1]]
    return frame, dataclasses.replace(
        options, time=options.time or names[times[-1]], id=options.id or ",".join(others) or None
    )


def _free(frame: pd.DataFrame, name: str) -> str:
    """The name, with an underscore where a column has it already."""
    while name in frame.columns:
        name += "_"
    return name


def _with_usual_roles(frame: pd.DataFrame, options: Options) -> Options:
    """The options with the roles that columns called as in Prophet and Nixtla have."""
    names, (time, target) = set(frame.columns), _PROPHET
    if time in names and options.time is None:
        options = dataclasses.replace(options, time=time)
    if _SERIES in names and options.id is None:
        options = dataclasses.replace(options, id=_SERIES)
    if time == options.time and target in names and options.target is None:
        options = dataclasses.replace(options, target=target)
    return options
