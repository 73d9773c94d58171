"""Every style of stamp, and that the style, the order of the rows and the size of a block change nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lstmcast.core.errors import DataError
from lstmcast.core.panel import Panel
from lstmcast.ingest import ReadingRules, Roles, read
from lstmcast.ingest.text import layouts, source
from lstmcast.ingest.time.stamps import guessed

MOMENT = "2003-07-04T15:06:07"
DAY = "2003-07-04T00:00:00"


def test_patterns_that_are_passed_over_would_not_have_matched(monkeypatch: pytest.MonkeyPatch) -> None:
    written = [stamp for stamp, _ in READINGS]
    written += ["y", "load", "2003 q3", "3. sept. 2003", "week 00", "may", "0k", "jan"]
    shapes = {"".join("0" if letter.isdigit() else letter for letter in text.lower()) for text in written}
    found = {shape: layouts.layouts_of.__wrapped__(shape) for shape in shapes}
    assert sum(map(bool, found.values())) > 20
    monkeypatch.setattr(layouts, "_may_be", lambda order, shape: True)
    assert found == {shape: layouts.layouts_of.__wrapped__(shape) for shape in shapes}


READINGS = [
    ("2003-07-04 15:06:07", MOMENT),
    ("2003-07-04T15:06:07", MOMENT),
    ("2003-07-04T15:06:07Z", MOMENT),
    ("2003-07-04T15:06:07.000", MOMENT),
    ("2003-07-04T15:06:07,000000", MOMENT),
    ("2003/07/04 15:06:07", MOMENT),
    ("2003.07.04 15:06:07", MOMENT),
    ("20030704T150607", MOMENT),
    ("20030704 15:06:07", MOMENT),
    ("20030704150607", MOMENT),
    ("200307041506", "2003-07-04T15:06:00"),
    ("2003070415", "2003-07-04T15:00:00"),
    ("20030704", DAY),
    ("2003-07-04 15:06", "2003-07-04T15:06:00"),
    ("2003-7-4 3:06", "2003-07-04T03:06:00"),
    ("2003-7-4 15", "2003-07-04T15:00:00"),
    ("2003-7-4 15h", "2003-07-04T15:00:00"),
    ("7/23/2003 3:06:07 PM", "2003-07-23T15:06:07"),
    ("7/23/2003 3:06 p.m.", "2003-07-23T15:06:00"),
    ("7/23/2003 3PM", "2003-07-23T15:00:00"),
    ("12/23/2003 12:06 am", "2003-12-23T00:06:00"),
    ("23.7.2003 15.06.07", "2003-07-23T15:06:07"),
    ("23.07.2003, 15:06", "2003-07-23T15:06:00"),
    ("23-07-03", "2023-07-03T00:00:00"),
    ("23/07/2003", "2003-07-23T00:00:00"),
    ("23/07/2003:15:06:07", "2003-07-23T15:06:07"),
    ("4 July 2003", DAY),
    ("04-Jul-2003 15:06:07", MOMENT),
    ("04JUL2003", DAY),
    ("Jul 4, 2003", DAY),
    ("July 4 2003 3:06:07 PM", MOMENT),
    ("Fri, 04 Jul 2003 15:06:07 GMT", MOMENT),
    ("Fri Jul 4 2003", DAY),
    ("2003-Jul-04", DAY),
    ("4-Jul-03", DAY),
    ("4. heinäkuu 2003", DAY),
    ("4 juillet 2003", DAY),
    ("2003年7月4日", DAY),
    ("2003-07", "2003-07-01T00:00:00"),
    ("200307", "2003-07-01T00:00:00"),
    ("2003M07", "2003-07-01T00:00:00"),
    ("07/2003", "2003-07-01T00:00:00"),
    ("Jul 2003", "2003-07-01T00:00:00"),
    ("Jul-03", "2003-07-01T00:00:00"),
    ("2003 July", "2003-07-01T00:00:00"),
    ("2003Q3", "2003-07-01T00:00:00"),
    ("2003-Q3", "2003-07-01T00:00:00"),
    ("Q3 2003", "2003-07-01T00:00:00"),
    ("2003-W27", "2003-06-30T00:00:00"),
    ("2003W27", "2003-06-30T00:00:00"),
    ("2003-W27-5", DAY),
    ("W27 2003", "2003-06-30T00:00:00"),
    ("2003", "2003-01-01T00:00:00"),
    ("1057331167", MOMENT),
    ("1057331167.5", "2003-07-04T15:06:07.500000"),
    ("1057331167000", MOMENT),
    ("1057331167000000", MOMENT),
    ("1057331167000000000", MOMENT),
    ("2003-07-04 15:00 - 2003-07-04 16:00", "2003-07-04T15:00:00"),
    ("2003-07-04T15:00:00Z/2003-07-04T16:00:00Z", "2003-07-04T15:00:00"),
    ("23.07.2003 15:00 - 23.07.2003 16:00 (CET/CEST)", "2003-07-23T15:00:00"),
    ("  2003-07-04  ", DAY),
    ("2003-07-03 24:00", DAY),
    ("1899-12-31", "1899-12-31T00:00:00"),
]

NO_TIMES = [
    "2003-13-01",
    "2003-02-30",
    "1900-02-29",
    "2003-07-04 25:00",
    "2003-07-04 24:01",
    "2003-07-04 12:60",
    "13:00 pm",
    "7/23/2003 13:06 PM",
    "7/23/2003 0:06 AM",
    "32/13/2003",
    "4 Juzember 2003",
    "2003Q5",
    "2003-W54",
    "2004-W00",
    "2003-07-04 15:06:07 XYZ",
    "hello",
    "12.5",
    "1,5",
    "-",
    "2003-07-04-",
    "x" * 500,
]


def time_of(text: str) -> str | None:
    stamps = guessed(np.array([text], dtype=object))
    return None if stamps is None else stamps.wall.astype("datetime64[us]")[0].item().isoformat()


@pytest.mark.parametrize(("text", "time"), READINGS)
def test_a_stamp_is_read(text: str, time: str) -> None:
    assert time_of(text) == time


@pytest.mark.parametrize("text", NO_TIMES)
def test_what_is_no_time_is_not_read_as_one(text: str) -> None:
    assert time_of(text) is None


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("Z", 0),
        ("+00:00", 0),
        ("+02:00", 120),
        ("-0330", -210),
        ("+05", 300),
        (" UTC", 0),
        (" GMT+01:00", 60),
    ],
)
def test_an_offset_is_read(text: str, minutes: int) -> None:
    stamps = guessed(np.array([f"2003-07-04T15:06:07{text}"], dtype=object))
    assert stamps is not None
    assert stamps.offsets is not None
    assert stamps.offsets.tolist() == [minutes]


STYLES = {
    "iso": "%Y-%m-%d %H:%M:%S",
    "basic": "%Y%m%dT%H%M%S",
    "european": "%d.%m.%Y %H:%M",
    "american": "%m/%d/%Y %I:%M %p",
    "named": "%d %B %Y %H:%M",
}


def written(style: str, shuffled: bool) -> str:
    """Two months of hours with a gap, in a style."""
    rng = np.random.default_rng(5)
    moments = np.arange("2024-01-20", "2024-03-20", dtype="datetime64[h]")
    moments = np.delete(moments, slice(100, 130))
    values = rng.normal(size=moments.size)
    rows = [f"{m.item().strftime(style)},{v!r}" for m, v in zip(moments, values.tolist(), strict=True)]
    if shuffled:
        rng.shuffle(rows)
    return "time,y\n" + "\n".join(rows) + "\n"


def assert_same(one: Panel, other: Panel) -> None:
    assert one.times.tobytes() == other.times.tobytes()
    assert one.values.tobytes() == other.values.tobytes()
    assert one.offsets.tolist() == other.offsets.tolist()
    assert (one.ids, one.clock.freq, one.clock.zone) == (other.ids, other.clock.freq, other.clock.zone)


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("style", STYLES)
def test_style_and_order_do_not_change_the_panel(style: str, shuffled: bool, tmp_path: Path) -> None:
    plain, other = tmp_path / "plain.csv", tmp_path / "other.csv"
    plain.write_text(written(STYLES["iso"], shuffled=False))
    other.write_text(written(STYLES[style], shuffled))
    assert_same(read(plain, Roles("y")).panel, read(other, Roles("y")).panel)


@pytest.mark.parametrize("block", [1, 7, 64, 1000])
def test_the_size_of_a_block_does_not_change_the_panel(
    block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "data.csv"
    path.write_text(
        written(STYLES["european"], shuffled=False).replace("time,y", 'time,"y"').replace("\n", "\r\n")
    )
    whole = read(path, Roles("y")).panel
    monkeypatch.setattr(source, "BLOCK", block)
    assert_same(whole, read(path, Roles("y")).panel)


def test_the_order_of_day_and_month_is_decided_by_a_late_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BLOCK", 300)
    path = tmp_path / "data.csv"
    path.write_text(
        "time,y\n" + "".join(f"{d:02d}/01/2024 {h:02d}:00,{h}\n" for d in range(1, 14) for h in range(24))
    )
    panel = read(path, Roles("y")).panel
    assert panel.times[0] == np.datetime64("2024-01-01")
    assert panel.times.size == 13 * 24


def test_a_bad_cell_in_a_late_block_is_named_by_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BLOCK", 300)
    path = tmp_path / "data.csv"
    lines = written(STYLES["iso"], shuffled=False).splitlines()
    lines[1200] = lines[1200].split(",")[0] + ",high"
    path.write_text("\n".join(lines))
    with pytest.raises(DataError, match="line 1201, column 'y': expected a number, found 'high'"):
        read(path, Roles("y"))
    lines[1100] = "soon,1"
    path.write_text("\n".join(lines))
    with pytest.raises(DataError, match="line 1101, column 'time': expected a time"):
        read(path, Roles("y"))


def test_dates_said_to_be_what_they_cannot_be_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("time,y\n12/01/2024,1\n13/01/2024,2\n")
    with pytest.raises(
        DataError, match=r"expected a time \(month/day/year, as above it\), found '13/01/2024'"
    ):
        read(path, Roles("y"), rules=ReadingRules(dates="month-first"))


def test_saying_the_order_of_dates_does_no_harm_to_plain_ones(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text(written(STYLES["iso"], shuffled=False))
    plain = read(path, Roles("y")).panel
    assert_same(plain, read(path, Roles("y"), rules=ReadingRules(dates="day-first")).panel)


def test_a_long_file_tells_how_a_short_one_of_its_kind_is_read(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("time,y\n" + "".join(f"01/{day:02d}/2024,{day % 5}\n" for day in range(1, 32)))
    dates = read(path, Roles("y")).dates
    assert dates == "month-first"
    path.write_text("time,y\n02/01/2024,1\n02/02/2024,2\n02/03/2024,4\n")
    with pytest.raises(DataError, match="can be read in 2 ways"):
        read(path, Roles("y"))
    panel = read(path, Roles("y"), rules=ReadingRules(dates=dates)).panel
    assert panel.clock.write(panel.times[:1]) == ["2024-02-01"]


def test_a_counter_may_start_again_with_every_series(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("id,t,y\n" + "".join(f"{name},{t},{t * t}\n" for name in "ab" for t in range(1, 9)))
    panel = read(path, Roles("y", id="id")).panel
    assert panel.clock.is_counter
    assert panel.times.astype(int).tolist() == [*range(1, 9)] * 2


@pytest.mark.parametrize(("year", "whole"), [("68", "2068"), ("69", "1969"), ("99", "1999"), ("00", "2000")])
def test_years_of_two_digits_lie_between_1969_and_2068(year: str, whole: str) -> None:
    assert time_of(f"4-Jul-{year}") == f"{whole}-07-04T00:00:00"


def test_a_line_end_cut_in_two_by_a_block_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "BLOCK", 1)
    path = tmp_path / "data.csv"
    path.write_bytes(b"time,y\r\n2024-05-01,1\r\n2024-05-02,high\r\n")
    with pytest.raises(DataError, match="line 3, column 'y': expected a number, found 'high'"):
        read(path, Roles("y"))
