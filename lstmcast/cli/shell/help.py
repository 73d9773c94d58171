"""The text of a help page: words wrapped at blanks to the width of the terminal, nothing broken within."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Sequence
from typing import TextIO

NARROWEST, WIDEST = 40, 100
_LONGEST_NAME = 26  # a longer name has its explanation on the next line

Row = tuple[str, str]


def width() -> int:
    """Return how many letters a line may have: as many as the terminal, within reason."""
    return max(NARROWEST, min(WIDEST, shutil.get_terminal_size((80, 24)).columns))


def line_width(stream: TextIO | None) -> int | None:
    """Return how many letters a line to a stream may have: as its terminal has; None where it is none."""
    if stream is None or not stream.isatty():
        return None
    return max(NARROWEST, shutil.get_terminal_size().columns)


def wrapped(text: str, first: str = "", then: str | None = None, columns: int | None = None) -> list[str]:
    """Lines of a paragraph, each within the width unless a single word is longer; first and then: their beginnings.

    columns: the width, that of a help page if None.
    """
    filler = textwrap.TextWrapper(
        width=columns or width(),
        initial_indent=first,
        subsequent_indent=first if then is None else then,
        break_on_hyphens=False,
        break_long_words=False,
    )
    whole = " ".join(text.split()).replace(" %", "\N{NO-BREAK SPACE}%")
    return [line.replace("\N{NO-BREAK SPACE}%", " %") for line in filler.wrap(whole)] or [first.rstrip()]


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a docstring, indented, with blank lines between them."""
    lines: list[str] = []
    for paragraph in textwrap.dedent(text).strip().split("\n\n"):
        lines += [*wrapped(paragraph, "  "), ""]
    return lines


def rows(pairs: Sequence[Row]) -> list[str]:
    """Names and what they mean in two columns; the second hangs."""
    room = min(max((len(name) for name, _ in pairs), default=0), _LONGEST_NAME, width() // 3)
    lines: list[str] = []
    for name, meaning in pairs:
        lines += _row(name, _breakable(meaning), room)
    return lines


def _row(name: str, meaning: str, room: int) -> list[str]:
    hang = " " * (room + 4)
    if len(name) <= room:
        return wrapped(meaning, f"  {name:<{room}}  ", hang)
    return [f"  {name}", *(wrapped(meaning, hang) if meaning else [])]


def _breakable(meaning: str) -> str:
    """A list of choices may go on in the next line after a bar, as other text does at a blank."""
    return meaning.replace("|", " | ") if "|" in meaning else meaning


def section(heading: str, lines: Iterable[str]) -> list[str]:
    """A heading, what stands below it, and a blank line."""
    return [f"{heading}:", *lines, ""]
