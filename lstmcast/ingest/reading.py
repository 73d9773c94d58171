"""A reading: the whole way from a source to a Panel, with all that was found on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lstmcast.ingest.clock import Regular, Regulator, Rows
from lstmcast.ingest.columns import MISSING, NameColumn, NumberColumn, number_findings
from lstmcast.ingest.findings import Finding, count, info
from lstmcast.ingest.layouts import COUNTER, DIGITS, YMD
from lstmcast.ingest.reader import Table
from lstmcast.ingest.roles import Roles, TimeAxis, resolve
from lstmcast.ingest.rules import ReadingRules
from lstmcast.ingest.stamps import StampColumn, Stamps
from lstmcast.ingest.zones import check_zone, instants
from lstmcast.panel import KNOWN, PAST, TARGET, Column, Panel


@dataclass(frozen=True)
class Reading:
    """A file understood.

    findings: in the order in which they came up; roles: under the file's own names, the time column filled in;
    evidence: how the frequency was found (`1 h in 3,599 of 3,599 steps`); source: the file as messages call it;
    others: columns that no role uses.
    """

    panel: Panel
    findings: tuple[Finding, ...]
    roles: Roles
    evidence: str
    source: str
    others: tuple[str, ...]


def read(
    source: str | Path,
    roles: Roles,
    *,
    freq: str | None = None,
    zone: str | None = None,
    seasons: tuple[int, ...] | None = None,
    rules: ReadingRules = ReadingRules(),  # noqa: B008 (frozen)
) -> Reading:
    """Read a CSV file (or standard input, `-`) as a Panel.

    freq, zone, seasons: as `--freq`, `--tz` and `--season`; None is found in the file. Columns of the panel are the
    target, then the known, then the past ones, in the order given. Steps that the file lacks are rows of NaN; rows
    whose target is empty stay, so that known columns may reach beyond the last target.
    Raises DataError, with line, column and remedy, for what cannot be understood; UsageError for a bad option.
    """
    rules.check()
    check_zone(zone)
    findings: list[Finding] = []
    table = Table(source, findings)
    resolved, axis = resolve(roles, table, findings)
    rows, stamps, ids, zone = _rows(table, resolved, axis, zone, rules, findings)
    regulator = Regulator(table.name, stamps, ids, zone, rules, findings)
    regular = regulator.regular(rows, freq, seasons)
    panel = _panel(regular, ids, resolved)
    used = {*axis.names, resolved.id, *resolved.numbers}
    others = tuple(name for name in table.names if name not in used)
    return Reading(panel, tuple(findings), resolved, regular.evidence, table.name, others)


def _rows(
    table: Table,
    roles: Roles,
    axis: TimeAxis,
    zone: str | None,
    rules: ReadingRules,
    findings: list[Finding],
) -> tuple[Rows, Stamps, tuple[str, ...], str | None]:
    """All rows of the file as numbers, its stamps, its series, and the zone of its clock."""
    time = StampColumn(",".join(axis.names), table.name, rules.dates)
    names = NameColumn(roles.id, table.name) if roles.id is not None else None
    tokens = MISSING | set(rules.missing)
    numbers = [NumberColumn(name, table.name, tokens, rules.decimal) for name in roles.numbers]
    width, lines = len(axis.names), []
    wanted = [*axis.names, *([roles.id] if roles.id is not None else []), *roles.numbers]
    for chunk in table.chunks(wanted):
        if not chunk.lines.size:
            continue
        lines.append(chunk.lines)
        time.add(axis.cells(chunk.cells[:width]), chunk.lines)
        if names is not None:
            names.add(chunk.cells[width], chunk.lines)
        for column, cells in zip(numbers, chunk.cells[-len(numbers) :], strict=True):
            column.add(cells, chunk.lines)
    line = np.concatenate(lines)
    stamps = time.finish()
    ids, codes = names.finish() if names is not None else (("",), np.zeros(line.size, np.int64))
    values = _values(numbers, line, findings)
    _say_stamps(time.name, stamps, findings)
    utc, zone = instants(stamps, codes, line, zone, rules, table.name, findings)
    return Rows(utc, codes, values, line), stamps, ids, zone


def _values(numbers: Sequence[NumberColumn], lines: np.ndarray, findings: list[Finding]) -> np.ndarray:  # type: ignore[type-arg]
    """(n, C) the columns side by side, what they give reason to say added to the findings."""
    values = np.empty((lines.size, len(numbers)))
    for place, column in enumerate(numbers):
        values[:, place] = column.finish(findings)
    for place, column in enumerate(numbers):
        findings += number_findings(column.name, values[:, place], lines)
    return values


def _say_stamps(name: str, stamps: Stamps, findings: list[Finding]) -> None:
    """How the stamps were read, wherever it is not plain."""
    if stamps.order == DIGITS and stamps.depth == 0:
        findings.append(info("years", f"column {name!r} is read as years"))
    elif stamps.order == COUNTER:
        message = f"column {name!r} is a counter without a calendar"
        findings.append(info("counter", message, "--season gives its season in rows"))
    elif not stamps.style and stamps.order != YMD:
        findings.append(info("dates", f"column {name!r} is read as {stamps.order}"))
    if stamps.interval:
        findings.append(info("interval", f"column {name!r} holds intervals; each is taken by its start"))


def _panel(regular: Regular, ids: tuple[str, ...], roles: Roles) -> Panel:
    columns = (
        Column(roles.target, TARGET),
        *(Column(name, KNOWN) for name in roles.known),
        *(Column(name, PAST) for name in roles.past),
    )
    return Panel(ids, regular.offsets, regular.times, regular.values, columns, regular.clock, roles.id)


__all__ = ["Reading", "count", "read"]
