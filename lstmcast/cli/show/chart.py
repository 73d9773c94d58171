"""Pictures in a terminal: dots of Braille letters between axes, or letters of ASCII where those cannot be shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Literal

from lstmcast.cli.show.drawing.canvas import Canvas
from lstmcast.cli.show.drawing.frame import Frame, fit_frame
from lstmcast.cli.show.drawing.labels import laid
from lstmcast.cli.show.drawing.layers import notes
from lstmcast.cli.show.drawing.scales import Tick
from lstmcast.cli.show.drawing.shapes import Picture
from lstmcast.cli.show.drawing.words import short

Letters = Literal["braille", "ascii"]
Span = tuple[str, str]  # text, and what it stands for: a key of COLOURS, or empty
Row = list[Span]

COLOURS = {"forecast": "36", "second": "33", "baseline": "35", "band": "2;36", "mark": "31", "bars": "36"}
_NARROW = 24  # letters across below which no numbers stand beside the picture
_LEAST, _GAP = 4, 2


@dataclass(frozen=True)
class _Pen:
    """The letters that axes and samples in the legend are made of."""

    side: str
    tick: str
    floor: str
    corner: str
    foot: str
    samples: dict[str, str]


_BRAILLE = _Pen(
    "│", "┤", "─", "└", "┬", {"actual": "⠤⠤", "forecast": "⠤⠤", "second": "⠠⠄", "baseline": "⠠⠠", "bars": "⣿"}
)
_ASCII = _Pen(
    "|", "+", "-", "+", "+", {"actual": "*", "forecast": "o", "second": "x", "baseline": "+", "bars": "#"}
)


def draw(picture: Picture, width: int, height: int, letters: Letters = "braille") -> list[Row]:
    """The rows of a picture: title, legend, so many rows of dots between axes, and the list of its marks.

    width: in letters, all of it; nothing but words where nothing is known.
    """
    rows = _drawn(picture, width, height, letters)
    return rows if letters == "braille" else [[(_plain(text), kind) for text, kind in row] for row in rows]


def _drawn(picture: Picture, width: int, height: int, letters: Letters) -> list[Row]:
    pen = _BRAILLE if letters == "braille" else _ASCII
    frame = fit_frame(picture)
    rows = [*_words(picture.title, width), *_legend(picture, pen, letters, width)]
    if frame is None:
        return [*rows, *_words("Nothing is known to draw.", width)]
    rows += _plot(frame, pen, letters, width, height)
    return rows + [row for note in notes(picture) for row in _words(note, width, indent="   ")]


def _plain(text: str) -> str:
    """Text in ASCII, letter for letter; a question mark stands for what it does not have."""
    return text.replace("…", "~").encode("ascii", "replace").decode()


def as_text(rows: Sequence[Row], *, in_colour: bool = False) -> str:
    """Rows as lines; in_colour: with the terminal's own colours."""
    return "".join(
        "".join(_painted(*span) if in_colour else span[0] for span in row).rstrip() + "\n" for row in rows
    )


def _painted(text: str, kind: str) -> str:
    return f"\x1b[{COLOURS[kind]}m{text}\x1b[0m" if kind in COLOURS and text.strip() else text


def _words(text: str, width: int, indent: str = "") -> list[Row]:
    return [[(row, "")] for row in wrap(text, max(width, _LEAST), subsequent_indent=indent)]


def _legend(picture: Picture, pen: _Pen, letters: Letters, width: int) -> list[Row]:
    """Samples of all that is drawn with their names, in rows that fit; nothing for one line alone."""
    found: list[tuple[Span, str]] = [
        ((pen.samples[line.role], line.role), line.name) for line in picture.lines if line.name
    ]
    bands = sorted(picture.bands, key=lambda band: band.level)
    found += [((Canvas.sample(number, letters), "band"), band.name) for number, band in enumerate(bands)]
    rows: list[Row] = []
    free = 0
    for sample, full in found if len(found) > 1 else []:
        name = short(full, max(width - len(sample[0]) - 1, 1))
        size = len(sample[0]) + 1 + len(name)
        if size + 3 > free:
            rows.append([])
            free = width + 3
        rows[-1] += [("   " if rows[-1] else "", ""), sample, (f" {name}", "")]
        free -= size + 3
    return rows


def _plot(frame: Frame, pen: _Pen, letters: Letters, width: int, height: int) -> list[Row]:
    """The dots between their axes, what is written along these, and the numbers of the marks above."""
    numbers = {} if width < _NARROW else _beside(frame, height)
    left = max((len(label) for label in numbers.values()), default=-1) + 1
    across = max(width - left - 1, _LEAST)
    canvas = Canvas(across, height, letters)
    canvas.draw(frame)
    rows = [[(" " * (left + 1), ""), *_numbered(frame, across)]] if frame.picture.marks else []
    for place, spans in enumerate(canvas.rows()):
        label = numbers.get(place, "")
        side = pen.tick if label else pen.side
        rows.append([(f"{label:>{left}}"[: left or 0] + side, ""), *spans])
    return rows + [[(row, "")] for row in _below(frame, pen, left, across)]


def _beside(frame: Frame, height: int) -> dict[int, str]:
    """Round numbers by the row of letters, from the top, at which they stand."""
    found = frame.beside(max(height // 2, 2))
    return {min(int((1 - frame.y.share(tick.place)) * height), height - 1): tick.label for tick in found}


def _numbered(frame: Frame, across: int) -> Row:
    """The numbers of the marks, each above what it is about."""
    row = [" "] * across
    for number, mark in enumerate(frame.picture.marks, 1):
        place = int(frame.x.share(mark.first / 2 + mark.last / 2) * (across - 1))
        for letter in str(number):
            if place < across:
                row[place] = letter
            place += 1
    return [("".join(row), "mark")]


def _below(frame: Frame, pen: _Pen, left: int, across: int) -> Iterator[str]:
    """The lower axis with its ticks, their labels, and the dates that these leave out."""
    found = frame.below(across, 1)
    floor = [pen.floor] * across
    for tick in found:
        floor[_column(frame, tick, across)] = pen.foot
    yield " " * left + pen.corner + "".join(floor)
    labels = laid(found, frame.x, across, 1, left + 1, 0)
    for number in range(2):
        row = [" "] * (left + 1 + across)
        for label in labels:
            if label.row == number:
                first = round(label.first) + left + 1
                row[first : first + len(label.text)] = label.text
        if "".join(row).strip():
            yield "".join(row)


def _column(frame: Frame, tick: Tick, across: int) -> int:
    return min(int(frame.x.share(tick.place) * (across - 1) + 0.5), across - 1)
