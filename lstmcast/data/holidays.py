"""Holidays: the days off of a country, and which of a panel's rows can know them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from lstmcast.core.errors import UsageError
from lstmcast.core.panel import Holidays, Panel

YEARS_AHEAD = 20
_COUNTRY = re.compile(r"([A-Za-z]{2})(?:-(\w+(?: \w+)*))?")


def is_country(name: str) -> bool:
    """True for the spelling of a country with or without its part, such as FI or DE-BY; anything else is a file."""
    return _COUNTRY.fullmatch(name) is not None


def of_country(name: str, panel: Panel) -> Holidays:
    """The public holidays of a country, or of a part of it, over the years of a panel and YEARS_AHEAD more.

    Raises UsageError without the package, for a country or part that it does not know, and where rows are no days.
    """
    require_days(panel)
    match = _COUNTRY.fullmatch(name)
    if match is None:
        message = f"holidays are those of a country such as FI or DE-BY; got {name!r}"
        raise UsageError(message, option="--holidays")
    calendars = _package()
    wall = panel.clock.wall(panel.times[[panel.times.argmin(), panel.times.argmax()]])
    first, last = (int(str(year)) for year in wall.astype("datetime64[Y]"))
    years = range(first, last + YEARS_AHEAD + 1)
    try:
        days = calendars.country_holidays(match[1].upper(), subdiv=_part(match[2]), years=years)
    except NotImplementedError as error:
        message = f"--holidays {name}: {error}; the package holidays lists what it knows"
        raise UsageError(message, option="--holidays") from None
    return Holidays(name, tuple(sorted(map(str, days))), f"{years[0]}-01-01", f"{years[-1]}-12-31")


def require_days(panel: Panel) -> None:
    """Raise UsageError for a panel whose rows are no days or parts of one."""
    clock = panel.clock
    if clock.is_counter:
        raise UsageError("--holidays marks days, and a counter has none", option="--holidays")
    if clock.step is None and not clock.is_daily and clock.freq != "B":
        raise UsageError(
            f"--holidays marks days, and the rows are of {clock.freq}; count the days off of each row, and name that "
            "column with --known",
            option="--holidays",
        )


def taught(panel: Panel, rows: list[slice]) -> int:
    """Return how many days off these rows can teach: days that hold one of them."""
    if panel.holidays is None:
        return 0
    wall = np.concatenate([panel.clock.wall(panel.times[own]) for own in rows])
    return len(np.unique(wall[panel.holidays.on(wall)].astype("datetime64[D]")))


def _part(text: str | None) -> str | None:
    """Codes of parts are capitals; names (Augsburg) are as they are."""
    return text.upper() if text is not None and len(text) <= 3 else text


def _package() -> Any:
    try:
        import holidays
    except ImportError:
        raise UsageError(
            "--holidays with a country needs the extra holidays (pip install 'lstmcast[holidays]'); or give a CSV "
            "file of dates",
            option="--holidays",
        ) from None
    return holidays
