"""A source: a file or standard input as blocks of raw bytes, unpacked where it was compressed."""

from __future__ import annotations

import bz2
import contextlib
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

from lstmcast.core.errors import DataError

BLOCK = 4 << 20
STDIN = "-"
_Opener = Callable[[BinaryIO], Any]  # what opens a packed stream: a context manager with read(size)
_DAMAGE = (EOFError, OSError, lzma.LZMAError, zlib.error, ValueError)


class _UnequippedError(Exception):
    """No module here can unpack this."""


def name_of(source: str | Path) -> str:
    """The source as messages call it."""
    return "standard input" if str(source) == STDIN else str(source)


Watch = Callable[[int, int], None]  # told of bytes read of a file, and how many it has


def watched(stream: io.BufferedReader, blocks: Iterator[bytes], watch: Watch | None) -> Iterator[bytes]:
    """The blocks of a stream; watch is told of each, packed bytes as they stand in the file, unless it is a pipe."""
    if watch is None or not stream.seekable():
        yield from blocks
        return
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    for block in blocks:
        watch(stream.tell(), size)
        yield block


def raw_blocks(stream: io.BufferedReader, name: str) -> Iterator[bytes]:
    """Blocks of BLOCK bytes of what a stream holds, uncompressed; raises DataError when it cannot be read."""
    with stream:
        magic = stream.peek(8)
        _refuse_other_formats(magic, name)
        for start, what, opener in _COMPRESSED:
            if magic.startswith(start):
                yield from _unpacked(stream, what, opener, name)
                return
        while block := stream.read(BLOCK):
            yield block


def opened(source: str | Path) -> io.BufferedReader:
    """The source as a stream of bytes; raises DataError where there is none."""
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
    except _UnequippedError:
        raise DataError(
            f"{name}: is a {what} file, which needs Python 3.14 or the extra zst (pip install 'lstmcast[zst]'); "
            "or unpack it first"
        ) from None
    except _DAMAGE as error:
        raise DataError(f"{name}: is a damaged {what} file ({error}); write it again") from None


def _open_zst(stream: BinaryIO) -> Any:
    """Python 3.14 knows zstd by itself; before, the package `zstandard` does."""
    for name in ("compression.zstd", "zstandard"):
        try:
            return contextlib.nullcontext(_ZstdFrames(stream, importlib.import_module(name)))
        except ImportError:
            continue
    raise _UnequippedError


class _ZstdFrames:
    """A zstd file, frame by frame: the reader of `zstandard` takes a file that is cut short for one that ends."""

    def __init__(self, stream: BinaryIO, module: Any) -> None:
        self._stream, self._module = stream, module
        self._frame, self._begun = self._new_frame(), False

    def _new_frame(self) -> Any:
        frame = self._module.ZstdDecompressor()
        return frame.decompressobj() if hasattr(frame, "decompressobj") else frame

    def read(self, size: int) -> bytes:
        """Some more of what is unpacked, empty at the end; raises EOFError where a frame does not end."""
        unpacked = b""
        while not unpacked:
            packed = self._stream.read(size // 8)
            if not packed:
                if self._begun:
                    raise EOFError("it is cut short")
                return b""
            unpacked = b"".join(self._frames(packed))
        return unpacked

    def _frames(self, packed: bytes) -> Iterator[bytes]:
        """What is unpacked of some bytes, which may end one frame and begin the next."""
        while packed:
            try:
                yield self._frame.decompress(packed)
            except self._module.ZstdError as error:
                raise ValueError(error) from None
            packed, self._begun = self._frame.unused_data, not self._frame.eof
            if self._frame.eof:
                self._frame = self._new_frame()


_COMPRESSED: tuple[tuple[bytes, str, _Opener], ...] = (
    (b"\x1f\x8b", "gzip", gzip.open),
    (b"BZh", "bzip2", bz2.open),
    (b"\xfd7zXZ\x00", "xz", lzma.open),
    (b"\x28\xb5\x2f\xfd", "zstd", _open_zst),
)

_OTHER_FORMATS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook; unpack it, or save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook; save the sheet as CSV"),
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
