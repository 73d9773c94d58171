"""A survey of a file: read as for training, with the columns that nobody named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError, UsageError
from lstmcast.core.findings import NOTE, WARNING, Finding
from lstmcast.core.options import parse_names
from lstmcast.core.panel import TARGET, Column, Panel
from lstmcast.ingest.advice import advised
from lstmcast.ingest.asked import Asked, opened
from lstmcast.ingest.columns.survey import all_numbers, finding, first_candidates
from lstmcast.ingest.columns.wide import MANY, looks_wide, refuse_wide
from lstmcast.ingest.misplaced import naming_its_column
from lstmcast.ingest.parsed import ParsedFile
from lstmcast.ingest.reading import shaped, understood
from lstmcast.ingest.remedies import countable
from lstmcast.ingest.table.opening import open_table
from lstmcast.ingest.table.reader import OpenTable
from lstmcast.ingest.table.roles import Roles, id_columns, listed
from lstmcast.ingest.targets import counted
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.rules import ReadingRules
from lstmcast.ingest.text.source import Source, Watch, name_of
from lstmcast.ingest.time.axis import find_axis, named_axis

MOST_CHECKED = 200  # columns that nobody named


def survey(
    source: Source,
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
    asked = Asked(freq, zone, seasons, watch=watch)
    return advised(source, roles, asked, rules, partial(_survey, source))


def _survey(source: Source, roles: Roles, asked: Asked, rules: ReadingRules) -> ParsedFile:
    with opened(source, asked, rules, is_lenient=not (roles.target or rules.wide)) as table:
        table, roles = shaped(table, roles, asked)
        named, unseen = (roles, []) if roles.target else _with_every_number(roles, table)
        with naming_its_column(table, source):
            parsed = understood(table, named, asked, is_future=False)
        parts = parsed.roles
        taken = [*parse_names(parts.time), *id_columns(parts.id, table), *parts.values]
        free, rest = first_candidates(table, taken, () if unseen else table.names, MOST_CHECKED)
    unnamed = (parts.target, *parts.past[len(roles.past) :])
    if not roles.target:
        parsed, unnamed = _varying(parsed, unnamed, table.context)
    described = finding(roles.target, free, unnamed, len(rest)) if not unseen else _cut(unnamed, unseen)
    found = [] if roles.target or rules.wide else [_wide([*unnamed, *unseen], table.context)]
    findings = tuple(each for each in (*parsed.findings, *found, described) if each is not None)
    panel = parsed.panel if roles.target else _all_targets(parsed.panel, unnamed)
    return replace(parsed, panel=panel, findings=findings, candidates=tuple(free), layout=table.layout)


def _cut(checked: Sequence[str], rest: Sequence[str]) -> Finding:
    """That of very many columns the first ones of numbers are checked."""
    message = (
        f"the first {len(checked):,} columns of numbers are checked; {len(rest):,} more are not looked at"
    )
    return Finding(NOTE, "columns", message, "--target NAME checks the one that is to be forecast")


def _wide(numbers: Sequence[str], context: ReadContext) -> Finding | None:
    """That the columns which could be forecast look like series side by side; a warning where they are many."""
    message = looks_wide(numbers)
    severity = WARNING if len(numbers) >= MANY else NOTE
    remedy = "--wide reads them as the series of a panel"
    return Finding(severity, "looks_wide", message, remedy, context.place()) if message else None


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
    """Return whether there are two different numbers."""
    known = values[np.isfinite(values)]
    return bool(known.size) and bool((known != known[0]).any())


def _nothing_varies(parsed: ParsedFile, context: ReadContext) -> DataError:
    """Return why there is nothing to forecast: the first column that was given up, or all are constant."""
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


def _with_every_number(roles: Roles, table: OpenTable) -> tuple[Roles, list[str]]:
    """Roles without a target, with every column of numbers for one, the time axis among them; and, where these are
    very many, the names of the columns that were not looked at."""
    refuse_wide(table)
    ids = id_columns(roles.id, table)
    axis = find_axis(table, {*ids}) if roles.time is None else named_axis(roles.time, table)
    roles = replace(roles, time=roles.time or axis.written)
    if table.context.rules.aggregate == "count":
        return replace(roles, target=counted(table, [*axis.columns, *ids, *roles.values])), []
    found, unseen = first_candidates(table, [*axis.columns, *ids], table.names, MOST_CHECKED)
    try:
        return all_numbers(roles, found, table), unseen
    except DataError as error:
        raise countable(error, axis, table) or error from None


def only_column(source: Source, time: str | None, id_name: str | None, rules: ReadingRules) -> str:
    """The one column beside those of time and id; raises UsageError where there are others to choose from."""
    table = open_table(source, ReadContext(name_of(source), rules))
    ids = id_columns(id_name, table)
    axis = find_axis(table, {*ids}) if time is None else named_axis(time, table)
    others = [name for name in table.names if name not in {*axis.names, *ids}]
    if len(others) == 1:
        return others[0]
    names = listed(tuple(others)) or "none"
    raise UsageError(f"--target is missing: it names the column with the outcomes; there are {names}")
