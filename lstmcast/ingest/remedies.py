"""Remedies: what a refusal names is tried on the file first, so that it works when it is pasted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice

import numpy as np

from lstmcast.core.errors import DataError, LstmcastError
from lstmcast.ingest.identities import identities
from lstmcast.ingest.table.opening import open_table
from lstmcast.ingest.table.reader import OpenTable
from lstmcast.ingest.table.roles import Roles, id_columns, joined_name
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.rules import ReadingRules
from lstmcast.ingest.text.source import Source, is_lasting, name_of
from lstmcast.ingest.time.axis import TimeAxis, companions, find_axis, named_axis
from lstmcast.ingest.time.frequency import ROWS_A_STEP, round_step
from lstmcast.ingest.time.remedy import Remedy, UnsettledError, unsettled
from lstmcast.ingest.time.stamps import guessed

Attempt = Callable[[Mapping[str, str]], None]
_FEWEST_EVENTS = 10
_BESIDES = {"--tz", "--dates", "--nonexistent", "--ambiguous"}  # what a remedy may need besides
_TRIED = 4  # remedies of a kind that are tried
_FEW = 3  # remedies that one message names


def settled(
    error: UnsettledError, source: Source, roles: Roles, attempt: Attempt, rules: ReadingRules
) -> DataError:
    """The error with those of its remedies that work.

    roles: as the user named them; attempt: reads the file with more options, and raises what such a reading does. A
    stream cannot be read again: then the likeliest is named untried.
    """
    if not is_lasting(source):
        return error.told(error.remedies[:1])
    if error.may_hold_several:
        step = next((r.options["--freq"] for r in error.remedies if "--freq" in r.options), None)
        for found in (_times(source, roles, rules), _ids(source, roles, rules, step)):
            working = next((works for remedy in found if (works := _working(remedy, attempt))), None)
            if working is not None:
                return error.told([working])
    tried = (_working(remedy, attempt) for remedy in error.remedies[:_TRIED])
    return error.told([works for works in tried if works is not None][:_FEW])


def _working(remedy: Remedy, attempt: Attempt) -> Remedy | None:
    """The remedy where the file can be read with it; with what it needs besides, where that settles the rest."""
    try:
        attempt(remedy.options)
    except UnsettledError as error:
        for more in error.remedies[:_TRIED]:
            both = {**remedy.options, **more.options}
            if more.options.keys() <= _BESIDES - remedy.options.keys() and _can_read(both, attempt):
                return replace(remedy, options=both)
        return None
    except LstmcastError:
        return None
    return remedy


def _can_read(options: Mapping[str, str], attempt: Attempt) -> bool:
    try:
        attempt(options)
    except LstmcastError:
        return False
    return True


def _times(source: Source, roles: Roles, rules: ReadingRules) -> Iterator[Remedy]:
    """Columns of hours or other parts of the day, where the user named the dates alone."""
    if roles.time is None or "," in roles.time:
        return
    table = open_table(source, ReadContext(name_of(source), rules))
    date = named_axis(roles.time, table).names[0]
    for axis in islice(companions(date, table), _TRIED):
        yield Remedy({"--time": axis.written}, "does another column hold the time of day? {}")


def _ids(source: Source, roles: Roles, rules: ReadingRules, step: str | None) -> Iterator[Remedy]:
    """Columns that name series, beside those that the user named; step: that of all stamps, which single series may
    not show."""
    table = open_table(source, ReadContext(name_of(source), rules))
    ids = id_columns(roles.id, table)
    used = [name for name in roles.values if name]
    axis = find_axis(table, {*ids, *used}) if roles.time is None else named_axis(roles.time, table)
    for names in islice(identities(table, axis, ids, used), _TRIED):
        column = "column" if len(ids) + len(names) == 1 else "columns"
        name = joined_name((*ids, *names)) or ""
        sentence = f"does the file hold several series? name their {column} with {{}}"
        yield Remedy({"--id": name}, sentence)
        if step is not None:
            yield Remedy({"--id": name, "--freq": step}, sentence)


def countable(error: DataError, axis: TimeAxis, table: OpenTable) -> UnsettledError | None:
    """The error of a table without numbers, with the way to count its rows where their stamps keep no clock."""
    stamps = guessed(axis.cells([table.column(name) for name in axis.columns]), axis.written)
    steps = np.diff(np.sort(stamps.wall)) if stamps is not None else np.empty(0)
    if steps.size < _FEWEST_EVENTS or np.median(steps) == steps.max():
        return None
    step = round_step(float(steps.mean()) * ROWS_A_STEP)
    remedy = Remedy({"--freq": step, "--aggregate": "count"}, "to count rows, {}")
    fact = str(error).removeprefix(f"{table.context.source}: ")
    return unsettled(table.context, fact, [remedy], column=error.column)
