"""The frame of a picture: where places and values stand in it, and what is written along its axes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from lstmcast.cli.show.drawing import scales, timeline
from lstmcast.cli.show.drawing.scales import Scale, Tick
from lstmcast.cli.show.drawing.shapes import LabelAxis, NumberAxis, Picture, PictureTimeAxis
from lstmcast.cli.show.drawing.words import short

_MOST_NUMBERS = 12
_LONGEST = 14  # letters of a class beside an axis


@dataclass(frozen=True)
class Frame:
    """The stretches that both axes of a picture cover."""

    picture: Picture
    x: Scale
    y: Scale

    def below(self, width: float, letter: float) -> list[Tick]:
        """Return what is written along the lower axis.

        width: of the axis, letter: of a letter in the same measure.
        """
        axis = self.picture.axis
        if isinstance(axis, PictureTimeAxis):
            return timeline.ticks(self.x.low, self.x.high, axis.spacing, axis.zone, width, letter)
        found = (
            _labels(axis, width, letter)
            if isinstance(axis, LabelAxis)
            else _numbers(self.x, axis, width, letter)
        )
        return [dataclasses.replace(found[0], context=axis.name), *found[1:]] if found else []

    def beside(self, most: int) -> list[Tick]:
        """At most so many round numbers along the axis of values, or the names of classes."""
        names = self.picture.names
        if names:
            every = -(-len(names) // most)
            return [Tick(place, short(names[place], _LONGEST)) for place in range(0, len(names), every)]
        return scales.ticks(self.y, most, is_share=self.picture.is_share)


def fit_frame(picture: Picture) -> Frame | None:
    """The frame around all that a picture shows; None where that is nothing."""
    x = scales.fit_scale(picture.places(), edge=0.0)
    y = scales.fit_scale(picture.values())
    return None if x is None or y is None else Frame(picture, x, y)


def _numbers(scale: Scale, axis: NumberAxis, width: float, letter: float) -> list[Tick]:
    """Return as many round numbers as stand apart."""
    for most in range(_MOST_NUMBERS, 1, -1):
        found = scales.ticks(scale, most, is_whole=axis.is_whole, is_share=axis.is_share)
        widest = max((len(tick.label) for tick in found), default=0)
        if len(found) * (widest + 2) * letter <= width:
            return found
    return found


def _labels(axis: LabelAxis, width: float, letter: float) -> list[Tick]:
    """Every label, or every second, third, … where not all stand apart."""
    widest = max((len(label) for label in axis.labels), default=0) + 1
    every = max(1, -int(-len(axis.labels) * widest * letter // width))
    return [Tick(place, axis.labels[place]) for place in range(0, len(axis.labels), every)]
