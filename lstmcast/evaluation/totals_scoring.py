"""The worth of totals and peaks that were given out: a ledger of them beside what came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError
from lstmcast.core.panel import Clock, Panel
from lstmcast.evaluation.ledger import BAND
from lstmcast.evaluation.metrics import winkler
from lstmcast.evaluation.naive_rows import naive_rows
from lstmcast.evaluation.names import naive_name
from lstmcast.evaluation.totals_ledger import Sums, TotalsLedger

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]
COVERAGE = f"coverage_{BAND}"
ALL = "all"


@dataclass(frozen=True, eq=False)
class Came:
    """R totals and peaks (R,) of what came, NaN where a row is missing; is_due: (R,) whether later rows are known."""

    totals: Numbers
    peaks: Numbers
    is_due: Mask


def score_totals(ledger: TotalsLedger, actuals: Panel, groups: Mapping[str, str] | None) -> dict[str, Any]:
    """The report, plain data: figures of totals and of peaks, beside the naive forecasts from the same origins.

    groups: the group of each series of the outcomes; None where the ledger is of single series. Raises DataError where
    no total has an outcome.
    """
    once, members = ledger.latest(), _members(ledger, actuals, groups)
    came = _came(once, actuals, members, None)
    naives = {
        naive_name(season): _came(once, actuals, members, season)
        for season in dict.fromkeys(actuals.clock.seasons or (1,))
    }
    known = np.isfinite(came.totals)
    naives = {
        name: found
        for name, found in naives.items()
        if 2 * (known & np.isfinite(found.totals)).sum() >= known.sum()
    }
    judged = known.copy()
    for found in naives.values():
        judged &= np.isfinite(found.totals)
    if not judged.any():
        raise DataError(_nothing(once, actuals.clock))
    groups_of_source = np.unique(once.source[judged])
    return {
        "kind": "totals",
        "rows": int(judged.sum()),
        "repeated": len(ledger) - len(once),
        "to_come": int((~known & ~came.is_due).sum()),
        "missing": int((~known & came.is_due).sum()),
        "without_baseline": int((known & ~judged).sum()),
        "first": once.period[int(np.flatnonzero(judged)[0])],
        "last": once.period[int(np.flatnonzero(judged)[-1])],
        "test": _figures(once, came, naives, judged, "totals"),
        "peaks": _figures(once, came, naives, judged, "peaks"),
        "by_source": [
            {
                "name": once.sources[code],
                "rows": int((judged & (once.source == code)).sum()),
                "totals": _figures(once, came, naives, judged & (once.source == code), "totals"),
                "peaks": _figures(once, came, naives, judged & (once.source == code), "peaks"),
            }
            for code in groups_of_source
        ],
    }


def _members(ledger: TotalsLedger, actuals: Panel, groups: Mapping[str, str] | None) -> dict[int, list[int]]:
    """The series of the outcomes that each group of the ledger is the sum of."""
    found: dict[int, list[int]] = {}
    for code, name in enumerate(ledger.groups):
        if groups is not None:
            found[code] = [place for place, each in enumerate(actuals.ids) if groups.get(each) == name]
        elif ledger.group_name is None and len(actuals.ids) == 1:
            found[code] = [0]
        elif name in actuals.ids:
            found[code] = [actuals.ids.index(name)]
        else:
            found[code] = list(range(len(actuals.ids))) if name == ALL else []
    return found


def _came(ledger: TotalsLedger, actuals: Panel, members: Mapping[int, list[int]], season: int | None) -> Came:
    """Return the outcome of each total; with a season what the same time that many rows before would have said."""
    totals, peaks = np.full((2, len(ledger)), np.nan)
    is_due = np.zeros(len(ledger), dtype=bool)
    for row in range(len(ledger)):
        spans, due = [], True
        for place in members[int(ledger.group[row])]:
            values, is_over = _span(ledger, actuals, place, row, season)
            spans.append(values)
            due &= is_over
        is_due[row] = due and bool(spans)
        if (
            sum(map(len, spans)) != ledger.rows[row]
        ):  # one that had closed, or was not there yet, was left out
            spans = [values for values in spans if np.isfinite(values).any()]
        lengths = {len(values) for values in spans}
        if len(lengths) == 1 and sum(map(len, spans)) == ledger.rows[row]:
            joint = np.sum(spans, axis=0)
            if np.isfinite(joint).all() and len(joint):
                totals[row], peaks[row] = joint.sum(), joint.max()
    return Came(totals, peaks, is_due)


def _span(
    ledger: TotalsLedger, actuals: Panel, place: int, row: int, season: int | None
) -> tuple[Numbers, bool]:
    """The rows of a series that a total sums, as they came or as the same time a season before had them; and whether
    all of them lie before the last known one."""
    own = actuals.rows(place)
    times, values = actuals.times[own], actuals.target[own]
    known = np.flatnonzero(np.isfinite(values))
    is_over = bool(len(known)) and bool(times[known[-1]] >= ledger.last[row])
    first, stop = np.searchsorted(times, [ledger.first[row], ledger.last[row]])
    places = np.arange(first, stop + 1)
    if not len(times) or stop >= len(times) or times[first] != ledger.first[row]:
        return np.full(len(places), np.nan), is_over
    if season is None:
        return values[places], is_over
    origin = int(np.searchsorted(times, ledger.issued[row], side="right")) - 1
    back = naive_rows(places, origin, season)
    return np.where(back >= 0, values[np.maximum(back, 0)], np.nan), is_over


def _figures(
    ledger: TotalsLedger, came: Came, naives: Mapping[str, Came], rows: Mask, name: str
) -> dict[str, dict[str, float | None]]:
    """The figures of everybody over some rows, the model's first. name: totals or peaks."""
    said: Sums = getattr(ledger, name)
    actual: Numbers = getattr(came, name)[rows]
    lower, upper = said.lower[rows], said.upper[rows]
    banded = np.isfinite(lower) & np.isfinite(upper)
    own = _errors(said.point[rows], actual)
    inside = ((actual >= lower) & (actual <= upper))[banded]
    own[COVERAGE] = float(inside.mean()) if len(inside) else None
    own["width"] = float((upper - lower)[banded].mean()) if len(inside) else None
    score = winkler(actual[banded], (lower[banded], upper[banded]), BAND)
    own["winkler"] = float(score.mean()) if len(inside) else None
    others = {each: _errors(getattr(found, name)[rows], actual) for each, found in naives.items()}
    return {"model": own, **others}


def _errors(said: Numbers, actual: Numbers) -> dict[str, float | None]:
    error = said - actual
    return {"mae": float(np.abs(error).mean()), "bias": float(error.mean())}


def _nothing(ledger: TotalsLedger, clock: Clock) -> str:
    first, last = clock.write(np.array([ledger.first.min(), ledger.last.max()]))
    return (
        f"no total of the ledger ({first} to {last}) has all its outcomes in the file, and those of the season before; "
        "give these rows of every series that is summed, and name the column of series with --id"
    )
