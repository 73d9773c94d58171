"""`lstmcast predict`: from a model file and fresh history to a forecast."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import typer

from lstmcast.cli.sessions.destinations import Destinations, ForecastOutput, LedgerFile
from lstmcast.cli.sessions.files import Files, Future, read_files
from lstmcast.cli.sessions.folders import refuse_of_one_model
from lstmcast.cli.sessions.health import (
    InfluxFile,
    MetricsFile,
    PingUrl,
    Vitals,
    refuse_ping,
    watched,
    write_points,
)
from lstmcast.cli.sessions.nights import (
    AsOfTime,
    MaxAge,
    MaxAgeAll,
    Night,
    NoFallback,
    Now,
    ShortFuture,
    Strict,
    Zone,
    night_by,
)
from lstmcast.cli.sessions.reading import of_numbers, tell_findings, tell_if_open
from lstmcast.cli.sessions.summing import (
    PathColumns,
    Paths,
    Summing,
    TotalAt,
    TotalOption,
    TotalOver,
    Whole,
    build_outlook,
    summed_columns,
    summed_rows,
    summing_by,
)
from lstmcast.cli.sessions.training_request import (
    Adapt,
    Changes,
    Horizon,
    Integers,
    Level,
    Quantiles,
    TrainingRequest,
    wanted_by,
)
from lstmcast.cli.shell.console import Console
from lstmcast.cli.shell.flags import FAN_LEVELS, DataFile, Json, ModelFile, Quiet, Verbose
from lstmcast.cli.shell.outputs import STDOUT
from lstmcast.cli.shell.streams import json_text
from lstmcast.cli.show import table
from lstmcast.cli.show.ledger import adapted_by, write_down, write_totals_down
from lstmcast.cli.show.look import look
from lstmcast.cli.show.what_if import what_if

if TYPE_CHECKING:
    from lstmcast.cli.show.table import Rows
    from lstmcast.core.panel import Forecast, Panel
    from lstmcast.ingest import ParsedFile
    from lstmcast.model.model import Model
    from lstmcast.model.totals import Total


def predict(
    context: typer.Context,
    model: ModelFile,
    data: DataFile,
    future: Future = None,
    horizon: Horizon = None,
    level: Level = None,
    quantiles: Quantiles = None,
    integers: Integers = False,
    changes: Changes = None,
    total: TotalOption = None,
    total_at: TotalAt = None,
    total_over: TotalOver = None,
    whole: Whole = False,
    paths: Paths = None,
    path_columns: PathColumns = False,
    adapt: Adapt = False,
    as_of: AsOfTime = None,
    max_age: MaxAge = None,
    max_age_all: MaxAgeAll = None,
    now: Now = None,
    no_fallback: NoFallback = False,
    short_future: ShortFuture = None,
    strict: Strict = False,
    tz: Zone = None,
    output: ForecastOutput = None,
    log_file: LedgerFile = None,
    metrics: MetricsFile = None,
    influx: InfluxFile = None,
    ping: PingUrl = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Forecast from the end of fresh history.

    The file needs the columns the model was trained on. Nothing is refitted. Where the last rows cannot carry the
    model, a simpler forecaster stands in, and the column `source` says so.
    """
    console = Console(quiet=quiet, verbose=verbose, as_json=as_json)
    asked = request(context.params)
    with watched("predict", metrics, ping, console) as vitals:
        if os.path.isdir(model):
            vitals.code = _forecast_folder(model, Files(data, future), asked, console, vitals)
        else:
            vitals.code = forecast_file(model, Files(data, future), asked, console, vitals)
    if vitals.code:
        raise typer.Exit(vitals.code)


@dataclass(frozen=True)
class Request:
    """All that a user asks of `predict` beside the model and the files."""

    wanted: TrainingRequest
    night: Night
    summing: Summing
    destinations: Destinations


def request(values: Mapping[str, Any]) -> Request:
    """Return what the options ask for, by their names; raise UsageError for what is wrong whatever the files."""
    summing = summing_by(values)
    refuse_ping(values["ping"])
    output = None if values["output"] == STDOUT else values["output"]
    return Request(
        wanted_by(values, is_summed=summing.is_asked),
        night_by(values),
        summing,
        Destinations(output, values["log_file"], values["influx"]),
    )


@dataclass(frozen=True, eq=False)
class Made:
    """A forecast that was made.

    forecast: with every band that is of use; rows: what is given out of it; more: what stands last in a JSON document;
    shipped: the model's own, which the ledger keeps; words: a sentence about it, or empty; totals: where they are
    given out instead of rows; readings: of the files; unit: of its numbers, or empty.
    """

    forecast: Forecast
    rows: Rows
    more: Mapping[str, Any]
    shipped: Forecast
    words: str = ""
    totals: Sequence[Total] = ()
    readings: Sequence[ParsedFile] = ()
    unit: str = ""

    def text(self) -> str:
        """The rows as CSV; its header says the unit."""
        return table.as_csv(table.headed(self.rows, self.unit))

    def document(self, asked: Request) -> dict[str, Any]:
        """All of it for a program, with the findings that no row tells."""
        told = asked.night.told(self.forecast)
        remarks = [each for reading in self.readings for each in reading.findings if each.code not in told]
        unit = {"unit": self.unit} if self.unit else {}
        return (
            table.document(self.rows, self.forecast, remarks, asked.summing.called) | unit | dict(self.more)
        )


def forecast_file(model_file: str, files: Files, asked: Request, console: Console, vitals: Vitals) -> int:
    """Load, read, predict, write; return the exit code. vitals: takes what monitoring asks for."""
    from lstmcast import persistence

    places = asked.destinations
    places.probe()
    model, identity = persistence.load_identified(model_file)
    is_summed = asked.summing.is_asked or bool(asked.wanted.changes)
    is_drawn = places.forecast is None and console.draws() and not is_summed
    panel, made = _forecast(model, files, asked, console, FAN_LEVELS if is_drawn else ())
    tell_if_open(model_file, console)
    _tell_findings(made, asked, console)
    if is_drawn:
        look(panel, made.forecast, made.forecast.only(asked.wanted.shown), console)
    else:
        text = json_text(made.document(asked)) if console.as_json else made.text()
        places.write(text, made.rows)
        if made.words and not console.as_json:
            console.hint(made.words, "what_if")
    return _finish(made, panel, model, identity, asked, console, vitals)


def _forecast_folder(folder: str, files: Files, asked: Request, console: Console, vitals: Vitals) -> int:
    """Forecast every group of a folder of models; return the exit code."""
    from lstmcast.cli.commands.folders.forecasts import forecast_folder

    refuse_of_one_model(folder, influx=asked.destinations.points)

    def one(
        model: Model, identity: str, own: Files, ledger: str | None, voice: Console, numbers: Vitals
    ) -> tuple[Rows, dict[str, Any], int]:
        mine = dataclasses.replace(asked, destinations=dataclasses.replace(asked.destinations, ledger=ledger))
        panel, made = _forecast(model, own, mine, voice)
        _tell_findings(made, mine, voice)
        code = _finish(made, panel, model, identity, mine, voice, numbers)
        rows = made.rows if mine.destinations.is_database else table.headed(made.rows, made.unit)
        return rows, made.document(mine) if console.as_json else {}, code

    return forecast_folder(folder, files, asked.destinations, console, vitals, one)


def _forecast(
    model: Model, files: Files, asked: Request, console: Console, besides: Sequence[int] = ()
) -> tuple[Panel, Made]:
    """Read history and forecast from its end, with these bands besides; raises what a night refuses."""
    from lstmcast.evaluation.ledger import BAND

    night = asked.night
    panel, readings = read_files(files, model, night, console, keeps_new=not asked.wanted.changes)
    night.refuse_assumed(readings)
    panel = night.fresh(panel, max(asked.wanted.rows(model.contract), model.contract.horizon), console)
    levels = {*besides, *((BAND,) if asked.destinations.ledger is not None else ())}
    make = _supposed if asked.wanted.changes else partial(_made, besides=levels, source=files.history)
    made = make(model, panel, asked, console)
    return panel, dataclasses.replace(made, readings=readings, unit=model.contract.unit)


def _tell_findings(made: Made, asked: Request, console: Console) -> None:
    """Say what is odd about the files, as far as no row of the forecast does."""
    told = asked.night.told(made.forecast)
    for reading in made.readings:
        tell_findings(reading, console, besides=told)


def _finish(
    made: Made, panel: Panel, model: Model, identity: str, asked: Request, console: Console, vitals: Vitals
) -> int:
    """Write points and ledger, note what monitoring asks for, say how the night went; return the exit code."""
    from lstmcast.evaluation.ledger import BAND

    places = asked.destinations
    asked.wanted.warn_of_rolling_on(model.contract, console)
    if places.points is not None:
        write_points(places.points, model.contract.target, made.forecast.only(asked.wanted.shown))
    vitals.note_forecast(made.forecast, panel)
    code = asked.night.tell(made.forecast, console)
    if places.ledger is not None and asked.summing.has_totals:
        name = asked.summing.named(made.forecast.id_name)
        write_totals_down(made.totals, name, made.forecast, identity, places.ledger, console)
    elif places.ledger is not None:
        write_down(made.shipped.only((BAND,)), panel, identity, places.ledger, console)
    return code


def _made(
    model: Model, panel: Panel, asked: Request, console: Console, *, besides: set[int], source: str
) -> Made:
    """The forecast, as rows, totals or paths; source: the file of history, which may say what totals are over."""
    wanted, summing = asked.wanted, asked.summing
    numbers = of_numbers(model, "--paths" if summing.paths else "--total") if summing.is_asked else None
    shipped = wanted.of(model, panel, asked.night, besides)
    asked.night.refuse_findings(shipped)
    forecast, more = shipped, dict[str, Any]()
    if wanted.is_adapted and asked.destinations.ledger is not None:
        ledger = asked.destinations.ledger
        forecast, more = adapted_by(ledger, of_numbers(model, "--adapt"), panel, shipped, console)
    given_out = forecast.only(wanted.shown)
    if numbers is None:
        return Made(forecast, table.tidy(given_out), more, shipped)
    outlook = build_outlook(numbers, panel, given_out, asked.night)
    rows = summed_rows(summing, source, outlook, sorted({*wanted.shown, *besides}))
    columns = summed_columns(summing, rows, outlook, wanted.shown)
    return Made(forecast, table.tidy(given_out, columns), more, shipped, totals=rows)


def _supposed(model: Model, panel: Panel, asked: Request, console: Console) -> Made:
    """The forecast as it would be, beside the one that is."""
    ahead = asked.wanted.ahead(model.contract.clock) or model.contract.horizon
    found = what_if(asked.wanted.changes, model, panel, ahead, partial(asked.wanted.of, night=asked.night))
    asked.night.refuse_findings(found.before)
    for finding in found.findings:
        console.warn(f"{finding.code}: {finding.message}", finding.code, **finding.place.fields)
    if not found.has_effect:
        console.warn(found.sentence(), "what_if")
    words = found.sentence() if found.has_effect else ""
    return Made(found.after, found.rows(), {"changes": found.words}, found.before, words)
