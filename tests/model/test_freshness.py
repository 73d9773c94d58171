"""How old the data of a night may be, and a night that is caught up with later."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.command_line import lstmcast
from tests.conftest import QUICK, hourly_rows, write_csv

# The history of 28 days begins with 2024 and ends with 28 January, 23:00.
LAST = "2024-01-28T23:00"


@pytest.mark.parametrize(
    ("age", "now", "code"),
    [
        ("26h", "2024-01-30T01:00", 0),
        ("26h", "2024-01-30T01:00:01", 10),
        ("26h", "2024-01-30T03:00:01+02:00", 10),
        ("1d", "2024-01-29T12:00Z", 0),
        ("90m", "2024-01-01", 0),
    ],
)
def test_a_file_older_than_allowed_is_10(
    age: str, now: str, code: int, model_file: Path, history: Path, tmp_path: Path
) -> None:
    output = tmp_path / "forecast.csv"
    said = lstmcast("predict", model_file, history, "--max-age", age, "--now", now, "-o", output)
    assert said.code == code
    assert output.exists() == (code == 0)


def test_what_is_too_old_is_said_with_both_times_and_how_stamps_were_taken(
    model_file: Path, history: Path
) -> None:
    said = lstmcast("predict", model_file, history, "--max-age", "26h", "--now", "2024-01-31T04:00")
    assert (said.code, said.out) == (10, "")
    assert said.err == (
        "lstmcast: E_STALE: data too old: the last known 'load' is 2024-01-28 23:00:00, now it is "
        "2024-01-31 04:00:00 (times without a zone count as UTC; set --tz when training), limit --max-age 26h; "
        "nothing was written\n"
    )


def test_the_clock_of_the_machine_is_now_unless_it_is_given(
    model_file: Path, history: Path, tmp_path: Path
) -> None:
    assert lstmcast("predict", model_file, history, "--max-age", "26h").code == 10
    began = datetime.now() - timedelta(hours=28 * 24)
    rows = [
        f"{began.replace(minute=0, second=0, microsecond=0) + timedelta(hours=i)},{5 + i % 24}"
        for i in range(672)
    ]
    fresh = write_csv(tmp_path / "fresh.csv", rows)
    assert lstmcast("predict", model_file, fresh, "--max-age", "30h").code == 0


def test_stamps_of_a_model_trained_with_a_zone_are_of_that_zone(history: Path, tmp_path: Path) -> None:
    model = tmp_path / "model.pkl"
    zone = ("--tz", "Asia/Tokyo")
    assert lstmcast("train", history, *QUICK, "--steps", 5, *zone, "-o", model).code == 0
    for now, code in (("2024-01-29T00:00", 0), ("2024-01-28T15:00Z", 0), ("2024-01-28T15:01Z", 10)):
        said = lstmcast("predict", model, history, "--max-age", "1h", "--now", now)
        assert said.code == code, now
    assert "2024-01-29 00:01:00 (Asia/Tokyo)" in said.err


def test_as_of_is_now_where_no_other_is_given(model_file: Path, history: Path) -> None:
    then = ("--as-of", "2024-01-20T00:00")
    assert lstmcast("predict", model_file, history, "--max-age", "1h", *then).code == 0
    assert lstmcast("predict", model_file, history, "--max-age", "1h", *then, "--now", LAST).code == 10


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--max-age", "soon"], "a duration looks like"),
        (["--max-age", "1h", "--now", "soon"], "--now is a time such as 2012-06-01T00:00; got 'soon'"),
        (["--now", LAST], "give --max-age too"),
        (["--as-of", "last week"], "--as-of is a time such as 2012-05-01T00:00; got 'last week'"),
    ],
)
def test_a_time_that_is_none_is_2(flags: list[str], words: str, model_file: Path, history: Path) -> None:
    said = lstmcast("predict", model_file, history, *flags)
    assert (said.code, said.out) == (2, "")
    assert words in said.err


def test_as_of_a_time_before_the_first_row_is_3(model_file: Path, history: Path) -> None:
    said = lstmcast("predict", model_file, history, "--as-of", "2023-12-31")
    assert said.code == 3
    assert "has no row up to 2023-12-31, which --as-of names" in said.err


@pytest.mark.parametrize("rows", [671, 600, 333, 49])
@pytest.mark.parametrize("order", [1, -1], ids=["in order", "newest first"])
def test_as_of_is_what_the_file_cut_there_gives(
    rows: int, order: int, model_file: Path, history: Path, tmp_path: Path
) -> None:
    every = hourly_rows(28 * 24)
    every[-3:] = [row.split(",")[0] + "," for row in every[-3:]]
    whole = write_csv(tmp_path / "whole.csv", every[::order])
    cut = write_csv(tmp_path / "cut.csv", every[:rows][::order])
    stamp = every[rows - 1].split(",")[0]
    then = lstmcast("predict", model_file, whole, "--as-of", stamp)
    assert (then.code, then.err) == (0, "")
    assert then == lstmcast("predict", model_file, cut)
    documents = [
        json.loads(lstmcast("predict", model_file, *words, "--json").out)
        for words in ([whole, "--as-of", stamp], [cut])
    ]
    assert documents[0]["forecast"] == documents[1]["forecast"]
    assert "as_of" in {finding["code"] for finding in documents[0]["findings"]}


# --- a panel with known columns, as local stamps over a change of the clock


def shop_rows(count: int, is_known: bool = True) -> list[str]:
    """Rows of `time,shop,load,price,wind` on the wall of Berlin, where the clock goes forward on 31 March 2024."""
    rows = []
    for hour in range(count):
        wall = datetime(2024, 3, 4) + timedelta(hours=hour)
        wall += timedelta(hours=wall >= datetime(2024, 3, 31, 2))
        for shop, size in (("north", 5), ("south", 9), ("late", 2)):
            if shop != "late" or hour >= 700:
                load = f"{size * (10 + hour % 24) + (hour * 7919) % 11}" if is_known else ""
                rows.append(f"{wall},{shop},{load},{hour % 5},{hour % 7 if is_known else ''}")
    return rows


HEADER = "time,shop,load,price,wind"


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model of three shops with a known and a past column, and the file it was trained on."""
    folder = tmp_path_factory.mktemp("shops")
    data, model = write_csv(folder / "shops.csv", shop_rows(28 * 24 + 400), HEADER), folder / "model.pkl"
    roles = ("--id", "shop", "--known", "price", "--past", "wind", "--tz", "Europe/Berlin", "--horizon", 6)
    said = lstmcast("train", data, *QUICK, "--steps", 3, *roles, "--lookback", 24, "-o", model)
    assert said.code == 0, said.err
    return model, data


@pytest.mark.parametrize("hours", [28 * 24 - 20, 28 * 24 + 200])
def test_as_of_in_a_panel_is_the_file_cut_there_with_its_known_columns_as_future(
    hours: int, shops: tuple[Path, Path], tmp_path: Path
) -> None:
    model, data = shops
    rows = shop_rows(hours)
    every = shop_rows(28 * 24 + 400)
    cut = write_csv(tmp_path / "cut.csv", rows, HEADER)
    coming = [re.sub(r"^(.*?,.*?),.*?,(.*),.*?$", r"\1,\2", row) for row in every[len(rows) :]]
    coming = [row for row in coming if hours > 700 or ",late," not in row]
    future = write_csv(tmp_path / "future.csv", coming, "time,shop,price")
    stamp = rows[-1].split(",")[0]
    then = lstmcast("predict", model, data, "--as-of", stamp)
    expected = lstmcast("predict", model, cut, "--future", future)
    assert (then.code, then.err) == (0, "")
    assert then.out == expected.out
    assert len(then.out.splitlines()) == 1 + 6 * (3 if hours > 700 else 2)
    assert lstmcast("predict", model, data, "--as-of", stamp, "--future", future).out == expected.out


def test_in_a_panel_one_fresh_series_is_enough_unless_all_are_asked_for(
    shops: tuple[Path, Path], tmp_path: Path
) -> None:
    model, data = shops
    lines = data.read_text().splitlines()
    late = [line for line in lines[1:] if "south" not in line or line < "2024-04-17 13"]
    path = write_csv(tmp_path / "late.csv", late, HEADER)
    some = lstmcast("predict", model, path, "--max-age", "7h", "--now", "2024-04-17T21:00")
    assert (some.code, "1 of 3 series are older than --max-age 7h" in some.err) == (0, True)
    short = [line for line in lines[1:] if "south" not in line or line < "2024-04-15"]
    path = write_csv(tmp_path / "short.csv", short, HEADER)
    closed = lstmcast("predict", model, path, "--max-age", "5d", "--now", "2024-04-20")
    assert (closed.code, "south" in closed.out, "1 of 3 series left out" in closed.err) == (0, False, True)
    none = lstmcast("predict", model, path, "--max-age", "5d", "--now", "2025-04-20")
    assert (none.code, "(2 of 2 are too old)" in none.err) == (10, True)
    said = lstmcast("predict", model, path, "--max-age-all", "5d", "--now", "2024-04-20")
    assert said.code == 10
    assert "limit --max-age-all 5d" in said.err
    assert (
        "'load' of series 'south' (1 of 3 are too old) is 2024-04-14 23:00:00, now it is 2024-04-20"
        in said.err
    )
