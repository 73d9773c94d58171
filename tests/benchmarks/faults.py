"""System calls that fail, one after the other, in every command that writes; and refreshes that are killed at each.

    python -m tests.benchmarks.faults [SECONDS]

Each command is run once untouched, and every call that it makes on a file of its folder is counted. Then it is run
again for each of them, and that one call fails: with an error that such a call can give. After each run every file
must be whole, as it was before or as an untouched run leaves it; nothing of ours may lie about; the exit code is one of
those that are documented, and 0 only where all is done. A refresh is then killed before each call of its replacement.
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
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from lstmcast import persistence
from lstmcast.persistence import system
from tests.command_line import Said, lstmcast

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


def restored(folder: Path, files: dict[str, bytes]) -> None:
    """Put a folder back to what stood in it."""
    for path in folder.iterdir():
        if files.get(path.name) != path.read_bytes():
            path.unlink()
    for name, data in files.items():
        if not (folder / name).exists():
            (folder / name).write_bytes(data)


def _is_passing(name: str) -> bool:
    """Return whether a file is one that only a running command needs: a lock, which its process's end sets free."""
    return name.startswith(".") or name.endswith(".lock")


def wrongs(
    said: Said | None, found: dict[str, bytes], before: dict[str, bytes], after: dict[str, bytes]
) -> list[str]:
    """What is wrong with a run that a call failed in; said: None of one that was killed."""
    wrong = []
    versions = {*before.values(), *after.values()}
    wrong += [
        f"{name} is torn" for name, data in found.items() if data not in versions and not _is_passing(name)
    ]
    wrong += [f"{name} is lost" for name in before if name not in found and name in after]
    if said is None:
        return wrong
    wrong += [f"{name} lies about" for name in found if name.endswith(".tmp")]
    if said.code not in DOCUMENTED or "a bug of ours" in said.err:
        wrong.append(f"exit {said.code}: {said.err.strip()[-300:]}")
    if said.code == 0 and {n: d for n, d in found.items() if not n.startswith(".")} != {
        n: d for n, d in after.items() if not n.startswith(".")
    }:
        missing = [name for name, data in after.items() if found.get(name) != data]
        wrong.append(f"exit 0, and {missing or sorted(set(found) - set(after))} is not what it should be")
    return wrong


def main(seconds: float = 600.0) -> int:
    """Run all, print a table and what is wrong; returns how many runs were."""
    began, failed, kills = time.monotonic(), Counter[str](), 0
    injected, codes, told = Counter[str](), Counter[int](), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve() / "night"
        folder.mkdir()
        with patch.dict(os.environ, {"XDG_CONFIG_HOME": os.devnull}):
            commands = prepared(folder)
            before = state(folder)
            plans = []
            afters = {}
            for command, words in commands.items():
                faults = Faults(folder)
                with faults.at_work():
                    said = lstmcast(*words)
                assert said.code == 0, (command, said)
                afters[command] = state(folder)
                restored(folder, before)
                plans += [
                    (command, place, call, code)
                    for place, call in enumerate(faults.calls)
                    for code in ERRORS[call]
                ]
            random.Random(1).shuffle(plans)
            for command, place, call, code in plans:
                if time.monotonic() - began > seconds:
                    break
                with Faults(folder, place, code).at_work():
                    said = lstmcast(*commands[command])
                injected[command] += 1
                codes[said.code] += 1
                for wrong in wrongs(said, state(folder), before, afters[command]):
                    failed[command] += 1
                    told.append(f"{command}: {call} ({errno.errorcode[code]}), call {place}: {wrong}")
                restored(folder, before)
            for command in ("refresh", "refresh, keep", "rollback"):
                counted = Faults(folder)
                with counted.at_work():
                    lstmcast(*commands[command])
                restored(folder, before)
                first = next(
                    i for i, call in enumerate(counted.calls) if call in ("write", "link", "replace")
                )
                for place in range(first, len(counted.calls)):
                    child = os.fork()
                    if child == 0:
                        with Faults(folder, place).at_work():
                            lstmcast(*commands[command])
                        os._exit(0)
                    os.waitpid(child, 0)
                    kills += 1
                    for wrong in wrongs(None, state(folder), before, afters[command]):
                        failed[f"{command}, killed"] += 1
                        told.append(f"{command} killed before call {place} ({counted.calls[place]}): {wrong}")
                    for model in ("model.pkl", "other.pkl", "third.pkl"):
                        persistence.load(folder / model)
                    assert lstmcast(*commands["predict"]).code == 0
                    restored(folder, before)
            shutil.rmtree(folder)
    print(
        f"{sum(injected.values())} of {len(plans)} faults, {kills} kills in {time.monotonic() - began:.0f} s"
    )
    print("| command | faults | wrong |", "|---|---|---|", sep="\n")
    for command, count in injected.items():
        print(f"| {command} | {count} | {failed[command]} |")
    print(
        "exit codes:",
        dict(sorted(codes.items())),
        "killed and wrong:",
        sum(failed.values()) - sum(failed[c] for c in injected),
    )
    print(*told, sep="\n")
    return len(told)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 600.0) > 0)
