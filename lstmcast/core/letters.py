"""Letters that act on a terminal, or that turn round the order in which a line is read, spelled out."""

from __future__ import annotations

import re

# Control characters, and the marks of bidirectional text: what is shown behind one need not be what is there.
_ACTING = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_IN_A_CELL = re.compile(f"[{_ACTING}]")
_IN_A_TABLE = re.compile(f"(?![\t\n])[{_ACTING}]")  # there they separate cells and rows


def spelled_out(text: str) -> str:
    """A name, of a series or a class, with every such letter as an escape: it is the same wherever it is written."""
    return _IN_A_CELL.sub(_escape, text) if not text.isprintable() else text


def harmless(text: str) -> str:
    """A whole table with every such letter as an escape but those between its cells and rows."""
    return _IN_A_TABLE.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
