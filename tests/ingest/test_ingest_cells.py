"""Cells cut as bytes are those that a parser finds, and what is not plain is left to the parser."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmcast.ingest.text.cells import _MANY, as_text, factorized, is_equal, sliced

CELL = st.text(alphabet="abc019.-: '", max_size=12).map(str.strip)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    rows=st.integers(2, 5).flatmap(
        lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=9)
    ),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    ends=st.booleans(),
)
def test_cells_are_those_that_a_parser_finds(rows: list[list[str]], delimiter: str, ends: bool) -> None:
    text = "\n".join(delimiter.join(row) for row in rows) + ("\n" if ends else "")
    width = len(rows[0])
    cells = sliced(text.encode(), delimiter.encode(), width, range(width))
    if cells is None:  # only a last line without its end that is empty altogether
        pytest.fail("plain lines were not cut")
    parsed = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    assert [list(row) for row in zip(*(as_text(column) for column in cells), strict=True)] == parsed


@pytest.mark.parametrize(
    "block",
    [
        b'a,"b"\n',
        b"a, b\n",
        b"a ,b\n",
        b" a,b\n",
        b"a,b \n",
        b"a,b\n c,d\n",
        "a,ö\n".encode(),
        b"a,b\nc\n",
        b"a,b\nc,d,e\n",
        b"a,b,c\nd\n",
        b"a\nb,c,d\n",
        b"a,b\n\nc,d\n",
        b"a," + b"x" * 65 + b"\n",
    ],
)
def test_what_is_not_plain_is_left_to_the_parser(block: bytes) -> None:
    assert sliced(block, b",", 2, (0, 1)) is None


def test_a_table_of_one_column_is_left_to_the_parser() -> None:
    assert sliced(b"a\nb\n", b",", 1, (0,)) is None


@pytest.mark.parametrize("cells", [np.array([b"a", b"", b"ab"]), np.array(["a", "", "ab"], dtype=object)])
def test_both_kinds_of_cells_compare_alike(cells: np.ndarray) -> None:
    assert is_equal(cells, "a").tolist() == [True, False, False]
    assert is_equal(cells, "").tolist() == [False, True, False]
    assert is_equal(cells, "ä").tolist() == [False, False, False]


@pytest.mark.parametrize("kind", ["S", "O"])
def test_cells_are_numbered_in_order_of_appearance_by_a_dictionary_as_by_pandas(kind: str) -> None:
    texts = np.array([f"meter {i * i % 17}" for i in range(_MANY + 1)]).astype(kind)
    codes, different = factorized(texts)
    few_codes, few_different = factorized(texts[:_MANY])
    np.testing.assert_array_equal(codes[:_MANY], few_codes)
    assert different.tolist() == few_different.tolist()
    np.testing.assert_array_equal(few_different[few_codes], texts[:_MANY])
