"""Sentences about a forecast that is not all the model's own: who stood in, and which columns were filled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lstmcast.core.options import HOLD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lstmcast.core.findings import Finding
    from lstmcast.core.panel import Fallback, FilledAhead, Forecast

# The code of a remark about the last rows -> the doctor's findings about the file that it makes superfluous.
SAME = {
    "flat": ("flat", "stale_tail"),
    "unit_jump": ("unit_jump", "level_jump", "outliers"),
    "out_of_range": ("unit_jump", "level_jump", "outliers"),
    "odd_last": ("outliers",),
    "missing_share": ("missing_share",),
    "gaps": ("missing_share",),
}
_SPOKEN = {
    "linear": "the linear map",
    "naive": "the last value",
    "persistence": "what followed the last class",
    "own_rows": "their own rows alone",
}


def unmended(forecast: Forecast) -> list[Finding]:
    """The findings about the last rows that nothing was done about."""
    mended = {fallback.code for fallback in forecast.fallbacks}
    return [finding for finding in forecast.findings if finding.code not in mended]


def degraded_by(forecast: Forecast, how: str) -> Iterator[tuple[str, str]]:
    """A code and a sentence for each kind of stand-in, and for each column that was filled.

    how: a value of `--short-future`.
    """
    kinds: dict[tuple[str, str], list[Fallback]] = {}
    for fallback in forecast.fallbacks:
        kinds.setdefault((fallback.code, fallback.source), []).append(fallback)
    for (code, _), stand_ins in kinds.items():
        yield code, _of_stand_ins(stand_ins, forecast)
    columns: dict[str, list[FilledAhead]] = {}
    for each in forecast.filled:
        columns.setdefault(each.column, []).append(each)
    for column, filled in columns.items():
        yield "short_future", _of_filled(column, filled, forecast, how)


def _of_stand_ins(found: Sequence[Fallback], forecast: Forecast) -> str:
    """A sentence about series for which the same reason has the same consequence."""
    code, source, reason = found[0].code, found[0].source, found[0].reason
    if code == "odd_last":
        return next(finding.message for finding in reversed(forecast.findings) if finding.code == code)
    many = len(forecast.ids) > 1
    if source == "rescaled":
        more = f" (and {len(found) - 1:,} more series)" if len(found) > 1 else ""
        return f"{reason}{more}; the rows are forecast on the level of now ({source})"
    which = f"{len(found):,} of {len(forecast.ids):,} series are" if many else "the rows are"
    who = _SPOKEN.get(source, "the same time a season ago")
    return f"{which} forecast by {who} ({source}), not by the model: {reason}"


def _of_filled(column: str, found: Sequence[FilledAhead], forecast: Forecast, how: str) -> str:
    """A sentence about a column that something stands in for: from when on, and in how many rows."""
    ahead = len(forecast.times) // len(forecast.ids)
    first = min(found, key=lambda each: each.since)
    since = forecast.clock.write(first.since.reshape(1))[0]
    where = f"from {since} on, in" if first.step + first.rows == ahead else f"at {since} and in"
    many, rows = len(forecast.ids) > 1, max(each.rows for each in found)
    of = f", of {len(found):,} of {len(forecast.ids):,} series" if many else ""
    stands_in = "its last value is held" if how == HOLD else "its usual values before it stand in"
    wider = " and bands are wider" if forecast.bands else ""
    return (
        f"{column!r}, known ahead, is missing {where} {rows:,} of the {ahead:,} rows to forecast{of}; "
        f"{stands_in}{wider} (--short-future)"
    )
