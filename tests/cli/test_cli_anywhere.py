"""The same bytes from everywhere: without an environment, without HOME, in another locale and time zone, from /."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import PROJECT, lstmcast
from tests.conftest import QUICK, hourly_rows, write_csv

TARGET = "Last°C ☃"

RUNNER = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from tests.command_line import lstmcast
for line in sys.stdin:
    said = lstmcast(*json.loads(line))
    print(json.dumps([said.code, said.out, said.err]))
"""

ENVIRONMENTS: dict[str, dict[str, str]] = {
    "nothing": {},
    "Kolkata": {"TZ": "Asia/Kolkata", "LC_ALL": "C", "HOME": "/nowhere"},
}
ENDS = [0, 0, 0, 0, 0, 0, 4, 2]

Everything = tuple[list[list[Any]], dict[str, bytes]]


def command_lines(folder: Path) -> list[list[str]]:
    """One of each command, and two that fail; all they write goes to the folder."""
    data, model = str(folder / "Käse.csv"), str(folder / "model.pkl")
    given = ["--target", TARGET, "--known", "sky", "--tz", "Europe/Helsinki", *QUICK[2:], "-v"]
    return [
        ["train", data, *given, "-o", model],
        ["predict", model, data, "-v"],
        ["predict", model, data, "--json", "-o", str(folder / "forecast.json")],
        ["evaluate", model, data, "--stride", "24", "-o", str(folder / "singles.csv")],
        ["info", model],
        ["template", model, data, "-o", str(folder / "coming.csv")],
        ["predict", "absent.pkl", data],
        ["nonsense"],
    ]


def files(folder: Path) -> dict[str, bytes]:
    """What stands in the folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with local stamps that go over a change to summer time, and columns known for a day more."""
    path = tmp_path_factory.mktemp("anywhere")
    rows = [
        f"{row},{'sun' if i % 5 else 'rain'}" for i, row in enumerate(hourly_rows(24 * 24, start=24 * 74))
    ]
    rows = [row for row in rows if not row.startswith("2024-03-31 03")]
    rows += [f"2024-04-08 {hour:02d}:00:00,,sun" for hour in range(24)]
    write_csv(path / "Käse.csv", rows, f"time,{TARGET},sky")
    return path


@pytest.fixture(scope="module")
def expected(folder: Path) -> Everything:
    """What the commands say and write in this process."""
    said = [lstmcast(*words) for words in command_lines(folder)]
    return [[one.code, one.out, one.err] for one in said], files(folder)


def test_the_commands_do_what_they_are_here_for(expected: Everything) -> None:
    said, written = expected
    assert [code for code, *_ in said] == ENDS, said
    assert set(written) == {"Käse.csv", "model.pkl", "forecast.json", "singles.csv", "coming.csv"}
    assert "2024-04-08 00:00:00," in said[1][1]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_command_says_and_writes_the_same_in_any_environment(
    name: str, folder: Path, expected: Everything
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUNNER, str(PROJECT)],
        input="".join(json.dumps(words) + "\n" for words in command_lines(folder)).encode(),
        capture_output=True,
        env=ENVIRONMENTS[name],
        cwd=os.sep,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert (said, files(folder)) == expected
