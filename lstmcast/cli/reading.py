"""Files read for a command: by the options of a training, or by what a model was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lstmcast.cli.console import Console
    from lstmcast.ingest import Reading
    from lstmcast.model import Model
    from lstmcast.options import Options


def read_for_training(source: str, options: Options) -> Reading:
    """What the options name in a file; raises DataError when it is not there."""
    from lstmcast.ingest import Roles, read

    roles = Roles(options.target or "", options.time, options.id, options.known, options.past)
    return read(source, roles, freq=options.freq, zone=options.tz, seasons=options.season)


def read_for_model(source: str, model: Model) -> Reading:
    """What a model was trained on, in a fresh file; raises DataError when it is not there.

    The frequency is found as it was in training, not taken from the model: else every second row of hourly data
    would pass for hourly data full of gaps.
    """
    from lstmcast.ingest import Roles, read

    contract = model.contract
    roles = Roles(contract.target, contract.time, contract.id, contract.known, contract.past)
    clock = contract.clock
    return read(source, roles, freq=model.options.freq, zone=clock.zone, seasons=clock.seasons)


def tell_findings(reading: Reading, console: Console) -> None:
    """What the reader repaired or wondered about: warnings always, the rest for the curious.

    Told once the work has begun or is done, so that a command that fails says one thing only.
    """
    for finding in reading.findings:
        line = f"{finding.message} ({finding.remedy})" if finding.remedy else finding.message
        if finding.severity == "warning":
            console.warn(line)
        else:
            console.detail(line)
