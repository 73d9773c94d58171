"""Tables that were printed for eyes: each is the table that it shows, its lines keep their numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lstmcast.core.errors import DataError
from lstmcast.ingest import ParsedFile, Roles, read

DAYS = np.datetime64("2024-01-01") + np.arange(40)
LOADS = [100 + i * 7 % 13 for i in range(40)]
BAR = "+------------+------+"


def printed(row: str, *above: str, below: str = "") -> str:
    """A table of days and loads."""
    rows = [row.format(day=day, load=load) for day, load in zip(DAYS, LOADS, strict=True)]
    return "\n".join([*above, *rows, below]) + "\n"


PRINTED = {
    "blanks": printed("{day}   {load:>8}", "date load"),
    "single blanks": printed("{day} {load}", "date load"),
    "a time of two words": printed("{day} 00:00    {load}", "     date         load"),
    "parts of a date": printed("{day} {load}", "year month day load").replace("-", " "),
    "SQLite": printed("{day}  {load}", "date        load", "----------  ----"),
    "MySQL": printed("| {day} | {load} |", BAR, "| date       | load |", BAR, below=BAR),
    "PostgreSQL": printed(" {day} |  {load}", "    date    | load", "------------+------", below="(40 rows)"),
    "Markdown": printed("| {day} | {load} |", "| date | load |", "|:-----|-----:|"),
    "formulas": printed('="{day}",="{load}"', '="date",="load"'),
    "formulas in quotes": printed('"=""{day}""";{load}', "date;load"),
}


def read_text(text: str, tmp_path: Path) -> ParsedFile:
    """The file that holds this text."""
    path = tmp_path / "data.txt"
    path.write_text(text, encoding="utf-8")
    return read(path, Roles("load", None, None))


@pytest.mark.parametrize("name", PRINTED)
def test_what_was_printed_is_read(name: str, tmp_path: Path) -> None:
    parsed = read_text(PRINTED[name], tmp_path)
    np.testing.assert_array_equal(parsed.panel.target, LOADS)
    np.testing.assert_array_equal(parsed.panel.times.astype("datetime64[D]"), DAYS)


def test_lines_keep_their_numbers(tmp_path: Path) -> None:
    text = PRINTED["MySQL"].replace("| 107 |", "| oops |", 1)
    with pytest.raises(DataError, match=r"line 5, column 'load'.*'oops'"):
        read_text(text, tmp_path)


def test_a_long_line_of_dashes_takes_no_time(tmp_path: Path) -> None:
    text = printed("{day},{load}", "-" * 5000 + " loads", "--- " * 2000 + "of 2024", "date,load")
    np.testing.assert_array_equal(read_text(text, tmp_path).panel.target, LOADS)


@pytest.mark.parametrize(
    "text",
    [
        printed("{day} 00:00,{load}", "Daily loads", "date,load"),  # a title, and stamps of two words
        printed('{day},"{load}"', "date,load").replace('"', ""),
        printed("{day}\t{load}", "date\tload"),
        printed('{day},{load},"an =""odd"" one"', "date,load,remark"),
    ],
)
def test_what_a_delimiter_cuts_is_left_as_it_is(text: str, tmp_path: Path) -> None:
    parsed = read_text(text, tmp_path)
    assert "blanks" not in {finding.code for finding in parsed.findings}
    np.testing.assert_array_equal(parsed.panel.target, LOADS)
