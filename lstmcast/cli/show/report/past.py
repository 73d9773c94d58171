"""The forecasts of the past beside what came: the last weeks, and the worst days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lstmcast.cli.show.drawing.shapes import Band, Line, Picture, PictureTable
from lstmcast.cli.show.drawing.timeline import full_date
from lstmcast.cli.show.drawing.words import number
from lstmcast.cli.show.pictures.axis import axis_of, span, stamps
from lstmcast.cli.show.report import words
from lstmcast.cli.show.web import markup
from lstmcast.cli.show.web.figure import embedded
from lstmcast.core.findings import count

if TYPE_CHECKING:
    from lstmcast.evaluation.residuals import Day
    from lstmcast.evaluation.study import PastForecast, Study

_ROWS = 28 * 24  # shown of a series at most, the last ones
_COLUMNS = 200  # that a picture tells apart
_TABLE, _SMALL_TABLE = 60, 24
_WORST = 10
_CONTEXT = 14  # rows before a row that is a day by itself


def section(study: Study) -> str:
    """A picture for each series shown and each lead."""
    parts = [
        embedded(_picture(study, said, series), f"a{series}-{place}")
        for series in study.shown
        for place, said in enumerate(study.said)
        if _rows(study, said, series)[0] < _rows(study, said, series)[1]
    ]
    note = ""
    if len(study.panel.ids) > 1:
        note = (
            f"Of {len(study.panel.ids):,} series the one with the largest errors, and the one in the middle."
        )
    return markup.paragraph(note) + "".join(parts)


def worst(study: Study, days: list[Day]) -> str:
    """The days with the largest errors, each with its picture and the day before."""
    parts = "".join(
        embedded(_day(study, day, place), f"w{place}", is_small=True)
        for place, day in enumerate(days[:_WORST], 1)
    )
    return f"<div class=two>{parts}</div>\n" if parts else markup.paragraph("No day is known whole.", "soft")


def _name(study: Study, series: int) -> str:
    column = study.panel.columns[0].name
    return f"{column} of {study.panel.ids[series]}" if study.panel.id_name is not None else column


def _rows(study: Study, said: PastForecast, series: int) -> tuple[int, int]:
    """The rows from the first to after the last that were forecast, the last weeks at most; equal without any."""
    own = study.panel.rows(series)
    known = (said.point[own] == said.point[own]).nonzero()[0]
    if not len(known):
        return 0, 0
    first, stop = own.start + int(known[0]), own.start + int(known[-1]) + 1
    return max(first, stop - _ROWS), stop


def _picture(study: Study, said: PastForecast, series: int) -> Picture:
    first, stop = _rows(study, said, series)
    clock, name = study.panel.clock, _name(study, series)
    shown, known, loss = _errors(study, said, first, stop)
    lead = words.lead(study, said)
    return Picture(
        title=f"{name}: said {lead}, and what came",
        about=(
            f"The last {span(clock, stop - first)} of {name} as said {lead}, beside the outcome of {known:,} "
            f"rows{f'; mean absolute error {loss}' if loss else ''}."
        ),
        axis=axis_of(clock, study.panel.times[first : first + 1]),
        lines=_lines(study, said, first, stop, first),
        bands=_bands(study, said, first, stop),
        names=study.panel.classes,
        table=shown,
    )


def _lines(study: Study, said: PastForecast, first: int, stop: int, said_from: int) -> list[Line]:
    """The outcomes from one row to another, and what was said from a row on."""
    from lstmcast.data import outline

    panel, is_class = study.panel, bool(study.panel.classes)
    came = outline.line(panel.times[first:stop], panel.target[first:stop], _COLUMNS)
    told = outline.line(panel.times[said_from:stop], said.point[said_from:stop], _COLUMNS)
    return [
        Line(panel.columns[0].name, "actual", came, is_dotted=is_class),
        Line("forecast", "forecast", told, is_dotted=is_class),
    ]


def _bands(study: Study, said: PastForecast, first: int, stop: int) -> list[Band]:
    from lstmcast.data import outline

    if said.lower is None or said.upper is None:
        return []
    rows = slice(first, stop)
    return [
        Band(
            "80 % band",
            80,
            outline.strip(study.panel.times[rows], said.lower[rows], said.upper[rows], _COLUMNS),
        )
    ]


def _errors(
    study: Study, said: PastForecast, first: int, stop: int, most: int = _TABLE
) -> tuple[PictureTable, int, str]:
    """The figures of a picture as a table, how many rows have both, and their mean absolute error in words."""
    from lstmcast.data import outline
    from lstmcast.data.digits import decimals

    rows, clock, classes = slice(first, stop), study.panel.clock, study.panel.classes
    times, came, told = study.panel.times[rows], study.panel.target[rows], said.point[rows]
    differences = [abs(error) for error in (told - came).tolist() if error == error]
    if classes:
        hits = sum(error == 0 for error in differences)
        share = words.percent(hits / max(len(differences), 1))
        return (
            PictureTable(("forecasts", "right", "share"), [(f"{len(differences):,}", f"{hits:,}", share)]),
            len(differences),
            "",
        )
    places = decimals(study.panel.target)
    parts = [outline.stretches(times, values, most) for values in (came, told, abs(told - came))]
    cells = [[number(value, places) for value in part.mean] for part in parts]
    told_at = stamps(clock, times[parts[0].firsts])
    header = ("from" if len(told_at) < len(times) else "time", study.panel.columns[0].name, "said", "error")
    table = PictureTable(header, list(zip(told_at, *cells, strict=True)), parts[0].middles)
    mean = number(sum(differences) / len(differences), places) if differences else ""
    return table, len(differences), mean


def _day(study: Study, day: Day, place: int) -> Picture:
    """A day and as many rows before it."""
    panel, said = study.panel, study.said[0]
    own = panel.rows(day.series)
    rows, stop = day.last - day.first + 1, day.last + 1
    before = max(day.first - (rows if rows > 1 else _CONTEXT), own.start)
    from_there = day.first if rows > 1 else before
    stamp = _day_name(study, day)
    name = f"{panel.ids[day.series]}, " if panel.id_name is not None else ""
    usual = study.losses[study.losses == study.losses].mean()
    times = f"{day.loss / usual:.1f} times the usual" if usual > 0 else "of none usually"
    loss = words.loss(study, day.loss)
    table, _, _ = _errors(study, said, from_there, stop, _SMALL_TABLE)
    return Picture(
        title=f"{place}. {name}{stamp}: {loss}, {times}",
        about=f"{count(stop - day.first, 'row')} of {stamp}: {words.measure(study)} {loss}, {times}.",
        axis=axis_of(panel.clock, panel.times[before : before + 1]),
        lines=_lines(study, said, before, stop, from_there),
        bands=_bands(study, said, from_there, stop),
        names=panel.classes,
        table=table if not panel.classes else None,
    )


def _day_name(study: Study, day: Day) -> str:
    """A day by its date, a row that is none by its stamp."""
    clock, first = study.panel.clock, study.panel.times[day.first : day.first + 1]
    return full_date(clock.wall(first)[0].item()) if day.last > day.first else stamps(clock, first)[0]
