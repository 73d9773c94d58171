"""Footers: totals and remarks below the rows are skipped and said; what is no row and has rows below it is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lstmcast.core.errors import DataError
from lstmcast.ingest import Roles, read, survey

DAYS = np.datetime_as_string(np.datetime64("2024-01-01") + np.arange(1500))


def table(folder: Path, below: str, rows: int = 40, header: str = "time,y") -> Path:
    path = folder / "data.csv"
    body = "".join(f"{day},{i % 9}.5\n" for i, day in enumerate(DAYS[:rows]))
    path.write_text(f"{header}\n{body}{below}", encoding="utf-8")
    return path


@pytest.mark.parametrize("rows", [40, 1500])
@pytest.mark.parametrize(
    ("below", "lines", "first"),
    [
        ("Total,180.0\n", 1, "Total, 180.0"),
        ("Summe,180.0", 1, "Summe, 180.0"),
        (",180.0\n", 1, "180.0"),
        ("Source: the office\n", 1, "Source: the office"),
        ("Source: a, b, c\n", 1, "Source: a, b, c"),
        ('"Source: a, b"\n', 1, "Source: a, b"),
        ("\nTotal,180.0\nSource: a, b, c, 2024\n\n* provisional\n", 3, None),
        ("\nmonth,total\nJanuary,5\nFebruary,6\n", 3, "month, total"),
        ("(c) 2024 the office\n", 1, "(c) 2024 the office"),
        ("Total,180.0\nSource: the office", 2, None),
    ],
)
def test_what_stands_below_the_rows_is_skipped_and_said(
    below: str, lines: int, first: str | None, rows: int, tmp_path: Path
) -> None:
    path = table(tmp_path, below, rows)
    for reader in (read, survey):
        parsed = reader(path, Roles("y"))
        assert parsed.panel.target.tolist() == [i % 9 + 0.5 for i in range(rows)]
        said = [finding for finding in parsed.findings if finding.code == "footer"]
        assert sum(int(finding.message.split()[0]) for finding in said) == lines
        if first is not None:
            blank = below.startswith("\n")
            assert said[0].message.endswith(f"the first is line {rows + 2 + blank}: {first!r}")
            assert said[0].place.fields["line"] == rows + 2 + blank


@pytest.mark.parametrize(
    ("between", "what"),
    [
        ("Total,180.0\n", "a total"),
        ("date,returns\n", "the header of another table"),
        ("week 2,\n", "a remark"),
    ],
)
def test_what_has_rows_below_it_is_refused_with_what_it_looks_like(
    between: str, what: str, tmp_path: Path
) -> None:
    below = between + "".join(f"{day},3\n" for day in DAYS[40:60])
    with pytest.raises(DataError) as caught:
        read(table(tmp_path, below), Roles("y"))
    assert "line 42, column 'time'" in str(caught.value)
    assert str(caught.value).endswith(f"the line looks like {what}, and rows follow it")
    assert caught.value.line == 42


@pytest.mark.parametrize("last", ["2024-02-3O,5\n", "2024-13-45,5\n", "9,5\n"])
def test_a_last_time_gone_wrong_is_no_footer(last: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 42, column 'time': expected a time"):
        read(table(tmp_path, last), Roles("y"))


def test_a_last_row_without_a_value_stays(tmp_path: Path) -> None:
    for last in (f"{DAYS[40]},unavailable\n", f"{DAYS[40]},\n", f'{DAYS[40]},"NA"\n'):
        parsed = read(table(tmp_path, last), Roles("y"))
        assert np.isnan(parsed.panel.target[-1])
        assert parsed.panel.target.size == 41


def test_a_value_before_its_time_is_no_footer_either(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    rows = [f"{i % 9}.5,{day}" for i, day in enumerate(DAYS[:40])]
    path.write_text("\n".join(["y,time", *rows, f"unavailable,{DAYS[40]}", "180,Total"]) + "\n")
    parsed = read(path, Roles("y"))
    assert parsed.panel.target.size == 41
    assert [finding.code for finding in parsed.findings if finding.code == "footer"] == ["footer"]
