"""`predict --total`, `--total-at`, `--total-over`, `--whole` and `--paths`, as they are typed."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.command_line import Said, lstmcast
from tests.conftest import hourly_rows, write_csv

TRAIN = ("--horizon", "24", "--lookback", "48", "--hidden", "6", "--steps", "10", "--calendar", "none")


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model of one series, and its file, which ends at midnight."""
    folder = tmp_path_factory.mktemp("totals")
    data, model = folder / "load.csv", folder / "model.pkl"
    write_csv(data, hourly_rows(35 * 24))
    assert lstmcast("train", data, "--target", "load", *TRAIN, "-o", model).code == 0
    return model, data


@pytest.fixture(scope="module")
def zones(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model of three zones in two regions, and its file."""
    folder = tmp_path_factory.mktemp("zones")
    data, model = folder / "zones.csv", folder / "model.pkl"
    rows = [
        f"{row.split(',')[0]},{zone},{region},{float(row.split(',')[1]) + number}"
        for number, (zone, region) in enumerate((("a", "north"), ("b", "north"), ("c", "south")))
        for row in hourly_rows(30 * 24)
    ]
    write_csv(data, rows, "time,zone,region,load")
    said = lstmcast("train", data, "--target", "load", "--id", "zone", *TRAIN, "-o", model)
    assert said.code == 0, said.err
    return model, data


def rows_of(said: Said) -> list[dict[str, str]]:
    """The rows of what was printed."""
    assert said.code == 0, said.err
    return list(csv.DictReader(io.StringIO(said.out)))


def test_a_day_has_its_total_its_mean_and_its_peak(one: tuple[Path, Path]) -> None:
    said = lstmcast("predict", *one, "--total", "day", "--level", "80,95")
    (day,) = rows_of(said)
    assert list(day) == [
        *("period", "rows", "total", "lo_80", "hi_80", "lo_95", "hi_95", "mean"),
        *("peak", "peak_lo_80", "peak_hi_80", "peak_lo_95", "peak_hi_95", "peak_time", "source"),
    ]
    rows = rows_of(lstmcast("predict", *one))
    total = sum(float(row["forecast"]) for row in rows)
    assert day["rows"] == "24"
    assert float(day["total"]) == pytest.approx(total, rel=0.02)
    low, high = (sum(float(row[edge]) for row in rows) for edge in ("lo_80", "hi_80"))
    assert low < float(day["lo_80"]) < float(day["total"]) < float(day["hi_80"]) < high
    assert day["peak_time"] in {row["time"] for row in rows}
    assert lstmcast("predict", *one, "--total", "day", "--level", "80,95").out == said.out
    document = json.loads(lstmcast("predict", *one, "--total", "6h", "--json").out)
    assert [found["rows"] for found in document["totals"]] == [6, 6, 6, 6]
    assert "fallbacks" in document


def test_parts_of_a_period_are_marked_and_can_be_left_out(one: tuple[Path, Path]) -> None:
    parts = rows_of(lstmcast("predict", *one, "--total", "day", "--horizon", "30"))
    assert [(row["rows"], row["source"].endswith(":partial")) for row in parts] == [
        ("24", False),
        ("6", True),
    ]
    assert len(rows_of(lstmcast("predict", *one, "--total", "day", "--horizon", "30", "--whole"))) == 1


def test_periods_go_from_date_to_date(one: tuple[Path, Path], tmp_path: Path) -> None:
    last = one[1].read_text().splitlines()[-1][:10]
    dates = write_csv(tmp_path / "dates.csv", [last, "2030-01-01"], "bill")
    (bill,) = rows_of(lstmcast("predict", *one, "--total-at", tmp_path / "dates.csv"))
    assert bill["period"] == last
    assert bill["source"].endswith("+known:partial")
    assert dates is None or dates


def test_totals_over_series(zones: tuple[Path, Path]) -> None:
    regions = rows_of(lstmcast("predict", *zones, "--total", "day", "--total-over", "region"))
    assert [(row["region"], row["rows"]) for row in regions] == [("north", "48"), ("south", "24")]
    (whole,) = rows_of(lstmcast("predict", *zones, "--total", "day", "--total-over", "zone"))
    assert (whole["zone"], whole["rows"]) == ("all", "72")
    each = rows_of(lstmcast("predict", *zones, "--total", "day"))
    assert [row["zone"] for row in each] == ["a", "b", "c"]
    assert float(whole["total"]) == pytest.approx(sum(float(row["total"]) for row in each), rel=0.01)
    refused = lstmcast("predict", *zones, "--total", "day", "--total-over", "colour")
    assert refused.code == 3
    assert "no column 'colour'" in refused.err


def test_paths_are_long_or_wide_and_the_same_each_time(
    one: tuple[Path, Path], zones: tuple[Path, Path]
) -> None:
    said = lstmcast("predict", *one, "--paths", "20")
    paths = rows_of(said)
    assert list(paths[0]) == ["path", "time", "value"]
    assert [row["path"] for row in paths[::24]] == [str(number) for number in range(1, 21)]
    wide = rows_of(lstmcast("predict", *one, "--paths", "20", "--path-columns"))
    assert list(wide[0]) == ["time", *(f"path_{number}" for number in range(1, 21))]
    assert [row["path_1"] for row in wide] == [row["value"] for row in paths[:24]]
    assert lstmcast("predict", *one, "--paths", "20").out == said.out
    panel = rows_of(lstmcast("predict", *zones, "--paths", "2"))
    assert [row["zone"] for row in panel[::48]] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--total", "fortnight"), "--total takes day, week, month, horizon"),
        (("--total", "90min"), "a period holds whole rows"),
        (("--total", "day", "--paths", "5"), "ask for one of them"),
        (("--whole",), "--whole says how totals are made; give --total too"),
        (("--total-over", "zone"), "give --total too"),
        (("--path-columns",), "give --paths too"),
        (("--paths", "0"), "--paths goes from 1 to 10,000"),
        (("--total", "day", "--total-over", "zone"), "is one series"),
    ],
)
def test_what_makes_no_sense_is_refused(options: tuple[str, ...], said: str, one: tuple[Path, Path]) -> None:
    found = lstmcast("predict", *one, *options)
    assert found.code == 2
    assert said in found.err
