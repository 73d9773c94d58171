"""A forecast as people in Python hold it: a DataFrame, a picture, a short text."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstmcast.core import panel as nouns
from lstmcast.core.errors import UsageError

if TYPE_CHECKING:
    from lstmcast.core.panel import Panel

_SHOWN = 10  # rows of a text
_BEFORE = 7  # horizons of history in a picture


@dataclass(frozen=True, eq=False, repr=False)
class Forecast(nouns.Forecast):
    """A forecast with what it was made from; all fields are those of the command line's forecast.

    history: the rows before it; drawn: sample paths, one row a path and time, where they were asked for.
    """

    history: Panel | None = None
    drawn: pd.DataFrame | None = None

    @classmethod
    def of(cls, forecast: nouns.Forecast, history: Panel, drawn: pd.DataFrame | None = None) -> Forecast:
        """The forecast with its history."""
        names = [field.name for field in dataclasses.fields(nouns.Forecast)]
        fields: dict[str, Any] = {name: getattr(forecast, name) for name in names}
        return cls(**fields, history=history, drawn=drawn)

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a DataFrame with a range index: id, time, forecast, bands, quantiles and source."""
        return pd.DataFrame(self.table()).assign(time=self._stamps())

    def _stamps(self) -> Any:
        """(R,) stamps on the wall of the data, with their zone where they have one; of a counter its numbers."""
        if self.clock.is_counter:
            return self.times.astype("datetime64[us]").astype(np.int64)
        utc = pd.DatetimeIndex(self.times)
        return utc if self.clock.zone is None else utc.tz_localize("UTC").tz_convert(self.clock.zone)

    def paths(self) -> pd.DataFrame:
        """Return the sample paths, one row a path and time; raises UsageError where none were asked for."""
        if self.drawn is None:
            raise UsageError("no paths were asked for; say predict(..., paths=100)")
        return self.drawn

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The rows, each a dict: so pandas.DataFrame(forecast) has the columns."""
        for row in self.to_frame().to_dict("records"):
            yield {str(name): value for name, value in row.items()}

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.times)

    def __dataframe__(self, nan_as_null: bool = False, allow_copy: bool = True) -> Any:
        """The dataframe interchange protocol, as pandas speaks it."""
        frame: Any = self.to_frame()
        return frame.__dataframe__(nan_as_null, allow_copy)

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        """Arrow's C stream, as pandas and pyarrow speak it."""
        frame: Any = self.to_frame()
        return frame.__arrow_c_stream__(requested_schema)

    def plot(self, series: str | None = None) -> SvgPicture:
        """Return a picture of a series (by name; None is the first) that a notebook shows; it has `save(path)`."""
        if self.history is None:
            raise UsageError("the forecast does not know its history; model.predict gives one that does")
        if series is not None and series not in self.ids:
            raise UsageError(f"no series {series!r}; there are {', '.join(self.ids[:20])}")
        place = 0 if series is None else self.ids.index(series)
        return _picture(self, self.history, place)

    def __repr__(self) -> str:
        """The first rows, as pandas writes them."""
        return f"Forecast of {self._size()}\n{self.to_frame().to_string(max_rows=_SHOWN)}"

    def _repr_html_(self) -> str:
        return f"<p>Forecast of {self._size()}</p>{self.to_frame().to_html(max_rows=_SHOWN, border=0)}"

    def _size(self) -> str:
        series = f" in {len(self.ids):,} series" if len(self.ids) > 1 else ""
        return f"{len(self.times):,} rows{series}"


class SvgPicture:
    """A picture as SVG, which a notebook shows."""

    def __init__(self, drawn: Any) -> None:
        self._drawn = drawn

    @property
    def svg(self) -> str:
        """The picture as one SVG document."""
        from lstmcast.cli.show.figure import sheet

        return sheet([self._drawn])

    def save(self, path: str) -> None:
        """Write the picture; the name ends in .svg, .png or .html. Raises UsageError, OutputError."""
        from lstmcast.cli.show.picture_files import as_file, kind_of
        from lstmcast.persistence import replace_file

        replace_file(path, as_file([self._drawn], kind_of(path), self._drawn.title))

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        """The title."""
        return f"Picture({self._drawn.title!r})"


def _picture(forecast: Forecast, history: Panel, place: int) -> SvgPicture:
    from lstmcast.cli.show.pictures.fan import fan

    own = history.ids.index(forecast.ids[place])
    steps = int((forecast.series == place).sum())
    return SvgPicture(fan(history.of_series([own]), _alone(forecast, place), 0, _BEFORE * steps))


def _alone(forecast: Forecast, place: int) -> nouns.Forecast:
    """The forecast of one series."""
    rows = forecast.series == place
    return dataclasses.replace(
        forecast,
        ids=(forecast.ids[place],),
        series=np.zeros(int(rows.sum()), dtype=np.int64),
        times=forecast.times[rows],
        point=forecast.point[rows],
        bands={level: (low[rows], high[rows]) for level, (low, high) in forecast.bands.items()},
        quantiles={level: values[rows] for level, values in forecast.quantiles.items()},
        probabilities={name: values[rows] for name, values in forecast.probabilities.items()},
        median=None if forecast.median is None else forecast.median[rows],
        source=tuple(np.array(forecast.source, dtype=object)[rows].tolist()),
    )
