"""A model file gives back what was put in, byte for byte the same each time, and joblib sees plain values."""

from __future__ import annotations

import io
import json
import os
import string
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from lstmcast import persistence
from lstmcast.core.errors import ModelFileError, OutputError
from lstmcast.persistence import opcodes

GOLDEN = Path(__file__).parents[1] / "golden" / "models"


def example() -> tuple[dict[str, Any], dict[str, np.ndarray[Any, Any]]]:
    """One of each kind of value and array; what tests/golden/models/format_1.pkl holds."""
    document = {
        "contract": {"target": "load [MW] é ☃ \U0001f600", "known": [], "zone": None},
        "report": {
            "mase": 0.1,
            "small": 5e-324,
            "large": 1.7976931348623157e308,
            "minus": -0.0,
            "good": True,
        },
        "state": 2**128 - 1,
        "": [[], {}, "", -1, 0.1 + 0.2, "\x1b\x00\n\x7f"],
    }
    arrays = {
        "weights": np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3),
        "scale": np.array(2.5),
        "none": np.zeros((0, 4)),
        "stamps": np.array([-(2**63), 2**63 - 1]),
        "lengths": np.array([1, 2], dtype=np.int32),
        "state": np.array([2**64 - 1], dtype=np.uint64),
        "seed": np.array([7], dtype=np.uint32),
        "letters": np.frombuffer(b"abc", dtype=np.uint8),
        "mask": np.array([[True], [False]]),
    }
    return document, arrays


def assert_same(found: tuple[Any, Any], document: Any, arrays: Any) -> None:
    assert found[0] == document
    assert list(found[1]) == list(arrays)
    for name, array in arrays.items():
        assert found[1][name].dtype == array.dtype
        assert found[1][name].shape == array.shape
        assert found[1][name].tobytes() == array.tobytes()


def test_a_written_model_is_read_back(tmp_path: Path) -> None:
    document, arrays = example()
    persistence.write(tmp_path / "model.pkl", document, arrays)
    assert_same(persistence.read(tmp_path / "model.pkl"), document, arrays)
    assert os.listdir(tmp_path) == ["model.pkl"]


def test_what_is_read_can_be_written_to_and_is_aligned() -> None:
    arrays = {"odd": np.zeros(3, dtype=np.uint8), "w": np.arange(4.0)}
    _, found = persistence.decode(persistence.encode({}, arrays))
    found["w"] += 1
    assert found["w"].flags.aligned
    assert found["w"].flags.c_contiguous


def test_the_layout_and_the_byte_order_of_an_array_do_not_change_the_file() -> None:
    square = np.arange(6.0).reshape(2, 3)
    data = persistence.encode({}, {"w": square})
    assert persistence.encode({}, {"w": np.asfortranarray(square)}) == data
    assert persistence.encode({}, {"w": square.astype(">f8")}) == data
    assert persistence.encode({}, {"w": np.repeat(square, 2, axis=1)[:, ::2]}) == data


def test_the_golden_file_of_format_1_is_read_and_written_to_the_same_bytes() -> None:
    golden = (GOLDEN / "format_1.pkl").read_bytes()
    assert_same(persistence.decode(golden), *example())
    assert persistence.encode(*example()) == golden


def test_joblib_load_gives_one_flat_dict_of_plain_values(tmp_path: Path) -> None:
    document, arrays = example()
    persistence.write(tmp_path / "model.pkl", document, arrays)
    record = joblib.load(tmp_path / "model.pkl")
    assert {key: type(value) for key, value in record.items()} == {
        "format": str,
        "number": int,
        "json": str,
        "block": bytes,
        "sha256": str,
    }
    assert (record["format"], record["number"]) == ("lstmcast-model", 1)
    assert json.loads(record["json"])["document"] == document
    assert record["block"] == b"".join(array.tobytes() for array in arrays.values())


def test_the_same_input_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    code = (
        "import sys; from tests.persistence.test_persistence import example; from lstmcast import persistence;"
        "persistence.write(sys.argv[1], *example())"
    )
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / seed)],
            cwd=Path(__file__).parents[2],
            env={"PYTHONHASHSEED": seed, "TZ": "Asia/Kolkata", "LC_ALL": "C"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes() == persistence.encode(*example())


@pytest.mark.parametrize("text_length", [0, 1, 255, 256, 65_400, 65_535, 65_536, 200_000])
@pytest.mark.parametrize("block_length", [0, 255, 256, 65_300, 65_536, 300_000])
def test_our_layout_is_the_one_that_joblib_writes(text_length: int, block_length: int) -> None:
    record = {"json": "x" * text_length, "number": 1, "block": b"y" * block_length, "more": 300, "é": "☃"}
    buffer = io.BytesIO()
    joblib.dump(record, buffer, protocol=4)
    assert b"".join(opcodes.dump(record)) == buffer.getvalue()
    assert opcodes.parse(buffer.getvalue()) == record


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.integers(-99, 99),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
kinds = st.sampled_from([np.dtype(kind) for kind in ("f4", "f8", "i4", "i8", "u4", "u8", "u1", "?")])
finite = {"allow_nan": False, "allow_infinity": False, "min_value": -(2.0**59), "max_value": 2.0**59}
matrices = kinds.flatmap(
    lambda kind: arrays_of.arrays(
        kind, arrays_of.array_shapes(min_dims=0, min_side=0), elements=finite if kind.kind == "f" else None
    )
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.dictionaries(st.text(), plain, max_size=4),
    st.dictionaries(st.text(string.ascii_letters, min_size=1), matrices, max_size=3),
)
def test_any_plain_document_and_arrays_come_back(document: Any, arrays: Any) -> None:
    data = persistence.encode(document, arrays)
    found = persistence.decode(data)
    assert_same(found, document, arrays)
    assert persistence.encode(*found) == data


@pytest.mark.parametrize(
    ("document", "arrays", "reason"),
    [
        ({}, {"w": np.array([1.0, np.nan])}, "not finite"),
        ({}, {"w": np.array([np.inf], dtype=np.float32)}, "not finite"),
        ({}, {"w": np.array([None])}, "none of <f4"),
        ({}, {"w": np.array(["2024"], dtype="datetime64[s]")}, "none of <f4"),
        ({}, {"w": np.array([1 + 2j])}, "none of <f4"),
        ({}, {"": np.zeros(1)}, "no name"),
        ({}, {"w": np.zeros(8_000_000)}, "larger than 64 MB"),
        ({1: "one"}, {}, "no text"),
        ({"a": {None: 1}}, {}, "no text"),
        ({"a": 2**128}, {}, "int"),
        ({"a": "\udcff"}, {}, "str"),
        ({"a": ["x" * 8_000_000]}, {}, "too large"),
    ],
)
def test_what_could_not_be_read_again_is_not_written(
    document: Any, arrays: Any, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "model.pkl"
    path.write_text("old")
    with pytest.raises(OutputError, match=reason):
        persistence.write(path, document, arrays)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["model.pkl"]


def test_a_document_that_is_no_json_is_a_bug_and_not_written(tmp_path: Path) -> None:
    for value in (float("nan"), np.float32(1), object(), b"bytes"):
        with pytest.raises((TypeError, ValueError)):
            persistence.write(tmp_path / "model.pkl", {"a": value}, {})
    assert os.listdir(tmp_path) == []


def test_a_joblib_that_lays_files_out_anew_is_told_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dump = joblib.dump
    monkeypatch.setattr(joblib, "dump", lambda value, file, protocol: dump(value, file, protocol=5))
    with pytest.raises(OutputError, match="install another joblib"):
        persistence.write(tmp_path / "model.pkl", {}, {})
    assert os.listdir(tmp_path) == []


def test_a_missing_file_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"absent\.pkl: there is no such file; .*lstmcast train"):
        persistence.read(tmp_path / "absent.pkl")
