"""Each option in all three: a flag wins over a variable, a variable over the file; faults are told with their place."""

from __future__ import annotations

import dataclasses
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from lstmcast.cli.commands import train
from lstmcast.cli.shell import command as commands
from lstmcast.cli.shell import run, settings
from lstmcast.cli.shell.app import app
from lstmcast.cli.shell.catalogue import Commands
from lstmcast.cli.shell.flags import _kind
from lstmcast.core.options import Options, flag, parse_names, write_names
from tests.command_line import Said, lstmcast
from tests.conftest import QUICK

TRAINED = dict(zip(("target", "lookback", "hidden", "steps", "seed"), QUICK[1::2], strict=True))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, in which `lstmcast.toml` is looked for."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Options]:
    """The options of each training that would have begun."""
    found: list[Options] = []
    monkeypatch.setattr(train, "train_model", lambda source, options, *rest, **more: found.append(options))
    return found


def toml(text: str, name: str = "lstmcast.toml") -> str:
    """A file of settings."""
    Path(name).write_text(text, encoding="utf-8")
    return name


def refused(said: Said, *words: str) -> None:
    """Exit 2, and one line with these words."""
    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1), said
    for word in ("E_USAGE", *words):
        assert word in said.err


def samples(field: dataclasses.Field[Any]) -> tuple[Any, Any, Any]:
    """Three values of an option, each unlike the one before."""
    kind, choices, low = _kind(field), field.metadata["choices"], field.metadata["low"] or 0
    if choices:
        return choices[-1], choices[0], choices[-1]
    return {
        bool: (False, True, False),
        int: (low + 1, low + 2, low + 3),
        float: (0.25, 0.5, 0.75),
        str: ("a b", "c", "d[e]"),
        tuple[int, ...]: ((2,), (3, 4), (5,)),
        tuple[str, ...]: (("a, b", "c"), ("d",), ('e"', "f")),
    }[kind]


def written(value: Any) -> str:
    """A value as a flag or a variable has it."""
    return write_names(value) if isinstance(value, tuple) else str(value)


@pytest.mark.parametrize("field", dataclasses.fields(Options)[::2], ids=lambda field: field.name)
def test_every_option_of_train_can_be_set_in_all_three_and_the_nearer_wins(
    field: dataclasses.Field[Any], seen: list[Options], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_file, in_environment, on_line = samples(field)
    toml(f"[train]\n{flag(field.name)[2:]} = {json.dumps(in_file)}\n")
    lstmcast("train", "data.csv")
    monkeypatch.setenv(settings._variable("", flag(field.name)[2:]), written(in_environment))
    lstmcast("train", "data.csv")
    switch = f"--no-{flag(field.name)[2:]}"
    lstmcast("train", "data.csv", *([switch] if on_line is False else [flag(field.name), written(on_line)]))
    assert [getattr(options, field.name) for options in seen] == [in_file, in_environment, on_line]


def settable() -> list[tuple[str, str]]:
    """Every command with each of its options."""
    kinds = commands.Takes(Commands())
    return [(command, key) for command, keys in kinds.items() for key in keys]


def parsed(name: str, *flags: str) -> dict[str, Any]:
    """What a command line sets, by the option's name."""
    run.begin([])
    group: Any = get_command(app)
    command = group.commands[name]
    words = ["x" for parameter in command.params if parameter.param_type_name == "argument"]
    context = command.make_context(name, [*words, *flags], parent=group.make_context("lstmcast", [name]))
    return {commands._key(option): context.params[option.name] for option in commands._settable(command)}


@pytest.mark.parametrize(
    ("name", "key"), settable()[::11], ids=lambda word: word
)  # a sample: all go the same way
def test_every_option_of_every_command_can_be_set_in_all_three(
    name: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = commands.Takes(Commands())[name][key]
    if kind == settings.SWITCH:
        is_on = parsed(name)[key]
        toml(f"{key} = {str(not is_on).lower()}")
        assert parsed(name)[key] is not is_on
        monkeypatch.setenv(settings._variable("", key), str(is_on))
        assert parsed(name)[key] is is_on
        assert parsed(name, f"--no-{key}" if is_on else f"--{key}")[key] is not is_on
        return
    in_file, typed = {
        "N": ("3", "3"),
        "X": ("0.5", "0.5"),
        "N,N": ("[3, 4]", "3,4"),
        "X,X": ("0.5", "0.5"),
    }.get(kind, ('["a b"]' if kind == "A,B" else '"a b"', "a b"))
    toml(f"[{name}]\n{key} = {in_file}")
    assert parsed(name)[key] == typed
    monkeypatch.setenv(settings._variable(name, key), "7")
    assert parsed(name)[key] == "7"
    assert parsed(name, f"--{key}", "8")[key] == "8"


def test_what_holds_for_one_command_wins_over_what_holds_for_all(
    seen: list[Options], monkeypatch: pytest.MonkeyPatch
) -> None:
    toml("horizon = 5\nlayers = 2\n[train]\nhorizon = 6\nwindow_size = 'no'\ntest = 2012-05-01\nval = 0.25")
    lstmcast("train", "data.csv")
    monkeypatch.setenv("LSTMCAST_HORIZON", "7")
    lstmcast("train", "data.csv")
    monkeypatch.setenv("LSTMCAST_TRAIN_HORIZON", "8")
    monkeypatch.setenv("LSTMCAST_LAYERS", "")
    monkeypatch.setenv("LSTMCAST_EVALUATE_STRIDE", "8")
    lstmcast("train", "data.csv")
    assert [options.horizon for options in seen] == [6, 7, 8]
    assert {(o.layers, o.window_size, o.test, o.val) for o in seen} == {(2, "no", "2012-05-01", "0.25")}


def test_another_file_can_be_named_and_none_asked_for(
    seen: list[Options], monkeypatch: pytest.MonkeyPatch
) -> None:
    toml("hidden = 3")
    other, third = toml("hidden = 4", "other.toml"), toml("hidden = 5", "third.toml")
    lstmcast("train", "data.csv", "--config", other)
    monkeypatch.setenv("LSTMCAST_CONFIG", third)
    lstmcast("train", "data.csv")
    lstmcast("train", "data.csv", "--config", other)
    lstmcast("train", "data.csv", "--config", "/dev/null")
    monkeypatch.setenv("LSTMCAST_HIDDEN", "6")
    lstmcast("train", "data.csv", "--no-config")
    assert [options.hidden for options in seen] == [4, 5, 4, 64, 64]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\nhiden = 3", ["lstmcast.toml, line 2: 'hiden'", "did you mean hidden?"]),
        ('[train]\n# x\ntargt = "x"', ["line 3: 'targt' is no option of train", "did you mean target?"]),
        ('[trian]\ntarget = "x"', ["line 1: 'trian'", "did you mean train?"]),
        ("[predict]\nmembers = 3", ["line 2: 'members' is no option of predict", "lstmcast predict --help"]),
        ("train = 3", ["line 1: train is a command", "[train]"]),
        ('hidden = "64"', ["line 1: hidden takes a whole number", "got '64'"]),
        ("hidden = 6.5", ["got 6.5"]),
        ("hidden = true", ["got true"]),
        ("final = 1", ["final takes true or false; got 1"]),
        ("target = ['a']", ["target takes text in quotes"]),
        ("[train.target]\na = 1", ["got a table"]),
        ("season = [\n 24,\n 'a',\n]", ["line 1: season takes a list of whole numbers"]),
        ("[train]\nknown = [\n 'a',\n]\nx = 1", ["line 5: 'x'"]),
        ("window-size = 'no'\nwindow_size = 'no'", ["line 2: window-size stands twice"]),
        ("[train]\nhidden = 0", ["--hidden goes from 1 to 4096", "--hidden is set in lstmcast.toml, line 2"]),
        ("train = {hidden = 0}", ["lstmcast.toml, line 1"]),
        ('budget = "soon"', ["--budget: a duration", "lstmcast.toml, line 1"]),
        ("steps = 5\nepochs = 2", ["--steps is set in lstmcast.toml, line 1; --epochs is set in", "line 2"]),
        ("\nx\n", ["lstmcast.toml: is not TOML", "line 2"]),
        ("a = " + "[" * 5000, ["lstmcast.toml: is not TOML"]),
        ('"\\u001b[2J" = 1', ["\\x1b[2J"]),
    ],
)
def test_what_is_wrong_in_the_file_is_said_with_its_line(text: str, words: list[str]) -> None:
    toml(text)
    refused(lstmcast("train", "data.csv", "--target", "load"), *words)


def test_a_file_that_cannot_be_read_is_2() -> None:
    refused(lstmcast("train", "data.csv", "--config", "absent.toml"), "absent.toml: no such file")
    refused(lstmcast("train", "data.csv", "--config", "/dev/zero"), "/dev/zero: is no file")
    refused(lstmcast("train", "data.csv", "--config", "."), "is no file")
    Path("lstmcast.toml").write_bytes(b"\xff")
    refused(lstmcast("train", "data.csv"), "lstmcast.toml: is not UTF-8")
    Path("large.toml").write_text("#" * 1_000_001)
    refused(lstmcast("train", "data.csv", "--config", "large.toml"), "at most 1 MB")


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("LSTMCAST_TRAIN_HIDDN", "3", "did you mean LSTMCAST_TRAIN_HIDDEN?"),
        ("LSTMCAST_NONSENSE", "3", "LSTMCAST_NONSENSE is no setting of lstmcast"),
        ("LSTMCAST_FINAL", "maybe", "LSTMCAST_FINAL takes true or false; got 'maybe'"),
        ("LSTMCAST_HIDDEN", "many", "got 'many' (--hidden is set in LSTMCAST_HIDDEN)"),
        ("LSTMCAST_TRAIN_HIDDEN", "0", "(--hidden is set in LSTMCAST_TRAIN_HIDDEN)"),
    ],
)
def test_what_is_wrong_in_the_environment_is_said_with_the_variable(
    variable: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    refused(lstmcast("train", "data.csv", "--target", "load"), words)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["train", "--help"], ["predict", "-h"]])
def test_help_and_version_do_not_mind_a_broken_file(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    toml("x")
    monkeypatch.setenv("LSTMCAST_NONSENSE", "1")
    said = lstmcast(*arguments)
    assert (said.code, said.err) == (0, "")


def test_a_switch_in_environment_or_file_decides_how_a_usage_error_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    toml("[train]\njson = true")
    assert json.loads(lstmcast("train", "data.csv", "--nonsense").out)["error"]["exit_code"] == 2
    assert lstmcast("predict", "m", "d", "--nonsense").out == ""
    monkeypatch.setenv("LSTMCAST_JSON", "1")
    assert json.loads(lstmcast("nonsense").out)["error"]["exit_code"] == 2


def test_options_of_one_name_take_the_same_in_every_command() -> None:
    kinds = commands.Takes(Commands())
    assert set(kinds) == {name for name in kinds if kinds[name]}
    merged = {key: kind for options in kinds.values() for key, kind in options.items()}
    for options in kinds.values():
        for key, kind in options.items():
            assert settings._WANTED.get(merged[key]) == settings._WANTED.get(kind), key
    # LSTMCAST_A_B is either the option a-b of all commands or the option b of the command a
    assert not {key for key in merged for name in kinds if key.startswith(f"{name}-")}


def users(text: str, monkeypatch: pytest.MonkeyPatch, place: Path) -> Path:
    """The settings file of the user."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(place))
    file = place / "lstmcast" / "lstmcast.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_the_file_of_the_user_holds_below_that_of_the_folder(
    seen: list[Options], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users('horizon = 7\n[train]\ntarget = "mine"\nseed = 3', monkeypatch, tmp_path / "home")
    assert lstmcast("train", "data.csv").code == 0
    toml('[train]\ntarget = "load"')
    monkeypatch.setenv("LSTMCAST_SEED", "4")
    assert lstmcast("train", "data.csv", "--horizon", "9").code == 0
    assert lstmcast("train", "data.csv", "--target", "y", "--no-config").code == 0
    assert [(each.target, each.horizon, each.seed) for each in seen] == [
        ("mine", 7, 3),
        ("load", 9, 4),
        ("y", None, 0),
    ]


def test_a_fault_in_the_file_of_the_user_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = users("[train]\nhorizont = 7", monkeypatch, tmp_path / "home")
    refused(lstmcast("train", "data.csv"), f"{file}, line 2", "did you mean horizon")


def test_config_shows_what_is_in_force_and_from_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = users('quiet = true\n[train]\ntarget = "mine"', monkeypatch, tmp_path / "home")
    toml('[train]\ntarget = "load"\n[config]\nquiet = false')
    monkeypatch.setenv("LSTMCAST_PREDICT_LEVEL", "90")
    shown = [line.split() for line in lstmcast("config").out.splitlines()]
    assert ["train", "target", "load", "lstmcast.toml,", "line", "2"] in shown
    assert ["predict", "level", "90", "LSTMCAST_PREDICT_LEVEL"] in shown
    assert not any("mine" in line for line in shown)
    of_train = json.loads(lstmcast("config", "train", "--json").out)
    assert of_train["files"][2] == {"file": str(file), "state": "read"}
    assert {each["option"] for each in of_train["settings"]} == {"target", "quiet"}
    assert json.loads(lstmcast("config", "--no-config", "--json").out)["settings"] == []
    refused(lstmcast("config", "trian"), "did you mean train?")


def test_what_holds_for_all_commands_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSTMCAST_LOG_JSON", "false")
    shown = [line.split() for line in lstmcast("config").out.splitlines()]
    assert ["all", "log-json", "false", "LSTMCAST_LOG_JSON"] in shown


def test_verbose_and_json_say_what_came_from_where(
    history: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml(f"# a comment\n[train]\ntarget = 'load'\nlookback = {TRAINED['lookback']}\n")
    monkeypatch.setenv("LSTMCAST_TRAIN_HIDDEN", "8")
    said = lstmcast("train", history, "--steps", 5, "-v", "--json")
    assert said.code == 0
    assert "lstmcast: target = load (lstmcast.toml, line 3)\n" in said.err
    assert "lstmcast: hidden = 8 (LSTMCAST_TRAIN_HIDDEN)\n" in said.err
    assert {entry["option"]: entry["from"] for entry in json.loads(said.out)["settings"]} == {
        "target": "lstmcast.toml, line 3",
        "lookback": "lstmcast.toml, line 4",
        "hidden": "LSTMCAST_TRAIN_HIDDEN",
        "steps": "command line",
        "verbose": "command line",
        "json": "command line",
    }


def test_the_command_that_info_gives_holds_what_came_from_file_and_environment(
    history: Path, model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml(
        "[train]\n"
        + "\n".join(f"{key} = {json.dumps(value)}" for key, value in TRAINED.items() if key == "target")
    )
    for key, value in TRAINED.items():
        if key != "target":
            monkeypatch.setenv(f"LSTMCAST_{key.upper()}", value)
    assert lstmcast("train", history).code == 0
    assert Path("model.pkl").read_bytes() == model_file.read_bytes()
    monkeypatch.setenv("LSTMCAST_HORIZON", "3")  # what would make another model must have no say
    line = next(line for line in lstmcast("info", "model.pkl").out.splitlines() if line.startswith("Rebuild"))
    words = shlex.split(line.removeprefix("Rebuild"))[1:]
    assert words[:3] == ["train", "DATA", "--no-config"]
    words[1] = str(history)
    assert lstmcast(*words, "-o", "again.pkl").code == 0
    assert Path("again.pkl").read_bytes() == model_file.read_bytes()


def test_a_name_with_a_comma_stands_in_quotes() -> None:
    assert parse_names('"a, b", c ,,') == ("a, b", "c")
    for names in ((), ("a",), ("a, b", 'c"d', "load[/kW]"), ('"',)):
        assert parse_names(write_names(names)) == names
