"""A document and its arrays as the bytes of a model file, and back, with every check there is.

Format number 1 is the protocol 4 pickle of a flat dict with these keys, in this order:

    format   "lstmcast-model" or "lstmcast-checkpoint"
    number   1
    json     ASCII text {"document": …, "arrays": [{"name": …, "dtype": "<f4", "shape": [2, 3]}, …]},
             without spaces, as Python's json.dumps gives it
    block    the arrays' little-endian bytes, row by row, one array after the other, nothing between or after
    sha256   hex digest over format, NUL, number in decimal, NUL, json, NUL, block

Format number 2 is the same, of a model whose document tells its `ensemble` part by part.
A later format keeps the first two keys, so that every version can name the format it does not know.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import re
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from lstmcast.core.errors import ModelFileError, OutputError
from lstmcast.persistence import opcodes
from lstmcast.persistence.source import LARGEST_FILE

Document = Mapping[str, Any]
Arrays = Mapping[str, npt.NDArray[Any]]
Kind = Literal["model", "checkpoint"]

# A checkpoint holds the weights four times, and those of several networks.
LARGEST: dict[Kind, int] = {"model": LARGEST_FILE, "checkpoint": 1_000_000_000}
NUMBER = 2
KEYS = ["format", "number", "json", "block", "sha256"]
DTYPES = ("<f4", "<f8", "<i4", "<i8", "<u4", "<u8", "|u1", "|b1")

# A hostile text may cost 24 times its length once parsed: these limits keep reading below 200 MB and 2 s.
LONGEST_TEXT = 6_000_000  # a step of the horizon takes about 1,000 of it in the report
MOST_VALUES = 200_000
DEEPEST = 32
LARGEST_WHOLE = 1 << 128  # the state of a PCG64 generator has 128 bits
MOST_DIMENSIONS = 8
LONGEST_NAME = 200
# No number that was learned is larger: its square is still one. By the kind of its array.
LARGEST_NUMBERS = {"<f4": 1e18, "<f8": 1e150}

# A whole number with more bits than LARGEST_WHOLE allows has at least so many digits.
_MANY_DIGITS = b"0" * 38
_ALIKE = bytes.maketrans(b"123456789D", b"000000000d")  # each digit a 0, and \\uD as \\ud
_HALF_OF_A_LETTER = re.compile("[\ud800-\udfff]")  # a surrogate without its other half: no UTF-8 can hold it


class DamagedError(ModelFileError):
    """A file that is ours, but not as it was written; `what` is the fault alone."""

    def __init__(self, what: str) -> None:
        super().__init__(f"damaged: {what}; restore it from a copy, or train again")
        self.what = what


def encode(document: Document, arrays: Arrays, kind: Kind = "model") -> bytes:
    """The bytes of a model file: the same input gives the same bytes.

    `document` holds dicts with text keys, lists, text, finite numbers, booleans and None; the order of keys
    is kept. Arrays have a dtype of DTYPES (any byte order), and finite values. Raises OutputError for what
    `decode` would refuse, TypeError or ValueError for what is no JSON.
    """
    import joblib  # only here: reading a model file needs no joblib

    record = _record(document, arrays, kind)
    buffer = io.BytesIO()
    joblib.dump(record, buffer, protocol=4)
    data = buffer.getvalue()
    try:
        _check_tree(document)  # json would write the key 1 as "1", and say nothing
        decode(data, kind)
    except DamagedError as error:
        raise OutputError(f"a {kind} file cannot hold it ({error.what}); try other options") from error
    except ModelFileError as error:
        raise OutputError(f"joblib {joblib.__version__} lays it out anew; install another joblib") from error
    return data


def decode(data: bytes, kind: Kind = "model") -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """The document and the arrays (copies, native byte order) in the bytes of a model file.

    Raises ModelFileError, a sentence without the file's name, for everything that `encode` does not write.
    """
    if len(data) > LARGEST[kind]:
        raise DamagedError(f"larger than {LARGEST[kind] // 1_000_000} MB")
    record = opcodes.parse(data)
    text, block = _contents(record, kind)
    root = _parsed(text)
    if list(root) != ["document", "arrays"] or not isinstance(root["document"], dict):
        raise DamagedError("its JSON has no document or no list of arrays")
    if _number(root["document"]) != record["number"]:
        raise DamagedError(f"its document is not one of format {record['number']!r}")
    return root["document"], _arrays(root["arrays"], block)


def _record(document: Document, arrays: Arrays, kind: Kind) -> dict[str, str | int | bytes]:
    """The flat dict of a model file."""
    little = {name: array.astype(array.dtype.newbyteorder("<"), copy=False) for name, array in arrays.items()}
    listed = [
        {"name": name, "dtype": array.dtype.str, "shape": list(array.shape)} for name, array in little.items()
    ]
    text = _text({"document": document, "arrays": listed})
    block = b"".join(array.tobytes(order="C") for array in little.values())
    name = f"lstmcast-{kind}"
    number = _number(document)
    return dict(zip(KEYS, (name, number, text, block, _checksum(name, number, text, block)), strict=True))


def _number(document: Document) -> int:
    """The format that a document is of."""
    return 2 if "ensemble" in document else 1


def _text(root: Any) -> str:
    """The one JSON text of plain values."""
    return json.dumps(root, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def _checksum(name: str, number: int, text: str, block: bytes | memoryview) -> str:
    """Hex SHA-256 of a record; no part but the last can hold a NUL, so no two records share their input."""
    digest = hashlib.sha256(f"{name}\0{number}\0{text}\0".encode())
    digest.update(block)
    return digest.hexdigest()


def _contents(record: Mapping[str, opcodes.Value], kind: Kind) -> tuple[str, memoryview]:
    """JSON text and block of a record of this kind and format, its checksum right."""
    name, number = record.get("format"), record.get("number")
    if name not in ("lstmcast-model", "lstmcast-checkpoint") or not isinstance(number, int) or number < 1:
        raise ModelFileError(f"not a {kind} file; name a file that `lstmcast train` wrote")
    if name != f"lstmcast-{kind}":
        raise ModelFileError(f"is a {str(name)[9:]}, not a {kind}; name a {kind} file")
    if number > NUMBER:
        raise ModelFileError(
            f"has format {number}, this lstmcast reads formats up to {NUMBER}; install a newer lstmcast"
        )
    text, block = record.get("json"), record.get("block")
    if list(record) != KEYS or not isinstance(text, str) or not isinstance(block, memoryview):
        raise DamagedError(f"its parts are not those of format {number}")
    if len(text) > LONGEST_TEXT:  # before the checksum, which takes a copy of it
        raise DamagedError("its JSON is too large")
    if record["sha256"] != _checksum(str(name), number, text, block):
        raise DamagedError("its checksum is wrong")
    return text, block


def _parsed(text: str) -> dict[str, Any]:
    """The JSON object in `text`, which must be what `_text` gives for it (so no NaN and no key twice)."""
    if sum(map(text.count, "[{,")) > MOST_VALUES:
        raise DamagedError("its JSON is too large")
    try:
        root = json.loads(text)
        same = _text(root) == text
    except (ValueError, RecursionError) as error:
        raise DamagedError("its JSON cannot be read") from error
    if not same or not isinstance(root, dict):
        raise DamagedError("its JSON is not in the one form that lstmcast writes")
    alike = text.encode().translate(_ALIKE)
    if b"\\ud" in alike or _MANY_DIGITS in alike:
        _check_tree(root)
    _check_depth(root)
    return root


def _check_depth(root: Any) -> None:
    """Refuse deep nesting, which is all that can be wrong with a JSON text without odd letters and giant numbers."""
    level, depth = [root], 0
    while level:
        if depth == DEEPEST and any(level):
            raise DamagedError(f"its JSON is nested deeper than {DEEPEST}")
        inner = [each.values() if isinstance(each, dict) else each for each in level]
        level = [item for items in inner for item in items if isinstance(item, dict | list)]
        depth += 1


def _check_tree(value: Any, depth: int = 0) -> None:
    """Refuses what no document may hold: other types, keys that are no text, giant numbers, deep nesting."""
    if depth > DEEPEST:
        raise DamagedError(f"its JSON is nested deeper than {DEEPEST}")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise DamagedError("its JSON has a key that is no text")
            _check_tree(key, depth + 1)
            _check_tree(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_tree(item, depth + 1)
    elif not _is_plain(value):
        raise DamagedError(f"its JSON has a {type(value).__name__} that cannot stand there")


def _is_plain(value: Any) -> bool:
    """Return whether a leaf of the tree is None, a boolean, a number within limits, or text that can be written."""
    if isinstance(value, str):
        return value.isascii() or not _HALF_OF_A_LETTER.search(value)
    if isinstance(value, int):
        return abs(value) < LARGEST_WHOLE
    return value is None or isinstance(value, float)


def _arrays(listed: Any, block: memoryview) -> dict[str, npt.NDArray[Any]]:
    """The arrays that tile the block exactly, in the order of the list; copied only when all are right."""
    views: dict[str, npt.NDArray[Any]] = {}
    place = 0
    for entry in listed if isinstance(listed, list) else [None]:
        name, dtype, shape = _entry(entry)
        size = math.prod(shape) * dtype.itemsize
        if name in views or size > len(block) - place:
            raise DamagedError(f"array {name[:40]!a} stands twice, or is larger than what is there")
        views[name] = np.frombuffer(block[place : place + size], dtype).reshape(shape)
        _check_values(name, views[name])
        place += size
    if place != len(block):
        raise DamagedError(f"{len(block) - place} bytes belong to no array")
    return {name: view.astype(view.dtype.newbyteorder("=")) for name, view in views.items()}


def _entry(entry: Any) -> tuple[str, np.dtype[Any], tuple[int, ...]]:
    """Name, dtype and shape of one array as the list gives them."""
    if not isinstance(entry, dict) or list(entry) != ["name", "dtype", "shape"]:
        raise DamagedError("its list of arrays has another form")
    name, dtype, shape = entry.values()
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
        raise DamagedError("an array has no name, or a very long one")
    if dtype not in DTYPES:
        raise DamagedError(f"array {name[:40]!a} is none of {', '.join(DTYPES)}")
    if not isinstance(shape, list) or len(shape) > MOST_DIMENSIONS:
        raise DamagedError(f"array {name[:40]!a} has no shape, or too many dimensions")
    # bool is an int in Python; and a product without its zeros, as NumPy limits it even where there is one
    if not all(type(n) is int and n >= 0 for n in shape) or math.prod(n or 1 for n in shape) > LARGEST_FILE:
        raise DamagedError(f"array {name[:40]!a} has a size that cannot be")
    return name, np.dtype(dtype), tuple(shape)


def _check_values(name: str, array: npt.NDArray[Any]) -> None:
    """Refuses numbers that are not finite or enormous, and booleans that are neither 0 nor 1."""
    if array.dtype.kind == "f" and array.size:
        lowest, highest = float(array.min()), float(array.max())  # of a NaN both are NaN
        if not (math.isfinite(lowest) and math.isfinite(highest)):
            raise DamagedError(f"array {name[:40]!a} holds a number that is not finite")
        if max(highest, -lowest) > LARGEST_NUMBERS[array.dtype.str]:
            raise DamagedError(
                f"array {name[:40]!a} holds {max(highest, -lowest):.3g}, which no training gives"
            )
    if array.dtype.kind == "b" and (array.view(np.uint8) > 1).any():
        raise DamagedError(f"array {name[:40]!a} holds a boolean that is neither 0 nor 1")
