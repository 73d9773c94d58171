"""A canvas of dots in a terminal: two across and four down in each Braille letter, or one in each letter of ASCII."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

from lstmcast.cli.show.drawing.frame import Frame
from lstmcast.cli.show.drawing.shapes import Line, Strip

Letters = Literal["braille", "ascii"]

_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # of each half of a letter, from the top down
_BLANK = 0x2800
_ASCII = {"actual": "*", "forecast": "o", "second": "x", "baseline": "+", "bars": "#", "rule": ":"}
_ASCII_BANDS = ("=", "-", ".")  # from the narrowest
_BEHIND = ("band", "rule")


class Canvas:
    """Dots, and what the uppermost of them in each letter stands for."""

    def __init__(self, width: int, height: int, letters: Letters) -> None:
        self._width, self._height, self._letters = width, height, letters
        across, down = (2, 4) if letters == "braille" else (1, 1)
        self._across, self._down = width * across, height * down
        self._bits = [[_BLANK] * width for _ in range(height)]
        self._kinds = [[""] * width for _ in range(height)]
        self._shown = [[" "] * width for _ in range(height)]

    @staticmethod
    def sample(number: int, letters: Letters) -> str:
        """Return a sample of the band of a number, counted from the narrowest."""
        if letters == "ascii":
            return _ASCII_BANDS[min(number, 2)]
        dots = [
            (x, y)
            for x in range(4)
            for y in range(4)
            if any(_is_set(x, y, n) for n in range(min(number, 2), 3))
        ]
        halves = [sum(_DOTS[x % 2][y] for x, y in dots if x // 2 == half) for half in range(2)]
        return "".join(chr(_BLANK + bits) for bits in halves)

    def draw(self, frame: Frame) -> None:
        """Every shape of a picture, from the back to the front."""
        picture = frame.picture
        bands = sorted(enumerate(sorted(picture.bands, key=lambda band: band.level)), reverse=True)
        for number, band in bands:
            for strip in band.runs:
                self._shade(frame, strip, number)
        for left, right, height in picture.bars:
            self._bar(frame, left, right, height)
        if picture.rule is not None:
            x = self._column(frame, picture.rule)
            for y in range(0, self._down, 2):
                self._set(x, y, "rule")
        for line in picture.lines:
            self._line(frame, line)

    def rows(self) -> Iterator[list[tuple[str, str]]]:
        """Each row as stretches of letters that stand for the same."""
        for bits, kinds, shown in zip(self._bits, self._kinds, self._shown, strict=True):
            letters = shown if self._letters == "ascii" else [chr(b) if b != _BLANK else " " for b in bits]
            row: list[tuple[str, str]] = []
            for letter, kind in zip(letters, kinds, strict=True):
                if row and row[-1][1] == kind:
                    row[-1] = (row[-1][0] + letter, kind)
                else:
                    row.append((letter, kind))
            yield row

    def _column(self, frame: Frame, place: float) -> int:
        return min(max(int(frame.x.share(place) * (self._across - 1) + 0.5), 0), self._across - 1)

    def _row(self, frame: Frame, value: float) -> int:
        return min(max(int((1 - frame.y.share(value)) * (self._down - 1) + 0.5), 0), self._down - 1)

    def _set(self, x: int, y: int, kind: str, letter: str = "") -> None:
        if self._letters == "ascii":
            column, row = x, y
            self._shown[row][column] = letter or _ASCII[kind]
        else:
            column, row = x // 2, y // 4
            self._bits[row][column] |= _DOTS[x % 2][y % 4]
        if kind not in _BEHIND or not self._kinds[row][column]:
            self._kinds[row][column] = kind

    def _line(self, frame: Frame, line: Line) -> None:
        """Every run as a line of dots without holes, or its points alone."""
        for run in line.runs:
            dots = [(self._column(frame, x), self._row(frame, y)) for x, y in run]
            self._set(*dots[0], line.role)
            for start, stop in pairwise(dots):
                for dot in [stop] if line.is_dotted else _between(start, stop):
                    if line.role != "baseline" or dot[0] % 3 == 0 or self._letters == "ascii":
                        self._set(*dot, line.role)

    def _shade(self, frame: Frame, strip: Strip, number: int) -> None:
        """A band as a pattern of dots, the same at every place of it."""
        edges = {
            self._column(frame, x): (self._row(frame, high), self._row(frame, low)) for x, low, high in strip
        }
        for x, (top, bottom) in _filled(edges).items():
            for y in range(top, bottom + 1):
                if self._letters == "ascii":
                    self._set(x, y, "band", _ASCII_BANDS[min(number, 2)])
                elif _is_set(x, y, number):
                    self._set(x, y, "band")

    def _bar(self, frame: Frame, left: float, right: float, height: float) -> None:
        zero, end = sorted((self._row(frame, 0.0), self._row(frame, height)))
        first = self._column(frame, left)
        for x in range(first, max(self._column(frame, right), first + 1)):
            for y in range(zero, end + 1):
                self._set(x, y, "bars")


def _is_set(x: int, y: int, number: int) -> bool:
    """Return True where a band has a dot: half of them in the narrowest, then a quarter, then an eighth."""
    if number == 0:
        return (x + y) % 2 == 0
    return x % 2 == 0 and (y % 2 == 0 if number == 1 else y % 4 == x % 4)


def _between(start: tuple[int, int], stop: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The dots after a start up to a stop on a straight line (Bresenham's)."""
    (x, y), (end, bottom) = start, stop
    steps = max(abs(end - x), abs(bottom - y), 1)
    for step in range(1, steps + 1):
        yield x + round((end - x) * step / steps), y + round((bottom - y) * step / steps)


def _filled(edges: dict[int, tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """Edges of a band at every column from the first to the last, straight between those that are known."""
    full = dict(edges)
    for (x, (top, bottom)), (end, (last_top, last_bottom)) in pairwise(sorted(edges.items())):
        for column in range(x + 1, end):
            share = (column - x) / (end - x)
            full[column] = (
                round(top + share * (last_top - top)),
                round(bottom + share * (last_bottom - bottom)),
            )
    return full
