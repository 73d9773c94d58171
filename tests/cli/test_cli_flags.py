"""What is written twice is bound here: flags = options = guide; every command has help with an example."""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
import shutil
from functools import cache
from pathlib import Path

import pytest

from lstmcast.cli.shell.catalogue import COMMANDS, Commands
from lstmcast.cli.shell.flags import DEFAULT_LEVEL, HIGHEST_LEVEL
from lstmcast.cli.show import manual
from lstmcast.core.errors import EXIT_CODES, LstmcastError
from lstmcast.core.options import Options, flag
from lstmcast.forecasters.intervals import LEVELS
from lstmcast.model.output import DEFAULT_LEVELS
from tests.command_line import PROJECT, lstmcast, process
from tests.conftest import write_csv

EXAMPLES = [entry.example for entry in COMMANDS.values()]
GATES = {"--require-skill"}
AROUND = {"--resume", "--wait", "--by", "--jobs", "--cluster", "--allow-mixed", "--max-failures"}
OF_OTHERS = {"--user", "--rm", "--each", "--show"}  # of systemctl, podman, and the benchmarks
README = (PROJECT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("field", dataclasses.fields(Options), ids=lambda field: field.name)
def test_every_option_is_a_flag_of_train_with_its_meaning(field: dataclasses.Field[object]) -> None:
    words = " ".join(lstmcast("train", "--help-all").out.split())
    assert re.search(rf"{flag(field.name)}\b[^\[]*? {re.escape(str(field.metadata['meaning'])[:20])}", words)


def test_train_has_no_flag_that_is_neither_an_option_nor_about_the_run_nor_a_gate() -> None:
    found = set(re.findall(r"--[a-z][a-z-]*", lstmcast("train", "--help-all").out.split("Example:")[0]))
    switches = {
        f"--no-{flag(f.name)[2:]}" for f in dataclasses.fields(Options) if isinstance(f.default, bool)
    }
    options = {flag(field.name) for field in dataclasses.fields(Options)}
    output = {"--output", "--force", "--json", "--quiet", "--verbose", "--log-json", "--debug", "--help"}
    assert found == options | switches | output | {"--config", "--no-config"} | GATES | AROUND


def test_check_has_the_options_that_say_how_a_file_is_read() -> None:
    said = lstmcast("check", "--help-all").out.split("Example:")[0]
    fields = [
        field for field in dataclasses.fields(Options) if field.metadata["group"] in ("Data", "Reading")
    ]
    reading = {flag(field.name) for field in fields} - {"--holidays"}
    output = {
        "--json",
        "--quiet",
        "--log-json",
        "--debug",
        "--config",
        "--no-config",
        "--help",
        "--no-difference",
        "--no-wide",
        "--no-keep-partial",
    }
    assert set(re.findall(r"--[a-z][a-z-]*", said)) == reading | output
    assert "column to forecast [every column of numbers]" in " ".join(said.split())
    assert "column to forecast [the only column of numbers]" in " ".join(
        lstmcast("train", "--help-all").out.split()
    )


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("spelling", ["-h", "--help"])
def test_every_command_helps_and_ends_with_an_example(name: str, spelling: str) -> None:
    said = lstmcast(name, spelling)
    assert (said.code, said.err) == (0, "")
    example = said.out.split("Example:\n")[1].splitlines()[0]
    assert example.startswith(f"  lstmcast {name}")
    assert not set("{}<>") & set(said.out)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_the_program_says_of_each_command_what_it_says_itself(name: str) -> None:
    assert Commands()[name].help.split("\n\n")[0].rstrip(".") + "." == COMMANDS[name].summary
    assert COMMANDS[name].summary in " ".join(lstmcast("--help").out.split())


def test_every_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LSTMCAST_STEPS", "5")
    monkeypatch.setenv("LSTMCAST_SMOOTHING", "no")
    for sample, name in (("seattle_weather", "weather"), ("forecasts", "forecasts")):
        shutil.copy(PROJECT / "sample_data" / f"{sample}.csv", f"{name}.csv")
    weather = ("weather.csv", "--target", "temp_max", "--known", "weather", "-o", "weather.pkl")
    unfinished = (
        "load.csv",
        "--target",
        "load",
        "--no-final",
    )  # rows yet to see: refresh and compare need them
    assert lstmcast("demo").code == 0
    header, *rows = Path("load.csv").read_text(encoding="utf-8").splitlines()
    write_csv(Path("load.csv"), rows[-1000:], header)  # that an example runs shows on six weeks as well
    for words in (
        ("train", *weather),
        ("train", *unfinished, "-o", "load.pkl"),
        ("train", *unfinished, "--hidden", 8, "-o", "other.pkl"),
    ):
        assert lstmcast(*words).code == 0
    for example in sorted(EXAMPLES, key="lstmcast demo".__ne__)[1:]:
        program, *words = shlex.split(example)
        assert program == "lstmcast"
        said = lstmcast(*words)
        assert (said.code, said.err) == (0, ""), example
    assert {"model.pkl", "forecast.csv", "singles.csv", "coming.csv"} <= set(os.listdir(tmp_path))


def test_the_highest_level_is_the_highest_that_intervals_know() -> None:
    assert LEVELS[-1] == HIGHEST_LEVEL
    assert DEFAULT_LEVELS == (DEFAULT_LEVEL,)


def test_help_lists_the_commands_and_ends_with_examples() -> None:
    said = lstmcast("--help")
    assert said.code == 0
    assert all(re.search(rf"^  {name} ", said.out, flags=re.MULTILINE) for name in COMMANDS)
    assert "Example:\n  lstmcast train " in said.out


def test_help_has_no_colour_and_no_control_character_off_a_terminal() -> None:
    said = lstmcast("train", "--help")
    assert all(letter.isprintable() or letter == "\n" for letter in said.out)


def test_the_shell_completes_commands_flags_and_choices() -> None:
    def completions(line: str, position: int) -> str:
        asked = {"_LSTMCAST_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(position)}
        return process(**asked).out

    assert set(completions("lstmcast ", 1).split()) == set(COMMANDS)
    assert completions("lstmcast train --hori", 2).split() == ["--horizon"]
    assert completions("lstmcast train --decoder s", 3).split() == ["segments"]


def test_the_guide_has_the_table_of_options_that_the_code_has() -> None:
    lines = manual.page("options").splitlines()
    for field in dataclasses.fields(Options):
        assert [
            line for line in lines if line.startswith(f"| `{flag(field.name)}` | {field.metadata['meaning']}")
        ]


def test_the_guide_names_every_part_of_the_network_with_its_options_and_choices() -> None:
    section = manual.page("network").split("## Parts")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    shipping = {"safeguard", "final", "skill"}  # what is done with a network that is trained
    for field in dataclasses.fields(Options):
        if field.metadata["group"] in ("Network", "Training") and field.name not in shipping:
            (row,) = [line for line in rows if f"`{flag(field.name)}`" in line.split("|")[3]]
            assert all(f"`{choice}`" in row for choice in field.metadata["choices"]), field.name


def test_the_guide_has_the_table_of_exit_codes_that_the_code_has() -> None:
    rows = [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    assert "\n".join(rows) in manual.page("exit-codes")


def test_every_error_has_an_exit_code_of_the_table() -> None:
    assert all(kind.exit_code in EXIT_CODES for kind in LstmcastError.__subclasses__())


@pytest.mark.parametrize("text", [README, *map(manual.page, manual.TOPICS)], ids=["README", *manual.TOPICS])
def test_every_flag_that_is_written_about_is_a_flag(text: str) -> None:
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)) <= every_flag() | OF_OTHERS


@cache
def every_flag() -> frozenset[str]:
    """Every flag of every command."""
    known = {f"--no-{f.name}" for f in dataclasses.fields(Options) if isinstance(f.default, bool)}
    for arguments in ([], *([name] for name in COMMANDS)):
        known |= set(re.findall(r"--[a-z][a-z-]*", lstmcast(*arguments, "--help-all").out))
    return frozenset(known)
