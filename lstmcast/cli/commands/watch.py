"""`lstmcast watch`: what came lately beside what was forecast for it, and an alarm where that is not chance."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.sessions.delivery import console_beside, deliver, probe
from lstmcast.cli.sessions.health import MetricsFile, PingUrl
from lstmcast.cli.sessions.health import watched as watched_health
from lstmcast.cli.sessions.nights import AsOfTime, Night, Zone
from lstmcast.cli.sessions.reading import (
    line_of,
    of_numbers,
    read_for_model,
    tell_findings,
    tell_if_open,
)
from lstmcast.cli.shell.flags import INPUT, OUTPUT, DataFile, Json, ModelFile, Quiet, Verbose
from lstmcast.cli.shell.log import tell_error
from lstmcast.cli.shell.outputs import STDOUT
from lstmcast.cli.show import table
from lstmcast.core.ahead import read_ahead, rows_ahead
from lstmcast.core.errors import AlarmError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lstmcast.cli.shell.console import Console
    from lstmcast.core.panel import Clock, Panel
    from lstmcast.model.model import Model
    from lstmcast.model.watching import Alarm, Rate, Watched

PANEL = "Watch"
Last = Annotated[
    str,
    typer.Option(metavar="TIME", help="rows to look at: 24h, 7d, or so many rows", rich_help_panel=PANEL),
]
Alarms = Annotated[
    str,
    typer.Option(
        metavar="N/TIME", help="false alarms that chance may raise: 1/month, 2/year", rich_help_panel=PANEL
    ),
]
Direction = Annotated[
    str, typer.Option(metavar="SIDE", help="what is unusual: above, below or both", rich_help_panel=PANEL)
]
LedgerOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", help="judge what this ledger said [what MODEL would have]", rich_help_panel=INPUT
    ),
]
RowsOutput = Annotated[
    str | None,
    typer.Option(
        "-o", "--output", metavar="FILE", help="file for the rows (CSV) [none]", rich_help_panel=OUTPUT
    ),
]
_MONTHS = {"day": 1 / 30.44, "week": 7 / 30.44, "month": 1.0, "year": 12.0}
_SHOWN = 10


def watch(
    model: ModelFile,
    data: DataFile,
    last: Last = "24h",
    alarms: Alarms = "1/month",
    direction: Direction = "both",
    ledger: LedgerOption = None,
    as_of: AsOfTime = None,
    tz: Zone = None,
    output: RowsOutput = None,
    metrics: MetricsFile = None,
    ping: PingUrl = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Say whether what came lately is what was to be expected.

    The last rows are compared with the forecast that was made before them, by the model or in a ledger. An alarm ends
    in exit code 11; how often chance may raise one is declared, and held by the errors of validation rows.
    """
    console = console_beside(output, quiet=quiet, verbose=verbose, as_json=as_json)
    asked = WatchRequest(last, parse_rate(alarms), parse_side(direction), ledger)
    with watched_health("watch", metrics, ping, console) as vitals:
        count = watch_file(model, data, asked, Night(as_of, tz=tz), output, console)
        vitals.note("alarms", count)
        vitals.code = AlarmError.exit_code if count else 0
    if count:
        raise typer.Exit(AlarmError.exit_code)


@dataclasses.dataclass(frozen=True)
class WatchRequest:
    """The user's wishes: how much is looked at, the rate of false alarms, on which side, whose forecasts."""

    last: str
    rate: tuple[float, str]
    direction: str
    ledger: str | None


def parse_rate(word: str) -> tuple[float, str]:
    """A number and the time that it is for; raises UsageError for what is no rate."""
    count, _, unit = word.replace(" ", "").partition("/")
    try:
        number = float(count)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e6 or not (unit in _MONTHS or (unit.isdecimal() and int(unit) > 0)):
        message = f"--alarms takes a number per day, week, month, year or number of rows, such as 1/month; got {word!r}"
        raise UsageError(message, option="--alarms")
    return number, unit


def parse_side(word: str) -> str:
    """The side that is watched; raises UsageError for what is none."""
    if word not in ("above", "below", "both"):
        raise UsageError(f"--direction takes above, below or both; got {word!r}", option="--direction")
    return word


def _rate(asked: tuple[float, str], clock: Clock) -> Rate:
    from lstmcast.model.watching import Rate

    count, unit = asked
    if unit.isdecimal():
        return Rate(count, rows=float(unit))
    if clock.is_counter:
        message = f"--alarms {count:g}/{unit}: rows are counted and have no {unit}; say per how many rows, as in 1/1000"
        raise UsageError(message, option="--alarms")
    return Rate(count, months=_MONTHS[unit])


def rows_of(last: str, model: Model) -> int:
    """Return how many rows are looked at; raises UsageError."""
    if model.contract.clock.is_counter and not last.isdecimal():
        return model.contract.horizon
    return rows_ahead(read_ahead(last), model.contract.clock)


def watch_file(
    model_file: str, source: str, asked: WatchRequest, night: Night, output: str | None, console: Console
) -> int:
    """Load, read, compare, show; returns how many alarms there are."""
    from lstmcast import ingest, persistence
    from lstmcast.model.freshness import without_closed
    from lstmcast.model.watching import watch as watched

    if output is not None:
        probe(output, persistence.A_BLOCK)
    model = of_numbers(persistence.load(model_file), "watch")
    reading = read_for_model(source, model, console, night.cut(keeps_known=True), night.tz)
    rows, clock = rows_of(asked.last, model), model.contract.clock
    panel, closed = without_closed(reading.panel, rows)
    ledger = None
    if asked.ledger is not None:
        ledger, findings = ingest.read_ledger(asked.ledger, panel.clock)
        for finding in findings:
            console.detail(finding.message, finding.code, **finding.place.fields)
    found = watched(model, panel, rows, _rate(asked.rate, clock), asked.direction, ledger)
    tell_if_open(model_file, console)
    tell_findings(reading, console)
    if closed is not None:
        console.warn(line_of(closed), closed.code, **closed.place.fields)
    if output is not None:
        deliver(output, [table.as_csv(columns_of(found, panel)).encode()])
    alarms = [alarm for series in found for alarm in series.alarms]
    with console.at_once():
        _show(found, alarms, asked, panel, console)
        if output not in (None, STDOUT):
            console.note(f"Wrote {output}")
        console.document(document_of(found, alarms, panel))
    if alarms:
        more = f", and {len(alarms) - 1:,} more" if len(alarms) > 1 else ""
        tell_error(AlarmError(sentence(alarms[0], panel) + more), as_json=False)
    return len(alarms)


def sentence(alarm: Alarm, panel: Panel) -> str:
    """An alarm in words."""
    since = panel.clock.write(alarm.since.reshape(1))[0]
    of = f"{alarm.name}: " if panel.id_name is not None else ""
    if alarm.kind == "stuck":
        return f"{of}since {since} the same value, {alarm.rows:,} rows in a row; longer than ever before"
    how = f"{abs(alarm.share):.0%} {alarm.kind} the forecast"
    rows = "1 row" if alarm.rows == 1 else f"{alarm.rows:,} rows in a row"
    months = alarm.months
    chance = f"{months:.1f} months" if months < 10 else f"{months:.0f} months"
    return f"{of}since {since} {how}, {rows}; expected once in {chance} by chance"


def _show(
    found: Sequence[Watched], alarms: Sequence[Alarm], asked: WatchRequest, panel: Panel, console: Console
) -> None:
    """The alarms, or that there is none, and what would be seen."""
    rows = sum(len(series.times) for series in found)
    judged = sum(int((series.score == series.score).sum()) for series in found)
    stamps = [panel.clock.write(series.times[[0, -1]]) for series in found if len(series.times)]
    if not judged:
        console.result("No row could be judged: no forecast was made before them.")
        return
    span = f"{min(first for first, _ in stamps)} to {max(last for _, last in stamps)}"
    console.note(f"{judged:,} of {rows:,} rows judged, {span}")
    for alarm in alarms[:_SHOWN]:
        console.result(f"ALARM {sentence(alarm, panel)}")
    if len(alarms) > _SHOWN:
        console.result(f"and {len(alarms) - _SHOWN:,} more alarms")
    if not alarms:
        console.result("No alarm: what came is what was to be expected.")
    day, row = found[0].least
    if day == day:
        console.note(
            f"At {asked.rate[0]:g} false alarms per {asked.rate[1]} a rise of {day:.0f} % over the whole horizon "
            f"would be seen, or of {row:.0f} % in one row."
        )


def columns_of(found: Sequence[Watched], panel: Panel) -> dict[str, list[Any]]:
    """The rows of all series as columns; what is not known is empty."""
    columns: dict[str, list[Any]] = {}
    if panel.id_name is not None:
        columns[panel.id_name] = [series.name for series in found for _ in series.times]
    columns["time"] = [stamp for series in found for stamp in panel.clock.write(series.times)]
    names = {"actual": "actual", "forecast": "point", "lo": "lower", "hi": "upper", "score": "score"}
    for name, field in names.items():
        values = [value for series in found for value in getattr(series, field).tolist()]
        columns[name] = ["" if value != value else float(f"{value:.10g}") for value in values]
    columns["alarm"] = [word for series in found for word in series.alarm]
    return columns


def document_of(found: Sequence[Watched], alarms: Sequence[Alarm], panel: Panel) -> dict[str, Any]:
    """Return alarms and rows as a document for a program."""
    columns = columns_of(found, panel)
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    told = [
        {
            "series": alarm.name,
            "kind": alarm.kind,
            "since": panel.clock.write(alarm.since.reshape(1))[0],
            "rows": alarm.rows,
            "share": alarm.share,
            "months": alarm.months,
            "sentence": sentence(alarm, panel),
        }
        for alarm in alarms
    ]
    return {
        "alarms": told,
        "rows": [{k: None if v == "" and k != "alarm" else v for k, v in row.items()} for row in rows],
    }
