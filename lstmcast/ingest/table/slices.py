"""Slices: the rows of one group, taken out of a file or a folder of files, as a source of their own."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lstmcast.core.errors import DataError
from lstmcast.core.options import write_names
from lstmcast.ingest.table.dialect import Dialect
from lstmcast.ingest.table.opening import open_table
from lstmcast.ingest.table.parquet import MAGIC, arrow_of
from lstmcast.ingest.table.reader import OpenTable
from lstmcast.ingest.table.roles import matched
from lstmcast.ingest.text.cells import as_text, factorized, shown
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.rules import ReadingRules
from lstmcast.ingest.text.source import STDIN, Slice, Watch

Group = tuple[str, ...]

NOTHING: Mapping[str, str] = {}
_PARQUET = (".parquet", ".pq", ".parq")
_NOWHERE = "__HIVE_DEFAULT_PARTITION__"  # hive's word for a key that is missing


@dataclass(frozen=True)
class PartFile:
    """The rows of a group, spooled into a file of their own; dialect: in which they were written."""

    path: str
    dialect: Dialect

    def __call__(self) -> io.BufferedReader:
        """Open the file; raises DataError where this machine does not see it."""
        try:
            return open(self.path, "rb")
        except OSError as error:
            message = (
                f"{self.path}: cannot be read: {error.strerror}; name an output folder that all workers see"
            )
            raise DataError(message, file=self.path) from None


@dataclass(frozen=True)
class ParquetRows:
    """The rows of a group within a parquet file, or a folder of them.

    keys: for each column of the group, the values that are called by its name, as the files hold them.
    """

    path: str
    columns: tuple[str, ...]
    keys: tuple[tuple[str, tuple[Any, ...]], ...]

    def __call__(self) -> io.BufferedReader:
        """Return a parquet file, in memory, of these rows alone; only row groups that may hold some are read."""
        arrow, parquet = arrow_of(self.path)
        import pyarrow.compute as compute

        wanted: Any = None
        for name, values in self.keys:
            each = compute.field(name).isin(list(values))
            wanted = each if wanted is None else wanted & each
        with _refusing(self.path, arrow):
            rows = _dataset(self.path).to_table(columns=list(self.columns), filter=wanted)
            held = io.BytesIO()
            parquet.write_table(rows, held)
        held.seek(0)
        return io.BufferedReader(held)


@dataclass(frozen=True)
class Slices:
    """A source cut into groups.

    by: the columns that name a group, as the source calls them; found: group -> its slice, in the order of their names;
    rows: of each group; left_out: rows without a group.
    """

    by: tuple[str, ...]
    found: Mapping[Group, Slice]
    rows: Mapping[Group, int]
    left_out: int
    columns: int
    context: ReadContext = field(repr=False)


def group_name(group: Group) -> str:
    """The name of a group as lists have it: `north,3`."""
    return write_names(group)


def cut(
    source: str,
    by: Sequence[str],
    spool: str,
    *,
    rules: ReadingRules = ReadingRules(),  # noqa: B008 (frozen)
    needed: Collection[str] = (),
    named: Mapping[str, str] = NOTHING,
    watch: Watch | None = None,
) -> Slices:
    """Cut a file, or a folder of files, into its groups: those rows that have the same texts in the columns `by`.

    spool: an empty folder, into which rows of all but parquet files are copied, group by group. needed: columns of `by`
    that have another part to play too; the others do not stand in a slice. named: columns that must be there, and the
    options that name them. Raises DataError for a column or a file that is not there.
    """
    context = ReadContext(source, rules, watch=watch)
    if is_parquet(source):
        return _cut_parquet(source, by, context, needed, named)
    return _Spooling(source, by, spool, context, needed, named).run()


def is_parquet(source: str) -> bool:
    """Return whether a source is a parquet file, or a folder of them."""
    if os.path.isdir(source):
        return any(name.lower().endswith(_PARQUET) for name in _files(source))
    try:
        with open(source, "rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except (OSError, ValueError):
        return False  # whoever reads it says why it cannot be read


def _files(folder: str) -> list[str]:
    """The files of a folder and of those in it, in the order of their names; hidden ones are left out."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name[:1] not in "._")
        found += [os.path.join(place, name) for name in sorted(names) if name[:1] not in "._"]
    return found


def _partitions(path: str, folder: str) -> dict[str, str]:
    """The columns that the folders of a hive-partitioned file name: `region=north` is one."""
    from urllib.parse import unquote

    parts = Path(os.path.relpath(path, folder)).parts[:-1]
    pairs = [part.split("=", 1) for part in parts if "=" in part]
    return {name: "" if value == _NOWHERE else unquote(value) for name, value in pairs}


def _called(asked: Mapping[str, str], names: tuple[str, ...], context: ReadContext) -> tuple[str, ...]:
    """The columns that options name, as the source calls them; raises DataError for one that is not there."""
    return tuple(matched(name, names, context, option) for name, option in asked.items())


class _Spooling:
    """Copies the rows of each group into a file of its own, in one pass over all files."""

    def __init__(
        self,
        source: str,
        by: Sequence[str],
        spool: str,
        context: ReadContext,
        needed: Collection[str],
        named: Mapping[str, str],
    ) -> None:
        self._source, self._asked, self._spool, self._context = source, tuple(by), spool, context
        self._needed, self._named = set(needed), named
        self._by: tuple[str, ...] = ()
        self._names: tuple[str, ...] = ()
        self._kept: list[str] = []
        self._delimiter = ","
        self._rows: dict[Group, int] = {}
        self._left_out = 0

    def run(self) -> Slices:
        """Read all files and return their slices."""
        os.makedirs(self._spool, exist_ok=True)
        is_folder = self._source != STDIN and os.path.isdir(self._source)
        files = _files(self._source) if is_folder else [self._source]
        if not files:
            message = f"{self._source}: is a folder without a file; give one with CSV or parquet files"
            raise DataError(message, file=self._source)
        for path in files:
            self._add(path, _partitions(path, self._source) if is_folder else {})
        groups = sorted(self._rows)
        dialect = Dialect(self._delimiter, tuple(self._kept), 2)
        found = {group: Slice(self._called(group), PartFile(self._part(group), dialect)) for group in groups}
        rows = {group: self._rows[group] for group in groups}
        return Slices(self._by, found, rows, self._left_out, len(self._kept), self._context)

    def _called(self, group: Group) -> str:
        return f"{self._source}, group {group_name(group)}"

    def _part(self, group: Group) -> str:
        digest = hashlib.sha256("\0".join(group).encode()).hexdigest()
        return os.path.abspath(os.path.join(self._spool, f"{digest}.csv"))

    def _add(self, path: str, partitions: Mapping[str, str]) -> None:
        context = ReadContext(path, self._context.rules, self._context.findings, watch=self._context.watch)
        table = open_table(path, context)
        names = tuple(dict.fromkeys((*table.names, *partitions)))
        self._begin(names, table, context)
        fixed = {name: text for name, text in partitions.items() if name not in table.names}
        columns = [name for name in self._names if name not in fixed]
        for chunk in table.chunks(columns):
            cells = {name: as_text(column) for name, column in zip(columns, chunk.cells, strict=True)}
            cells |= {name: np.full(len(chunk.lines), text, dtype=object) for name, text in fixed.items()}
            self._spread(cells)

    def _begin(self, names: tuple[str, ...], table: OpenTable, context: ReadContext) -> None:
        """Take the columns of the first file; raises DataError for another file that lacks one of them."""
        if not self._names:
            found = _called(dict.fromkeys(self._asked, "--by"), names, context)
            _called(self._named, names, context)
            self._by, self._names = found, names
            self._kept = [name for name in names if name not in found or name in self._needed]
            self._delimiter = ";" if table.has_semicolons else ","
        for name in self._names:
            if name not in names:
                message = (
                    f"there is no column {name!r}, which the files before it have; give files of one kind"
                )
                raise context.refusal(message, column=name)

    def _spread(self, cells: Mapping[str, Any]) -> None:
        """Append the rows of a chunk to the files of their groups."""
        codes, texts = zip(*(factorized(cells[name]) for name in self._by), strict=True)
        whole, local = np.unique(np.stack(codes), axis=1, return_inverse=True)
        columns = [cells[name] for name in self._kept]
        order = np.argsort(local.ravel(), kind="stable")
        ends = np.cumsum(np.bincount(local.ravel(), minlength=whole.shape[1]))
        for number, rows in enumerate(np.split(order, ends[:-1])):
            group = tuple(
                shown(text[code]).strip() for text, code in zip(texts, whole[:, number], strict=True)
            )
            if not all(group):
                self._left_out += len(rows)
            else:
                self._append(group, zip(*(column[rows] for column in columns), strict=True), len(rows))

    def _append(self, group: Group, rows: Iterator[tuple[Any, ...]], count: int) -> None:
        with open(self._part(group), "a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=self._delimiter, lineterminator="\n")
            if group not in self._rows:
                writer.writerow(self._kept)
            writer.writerows(rows)
        self._rows[group] = self._rows.get(group, 0) + count


def _cut_parquet(
    source: str, by: Sequence[str], context: ReadContext, needed: Collection[str], named: Mapping[str, str]
) -> Slices:
    """Return the slices of parquet files, of which only the columns of groups are read."""
    arrow, _ = arrow_of(source)
    with _refusing(source, arrow):
        dataset = _dataset(source)
        names = tuple(dataset.schema.names)
        by = _called(dict.fromkeys(by, "--by"), names, context)
        _called(named, names, context)
        counted = dataset.to_table(columns=list(by)).group_by(list(by)).aggregate([([], "count_all")])
    kept = tuple(name for name in names if name not in by or name in needed)
    raw: dict[Group, list[tuple[Any, ...]]] = {}
    rows: dict[Group, int] = {}
    left_out = 0
    values = [counted.column(name).to_pylist() for name in by]
    texts = [counted.column(name).cast(arrow.string()).to_pylist() for name in by]
    for number, count in enumerate(counted.column("count_all").to_pylist()):
        group = tuple((column[number] or "").strip() for column in texts)
        if not all(group):
            left_out += count
            continue
        raw.setdefault(group, []).append(tuple(column[number] for column in values))
        rows[group] = rows.get(group, 0) + count
    found = {}
    for group in sorted(raw):
        keys = tuple((name, tuple({key[i] for key in raw[group]})) for i, name in enumerate(by))
        called = f"{source}, group {group_name(group)}"
        found[group] = Slice(called, ParquetRows(os.path.abspath(source), kept, keys))
    return Slices(tuple(by), found, {group: rows[group] for group in found}, left_out, len(kept), context)


def _dataset(path: str) -> Any:
    """The parquet files of a path, the columns that their folders name among them, as text."""
    arrow, _ = arrow_of(path)
    from pyarrow import dataset

    if not os.path.isdir(path):
        return dataset.dataset(path, format="parquet")
    files = [name for name in _files(path) if name.lower().endswith(_PARQUET)]
    names = list(dict.fromkeys(name for file in files for name in _partitions(file, path)))
    hive = dataset.partitioning(arrow.schema([(name, arrow.string()) for name in names]), flavor="hive")
    return dataset.dataset(files, format="parquet", partitioning=hive if names else None)


@contextmanager
def _refusing(source: str, arrow: Any) -> Iterator[None]:
    """Raise DataError for what pyarrow, or the file system, cannot read."""
    try:
        yield
    except (arrow.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        message = f"{source}: cannot be read as parquet ({reason}); write it again"
        raise DataError(message, file=source) from None
