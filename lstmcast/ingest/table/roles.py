"""Roles: which column plays which part, under the names that the file has for them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lstmcast.core.options import parse_names, write_names
from lstmcast.core.panel import Column, columns_of
from lstmcast.ingest.table.reader import OpenTable
from lstmcast.ingest.text.cells import Cells, as_text, factorized, shown
from lstmcast.ingest.text.context import ReadContext

_SHOWN = 30  # column names in a message


@dataclass(frozen=True)
class Roles:
    """The columns by role: time and id None when not named; several time columns have commas between.

    levels: the classes of each column that has some; None: as the file shows.
    """

    target: str
    time: str | None = None
    id: str | None = None
    known: tuple[str, ...] = ()
    past: tuple[str, ...] = ()
    levels: Mapping[str, tuple[str, ...]] | None = None

    @property
    def values(self) -> tuple[str, ...]:
        """The columns of values in the order of a Panel: target, known, past."""
        return (self.target, *self.known, *self.past)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of a Panel: one for each of values, of text one for each class."""
        return columns_of(self.target, self.known, self.past, self.levels or {})

    @property
    def classes(self) -> tuple[str, ...]:
        """Those of the target; none where it is numbers."""
        return (self.levels or {}).get(self.target, ())

    def renamed(self, name: Callable[[str, str], str]) -> Roles:
        """Return these roles with all but time and id renamed; name: (column, its option) -> column."""
        known = {column: name(column, "--known") for column in self.known}
        past = {column: name(column, "--past") for column in self.past}
        target, levels = name(self.target, "--target"), self.levels
        if levels is not None:
            renamed = {self.target: target} | known | past
            levels = {new: levels[old] for old, new in renamed.items() if old in levels}
        return Roles(
            target,
            self.time,
            self.id,
            tuple(known[column] for column in self.known),
            tuple(past[column] for column in self.past),
            levels,
        )


def id_columns(id_name: str | None, table: OpenTable) -> tuple[str, ...]:
    """The columns that name the series together: none, one, or several that were named with commas between.

    Raises DataError as `match` does.
    """
    if id_name is None:
        return ()
    if id_name in table.names or "," not in id_name:
        return (match(id_name, table, "--id"),)
    return tuple(match(part, table, "--id") for part in parse_names(id_name))


def joined_name(parts: Sequence[str]) -> str | None:
    """The name of the series' column, or of several together, as --id takes it; None without one."""
    return None if not parts else parts[0] if len(parts) == 1 else write_names(parts)


def joined_ids(parts: Sequence[Cells]) -> Cells:
    """(n,) the names of series of which each column holds a part, joined as --id joins columns: `north,3`.

    One is empty where any of its parts is.
    """
    if len(parts) == 1:
        return parts[0]
    codes, texts = zip(*(factorized(as_text(part)) for part in parts), strict=True)
    rows, local = np.unique(np.stack(codes), axis=1, return_inverse=True)
    names = [[shown(text[code]).strip() for text, code in zip(texts, row, strict=True)] for row in rows.T]
    whole = [write_names(name) if all(name) else "" for name in names]
    found: Cells = np.array(whole, dtype=object)[local.ravel()]
    return found


def match(name: str, table: OpenTable, option: str) -> str:
    """The column of this name in a table, as `matched` finds it."""
    return matched(name, table.names, table.context, option)


def matched(name: str, names: tuple[str, ...], context: ReadContext, option: str) -> str:
    """The column of this name: exactly, else by case, white space and unit, with a finding.

    Raises DataError, with the names there are and the nearest, when there is none or more than one.
    """
    number = names.count(name)
    if number == 1:
        return name
    if number > 1:
        raise context.refusal(f"{number} columns are called {name!r}; rename all but one")
    for form in (plain, unitless):
        like = [column for column in names if form(column) == form(name)]
        if len(like) == 1:
            context.info("name", f"there is no column {name!r}; {like[0]!r} is taken for it", option)
            return like[0]
    raise context.refusal(_absent(name, names, option))


def _absent(name: str, names: tuple[str, ...], option: str) -> str:
    """Return what to say of a column that is not there."""
    by_form = {plain(column): column for column in names}
    near = difflib.get_close_matches(plain(name), by_form, n=1)
    hint = f"; did you mean {by_form[near[0]]!r}?" if near else ""
    return f"there is no column {name!r} ({option}); the columns are {listed(names)}{hint}"


def listed(names: tuple[str, ...]) -> str:
    """The names with commas between; of a very wide table the first of them."""
    over = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {over:,} more" if over > 0 else "")


def plain(name: str) -> str:
    """A name without regard to case, white space and underscores."""
    return re.sub(r"[\s_]+", " ", name.strip()).casefold()


def unitless(name: str) -> str:
    """A plain name without the unit that follows it in brackets."""
    return re.sub(r"\s*[(\[].*[)\]]\s*$", "", plain(name))
