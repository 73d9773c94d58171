"""A `lstmcast.toml` that somebody else may have written says how a file is read, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lstmcast.cli.shell import command as commands
from lstmcast.cli.shell import settings
from lstmcast.cli.shell.catalogue import Commands
from lstmcast.persistence import system
from tests.command_line import lstmcast


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, in which `lstmcast.toml` is looked for."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def toml(text: str, mode: int = 0o666) -> None:
    """A file of settings that others may write."""
    Path("lstmcast.toml").write_text(text)
    Path("lstmcast.toml").chmod(mode)


EVERY = 9  # of all options of all commands, a sample: they go the same way


def value_of(kind: str) -> str:
    """A value that an option takes, as TOML has it."""
    return {"": "true", "N": "3", "X": "0.5", "N,N": "[3]", "X,X": "[0.5]", "A,B": '["x"]'}.get(kind, '"x"')


def harmful() -> list[tuple[str, str, str]]:
    """Every command with each option that no stranger may set, and what it takes."""
    kinds = commands.Takes(Commands())
    found = [
        (command, key, kind)
        for command, options in kinds.items()
        for key, kind in options.items()
        if key not in settings.harmless()
    ]
    return found[::EVERY]


@pytest.mark.parametrize(("command", "key", "kind"), harmful(), ids=lambda word: word)
def test_no_stranger_sets_an_option(command: str, key: str, kind: str) -> None:
    arguments = ["x"] * {
        "guide": 0,
        "demo": 0,
        "check": 1,
        "train": 1,
        "info": 1,
        "export": 1,
        "compare": 3,
    }.get(command, 2)
    for line in (f"[{command}]\n{key} = {value_of(kind)}", f"{key} = {value_of(kind)}"):
        toml(line)
        said = lstmcast(command, *arguments)
        assert (said.code, said.out, said.err.count("\n")) == (2, "", 1), said
        for word in ("E_USAGE: lstmcast.toml, line", f"{key} is not taken", "every user may write it"):
            assert word in said.err
    if command == "demo":  # it would run its commands now, each with the same words
        return
    assert "is not taken" not in lstmcast(command, *arguments, "--config", "lstmcast.toml").err
    assert "is not taken" not in lstmcast(command, *arguments, "--no-config").err


def test_what_names_a_file_or_lifts_a_limit_is_not_harmless() -> None:
    for key in (
        "output",
        "log",
        "now",
        "as-of",
        "from",
        "config",
        "holidays",
        "exclude",
        "max-unpacked",
        "json",
    ):
        assert key not in settings.harmless()
    assert {"target", "time", "decimal", "dates", "missing", "tz"} <= settings.harmless()


def test_how_a_file_is_read_is_taken_and_said(history: Path) -> None:
    toml('dates = "year-first"\n[predict]\noutput = "x"')
    said = lstmcast("check", history)
    assert said.code == 0
    assert (
        "warning: lstmcast.toml decides how the file is read (dates), and every user may write it" in said.err
    )


def test_a_flag_wins_over_a_stranger(history: Path, model_file: Path, here: Path) -> None:
    toml('[predict]\noutput = "model.pkl"')
    assert lstmcast("predict", model_file, history, "-o", "forecast.csv").code == 0
    assert sorted(os.listdir(here)) == ["forecast.csv", "lstmcast.toml"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_a_file_or_a_link_of_somebody_else_is_a_strangers(history: Path) -> None:
    toml('target = "load"\nhidden = 3', 0o644)
    os.chown("lstmcast.toml", 12345, 0)
    assert "somebody else owns it" in lstmcast("train", history).err
    os.chown("lstmcast.toml", 0, 0)
    os.rename("lstmcast.toml", "other.toml")
    os.symlink("other.toml", "lstmcast.toml")
    os.chown("lstmcast.toml", 12345, 0, follow_symlinks=False)
    assert "somebody else made the link" in lstmcast("train", history).err
    Path("lstmcast.toml").unlink()
    toml('target = "load"\nhidden = 3', 0o664)
    assert "its group may write it" in lstmcast("train", history).err


def test_the_group_of_one_user_alone_is_no_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    users, groups = pytest.importorskip("pwd"), pytest.importorskip("grp")
    ours, other = (
        users.struct_passwd(("me", "", 7, 7, "", "", "")),
        groups.struct_group(("me", "", 7, ["you"])),
    )
    mine = groups.struct_group(("me", "", 7, []))
    monkeypatch.setattr(os, "geteuid", lambda: 7)
    monkeypatch.setattr(users, "getpwuid", lambda user: ours)
    status = os.stat_result((0o100664, 0, 0, 1, 7, 7, 0, 0, 0, 0))
    for group, doubt in ((mine, None), (other, "its group may write it")):
        monkeypatch.setattr(groups, "getgrgid", lambda number, group=group: group)
        assert system.why_untrusted(status) == doubt


def test_no_nightly_line_trusts_a_stranger(history: Path, model_file: Path) -> None:
    toml("")
    said = lstmcast("schedule", model_file, history)
    assert (said.code, said.out) == (2, "")
    assert "the nightly line would trust it" in said.err
    for flags, words in ((("--config", "lstmcast.toml"), "--config /"), (("--no-config",), " --no-config ")):
        said = lstmcast("schedule", model_file, history, *flags)
        assert said.code == 0
        assert words in said.out.splitlines()[1]


def test_a_nightly_line_reads_the_settings_that_were_named(
    history: Path, model_file: Path, here: Path
) -> None:
    Path("named.toml").write_text("")
    line = lstmcast("schedule", model_file, history, "--config", "named.toml").out.splitlines()[1]
    assert f"--config {here / 'named.toml'}" in line
