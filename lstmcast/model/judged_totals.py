"""Totals and peaks judged on a file: those that a model would have given out at past origins, beside what came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lstmcast.core.errors import DataError
from lstmcast.core.options import FILL
from lstmcast.core.panel import Integers, Panel, Times
from lstmcast.evaluation.ledger import BAND
from lstmcast.evaluation.totals_ledger import Sums, TotalsLedger
from lstmcast.evaluation.totals_scoring import score_totals
from lstmcast.model.model import Model
from lstmcast.model.periods import Periods
from lstmcast.model.totals import Total, outlook, totals
from lstmcast.model.watching import stood_at

MOST = 100  # origins, each of which asks for a whole forecast


def judged_totals(model: Model, panel: Panel, periods: Periods) -> dict[str, Any]:
    """The report of `score_totals` on totals of periods, from origins a horizon apart that the model has not seen.

    Whole periods alone are judged, and MOST origins at most. Raises UsageError for a model without errors of whole
    horizons, DataError where the file has no unseen period.
    """
    panel = model.contract.marked(panel)
    found: list[Total] = []
    for stamp in _origins(model, panel):
        cut = stood_at(panel, _places(panel, stamp), model.contract.horizon)
        if cut is None:
            continue
        said = outlook(model, cut, model.predict(cut, levels=(BAND,), short_future=FILL), FILL, fallback=True)
        # a series that lags behind the others, or has closed, is forecast from its own last row again and again
        newest = max(said.issued(series) for series in range(len(cut.ids)))
        made = totals(said, periods, (BAND,), is_whole=True)
        found += [each for each in made if each.issued == newest]
    if not found:
        message = f"the file has no whole period ({periods.kind}) after the rows that the model has seen"
        raise DataError(f"{message}; give newer rows, or shorter periods")
    return score_totals(_ledger(found, panel), panel, None)


def _origins(model: Model, panel: Panel) -> Times:
    """Stamps of unseen rows, a horizon apart, from which every series could be forecast."""
    series, horizon = model.contract.check(panel), model.contract.horizon
    stamps = np.unique(panel.times)
    first = np.searchsorted(stamps, model.seen_until[series].max(), side="right")
    last = len(stamps) - horizon
    places = np.arange(first, last + 1, horizon)
    return stamps[places[:: max(-(-len(places) // MOST), 1)]]


def _places(panel: Panel, stamp: np.datetime64) -> Integers:
    """(S,) the place of each series' first row from a stamp on."""
    found = [
        panel.offsets[series] + np.searchsorted(panel.times[panel.rows(series)], stamp)
        for series in range(len(panel.ids))
    ]
    return np.array(found, dtype=np.int64)


def _ledger(found: Sequence[Total], panel: Panel) -> TotalsLedger:
    """These totals as a ledger."""
    count, stamps = len(found), ("issued", "first", "last")
    times = {
        name: np.array([getattr(each, name) for each in found], dtype="datetime64[us]") for name in stamps
    }

    def sums(name: str, bands: str) -> Sums:
        edges = np.array([getattr(each, bands)[BAND] for each in found])
        return Sums(np.array([getattr(each, name) for each in found]), edges[:, 0], edges[:, 1])

    sources = tuple(dict.fromkeys(each.source for each in found))
    return TotalsLedger(
        **times,
        rows=np.array([float(each.rows) for each in found]),
        totals=sums("total", "bands"),
        peaks=sums("peak", "peak_bands"),
        period=tuple(each.period for each in found),
        group=np.array([panel.ids.index(each.name) for each in found], dtype=np.int64),
        groups=panel.ids,
        model=np.zeros(count, dtype=np.int64),
        models=("",),
        source=np.array([sources.index(each.source) for each in found], dtype=np.int64),
        sources=sources,
        group_name=panel.id_name,
    )
