"""The outlook in one sentence: `Thursday 31 May: 232 MWh, peak 12.4 MW at 18:00, 4 % above last Thursday`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lstmcast.cli.show.drawing.timeline import MONTHS
from lstmcast.cli.show.drawing.words import number
from lstmcast.cli.show.pictures.axis import span, stamps
from lstmcast.core.findings import percent

if TYPE_CHECKING:
    from lstmcast.core.panel import Forecast, Panel
    from lstmcast.evaluation.outlook import DayOutlook

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_POWER = ("W", "kW", "MW", "GW", "TW")
_AMOUNTS = frozenset(
    [
        "Wh",
        "kWh",
        "MWh",
        "GWh",
        "m3",
        "m³",
        "l",
        "kg",
        "t",
        "EUR",
        "€",
        "USD",
        "$",
        "GBP",
        "£",
        "pcs",
        "units",
    ]
)
_LEVEL = 0.005  # share below which two means are level
_DIGITS = 4


def sentence(panel: Panel, forecast: Forecast, series: int) -> str:
    """Return a sentence on what the forecast of a series comes down to; of classes which is likeliest."""
    if forecast.probabilities:
        return _of_classes(forecast, series)
    from lstmcast.data.digits import decimals
    from lstmcast.evaluation.outlook import outlook

    found, name = outlook(panel, forecast, series), panel.columns[0].name
    places = decimals(panel.target)
    unit = _unit(name)
    parts = [_amount(found, name, unit, places), _peak(forecast, found, unit, places)]
    beside = _beside(forecast, found)
    return f"{_when(forecast, found)}: {', '.join([*parts, *([beside] if beside else [])])}."


def _unit(name: str) -> str:
    """The unit that a column's name ends in: `load [MW]`, `flow (l/s)`."""
    found = re.search(r"[\[(]\s*([^\[\]()]{1,12}?)\s*[\])]\s*$", name)
    return found[1] if found else ""


def _when(forecast: Forecast, found: DayOutlook) -> str:
    """The day, or how long the forecast is."""
    if found.day is None:
        return f"Next {span(forecast.clock, found.rows)}"
    day = found.day
    return f"{_DAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]}"


def _amount(found: DayOutlook, name: str, unit: str, places: int) -> str:
    """The total where the unit says that rows add up (of power: the energy), else the mean."""
    if unit in _POWER and found.hours is not None:
        total, prefix = found.mean * found.rows * found.hours, _POWER.index(unit)
        while abs(total) >= 10_000 and prefix < len(_POWER) - 1:
            total, prefix = total / 1000, prefix + 1
        return f"{_rounded(total, 3)} {_POWER[prefix]}h"
    if unit in _AMOUNTS:
        return f"{_rounded(found.mean * found.rows, places)} {unit}"
    return f"{name} averages {_rounded(found.mean, places + (abs(found.mean) < 100))}"


def _peak(forecast: Forecast, found: DayOutlook, unit: str, places: int) -> str:
    """The highest row and when it is."""
    peak = f"peak {_rounded(found.highest, places)}{f' {unit}' if unit else ''}"
    stamp = stamps(forecast.clock, forecast.times[[found.at]])[0]
    if forecast.clock.is_counter or found.day is None:
        return f"{peak} at {stamp}"
    wall = forecast.clock.wall(forecast.times[[found.at]])[0].item()
    return f"{peak} at {wall:%H:%M}"


def _beside(forecast: Forecast, found: DayOutlook) -> str:
    """By how much that is above or below the same time before."""
    if found.before is None:
        return ""
    other = f"the {span(forecast.clock, found.rows)} before"
    if found.day is not None:
        other = f"last {_DAYS[found.day.weekday()]}"
    if found.before <= 0 or found.mean <= 0:
        return ""
    share = found.mean / found.before - 1
    if abs(share) < _LEVEL:
        return f"level with {other}"
    return f"{abs(share):.0%} {'above' if share > 0 else 'below'} {other}".replace("%", " %", 1)


def _of_classes(forecast: Forecast, series: int) -> str:
    """The class that is likeliest in most rows, and the first row's."""
    rows = (forecast.series == series).nonzero()[0]
    names = list(forecast.probabilities)
    likeliest = [names[int(code)] for code in forecast.point[rows]]
    most = max(dict.fromkeys(likeliest), key=likeliest.count)
    chance = float(forecast.probabilities[likeliest[0]][rows[0]])
    first = stamps(forecast.clock, forecast.times[rows[:1]])[0]
    many = f"{most} is likeliest in {likeliest.count(most)} of {len(rows)} rows"
    told = f"{first}: {likeliest[0]} with {percent(chance, 0)}"
    return f"{told}; in the next {span(forecast.clock, len(rows))} {many}." if len(rows) > 1 else f"{told}."


def _rounded(value: float, places: int) -> str:
    """A number with at most so many decimals, and no more than four digits if it has any."""
    whole = len(f"{abs(value):.0f}")
    text = number(value, min(places, max(_DIGITS - whole, 0)))
    return text.rstrip("0").rstrip(".") if "." in text else text
