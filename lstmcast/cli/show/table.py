"""Forecasts as text: rows of CSV, or one JSON document."""

from __future__ import annotations

import csv
import io
import math
import re
from typing import TYPE_CHECKING, Any

from lstmcast.core.letters import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from lstmcast.core.findings import Finding
    from lstmcast.core.panel import FilledAhead, Forecast
    from lstmcast.evaluation.backtest import HistoricalForecast

Rows = dict[str, list[str | float]]

LEAST_DIGITS = 10
MOST_DIGITS = 17
DIGITS_OF_PROBABILITIES = 6
_IN_UNITS = re.compile(r"(changed_|peak_)?(lo_\d+|hi_\d+|q\d+|median)")


def tidy(forecast: Forecast, columns: Mapping[str, Sequence[str | float]] | None = None) -> Rows:
    """The forecast's table, or these columns made of it, numbers rounded to what is worth showing."""
    digits, columns = _digits(forecast), forecast.table() if columns is None else columns
    return {name: [_rounded(value, digits) for value in column] for name, column in columns.items()}


def headed(rows: Rows, unit: str) -> Rows:
    """The rows with the unit in the names of their bands, quantiles and medians: `lo_80 [kWh]`.

    The column `forecast` keeps its name, by which others read it; cells are numbers alone.
    """
    if not unit:
        return rows
    return {f"{name} [{unit}]" if _IN_UNITS.fullmatch(name) else name: rows[name] for name in rows}


def as_csv(rows: Mapping[str, Sequence[str | float]]) -> str:
    """Rows as CSV text, a header first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows)
    writer.writerows(zip(*rows.values(), strict=True))
    return harmless(text.getvalue())


def singles(backcasts: Iterable[HistoricalForecast]) -> Iterator[str]:
    """Forecasts from many origins as CSV, part by part: what was said at each, and what came.

    `origin` is the stamp of the last row a forecast knew, `step` 1 the row after it; an actual value that is missing
    is empty; `in_sample` is 1 where the model was trained on these rows.
    """
    for number, backcast in enumerate(backcasts):
        text = as_csv(_beside_actual(backcast))
        yield text if number == 0 else text.split("\n", 1)[1]


def _beside_actual(backcast: HistoricalForecast) -> Rows:
    """The columns of single forecasts, the origin first and what came last."""
    forecast, count = backcast.forecast, len(backcast.cutoffs)
    horizon = len(forecast.point) // count
    rows: Rows = {
        "origin": [stamp for stamp in forecast.clock.write(backcast.cutoffs) for _ in range(horizon)]
    }
    for name, column in tidy(forecast).items():
        if name == "forecast":
            rows["step"] = [*range(1, horizon + 1)] * count
        if name != "source":
            rows[name] = column
    classes = list(forecast.probabilities)
    came: list[float] = backcast.actual.tolist()
    rows["actual"] = ["" if math.isnan(x) else classes[int(x)] if classes else x for x in came]
    rows["in_sample"] = [int(backcast.in_sample)] * len(forecast.point)
    return rows


def document(
    rows: Rows, forecast: Forecast, findings: Sequence[Finding], called: str = "forecast"
) -> dict[str, Any]:
    """Rows for JSON: a list of records below `called`, then what a forecaster stood in for, and why, and how the rows
    looked back at are unlike those of training. findings: of the files, which stand after those.

    Columns that were filled stand last, where there are any.
    """
    records = [dict(zip(rows, values, strict=True)) for values in zip(*rows.values(), strict=True)]
    fallbacks = [
        {"series": forecast.ids[found.series]}
        | {name: getattr(found, name) for name in ("source", "code", "reason")}
        for found in forecast.fallbacks
    ]
    found = [finding.record() for finding in (*forecast.findings, *findings)]
    filled = (
        {"filled": [_filled_record(each, forecast) for each in forecast.filled]} if forecast.filled else {}
    )
    return {called: records, "fallbacks": fallbacks, "findings": found, **filled}


def _filled_record(filled: FilledAhead, forecast: Forecast) -> dict[str, str | int]:
    """A column that something stood in for, in a series, for a program."""
    since = forecast.clock.write(filled.since.reshape(1))[0]
    return {
        "series": forecast.ids[filled.series],
        "column": filled.column,
        "since": since,
        "rows": filled.rows,
    }


def _digits(forecast: Forecast) -> int:
    """Significant digits that show a millionth of the narrowest band, at level 1e9 as well as around zero."""
    if forecast.probabilities:
        return DIGITS_OF_PROBABILITIES
    widths = [float((upper - lower).mean()) for lower, upper in forecast.bands.values()]
    width, size = min(widths, default=0.0), float(abs(forecast.point).max(initial=0.0))
    if not (width > 0 and size > 0):
        return MOST_DIGITS
    return min(max(math.ceil(math.log10(size / width)) + 6, LEAST_DIGITS), MOST_DIGITS)


def _rounded(value: str | float, digits: int) -> str | float:
    return value if isinstance(value, str | int) else float(f"{value:.{digits}g}")
