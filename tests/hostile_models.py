"""A generator of hostile and broken model files: none may be read, none may run anything."""

from __future__ import annotations

import bz2
import copy
import functools
import gzip
import hashlib
import io
import json
import lzma
import operator
import os
import pickle
import pickletools
import random
import socket
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from lstmcast import persistence

GOLDEN = Path(__file__).parent / "golden" / "models" / "format_1_panel.pkl"
NAME, NUMBER = "lstmcast-model", 1
ALLOWED = {"PROTO", "FRAME", "EMPTY_DICT", "MEMOIZE", "MARK", "SHORT_BINUNICODE", "BINUNICODE"}
OTHERS = (None, True, -1, 10**15, 1e308, "x", [], {"a": 1})  # what a value is replaced with
ALLOWED |= {"BININT1", "BININT2", "SHORT_BINBYTES", "BINBYTES", "SETITEMS", "STOP"}


def small_model() -> bytes:
    """A right model file of some 400 bytes."""
    document = {"contract": {"target": "load"}, "report": [1, 2.5, None, True]}
    arrays = {"weight": np.arange(6, dtype="<f4").reshape(2, 3), "mask": np.array([True, False])}
    return persistence.encode(document, arrays)


def record(text: str, block: bytes, name: str = NAME, number: int = NUMBER) -> dict[str, Any]:
    """A flat dict whose checksum is right, whatever its parts are."""
    digest = hashlib.sha256(f"{name}\0{number}\0{text}\0".encode("utf-8", "surrogatepass") + block)
    return {"format": name, "number": number, "json": text, "block": block, "sha256": digest.hexdigest()}


def packed(values: dict[Any, Any]) -> bytes:
    """The pickle of a flat dict, laid out as a model file is."""
    return pickle.dumps(values, protocol=4)


def sealed(root: Any, block: bytes = b"") -> bytes:
    """A model file with any JSON (a text is taken as it is) and a right checksum."""
    text = root if isinstance(root, str) else json.dumps(root, separators=(",", ":"))
    return packed(record(text, block))


def listed(dtype: Any, shape: Any, block: bytes, name: Any = "w") -> bytes:
    """A model file with one array as forged."""
    return sealed({"document": {}, "arrays": [{"name": name, "dtype": dtype, "shape": shape}]}, block)


class Evil:
    """Runs a command when an unpickler builds it."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (self.command,)


def executing(command: str) -> dict[str, bytes]:
    """Pickles that run `command`, or would with a helper registered, one for each way to call."""
    text = command.encode()
    unicode = b"X" + struct.pack("<I", len(text)) + text
    system = b"\x8c\x05posix\x8c\x06system\x93"
    evil = Evil(command)
    calls = {
        "global_reduce": b"cposix\nsystem\n(V" + text + b"\ntR.",
        "global_protocol_4": b"\x80\x04cposix\nsystem\n" + unicode + b"\x85R.",
        "stack_global_reduce": b"\x80\x04" + system + unicode + b"\x85R.",
        "inst": b"(S'" + text + b"'\niposix\nsystem\n.",
        "obj": b"(cposix\nsystem\n" + unicode + b"o.",
        "newobj": b"\x80\x04\x8c\nsubprocess\x8c\x05Popen\x93" + unicode + b"\x85\x81.",
        "newobj_ex": b"\x80\x04\x8c\nsubprocess\x8c\x05Popen\x93" + unicode + b"\x85}\x92.",
        "build": b"\x80\x04\x8c\nsubprocess\x8c\x05Popen\x93)\x81}(\x8c\x04args" + unicode + b"ub.",
        "ext1": b"\x80\x04\x82\x01" + unicode + b"\x85R.",
        "ext2": b"\x80\x04\x83\x01\x00" + unicode + b"\x85R.",
        "ext4": b"\x80\x04\x84\x01\x00\x00\x00" + unicode + b"\x85R.",
        "persid": b"P" + text + b"\n.",
        "binpersid": b"\x80\x04" + unicode + b"Q.",
        "next_buffer": b"\x80\x05\x97.",
        "readonly_buffer": b"\x80\x05\x97\x98.",
        "numpy_object_array": packed({"block": np.array([evil], dtype=object)}),
        "evil_value": packed(record("{}", b"") | {"block": evil}),
        "evil_key": packed(record("{}", b"") | {evil: 1}),
        "evil_after_stop": small_model() + pickle.dumps(evil),
        "evil_before": pickle.dumps(evil)[:-1] + b"0" + small_model()[2:],
    }
    return calls | {"joblib_" + name: _joblib(value) for name, value in _wrapped(evil).items()}


def _wrapped(evil: Evil) -> dict[str, Any]:
    """Values that joblib keeps in its own ways."""
    inner = np.empty(1, dtype=object)
    inner[0] = np.array([evil], dtype=object)
    return {
        "object_array": {"block": np.array([evil], dtype=object)},
        "nested_object_array": {"block": inner},
        "reduce": evil,
        "plain_array": {"block": np.arange(3.0)},
        "random_generator": np.random.default_rng(0),
    }


def _joblib(value: Any) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(value, buffer, protocol=4)
    return buffer.getvalue()


def opcode_files() -> Iterator[tuple[str, bytes]]:
    """Every opcode there is but ours, as a value, before the end, and at the start of a right file."""
    data = small_model()
    start = data.index(b"\x8c\x04json\x94") + 7
    for opcode in pickletools.opcodes:
        if opcode.name not in ALLOWED:
            code = opcode.code.encode("latin-1") + b"\x01\x00\x00\x00"
            yield f"{opcode.name}_value", data[:start] + code + data[start:]
            yield f"{opcode.name}_end", data[:-1] + code + b"."
            yield f"{opcode.name}_start", data[:11] + code + data[11:]


def bombs() -> dict[str, bytes]:
    """Small files that ask for much: memory, time or depth."""
    head = b"\x80\x04}\x94("
    laughs = b"".join(b"(" + b"h\x00" * 10 + b"l\x94" for _ in range(12))
    key = b"".join(b"\x86\x942" for _ in range(60))
    return {
        "bytes_of_4_gb": head + b"\x8c\x01b\x94B\xff\xff\xff\xff" + b"x" * 40,
        "text_of_4_gb": head + b"\x8c\x01b\x94X\xff\xff\xff\xff" + b"x" * 40,
        "bytes8": head + b"\x8c\x01b\x94\x8e" + b"\xff" * 8,
        "text8": head + b"\x8c\x01b\x94\x8d" + b"\xff" * 8,
        "bytearray8": head + b"\x8c\x01b\x94\x96" + b"\xff" * 8,
        "frame_of_all": b"\x80\x04\x95" + b"\xff" * 8 + b"}\x94(u.",
        "frame_of_nothing": b"\x80\x04\x95" + b"\0" * 8 + b"}\x94(u.",
        "frame_in_frame": b"\x80\x04\x95\x0e" + b"\0" * 7 + b"\x95\x05" + b"\0" * 7 + b"}\x94(u.",
        "frame_too_short": b"\x80\x04\x95\x04" + b"\0" * 7 + b"}\x94(u.",
        "no_frame": b"\x80\x04}\x94(u.",
        "long4": head + b"\x8c\x01b\x94\x8b\xff\xff\xff\x7f",
        "long4_negative": head + b"\x8c\x01b\x94\x8b\xff\xff\xff\xff",
        "long_decimal": head + b"\x8c\x01b\x94L" + b"9" * 100_000 + b"L\n",
        "laughs": b"\x80\x04]\x94" + laughs + b".",
        "key_of_nested_tuples": head + b")\x94" + b"2" + key + b"K\x01u.",
        "deep_lists": b"\x80\x04" + b"]" * 100_000 + b"a" * 99_999 + b".",
        "marks": b"\x80\x04" + b"(" * 1_000_000,
        "thousand_keys": packed({f"k{i}": i % 200 for i in range(900)}),
        "zlib": zlib.compress(bytes(50_000_000)),
        "deep_json": sealed('{"document":' + "[" * 3_000_000 + "]" * 3_000_000 + ',"arrays":[]}'),
        "nested_json": sealed('{"document":{"a":' + "[" * 90 + "]" * 90 + '},"arrays":[]}'),
        "wide_json": sealed('{"document":{"a":[' + "{}," * 2_000_000 + '0]},"arrays":[]}'),
        "long_json": sealed({"document": {"a": "x" * 7_000_000}, "arrays": []}),
        "widest_json": sealed('{"document":{"a":[' + "{}," * 99_000 + '0]},"arrays":[3]}', bytes(60_000_000)),
        "longest_json": sealed(
            '{"document":{"a":"' + "x" * 5_900_000 + '\\u2603"},"arrays":[3]}', bytes(55_000_000)
        ),
        "many_keys_json": sealed(
            '{"document":{' + ",".join(f'"{i:x}":0' for i in range(195_000)) + '},"arrays":[3]}',
            bytes(55_000_000),
        ),
        "many_arrays": sealed({"document": {}, "arrays": [{}] * 100_000}),
        "giant_number": sealed('{"document":{"a":' + "9" * 4_000 + '},"arrays":[]}'),
        "giant_number_text": sealed('{"document":{"a":' + "9" * 1_000_000 + '},"arrays":[]}'),
    }


def forged_json() -> dict[str, bytes]:
    """Right checksums over JSON that lstmcast does not write."""
    texts = {
        "nan": '{"document":{"a":NaN},"arrays":[]}',
        "infinity": '{"document":{"a":Infinity},"arrays":[]}',
        "overflow": '{"document":{"a":1e999},"arrays":[]}',
        "key_twice": '{"document":{"a":1,"a":2},"arrays":[]}',
        "root_key_twice": '{"document":{},"document":{},"arrays":[]}',
        "spaces": '{"document": {}, "arrays": []}',
        "other_number": '{"document":{"a":1.50},"arrays":[]}',
        "surrogate": '{"document":{"a":"\\ud800"},"arrays":[]}',
        "surrogate_key": '{"document":{"\\ud800":1},"arrays":[]}',
        "not_ascii": '{"document":{"a":"é"},"arrays":[]}',
        "raw_surrogate": '{"document":{"a":"\ud800"},"arrays":[]}',
        "control": '{"document":{"a":"\x1b[2J"},"arrays":[]}',
        "marked": '\ufeff{"document":{},"arrays":[]}',
        "root_list": "[]",
        "root_number": "1",
        "empty": "",
        "cut": '{"document":{},"arrays":[',
        "more": '{"document":{},"arrays":[]}{}',
        "no_arrays": '{"document":{}}',
        "arrays_number": '{"document":{},"arrays":1}',
        "arrays_null": '{"document":{},"arrays":null}',
        "document_list": '{"document":[],"arrays":[]}',
        "other_order": '{"arrays":[],"document":{}}',
        "third_key": '{"document":{},"arrays":[],"more":1}',
    }
    return {name: sealed(text) for name, text in texts.items()}


def forged_arrays() -> dict[str, bytes]:
    """Right checksums over arrays that cannot be."""
    one = {"name": "w", "dtype": "<f4", "shape": [1]}
    nan, infinite = struct.pack("<f", float("nan")), struct.pack("<d", float("-inf"))
    dtypes = ["|O", "O", "object", "<M8[ns]", ">f4", "<f2", "<c8", "|V8", "|S8", "<U2", "f4", "i1,O"]
    dtypes += [[["a", "|O"]], None, 4]
    names = ["", "w" * 300, 1, None]
    shapes = [[2**62], [2**62, 4], [-1], [-1, -2], [True, 2], [2.0], ["2"], [[2]], "2", None, 2, {"a": 2}]
    shapes += [
        [0, 2**62],
        [0] + [50_000_000] * 4,
        [1] * 8 + [2],
        [1] * 65 + [2],
        [3],
        [1],
        [2**32, 2**32],
        [64_000_001, 0],
    ]
    return {
        **{f"dtype_{n}": listed(dtype, [1], bytes(8)) for n, dtype in enumerate(dtypes)},
        **{f"shape_{n}": listed("<f4", shape, bytes(8)) for n, shape in enumerate(shapes)},
        **{f"name_{n}": listed("<f4", [2], bytes(8), name) for n, name in enumerate(names)},
        "nan": listed("<f4", [1], nan),
        "nan_last": listed("<f4", [1000], bytes(3996) + nan),
        "infinite": listed("<f8", [1], infinite),
        "boolean_of_2": listed("|b1", [2], b"\x01\x02"),
        "no_shape": sealed({"document": {}, "arrays": [{"name": "w", "dtype": "<f4"}]}, bytes(4)),
        "fourth_key": sealed({"document": {}, "arrays": [one | {"order": "F"}]}, bytes(4)),
        "entry_list": sealed({"document": {}, "arrays": [["w", "<f4", [1]]]}, bytes(4)),
        "name_twice": sealed({"document": {}, "arrays": [one, one]}, bytes(8)),
        "block_too_long": listed("<f4", [1], bytes(5)),
        "block_too_short": listed("<f4", [2], bytes(7)),
        "block_without_arrays": sealed({"document": {}, "arrays": []}, b"x"),
        "array_without_block": listed("<f4", [1], b""),
    }


def forged_records() -> dict[str, bytes]:
    """Flat dicts that are nearly those of a model file."""
    text = '{"document":{},"arrays":[]}'
    right = record(text, b"")
    data = packed(right)
    swapped = dict(reversed(right.items()))
    return {
        "newer": packed(record(text, b"", number=3)),
        "much_newer": packed(record(text, b"", number=999)),
        "newer_other_keys": packed({"format": NAME, "number": 7, "new": "shape"}),
        "number_0": packed(record(text, b"", number=0)),
        "number_negative": packed(record(text, b"", number=-1)),
        "number_giant": packed(record(text, b"", number=10**100)),
        "number_boolean": packed(right | {"number": True}),
        "number_text": packed(right | {"number": "1"}),
        "number_float": packed(right | {"number": 1.0}),
        "other_name": packed(record(text, b"", name="other-model")),
        "name_bytes": packed(right | {"format": b"lstmcast-model"}),
        "checkpoint": packed(record(text, b"", name="lstmcast-checkpoint")),
        "checksum_of_another": packed(right | {"sha256": record(text, b"x")["sha256"]}),
        "checksum_upper_case": packed(right | {"sha256": right["sha256"].upper()}),
        "checksum_bytes": packed(right | {"sha256": right["sha256"].encode()}),
        "checksum_none": packed(right | {"sha256": None}),
        "json_bytes": packed(right | {"json": text.encode()}),
        "block_text": packed(right | {"block": ""}),
        "block_bytearray": packed(right | {"block": bytearray()}),
        "sixth_key": packed(right | {"more": 1}),
        "key_missing": packed({key: right[key] for key in list(right)[:-1]}),
        "key_bytes": packed(right | {b"more": 1}),
        "key_number": packed(right | {1: 1}),
        "other_order": packed(swapped),
        "empty_dict": packed({}),
        "list": packed([right]),
        "shared_text": packed(right | {"sha256": right["format"]}),
        "key_twice": data[:-2].replace(b"\x95" + data[3:11], b"\x95" + bytes([data[3] + 9]) + data[4:11])
        + b"\x8c\x04json\x94K\x01u.",
        "protocol_5": b"\x80\x05" + data[2:],
        "two_models": data + data,
        "byte_after_end": data + b"\0",
        "first_half": data[: len(data) // 2],
        "without_stop": data[:-1],
        "long_form_of_short_text": data.replace(b"\x8c\x04json", b"X\x04\0\0\0json"),
        "long_form_of_number": data.replace(b"K\x01", b"M\x01\x00"),
        "text_not_utf_8": data.replace(b"\x8c\x04json", b"\x8c\x04js\xff\xfe"),
        **{f"protocol_{n}": pickle.dumps(right, protocol=n) for n in (0, 1, 2, 3)},
    }


def forged_documents(document: dict[str, Any]) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """A model's document with one value left out or replaced, for every value but those of the report."""
    return _forged(document, _paths({name: part for name, part in document.items() if name != "report"}))


def forged_reports(
    document: dict[str, Any], rng: random.Random, count: int
) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """A model's document with one value of its report left out, replaced or added: so many at random."""
    paths = list(_paths({"report": document["report"]}))
    for _ in range(count):
        path = rng.choice(paths)
        kind = rng.choice(["leave out", "add", *["replace"] * 8])
        if kind == "replace":
            yield path, _changed(document, path, rng.choice(OTHERS))
        elif kind == "leave out":
            yield path, _left_out(document, path)
        else:
            yield (*path, "more"), _changed(document, path, _with_more(_at(document, path)))


def _forged(
    document: dict[str, Any], paths: Iterator[tuple[Any, ...]]
) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """The document with the value at each path left out or replaced."""
    for path in paths:
        for other in OTHERS:
            yield path, _changed(document, path, other)
        yield path, _left_out(document, path)


def _at(document: dict[str, Any], path: tuple[Any, ...]) -> Any:
    return functools.reduce(operator.getitem, path, document)


def _changed(document: dict[str, Any], path: tuple[Any, ...], other: Any) -> dict[str, Any]:
    forged = copy.deepcopy(document)
    _at(forged, path[:-1])[path[-1]] = other
    return forged


def _left_out(document: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    forged = copy.deepcopy(document)
    del _at(forged, path[:-1])[path[-1]]
    return forged


def _with_more(value: Any) -> Any:
    """A dict or a list with one more in it; anything else in a list."""
    if isinstance(value, dict):
        return {**value, "more": 1}
    return [*value, "more"] if isinstance(value, list) else [value]


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value within a document, of a list to the first two."""
    if path:
        yield path
    inner = (
        value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    )
    for key, item in inner:
        yield from _paths(item, (*path, key))


def forged_models() -> dict[str, bytes]:
    """A whole model with one thing wrong, under a right checksum: sizes to choke on, and what contradicts the rest."""
    document, arrays = persistence.read(GOLDEN)

    def forged(part: str, **changes: Any) -> bytes:
        return persistence.encode({**document, part: {**document[part], **changes}}, arrays)

    def with_array(name: str, array: np.ndarray[Any, Any]) -> bytes:
        return persistence.encode(document, {**arrays, name: array})

    clock = document["contract"]["clock"]
    return {
        "scale": with_array("scaling.scale", -arrays["scaling.scale"]),
        "weights": with_array("member.0", arrays["member.0"][:1]),
        "highway": with_array("highway.weight", arrays["highway.weight"].T),
        "lookback": forged("contract", lookback=document["contract"]["lookback"] + 1),
        "history": forged("contract", history=10**15),
        "columns": forged("contract", past=[], levels={}),
        "ids": forged("contract", ids=["a", "a"]),
        "zone": forged("contract", clock=clock | {"zone": 10**15}),
        "seasons": forged("contract", clock=clock | {"seasons": [10**15]}),
        "frequency": forged("contract", clock=clock | {"freq": "x"}),
        "layers": forged("architecture", layers=10**15),
        "hidden": forged("architecture", hidden=4096),
        "dense": forged("architecture", dense=[10**9] * 9),
        "series": forged("architecture", series=10**15),
        "segment": forged("architecture", segment=0),
        "members": forged("options", members=10**9),
        "share": forged("blend", network=1e308),
        "field": forged("options", more=1),
        **enormous(document, arrays),
    }


def unchecked(document: Any, arrays: dict[str, np.ndarray[Any, Any]]) -> bytes:
    """A model file with a right checksum, whatever its numbers are."""
    little = {name: array.astype(array.dtype.newbyteorder("<"), copy=False) for name, array in arrays.items()}
    listed = [
        {"name": name, "dtype": array.dtype.str, "shape": list(array.shape)} for name, array in little.items()
    ]
    block = b"".join(array.tobytes() for array in little.values())
    return sealed({"document": document, "arrays": listed}, block)


def enormous(document: Any, arrays: dict[str, np.ndarray[Any, Any]]) -> dict[str, bytes]:
    """A whole model of which one number, or how many there are of something, is none that training gives."""

    def forged(part: str, **changes: Any) -> bytes:
        return unchecked({**document, part: {**document[part], **changes}}, arrays)

    def filled(name: str, value: float) -> bytes:
        return unchecked(document, {**arrays, name: np.full_like(arrays[name], value)})

    clock, contract = document["contract"]["clock"], document["contract"]
    columns = [f"c{number}" for number in range(30_000)]
    ids = [f"s{number}" for number in range(60_000)]
    return {
        "limits_far": unchecked({**document, "limits": [None, -1e308]}, arrays),
        "limits_crossed": unchecked({**document, "limits": [5.0, 4.0]}, arrays),
        "limits_large": unchecked({**document, "limits": [1e200, None]}, arrays),
        "option_max": forged("options", max=1e200),
        "scale_enormous": filled("scaling.scale", 1.7e308),
        "scale_tiny": filled("scaling.scale", 5e-324),
        "center_enormous": filled("scaling.center", -1.7e308),
        "unit_tiny": filled("scaling.unit", 5e-324),
        "bias_enormous": filled("highway.bias", 1.7e308),
        "weights_enormous": filled("member.0", -1e38),
        "covariate_scale_zero": filled("covariates.scale", 0.0),
        "step_of_nothing": forged("contract", clock=clock | {"freq": "ns"}),
        "step_of_ages": forged("contract", clock=clock | {"freq": "99999999D"}),
        "step_backward": forged("contract", clock=clock | {"freq": "-1h"}),
        "zone_nowhere": forged("contract", clock=clock | {"zone": "Mars/Olympus"}),
        "style_endless": forged("contract", clock=clock | {"style": "%Y" * 1_000_000}),
        "style_acting": forged("contract", clock=clock | {"style": "%Y\x1b[2J"}),
        "seasons_many": forged("contract", clock=clock | {"seasons": [*range(2, 100_002)]}),
        "missing_many": forged("options", missing=[f"{number}" for number in range(100_000)]),
        "exclude_many": forged("options", exclude=["2012-03-01..2012-03-02"] * 100_000),
        "wide": unchecked({**document, "contract": {**contract, "ids": ids, "past": columns}}, _wide(arrays)),
    }


def _wide(arrays: dict[str, np.ndarray[Any, Any]]) -> dict[str, np.ndarray[Any, Any]]:
    """Arrays whose shapes fit 60,000 series of 30,000 columns, as far as any do."""
    sized = {name: np.ones(60_000) for name in ("center", "scale", "unit")}
    columns = {f"covariates.{name}": np.ones(30_002) for name in sized}
    return {
        **arrays,
        **{f"scaling.{name}": array for name, array in sized.items()},
        **columns,
        "change": np.ones(60_000),
        "mase_scale": np.ones(60_000),
        "seen_until": np.zeros(60_000, dtype=np.int64),
    }


def forged_checkpoints() -> dict[str, bytes]:
    """Checkpoints whose numbers no training gives."""
    finished = {"finished": {"0": {"best_step": 1}}, "underway": {}}
    empty = {"finished": {}, "underway": {}}
    document = {"fingerprint": "x", "networks": finished, "final": empty}

    def of(weights: np.ndarray[Any, Any]) -> bytes:
        array = {"name": "networks.0", "dtype": weights.dtype.str, "shape": list(weights.shape)}
        text = json.dumps({"document": document, "arrays": [array]}, separators=(",", ":"))
        return packed(record(text, weights.tobytes(), "lstmcast-checkpoint"))

    return {
        "right": of(np.ones(5, "<f4")),
        "enormous": of(np.full(5, -1e38, "<f4")),
        "enormous_double": of(np.full(5, -1e300, "<f8")),
        "not_finite": of(np.full(5, np.nan, "<f4")),
    }


def other_files() -> dict[str, bytes]:
    """Files of other programs, and right models in a wrapping."""
    data, array = small_model(), io.BytesIO()
    np.save(array, np.array([{}], dtype=object), allow_pickle=True)
    archive = io.BytesIO()
    np.savez(archive, w=np.arange(3))
    return {
        "empty": b"",
        "one_byte": b"\x80",
        "zeros": bytes(1000),
        "csv": b"time,load\n2024-01-01,5\n",
        "json": b'{"format":"lstmcast-model"}',
        "html": b"<!doctype html><title>404</title>",
        "npy": array.getvalue(),
        "npz": archive.getvalue(),
        "gzip": gzip.compress(data),
        "zlib": zlib.compress(data),
        "bz2": bz2.compress(data),
        "lzma": lzma.compress(data),
        "line_ends_changed": data.replace(b"\n", b"\r\n") + b"\r\n",
        "with_utf_8_mark": b"\xef\xbb\xbf" + data,
        "through_utf_8": data.decode("latin-1").encode(),
    }


def special_files(folder: Path) -> dict[str, Path]:
    """Things of the file system that are no regular file, or none to be read."""
    names = ("fifo", "folder", "loop", "dangling", "to_zero", "sparse", "giant")
    made = {name: folder / name for name in names}
    os.mkfifo(made["fifo"])
    made["folder"].mkdir()
    made["loop"].symlink_to(made["loop"])
    made["dangling"].symlink_to(folder / "nothing")
    made["to_zero"].symlink_to("/dev/zero")
    for name, size in (("sparse", 64_000_001), ("giant", 10**11)):
        with open(made[name], "wb") as file:
            file.truncate(size)
    hostile_name = folder / "\x1b[2J\x1b]0;evil\x07\n\u202e.pkl"
    hostile_name.write_bytes(small_model()[:-1])
    unsayable = Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe.pkl"))
    unsayable.write_bytes(b"nothing")
    devices = {name: Path("/dev") / name for name in ("zero", "urandom", "full", "null", "tty")}
    endless = {"own_memory": Path("/proc/self/mem"), "kernel_file": Path("/proc/cpuinfo")}
    return (
        made
        | devices
        | endless
        | {
            "socket": _socket(folder),
            "absent": folder / "absent",
            "below_a_file": unsayable / "model.pkl",
            "very_long_name": folder / ("m" * 5000),
            "escape_codes_in_name": hostile_name,
            "name_not_utf_8": unsayable,
        }
    )


def _socket(folder: Path) -> Path:
    """The file of a socket, bound by its short relative name as such names may have 108 bytes only."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("socket")
    finally:
        os.chdir(before)
    return folder / "socket"


def corpus(folder: Path, command: str) -> dict[str, Path]:
    """All hostile files by name, written into `folder`; those that can run something would run `command`."""
    groups: dict[str, Callable[[], dict[str, bytes]]] = {
        "execute": lambda: executing(command),
        "opcode": lambda: dict(opcode_files()),
        "bomb": bombs,
        "json": forged_json,
        "array": forged_arrays,
        "record": forged_records,
        "model": forged_models,
        "other": other_files,
    }
    paths = {f"special_{name}": path for name, path in special_files(folder).items()}
    for group, make in groups.items():
        for name, data in make().items():
            paths[f"{group}_{name}"] = folder / f"{group}_{name}.pkl"
            paths[f"{group}_{name}"].write_bytes(data)
    return paths
