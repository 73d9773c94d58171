"""The files that each command writes and reads, by its parameters: nothing is written onto what is read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lstmcast.cli.shell.environment import folder_file, user_file
from lstmcast.core.errors import UsageError

STDOUT = "-"

_METRICS = ("--metrics", ("a file of metrics",))
_POINTS = ("--influx", ("a file of points",))
# command -> parameter -> its option, and the kinds of file that it may replace, the one that it writes first
OUTPUTS: dict[str, dict[str, tuple[str, Sequence[str]]]] = {
    "train": {"output": ("--output", ("a model",))},
    "predict": {
        "output": ("--output", ("a forecast",)),
        "log_file": ("--log", ("a ledger",)),
        "metrics": _METRICS,
        "influx": _POINTS,
    },
    "score": {"metrics": _METRICS},
    "evaluate": {"output": ("--output", ("a file of single forecasts",))},
    "tune": {"output": ("--output", ("a model",))},
    "backtest": {"output": ("--output", ("a file of single forecasts",))},
    "watch": {"output": ("--output", ("a table",)), "metrics": _METRICS},
    "fill": {"output": ("--output", ("a table",))},
    "export": {"output": ("--output", ("an ONNX graph",))},
    "template": {"output": ("--output", ("a table",))},
    "plot": {"output": ("--output", ("a picture", "an SVG picture", "a PNG picture", "a web page"))},
    "report": {"output": ("--output", ("a web page",))},
    "refresh": {"model": ("MODEL", ("a model",)), "metrics": _METRICS},
    "schedule": {"output": ("--output", ("a forecast",)), "log_file": ("--log", ("a ledger",))},
}
# parameter -> what its file is read as
_INPUTS = {
    "model": "MODEL",
    "data": "DATA",
    "after_model": "DATA",
    "ledger": "--ledger",
    "forecasts": "LEDGER",
    "future": "--future",
    "total_at": "--total-at",
    "holidays": "--holidays",
    "from_": "--from",
}
_LISTS = {"exclude": "--exclude"}  # lists of words, of which some name files


def refuse(command: str, values: Mapping[str, Any]) -> None:
    """Raise UsageError where a command, called with these values, would destroy a file that it reads, or one of another
    kind; before anything is read."""
    if command not in OUTPUTS:
        return
    if values.get("log_file") == STDOUT:
        message = "--log names a file that grows, which standard output is not; name one"
        raise UsageError(message, option="--log")
    from lstmcast.persistence.outputs import OutputFile, refuse_overwriting

    paths = {name: str(values[name]) for name in OUTPUTS[command] if values.get(name) not in (None, STDOUT)}
    if paths and not all(map(os.path.isabs, paths.values())):
        _require_folder()
    outputs = [
        OutputFile(*OUTPUTS[command][name], path, dict(_beside(command, path, values)))
        for name, path in paths.items()
    ]
    if outputs:
        read = {what: paths for what, paths in _read(command, values).items() if paths}
        refuse_overwriting(outputs, read, is_forced=values.get("force") is True)


def _require_folder() -> None:
    """Raise UsageError where the working directory is gone, as relative names then lead nowhere."""
    try:
        os.getcwd()
    except OSError:
        raise UsageError("the working directory is not there any more; change to one that is") from None


def _beside(command: str, path: str, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Files that are written beside an output, and the kind of each."""
    if command not in ("train", "tune", "refresh") or "\0" in path:
        return
    real = os.path.realpath(path)
    yield f"{real}.lock", "a lock"
    if command == "train":
        yield f"{real}.ckpt", "a checkpoint"
        return
    if command == "tune":
        yield f"{real}.tune", "a search"
        return
    kept = str(values.get("keep", ""))
    count = (
        int(kept) if kept.isdecimal() and len(kept) < 4 else 0
    )  # of another word the command itself speaks
    yield from ((f"{real}.{number}", "a model") for number in range(1, count + 2))


def _read(command: str, values: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return what a command reads: the word of a message -> the paths."""
    from lstmcast.core.options import parse_names

    found: dict[str, list[str]] = {}
    for name, what in _INPUTS.items():
        if name not in OUTPUTS[command] and isinstance(values.get(name), str):
            found.setdefault(what, []).append(values[name])
    for name, what in _LISTS.items():
        found[what] = list(parse_names(values.get(name)))
    return found | {
        "settings": [] if values.get("no_config") else [folder_file(values.get("config")), user_file()]
    }
