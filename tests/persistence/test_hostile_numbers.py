"""A right checksum is no reason to trust: numbers that no training gives end a command with 4, and look at no file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lstmcast import persistence
from lstmcast.cli.commands import predict
from lstmcast.core.errors import ModelFileError
from lstmcast.ingest.text import spans
from tests.command_line import PROJECT, Said, lstmcast
from tests.hostile_models import enormous, forged_checkpoints, unchecked

MODELS = Path(__file__).resolve().parents[1] / "golden" / "models"
PANEL, ROWS = MODELS / "format_1_panel.pkl", MODELS / "format_1_panel.csv"


def refused(said: Said) -> None:
    """Exit 4, and one line that is not of a bug."""
    assert (said.code, said.out, said.err.count("\n")) == (4, "", 1), said
    assert said.err.startswith("lstmcast: E_MODEL: "), said


@pytest.mark.parametrize("name", ["enormous", "enormous_double", "not_finite"])
def test_a_checkpoint_with_weights_that_no_training_gives_is_refused(name: str, tmp_path: Path) -> None:
    found = forged_checkpoints()
    (tmp_path / "right").write_bytes(found["right"])
    checkpoint = persistence.load_checkpoint(tmp_path / "right")
    assert checkpoint is not None
    (tmp_path / "wrong").write_bytes(found[name])
    with pytest.raises(ModelFileError, match=r"networks\.0"):
        persistence.load_checkpoint(tmp_path / "wrong")


LOADING = """
import sys, time
from lstmcast import persistence
from lstmcast.core.errors import ModelFileError
for path in sys.argv[1:]:
    began = time.process_time()
    try:
        persistence.load(path)
    except ModelFileError:
        most = next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]
        print(time.process_time() - began, int(most) / 1000)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_a_forged_file_of_any_size_costs_little_memory_and_time(tmp_path: Path) -> None:
    document, arrays = persistence.read(PANEL)
    contract = document["contract"]
    forged = {
        "wide": enormous(document, arrays)["wide"],
        "one_long_name": unchecked({**document, "contract": {**contract, "ids": ["x" * 60_000_000]}}, arrays),
        "weights": unchecked(document, {**arrays, "member.0": np.ones(15_000_000, dtype="<f4")}),
    }
    for name, data in forged.items():
        assert len(data) <= 64_000_000
        (tmp_path / name).write_bytes(data)
    told = subprocess.run(
        [sys.executable, "-c", LOADING, *(str(tmp_path / name) for name in forged)],
        capture_output=True,
        cwd=PROJECT,
        check=True,
        text=True,
    )
    lines = [tuple(map(float, line.split())) for line in told.stdout.splitlines()]
    assert len(lines) == len(forged), told
    for name, (seconds, megabytes) in zip(forged, lines, strict=True):
        assert seconds < 2, name
        assert megabytes < 300, name


@pytest.mark.parametrize("command", ["predict", "evaluate", "explain"])
def test_what_overflows_while_it_is_used_is_the_models_fault(command: str, tmp_path: Path) -> None:
    document, arrays = persistence.read(PANEL)
    forged = {**arrays, "scaling.scale": np.full_like(arrays["scaling.scale"], 1e149)}
    forged["highway.bias"] = np.full_like(arrays["highway.bias"], 1e149)
    forged["highway.weight"] = np.full_like(arrays["highway.weight"], 1e149)
    forged["scaling.center"] = np.full_like(arrays["scaling.center"], -1e149)
    (tmp_path / "model.pkl").write_bytes(unchecked(document, forged))
    said = lstmcast(command, tmp_path / "model.pkl", ROWS)
    assert said.code in (0, 4), said
    assert "nan" not in said.out.lower()
    assert "inf" not in said.out.lower().replace("info", "")


@pytest.mark.parametrize(
    "error", [MemoryError("900 GiB"), OverflowError("too large"), ZeroDivisionError("x")]
)
def test_no_memory_and_no_numbers_while_a_model_is_used_are_4(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(predict, "read_files", fail)
    said = lstmcast("predict", PANEL, ROWS)
    refused(said)
    assert str(PANEL) in said.err


def test_no_memory_in_training_is_7_and_for_a_file_3(history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("lstmcast.ingest.read", fail)
    monkeypatch.setattr("lstmcast.ingest.survey", fail)
    assert lstmcast("train", history, "--target", "load").err.startswith(
        "lstmcast: E_TRAINING: not enough memory"
    )
    assert lstmcast("check", history).err.startswith("lstmcast: E_DATA: not enough memory")


def test_a_file_that_a_model_names_is_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("2000-01-01,2100-01-01\n")
    document, arrays = persistence.read(PANEL)
    for words in ([str(secret)], ["/dev/zero", "nonsense"]):
        options = {**document["options"], "exclude": words}
        (tmp_path / "model.pkl").write_bytes(unchecked({**document, "options": options}, arrays))
        monkeypatch.setattr(spans, "_listed", lambda word: pytest.fail(f"{word} was looked at"))
        said = lstmcast("predict", tmp_path / "model.pkl", ROWS)
        assert said.code == 0, said
        assert said.out == lstmcast("predict", PANEL, ROWS).out


def test_a_target_that_is_no_number_of_a_file_is_refused_by_a_model(tmp_path: Path) -> None:
    lines = ROWS.read_text().splitlines()
    place = lines[0].split(",").index("load")
    rows = [line.split(",") for line in lines[1:]]
    rows = [[*row[:place], "1.7e308" if row[place] else "", *row[place + 1 :]] for row in rows]
    (tmp_path / "rows.csv").write_text("\n".join([lines[0], *map(",".join, rows)]) + "\n")
    for command in ("predict", "evaluate"):
        said = lstmcast(command, PANEL, tmp_path / "rows.csv")
        assert said.code == 3, said
        assert "expected a number up to 1e+150" in said.err
