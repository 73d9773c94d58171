"""Totals of a small ledger beside outcomes, where all figures can be counted out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lstmcast.core.panel import Panel
from lstmcast.evaluation.totals_ledger import Sums, TotalsLedger
from lstmcast.evaluation.totals_scoring import score_totals
from tests.panels import hourly, stacked

DAY = 24


def given_out(panel: Panel, *origins: int, series: int = 1) -> TotalsLedger:
    """Totals of the day after each of these rows, each of which says one and an open band."""
    count, times = len(origins), panel.times[panel.rows(0)]
    places, one = np.array(origins), np.ones(len(origins))
    sums = Sums(one, one - 1, one + 1)
    return TotalsLedger(
        issued=times[places],
        first=times[places + 1],
        last=times[places + DAY],
        rows=one * DAY * series,
        totals=sums,
        peaks=sums,
        period=("day",) * count,
        group=np.zeros(count, np.int64),
        groups=("all",),
        model=np.zeros(count, np.int64),
        models=("m",),
        source=np.zeros(count, np.int64),
        sources=("model",),
        group_name="region",
    )


def score(panel: Panel, ledger: TotalsLedger) -> dict[str, Any]:
    return score_totals(ledger, panel, None)


def test_a_naive_forecast_that_speaks_for_less_than_half_holds_nobody_up() -> None:
    panel = hourly(300)
    clock = replace(panel.clock, seasons=(24, 168))
    few = score(replace(panel, clock=clock), given_out(panel, 30, 60, 100, 200))
    assert list(few["test"]) == ["model", "seasonal_naive_24"]
    assert (few["rows"], few["without_baseline"]) == (4, 0)
    many = score(replace(panel, clock=clock), given_out(panel, 30, 200, 230, 260))
    assert list(many["test"]) == ["model", "seasonal_naive_24", "seasonal_naive_168"]
    assert (many["rows"], many["without_baseline"]) == (3, 1)


@pytest.mark.parametrize("begins", [0, 150])
def test_a_series_that_was_not_there_yet_was_not_summed(begins: int) -> None:
    whole = stacked(hourly(300, 1), hourly(300, 2))
    rows = np.concatenate([np.arange(300), np.arange(300 + begins, 600)])
    panel = replace(
        whole, offsets=np.array([0, 300, 600 - begins]), times=whole.times[rows], values=whole.values[rows]
    )
    panel = replace(panel, clock=replace(panel.clock, seasons=(24,)))
    series = 1 if begins else 2
    found = score(panel, given_out(panel, 100, series=series))
    actual = sum(panel.target[panel.rows(place)][101:125].sum() for place in range(series))
    assert found["test"]["model"]["mae"] == pytest.approx(abs(1 - actual))
