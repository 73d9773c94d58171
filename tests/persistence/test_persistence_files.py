"""A file is replaced whole or not at all, whatever fails and whenever the writer dies."""

from __future__ import annotations

import ast
import errno
import fcntl
import os
import random
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcast import persistence
from lstmcast.core.errors import BusyError, DataError, ModelFileError, OutputError
from tests.command_line import PROJECT, lstmcast
from tests.conftest import QUICK, hourly_rows, write_csv

CALLS = [
    *(
        (os, name)
        for name in ("open", "close", "write", "pread", "fsync", "replace", "unlink", "stat", "lstat")
    ),
    *((os, name) for name in ("fstat", "fchmod", "fchown", "scandir", "access")),
    (fcntl, "flock"),
]


@contextmanager
def faults(fails: Callable[[int, str], int]) -> Iterator[list[str]]:
    """Every system call of a writer asks `fails(number, name)` for an errno first; gives the calls made."""
    made: list[str] = []

    def faulty(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            made.append(name)
            code = fails(len(made) - 1, name)
            if code and name == "close":
                real(*arguments, **named)  # a close that fails has closed all the same
            if code:
                raise OSError(code, os.strerror(code))
            return real(*arguments, **named)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for module, name in CALLS:
            patch.setattr(module, name, faulty(name, getattr(module, name)))
        yield made


def outcome(path: Path, new: bytes) -> str:
    """What became of writing `new`: the error's message, or nothing."""
    try:
        persistence.replace_file(path, new)
    except OutputError as error:
        return str(error)
    return ""


def check_fault(folder: Path, fails: Callable[[int, str], int]) -> None:
    """Writes once with faults: the file is old, or whole and new; then once without: no litter is left."""
    path = folder / "model.pkl"
    path.write_bytes(b"old")
    with faults(fails):
        message = outcome(path, b"new")
    assert message.isprintable()
    told_as_new = not message or "was replaced and is whole" in message
    assert path.read_bytes() == (b"new" if told_as_new else b"old"), message
    persistence.replace_file(path, b"newer")
    assert os.listdir(folder) == ["model.pkl"]
    assert path.read_bytes() == b"newer"


@pytest.fixture
def calls(tmp_path: Path) -> list[str]:
    """The system calls of one replacement, in order."""
    (tmp_path / "dry").mkdir()
    (tmp_path / "dry" / "model.pkl").write_bytes(b"old")
    with faults(lambda number, name: 0) as made:
        persistence.replace_file(tmp_path / "dry" / "model.pkl", b"new")
    return made


def test_a_file_is_flushed_and_read_back_before_it_is_moved_and_its_folder_flushed_after(
    calls: list[str],
) -> None:
    order = [name for name in calls if name in ("write", "fsync", "pread", "replace")]
    assert order == ["write", "fsync", "pread", "replace", "fsync"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_any_system_call_that_fails_leaves_the_old_file_or_the_new(
    code: int, calls: list[str], tmp_path: Path
) -> None:
    assert {"open", "write", "fsync", "pread", "replace", "fchmod", "flock", "scandir"} <= set(calls)
    folder = tmp_path / "faults"
    folder.mkdir()
    for failing, failing_name in enumerate(calls):
        check_fault(folder, lambda number, name, at=failing: code * (number == at))
        check_fault(folder, lambda number, name, at=failing: code * (number >= at))
        check_fault(
            folder,
            lambda number, name, at=failing, called=failing_name: code * (number >= at and name == called),
        )


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_a_call_that_fails_once_leaves_no_litter_even_before_the_next_run(
    code: int, calls: list[str], tmp_path: Path
) -> None:
    folder = tmp_path / "faults"
    folder.mkdir()
    path = folder / "model.pkl"
    for failing in range(len(calls)):
        path.write_bytes(b"old")
        with faults(lambda number, name, at=failing: code * (number == at)):
            outcome(path, b"new")
        assert os.listdir(folder) == ["model.pkl"], (failing, calls[failing])


def test_writing_fails_with_the_cause_and_what_to_do(tmp_path: Path) -> None:
    causes = {
        errno.ENOSPC: "disk is full; free",
        errno.EROFS: "read-only; name",
        errno.EACCES: "no permission",
    }
    for code, words in causes.items():
        with faults(lambda number, name, code=code: code * (name == "write" or name == "fchmod")):
            assert words in outcome(tmp_path / "model.pkl", b"new")


def test_an_error_after_the_move_says_that_the_file_is_new(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(b"old")
    moved: list[str] = []

    def fails(_: int, name: str) -> int:
        moved.append(name)
        return errno.EIO * (name == "fsync" and "replace" in moved)

    with faults(fails):
        message = outcome(path, b"new")
    assert "was replaced and is whole" in message
    assert path.read_bytes() == b"new"


def test_a_file_system_that_flushes_no_folders_is_no_error(tmp_path: Path) -> None:
    moved: list[str] = []

    def fails(_: int, name: str) -> int:
        moved.append(name)
        return errno.EINVAL * (name == "fsync" and "replace" in moved)

    with faults(fails):
        assert outcome(tmp_path / "model.pkl", b"new") == ""


def test_partial_writes_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, bytes(data[:7])))
    data = bytes(range(256)) * 3
    persistence.replace_file(tmp_path / "model.pkl", data)
    assert (tmp_path / "model.pkl").read_bytes() == data


def test_a_disk_that_gives_back_other_bytes_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "pread", lambda descriptor, length, place: b"nex")
    assert "other bytes" in outcome(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["model.pkl"]


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1])
def test_files_of_every_size_are_written(size: int, tmp_path: Path) -> None:
    persistence.replace_file(tmp_path / "model.pkl", b"x" * size)
    assert (tmp_path / "model.pkl").read_bytes() == b"x" * size


def test_text_is_written_as_utf_8(tmp_path: Path) -> None:
    persistence.write_text(tmp_path / "forecast.csv", "time,é\n")
    assert (tmp_path / "forecast.csv").read_bytes() == "time,é\n".encode()


def test_a_text_that_comes_in_parts_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "singles.csv"
    persistence.write_texts(path, (f"é{number}\n" for number in range(3)))
    assert path.read_text(encoding="utf-8") == "é0\né1\né2\n"

    def broken() -> Iterator[str]:
        yield "new"
        raise DataError("the second part cannot be made")

    with pytest.raises(DataError):
        persistence.write_texts(path, broken())
    assert path.read_text(encoding="utf-8") == "é0\né1\né2\n"
    assert os.listdir(tmp_path) == ["singles.csv"]


def test_a_symlink_stays_a_symlink(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link, real = tmp_path / "model.pkl", tmp_path / "there" / "model-1.pkl"
    link.symlink_to("there/model-1.pkl")
    persistence.replace_file(link, b"through a dangling link")
    assert real.read_bytes() == b"through a dangling link"
    persistence.replace_file(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert os.listdir(real.parent) == ["model-1.pkl"]


def test_a_symlink_survives_a_failing_disk(tmp_path: Path) -> None:
    real, link = tmp_path / "real.pkl", tmp_path / "model.pkl"
    real.write_bytes(b"old")
    link.symlink_to(real)
    with faults(lambda number, name: errno.EIO * (name == "lstat")):
        assert "cannot write" in outcome(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"old"


def test_permissions_of_an_old_file_are_kept_and_new_ones_follow_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    before = os.umask(0o027)
    try:
        persistence.replace_file(path, b"new")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o606)
        persistence.replace_file(path, b"newer")
        assert stat.S_IMODE(path.stat().st_mode) == 0o606
    finally:
        os.umask(before)


def test_a_private_file_is_never_open_to_others_while_it_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(b"old")
    path.chmod(0o600)
    modes: list[int] = []
    fchmod = os.fchmod
    monkeypatch.setattr(
        os,
        "fchmod",
        lambda descriptor, mode: (modes.append(os.fstat(descriptor).st_mode), fchmod(descriptor, mode)),
    )
    persistence.replace_file(path, b"new")
    assert modes
    assert not any(mode & 0o077 for mode in modes)


def unwritable(folder: Path) -> dict[str, tuple[Path, str]]:
    """Places where no file can be written, with a word of what is said of each."""
    (folder / "folder").mkdir()
    (folder / "file").write_bytes(b"x")
    (folder / "loop").symlink_to(folder / "loop")
    os.mkfifo(folder / "fifo")
    return {
        "folder": (folder / "folder", "is a folder"),
        "absent folder": (folder / "absent" / "model.pkl", "folder does not exist; create"),
        "below a file": (folder / "file" / "model.pkl", "is no folder"),
        "loop": (folder / "loop", "circle"),
        "fifo": (folder / "fifo", "pipe or a device"),
        "device": (Path("/dev/full"), "pipe or a device"),
        "no real disk": (Path("/proc/model.pkl"), "cannot write"),
        "long name": (folder / ("m" * 300), "too long"),
        "NUL": (Path(f"{folder}/a\0b"), "null"),
        "escape codes": (folder / "\x1b[2J" / "a\nb.pkl", r"\x1b[2J/a\nb.pkl: its folder does not exist"),
    }


def test_places_that_cannot_be_written_are_told_by_writer_and_probe(tmp_path: Path) -> None:
    for name, (path, words) in unwritable(tmp_path).items():
        for attempt in (
            lambda at=path: persistence.replace_file(at, b"x"),
            lambda at=path: persistence.probe_folder(at),
        ):
            with pytest.raises(OutputError) as caught:
                attempt()
            assert words in str(caught.value), name
            assert str(caught.value).isprintable(), name
            assert caught.value.exit_code == 8


def test_a_read_only_file_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.pkl").write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # as root may write everything
    assert "read-only" in outcome(tmp_path / "model.pkl", b"new")
    assert (tmp_path / "model.pkl").read_bytes() == b"old"


def test_the_probe_changes_nothing(tmp_path: Path) -> None:
    persistence.probe_folder(tmp_path / "model.pkl")
    assert os.listdir(tmp_path) == []
    (tmp_path / "model.pkl").write_bytes(b"old")
    persistence.probe_folder(tmp_path / "model.pkl")
    assert (tmp_path / "model.pkl").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["model.pkl"]


def test_the_probe_finds_a_full_disk(tmp_path: Path) -> None:
    with (
        faults(lambda number, name: errno.ENOSPC * (name == "write")),
        pytest.raises(OutputError, match="disk is full"),
    ):
        persistence.probe_folder(tmp_path / "model.pkl")
    assert os.listdir(tmp_path) == []


def test_litter_is_swept_but_not_the_file_of_a_living_writer_nor_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = tmp_path / ".lstmcast-0123456789abcdef.tmp"
    others = {".lstmcast-mine.tmp", "model.tmp", ".lstmcast-0123456789abcdef.tmp.old"}
    for name in others:
        (tmp_path / name).write_bytes(b"not ours")
    dead.write_bytes(b"half a mod")
    fsync = os.fsync
    seen: list[list[str]] = []

    def sweeping(descriptor: int) -> None:
        fsync(descriptor)
        persistence.sweep(tmp_path)
        seen.append(os.listdir(tmp_path))

    monkeypatch.setattr(os, "fsync", sweeping)
    persistence.replace_file(tmp_path / "model.pkl", b"new")
    assert {*os.listdir(tmp_path)} == others | {"model.pkl"}
    assert len(set(seen[0]) - others) == 1, "the living writer's own file"


def test_a_writer_whose_file_was_swept_before_it_was_locked_makes_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock, swept = fcntl.flock, []

    def late(descriptor: int, operation: int) -> None:
        if operation == fcntl.LOCK_EX and not swept:
            swept.append(True)
            persistence.sweep(tmp_path)
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    persistence.replace_file(tmp_path / "model.pkl", b"new")
    assert swept
    assert os.listdir(tmp_path) == ["model.pkl"]


def test_files_open_to_everybody_are_warned_of(tmp_path: Path) -> None:
    folder, path = tmp_path / "open", tmp_path / "open" / "model.pkl"
    folder.mkdir()
    path.write_bytes(b"x")
    folder.chmod(0o755)
    path.chmod(0o644)
    assert persistence.permission_warning(path) is None
    path.chmod(0o646)
    assert "model.pkl can be changed by every user" in (persistence.permission_warning(path) or "")
    path.chmod(0o644)
    folder.chmod(0o777)
    assert "open can be changed by every user" in (persistence.permission_warning(path) or "")
    link = tmp_path / "link.pkl"
    link.symlink_to(path)
    assert "open can be changed by every user" in (persistence.permission_warning(link) or "")
    folder.chmod(0o1777)  # as /tmp: others may not replace our file
    assert persistence.permission_warning(path) is None
    assert persistence.permission_warning(tmp_path / "absent" / "model.pkl") is None


SOURCE = str(PROJECT)
WRITER = """
import sys
from lstmcast import persistence
contents = [open(name, "rb").read() for name in sys.argv[2:]]
print("ready", flush=True)
while True:
    for data in contents:
        with persistence.lock(sys.argv[1]):
            persistence.replace_file(sys.argv[1], data)
"""


def started(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A process that runs `code`, once it has said that it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": SOURCE},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_killed_writer_leaves_a_whole_file_and_the_next_run_no_litter(tmp_path: Path) -> None:
    choose = random.Random(0)
    sources = []
    for number in range(2):
        arrays = {"w": np.full(200_000, float(number))}
        sources.append(tmp_path / f"source-{number}")
        persistence.write(sources[-1], {"number": number}, arrays)
    folder = tmp_path / "models"
    folder.mkdir()
    path = folder / "model.pkl"
    persistence.replace_file(path, sources[0].read_bytes())
    for _ in range(10):
        process = started(WRITER, path, *sources)
        end = time.monotonic() + choose.uniform(0, 0.1)
        while time.monotonic() < end:
            document, arrays = persistence.read(path)  # raises when it is torn or missing
            assert arrays["w"][0] == document["number"]
        process.kill()
        process.wait()
        assert persistence.read(path)[0]["number"] in (0, 1)
        with persistence.lock(path):
            assert {*os.listdir(folder)} <= {"model.pkl", "model.pkl.lock"}
        assert os.listdir(folder) == ["model.pkl"]


HOLDER = """
import sys, time
from lstmcast import persistence
with persistence.lock(sys.argv[1]):
    print("ready", flush=True)
    time.sleep(60)
"""


def test_a_second_run_is_busy_until_the_first_dies(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    process = started(HOLDER, path)
    with pytest.raises(BusyError, match=r"model\.pkl; .*--wait") as caught, persistence.lock(path):
        pass
    assert caught.value.exit_code == 9
    process.kill()
    process.wait()
    with persistence.lock(path):
        pass
    assert os.listdir(tmp_path) == []


def test_a_run_that_waits_gets_the_lock_when_it_is_free(tmp_path: Path) -> None:
    path, order = tmp_path / "model.pkl", []

    def second() -> None:
        with persistence.lock(path, wait=10):
            order.append("second")

    with persistence.lock(path):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.3)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]
    assert os.listdir(tmp_path) == []


def test_many_runs_that_wait_never_hold_the_lock_together(tmp_path: Path) -> None:
    path, holders, most = tmp_path / "model.pkl", [], []

    def run() -> None:
        for _ in range(5):
            with persistence.lock(path, wait=20):
                holders.append(1)
                most.append(len(holders))
                time.sleep(0.002)
                holders.pop()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert most == [1] * 20


def test_a_lock_file_that_was_removed_while_it_was_opened_is_not_taken_for_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, flock, removed = tmp_path / "model.pkl", fcntl.flock, []

    def late(descriptor: int, operation: int) -> None:
        if not removed:
            removed.append(True)
            os.unlink(tmp_path / "model.pkl.lock")  # as the run before does at its end
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with persistence.lock(path), pytest.raises(BusyError), persistence.lock(path):
        pass
    assert removed


def test_a_link_and_its_file_share_one_lock(tmp_path: Path) -> None:
    (tmp_path / "link.pkl").symlink_to(tmp_path / "model.pkl")
    with (
        persistence.lock(tmp_path / "model.pkl"),
        pytest.raises(BusyError),
        persistence.lock(tmp_path / "link.pkl"),
    ):
        pass


def test_a_lock_sweeps_and_is_free_after_an_error(tmp_path: Path) -> None:
    (tmp_path / ".lstmcast-0123456789abcdef.tmp").write_bytes(b"half a mod")
    with suppress(KeyError), persistence.lock(tmp_path / "model.pkl"):
        assert os.listdir(tmp_path) == ["model.pkl.lock"]
        raise KeyError
    assert os.listdir(tmp_path) == []


def test_a_lock_that_cannot_be_made_is_an_output_error(tmp_path: Path) -> None:
    for path in (tmp_path / "absent" / "model.pkl", Path(f"{tmp_path}/a\0b")):
        with pytest.raises(OutputError, match="cannot write"), persistence.lock(path):
            pass
    with (
        faults(lambda number, name: errno.ENOLCK * (name == "flock")),
        pytest.raises(OutputError, match="cannot write"),
        persistence.lock(tmp_path / "model.pkl"),
    ):
        pass


def test_a_file_that_grows_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.pkl"
    persistence.write(path, {}, {})
    fstat = os.fstat

    def growing(descriptor: int) -> os.stat_result:
        status = fstat(descriptor)
        with open(path, "ab") as file:
            file.write(b"more")
        return status

    monkeypatch.setattr(os, "fstat", growing)
    with pytest.raises(ModelFileError, match="changed while it was read"):
        persistence.read(path)


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
@pytest.mark.parametrize("command", ["train", "predict", "evaluate", "template"])
def test_a_command_that_cannot_write_ends_with_8_and_leaves_what_was_there(
    command: str, call: str, known_ahead: tuple[Path, Path], tmp_path: Path
) -> None:
    model, data = known_ahead
    output = tmp_path / "out"
    output.write_bytes(b"before")
    arguments = {
        "train": [data, "--target", "load", "--steps", "2", "--lookback", "48", "--hidden", "4"],
        "evaluate": [model, data, "--stride", "96"],
    }.get(command, [model, data])
    for code in (errno.ENOSPC, errno.EIO, errno.EACCES):
        with faults(lambda number, name, code=code: code * (name == call)):
            said = lstmcast(command, *arguments, "-o", output)
        assert (said.code, said.err.count("\n")) == (8, 1), said
        assert said.err.startswith(f"lstmcast: E_OUTPUT: cannot write {output}: ")
        assert output.read_bytes() == b"before"
        assert set(os.listdir(tmp_path)) == {"out"}


@pytest.fixture(scope="module")
def known_ahead(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model with a column known ahead, and the file it was trained on, which goes on for a day."""
    folder = tmp_path_factory.mktemp("known")
    rows = [f"{row},{i % 2}" for i, row in enumerate(hourly_rows(20 * 24))]
    coming = [f"2024-01-21 {hour:02d}:00:00,,1" for hour in range(24)]
    data = write_csv(folder / "data.csv", rows + coming, "time,load,open")
    said = lstmcast("train", data, *QUICK, "--known", "open", "-q", "-o", folder / "model.pkl")
    assert said.code == 0, said
    return folder / "model.pkl", data


def test_no_room_but_persistence_writes_a_file() -> None:
    """What is promised of a writer is promised of all; only the report of a bug and scratch rows go elsewhere."""
    writers = {"mkstemp", "write_text", "write_bytes", "to_csv", "savez", "tofile", "NamedTemporaryFile"}
    found = set()
    for path in sorted((PROJECT / "lstmcast").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and path.parent.name != "persistence":
                name = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
                is_ours = (
                    isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "persistence"
                )
                mode = ast.unparse(node.args[1]) if name == "open" and len(node.args) > 1 else ""
                if (name in writers and not is_ours) or {"'w'", "'wb'", "'a'", "'x'"} & {mode}:
                    found.add(path.name)
    assert found == {"boundary.py", "slices.py"}  # slices: rows of groups, in a folder that goes with the run
