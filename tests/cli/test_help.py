"""Help fits: at every width no line is longer than the terminal, and no word is broken."""

from __future__ import annotations

import re
import shutil

import pytest

from lstmcast import __version__
from lstmcast.cli.shell.catalogue import COMMANDS
from tests.command_line import lstmcast

PAGES = [(), *((name,) for name in COMMANDS)]


def words(text: str) -> list[str]:
    """Words, a list of choices word by word."""
    return re.findall(r"[^\s|]+", text)


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("page", PAGES)
def test_a_help_page_fits_and_breaks_no_word(
    page: tuple[str, ...], columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = lstmcast(*page, "--help-all").out
    monkeypatch.setenv("COLUMNS", "1000")
    monkeypatch.setattr("lstmcast.cli.shell.help.WIDEST", 1000)
    whole = lstmcast(*page, "--help-all").out
    assert words(shown) == words(whole)
    examples = {f"  {line}" for entry in COMMANDS.values() for line in entry.example.splitlines()}
    assert [line for line in shown.splitlines() if len(line) > columns and line not in examples] == []


@pytest.mark.parametrize("entry", COMMANDS.values(), ids=list(COMMANDS))
def test_an_example_fits_into_eighty_columns(entry: object) -> None:
    assert all(len(line) <= 78 for line in entry.example.splitlines())  # type: ignore[attr-defined]


def test_the_short_help_of_train_is_one_screen_and_names_the_long_one() -> None:
    shown = lstmcast("train", "-h").out
    assert len(shown.splitlines()) <= shutil.get_terminal_size((80, 24)).lines
    assert "--help-all" in shown
    assert "--dropout" not in shown
    assert "--dropout" in lstmcast("train", "--help-all").out


@pytest.mark.parametrize("asked", [(), ("help",), ("-h",), ("--help",)])
def test_help_is_shown_however_it_is_asked_for(asked: tuple[str, ...]) -> None:
    said = lstmcast(*asked)
    assert (said.code, said.err) == (0, "")
    assert said.out == lstmcast("--help").out


def test_help_with_a_command_is_that_commands_help() -> None:
    assert lstmcast("help", "predict").out == lstmcast("predict", "--help").out


def test_the_version_has_a_short_flag() -> None:
    assert lstmcast("-V").out == f"lstmcast {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_each_help_ends_with_the_topic_to_read(name: str) -> None:
    assert lstmcast(name, "-h").out.splitlines()[-1] == f"Read on: lstmcast guide {COMMANDS[name].topic}"
