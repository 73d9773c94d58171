"""What must hold for every file: whatever is written in a supported way reads back equal; no text is a traceback."""

from __future__ import annotations

import gzip
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lstmcast.core.errors import LstmcastError
from lstmcast.core.panel import Clock
from lstmcast.ingest import ReadingRules, Roles, read

QUIET = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
FREQUENCIES = ["5s", "min", "15min", "h", "6h", "D", "B", "W-SAT", "MS", "ME", "QS-JAN", "YS-JAN"]
ZONES = [None, "UTC", "+05:30", "Europe/Helsinki", "America/New_York", "Australia/Lord_Howe"]
NUMBERS = st.one_of(
    st.just(math.nan),
    st.integers(-(10**9), 10**9).map(float),
    st.floats(allow_nan=False, allow_infinity=False, width=64),
)


@st.composite
def series(draw: st.DrawFn) -> tuple[Clock, np.ndarray, list[float]]:
    """A clock, its stamps and values for them, the first never missing."""
    freq, zone = draw(st.sampled_from(FREQUENCIES)), draw(st.sampled_from(ZONES))
    start = draw(st.datetimes(pd.Timestamp("1990-01-01"), pd.Timestamp("2035-01-01"), allow_imaginary=False))
    first = pd.Timestamp(start).floor("h" if freq == "6h" else "D")
    clock = Clock(freq, zone)
    count = draw(st.integers(8, 40))
    if clock.step is None:
        first = pd.date_range(first.floor("D"), periods=1, freq=freq)[0]
    times = clock.grid(clock.utc(np.array([first], dtype="datetime64[us]"))[0], count)
    values = draw(st.lists(NUMBERS, min_size=count, max_size=count))
    return clock, times, [1.0, *values[1:]]


def text_of(clock: Clock, times: np.ndarray, values: list[float], delimiter: str, decimal: str) -> list[str]:
    style = "%Y-%m-%dT%H:%M:%S" + ("%z" if clock.zone else "")
    stamps = Clock(clock.freq, clock.zone, (), style).write(times)
    cells = ["" if math.isnan(value) else repr(value).replace(".", decimal) for value in values]
    return [f"{stamp}{delimiter}{cell}" for stamp, cell in zip(stamps, cells, strict=True)]


@QUIET
@given(
    case=series(),
    dialect=st.sampled_from([(",", "."), (";", "."), (";", ","), ("\t", "."), ("\t", ","), ("|", ",")]),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    is_packed=st.booleans(),
    order=st.sampled_from(["as it is", "reversed", "shuffled"]),
    seed=st.integers(0, 9),
)
def test_whatever_is_written_reads_back_equal(
    tmp_path: Path,
    case: tuple[Clock, np.ndarray, list[float]],
    dialect: tuple[str, str],
    line_end: str,
    encoding: str,
    is_packed: bool,
    order: str,
    seed: int,
) -> None:
    clock, times, values = case
    rows = text_of(clock, times, values, *dialect)
    if order == "reversed":
        rows.reverse()
    elif order == "shuffled":
        np.random.default_rng(seed).shuffle(rows)
    content = (line_end.join([f"time{dialect[0]}y", *rows]) + line_end).encode(encoding)
    path = tmp_path / "data.csv"
    path.write_bytes(gzip.compress(content) if is_packed else content)
    panel = read(path, Roles("y"), freq=clock.freq, zone=clock.zone).panel
    assert (panel.times == times).all()
    assert np.array_equal(panel.target, np.array(values), equal_nan=True)


@QUIET
@given(case=series())
def test_the_frequency_of_whole_series_is_found(
    tmp_path: Path, case: tuple[Clock, np.ndarray, list[float]]
) -> None:
    clock, times, values = case
    path = tmp_path / "data.csv"
    path.write_text("time,y\n" + "\n".join(text_of(clock, times, values, ",", ".")))
    panel = read(path, Roles("y"), zone=clock.zone).panel
    assert (panel.times == times).all()


@QUIET
@given(
    ids=st.lists(st.sampled_from(["a", "b", "ä c", "7"]), min_size=1, max_size=4, unique=True),
    lengths=st.lists(st.integers(2, 12), min_size=4, max_size=4),
    seed=st.integers(0, 99),
)
def test_a_panel_keeps_its_series_apart(
    tmp_path: Path, ids: list[str], lengths: list[int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, 50, size=4)
    hours = {
        name: np.datetime64("2024-01-01", "h") + starts[i] + np.arange(lengths[i])
        for i, name in enumerate(ids)
    }
    rows = [f"{hour},{name},{i}.{k}" for i, name in enumerate(ids) for k, hour in enumerate(hours[name])]
    rng.shuffle(rows)
    path = tmp_path / "data.csv"
    path.write_text("time,store,y\n" + "\n".join(rows).replace("T", " ").replace(",", ":00,", 0))
    panel = read(path, Roles("y", id="store"), freq="h").panel
    seen = list(dict.fromkeys(row.split(",")[1] for row in rows))
    assert list(panel.ids) == seen
    for series_number, name in enumerate(panel.ids):
        assert (panel.times[panel.rows(series_number)] == hours[name]).all()


# --- whole panels

STYLES = {
    "offsets": "%Y-%m-%dT%H:%M:%S%z",
    "local": "%Y-%m-%d %H:%M:%S",
    "day-first": "%d.%m.%Y %H:%M:%S",
    "month-first": "%m/%d/%Y %I:%M:%S %p",
    "named": "%d %B %Y %H:%M:%S",
    "columns": "%Y;%m;%d;%H;%M;%S",
}


@st.composite
def panels(draw: st.DrawFn) -> tuple[Clock, list[str], list[np.ndarray], list[np.ndarray]]:
    """A clock and, for each series, its stamps and values (n, 3), of which first and last row are never missing."""
    freq, zone = draw(st.sampled_from(FREQUENCIES)), draw(st.sampled_from(ZONES))
    clock = Clock(freq, zone)
    start = draw(st.datetimes(pd.Timestamp("1990-01-01"), pd.Timestamp("2035-01-01"), allow_imaginary=False))
    first = pd.Timestamp(start).floor("D")
    if clock.step is None:
        first = pd.date_range(first, periods=1, freq=freq)[0]
    whole = clock.grid(clock.utc(np.array([first], dtype="datetime64[us]"))[0], 60)
    names = draw(
        st.lists(st.sampled_from(["a", "b c", "ü", "7", "O'Hara"]), min_size=1, max_size=3, unique=True)
    )
    times, values = [], []
    for _ in names:
        begin, length = draw(st.integers(0, 20)), draw(st.integers(8, 30))
        cells = draw(st.lists(NUMBERS, min_size=3 * length, max_size=3 * length))
        table = np.array(cells).reshape(length, 3)
        table[[0, -1]] = 1.0
        times.append(whole[begin : begin + length])
        values.append(table)
    return clock, names, times, values


@QUIET
@given(
    case=panels(),
    dialect=st.sampled_from([(";", "."), (";", ","), ("\t", "."), ("\t", ","), ("|", ".")]),
    style=st.sampled_from(list(STYLES)),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    is_quoted=st.booleans(),
    order=st.sampled_from(["as it is", "by time", "reversed", "shuffled"]),
    seed=st.integers(0, 9),
)
def test_any_panel_reads_back_equal(
    tmp_path: Path,
    case: tuple[Clock, list[str], list[np.ndarray], list[np.ndarray]],
    dialect: tuple[str, str],
    style: str,
    line_end: str,
    encoding: str,
    is_quoted: bool,
    order: str,
    seed: int,
) -> None:
    clock, names, times, values = case
    delimiter, decimal = dialect
    if order == "shuffled" or clock.zone is None:  # shuffled, an hour that happens twice tells nothing
        style = {"offsets": "local"}.get(style, style) if clock.zone is None else "offsets"
    rows = []
    for name, own, table in zip(names, times, values, strict=True):
        stamps = Clock(clock.freq, clock.zone, (), STYLES[style]).write(own)
        for stamp, cells in zip(stamps, table.tolist(), strict=True):
            texts = ["" if math.isnan(cell) else repr(cell).replace(".", decimal) for cell in cells]
            rows.append([*stamp.split(";"), name, *texts])
    rows = ordered(rows, order, seed)
    quote = '"' if is_quoted else ""
    parts = ["year", "month", "day", "hour", "minute", "second"] if style == "columns" else ["time"]
    rows.insert(0, [*parts, "shop", "y", "k", "p"])
    lines = [delimiter.join(f"{quote}{cell}{quote}" for cell in row) for row in rows]
    path = tmp_path / "data.csv"
    path.write_bytes((line_end.join(lines) + line_end).encode(encoding))
    dates = style if style in ("day-first", "month-first") else None
    roles = Roles("y", ",".join(parts), "shop", known=("k",), past=("p",))
    panel = read(
        path, roles, freq=clock.freq, zone=clock.zone, rules=ReadingRules(dates=dates, decimal=decimal)
    ).panel
    assert sorted(panel.ids) == sorted(names)
    for name, own, table in zip(names, times, values, strict=True):
        rows_of = panel.rows(panel.ids.index(name))
        assert (panel.times[rows_of] == own).all()
        assert np.array_equal(panel.values[rows_of], table, equal_nan=True)


def ordered(rows: list[list[str]], order: str, seed: int) -> list[list[str]]:
    """Rows series by series, turned round, with the series mixed, or shuffled."""
    if order == "reversed":
        return rows[::-1]
    if order == "by time":  # the order within each series stays
        places = np.random.default_rng(seed).permutation(len(rows))
        names = [rows[place][-4] for place in places]
        left = {name: iter([row for row in rows if row[-4] == name]) for name in set(names)}
        return [next(left[name]) for name in names]
    if order == "shuffled":
        np.random.default_rng(seed).shuffle(rows)
    return rows


TEXT = st.text(
    alphabet=st.one_of(st.sampled_from(list("0123456789-:/., \n\r\t;|\"'#TZ+eE")), st.characters()),
    max_size=300,
)


@settings(QUIET, max_examples=300)
@given(text=TEXT, has_header=st.booleans())
def test_no_text_is_a_traceback(tmp_path: Path, text: str, has_header: bool) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes((("time,y\n" if has_header else "") + text).encode("utf-8", "surrogatepass"))
    try:
        read(path, Roles("y"))
    except LstmcastError as error:
        assert "\n" not in str(error)  # noqa: PT017


@settings(QUIET, max_examples=200)
@given(content=st.binary(max_size=200))
def test_no_bytes_are_a_traceback(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    with pytest.raises(LstmcastError):
        read(path, Roles("no such column"))
