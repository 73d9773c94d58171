"""A parquet file is read through the same rooms as text: the same panel, findings and refusals."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lstmcast.core.errors import DataError
from lstmcast.ingest import ReadingRules, Roles, read
from tests.command_line import lstmcast
from tests.conftest import QUICK

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

HOURS = pd.date_range("2024-03-30", periods=72, freq="h", tz="Europe/Helsinki")
VALUES = np.arange(72) * 1.1


def written(path: Path, columns: dict[str, Any]) -> Path:
    """A parquet file of these columns, in several row groups."""
    pq.write_table(pa.table(columns), path, row_group_size=30)
    return path


def test_a_parquet_file_and_its_csv_give_the_same_panel(tmp_path: Path) -> None:
    columns = {
        "time": pd.date_range("2024-01-01", periods=60, freq="h"),
        "store": ["7", "8"] * 30,
        "y": [None, *VALUES[:59]],
        "open": [True, False, None] * 20,
        "count": pd.array([None, *range(59)], dtype="Int32"),
        "weather": pd.Categorical(["rain", "sun", None] * 20),
        "price": pa.array(["1.50", None, "-2.25"] * 20).cast(pa.decimal128(8, 2)),
    }
    path = written(tmp_path / "data.parquet", columns)
    pd.DataFrame(pq.read_table(path).to_pandas()).to_csv(tmp_path / "data.csv", index=False)
    roles = Roles("y", id="store", known=("open", "count"), past=("weather", "price"))
    packed, plain = read(path, roles), read(tmp_path / "data.csv", roles)
    assert np.array_equal(packed.panel.values, plain.panel.values, equal_nan=True)
    assert (packed.panel.times == plain.panel.times).all()
    assert packed.panel.columns == plain.panel.columns
    assert packed.roles == plain.roles
    assert [f.code for f in packed.findings] == ["parquet", *(f.code for f in plain.findings)]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_stamps_keep_the_zone_of_their_type(unit: str, tmp_path: Path) -> None:
    columns = {"time": pa.array(HOURS.as_unit(unit)), "y": VALUES}
    panel = read(written(tmp_path / "data", columns), Roles("y")).panel
    assert panel.clock.zone == "Europe/Helsinki"
    assert (panel.times == HOURS.tz_convert("UTC").tz_localize(None).to_numpy()).all()
    assert panel.clock.write(panel.times[[0, -1]]) == [
        "2024-03-30 00:00:00+02:00",
        "2024-04-02 00:00:00+03:00",
    ]


def test_a_named_zone_stands_above_that_of_the_type(tmp_path: Path) -> None:
    path = written(tmp_path / "data", {"time": HOURS, "y": VALUES})
    assert read(path, Roles("y"), zone="UTC").panel.clock.zone == "UTC"


@pytest.mark.parametrize(
    ("stamps", "freq"),
    [
        (pd.date_range("2024-01-01", periods=40, freq="D").date, "D"),
        (pd.date_range("2024-01-01", periods=40, freq="MS"), "MS"),
        (pd.date_range("2024-01-15", periods=40, freq="h").strftime("%d.%m.%Y %H:%M"), "h"),
        (1_704_067_200 + 3600 * np.arange(40), "h"),
        (np.arange(1, 41), "count"),
    ],
    ids=["dates", "months", "text", "epoch", "counter"],
)
def test_times_of_every_type_are_read(stamps: Any, freq: str, tmp_path: Path) -> None:
    path = written(tmp_path / "data", {"time": pa.array(stamps), "y": VALUES[:40]})
    assert read(path, Roles("y")).panel.clock.freq == freq


def test_time_in_several_columns_of_numbers_is_found(tmp_path: Path) -> None:
    stamps = pd.date_range("2024-01-01", periods=50, freq="h")
    parts = {part: getattr(stamps, part) for part in ("year", "month", "day", "hour")}
    panel = read(written(tmp_path / "data", {**parts, "y": VALUES[:50]}), Roles("y")).panel
    assert (panel.times == stamps.to_numpy()).all()


def test_an_index_of_times_is_found(tmp_path: Path) -> None:
    frame = pd.DataFrame({"y": VALUES}, index=HOURS)
    frame.to_parquet(tmp_path / "data", engine="pyarrow")
    assert read(tmp_path / "data", Roles("y")).panel.target.tolist() == VALUES.tolist()


def test_sentinels_and_empty_rows_are_missing(tmp_path: Path) -> None:
    days = pa.array([*pd.date_range("2024-01-01", periods=5), None])
    path = written(tmp_path / "data", {"time": days, "y": [1, -200, 3, 4, 5, None]})
    panel = read(path, Roles("y"), rules=ReadingRules(missing=("-200",))).panel
    assert np.flatnonzero(np.isnan(panel.target)).tolist() == [1]
    assert panel.target.size == 5


def test_standard_input_may_be_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = written(tmp_path / "data", {"time": HOURS, "y": VALUES}).read_bytes()

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    class Standard:
        buffer = Pipe(content)

    monkeypatch.setattr("sys.stdin", Standard())
    assert read("-", Roles("y")).panel.target.size == 72


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"time": HOURS, "y": [*VALUES[:70], np.inf, 0]}, "line 72, column 'y': expected a finite number"),
        ({"time": HOURS, "y": ["1", *"x" * 71]}, "line 3, column 'y': expected a number, found 'x'"),
        ({"time": HOURS, "z": VALUES}, "there is no column 'y' .*the columns are time, z"),
        ({"time": HOURS[:0], "y": VALUES[:0]}, "has columns but no rows of data"),
        ({"x": VALUES, "y": VALUES}, "no column holds times"),
    ],
)
def test_what_cannot_be_read_is_refused_as_in_text(
    columns: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        read(written(tmp_path / "data", columns), Roles("y"))


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "data", {"time": HOURS, "y": VALUES})
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="is a damaged parquet file"):
        read(path, Roles("y"))
    path.write_bytes(b"PAR1")
    with pytest.raises(DataError, match="is a damaged parquet file"):
        read(path, Roles("y"))


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "data", {"time": HOURS, "y": VALUES})
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataError, match=r"data: is a parquet file, .* \(pip install 'lstmcast\[parquet\]'\)"):
        read(path, Roles("y"))


def test_reading_tells_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lstmcast.ingest.table.parquet._ROWS", 20)
    path = written(tmp_path / "data", {"time": HOURS, "y": VALUES})
    told: list[tuple[int, int]] = []
    read(path, Roles("y"), watch=lambda *far: told.append(far))
    assert len(told) > 2
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]


def test_train_and_predict_take_parquet(history: Path, model_file: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(history, parse_dates=["time"])
    frame.to_parquet(tmp_path / "history.parquet", engine="pyarrow")
    said = lstmcast("train", tmp_path / "history.parquet", *QUICK, "-o", tmp_path / "model.pkl")
    assert (said.code, said.err) == (0, "")
    by_parquet = lstmcast("predict", tmp_path / "model.pkl", tmp_path / "history.parquet")
    assert by_parquet == lstmcast("predict", model_file, history)
