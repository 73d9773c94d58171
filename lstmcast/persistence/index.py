"""The index of a folder of models: which file is of which group, with its hash and its verdict."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from lstmcast.core.errors import ModelFileError
from lstmcast.core.options import write_names
from lstmcast.persistence.files import remove_file, replace_file, shown
from lstmcast.persistence.record import LARGEST
from lstmcast.persistence.source import read_bytes

NAME = "index.json"
FORMAT = "lstmcast-folder"
VERSION = 1
LARGEST_INDEX = 1 << 30  # bytes of an index
_SLUG = 40  # letters of a file name that a person reads
_HASH = 16  # letters of a file name that tell files apart
_MODEL = re.compile(r"[A-Za-z0-9._-]{1,80}\.pkl")


@dataclass(frozen=True)
class IndexEntry:
    """A model of a folder.

    group: the texts of the columns that name it; sha256: of the file, in hex; training: of all that decides its bits;
    verdict: how it did on rows that it had not seen.
    """

    group: tuple[str, ...]
    file: str
    sha256: str
    training: str
    verdict: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The group as lists have it: `north,3`."""
        return write_names(self.group)


@dataclass(frozen=True)
class Failure:
    """A group that could not be trained, and why; error: the name of its kind, such as E_DATA."""

    group: tuple[str, ...]
    error: str
    message: str

    @property
    def name(self) -> str:
        """The group as lists have it: `north,3`."""
        return write_names(self.group)


@dataclass(frozen=True)
class Index:
    """The models of a folder, by the names of their groups, and those groups that have failed.

    by: the columns that name a group.
    """

    by: tuple[str, ...]
    entries: tuple[IndexEntry, ...] = ()
    failures: tuple[Failure, ...] = ()
    by_group: Mapping[tuple[str, ...], IndexEntry] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Put models in the order of their groups."""
        object.__setattr__(self, "entries", tuple(sorted(self.entries, key=lambda entry: entry.group)))
        object.__setattr__(self, "failures", tuple(sorted(self.failures, key=lambda found: found.group)))
        object.__setattr__(self, "by_group", {entry.group: entry for entry in self.entries})

    def with_entries(self, changed: Sequence[IndexEntry], failures: Sequence[Failure] = ()) -> Index:
        """The index with other models in the places of those of the same groups."""
        entries = {**self.by_group, **{entry.group: entry for entry in changed}}
        return Index(self.by, tuple(entries.values()), tuple(failures))

    def as_document(self) -> dict[str, Any]:
        """The index as JSON has it."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "by": list(self.by),
            "groups": [
                {**dataclasses.asdict(entry), "group": list(entry.group), "name": entry.name}
                for entry in self.entries
            ],
            "failures": [
                {
                    "group": list(found.group),
                    "name": found.name,
                    "error": found.error,
                    "message": found.message,
                }
                for found in self.failures
            ],
        }


def file_name(group: Sequence[str], data: bytes) -> str:
    """The name of a model's file: letters of its group that are safe everywhere, and a hash of the group and the bytes.

    No two groups share one, and a file is never written over: so a reader of the old index finds the old models.
    """
    plain = unicodedata.normalize("NFKD", "-".join(group)).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower()[:_SLUG].strip("-")
    digest = hashlib.sha256("\0".join(group).encode() + b"\0" + hashlib.sha256(data).digest()).hexdigest()
    return f"{slug}-{digest[:_HASH]}.pkl" if slug else f"{digest[:_HASH]}.pkl"


def index_file(folder: str) -> str:
    """The index of a folder."""
    return os.path.join(folder, NAME)


def read_index(folder: str) -> Index:
    """Read the index of a folder of models.

    Raises ModelFileError where there is none, or it is not one that `train --by` wrote.
    """
    path = index_file(folder)
    if not os.path.lexists(path):
        message = (
            f"{shown(folder)}: is a folder without {NAME}; name a model file, or a folder of `train --by`"
        )
        raise ModelFileError(message, file=folder)
    try:
        return _index(json.loads(read_bytes(path, LARGEST_INDEX)))
    except ModelFileError as error:
        raise ModelFileError(f"{shown(path)}: {error}", file=path) from None
    except (ValueError, KeyError, TypeError, RecursionError):
        message = f"{shown(path)}: is not an index of models, or damaged; train the folder again"
        raise ModelFileError(message, file=path) from None


def _index(document: Any) -> Index:
    if document["format"] != FORMAT:
        raise ValueError
    if document["version"] > VERSION:
        raise ModelFileError(
            f"is of version {document['version']}, newer than this lstmcast; update lstmcast"
        )
    entries = tuple(
        IndexEntry(
            texts_of(each["group"]),
            _file(each["file"]),
            str(each["sha256"]),
            str(each["training"]),
            _verdict(each["verdict"]),
        )
        for each in document["groups"]
    )
    failures = tuple(
        Failure(texts_of(each["group"]), str(each["error"]), str(each["message"]))
        for each in document["failures"]
    )
    by = texts_of(document["by"])
    groups = [*(entry.group for entry in entries), *(failure.group for failure in failures)]
    if any(len(group) != len(by) for group in groups):
        raise ValueError
    return Index(by, entries, failures)


def _verdict(found: Any) -> dict[str, Any]:
    """The verdict of a model, if it is one: figures are finite numbers or null, words are text or null."""
    verdict = {name: found[name] for name in ("skill", "best_baseline", "measure", "error")}
    for name, kind in (
        ("skill", float | int),
        ("error", float | int),
        ("best_baseline", str),
        ("measure", str),
    ):
        value = verdict[name]
        if value is None:
            continue
        if not isinstance(value, kind) or (not isinstance(value, str) and not math.isfinite(value)):
            raise ValueError
    return verdict


def texts_of(values: Any) -> tuple[str, ...]:
    """The texts that name a group or its columns; raises ValueError for anything else."""
    if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
        raise ValueError
    return tuple(values)


def _file(name: Any) -> str:
    """A file of the folder itself, not one that a forged index leads to elsewhere."""
    if not isinstance(name, str) or not _MODEL.fullmatch(name):
        raise ValueError
    return name


def write_index(folder: str, index: Index) -> None:
    """Replace the index of a folder, whole or not at all; raises OutputError."""
    text = json.dumps(index.as_document(), indent=1, ensure_ascii=False, allow_nan=False)
    replace_file(index_file(folder), (text + "\n").encode("utf-8", "surrogatepass"))


def model_bytes(folder: str, entry: IndexEntry) -> bytes:
    """The bytes of a model of a folder; raises ModelFileError where they are not those that the index lists."""
    path = os.path.join(folder, entry.file)
    try:
        data = read_bytes(path, LARGEST["model"])
    except ModelFileError as error:
        raise ModelFileError(f"{shown(path)}: {error}", file=path) from None
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        message = f"{shown(path)}: is not the file that {NAME} lists; restore it, or train the folder again"
        raise ModelFileError(message, file=path)
    return data


def has_model(folder: str, entry: IndexEntry) -> bool:
    """Return whether the file of an entry is there and holds what the index says."""
    try:
        model_bytes(folder, entry)
    except ModelFileError:
        return False
    return True


def put_model(folder: str, group: Sequence[str], data: bytes) -> tuple[str, str]:
    """Write a model into a folder, under a name of its own; return this name and the SHA-256. Raises OutputError."""
    name = file_name(group, data)
    replace_file(os.path.join(folder, name), data)
    return name, hashlib.sha256(data).hexdigest()


def keep_old_index(folder: str, count: int) -> None:
    """Keep the index as `index.json.1`, those before it as .2 and on, `count` in all; models stay in their files."""
    path = index_file(folder)
    for number in range(count, 0, -1):
        older = path if number == 1 else f"{path}.{number - 1}"
        if os.path.exists(older):
            with open(older, "rb") as file:
                replace_file(f"{path}.{number}", file.read())


def sweep_models(folder: str) -> None:
    """Remove model files that neither the index nor one of the kept ones lists; names of other kinds stay."""
    listed = set()
    for name in os.listdir(folder):
        if re.fullmatch(re.escape(NAME) + r"(\.\d+)?", name):
            with (
                suppress(ValueError, KeyError, TypeError, OSError, ModelFileError),
                open(os.path.join(folder, name), "rb") as file,
            ):
                listed |= {entry.file for entry in _index(json.loads(file.read())).entries}
    if not listed:
        return
    ours = re.compile(rf"([a-z0-9-]+-)?[0-9a-f]{{{_HASH}}}\.pkl")
    for name in os.listdir(folder):
        if ours.fullmatch(name) and name not in listed:
            remove_file(os.path.join(folder, name))


def roll_index_back(folder: str) -> str:
    """Put `index.json.1` back in the place of the index, and those behind it one place on; return its name.

    Raises ModelFileError where none was kept.
    """
    path = index_file(folder)
    old = f"{path}.1"
    if not os.path.exists(old):
        message = f"{shown(old)}: there is no older index to go back to; refresh keeps one with --keep"
        raise ModelFileError(message, file=old)
    number = 1
    while os.path.exists(f"{path}.{number}"):
        os.replace(f"{path}.{number}", path if number == 1 else f"{path}.{number - 1}")
        number += 1
    return old
