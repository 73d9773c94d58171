"""Drawing: round numbers, full hours of a zone, lines that break, and the same bytes for the same figures."""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from lstmcast.cli.show import chart, figure
from lstmcast.cli.show.drawing import paths, scales, timeline
from lstmcast.cli.show.drawing.colours import DARK, LIGHT
from lstmcast.cli.show.drawing.frame import fit_frame
from lstmcast.cli.show.drawing.labels import laid
from lstmcast.cli.show.drawing.layers import flags
from lstmcast.cli.show.drawing.scales import Scale
from lstmcast.cli.show.drawing.shapes import (
    Band,
    LabelAxis,
    Line,
    Mark,
    NumberAxis,
    Picture,
    PictureTable,
    PictureTimeAxis,
)
from lstmcast.cli.show.web.figure import embedded
from lstmcast.cli.show.web.page import page

HOUR = 3_600_000_000


def at(stamp: str) -> int:
    """An instant (UTC) as microseconds since 1970."""
    return int(datetime.fromisoformat(stamp).replace(tzinfo=UTC).timestamp()) * 1_000_000


def labels(
    first: str, last: str, zone: str | None = None, width: float = 80, spacing: float = HOUR
) -> list[str]:
    """What is written along an axis from one instant (UTC) to another, dates in parentheses."""
    found = timeline.ticks(at(first), at(last), spacing, zone, width, 1)
    return [f"{tick.label} ({tick.context})" if tick.context else tick.label for tick in found]


def fan(**changes: object) -> Picture:
    """A picture with all that one can have."""
    start = at("2024-01-01")
    past = [(start + i * HOUR, 10.0 + i % 24) for i in range(72)]
    ahead = [(start + i * HOUR, 10.0 + i % 24) for i in range(72, 96)]
    picture = Picture(
        title="load & <more>",
        about="A fan.",
        axis=PictureTimeAxis("Europe/Helsinki", HOUR),
        lines=[Line("load", "actual", [past[:30], past[40:]]), Line("forecast", "forecast", [ahead])],
        bands=[
            Band(f"{n} % band", n, [[(x, y - n / 50, y + n / 50) for x, y in ahead]]) for n in (50, 80, 95)
        ],
        marks=[
            Mark(past[30][0], past[39][0], "10 rows missing"),
            Mark(past[50][0], past[50][0], "odd", 12.0),
        ],
        unit="MW",
        rule=ahead[0][0],
        table=PictureTable(("time", "load"), [(str(x), f"{y:g}") for x, y in past], [x for x, _ in past]),
    )
    return dataclasses.replace(picture, **changes)  # type: ignore[arg-type]


# --- round numbers


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (0, 1, ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (4123, 9321, ["5,000", "6,000", "7,000", "8,000", "9,000"]),
        (-5, 5, ["-4", "-2", "0", "2", "4"]),
        (0, 3e12, ["0", "1e+12", "2e+12", "3e+12"]),
        (-1.7e308, 1.7e308, ["-1e+308", "0", "1e+308"]),
        (1_000_000_000, 1_000_000_100, [f"1,000,000,{n:03}" for n in range(0, 101, 20)]),
    ],
)
def test_numbers_along_an_axis_are_round(low: float, high: float, wanted: list[str]) -> None:
    assert [tick.label for tick in scales.ticks(Scale(low, high), 6)] == wanted


@pytest.mark.parametrize("most", range(2, 12))
def test_never_more_numbers_than_asked_for_and_none_outside(most: int) -> None:
    for power in (-9, -2, 0, 3, 14):
        for low, high in ((0.37, 9.1), (-2.2, 0.4), (1.0, 1.003), (-7.77, -7.1)):
            scale = Scale(low * 10.0**power, high * 10.0**power)
            found = scales.ticks(scale, most)
            assert 1 <= len(found) <= most
            assert all(-1e-6 <= scale.share(tick.place) <= 1 + 1e-6 for tick in found)
            assert len({tick.label for tick in found}) == len(found)


def test_shares_are_percent_and_counts_whole() -> None:
    assert [tick.label for tick in scales.ticks(Scale(0, 0.31), 5, is_share=True)] == [
        "0 %",
        "10 %",
        "20 %",
        "30 %",
    ]
    assert [tick.label for tick in scales.ticks(Scale(1, 3), 9, is_whole=True)] == ["1", "2", "3"]


def test_a_scale_ends_at_zero_and_has_room_around_a_constant() -> None:
    assert scales.fit_scale([0.0, 10.0]).low == 0  # type: ignore[union-attr]
    assert scales.fit_scale([5.0, 5.0]) == Scale(4.5, 5.5)
    assert scales.fit_scale([0.0]) == Scale(-1, 1)
    assert scales.fit_scale([float("nan"), float("inf")]) is None
    huge = scales.fit_scale([-1.7e308, 1.7e308])
    assert huge is not None
    assert huge.share(0.0) == 0.5


# --- full hours


def test_the_hour_that_comes_twice_has_two_places() -> None:
    found = labels("2023-10-28T22:00", "2023-10-29T03:00", "Europe/Helsinki")
    assert found == ["01:00 (Sun 29 Oct 2023)", "02:00", "03:00", "03:00", "04:00", "05:00"]


def test_the_hour_that_is_skipped_has_none() -> None:
    found = labels("2023-03-25T23:00", "2023-03-26T03:00", "Europe/Helsinki")
    assert found == ["01:00 (Sun 26 Mar 2023)", "02:00", "04:00", "05:00", "06:00"]


def test_days_whose_midnight_is_skipped_begin_where_they_do() -> None:
    found = timeline.ticks(at("2018-11-02T03:00"), at("2018-11-06"), 24 * HOUR, "America/Sao_Paulo", 80, 1)
    assert [tick.label for tick in found] == ["Fri 2 Nov", "Sat 3 Nov", "Sun 4 Nov", "Mon 5 Nov"]
    assert (found[2].place - found[1].place) / HOUR == 24


@pytest.mark.parametrize(
    ("first", "last", "spacing", "wanted"),
    [
        ("2024-01-01T00:00", "2024-01-01T00:02", HOUR / 3600, ["00:00:00 (Mon 1 Jan 2024)", "00:00:15"]),
        ("2024-01-01T00:30", "2024-01-01T11:00", HOUR, ["01:00 (Mon 1 Jan 2024)", "02:00", "03:00"]),
        ("2024-01-01T00:00", "2024-01-07T12:00", HOUR, ["Mon 1 Jan (2024)", "Tue 2 Jan", "Wed 3 Jan"]),
        ("2024-12-20T00:00", "2025-02-01T00:00", HOUR, ["23 Dec (2024)", "30 Dec", "6 Jan (2025)", "13 Jan"]),
        ("2023-11-01T00:00", "2024-06-01T00:00", 24 * HOUR, ["Nov (2023)", "Dec", "Jan (2024)", "Feb"]),
        ("1958-01-01T00:00", "2001-01-01T00:00", 24 * HOUR, ["1960", "1965", "1970"]),
        ("2001-01-01T00:00", "2009-01-01T00:00", 700 * HOUR, ["2001", "2002", "2003"]),
        ("2024-01-01T10:37", "2024-01-01T10:37", HOUR, ["10:37:00 (Mon 1 Jan 2024)"]),
        ("0001-01-01T00:00", "9999-12-30T00:00", 24 * HOUR, ["1000", "2000"]),
    ],
)
def test_time_is_told_in_full_hours_days_months_and_years(
    first: str, last: str, spacing: float, wanted: list[str]
) -> None:
    assert labels(first, last, spacing=spacing)[: len(wanted)] == wanted


def test_a_monthly_axis_marks_no_days() -> None:
    assert labels("2023-12-01", "2024-03-01", spacing=30.4 * 24 * HOUR) == [
        "Dec (2023)",
        "Jan (2024)",
        "Feb",
        "Mar",
    ]


def test_an_offset_is_a_zone_too() -> None:
    assert (
        labels("2024-01-01T22:00", "2024-01-01T23:00", "+02:00")
        == ["00:00 (Tue 2 Jan 2024)", "00:30", "01:00"][::2]
    )


@pytest.mark.parametrize("width", [9, 20, 33, 80, 200])
def test_no_two_labels_touch_and_none_leaves_the_picture(width: int) -> None:
    for first, last in (("2023-12-29T17:00", "2024-01-02T05:00"), ("2021-12-30", "2024-01-03")):
        scale = Scale(at(first), at(last))
        ticks = timeline.ticks(scale.low, scale.high, HOUR, None, width, 1)
        found = laid(ticks, scale, width, 1, 3, 1)
        for row in range(2):
            ends = [(label.first, label.first + len(label.text)) for label in found if label.row == row]
            assert all(start >= -3 and end <= width + 1 for start, end in ends)
            assert all(b[0] - a[1] >= 1 for a, b in pairwise(ends))


# --- paths


def test_a_path_is_relative_and_breaks_between_runs() -> None:
    frame = fit_frame(Picture("t", "a", NumberAxis(), [Line("", "actual", [[(0, 0), (5, 10)], [(10, 0)]])]))
    assert frame is not None
    assert (
        paths.line([[(0, 0), (5, 10)], [(10, 0)]], paths.placed(frame, 100, 104)) == "M0 104l50-100M100 104h0"
    )


def test_every_line_of_a_figure_breaks_where_rows_are_missing() -> None:
    root = ET.fromstring(figure.sheet([fan()]))
    drawn = [path.attrib["d"] for path in root.iter("{http://www.w3.org/2000/svg}path")]
    actual = [data for data in drawn if data.startswith("M") and data.count("l") == 2 and "z" not in data]
    assert len(actual) == 1
    assert actual[0].count("M") == 2


def test_the_repeated_hour_is_drawn_as_an_hour_of_its_own() -> None:
    start = at("2023-10-28T22:00")
    frame = fit_frame(
        fan(lines=[Line("", "actual", [[(start + i * HOUR, i) for i in range(6)]])], bands=(), marks=())
    )
    assert frame is not None
    place = paths.placed(frame, 500, 100)
    assert [place(start + i * HOUR, 0)[0] for i in range(6)] == [0, 100, 200, 300, 400, 500]


# --- figures


def test_a_figure_is_small_well_formed_and_the_same_each_time() -> None:
    drawn = figure.sheet([fan(), fan(title="second")])
    assert drawn == figure.sheet([fan(), fan(title="second")])
    root = ET.fromstring(drawn)
    assert len(drawn) < 12_000
    names = {element.attrib["id"] for element in root.iter() if "id" in element.attrib}
    assert set(root.attrib["aria-labelledby"].split()) == names
    text = "".join(root.itertext())
    for words in ("load & <more>", "A fan.", "10 rows missing", "50 % band", "MW"):
        assert words in text


def test_a_figure_for_a_converter_has_plain_colours() -> None:
    drawn = figure.sheet([fan()], is_converted=True)
    assert "var(" not in drawn
    assert "prefers-color-scheme" not in drawn
    assert LIGHT["forecast"] in drawn


def test_control_characters_are_spelled_out_in_markup() -> None:
    drawn = figure.sheet([fan(title="a\x00b\u202ec")])
    ET.fromstring(drawn)
    assert "a\\x00b\\u202ec" in drawn


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("room", [LIGHT, DARK])
def test_letters_and_lines_stand_out_from_the_paper(room: dict[str, str]) -> None:
    for name in ("ink", "soft", "forecast", "second", "mark"):
        for ground in ("paper", "card"):
            light, dark = sorted((luminance(room[name]), luminance(room[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, ground)


def test_marks_that_would_touch_share_a_place() -> None:
    near = [Mark(at("2024-01-01") + i * HOUR, at("2024-01-01") + i * HOUR, "x") for i in (1, 2, 60)]
    frame = fit_frame(fan(marks=near))
    assert frame is not None
    assert [numbers for _, _, numbers in flags(frame)] == ["1, 2", "3"]


def test_a_picture_of_nothing_says_so() -> None:
    empty = Picture("load", "Nothing.", NumberAxis())
    assert "Nothing is known to draw." in figure.sheet([empty])
    assert "Nothing is known to draw." in embedded(empty, "p")
    assert chart.as_text(chart.draw(empty, 40, 5)) == "load\nNothing is known to draw.\n"


# --- pages


def test_a_page_asks_nothing_of_any_network() -> None:
    drawn = page("load", [("One", embedded(fan(), "p1")), ("Two", embedded(fan(), "p2", is_small=True))])
    assert drawn == page(
        "load", [("One", embedded(fan(), "p1")), ("Two", embedded(fan(), "p2", is_small=True))]
    )
    assert "default-src 'none'" in drawn
    assert not re.search(r"https?://", drawn.replace("http://www.w3.org", ""))
    assert "load &amp; &lt;more&gt;" in drawn
    assert "<a href=#s1>One</a>" in drawn


def test_rows_of_a_table_are_found_by_their_place() -> None:
    assert re.search(r'data-x="\[0\.0,0\.74\d+\]"', embedded(fan(), "p"))
    uneven = PictureTable(
        ("a", "b"), [("1", "2"), ("3", "4"), ("5", "6")], [at("2024-01-01") + i * HOUR for i in (0, 1, 60)]
    )
    assert re.search(r'data-x="\[0\.0,0\.0105\d+,0\.63\d+\]"', embedded(fan(table=uneven), "p"))


# --- terminals


@pytest.mark.parametrize("width", [4, 10, 23, 24, 40, 80, 120, 200])
@pytest.mark.parametrize("letters", ["braille", "ascii"])
def test_a_chart_fits_into_any_width(width: int, letters: chart.Letters) -> None:
    lines = chart.as_text(chart.draw(fan(), width, 6, letters)).splitlines()
    assert max(map(len, lines)) <= max(width, 6)
    assert letters == "braille" or all(line.isascii() for line in lines)
    if width >= 40:
        assert any("2024" in line for line in lines)
        assert any(line.lstrip().startswith("20") for line in lines)


def test_a_chart_in_colour_differs_in_colour_only() -> None:
    rows = chart.draw(fan(), 60, 6)
    plain, coloured = chart.as_text(rows), chart.as_text(rows, in_colour=True)
    assert "\x1b[36m" in coloured
    assert "\x1b" not in plain
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in stripped.splitlines()] == plain.splitlines()


def test_a_gap_in_a_chart_stays_blank() -> None:
    runs = [[(0, 1.0), (1, 1.0)], [(6, 1.0), (7, 1.0)]]
    rows = chart.as_text(
        chart.draw(Picture("t", "a", NumberAxis(), [Line("", "actual", runs)]), 10, 1)
    ).splitlines()
    assert rows[1] == "│⠤⠄     ⠠⠤"


def test_classes_have_their_names_beside_the_axis() -> None:
    picture = Picture(
        "sky",
        "a",
        NumberAxis(),
        [Line("sky", "actual", [[(0, 0), (1, 1)]], is_dotted=True)],
        names=("sun", "rain"),
    )
    assert "rain┤" in chart.as_text(chart.draw(picture, 40, 6))
    assert ">rain<" in figure.sheet([picture])


def test_labels_that_do_not_fit_are_left_out_evenly() -> None:
    axis = LabelAxis("hour", [str(hour) for hour in range(24)])
    frame = fit_frame(Picture("t", "a", axis, bars=[(i - 0.4, i + 0.4, 1.0) for i in range(24)]))
    assert frame is not None
    assert [tick.label for tick in frame.below(40, 1)] == [str(hour) for hour in range(0, 24, 2)]
