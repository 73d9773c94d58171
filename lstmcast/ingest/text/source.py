"""A source: a file or standard input as blocks of raw bytes, unpacked where it was compressed."""

from __future__ import annotations

import bz2
import contextlib
import difflib
import gzip
import importlib
import io
import lzma
import os
import stat
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from lstmcast.core.errors import DataError
from lstmcast.core.options import LARGEST_UNPACKED

if TYPE_CHECKING:
    import pandas as pd

BLOCK = 4 << 20
STDIN = "-"
PATIENCE = 5.0  # seconds to wait for whoever writes into a pipe
_ZSTD_PIECE = 2048  # bytes; its decoder gives out all that they hold at once, which is 64 MB at most
_Opener = Callable[[BinaryIO], Any]  # what opens a packed stream: a context manager with read(size)
_DAMAGE = (EOFError, OSError, lzma.LZMAError, zlib.error, ValueError)


@dataclass(frozen=True, eq=False)
class DataFrameSource:
    """A pandas DataFrame as a source; name: as messages call it."""

    frame: pd.DataFrame
    name: str = "DataFrame"

    def __str__(self) -> str:
        """The name that messages have."""
        return self.name


@dataclass(frozen=True, eq=False)
class Buffer:
    """The bytes of a file as a source; name: as messages call it."""

    content: bytes
    name: str = "buffer"

    def __str__(self) -> str:
        """The name that messages have."""
        return self.name


Source = str | Path | DataFrameSource | Buffer


def is_lasting(source: Source) -> bool:
    """True for a source that can be read again, which a pipe cannot."""
    return isinstance(source, DataFrameSource | Buffer) or Path(source).is_file()


class _UnequippedError(Exception):
    """No module here can unpack this."""


class Slice(str):
    """A source that is no file of its own, under the name by which messages call it.

    opener: opens it as a stream of bytes; it can be pickled, as slices travel to workers.
    """

    opener: Callable[[], io.BufferedReader]

    def __new__(cls, name: str, opener: Callable[[], io.BufferedReader] | None = None) -> Slice:
        found = super().__new__(cls, name)
        if opener is not None:  # it comes later where a slice is unpickled
            found.opener = opener
        return found


def name_of(source: Source) -> str:
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


def raw_blocks(stream: io.BufferedReader, name: str, largest: float = LARGEST_UNPACKED) -> Iterator[bytes]:
    """Blocks of BLOCK bytes of what a stream holds, uncompressed; raises DataError when it cannot be read.

    largest: bytes that a packed file may unpack to; a few kilobytes can be made to fill any memory.
    """
    with stream:
        magic = stream.peek(8)
        _refuse_other_formats(magic, name)
        for start, what, opener in _COMPRESSED:
            if magic.startswith(start):
                yield from _bounded(_unpacked(stream, what, opener, name), name, largest)
                return
        while block := stream.read(BLOCK):
            yield block


def opened(source: str | Path | Buffer) -> io.BufferedReader:
    """The source as a stream of bytes; raises DataError where there is none."""
    if isinstance(source, Buffer):
        return io.BufferedReader(io.BytesIO(source.content))  # type: ignore[type-var,arg-type,unused-ignore]
    if isinstance(source, Slice):
        return source.opener()
    if str(source) == STDIN:
        raw = getattr(sys.stdin, "buffer", None)
        if raw is None:
            raise DataError("standard input is closed; give a file")
        return raw if isinstance(raw, io.BufferedReader) else io.BufferedReader(raw)
    path = Path(source)
    try:
        mode = path.stat().st_mode
        if stat.S_ISFIFO(mode):
            return io.BufferedReader(_Pipe(path))
        if stat.S_ISREG(mode):
            return path.open("rb")
    except FileNotFoundError:
        raise DataError(f"{path}: no such file{_similar(path)}", file=str(path)) from None
    except TimeoutError:
        raise DataError(f"{path}: is a pipe that nobody writes into; give a file", file=str(path)) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: cannot be read: {reason}", file=str(path)) from None
    what = "a directory; give one CSV file in it" if stat.S_ISDIR(mode) else "a device; give a file"
    raise DataError(f"{path}: is {what}", file=str(path))


class _Pipe(io.RawIOBase):
    """A named pipe: it is not opened for longer than PATIENCE where nobody writes into it."""

    def __init__(self, path: Path) -> None:
        """Wait for whoever writes; raises TimeoutError where nobody comes."""
        self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        try:
            self._first = self._begin()
            os.set_blocking(self._descriptor, True)
        except BaseException:
            self.close()
            raise

    def _begin(self) -> bytes:
        """Return the first byte, nothing yet where a writer is there and thinks.

        Raise TimeoutError where none comes in time.
        """
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                first = os.read(self._descriptor, 1)
            except BlockingIOError:
                return b""
            if first:
                return first
            time.sleep(0.02)
        raise TimeoutError

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Some bytes into the buffer; how many, none at the end."""
        data = self._first or os.read(self._descriptor, len(buffer))
        self._first = b""
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Let go of the pipe."""
        if not self.closed:
            os.close(self._descriptor)
        super().close()


def _similar(path: Path) -> str:
    """The file in the same directory whose name is nearest, for the end of a message."""
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return ""
    near = difflib.get_close_matches(path.name, names, n=1)
    return f"; did you mean {path.parent / near[0]}?" if near else ""


def _bounded(blocks: Iterator[bytes], name: str, largest: float) -> Iterator[bytes]:
    """The blocks as long as they are not too many."""
    size = 0
    for block in blocks:
        size += len(block)
        if size > largest:
            raise DataError(
                f"{name}: unpacks to more than {largest / 1e6:,.0f} MB; if that is right, unpack it first, or lift "
                "the limit with --max-unpacked none",
                file=name,
                option="--max-unpacked",
            )
        yield block


def _unpacked(stream: io.BufferedReader, what: str, opener: _Opener, name: str) -> Iterator[bytes]:
    try:
        with opener(stream) as unpacked:
            while block := unpacked.read(BLOCK):
                yield block
    except _UnequippedError:
        raise DataError(
            f"{name}: is a {what} file, which needs Python 3.14 or the extra zst (pip install 'lstmcast[zst]'); "
            "or unpack it first",
            file=name,
        ) from None
    except _DAMAGE as error:
        message = f"{name}: is a damaged {what} file ({error}); write it again"
        raise DataError(message, file=name) from None


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
        self._frame, self._begun, self._held = self._new_frame(), False, memoryview(b"")

    def _new_frame(self) -> Any:
        frame = self._module.ZstdDecompressor()
        return frame.decompressobj() if hasattr(frame, "decompressobj") else frame

    def read(self, size: int) -> bytes:
        """Up to so many bytes of what is unpacked, none at the end; raises EOFError where a frame does not end."""
        while not self._held:
            packed = self._stream.read(min(size, _ZSTD_PIECE))
            if not packed:
                if self._begun:
                    raise EOFError("it is cut short")
                return b""
            self._held = memoryview(b"".join(self._frames(packed)))
        unpacked, self._held = bytes(self._held[:size]), self._held[size:]
        return unpacked

    def _frames(self, packed: bytes) -> Iterator[bytes]:
        """Yield what is unpacked of some bytes, which may end one frame and begin the next."""
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
    (b"PK\x03\x04", "a zip archive; unpack it"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook; save the sheet as CSV"),
    (b"%PDF", "a PDF; a CSV is needed"),
)


def _refuse_other_formats(magic: bytes, name: str) -> None:
    for start, what in _OTHER_FORMATS:
        if magic.startswith(start[:8]):
            raise DataError(f"{name}: is {what}", file=name)
    start_of_text = magic.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start_of_text.startswith((b"<!doct", b"<html", b"<?xml")):
        message = "is a web page or XML, not a CSV; was it downloaded without signing in?"
        raise DataError(f"{name}: {message}", file=name)
    if start_of_text.startswith((b"{", b"[")):
        message = "looks like JSON, not a CSV; write one row a line under a header line"
        raise DataError(f"{name}: {message}", file=name)
