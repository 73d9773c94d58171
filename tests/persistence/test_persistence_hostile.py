"""No file but one that lstmcast wrote is read, and none runs anything."""

from __future__ import annotations

import ast
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcast import persistence
from lstmcast.core.errors import ModelFileError
from lstmcast.persistence import record
from lstmcast.persistence.models import from_record
from lstmcast.persistence.record import DEEPEST
from tests import hostile_models
from tests.command_line import PROJECT, lstmcast

PACKAGE = PROJECT / "lstmcast"

READER = """
import json, sys, time
from lstmcast import persistence
from lstmcast.persistence import models  # which a file brings in: what pandas takes is not the file's doing

def peak():
    lines = open("/proc/self/status")
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))

before = peak()
for line in sys.stdin:
    name, path = json.loads(line)
    start = time.process_time()
    try:
        persistence.load(path)
        answer = "read", ""
    except BaseException as error:
        answer = type(error).__name__, str(error)
    print(json.dumps([name, *answer, time.process_time() - start]))
print(json.dumps(["peak", peak() - before, "joblib" in sys.modules]))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process of its own makes of every file of the corpus."""
    folder = tmp_path_factory.mktemp("hostile")
    witness = folder / "executed"
    paths = hostile_models.corpus(folder, f"touch {witness}")
    lines = "".join(json.dumps([name, str(path)]) + "\n" for name, path in paths.items())
    done = subprocess.run(
        [sys.executable, "-c", READER],
        input=lines,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
    )
    assert done.returncode == 0, done.stderr
    *rows, (_, peak, has_joblib) = map(json.loads, done.stdout.splitlines())
    assert [row[0] for row in rows] == list(paths)
    return {"rows": rows, "peak": peak, "has_joblib": has_joblib, "witness": witness}


def test_every_hostile_file_is_refused_with_one_harmless_line(answers: dict[str, Any]) -> None:
    assert len(answers["rows"]) >= 60
    for name, error, message, _ in answers["rows"]:
        assert error == "ModelFileError", (name, error, message)
        assert message.isprintable(), (name, message)
        assert "; " in message, (name, message)  # what to do


def test_the_command_line_ends_with_4_and_says_why_in_one_line(tmp_path: Path) -> None:
    paths = hostile_models.special_files(tmp_path)
    for name, data in (hostile_models.forged_models() | hostile_models.executing("false")).items():
        paths[name] = tmp_path / f"{name}.pkl"
        paths[name].write_bytes(data)
    for name, path in paths.items():
        said = lstmcast("info", path)
        assert (said.code, said.out) == (4, ""), name
        assert said.err.startswith("lstmcast: E_MODEL: "), name
        assert said.err.removesuffix("\n").isprintable(), name


def test_refusals_tell_the_reason(answers: dict[str, Any]) -> None:
    messages = {name: message for name, _, message, _ in answers["rows"]}
    reasons = {
        "special_fifo": "is a pipe or a device",
        "special_zero": "is a pipe or a device",
        "special_folder": "is a folder",
        "special_sparse": "larger than 64 MB",
        "special_absent": "there is no such file",
        "other_empty": "is empty",
        "other_csv": "not a model file",
        "record_two_models": "more after the end",
        "record_key_twice": "stands twice",
        "record_checksum_of_another": "checksum is wrong",
        "bomb_thousand_keys": "one too many",
        "bomb_frame_of_all": "a frame that is too large",
        "bomb_widest_json": "list of arrays",
        "array_nan": "'w' holds a number that is not finite",
        "json_nan": "JSON cannot be read",
        "json_key_twice": "not in the one form",
        "model_scale": "a scale is not positive",
        "model_lookback": "the chosen lookback is not the model's",
        "model_layers": "--layers goes from 1 to 16",
        "model_weights": "has 1 weights where its network has",
        "model_share": "do not add up to one",
        "model_zone": "zone is a int, not str",
    }
    for name, reason in reasons.items():
        assert reason in messages[name], messages[name]


def test_no_hostile_file_runs_anything(answers: dict[str, Any]) -> None:
    assert not answers["witness"].exists()


def test_hostile_files_take_little_time_and_memory(answers: dict[str, Any]) -> None:
    slowest = max(answers["rows"], key=lambda row: row[3])
    assert slowest[3] < 2, slowest
    assert answers["peak"] < 140_000, "kilobytes"


def test_reading_needs_no_joblib(answers: dict[str, Any]) -> None:
    assert not answers["has_joblib"]


def test_the_witness_would_tell(tmp_path: Path) -> None:
    witness = tmp_path / "executed"
    for name in ("global_reduce", "stack_global_reduce", "inst", "obj", "evil_value"):
        pickle.loads(hostile_models.executing(f"touch {witness}")[name])
        assert witness.exists(), name
        witness.unlink()


def test_the_forger_can_make_a_right_file() -> None:
    data = hostile_models.listed("<f4", [2], bytes(8))
    document, arrays = persistence.decode(data)
    assert document == {}
    assert arrays["w"].tolist() == [0, 0]


def test_a_newer_format_is_told_with_both_numbers() -> None:
    for name, number in (("newer", "3"), ("much_newer", "999"), ("newer_other_keys", "7")):
        with pytest.raises(ModelFileError, match=rf"format {number}\b.* up to 2\b.*install"):
            persistence.decode(hostile_models.forged_records()[name])


def test_a_checkpoint_is_no_model() -> None:
    data = persistence.encode({"step": 3}, {}, "checkpoint")
    assert persistence.decode(data, "checkpoint") == ({"step": 3}, {})
    with pytest.raises(ModelFileError, match="is a checkpoint, not a model"):
        persistence.decode(data)


def test_every_flipped_bit_of_a_small_model_is_refused() -> None:
    data = hostile_models.small_model()
    for place in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[place] ^= 1 << bit
            with pytest.raises(ModelFileError):
                persistence.decode(bytes(flipped))


def test_every_cut_of_a_small_model_is_refused() -> None:
    data = hostile_models.small_model()
    for end in range(len(data)):
        with pytest.raises(ModelFileError):
            persistence.decode(data[:end])
    for start in range(1, len(data)):
        with pytest.raises(ModelFileError):
            persistence.decode(data[start:])


def test_flipped_bits_and_cuts_of_a_model_of_many_frames_are_refused() -> None:
    rng = np.random.default_rng(0)
    arrays = {"w": rng.normal(size=20_000)}
    data = persistence.encode({"text": "x" * 70_000}, arrays)
    for place in [*range(120), *range(len(data) - 120, len(data)), *rng.integers(len(data), size=200)]:
        flipped = bytearray(data)
        flipped[place] ^= 1 << int(rng.integers(8))
        with pytest.raises(ModelFileError):
            persistence.decode(bytes(flipped))
        with pytest.raises(ModelFileError):
            persistence.decode(data[:place])


def test_random_bytes_and_random_splices_are_refused() -> None:
    rng = np.random.default_rng(1)
    data = hostile_models.small_model()
    for _ in range(2000):
        start, end = sorted(rng.integers(len(data) + 1, size=2))
        spliced = data[:start] + rng.bytes(int(rng.integers(1, 12))) + data[end:]
        if spliced != data:
            with pytest.raises(ModelFileError):
                persistence.decode(spliced)


def test_no_value_of_a_model_can_be_another_than_training_gives() -> None:
    """Each value of each part in turn is left out or of another type or size: a right checksum does not help."""
    document, arrays = persistence.read(hostile_models.GOLDEN)
    messages = [reason_to_refuse(forged, arrays) for _, forged in hostile_models.forged_documents(document)]
    assert all(message.startswith("its contents do not fit together") for message in messages if message)
    assert sum(map(bool, messages)) > 700


def test_bands_follow_volatility_as_training_lets_them_or_the_file_is_refused() -> None:
    document, arrays = persistence.read(hostile_models.GOLDEN)
    right = {"power": 0.5, "reference": 2.0}
    assert "volatility" not in document
    model = from_record(document | {"volatility": right}, arrays)
    assert (model.output.intervals.power, model.output.intervals.reference) == (0.5, 2.0)  # type: ignore[union-attr]
    wrong = [{"power": power} for power in (-0.1, 1.1, np.nan, np.inf, "x", None, True, [])]
    wrong += [{"reference": reference} for reference in (0.0, -1.0, np.nan, np.inf, "x", None, True, {})]
    for part in [*(right | change for change in wrong), {"power": 0.5}, {"reference": 2.0}, 3, "x", [], {}]:
        reason = reason_to_refuse(document | {"volatility": part}, arrays)
        assert reason.startswith("its contents do not fit together"), part


def test_bands_that_a_model_cannot_make_are_refused() -> None:
    document, arrays = persistence.read(hostile_models.GOLDEN)
    for kind in ("wide", "", None, 3):
        assert "which this model cannot make" in reason_to_refuse(document | {"intervals": kind}, arrays)
    assert document["intervals"] == "quantiles"
    blend = document["blend"] | {"network": 0.0, "linear": 1.0, "naive": 0.0, "season": 0}
    without = document | {"architecture": None, "blend": blend}
    assert "which this model cannot make" in reason_to_refuse(without, arrays)


def test_a_second_view_whose_parts_are_not_all_there_is_refused() -> None:
    document, arrays = persistence.read(hostile_models.GOLDEN.with_name("format_1_views.pkl"))
    assert not reason_to_refuse(document, arrays)
    linear = {"network": 0.0, "linear": 1.0, "naive": 0.0, "season": 0}
    first_less = {"architecture": None, "intervals": "split", "blend": linear}
    wide = arrays | {"intervals": np.ones((7, 24))}
    assert "second network without a first" in reason_to_refuse(document | first_less, wide)
    alone = document | {"second": None, "second_architecture": None}
    assert "without a view of its own" in reason_to_refuse(alone, arrays)
    assert "not the one that its options" in reason_to_refuse(
        document | {"second": None, "second_penalty": None}, arrays
    )


def reason_to_refuse(document: dict[str, Any], arrays: Any) -> str:
    """Why a record is refused; empty where it is a model."""
    try:
        from_record(document, arrays)
    except ModelFileError as error:
        return str(error)
    return ""


def test_a_report_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    document, arrays = persistence.read(hostile_models.GOLDEN)
    for report in (
        {},
        [],
        document["report"] | {"verdict": 3},
        document["report"] | {"test": {"model": None}},
    ):
        persistence.write(tmp_path / "model.pkl", {**document, "report": report}, arrays)
        said = lstmcast("info", tmp_path / "model.pkl")
        assert (said.code, said.out, said.err.count("\n")) == (4, "", 1), said
        assert "its contents do not fit together" in said.err


def test_no_source_file_calls_a_loader_that_executes() -> None:
    """pickle and its relatives are imported nowhere; joblib and NumPy never load."""
    forbidden = {"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve"}
    loaders = {"load", "fromfile", "memmap", "open_memmap", "Unpickler", "NumpyUnpickler"}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                module = (node.module or "").split(".")[0]
                names = {module} | (
                    {alias.name for alias in node.names} & loaders if module in ("joblib", "numpy") else set()
                )
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                names = {node.attr} & loaders if node.value.id in ("joblib", "np", "numpy") else set()
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                names = {node.func.id} & {"eval", "exec", "compile", "__import__"}
            else:
                continue
            assert not names & (forbidden | loaders | {"eval", "exec", "compile", "__import__"}), (
                path,
                node.lineno,
            )


def test_persistence_imports_joblib_inside_the_writing_function_only() -> None:
    for path in (PACKAGE / "persistence").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        homes = [
            function.name
            for function in ast.walk(tree)
            if isinstance(function, ast.FunctionDef)
            for node in ast.walk(function)
            if isinstance(node, ast.Import) and node.names[0].name == "joblib"
        ]
        count = sum("joblib" in ast.dump(node) for node in ast.walk(tree) if isinstance(node, ast.Import))
        assert count == len(homes)
        assert homes in ([], ["encode"])


def test_depth_and_odd_leaves_are_found_as_by_a_walk_over_every_leaf() -> None:
    def nested(depth: int, leaf: Any, *, by_key: bool) -> Any:
        for number in range(depth):
            leaf = {f"k{number}": leaf} if by_key else [leaf]
        return {"document": leaf}

    leaves: list[Any] = [
        1,
        "a",
        [],
        {},
        None,
        1.5,
        (1 << 128) - 1,
        1 << 128,
        -(1 << 128),
        "\ud800",
        "\U0001f600",
    ]
    for depth in (1, DEEPEST - 2, DEEPEST - 1, DEEPEST, DEEPEST + 1):
        for leaf in leaves:
            root = nested(depth, leaf, by_key=depth % 2 == 0)
            outcomes = []
            for look in (
                lambda root=root: record._parsed(record._text(root)),
                lambda root=root: record._check_tree(root),
            ):
                try:
                    look()
                    outcomes.append("")
                except record.DamagedError as error:
                    outcomes.append(error.what)
            assert outcomes[0] == outcomes[1], (depth, leaf)
