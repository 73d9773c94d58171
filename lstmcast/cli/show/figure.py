"""Pictures as one SVG file: plain, without script, the same bytes for the same figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from lstmcast.cli.show.drawing import colours
from lstmcast.cli.show.drawing.frame import Frame, fit_frame
from lstmcast.cli.show.drawing.labels import laid
from lstmcast.cli.show.drawing.layers import Named, flags, layers, legend, notes, swatch
from lstmcast.cli.show.drawing.shapes import Picture
from lstmcast.cli.show.drawing.words import text

WIDTH, HEIGHT = 760, 300
_LETTER, _ROW = 7.2, 16  # pixels of a letter and of a row of text
_EDGE = 16
_FINE = 10  # places of the canvas in a pixel
_NUMBERS = 6  # along the axis of values
# By name what systems have: converters know no `sans-serif`.
FONT = (
    "system-ui,'Segoe UI','Helvetica Neue',Helvetica,Arial,'Liberation Sans','DejaVu Sans','Noto Sans',Roboto,"
    "Ubuntu,Cantarell,FreeSans,Verdana,sans-serif"
)
_TEXT = f"""text{{font:12px {FONT};fill:var(--ink)}}
.title{{font-size:15px;font-weight:600}}
.soft{{fill:var(--soft)}}
.number{{fill:var(--mark);font-weight:600}}
.grid,.axis{{fill:none;stroke:var(--grid)}}
.axis{{stroke:var(--soft)}}
.paper{{fill:var(--paper)}}
"""


def sheet(pictures: Sequence[Picture], *, is_converted: bool = False) -> str:
    """Pictures one below the other; is_converted: for a program that knows neither variables nor dark rooms."""
    style = colours.strokes(_FINE) + _TEXT
    style = colours.in_light(style) if is_converted else colours.both_rooms() + style
    parts, top = [], 0
    for number, picture in enumerate(pictures, 1):
        drawn = _Drawn(picture, number)
        parts.append(f'<g transform="translate(0 {top})">\n{drawn.markup()}</g>\n')
        top += drawn.height
    names = " ".join(f"t{number} d{number}" for number in range(1, len(pictures) + 1))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}" '
        f'role="img" aria-labelledby="{names}">\n<style>\n{style}</style>\n'
        f'<rect class="paper" width="{WIDTH}" height="{top}"/>\n{"".join(parts)}</svg>\n'
    )


class _Drawn:
    """One picture of a sheet, measured."""

    def __init__(self, picture: Picture, number: int) -> None:
        self.picture, self._number = picture, number
        self._title = wrap(picture.title, int((WIDTH - 2 * _EDGE) / 9))
        self._legend = _rows(legend(picture))
        across = int((WIDTH - 2 * _EDGE) / _LETTER)
        self._notes = [row for note in notes(picture) for row in wrap(note, across, subsequent_indent="   ")]
        self.frame = fit_frame(picture)
        self.numbers = [] if self.frame is None else self.frame.beside(_NUMBERS)
        widest = max((len(tick.label) for tick in self.numbers), default=0)
        self.left = _EDGE + max(round(widest * _LETTER), 24) + 6
        self.width = WIDTH - self.left - _EDGE
        self.top = (
            _EDGE
            + 20 * len(self._title)
            + _ROW * (len(self._legend) + bool(picture.unit))
            + (22 if picture.marks else 10)
        )
        self.bottom = self.top + HEIGHT - 100
        self.height = self.bottom + 2 * _ROW + 14 + _ROW * len(self._notes) + _EDGE // 2

    def markup(self) -> str:
        """All of it as markup."""
        return "".join(f"{part}\n" for part in self._parts())

    def _parts(self) -> Iterator[str]:
        picture, number = self.picture, self._number
        yield f'<title id="t{number}">{text(picture.title)}</title>'
        yield f'<desc id="d{number}">{text(picture.about)}</desc>'
        y = _EDGE
        for row in self._title:
            y += 20
            yield f'<text class="title" x="{_EDGE}" y="{y - 6}">{text(row)}</text>'
        yield from self._legends(y)
        if self.frame is None:
            yield f'<text class="soft" x="{_EDGE}" y="{self.top + _ROW}">Nothing is known to draw.</text>'
            return
        yield from self._axes(self.frame)
        yield from self._shapes(self.frame)
        yield from self._marks(self.frame)

    def _legends(self, y: int) -> Iterator[str]:
        for row in self._legend:
            y += _ROW
            x = float(_EDGE)
            for kind, name in row:
                yield _swatch(kind, x, y - 4)
                yield f'<text x="{x + 24:.0f}" y="{y}">{text(name)}</text>'
                x += 24 + (len(name) + 2) * _LETTER
        if self.picture.unit:
            yield f'<text class="soft" x="{_EDGE}" y="{y + _ROW}">{text(self.picture.unit)}</text>'

    def _axes(self, frame: Frame) -> Iterator[str]:
        """Lines across at round numbers, the lower axis, and what is written along both."""
        right, height = self.left + self.width, self.bottom - self.top
        for tick in self.numbers:
            y = self.top + height * (1 - frame.y.share(tick.place))
            kind = "axis" if not tick.place and not self.picture.names else "grid"
            yield f'<path class="{kind}" d="M{self.left} {y:.1f}H{right}"/>'
            yield f'<text class="soft" x="{self.left - 6}" y="{y + 4:.1f}" text-anchor="end">{tick.label}</text>'
        yield f'<path class="axis" d="M{self.left} {self.bottom}H{right}"/>'
        ticks = frame.below(self.width, _LETTER)
        for tick in ticks:
            x = self.left + self.width * frame.x.share(tick.place)
            yield f'<path class="axis" d="M{x:.1f} {self.bottom}v4"/>'
        for label in laid(ticks, frame.x, self.width, _LETTER, self.left - 2, _EDGE - 2):
            x = self.left + label.first + len(label.text) * _LETTER / 2
            y = self.bottom + _ROW * (label.row + 1)
            yield f'<text class="soft" x="{x:.1f}" y="{y}" text-anchor="middle">{text(label.text)}</text>'

    def _shapes(self, frame: Frame) -> Iterator[str]:
        width, height = _FINE * self.width, _FINE * (self.bottom - self.top)
        yield f'<g transform="translate({self.left} {self.top}) scale({1 / _FINE:g})">'
        for kind, data in layers(frame, width, height):
            yield f'<path class="{kind}" d="{data}"/>'
        yield "</g>"

    def _marks(self, frame: Frame) -> Iterator[str]:
        """The number of each mark, by which the list below the picture calls it."""
        for right, down, numbers in flags(frame):
            across, under = self.left + self.width * right, self.top + (self.bottom - self.top) * down
            place = f'x="{across:.1f}" y="{max(under - 6, self.top - 1):.1f}"'
            yield f'<text class="number" {place} text-anchor="middle">{numbers}</text>'
        for count, row in enumerate(self._notes, 1):
            y = self.bottom + 2 * _ROW + 8 + _ROW * count
            yield f'<text x="{_EDGE}" y="{y}">{text(row)}</text>'


def _rows(found: Sequence[Named]) -> list[list[Named]]:
    """The legend in rows that fit."""
    rows: list[list[Named]] = []
    free = 0.0
    for kind, name in found:
        needed = 24 + (len(name) + 2) * _LETTER
        if needed > free:
            rows.append([])
            free = WIDTH - 2.0 * _EDGE
        rows[-1].append((kind, name))
        free -= needed
    return rows


def _swatch(kind: str, x: float, y: float) -> str:
    """A piece of a line or of a band, as it is drawn in the picture."""
    paths = swatch(kind, "M90 0h0", "M0 0H180", "M0-50H180V50H0z")
    return f'<g transform="translate({x:.0f} {y}) scale({1 / _FINE:g})">{paths}</g>'
