"""`lstmcast check`: what it says of a file, to a person, to a program and to a terminal."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from lstmcast.cli.commands.check import check_file
from lstmcast.cli.shell.console import Console
from lstmcast.core.options import Options
from lstmcast.ingest import Roles, survey
from tests.command_line import LOAD, Said, lstmcast
from tests.conftest import QUICK, hourly_rows, write_csv

GOLDEN = Path(__file__).parents[1] / "golden" / "findings"
CASES = sorted(GOLDEN.glob("*.json"))
ROWS = hourly_rows(20 * 24)


def findings_of(said: Said) -> list[tuple[str, str]]:
    """Severity and code of each finding of a JSON document."""
    return [(found["severity"], found["code"]) for found in json.loads(said.out)["findings"]]


# --- golden findings


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_file_has_the_findings_that_stand_beside_it(case: Path) -> None:
    golden: dict[str, Any] = json.loads(case.read_text(encoding="utf-8"))
    data = next(path for path in GOLDEN.glob(f"{case.stem}.*") if path != case)
    said = lstmcast("check", data, *golden["arguments"], "--json")
    found = json.loads(said.out)["findings"]
    for each in found:
        each["message"] = each["message"].removeprefix(f"{data.parent}/")
    assert said.code == golden["exit_code"]
    assert found == golden["findings"]


def test_every_golden_file_has_its_findings_beside_it() -> None:
    data = [path for path in GOLDEN.iterdir() if path.suffix != ".json"]
    assert len(data) == len(CASES) >= 35
    assert {path.stem for path in data} == {path.stem for path in CASES}


def test_the_golden_files_show_every_finding_that_numbers_can_give() -> None:
    shown = {found["code"] for case in CASES for found in json.loads(case.read_text("utf-8"))["findings"]}
    numbers = (
        "climbs counter_resets ends_early flat future_stamps level_jump missing_share non_positive outliers "
    )
    rest = "season seasons stale_tail unit_jump columns covariates refused"
    assert set((numbers + rest).split()) <= shown


# --- what is said


def test_a_sound_file_is_understood_and_nothing_is_written(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "data.csv", ROWS)
    said = lstmcast("check", data)
    assert (said.code, said.err) == (0, "")
    assert f"Data        {data}: 480 rows, 2024-01-01 00:00:00 to 2024-01-20 23:00:00\n" in said.out
    assert "Format      text, commas between cells, data from line 2\n" in said.out
    assert "Time        time: 1 h in 479 of 479 steps; no time zone\n" in said.out
    assert said.out.endswith("No problems found.\n")
    assert list(tmp_path.iterdir()) == [data]


def test_warnings_stand_before_notes_each_with_what_settles_it(tmp_path: Path) -> None:
    rows = [*ROWS[:100], *ROWS[103:], ROWS[-1].split(",")[0] + ",80"]
    lines = lstmcast("check", write_csv(tmp_path / "data.csv", rows)).out.splitlines()
    kinds = [line.split()[0] for line in lines if line.startswith(("Warning", "Note"))]
    assert kinds == ["Warning", "Warning", "Note"]
    at = next(i for i, line in enumerate(lines) if "1 row with the stamp of an earlier row" in line)
    assert lines[at + 1] == "         --duplicates mean|first|last|error"
    assert lines[-1] == "Understood, with 2 warnings."


def test_quiet_leaves_warnings_only(tmp_path: Path) -> None:
    rows = [*ROWS[:100], *ROWS[103:]]
    said = lstmcast("check", write_csv(tmp_path / "data.csv", rows), "-q")
    gap = "1 gap: 3 steps of 1 h missing, the first is 2024-01-05 04:00:00 (after line 101)"
    assert said == Said(0, f"Warning  {gap}\n", "")


def test_a_file_that_cannot_be_used_is_3_after_what_was_found_until_then(tmp_path: Path) -> None:
    rows = [row.replace(",", ",x", 1) if i == 7 else row for i, row in enumerate(ROWS)]
    path = tmp_path / "data.csv"
    path.write_text("\n".join(["Station 9", "time,load", *rows]) + "\n")
    said = lstmcast("check", path, "--target", "load")
    assert said.code == 3
    assert said.out == "Warning  1 line before the header in line 2 skipped; the first is 'Station 9'\n"
    assert said.err.startswith(
        f"lstmcast: E_DATA: {path}: line 10, column 'load': expected a number, found 'x"
    )
    document = json.loads(lstmcast("check", path, "--target", "load", "--json").out)
    assert document["error"]["exit_code"] == 3
    assert [found["severity"] for found in document["findings"]] == ["refusal", "warning"]


def test_json_holds_what_was_understood(tmp_path: Path) -> None:
    rows = [f"{row},{i % 7},{'dry' if i % 3 else 'rain'}" for i, row in enumerate(ROWS)]
    data = write_csv(tmp_path / "data.csv", rows, "time,load,wind,weather")
    document = json.loads(lstmcast("check", data, "--target", "load", "--json").out)
    assert document["rows"] == 480
    assert (document["time"], document["freq"], document["zone"]) == ("time", "h", None)
    assert document["seasons"] == [24, 168]
    (column,) = document["columns"]
    assert (column["name"], column["role"], column["missing"]) == ("load", "target", 0.0)
    assert column["lowest"] < column["median"] < column["highest"]
    assert column["seasons"]["24"] > 0.8
    assert document["candidates"] == [
        {"name": "wind", "kind": "numbers", "classes": 0},
        {"name": "weather", "kind": "classes", "classes": 2},
    ]


def test_reading_options_count_as_in_train(tmp_path: Path) -> None:
    rows = [row.split(",")[0] + ",-200" if i in (5, 50, 51) else row for i, row in enumerate(ROWS)]
    data = write_csv(tmp_path / "data.csv", rows)
    before = findings_of(lstmcast("check", data, "--json"))
    after = findings_of(lstmcast("check", data, "--missing", "-200", "--json"))
    assert ("warning", "sentinel") in before
    assert after == [("note", "missing"), ("note", "seasons")]
    assert lstmcast("check", data, "--freq", "often").code == 2
    assert lstmcast("check", data, "--target", "laod").code == 3


def test_standard_input_is_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n".join(["time,load,wind", *(f"{row},{i % 7}" for i, row in enumerate(ROWS))])
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    said = lstmcast("check", "-")
    assert said.code == 0
    assert "standard input: 480 rows" in said.out


def test_excluded_periods_need_a_target(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "data.csv", ROWS)
    excluded = ("--exclude", "2024-01-05..2024-01-06")
    assert lstmcast("check", data, *excluded).code == 2
    assert ("note", "excluded") in findings_of(
        lstmcast("check", data, "--target", "load", *excluded, "--json")
    )


def test_a_panel_is_checked_over_all_its_series(tmp_path: Path) -> None:
    rows = [f"{shop},{row}" for shop in ("north", "south") for row in ROWS[: 480 - 24 * (shop == "south")]]
    data = write_csv(tmp_path / "data.csv", rows, "shop,time,load")
    said = lstmcast("check", data, "--id", "shop")
    assert "936 rows in 2 series" in said.out
    assert "1 of 2 series end before the others; 'south' ends first, with 2024-01-19 23:00:00" in said.out


def test_a_file_too_short_to_train_on_is_said_to_be_so_with_the_rows_that_it_takes(tmp_path: Path) -> None:
    for rows, is_short in ((7, True), (8, False)):
        data = write_csv(tmp_path / "data.csv", ROWS[:rows])
        codes = findings_of(lstmcast("check", data, "--json"))
        assert (("warning", "too_short") in codes) is is_short
        trained = lstmcast("train", data, "--target", "load", "--steps", "1", "-q", "-o", tmp_path / "m.pkl")
        assert trained.code == (7 if is_short else 0)
    said = lstmcast("check", write_csv(tmp_path / "data.csv", ROWS[:7]))
    assert "7 rows are too few to train on: to forecast 24 rows ahead takes 8\n" in said.out


# --- without a target


def test_without_a_target_every_column_of_numbers_is_checked(tmp_path: Path) -> None:
    rows = [
        f"{i + 1},{row},{i % 5}.5,{'true' if i % 7 else 'false'},{'ab'[i % 2]},A7,remark {i}"
        for i, row in enumerate(ROWS)
    ]
    data = write_csv(tmp_path / "data.csv", rows, "No,time,load,wind,open,kind,station,remark")
    document = json.loads(lstmcast("check", data, "--json").out)
    assert [column["name"] for column in document["columns"]] == ["load", "wind"]
    assert {column["role"] for column in document["columns"]} == {"target"}
    (columns,) = [found for found in document["findings"] if found["code"] == "columns"]
    assert columns["message"] == (
        "columns load, wind could be forecast, and all are checked; of the others open (yes or no), kind (2 classes) "
        "could help"
    )
    assert columns["remedy"] == "--target load"


def test_a_column_that_proves_to_be_no_number_is_left_out_and_said(tmp_path: Path) -> None:
    rows = [f"{row},{'see log' if i == 1200 else i % 9}" for i, row in enumerate(hourly_rows(1300))]
    data = write_csv(tmp_path / "data.csv", rows, "time,load,wind")
    said = lstmcast("check", data, "--json")
    assert said.code == 0
    document = json.loads(said.out)
    (warning,) = [found for found in document["findings"] if found["severity"] == "warning"]
    assert warning["code"] == "no_numbers"
    assert warning["message"] == (
        "line 1202, column 'wind': expected a number, found 'see log'; mend it, or if it means missing: --missing "
        "'see log'; the column is left out"
    )
    assert [column["name"] for column in document["columns"]] == ["load"]
    assert lstmcast("check", data, "--missing", "see log").code == 0
    assert lstmcast("check", data, "--target", "wind").code == 3


def test_a_thousand_that_nothing_explains_leaves_a_column_out(tmp_path: Path) -> None:
    rows = [
        f"{row.replace(',', ';')};{'1,234' if i == 1200 else i % 9}"
        for i, row in enumerate(hourly_rows(1300))
    ]
    data = write_csv(tmp_path / "data.csv", rows, "time;load;wind")
    found = findings_of(lstmcast("check", data, "--json"))
    assert ("warning", "no_numbers") in found
    assert "missing" not in {code for _, code in found}


def test_a_file_without_numbers_is_refused(tmp_path: Path) -> None:
    rows = [f"{row.split(',')[0]},{'ab'[i % 2]}" for i, row in enumerate(ROWS)]
    said = lstmcast("check", write_csv(tmp_path / "data.csv", rows, "time,kind"))
    assert said.code == 3
    assert "no column holds numbers, but column 'kind' holds classes; name one with --target kind" in said.err


def test_a_file_of_switches_alone_is_checked(tmp_path: Path) -> None:
    rows = [f"{row.split(',')[0]},{i % 2}" for i, row in enumerate(ROWS)]
    assert lstmcast("check", write_csv(tmp_path / "data.csv", rows, "time,open")).code == 0


def test_columns_that_were_named_play_their_part_without_a_target(tmp_path: Path) -> None:
    rows = [f"{row},{i % 7},{i % 5}" for i, row in enumerate(ROWS)]
    data = write_csv(tmp_path / "data.csv", rows, "time,load,wind,rain")
    reading = survey(data, Roles("", known=("wind",)))
    parts = {column.name: column.role for column in reading.panel.columns}
    assert parts == {"load": "target", "wind": "known", "rain": "target"}


# --- the other commands


def test_train_and_predict_warn_of_what_the_numbers_show_and_note_the_rest_when_asked(tmp_path: Path) -> None:
    rows = hourly_rows(28 * 24)
    still = [row.split(",")[0] + ",97.5" if 300 <= i < 340 else row for i, row in enumerate(rows)]
    data = write_csv(tmp_path / "data.csv", still)
    model = tmp_path / "m.pkl"
    flat = "column 'load' stays at 97.5 for 40 rows from 2024-01-13 12:00:00"
    trained = lstmcast("train", data, *QUICK[:-4], "--steps", "2", "-o", model, "--json")
    assert trained.code == 0
    assert (
        trained.err
        == f"lstmcast: warning: {flat} (if the sensor was stuck, empty those cells or --exclude them)\n"
    )
    assert findings_of(trained) == [("note", "seasons"), ("warning", "flat")]
    predicted = lstmcast("predict", model, data)
    assert flat in predicted.err
    assert "has seasons of" not in predicted.err
    assert "has seasons of" in lstmcast("predict", model, data, "-v").err
    assert ("warning", "flat") in findings_of(lstmcast("predict", model, data, "--json"))


def test_findings_change_nothing_that_training_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = write_csv(tmp_path / "data.csv", ROWS)
    for name in ("a.pkl", "b.pkl"):
        assert lstmcast("train", data, *QUICK[:-4], "--steps", "2", "-o", tmp_path / name).code == 0
        monkeypatch.setattr("lstmcast.data.checks.examine", lambda panel: ())
    assert (tmp_path / "a.pkl").read_bytes() == (tmp_path / "b.pkl").read_bytes()


# --- the picture


def test_a_terminal_gets_a_picture_and_nothing_else_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for console, drawn in ((Console(), True), (Console(quiet=True), False), (Console(as_json=True), False)):
        check_file(str(LOAD), Options(), console)
        assert any(0x2800 < ord(letter) < 0x2900 for letter in capsys.readouterr().out) is drawn
    monkeypatch.setattr("sys.stdout.isatty", lambda: False, raising=False)
    check_file(str(LOAD), Options(), Console())
    assert "┤" not in capsys.readouterr().out


@pytest.mark.parametrize(("name", "value"), [("TERM", "dumb"), ("LC_ALL", "C")])
def test_a_terminal_that_knows_no_other_letters_gets_ascii(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_COLOR", "1")
    check_file(str(LOAD), Options(), Console())
    said = capsys.readouterr().out
    assert said.isascii()
    assert "**" in said
