"""The shapes of a picture: lines, bands, bars and marks over one axis of time, of numbers or of labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Run = Sequence[tuple[float, float]]  # place on the axis, value
Strip = Sequence[tuple[float, float, float]]  # place on the axis, lower and upper edge
Bar = tuple[float, float, float]  # left and right place on the axis, height from zero

# What a line stands for: each has a colour and a kind of stroke.
Role = Literal["actual", "forecast", "second", "baseline"]


@dataclass(frozen=True)
class Line:
    """A line, in runs between which it breaks; or its points alone, as of residuals."""

    name: str
    role: Role
    runs: Sequence[Run]
    is_dotted: bool = False


@dataclass(frozen=True)
class Band:
    """A band of a forecast; level: in percent."""

    name: str
    level: int
    runs: Sequence[Strip]


@dataclass(frozen=True)
class Mark:
    """Something to look at from one place on the axis to another; value: of a single point, None of a stretch."""

    first: float
    last: float
    text: str
    value: float | None = None


@dataclass(frozen=True)
class PictureTimeAxis:
    """Instants (microseconds since 1970) as a clock of a zone names them; spacing: between two rows."""

    zone: str | None
    spacing: float


@dataclass(frozen=True)
class NumberAxis:
    """Numbers: steps ahead, lags, shares."""

    name: str = ""
    is_whole: bool = False
    is_share: bool = False


@dataclass(frozen=True)
class LabelAxis:
    """Labels at the places 0, 1, 2, …: hours, weekdays, names."""

    name: str
    labels: Sequence[str]


Axis = PictureTimeAxis | NumberAxis | LabelAxis


@dataclass(frozen=True)
class PictureTable:
    """The figures that a picture shows, for those who cannot see it; places: of the rows on the picture's axis."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    places: Sequence[float] = ()


@dataclass(frozen=True)
class Picture:
    """A picture: what it is called, what it shows in a sentence, its shapes, and the same as a table.

    unit: of the values; rule: the place from which on rows are forecast; level: a value marked from side to side;
    holds_zero: whether the axis of values reaches zero; is_share: whether the values are shares of one; names: of the
    values 0, 1, 2, …, where they are classes.
    """

    title: str
    about: str
    axis: Axis
    lines: Sequence[Line] = ()
    bands: Sequence[Band] = ()
    bars: Sequence[Bar] = ()
    bars_name: str = ""
    marks: Sequence[Mark] = ()
    unit: str = ""
    rule: float | None = None
    level: float | None = None
    holds_zero: bool = False
    is_share: bool = False
    names: Sequence[str] = ()
    table: PictureTable | None = None

    def places(self) -> Iterator[float]:
        """Every place on the axis at which something stands."""
        if isinstance(self.axis, LabelAxis):
            yield from (-0.5, len(self.axis.labels) - 0.5)
        yield from (x for line in self.lines for run in line.runs for x, _ in run)
        yield from (x for band in self.bands for run in band.runs for x, _, _ in run)
        yield from (x for left, right, _ in self.bars for x in (left, right))
        yield from (x for mark in self.marks for x in (mark.first, mark.last))

    def values(self) -> Iterator[float]:
        """Every value that is drawn."""
        yield from (y for line in self.lines for run in line.runs for _, y in run)
        yield from (
            y for band in self.bands for run in band.runs for _, low, high in run for y in (low, high)
        )
        yield from (height for _, _, height in self.bars)
        yield from () if self.level is None else (self.level,)
        yield from (0.0,) if self.holds_zero or self.bars else ()
        yield from (-0.5, len(self.names) - 0.5) if self.names else ()
