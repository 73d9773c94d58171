"""What `predict` does in a night that is not like the others: late data, odd data, rows the model did not make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from lstmcast.cli.sessions.reading import ZONE_ASSUMED, line_of
from lstmcast.cli.shell.log import tell_error
from lstmcast.core.errors import DataError, DegradedError, UsageError
from lstmcast.core.options import FILL, HOLD, SHORT_FUTURES, seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lstmcast.cli.shell.console import Console
    from lstmcast.core.findings import Finding
    from lstmcast.core.panel import Fallback, FilledAhead, Forecast, Panel
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
        """How to read the history; keeps_known: whether its later rows say what is known ahead."""
        from lstmcast.ingest import AsOf

        return None if self.as_of is None else AsOf(self.as_of, keeps_known)

    def _ages(self) -> list[tuple[str, str]]:
        """The ages that are asked for, each behind its option."""
        ages = (("--max-age", self.max_age), ("--max-age-all", self.max_age_all))
        return [(option, age) for option, age in ages if age is not None]

    def refuse_stale(self, panel: Panel, console: Console) -> None:
        """Raise StaleError where the last known targets are older than --max-age or --max-age-all; warn of some."""
        from lstmcast.model.freshness import refuse_stale

        for option, age in self._ages():
            found = refuse_stale(panel, self.now or self.as_of, seconds(age), age, option)
            if found is not None:
                console.warn(line_of(found), found.code, **found.place.fields)

    def refuse_findings(self, forecast: Forecast) -> None:
        """Raise DataError for data unlike those of training, if that is not only to be warned of."""
        found = _refused(forecast) if self.is_strict else []
        if found:
            told = "; ".join(f"{finding.code}: {finding.message}" for finding in found)
            error = DataError.at(found[0].place.silent(), f"{told} (--strict: nothing was written)")
            error.option = "--strict"
            raise error

    def refuse_assumed(self, readings: Iterable[ParsedFile]) -> None:
        """Raise DataError for stamps of which somebody has to say the zone, if that is not only to be warned of."""
        for reading in readings if self.is_strict else ():
            for finding in reading.findings:
                if finding.code == ZONE_ASSUMED:
                    remedy = "name their zone with --tz (--strict: nothing was written)"
                    message = f"{reading.source}: {finding.message}; {remedy}"
                    raise DataError(message, file=reading.source, option="--tz")

    def told(self, forecast: Forecast) -> set[str]:
        """Codes of the doctor's findings about the file that say what those about its last rows say better."""
        codes = {finding.code for finding in forecast.findings} | {found.code for found in forecast.fallbacks}
        return {doctors for code in codes for doctors in _SAME.get(code, ())}

    def tell(self, forecast: Forecast, console: Console) -> int:
        """What the night was like, on stderr, once its forecast is written; returns the exit code."""
        for finding in _refused(forecast):
            console.warn(f"{finding.code}: {finding.message}", finding.code, **finding.place.fields)
        degraded = list(_degraded(forecast, self.short_future))
        if degraded and self.is_strict:
            told = "; ".join(f"{code}: {sentence}" for code, sentence in degraded)
            tell_error(DegradedError(told), as_json=False)
            return DegradedError.exit_code
        for code, sentence in degraded:
            console.warn(f"{code}: {sentence}", code)
        return 0


def _refused(forecast: Forecast) -> list[Finding]:
    """Findings about the last rows that nothing was done about."""
    mended = {fallback.code for fallback in forecast.fallbacks}
    return [finding for finding in forecast.findings if finding.code not in mended]


def _degraded(forecast: Forecast, how: str) -> Iterator[tuple[str, str]]:
    """A code and a sentence for each reason and each forecaster that stood in, and for each column that was filled."""
    kinds: dict[tuple[str, str], list[Fallback]] = {}
    for fallback in forecast.fallbacks:
        kinds.setdefault((fallback.code, fallback.source), []).append(fallback)
    mended = {finding.code: finding.message for finding in forecast.findings}
    for (code, source), found in kinds.items():
        if code == "odd_last":
            yield code, mended[code]
            continue
        which = (
            f"{len(found):,} of {len(forecast.ids):,} series are" if len(forecast.ids) > 1 else "the rows are"
        )
        if source == "rescaled":
            more = f" (and {len(found) - 1:,} more series)" if len(found) > 1 else ""
            yield code, f"{found[0].reason}{more}; the rows are forecast on the level of now ({source})"
            continue
        who = _SPOKEN.get(source, "the same time a season ago")
        yield code, f"{which} forecast by {who} ({source}), not by the model: {found[0].reason}"
    filled: dict[str, list[FilledAhead]] = {}
    for each in forecast.filled:
        filled.setdefault(each.column, []).append(each)
    for column, those in filled.items():
        yield "short_future", _of_filled(column, those, forecast, how)


def _of_filled(column: str, found: Sequence[FilledAhead], forecast: Forecast, how: str) -> str:
    """Which column something stands in for, from when on and in how many rows."""
    ahead = len(forecast.times) // len(forecast.ids)
    first = min(found, key=lambda each: each.since)
    since = forecast.clock.write(first.since.reshape(1))[0]
    where = f"from {since} on, in" if first.step + first.rows == ahead else f"at {since} and in"
    many, rows = len(forecast.ids) > 1, max(each.rows for each in found)
    of = f", of {len(found):,} of {len(forecast.ids):,} series" if many else ""
    stands_in = "its last value is held" if how == HOLD else "its usual values before it stand in"
    wider = " and bands are wider" if forecast.bands else ""
    return (
        f"{column!r}, known ahead, is missing {where} {rows:,} of the {ahead:,} rows to forecast{of}; "
        f"{stands_in}{wider} (--short-future)"
    )


_SAME = {
    "flat": ("flat", "stale_tail"),
    "unit_jump": ("unit_jump", "level_jump", "outliers"),
    "out_of_range": ("unit_jump", "level_jump", "outliers"),
    "odd_last": ("outliers",),
    "missing_share": ("missing_share",),
    "gaps": ("missing_share",),
}
_SPOKEN = {
    "linear": "the linear map",
    "naive": "the last value",
    "persistence": "what followed the last class",
}
