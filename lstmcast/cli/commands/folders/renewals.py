"""Renewals of a folder: every model trained on with the new rows of its group."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lstmcast.cli.sessions.folders import (
    MUTE,
    Failed,
    absent_groups,
    cut_for_models,
    groups_beside_models,
    model_of,
)
from lstmcast.cli.shell.progress import NETWORKS
from lstmcast.cli.show.verdict import outcome_gate
from lstmcast.core.errors import LstmcastError, TooFewNewError, TrainingError

if TYPE_CHECKING:
    from lstmcast.cli.shell.console import Console
    from lstmcast.persistence.index import IndexEntry


@dataclass(frozen=True)
class RefreshGroup:
    """A model of a folder to be trained on, as it travels: where it and its rows stand.

    least: the skill below which nothing is replaced; budget: seconds.
    """

    exclude: tuple[str, ...]
    is_always: bool
    least: float | None
    budget: float | None
    entry: IndexEntry | None = None
    source: str = ""
    folder: str = ""

    def __call__(self) -> Refreshed:
        """Train it on; whatever goes wrong is in the result, so that other groups go on."""
        assert self.entry is not None
        try:
            return self._refreshed(self.entry)
        except Exception as error:
            return Refreshed(self.entry, error=_told(error))

    def _refreshed(self, entry: IndexEntry) -> Refreshed:
        from lstmcast import persistence
        from lstmcast.cli.sessions.reading import read_for_model, with_spans_excluded
        from lstmcast.pipeline.groups import verdict_by
        from lstmcast.pipeline.refresh import Outcome, refreshing

        model = with_spans_excluded(model_of(self.folder, entry), self.exclude)
        panel = read_for_model(self.source, model, MUTE).panel
        try:
            (*_, outcome) = refreshing(model, panel, budget=self.budget, always=self.is_always, threads=1)
        except TooFewNewError:
            if self.is_always:
                raise
            return Refreshed(entry)
        assert isinstance(outcome, Outcome)
        failed = outcome_gate(outcome, self.least, "its model stays")
        if failed is not None:
            return Refreshed(entry, error=failed)
        if not (outcome.is_better or self.is_always):
            return Refreshed(entry)
        verdict = verdict_by(outcome.challenger["test"])
        return Refreshed(entry, persistence.to_bytes(outcome.model), verdict)


def _told(error: Exception) -> LstmcastError:
    """The error as one of ours, since it stops one group and not the others."""
    from lstmcast.pipeline.groups import failure_of

    return error if isinstance(error, LstmcastError) else TrainingError(failure_of(error)[1])


@dataclass(frozen=True)
class Refreshed:
    """The result for a group: the bytes of the model that replaces it, None where the old one stays, or an error."""

    entry: IndexEntry
    data: bytes | None = None
    verdict: Mapping[str, Any] = field(default_factory=dict)
    error: LstmcastError | None = None


def refresh_folder(
    folder: str, source: str, asked: RefreshGroup, count: int, wait: float, console: Console
) -> None:
    """Train every model of a folder on with the new rows of its group; those that win replace theirs, all at once.

    asked: a task whose group, rows and model are still to be named; count: older indexes that are kept.
    """
    from lstmcast import persistence
    from lstmcast.pipeline.pool import WorkerPool
    from lstmcast.training.workers import cores

    failed, lost = Failed(), 0
    won: list[IndexEntry] = []
    with persistence.lock(persistence.index_file(folder), wait), console.stages():
        index = persistence.read_index(folder)
        with cut_for_models(index, folder, source, console) as slices:
            for name, error in absent_groups(index, slices, source).items():
                failed.note(name, error, console)
            pairs = list(groups_beside_models(index, slices, source, console))
            jobs = min(cores(), max(len(pairs), 1))
            share = None if asked.budget is None else asked.budget * jobs / max(len(pairs), 1)
            tasks = (
                dataclasses.replace(asked, entry=entry, source=rows, folder=folder, budget=share)
                for entry, rows in pairs
            )
            for number, done in enumerate(WorkerPool(jobs).run(tasks), start=1):
                console.counted(NETWORKS, number, len(pairs), f"group {number:,} of {len(pairs):,}")
                lost += _taken(done, folder, won, failed, console)
        if won:
            persistence.keep_old_index(folder, count)
            persistence.write_index(folder, index.with_entries(won, index.failures))
            persistence.sweep_models(folder)
    _show_refreshed(folder, won, lost, count, failed, console)
    failed.refuse(len(index.entries), "are not refreshed")


def _taken(done: Refreshed, folder: str, won: list[IndexEntry], failed: Failed, console: Console) -> bool:
    """Write the model of a group that is better; returns whether the old one stays."""
    from lstmcast import persistence

    if done.error is not None:
        failed.note(done.entry.name, done.error, console)
    elif done.data is not None:
        file, digest = persistence.put_model(folder, done.entry.group, done.data)
        won.append(dataclasses.replace(done.entry, file=file, sha256=digest, verdict=done.verdict))
    return done.error is None and done.data is None


def _show_refreshed(
    folder: str, won: Sequence[IndexEntry], lost: int, count: int, failed: Failed, console: Console
) -> None:
    total = len(won) + lost + len(failed.groups)
    undo = "; undo with --rollback" if won and count else ""
    console.result(f"{len(won):,} of {total:,} models are replaced, {lost:,} stay as they are{undo}.")
    console.document(
        {
            "folder": folder,
            "replaced": [entry.name for entry in won],
            "stayed": lost,
            "failures": [{"group": name, "message": str(error)} for name, error in failed.groups.items()],
        }
    )


def roll_folder_back(folder: str, wait: float, console: Console) -> None:
    """Put the index before the last refresh back, and with it all models that it lists."""
    from lstmcast import persistence

    with persistence.lock(persistence.index_file(folder), wait):
        old = persistence.roll_index_back(folder)
    console.note(f"{folder} is again what {old} was")
    console.document({"model": folder, "restored": old})
