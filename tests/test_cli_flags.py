"""What is written twice is bound here: flags = options = README; every command has help with an example."""

from __future__ import annotations

import dataclasses
import re
import shlex

import pytest

from lstmcast.cli.app import EXAMPLES, app
from lstmcast.cli.flags import default
from lstmcast.errors import EXIT_CODES, LstmcastError
from lstmcast.options import Options, flag
from tests.command_line import PROJECT, lstmcast, process

COMMANDS = [function.__name__ for function in EXAMPLES]
README = (PROJECT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("field", dataclasses.fields(Options), ids=lambda field: field.name)
def test_every_option_is_a_flag_of_train_with_its_meaning(field: dataclasses.Field[object]) -> None:
    words = " ".join(lstmcast("train", "--help").out.split())
    assert re.search(rf"{flag(field.name)}\b[^\[]*? {re.escape(str(field.metadata['meaning'])[:20])}", words)


def test_train_has_no_flag_that_is_neither_an_option_nor_about_output() -> None:
    found = set(re.findall(r"--[a-z][a-z-]*", lstmcast("train", "--help").out.split("Example:")[0]))
    switches = {f"--no-{f.name}" for f in dataclasses.fields(Options) if isinstance(f.default, bool)}
    options = {flag(field.name) for field in dataclasses.fields(Options)}
    assert found == options | switches | {"--output", "--json", "--quiet", "--verbose", "--help"}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("spelling", ["-h", "--help"])
def test_every_command_helps_and_ends_with_an_example(name: str, spelling: str) -> None:
    said = lstmcast(name, spelling)
    assert (said.code, said.err) == (0, "")
    example = said.out.rstrip("\n").splitlines()[-1]
    assert example.startswith(f"  lstmcast {name} ")


@pytest.mark.parametrize("function", EXAMPLES, ids=lambda function: function.__name__)
def test_an_example_names_files_that_are_there(function: object) -> None:
    words = shlex.split(EXAMPLES[function])  # type: ignore[index]
    for word in words:
        if word.startswith("sample_data/"):
            assert (PROJECT / word).is_file()


def test_help_lists_the_commands_and_ends_with_examples() -> None:
    said = lstmcast("--help")
    assert said.code == 0
    assert all(re.search(rf"^  {name} ", said.out, flags=re.MULTILINE) for name in COMMANDS)
    assert "Example:\n  lstmcast train " in said.out


def test_help_has_no_colour_and_no_control_character_off_a_terminal() -> None:
    said = lstmcast("train", "--help")
    assert all(letter.isprintable() or letter == "\n" for letter in said.out)


def test_every_command_is_registered_once() -> None:
    assert [command.callback.__name__ for command in app.registered_commands if command.callback] == COMMANDS


def test_the_shell_completes_commands_flags_and_choices() -> None:
    def completions(line: str, position: int) -> str:
        asked = {"_LSTMCAST_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(position)}
        return process(**asked).out

    assert set(completions("lstmcast ", 1).split()) == set(COMMANDS)
    assert completions("lstmcast train --hori", 2).split() == ["--horizon"]
    assert completions("lstmcast train --decoder s", 3).split() == ["segments"]


def test_the_readme_has_the_table_of_options_that_the_code_has() -> None:
    for field in dataclasses.fields(Options):
        choices = field.metadata["choices"]
        meaning = field.metadata["meaning"] + (f" ({', '.join(choices)})" if choices else "")
        assert f"| `{flag(field.name)}` | {meaning} | {default(field)} |" in README.splitlines()
    section = README.split("## Options of `train`")[1].split("\n## ")[0]
    assert len(re.findall(r"^\| `--", section, flags=re.MULTILINE)) == len(dataclasses.fields(Options))


def test_the_readme_has_the_table_of_exit_codes_that_the_code_has() -> None:
    rows = [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    assert "\n".join(rows) in README


def test_every_error_has_an_exit_code_of_the_table() -> None:
    assert all(kind.exit_code in EXIT_CODES for kind in LstmcastError.__subclasses__())


def test_every_flag_in_the_readme_is_a_flag() -> None:
    known = {f"--no-{f.name}" for f in dataclasses.fields(Options) if isinstance(f.default, bool)}
    for arguments in ([], *([name] for name in COMMANDS)):
        known |= set(re.findall(r"--[a-z][a-z-]*", lstmcast(*arguments, "--help").out))
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", README)) <= known
