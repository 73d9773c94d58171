"""Remedies: what a refusal names is tried on the file first, so that it works when it is pasted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from lstmcast.core.errors import DataError, LstmcastError
from lstmcast.ingest.identities import identities
from lstmcast.ingest.table.opening import open_table
from lstmcast.ingest.table.roles import Roles, id_columns, joined_name
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.source import name_of
from lstmcast.ingest.time.axis import companions, find_axis, named_axis
from lstmcast.ingest.time.remedy import Remedy, UnsettledError

Attempt = Callable[[Mapping[str, str]], None]
_TRIED = 4  # remedies of a kind that are tried
_FEW = 3  # remedies that one message names


def settled(error: UnsettledError, source: str | Path, roles: Roles, attempt: Attempt) -> DataError:
    """The error with those of its remedies that work.

    roles: as the user named them; attempt: reads the file with more options, and raises what such a reading does. A
    stream cannot be read again: then the likeliest is named untried.
    """
    if not Path(source).is_file():
        return error.told(error.remedies[:1])
    if error.may_hold_several:
        for found in (_times(source, roles), _ids(source, roles)):
            working = next((remedy for remedy in found if _works(remedy, attempt)), None)
            if working is not None:
                return error.told([working])
    return error.told([remedy for remedy in error.remedies[:_TRIED] if _works(remedy, attempt)][:_FEW])


def _works(remedy: Remedy, attempt: Attempt) -> bool:
    """Whether the file can be read with it."""
    try:
        attempt(remedy.options)
    except LstmcastError:
        return False
    return True


def _times(source: str | Path, roles: Roles) -> Iterator[Remedy]:
    """Columns of hours or other parts of the day, where the user named the dates alone."""
    if roles.time is None or "," in roles.time:
        return
    table = open_table(source, ReadContext(name_of(source)))
    date = named_axis(roles.time, table).names[0]
    for axis in islice(companions(date, table), _TRIED):
        yield Remedy({"--time": axis.written}, "does another column hold the time of day? {}")


def _ids(source: str | Path, roles: Roles) -> Iterator[Remedy]:
    """Columns that name series, beside those that the user named."""
    table = open_table(source, ReadContext(name_of(source)))
    ids = id_columns(roles.id, table)
    used = [name for name in (*ids, *roles.values) if name]
    axis = find_axis(table, {*used}) if roles.time is None else named_axis(roles.time, table)
    for names in islice(identities(table, axis, used), _TRIED):
        column = "column" if len(ids) + len(names) == 1 else "columns"
        name = joined_name((*ids, *names)) or ""
        yield Remedy({"--id": name}, f"does the file hold several series? name their {column} with {{}}")
