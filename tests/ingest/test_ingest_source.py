"""Files, standard input and what is packed, told by content; damage is one line."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lstmcast.core.errors import DataError
from lstmcast.ingest import ReadingRules, Roles, read

PLAIN = b"time,y\n" + b"".join(b"2024-05-%02d,%d\n" % (day, day * 7919 % 97) for day in range(1, 32))


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress], ids=["gz", "bz2", "xz"])
def test_a_packed_file_is_unpacked_whatever_its_name(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / "data.txt"
    path.write_bytes(pack(PLAIN))
    assert read(path, Roles("y")).panel.target.size == 31


@pytest.mark.parametrize(
    ("pack", "what"),
    [(gzip.compress, "gzip"), (bz2.compress, "bzip2"), (lzma.compress, "xz")],
)
def test_a_packed_file_that_is_cut_short_is_refused(
    pack: Callable[[bytes], bytes], what: str, tmp_path: Path
) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(pack(PLAIN)[:-9])
    with pytest.raises(DataError, match=f"is a damaged {what} file"):
        read(path, Roles("y"))


def zst(content: bytes) -> bytes:
    """Packed by zstd, where something here can do it."""
    try:
        from compression.zstd import compress
    except ImportError:
        compress = pytest.importorskip("zstandard").compress
    packed: bytes = compress(content)
    return packed


@pytest.mark.parametrize("cut", [1, 9, 30])
def test_a_zst_file_is_read_frame_by_frame_and_refused_when_cut_short(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "data.txt"
    frames = zst(PLAIN[:100]) + zst(PLAIN[100:])
    path.write_bytes(frames)
    assert read(path, Roles("y")).panel.target.size == 31
    path.write_bytes(frames[:-cut])
    with pytest.raises(DataError, match=r"is a damaged zstd file \(it is cut short\)"):
        read(path, Roles("y"))
    path.write_bytes(frames[:20] + bytes(80))
    with pytest.raises(DataError, match="is a damaged zstd file"):
        read(path, Roles("y"))


def test_zst_without_a_module_is_refused_with_a_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(b"\x28\xb5\x2f\xfd" + bytes(20))
    for module in ("compression.zstd", "zstandard"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(DataError, match=r"is a zstd file, .*the extra zst \(pip install 'lstmcast\[zst\]'\)"):
        read(path, Roles("y"))


class Piped:
    """A standard input whose bytes are these."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


@pytest.mark.parametrize("content", [PLAIN, gzip.compress(PLAIN), PLAIN.decode().encode("utf-16")])
def test_standard_input_is_read(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Piped(content))
    reading = read("-", Roles("y"))
    assert reading.panel.target.size == 31
    assert reading.source == "standard input"


def test_messages_name_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Piped(b""))
    with pytest.raises(DataError, match="standard input: is empty"):
        read("-", Roles("y"))


@pytest.mark.parametrize("file", ["victoria_load", "victoria_new", "seattle_weather", "co2", "water_flow"])
def test_every_sample_is_read_with_no_option_but_the_target(file: str) -> None:
    targets = {"seattle_weather": "temp_max", "co2": "co2", "water_flow": "Water flow [l/s]"}
    path = Path(__file__).parents[2] / "sample_data" / f"{file}.csv"
    reading = read(path, Roles(targets.get(file, "load")))
    codes = {"co2": ["dates", "missing"], "water_flow": ["zone", "gaps"]}
    assert [finding.code for finding in reading.findings] == codes.get(file, [])


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
def test_reading_tells_how_far_it_is(
    pack: Callable[[bytes], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lstmcast.ingest.text.source.BLOCK", 100)
    path = tmp_path / "data.csv"
    path.write_bytes(pack(PLAIN))
    told: list[tuple[int, int]] = []
    read(path, Roles("y"), watch=lambda done, total: told.append((done, total)))
    size = path.stat().st_size
    assert len(told) > 1
    assert told == sorted(told)
    assert told[-1] == (size, size)


@pytest.mark.parametrize(("early", "value"), [("1.234", 1234.0), ("1,234", 1.234), ("1234", 1234.0)])
def test_a_decimal_comma_that_shows_late_counts_for_what_stands_before_it(
    early: str, value: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands in blocks before it was read with a point, or as thousands, until then."""
    monkeypatch.setattr("lstmcast.ingest.text.source.BLOCK", 100)
    path = tmp_path / "data.csv"
    days = np.datetime_as_string(np.datetime64("2010-01-01") + np.arange(2000))
    cells = [early if i < 1500 else "1,5" for i in range(2000)]
    path.write_text("time;y\n" + "".join(f"{d};{c}\n" for d, c in zip(days, cells, strict=True)))
    for rules in (ReadingRules(), ReadingRules(decimal=",")):
        values = read(path, Roles("y"), rules=rules).panel.target
        assert values.tolist() == [value] * 1500 + [1.5] * 500


def test_a_comma_among_decimal_points_is_an_odd_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lstmcast.ingest.text.source.BLOCK", 100)
    path = tmp_path / "data.csv"
    days = np.datetime_as_string(np.datetime64("2010-01-01") + np.arange(2000))
    cells = ["1.25" if i < 1500 else "1,5" for i in range(2000)]
    path.write_text("time;y\n" + "".join(f"{d};{c}\n" for d, c in zip(days, cells, strict=True)))
    odd = "line 1502, column 'y': expected a number, found '1,5' among numbers with a decimal point"
    with pytest.raises(DataError, match=odd):
        read(path, Roles("y"))


def test_nobody_knows_how_far_a_pipe_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    piped = Piped(b"")
    piped.buffer = Pipe(PLAIN)
    monkeypatch.setattr("sys.stdin", piped)
    told: list[tuple[int, int]] = []
    assert read("-", Roles("y"), watch=lambda *far: told.append(far)).panel.target.size == 31
    assert told == []
