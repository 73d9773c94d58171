"""A picture within a page: shapes that stretch with it, letters that do not, and its figures as a table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from lstmcast.cli.show.drawing.frame import Frame, fit_frame
from lstmcast.cli.show.drawing.labels import Label, laid
from lstmcast.cli.show.drawing.layers import flags, layers, legend, swatch
from lstmcast.cli.show.drawing.scales import Tick
from lstmcast.cli.show.drawing.shapes import Picture, PictureTable
from lstmcast.cli.show.drawing.words import text
from lstmcast.cli.show.web import markup

_CANVAS = 2000, 1000
_KEY = "M12 6h0", "M1 6H23", "M0 1H24V11H0z"
_LETTER = 7.2  # pixels of a letter
_WIDTHS = {
    "most": 800,
    "many": 440,
    "few": 250,
}  # pixels of the axis, at least, where so many labels are shown
_AFTER = 14  # pixels to the right of the axis
_NUMBERS, _SMALL = 6, 4  # along the axis of values
_UNEVEN = 1e-4  # share of the axis by which rows may miss an even grid


def embedded(picture: Picture, name: str, *, is_small: bool = False) -> str:
    """The markup of a picture; name: of its own in the page."""
    unit = f" <span>{text(picture.unit)}</span>" if picture.unit else ""
    caption = f"<figcaption id={name}c>{text(picture.title)}{unit}</figcaption>"
    frame = fit_frame(picture)
    parts = (
        [markup.paragraph("Nothing is known to draw.", "soft")]
        if frame is None
        else _plot(frame, name, is_small)
    )
    parts = [
        caption,
        *parts,
        markup.items((mark.text for mark in picture.marks), are_numbered=True, kind="notes"),
    ]
    if picture.table is not None and picture.table.rows:
        parts.append(_folded(picture.table, picture.title))
    return f"<figure{' class=small' if is_small else ''}>{''.join(parts)}</figure>\n"


def _folded(table: PictureTable, title: str) -> str:
    return markup.folded("The same as a table", markup.table(table.header, table.rows, f"{title}: figures"))


def _plot(frame: Frame, name: str, is_small: bool) -> Iterator[str]:
    """The legend, then the shapes and around them the letters, placed by shares of the width and of the height."""
    picture = frame.picture
    numbers = frame.beside(_SMALL if is_small else _NUMBERS)
    before = round(max((len(tick.label) for tick in numbers), default=0) * _LETTER) + 8
    yield _legend(picture)
    hover = _hover(frame, picture.table)
    flagged = " flagged" if picture.marks else ""
    yield f'<div class="plot{flagged}" style="--before:{before}px;--after:{_AFTER}px"{hover}>'
    yield (
        f"<svg viewBox='0 0 {_CANVAS[0]} {_CANVAS[1]}' preserveAspectRatio=none role=img aria-labelledby={name}c "
        f"aria-describedby={name}d><desc id={name}d>{text(picture.about)}</desc>"
    )
    yield from _grid(frame, numbers)
    yield from (f'<path class="{kind}" d="{data}"/>' for kind, data in layers(frame, *_CANVAS))
    yield "</svg><div aria-hidden=true><div class=y>"
    yield from (
        f'<span style="top:{_percent(1 - frame.y.share(tick.place))}">{tick.label}</span>' for tick in numbers
    )
    yield "</div>"
    yield from _below(frame, before)
    yield from _flags(frame)
    yield "</div></div>\n"


def _grid(frame: Frame, numbers: Sequence[Tick]) -> Iterator[str]:
    """Lines across at round numbers and the lower axis."""
    width, height = _CANVAS
    for tick in numbers:
        y = round(height * (1 - frame.y.share(tick.place)))
        yield f'<path class="{"axis" if not tick.place and not frame.picture.names else "grid"}" d="M0 {y}H{width}"/>'
    yield f'<path class=axis d="M0 {height}H{width}"/>'


def _below(frame: Frame, before: int) -> Iterator[str]:
    """Yield what is written below: the more of it, the wider the picture is."""
    for kind, width in _WIDTHS.items():
        ticks = frame.below(width, _LETTER)
        yield f'<div class="x {kind}">'
        yield from (_label(label, before) for label in laid(ticks, frame.x, width, _LETTER, before, _AFTER))
        yield "</div>"


def _label(label: Label, before: int) -> str:
    place = {
        "start": f"{-before}px",
        "middle": _percent(label.share),
        "end": f"calc(100% + {_AFTER}px)",
    }[label.anchor]
    kinds = [*(["date"] if label.row else []), *([label.anchor] if label.anchor != "middle" else [])]
    kind = f' class="{" ".join(kinds)}"' if kinds else ""
    return f'<span{kind} style="left:{place}">{text(label.text)}</span>'


def _flags(frame: Frame) -> Iterator[str]:
    """The numbers of the marks."""
    found = flags(frame)
    if found:
        yield "<div class=flags>"
        yield from (
            f'<span style="left:{_percent(x)};top:{_percent(y)}">{numbers}</span>' for x, y, numbers in found
        )
        yield "</div>"


def _legend(picture: Picture) -> str:
    """Return what stands for what."""
    keys = "".join(
        f'<li><svg viewBox="0 0 24 12" aria-hidden=true>{swatch(kind, *_KEY)}</svg>{text(name)}'
        for kind, name in legend(picture)
    )
    return f"<ul class=keys>{keys}</ul>\n" if keys else ""


def _hover(frame: Frame, table: PictureTable | None) -> str:
    """Return where the table's rows stand along the axis, for the script; two do on an even grid."""
    if table is None or not table.places:
        return ""
    shares = [frame.x.share(place) for place in table.places]
    first, last, steps = shares[0], shares[-1], max(len(shares) - 1, 1)
    is_even = all(abs(first + (last - first) * i / steps - s) < _UNEVEN for i, s in enumerate(shares))
    told = [first, last] if is_even and len(shares) > 2 else shares
    return f' data-x="{json.dumps([round(share, 5) for share in told], separators=(",", ":"))}"'


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"
