"""The files of lstmcast: models that are data, never code, and files replaced whole or not at all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lstmcast.core.errors import ModelFileError, OutputError
from lstmcast.persistence.databases import is_database, parse_table, replace_table, upsert
from lstmcast.persistence.files import (
    A_BLOCK,
    make_folder,
    permission_warning,
    probe_folder,
    remove_file,
    replace_file,
    replace_file_by_parts,
    shown,
    sweep,
)
from lstmcast.persistence.index import (
    Failure,
    Index,
    IndexEntry,
    has_model,
    index_file,
    keep_old_index,
    model_bytes,
    put_model,
    read_index,
    roll_index_back,
    sweep_models,
    write_index,
)
from lstmcast.persistence.ledgers import append_block, probe_ledger
from lstmcast.persistence.lock import lock
from lstmcast.persistence.record import LARGEST, Arrays, Document, Kind, decode, encode
from lstmcast.persistence.rotation import forget_old, keep_old, newest_old, roll_back
from lstmcast.persistence.source import read_bytes

# What makes a model of a file brings pandas, and is loaded once the file is known to be ours: a hostile one is
# refused before.
if TYPE_CHECKING:
    from lstmcast.model.model import Model
    from lstmcast.training.checkpoint import Checkpoint

__all__ = [
    "A_BLOCK",
    "Arrays",
    "Document",
    "Failure",
    "Index",
    "IndexEntry",
    "Kind",
    "append_block",
    "checkpoint_name",
    "decode",
    "encode",
    "from_bytes",
    "has_model",
    "index_file",
    "is_database",
    "keep_old_index",
    "load",
    "load_checkpoint",
    "load_identified",
    "lock",
    "make_folder",
    "model_bytes",
    "newest_old",
    "parse_table",
    "permission_warning",
    "probe_folder",
    "probe_ledger",
    "put_model",
    "read",
    "read_bytes",
    "read_index",
    "remove_file",
    "replace_file",
    "replace_file_by_parts",
    "replace_table",
    "roll_back",
    "roll_index_back",
    "save",
    "save_checkpoint",
    "save_keeping_old",
    "shown",
    "sweep",
    "sweep_models",
    "to_bytes",
    "upsert",
    "write",
    "write_index",
    "write_text",
    "write_texts",
]


IDENTITY = 12


def write(path: str | os.PathLike[str], document: Document, arrays: Arrays, kind: Kind = "model") -> None:
    """Put a document and its arrays into the file `path`: the same input gives the same bytes.

    Raises OutputError when they cannot be kept in a model file, or the file cannot be written; whatever
    stood there before is then as it was.
    """
    try:
        data = encode(document, arrays, kind)
    except OutputError as error:
        raise OutputError(f"cannot write {shown(path)}: {error}", file=os.fsdecode(path)) from None
    replace_file(path, data)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Makes `text`, as UTF-8, the contents of the file `path`, whole or not at all; raises OutputError."""
    write_texts(path, (text,))


def write_texts(path: str | os.PathLike[str], parts: Iterable[str]) -> None:
    """Write a text that comes part by part, and is never in memory as a whole; raises what `write_text` does."""
    replace_file_by_parts(path, (part.encode("utf-8") for part in parts))


def read(path: str | os.PathLike[str], kind: Kind = "model") -> tuple[Document, Arrays]:
    """The document and the arrays of the file `path`; nothing in it is ever executed.

    Raises ModelFileError, one line with the file's name, for everything that `write` would not have written.
    """
    with _naming(path):
        return decode(read_bytes(path, LARGEST[kind]), kind)


@contextmanager
def _naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Errors of a model file say which it is."""
    try:
        yield
    except ModelFileError as error:
        raise ModelFileError(f"{shown(path)}: {error}", file=os.fsdecode(path)) from None


def to_bytes(model: Model) -> bytes:
    """The bytes of the file of a trained model; raises OutputError where no model file can hold it."""
    from lstmcast.persistence.models import to_record

    return encode(*to_record(model))


def save(model: Model, path: str | os.PathLike[str]) -> None:
    """Put a trained model into the file `path`; raises OutputError as `write` does."""
    from lstmcast.persistence.models import to_record

    write(path, *to_record(model))


def save_keeping_old(model: Model, path: str | os.PathLike[str], count: int) -> None:
    """Save a model, with the file that stood there kept as `path`.1, and those before it as .2 and on, `count` in all.

    At no moment is `path` missing or torn. Call it with the file's lock.
    """
    if count:
        keep_old(path)
    save(model, path)
    forget_old(path, count)


def load(path: str | os.PathLike[str]) -> Model:
    """The model in the file `path`; raises ModelFileError as `read` does, and where its parts do not fit together."""
    return load_identified(path)[0]


def load_identified(path: str | os.PathLike[str]) -> tuple[Model, str]:
    """Load a model, and return with it a short identity of just that file: the beginning of its SHA-256."""
    with _naming(path):
        data = read_bytes(path, LARGEST["model"])
        document, arrays = decode(data, "model")
        from lstmcast.persistence.models import from_record

        try:
            return from_record(document, arrays), hashlib.sha256(data).hexdigest()[:IDENTITY]
        except ModelFileError as error:
            raise ModelFileError(f"{error}; train the model again") from None


def from_bytes(data: bytes) -> Model:
    """The model in the bytes of a model file; raises ModelFileError as `load` does."""
    document, arrays = decode(data, "model")
    from lstmcast.persistence.models import from_record

    return from_record(document, arrays)


def checkpoint_name(path: str | os.PathLike[str]) -> str:
    """The file beside the model `path` that holds how far its training came; behind a symlink beside the real one."""
    name = os.fsdecode(path)
    return f"{os.path.realpath(name) if os.path.islink(name) else name}.ckpt"


def save_checkpoint(checkpoint: Checkpoint, path: str | os.PathLike[str]) -> None:
    """Put a checkpoint into the file `path`; raises OutputError as `write` does."""
    from lstmcast.persistence.checkpoints import to_record

    write(path, *to_record(checkpoint), kind="checkpoint")


def load_checkpoint(path: str | os.PathLike[str]) -> Checkpoint | None:
    """The checkpoint in the file `path`, None where there is no such file; raises ModelFileError as `load` does."""
    if not os.path.lexists(path):
        return None
    document, arrays = read(path, "checkpoint")
    from lstmcast.persistence.checkpoints import from_record

    with _naming(path):
        return from_record(document, arrays)
