"""The fan: the last weeks of a series, and a forecast with its bands after them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lstmcast.cli.show.drawing.shapes import Band, Line, Picture, PictureTable, Role
from lstmcast.cli.show.drawing.words import number
from lstmcast.cli.show.pictures.axis import axis_of, span, stamps
from lstmcast.cli.show.pictures.history import DrawnStretch
from lstmcast.core.findings import percent

if TYPE_CHECKING:
    from lstmcast.core.panel import Forecast, Integers, Panel
    from lstmcast.data.outline import Numbers

_ROLES: tuple[Role, ...] = ("forecast", "second", "actual", "baseline")
_MOST_CLASSES = len(_ROLES)


def fan(panel: Panel, forecast: Forecast, series: int, before: int, most: int = 200) -> Picture:
    """So many rows of history of a series, and its forecast with all bands that it has; most: rows of its table."""
    from lstmcast.data import outline

    stretch, rows = DrawnStretch.of(panel, series, last=before), rows_of(forecast, series)
    times = forecast.times[rows]
    bands = [
        Band(f"{level} % band", level, outline.strip(times, lower[rows], upper[rows]))
        for level, (lower, upper) in sorted(forecast.bands.items())
    ]
    classes = tuple(forecast.probabilities)
    runs = outline.line(times, forecast.point[rows])
    ahead = span(forecast.clock, len(rows))
    return Picture(
        title=f"{stretch.name}: forecast of the next {ahead}",
        about=_about(stretch, forecast, rows),
        axis=axis_of(forecast.clock, times[:1]),
        lines=[stretch.line(), Line("forecast", "forecast", runs, is_dotted=bool(classes))],
        bands=bands,
        rule=outline.places(times[:1])[0],
        names=classes,
        table=_table(stretch, forecast, rows, most),
    )


def probabilities(panel: Panel, forecast: Forecast, series: int, most: int = 200) -> Picture:
    """The probability of each class, step by step; of many classes the likeliest, and the rest together."""
    from lstmcast.data import outline

    rows = rows_of(forecast, series)
    times = forecast.times[rows]
    found = sorted(forecast.probabilities.items(), key=lambda item: -float(item[1][rows].sum()))
    shown = found if len(found) <= _MOST_CLASSES else found[: _MOST_CLASSES - 1]
    curves = [(name, values[rows]) for name, values in shown]
    if len(shown) < len(found):
        curves.append(("all others", 1.0 - sum((values for _, values in curves[1:]), start=curves[0][1])))
    name = DrawnStretch.of(panel, series, last=1).name
    return Picture(
        title=f"{name}: probability of each class in the next {span(forecast.clock, len(rows))}",
        about=f"Probability of {len(found)} classes of {name}, row by row.",
        axis=axis_of(forecast.clock, times[:1]),
        lines=[
            Line(name, role, outline.line(times, values))
            for (name, values), role in zip(curves, _ROLES, strict=False)
        ],
        holds_zero=True,
        is_share=True,
        table=_class_table(forecast, rows[:: -(-len(rows) // most)]),
    )


def rows_of(forecast: Forecast, series: int) -> Integers:
    """The rows of a series in a forecast, in the order of time."""
    found: Integers = (forecast.series == series).nonzero()[0]
    return found


def usual_history(clock_seasons: Sequence[int], horizon: int) -> int:
    """Rows of history that stand before a forecast: two of the longest seasons, or four horizons of short ones."""
    longest = max(clock_seasons, default=1)
    return max(2 * longest if longest <= 20 * horizon else 0, 4 * horizon, 24)


def _about(stretch: DrawnStretch, forecast: Forecast, rows: Integers) -> str:
    """Return what the picture shows, for those who cannot see it."""
    first, last = stamps(forecast.clock, forecast.times[rows[[0, -1]]])
    words = f"{stretch.name}: {span(forecast.clock, len(stretch.times))} of history, then the forecast"
    if forecast.probabilities:
        return f"{words} of the likeliest class from {first} to {last}."
    point, places = forecast.point[rows], stretch.decimals()
    peak = stamps(forecast.clock, forecast.times[rows[[point.argmax()]]])[0]
    low, high = (number(float(value), places) for value in (point.min(), point.max()))
    return f"{words} from {first} to {last}, between {low} and {high}, highest at {peak}."


def _table(stretch: DrawnStretch, forecast: Forecast, rows: Integers, most: int) -> PictureTable:
    """The rows of the forecast with the edges of its bands; of too many every second, third, …"""
    from lstmcast.data.outline import places

    every = -(-len(rows) // most)
    rows = rows[::every]
    header = ["time" if every == 1 else f"time (every {every} rows)"]
    columns = [stamps(forecast.clock, forecast.times[rows])]
    if forecast.probabilities:
        header.append("likeliest")
        columns.append([list(forecast.probabilities)[int(code)] for code in forecast.point[rows]])
    else:
        header, columns = _numbers(header, columns, forecast, rows, stretch.decimals())
    return PictureTable(header, list(zip(*columns, strict=True)), places(forecast.times[rows]))


def _numbers(
    header: list[str], columns: list[list[str]], forecast: Forecast, rows: Integers, decimals: int
) -> tuple[list[str], list[list[str]]]:
    """The columns of the forecast and of its bands, the narrowest first."""

    def cells(values: Numbers) -> list[str]:
        return [number(value, decimals) for value in values[rows].tolist()]

    header, columns = [*header, "forecast"], [*columns, cells(forecast.point)]
    for level, (lower, upper) in sorted(forecast.bands.items()):
        header += [f"{level} % from", "to"]
        columns += [cells(lower), cells(upper)]
    return header, columns


def _class_table(forecast: Forecast, rows: Integers) -> PictureTable:
    """The probability of every class in every row."""
    from lstmcast.data.outline import places

    columns = [
        [percent(value, 0) for value in values[rows].tolist()] for values in forecast.probabilities.values()
    ]
    told = stamps(forecast.clock, forecast.times[rows])
    header = ("time", *forecast.probabilities)
    return PictureTable(header, list(zip(told, *columns, strict=True)), places(forecast.times[rows]))
