"""Pictures as a PNG, drawn from their SVG by a converter of others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lstmcast.core.errors import OutputError, UsageError

if TYPE_CHECKING:
    from lstmcast.cli.show.drawing.shapes import Picture

_ZOOM = 2  # dots in a pixel, as sharp screens and paper have them
_LETTER = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><text y="16" font-family="{}">{}</text></svg>'


def require_converter(path: str) -> None:
    """Raise UsageError where the converter is not installed."""
    try:
        import resvg_py  # noqa: F401
    except ImportError:
        raise UsageError(
            f"{path}: a PNG needs the extra plot (pip install 'lstmcast[plot]'); .svg and .html need nothing",
            file=path,
        ) from None


def png(pictures: Sequence[Picture]) -> bytes:
    """Pictures one below the other, in the light; raises OutputError where the converter refuses them."""
    import resvg_py

    from lstmcast.cli.show.figure import sheet

    try:
        return bytes(resvg_py.svg_to_bytes(svg_string=sheet(pictures, is_converted=True), zoom=_ZOOM))
    except ValueError as error:
        raise OutputError(f"the converter of PNG files refuses the picture: {error}") from error


def has_letters() -> bool:
    """Return True where the converter finds a font on this machine: without one a PNG has no words."""
    import resvg_py

    from lstmcast.cli.show.figure import FONT

    drawn = {bytes(resvg_py.svg_to_bytes(svg_string=_LETTER.format(FONT, letter))) for letter in ("", "M")}
    return len(drawn) > 1
