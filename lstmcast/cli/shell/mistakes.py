"""Mistakes of the command line: words that nothing is called by, and arguments in each other's place."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from lstmcast.cli.shell.catalogue import COMMANDS
from lstmcast.cli.shell.streams import PROGRAM
from lstmcast.core.errors import LstmcastError

_NO_COMMAND = re.compile(r"No such command '(.+?)'")
_CLOSE = 0.6


def usage_line(error: BaseException) -> str:
    """Return what to say of a command line that could not be parsed, with the nearest word there is."""
    context = getattr(error, "ctx", None)
    path = PROGRAM if context is None else context.command_path
    message = error.format_message()  # type: ignore[attr-defined]
    option, unknown = getattr(error, "option_name", None), _NO_COMMAND.match(message)
    if unknown is not None:
        near = _nearest(unknown[1], COMMANDS, f"see {path} --help")
        return f"there is no command {unknown[1]!r}; {near}"
    if option is not None and hasattr(error, "possibilities") and context is not None:
        names = [flag[2:] for each in context.command.params for flag in each.opts if flag[:2] == "--"]
        return f"{path} has no option {option}; {_nearest(option.lstrip('-'), names, f'see {path} --help', '--')}"
    return f"{message.rstrip('.')}; see {path} --help"


def _nearest(word: str, words: Iterable[str], otherwise: str, sign: str = "") -> str:
    near = difflib.get_close_matches(word, list(words), n=1, cutoff=_CLOSE)
    return f"did you mean {sign}{near[0]}?" if near else otherwise


def exchanged(arguments: Sequence[str], error: LstmcastError) -> LstmcastError:
    """The error of a command line whose first two files stand in each other's place, if they do; else as it is."""
    files = _files(arguments)
    if len(files) < 2 or not _is_model(files[1]) or _is_model(files[0]):
        return error
    right = f"{PROGRAM} {arguments[0]} {files[1]} {files[0]}"
    message = f"{files[1]} is a model and {files[0]} is none; are the arguments swapped? {right}"
    return type(error)(message, file=files[0])


def _files(arguments: Sequence[str]) -> list[str]:
    """The first words behind a command that are no options; where options come first, none."""
    words = list(arguments[1:3])
    return words if len(words) == 2 and not any(word.startswith("-") for word in words) else []


def _is_model(path: str) -> bool:
    """Return whether a file begins as a model does."""
    from lstmcast.persistence import outputs

    return outputs.kind_of(path) == outputs.MODEL
