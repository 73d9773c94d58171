"""Series that the model has never seen, and such as have closed: neither stops the others, and both are said."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import lstmcast as package
from lstmcast.model.freshness import without_closed
from tests.command_line import lstmcast
from tests.panels import hourly, stacked

MODELS = Path(__file__).resolve().parents[1] / "golden" / "models"
MODEL, ROWS = MODELS / "format_1_panel.pkl", MODELS / "format_1_panel.csv"


def renamed(path: Path, *names: str, rows: int = 10**6, times: float = 1.0) -> Path:
    """The rows, and the last ones of the series north once more for each of these names, so many times as large."""
    header, *lines = ROWS.read_text().splitlines()
    cells = [line.split(",") for line in lines if "north" in line][-rows:]
    more = [
        ",".join([c[0], name, *(str(times * float(c[2])) if c[2] else "",), *c[3:]])
        for name in names
        for c in cells
    ]
    path.write_text("\n".join([header, *lines, *more]) + "\n")
    return path


def by_series(text: str) -> dict[str, list[dict[str, str]]]:
    """The rows of a forecast by their series."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in csv.DictReader(text.splitlines()):
        found.setdefault(row["zone"], []).append(row)
    return found


def test_others_are_forecast_as_without_them_and_new_ones_from_their_own_rows(tmp_path: Path) -> None:
    rows = renamed(tmp_path / "rows.csv", "new", times=100.0)
    said, before = lstmcast("predict", MODEL, rows), lstmcast("predict", MODEL, ROWS)
    assert (said.code, before.code) == (0, 0), said
    assert "new_series: 1 of 3 series are forecast by their own rows alone (own_rows)" in said.err
    found = by_series(said.out)
    assert {name: found.pop(name) for name in ("north", "south")} == by_series(before.out)
    assert list(found) == ["new"]
    assert {row["source"] for row in found["new"]} == {"own_rows"}
    own = np.array([float(row["forecast"]) for row in found["new"]])
    north = np.array([float(row["forecast"]) for row in by_series(before.out)["north"]])
    assert (np.abs(own / (100 * north) - 1) < 0.15).all()
    half = np.array([float(row["hi_80"]) - float(row["lo_80"]) for row in found["new"]]) / 2
    assert ((half > 100) & (half < 2000)).all()  # north's own are about five


def test_a_new_series_is_a_degraded_night_and_refused_without_fallback(tmp_path: Path) -> None:
    rows = renamed(tmp_path / "rows.csv", "new")
    assert lstmcast("predict", MODEL, rows, "--strict").code == 6
    said = lstmcast("predict", MODEL, rows, "--no-fallback")
    assert (said.code, "series 'new' is not one the model was trained on" in said.err) == (3, True)


def test_a_new_series_of_a_few_rows_is_left_out(tmp_path: Path) -> None:
    said = lstmcast("predict", MODEL, renamed(tmp_path / "rows.csv", "new", rows=7))
    assert said.code == 0
    assert by_series(said.out).keys() == {"north", "south"}
    assert (
        "1 of 3 series left out, as the model was not trained on them and they have fewer than 8" in said.err
    )


def test_bands_go_on(tmp_path: Path) -> None:
    rows = renamed(tmp_path / "rows.csv", "new")
    said = lstmcast("predict", MODEL, rows, "--horizon", 12, "--level", "50,95", "--quantiles", "0.1")
    assert said.code == 0, said
    for row in by_series(said.out)["new"]:
        edges = [float(row[name]) for name in ("lo_95", "q10", "lo_50", "forecast", "hi_50", "hi_95")]
        assert edges == sorted(edges)


def test_commands_that_judge_leave_new_series_out(tmp_path: Path) -> None:
    said = lstmcast("evaluate", MODEL, renamed(tmp_path / "rows.csv", "new", "newer"))
    assert said.code == 0
    assert (
        "2 of 4 series left out, as the model was not trained on them: 'new' is one (train with them)"
        in said.err
    )


def test_a_file_of_new_series_alone_is_refused(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text(ROWS.read_text().replace("north", "a").replace("south", "b"))
    said = lstmcast("predict", MODEL, rows)
    assert said.code == 3
    assert "is not one the model was trained on" in said.err


def closed(path: Path, last: str) -> Path:
    """The rows, those of the south up to a stamp."""
    header, *lines = ROWS.read_text().splitlines()
    keep = [line for line in lines if "south" not in line or line.split(",")[0] <= last]
    path.write_text("\n".join([header, *keep]) + "\n")
    return path


def test_a_series_that_closed_is_left_out_and_one_that_is_late_is_not(tmp_path: Path) -> None:
    lines = ROWS.read_text().splitlines()[1:]
    stamps = sorted({line.split(",")[0] for line in lines})
    gone = closed(tmp_path / "gone.csv", stamps[-100])
    said = lstmcast("predict", MODEL, gone)
    assert (said.code, by_series(said.out).keys()) == (0, {"north"}), said
    assert "1 of 2 series left out: they end so long before the others that no row" in said.err
    assert f"'south' ends at {stamps[-100]}" in said.err
    late = lstmcast("predict", MODEL, closed(tmp_path / "late.csv", stamps[-3]))
    assert by_series(late.out).keys() == {"north", "south"}


@pytest.mark.parametrize(("going_on", "stay"), [(1, 8), (2, 2)])
def test_where_series_end_at_all_times_none_has_closed(going_on: int, stay: int) -> None:
    panel = stacked(*(hourly(300) for _ in range(8)))
    panel.values[np.arange(8)[going_on:, None] * 300 + np.arange(200, 300), 0] = np.nan
    left, said = without_closed(panel, rows=24)
    assert (len(left.ids), said is None) == (stay, stay == 8)


def test_the_python_door_does_the_same(tmp_path: Path) -> None:
    rows = renamed(tmp_path / "rows.csv", "new")
    forecast = package.load(str(MODEL)).predict(str(rows))
    assert {row["zone"] for row in forecast if row["source"] == "own_rows"} == {"new"}
    assert forecast.ids == ("north", "south", "new")


def test_a_band_that_one_window_tells_is_nowhere_narrower_than_on_average(tmp_path: Path) -> None:
    said = lstmcast("predict", MODEL, renamed(tmp_path / "rows.csv", "new", rows=60))
    rows = by_series(said.out)["new"]
    width = np.array([float(row["hi_80"]) - float(row["lo_80"]) for row in rows])
    assert width.min() > 0.5 * width.mean()
