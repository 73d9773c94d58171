"""A file read for a command, and what was found in it told."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lstmcast.cli.console import Console
    from lstmcast.contract import Contract
    from lstmcast.ingest import Reading, Roles
    from lstmcast.options import Options


def read_for_training(source: str, options: Options, console: Console) -> Reading:
    """What the options name in a file; raises DataError when it is not there."""
    from lstmcast.ingest import Roles

    roles = Roles(options.target or "", options.time, options.id, options.known, options.past)
    return _read(source, roles, options.freq, options.tz, options.season, console)


def read_for_model(source: str, contract: Contract, console: Console) -> Reading:
    """What a model was trained on, in a fresh file; raises DataError when it is not there."""
    from lstmcast.ingest import Roles

    roles = Roles(contract.target, contract.time, contract.id, contract.known, contract.past)
    clock = contract.clock
    return _read(source, roles, clock.freq, clock.zone, clock.seasons, console)


def _read(
    source: str,
    roles: Roles,
    freq: str | None,
    zone: str | None,
    seasons: tuple[int, ...] | None,
    console: Console,
) -> Reading:
    from lstmcast.ingest import read

    reading = read(source, roles, freq=freq, zone=zone, seasons=seasons)
    for finding in reading.findings:
        line = f"{finding.message} ({finding.remedy})" if finding.remedy else finding.message
        if finding.severity == "warning":
            console.warn(line)
        else:
            console.detail(line)
    return reading
