"""A wide table: one with times for column names, which must be made long before it can be read."""

from __future__ import annotations

import re

import numpy as np

from lstmcast.ingest.table.reader import Table
from lstmcast.ingest.table.roles import plain
from lstmcast.ingest.text.layouts import MONTHS
from lstmcast.ingest.time.stamps import guessed

_FEW_DATES, _MANY_HOURS = 3, 12


def refuse_wide(table: Table) -> None:
    """Raise DataError for a row a year and a column a month, for dates or for hours as column names."""
    months = {MONTHS[plain(name)] for name in table.names if plain(name) in MONTHS}
    hours = [name for name in table.names if re.fullmatch(r"\d{1,2}[:.]\d\d(?:[:.]\d\d)?", name)]
    dates = [name for name in table.names if _is_date(name)]
    if len(months) == 12:
        shape = "one row a year and a column a month"
    elif len(dates) >= _FEW_DATES:
        shape = f"times as column names ({dates[0]}, {dates[1]}, …)"
    elif len(hours) >= _MANY_HOURS:
        shape = f"one row a day and a column an hour ({hours[0]}, {hours[1]}, …)"
    else:
        return
    raise table.context.refusal(f"the table is wide: {shape}; make it long, one row a stamp: time,value")


def _is_date(name: str) -> bool:
    """True for a date of letters or with separators; a plain number may be the name of anything."""
    if re.fullmatch(r"[-+\d. ]*", name) and not re.search(r"\d-\d", name):
        return False
    stamps = guessed(np.array([name], dtype=object))
    return stamps is not None and stamps.depth >= 1
