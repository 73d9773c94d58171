"""A model for each group of a file: trained side by side, written into a folder, and reported on together."""

from __future__ import annotations

import dataclasses
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lstmcast.cli.sessions.folders import MUTE, cut_into_groups
from lstmcast.cli.shell import log
from lstmcast.cli.shell.progress import NETWORKS
from lstmcast.cli.shell.signals import ignore_signals
from lstmcast.core.errors import LstmcastError, QualityError, TrainingError, UsageError
from lstmcast.core.findings import percent
from lstmcast.core.options import parse_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lstmcast.cli.shell.console import Console
    from lstmcast.core.options import Options
    from lstmcast.core.panel import Panel
    from lstmcast.ingest import Slices
    from lstmcast.persistence.index import Failure, Index
    from lstmcast.pipeline.groups import GroupTask, TrainedGroup
    from lstmcast.pipeline.pool import WorkerPool

DEFAULT_FOLDER = "models"
_INDEX_EVERY = 5.0  # seconds: what a killed run loses is trained again
_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Fleet:
    """All that is asked of a training of groups beside its options.

    by: the columns that name a group; skill: least gain over the best baseline, below which no model is written;
    most_failures: the run stops once there are more, None never.
    """

    by: tuple[str, ...]
    place: WorkerPool
    skill: float | None = None
    most_failures: int | None = None
    wait: float = 0.0
    is_forced: bool = False


@dataclass(frozen=True)
class Done:
    """A folder after a run: its index, the groups that failed, how many were trained, kept, failed and not tried, and
    the error that sums up the failures: of training (exit 7), or of quality where all fall short (exit 5)."""

    index: Index
    failures: tuple[Failure, ...]
    counts: Mapping[str, int]
    error: LstmcastError | None


def train_fleet(source: str, options: Options, folder: str, asked: Fleet, console: Console) -> Done:
    """Train a model for each group, and write the folder; finished ones of the same data and options are kept.

    Raises what cannot be said of one group alone: UsageError, OutputError, BusyError, DataError for the source.
    """
    from lstmcast import ingest, persistence

    began = time.monotonic()
    asked.place.check()
    options = dataclasses.replace(options, exclude=ingest.expanded(options.exclude))
    _make_folder(folder, source)
    with persistence.lock(persistence.index_file(folder), asked.wait), console.stages():
        writing = _Writing(folder, _begun(folder, asked), asked, console)
        rules = ingest.ReadingRules(
            **{each.name: getattr(options, each.name) for each in dataclasses.fields(ingest.ReadingRules)}
        )
        named = _named(options)
        with cut_into_groups(
            source, asked.by, console, rules=rules, needed=named.keys(), named=named, beside=folder
        ) as slices:
            place = _told(slices, asked.place, console)
            writing.begin(slices)
            writing.take(place.run(_tasks(slices, options, writing, place, began)))
    return writing.done()


def _named(options: Options) -> dict[str, str]:
    """The columns that options name, each with its option."""
    roles = {
        "--target": parse_names(options.target),
        "--id": parse_names(options.id),
        "--known": options.known,
        "--past": options.past,
    }
    return {name: option for option, names in roles.items() for name in names}


def _make_folder(folder: str, source: str) -> None:
    """Make the output folder; raises OutputError where it cannot be written, UsageError for that of the data."""
    from lstmcast import persistence

    if os.path.isfile(folder):
        message = f"--by writes a folder of models, and {folder} is a file; name a folder with --output"
        raise UsageError(message, option="--output")
    if os.path.isdir(source) and os.path.realpath(source) == os.path.realpath(folder):
        raise UsageError("--output names the folder of DATA; name another", option="--output")
    persistence.make_folder(folder)
    persistence.probe_folder(persistence.index_file(folder), _MEGABYTE)


def _begun(folder: str, asked: Fleet) -> Index:
    """Return the index in the folder; raises UsageError where that is of other columns, or no index."""
    from lstmcast import persistence
    from lstmcast.core.errors import ModelFileError

    if not os.path.lexists(persistence.index_file(folder)):
        return persistence.Index(asked.by)
    try:
        found = persistence.read_index(folder)
    except ModelFileError as error:
        if asked.is_forced:
            return persistence.Index(asked.by)
        raise UsageError(f"--output: {error}; or replace it with --force", option="--output") from None
    if found.by == asked.by or asked.is_forced:
        return found if found.by == asked.by else persistence.Index(asked.by)
    message = (
        f"{folder} holds models by {','.join(found.by)}; name another folder, or replace it with --force"
    )
    raise UsageError(message, option="--output")


def _told(slices: Slices, place: WorkerPool, console: Console) -> WorkerPool:
    """Say how many groups there are and what a worker will need; no more workers than groups, nor than fit."""
    from lstmcast.persistence import system
    from lstmcast.pipeline.groups import memory_of

    groups, largest = len(slices.rows), max(slices.rows.values())
    each = memory_of(largest, slices.columns)
    free = system.free_memory()
    jobs = max(min(place.jobs, groups), 1)
    if free is not None and place.cluster is None and jobs > 1 and each * jobs > free:
        jobs = max(int(free // each), 1)
        console.warn(
            f"{place.jobs} workers of {each // _MEGABYTE:,} MB do not fit into {int(free) // _MEGABYTE:,} MB of free "
            f"memory: {jobs} at a time",
            "memory",
        )
    where = (
        f"the cluster {place.cluster}" if place.cluster else "1 worker" if jobs == 1 else f"{jobs} workers"
    )
    rows = sum(slices.rows.values())
    console.notes(
        [
            ("Groups", f"{groups:,} by {', '.join(slices.by)}; {rows:,} rows, at most {largest:,} in one"),
            ("Workers", f"{where}; each needs about {each // _MEGABYTE:,} MB"),
            ("", ""),
        ]
    )
    return dataclasses.replace(place, jobs=jobs)


def _tasks(
    slices: Slices, options: Options, writing: _Writing, place: WorkerPool, began: float
) -> Iterator[GroupTask]:
    from lstmcast.pipeline.groups import yield_tasks

    readers = {group: ReadGroup(found, options) for group, found in slices.found.items()}
    workers = place.local or place.jobs
    return yield_tasks(readers, options, writing.finished(), workers, began)


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


class _Writing:
    """The folder as it grows: each model into its file, and now and then the index."""

    def __init__(self, folder: str, begun: Index, asked: Fleet, console: Console) -> None:
        self._folder, self._index, self._asked, self._console = folder, begun, asked, console
        self._failures: dict[tuple[str, ...], tuple[str, str]] = {}
        self._trained: list[tuple[str, ...]] = []
        self._kept = 0
        self._total = 0
        self._written = time.monotonic()

    def begin(self, slices: Slices) -> None:
        """Let go of models whose groups the data no longer have, and say so."""
        self._total = len(slices.found)
        gone = [entry for entry in self._index.entries if entry.group not in slices.found]
        if gone:
            what = f"{len(gone):,} groups of {self._folder} are not in the data any more"
            message = f"{what}, the first is {gone[0].name}; their models leave the index"
            self._console.warn(message, "groups_gone")
            entries = [entry for entry in self._index.entries if entry.group in slices.found]
            self._index = dataclasses.replace(self._index, entries=tuple(entries))

    def finished(self) -> Mapping[tuple[str, ...], str]:
        """The models that are there: group -> of which data and options they are."""
        from lstmcast import persistence

        has = persistence.has_model
        return {entry.group: entry.training for entry in self._index.entries if has(self._folder, entry)}

    def take(self, results: Iterator[TrainedGroup]) -> None:
        """Write what comes until there is no more, or too much has failed; in the end the index is written anyhow."""
        try:
            for number, result in enumerate(results, start=1):
                self._note(result)
                self._console.counted(NETWORKS, number, self._total, f"group {number:,} of {self._total:,}")
                most = self._asked.most_failures
                if most is not None and len(self._failures) > most:
                    break
                if time.monotonic() - self._written >= _INDEX_EVERY:
                    self._write()
        except BaseException:
            ignore_signals()  # a second one shall not spoil what is written now
            self._write()
            raise
        self._write()
        from lstmcast import persistence

        persistence.sweep_models(self._folder)

    def _note(self, result: TrainedGroup) -> None:
        from lstmcast import ingest, persistence

        name = ingest.group_name(result.group)
        failure = result.failure or self._short(result)
        if failure is not None:
            self._failures[result.group] = failure
            self._console.warn(f"group {name}: {failure[1]}", failure[0])
        elif result.data is None:
            self._kept += 1
            self._console.detail(f"group {name}: kept, as data and options are the same", "kept")
        else:
            file, digest = persistence.put_model(self._folder, result.group, result.data)
            entry = persistence.IndexEntry(result.group, file, digest, result.training, result.verdict)
            self._index = self._index.with_entries([entry])
            self._trained.append(result.group)
            self._console.detail(
                f"group {name}: {_skill_words(entry.verdict)}, {result.seconds:.1f} s", "trained"
            )
            log.milestone("wrote", f"wrote {file}", file=os.path.join(self._folder, file))

    def _short(self, result: TrainedGroup) -> tuple[str, str] | None:
        """The failure of a model that does not beat the best baseline by what is asked."""
        least, found = self._asked.skill, result.verdict.get("skill")
        if least is None or result.data is None or (found is not None and found >= least):
            return None
        message = f"{_skill_words(result.verdict)}, --require-skill asks for {percent(least)}; not written"
        return QualityError.name, message

    def _write(self) -> None:
        from lstmcast import persistence

        self._written = time.monotonic()
        failures = [persistence.Failure(group, *told) for group, told in self._failures.items()]
        persistence.write_index(self._folder, self._index.with_entries([], failures))

    def done(self) -> Done:
        """Return what came of all groups."""
        from lstmcast import persistence

        failures = tuple(persistence.Failure(group, *told) for group, told in sorted(self._failures.items()))
        untried = self._total - len(self._trained) - self._kept - len(failures)
        counts = {
            "trained": len(self._trained),
            "kept": self._kept,
            "failed": len(failures),
            "not tried": untried,
        }
        return Done(self._index, failures, counts, self._error(failures))

    def _error(self, failures: Sequence[Failure]) -> LstmcastError | None:
        """The error that sums up what has failed, if something has."""
        if not failures:
            return None
        is_short = all(each.error == QualityError.name for each in failures)
        what = "fall short" if is_short else "failed"
        told = f"{len(failures):,} of {self._total:,} groups {what}, the others are done"
        first = f"the first is {failures[0].name}: {failures[0].message}"
        error: type[LstmcastError] = QualityError if is_short else TrainingError
        return error(f"{told}; {first}", file=self._folder)


def _skill_words(verdict: Mapping[str, Any]) -> str:
    skill = verdict.get("skill")
    return "no skill can be told" if skill is None else f"skill {percent(skill)}"
