"""A parsed file: the whole way from a source to a Panel, with all that was found on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError, UsageError
from lstmcast.core.findings import Finding, count
from lstmcast.core.options import parse_names
from lstmcast.core.panel import COUNTER as COUNT
from lstmcast.core.panel import PAST, TARGET, Clock, Column, Panel, columns_of
from lstmcast.ingest.columns.classes import ClassColumn, codes_of
from lstmcast.ingest.columns.counted import CountColumn
from lstmcast.ingest.columns.kinds import is_text_class
from lstmcast.ingest.columns.names import NameColumn, is_text
from lstmcast.ingest.columns.numbers import NumberColumn, sign_of
from lstmcast.ingest.columns.remarks import say_numbers
from lstmcast.ingest.columns.survey import Candidate, LenientColumn, all_numbers, candidates, finding
from lstmcast.ingest.columns.wide import refuse_wide
from lstmcast.ingest.remedies import countable, settled
from lstmcast.ingest.table import footers
from lstmcast.ingest.table.opening import open_table
from lstmcast.ingest.table.reader import Chunk, Lines, Table
from lstmcast.ingest.table.roles import Roles, id_columns, joined_ids, joined_name, listed, match
from lstmcast.ingest.text.cells import shown
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.layouts import COUNTER, DIGITS, DMY, EPOCH, YMD
from lstmcast.ingest.text.rules import ReadingRules
from lstmcast.ingest.text.source import Watch, name_of
from lstmcast.ingest.text.spans import without
from lstmcast.ingest.time.as_of import AsOf
from lstmcast.ingest.time.axis import TimeAxis, find_axis, named_axis
from lstmcast.ingest.time.clock import Regular, Requested, regular
from lstmcast.ingest.time.codes import CODES
from lstmcast.ingest.time.instants import Source, instants
from lstmcast.ingest.time.names import names_things
from lstmcast.ingest.time.remedy import UnsettledError
from lstmcast.ingest.time.rows import Rows
from lstmcast.ingest.time.stamps import Stamps
from lstmcast.ingest.time.zones import check_zone

ValueColumn = NumberColumn | ClassColumn | CountColumn
_OF_LONG_FILES = {"missing", "constant", "sentinel"}  # findings that a few rows give no reason for


@dataclass(frozen=True, eq=False)
class ParsedFile:
    """A file understood.

    findings: in the order in which they came up; roles: under the file's own names, the time column and the
    classes of text filled in; evidence: how the frequency was found (`1 h in 3,599 of 3,599 steps`); source: the
    file as messages call it; others: columns that no role uses; dates: `day-first` or `month-first` where the
    file showed it (ReadingRules.dates for a later file, which may be too short to show it), else None; decimal: a
    decimal comma likewise; candidates: of a survey, the columns that no role uses and that could help; layout: of a
    survey, how the file is written; names_zone: whether the stamps say in which zone they are.
    """

    panel: Panel
    findings: tuple[Finding, ...]
    roles: Roles
    evidence: str
    source: str
    others: tuple[str, ...]
    dates: str | None = None
    decimal: str | None = None
    candidates: tuple[Candidate, ...] = ()
    layout: str = ""
    names_zone: bool = True

    @property
    def shown(self) -> dict[str, Any]:
        """The rules that this file showed and a shorter one may not."""
        found = {"dates": self.dates, "decimal": self.decimal}
        return {name: rule for name, rule in found.items() if rule is not None}

    def called(self, roles: Roles) -> ParsedFile:
        """The same with its columns under the names of these roles, by which they were looked for."""
        names = dict(zip(self.roles.values, roles.values, strict=True))
        columns = tuple(
            replace(c, name=names[c.source] + c.name.removeprefix(c.source)) for c in self.panel.columns
        )
        return replace(self, panel=replace(self.panel, columns=columns, id_name=roles.id))


def read(
    source: str | Path,
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
    are the target, then the known, then the past ones, in the order given, a column of text as one for each of its
    classes (those of `roles.levels` where a model has them). Steps that the file lacks are rows of NaN; rows whose
    target is empty stay, so that known columns may reach beyond the last target. as_of: the file as it stood then;
    lone: the frequency of a single row; watch: told of the bytes that are read, and of how many there are.
    Raises DataError, with line, column and remedy, for what cannot be understood; UsageError for a bad option.
    """
    asked = _Asked(freq, zone, seasons, as_of, lone, watch)
    return _advised(source, roles, asked, rules, partial(_read, source, is_future=False))


def read_future(
    source: str | Path,
    roles: Roles,
    clock: Clock,
    rules: ReadingRules = ReadingRules(),  # noqa: B008 (frozen)
) -> ParsedFile:
    """Read rows to come: columns of the panel are the target, all missing where the file has none, and the known ones.

    clock: that of history, since a few rows do not show theirs. Columns of `roles` that are known up to now only are
    not looked for; without its time column the file's own is found. Raises as `read` does.
    """
    asked = _Asked(clock.freq, clock.zone, clock.seasons)
    read_future = partial(_read, source, is_future=True)
    parsed = _advised(source, replace(roles, past=()), asked, rules, read_future)
    findings = tuple(finding for finding in parsed.findings if finding.code not in _OF_LONG_FILES)
    return replace(parsed, findings=findings)


def survey(
    source: str | Path,
    roles: Roles,
    *,
    freq: str | None = None,
    zone: str | None = None,
    seasons: tuple[int, ...] | None = None,
    rules: ReadingRules = ReadingRules(),  # noqa: B008 (frozen)
    watch: Watch | None = None,
) -> ParsedFile:
    """Read as `read` does, and say which columns nobody named could help.

    Where the roles name no target (it is empty), every column of numbers is one, unless it proves to be none.
    """
    if rules.exclude and not roles.target:
        raise UsageError("--exclude takes rows of the target out; name it with --target")
    if rules.difference and not roles.target:
        raise UsageError("--difference is of the target; name it with --target")
    asked = _Asked(freq, zone, seasons, watch=watch)
    return _advised(source, roles, asked, rules, partial(_survey, source))


def _survey(source: str | Path, roles: Roles, asked: _Asked, rules: ReadingRules) -> ParsedFile:
    with _opened(source, asked, rules, is_lenient=not roles.target) as table:
        named = roles if roles.target else _with_every_number(roles, table)
        parsed = _understood(table, named, asked, is_future=False)
        parts = parsed.roles
        taken = [*parse_names(parts.time), *id_columns(parts.id, table), *parts.values]
        free = candidates(table, taken)
    unnamed = (parts.target, *parts.past[len(roles.past) :])
    if not roles.target:
        parsed, unnamed = _varying(parsed, unnamed, table.context)
    described = finding(roles.target, free, unnamed)
    findings = parsed.findings if described is None else (*parsed.findings, described)
    panel = parsed.panel if roles.target else _all_targets(parsed.panel, unnamed)
    return replace(parsed, panel=panel, findings=findings, candidates=tuple(free), layout=table.layout)


def _varying(
    parsed: ParsedFile, unnamed: Sequence[str], context: ReadContext
) -> tuple[ParsedFile, tuple[str, ...]]:
    """The file without those columns that nobody named and that are the same in every row or no numbers, and the
    names of the rest, of which the first is the target.

    Raises DataError where none is left.
    """
    panel, names = parsed.panel, [column.name for column in parsed.panel.columns]
    still = {name for name in unnamed if not _varies(panel.values[:, names.index(name)])}
    left = tuple(name for name in unnamed if name not in still)
    if not left:
        raise _nothing_varies(parsed, context)
    first = names.index(left[0])
    order = [first, *(place for place, name in enumerate(names) if name not in still and place != first)]
    past = tuple(name for name in parsed.roles.past if name not in still and name != left[0])
    columns = tuple(panel.columns[place] for place in order)
    panel = replace(panel, values=panel.values[:, order], columns=columns)
    return replace(parsed, panel=panel, roles=replace(parsed.roles, target=left[0], past=past)), left


def _varies(values: NDArray[np.float64]) -> bool:
    """Whether there are two different numbers."""
    known = values[np.isfinite(values)]
    return bool(known.size) and bool((known != known[0]).any())


def _nothing_varies(parsed: ParsedFile, context: ReadContext) -> DataError:
    """Why there is nothing to forecast: the first column that was given up, or all are constant."""
    if context.given_up:
        return context.given_up[0]
    known = parsed.panel.target[np.isfinite(parsed.panel.target)]
    name = parsed.panel.columns[0].name
    says = f"{name!r} is {known[0]:g} in every row" if known.size else f"{name!r} is empty"
    return context.refusal(f"no column holds numbers that change: {says}", column=name)


def _all_targets(panel: Panel, names: Sequence[str]) -> Panel:
    """The panel with each of these columns as a target."""
    columns = tuple(Column(c.name, TARGET) if c.name in names else c for c in panel.columns)
    return replace(panel, columns=columns)


def only_column(source: str | Path, time: str | None, id_name: str | None) -> str:
    """The one column beside those of time and id; raises UsageError where there are others to choose from."""
    table = open_table(source, ReadContext(name_of(source)))
    ids = id_columns(id_name, table)
    axis = find_axis(table, {*ids}) if time is None else named_axis(time, table)
    others = [name for name in table.names if name not in {*axis.names, *ids}]
    if len(others) == 1:
        return others[0]
    names = listed(tuple(others)) or "none"
    raise UsageError(f"--target is missing: it names the column with the outcomes; there are {names}")


@dataclass(frozen=True)
class _Asked:
    """What the user says of the clock; None: as the file shows."""

    freq: str | None
    zone: str | None
    seasons: tuple[int, ...] | None
    as_of: AsOf | None = None
    lone: str | None = None
    watch: Watch | None = None


def _read(
    source: str | Path, roles: Roles, asked: _Asked, rules: ReadingRules, *, is_future: bool
) -> ParsedFile:
    with _opened(source, asked, rules) as table:
        return _understood(table, roles, asked, is_future=is_future)


def _advised(
    source: str | Path,
    roles: Roles,
    asked: _Asked,
    rules: ReadingRules,
    reader: Callable[[Roles, _Asked, ReadingRules], ParsedFile],
) -> ParsedFile:
    """What the reader makes of it; an error that an option settles names one that was tried."""
    try:
        return reader(roles, asked, rules)
    except UnsettledError as error:
        reason = error

    def attempt(options: Mapping[str, str]) -> None:
        reader(*_with_options(options, roles, asked, rules))

    raise settled(reason, source, roles, attempt)


def _with_options(
    options: Mapping[str, str], roles: Roles, asked: _Asked, rules: ReadingRules
) -> tuple[Roles, _Asked, ReadingRules]:
    """What is read where these options are given besides."""
    given: dict[str, Any] = {name.removeprefix("--"): value for name, value in options.items()}
    roles = replace(roles, time=given.pop("time", roles.time), id=given.pop("id", roles.id))
    asked = replace(asked, freq=given.pop("freq", asked.freq), zone=given.pop("tz", asked.zone), watch=None)
    return roles, asked, replace(rules, **given)


@contextmanager
def _opened(
    source: str | Path, asked: _Asked, rules: ReadingRules, *, is_lenient: bool = False
) -> Iterator[Table]:
    """The table of a source; an error that ends its reading carries what was found until then."""
    rules.check()
    if rules.aggregate is not None and asked.freq is None:
        raise UsageError("--aggregate needs the step to put the rows on: add --freq 1h, 1D, …")
    check_zone(asked.zone)
    is_counted = COUNT in (asked.freq, asked.lone)
    context = ReadContext(
        name_of(source), rules, is_lenient=is_lenient, watch=asked.watch, is_counted=is_counted
    )
    try:
        yield open_table(source, context)
    except DataError as error:
        error.findings = tuple(context.findings)
        raise


def _with_every_number(roles: Roles, table: Table) -> Roles:
    """Roles without a target, with every column of numbers for one; the time axis among them."""
    refuse_wide(table)
    ids = id_columns(roles.id, table)
    axis = find_axis(table, {*ids}) if roles.time is None else named_axis(roles.time, table)
    roles = replace(roles, time=roles.time or axis.written)
    if table.context.rules.aggregate == "count":
        return replace(roles, target=_to_count(table, [*axis.columns, *ids, *roles.values]))
    try:
        return all_numbers(roles, candidates(table, [*axis.columns, *ids]), table)
    except DataError as error:
        raise countable(error, axis, table) or error from None


def _to_count(table: Table, taken: Sequence[str]) -> str:
    """The column whose cells are counted when nobody names one: the first that has no other part, else the times."""
    return next((name for name in table.names if name not in taken), taken[0])


def _understood(table: Table, roles: Roles, asked: _Asked, *, is_future: bool) -> ParsedFile:
    context = table.context
    roles, axis = _resolved(roles, table, is_future=is_future)
    used = {*axis.columns, *id_columns(roles.id, table), *roles.values}
    others = tuple(name for name in table.names if name not in used)
    rows, stamps, roles = _rows(table, roles, axis, asked.zone or table.zone_of(axis.names))
    if asked.as_of is not None:
        of_target = _columns(roles)[:1] * max(len(_classes(roles)), 1)
        rows = asked.as_of.cut(rows, (*of_target, *_columns(roles)[1:]), context)
    requested = Requested(
        freq=asked.freq,
        lone=asked.lone,
        seasons=asked.seasons,
        identities=tuple(name for name in others if is_text(table.column(name))),
        are_events=bool(_classes(roles)) or (context.is_lenient and all(map(names_things, roles.values))),
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
    panel = _panel(series, rows.ids, roles)
    panel = panel if is_future else _without_excluded(panel, context.rules.exclude, context)
    findings = tuple(context.findings)
    told = stamps.dates, context.decimal
    return ParsedFile(
        panel, findings, roles, series.evidence, context.source, others, *told, names_zone=stamps.names_zone
    )


def _amounts(roles: Roles, context: ReadContext) -> tuple[int, ...]:
    """The places of the columns that are zero where nothing happened: the target, and what is summed beside it.

    Raises UsageError for a target of classes.
    """
    if _classes(roles):
        if context.rules.absent == "zero":
            raise UsageError(
                f"--absent zero is for numbers, and {roles.target!r} is text with classes",
                column=roles.target,
            )
        return ()
    is_summed = context.is_lenient or context.rules.aggregate == "sum"
    columns = _columns(roles)
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
    width = len(_classes(roles))
    hoped_for = rows.values if context.is_lenient else rows.values[:, : max(width, 1)]
    is_empty = not (hoped_for > 0).any() if width else np.isnan(hoped_for).all()
    if is_empty and context.given_up:
        raise context.given_up[0]
    if is_empty:
        what = "class that is known" if width else "number"
        message = f"column {roles.target!r} holds no {what}; there is nothing to forecast from"
        raise context.refusal(message, column=roles.target)


def _resolved(roles: Roles, table: Table, *, is_future: bool) -> tuple[Roles, TimeAxis]:
    """The roles under the file's own names, and its time axis; rows to come may lack the target."""
    refuse_wide(table)
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


def _has_time(time: str | None, table: Table) -> bool:
    """Whether the table has this time column, or all of several."""
    return time in table.names or set(parse_names(time)) <= set(table.names)


def _twice(name: str, table: Table) -> DataError:
    return table.context.refusal(
        f"column {name!r} is named twice; a column plays one part: time, id, target, known or past"
    )


def _rows(table: Table, roles: Roles, axis: TimeAxis, zone: str | None) -> tuple[Rows, Stamps, Roles]:
    """All rows of the file as numbers at instants, how their stamps were written, and the roles with their classes."""
    context, width = table.context, len(axis.columns)
    time = axis.column(context)
    names = None if roles.id is None else NameColumn(roles.id, context)
    columns = [_column(name, roles, table) for name in roles.values if name in table.names]
    lines = []
    ids_at = slice(width, width + len(id_columns(roles.id, table)))
    requested = [*axis.columns, *id_columns(roles.id, table), *(column.name for column in columns)]
    for chunk in table.chunks(requested):
        with _looking_at(chunk, time.name, context):
            time.add(chunk.cells[:width], chunk.lines)
        if names is not None:
            names.add(joined_ids(chunk.cells[ids_at]), chunk.lines)
        for column, cells in zip(columns, chunk.cells[-len(columns) :], strict=True):
            column.add(cells, chunk.lines)
        lines.append(chunk.lines)
    line = np.concatenate(lines)
    lines.clear()
    if not line.size:
        raise context.refusal("has a header but no rows of data below it")
    stamps = time.finish()
    _say_stamps(time.name, stamps, context)
    ids, codes = (("",), np.zeros(line.size, np.int64)) if names is None else names.finish()
    values = _side_by_side(columns, line, _Signs(table, axis, stamps), context)
    if roles.target not in table.names:
        width = max(len(_classes(roles)), 1)
        values = np.column_stack([np.full((line.size, width), np.nan), values])
    when = instants(stamps, Source(codes, line, values), zone, context)
    found = {c.name: c.levels for c in columns if isinstance(c, ClassColumn) and c.levels is not None}
    levels = dict(roles.levels or {}) | found
    rows = Rows(when.utc, codes, values, line, ids, when.zone, stamps.order == COUNTER)
    rows = rows if when.dropped is None else rows.take(~when.dropped)
    return rows, stamps, replace(roles, levels=levels)


@contextmanager
def _looking_at(chunk: Chunk, time: str, context: ReadContext) -> Iterator[None]:
    """An error of a line without a time says what the line looks like, be it a total, a remark or a second header."""
    try:
        yield
    except DataError as error:
        rows = np.flatnonzero(chunk.lines == (error.line or 0))
        what = footers.looks_like([shown(cells[rows[0]]) for cells in chunk.cells]) if rows.size else ""
        if not what or isinstance(error, UnsettledError):
            raise
        message = f"{str(error).removeprefix(f'{context.source}: ')}; the line looks like {what}, and rows follow it"
        raise context.refusal(message, line=error.line, column=error.column) from None


def _column(name: str, roles: Roles, table: Table) -> ValueColumn:
    """What collects a column: numbers, or the classes that a model, the user or else the cells say it has."""
    context, is_target = table.context, name == roles.target
    if is_target and context.rules.aggregate == "count":
        return CountColumn(name, context)
    numbers = LenientColumn(name, context) if context.is_lenient else NumberColumn(name, context)
    if roles.levels is not None:
        levels = roles.levels.get(name)
        return numbers if levels is None else ClassColumn(name, context, levels, is_target)
    task = context.rules.task if is_target else "auto"
    if task == "classes" or (task == "auto" and is_text_class(table.column(name), context.rules.missing)):
        return ClassColumn(name, context, is_target=is_target)
    return numbers


@dataclass(frozen=True)
class _Signs:
    """What a file shows of its decimal sign beyond a single column."""

    table: Table
    axis: TimeAxis
    stamps: Stamps

    @property
    def is_continental(self) -> bool:
        """Whether it is written as where thousands have points: semicolons between cells, or days first."""
        return self.table.has_semicolons or self.stamps.order == DMY

    def beside(self, columns: Sequence[ValueColumn]) -> str | None:
        """The decimal sign that other columns show: those that are read, else those of the first rows."""
        signs = {c.decimal for c in columns if isinstance(c, NumberColumn) and c.decimal is not None}
        if not signs:
            names = [name for name in self.table.names if name not in self.axis.names]
            signs = {sign for name in names if (sign := sign_of(self.table.column(name))) is not None}
        return signs.pop() if len(signs) == 1 else None


def _side_by_side(
    columns: Sequence[ValueColumn], lines: Lines, signs: _Signs, context: ReadContext
) -> NDArray[np.float64]:
    """(n, C) the columns as numbers; what they give reason to say is noted."""
    widths = [column.width if isinstance(column, ClassColumn) else 1 for column in columns]
    values = np.empty((lines.size, sum(widths)))
    is_open = any(isinstance(column, NumberColumn) and column.is_open for column in columns)
    sign = signs.beside(columns) if is_open else None
    for column, stop, width in zip(columns, np.cumsum(widths), widths, strict=True):
        if isinstance(column, ClassColumn | CountColumn):
            values[:, stop - width : stop] = column.finish()
        else:
            values[:, stop - 1] = column.finish(sign, is_continental=signs.is_continental)
            say_numbers(column.name, values[:, stop - 1], lines, context)
    return values


def _say_stamps(name: str, stamps: Stamps, context: ReadContext) -> None:
    """Note how the stamps were read, wherever it is not plain."""
    if stamps.order == DIGITS and stamps.depth == 0:
        context.info("dates", f"column {name!r} is read as years")
    elif stamps.order in CODES:
        remedy = "--freq count if it counts rows" if stamps.is_bare else ""
        context.info("dates", f"column {name!r} is read as {stamps.order}", remedy)
    elif stamps.order == COUNTER:
        context.info("counter", f"column {name!r} is a counter without a calendar", "--season")
    elif stamps.order != YMD:
        context.info("dates", f"column {name!r} is read as {stamps.order}")
    if stamps.interval:
        context.info("interval", f"column {name!r} holds intervals; each is taken by its start")


def _columns(roles: Roles) -> tuple[Column, ...]:
    return columns_of(roles.target, roles.known, roles.past, roles.levels or {})


def _classes(roles: Roles) -> tuple[str, ...]:
    """Those of the target; none where it is numbers."""
    return (roles.levels or {}).get(roles.target, ())


def _panel(series: Regular, ids: tuple[str, ...], roles: Roles) -> Panel:
    """The classes of the target, until now a column for each, become one column of their places."""
    columns, classes, values = _columns(roles), _classes(roles), series.values
    if classes:
        values = np.column_stack([codes_of(values[:, : len(classes)]), values[:, len(classes) :]])
    return Panel(ids, series.offsets, series.times, values, columns, series.clock, roles.id, classes=classes)
