"""A forecast as a person looks at it in a terminal: a picture, a sentence, and the rows with as many digits as the
data have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lstmcast.cli.shell.console import Console
    from lstmcast.core.panel import Forecast, Panel

_SERIES, _ROWS = 3, 200  # shown at most
_HEIGHT, _LOW = 12, 7
_HORIZONS = 3  # of history before the forecast
_FEWEST = 24


def look(panel: Panel, forecast: Forecast, given_out: Forecast, console: Console) -> None:
    """Show the forecast of the first series; given_out: the same with those bands alone that were asked for.

    panel: the history that it was made from.
    """
    from lstmcast.cli.show import chart
    from lstmcast.cli.show.outlook import sentence
    from lstmcast.cli.show.pictures.fan import fan, probabilities

    ahead = len(forecast.times) // len(forecast.ids)
    before = max(_HORIZONS * ahead, _FEWEST)
    height = _HEIGHT if len(forecast.ids) == 1 else _LOW
    with console.at_once():
        for series in range(min(len(forecast.ids), _SERIES)):
            pictures = [fan(panel, forecast, series, before)]
            pictures += [probabilities(panel, forecast, series)] if forecast.probabilities else []
            for picture in pictures:
                console.picture(
                    chart.draw(picture, console.width(), height, console.letters()), chart.as_text
                )
            console.note("")
            console.note(sentence(panel, forecast, series))
            console.note("")
        _show_rows(panel, given_out, console)


def _show_rows(panel: Panel, forecast: Forecast, console: Console) -> None:
    """The rows of a CSV in columns; of very many the first, and how to have all of them."""
    from lstmcast.data.digits import decimals

    places = decimals(panel.target)
    columns = forecast.table()
    count = len(forecast.times)
    cells = [
        _cells(column[:_ROWS], 2 if forecast.probabilities else places) for name, column in columns.items()
    ]
    console.table(list(columns), list(zip(*cells, strict=True)))
    if count > _ROWS:
        console.note(
            f"{count - _ROWS:,} more rows: --output FILE writes all {count:,}, -q prints them as CSV"
        )


def _cells(column: Sequence[str | float], places: int) -> list[str]:
    return [value if isinstance(value, str) else f"{value:.{places}f}" for value in column]
