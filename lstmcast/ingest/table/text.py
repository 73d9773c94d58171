"""Text: blocks of whole lines in UTF-8 that end with LF, whatever encoding and line ends a source has."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from lstmcast.core.errors import DataError
from lstmcast.core.place import Place
from lstmcast.ingest.text.context import ReadContext

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LONGEST_LINE = 64 << 20  # bytes
_PATIENCE = 16  # blocks to wait for the end of a quoted cell before giving up on its quote


def line_blocks(raw: Iterator[bytes], context: ReadContext) -> Iterator[tuple[int, bytes]]:
    """(number of its first line, block of whole lines) from raw bytes; only the last may lack its line end.

    A block never ends within a quoted cell. Bytes that are no UTF-8 are read as Windows-1252, with a finding;
    raises DataError for an empty or a binary source.
    """
    line, rest, waited = 1, b"", 0
    for piece in _line_ends(_wide_encodings(raw, context)):
        rest += piece
        waited += 1
        cut = _cut(rest) or (rest.rfind(b"\n") + 1 if waited > _PATIENCE else 0)
        if cut:
            block, rest, waited = rest[:cut], rest[cut:], 0
            yield line, _utf8(block, line, context)
            line += block.count(b"\n")
        elif len(rest) > _LONGEST_LINE:
            message = f"it is longer than {_LONGEST_LINE >> 20} MB; a CSV has a line for each row"
            raise DataError.at(Place(file=context.source, line=line), message)
    if rest:
        yield line, _utf8(rest, line, context)


def _wide_encodings(raw: Iterator[bytes], context: ReadContext) -> Iterator[bytes]:
    """UTF-16 and UTF-32 as UTF-8, a byte order mark taken away; other bytes pass."""
    first = next(raw, b"")
    if not first.strip(b" \t\r\n\x00"):
        raise context.refusal("is empty; a header line and rows of data are needed")
    encoding, skip = _encoding(first)
    if encoding == "utf-8":
        if b"\x00" in first:
            raise context.refusal("is not text (it holds NUL bytes); a CSV is needed")
        yield first[skip:]
        yield from raw
        return
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    yield decoder.decode(first[skip:]).encode()
    for piece in raw:
        yield decoder.decode(piece).encode()


def _encoding(first: bytes) -> tuple[str, int]:
    """The encoding that the first bytes tell, and how long its mark is."""
    for mark, encoding in _MARKS:
        if first.startswith(mark):
            return encoding, len(mark)
    even, odd = first[0:400:2], first[1:400:2]
    if len(odd) > 3 and odd.count(0) > 0.9 * len(odd) and not even.count(0):
        return "utf-16-le", 0
    if len(even) > 3 and even.count(0) > 0.9 * len(even) and not odd.count(0):
        return "utf-16-be", 0
    return "utf-8", 0


def _line_ends(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """CRLF and CR alone become LF; a CR that ends a piece waits for the next, which may start with its LF."""
    held = b""
    for piece in pieces:
        data = held + piece
        held = b"\r" if data.endswith(b"\r") else b""
        data = data[: len(data) - len(held)]
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        yield data
    if held:
        yield b"\n"


def _cut(data: bytes) -> int:
    """Return where the last whole line outside quotes ends; 0 when there is none."""
    cut = data.rfind(b"\n") + 1
    if data.count(b'"', 0, cut) % 2:
        opening = data.rfind(b'"', 0, cut)
        cut = data.rfind(b"\n", 0, opening) + 1
    return cut


def _utf8(block: bytes, line: int, context: ReadContext) -> bytes:
    if b"\x00" in block:
        block = block.replace(b"\x00", b"")
    try:
        block.decode()
    except UnicodeDecodeError as error:
        where = line + block.count(b"\n", 0, error.start)
        if not any(finding.code == "encoding" for finding in context.findings):
            message = f"line {where} is not UTF-8; read as Windows-1252"
            remedy = "save the file as UTF-8 if names look wrong"
            context.warn("encoding", message, remedy, context.place(line=where))
        return block.decode("cp1252", errors="replace").encode()
    return block
