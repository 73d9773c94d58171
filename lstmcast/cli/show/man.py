"""Manual pages for `man`, made of the same tree of commands as the help."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import typer
from typer.main import get_command

from lstmcast import __version__
from lstmcast.cli.shell.streams import PROGRAM
from lstmcast.core.errors import EXIT_CODES


def files() -> Iterator[tuple[str, str]]:
    """Every page: its name, such as `lstmcast-train.1`, and its text, the same bytes each time."""
    from lstmcast.cli.shell.app import app
    from lstmcast.cli.shell.catalogue import COMMANDS, Commands

    names = [f"{PROGRAM}-{name}" for name in COMMANDS]
    yield (
        f"{PROGRAM}.1",
        _page(PROGRAM, get_command(app), "turn a CSV into forecasts", names, exit_codes=True),
    )
    for name, command in Commands().items():
        summary = COMMANDS[name].summary.rstrip(".")
        page = _page(f"{PROGRAM}-{name}", command, summary[0].lower() + summary[1:], [PROGRAM])
        yield f"{PROGRAM}-{name}.1", page


def _page(title: str, command: Any, summary: str, others: Sequence[str], *, exit_codes: bool = False) -> str:
    """One page in roff's man macros."""
    context = typer.Context(command, info_name=title.replace("-", " ", 1))
    synopsis = " ".join(command.collect_usage_pieces(context))
    lines = [f'.TH {title.upper()} 1 "" "{PROGRAM} {__version__}" "User Commands"']
    lines += [".SH NAME", _escaped(f"{title} - {summary}").replace(r" \- ", r" \- ", 1)]
    lines += [".SH SYNOPSIS", f".B {_escaped(context.info_name or title)}", _escaped(synopsis)]
    lines += [".SH DESCRIPTION", *_paragraphs(command.help or "")]
    for group, options in _grouped(command, context).items():
        lines += [f'.SH "{_escaped(group.upper())}"']
        lines += [
            line for name, meaning in options for line in (".TP", f".B {_escaped(name)}", _escaped(meaning))
        ]
    if exit_codes:
        lines += [".SH EXIT STATUS"]
        lines += [line for code, text in EXIT_CODES.items() for line in (".TP", f".B {code}", _escaped(text))]
    lines += [".SH EXAMPLES", ".nf", *(_escaped(line) for line in (command.epilog or "").splitlines()), ".fi"]
    lines += [".SH SEE ALSO", ", ".join(rf"\fB{_escaped(name)}\fR(1)" for name in others)]
    lines += [f"The manual: {_escaped(f'{PROGRAM} guide')}"]
    return "\n".join(line for line in lines if line) + "\n"


def _grouped(command: Any, context: Any) -> dict[str, list[tuple[str, str]]]:
    """Arguments and options by the heading of their group."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for group, name, meaning in command.records(context):
        groups.setdefault(group, []).append((name, meaning))
    return groups


def _paragraphs(text: str) -> Iterator[str]:
    """The paragraphs of a docstring."""
    for number, paragraph in enumerate(textwrap.dedent(text).strip().split("\n\n")):
        if number:
            yield ".PP"
        yield _escaped(" ".join(paragraph.split()))


def _escaped(text: str) -> str:
    """Text in which roff sees no command: hyphens can be copied, and no line begins with a dot or a quote."""
    found = text.replace("\\", r"\e").replace("-", r"\-")
    return re.sub(r"^([.'])", r"\\&\1", found)
