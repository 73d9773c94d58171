"""Labels along an axis: where each is written, so that none touches another one or leaves the picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from lstmcast.cli.show.drawing.scales import Scale, Tick

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Label:
    """A label in the first or the second row below an axis.

    first: of its letters, from the beginning of the axis, in the measure that it was laid out in; anchor: `middle` at
    its tick, which is that share of the axis from its beginning, or the end of the axis that it stands at.
    """

    text: str
    row: int
    first: float
    share: float
    anchor: Anchor


def laid(
    ticks: Sequence[Tick], scale: Scale, width: float, letter: float, before: float, after: float
) -> list[Label]:
    """The labels of ticks below an axis of this width, and below them the dates that they leave out.

    letter: width of a letter; before, after: how far a label may reach beyond the two ends of the axis. Where two
    would touch, the later label goes, since the first says the most; of dates the earlier, which holds for less.
    """
    parts = [(tick.label, scale.share(tick.place)) for tick in ticks]
    parts = [part for part in parts if len(part[0]) * letter <= before + width + after]
    labels = _apart([_placed(*part, 0, width, letter, before, after) for part in parts if part[0]], letter)
    parts = [(tick.context, scale.share(tick.place)) for tick in ticks]
    parts = [part for part in parts if len(part[0]) * letter <= before + width + after]
    dates = [_placed(*part, 1, width, letter, before, after) for part in reversed(parts) if part[0]]
    return [*labels, *reversed(list(_apart(dates, letter)))]


def _placed(
    text: str, share: float, row: int, width: float, letter: float, before: float, after: float
) -> Label:
    size, middle = len(text) * letter, share * width
    first = middle - size / 2
    if first < -before:
        return Label(text, row, -before, share, "start")
    if first + size > width + after:
        return Label(text, row, width + after - size, share, "end")
    return Label(text, row, first, share, "middle")


def _apart(labels: Sequence[Label], letter: float) -> Iterator[Label]:
    """Each label that leaves at least a letter free to all before it in the sequence."""
    kept: list[Label] = []
    for label in labels:
        end = label.first + len(label.text) * letter
        if all(
            end + letter <= other.first or label.first >= other.first + (len(other.text) + 1) * letter
            for other in kept
        ):
            kept.append(label)
            yield label
