"""Shapes as the data of SVG paths: whole numbers on a canvas of a given size, each step relative to the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from lstmcast.cli.show.drawing.frame import Frame
from lstmcast.cli.show.drawing.shapes import Bar, Run, Strip

Point = tuple[int, int]
At = Callable[[float, float], Point]


def placed(frame: Frame, width: int, height: int) -> At:
    """Return a function from a place and a value of a frame to its point on a canvas of this size.

    Points count from the upper left corner.
    """

    def at(place: float, value: float) -> Point:
        return round(width * frame.x.share(place)), round(height * (1 - frame.y.share(value)))

    return at


def line(runs: Iterable[Run], at: At) -> str:
    """Every run as one line; a run of a single point is a dot, which a round stroke shows."""
    return "".join(_joined([at(x, y) for x, y in run]) for run in runs)


def dots(runs: Iterable[Run], at: At) -> str:
    """Every point for itself."""
    return "".join(f"M{x} {y}h0" for run in runs for x, y in dict.fromkeys(at(*point) for point in run))


def band(runs: Iterable[Strip], at: At, least: int) -> str:
    """Every run as an area: along its upper edge, and back along the lower; least: width of one of a single point."""
    return "".join(_area(run, at, least) for run in runs)


def bars(found: Iterable[Bar], at: At) -> str:
    """Every bar from zero to its height."""
    parts = []
    for left, right, height in found:
        (x, zero), (end, y) = at(left, 0.0), at(right, height)
        parts.append(f"M{x} {zero}V{y}H{end}V{zero}z")
    return "".join(parts)


def _area(run: Strip, at: At, least: int) -> str:
    upper = [at(x, high) for x, _, high in run]
    lower = [at(x, low) for x, low, _ in run]
    if len(run) == 1:
        (x, top), (_, bottom) = upper[0], lower[0]
        upper, lower = [(x - least, top), (x + least, top)], [(x - least, bottom), (x + least, bottom)]
    return _joined(upper + lower[::-1]) + "z"


def _joined(points: Sequence[Point]) -> str:
    """The first point, and from each the step to the next; steps of nothing are left out."""
    (x, y), *rest = points
    steps = []
    for right, down in rest:
        if (right, down) != (x, y):
            steps.append(_step(right - x, down - y))
        x, y = right, down
    start = f"M{points[0][0]} {points[0][1]}"
    return f"{start}l{_close(steps)}" if steps else f"{start}h0"


def _step(right: int, down: int) -> str:
    return f"{right}{down}" if down < 0 else f"{right} {down}"


def _close(steps: Sequence[str]) -> str:
    """Steps one after the other, with a space only where a minus sign does not part them."""
    return "".join(step if not place or step[0] == "-" else f" {step}" for place, step in enumerate(steps))
