"""Forecasts of a folder: every group by its own model, given out in one table."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lstmcast.cli.sessions.files import Files
from lstmcast.cli.sessions.folders import (
    Failed,
    OfGroup,
    Recorder,
    absent_groups,
    cut_for_models,
    groups_beside_models,
    model_of,
)
from lstmcast.cli.sessions.forked import side_by_side
from lstmcast.cli.sessions.health import Vitals
from lstmcast.cli.shell.streams import json_text
from lstmcast.cli.show import table
from lstmcast.core.errors import LstmcastError

if TYPE_CHECKING:
    from lstmcast.cli.sessions.destinations import Destinations
    from lstmcast.cli.shell.console import Console
    from lstmcast.ingest import Slices
    from lstmcast.model.model import Model
    from lstmcast.persistence.index import Index, IndexEntry

# Forecasts one group: (model, its identity, files, ledger, console, vitals) -> (rows, JSON document, exit code).
Forecaster = Callable[
    ["Model", str, Files, str | None, "Console", Vitals], tuple[table.Rows, dict[str, Any], int]
]


@dataclass(frozen=True, eq=False)
class _Made:
    """The forecast of a group as it travels: what is said of it, its vitals, and what `Forecaster` returns, or the
    error that ended it."""

    voice: Recorder
    vitals: Vitals
    found: tuple[table.Rows, dict[str, Any], int] = field(default=({}, {}, 0))
    error: LstmcastError | None = None


def forecast_folder(
    folder: str, files: Files, places: Destinations, console: Console, vitals: Vitals, one: Forecaster
) -> int:
    """Forecast every group, and give all out in one table; returns the exit code.

    Raises an error of the kind of the first failure, once the other groups are written.
    """
    from lstmcast import persistence

    index = persistence.read_index(folder)
    dataclasses.replace(places, ledger=None).probe()
    if places.ledger is not None:
        _begin_ledgers(places.ledger, index)
    failed, code = Failed(), 0
    tables: list[tuple[IndexEntry, table.Rows]] = []
    documents: list[dict[str, Any]] = []
    with _both_cut(index, folder, files, console) as (history, future):
        for name, error in absent_groups(index, history, files.history).items():
            failed.note(name, error, console)
        pairs = list(groups_beside_models(index, history, files.history, console))

        def work(number: int) -> _Made:
            entry, source = pairs[number]
            ledger = None if places.ledger is None else os.path.join(places.ledger, _ledger(entry))
            made = _Made(Recorder(console), Vitals("predict"))
            try:
                to_come = None if future is None else _future(entry, future, files)
                identity, voice = entry.sha256[: persistence.IDENTITY], OfGroup(made.voice, entry.name)
                of_group = Files(source, to_come)
                found = one(model_of(folder, entry), identity, of_group, ledger, voice, made.vitals)
            except LstmcastError as error:
                return dataclasses.replace(made, error=error.plain())
            return dataclasses.replace(made, found=found)

        for (entry, _), made in zip(pairs, side_by_side(work, len(pairs)), strict=True):
            made.voice.say_on(console)
            if made.error is not None:
                failed.note(entry.name, made.error, console)
                continue
            rows, document, found = made.found
            code = max(code, found)
            tables.append((entry, rows))
            documents.append({"group": entry.name, **document})
            vitals.add(made.vitals)
    _write(places, index, tables, documents, failed, console)
    failed.refuse(len(index.entries), "have no forecast")
    return code


def _ledger(entry: IndexEntry) -> str:
    from lstmcast.persistence.ledger_index import ledger_name

    return ledger_name(entry.group)


def _begin_ledgers(folder: str, index: Index) -> None:
    """A folder with a ledger for each group; raises OutputError, and DataError where it is another folder's."""
    from lstmcast import persistence
    from lstmcast.persistence.ledger_index import read_ledgers, write_ledgers

    persistence.make_folder(folder)
    known = dict[tuple[str, ...], str]()
    if os.path.lexists(persistence.index_file(folder)):
        _, known = read_ledgers(folder)
    write_ledgers(folder, index.by, list(dict.fromkeys((*known, *index.by_group))))


@contextlib.contextmanager
def _both_cut(
    index: Index, folder: str, files: Files, console: Console
) -> Iterator[tuple[Slices, Slices | None]]:
    """History cut into the groups of a folder, and the rows to come where they have a file of their own."""
    with contextlib.ExitStack() as stack:
        history = stack.enter_context(cut_for_models(index, folder, files.history, console))
        future = (
            None
            if files.future is None
            else stack.enter_context(cut_for_models(index, folder, files.future, console))
        )
        yield history, future


def _future(entry: IndexEntry, slices: Slices, files: Files) -> str:
    from lstmcast.core.errors import DataError

    if entry.group not in slices.found:
        raise DataError(f"{files.future}: has no row of group {entry.name}", file=files.future)
    return slices.found[entry.group]


def _write(
    places: Destinations,
    index: Index,
    tables: Sequence[tuple[IndexEntry, table.Rows]],
    documents: Sequence[Mapping[str, Any]],
    failed: Failed,
    console: Console,
) -> None:
    """Give all forecasts out: in one table, its first columns those of the groups, or as one JSON document."""
    rows = joined_tables(index.by, tables)
    if console.as_json:
        failures = [{"group": name, "message": str(error)} for name, error in failed.groups.items()]
        places.write(json_text({"groups": list(documents), "failures": failures}), rows)
    elif tables:
        places.write(table.as_csv(rows), rows)


def joined_tables(by: Sequence[str], tables: Sequence[tuple[IndexEntry, table.Rows]]) -> table.Rows:
    """One table of those of all groups; a column that some of them lack is empty there."""
    names = list(dict.fromkeys(name for _, rows in tables for name in rows))
    names = [*(name for name in names if name != "source"), *(["source"] if "source" in names else [])]
    heads = [name if name not in names else f"group_{name}" for name in by]
    joined: table.Rows = {name: [] for name in (*heads, *names)}
    for entry, rows in tables:
        count = len(next(iter(rows.values())))
        for head, text in zip(heads, entry.group, strict=True):
            joined[head] += [text] * count
        for name in names:
            joined[name] += rows.get(name, [""] * count)
    return joined
