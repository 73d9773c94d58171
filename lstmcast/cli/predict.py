"""`lstmcast predict`: from a model file and fresh history to a forecast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from lstmcast.cli import log, table
from lstmcast.cli.console import Console
from lstmcast.cli.flags import (
    OUTPUT,
    DataFile,
    Json,
    ModelFile,
    Quiet,
    Verbose,
    parse_levels,
    parse_quantiles,
    whole_number,
)
from lstmcast.cli.nights import AsOfTime, MaxAge, Night, NoFallback, Now, Strict
from lstmcast.cli.reading import (
    read_for_model,
    read_future_for_model,
    tell_findings,
    tell_if_open,
)
from lstmcast.cli.streams import emit, harmless

if TYPE_CHECKING:
    from lstmcast.classes.model import AnyModel
    from lstmcast.contract import Contract
    from lstmcast.ingest import Reading
    from lstmcast.panel import Forecast, Panel

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
    typer.Option(metavar="N", help="steps ahead [as trained]", rich_help_panel="Forecast"),
]
Level = Annotated[
    str | None,
    typer.Option(metavar="N,N", help="bands in percent: 80,95 [80]", rich_help_panel="Forecast"),
]
Quantiles = Annotated[
    str | None,
    typer.Option(metavar="X,X", help="quantiles besides: 0.05,0.5,0.95 [none]", rich_help_panel="Forecast"),
]
ForecastOutput = Annotated[
    str | None,
    typer.Option("-o", "--output", metavar="FILE", help="file to write [stdout]", rich_help_panel=OUTPUT),
]


def predict(
    model: ModelFile,
    data: DataFile,
    future: Future = None,
    horizon: Horizon = None,
    level: Level = None,
    quantiles: Quantiles = None,
    as_of: AsOfTime = None,
    max_age: MaxAge = None,
    now: Now = None,
    no_fallback: NoFallback = False,
    strict: Strict = False,
    output: ForecastOutput = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Forecast from the end of fresh history.

    The file needs the columns the model was trained on. Nothing is refitted. Where the last rows cannot carry the
    model, a simpler forecaster stands in, and the column `source` says so.
    """
    console = Console(quiet=quiet, verbose=verbose, as_json=as_json)
    wanted = Wanted(
        whole_number("horizon", horizon, 1, 10_000),
        None if level is None else parse_levels(level),
        parse_quantiles(quantiles),
    )
    night = Night(as_of, max_age, now, may_fall_back=not no_fallback, is_strict=strict)
    night.check()
    code = forecast_file(model, Files(data, future), wanted, night, output, console)
    if code:
        raise typer.Exit(code)


@dataclass(frozen=True)
class Files:
    """Where history stands, and the rows to come if they have a file of their own."""

    history: str
    future: str | None


@dataclass(frozen=True)
class Wanted:
    """What to forecast: steps ahead (None: as trained), bands in percent (None: the usual one), quantiles."""

    horizon: int | None
    levels: tuple[int, ...] | None
    quantiles: tuple[float, ...]

    def of(self, model: AnyModel, panel: Panel, *, may_fall_back: bool) -> Forecast:
        """The forecast of a model; raises what its `predict` does."""
        given = {} if self.levels is None else {"levels": self.levels}
        return model.predict(panel, self.horizon, quantiles=self.quantiles, fallback=may_fall_back, **given)


def forecast_file(
    model_file: str, files: Files, wanted: Wanted, night: Night, output: str | None, console: Console
) -> int:
    """Load, read, predict, write: CSV or one JSON document, to a file or to stdout; returns the exit code."""
    from lstmcast import persistence

    if output is not None:
        persistence.probe_folder(output)
    model = persistence.load(model_file)
    panel, readings = _read(files, model, night, console)
    night.refuse_stale(panel)
    forecast = wanted.of(model, panel, may_fall_back=night.may_fall_back)
    night.refuse_findings(forecast)
    rows = table.tidy(forecast)
    tell_if_open(model_file, console)
    told = night.told(forecast)
    for reading in readings:
        tell_findings(reading, console, besides=told)
    _warn_of_rolling_on(model.contract, wanted.horizon, console)
    found = [each for reading in readings for each in reading.findings if each.code not in told]
    text = table.as_document(rows, forecast, found) if console.as_json else table.as_csv(rows)
    if output is None:
        emit(harmless(text))
    else:
        persistence.write_text(output, text)
        log.milestone("wrote", f"wrote {output}", file=output)
    return night.tell(forecast, console)


def _read(files: Files, model: AnyModel, night: Night, console: Console) -> tuple[Panel, list[Reading]]:
    """History with the rows to come, and the readings it was made from."""
    from lstmcast.future import joined, require_known

    if files.future is None:
        history = read_for_model(files.history, model, night.cut(keeps_known=True))
        return history.panel, [history]
    require_known(model.contract)
    history = read_for_model(files.history, model, night.cut(keeps_known=False))
    future = read_future_for_model(files.future, model, history.panel.clock)
    others = len(set(future.panel.ids) - set(history.panel.ids))
    if others:
        message = f"{others:,} series of {future.source} left out: {history.source} does not have them"
        console.warn(message, "series_left_out", file=future.source)
    return joined(history.panel, future.panel), [history, future]


def _warn_of_rolling_on(contract: Contract, horizon: int | None, console: Console) -> None:
    if horizon is not None and horizon > contract.horizon:
        console.warn(
            f"{horizon} steps ahead, but the model was trained for {contract.horizon}: later rows stand on "
            "the forecast of earlier ones (train with a longer --horizon)",
            "beyond_horizon",
        )
