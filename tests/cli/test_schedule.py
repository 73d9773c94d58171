"""What schedule prints is what cron and systemd take: absolute, quoted their way, and nothing is installed."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lstmcast.cli.commands.schedule import program
from tests.command_line import PROJECT, lstmcast

AWKWARD = 'Müller\'s 100% $HOME "data" \\ x'


@pytest.fixture
def project(tmp_path: Path, history: Path, model_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a name that has to be quoted, in it a model and a file that was written as late as its last row."""
    folder = tmp_path / AWKWARD
    folder.mkdir()
    shutil.copy(model_file, folder / "m.pkl")
    shutil.copy(history, folder / "new.csv")
    last = datetime(2024, 1, 28, 23, tzinfo=UTC).timestamp()
    os.utime(folder / "new.csv", (last + 3600, last + 3600))
    monkeypatch.chdir(folder)
    return folder


def printed(*arguments: object) -> dict[str, Any]:
    """The document of schedule."""
    said = lstmcast("schedule", "--json", *arguments)
    assert (said.code, said.err) == (0, "")
    document: dict[str, Any] = json.loads(said.out)
    return document


def test_paths_are_absolute_wherever_it_is_asked(project: Path) -> None:
    words = printed("m.pkl", "new.csv", "--log", "log.csv", "--max-age", "26h")["command"]
    files = [f"{project}/m.pkl", f"{project}/new.csv", "--output", f"{project}/forecast.csv"]
    assert words[len(program()) :] == ["predict", *files, "--log", f"{project}/log.csv", "--max-age", "26h"]
    assert os.access(words[0], os.X_OK)
    assert sorted(os.listdir(project)) == ["m.pkl", "new.csv"]


@pytest.mark.parametrize(
    ("at", "line", "calendar"),
    [
        ("02:30", "30 2 * * * ", "02:30:00"),
        ("23:05", "5 23 * * * ", "23:05:00"),
        ("4:00", "0 4 * * * ", "04:00:00"),
    ],
)
def test_the_time_is_said_in_both_ways(at: str, line: str, calendar: str, project: Path) -> None:
    document = printed("m.pkl", "new.csv", "--at", at)
    assert document["crontab"].startswith(line)
    assert f"OnCalendar=*-*-* {calendar}\n" in document["lstmcast.timer"]


def shell_commands(document: dict[str, Any]) -> list[str]:
    """What cron hands to its shell, line by line."""
    lines = document["crontab"].splitlines()
    assert not any(re.search(r"(?<!\\)%", line) for line in lines)
    return [line.split(" ", 5)[5].replace("\\%", "%") for line in lines]


def test_cron_and_its_shell_give_back_every_awkward_name(project: Path) -> None:
    document = printed("m.pkl", "new.csv")
    nightly = shell_commands(document)[0].split(" && ", 1)[1].split(" >>")[0]
    told = subprocess.run(
        ["sh", "-c", f"printf '%s\\n' {nightly}"], capture_output=True, check=True, text=True
    )
    assert told.stdout.splitlines() == document["command"]


def unquoted(text: str) -> list[str]:
    """The words of an ExecStart as systemd reads them (systemd.service(5), systemd.syntax(7))."""
    words = re.findall(r'"((?:\\.|[^"\\])*)"|(\S+)', text)
    plain = [re.sub(r"\\(.)", r"\1", quoted) if quoted else bare for quoted, bare in words]
    return [word.replace("%%", "%").replace("$$", "$") for word in plain]


def test_systemd_gives_back_every_awkward_name(project: Path) -> None:
    document = printed("m.pkl", "new.csv")
    line = re.search(r"^ExecStart=(.*)$", document["lstmcast.service"], flags=re.MULTILINE)
    assert line is not None
    assert unquoted(line[1]) == document["command"]
    folder = re.search(r"^WorkingDirectory=(.*)$", document["lstmcast.service"], flags=re.MULTILINE)
    assert folder is not None
    assert folder[1].replace("%%", "%") == str(project)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd on this machine")
def test_systemd_finds_nothing_wrong(project: Path) -> None:
    document = printed("m.pkl", "new.csv")
    for name in ("lstmcast.service", "lstmcast.timer"):
        (project / name).write_text(document[name])
        done = subprocess.run(["systemd-analyze", "verify", project / name], capture_output=True, check=False)
        assert done.returncode == 0


def test_the_exit_codes_are_explained(project: Path) -> None:
    said = lstmcast("schedule", "m.pkl", "new.csv", "--at", "02:30")
    assert (said.code, said.err) == (0, "")
    for code in (0, 3, 4, 6, 8, 9, 10):
        assert f"# exit code {code}: " in said.out
    assert "clocks change" in said.out
    assert "clocks change" not in lstmcast("schedule", "m.pkl", "new.csv").out


def test_quiet_leaves_what_is_to_be_pasted(project: Path) -> None:
    said = lstmcast("schedule", "m.pkl", "new.csv", "-q")
    assert "#" not in said.out
    assert "[Timer]" in said.out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("m.pkl", "new.csv", "--at", "25:00"), 2),
        (("m.pkl", "new\n.csv"), 2),
        (("m.pkl", "-"), 2),
        (("m.pkl", "new.csv", "--", "--levl", "80"), 2),
        (("m.pkl", "new.csv", "--levl", "80"), 2),
        (("none.pkl", "new.csv"), 4),
        (("m.pkl", "none.csv"), 3),
        (("m.pkl", "new.csv", "--max-age", "old"), 2),
    ],
)
def test_what_no_night_can_run_is_refused(arguments: tuple[str, ...], code: int, project: Path) -> None:
    said = lstmcast("schedule", *arguments)
    assert (said.code, said.out, said.err.count("\n")) == (code, "", 1)


def test_options_of_predict_are_passed_on(project: Path) -> None:
    words = printed("m.pkl", "new.csv", "--", "--level", "80,95", "--strict", "--future", "coming.csv")[
        "command"
    ]
    assert words[words.index("--level") + 1] == "80,95"
    assert "--strict" in words
    assert words[words.index("--future") + 1] == f"{project}/coming.csv"


def test_the_age_is_the_files_delay_two_steps_and_a_day(project: Path) -> None:
    words = printed("m.pkl", "new.csv")["command"]
    assert words[words.index("--max-age") + 1] == "27h"


def test_a_dead_file_is_warned_of_and_the_nightly_line_refuses_it(project: Path) -> None:
    os.utime(project / "new.csv")
    said = lstmcast("schedule", "m.pkl", "new.csv", "--json")
    assert said.code == 0
    assert "exit 10" in said.err
    words = json.loads(said.out)["command"]
    assert lstmcast(*words[len(program()) :]).code == 10


def test_the_week_has_a_refresh_and_with_a_ledger_a_score(project: Path) -> None:
    assert [" refresh " in line for line in shell_commands(printed("m.pkl", "new.csv"))] == [False, True]
    logged = shell_commands(printed("m.pkl", "new.csv", "--log", "f.csv"))
    assert " score " in logged[2]


def test_the_weekly_lines_look_at_the_settings_of_the_nightly_one(project: Path) -> None:
    settings = project / "lstmcast.toml"
    settings.write_text("[predict]\nlevel = 80\n")
    lines = shell_commands(printed("m.pkl", "new.csv", "--log", "f.csv"))
    assert all(f"--config {shlex.quote(str(settings))}" in line for line in lines)
    lines = shell_commands(printed("m.pkl", "new.csv", "--log", "f.csv", "--no-config"))
    assert len(lines) == 3
    assert all("--no-config" in line for line in lines)


def test_the_printed_line_does_at_night_what_the_typed_one_does_here(project: Path, tmp_path: Path) -> None:
    (project / "lstmcast.toml").write_text("[predict]\nlevel = [80, 95]\nlog = 'ledger.csv'\n")
    now = ("--now", "2024-01-29T01:00")
    line = shell_commands(printed("m.pkl", "new.csv", "--", *now, "--max-age", "27h"))[0]
    home = tmp_path / "home"
    home.mkdir()
    env = {"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(["/bin/sh", "-c", line], cwd=home, env=env, check=False)
    assert done.returncode == 0
    at_night = (project / "forecast.csv").read_bytes(), (project / "ledger.csv").read_bytes()
    for name in ("forecast.csv", "ledger.csv"):
        (project / name).unlink()
    assert lstmcast("predict", "m.pkl", "new.csv", "-o", "forecast.csv", "--max-age", "27h", *now).code == 0
    assert at_night == ((project / "forecast.csv").read_bytes(), (project / "ledger.csv").read_bytes())
    assert b"lo_95" in at_night[0]
    assert not any(home.iterdir())
    late = shell_commands(printed("m.pkl", "new.csv", "--", "--now", "2024-03-01T00:00", "--max-age", "27h"))[
        0
    ]
    assert subprocess.run(["/bin/sh", "-c", late], cwd=home, env=env, check=False).returncode == 10


def test_variables_of_the_environment_become_options(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSTMCAST_PREDICT_LEVEL", "50")
    words = printed("m.pkl", "new.csv")["command"]
    assert words[words.index("--level") + 1] == "50"


def test_a_file_of_which_nobody_knows_when_it_was_written_is_3(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: str) -> float:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("lstmcast.cli.commands.schedule.os.path.getmtime", fail)
    said = lstmcast("schedule", "m.pkl", "new.csv")
    assert (said.code, said.out) == (3, "")
    assert "give --max-age" in said.err
    assert lstmcast("schedule", "m.pkl", "new.csv", "--max-age", "26h").code == 0
