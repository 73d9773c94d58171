"""Lines for cron and units for systemd that run a command every night, each quoted as its reader wants it."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass

WEEKLY = "Sun"
LONGEST = "1h"  # a night's forecast takes seconds; what takes an hour hangs


@dataclass(frozen=True)
class ScheduledCommand:
    """A command with its hour, minute and folder; log: where stderr goes, None where cron can send mail."""

    words: tuple[str, ...]
    hour: int
    minute: int
    folder: str
    log: str | None = None

    def crontab(self, weekday: str = "*") -> str:
        """A line of crontab(5): a percent sign would end the command there, so it has a backslash before it."""
        mailed = "" if self.log is None else f" >>{shlex.quote(self.log)} 2>&1"
        command = f"cd {shlex.quote(self.folder)} && {shlex.join(self.words)}{mailed}".replace("%", "\\%")
        return f"{self.minute} {self.hour} * * {weekday} {command}\n"

    def service(self, description: str, on_failure: str) -> str:
        """A unit of systemd.service(5) that runs once; on_failure: the unit to start when it fails."""
        return (
            f"[Unit]\nDescription={description}\nOnFailure={on_failure}\n\n"
            f"[Service]\nType=oneshot\nWorkingDirectory={_path(self.folder)}\nNice=10\n"
            f"TimeoutStartSec={LONGEST}\nExecStart={' '.join(map(_word, self.words))}\n"
        )

    def timer(self, description: str, weekday: str = "") -> str:
        """A unit of systemd.timer(5); Persistent makes up for a night on which the machine was off."""
        day = f"{weekday} " if weekday else ""
        return (
            f"[Unit]\nDescription={description}\n\n"
            f"[Timer]\nOnCalendar={day}*-*-* {self.hour:02d}:{self.minute:02d}:00\nPersistent=true\n\n"
            "[Install]\nWantedBy=timers.target\n"
        )


def failure(program: str) -> str:
    """A unit that says on the journal, and to whoever is logged in, which unit has failed."""
    return (
        "[Unit]\nDescription=Tell that %i has failed\n\n"
        "[Service]\nType=oneshot\n"
        f'ExecStart=/bin/sh -c "logger -p user.err -t {program} %i has failed; systemctl --user status %i"\n'
    )


def mailer() -> bool:
    """Return True where this machine has a program by which cron could send its mail."""
    import shutil

    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/lib"])
    return shutil.which("sendmail", path=places) is not None


def _word(word: str) -> str:
    """A word of ExecStart: quoted as in C, percent signs and dollars doubled."""
    word = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{word}"' if re.search(r"[^\w@+=:,./%$-]", word) else word


def _path(path: str) -> str:
    """A path that stands alone after an equals sign: only percent signs mean something there."""
    return path.replace("%", "%%")
