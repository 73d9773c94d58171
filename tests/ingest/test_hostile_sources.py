"""Sources that would hang the reader, fill its memory, or that a library's limit would refuse."""

from __future__ import annotations

import bz2
import csv
import gzip
import lzma
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lstmcast.core.errors import DataError, UsageError
from lstmcast.ingest import ReadingRules, Roles, expanded, read, read_holidays
from lstmcast.ingest.text import source
from tests.command_line import lstmcast

ROWS = [f"2024-05-{day:02d},{day * 7919 % 97}" for day in range(1, 32)]
PLAIN = "\n".join(["time,y", *ROWS]) + "\n"


@pytest.mark.parametrize("cell", ["x" * 200_000, '"' + "x, " * 70_000 + '"', '"' + "x\n" * 100_000 + '"'])
@pytest.mark.parametrize("row", [0, 17, 30])
def test_a_cell_may_be_longer_than_the_csv_module_takes(cell: str, row: int, tmp_path: Path) -> None:
    limit, path = csv.field_size_limit(), tmp_path / "d.csv"
    lines = [f"{line},{cell if number == row else 'a'}" for number, line in enumerate(ROWS)]
    path.write_text("\n".join(["time,y,note", *lines]) + "\n")
    assert read(path, Roles("y")).panel.target.size == 31
    assert csv.field_size_limit() == limit


def test_a_message_does_not_repeat_a_cell_that_fills_pages(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("\n".join(["time,y", *ROWS, "2024-06-01," + "x" * 200_000]) + "\n")
    said = lstmcast("check", path, "--target", "y")
    assert said.code == 3
    assert len(said.err) < 3500
    assert "line 33, column 'y'" in said.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_that_nobody_writes_into_is_refused_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "PATIENCE", 0.1)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    started = time.monotonic()
    for call in (lambda: read(pipe, Roles("y")), lambda: read_holidays(pipe)):
        with pytest.raises(DataError, match="is a pipe that nobody writes into; give a file"):
            call()
    assert time.monotonic() - started < 5


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
@pytest.mark.parametrize("pause", [0.0, 0.3])
def test_a_pipe_with_a_writer_is_read_however_long_it_thinks(
    pause: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "PATIENCE", 5.0 if not pause else 0.2)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def write() -> None:
        with pipe.open("w") as file:
            time.sleep(pause)
            file.write(PLAIN)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert read(pipe, Roles("y")).panel.target.size == 31
    finally:
        writer.join()


@pytest.mark.parametrize("path", ["/dev/null", "/dev/zero", "."])
def test_what_is_no_file_is_refused(path: str) -> None:
    if not os.path.exists(path):
        pytest.skip("there is no such device")
    with pytest.raises(DataError, match=r"is a (device|directory); give"):
        read(path, Roles("y"))
    with pytest.raises(DataError, match="cannot be read"):
        read("a\0b", Roles("y"))


def packings() -> list[Callable[[bytes], bytes]]:
    """What can pack here."""
    found: list[Callable[[bytes], bytes]] = [gzip.compress, bz2.compress, lzma.compress]
    try:
        from zstandard import compress
    except ImportError:
        return found
    return [*found, compress]


@pytest.mark.parametrize("pack", packings())
def test_what_unpacks_without_end_is_refused_unless_its_user_wants_it(
    pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = tmp_path / "d.csv.gz"
    path.write_bytes(pack(PLAIN.encode() + b"\n" * 1_500_000))
    rules = ReadingRules(max_unpacked="1MB")
    with pytest.raises(DataError, match=r"unpacks to more than 1 MB; .* --max-unpacked none"):
        read(path, Roles("y"), rules=rules)
    for limit in ("none", None):
        assert read(path, Roles("y"), rules=ReadingRules(max_unpacked=limit)).panel.target.size == 31
    with pytest.raises(DataError, match="larger than a list of periods can be"):
        expanded((str(path),))


@pytest.mark.parametrize("word", ["", "0", "-1", "nan", "inf", "1e9", "2 parsecs", "9" * 400])
def test_a_size_that_is_none_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match="--max-unpacked takes a size such as 500MB or 2GB, or none"):
        ReadingRules(max_unpacked=word).check()


def test_a_line_without_end_is_refused_before_memory_is_full(tmp_path: Path) -> None:
    path = tmp_path / "d.csv.gz"
    path.write_bytes(gzip.compress(b"time,y\n2024-01-01," + b"1" * 70_000_000, compresslevel=1))
    with pytest.raises(DataError, match="line 2: it is longer than 64 MB"):
        read(path, Roles("y"))
