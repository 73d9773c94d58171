"""A source: a file or standard input as blocks of raw bytes, unpacked where it was compressed."""

from __future__ import annotations

import bz2
import difflib
import gzip
import importlib
import io
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from lstmcast.errors import DataError

BLOCK = 4 << 20
STDIN = "-"
_Opener = Callable[[BinaryIO], Any]  # what opens a packed stream: a context manager with read(size)
_DAMAGE = (EOFError, OSError, lzma.LZMAError, zlib.error, ValueError)


def name_of(source: str | Path) -> str:
    """The source as messages call it."""
    return "standard input" if str(source) == STDIN else str(source)


def raw_blocks(source: str | Path) -> Iterator[bytes]:
    """Blocks of BLOCK bytes of what the source holds, uncompressed; raises DataError when it cannot be read."""
    name = name_of(source)
    with _opened(source) as stream:
        magic = stream.peek(8)
        _refuse_other_formats(magic, name)
        for start, what, opener in _COMPRESSED:
            if magic.startswith(start):
                yield from _unpacked(stream, what, opener, name)
                return
        while block := stream.read(BLOCK):
            yield block


def _opened(source: str | Path) -> io.BufferedReader:
    if str(source) == STDIN:
        raw = getattr(sys.stdin, "buffer", None)
        if raw is None:
            raise DataError("standard input is closed; give a file")
        return raw if isinstance(raw, io.BufferedReader) else io.BufferedReader(raw)
    path = Path(source)
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise DataError(f"{path}: no such file{_similar(path)}") from None
    except IsADirectoryError:
        raise DataError(f"{path}: is a directory; give one CSV file in it") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None


def _similar(path: Path) -> str:
    """The file in the same directory whose name is nearest, for the end of a message."""
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return ""
    near = difflib.get_close_matches(path.name, names, n=1)
    return f"; did you mean {path.parent / near[0]}?" if near else ""


def _unpacked(stream: io.BufferedReader, what: str, opener: _Opener, name: str) -> Iterator[bytes]:
    try:
        with opener(stream) as unpacked:
            while block := unpacked.read(BLOCK):
                yield block
    except _DAMAGE as error:
        raise DataError(f"{name}: is a damaged {what} file ({error}); write it again") from None


def _open_zst(stream: BinaryIO) -> Any:
    """Python 3.14 knows zstd by itself; before, the package `zstandard` does."""
    for module in ("compression.zstd", "zstandard"):
        try:
            return importlib.import_module(module).open(stream, "rb")
        except ImportError:
            continue
    raise DataError(
        "a zst file needs Python 3.14 or the package zstandard; or unpack it: zstd -dc FILE | … -"
    )


_COMPRESSED: tuple[tuple[bytes, str, _Opener], ...] = (
    (b"\x1f\x8b", "gzip", gzip.open),
    (b"BZh", "bzip2", bz2.open),
    (b"\xfd7zXZ\x00", "xz", lzma.open),
    (b"\x28\xb5\x2f\xfd", "zstd", _open_zst),
)

_OTHER_FORMATS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook; unpack it, or save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook; save the sheet as CSV"),
    (b"PAR1", "a parquet file; write it as CSV"),
    (b"SQLite format", "a SQLite database; export the table as CSV"),
    (b"%PDF", "a PDF; a CSV is needed"),
)


def _refuse_other_formats(magic: bytes, name: str) -> None:
    for start, what in _OTHER_FORMATS:
        if magic.startswith(start[:8]):
            raise DataError(f"{name}: is {what}")
    start_of_text = magic.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start_of_text.startswith((b"<!doct", b"<html", b"<?xml")):
        raise DataError(f"{name}: is a web page or XML, not a CSV; was it downloaded without signing in?")
    if start_of_text.startswith((b"{", b"[")):
        raise DataError(f"{name}: looks like JSON, not a CSV; write one row a line under a header line")
