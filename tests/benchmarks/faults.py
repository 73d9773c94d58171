"""System calls that fail, one after the other, in every command that writes; and refreshes that are killed at each.

    python -m tests.benchmarks.faults [SECONDS]

Each command is run once untouched, and every call that it makes on a file of its folder is counted. Then it is run
again for each of them, and that one call fails: with an error that such a call can give. After each run every file
must be whole, as it was before or as an untouched run leaves it (a new one may be empty); nothing of ours may lie
about; the exit code is one of those that are documented, and 0 only where all is done. A refresh is then killed before
each call of its replacement.
"""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from lstmcast import persistence
from lstmcast.persistence import system
from tests.command_line import Said, lstmcast
from tests.fuzzed import restored

ERRORS = {
    "open": (errno.EACCES, errno.EMFILE, errno.EIO, errno.ENOSPC),
    "write": (errno.ENOSPC, errno.EIO, errno.EDQUOT),
    "read": (errno.EIO,),
    "pread": (errno.EIO,),
    "fsync": (errno.EIO, errno.ENOSPC),
    "replace": (errno.EACCES, errno.EIO, errno.ENOSPC),
    "rename": (errno.EIO,),
    "link": (errno.EPERM, errno.EMLINK, errno.ENOSPC),
    "unlink": (errno.EACCES, errno.EIO),
    "stat": (errno.EACCES, errno.EIO),
    "lstat": (errno.EACCES, errno.EIO),
    "fstat": (errno.EIO,),
    "ftruncate": (errno.EIO, errno.ENOSPC),
    "access": (errno.EIO,),
    "listdir": (errno.EACCES, errno.EIO),
    "scandir": (errno.EACCES,),
    "flock": (errno.EIO, errno.ENOLCK, errno.EACCES),
}
DOCUMENTED = {0, 2, 3, 4, 5, 6, 7, 8, 9, 10}
MONTHS, TAUGHT = 72, 60


class Faults:
    """Counts the calls on files of a folder, and lets one of them fail, or ends the process before it.

    chosen: number of the call, from 0 on; code: its error, None to kill.
    """

    def __init__(self, folder: Path, chosen: int = -1, code: int | None = None) -> None:
        self.folder, self.chosen, self.code = str(folder), chosen, code
        self.calls: list[str] = []

    def _is_ours(self, argument: object) -> bool:
        if isinstance(argument, int):
            try:
                name = os.readlink(f"/proc/self/fd/{argument}")
            except OSError:
                return False
        else:
            try:
                name = os.path.abspath(os.fsdecode(argument))  # type: ignore[arg-type]
            except TypeError:
                return False
        return name.startswith(self.folder)

    def _patched(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:
            if arguments and self._is_ours(arguments[0]):
                self.calls.append(name)
                if len(self.calls) - 1 == self.chosen:
                    if self.code is None:
                        os.kill(os.getpid(), signal.SIGKILL)
                    raise OSError(self.code, os.strerror(self.code or 0), str(arguments[0]))
            return real(*arguments, **more)

        return call

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Stand before the system's calls."""
        with ExitStack() as stack:
            for name in ERRORS:
                owner = system.fcntl if name == "flock" else os
                stack.enter_context(patch.object(owner, name, self._patched(name, getattr(owner, name))))
            yield


def rows(count: int) -> str:
    """Months of sales."""
    rng = np.random.default_rng(1)
    values = 100 + 20 * np.sin(np.arange(count) * np.pi / 6) + rng.normal(0, 3, count)
    stamps = (f"{2015 + month // 12}-{month % 12 + 1:02d}" for month in range(count))
    return "month,sales\n" + "".join(
        f"{stamp},{value:.2f}\n" for stamp, value in zip(stamps, values, strict=True)
    )


def prepared(folder: Path) -> dict[str, tuple[object, ...]]:
    """The files that every command starts from, and the commands."""
    (folder / "old.csv").write_text(rows(TAUGHT))
    (folder / "new.csv").write_text(rows(MONTHS))
    train = ("train", folder / "old.csv", "--target", "sales", "--horizon", 3, "-q")
    for name in ("model.pkl", "other.pkl"):
        assert lstmcast(*train, "-o", folder / name).code == 0
    for name in ("third.pkl", "third.pkl.1"):
        shutil.copy(folder / "model.pkl", folder / name)
    assert lstmcast("refresh", folder / "other.pkl", folder / "new.csv", "--always", "-q").code == 0
    predict = ("predict", folder / "model.pkl", folder / "old.csv", "-q")
    assert lstmcast(*predict, "-o", folder / "out.csv", "--log", folder / "ledger.csv").code == 0
    return {
        "train": (*train, "--force", "-o", folder / "model.pkl"),
        "train anew": (*train, "-o", folder / "fresh.pkl"),
        "predict": (*predict, "-o", folder / "out.csv", "--horizon", 2),
        "predict, new file": (*predict, "-o", folder / "out2.csv"),
        "ledger": (*predict, "--log", folder / "ledger.csv", "-o", folder / "out.csv"),
        "new ledger": (*predict, "--log", folder / "ledger2.csv", "-o", folder / "out3.csv"),
        "refresh": ("refresh", folder / "model.pkl", folder / "new.csv", "--always", "-q"),
        "refresh, keep": ("refresh", folder / "third.pkl", folder / "new.csv", "--always", "-q", "--keep", 1),
        "rollback": ("refresh", folder / "other.pkl", "--rollback", "-q"),
        "score": ("score", folder / "ledger.csv", folder / "new.csv", "--target", "sales", "-q"),
        "schedule": ("schedule", folder / "model.pkl", folder / "old.csv", "-o", folder / "out.csv", "-q"),
        "evaluate": ("evaluate", folder / "model.pkl", folder / "new.csv", "-o", folder / "single.csv", "-q"),
    }


def state(folder: Path) -> dict[str, bytes]:
    """What stands in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def _is_passing(name: str) -> bool:
    """Return whether a file is one that only a running command needs: a lock, which its process's end sets free."""
    return name.startswith(".") or name.endswith(".lock")


def _lasting(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files without those that pass."""
    return {name: data for name, data in files.items() if not _is_passing(name)}


def wrongs(
    said: Said | None, found: dict[str, bytes], before: dict[str, bytes], after: dict[str, bytes]
) -> list[str]:
    """What is wrong with a run that a call failed in; said: None of one that was killed."""
    wrong = []
    versions = {*before.values(), *after.values()}
    is_there = {name: data for name, data in _lasting(found).items() if data or name in before}
    wrong += [f"{name} is torn" for name, data in is_there.items() if data not in versions]
    wrong += [f"{name} is lost" for name in before if name not in found and name in after]
    if said is None:
        return wrong
    wrong += [f"{name} lies about" for name in found if name.endswith(".tmp")]
    if said.code not in DOCUMENTED or "a bug of ours" in said.err:
        wrong.append(f"exit {said.code}: {said.err.strip()[-300:]}")
    if said.code == 0 and _lasting(found) != _lasting(after):
        missing = [name for name, data in after.items() if found.get(name) != data]
        wrong.append(f"exit 0, and {missing or sorted(set(found) - set(after))} is not what it should be")
    return wrong


Plan = tuple[str, int, str, int]  # command, number of the call, its name, its error


@dataclass(eq=False)
class Night:
    """A folder, the commands of a night in it, its files before them, and after each that nothing disturbs.

    calls: those that each command makes on files of the folder, one after the other.
    """

    folder: Path
    commands: dict[str, tuple[object, ...]]
    before: dict[str, bytes]
    afters: dict[str, dict[str, bytes]] = field(default_factory=dict)
    calls: dict[str, list[str]] = field(default_factory=dict)

    @staticmethod
    def rehearsed(folder: Path) -> Night:
        """A night whose commands have all been run once."""
        night = Night(folder, prepared(folder), state(folder))
        for command, words in night.commands.items():
            faults = Faults(folder)
            with faults.at_work():
                said = lstmcast(*words)
            assert said.code == 0, (command, said)
            night.afters[command], night.calls[command] = state(folder), faults.calls
            restored(folder, night.before)
        return night

    def plans(self) -> list[Plan]:
        """Every fault of every command, in a random order that is always the same."""
        plans = [
            (command, place, call, code)
            for command, calls in self.calls.items()
            for place, call in enumerate(calls)
            for code in ERRORS[call]
        ]
        random.Random(1).shuffle(plans)
        return plans

    def failing(self, command: str, place: int, code: int) -> tuple[Said, list[str]]:
        """How a command ends in which one call fails, and what is wrong with that."""
        with Faults(self.folder, place, code).at_work():
            said = lstmcast(*self.commands[command])
        wrong = wrongs(said, state(self.folder), self.before, self.afters[command])
        restored(self.folder, self.before)
        return said, wrong

    def killed(self, command: str, place: int) -> list[str]:
        """What is wrong after a kill before a call of a command; every model must load, and the next night go on."""
        child = os.fork()
        if child == 0:
            with Faults(self.folder, place).at_work():
                lstmcast(*self.commands[command])
            os._exit(0)
        os.waitpid(child, 0)
        wrong = wrongs(None, state(self.folder), self.before, self.afters[command])
        for model in ("model.pkl", "other.pkl", "third.pkl"):
            persistence.load(self.folder / model)
        assert lstmcast(*self.commands["predict"]).code == 0
        restored(self.folder, self.before)
        return wrong


def fail_calls(night: Night, until: float) -> list[str]:
    """Let calls fail until the time is up, and print a table; returns what is wrong."""
    injected, failed, codes, told = Counter[str](), Counter[str](), Counter[int](), list[str]()
    plans = night.plans()
    for command, place, call, code in plans:
        if time.monotonic() > until:
            break
        said, wrong = night.failing(command, place, code)
        injected[command] += 1
        codes[said.code] += 1
        failed[command] += len(wrong)
        told += [f"{command}: {call} ({errno.errorcode[code]}), call {place}: {each}" for each in wrong]
    print(f"{injected.total()} of {len(plans)} faults; exit codes: {dict(sorted(codes.items()))}")
    print("| command | faults | wrong |", "|---|---|---|", sep="\n")
    print(*(f"| {command} | {count} | {failed[command]} |" for command, count in injected.items()), sep="\n")
    return told


def kill(night: Night) -> list[str]:
    """Kill refreshes before each call of their replacement; returns what is wrong."""
    kills, told = 0, list[str]()
    for command in ("refresh", "refresh, keep", "rollback"):
        calls = night.calls[command]
        first = next(place for place, call in enumerate(calls) if call in ("write", "link", "replace"))
        for place in range(first, len(calls)):
            kills += 1
            wrong = night.killed(command, place)
            told += [f"{command} killed before call {place} ({calls[place]}): {each}" for each in wrong]
    print(f"{kills} kills, {len(told)} wrong")
    return told


def main(seconds: float = 600.0) -> int:
    """Run all, print tables and what is wrong; returns how many runs were."""
    until = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as name, patch.dict(os.environ, {"XDG_CONFIG_HOME": os.devnull}):
        folder = Path(name).resolve() / "night"
        folder.mkdir()
        night = Night.rehearsed(folder)
        told = fail_calls(night, until) + kill(night)
    print(*told, sep="\n")
    return len(told)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 600.0) > 0)
