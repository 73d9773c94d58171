"""A target that nobody named is the only column of numbers; of several the likeliest is told first."""

from __future__ import annotations

from pathlib import Path

import pytest

from lstmcast.core.errors import DataError, UsageError
from lstmcast.ingest import Roles, read


def table(path: Path, header: str, *cells: str, rows: int = 40) -> Path:
    """A file of hours; a cell with # in it counts."""
    lines = [
        ",".join(
            [f"2024-05-{1 + hour // 24:02d} {hour % 24:02d}:00", *(c.replace("#", str(hour)) for c in cells)]
        )
        for hour in range(rows)
    ]
    path.write_text("\n".join([f"time,{header}", *lines]) + "\n")
    return path


@pytest.mark.parametrize(
    ("header", "cells", "target"),
    [
        ("load", ("1#.5",), "load"),
        ("sensor,load", ("north", "1#.5"), "load"),  # text beside it
        ("load,is_open", ("1#.5", "1"), "load"),  # a constant
        ("hour,load", ("#", "1#.5"), "load"),  # what only tells the time
        ("Verbrauch", ("1# kWh",), "Verbrauch"),
        ("on", ("true",), None),
    ],
)
def test_the_only_column_of_numbers_is_taken_and_said(
    header: str, cells: tuple[str, ...], target: str | None, tmp_path: Path
) -> None:
    path = table(tmp_path / "a.csv", header, *cells)
    if target is None:
        with pytest.raises(DataError):
            read(path, Roles(""))
        return
    parsed = read(path, Roles(""))
    assert (parsed.roles.target, parsed.target, parsed.shown["target"]) == (target, target, target)
    assert [finding.place.fields["column"] for finding in parsed.findings if finding.code == "target"] == [
        target
    ]
    assert "target" not in read(path, Roles(target)).shown


@pytest.mark.parametrize(
    ("header", "likeliest"),
    [
        ("a,b,c", "c"),
        ("temp,load,humidity", "load"),
        ("temp,humidity,a", "a"),
        ("sales,price,promo", "sales"),
        ("x,my load,temp", "'my load'"),
    ],
)
def test_of_several_the_likeliest_is_told_first(header: str, likeliest: str, tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", header, *["1#.5"] * len(header.split(",")))
    with pytest.raises(
        UsageError, match=f"--target is missing: --target {likeliest} is the likeliest, then "
    ) as caught:
        read(path, Roles(""))
    assert caught.value.option == "--target"


def test_a_column_with_another_part_is_not_taken(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", "load,temp", "1#.5", "2#.5")
    assert read(path, Roles("", known=("temp",))).roles.target == "load"


def test_classes_are_named(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", "weather", "sun")
    lines = path.read_text().replace("01:00,sun", "01:00,rain")
    path.write_text(lines)
    with pytest.raises(DataError, match="--target weather"):
        read(path, Roles(""))
