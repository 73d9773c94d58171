"""The text of a ledger of totals becomes a TotalsLedger."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lstmcast.core.findings import Finding
from lstmcast.core.panel import Clock
from lstmcast.evaluation.totals_ledger import FIRST, LAST, NUMBERS, STAMPS, Sums, TotalsLedger
from lstmcast.ingest.columns.names import NameColumn
from lstmcast.ingest.columns.numbers import NumberColumn
from lstmcast.ingest.ledgers import gathered, opened, stamp_column, times_of
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.rules import ReadingRules
from lstmcast.ingest.text.source import name_of


def is_of_totals(source: str | Path) -> bool:
    """Return whether a ledger is one of totals; raises DataError for what is no table."""
    return _between(opened(source, ReadContext(name_of(source))).names) is not None


def group_of_totals(source: str | Path) -> str | None:
    """The column of series or groups of a ledger of totals, None without one."""
    between = _between(opened(source, ReadContext(name_of(source))).names)
    return between[0] if between else None


def _between(names: tuple[str, ...]) -> tuple[str, ...] | None:
    """The columns between the first and the last ones of a ledger of totals; None for what is no such ledger."""
    for width in (0, 1):
        between = names[len(FIRST) : len(FIRST) + width]
        if names == (*FIRST, *between, *LAST):
            return between
    return None


def read_totals(source: str | Path, clock: Clock) -> tuple[TotalsLedger, tuple[Finding, ...]]:
    """A ledger that `predict --total --log` wrote, and what is to be said of it.

    clock: that of the outcomes it will be compared with. Raises DataError for what is no ledger of totals, and where
    one of the two has a zone and the other has none.
    """
    context = ReadContext(name_of(source), ReadingRules(decimal="."))
    table = opened(source, context)
    between = _between(table.names)
    if between is None:
        raise context.refusal(f"is no ledger of totals: its columns are {','.join(table.names)}")
    group_name = between[0] if between else None
    stamps = {name: stamp_column(name, clock, context) for name in ("issued", *STAMPS)}
    numbers = {name: NumberColumn(name, context) for name in ("rows", *NUMBERS)}
    words = {name: NameColumn(name, context) for name in ("model", "period", LAST[-1])}
    if group_name is not None:
        words[group_name] = NameColumn(group_name, context)
    line = gathered(table, {**stamps, **numbers, **words})
    issued, first, last = (times_of(column, line, clock, context) for column in stamps.values())
    found = {name: column.finish() for name, column in numbers.items()}
    (models, model), (periods, period), (sources, source_of_row) = (
        words[name].finish() for name in ("model", "period", LAST[-1])
    )
    everybody = ("",), np.zeros(len(line), np.int64)
    groups, group = everybody if group_name is None else words[group_name].finish()
    total, peak = (Sums(*(found[name] for name in NUMBERS[place : place + 3])) for place in (0, 3))
    ledger = TotalsLedger(
        issued=issued,
        first=first,
        last=last,
        rows=found["rows"],
        totals=total,
        peaks=peak,
        period=tuple(periods[code] for code in period),
        group=group,
        groups=groups,
        model=model,
        models=models,
        source=source_of_row,
        sources=sources,
        group_name=group_name,
    )
    return ledger, tuple(context.findings)
