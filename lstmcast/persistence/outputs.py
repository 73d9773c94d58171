"""Outputs: files that a command is about to write, beside those that it reads and what stands there already."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lstmcast.core.errors import UsageError
from lstmcast.persistence import system
from lstmcast.persistence.files import shown

STREAM = "-"  # standard input, or standard output
_STDIN = 0
_LOOK = 1 << 16  # bytes

METRICS, POINTS = "a file of metrics", "a file of points"
MODEL, CHECKPOINT, SEARCH, LEDGER, FORECAST, SINGLES, TABLE, SETTINGS, GRAPH, SVG, PNG, PAGE = (
    "a model",
    "a checkpoint",
    "a search",
    "a ledger",
    "a forecast",
    "a file of single forecasts",
    "a table",
    "a file of settings",
    "an ONNX graph",
    "an SVG picture",
    "a PNG picture",
    "a web page",
)
OTHER = "something else"
DATA, INDEX = (
    "DATA",
    "index.json",
)  # what all files of a folder are read as, and what one of models holds besides

_SETTING = re.compile(rb"\s*(\[[\w.\"' -]+\]|[\w\"'.-]+\s*=)")


@dataclass(frozen=True)
class OutputFile:
    """A file to be written: the option that names it, what it may replace (the one that it writes first), and what
    may be replaced of the files that are written beside it."""

    option: str
    kinds: Sequence[str]
    path: str
    beside: Mapping[str, str] = field(default_factory=dict)


def refuse_overwriting(
    outputs: Sequence[OutputFile], inputs: Mapping[str, Sequence[str]], *, is_forced: bool
) -> None:
    """Raise UsageError where a command would write onto a file that it reads, or replace one of another kind.

    inputs: what a file is read as (`DATA`, `--holidays`) -> its paths. Two names are of one file where device and inode
    are the same, whatever the spelling and through whichever link. is_forced: the second was asked for.
    """
    for output in outputs:
        for path in (output.path, *output.beside):
            _refuse_input(output, path, inputs)
    for i, one in enumerate(outputs):
        for other in outputs[:i]:
            _refuse_twice(other, one)
    for output in outputs:
        if not is_forced or LEDGER in output.kinds:  # a ledger grows, and no other file has a place to grow
            _refuse_other_kind(output)


def _refuse_input(output: OutputFile, path: str, inputs: Mapping[str, Sequence[str]]) -> None:
    for role, paths in inputs.items():
        for each in paths:
            if is_same(path, each) or _is_in_folder(path, each, role):
                what = "standard input" if each == STREAM else shown(each)
                beside = "" if path == output.path else f" (it writes {shown(path)} too)"
                raise UsageError(
                    f"{output.option} {shown(output.path)} would write onto {what}, which is read as {role}{beside}; "
                    "name another file",
                    file=path,
                    option=output.option,
                )


def _is_in_folder(path: str, folder: str, role: str) -> bool:
    """Return whether a file is one of those that are read of a folder: all of data, of models what training wrote."""
    if folder == STREAM or not os.path.isdir(folder):
        return False
    if not _real(path).startswith(os.path.join(_real(folder), "")):
        return False
    return role == DATA or os.path.basename(path) == INDEX or kind_of(path) in (MODEL, LEDGER)


def _refuse_twice(one: OutputFile, other: OutputFile) -> None:
    if _is_in_folder(other.path, one.path, one.option):
        message = (
            f"{other.option} {shown(other.path)} is one of the files of {shown(one.path)}; name another file"
        )
        raise UsageError(message, file=other.path, option=other.option)
    if any(is_same(a, b) for a in (one.path, *one.beside) for b in (other.path, *other.beside)):
        raise UsageError(
            f"{one.option} and {other.option} both name {shown(other.path)}; give two files",
            file=other.path,
            option=other.option,
        )


def _refuse_other_kind(output: OutputFile) -> None:
    found, wanted = kind_of(output.path), output.kinds[0]
    force = "" if wanted == LEDGER else ", or replace it with --force"
    is_unknown = found == OTHER and wanted != LEDGER  # nothing of ours, and no table: as any program would
    if not is_unknown and found not in (None, *output.kinds):
        message = f"{shown(output.path)} is {found}, not {wanted}; name another file{force}"
        raise UsageError(f"{output.option} {message}", file=output.path, option=output.option)
    for path, wanted in output.beside.items():
        found = kind_of(path)
        if found not in (None, OTHER, wanted):
            message = f"{shown(output.path)} needs {shown(path)} for {wanted}, and that is {found}"
            remedy = f"move it, or name another file{force}"
            raise UsageError(f"{output.option} {message}; {remedy}", file=path, option=output.option)


def is_same(one: str, other: str) -> bool:
    """Return whether two names are of one file; of files that are not there yet, whether they would be."""
    try:
        statuses = [os.fstat(_STDIN) if name == STREAM else os.stat(name) for name in (one, other)]
    except (OSError, ValueError):
        return STREAM not in (one, other) and _real(one) == _real(other)
    return all(stat.S_ISREG(status.st_mode) for status in statuses) and os.path.samestat(*statuses)


def _real(name: str) -> str:
    try:
        return os.path.normcase(os.path.realpath(name))
    except (OSError, ValueError):
        return name


def kind_of(path: str) -> str | None:
    """Return the kind of a file, told by its first bytes; None where there is nothing to lose, or no file."""
    try:
        descriptor = system.open_reading(path)
    except (OSError, ValueError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        return _kind(os.read(descriptor, _LOOK), path)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _kind(head: bytes, path: str) -> str | None:
    if not head.strip():
        return None
    for start, kind in _BEGINNINGS:
        if head.lower().startswith(start):
            return kind
    if head[:2] == b"\x80\x04":
        return (
            MODEL
            if b"lstmcast-model" in head[:200]
            else CHECKPOINT
            if b"lstmcast-check" in head[:200]
            else OTHER
        )
    if head[:1] == b"\x08":
        return GRAPH
    return OTHER if b"\0" in head else _kind_of_text(head.removeprefix(b"\xef\xbb\xbf"), path)


_BEGINNINGS = (
    (b"<svg", SVG),
    (b"<?xml", SVG),
    (b"\x89png", PNG),
    (b"<!doctype html", PAGE),
    (b"<html", PAGE),
    (b'{"fingerprint":', SEARCH),
    (b'{\n  "forecast"', FORECAST),
    (b'{\n  "totals"', FORECAST),
    (b'{\n  "paths"', FORECAST),
    (b"sqlite format 3\0", LEDGER),
    (b"# help lstmcast_", METRICS),
    (b"lstmcast,target=", POINTS),
)


def _kind_of_text(head: bytes, path: str) -> str:
    """The kind of a text: ours are told by their header."""
    first = head.split(b"\n", 1)[0].strip()
    cells = [cell.strip(b'" ').decode(errors="replace") for cell in first.split(b",")]
    if cells[:3] in (["issued", "model", "time"], ["issued", "model", "period"]):
        return LEDGER
    if cells[0] == "origin" and "step" in cells and cells[-1] == "in_sample":
        return SINGLES
    if cells[-1] == "source" and not {"forecast", "total"}.isdisjoint(cells):
        return FORECAST
    if (cells[0], cells[-1]) == ("path", "value") or {"time", "path_1"} <= {*cells}:
        return FORECAST
    if path.lower().endswith(".toml") or _SETTING.match(head):
        return SETTINGS
    return TABLE if len(cells) > 1 or len(re.split(rb"[;\t|]", first)) > 1 else OTHER
