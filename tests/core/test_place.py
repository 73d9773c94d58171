"""Errors and findings say where: the text goes into the message, the fields to programs."""

from __future__ import annotations

import numpy as np
import pytest

from lstmcast.core.errors import DataError
from lstmcast.core.findings import NOTE, Finding
from lstmcast.core.place import NOWHERE, Place


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (Place(file="d.csv", line=12, column="load"), "d.csv: line 12, column 'load'"),
        (Place(file="d.csv", line=12, stamp="2024-01-31"), "d.csv: line 12 (2024-01-31)"),
        (Place(stamp="2024-01-31 00:00"), "2024-01-31 00:00"),
        (Place("rows 3 to 5", line=3), "rows 3 to 5"),
        (Place(option="--val"), ""),
        (NOWHERE, ""),
    ],
)
def test_a_place_is_said_by_its_fields_unless_it_has_words_of_its_own(place: Place, text: str) -> None:
    assert str(place) == text


def test_an_error_at_a_place_has_its_text_and_its_fields() -> None:
    error = DataError.at(Place(file="d.csv", line=np.int64(3), column="line 7"), "found 'x'")  # type: ignore[arg-type]
    assert str(error) == "d.csv: line 3, column 'line 7': found 'x'"
    assert error.where == {"file": "d.csv", "line": 3, "column": "line 7"}
    assert type(error.where["line"]) is int
    assert DataError("line 7 of sales 2023-05-01").where == {}
    assert str(DataError.at(NOWHERE, "found 'x'")) == "found 'x'"


def test_a_finding_has_a_place_that_its_record_leaves_to_the_log() -> None:
    found = Finding(NOTE, "gaps", "a gap", "fill it", Place(line=3))
    assert found.record() == {"severity": NOTE, "code": "gaps", "message": "a gap", "remedy": "fill it"}
    assert found == Finding(NOTE, "gaps", "a gap", "fill it")
