"""Standard output is written whole or it is exit 8; `-o -` gives the file out there; no training is lost."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from lstmcast import persistence
from lstmcast.cli.shell import streams
from lstmcast.core.errors import OutputError
from lstmcast.core.letters import harmless, spelled_out
from tests.command_line import PROJECT, lstmcast
from tests.conftest import QUICK, hourly_rows, write_csv

UNBUFFERED = pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])


class Slow(io.RawIOBase):
    """Takes seven bytes at a time, and none each third time."""

    def __init__(self) -> None:
        self.taken, self.calls = b"", 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int | None:
        self.calls += 1
        if self.calls % 3 == 0:
            return None
        self.taken += bytes(data[:7])
        return min(len(data), 7)


def test_what_one_call_does_not_take_is_written_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = Slow()
    monkeypatch.setattr(streams, "_PAUSE", 0.0)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="utf-8", write_through=True))  # type: ignore[type-var]
    streams.emit("é" * 100 + "\n")
    streams.emit_bytes(b"\0\1" * 50)
    assert raw.taken == ("é" * 100 + "\n").encode() + b"\0\1" * 50


def started(*arguments: object, unbuffered: str = "", **named: Any) -> subprocess.Popen[bytes]:
    """The program in a process of its own, its stdout as named."""
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONUNBUFFERED": unbuffered}
    words = [sys.executable, "-m", "lstmcast", *map(str, arguments)]
    return subprocess.Popen(words, stderr=subprocess.PIPE, env=environment, **named)


@UNBUFFERED
def test_a_long_forecast_to_a_disk_that_is_full_midway_is_no_success(
    unbuffered: str, history: Path, model_file: Path, tmp_path: Path
) -> None:
    resource = pytest.importorskip("resource")

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))

    with (tmp_path / "f.csv").open("wb") as stdout:
        process = started(
            "predict",
            model_file,
            history,
            "--horizon",
            "200",
            unbuffered=unbuffered,
            stdout=stdout,
            preexec_fn=full,
        )
        _, said = process.communicate()
    assert process.returncode == 8, said
    assert b"E_OUTPUT: standard output cannot be written" in said


@UNBUFFERED
def test_a_long_forecast_into_head_is_no_success(unbuffered: str, history: Path, model_file: Path) -> None:
    words = ("predict", model_file, history, "--horizon", "1500")
    process = started(*words, unbuffered=unbuffered, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.read(10) == b"time,forec"
    process.stdout.close()
    assert process.stderr is not None
    assert b"E_OUTPUT: standard output cannot be written: Broken pipe" in process.stderr.read()
    assert process.wait() == 8


@UNBUFFERED
@pytest.mark.parametrize("command", ["train", "refresh"])
def test_a_training_into_a_pipe_that_is_closed_is_not_lost(
    command: str, unbuffered: str, history: Path, model_file: Path, tmp_path: Path
) -> None:
    path = tmp_path / "m.pkl"
    words: tuple[object, ...] = ("train", history, *QUICK, "-o", path)
    if command == "refresh":
        path.write_bytes(model_file.read_bytes())
        words = ("refresh", path, write_csv(tmp_path / "new.csv", hourly_rows(31 * 24)), "--always")
    before = path.read_bytes() if path.exists() else b""
    reader, writer = os.pipe()
    os.close(reader)
    process = started(*words, unbuffered=unbuffered, stdout=writer)
    os.close(writer)
    _, said = process.communicate()
    assert process.returncode == 8, said
    done = "is replaced" if command == "refresh" else "is written"
    assert f"Broken pipe ({path} {done})".encode() in said
    assert said.count(b"E_OUTPUT") == 1
    assert path.read_bytes() != before
    persistence.load(path)
    assert not list(tmp_path.glob("*.ckpt"))
    assert not list(tmp_path.glob("*.lock"))


def onnx_graph(data: bytes) -> None:
    assert data[:1] == b"\x08"


def forecast(data: bytes) -> None:
    assert data.startswith(b"time,forecast,")


def page(data: bytes) -> None:
    assert data.startswith(b"<!doctype html")


def singles(data: bytes) -> None:
    assert data.startswith(b"origin,time,step,")


BYTES = {"train", "export"}


@pytest.mark.parametrize(
    ("words", "check", "is_same"),
    [
        (["predict", "m.pkl", "d.csv"], forecast, True),
        (["predict", "m.pkl", "d.csv", "--json"], json.loads, True),
        (["evaluate", "m.pkl", "d.csv", "--stride", "96"], singles, True),
        (["export", "m.pkl"], onnx_graph, True),
        (["train", "d.csv", *QUICK], lambda data: persistence.decode(data), True),
        (["report", "m.pkl", "d.csv"], page, True),
        (["plot", "d.csv"], lambda data: None, False),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_hyphen_is_standard_output_wherever_a_file_is_written(
    words: list[str],
    check: Callable[[bytes], object],
    is_same: bool,
    history: Path,
    model_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "d.csv").write_bytes(history.read_bytes())
    (tmp_path / "m.pkl").write_bytes(model_file.read_bytes())
    monkeypatch.chdir(tmp_path)
    if words[0] in BYTES:  # where a library could write to the stream too
        process = started(*words, "-o", "-", stdout=subprocess.PIPE, cwd=tmp_path)
        out, said = process.communicate()
        code, err = process.returncode, said.decode()
    else:
        here = lstmcast(*words, "-o", "-")
        code, out, err = here.code, here.out.encode(), here.err
    assert code == 0, err
    check(out)
    assert sorted(os.listdir(tmp_path)) == ["d.csv", "m.pkl"]
    if is_same:
        beside = lstmcast(*words, "-o", "file")
        assert (beside.code, (tmp_path / "file").read_bytes()) == (0, out)
        of_the_file = ("Wrote file\n", ". Details: lstmcast info file")
        assert reduce(lambda text, words: text.replace(words, ""), of_the_file, beside.out) in err


@pytest.mark.parametrize(
    "words", [["train", "d.csv", "--target", "y"], ["evaluate", "m", "d"], ["export", "m"]]
)
def test_two_results_do_not_share_standard_output(words: list[str]) -> None:
    said = lstmcast(*words, "-o", "-", "--json")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "both want standard output" in said.err
    if words[0] == "train":
        said = lstmcast(*words, "-o", "-", "--resume")
        assert (said.code, "name a file" in said.err) == (2, True)


def test_no_file_of_bytes_is_shown_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdout", Terminal(io.BytesIO()))
    with pytest.raises(OutputError, match="is a terminal"):
        streams.emit_bytes(b"\0")


def test_a_ledger_is_no_stream(history: Path, model_file: Path, tmp_path: Path) -> None:
    for command in ("predict", "schedule"):
        said = lstmcast(command, model_file, history, "--log", "-")
        assert (said.code, said.out) == (2, "")
        assert "name one" in said.err


ODD = "\u202eevil\u2066 \x1b[2Jx\x9b"
SHOWN = "\\u202eevil\\u2066 \\x1b[2Jx\\x9b"


def test_letters_that_act_are_spelled_out_in_files_and_on_stdout_alike(tmp_path: Path) -> None:
    rows = [
        f"{row.split(',')[0]},{name},{row.split(',')[1]}"
        for name in (ODD, "=1+1")
        for row in hourly_rows(400)
    ]
    data = write_csv(tmp_path / "d.csv", rows, "time,id,load")
    model = tmp_path / "m.pkl"
    said = lstmcast("train", data, *QUICK, "--id", "id", "-o", model)
    assert said.code == 0, said
    for extra in ([], ["--json"]):
        said = lstmcast("predict", model, data, *extra)
        lstmcast("predict", model, data, *extra, "-o", tmp_path / "f.csv", "--log", tmp_path / "l.csv")
        assert (tmp_path / "f.csv").read_text(encoding="utf-8") == said.out
        assert "=1+1" in said.out
        assert SHOWN in (said.out if not extra else said.out.replace("\\\\", "\\"))
        assert harmless(said.out) == said.out
    assert SHOWN in (tmp_path / "l.csv").read_text(encoding="utf-8")
    assert lstmcast("score", tmp_path / "l.csv", data, "--id", "id").err.count("E_BUG") == 0
    assert lstmcast("evaluate", model, data, "--stride", "96", "-o", tmp_path / "s.csv").code == 0
    assert SHOWN in (tmp_path / "s.csv").read_text(encoding="utf-8")


def test_classes_are_spelled_out_too(tmp_path: Path) -> None:
    rows = [f"{row.split(',')[0]},{(ODD, 'b')[i % 3 // 2]}" for i, row in enumerate(hourly_rows(400))]
    data = write_csv(tmp_path / "d.csv", rows)
    assert lstmcast("train", data, *QUICK, "-o", tmp_path / "m.pkl").code == 0
    said = lstmcast("predict", tmp_path / "m.pkl", data)
    assert f"p_{SHOWN}" in said.out
    assert harmless(said.out) == said.out


@pytest.mark.parametrize("text", ["é", "👩‍👩‍👧", "a\u200bb", "a\u00adb", "=cmd|' /C calc'!A0", "a,b", "日本"])
def test_other_letters_stay_as_they_are(text: str) -> None:
    assert spelled_out(text) == harmless(text) == text
