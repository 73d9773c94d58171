"""Folders of models: what several commands do with them, group by group."""

from __future__ import annotations

import dataclasses
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.shell.console import Console
from lstmcast.core.errors import DataError, LstmcastError, QualityError, TrainingError, UsageError
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


class OfGroup(Console):
    """A console for one group of many: what is said on stderr begins with its name, and nothing goes to stdout."""

    def __init__(self, console: Console, group: str) -> None:
        super().__init__(quiet=console.quiet, verbose=console.verbose)
        self._said, self._group = console, group

    def warn(self, message: str, code: str = "warning", **where: Any) -> None:
        """Say it with the group."""
        self._said.warn(f"group {self._group}: {message}", code, **where)

    def detail(self, message: str, code: str = "detail", **where: Any) -> None:
        """Say it with the group, for the curious."""
        self._said.detail(f"group {self._group}: {message}", code, **where)

    def hint(self, message: str, code: str = "hint") -> None:
        """Say nothing: hints are for one model."""

    def _emit(self, text: str) -> None:
        """Write nothing: what is given out is given out together."""


@dataclass(frozen=True)
class RefreshGroup:
    """A model of a folder to be trained on, as it travels: where it and its rows stand.

    least: the skill below which nothing is replaced; budget: seconds.
    """

    exclude: tuple[str, ...]
    is_always: bool
    least: float | None
    budget: float | None
    entry: Entry | None = None
    source: str = ""
    folder: str = ""

    def __call__(self) -> Refreshed:
        """Train it on; whatever goes wrong is in the result, so that other groups go on."""
        assert self.entry is not None
        try:
            return self._refreshed(self.entry)
        except LstmcastError as error:
            return Refreshed(self.entry, error=error)
        except Exception as bug:
            told = TrainingError(f"a bug of ours, {type(bug).__name__}: {bug}")
            return Refreshed(self.entry, error=told)

    def _refreshed(self, entry: Entry) -> Refreshed:
        from lstmcast import persistence
        from lstmcast.cli.sessions.reading import read_for_model
        from lstmcast.evaluation.verdict import skill
        from lstmcast.pipeline.groups import verdict_by
        from lstmcast.pipeline.refresh import Outcome, refreshing

        model = persistence.from_bytes(persistence.model_bytes(self.folder, entry))
        spans = dict.fromkeys((*model.options.exclude, *self.exclude))
        options = dataclasses.replace(model.options, exclude=tuple(spans))
        model = dataclasses.replace(model, options=options)
        panel = read_for_model(self.source, model, MUTE).panel
        (*_, outcome) = refreshing(model, panel, budget=self.budget, always=self.is_always, threads=1)
        assert isinstance(outcome, Outcome)
        ships = outcome.challenger if outcome.is_better else outcome.champion
        found, _ = skill(ships["test"])
        if self.least is not None and (found is None or found < self.least):
            message = (
                f"--require-skill asks for {self.least:.1%}, and it has {0.0 if found is None else found:.1%}"
            )
            return Refreshed(entry, error=QualityError(message.replace("%", " %"), option="--require-skill"))
        if not (outcome.is_better or self.is_always):
            return Refreshed(entry)
        verdict = verdict_by(outcome.challenger["test"])
        return Refreshed(entry, persistence.to_bytes(outcome.model), verdict)


@dataclass(frozen=True)
class Refreshed:
    """The result for a group: the bytes of the model that replaces it, None where the old one stays, or an error."""

    entry: Entry
    data: bytes | None = None
    verdict: Mapping[str, Any] = field(default_factory=dict)
    error: LstmcastError | None = None


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
