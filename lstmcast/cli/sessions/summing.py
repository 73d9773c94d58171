"""The answers of `predict` that are not single rows: totals and peaks of periods, and sample paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.shell.flags import whole_number
from lstmcast.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lstmcast.cli.sessions.nights import Night
    from lstmcast.core.panel import Clock, Forecast, Panel
    from lstmcast.model.model import Model
    from lstmcast.model.periods import Periods
    from lstmcast.model.totals import Outlook, Total

    Columns = Mapping[str, Sequence[str | float]]

PANEL = "Totals and paths"
TotalOption = Annotated[
    str | None,
    typer.Option(
        "--total",
        metavar="PERIOD",
        help="totals and peaks instead of rows: day, week, month, horizon, 6h [rows]",
        rich_help_panel=PANEL,
    ),
]
TotalAt = Annotated[
    str | None,
    typer.Option(
        "--total-at",
        metavar="FILE",
        help="the same from each date in FILE to the next [none]",
        rich_help_panel=PANEL,
    ),
]
TotalOver = Annotated[
    str | None,
    typer.Option(
        "--total-over",
        metavar="COLUMN",
        help="totals over all series with the same COLUMN, or over all [each]",
        rich_help_panel=PANEL,
    ),
]
Whole = Annotated[
    bool, typer.Option("--whole", help="leave out periods of which rows are missing", rich_help_panel=PANEL)
]
Paths = Annotated[
    str | None,
    typer.Option("--paths", metavar="N", help="sample paths instead of rows [none]", rich_help_panel=PANEL),
]
PathColumns = Annotated[
    bool, typer.Option("--path-columns", help="a column for each path", rich_help_panel=PANEL)
]
MOST_PATHS = 10_000
ALL = "all"


@dataclass(frozen=True)
class Summing:
    """The answer that a user asks for instead of rows, in the words of the options."""

    total: str | None = None
    at: str | None = None
    over: str | None = None
    is_whole: bool = False
    paths: int | None = None
    has_columns: bool = False

    @property
    def has_totals(self) -> bool:
        """True where totals are asked for."""
        return self.total is not None or self.at is not None

    @property
    def is_asked(self) -> bool:
        """True where anything but rows is asked for."""
        return self.has_totals or self.paths is not None

    @property
    def called(self) -> str:
        """The name of the rows in a JSON document."""
        return "totals" if self.has_totals else "forecast" if self.paths is None else "paths"

    def named(self, id_name: str | None) -> str | None:
        """The name of the column of series or groups, None without one."""
        return id_name if self.over is None else self.over

    def check(self) -> None:
        """Raise UsageError for options that do not go together."""
        if self.total is not None and self.at is not None:
            raise UsageError("--total and --total-at both say what is summed; give one", option="--total-at")
        if self.has_totals and self.paths is not None:
            raise UsageError("--paths and --total are two answers; ask for one of them", option="--paths")
        for is_set, option in ((self.over is not None, "--total-over"), (self.is_whole, "--whole")):
            if is_set and not self.has_totals:
                raise UsageError(f"{option} says how totals are made; give --total too", option=option)
        if self.has_columns and self.paths is None:
            raise UsageError("--path-columns says how paths are written; give --paths too", option="--paths")


def summing_by(values: Mapping[str, Any]) -> Summing:
    """Return what the options of `predict` ask for instead of rows; raise UsageError where it makes no sense."""
    found = Summing(
        values["total"],
        values["total_at"],
        values["total_over"],
        values["whole"],
        whole_number("paths", values["paths"], 1, MOST_PATHS),
        values["path_columns"],
    )
    found.check()
    return found


def periods_asked(asked: Summing, clock: Clock) -> Periods:
    """The periods that are asked for, on a clock; raises UsageError and DataError."""
    from lstmcast.model.periods import of_dates, parse_periods

    if asked.at is None:
        return parse_periods(asked.total or "", clock)
    from lstmcast.ingest import read_holidays

    return of_dates(read_holidays(asked.at).days)


def groups_asked(asked: Summing, source: str, panel: Panel) -> dict[str, str] | None:
    """The group of each series; None where each is totalled by itself. Raises UsageError and DataError."""
    if asked.over is None:
        return None
    if panel.id_name is None:
        message = f"--total-over {asked.over}: {source} is one series; --total alone sums its rows"
        raise UsageError(message, file=source, option="--total-over")
    if asked.over == panel.id_name:
        return dict.fromkeys(panel.ids, ALL)
    if source == "-":
        message = "--total-over reads DATA twice, which standard input is not; name a file"
        raise UsageError(message, option="--total-over")
    from lstmcast.ingest import read_groups

    return read_groups(source, panel.id_name, asked.over)


def build_outlook(model: Model, panel: Panel, forecast: Forecast, night: Night) -> Outlook:
    """The outlook that totals and paths are made from; raises UsageError for an older model file."""
    from lstmcast.model.totals import outlook

    return outlook(model, panel, forecast, night.short_future, fallback=night.may_fall_back)


def summed_columns(asked: Summing, rows: Sequence[Total], found: Outlook, levels: Sequence[int]) -> Columns:
    """The columns of the table of these totals, or of paths."""
    if asked.paths is not None:
        return _path_columns(asked, found)
    return total_columns(rows, asked.named(found.forecast.id_name), found.forecast, levels)


def summed_rows(asked: Summing, source: str, found: Outlook, levels: Sequence[int]) -> list[Total]:
    """The totals that are asked for, none where it is paths; source: the file of history."""
    if asked.paths is not None:
        return []
    from lstmcast.model.totals import totals

    periods = periods_asked(asked, found.history.clock)
    groups = groups_asked(asked, source, found.history)
    return list(totals(found, periods, levels, groups, is_whole=asked.is_whole))


def total_columns(
    rows: Sequence[Total], name: str | None, forecast: Forecast, levels: Sequence[int]
) -> Columns:
    """Totals as columns; name: of the column of series or groups, None without one."""
    columns: dict[str, Sequence[str | float]] = {}
    if name is not None:
        columns[name] = [row.name for row in rows]
    columns["period"] = [row.period for row in rows]
    columns["rows"] = [row.rows for row in rows]
    columns["total"] = [row.total for row in rows]
    for level in levels:
        for place, edge in enumerate(("lo", "hi")):
            columns[f"{edge}_{level}"] = [row.bands[level][place] for row in rows]
    columns["mean"] = [row.mean for row in rows]
    columns["peak"] = [row.peak for row in rows]
    for level in levels:
        for place, edge in enumerate(("lo", "hi")):
            columns[f"peak_{edge}_{level}"] = [row.peak_bands[level][place] for row in rows]
    columns["peak_time"] = [forecast.clock.write(row.peak_time.reshape(1))[0] for row in rows]
    columns["source"] = [row.source for row in rows]
    return columns


def _path_columns(asked: Summing, found: Outlook) -> Columns:
    """Paths, one row a path and time, or a column a path."""
    from lstmcast.model.totals import path_weights

    count, forecast = asked.paths or 1, found.forecast
    weights = path_weights(found, count)
    stamps = forecast.clock.write(forecast.times)
    columns: dict[str, Sequence[str | float]] = {}
    series = range(len(forecast.ids))
    drawn = [found.paths(number, weights) for number in series]
    if asked.has_columns:
        if forecast.id_name is not None:
            columns[forecast.id_name] = [forecast.ids[s] for s in forecast.series]
        columns["time"] = stamps
        for path in range(count):
            columns[f"path_{path + 1}"] = [value for own in drawn for value in own[path].tolist()]
        return columns
    columns["path"] = [str(path + 1) for _ in series for path in range(count) for _ in range(found.ahead)]
    if forecast.id_name is not None:
        columns[forecast.id_name] = [
            forecast.ids[s] for s in series for _ in range(count) for _ in range(found.ahead)
        ]
    columns["time"] = [stamp for s in series for _ in range(count) for stamp in stamps[found.rows(s)]]
    columns["value"] = [value for own in drawn for value in own.reshape(-1).tolist()]
    return columns
