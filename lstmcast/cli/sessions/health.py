"""The output that an operator's monitoring reads: a file of metrics, the forecast in time, and a ping."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.shell.flags import OUTPUT
from lstmcast.core.errors import LstmcastError, UsageError

if TYPE_CHECKING:
    from lstmcast.cli.shell.console import Console
    from lstmcast.core.panel import Forecast, Panel

MetricsFile = Annotated[
    str | None,
    typer.Option(
        "--metrics", metavar="FILE", help="metrics for Prometheus to write [none]", rich_help_panel=OUTPUT
    ),
]
InfluxFile = Annotated[
    str | None,
    typer.Option(
        "--influx",
        metavar="FILE",
        help="the forecast in InfluxDB's line protocol [none]",
        rich_help_panel=OUTPUT,
    ),
]
PingUrl = Annotated[
    str | None,
    typer.Option(
        "--ping",
        metavar="URL",
        help="call URL when done, URL/fail after a failure [none]",
        rich_help_panel=OUTPUT,
    ),
]
PATIENCE = 10.0  # seconds
_LARGEST = 1_000_000  # bytes of an old file of metrics that are read
_MEANINGS = {
    "exit_code": "exit code of the last run",
    "last_run_timestamp_seconds": "when the last run ended",
    "last_success_timestamp_seconds": "when the last run with exit code 0 ended",
    "duration_seconds": "how long the last run took",
    "data_age_seconds": "age of the last known target",
    "rows": "rows of the forecast by what made them",
    "degraded_share": "share of the rows that the model did not make as usual",
    "coverage_ratio": "share of the last week's outcomes in the 80 % band",
    "skill_ratio": "how much better than the best naive forecast the last week was",
    "alarms": "alarms of the last run",
}


@dataclass
class Vitals:
    """The facts that a run learns of its health; code: its exit code; numbers: name -> value, by labels."""

    command: str
    code: int = 0
    numbers: dict[str, dict[str, float]] = field(default_factory=dict)

    def note(self, name: str, value: float | None, label: str = "") -> None:
        """A number, if there is one."""
        if value is not None:
            self.numbers.setdefault(name, {})[label] = float(value)

    def add(self, other: Vitals) -> None:
        """Take over the numbers of one model of several: rows add up, the rest is that of the worst."""
        for name, values in other.numbers.items():
            mine = self.numbers.setdefault(name, {})
            for label, value in values.items():
                both = (mine[label], value) if label in mine else (value,)
                mine[label] = sum(both) if name == "rows" else max(both)

    def note_forecast(self, forecast: Forecast, panel: Panel) -> None:
        """Age of the data, rows by source, and the share of rows that were degraded."""
        sources: dict[str, int] = {}
        for source in forecast.source:
            sources[source] = sources.get(source, 0) + 1
        for source, count in sources.items():
            self.note("rows", count, source)
        stood_in = {found.series for found in forecast.fallbacks}
        rows = list(zip(forecast.series.tolist(), forecast.source, strict=True))
        odd = sum(series in stood_in or source.endswith("_filled") for series, source in rows)
        self.note("degraded_share", odd / max(len(rows), 1))
        if not panel.clock.is_counter:
            last = panel.times[panel.known_until() - 1].max().astype("int64") / 1e6
            self.note("data_age_seconds", time.time() - float(last))


def refuse_ping(address: str | None) -> None:
    """Raise UsageError for an address that cannot be called."""
    if address is not None and not re.fullmatch(r"https?://\S+", address):
        raise UsageError("--ping takes an address that begins with http:// or https://", option="--ping")


@contextmanager
def watched(command: str, metrics: str | None, ping: str | None, console: Console) -> Iterator[Vitals]:
    """Write metrics and ping once a run is over, however it ends.

    Raises UsageError for a URL that is none, OutputError where metrics cannot be written; a ping that fails is said.
    """
    refuse_ping(ping)
    if metrics is not None:
        from lstmcast import persistence

        persistence.probe_folder(metrics, persistence.A_BLOCK)
    vitals, began = Vitals(command), time.monotonic()
    try:
        yield vitals
    except BaseException as error:
        vitals.code = _code_of(error)
        _tell(vitals, began, metrics, ping, console, has_failed=True)
        raise
    _tell(vitals, began, metrics, ping, console, has_failed=False)


def _code_of(error: BaseException) -> int:
    if isinstance(error, LstmcastError):
        return error.exit_code
    return 130 if isinstance(error, KeyboardInterrupt) else int(getattr(error, "exit_code", 1))


def _tell(
    vitals: Vitals, began: float, metrics: str | None, ping: str | None, console: Console, *, has_failed: bool
) -> None:
    vitals.note("duration_seconds", time.monotonic() - began)
    if metrics is not None:
        try:
            _write(metrics, vitals)
        except LstmcastError as error:
            if not has_failed:
                raise
            console.warn(str(error), "metrics")
    if ping is not None:
        _ping(ping if vitals.code == 0 else f"{ping.rstrip('/')}/fail", console)


def _write(path: str, vitals: Vitals) -> None:
    """The file of metrics, replaced whole; a run that failed keeps when one last succeeded."""
    from lstmcast import persistence

    now = time.time()
    succeeded = now if vitals.code == 0 else _last_success(path)
    vitals.note("exit_code", vitals.code)
    vitals.note("last_run_timestamp_seconds", now)
    vitals.note("last_success_timestamp_seconds", succeeded)
    persistence.replace_file(path, as_text(vitals.command, vitals.numbers).encode())


def as_text(command: str, numbers: Mapping[str, Mapping[str, float]]) -> str:
    """Metrics in Prometheus' text format, in an order of their own."""
    lines = []
    for name, meaning in _MEANINGS.items():
        if name in numbers:
            lines += [f"# HELP lstmcast_{name} {meaning}", f"# TYPE lstmcast_{name} gauge"]
        for label, value in numbers.get(name, {}).items():
            more = f',source="{_quoted(label)}"' if label else ""
            lines.append(f'lstmcast_{name}{{command="{command}"{more}}} {value:.15g}')
    return "\n".join(lines) + "\n"


def _quoted(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _last_success(path: str) -> float | None:
    """Return when the old file says that a run last succeeded; None where it does not."""
    try:
        with open(path, encoding="utf-8") as file:
            found = re.search(
                r"^lstmcast_last_success_timestamp_seconds\{.*\} (\S+)$", file.read(_LARGEST), re.M
            )
        return None if found is None else float(found[1])
    except (OSError, ValueError):
        return None


def _ping(url: str, console: Console) -> None:
    """Call an address; a failure is a warning, in which the address, which may hold a secret, is not said."""
    from urllib.error import URLError
    from urllib.request import Request, urlopen

    try:
        with urlopen(Request(url, headers={"User-Agent": "lstmcast"}), timeout=PATIENCE):
            return
    except (URLError, OSError, ValueError) as error:
        reason = getattr(error, "code", None) or type(error).__name__
        console.warn(f"the ping failed ({reason}); the run itself is not affected", "ping")


def write_points(path: str, target: str, forecast: Forecast) -> None:
    """The forecast as points of InfluxDB's line protocol, one a row, in nanoseconds since 1970."""
    from lstmcast import persistence

    persistence.replace_file(path, points(target, forecast).encode())


def points(target: str, forecast: Forecast) -> str:
    """Lines `lstmcast,target=…,source=… forecast=…,lo_80=… 1700000000000000000`."""
    fields: dict[str, Any] = {"forecast": forecast.point.tolist()}
    fields |= {name: values.tolist() for name, values in forecast.probabilities.items()}
    for level in sorted(forecast.bands):
        for edge, values in zip(("lo", "hi"), forecast.bands[level], strict=True):
            fields[f"{edge}_{level}"] = values.tolist()
    stamps = (forecast.times.astype("datetime64[us]").astype("int64") * 1000).tolist()
    lines = []
    for row, stamp in enumerate(stamps):
        tags = {"target": target, "source": forecast.source[row]}
        if forecast.id_name is not None:
            tags["series"] = forecast.ids[int(forecast.series[row])]
        head = ",".join(["lstmcast", *(f"{name}={_escaped(value)}" for name, value in tags.items() if value)])
        body = ",".join(f"{_escaped(name)}={values[row]:.15g}" for name, values in fields.items())
        lines.append(f"{head} {body} {stamp}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """A tag's value or a field's name: commas, blanks and equal signs have a backslash before them."""
    return re.sub(r"([,= ])", r"\\\1", text.replace("\n", " "))
