"""Numbers as people write them: units, brackets, signs behind, thousands, words for missing, codes."""

from __future__ import annotations

import math
import shlex
from pathlib import Path

import numpy as np
import pytest

from lstmcast.core.errors import DataError
from lstmcast.core.findings import WARNING
from lstmcast.core.options import parse_names
from lstmcast.ingest import ParsedFile, ReadingRules, Roles, read, survey
from lstmcast.ingest.columns.numbers import NumberColumn
from lstmcast.ingest.columns.numerals import numeral
from lstmcast.ingest.text.context import ReadContext

NAN = math.nan


def table(
    folder: Path, cells: list[str], *, delimiter: str = ";", more: dict[str, list[str]] | None = None
) -> Path:
    """A daily file whose column `y` has these cells."""
    columns = {"y": cells, **(more or {})}
    days = np.datetime_as_string(np.datetime64("2024-01-01") + np.arange(len(cells)))
    rows = [delimiter.join([day, *row]) for day, *row in zip(days, *columns.values(), strict=True)]
    path = folder / "data.csv"
    path.write_text("\n".join([delimiter.join(["time", *columns]), *rows]) + "\n", encoding="utf-8")
    return path


def codes(parsed: ParsedFile) -> list[str]:
    return [finding.code for finding in parsed.findings]


@pytest.mark.parametrize(
    ("cell", "point", "comma", "affix"),
    [
        ("55%", 55, 55, ("", "%")),
        ("17 kWh", 17, 17, ("", "kWh")),
        ("12,5 °C", None, 12.5, ("", "°C")),
        ("5 µg/m³", 5, 5, ("", "µg/m³")),
        ("5 m3", 5, 5, ("", "m3")),
        ("2.768,30 €", None, 2768.3, ("", "€")),
        ("€ 2.768,30", None, 2768.3, ("€", "")),
        ("$12,055.50", 12055.5, None, ("$", "")),
        ("($1,234.50)", -1234.5, None, ("$", "")),
        ("-$5", -5, -5, ("$", "")),
        ("R$ 1.000,00", None, 1000, ("R$", "")),
        ("CHF 5'000.50", 5000.5, None, ("CHF", "")),
        ("(59)", -59, -59, ("", "")),
        ("59-", -59, -59, ("", "")),
        ("1.234,56- EUR", None, -1234.56, ("", "EUR")),
        ("−5", -5, -5, ("", "")),
        ("1\u202f068,5", None, 1068.5, ("", "")),
        ("12,34,567.5", 1234567.5, None, ("", "")),
        ("0.278", 0.278, None, ("", "")),
        ("1.068", 1.068, 1068, ("", "")),
        (".5", 0.5, None, ("", "")),
        ("1e5", 1e5, 1e5, ("", "")),
    ],
)
def test_a_cell_is_a_number(
    cell: str, point: float | None, comma: float | None, affix: tuple[str, str]
) -> None:
    found = numeral(cell)
    assert found is not None
    assert (found.value("."), found.value(","), found.affix) == (point, comma, affix)


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "x",
        "<1",
        "2024-01-01",
        "12:30",
        "1/2",
        "18-25",
        "5 of 10",
        "1_000",
        "-5-",
        "(-5)",
        "(5",
        "12 34",
        "9" * 200,
    ],
)
def test_a_cell_is_none(cell: str) -> None:
    assert numeral(cell) is None


@pytest.mark.parametrize(
    ("cells", "values", "unit"),
    [
        (["55%", "61%", "0", "48%"], [55, 61, 0, 48], "%"),
        (["17 kWh", "18kWh", "19", "20 kWh"], [17, 18, 19, 20], "kWh"),
        (["€ 2.768,30", "€ 1.001,00", "€ 999,10"], [2768.3, 1001, 999.1], "€"),
        (["(59)", "168", "(1,204.5)", "7-"], [-59, 168, -1204.5, -7], None),
        (["T=20.5", "T=21.0", "T=19.0"], [20.5, 21, 19], "T="),
    ],
)
def test_numbers_with_one_affix_are_numbers_and_the_affix_is_said(
    cells: list[str], values: list[float], unit: str | None, tmp_path: Path
) -> None:
    for roles in (Roles("y"), Roles("z", past=("y",))):
        more = {"z": [f"{i}" for i in range(len(cells))]}
        parsed = read(table(tmp_path, cells, more=more), roles)
        column = [column.name for column in parsed.panel.columns].index("y")
        assert parsed.panel.values[:, column].tolist() == values
        said = [finding.message for finding in parsed.findings if finding.code == "unit"]
        assert said == (
            [] if unit is None else [f"column 'y' is numbers with {unit!r}: {cells[0]!r} in line 2"]
        )


@pytest.mark.parametrize(
    "cells", [["A1", "A2", "A1", "A3"], ["zone 3", "zone 4", "zone 3", "zone 3"], ["1st", "2nd"]]
)
def test_codes_with_letters_in_front_stay_classes(cells: list[str], tmp_path: Path) -> None:
    parsed = read(table(tmp_path, cells), Roles("y"))
    assert parsed.panel.classes == tuple(sorted(set(cells)))


@pytest.mark.parametrize(
    ("odd", "told"),
    [
        ("950 Wh", "where other cells have 'kWh'"),
        ("broken", ""),
        ("<1", ""),
    ],
)
def test_an_odd_cell_is_named_with_an_option_that_settles_it(odd: str, told: str, tmp_path: Path) -> None:
    cells = ["17 kWh", "18 kWh", odd, "21 kWh", "20 kWh"] * 4
    path = table(tmp_path, cells)
    with pytest.raises(DataError) as caught:
        read(path, Roles("y"))
    message = str(caught.value)
    assert (
        f"line 4, column 'y': expected a number, found {odd!r}{told and ' ' + told} (and 3 cells like it)"
        in message
    )
    assert caught.value.where == {"file": str(path), "line": 4, "column": "y"}
    words = parse_names(shlex.split(message.split("--missing ")[1])[0])
    values = read(path, Roles("y"), rules=ReadingRules(missing=words)).panel.target
    assert np.isnan(values).sum() == 4


def test_per_cents_without_their_sign_are_not_guessed(tmp_path: Path) -> None:
    cells = [*["55%", "48%", "61%"] * 5, "0.5"]
    with pytest.raises(DataError, match=r"line 17.*found '0.5' without the '%' of the other cells"):
        read(table(tmp_path, cells), Roles("y"))


def test_all_odd_words_are_named_at_once_beside_those_given_before(tmp_path: Path) -> None:
    cells = [*map(str, range(20)), "off", "a, b", "off"]
    path = table(tmp_path, cells)
    with pytest.raises(DataError, match=r"line 22.*found 'off' \(and 2 cells like it\)") as caught:
        read(path, Roles("y"), rules=ReadingRules(missing=("0",)))
    words = parse_names(shlex.split(str(caught.value).split("--missing ")[1])[0])
    assert words == ("0", "off", "a, b")
    assert np.isnan(read(path, Roles("y"), rules=ReadingRules(missing=words)).panel.target).sum() == 4


@pytest.mark.parametrize(
    "word",
    [
        "unavailable",
        "unknown",
        "Unknown",
        "offline",
        "None",
        "null",
        "\\N",
        "#N/A",
        "#VALUE!",
        "(null)",
        "<NA>",
    ],
)
def test_what_programs_write_for_missing_is_missing_counted_and_said(word: str, tmp_path: Path) -> None:
    parsed = read(table(tmp_path, ["1.5", word, "2.5", word, "4"]), Roles("y"))
    assert np.isnan(parsed.panel.target).tolist() == [False, True, False, True, False]
    messages = [finding.message for finding in parsed.findings]
    assert "2 cells of 5 in column 'y' missing, the first in line 3" in messages
    if word not in ("None", "null", "#N/A"):
        assert f"column 'y' holds {word!r} 2 times; read as missing" in messages


def test_in_text_such_a_word_may_be_a_class(tmp_path: Path) -> None:
    parsed = read(table(tmp_path, ["online", "offline", "unavailable", "online"]), Roles("y"))
    assert parsed.panel.classes == ("offline", "online")


# --- thousands or decimals


@pytest.mark.parametrize("delimiter", [";", ","])
def test_points_that_may_stand_between_thousands_are_asked_about(delimiter: str, tmp_path: Path) -> None:
    cells = [f"{n:,}".replace(",", ".") for n in range(800, 1200, 7)]
    for roles in (Roles("y"), Roles("z", known=("y",)), Roles("z", past=("y",), id="id")):
        more = {"z": ["1"] * len(cells), "id": ["a"] * len(cells)}
        path = table(tmp_path, cells, delimiter=delimiter, more=more)
        with pytest.raises(
            DataError, match=r"line 31, column 'y': '1.003' can be a thousand .* --decimal \. or --dec"
        ):
            read(path, roles)
        for decimal, first in ((",", 1003), (".", 1.003)):
            rules = ReadingRules(decimal=decimal)
            panel = read(path, roles, rules=rules).panel
            assert panel.values[29, [c.name for c in panel.columns].index("y")] == first


def test_a_column_with_a_decimal_comma_settles_the_points_of_another(tmp_path: Path) -> None:
    cells = [f"{n:,}".replace(",", ".") for n in range(800, 1200, 7)]
    path = table(tmp_path, cells, more={"price": [f"{i},5" for i in range(len(cells))]})
    parsed = read(path, Roles("y"))
    assert parsed.panel.target.tolist() == list(range(800, 1200, 7))
    assert codes(parsed) == ["thousands"]


@pytest.mark.parametrize(
    ("cells", "warned"),
    [
        (["0.278", "1.068", "25.230"], False),
        (["12", "13", "12.125", "14"], False),
        (["1500", "1.068", "1.070"], False),
        (["25.230", "32.040", "33.120"], True),
    ],
)
def test_numbers_of_three_decimals_are_numbers(cells: list[str], warned: bool, tmp_path: Path) -> None:
    parsed = read(table(tmp_path, cells), Roles("y"))
    assert parsed.panel.target.tolist() == [float(cell) for cell in cells]
    warnings = [finding.remedy for finding in parsed.findings if finding.severity == WARNING]
    assert warnings == (["--decimal , if the points stand between thousands"] if warned else [])
    assert not read(table(tmp_path, cells, delimiter=","), Roles("y")).findings


def test_a_check_leaves_a_column_out_with_the_question_or_asks_when_it_is_the_only_one(
    tmp_path: Path,
) -> None:
    cells = [f"{n:,}".replace(",", ".") for n in range(800, 1200, 7)]
    with pytest.raises(DataError, match="--decimal"):
        survey(table(tmp_path, cells), Roles(""))
    parsed = survey(table(tmp_path, cells, more={"z": [f"{i % 9}.5" for i in range(len(cells))]}), Roles(""))
    assert [column.name for column in parsed.panel.columns] == ["z"]
    assert "no_numbers" in codes(parsed)


# --- codes


def test_tenths_with_a_mark_of_quality_are_tenths(tmp_path: Path) -> None:
    cells = ["+0277,1", "-0011,1", "+9999,9", "+0300,3", "+0281,5"]
    parsed = read(table(tmp_path, cells), Roles("y"))
    assert np.array_equal(parsed.panel.target, [27.7, -1.1, NAN, NAN, 28.1], equal_nan=True)
    assert "coded" in codes(parsed)
    pressures = [f"{10_000 + i},1" for i in range(30)]
    assert read(table(tmp_path, pressures), Roles("y")).panel.target[1] == 1000.1
    decimals = [f"{10_000 + i},{i % 10}" for i in range(30)]
    assert read(table(tmp_path, decimals), Roles("y")).panel.target[1] == 10_001.1


# --- the fast ways are the slow one


@pytest.mark.parametrize("decimal", [".", ",", None])
@pytest.mark.parametrize("seed", range(4))
def test_cells_cut_as_bytes_are_read_like_one_by_one(seed: int, decimal: str | None) -> None:
    rng = np.random.default_rng(seed)
    sign = decimal or (".", ",")[seed % 2]
    cells = [
        f"{x:.{d}f}".replace(".", sign)
        for x, d in zip(rng.normal(0, 99, 200), rng.integers(0, 3, 200), strict=True)
    ]
    cells = [
        cell if rng.random() > 0.1 else rng.choice(["", "NA", "unknown", "-", "1e3", "+7"]) for cell in cells
    ]
    column = NumberColumn("y", ReadContext("", ReadingRules(decimal=decimal)))
    for start in range(0, 200, 50):
        column.add(np.array([c.encode() for c in cells[start : start + 50]]), np.arange(start, start + 50))
    slow = [(number := numeral(cell)) and number.value(sign) for cell in cells]
    assert np.array_equal(column.finish(), [NAN if x is None else x for x in slow], equal_nan=True)
