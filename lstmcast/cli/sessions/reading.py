"""Files read for a command: by the options of a training, or by what a model was trained on."""

from __future__ import annotations

import dataclasses
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from lstmcast.core.errors import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from lstmcast.cli.shell.console import Console
    from lstmcast.core.findings import Finding
    from lstmcast.core.options import Options
    from lstmcast.core.panel import Clock, Holidays, Times
    from lstmcast.ingest import AsOf, ParsedFile, ReadingRules, Roles, Source
    from lstmcast.model.model import Model
    from lstmcast.model.schema import Contract


class Reader(Protocol):
    """Somebody who waits for a file to be read: a console, or a program."""

    @property
    def is_mute(self) -> bool:
        """True where nobody looks at what is found."""

    def reading(self) -> AbstractContextManager[Callable[[int, int], None] | None]:
        """Give what is to be told of the bytes read; None where nobody would see it."""


def read_for_training(source: Source, options: Options, console: Reader) -> ParsedFile:
    """Return what the options name in a file; raises DataError when it is not there."""
    from lstmcast.ingest import Roles, read

    roles = Roles(options.target or "", options.time, options.id, options.known, options.past)
    rules = _rules(options)
    freq, zone, seasons = options.freq, options.tz, options.season
    with console.reading() as watch:
        reading = read(source, roles, freq=freq, zone=zone, seasons=seasons, rules=rules, watch=watch)
    return _with_days_off(_examined(reading), options)


def _with_days_off(reading: ParsedFile, options: Options) -> ParsedFile:
    """The reading with the days off that a file lists; those of a country are training's own affair."""
    from lstmcast.data.holidays import is_country, require_days
    from lstmcast.ingest import read_holidays

    if options.holidays is None or is_country(options.holidays):
        return reading
    require_days(reading.panel)
    holidays = read_holidays(options.holidays, options.dates)
    return dataclasses.replace(reading, panel=reading.panel.with_holidays(holidays))


def survey_file(source: str, options: Options, console: Console) -> ParsedFile:
    """Return what `check` looks at: the file as training reads it.

    Without a target, these are all columns that could be one.
    """
    from lstmcast.ingest import Roles, survey

    roles = Roles(options.target or "", options.time, options.id, options.known, options.past)
    rules = _rules(options)
    freq, zone, seasons = options.freq, options.tz, options.season
    with console.reading() as watch:
        reading = survey(source, roles, freq=freq, zone=zone, seasons=seasons, rules=rules, watch=watch)
    return _examined(reading)


def of_numbers(model: Model, command: str) -> Model:
    """The model itself; raises UsageError for one of classes, of which a command makes nothing."""

    if model.contract.classes:
        raise UsageError(f"{command} is for models of numbers, and this one is of classes")
    return model


ZONE_ASSUMED, UNIT_CHANGED = "zone_assumed", "unit_changed"  # codes of findings
ASSUMED = {  # the option that settles each, if there is one, and what to do
    ZONE_ASSUMED: ("--tz", "name their zone with --tz"),
    UNIT_CHANGED: (None, "convert the file, or train on it"),
}


def with_spans_excluded(model: Model, excluded: tuple[str, ...]) -> Model:
    """Return the model with further bad periods in its options, which one that is trained on from it keeps."""
    from lstmcast import ingest

    options = model.options
    spans = dict.fromkeys((*options.exclude, *ingest.expanded(excluded)))
    return dataclasses.replace(model, options=dataclasses.replace(options, exclude=tuple(spans)))


def read_for_model(
    source: Source,
    model: Model,
    console: Reader,
    as_of: AsOf | None = None,
    tz: str | None = None,
    *,
    keeps_new: bool = False,
) -> ParsedFile:
    """Return what a model was trained on, in a fresh file, as it stands or stood.

    Raises DataError when it is not there.

    tz: the zone of stamps that name none; None is the model's, which is said where those of training named it. The
    frequency is found as it was in training, not taken from the model: else every second row of hourly data
    would pass for hourly data full of gaps. keeps_new: series that the model does not know stay, where they have rows
    enough to be forecast from.
    """
    from lstmcast.ingest import read
    from lstmcast.model.newcomers import without_unknown

    contract, rules = model.contract, _rules_of(model)
    clock, freq = contract.clock, model.options.freq
    with console.reading() as watch:
        reading = read(
            source,
            _sought(model),
            freq=freq,
            zone=_zone_of_stamps(clock, tz),
            seasons=clock.seasons,
            rules=rules,
            as_of=as_of,
            lone=clock.freq,
            watch=watch,
        )
    reading = _on_clock(reading.called(_roles(contract)), clock)
    panel, new = (
        without_unknown(contract, reading.panel) if keeps_new else contract.without_new(reading.panel)
    )
    findings = reading.findings if new is None else (new, *reading.findings)
    reading = dataclasses.replace(reading, panel=panel, findings=findings)
    reading = reading if console.is_mute else _examined(reading)
    if tz is None and model.options.tz is None and clock.zone is not None and not reading.names_zone:
        reading = dataclasses.replace(reading, findings=(_zone_assumed(clock.zone), *reading.findings))
    if (odd := _unit_changed(contract.unit, reading.panel.unit, contract.target)) is not None:
        reading = dataclasses.replace(reading, findings=(odd, *reading.findings))
    of_training = tuple(found for found in reading.findings if found.code != "season")  # that choice is made
    return dataclasses.replace(reading, findings=of_training)


def _zone_of_stamps(clock: Clock, tz: str | None) -> str | None:
    """The zone to read stamps in that name none; raises UsageError where rows are days of another zone."""
    if tz is None or clock.zone is None or tz == clock.zone:
        return tz or clock.zone
    if clock.step is None:
        message = f"--tz {tz}: the model forecasts days of {clock.zone}; stamps of other days do not fit it"
        raise UsageError(message, option="--tz")
    return tz


def _on_clock(reading: ParsedFile, clock: Clock) -> ParsedFile:
    """The reading with its instants on the wall of the model's clock, whatever zone they were written in."""
    own = reading.panel.clock
    if clock.zone is None or own.zone is None or own.zone == clock.zone:
        return reading
    panel = dataclasses.replace(reading.panel, clock=dataclasses.replace(own, zone=clock.zone))
    return dataclasses.replace(reading, panel=panel)


def _unit_changed(trained: str, found: str, target: str) -> Finding | None:
    """That a fresh file writes another unit beside the target's numbers than the file of training did."""
    from lstmcast.core.findings import WARNING, Finding

    if not trained or not found or trained == found:
        return None
    message = f"{target!r} is in {found!r} here, and was in {trained!r} in training; the numbers are taken as they are"
    return Finding(WARNING, UNIT_CHANGED, message, ASSUMED[UNIT_CHANGED][1])


def _zone_assumed(zone: str) -> Finding:
    """That stamps without a zone were taken as those of the model."""
    from lstmcast.core.findings import WARNING, Finding

    message = f"stamps name no zone, those of training did; taken as times of {zone}"
    return Finding(WARNING, ZONE_ASSUMED, message, "--tz ZONE if they are of another")


def read_outcomes(source: str, options: Options, console: Console) -> ParsedFile:
    """A file of what came; without a target its only column of values is taken.

    Raises DataError and UsageError; where the file is read as a wide one, they say so.
    """
    try:
        return _outcomes(source, options, console)
    except (DataError, UsageError) as error:
        if options.wide or not _is_read_wide(source, options):
            raise
        reason = f"{error}; if what came stands side by side, read it with --wide"
        raise type(error)(reason, file=source, option="--wide") from None


def _is_read_wide(source: str, options: Options) -> bool:
    """Return whether a file can be read as a wide one; standard input is not read twice."""
    from lstmcast.ingest import Roles, read

    if source == "-":
        return False
    roles = Roles(options.target or "", options.time, options.id)
    wide = dataclasses.replace(options, wide=True)
    try:
        read(source, roles, freq=options.freq, zone=options.tz, seasons=options.season, rules=_rules(wide))
    except (DataError, UsageError):
        return False
    return True


def _outcomes(source: str, options: Options, console: Console) -> ParsedFile:
    from lstmcast.ingest import only_column

    target = options.target or (
        None if options.wide else only_column(source, options.time, options.id, _rules(options))
    )
    return read_for_training(source, dataclasses.replace(options, target=target), console)


def read_future_for_model(source: Source, model: Model, clock: Clock, tz: str | None = None) -> ParsedFile:
    """The columns that a model knows ahead, in a file of rows to come; clock: that of the history before them.

    tz: the zone of stamps that name none; None is that of the history.
    """
    from lstmcast.ingest import read_future

    roles = _roles(model.contract)
    written = dataclasses.replace(clock, zone=_zone_of_stamps(clock, tz))
    reading = _on_clock(read_future(source, _sought(model), written, _rules_of(model)), clock)
    return reading.called(dataclasses.replace(roles, past=()))


def _examined(reading: ParsedFile) -> ParsedFile:
    """The reading with what its numbers give reason to say; nothing that is done depends on it."""
    from lstmcast.data.checks import examine

    found = examine(reading.panel)
    return dataclasses.replace(reading, findings=(*reading.findings, *found))


def _roles(contract: Contract) -> Roles:
    from lstmcast.ingest import Roles

    return Roles(contract.target, contract.time, contract.id, contract.known, contract.past, contract.levels)


def _sought(model: Model) -> Roles:
    """The roles by which a file is searched for what a model knows; of a wide one, the target lists its columns."""
    roles = _roles(model.contract)
    return dataclasses.replace(roles, target=model.options.target or "") if model.options.wide else roles


def _rules_of(model: Model) -> ReadingRules:
    """The reader's rules of a model's training; of its bad periods those alone that are periods: no file that a model
    names is looked at."""
    from lstmcast.ingest import spans_among

    return _rules(dataclasses.replace(model.options, exclude=spans_among(model.options.exclude)))


def _rules(options: Options) -> ReadingRules:
    """The reader's rules among the options: they have the same names."""
    from lstmcast.ingest import ReadingRules

    return ReadingRules(
        **{field.name: getattr(options, field.name) for field in dataclasses.fields(ReadingRules)}
    )


def tell_days_off(holidays: Holidays | None, clock: Clock, times: Times, console: Console) -> None:
    """Warn of rows that lie beyond the days off that are known."""
    for finding in () if holidays is None else holidays.beyond(clock.wall(times)):
        console.warn(finding.message, finding.code)


def tell_findings(reading: ParsedFile, console: Console, besides: Collection[str] = ()) -> None:
    """Tell what the reader repaired or wondered about: warnings always, the rest for the curious.

    besides: codes of what is told otherwise already.

    Told once the work has begun or is done, so that a command that fails says one thing only.
    """
    from lstmcast.core.findings import WARNING

    for finding in reading.findings:
        if finding.code in besides:
            continue
        tell = console.warn if finding.severity == WARNING else console.detail
        tell(line_of(finding), finding.code, **{"file": reading.source, **finding.place.fields})


def with_closed_said(reading: ParsedFile, rows: int) -> ParsedFile:
    """The reading of a file to be judged, with a finding where series have closed; rows: of a forecast."""
    from lstmcast.model.freshness import closed_but_judged

    found = closed_but_judged(reading.panel, rows)
    return reading if found is None else dataclasses.replace(reading, findings=(*reading.findings, found))


def tell_if_open(model_file: str, console: Console) -> None:
    """A warning where every user of the machine may change the model, or put another in its place."""
    from lstmcast.persistence import permission_warning

    message = permission_warning(model_file)
    if message is not None:
        console.warn(message, "open_to_all", file=model_file)


def line_of(finding: Finding) -> str:
    """A finding with what settles it."""
    return f"{finding.message} ({finding.remedy})" if finding.remedy else finding.message


def by_severity(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The gravest first, else in the order in which they came up."""
    from lstmcast.core.findings import SEVERITIES

    return tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))
