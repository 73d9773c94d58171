"""Words in a picture or a page: text of files is text there, whatever stands in it, and numbers have fitting digits."""

from __future__ import annotations

import math
from html import escape

from lstmcast.cli.shell.streams import clean


def text(words: str) -> str:
    """Text as markup takes it: what would be a tag is shown, control characters are spelled out."""
    return escape(clean(words))


def short(words: str, letters: int) -> str:
    """The words, cut to so many letters."""
    return words if len(words) <= letters else f"{words[: letters - 1]}…"


def number(value: float | None, decimals: int) -> str:
    """A number with so many decimals: `4,321.5`; nothing where there is none."""
    if value is None or math.isnan(value):
        return ""
    return f"{value:.6g}" if abs(value) >= 1e15 else f"{value:,.{decimals}f}"


def listed(names: list[str]) -> str:
    """`a, b and c`."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
