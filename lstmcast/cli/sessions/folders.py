"""Folders of models: what several commands do with them, group by group."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lstmcast.cli.shell.console import Console
from lstmcast.core.errors import DataError, LstmcastError, UsageError
from lstmcast.core.findings import count

if TYPE_CHECKING:
    from lstmcast.ingest import ReadingRules, Slices
    from lstmcast.model.model import Model
    from lstmcast.persistence.index import Index, IndexEntry

MUTE = Console(quiet=True)
_SPOOL = ".parts-"


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


class Recorder(Console):
    """A console that keeps what is to be said of a group until its turn comes."""

    def __init__(self, console: Console) -> None:
        super().__init__(quiet=console.quiet, verbose=console.verbose)
        self.said: list[tuple[str, str, str, dict[str, Any]]] = []

    def warn(self, message: str, code: str = "warning", **where: Any) -> None:
        """Keep a warning."""
        self.said.append(("warn", message, code, where))

    def detail(self, message: str, code: str = "detail", **where: Any) -> None:
        """Keep a detail."""
        self.said.append(("detail", message, code, where))

    def say_on(self, console: Console) -> None:
        """Say all of it on a console."""
        for how, message, code, where in self.said:
            getattr(console, how)(message, code, **where)


class OfGroup(Console):
    """A console for one group of many: what is said on stderr begins with its name, and nothing goes to stdout."""

    def __init__(self, console: Console, group: str) -> None:
        super().__init__(quiet=console.quiet, verbose=console.verbose)
        self._said, self._group = console, group

    def about(self, message: str) -> str:
        """Return the message with the group."""
        return f"group {self._group}: {message}"

    def warn(self, message: str, code: str = "warning", **where: Any) -> None:
        """Say it with the group."""
        self._said.warn(self.about(message), code, **where)

    def detail(self, message: str, code: str = "detail", **where: Any) -> None:
        """Say it with the group, for the curious."""
        self._said.detail(self.about(message), code, **where)

    def hint(self, message: str, code: str = "hint") -> None:
        """Say nothing: hints are for one model."""

    def _emit(self, text: str) -> None:
        """Write nothing: what is given out is given out together."""


@contextlib.contextmanager
def cut_into_groups(
    source: str,
    by: Sequence[str],
    console: Console,
    *,
    rules: ReadingRules | None = None,
    needed: Collection[str] = (),
    named: Mapping[str, str] | None = None,
    beside: str | None = None,
) -> Iterator[Slices]:
    """Cut a source into groups; what is copied for it is gone in the end.

    needed, named: as `ingest.cut` takes them; beside: the folder in which copies are made, where workers of other
    machines see them; None is one of this machine.
    """
    from lstmcast.ingest import ReadingRules, cut

    if beside is not None:
        for name in os.listdir(beside):
            if name.startswith(_SPOOL):  # of a run that was killed, as this one holds the lock
                shutil.rmtree(os.path.join(beside, name), ignore_errors=True)
    spool = tempfile.mkdtemp(prefix=_SPOOL, dir=beside)
    try:
        with console.reading() as watch:
            found = cut(
                source,
                by,
                spool,
                rules=rules or ReadingRules(),
                needed=needed,
                named=named or {},
                watch=watch,
            )
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
) -> Iterator[tuple[IndexEntry, str]]:
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


def cut_for_models(
    index: Index, folder: str, source: str, console: Console
) -> contextlib.AbstractContextManager[Slices]:
    """A source cut into the groups of a folder, by what its first model knows of such files."""
    from lstmcast import ingest
    from lstmcast.core.options import parse_names

    model = _first_model(folder, index)
    if model is None:
        return cut_into_groups(source, index.by, console)
    names = {field.name for field in dataclasses.fields(ingest.ReadingRules)} - {"exclude"}
    rules = ingest.ReadingRules(**{name: getattr(model.options, name) for name in names})
    contract = model.contract
    needed = {*parse_names(contract.id), *contract.known, *contract.past, contract.target}
    return cut_into_groups(source, index.by, console, rules=rules, needed=needed)


def _first_model(folder: str, index: Index) -> Model | None:
    """The first model of a folder that can be read; what is wrong with others is said when their turn comes."""
    for entry in index.entries:
        with contextlib.suppress(LstmcastError):
            return model_of(folder, entry)
    return None


def model_of(folder: str, entry: IndexEntry) -> Model:
    from lstmcast import persistence

    return persistence.from_bytes(persistence.model_bytes(folder, entry))
