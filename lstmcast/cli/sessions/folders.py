"""Folders of models: what several commands do with them, group by group."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.shell.console import Console
from lstmcast.core.errors import DataError, LstmcastError, UsageError
from lstmcast.core.findings import count

if TYPE_CHECKING:
    from lstmcast.core.options import Options
    from lstmcast.core.panel import Panel
    from lstmcast.ingest import ReadingRules, Slices
    from lstmcast.persistence.index import Entry, Index

GROUPS = "Groups"
MUTE = Console(quiet=True)
_SPOOL = ".parts-"
Group = tuple[str, ...]

By = Annotated[
    str | None,
    typer.Option(
        "--by",
        metavar="A,B",
        help="train a model for each group of these columns [none]",
        rich_help_panel=GROUPS,
    ),
]
Jobs = Annotated[
    str | None,
    typer.Option(
        "--jobs",
        metavar="N",
        help="groups that are trained at a time [--threads, or the cores]",
        rich_help_panel=GROUPS,
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="train groups on a dask cluster: tcp://host:8786, or local:N [none]",
        is_eager=True,  # said anew each time: tasks are code, which no file of settings may send somewhere
        rich_help_panel=GROUPS,
    ),
]
AllowMixed = Annotated[
    bool,
    typer.Option(
        "--allow-mixed",
        help="take workers of other versions, whose last bits may differ",
        rich_help_panel=GROUPS,
    ),
]
MaxFailures = Annotated[
    str | None,
    typer.Option(
        "--max-failures",
        metavar="N",
        help="stop once more than N groups have failed [all are tried]",
        rich_help_panel=GROUPS,
    ),
]


@dataclass(frozen=True)
class ReadGroup:
    """Reads the rows of one group by the options of a training; it travels to workers in place of the rows."""

    source: str
    options: Options

    def __call__(self) -> GroupRows:
        """Read them; raises DataError for rows that cannot be understood."""
        from lstmcast.cli.sessions.reading import read_for_training

        reading = read_for_training(self.source, self.options, MUTE)
        return GroupRows(reading.panel, reading.shown, reading.roles.time)


@dataclass(frozen=True, eq=False)
class GroupRows:
    """The rows of a group, and what they showed."""

    panel: Panel
    shown: dict[str, Any]
    time_column: str | None


@dataclass
class Failed:
    """The groups of a command that came to nothing, with the first error of each kind; the others are done."""

    groups: dict[str, LstmcastError] = field(default_factory=dict)

    def note(self, group: str, error: LstmcastError, console: Console) -> None:
        """Keep an error, and say it."""
        self.groups[group] = error
        console.warn(f"group {group}: {error}", error.name, **error.where)

    def refuse(self, total: int, what: str) -> None:
        """Raise an error of the kind of the first one, with how many there are, if there are any."""
        if self.groups:
            group, first = next(iter(self.groups.items()))
            message = f"{len(self.groups):,} of {total:,} groups {what}; the first is {group}: {first}"
            raise type(first)(message)


@contextmanager
def cut_into_groups(
    source: str,
    by: Sequence[str],
    console: Console,
    *,
    rules: ReadingRules | None = None,
    needed: Collection[str] = (),
    beside: str | None = None,
) -> Iterator[Slices]:
    """Cut a source into groups; what is copied for it is gone in the end.

    beside: the folder in which copies are made, where workers of other machines see them; None is one of this machine.
    """
    from lstmcast.ingest import ReadingRules, cut

    if beside is not None:
        for name in os.listdir(beside):
            if name.startswith(_SPOOL):  # of a run that was killed, as this one holds the lock
                shutil.rmtree(os.path.join(beside, name), ignore_errors=True)
    spool = tempfile.mkdtemp(prefix=_SPOOL, dir=beside)
    try:
        with console.reading() as watch:
            found = cut(source, by, spool, rules=rules or ReadingRules(), needed=needed, watch=watch)
        if not found.found:
            message = f"{source}: no row has a group; {', '.join(by)} is empty everywhere"
            raise DataError(message, file=source, option="--by")
        if found.left_out:
            console.warn(f"{count(found.left_out, 'row')} of {source} without a group left out", "no_group")
        yield found
    finally:
        shutil.rmtree(spool, ignore_errors=True)


def groups_beside_models(
    index: Index, slices: Slices, source: str, console: Console
) -> Iterator[tuple[Entry, str]]:
    """Yield each model of a folder with the slice of its group; what has no counterpart is said once."""
    new = [group for group in slices.found if group not in index.by_group]
    if new:
        from lstmcast.ingest import group_name

        message = f"{count(len(new), 'group')} of {source} without a model left out, the first is {group_name(new[0])}"
        console.warn(message, "groups_left_out", file=source)
    for entry in index.entries:
        if entry.group in slices.found:
            yield entry, slices.found[entry.group]


def absent_groups(index: Index, slices: Slices, source: str) -> Mapping[str, LstmcastError]:
    """The models whose groups have no row in a source."""
    return {
        entry.name: DataError(f"{source}: has no row of group {entry.name}", file=source)
        for entry in index.entries
        if entry.group not in slices.found
    }


def refuse_of_one_model(folder: str, **given: object) -> None:
    """Raise UsageError for the first option that is set and has no use for a folder of models."""
    for name, value in given.items():
        if value:
            option = "--" + name.replace("_", "-")
            message = (
                f"{option} is for one model, and {folder} is a folder; leave it out, or name a model in it"
            )
            raise UsageError(message, option=option)
