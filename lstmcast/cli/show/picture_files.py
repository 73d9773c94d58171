"""Pictures as a file, of the kind that its name asks for: SVG, PNG or a page."""

from __future__ import annotations

import os
from collections.abc import Sequence

from lstmcast.cli.show.drawing.shapes import Picture
from lstmcast.cli.show.drawing.words import text
from lstmcast.core.errors import UsageError

KINDS = (".svg", ".png", ".html")
_SMALL = 4  # pictures from which on each is smaller, and two stand side by side


def kind_of(path: str) -> str:
    """The ending of a file's name; raises UsageError for one that no picture has, and where its extra is missing."""
    ending = os.path.splitext(path)[1].lower()
    if ending not in KINDS:
        message = f"{path}: a picture ends in {', '.join(KINDS[:-1])} or {KINDS[-1]}; name it so"
        raise UsageError(message, file=path)
    if ending == ".png":
        from lstmcast.cli.show.raster import require_converter

        require_converter(path)
    return ending


def as_file(pictures: Sequence[Picture], kind: str, title: str, note: str = "") -> bytes:
    """The bytes of a file with these pictures, the same for the same figures; note: a sentence about all of them."""
    if kind == ".png":
        from lstmcast.cli.show.raster import png

        return png(pictures)
    if kind == ".svg":
        from lstmcast.cli.show.figure import sheet

        return sheet(pictures).encode()
    return _page(pictures, title, note).encode()


def _page(pictures: Sequence[Picture], title: str, note: str) -> str:
    from lstmcast.cli.show.web.figure import embedded
    from lstmcast.cli.show.web.page import page

    are_small = len(pictures) >= _SMALL
    inside = "".join(
        embedded(picture, f"p{number}", is_small=are_small) for number, picture in enumerate(pictures, 1)
    )
    lead = f"<p>{text(note)}</p>\n" if note else ""
    return page(title, [("", f"<div class=two>{inside}</div>\n" if are_small else inside)], lead)
