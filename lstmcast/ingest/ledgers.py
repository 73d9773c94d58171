"""The text of a ledger becomes a Ledger."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lstmcast.core.errors import DataError
from lstmcast.core.findings import Finding
from lstmcast.core.panel import Clock, Times
from lstmcast.evaluation.ledger import FIRST, LAST, Ledger
from lstmcast.ingest.columns.names import NameColumn
from lstmcast.ingest.columns.numbers import NumberColumn
from lstmcast.ingest.table.opening import open_table
from lstmcast.ingest.table.reader import Lines, Table
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.rules import ReadingRules
from lstmcast.ingest.text.source import name_of
from lstmcast.ingest.time.instants import Source, instants
from lstmcast.ingest.time.stamps import StampColumn


def read_ledger(source: str | Path, clock: Clock) -> tuple[Ledger, tuple[Finding, ...]]:
    """A ledger that `predict --log` wrote, and what is to be said of it.

    clock: that of the outcomes it will be compared with. Raises DataError for what is no ledger, and where one of the
    two has a zone and the other has none.
    """
    context = ReadContext(name_of(source), ReadingRules(decimal="."))
    table = open_table(source, context)
    id_name = _id_name(table)
    stamps = {name: _stamp_column(name, clock, context) for name in ("issued", "time")}
    numbers = {name: NumberColumn(name, context) for name in LAST[:-1]}
    words = {name: NameColumn(name, context) for name in ("model", "source", *([id_name] if id_name else []))}
    columns: dict[str, NumberColumn | StampColumn | NameColumn] = {**stamps, **numbers, **words}
    lines = []
    for chunk in table.chunks(list(columns)):
        for column, cells in zip(columns.values(), chunk.cells, strict=True):
            column.add(cells, chunk.lines)
        lines.append(chunk.lines)
    line = np.concatenate(lines)
    issued, time = (_times(column, line, clock, context) for column in stamps.values())
    point, lower, upper = (column.finish() for column in numbers.values())
    models, sources = words["model"].finish(), words["source"].finish()
    ids, series = words[id_name].finish() if id_name else (("",), np.zeros(len(line), np.int64))
    ledger = Ledger(
        issued=issued,
        time=time,
        point=point,
        lower=lower,
        upper=upper,
        series=series,
        ids=ids,
        model=models[1],
        models=models[0],
        source=sources[1],
        sources=sources[0],
        id_name=id_name,
    )
    return ledger, tuple(context.findings)


def id_column(source: str | Path) -> str | None:
    """The column that names the series in a ledger; None without one. Raises DataError for what is no ledger."""
    return _id_name(open_table(source, ReadContext(name_of(source))))


def _stamp_column(name: str, clock: Clock, context: ReadContext) -> NumberColumn | StampColumn:
    return NumberColumn(name, context) if clock.is_counter else StampColumn(name, context)


def _id_name(table: Table) -> str | None:
    """The column that names the series, between the first columns of a ledger and the last ones."""
    names, most = table.names, len(FIRST) + 1 + len(LAST)
    between = names[len(FIRST) : -len(LAST)]
    if names[: len(FIRST)] != FIRST or names[-len(LAST) :] != LAST or len(names) > most:
        raise table.context.refusal(
            f"is no ledger: its columns are {','.join(names[:most])}, those of a ledger "
            f"{','.join(FIRST)},[id,]{','.join(LAST)}; predict --log writes one"
        )
    return between[0] if between else None


def _times(column: NumberColumn | StampColumn, lines: Lines, clock: Clock, context: ReadContext) -> Times:
    """(R,) instants of a column of stamps, or of counts."""
    if isinstance(column, NumberColumn):
        return column.finish().astype(np.int64).astype("datetime64[us]")
    stamps = column.finish()
    if (stamps.offsets is None) != (clock.zone is None):
        raise _zones_differ(context, clock)
    source = Source(np.zeros(len(lines), np.int64), lines)
    return instants(stamps, source, clock.zone, context).utc.astype("datetime64[us]")


def _zones_differ(context: ReadContext, clock: Clock) -> DataError:
    has, wants = (
        ("no zone", f"the zone {clock.zone}") if clock.zone else ("a zone", "no zone (name it with --tz)")
    )
    return context.refusal(f"its stamps have {has}, those of the outcomes {wants}; give both the same")
