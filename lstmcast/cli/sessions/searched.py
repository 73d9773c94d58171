"""A search seen from the command line: its bar, its state beside the model, and how it is stopped and resumed."""

from __future__ import annotations

import json
import math
import os
import signal
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lstmcast.cli.shell.progress import CHOOSING, NETWORKS
from lstmcast.cli.shell.signals import Stopped
from lstmcast.core.errors import ModelFileError, OutputError

if TYPE_CHECKING:
    from lstmcast.cli.shell.console import Console
    from lstmcast.pipeline.tune import Search, Tuning

WRITE_EVERY = 2.0  # seconds
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
        """How far the search came, and how to go on."""
        done = f"{len(self._search.errors):,} of {self._search.trainings:,} trainings"
        return f"{done} are kept in {self._shown}; run the same command with --resume to continue"

    def run(self, jobs: int, *, resume: bool) -> Tuning:
        """Search, and train the best setting; raises Stopped, having kept the state."""
        if resume:
            self._search.errors.update(self._load())
        try:
            self._look(jobs)
            self._write()
            self._console.stage(NETWORKS)
            found = self._search.finished()
        except Stopped as stop:
            self._write()
            raise stop.with_words(f"; {self.stands}") from None
        if not self.is_stopped:
            self._remove()
        return found

    def _look(self, jobs: int) -> None:
        """Search to the end, until the time is over, or until the first SIGINT."""
        from lstmcast.pipeline.tune import ROUNDS

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
            console.hint("the search stops, and the best setting so far is trained", "stopped")
        self.is_stopped = search.standing().rounds < len(ROUNDS)

    def _tell(self, key: str) -> None:
        """The best error so far, on the bar and to the curious."""
        search = self._search
        done, total = len(search.errors), search.trainings
        number = key.split(".")[1]
        best = min(error for name, error in search.errors.items() if name.split(".")[1] == number)
        words = f"round {int(number) + 1}, best error {best:.3f}"
        self._console.counted(CHOOSING, done, total, f"{CHOOSING}, {words}")
        self._console.detail(f"training {done} of {total}: error {search.errors[key]:.3f}, {words}", "trial")

    @cached_property
    def _fingerprint(self) -> str:
        """All that decides the errors: options and the rows that may choose."""
        from lstmcast.training.checkpoint import fingerprint

        return fingerprint(self._search.rows, self._search.options)

    def _load(self) -> dict[str, float]:
        """The errors that an earlier run has kept, where they are of the same data and options."""
        from lstmcast import persistence

        try:
            if not os.path.lexists(self._name):
                self._console.detail(f"there is no {self._shown} to go on from; the search starts anew")
                return {}
            known = _errors(persistence.read_bytes(self._name), self._fingerprint)
        except (ModelFileError, OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self._console.warn(f"{self._shown} cannot be read; the search starts from the beginning")
            return {}
        if known is None:
            message = (
                f"{self._shown} is of other data, options or versions; the search starts from the beginning"
            )
            self._console.warn(message)
        return known or {}

    def _write(self) -> None:
        """Keep the state; a disk that is full ends no search."""
        from lstmcast import persistence

        self._written = time.monotonic()
        errors = {key: None if math.isinf(error) else error for key, error in self._search.errors.items()}
        text = json.dumps({"fingerprint": self._fingerprint, "errors": errors})
        try:
            persistence.write_text(self._name, text + "\n")
        except OutputError as error:
            self._console.warn(f"the search is not kept: {error}")

    def _remove(self) -> None:
        from lstmcast import persistence

        try:
            persistence.remove_file(self._name)
        except OutputError as error:
            self._console.warn(f"{error} ({self._shown} can be removed)")


def _errors(text: bytes, fingerprint: str) -> dict[str, float] | None:
    """The errors of a state; None where it is of another search. Raises ValueError and such for what is no state."""
    document: dict[str, Any] = json.loads(text)
    if document["fingerprint"] != fingerprint:
        return None
    errors = {key: math.inf if error is None else float(error) for key, error in document["errors"].items()}
    if any(math.isnan(error) for error in errors.values()):
        raise ValueError("an error is no number")
    return errors
