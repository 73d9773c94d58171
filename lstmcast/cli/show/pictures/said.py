"""The picture of what a ledger said the night before, beside what came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lstmcast.cli.show.drawing.shapes import Band, Line, Picture, PictureTable
from lstmcast.cli.show.drawing.words import number
from lstmcast.cli.show.pictures.axis import axis_of, stamps
from lstmcast.core.findings import count

if TYPE_CHECKING:
    from lstmcast.core.panel import Clock, Panel
    from lstmcast.evaluation.said import Said

_MOST_ROWS = 120  # of a table beside the picture
_COLUMNS = 250  # that the picture tells apart


def said_and_came(panel: Panel, said: Said) -> Picture:
    """The forecasts of one series with their band, and the outcomes of the same rows."""
    from lstmcast.data import outline
    from lstmcast.data.digits import decimals

    digits, column = decimals(panel.target), panel.columns[0].name
    name = f"{column} of {said.name}" if panel.id_name is not None else column
    return Picture(
        title=f"{name}: what was said the night before, and what came",
        about=_about(panel.clock, said, name, digits),
        axis=axis_of(panel.clock, said.times[:1]),
        lines=[
            Line(column, "actual", outline.line(said.times, said.actual, _COLUMNS)),
            Line("forecast", "forecast", outline.line(said.times, said.point, _COLUMNS)),
        ],
        bands=[Band("80 % band", 80, outline.strip(said.times, said.lower, said.upper, _COLUMNS))],
        table=_table(panel.clock, said, column, digits),
    )


def _about(clock: Clock, said: Said, name: str, digits: int) -> str:
    """Return what the picture shows, for those who cannot see it."""
    first, last = stamps(clock, said.times[[0, -1]])
    errors = [abs(error) for error in said.error.tolist() if error == error]
    words = (
        f"{count(len(said.times), 'row')} of {name} from {first} to {last} as forecast, with the 80 % band"
    )
    if not errors:
        return f"{words}; no outcome is known."
    mean = number(sum(errors) / len(errors), digits)
    return f"{words}, and the outcome of {len(errors):,} of them; the mean absolute error is {mean}."


def _table(clock: Clock, said: Said, column: str, digits: int) -> PictureTable:
    """The rows; of very many the means of equal stretches."""
    from lstmcast.data import outline

    parts = [
        outline.stretches(said.times, values, _MOST_ROWS)
        for values in (said.actual, said.point, said.lower, said.upper)
    ]
    cells = [[number(value, digits) for value in part.mean] for part in parts]
    told = stamps(clock, said.times[parts[0].firsts])
    is_mean = len(told) < len(said.times)
    header = (
        "from" if is_mean else "time",
        f"mean {column}" if is_mean else column,
        "forecast",
        "80 % from",
        "to",
    )
    return PictureTable(header, list(zip(told, *cells, strict=True)), parts[0].middles)
