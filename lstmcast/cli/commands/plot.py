"""`lstmcast plot`: pictures of a file, of a forecast, of what was said beside what came."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.sessions.files import Files, Future, read_files
from lstmcast.cli.sessions.nights import AsOfTime, Night
from lstmcast.cli.sessions.reading import read_outcomes, survey_file, tell_findings, tell_if_open
from lstmcast.cli.sessions.training_request import Horizon, Level
from lstmcast.cli.shell import log
from lstmcast.cli.shell.console import Console
from lstmcast.cli.shell.flags import (
    FAN_LEVELS,
    INPUT,
    OUTPUT,
    Json,
    Quiet,
    Verbose,
    options_from,
    parse_levels,
    takes_reading_options,
)
from lstmcast.cli.shell.outputs import STDOUT
from lstmcast.core.ahead import read_ahead, rows_ahead
from lstmcast.core.errors import UsageError
from lstmcast.core.options import Options, flag, parse_names, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lstmcast.cli.show.drawing.shapes import Picture
    from lstmcast.core.panel import Clock, Panel

PICTURE = "Picture"
First = Annotated[
    str,
    typer.Argument(
        metavar="[MODEL] DATA",
        help="CSV file; after a model, to forecast from its end",
        rich_help_panel=INPUT,
    ),
]
Second = Annotated[str | None, typer.Argument(metavar=" ", hidden=True)]
LedgerOption = Annotated[
    str | None,
    typer.Option(
        "--ledger",
        metavar="FILE",
        help="forecasts that predict --log wrote, to draw beside DATA [none]",
        rich_help_panel=INPUT,
    ),
]
Series = Annotated[
    str | None,
    typer.Option(metavar="A,B", help="series of a panel to draw [the first few]", rich_help_panel=PICTURE),
]
Last = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="how much of the end of DATA to draw: 14d, 36h, or so many rows [all, before a forecast the last weeks]",
        rich_help_panel=PICTURE,
    ),
]
PictureOutput = Annotated[
    str | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="file to write, .svg, .png or .html [the terminal]",
        rich_help_panel=OUTPUT,
    ),
]
MOST_IN_FILE, MOST_SHOWN = 12, 4  # pictures, unless series are named
_HEIGHT, _LOW = 12, 7  # rows of a picture in a terminal, and of one of several
_SHORT = 3  # horizons of history before a forecast in a terminal


@takes_reading_options
def plot(
    data: First,
    after_model: Second = None,
    ledger: LedgerOption = None,
    series: Series = None,
    last: Last = None,
    horizon: Horizon = None,
    level: Level = None,
    future: Future = None,
    as_of: AsOfTime = None,
    output: PictureOutput = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    **flags: Any,  # one for each field of Options that says how a file is read
) -> None:
    """Draw a file, a forecast, or what was said beside what came.

    Of a CSV file its series, with gaps and findings marked. After a model, the last weeks and the forecast with its
    bands of 50, 80 and 95 %. With --ledger, what was said the night before and what came. In the terminal, or as a
    file that needs no network.
    """
    console = Console(quiet=quiet, verbose=verbose, as_json=as_json)
    output = None if output == STDOUT else output
    options, chosen = options_from(flags), DrawnRows(parse_names(series), last, is_short=output is None)
    asked = {"horizon": horizon, "level": level, "future": future, "as_of": as_of}
    if after_model is not None:
        _refuse(
            _set(options) | {"ledger": ledger},
            "is not for a forecast, which the model reads as it was trained",
        )
        forecast = DrawnForecast(
            Files(after_model, future), None if horizon is None else read_ahead(horizon), level, Night(as_of)
        )
        draw(output, lambda: of_forecast(data, forecast, chosen, console), console)
        return
    _refuse(asked, "is for a forecast; name a model before the file")
    if ledger is None:
        draw(output, lambda: of_file(data, options, chosen, console), console)
    else:
        draw(output, lambda: of_ledger(ledger, data, options, chosen, console), console)


@dataclass(frozen=True)
class DrawnRows:
    """The part of a file that is drawn: series by name (none: the first few), the end as the user said.

    is_short: for a terminal, where less can be seen.
    """

    series: tuple[str, ...]
    last: str | None
    is_short: bool

    @property
    def most(self) -> int:
        """Pictures at most where no series is named."""
        return MOST_SHOWN if self.is_short else MOST_IN_FILE

    def places(self, panel: Panel, columns: int, source: str) -> list[int]:
        """The series to draw, so many columns of each; raises UsageError for a name that the file does not have."""
        place = {name: number for number, name in enumerate(panel.ids)}
        unknown = [name for name in self.series if name not in place]
        if unknown:
            known = ", ".join(panel.ids[:5]) + (", …" if len(panel.ids) > 5 else "")
            has = (
                f"it has {known}"
                if panel.id_name is not None
                else "it is one series; --id names the column of names"
            )
            message = f"--series: {source} has no series {unknown[0]!r}; {has}"
            raise UsageError(message, file=source, option="--series")
        most = max(self.most // max(columns, 1), 1)
        return [place[name] for name in self.series] or list(range(min(len(panel.ids), most)))

    def rows(self, clock: Clock) -> int | None:
        """Return how many rows of the end are drawn; None where nothing was said.

        Raises UsageError for what is no time.
        """
        if self.last is None or self.last.strip().isdecimal():
            return None if self.last is None else max(int(self.last), 2)
        if clock.is_counter:
            raise UsageError(
                f"--last: the rows of this file are counted, so give a number of rows; got {self.last!r}"
            )
        length = seconds(self.last, "--last")
        first, second = clock.grid(clock.instant("2001-01-01"), 2).astype("int64").tolist()
        return max(round(length * 1e6 / int(second - first)), 2)


@dataclass(frozen=True)
class DrawnForecast:
    """The forecast that is drawn: from which files, how far, with which bands as the user said, in which night."""

    files: Files
    horizon: int | str | None
    level: str | None
    night: Night


@dataclass(frozen=True)
class Drawn:
    """Pictures, what a page of them is called, and a sentence about what it leaves out."""

    pictures: Sequence[Picture]
    title: str
    note: str = ""


def of_file(source: str, options: Options, chosen: DrawnRows, console: Console) -> Drawn:
    """The series of a file, with all that the doctor finds marked."""
    from lstmcast.cli.show.pictures.history import histories
    from lstmcast.core.panel import TARGET
    from lstmcast.ingest import expanded

    options.check()
    options = dataclasses.replace(options, exclude=expanded(options.exclude))
    reading = survey_file(source, options, console)
    panel, columns = reading.panel, len(reading.panel.roles(TARGET))
    series = chosen.places(panel, columns, reading.source)
    pictures = list(histories(panel, series, chosen.rows(panel.clock)))
    tell_findings(reading, console)
    return _few(pictures, os.path.basename(source), chosen, len(panel.ids) * columns)


def of_forecast(model_file: str, asked: DrawnForecast, chosen: DrawnRows, console: Console) -> Drawn:
    """The last weeks of each series and its forecast."""
    from lstmcast import persistence
    from lstmcast.cli.show.pictures import fan
    from lstmcast.model.newcomers import forecast_with_new

    model = persistence.load(model_file)
    panel, readings = read_files(asked.files, model, asked.night, console, keeps_new=True)
    levels = FAN_LEVELS if asked.level is None else parse_levels(asked.level)
    levels = () if model.contract.classes and asked.level is None else levels
    horizon = None if asked.horizon is None else rows_ahead(asked.horizon, model.contract.clock)
    rows = max(horizon or 0, model.contract.horizon)
    panel = asked.night.fresh(panel, rows, console, chosen.series)
    forecast = forecast_with_new(model, panel, horizon, levels, short_future=asked.night.short_future)
    ahead = len(forecast.times) // len(forecast.ids)
    usual = _SHORT * ahead if chosen.is_short else fan.usual_history(model.contract.clock.seasons, ahead)
    before = chosen.rows(panel.clock) or max(usual, 24)
    pictures: list[Picture] = []
    for series in chosen.places(panel, 1, readings[0].source):
        pictures.append(fan.fan(panel, forecast, series, before))
        pictures += [fan.probabilities(panel, forecast, series)] if forecast.probabilities else []
    tell_if_open(model_file, console)
    for reading in readings:
        tell_findings(reading, console, besides=asked.night.told(forecast))
    asked.night.tell(forecast, console)
    title = f"{model.contract.target}: forecast of {os.path.basename(model_file)}"
    return _few(pictures, title, chosen, len(panel.ids) * (2 if forecast.probabilities else 1))


def of_ledger(ledger_file: str, source: str, options: Options, chosen: DrawnRows, console: Console) -> Drawn:
    """Return pictures of what a ledger said of each row the night before, and what came."""
    from lstmcast import ingest
    from lstmcast.cli.show.pictures.said import said_and_came
    from lstmcast.evaluation.said import beside_outcomes, night_before

    options.check()
    options = dataclasses.replace(
        options,
        id=options.id or ingest.ledger_shape(ledger_file).id,
        exclude=ingest.expanded(options.exclude),
    )
    reading = read_outcomes(source, options, console)
    panel = reading.panel
    ledger, findings = ingest.read_ledger(ledger_file, panel.clock)
    names = {panel.ids[place] for place in chosen.places(panel, 1, reading.source)} if chosen.series else None
    found = list(beside_outcomes(night_before(ledger, panel.clock), panel))
    shown = [said for said in found if names is None or said.name in names][: None if names else chosen.most]
    tell_findings(reading, console)
    for finding in findings:
        console.detail(finding.message, finding.code)
    pictures = [said_and_came(panel, said.last(chosen.rows(panel.clock))) for said in shown]
    return _few(pictures, f"{panel.columns[0].name}: forecasts and outcomes", chosen, len(found))


def draw(output: str | None, make: Callable[[], Drawn], console: Console) -> None:
    """Make pictures, once it is known that they can be written, and show them or write them."""
    from lstmcast import persistence
    from lstmcast.cli.show.picture_files import as_file, kind_of

    kind = None
    if output is not None:
        kind = kind_of(output)
        persistence.probe_folder(output)
    drawn = make()
    if output is None or kind is None:
        _show(drawn, console)
    else:
        persistence.replace_file(output, as_file(drawn.pictures, kind, drawn.title, drawn.note))
        _warn_without_letters(kind, console)
        log.milestone("wrote", f"wrote {output}", file=output)
        console.note(f"Wrote {output}{f': {drawn.note}' if drawn.note else ''}")
    console.document({"output": output, "pictures": [picture_document(each) for each in drawn.pictures]})


def picture_document(picture: Picture) -> dict[str, Any]:
    """A picture for a program: what it is, its marks, and its figures as a table of text."""
    table = picture.table
    return {
        "title": picture.title,
        "about": picture.about,
        "marks": [mark.text for mark in picture.marks],
        "columns": [] if table is None else list(table.header),
        "rows": [] if table is None else [list(row) for row in table.rows],
    }


def _show(drawn: Drawn, console: Console) -> None:
    """The pictures in the terminal, one below the other."""
    from lstmcast.cli.show import chart

    if console.as_json:
        return
    height = _HEIGHT if len(drawn.pictures) == 1 else _LOW
    with console.at_once():
        for number, picture in enumerate(drawn.pictures):
            console.picture([[]] if number else [], chart.as_text)
            console.picture(chart.draw(picture, console.width(), height, console.letters()), chart.as_text)
        console.note(drawn.note)


def _few(pictures: Sequence[Picture], title: str, chosen: DrawnRows, of: int) -> Drawn:
    """The pictures, with a sentence where they are not all there could be."""
    is_all = len(pictures) >= of or chosen.series
    note = "" if is_all else f"{len(pictures):,} of {of:,} pictures; --series names others"
    return Drawn(pictures, title, note)


def _warn_without_letters(kind: str, console: Console) -> None:
    if kind == ".png":
        from lstmcast.cli.show.raster import has_letters

        if not has_letters():
            console.warn(
                "no font on this machine, so the PNG has no words; install one, or write .svg", "no_font"
            )


def _set(options: Options) -> dict[str, Any]:
    """The options that are not as they are by default."""
    usual = Options()
    fields = (field.name for field in dataclasses.fields(Options))
    return {name: getattr(options, name) for name in fields if getattr(options, name) != getattr(usual, name)}


def _refuse(given: Mapping[str, Any], why: str) -> None:
    """Raise UsageError for the first option that was given and has no use here."""
    for name, value in given.items():
        if value is not None:
            raise UsageError(f"{flag(name)} {why}")
