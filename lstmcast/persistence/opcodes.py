"""A flat dict as the bytes of its protocol 4 pickle, and strictly back, without the pickle module.

A dict of strings to strings, small whole numbers and bytes needs thirteen opcodes. The layout (frames of
64 KiB, long values outside of frames) is the one Python's own pickler gives since 3.7, see PEP 3154, so that
`joblib.dump` writes these bytes and `joblib.load` reads them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import NoReturn

from lstmcast.core.errors import ModelFileError

Value = str | int | bytes | memoryview

PROTO, FRAME, STOP = 0x80, 0x95, 0x2E
EMPTY_DICT, MARK, SETITEMS, MEMOIZE = 0x7D, 0x28, 0x75, 0x94
BININT1, BININT2 = 0x4B, 0x4D
SHORT_BINUNICODE, BINUNICODE, SHORT_BINBYTES, BINBYTES = 0x8C, 0x58, 0x43, 0x42

_START = bytes((PROTO, 4))
_NUMBER_WIDTH = {BININT1: 1, BININT2: 2}
_LENGTH_WIDTH = {SHORT_BINUNICODE: 1, BINUNICODE: 4, SHORT_BINBYTES: 1, BINBYTES: 4}
_TEXT = (SHORT_BINUNICODE, BINUNICODE)
_FRAME_TARGET = 64 * 1024  # a frame is closed once it is this long; longer values stand outside
_SHORTEST_FRAME = 4
_AT_ONCE = 1 << 18
_MOST_KEYS = 16

_REMEDY = "name a file that `lstmcast train` wrote, or train again"


def dump(record: Mapping[str, Value]) -> Iterator[bytes | memoryview]:
    """The pickle of `record` in pieces, in order; long values are passed on without a copy."""
    yield _START
    frame = bytearray((EMPTY_DICT, MEMOIZE, MARK))
    for value in chain.from_iterable(record.items()):
        if len(frame) >= _FRAME_TARGET:
            yield _framed(frame)
            frame = bytearray()
        header, payload = _opcode(value)
        if len(payload) >= _FRAME_TARGET:
            yield _framed(frame)
            yield header
            yield payload
            frame = bytearray()
        else:
            frame += header
            frame += payload
        if not isinstance(value, int):
            frame.append(MEMOIZE)
    frame += bytes((SETITEMS, STOP))
    yield _framed(frame)


def _framed(data: bytearray) -> bytes:
    """The data behind a frame's header; a few bytes stand alone, as the pickler leaves them."""
    if len(data) < _SHORTEST_FRAME:
        return bytes(data)
    return bytes((FRAME,)) + len(data).to_bytes(8, "little") + data


def _opcode(value: Value) -> tuple[bytes, bytes | memoryview]:
    """Header (opcode with length) and payload of one value."""
    if isinstance(value, int):
        code = BININT1 if value < 256 else BININT2
        return bytes((code,)), value.to_bytes(_NUMBER_WIDTH[code], "little")
    payload = value.encode("utf-8") if isinstance(value, str) else value
    short, long = (SHORT_BINUNICODE, BINUNICODE) if isinstance(value, str) else (SHORT_BINBYTES, BINBYTES)
    code = short if len(payload) < 256 else long
    return bytes((code,)) + len(payload).to_bytes(_LENGTH_WIDTH[code], "little"), payload


def parse(data: bytes) -> dict[str, Value]:
    """The flat dict whose pickle is `data`; bytes come as views of `data`.

    Raises ModelFileError for any other opcode, a length that goes past its frame or the data, a key twice,
    anything after the end, and bytes that `dump` would not give for the result.
    """
    cursor = _Cursor(data)
    if data[:2] != _START:
        cursor.refuse("it does not begin as one")
    cursor.take(len(_START))
    for code in (EMPTY_DICT, MEMOIZE, MARK):
        cursor.expect(code)
    record = _items(cursor)
    cursor.expect(STOP)
    if cursor.place != len(data):
        cursor.refuse("more after the end")
    if not _same(dump(record), cursor.data):
        cursor.refuse("not laid out as lstmcast does")
    return record


class _Cursor:
    """A place in the bytes that never goes past the frame or the data it stands in."""

    def __init__(self, data: bytes) -> None:
        self.data = memoryview(data)
        self.place = 0
        self.frame_end: int | None = None

    def take(self, count: int) -> memoryview:
        """The next `count` bytes, all within one frame, or all outside of frames."""
        limit = len(self.data) if self.frame_end is None else self.frame_end
        if count > limit - self.place:
            self.refuse("cut short, or a length that is too large")
        self.place += count
        return self.data[self.place - count : self.place]

    def opcode(self) -> int:
        """The next opcode; a frame that begins here is entered."""
        if self.place == self.frame_end:
            self.frame_end = None
        code = self.take(1)[0]
        if code != FRAME or self.frame_end is not None:
            return code
        length = int.from_bytes(self.take(8), "little")
        if length > len(self.data) - self.place:
            self.refuse("cut short, or a frame that is too large")
        self.frame_end = self.place + length
        return self.take(1)[0]

    def expect(self, wanted: int) -> None:
        """Goes over the opcode `wanted`; refuses any other."""
        code = self.opcode()
        if code != wanted:
            self.refuse(f"opcode 0x{code:02x} where 0x{wanted:02x} belongs")

    def refuse(self, what: str) -> NoReturn:
        """Raises ModelFileError: what is wrong, where, and what to do."""
        raise ModelFileError(f"not a model file, or damaged ({what}, at byte {self.place}); {_REMEDY}")


def _items(cursor: _Cursor) -> dict[str, Value]:
    """The keys and values up to SETITEMS."""
    record: dict[str, Value] = {}
    while (code := cursor.opcode()) != SETITEMS:
        key = _value(cursor, code)
        if not isinstance(key, str) or key in record or len(record) == _MOST_KEYS:
            cursor.refuse("a key that is no text, stands twice, or is one too many")
        record[key] = _value(cursor, cursor.opcode())
    return record


def _value(cursor: _Cursor, code: int) -> Value:
    """The one value that begins with the opcode `code`."""
    if code in _NUMBER_WIDTH:
        return int.from_bytes(cursor.take(_NUMBER_WIDTH[code]), "little")
    if code not in _LENGTH_WIDTH:
        cursor.refuse(f"opcode 0x{code:02x}")
    payload = cursor.take(int.from_bytes(cursor.take(_LENGTH_WIDTH[code]), "little"))
    cursor.expect(MEMOIZE)
    if code not in _TEXT:
        return payload
    try:
        return str(payload, "utf-8")
    except UnicodeDecodeError:
        cursor.refuse("text that is not UTF-8")


def _same(pieces: Iterator[bytes | memoryview], data: memoryview) -> bool:
    """Return whether the pieces, one after the other, are `data`."""
    place = 0
    for piece in pieces:
        for start in range(
            0, len(piece), _AT_ONCE
        ):  # as bytes: views are compared item by item, ten times slower
            part = bytes(piece[start : start + _AT_ONCE])
            if bytes(data[place : place + len(part)]) != part:
                return False
            place += len(part)
    return place == len(data)
