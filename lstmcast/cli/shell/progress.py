"""One bar over all that a training does, from reading to the last round, with the time that is left."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

READING, CHOOSING, NETWORKS, FINAL = "reading", "choosing settings", "training", "learning the newest rows"
# Which part of the bar each stage has; how long it takes differs from file to file, so time left is measured.
STAGES = {READING: 0.05, CHOOSING: 0.3, NETWORKS: 0.5, FINAL: 0.15}
OF_A_SEARCH = {READING: 0.02, CHOOSING: 0.78, NETWORKS: 0.08, FINAL: 0.12}
_TOLD_FROM = 0.03  # of a stage: before that its speed says nothing


class Bar:
    """The place where a training is: its stage, how much of that is done, and in words what is going on.

    stages: the part of the bar that each has; until: when all is over at the latest, of `time.monotonic`.
    """

    def __init__(self, screen: Any, stages: Mapping[str, float] = STAGES, until: float = math.inf) -> None:
        self._screen, self._stages, self._until = screen, stages, until
        self._task = screen.add_task(READING, total=1.0, left="")
        self.stage, self._began = READING, time.monotonic()
        self._is_hidden = 0

    def begin(self, stage: str) -> None:
        """Another stage begins, of which nothing is done yet."""
        self.stage, self._began = stage, time.monotonic()
        self.move(0, 0, stage)

    def move(self, done: float, total: float, words: str) -> None:
        """So much of the stage is done; a total of 0 is not known."""
        share = min(done / total, 1.0) if total else 0.0
        names = list(self._stages)
        before = sum(self._stages[name] for name in names[: names.index(self.stage)])
        completed = before + share * self._stages[self.stage]
        self._screen.update(self._task, description=words, completed=completed, left=self._left(share))
        if not self._is_hidden:
            self._screen.start()

    def _left(self, share: float) -> str:
        """The time left, as fast as this stage goes; nothing where that cannot be told yet."""
        if share < _TOLD_FROM:
            return ""
        names = list(self._stages)
        later = sum(self._stages[name] for name in names[names.index(self.stage) + 1 :])
        now = time.monotonic()
        seconds = (now - self._began) / share * (1 - share + later / self._stages[self.stage])
        seconds = min(seconds, max(self._until - now, 0.0))
        return f"{int(seconds) // 60}:{int(seconds) % 60:02d} left"

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Within it the bar is away, so that lines can be printed."""
        self._is_hidden += 1
        self._screen.stop()
        try:
            yield
        finally:
            self._is_hidden -= 1

    def stop(self) -> None:
        """Take the bar away; nothing is left behind."""
        self._screen.stop()


def bar(
    colors: Literal["standard"] | None, stages: Mapping[str, float] = STAGES, until: float = math.inf
) -> Bar:
    """A bar on stderr, which is drawn with its first move."""
    from rich.console import Console as Screen
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.fields[left]}"))
    screen = Screen(stderr=True, color_system=colors)
    progress = Progress(
        *columns, console=screen, transient=True, redirect_stdout=False, redirect_stderr=False
    )
    return Bar(progress, stages, until)
