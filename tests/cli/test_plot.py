"""`lstmcast plot`, and `predict` on a terminal: what they draw, where, and what they refuse."""

from __future__ import annotations

import builtins
import io
import json
import re
import xml.etree.ElementTree as ET
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from lstmcast.__main__ import run
from tests.command_line import NEW, SAMPLES, lstmcast
from tests.conftest import QUICK, hourly_rows, write_csv

LEDGER = SAMPLES / "forecasts.csv"
LOAD = SAMPLES / "victoria_load.csv"
BRAILLE = re.compile("[\u2801-\u28ff]")


@pytest.fixture(scope="module")
def panel_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two columns of numbers, one of them text-free, of twenty series."""
    rows = [
        f"{row.split(',')[0]},s{number},{row.split(',')[1]},{number}"
        for number in range(20)
        for row in hourly_rows(120)
    ]
    return write_csv(tmp_path_factory.mktemp("panel") / "panel.csv", rows, "time,meter,load,other")


@pytest.fixture(scope="module")
def gappy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hourly rows, 31 of them missing."""
    rows = hourly_rows(400)
    return write_csv(tmp_path_factory.mktemp("gappy") / "gappy.csv", rows[:100] + rows[131:])


class _Terminal(io.TextIOWrapper):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def on_a_terminal(*arguments: object, columns: int = 80, **changes: str) -> tuple[int, str]:
    """Exit code and stdout of a command whose stdout is a terminal of this width."""
    terminal = _Terminal(io.BytesIO(), write_through=True)
    environment = {"TERM": "xterm", "COLUMNS": str(columns), **changes}
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(terminal), redirect_stderr(io.StringIO()):
        for name in ("NO_COLOR", "LC_ALL", "LC_CTYPE", "LANG"):
            patch.delenv(name, raising=False)
        for name, value in environment.items():
            patch.setenv(name, value)
        code = run([str(argument) for argument in arguments])
    return code, terminal.buffer.getvalue().decode()  # type: ignore[attr-defined]


# --- to the terminal


def test_a_file_is_drawn_with_its_gaps_and_its_dates(gappy: Path) -> None:
    said = lstmcast("plot", gappy)
    assert said.code == 0
    assert BRAILLE.search(said.out)
    assert "31 rows missing from 2024-01-05 04:00:00" in said.out
    assert "8 Jan" in said.out
    assert "2024" in said.out
    assert "\x1b" not in said.out


@pytest.mark.parametrize("columns", [80, 120])
def test_a_terminal_is_filled_and_not_passed(gappy: Path, columns: int) -> None:
    code, shown = on_a_terminal("plot", gappy, columns=columns)
    assert code == 0
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
    assert columns - 2 <= max(map(len, plain)) <= columns
    assert "\x1b[" in shown


@pytest.mark.parametrize("changes", [{"TERM": "dumb"}, {"LC_ALL": "C", "NO_COLOR": "1"}])
def test_a_plain_terminal_gets_plain_letters(gappy: Path, changes: dict[str, str]) -> None:
    code, shown = on_a_terminal("plot", gappy, **changes)
    assert code == 0
    assert shown.isascii()
    assert "\x1b" not in shown
    assert "***" in shown


def test_no_colour_means_none(gappy: Path) -> None:
    assert "\x1b" not in on_a_terminal("plot", gappy, NO_COLOR="1")[1]
    assert "\x1b[31m" in on_a_terminal("plot", gappy)[1]


def test_a_forecast_is_drawn_after_its_history(model_file: Path, history: Path) -> None:
    said = lstmcast("plot", model_file, history)
    assert said.code == 0
    for words in ("forecast of the next 24 hours", "50 % band", "95 % band", "┤", "Jan 2024"):
        assert words in said.out


def test_a_ledger_is_drawn_beside_what_came() -> None:
    said = lstmcast("plot", "--ledger", LEDGER, LOAD, "--last", "5d")
    assert said.code == 0
    assert "what was said the night before, and what came" in said.out


# --- as a file


@pytest.mark.parametrize("kind", ["svg", "html"])
def test_a_file_has_the_same_bytes_each_time(
    gappy: Path, kind: str, model_file: Path, history: Path, tmp_path: Path
) -> None:
    for arguments in ([gappy], [model_file, history], ["--ledger", LEDGER, LOAD]):
        written = []
        for number in range(2):
            path = tmp_path / f"{number}.{kind}"
            said = lstmcast("plot", *arguments, "-o", path)
            assert (said.code, said.out) == (0, f"Wrote {path}\n")
            written.append(path.read_bytes())
        assert written[0] == written[1]
        assert len(written[0]) < 60_000
        if kind == "svg":
            ET.fromstring(written[0])


def test_a_png_is_one(gappy: Path, tmp_path: Path) -> None:
    pytest.importorskip("resvg_py", reason="the extra plot is not installed")
    said = lstmcast("plot", gappy, "-o", tmp_path / "water.png")
    assert said.code == 0
    assert (tmp_path / "water.png").read_bytes().startswith(b"\x89PNG")


def test_without_its_extra_a_png_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def missing(name: str, *arguments: Any) -> Any:
        if name == "resvg_py":
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", missing)
    said = lstmcast("plot", tmp_path / "absent.csv", "-o", tmp_path / "water.png")
    assert said.code == 2
    assert "pip install 'lstmcast[plot]'" in said.err


def test_a_panel_shows_its_first_series_and_says_how_many_there_are(panel_file: Path, tmp_path: Path) -> None:
    roles = ("--id", "meter", "--target", "load")
    assert "4 of 20 pictures; --series names others" in lstmcast("plot", panel_file, *roles).out
    said = lstmcast("plot", panel_file, *roles, "-o", tmp_path / "p.html")
    assert "12 of 20 pictures" in said.out
    assert "12 of 20 pictures" in (tmp_path / "p.html").read_text()
    named = lstmcast("plot", panel_file, *roles, "--series", "s7,s19")
    assert "load of s7" in named.out
    assert "load of s19" in named.out
    assert "pictures" not in named.out


def test_ids_and_columns_are_text_in_a_page(tmp_path: Path) -> None:
    rows = [f"{row.split(',')[0]},<b>x</b>,{row.split(',')[1]}" for row in hourly_rows(60)]
    data = write_csv(tmp_path / "d.csv", rows, "time,meter,<script>alert(1)</script>")
    assert lstmcast("plot", data, "--id", "meter", "-o", tmp_path / "p.html").code == 0
    text = (tmp_path / "p.html").read_text()
    assert "<script>alert" not in text
    assert "<b>x" not in text


def test_json_holds_the_figures_of_every_picture(gappy: Path, tmp_path: Path) -> None:
    path = tmp_path / "w.svg"
    found = json.loads(lstmcast("plot", gappy, "--last", "48", "-o", path, "--json").out)
    assert found["output"] == str(path)
    (picture,) = found["pictures"]
    assert picture["columns"] == ["time", "load"]
    assert len(picture["rows"]) == 48


def test_the_end_of_a_file_can_be_drawn_alone(gappy: Path) -> None:
    rows = [json.loads(lstmcast("plot", gappy, "--last", last, "--json").out) for last in ("2d", "48h", "48")]
    assert rows[0] == rows[1] == rows[2]


def test_the_hour_that_comes_twice_stands_twice_in_the_table(tmp_path: Path) -> None:
    rows = [f"2023-10-{28 + (h + 20) // 24} {(h + 20) % 24:02}:00,{h}" for h in range(30)]
    at = next(i for i, row in enumerate(rows) if "29 03:00" in row)
    data = write_csv(tmp_path / "d.csv", [*rows[: at + 1], "2023-10-29 03:00,99", *rows[at + 1 :]])
    found = json.loads(lstmcast("plot", data, "--tz", "Europe/Helsinki", "--json").out)
    stamps = [row[0] for row in found["pictures"][0]["rows"]]
    assert "2023-10-29T03:00:00+03:00" in stamps
    assert "2023-10-29T03:00:00+02:00" in stamps
    assert len(stamps) == 31


# --- what is refused


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("gappy", "-o", "x.gif"), ("x.gif", ".svg, .png or .html")),
        (("gappy", "-o", "nowhere/x.svg"), ("nowhere/x.svg",)),
        (("gappy", "--horizon", "3"), ("--horizon", "name a model before the file")),
        (("gappy", "--series", "a"), ("no series 'a'", "one series")),
        (("gappy", "--last", "x"), ("--last", "duration")),
        (("m.pkl", "gappy", "--target", "load"), ("--target", "as it was trained")),
        (("m.pkl", "gappy", "--ledger", LEDGER), ("--ledger",)),
        (("gappy", NEW), ("not a model",)),
        (("gappy", "a", "b"), ("unexpected extra argument",)),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(
    gappy: Path, arguments: tuple[Any, ...], words: tuple[str, ...]
) -> None:
    said = lstmcast("plot", *(gappy if each == "gappy" else each for each in arguments))
    assert said.code in (2, 4, 8)
    assert said.err.count("\n") == 1
    for word in words:
        assert word in said.err


def test_unknown_series_are_told_beside_known_ones(panel_file: Path) -> None:
    said = lstmcast("plot", panel_file, "--id", "meter", "--series", "s1,zz")
    assert said.code == 2
    assert "no series 'zz'; it has s0, s1, s2, s3, s4, …" in said.err


def test_rows_that_are_only_counted_have_no_duration(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "d.csv", [f"{i},{i % 7}" for i in range(1, 60)], "n,load")
    assert "give a number of rows" in lstmcast("plot", data, "--last", "2d").err
    assert lstmcast("plot", data, "--last", "20").code == 0


# --- predict on a terminal


def test_predict_on_a_terminal_draws_says_a_sentence_and_shows_fitting_digits(
    model_file: Path, history: Path
) -> None:
    code, shown = on_a_terminal("predict", model_file, history, NO_COLOR="1")
    assert code == 0
    assert BRAILLE.search(shown)
    assert re.search(r"^Monday 29 Jan: load averages \d+\.?\d*, peak [\d.]+ at \d\d:00, ", shown, flags=re.M)
    rows = re.findall(r"^2024-01-29 [\d:]+ +(\S+) +(\S+) +(\S+) +\S+$", shown, flags=re.M)
    assert len(rows) == 24
    assert all(
        re.fullmatch(r"\d+\.\d{3}", cell) for row in rows for cell in row
    )  # three decimals, as the file has


def test_predict_off_a_terminal_and_quiet_on_one_is_the_bare_csv(model_file: Path, history: Path) -> None:
    bare = lstmcast("predict", model_file, history)
    assert bare.out.startswith("time,forecast,lo_80,hi_80,source\n")
    assert on_a_terminal("predict", model_file, history, "-q")[1] == bare.out
    assert json.loads(on_a_terminal("predict", model_file, history, "--json")[1])["forecast"]


def test_bands_that_were_asked_for_are_the_rows_and_the_fan_has_its_own(
    model_file: Path, history: Path
) -> None:
    _, shown = on_a_terminal("predict", model_file, history, "--level", "90", NO_COLOR="1")
    assert "lo_90" in shown
    assert "lo_80" not in shown
    assert "80 % band" in shown


def test_a_panel_on_a_terminal_shows_a_few_series(panel_file: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.pkl"
    options = [*QUICK, "--id", "meter", "--horizon", "12"]
    assert lstmcast("train", panel_file, *options, "--lookback", "24", "-o", model).code == 0
    code, shown = on_a_terminal("predict", model, panel_file, NO_COLOR="1")
    assert code == 0
    assert "load of s2" in shown
    assert "load of s3:" not in shown
    assert "40 more rows: --output FILE writes all 240" in shown
