"""`lstmcast check`: what a file is understood as, and what its owner should know of it."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from lstmcast.cli.sessions.reading import by_severity, survey_file
from lstmcast.cli.shell.console import Console
from lstmcast.cli.shell.flags import DataFile, Json, Quiet, options_from, takes_reading_options
from lstmcast.core.errors import DataError
from lstmcast.core.findings import percent

if TYPE_CHECKING:
    from lstmcast.core.findings import Finding
    from lstmcast.core.options import Options
    from lstmcast.data.checks import Overview
    from lstmcast.ingest import ParsedFile

_SHOWN = 30  # columns in the table
_PICTURES = 6
_LIKE = 10  # findings of a kind
_WIDEST = 112  # letters of a picture
_HEIGHT, _LOW = 10, 6  # its rows, and those of one of several


@takes_reading_options
def check(
    data: DataFile,
    as_json: Json = False,
    quiet: Quiet = False,
    **flags: Any,  # one for each field of Options that says how a file is read
) -> None:
    """Say how a CSV is understood, and what is odd about it.

    It reads the file as train does, looks at its numbers, and names for all that it finds the line or the stamp, and
    the option that settles it. Without --target every column of numbers is looked at. Nothing is written.
    """
    console = Console(quiet=quiet, verbose=False, as_json=as_json)
    check_file(data, options_from(flags), console)


def check_file(source: str, options: Options, console: Console) -> None:
    """Read, examine, show; raises DataError, having shown what was found until then, where a file cannot be used."""
    from lstmcast import ingest

    options.check()
    options = dataclasses.replace(options, exclude=ingest.expanded(options.exclude))
    try:
        reading = _measured(_with_days_off(survey_file(source, options, console)), options)
    except DataError as error:
        _refuse(error, console)
        raise
    with console.at_once():
        _show(reading, console)


def _measured(reading: ParsedFile, options: Options) -> ParsedFile:
    """The reading, with a warning where it is too short to train on."""
    from lstmcast.core.findings import WARNING, Finding, count
    from lstmcast.data.defaults import horizon_of
    from lstmcast.pipeline.selection import fewest_rows

    panel = reading.panel
    horizon = horizon_of(panel, options)
    rows = int((panel.known_until() - panel.offsets[:-1]).max())
    needed = fewest_rows(panel, horizon, options)
    if rows >= needed:
        return reading
    message = (
        f"{count(rows, 'row')} are too few to train on: to forecast {horizon:,} rows ahead takes {needed:,}"
    )
    remedy = f"a --horizon below {horizon:,} takes fewer" if panel.classes else ""
    found = Finding(WARNING, "too_short", message, remedy)
    return dataclasses.replace(reading, findings=(*reading.findings, found))


def _with_days_off(reading: ParsedFile) -> ParsedFile:
    """The reading, with a note where the target keeps the days off of a country."""
    from lstmcast.core.findings import NOTE, Finding, count
    from lstmcast.data.days_off import find_days_off

    found = find_days_off(reading.panel) if reading.roles.target else None
    if found is None:
        return reading
    message = (
        f"{count(len(found.days), 'day')} off of {found.whose} are {found.ratio:.1f} times as far from the same "
        "weekdays around them as other days are"
    )
    note = Finding(NOTE, "days_off", message, f"--holidays {found.name} would teach them")
    return dataclasses.replace(reading, findings=(*reading.findings, note))


def _refuse(error: DataError, console: Console) -> None:
    """Show what was found, before the reason to refuse the file, which the caller tells."""
    from lstmcast.core.findings import REFUSAL, Finding

    with console.at_once():
        _show_findings(by_severity(error.findings), console)
    error.findings = by_severity([Finding(REFUSAL, "refused", str(error)), *error.findings])


def _show(reading: ParsedFile, console: Console) -> None:
    """Show what was understood, a picture of it in a terminal, and the findings, the gravest first."""
    from lstmcast.data.checks import overview

    columns = [overview(reading.panel, column) for column in range(reading.panel.values.shape[1])]
    findings = by_severity(reading.findings)
    console.notes(_understood(reading))
    console.note("")
    if not console.quiet:
        _show_columns(columns, console)
        console.note("")
    if console.draws():
        _draw(reading, console)
    _show_findings(findings, console)
    console.note(_summary(findings))
    console.document(_document(reading, columns, findings))


def _understood(reading: ParsedFile) -> list[tuple[str, str]]:
    """The file, its time and its seasons, line by line."""
    panel = reading.panel
    rows, series = len(panel.times), len(panel.ids)
    first, last = panel.clock.write(panel.times[[panel.times.argmin(), panel.times.argmax()]])
    many = f" in {series:,} series" if reading.roles.id else ""
    seasons = " and ".join(f"{season:,}" for season in panel.clock.seasons)
    zone = panel.clock.zone or "no"
    return [
        ("Data", f"{reading.source}: {rows:,} rows{many}, {first} to {last}"),
        ("Format", reading.layout),
        ("Time", f"{reading.roles.time}: {reading.evidence}; {zone} time zone"),
        ("Seasons", f"{seasons} rows" if seasons else "none"),
    ]


def _show_columns(columns: Sequence[Overview], console: Console) -> None:
    seasons = list(dict.fromkeys(season for column in columns for season in column.seasons))
    header = ["column", "role", "missing", "lowest", "median", "highest", *map(_season_title, seasons)]
    rows = [
        [
            column.name,
            column.role,
            percent(column.missing),
            *(_number(size) for size in (column.lowest, column.median, column.highest)),
            *(_share(column.seasons.get(season)) for season in seasons),
        ]
        for column in columns[:_SHOWN]
    ]
    console.table(header, rows)
    if len(columns) > _SHOWN:
        console.note(f"and {len(columns) - _SHOWN:,} more")


def _season_title(season: int) -> str:
    return f"season of {season:,}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.6g}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _draw(reading: ParsedFile, console: Console) -> None:
    """Each column that could be forecast, the first of a panel's series; of many the first few."""
    from lstmcast.cli.show import chart
    from lstmcast.cli.show.pictures.history import DrawnStretch, history
    from lstmcast.core.panel import TARGET

    targets = reading.panel.roles(TARGET)[:_PICTURES]
    for column in targets:
        drawn = dataclasses.replace(
            history(DrawnStretch.of(reading.panel, 0, column)), marks=()
        )  # they are told below
        height = _HEIGHT if len(targets) == 1 else _LOW
        console.picture(
            chart.draw(drawn, min(_WIDEST, console.width()), height, console.letters()), chart.as_text
        )
        console.note("")


def _show_findings(findings: Iterable[Finding], console: Console) -> None:
    """One line each, of many of a kind the first ones; quiet leaves out the notes."""
    from lstmcast.core.findings import NOTE

    told = Counter[tuple[str, str]]()
    for finding in findings:
        say = console.note if finding.severity == NOTE else console.result
        told[finding.severity, finding.code] += 1
        if told[finding.severity, finding.code] > _LIKE:
            continue
        say(finding.message, f"{finding.severity.capitalize():<8} ")
        if finding.remedy:
            say(finding.remedy, " " * 9)
    more = sum(max(often - _LIKE, 0) for often in told.values())
    if more:
        console.note(f"and {more:,} more of the same kinds (--json has all)")


def _summary(findings: Sequence[Finding]) -> str:
    from lstmcast.core.findings import WARNING, count

    warnings = sum(finding.severity == WARNING for finding in findings)
    if not warnings:
        return "No problems found."
    return f"Understood, with {count(warnings, 'warning')}."


def _document(
    reading: ParsedFile, columns: Sequence[Overview], findings: Iterable[Finding]
) -> dict[str, Any]:
    """All of it for a program."""
    panel = reading.panel
    first, last = panel.clock.write(panel.times[[panel.times.argmin(), panel.times.argmax()]])
    return {
        "file": reading.source,
        "rows": len(panel.times),
        "series": len(panel.ids),
        "first": first,
        "last": last,
        "time": reading.roles.time,
        "id": reading.roles.id,
        "layout": reading.layout,
        "evidence": reading.evidence,
        "freq": panel.clock.freq,
        "zone": panel.clock.zone,
        "seasons": panel.clock.seasons,
        "columns": [dataclasses.asdict(column) for column in columns],
        "candidates": [dataclasses.asdict(candidate) for candidate in reading.candidates],
        "findings": [finding.record() for finding in findings],
    }
