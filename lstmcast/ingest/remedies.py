"""Remedies: what a refusal names is tried on the file first, so that it works when it is pasted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from lstmcast.core.errors import DataError, LstmcastError
from lstmcast.ingest.time.remedy import Remedy, UnsettledError

Attempt = Callable[[Mapping[str, str]], None]
_FEW = 2  # remedies that one message names


def settled(error: UnsettledError, source: str | Path, attempt: Attempt) -> DataError:
    """The error with those of its remedies that work.

    attempt: reads the file with more options, and raises what such a reading does. A stream cannot be read again:
    then the likeliest is named untried.
    """
    if not can_be_read_again(source):
        told = error.told(error.remedies[:1])
    else:
        told = error.told([remedy for remedy in error.remedies if works(remedy, attempt)][:_FEW])
    told.findings = error.findings
    return told


def can_be_read_again(source: str | Path) -> bool:
    """True for a file."""
    return Path(source).is_file()


def works(remedy: Remedy, attempt: Attempt) -> bool:
    """Whether the file can be read with it."""
    try:
        attempt(remedy.options)
    except LstmcastError:
        return False
    return True
