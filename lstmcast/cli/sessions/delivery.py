"""Delivery: the result of a command goes whole into its file, or to standard output where that is named `-`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lstmcast.cli.shell import log
from lstmcast.cli.shell.console import Console
from lstmcast.cli.shell.outputs import STDOUT
from lstmcast.cli.shell.streams import emit_bytes
from lstmcast.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable


def console_beside(output: str | None, *, quiet: bool, verbose: bool, as_json: bool) -> Console:
    """The console of a command with such an output: where the file goes to stdout, all else is said on stderr.

    Raises UsageError where both the file and a JSON document are to go there.
    """
    if output == STDOUT and as_json:
        message = "--output - and --json both want standard output; leave one of them out"
        raise UsageError(message, option="--output")
    return Console(quiet=quiet, verbose=verbose, as_json=as_json, is_aside=output == STDOUT)


def probe(output: str, size: int) -> None:
    """Raise OutputError where so many bytes could not be written."""
    from lstmcast import persistence

    if output != STDOUT:
        persistence.probe_folder(output, size)


def deliver(output: str, parts: Iterable[bytes]) -> None:
    """Write a file, whole or not at all, or its bytes to stdout; raises OutputError."""
    from lstmcast import persistence

    if output == STDOUT:
        emit_bytes(b"".join(parts))
        return
    persistence.replace_file_by_parts(output, parts)
    log.milestone("wrote", f"wrote {output}", file=output)
