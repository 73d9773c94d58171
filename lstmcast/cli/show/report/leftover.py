"""The errors that forecasts leave over: over time, their memory, their spread; and whether bands hold."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from lstmcast.cli.show.drawing.shapes import Line, NumberAxis, Picture, PictureTable
from lstmcast.cli.show.drawing.words import number
from lstmcast.cli.show.pictures.axis import axis_of, span, stamps
from lstmcast.cli.show.report import words
from lstmcast.cli.show.web import markup
from lstmcast.cli.show.web.figure import embedded

if TYPE_CHECKING:
    from lstmcast.evaluation.study import Study

_COLUMNS = 200  # of a picture over time
_TABLE = 40
_LAGS = 400  # at most
_LAGS_IN_TABLE = 60
_SERIES = 50  # whose autocorrelation is averaged, at most


def residuals(study: Study) -> str:
    """Three pictures of the errors of what was said the night before: forecast less outcome."""
    panel = study.panel
    scale = "" if len(panel.ids) == 1 else ", in a panel over the size of each series' seasonal differences"
    what = "the log loss" if panel.classes else f"forecast less outcome{scale},"
    told = f"Errors are {what} of what was said {words.lead(study, study.said[0])}."
    small = embedded(_memory(study), "r-acf", is_small=True) + embedded(
        _spread(study), "r-hist", is_small=True
    )
    return markup.paragraph(told) + embedded(_over_time(study), "r-time") + f"<div class=two>{small}</div>\n"


def _over_time(study: Study) -> Picture:
    """The errors of the first series shown."""
    from lstmcast.data import outline
    from lstmcast.data.digits import decimals

    panel, series = study.panel, study.shown[0]
    own = panel.rows(series)
    errors = study.errors[own]
    known = (errors == errors).nonzero()[0]
    if not len(known):
        return Picture("Over time", "No error is known.", NumberAxis())
    rows = slice(own.start + int(known[0]), own.start + int(known[-1]) + 1)
    times, errors = panel.times[rows], study.errors[rows]
    places = decimals(panel.target) if len(panel.ids) == 1 and not panel.classes else 2
    parts = outline.stretches(times, errors, _TABLE)
    columns = (
        [number(value, places) for value in column] for column in (parts.lowest, parts.mean, parts.highest)
    )
    name = f" of {panel.ids[series]}" if panel.id_name is not None else ""
    mean = float(errors[errors == errors].mean())
    return Picture(
        title=f"Over time{name}",
        about=f"Errors{name} over {span(panel.clock, len(times))}; their mean is {number(mean, places)}.",
        axis=axis_of(panel.clock, times[:1]),
        lines=[Line("", "forecast", outline.line(times, errors, _COLUMNS), is_dotted=True)],
        level=None if panel.classes else 0.0,
        table=PictureTable(
            ("from", "lowest", "mean", "highest"),
            list(zip(stamps(panel.clock, times[parts.firsts]), *columns, strict=True)),
            parts.middles,
        ),
    )


def _memory(study: Study) -> Picture:
    """Return a picture of how errors hang together with those some rows later."""
    lags = _autocorrelation(study)
    if not lags:
        return Picture("Memory", "No two errors are known.", NumberAxis())
    strongest = max(range(len(lags)), key=lambda place: abs(lags[place]))
    every = -(-len(lags) // _LAGS_IN_TABLE)
    return Picture(
        title="Memory: correlation with errors so many rows later",
        about=(
            f"Autocorrelation of the errors up to {span(study.panel.clock, len(lags))}: {lags[0]:.2f} at one row, "
            f"strongest at {strongest + 1} rows with {lags[strongest]:.2f}."
        ),
        axis=NumberAxis("rows later", is_whole=True),
        bars=[(lag + 0.6, lag + 1.4, value) for lag, value in enumerate(lags)],
        table=PictureTable(
            ("rows later", "correlation"),
            [(f"{lag + 1}", f"{lags[lag]:.2f}") for lag in range(0, len(lags), every)],
            [lag + 1 for lag in range(0, len(lags), every)],
        ),
    )


def _autocorrelation(study: Study) -> list[float]:
    """The mean autocorrelation of the series, at most as far as two of the longest seasons."""
    from lstmcast.evaluation.residuals import autocorrelation

    panel = study.panel
    most = min(2 * max(panel.clock.seasons, default=12) + 1, _LAGS)
    every = -(-len(panel.ids) // _SERIES)
    found = []
    for series in range(0, len(panel.ids), every):
        errors = study.errors[panel.rows(series)]
        known = (errors == errors).nonzero()[0]
        if len(known) > 2:
            errors = errors[known[0] : known[-1] + 1]
            found.append(autocorrelation(errors, min(most, len(errors) // 3)))
    shortest = min((len(lags) for lags in found if lags), default=0)
    whole = [lags[:shortest] for lags in found if lags]
    return [sum(column) / len(whole) for column in zip(*whole, strict=True)]


def _spread(study: Study) -> Picture:
    """The histogram of the errors."""
    from lstmcast.data.digits import decimals
    from lstmcast.evaluation.residuals import histogram

    found = histogram(study.errors)
    if found is None:
        return Picture("Spread", "No two different errors are known.", NumberAxis())
    is_plain = len(study.panel.ids) == 1 and not study.panel.classes
    places = decimals(study.panel.target) if is_plain else 2
    edges = [number(edge, places) for edge in found.edges]
    ends = list(pairwise(found.edges))
    highest = max(range(len(ends)), key=lambda place: found.shares[place])
    return Picture(
        title="Spread: how often errors are so large",
        about=f"Histogram of the errors; most lie between {edges[highest]} and {edges[highest + 1]}.",
        axis=NumberAxis("error"),
        bars=[(left, right, share) for (left, right), share in zip(ends, found.shares, strict=True)],
        is_share=True,
        table=PictureTable(
            ("from", "to", "share"),
            [
                (edges[place], edges[place + 1], f"{100 * share:.1f} %")
                for place, share in enumerate(found.shares)
            ],
            [(left + right) / 2 for left, right in ends],
        ),
    )


def bands(study: Study) -> str:
    """Coverage by level and the probability integral transform; of classes, how often what had a probability came."""
    if study.chances is not None:
        return embedded(_calibration(study), "b-chances", is_small=True)
    if study.bands is None or not study.bands.coverage:
        return markup.paragraph("No outcome is known that a band could hold.", "soft")
    pictures = embedded(_coverage(study.bands.coverage), "b-cover", is_small=True)
    pictures += embedded(_places(study.bands.places), "b-pit", is_small=True)
    return f"<div class=two>{pictures}</div>\n"


def _coverage(coverage: dict[int, float]) -> Picture:
    """The share that each band held beside its level."""
    held = [(level / 100, share) for level, share in coverage.items()]
    furthest = max(coverage, key=lambda level: abs(coverage[level] - level / 100))
    eighty = words.percent(coverage[80])
    return Picture(
        title="Coverage: share of the outcomes within each band",
        about=(
            f"The 80 % band held {eighty} of the outcomes; furthest off is that of {furthest} %, which held "
            f"{words.percent(coverage[furthest])}."
        ),
        axis=NumberAxis("level of the band", is_share=True),
        lines=[
            Line("held", "forecast", [held]),
            Line("as it should be", "baseline", [[(0.0, 0.0), (1.0, 1.0)]]),
        ],
        is_share=True,
        table=PictureTable(
            ("band", "held"),
            [(f"{level} %", words.percent(share)) for level, share in coverage.items()],
            [level / 100 for level in coverage],
        ),
    )


def _places(places: list[float]) -> Picture:
    """Return a picture of where outcomes fell among the quantiles: even where the bands are right."""
    width = 1 / len(places)
    ends = [(place * width, (place + 1) * width) for place in range(len(places))]
    below, above = sum(places[: len(places) // 2]), sum(places[-1:])
    return Picture(
        title="Where outcomes fell within the forecast (PIT)",
        about=(
            f"Share of the outcomes in each twentieth of the forecast distribution, {width:.0%} where bands are right; "
            f"{words.percent(below)} fell below the median, {words.percent(above)} in the highest twentieth."
        ).replace("%", " %", 1),
        axis=NumberAxis("quantile of the forecast", is_share=True),
        bars=[(left, right, share) for (left, right), share in zip(ends, places, strict=True)],
        level=width,
        is_share=True,
        table=PictureTable(
            ("quantiles", "share"),
            [
                (f"{100 * left:.0f} to {100 * right:.0f} %", f"{100 * share:.1f} %")
                for (left, right), share in zip(ends, places, strict=True)
            ],
            [(left + right) / 2 for left, right in ends],
        ),
    )


def _calibration(study: Study) -> Picture:
    """Return a picture of how often classes came that had been given a probability."""
    parts = [] if study.chances is None else study.chances.parts
    return Picture(
        title="Probabilities: how often what was given one came",
        about="; ".join(f"of {words.percent(told)} {words.percent(came)} came" for _, told, came in parts)
        + ".",
        axis=NumberAxis("probability", is_share=True),
        lines=[
            Line("came", "forecast", [[(told, came) for _, told, came in parts]]),
            Line("as it should be", "baseline", [[(0.0, 0.0), (1.0, 1.0)]]),
        ],
        is_share=True,
        table=PictureTable(
            ("mean probability", "came", "forecasts"),
            [(words.percent(told), words.percent(came), f"{rows:,}") for rows, told, came in parts],
            [told for _, told, _ in parts],
        ),
    )
