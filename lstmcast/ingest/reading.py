"""Reading: the whole way from a source to a Panel."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from lstmcast.core.errors import DataError, UsageError
from lstmcast.core.findings import count
from lstmcast.core.options import parse_names, write_names
from lstmcast.core.panel import PAST, Clock, Panel
from lstmcast.ingest.advice import advised
from lstmcast.ingest.asked import Asked, opened
from lstmcast.ingest.collected import collected
from lstmcast.ingest.columns.classes import codes_of
from lstmcast.ingest.columns.long import LongTable, lengthened
from lstmcast.ingest.columns.names import is_text
from lstmcast.ingest.columns.wide import refuse_wide
from lstmcast.ingest.misplaced import naming_its_column
from lstmcast.ingest.parsed import ParsedFile
from lstmcast.ingest.table.reader import OpenTable
from lstmcast.ingest.table.roles import Roles, id_columns, joined_name, match
from lstmcast.ingest.targets import with_target
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.layouts import EPOCH
from lstmcast.ingest.text.rules import ReadingRules
from lstmcast.ingest.text.source import Source, Watch
from lstmcast.ingest.text.spans import without
from lstmcast.ingest.time.as_of import AsOf
from lstmcast.ingest.time.axis import TimeAxis, find_axis, named_axis
from lstmcast.ingest.time.clock import Regular, Requested, regular
from lstmcast.ingest.time.names import names_things
from lstmcast.ingest.time.rows import Rows

_OF_LONG_FILES = {"missing", "constant", "sentinel"}  # findings that a few rows give no reason for


def read(
    source: Source,
    roles: Roles,
    *,
    freq: str | None = None,
    zone: str | None = None,
    seasons: tuple[int, ...] | None = None,
    rules: ReadingRules = ReadingRules(),  # noqa: B008 (frozen)
    as_of: AsOf | None = None,
    lone: str | None = None,
    watch: Watch | None = None,
) -> ParsedFile:
    """Read a CSV file (or standard input, `-`) as a Panel.

    freq, zone, seasons: as `--freq`, `--tz` and `--season`; None is found in the file. Columns of the panel
    are the target (the only column of numbers where `roles` name none), then the known, then the past ones, in the
    order given, a column of text as one for each of its classes (those of `roles.levels` where a model has them). Steps
    that the file lacks are rows of NaN; rows whose target is empty stay, so that known columns may reach beyond the
    last target. as_of: the file as it stood then;
    lone: the frequency of a single row; watch: told of the bytes that are read, and of how many there are.
    Raises DataError, with line, column and remedy, for what cannot be understood; UsageError for a bad option.
    """
    asked = Asked(freq, zone, seasons, as_of, lone, watch)
    return advised(source, roles, asked, rules, partial(_read, source, is_future=False))


def read_future(
    source: Source,
    roles: Roles,
    clock: Clock,
    rules: ReadingRules = ReadingRules(),  # noqa: B008 (frozen)
) -> ParsedFile:
    """Read rows to come: columns of the panel are the target, all missing where the file has none, and the known ones.

    clock: that of history, since a few rows do not show theirs. Columns of `roles` that are known up to now only are
    not looked for; without its time column the file's own is found. Raises as `read` does.
    """
    asked = Asked(clock.freq, clock.zone, clock.seasons, is_future=True)
    read_future = partial(_read, source, is_future=True)
    parsed = advised(source, replace(roles, past=()), asked, rules, read_future)
    findings = tuple(finding for finding in parsed.findings if finding.code not in _OF_LONG_FILES)
    return replace(parsed, findings=findings)


def _read(source: Source, roles: Roles, asked: Asked, rules: ReadingRules, *, is_future: bool) -> ParsedFile:
    with opened(source, asked, rules) as table:
        table, inner = shaped(table, roles, asked, is_future=is_future)
        chosen = inner if inner.target else with_target(inner, table)
        with naming_its_column(table, source):
            parsed = understood(table, chosen, asked, is_future=is_future)
    if roles.target:
        return parsed
    columns = write_names(table.series) or None if isinstance(table, LongTable) else parsed.roles.target
    return replace(parsed, target=columns)


def shaped(
    table: OpenTable, roles: Roles, asked: Asked, *, is_future: bool = False
) -> tuple[OpenTable, Roles]:
    """The table and the roles in it; a wide one as a long one where the user says that it is wide."""
    if not table.context.rules.wide:
        return table, roles
    return lengthened(table, roles, is_fresh=asked.lone is not None, is_future=is_future)


def understood(table: OpenTable, roles: Roles, asked: Asked, *, is_future: bool) -> ParsedFile:
    """The Panel of a table, with what was found on it; raises as `read` does."""
    context = table.context
    roles, axis = _resolved(roles, table, is_future=is_future)
    used = {*axis.columns, *id_columns(roles.id, table), *roles.values}
    others = tuple(name for name in table.names if name not in used)
    rows, stamps, roles = collected(table, roles, axis, asked.zone or table.zone_of(axis.names))
    if asked.as_of is not None:
        of_target = roles.columns[:1] * max(len(roles.classes), 1)
        rows = asked.as_of.cut(rows, (*of_target, *roles.columns[1:]), context)
    requested = Requested(
        freq=asked.freq,
        lone=asked.lone,
        seasons=asked.seasons,
        identities=tuple(name for name in others if is_text(table.column(name))),
        are_events=bool(roles.classes) or (context.is_lenient and all(map(names_things, roles.values))),
        style=stamps.style if len(axis.names) == 1 else "",
        has_hours=stamps.depth >= 5,
        has_offsets=stamps.offsets is not None or stamps.order == EPOCH,
        target=roles.target,
        amounts=_amounts(roles, context),
        takes_absent=not is_future,
    )
    if not is_future:
        _refuse_empty(rows, roles, context)
    series = regular(rows, requested, context)
    panel = replace(_panel(series, rows.ids, roles), unit=context.units.get(roles.target, ""))
    panel = panel if is_future else _without_excluded(panel, context.rules.exclude, context)
    findings = tuple(context.findings)
    return ParsedFile(
        panel,
        findings,
        roles,
        series.evidence,
        context.source,
        others,
        dates=stamps.dates,
        decimal=context.decimal,
        names_zone=stamps.names_zone,
    )


def _amounts(roles: Roles, context: ReadContext) -> tuple[int, ...]:
    """The places of the columns that are zero where nothing happened: the target, and what is summed beside it.

    Raises UsageError for a target of classes.
    """
    if roles.classes:
        if context.rules.absent == "zero":
            raise UsageError(
                f"--absent zero is for numbers, and {roles.target!r} is text with classes",
                column=roles.target,
            )
        return ()
    is_summed = context.is_lenient or context.rules.aggregate == "sum"
    columns = roles.columns
    return tuple(
        place
        for place, column in enumerate(columns)
        if place == 0 or (is_summed and column.role == PAST and column.level is None)
    )


def _without_excluded(panel: Panel, spans: tuple[str, ...], context: ReadContext) -> Panel:
    """The panel with targets of bad periods missing; raises DataError where none is left."""
    kept = without(panel, spans)
    gone = int(np.isfinite(panel.target).sum() - np.isfinite(kept.target).sum())
    if spans and not np.isfinite(kept.target).any():
        name = panel.columns[0].name
        message = f"every {name!r} lies in a period that --exclude names"
        raise context.refusal(message, column=name, option="--exclude")
    if spans:
        context.info("excluded", f"{count(gone, 'known row')} in the excluded periods {', '.join(spans)}")
    return kept


def _refuse_empty(rows: Rows, roles: Roles, context: ReadContext) -> None:
    """Raise DataError for a target without any number or known class."""
    width = len(roles.classes)
    hoped_for = rows.values if context.is_lenient else rows.values[:, : max(width, 1)]
    is_empty = not (hoped_for > 0).any() if width else np.isnan(hoped_for).all()
    if is_empty and context.given_up:
        raise context.given_up[0]
    if is_empty:
        what = "class that is known" if width else "number"
        message = f"column {roles.target!r} holds no {what}; there is nothing to forecast from"
        raise context.refusal(message, column=roles.target)


def _resolved(roles: Roles, table: OpenTable, *, is_future: bool) -> tuple[Roles, TimeAxis]:
    """The roles under the file's own names, and its time axis; rows to come may lack the target."""
    refuse_wide(table, roles.target)
    absent = {roles.target} - set(table.names) if is_future else set()
    roles = roles.renamed(lambda name, option: name if name in absent else match(name, table, option))
    ids = id_columns(roles.id, table)
    is_counted = table.context.rules.aggregate == "count"  # of stamps alone the stamps are counted
    values = roles.values[1:] if is_counted else roles.values
    taken: set[str | None] = {*ids, *values}
    time = None if is_future and not _has_time(roles.time, table) else roles.time
    axis = find_axis(table, taken) if time is None else named_axis(time, table)
    roles = replace(roles, time=axis.written, id=joined_name(ids))
    parts = [*axis.names, *ids, *values]
    for name in parts:
        if parts.count(name) > 1:
            raise _twice(name, table)
    return roles, axis


def _has_time(time: str | None, table: OpenTable) -> bool:
    """Return whether the table has this time column, or all of several."""
    return time in table.names or set(parse_names(time)) <= set(table.names)


def _twice(name: str, table: OpenTable) -> DataError:
    return table.context.refusal(
        f"column {name!r} is named twice; a column plays one part: time, id, target, known or past"
    )


def _panel(series: Regular, ids: tuple[str, ...], roles: Roles) -> Panel:
    """The classes of the target, until now a column for each, become one column of their places."""
    columns, classes, values = roles.columns, roles.classes, series.values
    if classes:
        values = np.column_stack([codes_of(values[:, : len(classes)]), values[:, len(classes) :]])
    return Panel(ids, series.offsets, series.times, values, columns, series.clock, roles.id, classes=classes)
