"""What schedule prints is what cron and systemd take: absolute, quoted their way, and nothing is installed."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from lstmcast.cli.commands.schedule import program
from tests.command_line import lstmcast

AWKWARD = 'Müller\'s 100% $HOME "data" \\ x'


def printed(*arguments: object) -> dict[str, str]:
    """The document of schedule."""
    said = lstmcast("schedule", *arguments, "--json")
    assert (said.code, said.err) == (0, "")
    return json.loads(said.out)


def test_paths_are_absolute_wherever_it_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = printed("model.pkl", "new.csv", "--log", "log.csv")["command"]
    assert words[len(program()) :] == [
        "predict",
        f"{tmp_path}/model.pkl",
        f"{tmp_path}/new.csv",
        "--output",
        f"{tmp_path}/forecast.csv",
        "--log",
        f"{tmp_path}/log.csv",
    ]
    assert all(os.path.isabs(word) for word in (words[0], *words[len(program()) + 1 :: 2][:1]))
    assert os.access(words[0], os.X_OK)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("at", "line", "calendar"),
    [
        ("02:30", "30 2 * * * ", "02:30:00"),
        ("23:05", "5 23 * * * ", "23:05:00"),
        ("4:00", "0 4 * * * ", "04:00:00"),
    ],
)
def test_the_time_is_said_in_both_ways(at: str, line: str, calendar: str) -> None:
    document = printed("m.pkl", "new.csv", "--at", at)
    assert document["crontab"].startswith(line)
    assert f"OnCalendar=*-*-* {calendar}\n" in document["lstmcast.timer"]


def test_cron_and_its_shell_give_back_every_awkward_name(tmp_path: Path) -> None:
    folder = tmp_path / AWKWARD
    document = printed(folder / "model.pkl", folder / "new.csv")
    line = document["crontab"].rstrip("\n")
    assert not re.search(r"(?<!\\)%", line)
    command = line.split(" ", 5)[5].replace("\\%", "%")  # what cron does before it calls the shell
    assert shlex.split(command) == document["command"]
    told = subprocess.run(
        ["sh", "-c", f"printf '%s\\n' {command}"], capture_output=True, check=True, text=True
    )
    assert told.stdout.splitlines() == document["command"]


def unquoted(text: str) -> list[str]:
    """The words of an ExecStart as systemd reads them (systemd.service(5), systemd.syntax(7))."""
    words = re.findall(r'"((?:\\.|[^"\\])*)"|(\S+)', text)
    plain = [re.sub(r"\\(.)", r"\1", quoted) if quoted else bare for quoted, bare in words]
    return [word.replace("%%", "%").replace("$$", "$") for word in plain]


def test_systemd_gives_back_every_awkward_name(tmp_path: Path) -> None:
    folder = tmp_path / AWKWARD
    document = printed(folder / "model.pkl", folder / "new.csv")
    line = re.search(r"^ExecStart=(.*)$", document["lstmcast.service"], flags=re.MULTILINE)
    assert line is not None
    assert unquoted(line[1]) == document["command"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd on this machine")
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    document = printed("m.pkl", "new.csv")
    for name in ("lstmcast.service", "lstmcast.timer"):
        (tmp_path / name).write_text(document[name])
        done = subprocess.run(
            ["systemd-analyze", "verify", tmp_path / name], capture_output=True, check=False
        )
        assert done.returncode == 0


def test_the_exit_codes_are_explained() -> None:
    said = lstmcast("schedule", "m.pkl", "new.csv", "--at", "02:30")
    assert (said.code, said.err) == (0, "")
    for code in (0, 3, 4, 6, 8, 9, 10):
        assert f"# exit code {code}: " in said.out
    assert "clocks change" in said.out
    assert "clocks change" not in lstmcast("schedule", "m.pkl", "new.csv").out


def test_quiet_leaves_what_is_to_be_pasted() -> None:
    said = lstmcast("schedule", "m.pkl", "new.csv", "-q")
    assert "#" not in said.out
    assert "[Timer]" in said.out


@pytest.mark.parametrize(
    "arguments", [("m.pkl", "new.csv", "--at", "25:00"), ("m.pkl", "new\n.csv"), ("m.pkl", "-")]
)
def test_what_no_night_can_run_is_refused(arguments: tuple[str, ...]) -> None:
    said = lstmcast("schedule", *arguments)
    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)


def test_the_printed_command_makes_the_forecast(history: Path, model_file: Path, tmp_path: Path) -> None:
    output = tmp_path / "to night.csv"
    words = printed(model_file, history, "-o", output)["command"]
    said = lstmcast(*words[len(program()) :])
    assert (said.code, said.err) == (0, "")
    assert output.read_text() == lstmcast("predict", model_file, history).out
