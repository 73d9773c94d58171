"""The ledger of predict --log: one write under a lock, whole lines, equal rows of equal runs, or as it was."""

from __future__ import annotations

import dataclasses
import errno
import fcntl
import hashlib
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcast import persistence
from lstmcast.core.errors import BusyError, OutputError
from lstmcast.core.panel import Clock, Fallback
from lstmcast.evaluation.ledger import entries, header, unmistakable
from lstmcast.ingest import read_ledger
from lstmcast.persistence import append_block, ledgers
from tests.command_line import lstmcast
from tests.conftest import hourly_rows, write_csv
from tests.panels import hourly, stacked, trained

HEADER = "issued,model,time,forecast,lo_80,hi_80,source"


def test_predict_writes_down_what_it_gives_out(history: Path, model_file: Path, tmp_path: Path) -> None:
    said = lstmcast("predict", model_file, history, "--log", tmp_path / "log.csv")
    assert (said.code, said.err) == (0, "")
    assert said.out == lstmcast("predict", model_file, history).out
    first, *rows = (tmp_path / "log.csv").read_text().splitlines()
    identity = hashlib.sha256(model_file.read_bytes()).hexdigest()[:12]
    assert first == HEADER
    assert rows == [f"2024-01-28 23:00:00,{identity},{row}" for row in said.out.splitlines()[1:]]


def test_the_ledger_has_its_band_whatever_was_asked_for(
    history: Path, model_file: Path, tmp_path: Path
) -> None:
    for name, asked in (("one", ()), ("two", ("--level", "50,95", "--quantiles", "0.1", "--json"))):
        said = lstmcast("predict", model_file, history, *asked, "--log", tmp_path / name)
        assert (said.code, said.out) == (0, lstmcast("predict", model_file, history, *asked).out)
    assert (tmp_path / "one").read_text() == (tmp_path / "two").read_text()


def test_equal_runs_add_equal_rows(history: Path, model_file: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    for _ in range(2):
        assert lstmcast("predict", model_file, history, "--log", log, "-q").code == 0
    lines = log.read_text().splitlines()
    assert len(lines) == 1 + 2 * 24
    assert lines[1:25] == lines[25:]


def test_each_series_of_a_panel_is_issued_at_its_own_last_row() -> None:
    panel = stacked(hourly(420, 0), hourly(420, 1))
    forecast = trained().predict(hourly())
    both = dataclasses.replace(
        forecast,
        ids=panel.ids,
        id_name="meter",
        series=np.repeat([0, 1], 3),
    )
    rows = entries(both, panel.times[[5, 400]], "cafe")
    assert list(rows) == ["issued", "model", "time", "meter", "forecast", "lo_80", "hi_80", "source"]
    assert rows["meter"] == ["a"] * 3 + ["b"] * 3
    assert rows["issued"] == panel.clock.write(panel.times[[5] * 3 + [400] * 3])
    assert header("source")[3] == "id"


def test_stamps_tell_the_two_hours_apart_when_the_clock_is_put_back(tmp_path: Path) -> None:
    clock = Clock("h", "Europe/Helsinki", style="%Y-%m-%d %H:%M")
    first = np.datetime64("2024-10-26T23:00", "us")
    stamps = unmistakable(clock).write(clock.grid(first, 4))
    assert stamps[1:3] == ["2024-10-27T03:00:00+03:00", "2024-10-27T03:00:00+02:00"]
    rows = [f"{stamps[0]},m,{stamp},1,0,2,model" for stamp in stamps[1:]]
    ledger, _ = read_ledger(write_csv(tmp_path / "log.csv", rows, HEADER), clock)
    assert (ledger.time == clock.grid(first, 4)[1:]).all()
    assert unmistakable(Clock("D", "Europe/Helsinki", style="%Y-%m-%d")).style == "%Y-%m-%d"


def test_a_new_block_stands_below_the_old_ones_and_the_header_once(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    assert not append_block(log, "a,b\n", "1,2\n").was_torn
    assert not append_block(log, "a,b\n", "3,4\n5,6\n").was_torn
    assert log.read_text() == "a,b\n1,2\n3,4\n5,6\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [("a,b\n1,2\n3,", "a,b\n1,2\n9,9\n"), ("a,b\n1", "a,b\n9,9\n"), ("a,", "a,b\n9,9\n"), ("", "a,b\n9,9\n")],
)
def test_a_torn_last_line_is_taken_out(tmp_path: Path, before: str, after: str) -> None:
    log = tmp_path / "log.csv"
    log.write_text(before)
    assert append_block(log, "a,b\n", "9,9\n").was_torn == (before != "")
    assert log.read_text() == after


def test_a_torn_line_longer_than_a_chunk_is_found(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("a,b\n1,2\n" + "x" * 200_000)
    assert append_block(log, "a,b\n", "9,9\n").was_torn
    assert log.read_text() == "a,b\n1,2\n9,9\n"


def test_predict_says_that_a_line_was_torn(history: Path, model_file: Path, tmp_path: Path) -> None:
    log = write_csv(tmp_path / "log.csv", ["2024-01-28"], HEADER)
    log.write_text(log.read_text().rstrip("\n"))
    said = lstmcast("predict", model_file, history, "--log", log)
    assert said.code == 0
    assert "the last line of" in said.err
    assert len(log.read_text().splitlines()) == 25


@pytest.mark.parametrize("text", ["time,load\n2024,1\n", "no header at all"])
def test_a_file_that_is_no_such_ledger_is_left_alone(
    history: Path, model_file: Path, tmp_path: Path, text: str
) -> None:
    log = tmp_path / "log.csv"
    log.write_text(text)
    said = lstmcast("predict", model_file, history, "--log", log)
    assert said.code == 2
    assert "not a ledger; name another file" in said.err
    assert log.read_text() == text


@pytest.mark.parametrize("written", [0, 5])
def test_a_full_disk_leaves_the_ledger_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    def full(descriptor: int, data: bytes) -> int:
        if not written:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data[:written])

    write = os.write
    log, new = tmp_path / "log.csv", tmp_path / "new.csv"
    append_block(log, "a,b\n", "1,2\n")
    monkeypatch.setattr(os, "write", full)
    for path in (log, new):
        with pytest.raises(OutputError, match="the disk is full"):
            append_block(path, "a,b\n", "3,4\n5,6\n")
    assert log.read_text() == "a,b\n1,2\n"
    assert not new.exists()
    monkeypatch.undo()
    append_block(log, "a,b\n", "3,4\n")
    assert log.read_text() == "a,b\n1,2\n3,4\n"


def test_a_disk_that_cannot_flush_leaves_the_ledger_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    log = tmp_path / "log.csv"
    append_block(log, "a,b\n", "1,2\n")
    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OutputError):
        append_block(log, "a,b\n", "3,4\n")
    assert log.read_text() == "a,b\n1,2\n"


def test_a_file_system_without_locks_is_warned_of_and_the_append_is_one_write(
    history: Path, model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    def counting(descriptor: int, data: bytes) -> int:
        written.append(bytes(data))
        return write(descriptor, data)

    written: list[bytes] = []
    write, log = os.write, tmp_path / "log.csv"
    monkeypatch.setattr(fcntl, "flock", absent)
    monkeypatch.setattr(os, "write", counting)
    for _ in range(2):
        written.clear()
        said = lstmcast("predict", model_file, history, "--log", log)
        assert said.code == 0
        assert "knows no locks; let no two runs write it at a time" in said.err
        assert written[-1].count(b"\n") >= 24
    assert len(log.read_text().splitlines()) == 49


@pytest.mark.parametrize("call", ["fstat", "stat", "flock", "ftruncate", "write", "fsync", "open"])
@pytest.mark.parametrize("code", [errno.EIO, errno.EACCES, errno.ENOSPC])
def test_whatever_call_fails_for_a_ledger_it_stays_as_it_was_and_the_code_is_8(
    call: str, code: int, history: Path, model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = fcntl if call == "flock" else os
    real, log = getattr(module, call), tmp_path / "log.csv"
    log.write_text("a,b\n1,2\nto")

    def failing(what: Any, *rest: Any, **named: Any) -> Any:
        here = os.readlink(f"/proc/self/fd/{what}") if isinstance(what, int) else str(what)
        if here == str(log):
            raise OSError(code, os.strerror(code))
        return real(what, *rest, **named)

    monkeypatch.setattr(module, call, failing)
    with pytest.raises(OutputError, match="cannot write"):
        append_block(log, "a,b\n", "3,4\n")
    monkeypatch.undo()
    assert log.read_text() in ("a,b\n1,2\nto", "a,b\n1,2\n")
    append_block(log, "a,b\n", "3,4\n")
    assert log.read_text() == "a,b\n1,2\n3,4\n"


def test_a_forecast_needs_no_more_room_than_it_takes(
    history: Path, model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def small_disk(descriptor: int, data: bytes) -> int:
        if os.fstat(descriptor).st_size + len(data) > 8000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data)

    write = os.write
    monkeypatch.setattr(os, "write", small_disk)
    said = lstmcast("predict", model_file, history, "-o", tmp_path / "f.csv", "--log", tmp_path / "log.csv")
    assert said.code == 0, said.err


def test_a_folder_or_a_pipe_is_no_ledger(history: Path, model_file: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "none" / "log.csv"):
        said = lstmcast("predict", model_file, history, "--log", path)
        assert (said.code, said.out) == (8, "")


def test_who_waits_for_the_lock_adds_below_who_held_it(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    blocks = [f"{i},{i}\n" * 200 for i in range(8)]
    threads = [threading.Thread(target=append_block, args=(log, "a,b\n", block)) for block in blocks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    text = log.read_text()
    assert text.startswith("a,b\n")
    assert len(text) == len("a,b\n") + sum(map(len, blocks))
    assert all(block in text for block in blocks)


def test_a_lock_that_is_never_let_go_is_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log.csv"
    log.write_text("a,b\n")
    monkeypatch.setattr(ledgers, "PATIENCE", 0.05)
    with log.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(BusyError):
            append_block(log, "a,b\n", "1,2\n")
    assert log.read_text() == "a,b\n"


def test_the_identity_of_a_model_is_that_of_its_bytes(model_file: Path) -> None:
    model, identity = persistence.load_identified(model_file)
    assert model.contract.target == "load"
    assert identity == hashlib.sha256(model_file.read_bytes()).hexdigest()[: persistence.IDENTITY]


def test_excluded_rows_at_the_end_are_not_the_origin(history: Path, model_file: Path, tmp_path: Path) -> None:
    cut = write_csv(tmp_path / "cut.csv", [*hourly_rows(500), "2024-01-21 20:00:00,"])
    assert lstmcast("predict", model_file, cut, "--log", tmp_path / "log.csv", "-q").code == 0
    line = (tmp_path / "log.csv").read_text().splitlines()[1].split(",")
    assert (line[0], line[2]) == ("2024-01-21 19:00:00", "2024-01-21 20:00:00")


def test_the_ledger_says_what_stood_in_for_the_model_and_why() -> None:
    panel = stacked(hourly(420, 0), hourly(420, 1))
    forecast = trained().predict(hourly())
    both = dataclasses.replace(
        forecast,
        ids=panel.ids,
        id_name="meter",
        series=np.repeat([0, 1], 3),
        source=("model",) * 3 + ("naive",) * 3,
        fallbacks=(Fallback(1, "naive", "gaps", "more than a quarter is missing"),),
    )
    assert entries(both, panel.times[[5, 400]], "cafe")["source"] == ["model"] * 3 + ["naive:gaps"] * 3
