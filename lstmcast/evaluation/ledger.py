"""The ledger: every forecast that was given out, as it was written down, row by row."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError
from lstmcast.core.panel import Clock, Forecast, Integers, Panel, Times

Numbers = NDArray[np.float64]
BAND = 80
FIRST = ("issued", "model", "time")
CHANCE = "p_"  # what the column of a class begins with
LAST = ("forecast", f"lo_{BAND}", f"hi_{BAND}", "source")


@dataclass(frozen=True, eq=False)
class Ledger:
    """R forecasts of single rows, in the order in which they were written.

    issued: (R,) stamp (UTC) of the last row that a forecast knew, not of the clock when it was made; time: (R,) of the
    row that it is about; point, lower, upper: (R,), the edges those of the BAND % band; series: (R,) index into ids;
    model: (R,) index into models; source: (R,) index into sources; id_name: of the column of ids, None without one.
    Of forecasts of classes, probabilities are (R, C) in the order of `classes`, point is the place of the likeliest,
    and there are no edges.
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
    classes: tuple[str, ...] = ()
    probabilities: Numbers | None = None

    def __len__(self) -> int:
        """R."""
        return len(self.issued)

    def take(self, rows: Integers | NDArray[np.bool_]) -> Ledger:
        """Some of the rows."""
        names = ("issued", "time", "point", "lower", "upper", "series", "model", "source")
        taken = {name: getattr(self, name)[rows] for name in names}
        chances = None if self.probabilities is None else self.probabilities[rows]
        return dataclasses.replace(self, **taken, probabilities=chances)

    def latest(self) -> Ledger:
        """Each forecast once: what the same model said last of a row, from the same last row known."""
        keys = np.column_stack(
            [self.series, self.model, self.issued.astype(np.int64), self.time.astype(np.int64)]
        )
        _, first = np.unique(keys[::-1], axis=0, return_index=True)
        return self.take(np.sort(len(self) - 1 - first))


def refuse_other_kind(ledger: Ledger, actuals: Panel) -> None:
    """Raise DataError where one of a ledger and its outcomes is of classes and the other of numbers."""
    if bool(ledger.classes) == bool(actuals.classes):
        return
    kinds = ("classes", "numbers") if ledger.classes else ("numbers", "classes")
    column = actuals.columns[0].name
    raise DataError(
        f"the ledger is of {kinds[0]}, and the outcomes in column {column!r} are {kinds[1]}; name the column that it "
        "is about with --target",
        column=column,
    )


def header(id_name: str | None, classes: Sequence[str] = ()) -> list[str]:
    """The names of a ledger's columns; a column of ids has its own name unless another of them is called so."""
    said = (LAST[0], *(f"{CHANCE}{name}" for name in classes), LAST[-1]) if classes else LAST
    ids = [] if id_name is None else ["id" if id_name in (*FIRST, *LAST, *said) else id_name]
    return [*FIRST, *ids, *said]


def entries(forecast: Forecast, origins: Times, model: str) -> dict[str, list[str] | list[float]]:
    """The columns of one block: a forecast with its BAND % band or its probabilities, made by the model of this
    identity.

    origins: (S,) stamp of the last known target of each of the forecast's series. Equal runs give equal rows.
    """
    clock, count = unmistakable(forecast.clock), len(forecast.times)
    classes = list(forecast.probabilities)
    said: list[list[str] | list[float]] = (
        [
            [classes[int(code)] for code in forecast.point],
            *(p.tolist() for p in forecast.probabilities.values()),
        ]
        if classes
        else [forecast.point.tolist(), *(edge.tolist() for edge in forecast.bands[BAND])]
    )
    columns: list[list[str] | list[float]] = [
        clock.write(origins[forecast.series]),
        [model] * count,
        clock.write(forecast.times),
        *([] if forecast.id_name is None else [[forecast.ids[s] for s in forecast.series]]),
        *said,
        _sources(forecast),
    ]
    return dict(zip(header(forecast.id_name, classes), columns, strict=True))


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
