"""`lstmcast predict`: from a model file and fresh history to a forecast."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.sessions.health import InfluxFile, MetricsFile, PingUrl, Vitals, watched, write_points
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
)
from lstmcast.cli.sessions.reading import (
    of_numbers,
    read_for_model,
    read_future_for_model,
    tell_findings,
    tell_if_open,
)
from lstmcast.cli.sessions.summing import (
    PathColumns,
    Paths,
    Summing,
    TotalAt,
    TotalOption,
    TotalOver,
    Whole,
    outlook_of,
    summed_columns,
    summing_of,
)
from lstmcast.cli.shell import log
from lstmcast.cli.shell.console import Console
from lstmcast.cli.shell.flags import (
    AHEAD,
    DEFAULT_LEVEL,
    FAN_LEVELS,
    OUTPUT,
    DataFile,
    Json,
    ModelFile,
    Quiet,
    Verbose,
    parse_levels,
    parse_quantiles,
)
from lstmcast.cli.shell.outputs import STDOUT
from lstmcast.cli.shell.streams import emit
from lstmcast.cli.show import table
from lstmcast.cli.show.look import look
from lstmcast.cli.show.what_if import refuse_beside, what_if
from lstmcast.core.ahead import read_ahead, rows_ahead
from lstmcast.core.errors import BusyError, OutputError, UsageError
from lstmcast.core.options import FILL

if TYPE_CHECKING:
    from collections.abc import Collection

    from lstmcast.core.panel import Forecast, Panel
    from lstmcast.ingest import ParsedFile
    from lstmcast.model.model import Model
    from lstmcast.model.schema import Contract

Future = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="CSV file with the known columns of the rows to forecast [the end of DATA]",
        rich_help_panel="Forecast",
    ),
]
Horizon = Annotated[
    str | None,
    typer.Option(
        metavar=AHEAD,
        help="how far ahead: rows, or 24h, 1d, 2w [as trained]",
        rich_help_panel="Forecast",
    ),
]
Level = Annotated[
    str | None,
    typer.Option(metavar="N,N", help="bands in percent: 80,95 [80]", rich_help_panel="Forecast"),
]
Quantiles = Annotated[
    str | None,
    typer.Option(metavar="X,X", help="quantiles besides: 0.05,0.5,0.95 [none]", rich_help_panel="Forecast"),
]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="CHANGE",
        help="what if: temperature+=3, price*=1.1, holiday=1 in the rows to come; may stand several times [none]",
        is_eager=True,  # said anew each time: neither environment nor file can set it
        rich_help_panel="Forecast",
    ),
]
Integers = Annotated[
    bool,
    typer.Option(
        "--integers",
        help="whole numbers, as of what is counted: bands no narrower, means as they are",
        rich_help_panel="Forecast",
    ),
]
LedgerFile = Annotated[
    str | None,
    typer.Option(
        "--log",
        metavar="FILE",
        help="ledger to add the forecast to, CSV or .db, for score [none]",
        rich_help_panel=OUTPUT,
    ),
]
Adapt = Annotated[
    bool,
    typer.Option(
        "--adapt",
        help="adapt the forecast by what came of the nights in the ledger of --log",
        rich_help_panel="Forecast",
    ),
]
ForecastOutput = Annotated[
    str | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="file to write, or FILE.db::TABLE [stdout]",
        rich_help_panel=OUTPUT,
    ),
]


def predict(
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
    values = (
        horizon,
        level,
        quantiles,
        integers,
        as_of,
        max_age,
        max_age_all,
        now,
        no_fallback,
        short_future,
        strict,
        tz,
    )
    wanted, night = checked(dict(zip(CHECKED, values, strict=True)))
    refuse_beside(changes or (), log_file)
    wanted = dataclasses.replace(wanted, changes=tuple(changes or ()))
    summing = summing_of(total, total_at, total_over, whole, paths, path_columns)
    if changes and summing.is_asked:
        message = "--set compares rows of two forecasts; leave --total and --paths out"
        raise UsageError(message, option="--set")
    if integers and (adapt or summing.is_asked):
        message = "whole numbers are of a forecast's own rows; leave --adapt, --total and --paths out"
        raise UsageError(message, option="--integers")
    _refuse_to_adapt(adapt, log_file, is_other=bool(changes) or summing.is_asked or bool(wanted.quantiles))
    wanted = dataclasses.replace(wanted, is_adapted=adapt)
    outputs = Outputs(None if output == STDOUT else output, log_file, influx)
    with watched("predict", metrics, ping, console) as vitals:
        code = forecast_file(model, Files(data, future), wanted, night, outputs, console, summing, vitals)
        vitals.code = code
    if code:
        raise typer.Exit(code)


def _refuse_to_adapt(adapt: bool, log_file: str | None, *, is_other: bool) -> None:
    """Raise UsageError where a forecast cannot be adapted."""
    if adapt and log_file is None:
        message = "--adapt learns from the nights of a ledger; name it with --log"
        raise UsageError(message, option="--adapt")
    if adapt and is_other:
        message = "--adapt is for rows and their bands; leave --set, --total, --paths and --quantiles out"
        raise UsageError(message, option="--adapt")


CHECKED = (
    "horizon",
    "level",
    "quantiles",
    "integers",
    "as_of",
    "max_age",
    "max_age_all",
    "now",
    "no_fallback",
    "short_future",
    "strict",
    "tz",
)


def checked(values: Mapping[str, Any]) -> tuple[Wanted, Night]:
    """What is asked for by the options in CHECKED; raises UsageError for what is wrong whatever the file."""
    level = values["level"]
    wanted = Wanted(
        None if values["horizon"] is None else read_ahead(values["horizon"]),
        None if level is None else parse_levels(level),
        parse_quantiles(values["quantiles"]),
        is_whole=values["integers"],
    )
    times = values["as_of"], values["max_age"], values["max_age_all"], values["now"]
    others = {"may_fall_back": not values["no_fallback"], "is_strict": values["strict"], "tz": values["tz"]}
    night = Night(*times, **others, short_future=values["short_future"] or FILL)
    night.check()
    return wanted, night


ROWS = Summing()


@dataclass(frozen=True)
class Files:
    """Where history stands, and the rows to come if they have a file of their own."""

    history: str
    future: str | None


@dataclass(frozen=True)
class Wanted:
    """What to forecast: how far ahead (None: as trained), bands in percent (None: the usual one), quantiles; changes
    beside which it is set, as `--set` has them; is_whole: in whole numbers."""

    horizon: int | str | None
    levels: tuple[int, ...] | None
    quantiles: tuple[float, ...]
    changes: tuple[str, ...] = ()
    is_adapted: bool = False
    is_whole: bool = False

    @property
    def shown(self) -> tuple[int, ...]:
        """The bands that are given out."""
        return (DEFAULT_LEVEL,) if self.levels is None else self.levels

    def of(self, model: Model, panel: Panel, night: Night, besides: Collection[int] = ()) -> Forecast:
        """The forecast of a model, with these bands besides if it has any; raises what its `predict` does."""
        given = {} if self.levels is None else {"levels": self.levels}
        if besides and not model.contract.classes:
            given = {"levels": tuple(sorted({*self.shown, *besides}))}
        ahead = None if self.horizon is None else rows_ahead(self.horizon, model.contract.clock)
        if self.is_whole and model.contract.classes:
            raise UsageError("classes are no numbers; leave --integers out", option="--integers")
        found = model.predict(
            panel,
            ahead,
            quantiles=self.quantiles,
            fallback=night.may_fall_back,
            short_future=night.short_future,
            **given,
        )
        return found.in_integers() if self.is_whole else found


@dataclass(frozen=True)
class Outputs:
    """Where the forecast goes, None for stdout; the ledger it is written down in, and its points, None for none."""

    forecast: str | None
    ledger: str | None
    points: str | None = None

    def probe(self) -> None:
        """Raise OutputError for what could not be written."""
        from lstmcast import persistence

        if self.forecast is not None:
            place = persistence.table_of(self.forecast)
            persistence.probe_folder(self.forecast if place is None else place[0], persistence.A_BLOCK)
        if self.ledger is not None:
            persistence.probe_ledger(self.ledger)
        if self.points is not None:
            persistence.probe_folder(self.points, persistence.A_BLOCK)

    def write(self, text: str, rows: table.Rows) -> None:
        """Give the forecast out: the text, or the rows where a table of a database is named."""
        from lstmcast import persistence

        place = None if self.forecast is None else persistence.table_of(self.forecast)
        if place is not None:
            persistence.replace_table(*place, rows)
            log.milestone("wrote", f"wrote {self.forecast}", file=place[0])
        elif self.forecast is None:
            emit(text)
        else:
            persistence.write_text(self.forecast, text)
            log.milestone("wrote", f"wrote {self.forecast}", file=self.forecast)


def forecast_file(
    model_file: str,
    files: Files,
    wanted: Wanted,
    night: Night,
    outputs: Outputs,
    console: Console,
    summing: Summing = ROWS,
    vitals: Vitals | None = None,
) -> int:
    """Load, read, predict, write: CSV or one JSON document, to a file or to stdout, then into the ledger.

    summing: what is given out instead of rows; vitals: takes what monitoring asks for. Returns the exit code.
    """
    from lstmcast import persistence
    from lstmcast.evaluation.ledger import BAND

    outputs.probe()
    model, identity = persistence.load_identified(model_file)
    panel, readings = read_files(files, model, night, console)
    night.refuse_assumed(readings)
    night.refuse_stale(panel, console)
    if wanted.changes:
        tell_if_open(model_file, console)
        return suppose(model, panel, wanted, night, outputs, console)
    is_drawn = outputs.forecast is None and console.draws() and not summing.is_asked
    numbers = of_numbers(model, "--paths" if summing.paths else "--total") if summing.is_asked else None
    besides = {*(FAN_LEVELS if is_drawn else ()), *((BAND,) if outputs.ledger is not None else ())}
    forecast = wanted.of(model, panel, night, besides)
    night.refuse_findings(forecast)
    shipped = forecast
    more: dict[str, Any] = {}
    if wanted.is_adapted and outputs.ledger is not None:
        forecast, more = adapt_forecast(
            of_numbers(model, "--adapt"), panel, forecast, outputs.ledger, console
        )
    given_out = forecast.only(wanted.shown)
    rows = table.tidy(given_out)
    if numbers is not None:
        found = outlook_of(numbers, panel, given_out, night)
        rows = table.tidy(given_out, summed_columns(summing, files.history, found, wanted.shown))
    tell_if_open(model_file, console)
    told = night.told(forecast)
    for reading in readings:
        tell_findings(reading, console, besides=told)
    _warn_of_rolling_on(model.contract, wanted.horizon, console)
    remarks = [each for reading in readings for each in reading.findings if each.code not in told]
    if is_drawn:
        look(panel, forecast, given_out, console)
    else:
        outputs.write(
            table.as_document(rows, forecast, remarks, summing.called, more)
            if console.as_json
            else table.as_csv(rows),
            rows,
        )
    if outputs.points is not None:
        write_points(outputs.points, model.contract.target, given_out)
    if vitals is not None:
        vitals.note_forecast(forecast, panel)
    code = night.tell(forecast, console)
    if outputs.ledger is not None:
        write_down(shipped.only((BAND,)), panel, identity, outputs.ledger, console)
    return code


def adapt_forecast(
    model: Model, panel: Panel, forecast: Forecast, ledger_file: str, console: Console
) -> tuple[Forecast, dict[str, Any]]:
    """The forecast adapted by the nights of a ledger, and by how much, for a program; for people on stderr."""
    import os

    from lstmcast import ingest
    from lstmcast.evaluation.adaptation import named_weights
    from lstmcast.model.adapted import adapted

    if not os.path.exists(ledger_file):
        console.detail(f"{ledger_file} has no nights yet, so nothing is adapted", "adapted", file=ledger_file)
        return forecast, {"adapted": []}
    ledger, _ = ingest.read_ledger(ledger_file, panel.clock)
    found, told = adapted(model, panel, forecast, ledger), []
    for name, state in found.by.items():
        of = f"{name}: " if forecast.id_name is not None else ""
        weights = named_weights(state, found.experts)
        shares = ", ".join(f"{who} {share:.0%}" for who, share in weights.items() if share)
        width = f"bands {state.factor:.2f} times as wide"
        console.detail(f"{of}adapted by {state.nights} nights: {shares}; {width}", "adapted")
        told.append({"series": name, "nights": state.nights, "weights": dict(weights), "width": state.factor})
    if not told:
        message = f"{ledger_file} has no night whose rows have all come, so nothing is adapted"
        console.detail(message, "adapted", file=ledger_file)
    return found.forecast, {"adapted": told}


def suppose(
    model: Model, panel: Panel, wanted: Wanted, night: Night, outputs: Outputs, console: Console
) -> int:
    """The forecast beside the one that there would be; returns the exit code."""
    from lstmcast.cli.shell.streams import json_text

    ahead = model.contract.horizon
    ahead = ahead if wanted.horizon is None else rows_ahead(wanted.horizon, model.contract.clock)
    ask = partial(wanted.of, night=night)
    found = what_if(wanted.changes, model, panel, ahead, ask)
    night.refuse_findings(found.before)
    for finding in found.findings:
        console.warn(f"{finding.code}: {finding.message}", finding.code, **finding.place.fields)
    rows = found.rows()
    if console.as_json:
        document = table.document(rows, found.after, found.findings)
        outputs.write(json_text({"changes": found.words} | document), rows)
    else:
        outputs.write(table.as_csv(rows), rows)
        (console.hint if found.has_effect else console.warn)(found.sentence(), "what_if")
    return night.tell(found.after, console)


def write_down(forecast: Forecast, panel: Panel, identity: str, path: str, console: Console) -> None:
    """Append a forecast that was given out to the ledger; panel: the history that it was made from."""
    from lstmcast import persistence
    from lstmcast.evaluation import ledger

    origins, forecast = panel.times[panel.known_until() - 1], dataclasses.replace(forecast, median=None)
    rows = table.tidy(forecast, ledger.entries(forecast, origins, identity))
    if persistence.is_database(path):
        series = [] if forecast.id_name is None else [list(rows)[len(ledger.FIRST)]]
        persistence.upsert(path, rows, ["issued", "time", *series])
        log.milestone("wrote", f"wrote {len(forecast.times)} rows to {path}", file=path)
        return
    header, lines = table.as_csv(rows).split("\n", 1)
    try:
        appended = persistence.append_block(path, header + "\n", lines)
    except (OutputError, BusyError) as error:
        error.args = (f"{error} (the forecast itself has been given out)",)
        raise
    if appended.was_torn:
        console.warn(f"the last line of {path} was torn and is taken out", "torn_line", file=path)
    if appended.was_unlocked:
        console.warn(
            f"the file system of {path} knows no locks; let no two runs write it at a time",
            "no_locks",
            file=path,
        )
    log.milestone("wrote", f"added {len(forecast.times)} rows to {path}", file=path)


def read_files(files: Files, model: Model, night: Night, console: Console) -> tuple[Panel, list[ParsedFile]]:
    """History with the rows to come, and the readings it was made from."""
    from lstmcast.model.future import joined, require_known

    if files.future is None:
        history = read_for_model(files.history, model, console, night.cut(keeps_known=True), night.tz)
        return history.panel, [history]
    require_known(model.contract)
    history = read_for_model(files.history, model, console, night.cut(keeps_known=False), night.tz)
    future = read_future_for_model(files.future, model, history.panel.clock, night.tz)
    others = len(set(future.panel.ids) - set(history.panel.ids))
    if others:
        message = f"{others:,} series of {future.source} left out: {history.source} does not have them"
        console.warn(message, "series_left_out", file=future.source)
    return joined(history.panel, future.panel), [history, future]


def _warn_of_rolling_on(contract: Contract, asked: int | str | None, console: Console) -> None:
    horizon = None if asked is None else rows_ahead(asked, contract.clock)
    if horizon is not None and horizon > contract.horizon:
        console.warn(
            f"{horizon} steps ahead, but the model was trained for {contract.horizon}: later rows stand on "
            "the forecast of earlier ones (train with a longer --horizon)",
            "beyond_horizon",
        )
