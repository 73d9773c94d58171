"""What a user says means missing: numbers are compared as numbers, words as words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lstmcast.core.findings import WARNING
from lstmcast.ingest import ReadingRules, Roles, read

CELLS = ("-200", "-200.0", "-2e2", "-0200", " -200")


def _file(folder: Path, cells: list[str], separator: str = ",") -> Path:
    path = folder / "d.csv"
    rows = [f"2024-01-{day:02d}{separator}{cell}" for day, cell in enumerate(cells, 1)]
    path.write_text("\n".join([f"time{separator}y", *rows]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("word", ["-200", "-200.0", "-200,0", "-2e2"])
@pytest.mark.parametrize("cell", CELLS)
def test_a_number_that_means_missing_is_missing_however_it_is_written(
    word: str, cell: str, tmp_path: Path
) -> None:
    path = _file(tmp_path, ["1.5", "2", cell, "4"])
    panel = read(path, Roles("y"), rules=ReadingRules(missing=(word,))).panel
    assert np.isnan(panel.target).tolist() == [False, False, True, False]


def test_a_decimal_comma_hides_no_sentinel(tmp_path: Path) -> None:
    path = _file(tmp_path, ["1,5", "2,5", "-200,0", "-200", "4,5"], ";")
    panel = read(path, Roles("y"), rules=ReadingRules(missing=("-200",))).panel
    assert panel.target.tolist()[:2] == [1.5, 2.5]
    assert np.isnan(panel.target).tolist() == [False, False, True, True, False]


def test_a_truth_value_is_no_number_to_compare_with(tmp_path: Path) -> None:
    path = _file(tmp_path, ["true", "false", "true", "false"])
    assert read(path, Roles("y"), rules=ReadingRules(missing=("0",))).panel.target.tolist() == [1, 0, 1, 0]


def test_a_class_that_is_a_number_is_compared_as_one(tmp_path: Path) -> None:
    path = _file(tmp_path, ["1", "2", "-200.0", "1"])
    rules = ReadingRules(missing=("-200",), task="classes")
    reading = read(path, Roles("y"), rules=rules)
    assert reading.roles.levels == {"y": ("1", "2")}


@pytest.mark.parametrize("number", ["-200", "-99999.25", "1e+30", "123456789"])
def test_the_hint_names_a_number_that_settles_it(number: str, tmp_path: Path) -> None:
    path = _file(tmp_path, ["1", "2", "3", "4"] * 3 + [number] * 3)
    (found,) = (f for f in read(path, Roles("y")).findings if f.severity == WARNING)
    word = found.remedy.split()[1]
    reading = read(path, Roles("y"), rules=ReadingRules(missing=(word,)))
    assert np.isnan(reading.panel.target).sum() == 3
    assert not [f for f in reading.findings if f.code == "sentinel"]
