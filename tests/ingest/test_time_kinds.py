"""Kinds of time columns that people have: each is read as what it is, or refused with the cell and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lstmcast.core.errors import DataError
from lstmcast.ingest import ParsedFile, Roles, read
from lstmcast.ingest.text.layouts import QUARTER_WORDS
from lstmcast.ingest.time.axis import _clock_digits
from lstmcast.ingest.time.numbered import FIRST, SECOND, UNSAID, read_number
from lstmcast.ingest.time.transcription import in_ascii

DAYS = pd.date_range("2024-01-01", periods=80, freq="D")
HOURS = pd.date_range("2024-01-01", periods=80, freq="h")
MONTHS = pd.date_range("2019-01-01", periods=40, freq="MS")


def table(header: str, rows: Iterable[tuple[object, ...]]) -> str:
    """A CSV whose last column, y, is made up."""
    lines = [",".join(map(str, (*row, i * 7 % 13 + i % 5))) for i, row in enumerate(rows)]
    return "\n".join([f"{header},y", *lines]) + "\n"


def column(name: str, cells: Iterable[object]) -> str:
    """A CSV of one column, quoted, and y."""
    return table(name, ((f'"{cell}"',) for cell in cells))


def read_text(text: str, tmp_path: Path, **options: Any) -> ParsedFile:
    """What is understood of a text; id and time as in Roles."""
    path = tmp_path / "data.csv"
    path.write_text(text, encoding="utf-8")
    roles = Roles(options.pop("target", "y"), options.pop("time", None), options.pop("id", None))
    return read(path, roles, **options)


def serial(stamp: pd.Timestamp) -> float:
    """Days since 1899-12-30, as spreadsheets count."""
    return (stamp - pd.Timestamp("1899-12-30")) / pd.Timedelta(days=1)


@dataclass(frozen=True)
class Kind:
    """A text, what it is read with, and the frequency, zone, rows and first stamp of it."""

    name: str
    text: str
    freq: str
    first: str
    rows: int = 80
    zone: str | None = None
    codes: tuple[str, ...] = ("dates",)
    options: dict[str, Any] = field(default_factory=dict)


def years(step: float, count: int = 60) -> list[float]:
    """Years with a fraction, rounded as R writes them."""
    return [round(1949 + i * step, 3) for i in range(count)]


CODES = [
    Kind("YYYYMM", column("yyyymm", MONTHS.strftime("%Y%m")), "MS", "2019-01-01", 40),
    Kind("YYYYMM, x", column("x", MONTHS.strftime("%Y%m")), "MS", "2019-01-01", 40),
    Kind("YYYYMMDD as a float", column("date", DAYS.strftime("%Y%m%d.0")), "D", "2024-01-01"),
    Kind("YYYYDDD", column("date", DAYS.strftime("%Y%j")), "D", "2024-01-01"),
    Kind(
        "YYYYDDD over a year's end, x",
        column("x", pd.date_range("2024-12-01", periods=80).strftime("%Y%j")),
        "D",
        "2024-12-01",
        codes=("time_column", "dates"),
    ),
    Kind("YYYY-DDD", column("when", DAYS.strftime("%Y-%j")), "D", "2024-01-01"),
    Kind("YYMMDD", column("date", DAYS.strftime("%y%m%d")), "D", "2024-01-01"),
    Kind("weeks", column("x", [f"2024{w:02d}" for w in range(1, 45)]), "W-MON", "2024-01-01", 44,
         codes=("time_column", "dates")),
    Kind("a few weeks", column("YearWeek", [f"2024{w:02d}" for w in range(1, 9)]), "W-MON", "2024-01-01", 8),
    Kind("serial days", column("Date", (f"{serial(t):.0f}" for t in DAYS)), "D", "2024-01-01"),
    Kind("serial days, x", column("x", (f"{serial(t):.0f}" for t in DAYS)), "D", "2024-01-01",
         codes=("time_column", "dates")),
    Kind("serial months", column("Date", (f"{serial(t):.0f}" for t in MONTHS)), "MS", "2019-01-01", 40),
    Kind("serial hours, 4 digits", column("Date", (f"{serial(t):.4f}" for t in HOURS)), "h",
         "2024-01-01T00:00:00"),
    Kind("serial hours, all digits", column("Date", (repr(float(serial(t))) for t in HOURS)), "h",
         "2024-01-01T00:00:00"),
    Kind("serial hours, decimal commas", column("Date", (f"{serial(t):.6f}".replace(".", ",") for t in HOURS)),
         "h", "2024-01-01T00:00:00"),
    Kind("seconds with a fraction", column("foo", (f"{t.timestamp():.3f}" for t in HOURS)), "h",
         "2024-01-01T00:00:00+00:00", zone="UTC", codes=("time_column", "dates")),
    Kind("milliseconds", column("ts", (int(t.timestamp() * 1000) for t in HOURS)), "h",
         "2024-01-01T00:00:00+00:00", zone="UTC"),
    Kind("months as fractions", column("time", years(1 / 12)), "MS", "1949-01-01", 60),
    Kind("middles of months as fractions", column("decimal date", [f"{1960 + (i + 0.5) / 12:.4f}" for i in range(60)]),
         "MS", "1960-01-01", 60),
    Kind("middles of months by their days", column("year", (
        f"{t.year + (t.day_of_year + t.days_in_month / 2 - 1) / (366 if t.is_leap_year else 365):.4f}" for t in MONTHS
    )), "MS", "2019-01-01", 40),
    Kind("quarters as fractions", column("time", years(1 / 4)), "QS-JAN", "1949-01-01", 60),
    Kind("a counter after all", column("Date", (f"{serial(t):.0f}" for t in DAYS)), "count", "45292",
         codes=("counter",), options={"freq": "count"}),
    Kind("a counter by its name", column("n", (f"{serial(t):.0f}" for t in DAYS)), "count", "45292",
         codes=("counter",)),
]  # fmt: skip


@pytest.mark.parametrize("kind", CODES, ids=lambda kind: kind.name)
def test_a_code_is_read_as_the_time_that_it_is(kind: Kind, tmp_path: Path) -> None:
    parsed = read_text(kind.text, tmp_path, **kind.options)
    clock, times = parsed.panel.clock, parsed.panel.times
    assert (clock.freq, clock.zone, len(times), clock.write(times[:1])[0]) == (
        kind.freq,
        kind.zone,
        kind.rows,
        kind.first,
    )
    assert tuple(finding.code for finding in parsed.findings) == kind.codes
    assert np.isfinite(parsed.panel.target).all()


def test_a_model_of_numbered_rows_does_not_take_them_for_dates(tmp_path: Path) -> None:
    text = column("time", range(45_292, 45_372))
    assert read_text(text, tmp_path).panel.clock.freq == "D"
    assert read_text(text, tmp_path, lone="count").panel.clock.is_counter


# --- zones


def local(zone: str, first: str, last: str, freq: str = "h") -> pd.DatetimeIndex:
    return pd.date_range(first, last, freq=freq, tz=zone)


def german(stamp: pd.Timestamp) -> str:
    return "MESZ" if stamp.dst() else "MEZ"


BERLIN = (
    local("Europe/Berlin", "2024-10-20", "2024-11-02"),
    local("Europe/Berlin", "2024-03-25", "2024-04-05"),
)
NEW_YORK = (
    local("America/New_York", "2024-10-28", "2024-11-08"),
    local("America/New_York", "2024-03-05", "2024-03-15"),
)
ZONED = {
    "CET": (BERLIN, "Europe/Berlin", lambda t: f"{t:%Y-%m-%d %H:%M:%S %Z}"),
    "CET in brackets": (BERLIN, "Europe/Berlin", lambda t: f"{t:%d.%m.%Y %H:%M (%Z)}"),
    "MEZ": (BERLIN, "Europe/Berlin", lambda t: f"{t:%d.%m.%Y %H:%M} {german(t)}"),
    "region": (BERLIN, "Europe/Berlin", lambda t: f"{t.isoformat()}[Europe/Berlin]"),
    "region alone": (
        tuple(index[index.hour > 4] for index in BERLIN),
        "Europe/Berlin",
        lambda t: f"{t:%Y-%m-%d %H:%M} Europe/Berlin",
    ),
    "JavaScript": (
        BERLIN,
        "Europe/Berlin",
        lambda t: f"{t:%a %b %d %Y %H:%M:%S} GMT{t:%z} (Central European Standard Time)",
    ),
    "Java": (BERLIN, "Europe/Berlin", lambda t: f"{t:%a %b %d %H:%M:%S %Z %Y}"),
    "Go": (BERLIN, "Europe/Berlin", lambda t: f"{t:%Y-%m-%d %H:%M:%S %z %Z}"),
    "EST": (NEW_YORK, "America/New_York", lambda t: f"{t:%m/%d/%Y %I:%M %p %Z}"),
    "OASIS": (NEW_YORK, "America/New_York", lambda t: f"{t:%Y%m%d%H%M%S}{t.tzname()[0]}{t.tzname()[1]}"),
    "BST": (
        (local("Europe/London", "2024-10-20", "2024-11-02"),),
        "Europe/London",
        lambda t: f"{t:%Y-%m-%d %H:%M %Z}",
    ),
}


@pytest.mark.parametrize("name", ZONED)
def test_a_zone_that_stamps_name_is_theirs(name: str, tmp_path: Path) -> None:
    indices, zone, written = ZONED[name]
    for index in indices:
        parsed = read_text(column("t", map(written, index)), tmp_path)
        assert parsed.panel.clock.zone == zone
        utc = index.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]")
        assert np.isin(utc, parsed.panel.times).all()


@pytest.mark.parametrize(
    ("abbreviation", "freq", "zone"),
    [("CET", "D", "+01:00"), ("IST", "D", "Asia/Kolkata"), ("PST", "h", "America/Los_Angeles"),
     ("JST", "h", "Asia/Tokyo"), ("GMT", "h", "UTC")],
)  # fmt: skip
def test_one_abbreviation_is_a_zone_or_an_offset(
    abbreviation: str, freq: str, zone: str, tmp_path: Path
) -> None:
    last = "2024-12-31" if freq == "D" else "2024-01-20"
    index = pd.date_range("2024-01-01", last, freq=freq)
    stamps = (f"{t:%Y-%m-%d %H:%M} {abbreviation}" for t in index)
    assert read_text(column("t", stamps), tmp_path).panel.clock.zone == zone


def test_an_abbreviation_of_several_clocks_is_asked_about(tmp_path: Path) -> None:
    text = column("t", (f"{t:%Y-%m-%d %H:%M} IST" for t in HOURS))
    with pytest.raises(
        DataError, match=r"IST is what clocks of Asia/Jerusalem and of Asia/Kolkata show.*--tz"
    ):
        read_text(text, tmp_path)
    panel = read_text(text, tmp_path, zone="Asia/Kolkata").panel
    assert panel.times[0] == np.datetime64("2023-12-31T18:30")


# --- times of day in digits, in a column of their own

CLOCKS: dict[str, Callable[[pd.Timestamp], tuple[str, str]]] = {
    "date,time": lambda t: (f"{t:%Y%m%d}", f"{t:%H%M%S}"),
    "FL_DATE,DEP_TIME": lambda t: (f"{t:%Y-%m-%d}", str(int(f"{t:%H%M}"))),
    "day,clock time": lambda t: (f"{t:%d/%m/%Y}", f"{t:%H%M}"),
    "Date,Time": lambda t: (f"{t:%d.%m.%Y}", f"{int(f'{t:%H%M%S}')}.0"),
    "date,hour": lambda t: (f"{t - HOUR:%m/%d/%Y}", f"{(t - HOUR).hour + 1}00"),
}
HOUR, LATER = pd.Timedelta("1h"), pd.date_range("2024-01-12", periods=1100, freq="h")


@pytest.mark.parametrize("header", CLOCKS)
def test_bare_digits_beside_a_date_are_the_time_of_day(header: str, tmp_path: Path) -> None:
    for options in ({}, {"time": header}):
        parsed = read_text(table(header, map(CLOCKS[header], LATER)), tmp_path, **options)
        assert parsed.panel.clock.freq == "h"
        np.testing.assert_array_equal(parsed.panel.times, LATER.to_numpy("datetime64[us]"))


@pytest.mark.parametrize(
    ("cells", "digits"),
    [("0 30 930", 4), ("0 1200", 4), ("0 93000", 6), ("0 23", 0), ("0 1234567", 0), ("a", 0)],
)
def test_how_many_digits_a_time_of_day_has_is_told_by_the_longest(cells: str, digits: int) -> None:
    assert _clock_digits(np.array(cells.split(), dtype=object)) == digits


def test_digits_that_are_no_time_of_day_are_refused_by_their_line(tmp_path: Path) -> None:
    rows = [CLOCKS["date,time"](t) for t in LATER]
    rows[1050] = rows[1050][0], "126100"
    with pytest.raises(DataError, match=r"line 1052, column 'date,time': expected a time"):
        read_text(table("date,time", rows), tmp_path, time="date,time")


# --- changes of the clock


def ends(index: pd.DatetimeIndex, step: str = "1h") -> list[str]:
    """The wall times of the ends of steps, an hour counted on from its start."""
    return (index.tz_localize(None) + pd.Timedelta(step)).strftime("%Y-%m-%d %H:%M").tolist()


@pytest.mark.parametrize(
    ("zone", "freq", "step"), [("America/New_York", "h", "1h"), ("Europe/Berlin", "15min", "15min")]
)
@pytest.mark.parametrize(("first", "last"), [("2024-10-25", "2024-11-08"), ("2024-03-05", "2024-04-05")])
def test_stamps_that_are_ends_of_their_steps_are_so_across_a_change(
    zone: str, freq: str, step: str, first: str, last: str, tmp_path: Path
) -> None:
    index = local(zone, first, last, freq)
    text = column("t", ends(index, step))
    panel = read_text(text, tmp_path, zone=zone).panel
    utc = (index + pd.Timedelta(step)).tz_convert("UTC").tz_localize(None).to_numpy()
    assert (panel.times == utc).all()
    if first.startswith("2024-10"):
        with pytest.raises(DataError, match=f"stands twice .*{zone}.* say so with --tz"):
            read_text(text, tmp_path)


def test_an_empty_row_of_an_hour_that_does_not_exist_is_left_out(tmp_path: Path) -> None:
    index = local("Europe/Brussels", "2024-03-25", "2024-04-05")
    rows = []
    for i, t in enumerate(index.tz_localize(None)):
        rows.append(f'"{t:%d.%m.%Y %H:%M} - {t + pd.Timedelta("1h"):%d.%m.%Y %H:%M}",{i % 17},{i % 13}')
        if f"{t:%d.%m.%Y %H:%M}" == "31.03.2024 01:00":
            rows.append('"31.03.2024 02:00 - 31.03.2024 03:00",N/A,-')
    parsed = read_text("MTU (CET/CEST),f,y\n" + "\n".join(rows) + "\n", tmp_path, zone="Europe/Brussels")
    assert len(parsed.panel.times) == len(index)
    assert "nonexistent" in [finding.code for finding in parsed.findings]


def test_a_remedy_for_an_hour_that_does_not_exist_works(tmp_path: Path) -> None:
    wall = pd.date_range("2024-03-25", "2024-04-05", freq="h")
    text = column("t", wall.strftime("%Y-%m-%d %H:%M"))
    with pytest.raises(DataError) as caught:
        read_text(text, tmp_path, zone="Europe/Berlin")
    assert "--nonexistent drop leaves it out or, if the clock is never changed, --tz +01:00" in str(
        caught.value
    )
    assert len(read_text(text, tmp_path, zone="+01:00").panel.times) == len(wall)


# --- hours and other parts of a day in a column of their own


def numbered(zone: str, first: str, last: str, freq: str) -> list[tuple[str, int, pd.Timestamp]]:
    """(date, number of the part of the day from 1 on, stamp) of every step."""
    index = pd.date_range(first, last, freq=freq, tz=zone, inclusive="left")
    days = index.tz_localize(None).normalize()
    numbers = pd.Series(1, index=range(len(index))).groupby(days).cumsum()
    return list(zip(days.strftime("%Y-%m-%d"), numbers, index, strict=True))


FALL, SPRING = ("2024-10-20", "2024-11-08"), ("2024-03-05", "2024-04-05")


@pytest.mark.parametrize("season", [FALL, SPRING])
@pytest.mark.parametrize(
    ("zone", "freq", "header", "form", "shift"),
    [
        ("Europe/London", "30min", "SETTLEMENT_DATE,SETTLEMENT_PERIOD", "{}", "0h"),
        ("Europe/Berlin", "15min", "Date,Interval", "{}", "0h"),
        ("America/New_York", "h", "Date,Hour", "{}", "1h"),
        ("America/New_York", "h", "Date,HE", "HE{:02d}", "1h"),
    ],
)
def test_parts_of_a_day_are_counted_on_when_the_clock_is_changed(
    season: tuple[str, str], zone: str, freq: str, header: str, form: str, shift: str, tmp_path: Path
) -> None:
    rows = numbered(zone, *season, freq)
    text = table(header, [(day, form.format(number)) for day, number, _ in rows])
    panel = read_text(text, tmp_path, zone=zone).panel
    utc = pd.DatetimeIndex([t for *_, t in rows]).tz_convert("UTC").tz_localize(None) + pd.Timedelta(shift)
    assert (panel.times == utc.to_numpy()).all()


def test_an_hour_25_without_a_zone_asks_for_one_that_has_it(tmp_path: Path) -> None:
    rows = numbered("America/New_York", *FALL, "h")
    text = table("Date,Hour", [(day, number) for day, number, _ in rows])
    with pytest.raises(DataError, match=r"hour 25 of 2024-11-03: .*say so with --tz America/New_York"):
        read_text(text, tmp_path)
    with pytest.raises(DataError, match="the clock of Europe/Berlin is not put back on that day"):
        read_text(text, tmp_path, zone="Europe/Berlin")


def clock_hours(zone: str, season: tuple[str, str]) -> list[tuple[str, int, pd.Timestamp]]:
    """(date, hour of the clock from 1 on, stamp), which has a hole in spring and a double in autumn."""
    return [(day, t.tz_localize(None).hour + 1, t) for day, _, t in numbered(zone, *season, "h")]


@pytest.mark.parametrize("season", [FALL, SPRING])
def test_hours_of_a_clock_are_told_apart_by_a_flag(season: tuple[str, str], tmp_path: Path) -> None:
    rows = clock_hours("America/Chicago", season)
    cells = [(day, f"{hour:02d}:00", "Y" if t.fold else "N") for day, hour, t in rows]
    order = np.random.default_rng(3).permutation(len(cells))
    text = table("DeliveryDate,HourEnding,DSTFlag", [cells[i] for i in order])
    panel = read_text(text, tmp_path, zone="America/Chicago").panel
    assert len(panel.times) == len(rows)
    assert np.isfinite(panel.target).all()


def test_a_flag_of_summer_time_tells_hours_apart_too(tmp_path: Path) -> None:
    rows = clock_hours("America/New_York", FALL)
    cells = [(day, 1 if t.dst() else 0, hour - 1) for day, hour, t in rows]
    order = np.random.default_rng(3).permutation(len(cells))
    text = table("date,DST,hour", [cells[i] for i in order])
    panel = read_text(text, tmp_path, zone="America/New_York").panel
    assert len(panel.times) == len(rows)


def test_hours_with_intervals_and_a_flag(tmp_path: Path) -> None:
    rows = numbered("America/Chicago", *FALL, "15min")
    cells = [
        (day, t.tz_localize(None).hour + 1, t.minute // 15 + 1, "Y" if t.fold else "N") for day, _, t in rows
    ]
    text = table("DeliveryDate,DeliveryHour,DeliveryInterval,RepeatedHourFlag", cells)
    panel = read_text(text, tmp_path, zone="America/Chicago").panel
    assert (panel.clock.freq, len(panel.times)) == ("15min", len(rows))


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        ("Date,Hour", lambda t: f"3{'B' if t.fold else 'A'}" if doubled(t) else str(t.hour + 1)),
        ("Date,Hours", lambda t: f"{t.hour:02d} - {(t.hour + 1) % 24:02d}"),
        ("Date,Time", lambda t: f"{t.hour:02d}:00-{(t.hour + 1) % 24:02d}:00"),
    ],
)
def test_hours_in_other_forms(header: str, cell: Any, tmp_path: Path) -> None:
    rows = numbered("Europe/Berlin", *FALL, "h")
    text = table(header, [(day, cell(t)) for day, _, t in rows])
    panel = read_text(text, tmp_path, zone="Europe/Berlin").panel
    assert len(panel.times) == len(rows)
    assert np.isfinite(panel.target).all()


def doubled(t: pd.Timestamp) -> bool:
    return f"{t:%Y-%m-%d %H}" == "2024-10-27 02"


def test_25_hours_a_day_of_which_the_last_is_empty(tmp_path: Path) -> None:
    rows = [f"{day:%Y-%m-%d},{n},{'' if n == 25 else n}" for day in DAYS[:20] for n in range(1, 26)]
    panel = read_text("Date,Hour,y\n" + "\n".join(rows) + "\n", tmp_path).panel
    assert len(panel.times) == 480
    assert np.isfinite(panel.target).all()


def test_hours_and_days_of_a_year_in_columns_of_their_own(tmp_path: Path) -> None:
    text = table("YEAR,DOY,HR", [(t.year, t.day_of_year, t.hour) for t in HOURS])
    assert read_text(text, tmp_path).panel.clock.freq == "h"
    text = table("YEAR,MO,DY,HR", [(t.year, t.month, t.day, t.hour) for t in HOURS])
    assert read_text(text, tmp_path).panel.clock.freq == "h"
    text = table(
        "date,hour,minute",
        [(f"{t:%Y-%m-%d}", t.hour, t.minute) for t in pd.date_range("2024", periods=99, freq="15min")],
    )
    assert read_text(text, tmp_path).panel.clock.freq == "15min"


@pytest.mark.parametrize(
    ("cell", "number"),
    [("7", (7, UNSAID)), ("HE07", (7, UNSAID)), ("h1", (1, UNSAID)), ("02*", (2, SECOND)), ("3A", (3, FIRST)),
     ("3b", (3, SECOND)), ("06 - 07", (6, UNSAID)), ("25", (25, UNSAID)), ("x", None), ("", None), ("1:00", None),
     ("1000", None)],
)  # fmt: skip
def test_the_number_of_a_part_of_a_day(cell: str, number: tuple[int, int] | None) -> None:
    assert read_number(cell) == number


# --- letters beyond ASCII


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["1 января 2024 г.", "2 января 2024 г.", "3 января 2024 г."], "2024-01-01"),
        (["пн, 1 янв. 2024 00:00", "пн, 1 янв. 2024 01:00"], "2024-01-01T00:00:00"),
        (["1 Ιανουαρίου 2024, 3:00 μ.μ.", "1 Ιανουαρίου 2024, 4:00 μ.μ."], "2024-01-01T15:00:00"),
        (["15 Kasım 2024", "16 KASIM 2024"], "2024-11-15"),
        (["1. ledna 2024", "2. ledna 2024"], "2024-01-01"),
        (["2024. január 1.", "2024. január 2."], "2024-01-01"),
        (["2024. 01. 01.", "2024. 01. 02.", "2024. 01. 13."], "2024-01-01"),
        (["1. 1. 2024", "2. 1. 2024", "13. 1. 2024"], "2024-01-01"),
        (["01/fev/2024", "02/fev/2024"], "2024-02-01"),
        (["1 de out. de 2024", "2 de out. de 2024"], "2024-10-01"),
        (["dez/2023", "jan/2024"], "2023-12-01"),
        (["2024年1月1日 下午3:00", "2024年1月1日 下午4:00"], "2024-01-01T15:00:00"),
        (["2024. 1. 1. 오후 3:00:00", "2024. 1. 1. 오후 4:00:00"], "2024-01-01T15:00:00"),
        (["1/13/2024, 3:06\u202fPM", "1/13/2024, 4:06\u202fPM"], "2024-01-13T15:06:00"),
        (["13/1/2024 3:06 p. m.", "13/1/2024 4:06 p. m."], "2024-01-13T15:06:00"),
        (["1. siječnja 2024", "1. veljače 2024", "1. listopada 2024", "1. studenoga 2024"], "2024-01-01"),
        (["January 1st, 2024", "January 2nd, 2024", "January 3rd, 2024"], "2024-01-01"),
    ],
)  # fmt: skip
def test_stamps_in_other_languages(cells: list[str], first: str, tmp_path: Path) -> None:
    panel = read_text(column("t", cells), tmp_path).panel
    assert panel.clock.write(panel.times[:1]) == [first]


# --- numbered periods of a year: quarters, half years and weeks, in the words of several languages

PERIODS: dict[str, tuple[str, int]] = {
    "QS-JAN": ("Q{n} {y}|{y}-Q{n}|{y}:Q{n}|{y}KV{n}|{y}K{n}|{n}Q{s}|Q{n}'{s}|T{n} {y}|{n}T{s}|{n}. Quartal {y}|"
               "{y}/{n}. Quartal|Quarter {n}, {y}|Quarter {n}/{y}|{y} kvartal {n}|{n}e trimestre {y}|"
               "{n}º trimestre de {y}|{r} trim. {y}|{r} kwartał {y}|{n} кв. {y}|{r} квартал {y} г.|"
               "{y}. {r}. negyedév|{y}年第{n}四半期|{y}年{n}季度|{y}년 {n}분기", 4),
    "2QS-JAN": ("{y}-S{n}|{y}S{n}|{y}H{n}|H{n} {y}|{n}. Halbjahr {y}|{n}e semestre {y}", 2),
    "W-MON": ("{y}-W{n:02d}|{y}V{n:02d}|{y}U{n:02d}|Week {n} {y}|KW {n:02d}/{y}|uge {n}, {y}|S{n:02d}-{y}|"
              "Semana {n} de {y}|Semaine {n} {y}", 52),
    "MS": ("{y}M{n:02d}|{y}-M{n:02d}|M{n} {y}|{y}:{n:02d}|{y}_{n:02d}", 12),
}  # fmt: skip


@pytest.mark.parametrize(
    ("freq", "form"), [(freq, form) for freq, (forms, _) in PERIODS.items() for form in forms.split("|")]
)
def test_a_numbered_period_is_its_first_day(freq: str, form: str, tmp_path: Path) -> None:
    a_year = PERIODS[freq][1]
    numbered = [(2023 + i // a_year, i % a_year + 1) for i in range(2 * a_year)]
    cells = [form.format(y=y, n=n, s=y % 100, r=["I", "II", "III", "IV"][(n - 1) % 4]) for y, n in numbered]
    panel = read_text(column("t", cells), tmp_path).panel
    first = "2023-01-02" if freq == "W-MON" else "2023-01-01"
    assert (panel.clock.freq, len(panel.times)) == (freq, len(cells))
    assert panel.times[0] == np.datetime64(first)


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["Week of January 7, 2024", "Week of January 14, 2024"], "2024-01-07"),
        (["w/e 13/01/2024", "w/e 20/01/2024"], "2024-01-13"),
        (["week ending 2024-01-13", "week ending 2024-01-20"], "2024-01-13"),
        (["13.01.2024 05:00 Uhr", "13.01.2024 06:00 Uhr"], "2024-01-13T05:00:00"),
        (["20240113-05:00", "20240113-06:00"], "2024-01-13T05:00:00"),
    ],
)
def test_words_around_a_date_are_no_part_of_it(cells: list[str], first: str, tmp_path: Path) -> None:
    panel = read_text(column("t", cells), tmp_path).panel
    assert panel.clock.write(panel.times[:1]) == [first]


@pytest.mark.parametrize("cell", ["Q5 2024", "3H 2024", "V. Quartal 2024", "Q1 2024 Q2", "X1 2024"])
def test_what_no_year_has_is_no_period(cell: str, tmp_path: Path) -> None:
    with pytest.raises(DataError):
        read_text(column("t", [cell, cell.replace("2024", "2025")]), tmp_path)


def test_five_croatian_months_are_those_of_other_languages_a_month_later(tmp_path: Path) -> None:
    panel = read_text(column("t", ["1. rujna 2024", "1. listopada 2024"]), tmp_path).panel
    assert panel.times[1] == np.datetime64("2024-10-01")
    parsed = read_text(column("t", ["1 listopada 2024", "2 listopada 2024"]), tmp_path)
    assert parsed.panel.times[0] == np.datetime64("2024-11-01")
    assert parsed.findings[0].message.startswith("column 't' names months as Czech and Polish do")


def test_what_is_ascii_stays_as_it_is() -> None:
    assert in_ascii("2024-01-01  00:00 ") == "2024-01-01  00:00 "


def test_the_table_of_words_is_what_its_generator_makes() -> None:
    """Of another version of CLDR some may be missing or new, but none means another month."""
    pytest.importorskip("babel")
    from tests.golden import make_calendar_words

    for made, kept in zip(make_calendar_words.names(), make_calendar_words.names_in_table(), strict=True):
        both = made.keys() & kept.keys()
        assert len(both) > 0.95 * len(kept)
        assert all(made[word] == kept[word] for word in both)
    made_quarters = make_calendar_words.quarters()
    assert len(made_quarters & QUARTER_WORDS) > 0.95 * len(QUARTER_WORDS)


# --- nearest misses

MISSES: list[tuple[str, str, str]] = [
    ("Period", "FY2020-P01 FY2020-P02", "with 'FY2020-P01' in line 2: a fiscal period"),
    ("q", "Q1_FY20 Q2_FY20", "with 'Q1 FY20' in line 2: a fiscal period"),
    ("FY", "2005/2006 2006/2007", "with '2005/2006' in line 2: a fiscal period"),
    ("season", "2005/06 2006/07 2007/08", "holds years that begin in one year and end in the next"),
    ("t", "00:00 01:00 02:00 00:00", "column 't' comes nearest, with '00:00' in line 2: a time of day without a date"),
    ("day", "Mon Tue Wed", "'Mon' in line 2: a day of the week without a date"),
    ("month", "January February", "'January' in line 2: a month without a year"),
    ("hour", "0 1 2 3 0", "'0' in line 2: a part of a date alone"),
    ("w", "Week_1 Week_2", "'Week 1' in line 2: a week without a year"),
    ("Timestamp", "2024-01-01_00:00_XYZ 2024-01-02_00:00_XYZ", "its end 'XYZ' is not understood"),
    ("Timestamp", "20240101000000QQ 20240101010000QQ", "its end 'QQ' is not understood"),
    ("ts", "1.70407E+09 1.70407E+09", "a number whose last digits a spreadsheet left out"),
    ("when", "soon 2024-01-01 2024-01-02", "'soon' in line 2: no time as the others are"),
    ("when", "2024-01-01 soon 2024-01-03", "line 3, column 'when': expected a time"),
    ("time", "x y", "with 'x' in line 2: no time that is known"),
    ("a", "x y", "(looked at a); add one with times such as 2024-01-31 13:00"),
    ("YYYYMM", " ".join(f"2020{m:02d}" for m in range(1, 14)), "found '202013'; correct or delete it (is it a total?)"),
    ("date", " ".join([*DAYS[:20].strftime("%Y%m%d"), "20240230"]), "found '20240230'; correct or delete it"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "cells", "message"), MISSES, ids=lambda value: str(value)[:20])
def test_a_column_that_nearly_holds_times_is_named(
    name: str, cells: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError) as caught:
        read_text(column(name, (cell.replace("_", " ") for cell in cells.split())), tmp_path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


# --- headers of several lines


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ("Price,Close,Open,y\nTicker,ABC,ABC,ABC\nDate,,,", "Close"),
        ("Price,Close,Close,Open\nTicker,ABC,XYZ,ABC\nDate,,,", "Close XYZ"),
        ("Ticker,ABC,ABC,XYZ\nPrice,Open,Close,Close\nDate,,,", "ABC Close"),
        (",load,load,wind\nzone,A,B,A", "load B"),
        ("time,load,temp,x\nof rows,of grid,of air,none\n[],MW,degC,-", "load"),
    ],
)
def test_a_header_of_several_lines_is_one(header: str, target: str, tmp_path: Path) -> None:
    rows = [f"{day:%Y-%m-%d},{i % 7},{i % 5},{i % 3}" for i, day in enumerate(DAYS)]
    panel = read_text(f"{header}\n" + "\n".join(rows) + "\n", tmp_path, target=target).panel
    assert len(panel.times) == len(DAYS)


def test_dates_with_nothing_beside_them_are_no_header(tmp_path: Path) -> None:
    text = "month,y\nJan-24,\nFeb-24,\nMar-24,n/a\n" + "".join(
        f"{t:%b-%y},{i}\n" for i, t in enumerate(pd.date_range("2024-04-01", periods=9, freq="MS"))
    )
    assert len(read_text(text, tmp_path).panel.times) == 12
