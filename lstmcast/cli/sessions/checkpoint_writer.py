"""A training that can be left: how far it has come is kept beside the model, and where to go on is said."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from lstmcast.cli.shell.outputs import STDOUT
from lstmcast.cli.shell.signals import Stopped, ignore_signals
from lstmcast.core.errors import ModelFileError, OutputError

if TYPE_CHECKING:
    from lstmcast.cli.shell.console import Console
    from lstmcast.core.options import Options
    from lstmcast.core.panel import Panel
    from lstmcast.model.model import Model
    from lstmcast.training.checkpoint import Checkpoint

WRITE_EVERY = 30.0  # seconds


class CheckpointWriter:
    """Keeps how far the training of a model file has come: on disk every half minute, and when a signal stops it.

    Of a model that goes to standard output nothing is kept.
    """

    def __init__(self, output: str, console: Console) -> None:
        from lstmcast import persistence

        self._is_kept = output != STDOUT
        self._name = persistence.checkpoint_name(output)
        self._shown = persistence.shown(self._name)
        self._console = console
        self._latest: Checkpoint | None = None
        self._written = time.monotonic()
        self._failed = False

    def find(self, panel: Panel, options: Options, pretrained: Model | None, resume: bool) -> Checkpoint:
        """Return where to start: an earlier run's checkpoint if wanted, readable and of the same training.

        Else it is an empty one.
        """
        from lstmcast.training.checkpoint import Checkpoint, fingerprint

        networks = [] if pretrained is None else pretrained.networks
        begun = Checkpoint(fingerprint(panel, options, networks[0].weights if networks else ()))
        found = self._load() if resume else None
        if found is None:
            return begun
        if found.fingerprint != begun.fingerprint:
            self._console.warn(
                f"{self._shown} is of other data, options or versions; training starts from the beginning"
            )
            return begun
        self._console.detail(f"going on from {self._shown}")
        self._latest = found
        return found

    def note(self, checkpoint: Checkpoint) -> None:
        """Remember it, and write it when the last one on disk is old; a disk that is full ends no training."""
        if not self._is_kept:
            return
        self._latest = checkpoint
        if time.monotonic() - self._written >= WRITE_EVERY:
            self._written = time.monotonic()
            failure = self._write(checkpoint)
            if failure and not self._failed:
                self._failed = True
                self._console.warn(f"no checkpoint: {failure}")

    def __enter__(self) -> CheckpointWriter:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """At the end nothing is left to go on from; after a signal a checkpoint is, and the signal says where."""
        if not self._is_kept:
            return
        if error is None:
            self._remove()
        elif isinstance(error, Stopped):
            ignore_signals()  # a second one shall not spoil what is written now
            raise error.with_words(self._parting()) from None

    def _remove(self) -> None:
        from lstmcast import persistence

        try:
            persistence.remove_file(self._name)
        except OutputError as error:
            self._console.warn(f"{error} (the model is written; {self._shown} can be removed)")

    def _load(self) -> Checkpoint | None:
        from lstmcast import persistence

        try:
            found = persistence.load_checkpoint(self._name)
        except ModelFileError as error:
            self._console.warn(f"{error} (training starts from the beginning)")
            return None
        if found is None:
            self._console.detail(
                f"there is no {self._shown} to go on from; training starts from the beginning"
            )
        return found

    def _write(self, checkpoint: Checkpoint) -> str:
        """Write it; why that failed, if it did."""
        from lstmcast import persistence

        try:
            persistence.save_checkpoint(checkpoint, self._name)
        except OutputError as error:
            return str(error)
        return ""

    def _parting(self) -> str:
        if self._latest is None:
            is_there = os.path.lexists(self._name)
            left = f"{self._shown} is as it was" if is_there else "there is nothing yet to go on from"
            return f"; nothing was changed, and {left}"
        failure = self._write(self._latest)
        if failure:
            return f"; progress could not be saved: {failure}"
        return f"; progress is saved in {self._shown}; run the same command with --resume to continue"
