"""Where fcntl and other calls of Unix are absent every command works, and two runs keep out of each other's way."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import PROJECT
from tests.conftest import QUICK, hourly_rows, write_csv

SYSTEMS = {
    "none": "other_systems.without_unix()",
    "windows": "other_systems.as_windows(Path(sys.argv[1]))",
}
START = """
import sys
from pathlib import Path
from tests.persistence import other_systems
{system}
from lstmcast.__main__ import run
"""
NIGHT = (
    START
    + """
for line in sys.stdin.read().splitlines():
    code = run(line.split("|"))
    if code:
        raise SystemExit(f"{{line}} ended with {{code}}")
"""
)
HOLDER = (
    START
    + """
import time
from lstmcast import persistence
with persistence.lock(sys.argv[2]):
    print("held", flush=True)
    time.sleep(60)
"""
)


def started(code: str, system: str, *arguments: object, stdin: str = "") -> subprocess.Popen[str]:
    """A process of such a system."""
    process = subprocess.Popen(
        [sys.executable, "-c", code.format(system=SYSTEMS[system]), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
    )
    assert process.stdin is not None
    process.stdin.write(stdin)
    process.stdin.close()
    return process


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """A folder for the locks of the system, and one for the work."""
    (tmp_path / "locks").mkdir()
    (tmp_path / "work").mkdir()
    return tmp_path / "locks", tmp_path / "work"


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_command_of_a_night_works_without_the_calls_of_unix(
    system: str, places: tuple[Path, Path]
) -> None:
    locks, work = places
    data = write_csv(work / "d.csv", hourly_rows(28 * 24))
    newer = write_csv(work / "newer.csv", hourly_rows(31 * 24))
    model, ledger = work / "m.pkl", work / "ledger.csv"
    lines = [
        ["train", data, *QUICK, "-o", model],
        ["predict", model, data, "-o", work / "f.csv", "--log", ledger],
        ["predict", model, data, "-o", work / "f.csv", "--log", ledger],
        ["info", model],
        ["refresh", model, newer, "--always"],
        ["refresh", model, "--rollback"],
        ["score", ledger, newer],
    ]
    process = started(NIGHT, system, locks, stdin="\n".join("|".join(map(str, line)) for line in lines))
    assert process.stderr is not None
    assert process.wait(120) == 0, process.stderr.read()
    assert sorted(os.listdir(work)) == ["d.csv", "f.csv", "ledger.csv", "m.pkl", "newer.csv"]
    assert len(ledger.read_text().splitlines()) == 1 + 2 * 24


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_second_run_is_busy_until_the_first_dies_there_too(system: str, places: tuple[Path, Path]) -> None:
    locks, work = places
    data = write_csv(work / "d.csv", hourly_rows(28 * 24))
    holder = started(HOLDER, system, locks, work / "m.pkl")
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    line = "|".join(map(str, ["train", data, *QUICK, "-o", work / "m.pkl"]))
    second = started(NIGHT, system, locks, stdin=line)
    assert second.stderr is not None
    assert "another run is writing" in second.stderr.read()
    second.wait(60)
    holder.kill()
    holder.wait()
    third = started(NIGHT, system, locks, stdin=f"{line}|--wait|5s")
    assert third.stderr is not None
    assert third.wait(60) == 0, third.stderr.read()
    assert sorted(os.listdir(work)) == ["d.csv", "m.pkl"]


def test_only_one_file_knows_an_operating_system() -> None:
    names = {"fcntl", "msvcrt", "pwd", "grp", "resource", "termios", "platform"}
    calls = {
        "getuid",
        "geteuid",
        "fchmod",
        "fchown",
        "pread",
        "uname",
        "statvfs",
        "getxattr",
        "fork",
        "umask",
    }
    found = set()
    for path in sorted((PROJECT / "lstmcast").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            imported = {alias.name for alias in node.names} if isinstance(node, ast.Import) else set()
            of_name = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
            called = ast.unparse(node) if of_name else ""
            of_os = called.removeprefix("os.") if called.startswith("os.") else ""
            is_flag = of_os.startswith("O_") and of_os not in ("O_RDONLY", "O_WRONLY", "O_RDWR")
            if imported & names or of_os in calls | {"name"} or is_flag or called == "sys.platform":
                found.add(path.name)
    assert found == {"system.py"}
