"""The ledger: every forecast that was given out, as it was written down, row by row."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Clock, Forecast, Integers, Times

Numbers = NDArray[np.float64]
BAND = 80
FIRST = ("issued", "model", "time")
LAST = ("forecast", f"lo_{BAND}", f"hi_{BAND}", "source")


@dataclass(frozen=True, eq=False)
class Ledger:
    """R forecasts of single rows, in the order in which they were written.

    issued: (R,) stamp (UTC) of the last row that a forecast knew, not of the clock when it was made; time: (R,) of the
    row that it is about; point, lower, upper: (R,), the edges those of the BAND % band; series: (R,) index into ids;
    model: (R,) index into models; source: (R,) index into sources; id_name: of the column of ids, None without one.
    """

    issued: Times
    time: Times
    point: Numbers
    lower: Numbers
    upper: Numbers
    series: Integers
    ids: tuple[str, ...]
    model: Integers
    models: tuple[str, ...]
    source: Integers
    sources: tuple[str, ...]
    id_name: str | None = None

    def __len__(self) -> int:
        """R."""
        return len(self.issued)

    def take(self, rows: Integers | NDArray[np.bool_]) -> Ledger:
        """Some of the rows."""
        names = ("issued", "time", "point", "lower", "upper", "series", "model", "source")
        return dataclasses.replace(self, **{name: getattr(self, name)[rows] for name in names})

    def latest(self) -> Ledger:
        """Each forecast once: what the same model said last of a row, from the same last row known."""
        keys = np.column_stack(
            [self.series, self.model, self.issued.astype(np.int64), self.time.astype(np.int64)]
        )
        _, first = np.unique(keys[::-1], axis=0, return_index=True)
        return self.take(np.sort(len(self) - 1 - first))


def header(id_name: str | None) -> list[str]:
    """The names of a ledger's columns; a column of ids has its own name unless another of them is called so."""
    ids = [] if id_name is None else ["id" if id_name in (*FIRST, *LAST) else id_name]
    return [*FIRST, *ids, *LAST]


def entries(forecast: Forecast, origins: Times, model: str) -> dict[str, list[str] | list[float]]:
    """The columns of one block: a forecast with its BAND % band, made by the model of this identity.

    origins: (S,) stamp of the last known target of each of the forecast's series. Equal runs give equal rows.
    """
    clock, count = unmistakable(forecast.clock), len(forecast.times)
    lower, upper = forecast.bands[BAND]
    columns: list[list[str] | list[float]] = [
        clock.write(origins[forecast.series]),
        [model] * count,
        clock.write(forecast.times),
        *([] if forecast.id_name is None else [[forecast.ids[s] for s in forecast.series]]),
        forecast.point.tolist(),
        lower.tolist(),
        upper.tolist(),
        _sources(forecast),
    ]
    return dict(zip(header(forecast.id_name), columns, strict=True))


def _sources(forecast: Forecast) -> list[str]:
    """(R,) what made each row and, where it was not the model, the code of the reason: `linear:gaps`."""
    reasons = {fallback.series: f":{fallback.code}" for fallback in forecast.fallbacks}
    return [
        source + reasons.get(int(series), "")
        for source, series in zip(forecast.source, forecast.series, strict=True)
    ]


def unmistakable(clock: Clock) -> Clock:
    """The clock with a style that tells apart the hours of the night on which it is put back."""
    if clock.zone is None or clock.is_counter or clock.style.endswith("%z") or clock.step is None:
        return clock
    return dataclasses.replace(clock, style="%Y-%m-%dT%H:%M:%S%z")
