"""A search seen from the command line: its bar, its state beside the model, and how it is stopped and resumed."""

from __future__ import annotations

import json
import math
import os
import re
import signal
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lstmcast.cli.shell.progress import CHOOSING, NETWORKS
from lstmcast.cli.shell.signals import Stopped
from lstmcast.core.errors import ModelFileError, OutputError
from lstmcast.core.findings import percent

if TYPE_CHECKING:
    from lstmcast.cli.shell.console import Console
    from lstmcast.pipeline.pace import Pace
    from lstmcast.pipeline.tuning import Search, Tuning

WRITE_EVERY = 2.0  # seconds
KEY = re.compile(r"\d{1,5}\.[012]\.[012]")
_INTERRUPTED = 128 + signal.SIGINT


class Searched:
    """Runs a search; the first SIGINT ends it with the best setting so far, a second one ends all.

    The error of each training is kept in a JSON file beside the model, which goes once the search is done.
    """

    def __init__(self, search: Search, output: str, console: Console) -> None:
        from lstmcast import persistence

        self._search, self._console = search, console
        self._name = persistence.checkpoint_name(output).removesuffix("ckpt") + "tune"
        self._shown = persistence.shown(self._name)
        self._written = time.monotonic()
        self.is_stopped = False

    @property
    def stands(self) -> str:
        """The share of the search that is done, and the way to go on."""
        done, total = self._search.progress
        share = percent(done / total, 0)
        return f"{share} of it is kept in {self._shown}; run the same command with --resume to continue"

    def run(self, jobs: int, *, resume: bool) -> Tuning:
        """Search, and train the best setting; raises Stopped, having kept the state."""
        if resume:
            self._load()
        try:
            self._look(jobs)
            self._write()
            self._console.stage(NETWORKS)
            with self._console.progress() as show_step:
                found = self._search.finished(show_step)
        except Stopped as stop:
            self._write()
            raise stop.with_words(f"; {self.stands}") from None
        if not self.is_stopped:
            self._remove()
        return found

    def _look(self, jobs: int) -> None:
        """Search to the end, until the time is over, or until the first SIGINT."""
        from lstmcast.pipeline.tuning import ROUNDS

        search, console = self._search, self._console
        console.stage(CHOOSING)
        try:
            for key in search.running(jobs):
                self._tell(key)
                if time.monotonic() - self._written >= WRITE_EVERY:
                    self._write()
        except Stopped as stop:
            if stop.exit_code != _INTERRUPTED:
                raise
            self._write()
            console.hint("the search stops, and the best setting so far is trained", "stopped")
        self.is_stopped = search.standing().rounds < len(ROUNDS)

    def _tell(self, key: str) -> None:
        """The best error so far, on the bar and to the curious."""
        from lstmcast.pipeline.tuning import FIRST

        search = self._search
        if key == FIRST:
            self._tell_count()
        done, total = search.progress
        number = key.split(".")[1]
        best = min(error for name, error in search.errors.items() if name.split(".")[1] == number)
        words = f"round {int(number) + 1}, best error {best:.3f}"
        self._console.counted(CHOOSING, done, total, f"{CHOOSING}, {words}")
        share = percent(done / total, 0)
        self._console.detail(f"{share} done, error {search.errors[key]:.3f}, {words}", "trial")

    def _tell_count(self) -> None:
        """The number of settings, and that the budget was too short for more where it was."""
        many, drawn = len(self._search.settings), len(self._search.drawn)
        words = (
            f"{many:,} settings"
            if many == drawn
            else f"the budget is enough for {many:,} of {drawn:,} settings"
        )
        self._console.hint(f"{words}; --trials {many} gives the same search", "trials")

    @cached_property
    def _fingerprint(self) -> str:
        """All that decides the errors: options and the rows that may choose."""
        from lstmcast.training.checkpoint import fingerprint

        return fingerprint(self._search.rows, self._search.options)

    def _load(self) -> None:
        """Take up what an earlier run has kept, where it is of the same data and options."""
        from lstmcast import persistence

        if not os.path.lexists(self._name):
            self._console.detail(f"there is no {self._shown} to go on from; the search starts anew")
            return
        try:
            known = _kept(persistence.read_bytes(self._name), self._fingerprint)
        except (ModelFileError, OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self._console.warn(f"{self._shown} cannot be read; the search starts from the beginning")
            return
        if known is None:
            self._console.warn(
                f"{self._shown} is of other data, options or versions; the search starts from the beginning"
            )
            return
        self._search.pace, errors = known
        self._search.errors.update(errors)
        self._console.detail(f"going on from {self._shown}")

    def _write(self) -> None:
        """Keep the state; a disk that is full ends no search."""
        from lstmcast import persistence

        self._written = time.monotonic()
        pace = self._search.pace
        if pace is None:
            return
        errors = {key: None if math.isinf(error) else error for key, error in self._search.errors.items()}
        state = {"fingerprint": self._fingerprint, "pace": [pace.fixed, pace.steps], "errors": errors}
        try:
            persistence.write_text(self._name, json.dumps(state) + "\n")
        except OutputError as error:
            self._console.warn(f"the search is not kept: {error}")

    def _remove(self) -> None:
        from lstmcast import persistence

        try:
            persistence.remove_file(self._name)
        except OutputError as error:
            self._console.warn(f"{error} ({self._shown} can be removed)")


def _kept(text: bytes, fingerprint: str) -> tuple[Pace, dict[str, float]] | None:
    """The pace and the errors of a state; None where it is of another search.

    Raises ValueError and such for what is no state.
    """
    from lstmcast.pipeline.pace import Pace
    from lstmcast.pipeline.tuning import FIRST

    document: dict[str, Any] = json.loads(text)
    if document["fingerprint"] != fingerprint:
        return None
    errors = {key: math.inf if error is None else float(error) for key, error in document["errors"].items()}
    fixed, steps = map(float, document["pace"])
    if not all(0 <= number < math.inf for number in (fixed, steps)) or any(map(math.isnan, errors.values())):
        raise ValueError("an error or a pace is no number")
    if FIRST not in errors or any(not KEY.fullmatch(key) for key in errors):
        raise ValueError("a key is none of a training")
    return Pace(fixed, steps), errors
