"""The options and rules of `predict` for nights that are unlike others: late data, odd data, rows made by others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.sessions.reading import ASSUMED, line_of
from lstmcast.cli.sessions.remarks import SAME, degraded_by, unmended
from lstmcast.cli.shell.log import tell_error
from lstmcast.core.errors import DataError, DegradedError, UsageError
from lstmcast.core.options import FILL, SHORT_FUTURES, seconds

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from lstmcast.cli.shell.console import Console
    from lstmcast.core.panel import Forecast, Panel
    from lstmcast.ingest import AsOf, ParsedFile

PANEL = "Nights"
AsOfTime = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="ignore rows after TIME [use all rows]", rich_help_panel=PANEL),
]
MaxAge = Annotated[
    str | None,
    typer.Option(
        metavar="AGE",
        help="exit 10 when the last known target is older, of a panel all: 26h [any]",
        rich_help_panel=PANEL,
    ),
]
MaxAgeAll = Annotated[
    str | None,
    typer.Option(metavar="AGE", help="exit 10 when any series is older [any]", rich_help_panel=PANEL),
]
Now = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="the time that --max-age compares with [--as-of, or the clock]",
        rich_help_panel=PANEL,
    ),
]
NoFallback = Annotated[
    bool,
    typer.Option(
        "--no-fallback", help="exit 3 where the model cannot forecast a series", rich_help_panel=PANEL
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="exit 3 for odd data, 6 if a simpler forecaster made rows or columns end early",
        rich_help_panel=PANEL,
    ),
]


ShortFuture = Annotated[
    str | None,
    typer.Option(
        metavar="HOW",
        help="where known columns end early: fill, hold (the last value) or fail [fill]",
        rich_help_panel=PANEL,
    ),
]
Zone = Annotated[
    str | None,
    typer.Option(
        "--tz", metavar="ZONE", help="zone of times that name none [the model's]", rich_help_panel=PANEL
    ),
]


@dataclass(frozen=True)
class Night:
    """Times as the user wrote them, None where not asked for, and what is refused or told by an exit code.

    tz: the zone of stamps that name none, None for the model's; short_future: what is done where columns known ahead
    end early.
    """

    as_of: str | None = None
    max_age: str | None = None
    max_age_all: str | None = None
    now: str | None = None
    may_fall_back: bool = True
    is_strict: bool = False
    tz: str | None = None
    short_future: str = FILL

    def check(self) -> None:
        """Raise UsageError for what can be seen to be wrong without the file."""
        for option, age in self._ages():
            seconds(age, option)
        if self.now is not None and not self._ages():
            message = "--now is what --max-age compares with; give --max-age too"
            raise UsageError(message, option="--now")
        if self.short_future not in SHORT_FUTURES:
            message = f"--short-future takes {', '.join(SHORT_FUTURES)}; got {self.short_future!r}"
            raise UsageError(message, option="--short-future")

    def cut(self, *, keeps_known: bool) -> AsOf | None:
        """The moment at which history is read as it stood; keeps_known: its later rows say what is known ahead."""
        from lstmcast.ingest import AsOf

        return None if self.as_of is None else AsOf(self.as_of, keeps_known)

    def _ages(self) -> list[tuple[str, str]]:
        """The ages that are asked for, each behind its option."""
        ages = (("--max-age", self.max_age), ("--max-age-all", self.max_age_all))
        return [(option, age) for option, age in ages if age is not None]

    def fresh(self, panel: Panel, rows: int, console: Console, named: Collection[str] = ()) -> Panel:
        """The panel without the series that ended long before the others, which is said; rows: to be forecast; named:
        series that stay all the same.

        Raises StaleError where the last known targets are older than --max-age or --max-age-all; warns of some.
        """
        from lstmcast.model.freshness import refuse_stale, without_closed

        going_on, closed = without_closed(panel, rows, named)
        for option, age in self._ages():
            every = panel if option == "--max-age-all" else going_on
            found = refuse_stale(every, self.now or self.as_of, seconds(age), age, option)
            if found is not None:
                console.warn(line_of(found), found.code, **found.place.fields)
        if closed is not None:
            console.warn(line_of(closed), closed.code, **closed.place.fields)
        return going_on

    def refuse_findings(self, forecast: Forecast) -> None:
        """Raise DataError for data unlike those of training, if that is not only to be warned of."""
        found = unmended(forecast) if self.is_strict else []
        if found:
            told = "; ".join(f"{finding.code}: {finding.message}" for finding in found)
            error = DataError.at(found[0].place.silent(), f"{told} (--strict: nothing was written)")
            error.option = "--strict"
            raise error

    def refuse_assumed(self, readings: Iterable[ParsedFile]) -> None:
        """Raise DataError for a zone or a unit that was taken for granted, if that is not only to be warned of."""
        for reading in readings if self.is_strict else ():
            for finding in reading.findings:
                if finding.code in ASSUMED:
                    option, remedy = ASSUMED[finding.code]
                    message = f"{reading.source}: {finding.message}; {remedy} (--strict: nothing was written)"
                    raise DataError(message, file=reading.source, option=option)

    def told(self, forecast: Forecast) -> set[str]:
        """Codes of the doctor's findings about the file that say what those about its last rows say better."""
        codes = {finding.code for finding in forecast.findings} | {found.code for found in forecast.fallbacks}
        return {doctors for code in codes for doctors in SAME.get(code, ())}

    def tell(self, forecast: Forecast, console: Console) -> int:
        """Say on stderr how the night went, once its forecast is written; return the exit code."""
        for finding in unmended(forecast):
            console.warn(f"{finding.code}: {finding.message}", finding.code, **finding.place.fields)
        degraded = list(degraded_by(forecast, self.short_future))
        if degraded and self.is_strict:
            told = "; ".join(f"{code}: {sentence}" for code, sentence in degraded)
            tell_error(DegradedError(console.about(told)), as_json=False)
            return DegradedError.exit_code
        for code, sentence in degraded:
            console.warn(f"{code}: {sentence}", code)
        return 0


def night_by(values: Mapping[str, Any]) -> Night:
    """Return the night that the options of `predict` ask for; raise UsageError for what is wrong whatever the file."""
    night = Night(
        values["as_of"],
        values["max_age"],
        values["max_age_all"],
        values["now"],
        may_fall_back=not values["no_fallback"],
        is_strict=values["strict"],
        tz=values["tz"],
        short_future=values["short_future"] or FILL,
    )
    night.check()
    return night
