"""`lstmcast compare`: models beside each other on the same unseen rows."""

from __future__ import annotations

import dataclasses
import math
import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.sessions.reading import read_for_model, tell_findings
from lstmcast.cli.shell.console import Console
from lstmcast.cli.shell.flags import INPUT, DataFile, Json, ModelFile, Quiet, Verbose, whole_number
from lstmcast.cli.show import verdict
from lstmcast.core.findings import percent

if TYPE_CHECKING:
    from lstmcast.core.panel import Clock
    from lstmcast.model.rivals import Rivals

OtherModels = Annotated[
    list[str], typer.Argument(metavar="MODEL", help="other model files", rich_help_panel=INPUT)
]
Stride = Annotated[
    str, typer.Option(metavar="N", help="rows between two forecasts", rich_help_panel="Evaluation")
]
CHANCE = 0.05  # above it a difference is said to be possibly chance


def compare(
    model: ModelFile,
    others: OtherModels,
    data: DataFile,
    stride: Stride = "1",
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Compare models on the same unseen rows.

    They may look at different columns and have different horizons; the shortest horizon is compared. Tests say
    whether the best one differs from each other one by more than chance.
    """
    console = Console(quiet=quiet, verbose=verbose, as_json=as_json)
    compare_files((model, *others), data, whole_number("stride", stride, 1, 1_000_000) or 1, console)


def compare_files(files: tuple[str, ...], source: str, stride: int, console: Console) -> None:
    """Load, read as each model does, judge, show."""
    from lstmcast import persistence
    from lstmcast.model.rivals import rivals

    names = dict(zip(_names(files), files, strict=True))
    models = {name: persistence.load(file) for name, file in names.items()}
    readings = {name: read_for_model(source, model, console) for name, model in models.items()}
    found = rivals(models, {name: reading.panel for name, reading in readings.items()}, stride)
    tell_findings(next(iter(readings.values())), console)
    first = next(iter(models.values())).contract
    clock = dataclasses.replace(first.clock, seasons=first.clock.seasons)
    with console.at_once():
        _show(found, tuple(models), clock, console)
        console.document(_document(found, tuple(models), names, clock))


def _names(files: tuple[str, ...]) -> tuple[str, ...]:
    """Return the models' names: by file, by whole path where files share a name, by number where paths do."""
    short = tuple(os.path.basename(file) for file in files)
    names = short if len({*short}) == len(files) else files
    if len({*names}) == len(files):
        return names
    return tuple(f"{file} ({number})" for number, file in enumerate(files, start=1))


def _show(found: Rivals, models: tuple[str, ...], clock: Clock, console: Console) -> None:
    """The figures of all, and whether the models differ."""
    from lstmcast.evaluation.names import describe

    first, last = clock.write(found.stamps.take([found.stamps.argmin(), found.stamps.argmax()]))
    none = "neither" if len(models) == 2 else "none of them"
    windows = f"{len(found.stamps):,} windows of rows that {none} has seen, {found.steps:,} steps ahead"
    console.note(f"{windows}, from {first} to {last}")
    console.note("")
    figures = {
        name if name in models else describe(name, clock): each for name, each in found.figures.items()
    }
    verdict.table("", figures, console)
    console.result("")
    for sentence in sentences(found, models):
        console.result(sentence)


def sentences(found: Rivals, models: tuple[str, ...]) -> list[str]:
    """Return a sentence on how the best model stands beside each other one, the next best first."""
    from lstmcast.evaluation.significance import holm

    best, *others = sorted(models, key=lambda name: found.losses[name].mean())
    chances = holm([found.test(best, other).p for other in others])
    how = ", Diebold-Mariano" if len(others) == 1 else f", Diebold-Mariano, Holm over {len(others)} tests"
    return [_sentence(found, best, other, p, how) for other, p in zip(others, chances, strict=True)]


def _sentence(found: Rivals, better: str, worse: str, p: float, how: str) -> str:
    """Return which model is better, by how much, and whether that may be chance."""
    low, high = (float(found.losses[name].mean()) for name in (better, worse))
    if low == high:
        return f"{better} and {worse} are equally good."
    share = percent(1 - low / high)
    if math.isnan(p):
        return f"{better} is {share} better than {worse}, but too few windows tell whether that is more than chance."
    word = "may be chance" if p > CHANCE else "is more than chance"
    return f"{better} is {share} better than {worse}, which {word} (p = {p:.2g}{how})."


def _document(found: Rivals, models: tuple[str, ...], files: dict[str, str], clock: Clock) -> dict[str, Any]:
    """The figures of all and every model's test against every other rival."""
    tests = [
        {"first": first, "second": second} | _plain(dataclasses.asdict(found.test(first, second)))
        for place, first in enumerate(models)
        for second in (*models[place + 1 :], *(name for name in found.losses if name not in models))
    ]
    first, last = clock.write(found.stamps.take([found.stamps.argmin(), found.stamps.argmax()]))
    return {
        "models": files,
        "windows": len(found.stamps),
        "steps": found.steps,
        "first": first,
        "last": last,
        "figures": found.figures,
        "ranked": found.ranked(),
        "tests": tests,
    }


def _plain(fields: dict[str, float]) -> dict[str, float | None]:
    """Return the fields with None for what is not known."""
    return {name: None if math.isnan(value) else value for name, value in fields.items()}
