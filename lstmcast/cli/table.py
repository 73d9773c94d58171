"""A forecast as text: rows of CSV, or one JSON document."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING

from lstmcast.cli.streams import json_text

if TYPE_CHECKING:
    from lstmcast.panel import Forecast

Rows = dict[str, list[str | float]]

LEAST_DIGITS = 10
MOST_DIGITS = 17


def tidy(forecast: Forecast) -> Rows:
    """The forecast's table, its numbers rounded to what its bands make worth showing."""
    digits = _digits(forecast)
    return {name: [_rounded(value, digits) for value in column] for name, column in forecast.table().items()}


def as_csv(rows: Rows) -> str:
    """Rows as CSV text, a header first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows)
    writer.writerows(zip(*rows.values(), strict=True))
    return text.getvalue()


def as_document(rows: Rows) -> str:
    """Rows as one JSON document: a list of records below `forecast`."""
    records = [dict(zip(rows, values, strict=True)) for values in zip(*rows.values(), strict=True)]
    return json_text({"forecast": records})


def _digits(forecast: Forecast) -> int:
    """Significant digits that show a millionth of the narrowest band, at level 1e9 as well as around zero."""
    widths = [float((upper - lower).mean()) for lower, upper in forecast.bands.values()]
    width, size = min(widths, default=0.0), float(abs(forecast.point).max(initial=0.0))
    if not (width > 0 and size > 0):
        return MOST_DIGITS
    return min(max(math.ceil(math.log10(size / width)) + 6, LEAST_DIGITS), MOST_DIGITS)


def _rounded(value: str | float, digits: int) -> str | float:
    return value if isinstance(value, str) else float(f"{value:.{digits}g}")
