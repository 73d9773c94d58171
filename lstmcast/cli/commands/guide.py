"""`lstmcast guide`: the manual, in the terminal or as a small site."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from lstmcast.cli.shell.console import Console
from lstmcast.cli.shell.flags import INPUT, OUTPUT
from lstmcast.cli.shell.streams import emit
from lstmcast.cli.show.manual import contents, page
from lstmcast.core.errors import UsageError

Topic = Annotated[
    str | None, typer.Argument(metavar="[TOPIC]", help="what to read about [the list]", rich_help_panel=INPUT)
]
Html = Annotated[
    str | None,
    typer.Option(
        "--html", metavar="DIR", help="write the whole guide as a small site", rich_help_panel=OUTPUT
    ),
]
Man = Annotated[
    str | None,
    typer.Option("--man", metavar="DIR", help="write a page of each command for man", rich_help_panel=OUTPUT),
]
_TELLING = 500  # letters


def guide(topic: Topic = None, html: Html = None, man: Man = None) -> None:
    """Read the manual.

    Without a topic it lists them. On a terminal a page is formatted and shown in your pager; elsewhere it is Markdown.
    """
    for option, folder in (("--html", html), ("--man", man)):
        if folder is not None and topic is not None:
            raise UsageError(f"{option} writes every page; leave the topic out", option=option)
    if html is not None:
        _write_site(html)
    if man is not None:
        _write_man(man)
    if html is not None or man is not None:
        return
    if topic is None:
        emit(contents())
    elif Console().draws():
        _show(page(topic))
    else:
        emit(page(topic))


def _show(text: str) -> None:
    """A page, formatted, in the pager where it is longer than the screen."""
    import shutil

    from rich.console import Console as Screen
    from rich.markdown import Markdown

    columns, lines = shutil.get_terminal_size()
    screen = Screen(width=min(columns, 100))
    with screen.capture() as captured:
        screen.print(Markdown(text, hyperlinks=False))
    shown = captured.get()
    if shown.count("\n") < lines or not sys.stdin.isatty():
        emit(shown)
        return
    os.environ.setdefault("LESS", "-FRX")
    with screen.pager(styles=True):
        screen.print(Markdown(text, hyperlinks=False))


def _write_man(folder: str) -> None:
    """A page of each command for `man` into a folder; raises OutputError."""
    from lstmcast.cli.show.man import files

    pages = dict(files())
    _write(folder, pages, {name: text.partition(" 1 ")[0] for name, text in pages.items()}, "--man")
    emit(f"Wrote {len(pages)} pages into {folder}; read one: man {os.path.join(folder, next(iter(pages)))}\n")


def _write_site(folder: str) -> None:
    """Every page of the guide into a folder; raises OutputError."""
    from lstmcast.cli.show.site import files

    pages = dict(files())
    heads = {name: text.partition("</title>")[0][:_TELLING] for name, text in pages.items()}
    _write(folder, pages, heads, "--html")
    emit(f"Wrote {folder}; open {os.path.join(folder, 'index.html')} in a browser.\n")


def _write(folder: str, pages: Mapping[str, str], heads: Mapping[str, str], option: str) -> None:
    """Pages into a folder that is made where it is not there; heads: by what a page of ours is told from others."""
    from lstmcast.persistence.files import replace_file, telling

    for name in pages:
        _refuse_foreign(os.path.join(folder, name), heads[name], option)
    with telling(folder):
        os.makedirs(folder, exist_ok=True)
    for name, text in pages.items():
        replace_file(os.path.join(folder, name), text.encode())


def _refuse_foreign(path: str, head: str, option: str) -> None:
    """Raise UsageError where a page of the guide would take the place of another file, told by how it begins."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            found = file.read(len(head))
    except (OSError, ValueError):  # it is not there, or whoever writes it says why it cannot be written
        return
    if found.strip() and found != head:
        message = f"{option}: {path} is no page of the guide; name another folder"
        raise UsageError(message, file=path, option=option)
