"""The text of a ledger becomes a Ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError
from lstmcast.core.findings import Finding
from lstmcast.core.panel import Clock, Integers, Times
from lstmcast.evaluation.ledger import CHANCE, FIRST, LAST, Ledger
from lstmcast.evaluation.totals_ledger import FIRST as TOTALS
from lstmcast.ingest.columns.names import NameColumn
from lstmcast.ingest.columns.numbers import NumberColumn
from lstmcast.ingest.table.database import is_database, ledger_text
from lstmcast.ingest.table.opening import open_table
from lstmcast.ingest.table.reader import Lines, OpenTable, TextTable
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.rules import ReadingRules
from lstmcast.ingest.text.source import name_of
from lstmcast.ingest.time.instants import Source, instants
from lstmcast.ingest.time.stamps import StampColumn

Numbers = NDArray[np.float64]
_ROUNDING = 1e-3  # by which probabilities may miss one in sum


def read_ledger(source: str | Path, clock: Clock) -> tuple[Ledger, tuple[Finding, ...]]:
    """A ledger that `predict --log` wrote, and what is to be said of it.

    clock: that of the outcomes it will be compared with. Raises DataError for what is no ledger, and where one of the
    two has a zone and the other has none.
    """
    context = ReadContext(name_of(source), ReadingRules(decimal="."))
    table = opened(source, context)
    shape = _shape(table)
    stamps = {name: stamp_column(name, clock, context) for name in ("issued", "time")}
    numbers = {name: NumberColumn(name, context) for name in shape.numbers}
    ids_and_labels = [shape.id] if shape.id else []
    ids_and_labels += [LAST[0]] if shape.classes else []
    words = {name: NameColumn(name, context) for name in ("model", LAST[-1], *ids_and_labels)}
    line = gathered(table, {**stamps, **numbers, **words})
    issued, time = (times_of(column, line, clock, context) for column in stamps.values())
    found = [column.finish() for column in numbers.values()]
    models, sources = words["model"].finish(), words[LAST[-1]].finish()
    ids, series = words[shape.id].finish() if shape.id else (("",), np.zeros(len(line), np.int64))
    if shape.classes:
        chances = _checked(np.column_stack(found), line, shape, context)
        point = _codes(*words[LAST[0]].finish(), line, shape, context)
        lower = upper = np.full(len(line), np.nan)
    else:
        (point, lower, upper), chances = found, None
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
        id_name=shape.id,
        classes=shape.classes,
        probabilities=chances,
    )
    return ledger, tuple(context.findings)


def _checked(chances: Numbers, lines: Lines, shape: LedgerShape, context: ReadContext) -> Numbers:
    """(R, C) probabilities; raises DataError with the line of the first row that is none."""
    with np.errstate(invalid="ignore"):
        wrong = (chances < 0).any(axis=1) | (np.abs(chances.sum(axis=1) - 1) > _ROUNDING)
    if wrong.any():
        line, column = int(lines[np.flatnonzero(wrong)[0]]), shape.numbers[0]
        raise context.cell_refusal(
            line, column, "expected probabilities that sum to one; the ledger was changed by hand"
        )
    return chances


def _codes(
    labels: tuple[str, ...], codes: Integers, lines: Lines, shape: LedgerShape, context: ReadContext
) -> Numbers:
    """(R,) the place of the forecast class of each row; raises DataError with the line of one without a column."""
    places = [shape.classes.index(label) if label in shape.classes else -1 for label in labels]
    if -1 in places:
        label = labels[places.index(-1)]
        line = int(lines[np.flatnonzero(codes == places.index(-1))[0]])
        raise context.cell_refusal(
            line,
            LAST[0],
            f"expected a class that has a column, found {label!r}; the ledger was changed by hand",
        )
    return np.array(places, dtype=np.float64)[codes]


@dataclass(frozen=True)
class LedgerShape:
    """The columns of a ledger: id names the series, None without one; classes: empty for numbers."""

    id: str | None
    classes: tuple[str, ...]

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns that hold numbers."""
        return tuple(f"{CHANCE}{name}" for name in self.classes) if self.classes else LAST[:-1]


def ledger_shape(source: str | Path) -> LedgerShape:
    """Return the columns of a ledger; raise DataError for what is no ledger."""
    return _shape(opened(source, ReadContext(name_of(source))))


def opened(source: str | Path, context: ReadContext) -> OpenTable:
    """The table of a ledger, in a file of text or in a database."""
    if is_database(source):
        return TextTable(ledger_text(source), context)
    return open_table(source, context)


def gathered(table: OpenTable, columns: Mapping[str, NumberColumn | StampColumn | NameColumn]) -> Lines:
    """Read every row of a ledger into its columns; (R,) the line of each."""
    lines = []
    for chunk in table.chunks(list(columns)):
        for column, cells in zip(columns.values(), chunk.cells, strict=True):
            column.add(cells, chunk.lines)
        lines.append(chunk.lines)
    return np.concatenate(lines)


def stamp_column(name: str, clock: Clock, context: ReadContext) -> NumberColumn | StampColumn:
    return NumberColumn(name, context) if clock.is_counter else StampColumn(name, context)


def _shape(table: OpenTable) -> LedgerShape:
    """The column that names the series, between the first columns of a ledger and the last ones, and the classes."""
    names = table.names
    if names[: len(TOTALS)] == TOTALS and "total" in names:
        raise table.context.refusal(
            "is a ledger of totals, and rows are needed; predict --log without --total writes these"
        )
    for width in (0, 1):
        between, said = names[len(FIRST) : len(FIRST) + width], names[len(FIRST) + width :]
        if names[: len(FIRST)] == FIRST and (classes := _classes(said)) is not None:
            return LedgerShape(between[0] if between else None, classes)
    most = len(FIRST) + 1 + len(LAST)
    raise table.context.refusal(
        f"is no ledger: its columns are {','.join(names[:most])}, those of a ledger "
        f"{','.join(FIRST)},[id,]{','.join(LAST)}, or of classes {CHANCE}… in place of the band; "
        "predict --log writes one"
    )


def _classes(said: tuple[str, ...]) -> tuple[str, ...] | None:
    """The classes of a ledger's last columns; empty for numbers, None where they are no ledger's."""
    if said == LAST:
        return ()
    chances = said[1:-1]
    is_of_classes = len(chances) > 1 and all(name.startswith(CHANCE) for name in chances)
    if is_of_classes and (said[0], said[-1]) == (LAST[0], LAST[-1]):
        return tuple(name.removeprefix(CHANCE) for name in chances)
    return None


def times_of(column: NumberColumn | StampColumn, lines: Lines, clock: Clock, context: ReadContext) -> Times:
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
