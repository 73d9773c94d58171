"""Pictures of series as a file has them: their lines, their gaps, and what the doctor found in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lstmcast.cli.show.drawing.shapes import Line, Mark, NumberAxis, Picture, PictureTable, Run
from lstmcast.cli.show.drawing.words import number
from lstmcast.cli.show.pictures.axis import axis_of, stamps
from lstmcast.core.findings import count, percent

if TYPE_CHECKING:
    from lstmcast.core.panel import Panel, Times
    from lstmcast.data.outline import Numbers

MOST_ROWS = 120  # of a table beside a picture


def histories(panel: Panel, series: Sequence[int], last: int | None = None) -> Iterator[Picture]:
    """A picture of each column that could be forecast, of each of these series; last: rows of it, None for all."""
    from lstmcast.core.panel import TARGET

    for one in series:
        for column in panel.roles(TARGET):
            yield history(DrawnStretch.of(panel, one, column, last))


@dataclass(frozen=True, eq=False)
class DrawnStretch:
    """Rows first to stop (not included) of a column of a series of a panel."""

    panel: Panel
    series: int
    column: int
    first: int
    stop: int

    @classmethod
    def of(cls, panel: Panel, series: int, column: int = 0, last: int | None = None) -> DrawnStretch:
        """All rows up to the last known one, or the last so many of them; of a series without any its first row."""
        start, stop = int(panel.offsets[series]), int(panel.offsets[series + 1])
        if not column:
            stop = min(max(int(panel.known_until()[series]), start + 1), stop)
        return cls(panel, series, column, start if last is None else max(start, stop - last), stop)

    @property
    def name(self) -> str:
        """The column, of a panel with its series."""
        column = self.panel.columns[self.column].name
        return f"{column} of {self.panel.ids[self.series]}" if self.panel.id_name is not None else column

    @property
    def classes(self) -> tuple[str, ...]:
        """Those of the column, if it is one of classes."""
        return () if self.column else self.panel.classes

    def line(self, columns: int = 400) -> Line:
        """Its line, in so many columns of a picture; single points of classes."""
        from lstmcast.data import outline

        runs: list[Run] = [*outline.line(self.times, self.values, columns)]
        return Line(self.panel.columns[self.column].name, "actual", runs, is_dotted=bool(self.classes))

    def decimals(self) -> int:
        """Decimals with which its values are written."""
        from lstmcast.data.digits import decimals

        return decimals(self.values)

    @property
    def times(self) -> Times:
        """(n,) the stamps of its rows."""
        return self.panel.times[self.first : self.stop]

    @property
    def values(self) -> Numbers:
        """(n,) its values, NaN where missing."""
        return self.panel.values[self.first : self.stop, self.column]


def history(stretch: DrawnStretch) -> Picture:
    """The line of a stretch, broken where rows are missing, and marks where the doctor found something."""
    if stretch.first == stretch.stop:
        return Picture(stretch.name, "No rows.", NumberAxis())
    line = stretch.line()
    return Picture(
        title=stretch.name,
        about=_about(stretch, line),
        axis=axis_of(stretch.panel.clock, stretch.times[:1]),
        lines=[line],
        marks=_marks(stretch),
        names=stretch.classes,
        table=_class_table(stretch) if stretch.classes else table(stretch),
    )


def _about(stretch: DrawnStretch, line: Line) -> str:
    """Return what the picture shows, for those who cannot see it."""
    clock, times = stretch.panel.clock, stretch.panel.times
    first, last = stamps(clock, times[[stretch.first, stretch.stop - 1]])
    words = f"{stretch.name} from {first} to {last}, {count(stretch.stop - stretch.first, 'row')}"
    values = [y for run in line.runs for _, y in run]
    if not values or stretch.classes:
        return f"{words}."
    low, high = (number(value, stretch.decimals()) for value in (min(values), max(values)))
    gaps = f", {count(len(line.runs) - 1, 'gap')}" if len(line.runs) > 1 else ""
    return f"{words}; lowest {low}, highest {high}{gaps}."


def _marks(stretch: DrawnStretch) -> list[Mark]:
    """The places of findings that the stretch shows."""
    from lstmcast.data.checks import odd_places
    from lstmcast.data.outline import places

    start = int(stretch.panel.offsets[stretch.series])
    found = [
        (place, max(start + place.first, stretch.first), min(start + place.last, stretch.stop - 1))
        for place in odd_places(stretch.panel, stretch.series, stretch.column)
    ]
    shown = [(place, first, last) for place, first, last in found if first <= last]
    ends = places(stretch.panel.times[[row for _, *rows in shown for row in rows]]) if shown else []
    return [
        Mark(first, last, place.text, place.value)
        for (place, *_), first, last in zip(shown, ends[::2], ends[1::2], strict=True)
    ]


def table(stretch: DrawnStretch) -> PictureTable:
    """The rows of a short stretch, or what a long one holds in equal parts."""
    from lstmcast.data import outline

    times, values = stretch.times, stretch.values
    parts, decimals = outline.stretches(times, values, MOST_ROWS), stretch.decimals()
    told = stamps(stretch.panel.clock, times[parts.firsts])
    if len(parts.firsts) == len(times):
        rows = [(stamp, number(value, decimals)) for stamp, value in zip(told, parts.mean, strict=True)]
        return PictureTable(("time", stretch.panel.columns[stretch.column].name), rows, parts.middles)
    columns = (
        [number(value, decimals) for value in column] for column in (parts.lowest, parts.mean, parts.highest)
    )
    return PictureTable(
        ("from", "lowest", "mean", "highest"), list(zip(told, *columns, strict=True)), parts.middles
    )


def _class_table(stretch: DrawnStretch) -> PictureTable:
    """Return a table of how often each class came."""
    codes = stretch.values.tolist()
    known = sum(code == code for code in codes)
    rows = [
        (name, f"{codes.count(place):,}", percent(codes.count(place) / max(known, 1)))
        for place, name in enumerate(stretch.classes)
    ]
    return PictureTable(("class", "rows", "share"), rows)
