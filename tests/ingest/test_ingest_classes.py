"""Tests of text: among the covariates a column of zeros and ones for each class, as the target their places."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from lstmcast.core.errors import DataError
from lstmcast.core.panel import KNOWN, PAST, Column
from lstmcast.ingest import ParsedFile, ReadingRules, Roles, read

NAN = math.nan
Rows = list[list[float]]


def reading_of(
    path: Path, cells: list[str], roles: Roles | None = None, rules: ReadingRules | None = None
) -> ParsedFile:
    """A daily file whose column `weather` has these cells."""
    rows = [f"2024-{1 + i // 28:02d}-{1 + i % 28:02d},{i},{cell}" for i, cell in enumerate(cells)]
    file = path / "data.csv"
    file.write_text("\n".join(["time,y,weather", *rows]) + "\n", encoding="utf-8")
    return read(file, roles or Roles("y", past=("weather",)), freq="1D", rules=rules or ReadingRules())


def said(reading: ParsedFile) -> list[str]:
    return [f"{finding.severity} {finding.code}: {finding.message}" for finding in reading.findings]


def test_text_becomes_a_column_for_each_class_in_sorted_order(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, ["sun", "rain", "sun", "fog"])
    assert reading.panel.columns[1:] == (
        Column("weather=fog", PAST, "fog"),
        Column("weather=rain", PAST, "rain"),
        Column("weather=sun", PAST, "sun"),
    )
    assert reading.panel.values[:, 1:].tolist() == [[0, 0, 1], [0, 1, 0], [0, 0, 1], [1, 0, 0]]
    assert reading.roles.levels == {"weather": ("fog", "rain", "sun")}
    assert "note classes: column 'weather' is text with 3 classes: fog, rain, sun" in said(reading)


def test_classes_take_the_role_and_the_place_of_their_column(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    file.write_text("time,y,a,kind,b\n2024-01-01,1,2,x y,3\n2024-01-02,4,5,Ä,6\n2024-01-03,7,8,Ä,9\n")
    panel = read(file, Roles("y", known=("a", "kind"), past=("b",))).panel
    names = [(column.name, column.role, column.source) for column in panel.columns[1:]]
    assert names == [
        ("a", KNOWN, "a"),
        ("kind=x y", KNOWN, "kind"),
        ("kind=Ä", KNOWN, "kind"),
        ("b", PAST, "b"),
    ]
    assert panel.values.tolist() == [[1, 2, 1, 0, 3], [4, 5, 0, 1, 6], [7, 8, 0, 1, 9]]


def test_missing_text_is_missing_in_every_class_and_none_is_a_class(tmp_path: Path) -> None:
    reading = reading_of(
        tmp_path, ["sun", "", "None", "NA", "??", "sun"], rules=ReadingRules(missing=("??",))
    )
    assert [column.level for column in reading.panel.columns[1:]] == ["None", "sun"]
    expected: Rows = [[0, 1], [NAN, NAN], [1, 0], [NAN, NAN], [NAN, NAN], [0, 1]]
    assert np.array_equal(reading.panel.values[:, 1:], expected, equal_nan=True)
    assert "note missing: 3 cells of 6 in column 'weather' missing, the first in line 3" in said(reading)


def test_a_column_mostly_empty_is_warned_of(tmp_path: Path) -> None:
    findings = said(reading_of(tmp_path, ["Easter", "", "", "", "Christmas"]))
    assert any(text.startswith("warning missing") and "write 'none' there" in text for text in findings)


@pytest.mark.parametrize("cells", [["true", "false", "true"], ["yes", "", "no"], ["1.5", "2", "1,000.5"]])
def test_truth_values_and_numbers_stay_one_column(tmp_path: Path, cells: list[str]) -> None:
    file = tmp_path / "data.csv"
    rows = [f"2024-01-0{i + 1};{i};{cell}" for i, cell in enumerate(cells)]
    file.write_text("\n".join(["time;y;weather", *rows]) + "\n")
    reading = read(file, Roles("y", past=("weather",)))
    assert reading.panel.columns[1:] == (Column("weather", PAST),)
    assert reading.roles.levels == {}


def test_a_word_among_numbers_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"line 4, column 'weather': expected a number, found 'rain'"):
        reading_of(tmp_path, ["1", "2", "rain", "3"])


def test_fifty_classes_are_taken_and_one_more_is_refused(tmp_path: Path) -> None:
    fifty = [f"class {i:02d}" for i in range(50)]
    assert len(reading_of(tmp_path, fifty).panel.columns) == 51
    with pytest.raises(DataError, match="more than 50 classes by line 52; put them into groups"):
        reading_of(tmp_path, [*fifty, "class 50"])


def test_classes_are_found_in_the_whole_file_not_in_its_first_rows(tmp_path: Path) -> None:
    """Cells come in chunks, and codes must mean the same in all of them."""
    rows = [f"{i},{i},{'late' if i > 400_000 else ('b', 'c')[i % 2]}{'x' * 40}" for i in range(1, 420_001)]
    file = tmp_path / "data.csv"
    file.write_text("\n".join(["n,y,kind", *rows]) + "\n")
    panel = read(file, Roles("y", time="n", past=("kind",))).panel
    assert [column.name[:10] for column in panel.columns[1:]] == ["kind=bxxxx", "kind=cxxxx", "kind=latex"]
    assert panel.values[[0, 1, 399_999, 419_999], 1:].tolist() == [[0, 1, 0], [1, 0, 0], [1, 0, 0], [0, 0, 1]]
    assert panel.values[:, 3].sum() == 20_000


def test_the_classes_of_a_model_are_taken_and_a_strange_one_is_warned_of(tmp_path: Path) -> None:
    roles = Roles("y", past=("weather",), levels={"weather": ("fog", "rain", "sun")})
    reading = reading_of(tmp_path, ["sun", "hail", "sun", "snow", "", "hail"], roles)
    expected: Rows = [[0, 0, 1], [0, 0, 0], [0, 0, 1], [0, 0, 0], [NAN] * 3, [0, 0, 0]]
    assert np.array_equal(reading.panel.values[:, 1:], expected, equal_nan=True)
    assert (
        "warning unknown_class: column 'weather': 'hail' in line 3 (and 2 more cells) is none of the classes the "
        "model was trained on"
    ) in said(reading)


def test_numbers_may_stand_where_a_model_has_classes_but_not_the_other_way_round(tmp_path: Path) -> None:
    roles = Roles("y", past=("weather",), levels={"weather": ("1", "a")})
    assert reading_of(tmp_path, ["1", "1", "1"], roles).panel.values[:, 1].tolist() == [1, 1, 1]
    with pytest.raises(DataError, match="expected a number, found 'rain'"):
        reading_of(tmp_path, ["rain", "sun"], Roles("y", past=("weather",), levels={}))


def test_a_model_finds_its_classes_under_another_spelling_of_the_column(tmp_path: Path) -> None:
    roles = Roles("y", past=("Weather ",), levels={"Weather ": ("rain", "sun")})
    reading = reading_of(tmp_path, ["sun", "sun", "rain"], roles)
    assert reading.roles.levels == {"weather": ("rain", "sun")}
    assert reading.panel.values[:, 2].tolist() == [1, 1, 0]


def test_text_as_the_target_becomes_the_places_of_its_classes(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, ["sun", "rain", "", "sun"], Roles("weather", past=("y",)))
    assert reading.panel.classes == ("rain", "sun")
    assert reading.panel.columns == (Column("weather", "target"), Column("y", PAST))
    assert np.array_equal(reading.panel.target, [1, 0, NAN, 1], equal_nan=True)
    assert reading.roles.levels == {"weather": ("rain", "sun")}


def test_the_user_says_whether_numbers_are_classes_and_text_is_numbers(tmp_path: Path) -> None:
    cells = ["10", "9", "10", "2"]
    assert reading_of(tmp_path, cells, Roles("weather")).panel.classes == ()
    reading = reading_of(tmp_path, cells, Roles("weather"), rules=ReadingRules(task="classes"))
    assert reading.panel.classes == ("2", "9", "10")
    assert reading.panel.target.tolist() == [2, 1, 2, 0]
    with pytest.raises(DataError, match="line 2, column 'weather': expected a number, found 'sun'"):
        reading_of(tmp_path, ["sun", "rain"], Roles("weather"), rules=ReadingRules(task="numbers"))


def test_a_class_of_the_target_that_a_model_does_not_know_is_missing_and_said(tmp_path: Path) -> None:
    roles = Roles("weather", levels={"weather": ("sun", "rain")})
    reading = reading_of(tmp_path, ["sun", "hail", "rain"], roles)
    assert reading.panel.classes == ("sun", "rain")
    assert np.array_equal(reading.panel.target, [0, NAN, 1], equal_nan=True)
    assert any(
        text.endswith(
            "'hail' in line 3 is none of the classes the model was trained on; it counts as missing"
        )
        for text in said(reading)
    )


def test_a_target_of_no_known_class_is_refused(tmp_path: Path) -> None:
    for cells in (["", ""], ["hail", "hail"]):
        with pytest.raises(DataError, match="column 'weather' holds no class"):
            reading_of(tmp_path, cells, Roles("weather", levels={"weather": ("rain", "sun")}))


def test_rows_put_together_have_the_class_that_most_of_them_had(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    rows = [f"2024-01-0{day}T0{hour}:00,{text}" for day in (1, 2, 3) for hour, text in enumerate("abbc")]
    file.write_text("\n".join(["time,kind", *rows]) + "\n")
    panel = read(file, Roles("kind"), freq="D", rules=ReadingRules(aggregate="mean")).panel
    assert panel.classes == ("a", "b", "c")
    assert panel.target.tolist() == [1, 1, 1]
