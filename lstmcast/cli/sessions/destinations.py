"""The places that a forecast goes to: a file or stdout, a table of a database, a ledger, points in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from lstmcast.cli.shell import log
from lstmcast.cli.shell.flags import OUTPUT
from lstmcast.cli.shell.streams import emit

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
LedgerFile = Annotated[
    str | None,
    typer.Option(
        "--log",
        metavar="FILE",
        help="ledger to add the forecast to, CSV or .db, for score [none]",
        rich_help_panel=OUTPUT,
    ),
]


@dataclass(frozen=True)
class Destinations:
    """The name of each place; None is stdout for the forecast, and nothing for ledger and points."""

    forecast: str | None
    ledger: str | None
    points: str | None = None

    @property
    def is_database(self) -> bool:
        """True where the forecast becomes a table of a database, whose columns keep their names."""
        from lstmcast import persistence

        return self.forecast is not None and persistence.parse_table(self.forecast) is not None

    def probe(self) -> None:
        """Raise OutputError for what could not be written."""
        from lstmcast import persistence

        if self.forecast is not None:
            place = persistence.parse_table(self.forecast)
            persistence.probe_folder(self.forecast if place is None else place[0], persistence.A_BLOCK)
        if self.ledger is not None:
            persistence.probe_ledger(self.ledger)
        if self.points is not None:
            persistence.probe_folder(self.points, persistence.A_BLOCK)

    def write(self, text: str, rows: Mapping[str, Sequence[str | float]]) -> None:
        """Give the forecast out: the text, or the rows where a table of a database is named."""
        from lstmcast import persistence

        if self.forecast is None:
            emit(text)
            return
        place = persistence.parse_table(self.forecast)
        if place is None:
            persistence.write_text(self.forecast, text)
        else:
            persistence.replace_table(*place, rows)
        log.milestone("wrote", f"wrote {self.forecast}", file=self.forecast if place is None else place[0])
