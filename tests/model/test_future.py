"""Tests of rows to come: read from a file of their own, and joined to history."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from lstmcast.core.errors import DataError, UsageError
from lstmcast.core.panel import Clock, Panel
from lstmcast.ingest import ReadingRules, Roles, read, read_future
from lstmcast.model.future import joined
from tests.command_line import PROJECT, Said, lstmcast

NAN = math.nan
ROLES = Roles("y", "time", known=("a",), past=("b",))
HOURS = Clock("h", seasons=(24,))
ELECTRICITY = PROJECT.parent / "shared" / "data" / "load"
FAST = ("--hidden", "8", "--steps", "10", "--lookback", "48", "--horizon", "24")


def hour(number: int) -> datetime:
    return datetime(2024, 1, 1) + timedelta(hours=number)


def file(path: Path, header: str, *rows: str) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def history(folder: Path, rows: int = 6, ahead: int = 0) -> Panel:
    """Hours 0, 1, …: y is the hour, a ten times it, b anything; of the last `ahead` rows y is empty."""
    lines = [f"{hour(i)},{i if i < rows - ahead else ''},{10 * i},{i % 3}" for i in range(rows)]
    return read(file(folder / "history.csv", "time,y,a,b", *lines), ROLES).panel


def future(folder: Path, *rows: str, header: str = "time,a") -> Panel:
    return read_future(file(folder / "future.csv", header, *rows), ROLES, HOURS).panel


def test_known_columns_are_put_after_history(tmp_path: Path) -> None:
    whole = joined(history(tmp_path), future(tmp_path, f"{hour(6)},60", f"{hour(7)},70"))
    assert np.array_equal(whole.values[6:], [[NAN, 60, NAN], [NAN, 70, NAN]], equal_nan=True)
    assert whole.times[-1] == np.datetime64("2024-01-01T07")
    assert whole.values[:6].tobytes() == history(tmp_path).values.tobytes()


def test_one_row_to_come_is_enough(tmp_path: Path) -> None:
    whole = joined(history(tmp_path), future(tmp_path, f"{hour(6)},60"))
    assert whole.values[6:, 1].tolist() == [60]


@pytest.mark.parametrize(
    ("freq", "first", "second"),
    [("MS", "2024-01-01", "2024-02-01"), ("W-SUN", "2024-01-07", "2024-01-14"), ("count", "7", "8")],
)
def test_a_single_row_is_put_on_any_clock(freq: str, first: str, second: str, tmp_path: Path) -> None:
    panel = read_future(file(tmp_path / "f.csv", "time,a", f"{first},1"), ROLES, Clock(freq)).panel
    assert panel.clock.freq == freq
    assert panel.clock.write(panel.clock.after(panel.times[-1], 1))[0].startswith(second)


def test_rows_that_history_has_too_may_stand_in_both(tmp_path: Path) -> None:
    """Equal ones, and others where the target is empty: of what has come, history knows better."""
    rows = [f"{hour(-1)},,999", f"{hour(4)},4,40", f"{hour(5)},,999", f"{hour(6)},,60"]
    whole = joined(history(tmp_path), future(tmp_path, *rows, header="time,y,a"))
    assert whole.values[:7, 1].tolist() == [0, 10, 20, 30, 40, 50, 60]


def test_rows_to_come_may_stand_in_part_in_history(tmp_path: Path) -> None:
    rows = [f"{hour(5)},50", f"{hour(6)},60"]
    assert joined(history(tmp_path, ahead=2), future(tmp_path, *rows)).values[4:7, 1].tolist() == [40, 50, 60]


def test_what_history_says_of_a_row_to_come_stands_where_the_future_file_is_empty(tmp_path: Path) -> None:
    rows = [f"2024-01-01 05:00:00,,{NAN}", f"{hour(6)},,60"]
    whole = joined(history(tmp_path, ahead=1), future(tmp_path, *rows, header="time,y,a"))
    assert whole.values[5:7, 1].tolist() == [50, 60]


REFUSED = [
    (
        "gap",
        "time,a",
        [f"{hour(7)},1"],
        "begins at 2024-01-01 07:00:00, but history ends at 2024-01-01 05:00:00",
    ),
    (
        "over",
        "time,a",
        [f"{hour(4)},40", f"{hour(5)},50"],
        "ends at 2024-01-01 05:00:00, but the target is known up to 2024-01-01 05:00:00",
    ),
    (
        "past known",
        "time,y,a",
        [f"{hour(4)},4,41", f"{hour(5)},,", f"{hour(6)},,6"],
        "differ in 'a' at 2024-01-01 04",
    ),
    ("past target", "time,y,a", [f"{hour(5)},4,50", f"{hour(6)},,6"], "differ in 'y' at 2024-01-01 05:00:00"),
    (
        "target ahead",
        "time,y,a",
        [f"{hour(6)},,60", f"{hour(7)},7,70"],
        "has a 'y' at 2024-01-01 07:00:00, but history's last is at 2024-01-01 05:00:00",
    ),
    (
        "between",
        "time,a",
        ["2024-01-01 05:30:00,55", "2024-01-01 06:30:00,65"],
        "row at 2024-01-01 05:30:00, between",
    ),
]


@pytest.mark.parametrize(
    ("header", "rows", "message"), [case[1:] for case in REFUSED], ids=[c[0] for c in REFUSED]
)
def test_what_does_not_follow_history_is_refused_with_its_stamps(
    header: str, rows: list[str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError) as refused:
        joined(history(tmp_path), future(tmp_path, *rows, header=header))
    assert message in str(refused.value)


def test_rows_ahead_that_differ_in_both_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"differ in 'a' at 2024-01-01.05:00:00; take the row out of one"):
        joined(history(tmp_path, ahead=1), future(tmp_path, f"{hour(5)},51"))


def test_zones_must_be_in_both_files_or_in_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="have a zone in one"):
        joined(
            history(tmp_path), future(tmp_path, "2024-01-01T06:00:00+02:00,1", "2024-01-01T07:00:00+02:00,1")
        )


def test_a_future_file_needs_the_known_columns_only_and_says_which_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no column 'a' \(--known\)"):
        future(tmp_path, f"{hour(6)},1", header="time,c")


def test_a_time_in_several_columns_may_be_one_in_the_future_file(tmp_path: Path) -> None:
    roles = Roles("y", "date,hour", known=("a",))
    path = file(tmp_path / "f.csv", "time,a", f"{hour(6)},1", f"{hour(7)},1")
    assert read_future(path, roles, HOURS).roles.time == "time"


def test_stamps_the_other_way_round_are_read_as_history_was_and_iso_ones_as_they_are(tmp_path: Path) -> None:
    rules = ReadingRules(dates="day-first")
    for stamp in ("02/03/2024", "2024-03-02"):
        path = file(tmp_path / "f.csv", "time,a", f"{stamp},1")
        assert read_future(path, ROLES, Clock("D"), rules).panel.times[0] == np.datetime64("2024-03-02")


def panel_rows(first: int, stop: int, *, target: bool) -> list[str]:
    """Rows of two shops that end at different hours: open or closed is all that matters, the weather is text."""
    rows = []
    for shop, shift in (("north", 0), ("south", 12)):
        for i in range(first + shift, stop + shift):
            is_open = int(8 <= i % 24 < 20 and i // 24 % 5 != 3)
            cells = [shop, str(hour(i)), str(is_open), ("rain", "sun")[i // 7 % 2]]
            rows.append(",".join([*cells, f"{10 + 40 * is_open + i % 3}"] if target else cells))
    return rows


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """History of two shops, and a model of them."""
    folder = tmp_path_factory.mktemp("shops")
    data = file(folder / "data.csv", "shop,time,open,weather,sales", *panel_rows(0, 40 * 24, target=True))
    model = folder / "model.pkl"
    known = ("--target", "sales", "--id", "shop", "--known", "open,weather")
    said = lstmcast("train", data, *known, *FAST, "-o", model)
    assert (said.code, said.err) == (0, "")
    return model, data


def predicted(shops: tuple[Path, Path], path: Path, *options: object) -> Said:
    return lstmcast("predict", *shops, "--future", path, *options)


def test_a_panel_is_forecast_with_a_future_file_as_with_one_file(
    shops: tuple[Path, Path], tmp_path: Path
) -> None:
    model, data = shops
    rows = panel_rows(40 * 24, 41 * 24, target=False)
    said = predicted(shops, file(tmp_path / "future.csv", "shop,time,open,weather", *rows))
    assert (said.code, said.err) == (0, "")
    table = [line.split(",") for line in said.out.splitlines()[1:]]
    assert [(cells[0], cells[1]) for cells in table[::24]] == [
        ("north", str(hour(960))),
        ("south", str(hour(972))),
    ]
    together = tmp_path / "together.csv"
    together.write_text(data.read_text() + "".join(f"{row},\n" for row in rows))
    assert lstmcast("predict", model, together).out == said.out
    closed = [row.replace(",1,", ",0,") for row in rows]
    other = predicted(shops, file(tmp_path / "closed.csv", "shop,time,open,weather", *closed))
    assert other.out != said.out


def test_a_missing_cell_is_named_by_stamp_column_and_series(shops: tuple[Path, Path], tmp_path: Path) -> None:
    rows = panel_rows(40 * 24, 41 * 24, target=False)
    rows[30] = rows[30].replace("sun", "").replace("rain", "")
    path = file(tmp_path / "future.csv", "shop,time,open,weather", *rows)
    said = predicted(shops, path, "--short-future", "fail")
    assert said.code == 3
    assert (
        f"'weather' is known ahead for this model, but missing at {hour(978)} of series 'south'" in said.err
    )


def test_a_future_file_that_is_too_short_names_the_first_stamp_it_lacks(
    shops: tuple[Path, Path], tmp_path: Path
) -> None:
    path = file(tmp_path / "f.csv", "shop,time,open,weather", *panel_rows(960, 970, target=False))
    said = predicted(shops, path, "--short-future", "fail")
    assert said.code == 3
    assert f"missing at {hour(970)} of series 'north' and in 14 of the 24 rows" in said.err
    assert predicted(shops, path, "--horizon", "10").code == 0


def test_a_future_file_that_is_too_short_is_filled_said_and_degraded(
    shops: tuple[Path, Path], tmp_path: Path
) -> None:
    path = file(tmp_path / "f.csv", "shop,time,open,weather", *panel_rows(960, 970, target=False))
    said = predicted(shops, path)
    assert said.code == 0
    assert f"'weather', known ahead, is missing from {hour(970)} on, in 14 of the 24 rows" in said.err
    assert "of 2 of 2 series; its usual values before it stand in and bands are wider" in said.err
    rows = said.out.splitlines()[1:25]
    assert ["open_filled+weather_filled" in row for row in rows] == [False] * 10 + [True] * 14
    strict = predicted(shops, path, "--strict")
    assert (strict.code, strict.out) == (6, said.out)
    assert "its last value is held" in predicted(shops, path, "--short-future", "hold").err
    wrong = predicted(shops, path, "--short-future", "guess")
    assert wrong.code == 2
    assert "--short-future takes fill, hold, fail; got 'guess'" in wrong.err
    filled = json.loads(predicted(shops, path, "--json").out)["filled"]
    assert filled[0] == {"series": "north", "column": "open", "since": str(hour(970)), "rows": 14}


def test_series_must_be_in_the_future_file_and_others_are_left_out_with_a_warning(
    shops: tuple[Path, Path], tmp_path: Path
) -> None:
    rows = panel_rows(40 * 24, 41 * 24, target=False)
    said = predicted(shops, file(tmp_path / "north.csv", "shop,time,open,weather", *rows[:24]))
    assert (said.code, "no rows of series 'south'" in said.err) == (3, True)
    west = [row.replace("south", "west") for row in rows[24:]]
    said = predicted(shops, file(tmp_path / "more.csv", "shop,time,open,weather", *rows, *west))
    assert said.code == 0
    assert "1 series of" in said.err


def test_a_model_without_known_columns_needs_no_future_file(model_file: Path, history: Path) -> None:
    said = lstmcast("predict", model_file, history, "--future", history)
    assert said.code == UsageError.exit_code
    assert "no columns known ahead" in said.err


def test_the_electricity_panel_is_forecast_with_its_future_file(tmp_path: Path) -> None:
    data = ELECTRICITY / "electricity-short-with-ex-vars.csv"
    if not data.exists():
        pytest.skip("the electricity panel is not there")
    known = "Exogenous1,Exogenous2," + ",".join(f"day_{i}" for i in range(7))
    model = tmp_path / "model.pkl"
    trained = lstmcast(
        *("train", data, "--target", "y", "--id", "unique_id", "--known", known),
        *(*FAST, "--smoothing", "no", "-o", model),
    )
    assert trained.code == 0
    said = lstmcast("predict", model, data, "--future", ELECTRICITY / "electricity-short-future-ex-vars.csv")
    assert said.code == 0
    table = [line.split(",") for line in said.out.splitlines()[1:]]
    assert [tuple(cells[:2]) for cells in table[::24]] == [
        ("BE", "2016-12-31 00:00:00"),
        ("DE", "2017-12-31 00:00:00"),
        ("FR", "2016-12-31 00:00:00"),
        ("NP", "2018-12-24 00:00:00"),
    ]
