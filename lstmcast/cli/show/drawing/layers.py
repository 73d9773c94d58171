"""The layers of a picture, from the back to the front: a class of the style sheet and the data of a path for each."""

from __future__ import annotations

from collections.abc import Iterator

from lstmcast.cli.show.drawing import paths
from lstmcast.cli.show.drawing.frame import Frame
from lstmcast.cli.show.drawing.shapes import Line, Mark, Picture

Named = tuple[str, str]  # class of the style sheet, name in the legend

_NEAR = 0.045  # share of the width within which two numbers would touch on a narrow screen


def layers(frame: Frame, width: int, height: int) -> Iterator[tuple[str, str]]:
    """Every shape on a canvas of this size; thin: half the width of what is but a point wide."""
    picture, at = frame.picture, paths.placed(frame, width, height)
    thin = max(width // 200, 1)
    for mark in picture.marks:
        if mark.value is None:
            (x, _), (end, _) = at(mark.first, frame.y.low), at(mark.last, frame.y.low)
            yield "flag", f"M{x} 0H{max(end, x + thin)}V{height}H{x}z"
    for band in sorted(picture.bands, key=lambda band: -band.level):
        yield "band", paths.band(band.runs, at, thin)
    if picture.bars:
        yield "bars", paths.bars(picture.bars, at)
    if picture.rule is not None:
        yield "rule", f"M{at(picture.rule, frame.y.low)[0]} 0V{height}"
    if picture.level is not None:
        yield "level", f"M0 {at(frame.x.low, picture.level)[1]}H{width}"
    for line in picture.lines:
        draw = paths.dots if line.is_dotted else paths.line
        yield kind_of(picture, line), draw(line.runs, at)
    rings = [[(mark.first, mark.value)] for mark in picture.marks if mark.value is not None]
    if rings:
        yield "ring", paths.dots(rings, at)


def kind_of(picture: Picture, line: Line) -> str:
    """The class of a line; points of classes are large, so that one within another shows that both are the same."""
    stroke = "points" if picture.names else "dots" if line.is_dotted else "line"
    return f"{stroke} {line.role}"


def legend(picture: Picture) -> list[Named]:
    """Return what stands for what, where there is more than one thing to tell apart.

    A band has its class as often as bands lie one upon the other there: `band band` is darker than `band`.
    """
    lines = [(kind_of(picture, line), line.name) for line in picture.lines if line.name]
    bands = sorted(picture.bands, key=lambda band: band.level)
    layered = [(" ".join(["band"] * (len(bands) - place)), band.name) for place, band in enumerate(bands)]
    bars = [("bars", picture.bars_name)] if picture.bars and picture.bars_name else []
    found = [*bars, *lines, *layered]
    return found if len(found) > 1 else []


def swatch(kind: str, dot: str, stroke: str, area: str) -> str:
    """The paths of a key of the legend, drawn as in the picture; dot, stroke, area: their data."""
    if kind.startswith(("band", "bars")):
        return f'<path class="{kind[:4]}" d="{area}"/>' * len(kind.split())
    return f'<path class="{kind}" d="{dot if kind.startswith(("dots", "points")) else stroke}"/>'


def flags(frame: Frame) -> list[tuple[float, float, str]]:
    """Return where the marks' numbers stand, as shares of width and height from the upper left corner.

    Those that would touch stand together: `2, 3`.
    """
    found: list[tuple[float, float, list[int]]] = []
    placed = ((*_mark_place(frame, mark), number) for number, mark in enumerate(frame.picture.marks, 1))
    for x, y, number in sorted(placed):
        if found and x - found[-1][0] < _NEAR * (1 + len(found[-1][2])):
            found[-1][2].append(number)
        else:
            found.append((x, y, [number]))
    return [(x, y, ", ".join(map(str, sorted(numbers)))) for x, y, numbers in found]


def _mark_place(frame: Frame, mark: Mark) -> tuple[float, float]:
    across = frame.x.share(mark.first / 2 + mark.last / 2)
    return across, 0.0 if mark.value is None else 1 - frame.y.share(mark.value)


def notes(picture: Picture) -> list[str]:
    """The list of marks by their numbers."""
    return [f"{number}  {mark.text}" for number, mark in enumerate(picture.marks, 1)]
