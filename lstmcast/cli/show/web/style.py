"""The look of pages, and the few lines of script that show figures under a pointer."""

from __future__ import annotations

from pathlib import Path

from lstmcast.cli.show.drawing import colours

_HERE = Path(__file__).parent


def sheet() -> str:
    """The style sheet of a page: colours, the strokes of its pictures, all else."""
    return colours.both_rooms() + colours.strokes() + (_HERE / "page.css").read_text(encoding="utf-8")


def script() -> str:
    """The script of a page."""
    return (_HERE / "page.js").read_text(encoding="utf-8")
