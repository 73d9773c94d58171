"""The user's words on the clock of a file, and the table of the file opened under these words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lstmcast.core.errors import DataError, UsageError
from lstmcast.core.panel import COUNTER as COUNT
from lstmcast.ingest.table.opening import open_table
from lstmcast.ingest.table.reader import OpenTable
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.rules import ReadingRules
from lstmcast.ingest.text.source import Source, Watch, name_of
from lstmcast.ingest.time.as_of import AsOf
from lstmcast.ingest.time.zones import check_zone


@dataclass(frozen=True)
class Asked:
    """The user's words on the clock; None: as the file shows."""

    freq: str | None
    zone: str | None
    seasons: tuple[int, ...] | None
    as_of: AsOf | None = None
    lone: str | None = None
    watch: Watch | None = None
    is_future: bool = False


@contextmanager
def opened(
    source: Source, asked: Asked, rules: ReadingRules, *, is_lenient: bool = False
) -> Iterator[OpenTable]:
    """The table of a source; an error that ends its reading carries what was found until then."""
    rules.check()
    if rules.aggregate is not None and asked.freq is None:
        raise UsageError("--aggregate needs the step to put the rows on: add --freq 1h, 1D, …")
    check_zone(asked.zone)
    is_counted = COUNT in (asked.freq, asked.lone)
    context = ReadContext(
        name_of(source),
        rules,
        is_lenient=is_lenient,
        watch=asked.watch,
        is_counted=is_counted,
        is_fresh=asked.lone is not None or asked.is_future,
    )
    try:
        yield open_table(source, context)
    except DataError as error:
        error.findings = tuple(context.findings)
        raise
