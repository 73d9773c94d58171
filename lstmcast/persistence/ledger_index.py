"""The index of a folder of ledgers: which groups of a folder of models have one."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

from lstmcast.core.errors import DataError, ModelFileError
from lstmcast.persistence.files import replace_file, shown
from lstmcast.persistence.index import LARGEST_INDEX, file_name, index_file, texts_of
from lstmcast.persistence.source import read_bytes

FORMAT = "lstmcast-ledgers"
VERSION = 1


def ledger_name(group: Sequence[str]) -> str:
    """The name of a group's ledger within a folder of them, the same every night."""
    return file_name(group, b"").removesuffix(".pkl") + ".csv"


def read_ledgers(folder: str) -> tuple[tuple[str, ...], dict[tuple[str, ...], str]]:
    """Read a folder of ledgers: the columns that name a group, and the ledger of each.

    Raises DataError where it is none that `predict --log` wrote.
    """
    path = index_file(folder)
    try:
        document = json.loads(read_bytes(path, LARGEST_INDEX))
        if document["format"] != FORMAT:
            raise ValueError
        groups = [texts_of(group) for group in document["groups"]]
        return texts_of(document["by"]), {group: os.path.join(folder, ledger_name(group)) for group in groups}
    except (ModelFileError, ValueError, KeyError, TypeError, RecursionError):
        message = f"{shown(folder)}: is no folder of ledgers; predict writes one with --log DIR, of a folder of models"
        raise DataError(message, file=folder) from None


def write_ledgers(folder: str, by: Sequence[str], groups: Sequence[Sequence[str]]) -> None:
    """Write down which groups have a ledger in a folder; raises OutputError."""
    document = {"format": FORMAT, "version": VERSION, "by": list(by), "groups": sorted(map(list, groups))}
    text = json.dumps(document, indent=1, ensure_ascii=False)
    replace_file(index_file(folder), (text + "\n").encode("utf-8", "surrogatepass"))
